/* model_begin - the fleet that was there when a recorded load begins, and orders. */
#include "cli/what_if/model_private.h"

#include "core/values/schedule.h"
#include "model/copy.h"
#include "model/schemas.h"

/* ---- orders ---- */

static enum asg_status order(struct model *model, struct asg_command command)
{
    command.actor = "what-if";
    if (command.group == NULL) command.group = model->trace->group;
    struct asg_arena arena = {0};
    struct asg_command whole; /* no text of it is NULL */
    asg_model_copy(&asg_command_schema, &command, &arena, &whole);
    enum asg_status status = asg_model_step(
        model, &(struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &whole});
    asg_arena_clear(&arena);
    if (status != ASG_OK || !model->is_refused) return status;
    return asg_fail(model->error, ASG_ERR_INVALID, "%s", model->reply.text);
}

static bool has_metric(const struct asg_trace *trace, enum asg_metric_name metric)
{
    for (size_t i = 0; i < trace->sample_count; i++) {
        if (trace->samples[i].metric == (uint8_t)metric) return true;
    }
    return false;
}

static enum asg_status put_policies(struct model *model,
                                    const struct asg_policy_config *policies,
                                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct asg_policy_config policy = policies[i];
        policy.group = model->trace->group;
        if (!has_metric(model->trace, policy.metric)) {
            return asg_fail(model->error, ASG_ERR_NOT_FOUND,
                            "policy %s uses %s, and the log has none of it for group "
                            "%s: only metrics that a policy used are recorded",
                            policy.name,
                            asg_enum_word(&asg_metric_name_words, (int)policy.metric),
                            model->trace->group);
        }
        enum asg_status status =
            order(model, (struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                                              .name = policy.name,
                                              .policy_config = &policy});
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

static uint64_t meant_fields(const struct asg_rules *rules)
{
    uint64_t fields = rules->has_group ? asg_group_fields_of(rules->group_present) : 0;
    return fields &
           ~(UINT64_C(1) << ASG_GROUP_TEMPLATE | UINT64_C(1) << ASG_GROUP_DRY_RUN);
}

int64_t asg_model_evaluation(const struct asg_trace *trace, const struct asg_rules *rules)
{
    bool is_said =
        rules != NULL && (meant_fields(rules) & UINT64_C(1) << ASG_GROUP_EVALUATION) != 0;
    return is_said ? rules->group.evaluation_ms : trace->config.evaluation_ms;
}

/* A recorded order as the model may take it; false: it does not. */
static bool adapt(const struct model *model, struct asg_command *command)
{
    const struct asg_rules *rules = model->run->rules;
    bool is_policy = command->kind == ASG_COMMAND_POLICY_PUT ||
                     command->kind == ASG_COMMAND_POLICY_DELETE ||
                     command->kind == ASG_COMMAND_EXECUTE_POLICY;
    if (is_policy) return rules == NULL || rules->policy_count == 0;
    bool is_schedule = command->kind == ASG_COMMAND_SCHEDULE_PUT ||
                       command->kind == ASG_COMMAND_SCHEDULE_DELETE;
    if (is_schedule) return rules == NULL || rules->schedule_count == 0;
    command->force = true;
    if (command->kind != ASG_COMMAND_GROUP_UPDATE) {
        return command->kind == ASG_COMMAND_SET_DESIRED ||
               command->kind == ASG_COMMAND_SUSPEND ||
               command->kind == ASG_COMMAND_RESUME || command->kind == ASG_COMMAND_HALT ||
               command->kind == ASG_COMMAND_UNHALT;
    }
    command->group_fields &=
        ~(UINT64_C(1) << ASG_GROUP_TEMPLATE | UINT64_C(1) << ASG_GROUP_DRY_RUN);
    if (rules != NULL) command->group_fields &= ~meant_fields(rules);
    return command->group_fields != 0;
}

enum asg_status asg_model_pass_on(struct model *model, const struct asg_command *recorded)
{
    struct asg_command command = *recorded;
    if (!adapt(model, &command)) return ASG_OK;
    /* It was accepted then; what another configuration refuses is left out. */
    struct asg_error ignored = {0};
    struct asg_error *error = model->error;
    model->error = &ignored;
    enum asg_status status = order(model, command);
    model->error = error;
    if (status == ASG_OK || status == ASG_ERR_INVALID) return ASG_OK;
    return asg_fail(error, status, "%s", ignored.text);
}

/* ---- the beginning ---- */

/* What FILE says of the group; and a dry run would show nothing. */
static enum asg_status take_group(struct model *model)
{
    const struct asg_trace *trace = model->trace;
    const struct asg_rules *rules = model->run->rules;
    enum asg_status status = ASG_OK;
    if (trace->config.dry_run) {
        const struct asg_group_config real = {.dry_run = false};
        status = order(model, (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                                   .group_config = &real,
                                                   .group_fields = UINT64_C(1)
                                                                   << ASG_GROUP_DRY_RUN});
    }
    if (status != ASG_OK || rules == NULL || meant_fields(rules) == 0) return status;
    struct asg_group_config config = rules->group;
    config.name = trace->group;
    return order(model, (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                             .group_config = &config,
                                             .group_fields = meant_fields(rules),
                                             .force = true});
}

static enum asg_status drop(struct model *model, enum asg_command_kind kind,
                            const char *name)
{
    return order(model, (struct asg_command){.kind = kind, .name = name});
}

/* Put anew, the recorded ones too: those of FILE remember nothing of before either. */
static enum asg_status take_policies(struct model *model)
{
    const struct asg_rules *rules = model->run->rules;
    const struct asg_trace *trace = model->trace;
    bool is_theirs = rules == NULL || rules->policy_count == 0;
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < trace->policy_count; i++) {
        status = drop(model, ASG_COMMAND_POLICY_DELETE, trace->policies[i].name);
    }
    if (status != ASG_OK) return status;
    return put_policies(model, is_theirs ? trace->policies : rules->policies,
                        is_theirs ? trace->policy_count : rules->policy_count);
}

static bool recurs(const struct asg_schedule_config *schedule)
{
    return schedule->recurrence != NULL && schedule->recurrence[0] != '\0';
}

bool asg_model_schedule_is_over(const struct asg_schedule_config *schedule,
                                int64_t start_ms)
{
    bool is_past = schedule->start_ms != 0 && schedule->start_ms <= start_ms;
    bool has_ended = schedule->end_ms != 0 && schedule->end_ms <= start_ms;
    return has_ended || (is_past && !recurs(schedule));
}

static enum asg_status put_schedule(struct model *model,
                                    struct asg_schedule_config schedule)
{
    const struct asg_trace *trace = model->trace;
    schedule.group = trace->group;
    if (asg_model_schedule_is_over(&schedule, trace->start_ms)) {
        return asg_schedule_validate(&schedule, 0, model->error); /* but no nonsense */
    }
    /* It has begun by now, which core would not let a new one have done. */
    if (schedule.start_ms <= trace->start_ms) schedule.start_ms = 0;
    return order(model, (struct asg_command){.kind = ASG_COMMAND_SCHEDULE_PUT,
                                             .name = schedule.name,
                                             .schedule_config = &schedule});
}

/* Those of FILE instead of the recorded ones, which go on as they are otherwise. */
static enum asg_status take_schedules(struct model *model)
{
    const struct asg_trace *trace = model->trace;
    const struct asg_rules *rules = model->run->rules;
    if (rules == NULL || rules->schedule_count == 0) return ASG_OK;
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < trace->schedule_count; i++) {
        status = drop(model, ASG_COMMAND_SCHEDULE_DELETE, trace->schedules[i].name);
    }
    for (size_t i = 0; status == ASG_OK && i < rules->schedule_count; i++) {
        status = put_schedule(model, rules->schedules[i]);
    }
    return status;
}

/* The newest rules decide from here on, as when a controller takes over; what it then
 * waits for comes at once: EC2 is listed, and every agent speaks. */
static enum asg_status lead(struct model *model)
{
    enum asg_status status = order(
        model, (struct asg_command){.kind = ASG_COMMAND_LEAD,
                                    .group = "",
                                    .epoch = asg_core_epoch(model->core) + 1,
                                    .incarnation = asg_core_incarnation(model->core) + 1,
                                    .rules = asg_core_newest_rules()});
    if (status != ASG_OK) return status;
    const struct asg_observed listing = {.is_complete = true};
    status = asg_model_step(
        model, &(struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &listing});
    return status == ASG_OK ? asg_model_hear_all(model) : status;
}

/* The group as it was, before it meets what FILE says. */
enum asg_status asg_model_begin(struct model *model)
{
    const struct asg_trace *trace = model->trace;
    enum asg_status status =
        asg_core_load(trace->state.data, trace->state.length, &model->core, model->error);
    if (status != ASG_OK) return status;
    model->now_ms = asg_core_now_ms(model->core);
    asg_model_resume(model);
    if (model->now_ms < trace->start_ms) {
        status = asg_model_pass_time(model, trace->start_ms);
    }
    if (status == ASG_OK) status = lead(model);
    if (status == ASG_OK) status = take_group(model);
    if (status == ASG_OK) status = take_policies(model);
    if (status == ASG_OK) status = take_schedules(model);
    model->counted_ms = trace->start_ms;
    model->is_counting = true;
    asg_model_note_fleet(model);
    return status;
}
