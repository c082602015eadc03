#include "cli/run_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/schedule.h"
#include "model/schemas.h"

/* When the log has no example to learn from. */
#define LAUNCH_MS    INT64_C(1500)
#define SERVICE_MS   INT64_C(30000)
#define TERMINATE_MS INT64_C(1000)
/* After a start nothing shrinks for a while (core/interlocks.c): let that pass. */
#define SETTLE_MS   INT64_C(120000)
#define PENDING_MAX 4096
#define ID_SIZE     (ASG_INSTANCE_ID_MAX + 1)

/* What EC2 and the instances will say, and when. */
struct pending {
    int64_t due_ms;
    enum { ANSWER_LAUNCH, IN_SERVICE, ANSWER_TERMINATE } kind;
    uint64_t job_id;
    uint32_t attempt;
    uint64_t first_no; /* of the instances, by their number in the model */
    uint32_t count;
    uint32_t spot;                          /* of them, the last ones */
    char (*ids)[ID_SIZE];                   /* ANSWER_TERMINATE; owned */
    const struct asg_trace_instance *known; /* ANSWER_LAUNCH of recorded ones: `count` */
};

struct model {
    const struct asg_trace *trace;
    const struct asg_model_run *run;
    struct asg_core *core;
    struct asg_effects effects;
    struct asg_arena arena; /* of the event under way */
    struct asg_arena views;
    int64_t now_ms;
    int64_t counted_ms;
    bool is_instant;                         /* while the fleet is set up */
    const struct asg_trace_instance *coming; /* launched before the trace begins */
    size_t coming_count;
    bool is_counting;
    struct pending pending[PENDING_MAX]; /* in order of due_ms */
    size_t pending_count;
    uint64_t instance_no;
    uint32_t group_no;
    uint64_t revision;
    uint32_t serving;
    uint32_t warm; /* that count for metrics */
    uint32_t paid;
    bool is_refused;        /* the last order */
    struct asg_error reply; /* what core said to it */
    struct asg_figures *figures;
    struct asg_error *error;
};

static enum asg_status step(struct model *model, struct asg_event *event);

static void clear_model(struct model *model)
{
    asg_core_destroy(&model->core);
    asg_effects_clear(&model->effects);
    asg_arena_clear(&model->arena);
    asg_arena_clear(&model->views);
    for (size_t i = 0; i < model->pending_count; i++)
        free(model->pending[i].ids);
}

static int64_t learnt(int64_t median_ms, int64_t otherwise_ms)
{
    return median_ms >= 0 ? median_ms : otherwise_ms;
}

static bool is_by_agent(const struct model *model)
{
    return model->trace->config.health_check == ASG_HEALTH_CHECK_AGENT;
}

/* ---- EC2 and the instances ---- */

static void add_pending(struct model *model, struct pending item)
{
    if (model->pending_count == PENDING_MAX) { /* it is then never answered */
        free(item.ids);
        return;
    }
    size_t at = model->pending_count++;
    while (at > 0 && model->pending[at - 1].due_ms > item.due_ms) {
        model->pending[at] = model->pending[at - 1];
        at--;
    }
    model->pending[at] = item;
}

/* What had not come when the first sample came, comes after it. */
static int64_t still_ms(const struct model *model, int64_t due_ms)
{
    int64_t first_ms = model->trace->samples[0].time_ms + 1;
    return (due_ms > first_ms ? due_ms : first_ms) - model->now_ms;
}

static void plan_answer(struct model *model, const struct asg_job *job)
{
    struct pending item = {.job_id = job->id, .attempt = job->attempt};
    int64_t after_ms = 0;
    if (asg_job_is_launch(job->kind)) {
        after_ms = learnt(model->trace->launch_ms, LAUNCH_MS);
        item.kind = ANSWER_LAUNCH;
        item.count = job->launch->count;
        item.spot = job->launch->fleet != NULL ? job->launch->fleet->spot : 0;
        if (model->coming_count >= item.count) {
            item.known = model->coming;
            model->coming += item.count;
            model->coming_count -= item.count;
            bool has_id = item.known->state == ASG_INSTANCE_PENDING;
            after_ms = has_id ? 0 : still_ms(model, item.known->since_ms + after_ms);
        }
    } else {
        after_ms = learnt(model->trace->terminate_ms, TERMINATE_MS);
        item.kind = ANSWER_TERMINATE;
        item.count = (uint32_t)job->terminate->instance_ids.count;
        item.ids = asg_alloc(item.count, sizeof *item.ids);
        for (uint32_t i = 0; i < item.count; i++) {
            (void)snprintf(item.ids[i], ID_SIZE, "%s",
                           job->terminate->instance_ids.items[i]);
        }
    }
    item.due_ms = model->now_ms + (model->is_instant ? 0 : after_ms);
    add_pending(model, item);
}

static struct asg_seen_instance *show_instances(struct model *model,
                                                const struct pending *item,
                                                enum asg_ec2_state state)
{
    struct asg_seen_instance *seen =
        asg_arena_take(&model->arena, item->count * sizeof *seen);
    for (uint32_t i = 0; i < item->count; i++) {
        uint64_t no = item->first_no + i;
        seen[i] = (struct asg_seen_instance){
            .instance_id = item->ids != NULL
                               ? item->ids[i]
                               : asg_arena_format(&model->arena, "i-%017" PRIx64, no),
            .state = state,
            .instance_type = "",
            .subnet_id = "",
            .zone = "",
            .private_ip = "127.0.0.1",
            .launched_ms = model->now_ms,
            .state_reason = "",
            .group = model->trace->group,
            .job_id = item->job_id,
            .attempt = item->attempt,
            .client_token = "",
            .is_spot = i >= item->count - item->spot,
        };
    }
    return seen;
}

static void plan_service(struct model *model, const struct pending *launch)
{
    int64_t after_ms = learnt(model->trace->service_ms, SERVICE_MS);
    for (uint32_t i = 0; launch->known != NULL && i < launch->count; i++) {
        bool has_id = launch->known[i].state == ASG_INSTANCE_PENDING;
        int64_t since_ms = has_id ? launch->known[i].since_ms : model->now_ms;
        add_pending(model,
                    (struct pending){.due_ms = model->now_ms +
                                               still_ms(model, since_ms + after_ms),
                                     .kind = IN_SERVICE,
                                     .first_no = launch->first_no + i,
                                     .count = 1});
    }
    if (launch->known != NULL) return;
    add_pending(model, (struct pending){.due_ms = model->now_ms +
                                                  (model->is_instant ? 0 : after_ms),
                                        .kind = IN_SERVICE,
                                        .first_no = launch->first_no,
                                        .count = launch->count});
}

static enum asg_status answer_job(struct model *model, struct pending *item)
{
    enum asg_ec2_state state = ASG_EC2_TERMINATED;
    if (item->kind == ANSWER_LAUNCH) {
        state = is_by_agent(model) ? ASG_EC2_RUNNING : ASG_EC2_PENDING;
        item->first_no = model->instance_no + 1;
        model->instance_no += item->count;
    }
    const struct asg_result result = {
        .job_id = item->job_id,
        .attempt = item->attempt,
        .outcome = ASG_OUTCOME_OK,
        .worker = "model",
        .error_code = "",
        .message = "",
        .request_id = "",
        .instances = show_instances(model, item, state),
        .instance_count = item->count,
        .template_id = "",
        .template_name = "",
        .template_version = "",
        .template_type = "",
    };
    if (item->kind == ANSWER_LAUNCH) plan_service(model, item);
    return step(model, &(struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static enum asg_status enter_service(struct model *model, const struct pending *item)
{
    if (!is_by_agent(model)) {
        const struct asg_observed observed = {
            .instances = show_instances(model, item, ASG_EC2_RUNNING),
            .instance_count = item->count};
        return step(model, &(struct asg_event){.kind = ASG_EVENT_OBSERVED,
                                               .observed = &observed});
    }
    struct asg_seen_instance *seen = show_instances(model, item, ASG_EC2_RUNNING);
    struct asg_health_sign *signs =
        asg_arena_take(&model->arena, item->count * sizeof *signs);
    for (uint32_t i = 0; i < item->count; i++) {
        signs[i] = (struct asg_health_sign){
            .instance_id = seen[i].instance_id, .sign = ASG_SIGN_REPORTING, .detail = ""};
    }
    const struct asg_health health = {.signs = signs, .sign_count = item->count};
    return step(model, &(struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
}

/* The look found what core believes: at once, nothing new. */
static enum asg_status answer_looks(struct model *model, const uint64_t *looks,
                                    const bool *is_complete, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct asg_observed observed = {.job_id = looks[i],
                                              .is_complete = is_complete[i]};
        enum asg_status status =
            step(model,
                 &(struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

/* ---- one event through core ---- */

static void count_time(struct model *model)
{
    if (model->is_counting) {
        model->figures->instance_ms +=
            (int64_t)model->paid * (model->now_ms - model->counted_ms);
    }
    model->counted_ms = model->now_ms;
}

static void count_instances(struct model *model)
{
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    asg_arena_reset(&model->views);
    asg_core_view_instances(model->core, model->trace->group, &model->views, &views,
                            &count);
    model->serving = model->warm = model->paid = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_serving = views[i].state == ASG_INSTANCE_IN_SERVICE;
        if (is_serving) model->serving++;
        if (is_serving && !views[i].is_warming) model->warm++;
        if (views[i].instance_id[0] != '\0' && views[i].state != ASG_INSTANCE_TERMINATED)
            model->paid++;
    }
}

static void take_effects(struct model *model, uint64_t looks[8], bool is_complete[8],
                         size_t *ret_looks)
{
    const struct asg_effects *effects = &model->effects;
    for (size_t i = 0; i < effects->watch_count; i++) {
        model->group_no = effects->watches[i].group_no;
        model->revision = effects->watches[i].revision;
    }
    for (size_t i = 0; i < effects->decision_count && model->is_counting; i++) {
        enum asg_decision_kind kind = effects->decisions[i].kind;
        if (kind == ASG_DECISION_SCALE_OUT) model->figures->scale_outs++;
        if (kind == ASG_DECISION_SCALE_IN) model->figures->scale_ins++;
    }
    for (size_t i = 0; i < effects->job_count; i++) {
        const struct asg_job *job = &effects->jobs[i];
        if (asg_job_is_launch(job->kind) || job->kind == ASG_JOB_TERMINATE) {
            plan_answer(model, job);
        } else if (job->kind == ASG_JOB_DESCRIBE && *ret_looks < 8) {
            looks[*ret_looks] = job->id;
            is_complete[(*ret_looks)++] = job->describe->instance_ids.count == 0;
        }
    }
}

static enum asg_status step(struct model *model, struct asg_event *event)
{
    event->time_ms = model->now_ms;
    enum asg_status status = asg_core_step(model->core, event, &model->effects);
    if (status != ASG_OK) {
        return asg_fail(model->error, status, "core refused an event of the model");
    }
    const struct asg_effects *effects = &model->effects;
    if (asg_effects_is_empty(effects)) return ASG_OK;
    if (effects->reply.is_set) {
        model->is_refused = !effects->reply.is_ok;
        (void)asg_fail(&model->reply, ASG_OK, "%s", effects->reply.message);
    }
    uint64_t looks[8];
    bool is_complete[8];
    size_t look_count = 0;
    count_time(model);
    take_effects(model, looks, is_complete, &look_count);
    if (effects->decision_count > 0 || effects->member_count > 0) count_instances(model);
    return answer_looks(model, looks, is_complete, look_count);
}

static enum asg_status answer_next(struct model *model)
{
    struct pending item = model->pending[0];
    model->pending_count--;
    memmove(&model->pending[0], &model->pending[1],
            model->pending_count * sizeof model->pending[0]);
    asg_arena_reset(&model->arena);
    enum asg_status status =
        item.kind == IN_SERVICE ? enter_service(model, &item) : answer_job(model, &item);
    free(item.ids);
    return status;
}

/* Let everything happen that is due up to `until_ms`. */
static enum asg_status pass_time(struct model *model, int64_t until_ms)
{
    for (;;) {
        int64_t deadline_ms = asg_core_next_deadline(model->core);
        int64_t due_ms = model->pending_count > 0 ? model->pending[0].due_ms : INT64_MAX;
        int64_t next_ms = due_ms <= deadline_ms ? due_ms : deadline_ms;
        if (next_ms > until_ms) break;
        if (next_ms > model->now_ms) model->now_ms = next_ms;
        enum asg_status status =
            due_ms <= deadline_ms
                ? answer_next(model)
                : step(model, &(struct asg_event){.kind = ASG_EVENT_TICK});
        if (status != ASG_OK) return status;
    }
    model->now_ms = until_ms;
    return ASG_OK;
}

/* ---- orders ---- */

static enum asg_status order(struct model *model, struct asg_command command)
{
    command.actor = "what-if";
    if (command.cluster_id == NULL) command.cluster_id = "";
    if (command.group == NULL) command.group = model->trace->group;
    if (command.name == NULL) command.name = "";
    enum asg_status status =
        step(model, &(struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
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

static enum asg_status pass_on(struct model *model, const struct asg_command *recorded)
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
    uint64_t limits = UINT64_C(1) << ASG_GROUP_MIN | UINT64_C(1) << ASG_GROUP_MAX;
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
    config.desired = (uint32_t)(warm + trace->ended_count);
    asg_core_new(&model->core);
    enum asg_status status = order(model, (struct asg_command){.kind = ASG_COMMAND_INIT,
                                                               .cluster_id = "what-if",
                                                               .group = "",
                                                               .seed = 1});
    if (status == ASG_OK) {
        status = order(model, (struct asg_command){
                                  .kind = ASG_COMMAND_LEAD, .group = "", .epoch = 1});
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
        if (next_ms == INT64_MAX) return pass_time(model, trace->start_ms);
        enum asg_status status = pass_time(model, next_ms);
        if (status != ASG_OK) return status;
        if (comes_ms <= goes_ms) {
            ++*coming;
        } else {
            gone++;
        }
        status = want(model, *coming + trace->ended_count - gone);
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

/* What the group wanted by then, though it was not there yet. Not by an order for
 * desired: core exempts those from the interlocks, and what was still to go when the
 * trace begins must go as slowly as what a policy wants. */
static enum asg_status want_recorded(struct model *model)
{
    const struct asg_rules *rules = model->run->rules;
    bool is_said =
        rules != NULL && (meant_fields(rules) & UINT64_C(1) << ASG_GROUP_DESIRED) != 0;
    if (is_said) return ASG_OK;
    const struct asg_policy_config policy = {.group = model->trace->group,
                                             .name = "what-if",
                                             .kind = ASG_POLICY_SIMPLE,
                                             .metric = ASG_METRIC_NAME_CPU,
                                             .statistic = ASG_STATISTIC_MEAN,
                                             .periods = 1,
                                             .adjustment_type = ASG_ADJUSTMENT_EXACT,
                                             .adjustment = model->trace->config.desired,
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

/* The group as it was, before it meets what FILE says. */
static enum asg_status begin(struct model *model)
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
    count_time(model);
    model->is_counting = true;
    return status;
}

/* ---- the load ---- */

static int64_t share(int64_t value_milli, int64_t of_milli, int64_t mean_milli)
{
    if (mean_milli <= 0) return value_milli;
    /* milli-percent and instances fit: both below 2^40 */
    __extension__ typedef __int128 wide;
    return (int64_t)((wide)value_milli * of_milli / mean_milli);
}

static struct asg_group_metric make_row(const struct model *model,
                                        const struct asg_sample *sample)
{
    int64_t ceiling = asg_metric_ceiling((enum asg_metric_name)sample->metric);
    struct asg_group_metric row = {
        .group_no = model->group_no,
        .metric = (enum asg_metric_name)sample->metric,
        .revision = model->revision,
        .members = model->warm,
        .count = model->warm,
    };
    if (model->warm == 0) return row;
    if (sample->missing > 0) { /* the picture was not complete then either */
        row.count = model->warm > sample->missing ? model->warm - sample->missing : 1;
    }
    int64_t mean = sample->demand_milli / (int64_t)model->serving;
    if (mean > ceiling) mean = ceiling;
    row.sum_milli = mean * row.count;
    row.min_milli = share(sample->min_milli, mean, sample->mean_milli);
    row.max_milli = share(sample->max_milli, mean, sample->mean_milli);
    if (row.min_milli > ceiling) row.min_milli = ceiling;
    if (row.max_milli > ceiling) row.max_milli = ceiling;
    return row;
}

/* All samples of one moment. */
static enum asg_status take_period(struct model *model, size_t from, size_t to)
{
    struct asg_group_metric rows[ASG_METRIC_NAME_COUNT];
    size_t count = 0;
    for (size_t i = from; i < to && count < ASG_METRIC_NAME_COUNT; i++) {
        rows[count++] = make_row(model, &model->trace->samples[i]);
    }
    const struct asg_metrics metrics = {.groups = rows, .group_count = count};
    return step(model,
                &(struct asg_event){.kind = ASG_EVENT_METRICS, .metrics = &metrics});
}

static enum asg_status take_load(struct model *model)
{
    const struct asg_trace *trace = model->trace;
    size_t next_command = 0;
    int64_t before_ms = trace->start_ms;
    for (size_t from = 0; from < trace->sample_count;) {
        size_t to = from + 1;
        int64_t time_ms = trace->samples[from].time_ms;
        while (to < trace->sample_count && trace->samples[to].time_ms == time_ms)
            to++;
        enum asg_status status = ASG_OK;
        while (status == ASG_OK && next_command < trace->command_count &&
               trace->commands[next_command].before <= from) {
            const struct asg_trace_command *command = &trace->commands[next_command++];
            status = pass_time(model, command->time_ms);
            if (status == ASG_OK) status = pass_on(model, &command->command);
        }
        if (status == ASG_OK) status = pass_time(model, time_ms);
        if (status != ASG_OK) return status;
        for (size_t i = from; i < to; i++) {
            if (trace->samples[i].metric != (uint8_t)model->run->metric) continue;
            asg_figures_note(model->figures, trace, &trace->samples[i],
                             asg_sample_length(&trace->samples[i], before_ms),
                             model->serving, model->run->level_milli);
            before_ms = time_ms;
        }
        status = take_period(model, from, to);
        if (status != ASG_OK) return status;
        from = to;
    }
    enum asg_status status = pass_time(model, trace->end_ms);
    count_time(model);
    return status;
}

enum asg_status asg_model_run(const struct asg_trace *trace,
                              const struct asg_model_run *run, struct asg_figures *ret,
                              struct asg_error *error)
{
    *ret = (struct asg_figures){0};
    struct model *model = asg_alloc(1, sizeof *model);
    *model = (struct model){.trace = trace, .run = run, .figures = ret, .error = error};
    enum asg_status status = begin(model);
    if (status == ASG_OK) status = take_load(model);
    clear_model(model);
    free(model);
    return status;
}
