/* job_describe - what EC2 shows: named instances, or all that carry our cluster's tag.
 *
 * Named ones are asked for by filter, not by id: an id that EC2 does not know would make
 * it refuse them all. Terminated ones are shown too, with their reasons. A whole listing
 * also asks which instances fail their status checks and which have a scheduled event.
 */
#include <string.h>

#include "worker/task.h"

#define FILTER_VALUES_MAX 200
#define PAGE_MIN          5
#define STATUS_PAGE       1000
#define PAGES_MAX         1000

struct describe_state {
    size_t done_ids; /* named ones asked for already */
    size_t asked;    /* of the call under way */
    uint32_t page;
    uint32_t pages;
    const char *next_token;
    bool has_restarted;
    int status_filter; /* which of the status calls is under way */
};

static void ask(struct asg_task *task);
static void ask_status(struct asg_task *task);

/* Only those that a status check calls impaired, or that have a scheduled event: of the
 * whole account, for EC2 has no filter by tag here. */
static const char *const impaired[] = {"impaired"};
static const char *const events[] = {"instance-retirement", "instance-stop",
                                     "instance-reboot", "system-reboot",
                                     "system-maintenance"};
static const struct asg_ec2_filter status_filters[] = {
    {"instance-status.status", impaired, 1},
    {"system-status.status", impaired, 1},
    {"event.code", events, sizeof events / sizeof events[0]},
};
#define STATUS_FILTERS (int)(sizeof status_filters / sizeof status_filters[0])

static void end(struct asg_task *task, enum asg_outcome outcome, const char *code,
                const char *message)
{
    asg_task_end(task, outcome, code, message);
    asg_listing_end(task);
}

static void end_with(struct asg_task *task, const struct asg_ec2_outcome *outcome)
{
    asg_task_end_with(task, outcome);
    asg_listing_end(task);
}

static void mark_status(struct asg_task *task,
                        const struct asg_ec2_instance_status *status)
{
    for (size_t i = 0; i < task->result.instance_count; i++) {
        struct asg_seen_instance *seen = &task->result.instances[i];
        if (strcmp(seen->instance_id, status->instance_id) != 0) continue;
        seen->is_impaired = seen->is_impaired || status->is_impaired;
        if (status->event_code[0] == '\0') continue;
        seen->event_code = asg_arena_text(&task->arena, status->event_code);
        seen->event_ms = status->event_ms;
    }
}

static void on_status(void *context, const struct asg_ec2_outcome *outcome,
                      const void *reply)
{
    struct asg_task *task = context;
    struct describe_state *state = task->state;
    asg_task_count(task, outcome);
    state->next_token = NULL;
    if (outcome->class == ASG_ERROR_CLASS_NONE) {
        const struct asg_ec2_instance_statuses *statuses = reply;
        for (size_t i = 0; i < statuses->count; i++) {
            mark_status(task, &statuses->statuses[i]);
        }
        const char *next = statuses->next_token;
        bool has_more = next != NULL && next[0] != '\0' && ++state->pages < PAGES_MAX;
        if (has_more) {
            state->next_token = asg_arena_text(&task->arena, next);
            ask_status(task);
            return;
        }
    }
    if (outcome->class != ASG_ERROR_CLASS_NONE) {
        /* A cloud without status checks, or a refusal: the listing itself is good, and
         * the code says that it tells nothing of them. */
        end(task, ASG_OUTCOME_OK,
            outcome->code[0] != '\0' ? outcome->code : "OpenasgNoStatus",
            outcome->message);
        return;
    }
    state->pages = 0;
    state->status_filter++;
    if (state->status_filter < STATUS_FILTERS) {
        ask_status(task);
    } else {
        end(task, ASG_OUTCOME_OK, "", "");
    }
}

static void ask_status(struct asg_task *task)
{
    struct describe_state *state = task->state;
    asg_ec2_write_describe_instance_status(
        &(struct asg_ec2_describe_instance_status){
            .filters = &status_filters[state->status_filter],
            .filter_count = 1,
            .max_results = STATUS_PAGE,
            .next_token = state->next_token},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_describe_instance_status_action, /* is_launch */ false,
                  on_status);
}

static bool is_whole_listing(const struct asg_task *task)
{
    return task->job->describe == NULL || task->job->describe->instance_ids.count == 0;
}

/* Forget a listing that cannot be continued and begin it again. */
static void restart(struct asg_task *task)
{
    struct describe_state *state = task->state;
    state->next_token = NULL;
    state->done_ids = 0;
    state->pages = 0;
    task->result.instance_count = 0;
    ask(task);
}

static void on_page(void *context, const struct asg_ec2_outcome *outcome,
                    const void *reply)
{
    struct asg_task *task = context;
    struct describe_state *state = task->state;
    asg_task_count(task, outcome);
    if (outcome->class == ASG_ERROR_CLASS_SPLIT && state->page > PAGE_MIN) {
        state->page = state->page / 2 > PAGE_MIN ? state->page / 2 : PAGE_MIN;
        restart(task);
        return;
    }
    if (strcmp(outcome->code, "InvalidPaginationToken") == 0 && !state->has_restarted) {
        state->has_restarted = true;
        restart(task);
        return;
    }
    if (outcome->class != ASG_ERROR_CLASS_NONE) {
        /* Half a listing would make the rest look absent. */
        task->result.instance_count = 0;
        end_with(task, outcome);
        return;
    }
    const struct asg_ec2_instances *seen = reply;
    for (size_t i = 0; i < seen->count; i++) {
        asg_task_add_seen(task, &seen->instances[i]);
    }
    bool has_more = seen->next_token != NULL && seen->next_token[0] != '\0';
    state->pages++;
    if (has_more && state->pages >= PAGES_MAX) {
        task->result.instance_count = 0;
        end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgEndlessListing",
            "the listing does not end after 1000 pages");
        return;
    }
    state->next_token = has_more ? asg_arena_text(&task->arena, seen->next_token) : NULL;
    if (!has_more) state->done_ids += state->asked;
    if (has_more || (!is_whole_listing(task) &&
                     state->done_ids < task->job->describe->instance_ids.count)) {
        ask(task);
    } else if (is_whole_listing(task) && task->result.instance_count > 0) {
        state->pages = 0;
        ask_status(task);
    } else {
        end(task, ASG_OUTCOME_OK, "", "");
    }
}

static void ask(struct asg_task *task)
{
    struct describe_state *state = task->state;
    struct asg_ec2_filter filter = {0};
    const char *const cluster[] = {task->message.cluster_id};
    size_t filter_count = 1;
    if (is_whole_listing(task)) {
        filter = (struct asg_ec2_filter){"tag:openasg:cluster", cluster, 1};
        state->asked = 0;
    } else {
        const struct asg_texts *ids = &task->job->describe->instance_ids;
        size_t left = ids->count - state->done_ids;
        state->asked = left < FILTER_VALUES_MAX ? left : FILTER_VALUES_MAX;
        filter = (struct asg_ec2_filter){"instance-id", ids->items + state->done_ids,
                                         state->asked};
    }
    asg_ec2_write_describe_instances(
        &(struct asg_ec2_describe_instances){.filters = &filter,
                                             .filter_count = filter_count,
                                             .max_results = state->page,
                                             .next_token = state->next_token},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_describe_instances_action, /* is_launch */ false,
                  on_page);
}

static void begin_listing(struct asg_task *task)
{
    struct describe_state *state = asg_arena_take(&task->arena, sizeof *state);
    state->page = ASG_EC2_PAGE_INSTANCES;
    task->state = state;
    ask(task);
}

static void list(struct asg_task *task)
{
    if (is_whole_listing(task) && !asg_listing_begin(task, begin_listing)) return;
    begin_listing(task);
}

void asg_run_describe(struct asg_task *task)
{
    /* Before the listing, so that what it shows is not old when it is told. */
    if (is_whole_listing(task) && task->message.sweep != NULL) {
        asg_sweep_templates(task, list);
    } else {
        list(task);
    }
}
