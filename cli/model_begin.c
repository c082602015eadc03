/* model_begin - the fleet that was there when a recorded load begins, and orders. */
#include "cli/model_private.h"

#include "core/values/schedule.h"
#include "model/schemas.h"

/* After a start nothing shrinks for a while (docs/reliability.md, "After an absence"):
 * let that pass. */
#define SETTLE_MS INT64_C(120000)

/* ---- orders ---- */

static enum asg_status order(struct model *model, struct asg_command command)
{
    command.actor = "what-if";
    if (command.cluster_id == NULL) command.cluster_id = "";
    if (command.group == NULL) command.group = model->trace->group;
    if (command.name == NULL) command.name = "";
    enum asg_status status = asg_model_step(
        model, &(struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
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
                            "policy %s goes by %s, and the log has none of it for group "
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

/* What the model cannot follow stays out: EC2 templates, draining by an agent. */
static struct asg_group_config model_config(const struct asg_trace *trace)
{
    struct asg_group_config config = trace->config;
    config.template_name = "";
    config.template_id = "lt-00000000000000000";
    config.template_version = "1";
    config.dry_run = false;
    return config;
}

static uint64_t meant_fields(const struct asg_rules *rules)
{
    uint64_t fields = rules->has_group ? asg_group_fields_of(rules->group_present) : 0;
    return fields &
           ~(UINT64_C(1) << ASG_GROUP_TEMPLATE | UINT64_C(1) << ASG_GROUP_DRY_RUN);
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

static enum asg_status take_group(struct model *model)
{
    const struct asg_trace *trace = model->trace;
    const struct asg_rules *rules = model->run->rules;
    uint64_t limits = UINT64_C(1) << ASG_GROUP_MIN | UINT64_C(1) << ASG_GROUP_MAX |
                      UINT64_C(1) << ASG_GROUP_TERMINATING_PERCENT |
                      UINT64_C(1) << ASG_GROUP_TERMINATED_PERCENT;
    enum asg_status status =
        order(model, (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                          .group_config = &trace->config,
                                          .group_fields = limits,
                                          .force = true});
    if (status != ASG_OK || rules == NULL || meant_fields(rules) == 0) return status;
    struct asg_group_config config = rules->group;
    config.name = trace->group;
    return order(model, (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                             .group_config = &config,
                                             .group_fields = meant_fields(rules),
                                             .force = true});
}

static enum asg_status take_policies(struct model *model)
{
    const struct asg_rules *rules = model->run->rules;
    const struct asg_trace *trace = model->trace;
    bool is_theirs = rules == NULL || rules->policy_count == 0;
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

static enum asg_status take_schedules(struct model *model)
{
    const struct asg_trace *trace = model->trace;
    const struct asg_rules *rules = model->run->rules;
    bool is_ours = rules != NULL && rules->schedule_count > 0;
    size_t count = is_ours ? rules->schedule_count : trace->schedule_count;
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < count; i++) {
        status = put_schedule(model, is_ours ? rules->schedules[i] : trace->schedules[i]);
    }
    return status;
}

/* A world with the group and those of its instances that were warm, ready long ago. */
static enum asg_status found(struct model *model, struct asg_group_config config,
                             size_t warm)
{
    const struct asg_trace *trace = model->trace;
    uint32_t count = (uint32_t)(trace->instance_count + trace->ended_count);
    config.min = 0;
    if (config.max < count) config.max = count;
    config.terminating_percent = 100; /* what has happened is not held back */
    config.terminated_percent = 100;
    config.desired = (uint32_t)(warm + trace->ended_count);
    asg_core_new(&model->core);
    enum asg_status status = order(model, (struct asg_command){.kind = ASG_COMMAND_INIT,
                                                               .cluster_id = "what-if",
                                                               .group = "",
                                                               .seed = 1});
    if (status == ASG_OK) {
        status = order(model, (struct asg_command){.kind = ASG_COMMAND_LEAD,
                                                   .group = "",
                                                   .epoch = 1,
                                                   .rules = asg_core_newest_rules()});
    }
    if (status == ASG_OK) {
        status = order(model, (struct asg_command){.kind = ASG_COMMAND_GROUP_CREATE,
                                                   .group_config = &config});
    }
    return status;
}

static enum asg_status want(struct model *model, size_t count)
{
    return order(model, (struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                                             .desired = (uint32_t)count,
                                             .force = true});
}

/* Not by an order for desired: core paces no order, and remembers none of the ends. */
static enum asg_status want_as_policy(struct model *model, size_t count)
{
    const struct asg_policy_config policy = {.group = model->trace->group,
                                             .name = "what-if",
                                             .kind = ASG_POLICY_SIMPLE,
                                             .metric = ASG_METRIC_NAME_CPU,
                                             .statistic = ASG_STATISTIC_MEAN,
                                             .periods = 1,
                                             .adjustment_type = ASG_ADJUSTMENT_EXACT,
                                             .adjustment = (int64_t)count,
                                             .cooldown_ms = 0,
                                             .warmup_ms = ASG_UNSET};
    const struct asg_command orders[] = {
        {.kind = ASG_COMMAND_POLICY_PUT, .policy_config = &policy},
        {.kind = ASG_COMMAND_EXECUTE_POLICY, .has_metric_value = true},
        {.kind = ASG_COMMAND_POLICY_DELETE}};
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < sizeof orders / sizeof orders[0]; i++) {
        struct asg_command command = orders[i];
        command.name = policy.name;
        status = order(model, command);
    }
    return status;
}

/* Those that were ended lately go, which the interlocks then remember, and those that
 * were still warming come, each at its time. */
static enum asg_status pass_before(struct model *model, size_t *coming)
{
    const struct asg_trace *trace = model->trace;
    size_t gone = 0;
    for (;;) {
        int64_t comes_ms = INT64_MAX;
        int64_t goes_ms = gone < trace->ended_count ? trace->ended_ms[gone] : INT64_MAX;
        if (*coming < trace->instance_count &&
            trace->instances[*coming].state == ASG_INSTANCE_IN_SERVICE) {
            comes_ms = trace->instances[*coming].since_ms;
            if (comes_ms > trace->start_ms) comes_ms = trace->start_ms;
        }
        int64_t next_ms = comes_ms <= goes_ms ? comes_ms : goes_ms;
        if (next_ms == INT64_MAX) return asg_model_pass_time(model, trace->start_ms);
        enum asg_status status = asg_model_pass_time(model, next_ms);
        if (status != ASG_OK) return status;
        if (comes_ms <= goes_ms) {
            ++*coming;
        } else {
            gone++;
        }
        size_t count = *coming + trace->ended_count - gone;
        status = comes_ms <= goes_ms ? want(model, count) : want_as_policy(model, count);
        if (status != ASG_OK) return status;
    }
}

/* The others of the trace; those not in service yet are still coming when it begins. */
static enum asg_status add_recorded(struct model *model, size_t warm)
{
    const struct asg_trace *trace = model->trace;
    size_t i = warm;
    enum asg_status status = pass_before(model, &i);
    model->is_instant = false;
    while (status == ASG_OK && i < trace->instance_count) {
        size_t to = i;
        while (to < trace->instance_count &&
               trace->instances[to].state == trace->instances[i].state)
            to++;
        model->coming = &trace->instances[i];
        model->coming_count = to - i;
        status = want(model, to);
        model->coming_count = 0;
        i = to;
    }
    return status;
}

/* What the group wanted by then, though it was not there yet: what was still to go when
 * the trace begins must go as slowly as what a policy wants. */
static enum asg_status want_recorded(struct model *model)
{
    const struct asg_rules *rules = model->run->rules;
    bool is_said =
        rules != NULL && (meant_fields(rules) & UINT64_C(1) << ASG_GROUP_DESIRED) != 0;
    if (is_said) return ASG_OK;
    return want_as_policy(model, model->trace->config.desired);
}

/* The group as it was, before it meets what FILE says. */
enum asg_status asg_model_begin(struct model *model)
{
    const struct asg_trace *trace = model->trace;
    struct asg_group_config config = model_config(trace);
    int64_t warmup_ms = config.warmup_ms >= 0 ? config.warmup_ms : config.cooldown_ms;
    int64_t before_ms = warmup_ms > ASG_ENDED_MS ? warmup_ms : ASG_ENDED_MS;
    model->now_ms = trace->start_ms - before_ms - SETTLE_MS;
    model->counted_ms = model->now_ms;
    size_t warm = 0;
    while (warm < trace->instance_count &&
           trace->instances[warm].state == ASG_INSTANCE_IN_SERVICE &&
           trace->instances[warm].since_ms + warmup_ms <= trace->start_ms)
        warm++;
    model->is_instant = true;
    enum asg_status status = found(model, config, warm);
    if (status == ASG_OK) status = add_recorded(model, warm);
    if (status == ASG_OK) status = take_group(model);
    if (status == ASG_OK) status = want_recorded(model);
    if (status == ASG_OK) status = take_policies(model);
    if (status == ASG_OK) status = take_schedules(model);
    if (status == ASG_OK && trace->suspended != 0) {
        status = order(model, (struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                                                   .processes = trace->suspended});
    }
    if (status == ASG_OK && trace->is_halted) {
        status = order(model, (struct asg_command){.kind = ASG_COMMAND_HALT});
    }
    asg_model_count_time(model);
    model->is_counting = true;
    return status;
}
