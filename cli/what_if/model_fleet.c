/* model_fleet - EC2 and the instances of run_model, and core in the middle. */
#include "cli/what_if/model_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* When the log has no example to learn from. */
#define LAUNCH_MS    INT64_C(1500)
#define SERVICE_MS   INT64_C(30000)
#define TERMINATE_MS INT64_C(1000)

/* Questions of core to EC2 in one step. */
struct looks {
    struct look {
        uint64_t job_id;
        bool is_complete;
    } * items; /* in the arena of the event under way */
    size_t count;
};

void asg_model_clear(struct model *model)
{
    asg_core_destroy(&model->core);
    asg_effects_clear(&model->effects);
    asg_arena_clear(&model->arena);
    asg_arena_clear(&model->views);
    asg_model_clear_pending(model);
}

static int64_t learnt(int64_t median_ms, int64_t otherwise_ms)
{
    return median_ms >= 0 ? median_ms : otherwise_ms;
}

static int64_t later(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

/* ---- EC2 and the instances ---- */

static void keep_ids(struct pending *item, const char *const *ids, size_t count)
{
    item->count = (uint32_t)count;
    item->ids = asg_alloc(count, sizeof *item->ids);
    for (size_t i = 0; i < count; i++)
        (void)snprintf(item->ids[i], ID_SIZE, "%s", ids[i]);
}

/* EC2 answers after the median time that it took in the log, counted from `from_ms`, but
 * not before `least_ms`. */
static void plan_answer(struct model *model, const struct asg_job *job, int64_t from_ms,
                        int64_t least_ms)
{
    const struct asg_trace *trace = model->trace;
    struct pending item = {
        .job_id = job->id, .attempt = job->attempt, .incarnation = job->incarnation};
    int64_t after_ms = 0;
    if (asg_job_is_launch(job->kind)) {
        after_ms = learnt(trace->launch_ms, LAUNCH_MS);
        item.kind = ANSWER_LAUNCH;
        item.count = job->launch->count;
        item.spot = job->launch->fleet != NULL ? job->launch->fleet->spot : 0;
    } else if (job->kind == ASG_JOB_TERMINATE) {
        const struct asg_texts *ids = &job->terminate->instance_ids;
        after_ms = learnt(trace->terminate_ms, TERMINATE_MS);
        item.kind = ANSWER_TERMINATE;
        keep_ids(&item, ids->items, ids->count);
    } else {
        item.kind = ANSWER_TEMPLATE;
    }
    item.due_ms = later(from_ms + after_ms, least_ms);
    asg_model_add_pending(model, item);
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
                               : asg_arena_format(&model->arena, "i-m%016" PRIx64, no),
            .state = state,
            .instance_type = "",
            .subnet_id = "",
            .zone = "",
            .private_ip = "127.0.0.1",
            .launched_ms = model->now_ms,
            .state_reason = "",
            .event_code = "",
            .group = model->trace->group,
            .job_id = item->job_id,
            .attempt = item->attempt,
            .incarnation = item->incarnation,
            .client_token = "",
            .is_spot = i >= item->count - item->spot,
        };
    }
    return seen;
}

static void plan_service(struct model *model, const struct pending *launch)
{
    int64_t after_ms = learnt(model->trace->service_ms, SERVICE_MS);
    asg_model_add_pending(model, (struct pending){.due_ms = model->now_ms + after_ms,
                                                  .kind = IN_SERVICE,
                                                  .first_no = launch->first_no,
                                                  .count = launch->count});
}

static enum asg_status answer_job(struct model *model, struct pending *item)
{
    enum asg_ec2_state state = ASG_EC2_TERMINATED;
    if (item->kind == ANSWER_LAUNCH) {
        state = ASG_EC2_PENDING;
        item->first_no = model->instance_no + 1;
        model->instance_no += item->count;
    }
    struct asg_result result =
        asg_result_begin(item->job_id, item->attempt, item->incarnation, "model");
    result.instances = show_instances(model, item, state);
    result.instance_count = item->count;
    result.template_id = "lt-00000000000000000"; /* one stands for any */
    result.template_version = "1";
    if (item->kind == ANSWER_LAUNCH) plan_service(model, item);
    return asg_model_step(
        model, &(struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static enum asg_status hear(struct model *model, const char **ids, size_t count)
{
    struct asg_health_sign *signs = asg_arena_take(&model->arena, count * sizeof *signs);
    for (size_t i = 0; i < count; i++) {
        signs[i] = (struct asg_health_sign){
            .instance_id = ids[i], .sign = ASG_SIGN_REPORTING, .detail = ""};
    }
    const struct asg_health health = {.signs = signs, .sign_count = count};
    return asg_model_step(
        model, &(struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
}

/* EC2 says that it runs, and its agent reports: whatever its group goes by. */
static enum asg_status enter_service(struct model *model, const struct pending *item)
{
    struct asg_seen_instance *seen = show_instances(model, item, ASG_EC2_RUNNING);
    const struct asg_observed observed = {.instances = seen,
                                          .instance_count = item->count};
    const char **ids = asg_arena_take(&model->arena, item->count * sizeof *ids);
    for (uint32_t i = 0; i < item->count; i++)
        ids[i] = seen[i].instance_id;
    enum asg_status status = asg_model_step(
        model, &(struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    return status == ASG_OK ? hear(model, ids, item->count) : status;
}

/* The look found what core believes: at once, nothing new. */
static enum asg_status answer_looks(struct model *model, const struct looks *looks)
{
    for (size_t i = 0; i < looks->count; i++) {
        const struct asg_observed observed = {.job_id = looks->items[i].job_id,
                                              .is_complete = looks->items[i].is_complete};
        enum asg_status status =
            asg_model_step(model, &(struct asg_event){.kind = ASG_EVENT_OBSERVED,
                                                      .observed = &observed});
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

/* ---- one event through core ---- */

void asg_model_count_time(struct model *model)
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
    struct asg_group_view *groups = NULL;
    asg_core_view_groups(model->core, model->trace->group, &model->views, &groups,
                         &count);
    model->desired = count > 0 ? groups->config->desired : 0;
}

void asg_model_note_fleet(struct model *model)
{
    const struct asg_fleet_size fleet = {.time_ms = model->counted_ms,
                                         .serving = model->serving,
                                         .alive = model->paid,
                                         .desired = model->desired};
    asg_fleet_curve_note(&model->figures->curve, &fleet);
}

static void note_look(struct model *model, struct looks *looks, const struct asg_job *job)
{
    if (looks->items == NULL) {
        looks->items = asg_arena_take(&model->arena,
                                      model->effects.job_count * sizeof *looks->items);
    }
    looks->items[looks->count++] = (struct look){
        .job_id = job->id, .is_complete = job->describe->instance_ids.count == 0};
}

static bool is_answered(const struct asg_job *job)
{
    return asg_job_is_launch(job->kind) || job->kind == ASG_JOB_TERMINATE ||
           job->kind == ASG_JOB_RESOLVE_TEMPLATE;
}

static void take_effects(struct model *model, struct looks *ret_looks)
{
    const struct asg_effects *effects = &model->effects;
    for (size_t i = 0; i < effects->watch_count; i++) {
        model->revision = effects->watches[i].revision;
        if (effects->watches[i].evaluation_ms > 0) {
            model->evaluation_ms = effects->watches[i].evaluation_ms;
        }
    }
    for (size_t i = 0; i < effects->decision_count && model->is_counting; i++) {
        enum asg_decision_kind kind = effects->decisions[i].kind;
        if (kind == ASG_DECISION_SCALE_OUT) model->figures->scale_outs++;
        if (kind == ASG_DECISION_SCALE_IN) model->figures->scale_ins++;
    }
    for (size_t i = 0; i < effects->job_count; i++) {
        const struct asg_job *job = &effects->jobs[i];
        if (is_answered(job)) {
            plan_answer(model, job, model->now_ms, model->now_ms);
        } else if (job->kind == ASG_JOB_DESCRIBE) {
            note_look(model, ret_looks, job);
        }
    }
}

enum asg_status asg_model_step(struct model *model, struct asg_event *event)
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
    struct looks looks = {0};
    asg_model_count_time(model);
    take_effects(model, &looks);
    if (effects->decision_count > 0 || effects->member_count > 0) {
        count_instances(model);
        if (model->is_counting) asg_model_note_fleet(model);
    }
    return answer_looks(model, &looks);
}

/* ---- what was under way when the trace begins ---- */

/* Launched, and not in service yet. */
static void await_service(struct model *model, const struct asg_instance_view *view,
                          int64_t least_ms)
{
    int64_t after_ms = learnt(model->trace->service_ms, SERVICE_MS);
    struct pending item = {.kind = IN_SERVICE,
                           .due_ms = later(view->launched_ms + after_ms, least_ms)};
    keep_ids(&item, &view->instance_id, 1);
    asg_model_add_pending(model, item);
}

/* What had not come when the first sample came, comes after it. */
void asg_model_resume(struct model *model)
{
    int64_t least_ms = model->trace->samples[0].time_ms + 1;
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(model->core, &model->arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (is_answered(&jobs[i])) {
            plan_answer(model, &jobs[i], jobs[i].created_ms, least_ms);
        }
    }
    struct asg_instance_view *views = NULL;
    asg_core_view_instances(model->core, model->trace->group, &model->arena, &views,
                            &count);
    for (size_t i = 0; i < count; i++) {
        if (views[i].state == ASG_INSTANCE_PENDING)
            await_service(model, &views[i], least_ms);
    }
    model->evaluation_ms = model->trace->config.evaluation_ms;
    struct asg_effects watching = {.is_halted = false};
    asg_core_watching(model->core, &model->arena, &watching);
    for (size_t i = 0; i < watching.watch_count; i++) {
        model->group_no = watching.watches[i].group_no;
        model->revision = watching.watches[i].revision;
    }
    count_instances(model);
}

enum asg_status asg_model_hear_all(struct model *model)
{
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    size_t heard = 0;
    asg_core_view_instances(model->core, model->trace->group, &model->arena, &views,
                            &count);
    const char **ids = asg_arena_take(&model->arena, (count + 1) * sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        if (views[i].state == ASG_INSTANCE_IN_SERVICE)
            ids[heard++] = views[i].instance_id;
    }
    return heard > 0 ? hear(model, ids, heard) : ASG_OK;
}

/* ---- time ---- */

static enum asg_status answer_next(struct model *model)
{
    struct pending item = asg_model_take_pending(model);
    asg_arena_reset(&model->arena);
    enum asg_status status =
        item.kind == IN_SERVICE ? enter_service(model, &item) : answer_job(model, &item);
    free(item.ids);
    return status;
}

/* Let everything happen that is due up to `until_ms`. */
enum asg_status asg_model_pass_time(struct model *model, int64_t until_ms)
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
                : asg_model_step(model, &(struct asg_event){.kind = ASG_EVENT_TICK});
        if (status != ASG_OK) return status;
    }
    model->now_ms = until_ms;
    return ASG_OK;
}
