/* openasg - the real core, driven through its door: commands make the group and the
 * policy, the controller's own window code makes the metric rows, jobs are answered as
 * EC2 answers them, and a TICK comes when core asked for one. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core_world.h"
#include "controller/window.h"
#include "model/defaults.h"
#include "model/presets.h"
#include "model/schemas.h"
#include "rule.h"

#define BASE_MS   (BENCH_BEGAN_MS + INT64_C(2800000)) /* a whole hour */
#define ANSWER_MS 1500 /* a launch is planned -> EC2 has said which instances */
#define GROUP     "web"

/* What EC2 is still to say. */
struct answer {
    int64_t due_ms;
    enum { LAUNCHED, IN_SERVICE, TERMINATED } kind;
    uint64_t job_id;
    uint32_t attempt;
    uint64_t incarnation;
    uint64_t *numbers; /* of the instances; owned */
    uint32_t count;
};

struct rule_state {
    struct bench_world world;
    struct asg_window *window;
    struct asg_arena arena;
    struct fleet *fleet;
    struct answer *answers; /* in order of planning; few */
    size_t answer_count;
    size_t answer_capacity;
    uint32_t *slots; /* by number of the instance; one more than the slot, 0: none */
    size_t slot_capacity;
    bool *taken; /* by slot */
    uint32_t slot_count;
    bool
        is_instant; /* before the load begins: those of the beginning are there already */
    uint32_t desired;
};

static int64_t load_ms(const struct rule_state *state)
{
    return state->world.time_ms - BASE_MS;
}

/* ---- windows ---- */

static uint32_t take_slot(struct rule_state *state, uint64_t no)
{
    if (no >= state->slot_capacity) {
        size_t to = no * 2 + 64;
        state->slots = asg_realloc(state->slots, to, sizeof *state->slots);
        state->taken = asg_realloc(state->taken, to, sizeof *state->taken);
        memset(state->slots + state->slot_capacity, 0,
               (to - state->slot_capacity) * sizeof *state->slots);
        memset(state->taken + state->slot_capacity, 0,
               (to - state->slot_capacity) * sizeof *state->taken);
        state->slot_capacity = to;
    }
    if (state->slots[no] > 0) return state->slots[no] - 1;
    uint32_t slot = 0;
    while (state->taken[slot]) {
        slot++;
    }
    state->taken[slot] = true;
    state->slots[no] = slot + 1;
    return slot;
}

static uint64_t number_of(const char *id)
{
    assert(strlen(id) == BENCH_ID_SIZE - 1);
    return strtoull(id + 2, NULL, 16);
}

static void tell_window(struct rule_state *state, const struct asg_effects *effects)
{
    for (size_t i = 0; i < effects->watch_count; i++) {
        asg_window_watch(state->window, &effects->watches[i], state->world.time_ms);
    }
    for (size_t i = 0; i < effects->member_count; i++) {
        const struct asg_member *member = &effects->members[i];
        uint64_t no = number_of(member->instance_id);
        uint32_t slot = take_slot(state, no);
        asg_window_set(state->window, slot, member->group_no, member->state);
        if (member->state != ASG_MEMBER_GONE) continue;
        state->taken[slot] = false;
        state->slots[no] = 0;
    }
}

/* ---- EC2 ---- */

static void add_answer(struct rule_state *state, struct answer answer)
{
    if (state->answer_count == state->answer_capacity) {
        state->answer_capacity = state->answer_capacity * 2 + 16;
        state->answers =
            asg_realloc(state->answers, state->answer_capacity, sizeof *state->answers);
    }
    state->answers[state->answer_count++] = answer;
}

static void plan_launch(struct rule_state *state, const struct asg_job *job)
{
    uint32_t count = job->launch->count;
    struct answer answer = {.kind = LAUNCHED,
                            .job_id = job->id,
                            .attempt = job->attempt,
                            .incarnation = job->incarnation,
                            .numbers = asg_alloc(count, sizeof(uint64_t)),
                            .count = count};
    int64_t now_ms = state->world.time_ms;
    answer.due_ms = now_ms + (state->is_instant ? 0 : ANSWER_MS);
    uint64_t first = state->is_instant
                         ? state->world.instance_no + 1
                         : fleet_launch(state->fleet, load_ms(state), count);
    if (state->is_instant) state->world.instance_no += count;
    for (uint32_t i = 0; i < count; i++) {
        answer.numbers[i] = first + i;
    }
    add_answer(state, answer);
    if (state->is_instant) return;
    struct answer service = {.kind = IN_SERVICE,
                             .due_ms = now_ms + state->fleet->launch_ms,
                             .numbers = asg_alloc(count, sizeof(uint64_t)),
                             .count = count,
                             .job_id = job->id,
                             .attempt = job->attempt};
    memcpy(service.numbers, answer.numbers, count * sizeof(uint64_t));
    add_answer(state, service);
}

static void plan_termination(struct rule_state *state, const struct asg_job *job)
{
    const struct asg_texts *ids = &job->terminate->instance_ids;
    struct answer answer = {.kind = TERMINATED,
                            .due_ms = state->world.time_ms + END_MS,
                            .job_id = job->id,
                            .attempt = job->attempt,
                            .incarnation = job->incarnation,
                            .numbers = asg_alloc(ids->count, sizeof(uint64_t)),
                            .count = (uint32_t)ids->count};
    for (size_t i = 0; i < ids->count; i++) {
        answer.numbers[i] = number_of(ids->items[i]);
        (void)fleet_end(state->fleet, load_ms(state), answer.numbers[i]);
    }
    add_answer(state, answer);
}

/* ---- events ---- */

static void note_desired(struct rule_state *state)
{
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_arena_reset(&state->arena);
    asg_core_view_groups(state->world.core, GROUP, &state->arena, &views, &count);
    if (count == 1) state->desired = views[0].config->desired;
}

static void step(struct rule_state *state, struct asg_event event);

static void take_effects(struct rule_state *state, const struct asg_effects *effects)
{
    tell_window(state, effects);
    for (size_t i = 0; i < effects->job_count; i++) {
        const struct asg_job *job = &effects->jobs[i];
        if (asg_job_is_launch(job->kind)) plan_launch(state, job);
        if (job->kind == ASG_JOB_TERMINATE) plan_termination(state, job);
    }
    /* A look at EC2 finds what core believes. */
    for (size_t i = 0; i < effects->job_count; i++) {
        const struct asg_job *job = &effects->jobs[i];
        if (job->kind != ASG_JOB_DESCRIBE) continue;
        const struct asg_observed observed = {
            .job_id = job->id, .is_complete = job->describe->instance_ids.count == 0};
        step(state,
             (struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    }
}

static void step(struct rule_state *state, struct asg_event event)
{
    bench_world_step(&state->world, event);
    struct asg_effects effects = state->world.effects; /* the next step fills anew */
    if (asg_effects_is_empty(&effects)) return;
    state->world.effects = (struct asg_effects){0};
    if (effects.decision_count > 0 || effects.reply.is_set) note_desired(state);
    take_effects(state, &effects);
    asg_effects_clear(&effects);
}

static void order(struct rule_state *state, struct asg_command command)
{
    command.actor = "bench";
    command.group = GROUP;
    step(state, (struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
}

static void answer_job(struct rule_state *state, const struct answer *answer,
                       struct asg_seen_instance *seen, uint32_t count)
{
    struct asg_result result =
        asg_result_begin(answer->job_id, answer->attempt, answer->incarnation, "bench");
    result.instances = seen;
    result.instance_count = count;
    step(state, (struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static void give_answer(struct rule_state *state, const struct answer *answer)
{
    struct asg_arena arena = {0};
    struct asg_seen_instance *seen = asg_arena_take(&arena, answer->count * sizeof *seen);
    uint32_t count = 0;
    for (uint32_t i = 0; i < answer->count; i++) {
        bool is_there = fleet_find(state->fleet, answer->numbers[i]) != NULL;
        if (answer->kind == IN_SERVICE && !is_there) continue; /* ended meanwhile */
        char *id = asg_arena_take(&arena, BENCH_ID_SIZE);
        bench_world_id(answer->numbers[i], id);
        seen[count++] = (struct asg_seen_instance){
            .instance_id = id,
            .state = answer->kind == TERMINATED                       ? ASG_EC2_TERMINATED
                     : answer->kind == LAUNCHED && !state->is_instant ? ASG_EC2_PENDING
                                                                      : ASG_EC2_RUNNING,
            .instance_type = "t3.micro",
            .subnet_id = "subnet-1",
            .zone = "us-east-1a",
            .state_reason = "",
            .event_code = "",
            .group = GROUP,
            .job_id = answer->job_id,
            .attempt = answer->attempt,
            .client_token = "",
            .private_ip = "127.0.0.1",
            .launched_ms = state->world.time_ms};
    }
    if (answer->kind == IN_SERVICE) {
        const struct asg_observed observed = {.instances = seen, .instance_count = count};
        step(state,
             (struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    } else {
        answer_job(state, answer, seen, count);
    }
    asg_arena_clear(&arena);
}

/* The first of those due earliest. */
static size_t find_answer(const struct rule_state *state)
{
    size_t best = 0;
    for (size_t i = 1; i < state->answer_count; i++) {
        if (state->answers[i].due_ms < state->answers[best].due_ms) best = i;
    }
    return best;
}

static void pass_time(struct rule_state *state, int64_t until_ms)
{
    for (;;) {
        int64_t tick_ms = asg_core_next_deadline(state->world.core);
        size_t at = find_answer(state);
        int64_t due_ms = state->answer_count > 0 ? state->answers[at].due_ms : INT64_MAX;
        int64_t next_ms = due_ms <= tick_ms ? due_ms : tick_ms;
        if (next_ms > until_ms) break;
        if (next_ms > state->world.time_ms) state->world.time_ms = next_ms;
        if (due_ms > tick_ms) {
            step(state, (struct asg_event){.kind = ASG_EVENT_TICK});
            continue;
        }
        struct answer answer = state->answers[at];
        state->answer_count--;
        memmove(&state->answers[at], &state->answers[at + 1],
                (state->answer_count - at) * sizeof state->answers[0]);
        give_answer(state, &answer);
        free(answer.numbers);
    }
    state->world.time_ms = until_ms;
}

/* ---- settings ---- */

static void refuse(const char *what)
{
    (void)fprintf(stderr, "decisions: openasg: %s: no such setting or value\n", what);
    exit(1);
}

static void set_field(const struct asg_field *field, void *object, const char *text)
{
    void *place = (char *)object + field->offset;
    char *end = NULL;
    long long value = field->type == ASG_FIELD_ENUM ? asg_enum_value(field->names, text)
                                                    : strtoll(text, &end, 10);
    if (value < 0 || (end != NULL && *end != '\0')) refuse(text);
    switch (field->type) {
    case ASG_FIELD_BOOL: *(bool *)place = value != 0; break;
    case ASG_FIELD_U32: *(uint32_t *)place = (uint32_t)value; break;
    case ASG_FIELD_I64: *(int64_t *)place = value; break;
    case ASG_FIELD_ENUM: *(int *)place = (int)value; break;
    case ASG_FIELD_U64:
    case ASG_FIELD_TEXT:
    case ASG_FIELD_BLOB:
    case ASG_FIELD_STRUCT:
    case ASG_FIELD_PART:
    case ASG_FIELD_LIST:
    case ASG_FIELD_TEXTS:
    case ASG_FIELD_NUMBERS: refuse(field->name);
    }
}

struct settings {
    struct asg_group_config group;
    struct asg_policy_config policy;
    uint64_t given;           /* of the policy: bits 1 << place in its schema */
    bool is_evaluation_given; /* of the group */
};

/* "stabilisation_ms=300000" is of the policy, "group.evaluation_ms=1000" of the group. */
static void take_setting(struct settings *settings, const char *name, const char *value)
{
    bool is_group = strncmp(name, "group.", 6) == 0;
    const struct asg_schema *schema =
        is_group ? &asg_group_config_schema : &asg_policy_config_schema;
    const struct asg_field *field = asg_schema_find(schema, name + (is_group ? 6 : 0));
    if (field == NULL) {
        refuse(name);
        return;
    }
    if (is_group) {
        settings->is_evaluation_given |= strcmp(field->name, "evaluation_ms") == 0;
        set_field(field, &settings->group, value);
    } else {
        settings->given |= UINT64_C(1) << (field - schema->fields);
        set_field(field, &settings->policy, value);
    }
}

/* As `openasg policy put` fills them: what is not said comes from the preset. The period
 * that a preset is meant for is the group's, unless that is said. */
static struct settings read_settings(const struct rule *rule)
{
    struct settings settings = {.given = 0};
    asg_model_set_defaults(&asg_group_config_schema, &settings.group);
    asg_model_set_defaults(&asg_policy_config_schema, &settings.policy);
    settings.policy.target_milli = 50000;
    for (const char *at = rule->settings; *at != '\0';) {
        char name[64];
        char value[64];
        int length = 0;
        if (sscanf(at, "%63[^=,]=%63[^,]%n", name, value, &length) != 2) refuse(at);
        take_setting(&settings, name, value);
        at += length;
        if (*at == ',') at++;
    }
    asg_preset_fill(&settings.policy, settings.given);
    int64_t evaluation_ms = asg_presets[settings.policy.preset].evaluation_ms;
    if (evaluation_ms > 0 && !settings.is_evaluation_given) {
        settings.group.evaluation_ms = evaluation_ms;
    }
    return settings;
}

static void begin(const struct rule *rule, const struct rule_group *told,
                  struct fleet *fleet, struct rule_state **ret)
{
    struct rule_state *state = asg_alloc(1, sizeof *state);
    state->fleet = fleet;
    state->is_instant = true;
    bench_world_init(&state->world);
    asg_window_new(NULL, &state->window);
    struct asg_subnet subnet = {.subnet_id = "subnet-1", .zone = "us-east-1a"};
    struct settings settings = read_settings(rule);
    struct asg_group_config group = settings.group;
    struct asg_policy_config policy = settings.policy;
    group.name = policy.group = GROUP;
    policy.name = "cpu";
    group.min = told->min;
    group.max = told->max;
    group.desired = told->begins_with;
    group.template_id = "lt-1";
    group.template_version = "1";
    group.subnets = &subnet;
    group.subnet_count = 1;
    order(state,
          (struct asg_command){.kind = ASG_COMMAND_GROUP_CREATE, .group_config = &group});
    pass_time(state, BASE_MS - 1);
    state->is_instant = false;
    order(state, (struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                                      .name = policy.name,
                                      .policy_config = &policy});
    pass_time(state, BASE_MS);
    assert(state->world.instance_no == told->begins_with);
    *ret = state;
}

static void second(struct rule_state *state, struct fleet *fleet, int64_t now_ms)
{
    pass_time(state, BASE_MS + now_ms);
    for (size_t i = 0; i < fleet->count; i++) {
        const struct machine *machine = &fleet->machines[i];
        if (!machine->is_serving || machine->no >= state->slot_capacity ||
            state->slots[machine->no] == 0)
            continue;
        const struct asg_report report = {.time_ms = BASE_MS + now_ms,
                                          .interval_ms = 1000,
                                          .cpu_milli = (uint32_t)machine->cpu_milli};
        asg_window_add(state->window, state->slots[machine->no] - 1, &report);
    }
    fleet_pass_time(fleet, now_ms);
    if (asg_window_next_due(state->window) > BASE_MS + now_ms) return;
    struct asg_arena arena = {0};
    struct asg_metrics metrics;
    asg_window_collect(state->window, BASE_MS + now_ms, &arena, &metrics);
    step(state, (struct asg_event){.kind = ASG_EVENT_METRICS, .metrics = &metrics});
    asg_arena_clear(&arena);
}

static uint32_t desired(const struct rule_state *state)
{
    return state->desired;
}

static void end(struct rule_state **ret)
{
    struct rule_state *state = *ret;
    bench_world_clear(&state->world);
    asg_window_destroy(&state->window);
    asg_arena_clear(&state->arena);
    for (size_t i = 0; i < state->answer_count; i++) {
        free(state->answers[i].numbers);
    }
    free(state->answers);
    free(state->slots);
    free(state->taken);
    free(state);
    *ret = NULL;
}

const struct rule rule_openasg = {
    .name = "openasg", .begin = begin, .second = second, .desired = desired, .end = end};
