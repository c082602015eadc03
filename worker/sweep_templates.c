/* sweep_templates - launch templates that were made for fleets and that nobody deleted.
 *
 * A fleet's template goes with its job (job_fleet.c); one stays when a worker died and
 * the job was given up in that moment. The controller asks now and then, with a whole
 * listing. Deleted is what carries our cluster's tag and a job's, has the name that
 * fleets' have, is old enough by EC2's own clock and is of no open job. Were it wanted
 * after all, the job would make it again (docs/decisions/0010).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "worker/task.h"

#define PAGE_TEMPLATES 200 /* EC2's most */
#define PAGES_MAX      25  /* a region has 5,000 templates */
#define DELETES_MAX    50  /* a sweep; the rest waits for the next one */

struct sweep_state {
    void (*next)(struct asg_task *task);
    const char *next_token;
    uint32_t pages;
    struct asg_ec2_launch_template left[DELETES_MAX];
    size_t left_count;
    size_t done;
};

static void list_page(struct asg_task *task);
static void delete_next(struct asg_task *task);

static void leave(struct asg_task *task)
{
    const struct sweep_state *state = task->state;
    state->next(task);
}

static bool is_live(const struct asg_sweep *sweep, uint64_t job_id)
{
    for (size_t i = 0; i < sweep->live_jobs.count; i++) {
        if (sweep->live_jobs.items[i] == job_id) return true;
    }
    return false;
}

static bool is_left_behind(const struct asg_task *task,
                           const struct asg_ec2_launch_template *template)
{
    const struct asg_worker *worker = task->worker;
    const struct asg_sweep *sweep = task->message.sweep;
    const char *cluster = asg_ec2_template_tag(template, "openasg:cluster");
    const char *job = asg_ec2_template_tag(template, "openasg:job");
    char *end = NULL;
    uint64_t job_id = strtoull(job, &end, 10);
    if (end == job || *end != '\0' || template->created_ms == 0) return false;
    int64_t now_ms = asg_clock_wall_ms(&worker->options.clock) +
                     asg_ec2_client_skew_ms(worker->options.ec2);
    return strncmp(template->template_name, ASG_FLEET_TEMPLATE_PREFIX,
                   strlen(ASG_FLEET_TEMPLATE_PREFIX)) == 0 &&
           strcmp(cluster, task->message.cluster_id) == 0 && !is_live(sweep, job_id) &&
           now_ms - template->created_ms >= sweep->older_ms;
}

static void keep(struct asg_task *task, const struct asg_ec2_launch_template *template)
{
    struct sweep_state *state = task->state;
    state->left[state->left_count++] = (struct asg_ec2_launch_template){
        .template_id = asg_arena_text(&task->arena, template->template_id),
        .template_name = asg_arena_text(&task->arena, template->template_name)};
}

static void warn(const struct asg_ec2_outcome *outcome, const char *action)
{
    asg_log_warn("worker", "sweep_failed",
                 "action=%s code=%s request=%s message=\"%s\", trying again later",
                 action, outcome->code, outcome->request_id, outcome->message);
}

static void on_listed(void *context, const struct asg_ec2_outcome *outcome,
                      const void *reply)
{
    struct asg_task *task = context;
    struct sweep_state *state = task->state;
    asg_task_count(task, outcome);
    if (outcome->class != ASG_ERROR_CLASS_NONE) {
        warn(outcome, "DescribeLaunchTemplates");
        leave(task);
        return;
    }
    const struct asg_ec2_launch_templates *found = reply;
    for (size_t i = 0; i < found->count && state->left_count < DELETES_MAX; i++) {
        if (is_left_behind(task, &found->templates[i])) keep(task, &found->templates[i]);
    }
    bool has_more = found->next_token != NULL && found->next_token[0] != '\0';
    state->pages++;
    if (has_more && state->pages < PAGES_MAX && state->left_count < DELETES_MAX) {
        state->next_token = asg_arena_text(&task->arena, found->next_token);
        list_page(task);
    } else {
        delete_next(task);
    }
}

static void list_page(struct asg_task *task)
{
    const struct sweep_state *state = task->state;
    const char *const cluster[] = {task->message.cluster_id};
    const struct asg_ec2_filter filter = {"tag:openasg:cluster", cluster, 1};
    asg_ec2_write_describe_launch_templates(
        &(struct asg_ec2_describe_launch_templates){.filters = &filter,
                                                    .filter_count = 1,
                                                    .max_results = PAGE_TEMPLATES,
                                                    .next_token = state->next_token},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_describe_launch_templates_action, /* is_launch */ false,
                  on_listed);
}

static void on_deleted(void *context, const struct asg_ec2_outcome *outcome,
                       const void *reply)
{
    (void)reply;
    struct asg_task *task = context;
    struct sweep_state *state = task->state;
    asg_task_count(task, outcome);
    const struct asg_ec2_launch_template *gone = &state->left[state->done++];
    if (outcome->class == ASG_ERROR_CLASS_NONE) {
        task->worker->counts.templates_swept++;
        asg_log_info("worker", "template_swept", "id=%s name=%s request=%s",
                     gone->template_id, gone->template_name, outcome->request_id);
    } else if (outcome->class != ASG_ERROR_CLASS_NOT_FOUND) {
        warn(outcome, "DeleteLaunchTemplate");
        leave(task);
        return;
    }
    delete_next(task);
}

static void delete_next(struct asg_task *task)
{
    const struct sweep_state *state = task->state;
    if (state->done == state->left_count || asg_worker_is_halted(task->worker)) {
        leave(task);
        return;
    }
    /* By its id: of that name there may be a new one. */
    asg_ec2_write_delete_launch_template(
        &(struct asg_ec2_delete_launch_template){
            .template_id = state->left[state->done].template_id},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_delete_launch_template_action, /* is_launch */ false,
                  on_deleted);
}

void asg_sweep_templates(struct asg_task *task, void (*next)(struct asg_task *task))
{
    const struct asg_worker *worker = task->worker;
    if (worker->options.is_dry_run || asg_worker_is_halted(worker)) {
        next(task);
        return;
    }
    struct sweep_state *state = asg_arena_take(&task->arena, sizeof *state);
    state->next = next;
    task->state = state;
    list_page(task);
}
