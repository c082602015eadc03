/* prop_core - core in front of a pretended EC2 that answers, fails, forgets to answer and
 * loses machines, with operators who change their minds:
 *   - desired is between min and max, and no launch is planned that could pass max;
 *   - a group that is halted, whose launches are suspended, or that is in a dry run or
 *     being deleted has no request sent that this stops, new or repeated;
 *   - a group that is being deleted is gone in the end, and what it did has its end;
 *   - activities are numbered without a gap and end once; each that launched or ended an
 *     instance says so in the step in which that happens;
 *   - no due time of a scheduled action passes without its run or a reason, but while EC2
 *     was not listed yet since a controller leads, for two minutes at most;
 *   - a twin that gets the same events, and is saved and loaded between any two of them,
 *     has the same effects and the same state, byte by byte (docs/rules.md, "A pure
 *     core");
 *   - time alone decides nothing before the deadline: a TICK that looks at every group
 *     before it has no effects and changes only the time;
 *   - a view of it that is published now and then is what a view made afresh would be
 *     (lib/compare_view.h), whatever was touched meanwhile;
 *   - no due moment is missed: after the deadline's TICK the deadline is later, and a
 * core whose groups are all looked at every second is, at each event, in the state of one
 *     that gets its TICK at its deadlines only. */
#include <inttypes.h>
#include <stdio.h>

#include "core/check.h"
#include "core/core.h"
#include "controller/publish_view.h"
#include "core/world/detached.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "lib/check.h"
#include "lib/compare_view.h"
#include "lib/seed.h"
#include "wire/wire.h"

#define WORLDS       40
#define EVENTS       500
#define LAST_EVENTS  5000
#define GROUPS       3
#define MACHINES_MAX 4096
#define GROUP_NOS    1024 /* groups that a world makes, one after the other */
#define RESTLESS     20   /* worlds whose twin is looked at every second */
#define MOMENTS      250  /* events of each */
#define BEGAN_MS     INT64_C(1795444609000)
#define KEYS         24 /* so few that two ask for the same one */

struct machine {
    char id[ASG_INSTANCE_ID_MAX + 1];
    char group[8];
    char zone[16];
    char token[ASG_CLIENT_TOKEN_MAX + 1];
    uint64_t job_id;
    uint32_t attempt;
    uint64_t incarnation;
    int64_t launched_ms;
    enum asg_ec2_state state;
    bool is_foreign; /* without tags of ours */
};

/* Numbers of keys; 0: none. */
struct keys {
    uint32_t curve;
    uint32_t tls;
};

struct world {
    struct seed seed;
    struct asg_core *core;
    struct asg_core *twin;
    struct asg_view *view;
    struct asg_effects effects;
    struct asg_effects twin_effects;
    struct asg_arena arena; /* of the present event */
    int64_t now_ms;
    struct machine machines[MACHINES_MAX];
    size_t machine_count;
    size_t launches; /* planned, over all worlds */
    size_t ends;
    size_t scalings;
    size_t moves; /* standby, attach, detach, done */
    size_t runs;  /* of scheduled actions, or reasons why not */
    size_t looks; /* at all groups of a twin before its deadline */
    size_t enrolled;
    size_t disputes;
    size_t rebound;
    size_t applied;                 /* orders of several groups, done */
    struct keys keys[MACHINES_MAX]; /* bound to that machine, by what core answered */
    bool is_restless;
    uint64_t last_activity[GROUP_NOS]; /* numbers of each group, by the group's */
    size_t open_activities;
};

static struct world w;

static uint64_t below(uint64_t end)
{
    return seed_below(&w.seed, end);
}

static bool one_in(uint64_t count)
{
    return below(count) == 0;
}

static const char *group_name(uint64_t i)
{
    static const char *const names[GROUPS] = {"api", "batch", "web"};
    return names[i % GROUPS];
}

/* ---- what must hold ---- */

static bool is_alive(const struct machine *machine)
{
    return machine->state == ASG_EC2_PENDING || machine->state == ASG_EC2_RUNNING;
}

static bool has_happened(const char *token)
{
    for (size_t i = 0; i < w.machine_count; i++) {
        if (strcmp(w.machines[i].token, token) == 0) return true;
    }
    return false;
}

/* It lives, and that group has it within its max: not one that stands by, is being let
 * go, or was. */
static bool is_within(const struct machine *machine, const char *name)
{
    struct group *group = NULL;
    const struct instance *instance = asg_instance_find(w.core, machine->id, &group);
    if (!is_alive(machine)) return false;
    if (instance != NULL) {
        return strcmp(group->config.name, name) == 0 && !asg_instance_is_aside(instance);
    }
    return strcmp(machine->group, name) == 0 && !machine->is_foreign &&
           asg_detached_find(w.core, machine->id) == NULL;
}

/* Machines that live, and those that the open launches may yet bring. */
static uint32_t most_alive(const char *group)
{
    uint32_t count = 0;
    for (size_t i = 0; i < w.machine_count; i++) {
        count += is_within(&w.machines[i], group) ? 1 : 0;
    }
    struct asg_job *jobs = NULL;
    size_t job_count = 0;
    asg_core_open_jobs(w.core, &w.arena, &jobs, &job_count);
    for (size_t i = 0; i < job_count; i++) {
        if (jobs[i].kind == ASG_JOB_LAUNCH && !jobs[i].is_dry_run &&
            strcmp(jobs[i].group, group) == 0 && !has_happened(jobs[i].client_token)) {
            count += jobs[i].launch->count;
        }
    }
    return count;
}

/* Nothing of a group that is stopped goes out, be it for the first time or again. */
static void check_stopped(const struct asg_group_view *view, const struct asg_job *job)
{
    bool is_launch = asg_job_is_launch(job->kind);
    bool is_change = is_launch || job->kind == ASG_JOB_TERMINATE;
    if (!is_change || strcmp(job->group, view->config->name) != 0) return;
    if (is_launch && view->is_deleting) {
        fail_msg("%s is being deleted and launches (job %s)", job->group, job->name);
    }
    if (view->is_halted) fail_msg("%s is halted; job %s", job->group, job->name);
    if (is_launch && (view->suspended >> ASG_PROCESS_LAUNCH & 1) != 0) {
        fail_msg("launch is suspended for %s; job %s", job->group, job->name);
    }
    if (view->config->dry_run && !job->is_dry_run) {
        fail_msg("%s is in a dry run; job %s", job->group, job->name);
    }
}

static void check_limits(void)
{
    struct asg_group_view *views = NULL;
    size_t view_count = 0;
    asg_core_view_groups(w.core, "", &w.arena, &views, &view_count);
    for (size_t i = 0; i < view_count; i++) {
        const struct asg_group_config *config = views[i].config;
        assert_true(config->min <= config->desired);
        assert_true(config->desired <= config->max);
        for (size_t j = 0; j < w.effects.job_count; j++) {
            const struct asg_job *job = &w.effects.jobs[j];
            check_stopped(&views[i], job);
            bool is_new = job->kind == ASG_JOB_LAUNCH && !job->is_dry_run &&
                          job->attempt == 1 && strcmp(job->group, config->name) == 0 &&
                          job->created_ms == w.now_ms;
            if (is_new && most_alive(config->name) > config->max) {
                fail_msg("%s: %" PRIu32 " could live, max is %" PRIu32 " (job %s)",
                         config->name, most_alive(config->name), config->max, job->name);
            }
        }
    }
}

static void check_same(const struct asg_bytes *a, const struct asg_bytes *b,
                       const char *what, enum asg_event_kind kind)
{
    if (a->length != b->length || memcmp(a->data, b->data, a->length) != 0) {
        fail_msg("the twin's %s differ after %s", what,
                 asg_enum_word(&asg_event_kind_words, (int)kind));
    }
}

static void reload_twin(void)
{
    struct asg_bytes saved = {0};
    struct asg_error error = {""};
    asg_core_save(w.twin, &saved);
    asg_core_destroy(&w.twin);
    if (asg_core_load(saved.data, saved.length, &w.twin, &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
    asg_bytes_clear(&saved);
}

static void check_twin(enum asg_event_kind kind)
{
    struct asg_bytes a = {0};
    struct asg_bytes b = {0};
    if (w.effects.next_deadline_ms != w.twin_effects.next_deadline_ms) {
        fail_msg("the twin wants its tick at %" PRId64 ", not %" PRId64 ", after %s",
                 w.twin_effects.next_deadline_ms - w.now_ms,
                 w.effects.next_deadline_ms - w.now_ms,
                 asg_enum_word(&asg_event_kind_words, (int)kind));
    }
    asg_wire_encode(&asg_effects_schema, &w.effects, &a);
    asg_wire_encode(&asg_effects_schema, &w.twin_effects, &b);
    check_same(&a, &b, "effects", kind);
    asg_bytes_reset(&a);
    asg_bytes_reset(&b);
    asg_core_save(w.core, &a);
    asg_core_save(w.twin, &b);
    check_same(&a, &b, "bytes", kind);
    asg_bytes_clear(&a);
    asg_bytes_clear(&b);
}

/* ---- scheduled actions ---- */

#define SCHEDULES_MAX 16
#define LATE_MS       INT64_C(120000)

struct due {
    uint32_t group_no;
    char name[8];
    int64_t at_ms;
};

/* Those that are due at the time of the next event. */
static size_t find_dues(struct due ret[SCHEDULES_MAX])
{
    size_t count = 0;
    for (size_t g = 0; g < w.core->group_count; g++) {
        const struct group *group = w.core->groups[g];
        for (size_t i = 0; i < group->schedule_count; i++) {
            const struct schedule *schedule = &group->schedules[i];
            if (schedule->next_ms > w.now_ms) continue;
            assert_true(count < SCHEDULES_MAX);
            struct due *due = &ret[count++];
            *due = (struct due){.group_no = group->no, .at_ms = schedule->next_ms};
            (void)snprintf(due->name, sizeof due->name, "%s", schedule->config.name);
        }
    }
    return count;
}

static bool is_still_due(const struct due *due)
{
    const struct group *group = asg_group_of_no(w.core, due->group_no);
    for (size_t i = 0; group != NULL && i < group->schedule_count; i++) {
        const struct schedule *schedule = &group->schedules[i];
        bool is_it = strcmp(schedule->config.name, due->name) == 0;
        if (is_it && schedule->next_ms == due->at_ms) return true;
    }
    return false;
}

static bool is_told(const struct due *due)
{
    for (size_t i = 0; i < w.effects.decision_count; i++) {
        const struct asg_decision *decision = &w.effects.decisions[i];
        if (decision->cause == ASG_CAUSE_SCHEDULE &&
            strcmp(decision->policy, due->name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_dues(const struct due *dues, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct group *group = asg_group_of_no(w.core, dues[i].group_no);
        if (group == NULL || group->is_deleting) continue;
        if (is_still_due(&dues[i])) {
            bool is_next = asg_core_next_deadline(w.core) == w.now_ms + 1;
            int64_t late_ms = w.now_ms - dues[i].at_ms;
            if (is_next || (w.core->is_unlisted && late_ms <= 2 * LATE_MS)) continue;
        } else if (is_told(&dues[i])) {
            w.runs++;
            continue;
        }
        fail_msg("scheduled action %s was due %" PRId64 " ms ago: no run and no reason",
                 dues[i].name, w.now_ms - dues[i].at_ms);
    }
}

/* ---- looks before the deadline ---- */

static void check_no_effects(const struct asg_effects *effects)
{
    for (size_t i = 0; i < effects->decision_count; i++) {
        print_error("says: %s\n", effects->decisions[i].text);
    }
    size_t count = effects->decision_count + effects->job_count +
                   effects->closed_jobs.count + effects->member_count +
                   effects->watch_count + effects->drain_count + effects->alarm_count +
                   effects->activity_count;
    if (count > 0) fail_msg("a TICK before the deadline has %zu effects", count);
}

/* The groups' deadlines are of the saved state too. */
static void check_only_time_passed(const struct asg_bytes *before, int64_t before_ms)
{
    struct asg_bytes after = {0};
    int64_t now_ms = w.twin->now_ms;
    w.twin->now_ms = before_ms;
    asg_core_save(w.twin, &after);
    w.twin->now_ms = now_ms;
    if (after.length != before->length ||
        memcmp(after.data, before->data, after.length) != 0) {
        fail_msg("a TICK before the deadline changes the state");
    }
    asg_bytes_clear(&after);
}

/* The twin's groups are all looked at, as if an event had touched each. */
static void look_at_all(int64_t at_ms)
{
    assert_true(at_ms < asg_core_next_deadline(w.twin));
    struct asg_bytes before = {0};
    int64_t before_ms = w.twin->now_ms;
    asg_core_save(w.twin, &before);
    for (size_t i = 0; i < w.twin->group_count; i++) {
        asg_group_mark_dirty(w.twin, w.twin->groups[i]);
    }
    const struct asg_event tick = {.kind = ASG_EVENT_TICK, .time_ms = at_ms};
    assert_status(ASG_OK, asg_core_step(w.twin, &tick, &w.twin_effects));
    check_no_effects(&w.twin_effects);
    check_only_time_passed(&before, before_ms);
    asg_bytes_clear(&before);
    w.looks++;
}

/* Once for one event, once for many. */
static void check_view(void)
{
    if (!one_in(3)) return;
    char wrong[256];
    asg_publish_view(w.view, w.core, NULL);
    if (!view_equals_core(w.view, w.core, wrong)) fail_msg("%s", wrong);
}

/* Before the event of now_ms: at some moment, or at every second. */
static void be_restless(void)
{
    int64_t from_ms = asg_core_now_ms(w.twin);
    int64_t deadline_ms = asg_core_next_deadline(w.twin);
    int64_t until_ms = w.now_ms < deadline_ms ? w.now_ms : deadline_ms - 1;
    if (from_ms == 0 || from_ms > until_ms) return;
    if (!w.is_restless) {
        int64_t span_ms = until_ms - from_ms;
        if (one_in(3)) look_at_all(from_ms + (int64_t)below((uint64_t)span_ms + 1));
        return;
    }
    for (int64_t at_ms = from_ms; at_ms <= until_ms; at_ms += 1000) {
        look_at_all(at_ms);
    }
}

/* ---- activities ---- */

static void check_activity(const struct asg_activity *row)
{
    assert_true(row->group_no > 0 && row->group_no < GROUP_NOS);
    uint64_t *last = &w.last_activity[row->group_no];
    if (row->no > *last) {
        if (row->no != *last + 1) fail_msg("an activity is left out: %s", row->cause);
        *last = row->no;
        w.open_activities++;
    }
    assert_int_equal(row->end_ms != 0, row->progress == 100);
    assert_true(row->end_ms == 0 || row->end_ms == w.now_ms);
    assert_true(row->start_ms <= w.now_ms && row->cause[0] != '\0');
    if (row->end_ms == 0) return;
    if (w.open_activities == 0) fail_msg("one ends a second time: %s", row->cause);
    w.open_activities--;
}

static bool has_activity(const char *instance_id, int kind, bool is_over)
{
    for (size_t i = 0; i < w.effects.activity_count; i++) {
        const struct asg_activity *row = &w.effects.activities[i];
        if (strcmp(row->instance_id, instance_id) != 0) continue;
        if ((kind < 0 || (int)row->kind == kind) && (!is_over || row->end_ms != 0))
            return true;
    }
    return false;
}

static void check_activities(void)
{
    for (size_t i = 0; i < w.effects.activity_count; i++) {
        check_activity(&w.effects.activities[i]);
    }
    for (size_t i = 0; i < w.effects.decision_count; i++) {
        const struct asg_decision *decision = &w.effects.decisions[i];
        const char *id = decision->instance_id;
        bool is_launched = decision->state_from == ASG_INSTANCE_REQUESTED &&
                           decision->state_to == ASG_INSTANCE_PENDING;
        bool is_ended = decision->state_to == ASG_INSTANCE_TERMINATING &&
                        decision->state_from != ASG_INSTANCE_TERMINATING;
        bool is_over = decision->state_to == ASG_INSTANCE_TERMINATED &&
                       decision->state_from != ASG_INSTANCE_TERMINATED;
        if (id[0] == '\0') continue;
        if ((is_launched && !has_activity(id, ASG_ACT_LAUNCH, false)) ||
            (is_ended && !has_activity(id, ASG_ACT_TERMINATE, false)) ||
            (is_over && !has_activity(id, -1, true))) {
            fail_msg("no activity says that %s", decision->text);
        }
    }
}

/* ---- */

/* One event to both, as it would come out of the log. */
static void feed(struct asg_event event)
{
    event.time_ms = w.now_ms;
    struct asg_bytes bytes = {0};
    struct asg_event decoded;
    asg_wire_encode(&asg_event_schema, &event, &bytes);
    assert_status(ASG_OK, asg_wire_decode(&asg_event_schema, bytes.data, bytes.length,
                                          &w.arena, &decoded));
    asg_bytes_clear(&bytes);
    if (event.kind != ASG_EVENT_COMMAND && one_in(5)) reload_twin();
    /* A leader takes the time since the last event for one in which nobody led. */
    bool is_lead =
        event.kind == ASG_EVENT_COMMAND && event.command->kind == ASG_COMMAND_LEAD;
    if (!is_lead) be_restless();
    struct due dues[SCHEDULES_MAX];
    size_t due_count = find_dues(dues);
    assert_status(ASG_OK, asg_core_step(w.core, &decoded, &w.effects));
    assert_status(ASG_OK, asg_core_step(w.twin, &decoded, &w.twin_effects));
    check_twin(event.kind);
    check_dues(dues, due_count);
    check_limits();
    check_activities();
    struct asg_error wrong = {""};
    if (asg_core_check(w.core, &wrong) != ASG_OK) fail_msg("%s", wrong.text);
    check_view();
    for (size_t i = 0; i < w.effects.job_count; i++) {
        w.launches += w.effects.jobs[i].kind == ASG_JOB_LAUNCH;
        w.ends += w.effects.jobs[i].kind == ASG_JOB_TERMINATE;
    }
    for (size_t i = 0; i < w.effects.decision_count; i++) {
        enum asg_decision_kind kind = w.effects.decisions[i].kind;
        w.scalings += kind == ASG_DECISION_SCALE_OUT || kind == ASG_DECISION_SCALE_IN;
    }
}

/* ---- EC2 ---- */

static struct asg_seen_instance seen_of(const struct machine *machine)
{
    return (struct asg_seen_instance){.instance_id = machine->id,
                                      .state = machine->state,
                                      .instance_type = "t3.micro",
                                      .zone = machine->zone,
                                      .private_ip = "127.1.0.1",
                                      .launched_ms = machine->launched_ms,
                                      .group = machine->group,
                                      .job_id = machine->job_id,
                                      .attempt = machine->attempt,
                                      .incarnation = machine->incarnation,
                                      .client_token = machine->token,
                                      .is_spot = machine->launched_ms % 2 == 0,
                                      .is_impaired = one_in(60),
                                      .event_code =
                                          one_in(60) ? "instance-retirement" : ""};
}

/* The same token is the same launch, however often it is asked for. */
static void run_instances(const struct asg_job *job)
{
    if (job->is_dry_run) return; /* EC2 says only that it would */
    if (has_happened(job->client_token)) return;
    for (uint32_t i = 0; i < job->launch->count; i++) {
        assert_true(w.machine_count < MACHINES_MAX);
        struct machine *machine = &w.machines[w.machine_count];
        *machine =
            (struct machine){.job_id = job->id,
                             .attempt = job->attempt,
                             .incarnation = job->incarnation,
                             .launched_ms = w.now_ms,
                             .state = one_in(2) ? ASG_EC2_PENDING : ASG_EC2_RUNNING};
        (void)snprintf(machine->id, sizeof machine->id, "i-%017zx", ++w.machine_count);
        (void)snprintf(machine->group, sizeof machine->group, "%s", job->group);
        (void)snprintf(machine->zone, sizeof machine->zone, "%s", job->launch->zone);
        (void)snprintf(machine->token, sizeof machine->token, "%s", job->client_token);
    }
}

static void answer_launch(const struct asg_job *job, struct asg_result *result)
{
    static const enum asg_outcome definite[] = {
        ASG_OUTCOME_CAPACITY, ASG_OUTCOME_THROTTLED, ASG_OUTCOME_TRANSIENT,
        ASG_OUTCOME_UNDELIVERED};
    bool happens = !one_in(4) || has_happened(job->client_token);
    if (happens) run_instances(job);
    if (one_in(6)) {
        result->outcome = ASG_OUTCOME_AMBIGUOUS;
        return;
    }
    if (!happens) {
        result->outcome = definite[below(4)];
        result->deliveries = 1 + (uint32_t)below(2);
        return;
    }
    result->instances =
        asg_arena_take(&w.arena, job->launch->count * sizeof *result->instances);
    for (size_t i = 0; i < w.machine_count; i++) {
        if (strcmp(w.machines[i].token, job->client_token) != 0) continue;
        result->instances[result->instance_count++] = seen_of(&w.machines[i]);
    }
}

static void answer_terminate(const struct asg_job *job, struct asg_result *result)
{
    if (one_in(6)) {
        result->outcome = one_in(2) ? ASG_OUTCOME_TRANSIENT : ASG_OUTCOME_AMBIGUOUS;
        if (result->outcome == ASG_OUTCOME_TRANSIENT) return;
    }
    const struct asg_texts *ids = &job->terminate->instance_ids;
    if (result->outcome == ASG_OUTCOME_OK && one_in(8)) { /* somebody protects them */
        result->outcome = ASG_OUTCOME_PROTECTED;
        result->protected_ids = *ids;
        return;
    }
    result->instances = asg_arena_take(&w.arena, ids->count * sizeof *result->instances);
    for (size_t i = 0; i < ids->count; i++) {
        for (size_t j = 0; j < w.machine_count; j++) {
            struct machine *machine = &w.machines[j];
            if (strcmp(machine->id, ids->items[i]) != 0) continue;
            machine->state = one_in(2) ? ASG_EC2_SHUTTING_DOWN : ASG_EC2_TERMINATED;
            result->instances[result->instance_count++] = seen_of(machine);
        }
    }
    if (result->outcome != ASG_OUTCOME_OK) result->instance_count = 0;
}

/* One instance a job; the tags may be there whatever is answered. */
static void answer_tags(const struct asg_job *job, struct asg_result *result)
{
    static const enum asg_outcome passing[] = {
        ASG_OUTCOME_THROTTLED, ASG_OUTCOME_AMBIGUOUS, ASG_OUTCOME_UNDELIVERED};
    assert_int_equal(1, job->tagging->instance_ids.count);
    bool is_done = one_in(2) || !one_in(3);
    if (!is_done || one_in(6)) result->outcome = passing[below(3)];
    if (one_in(12)) result->outcome = ASG_OUTCOME_PERMISSION;
    for (size_t i = 0; i < w.machine_count && is_done; i++) {
        struct machine *machine = &w.machines[i];
        if (strcmp(machine->id, job->tagging->instance_ids.items[0]) != 0) continue;
        machine->is_foreign = job->kind == ASG_JOB_UNTAG;
        if (machine->is_foreign) return;
        machine->job_id = job->id;
        machine->attempt = job->attempt;
        machine->incarnation = job->incarnation;
        (void)snprintf(machine->group, sizeof machine->group, "%s", job->group);
    }
}

/* A look at everything; now and then it fails or shows a part only. */
static void observe(uint64_t job_id)
{
    struct asg_observed observed = {.job_id = job_id, .is_complete = !one_in(4)};
    observed.failed = one_in(12);
    observed.instances =
        asg_arena_take(&w.arena, w.machine_count * sizeof *observed.instances);
    for (size_t i = 0; i < w.machine_count && !observed.failed; i++) {
        if (!observed.is_complete && one_in(2)) continue;
        if (w.machines[i].is_foreign) continue; /* it has no tags of ours */
        observed.instances[observed.instance_count++] = seen_of(&w.machines[i]);
    }
    feed((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
}

static void answer_a_job(void)
{
    struct asg_job *jobs = NULL;
    size_t job_count = 0;
    asg_core_open_jobs(w.core, &w.arena, &jobs, &job_count);
    if (job_count == 0) return;
    const struct asg_job *job = &jobs[below(job_count)];
    if (job->kind == ASG_JOB_DESCRIBE) {
        observe(job->id);
        return;
    }
    struct asg_result result = {.job_id = job->id,
                                .attempt = job->attempt,
                                .incarnation = job->incarnation,
                                .worker = "worker-1"};
    if (job->kind == ASG_JOB_LAUNCH) answer_launch(job, &result);
    if (job->kind == ASG_JOB_TERMINATE) answer_terminate(job, &result);
    bool is_of_tags = job->kind == ASG_JOB_TAG || job->kind == ASG_JOB_UNTAG;
    if (is_of_tags) answer_tags(job, &result);
    feed((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

/* Machines go on by themselves. */
static void live(void)
{
    for (size_t i = 0; i < w.machine_count; i++) {
        struct machine *machine = &w.machines[i];
        if (machine->state == ASG_EC2_PENDING && one_in(3)) {
            machine->state = ASG_EC2_RUNNING;
        }
        if (machine->state == ASG_EC2_SHUTTING_DOWN && one_in(3)) {
            machine->state = ASG_EC2_TERMINATED;
        }
        if (machine->state == ASG_EC2_RUNNING && one_in(400)) {
            machine->state = ASG_EC2_TERMINATED;
        }
    }
}

/* ---- agents ---- */

static void report_metrics(void)
{
    struct asg_effects watching = {0};
    asg_core_watching(w.core, &w.arena, &watching);
    struct asg_metrics metrics = {0};
    metrics.groups =
        asg_arena_take(&w.arena, watching.watch_count * sizeof *metrics.groups);
    for (size_t i = 0; i < watching.watch_count; i++) {
        uint32_t members = 0;
        for (size_t j = 0; j < watching.member_count; j++) {
            members += watching.members[j].group_no == watching.watches[i].group_no &&
                       watching.members[j].state == ASG_MEMBER_COUNTS;
        }
        int64_t cpu = (int64_t)below(one_in(2) ? 30000 : 100000);
        uint32_t count = one_in(8) && members > 0 ? members - 1 : members;
        metrics.groups[metrics.group_count++] =
            (struct asg_group_metric){.group_no = watching.watches[i].group_no,
                                      .revision = watching.watches[i].revision,
                                      .members = members,
                                      .count = count,
                                      .sum_milli = cpu * count,
                                      .min_milli = cpu,
                                      .max_milli = cpu};
    }
    feed((struct asg_event){.kind = ASG_EVENT_METRICS, .metrics = &metrics});
}

static void give_a_sign(void)
{
    if (w.machine_count == 0) return;
    struct asg_health_sign sign = {
        .instance_id = w.machines[below(w.machine_count)].id,
        .sign = one_in(3) ? (enum asg_sign)below(ASG_SIGN_COUNT) : ASG_SIGN_REPORTING,
        .detail = "so it is"};
    const struct asg_health health = {.signs = &sign, .sign_count = 1};
    feed((struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
}

/* ---- enrolment ---- */

static const char *curve_key(uint32_t no)
{
    if (no == 0) return "";
    return asg_arena_format(&w.arena,
                            "%05" PRIu32 ">}U?@Lns47E1%%kR.o@n%%FcmmsL/@{H8]yf7", no);
}

static const char *tls_key(uint32_t no)
{
    if (no == 0) return "";
    return asg_arena_format(&w.arena, "%064" PRIx32, no);
}

/* Nobody is watched with keys that core has not bound to it, nobody shares one. */
static void check_keys(void)
{
    struct asg_effects watching = {0};
    asg_core_watching(w.core, &w.arena, &watching);
    bool is_curve_used[KEYS + 1] = {false};
    bool is_tls_used[KEYS + 1] = {false};
    for (size_t i = 0; i < watching.member_count; i++) {
        const struct asg_member *member = &watching.members[i];
        const struct keys *keys = NULL;
        for (size_t m = 0; m < w.machine_count && keys == NULL; m++) {
            if (strcmp(w.machines[m].id, member->instance_id) == 0) keys = &w.keys[m];
        }
        assert_non_null(keys);
        if (member->curve_key[0] == '\0') {
            assert_string_equal("", member->tls_key);
            continue;
        }
        assert_string_equal(curve_key(keys->curve), member->curve_key);
        assert_string_equal(tls_key(keys->tls), member->tls_key);
        assert_false(is_curve_used[keys->curve] || is_tls_used[keys->tls]);
        is_curve_used[keys->curve] = true;
        is_tls_used[keys->tls] = true;
    }
    asg_arena_clear(&watching.arena);
}

/* An agent, or somebody with its token; now and then of another launch, or from
 * elsewhere. The edge is told before what will come of it. */
static void enrol_one(size_t at)
{
    const struct machine *machine = &w.machines[at];
    struct keys keys = {1 + (uint32_t)below(KEYS), 1 + (uint32_t)below(KEYS)};
    if (w.keys[at].curve != 0 && one_in(2)) keys = w.keys[at];
    const struct asg_enrolment enrolment = {
        .instance_id = machine->id,
        .curve_key = one_in(40) ? "?" : curve_key(keys.curve),
        .tls_key = tls_key(keys.tls),
        .serial = "1",
        .proof = (enum asg_proof)below(ASG_PROOF_COUNT),
        .job_id = one_in(6) ? 0 : machine->job_id + (one_in(20) ? 1 : 0),
        .attempt = machine->attempt,
        .incarnation = machine->incarnation,
        .address = one_in(10) ? "192.0.2.1" : "127.1.0.1",
        .is_address_checked = !one_in(5)};
    struct asg_reply before = {0};
    bool matters = asg_core_weigh_enrolment(w.core, &enrolment, &w.arena, &before);
    feed((struct asg_event){.kind = ASG_EVENT_ENROLMENT, .enrolment = &enrolment});
    const struct asg_reply *reply = &w.effects.reply;
    assert_true(reply->is_set);
    assert_int_equal(before.is_ok, reply->is_ok);
    assert_string_equal(before.code, reply->code);
    for (size_t i = 0; i < w.effects.decision_count && matters; i++) {
        w.disputes += w.effects.decisions[i].kind == ASG_DECISION_ALARM;
        if (w.effects.decisions[i].kind != ASG_DECISION_ENROLLED) continue;
        assert_true(reply->is_ok);
        w.keys[at] = keys;
        w.enrolled++;
    }
    if (reply->is_ok) assert_int_equal(w.keys[at].curve, keys.curve);
}

static void enrol_some(void)
{
    if (w.machine_count == 0) return;
    size_t youngest = w.machine_count > 20 ? w.machine_count - 20 : 0;
    enrol_one(youngest + below(w.machine_count - youngest));
    check_keys();
}

/* All of a group, or of its part in one zone, go silent or speak again together. (That
 * many are out of reach together a group learns of all groups, and by a look of its own
 * every two periods: no law of time alone.) */
static void cut_off(void)
{
    static const enum asg_sign signs[] = {ASG_SIGN_SILENT, ASG_SIGN_SILENT,
                                          ASG_SIGN_REPORTING};
    const char *group = group_name(below(GROUPS));
    const char *zone = one_in(2) ? "us-east-1a" : "";
    enum asg_sign sign = signs[below(sizeof signs / sizeof signs[0])];
    struct asg_health health = {.signs = NULL};
    struct asg_health_sign *rows =
        asg_arena_take(&w.arena, (w.machine_count + 1) * sizeof *rows);
    for (size_t i = 0; i < w.machine_count; i++) {
        const struct machine *machine = &w.machines[i];
        bool is_there = zone[0] == '\0' || strcmp(machine->zone, zone) == 0;
        if (!is_alive(machine) || !is_there || strcmp(machine->group, group) != 0) {
            continue;
        }
        rows[health.sign_count++] = (struct asg_health_sign){
            .instance_id = machine->id, .sign = sign, .detail = "so it is"};
    }
    health.signs = rows;
    if (health.sign_count == 0) return;
    feed((struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
}

/* ---- operators ---- */

static void order(struct asg_command command)
{
    command.actor = "test";
    feed((struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
}

static void make_group(uint64_t i)
{
    struct asg_subnet subnets[] = {{.subnet_id = "subnet-a", .zone = "us-east-1a"},
                                   {.subnet_id = "subnet-b", .zone = "us-east-1b"}};
    const struct asg_group_config config = {
        .name = group_name(i),
        .min = (uint32_t)below(3),
        .max = 6 + (uint32_t)below(14),
        .desired = 2 + (uint32_t)below(4),
        .template_id = "lt-1",
        .template_version = "1",
        .subnets = subnets,
        .subnet_count = 2,
        .health_check = i == 1 ? ASG_HEALTH_CHECK_AGENT : ASG_HEALTH_CHECK_EC2,
        .cooldown_ms = (int64_t)below(20) * 1000,
        .warmup_ms = one_in(2) ? ASG_UNSET : (int64_t)below(20) * 1000,
        .evaluation_ms = 1000,
        .health_grace_ms = one_in(2) ? 0 : 30000,
        .launch_timeout_ms = one_in(2) ? 0 : 60000,
        .drain_ms = one_in(2) ? 0 : 5000,
        .terminating_percent = 10 + (uint32_t)below(90),
        .terminated_percent = 10 + (uint32_t)below(90)};
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = config.name, .group_config = &config});
    struct asg_step up = {.has_lower = true, .adjustment = 2};
    struct asg_policy_config policy = {.group = config.name,
                                       .name = "policy",
                                       .kind = (enum asg_policy_kind)(i % 3),
                                       .target_milli = 30000,
                                       .scale_in_permille = 900,
                                       .scale_out_periods = 2,
                                       .stabilisation_ms = 10000,
                                       .has_threshold = true,
                                       .threshold_milli = 40000,
                                       .periods = 1,
                                       .adjustment = one_in(2) ? 2 : -1,
                                       .steps = &up,
                                       .step_count = 1,
                                       .cooldown_ms = ASG_UNSET,
                                       .warmup_ms = ASG_UNSET};
    order((struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                               .group = config.name,
                               .name = policy.name,
                               .policy_config = &policy});
}

static uint64_t epoch = 1;
static uint64_t incarnation = 1000;

static void lead_anew(void)
{
    order((struct asg_command){.kind = ASG_COMMAND_LEAD,
                               .rules = asg_core_newest_rules(),
                               .epoch = ++epoch,
                               .incarnation = ++incarnation});
}

static void put_schedule(void)
{
    const struct asg_schedule_config config = {
        .group = group_name(below(GROUPS)),
        .name = one_in(2) ? "a" : "b",
        .min = ASG_UNSET,
        .max = ASG_UNSET,
        .desired = (int64_t)below(10),
        .start_ms = w.now_ms + 1 + (int64_t)below(30000),
        .recurrence = one_in(2) ? "*/2 * * * *" : ""};
    order((struct asg_command){.kind = ASG_COMMAND_SCHEDULE_PUT,
                               .group = config.group,
                               .name = config.name,
                               .schedule_config = &config});
}

/* Of all groups, there or not, and what may be wrong with it refuses all of it. */
static void apply_some(void)
{
    struct asg_subnet subnet = {.subnet_id = "subnet-a", .zone = "us-east-1a"};
    struct asg_apply_group groups[GROUPS];
    struct asg_apply apply = {.groups = groups, .has_revision = one_in(2)};
    apply.revision = asg_core_revision(w.core);
    const char *gone = "policy";
    for (size_t i = 0; i < GROUPS; i++) {
        if (!one_in(2)) continue;
        struct asg_group_view *views = NULL;
        size_t count = 0;
        asg_core_view_groups(w.core, group_name(i), &w.arena, &views, &count);
        struct asg_group_config *config = asg_arena_take(&w.arena, sizeof *config);
        struct asg_policy_config *policy = asg_arena_take(&w.arena, sizeof *policy);
        struct asg_schedule_config *action = asg_arena_take(&w.arena, sizeof *action);
        *config = (struct asg_group_config){.max = (uint32_t)below(20),
                                            .min = (uint32_t)below(4),
                                            .desired = 4,
                                            .template_id = "lt-1",
                                            .template_version = "1",
                                            .subnets = &subnet,
                                            .subnet_count = 1,
                                            .evaluation_ms = 1000};
        *policy = (struct asg_policy_config){.name = one_in(2) ? "policy" : "other",
                                             .kind = ASG_POLICY_TARGET_TRACKING,
                                             .target_milli = one_in(20) ? 0 : 40000,
                                             .cooldown_ms = ASG_UNSET,
                                             .warmup_ms = ASG_UNSET};
        *action =
            (struct asg_schedule_config){.name = one_in(2) ? "a" : "b",
                                         .min = ASG_UNSET,
                                         .max = ASG_UNSET,
                                         .desired = (int64_t)below(10),
                                         .start_ms = w.now_ms + 1 + (int64_t)below(30000),
                                         .recurrence = ""};
        groups[apply.group_count++] = (struct asg_apply_group){
            .name = group_name(i),
            .is_new = count == 0,
            .config = count == 0 || one_in(2) ? config : NULL,
            .fields = UINT64_C(1) << ASG_GROUP_MAX |
                      (one_in(2) ? UINT64_C(1) << ASG_GROUP_DESIRED : 0),
            .policies = policy,
            .policy_count = below(2),
            .schedules = action,
            .schedule_count = below(2),
            .gone_policies = {&gone, one_in(4) ? 1 : 0}};
    }
    order((struct asg_command){.kind = ASG_COMMAND_APPLY, .group = "", .apply = &apply});
    w.applied += w.effects.reply.is_ok;
}

/* ---- what core keeps for the API ---- */

static void tag_groups(void)
{
    static const char *const keys[] = {"team", "stage", "aws:no"};
    struct asg_group_tag tags[2];
    for (size_t i = 0; i < 2; i++) {
        tags[i] = (struct asg_group_tag){.group = group_name(below(GROUPS)),
                                         .key = keys[one_in(20) ? 2 : below(2)],
                                         .value = one_in(2) ? "x" : "",
                                         .stays = one_in(2),
                                         .has_value = one_in(2)};
    }
    order((struct asg_command){.kind = one_in(2) ? ASG_COMMAND_GROUP_TAG
                                                 : ASG_COMMAND_GROUP_UNTAG,
                               .group = "",
                               .group_tags = tags,
                               .group_tag_count = 1 + below(2)});
}

static void move_sources(void)
{
    static const char *const names[] = {"a", "b", "c"};
    struct asg_source source = {.kind = (enum asg_source_kind)below(ASG_SOURCE_COUNT),
                                .identifier = names[below(3)]};
    order((struct asg_command){.kind = one_in(3) ? ASG_COMMAND_SOURCES_DETACH
                                                 : ASG_COMMAND_SOURCES_ATTACH,
                               .group = group_name(below(GROUPS)),
                               .sources = &source,
                               .source_count = 1});
    order((struct asg_command){
        .kind = one_in(2) ? ASG_COMMAND_METRICS_ENABLE : ASG_COMMAND_METRICS_DISABLE,
        .group = group_name(below(GROUPS)),
        .collected_metrics = one_in(4) ? 0 : UINT64_C(1) << below(ASG_COLLECTED_COUNT)});
}

static void change_origin(void)
{
    static const char *const names[] = {"lc-a", "lc-b"};
    struct asg_launch_parameter parameters[] = {{"ImageId", "ami-1"},
                                                {"InstanceType", "t3.nano"}};
    const struct asg_launch_configuration configuration = {
        .name = names[below(2)], .parameters = parameters, .parameter_count = 2};
    order((struct asg_command){.kind = ASG_COMMAND_LAUNCH_CONFIGURATION_PUT,
                               .group = "",
                               .launch_configuration = &configuration});
    const struct asg_group_config by_template = {.template_id = "lt-1",
                                                 .template_version = "1"};
    const struct asg_group_config by_name = {.launch_configuration = names[below(2)]};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = group_name(below(GROUPS)),
                               .group_config = one_in(2) ? &by_template : &by_name,
                               .group_fields = UINT64_C(1) << ASG_GROUP_TEMPLATE});
    order((struct asg_command){.kind = ASG_COMMAND_LAUNCH_CONFIGURATION_DELETE,
                               .group = "",
                               .name = names[below(2)]});
}

static void change_members(void)
{
    struct asg_kept_member kept[] = {
        {"PlacementGroup", one_in(2) ? "near" : ""},
        {"InstanceMaintenancePolicy.MinHealthyPercentage", one_in(2) ? "90" : "100"}};
    const struct asg_group_config change = {
        .kept = kept,
        .kept_count = 1 + below(2),
        .deletion_protection = (enum asg_deletion_protection)below(ASG_DELETION_COUNT)};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = group_name(below(GROUPS)),
                               .group_config = &change,
                               .group_fields = UINT64_C(1) << ASG_GROUP_KEPT |
                                               UINT64_C(1)
                                                   << ASG_GROUP_DELETION_PROTECTION});
}

static void keep_something(void)
{
    switch (below(4)) {
    case 0: tag_groups(); break;
    case 1: move_sources(); break;
    case 2: change_origin(); break;
    default: change_members(); break;
    }
}

static void give_an_order(void)
{
    static const enum asg_command_kind kinds[] = {ASG_COMMAND_SET_DESIRED,
                                                  ASG_COMMAND_SET_DESIRED,
                                                  ASG_COMMAND_GROUP_UPDATE,
                                                  ASG_COMMAND_TERMINATE_INSTANCE,
                                                  ASG_COMMAND_PROTECT_INSTANCES,
                                                  ASG_COMMAND_SET_INSTANCE_HEALTH,
                                                  ASG_COMMAND_SUSPEND,
                                                  ASG_COMMAND_RESUME,
                                                  ASG_COMMAND_RESUME,
                                                  ASG_COMMAND_HALT,
                                                  ASG_COMMAND_UNHALT,
                                                  ASG_COMMAND_UNHALT,
                                                  ASG_COMMAND_EXECUTE_POLICY,
                                                  ASG_COMMAND_RECONCILE,
                                                  ASG_COMMAND_GROUP_DELETE,
                                                  ASG_COMMAND_LEAD};
    const char *id = w.machine_count > 0 ? w.machines[below(w.machine_count)].id : "i-0";
    uint32_t max = 4 + (uint32_t)below(16);
    const struct asg_group_config change = {.min = (uint32_t)below(4),
                                            .max = max,
                                            .desired = (uint32_t)below(max + 1),
                                            .dry_run = one_in(8)};
    order((struct asg_command){
        .kind = kinds[below(sizeof kinds / sizeof kinds[0])],
        .epoch = ++epoch,
        .rules = asg_core_newest_rules(),
        .incarnation = ++incarnation,
        .group = group_name(below(GROUPS)),
        .name = "policy",
        .group_config = &change,
        .group_fields = UINT64_C(1) << ASG_GROUP_MIN | UINT64_C(1) << ASG_GROUP_MAX |
                        UINT64_C(1) << ASG_GROUP_DRY_RUN,
        .desired = (uint32_t)below(24),
        .force = one_in(2),
        .instance_ids = {&id, 1},
        .decrement = one_in(2),
        .is_protected = one_in(2),
        .is_healthy = one_in(3),
        .processes = one_in(4) ? 0 : UINT64_C(1) << below(ASG_PROCESS_COUNT),
        .has_metric_value = true,
        .metric_value_milli = 60000,
        .breach_threshold_milli = 40000});
}

static void rebind_one(void)
{
    if (w.machine_count == 0) return;
    size_t youngest = w.machine_count > 20 ? w.machine_count - 20 : 0;
    size_t at = youngest + below(w.machine_count - youngest);
    const char *id = w.machines[at].id;
    order((struct asg_command){
        .kind = ASG_COMMAND_INSTANCE_REBIND, .group = "", .instance_ids = {&id, 1}});
    for (size_t i = 0; i < w.effects.decision_count; i++) {
        w.rebound += w.effects.decisions[i].kind == ASG_DECISION_REBOUND;
    }
    if (w.effects.reply.is_ok) w.keys[at] = (struct keys){0};
    check_keys();
}

/* ---- standby, attach and detach ---- */

/* One that runs, without our tags: somebody's, or one that was let go. */
static struct machine *find_foreign(void)
{
    for (size_t i = w.machine_count; i > 0; i--) {
        struct machine *machine = &w.machines[i - 1];
        bool is_it = machine->is_foreign && machine->state == ASG_EC2_RUNNING;
        if (is_it && one_in(2)) return machine;
    }
    assert_true(w.machine_count < MACHINES_MAX);
    struct machine *machine = &w.machines[w.machine_count];
    *machine = (struct machine){
        .is_foreign = true, .launched_ms = w.now_ms, .state = ASG_EC2_RUNNING};
    (void)snprintf(machine->id, sizeof machine->id, "i-%017zx", ++w.machine_count);
    (void)snprintf(machine->zone, sizeof machine->zone, "us-east-1a");
    return machine;
}

static void attach(void)
{
    const struct machine *machine = find_foreign();
    struct asg_seen_instance seen = seen_of(machine);
    const char *id = machine->id;
    seen.group = "";
    order((struct asg_command){.kind = ASG_COMMAND_ATTACH_INSTANCES,
                               .group = group_name(below(GROUPS)),
                               .instance_ids = {&id, 1},
                               .seen = &seen,
                               .seen_count = 1});
    w.moves += w.effects.reply.is_ok;
}

static void move_some(void)
{
    static const enum asg_command_kind kinds[] = {ASG_COMMAND_ENTER_STANDBY,
                                                  ASG_COMMAND_EXIT_STANDBY,
                                                  ASG_COMMAND_DETACH_INSTANCES};
    if (w.machine_count == 0 || one_in(4)) {
        attach();
        return;
    }
    const char *ids[2];
    size_t count = 0;
    const char *group = group_name(below(GROUPS));
    for (size_t i = w.machine_count; i > 0 && count < 2; i--) {
        const struct machine *machine = &w.machines[i - 1];
        bool is_its = is_alive(machine) && strcmp(machine->group, group) == 0;
        if (is_its && one_in(3)) ids[count++] = machine->id;
    }
    order((struct asg_command){.kind = kinds[below(3)],
                               .group = group,
                               .instance_ids = {ids, count},
                               .decrement = one_in(2)});
    w.moves += w.effects.reply.is_ok;
}

/* ---- */

static void begin_world(void)
{
    w.now_ms = BEGAN_MS;
    w.machine_count = 0;
    w.open_activities = 0;
    memset(w.last_activity, 0, sizeof w.last_activity);
    memset(w.keys, 0, sizeof w.keys);
    asg_core_new(&w.core);
    asg_core_new(&w.twin);
    asg_view_new(&w.view);
    order((struct asg_command){.kind = ASG_COMMAND_INIT,
                               .cluster_id = "0123456789abcdef0123456789abcdef",
                               .seed = below(1000)});
    order((struct asg_command){.kind = ASG_COMMAND_LEAD,
                               .rules = asg_core_newest_rules(),
                               .epoch = 1,
                               .incarnation = 1000});
    for (uint64_t i = 0; i < GROUPS; i++) {
        make_group(i);
    }
}

/* Groups that were deleted are made anew at times. */
static void make_missing_group(void)
{
    uint64_t i = below(GROUPS);
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(w.core, group_name(i), &w.arena, &views, &count);
    if (count == 0) make_group(i);
}

static size_t count_groups(void)
{
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(w.core, "", &w.arena, &views, &count);
    return count;
}

/* Everything is deleted by force, whatever is under way, and EC2 goes on as before. */
static void end_world(void)
{
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = ""});
    for (uint64_t i = 0; i < GROUPS; i++) {
        order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = group_name(i)});
        const struct asg_group_config change = {.dry_run = false};
        order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                   .group = group_name(i),
                                   .group_config = &change,
                                   .group_fields = UINT64_C(1) << ASG_GROUP_DRY_RUN |
                                                   UINT64_C(1)
                                                       << ASG_GROUP_DELETION_PROTECTION});
        order((struct asg_command){
            .kind = ASG_COMMAND_GROUP_DELETE, .group = group_name(i), .force = true});
    }
    for (int i = 0; i < LAST_EVENTS && count_groups() > 0; i++) {
        asg_arena_reset(&w.arena);
        live();
        answer_a_job();
        int64_t deadline_ms = asg_core_next_deadline(w.core);
        if (deadline_ms > w.now_ms && deadline_ms < w.now_ms + 600000) {
            w.now_ms = deadline_ms;
        }
        feed((struct asg_event){.kind = ASG_EVENT_TICK});
    }
    assert_int_equal(0, count_groups());
    assert_int_equal(0, w.open_activities);
}

static void end_cores(void)
{
    asg_core_destroy(&w.core);
    asg_core_destroy(&w.twin);
    asg_view_destroy(&w.view);
}

static void end_worlds(void)
{
    asg_effects_clear(&w.effects);
    asg_effects_clear(&w.twin_effects);
    asg_arena_clear(&w.arena);
}

static void something_happens(void)
{
    uint64_t what = below(20);
    if (what < 8) {
        answer_a_job();
    } else if (what < 15) {
        report_metrics();
    } else if (what < 18) {
        give_a_sign();
    } else {
        give_an_order();
    }
    if (one_in(15)) cut_off();
    if (one_in(12)) move_some();
    if (one_in(3)) enrol_some();
    if (one_in(30)) rebind_one();
    if (one_in(60)) lead_anew();
    if (one_in(40)) put_schedule();
    if (one_in(20)) keep_something();
    if (one_in(25)) apply_some();
}

static void play_one_event(void)
{
    asg_arena_reset(&w.arena);
    live();
    if (one_in(20)) make_missing_group();
    int64_t deadline_ms = asg_core_next_deadline(w.core);
    if (one_in(4) && deadline_ms < w.now_ms + 60000) {
        if (deadline_ms > w.now_ms) w.now_ms = deadline_ms;
        feed((struct asg_event){.kind = ASG_EVENT_TICK});
        return;
    }
    w.now_ms += (int64_t)below(2000);
    something_happens();
}

static int64_t some_pause(void)
{
    static const uint64_t most_ms[] = {1, 2000, 2000, 2000, 15000, 100000};
    return (int64_t)below(most_ms[below(sizeof most_ms / sizeof most_ms[0])]);
}

/* Each deadline up to `until_ms` has its TICK, at its moment. */
static void tick_until(int64_t until_ms)
{
    int64_t deadline_ms = asg_core_next_deadline(w.core);
    while (deadline_ms <= until_ms) {
        if (deadline_ms > w.now_ms) w.now_ms = deadline_ms;
        asg_arena_reset(&w.arena);
        feed((struct asg_event){.kind = ASG_EVENT_TICK});
        deadline_ms = asg_core_next_deadline(w.core);
        if (deadline_ms <= w.now_ms) {
            fail_msg("after its TICK core wants another %" PRId64 " ms ago",
                     w.now_ms - deadline_ms);
        }
    }
    w.now_ms = until_ms;
}

static void test_core_keeps_its_limits_and_its_twin_agrees(void **state)
{
    (void)state;
    w.seed = seed_new("prop_core");
    for (int world = 0; world < WORLDS; world++) {
        begin_world();
        for (int i = 0; i < EVENTS; i++) {
            play_one_event();
        }
        end_world();
        end_cores();
    }
    end_worlds();
    (void)printf("%zu launches, %zu terminations, %zu scalings\n", w.launches, w.ends,
                 w.scalings);
    (void)printf("%zu enrolled, %zu disputes, %zu rebound, %zu applied\n", w.enrolled,
                 w.disputes, w.rebound, w.applied);
    assert_true(w.applied > WORLDS);
    assert_true(w.launches > WORLDS && w.ends > WORLDS && w.scalings > WORLDS);
    assert_true(w.enrolled > WORLDS && w.disputes > WORLDS && w.rebound > 0);
    assert_true(w.runs > WORLDS && w.moves > WORLDS);
}

static void test_time_alone_decides_nothing_between_the_deadlines(void **state)
{
    (void)state;
    w = (struct world){.seed = seed_new("prop_core deadlines"), .is_restless = true};
    for (int world = 0; world < RESTLESS; world++) {
        begin_world();
        for (int i = 0; i < MOMENTS; i++) {
            tick_until(w.now_ms + some_pause());
            asg_arena_reset(&w.arena);
            live();
            if (one_in(20)) make_missing_group();
            something_happens();
        }
        end_cores();
    }
    (void)printf("%zu looks before the deadline, %zu launches, %zu terminations\n",
                 w.looks, w.launches, w.ends);
    end_worlds();
    assert_true(w.looks > RESTLESS * MOMENTS);
    assert_true(w.launches > RESTLESS && w.ends > RESTLESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core_keeps_its_limits_and_its_twin_agrees),
        cmocka_unit_test(test_time_alone_decides_nothing_between_the_deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
