/* books - what the checkers know: read from what became durable, and from nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "wire/wire.h"

static struct {
    struct asg_arena event_arena;
    struct asg_arena effects_arena;
    struct asg_event event; /* the last one that was no metrics event */
    bool has_event;
    const struct asg_record *metrics; /* the last metrics event of this batch */
} books;

struct sim_instance *sim_find_instance(const char *id)
{
    uint32_t index = asg_id_map_find(&sim.by_id, id);
    return index == ASG_ID_MAP_NONE ? NULL : sim.instances[index];
}

struct sim_group *sim_find_group(struct sim_cluster *cluster, const char *name)
{
    for (uint32_t i = 0; i < cluster->group_count; i++) {
        if (strcmp(cluster->groups[i].name, name) == 0) return &cluster->groups[i];
    }
    return NULL;
}

#define JOB_NAME 40

static const char *job_name(char ret[JOB_NAME], uint64_t id, uint32_t attempt)
{
    (void)snprintf(ret, JOB_NAME, "%llu.%u", (unsigned long long)id, attempt);
    return ret;
}

struct sim_job *sim_find_job(uint64_t id, uint32_t attempt)
{
    char name[JOB_NAME];
    uint32_t index = asg_id_map_find(&our->job_places, job_name(name, id, attempt));
    return index == ASG_ID_MAP_NONE ? NULL : &our->jobs[index];
}

/* Up to this one. */
static void end_attempts(uint64_t id, uint32_t last)
{
    for (uint32_t attempt = 1; attempt <= last; attempt++) {
        struct sim_job *job = sim_find_job(id, attempt);
        if (job == NULL) return;
        job->is_over = true;
    }
}

struct sim_job *sim_find_job_of_token(const char *token)
{
    for (size_t i = our->job_count; i > 0 && token[0] != '\0'; i--) {
        if (strcmp(our->jobs[i - 1].token, token) == 0) return &our->jobs[i - 1];
    }
    return NULL;
}

static void add_job(const struct asg_job *plan, int64_t time_ms)
{
    sim_check_plan(plan, time_ms);
    struct sim_job *job = sim_find_job(plan->id, plan->attempt);
    if (job != NULL && job->is_lost) {
        law_old_log_token(plan, job);
        job = NULL; /* its number is spent again; the old one's token may still be used */
    }
    if (job == NULL) {
        if (our->job_count == our->job_capacity) {
            our->job_capacity = our->job_capacity == 0 ? 256 : our->job_capacity * 2;
            our->jobs = asg_realloc(our->jobs, our->job_capacity, sizeof *our->jobs);
        }
        char name[JOB_NAME];
        asg_id_map_put(&our->job_places, job_name(name, plan->id, plan->attempt),
                       (uint32_t)our->job_count);
        job = &our->jobs[our->job_count++];
        *job = (struct sim_job){
            .id = plan->id, .attempt = plan->attempt, .kind = plan->kind};
        (void)snprintf(job->token, sizeof job->token, "%s", plan->client_token);
    }
    job->is_over = false;
    if (plan->attempt > 1) end_attempts(plan->id, plan->attempt - 1);
    if (asg_job_is_launch(plan->kind)) job->count = plan->launch->count;
    for (size_t i = 0; plan->tagging != NULL && i < plan->tagging->instance_ids.count;
         i++) {
        asg_id_map_put(&our->tagged, plan->tagging->instance_ids.items[i], 1);
    }
    if (plan->kind != ASG_JOB_TERMINATE) return;
    for (size_t i = 0; i < plan->terminate->instance_ids.count; i++) {
        asg_id_map_put(&our->ends, plan->terminate->instance_ids.items[i], 1);
    }
}

/* Whose order it is says which: "operator-17" (fake_bus.c). */
static void note_order(const char *actor)
{
    static const char who[] = "operator-";
    if (strncmp(actor, who, sizeof who - 1) != 0) return;
    uint64_t no = strtoull(actor + sizeof who - 1, NULL, 10);
    if (no / 8 >= our->durable_order_end) {
        uint64_t end = no / 8 + 256;
        our->durable_orders = asg_realloc(our->durable_orders, end, 1);
        memset(our->durable_orders + our->durable_order_end, 0,
               end - our->durable_order_end);
        our->durable_order_end = end;
    }
    our->durable_orders[no / 8] |= (uint8_t)(1 << no % 8);
}

static void note_max(struct sim_group *group, uint32_t max)
{
    if (sim.now_us - group->max_changed_us > 13 * SIM_HOUR) group->older_max = 0;
    if (group->max > group->older_max) group->older_max = group->max;
    group->max = max;
    group->max_changed_us = sim.now_us;
}

static bool has_field(const struct asg_command *command, enum asg_group_field field)
{
    return (command->group_fields >> field & 1) != 0;
}

static void note_update(const struct asg_command *command, struct sim_group *group)
{
    const struct asg_group_config *config = command->group_config;
    group->ordered_us = sim.now_us;
    if (has_field(command, ASG_GROUP_MAX)) note_max(group, config->max);
    if (has_field(command, ASG_GROUP_MIN)) group->min = config->min;
    if (has_field(command, ASG_GROUP_DRY_RUN)) {
        if (config->dry_run && !group->is_dry_run) group->dry_run_since_us = sim.now_us;
        group->is_dry_run = config->dry_run;
    }
}

static void note_created(const struct asg_command *command, struct sim_group *group)
{
    const struct asg_group_config *config = command->group_config;
    group->exists = true;
    group->is_deleting = false;
    group->no = ++our->groups_made;
    group->is_halted = false;
    group->is_dry_run = false;
    group->suspended = 0;
    group->has_policy = false;
    group->extra_policies = 0;
    memset(group->schedules, 0, sizeof group->schedules);
    group->min = config->min;
    note_max(group, config->max);
    group->desired = config->desired;
    group->ordered_us = sim.now_us;
    group->scaled_out_ms = 0;
    memset(&our->last_metrics[group - our->groups], 0, sizeof our->last_metrics[0]);
}

static void note_gone(uint32_t group_no)
{
    for (uint32_t i = 0; i < our->group_count; i++) {
        struct sim_group *group = &our->groups[i];
        if (group->no != group_no) continue;
        group->exists = false;
        group->is_deleting = false;
        group->no = 0;
    }
}

static void note_suspended(struct sim_group *group, uint64_t processes, bool is_on)
{
    if (processes == 0) processes = UINT64_MAX >> (64 - ASG_PROCESS_COUNT);
    for (int i = 0; i < ASG_PROCESS_COUNT; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if ((processes & bit) == 0) continue;
        if (is_on && (group->suspended & bit) == 0) {
            group->suspended_since_us[i] = sim.now_us;
        }
        group->suspended = is_on ? group->suspended | bit : group->suspended & ~bit;
    }
}

static void note_policy(struct sim_group *group, const char *name, bool is_there)
{
    if (strcmp(name, SIM_POLICY) == 0) group->has_policy = is_there;
    for (uint32_t i = 0; i < SIM_EXTRA_POLICIES; i++) {
        if (strcmp(name, sim_extra_policies[i]) != 0) continue;
        group->extra_policies &= ~(UINT32_C(1) << i);
        group->extra_policies |= (is_there ? UINT32_C(1) : 0) << i;
    }
}

static void note_halt(struct sim_group *group, bool is_halt)
{
    bool *is_halted = group == NULL ? &our->is_halted : &group->is_halted;
    int64_t *since_us = group == NULL ? &our->halted_since_us : &group->halted_since_us;
    if (is_halt && !*is_halted) *since_us = sim.now_us;
    *is_halted = is_halt;
}

/* An order to a group that is durable and was not refused. */
static void note_group_order(const struct asg_command *command, struct sim_group *group,
                             int64_t time_ms)
{
    switch (command->kind) {
    case ASG_COMMAND_GROUP_CREATE: note_created(command, group); break;
    case ASG_COMMAND_GROUP_DELETE:
        group->is_deleting = true;
        group->ordered_us = sim.now_us;
        break;
    case ASG_COMMAND_GROUP_UPDATE: note_update(command, group); break;
    case ASG_COMMAND_SET_DESIRED:
    case ASG_COMMAND_EXECUTE_POLICY:
    case ASG_COMMAND_TERMINATE_INSTANCE: group->ordered_us = sim.now_us; break;
    case ASG_COMMAND_ENTER_STANDBY:
    case ASG_COMMAND_EXIT_STANDBY:
    case ASG_COMMAND_ATTACH_INSTANCES:
    case ASG_COMMAND_DETACH_INSTANCES:
        group->ordered_us = sim.now_us;
        sim_note_moved(command, group);
        break;
    case ASG_COMMAND_SUSPEND: note_suspended(group, command->processes, true); break;
    case ASG_COMMAND_RESUME: note_suspended(group, command->processes, false); break;
    case ASG_COMMAND_POLICY_PUT: note_policy(group, command->name, true); break;
    case ASG_COMMAND_POLICY_DELETE: note_policy(group, command->name, false); break;
    case ASG_COMMAND_SCHEDULE_PUT:
        sim_schedule_put(group, command->schedule_config, time_ms);
        break;
    case ASG_COMMAND_SCHEDULE_DELETE: sim_schedule_delete(group, command->name); break;
    default: break;
    }
}

static void note_protection(const struct asg_command *command)
{
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        struct sim_instance *instance = sim_find_instance(command->instance_ids.items[i]);
        if (instance != NULL) instance->is_protected = command->is_protected;
    }
}

/* Somebody ordered the end of what the log does not know. */
static void note_settled(const struct asg_command *command, const struct sim_group *group)
{
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        struct sim_instance *instance = sim_find_instance(command->instance_ids.items[i]);
        if (instance != NULL) instance->is_lost = false;
    }
    bool is_of_group = command->kind == ASG_COMMAND_GROUP_DELETE;
    if (!command->is_all && !is_of_group) return;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        bool is_meant = group == NULL || instance->group == group;
        if (instance->cluster == our && is_meant) instance->is_lost = false;
    }
}

static void note_called(const struct asg_command *command)
{
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        struct sim_instance *instance = sim_find_instance(command->instance_ids.items[i]);
        if (instance == NULL) continue;
        if (instance->is_called_ill) instance->well_since_us = sim.now_us;
        instance->is_called_ill = !command->is_healthy;
    }
}

static void note_command(const struct asg_command *command, int64_t time_ms)
{
    struct sim_group *group = sim_find_group(our, command->group);
    switch (command->kind) {
    case ASG_COMMAND_APPLY: sim_each_part(command, time_ms, note_command); break;
    case ASG_COMMAND_LEAD:
        law_rates_begin();
        our->checks_bindings = true;
        break;
    case ASG_COMMAND_INSTANCE_REBIND: law_bound_order(command); break;
    case ASG_COMMAND_HALT: note_halt(group, true); break;
    case ASG_COMMAND_UNHALT: note_halt(group, false); break;
    case ASG_COMMAND_PROTECT_INSTANCES: note_protection(command); break;
    case ASG_COMMAND_ORPHAN_END: note_settled(command, NULL); break;
    case ASG_COMMAND_SET_INSTANCE_HEALTH: note_called(command); break;
    default:
        if (group != NULL) note_group_order(command, group, time_ms);
        if (group != NULL && command->force) note_settled(command, group);
        break;
    }
}

/* An agent that joined is known when its first report is durable, not before. */
static void note_health(const struct asg_health *health)
{
    for (size_t i = 0; i < health->sign_count; i++) {
        struct sim_instance *instance = sim_find_instance(health->signs[i].instance_id);
        bool is_report = health->signs[i].sign == ASG_SIGN_REPORTING;
        if (instance == NULL) continue;
        if (health->signs[i].sign == ASG_SIGN_DRAINED) instance->is_drained = true;
        if (health->signs[i].sign == ASG_SIGN_SILENT) instance->is_silent = true;
        if (!is_report) continue;
        if (!instance->is_heard) instance->heard_us = sim.now_us;
        instance->is_heard = true;
        instance->is_silent = false;
    }
}

static void note_metrics(const struct asg_record *record)
{
    asg_arena_reset(&books.event_arena);
    books.has_event = false;
    struct asg_event event;
    if (asg_wire_decode(&asg_event_schema, record->payload, record->payload_length,
                        &books.event_arena, &event) != ASG_OK ||
        event.metrics == NULL) {
        return;
    }
    for (size_t i = 0; i < event.metrics->group_count; i++) {
        const struct asg_group_metric *row = &event.metrics->groups[i];
        for (uint32_t g = 0; g < our->group_count; g++) {
            bool is_its = our->groups[g].no == row->group_no;
            if (is_its && row->metric == ASG_METRIC_NAME_CPU) our->last_metrics[g] = *row;
        }
    }
}

/* What core ends, or sees ended, counts no more. */
static void note_end(const struct asg_decision *decision)
{
    struct sim_instance *instance = sim_find_instance(decision->instance_id);
    if (instance == NULL) return;
    if (decision->state_from == decision->state_to &&
        decision->kind != ASG_DECISION_ADOPT) {
        return;
    }
    if (decision->state_from == ASG_INSTANCE_ATTACHING &&
        decision->state_to == ASG_INSTANCE_DETACHED) {
        sim_note_let_go(instance);
        return;
    }
    if (decision->state_to == ASG_INSTANCE_TERMINATING ||
        decision->state_to == ASG_INSTANCE_TERMINATED) {
        instance->is_over = true;
        if (decision->state_to == ASG_INSTANCE_TERMINATED) {
            instance->is_protected = false; /* core forgets it, and what was said of it */
            return;
        }
        instance->end_cause = decision->cause;
        instance->was_serving = decision->state_from == ASG_INSTANCE_IN_SERVICE;
        instance->drain_from_ms = 0;
        return;
    }
    /* A listing that lagged did not show it for so long that it was taken for gone; or
     * EC2 refused to terminate it. */
    bool is_kept = decision->kind == ASG_DECISION_STATE &&
                   decision->cause == ASG_CAUSE_EC2 &&
                   (decision->state_to == ASG_INSTANCE_IN_SERVICE ||
                    decision->state_to == ASG_INSTANCE_PENDING);
    if (decision->kind == ASG_DECISION_ADOPT) instance->is_lost = false;
    if (decision->kind != ASG_DECISION_ADOPT && !is_kept) return;
    instance->is_over = false;
    if (is_kept) instance->is_protected = true; /* from scale-in, by core itself */
}

/* Asked for by an effect, before its job is planned. */
static void note_drain(const struct asg_drain *drain, int64_t time_ms)
{
    struct sim_instance *instance = sim_find_instance(drain->instance_id);
    if (instance == NULL) return;
    instance->drain_from_ms = time_ms;
    instance->drain_limit_ms = drain->limit_ms;
    instance->is_drained = false;
}

static void note_decision(const struct asg_decision *decision, int64_t time_ms)
{
    struct sim_group *group = sim_find_group(our, decision->group);
    sim.counts.decisions++;
    sim_tell(decision->group, "%s", decision->text);
    if (group != NULL) {
        if (decision->cause == ASG_CAUSE_SCHEDULE) {
            sim_schedule_ran(group, decision, time_ms);
        }
        group->desired = (uint32_t)decision->to;
    }
    sim_check_decision(decision, time_ms);
    note_end(decision);
}

static void note_event(const struct asg_effects *effects, int64_t time_ms)
{
    if (!books.has_event) return;
    const struct asg_event *event = &books.event;
    if (event->kind != ASG_EVENT_COMMAND || event->command == NULL) return;
    law_applies_are_whole(event->command, effects);
    if (effects->reply.is_set && effects->reply.is_ok) {
        note_order(event->command->actor);
        law_moved_order(event->command, effects);
        note_command(event->command, time_ms);
        sim.counts.commands++;
    }
}

static void note_effects(const struct asg_record *record)
{
    struct asg_effects effects;
    asg_arena_reset(&books.effects_arena);
    if (asg_wire_decode(&asg_effects_schema, record->payload, record->payload_length,
                        &books.effects_arena, &effects) != ASG_OK) {
        sim_break("log_has_no_gap", "record %llu holds no effects record",
                  (unsigned long long)record->seq);
        return;
    }
    if (effects.decision_count > 0 && books.metrics != NULL) note_metrics(books.metrics);
    note_event(&effects, record->time_ms);
    for (size_t i = 0; i < effects.decision_count; i++) {
        note_decision(&effects.decisions[i], record->time_ms);
    }
    law_bound(&effects);
    law_activities(&effects, record->time_ms);
    for (size_t i = 0; i < effects.drain_count; i++) {
        note_drain(&effects.drains[i], record->time_ms);
    }
    for (size_t i = 0; i < effects.job_count; i++) {
        add_job(&effects.jobs[i], record->time_ms);
    }
    for (size_t i = 0; i < effects.closed_jobs.count; i++) {
        end_attempts(effects.closed_jobs.items[i], UINT32_MAX);
    }
    for (size_t i = 0; i < effects.watch_count; i++) {
        if (effects.watches[i].name[0] == '\0') note_gone(effects.watches[i].group_no);
    }
    for (size_t i = 0; i < effects.alarm_count; i++) {
        sim_tell(effects.alarms[i].group, "%s: %s",
                 effects.alarms[i].is_raised ? "alarm" : "alarm is over",
                 effects.alarms[i].text);
    }
}

/* Where somebody lies each record is judged, not only those on which something is
 * decided. */
static void judge_metrics(const struct asg_record *record)
{
    if (sim.swarm.hits[SIM_FAULT_LYING_AGENT] == 0) return;
    asg_arena_reset(&books.event_arena);
    struct asg_event event;
    if (asg_wire_decode(&asg_event_schema, record->payload, record->payload_length,
                        &books.event_arena, &event) == ASG_OK &&
        event.metrics != NULL) {
        law_one_agents_share(event.metrics);
    }
}

void sim_durable(const struct asg_record *records, size_t count)
{
    books.metrics = NULL;
    books.has_event = false;
    for (size_t i = 0; i < count; i++) {
        const struct asg_record *record = &records[i];
        law_log_has_no_gap(record);
        if (strcmp(record->kind, "metrics") == 0) {
            books.metrics = record;
            books.has_event = false;
            judge_metrics(record);
        } else if (strcmp(record->kind, "event") == 0) {
            asg_arena_reset(&books.event_arena);
            books.metrics = NULL;
            books.has_event = asg_wire_decode(&asg_event_schema, record->payload,
                                              record->payload_length, &books.event_arena,
                                              &books.event) == ASG_OK;
            /* Also what had no effects. */
            bool is_health = books.has_event && books.event.kind == ASG_EVENT_HEALTH &&
                             books.event.health != NULL;
            if (is_health) law_heard(books.event.health);
            if (is_health) note_health(books.event.health);
        } else if (strcmp(record->kind, "effects") == 0) {
            note_effects(record);
            law_schedules(record->time_ms);
        }
    }
}

void sim_books_clear(void)
{
    asg_arena_clear(&books.event_arena);
    asg_arena_clear(&books.effects_arena);
    memset(&books, 0, sizeof books);
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        struct sim_cluster *cluster = &sim.clusters[i];
        asg_id_map_clear(&cluster->ends);
        asg_id_map_clear(&cluster->tagged);
        asg_id_map_clear(&cluster->job_places);
        free(cluster->jobs);
        free(cluster->durable_orders);
    }
}

bool sim_is_targets(const struct asg_decision *decision)
{
    return decision->cause == ASG_CAUSE_POLICY &&
           strcmp(decision->policy, SIM_POLICY) == 0;
}

bool sim_is_end_planned(const char *id)
{
    return asg_id_map_find(&our->ends, id) != ASG_ID_MAP_NONE;
}
