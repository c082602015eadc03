/* task - what all kinds of jobs share: calling EC2, pausing, ending. */
#include "worker/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define WAIT_FIRST_MS 2000
#define WAITS_MAX     3
#define MESSAGE_MAX   1000
#define US_PER_MS     1000

/* The kill switch stops repeats as well: no change to EC2 is begun while it is on. Nor is
 * a launch repeated that another worker may have by now. */
static bool may_repeat(void *context)
{
    const struct asg_task *task = context;
    asg_worker_look_whether_still(task->worker);
    if (task->is_stale && asg_job_is_launch(task->job->kind)) return false;
    return !asg_worker_is_halted(task->worker) || !asg_job_is_mutating(task->job->kind);
}

void asg_task_call(struct asg_task *task, const struct asg_ec2_action *action,
                   bool is_launch, asg_ec2_done *done)
{
    struct asg_worker *worker = task->worker;
    bool only_looks = strncmp(action->name, "Describe", strlen("Describe")) == 0;
    if (!only_looks && asg_worker_is_halted(worker)) {
        asg_task_end(task, ASG_OUTCOME_TRANSIENT, "OpenasgHalted",
                     "the kill switch is on: nothing more was changed in EC2");
        return;
    }
    asg_worker_look_whether_still(worker);
    if (is_launch && task->is_stale) {
        asg_task_end(
            task, ASG_OUTCOME_TRANSIENT, "OpenasgStoodStill",
            "this worker was paused while it held the job: not started, as another "
            "worker may have it by now");
        return;
    }
    struct asg_ec2_call_options options = {
        .attempts_max = worker->options.attempts,
        .attempts_unsure = is_launch ? worker->options.attempts_unsure : 0,
        .may_repeat = may_repeat,
    };
    if (task->deadline_ms != INT64_MAX) {
        options.deadline_ms = task->deadline_ms - asg_worker_now_ms(worker);
        if (options.deadline_ms < 1) options.deadline_ms = 1;
    }
    task->is_begun = true;
    asg_ec2_call(worker->options.ec2, action, &worker->body, &options, done, task);
}

void asg_task_count(struct asg_task *task, const struct asg_ec2_outcome *outcome)
{
    task->result.calls += outcome->attempts;
    if (outcome->http_status != 0) task->result.http_status = outcome->http_status;
    if (outcome->request_id != NULL && outcome->request_id[0] != '\0') {
        task->result.request_id = asg_arena_text(&task->arena, outcome->request_id);
    }
}

bool asg_task_pause(struct asg_task *task, int64_t pause_ms,
                    void (*wake)(struct asg_task *task))
{
    int64_t wake_at_ms = asg_worker_now_ms(task->worker) + pause_ms;
    if (wake_at_ms >= task->deadline_ms) return false;
    task->wake_at_ms = wake_at_ms;
    task->wake = wake;
    return true;
}

bool asg_task_wait_for_it(struct asg_task *task, void (*wake)(struct asg_task *task))
{
    if (task->waits >= WAITS_MAX || task->worker->is_stopping) return false;
    int64_t pause_ms = (int64_t)WAIT_FIRST_MS << task->waits;
    task->waits++;
    return asg_task_pause(task, pause_ms, wake);
}

enum asg_ec2_state asg_ec2_state_of(const char *word)
{
    int value = asg_enum_value(&asg_ec2_state_words, word);
    return value < 0 ? ASG_EC2_UNKNOWN : (enum asg_ec2_state)value;
}

struct asg_seen_instance *asg_task_add_instance(struct asg_task *task)
{
    void *items = task->result.instances;
    struct asg_seen_instance *instance =
        asg_arena_push(&task->arena, &items, &task->result.instance_count,
                       &task->instance_capacity, sizeof *instance);
    task->result.instances = items;
    *instance = (struct asg_seen_instance){.instance_id = "",
                                           .instance_type = "",
                                           .subnet_id = "",
                                           .zone = "",
                                           .private_ip = "",
                                           .state_reason = "",
                                           .group = "",
                                           .client_token = ""};
    return instance;
}

/* A number from a tag; 0 when it is none. */
static uint64_t tag_number(const struct asg_ec2_instance *instance, const char *key)
{
    const char *text = asg_ec2_instance_tag(instance, key);
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') return 0;
    unsigned long long number = strtoull(text, &end, 10);
    return *end == '\0' ? number : 0;
}

void asg_task_add_seen(struct asg_task *task, const struct asg_ec2_instance *instance)
{
    struct asg_arena *arena = &task->arena;
    struct asg_seen_instance *seen = asg_task_add_instance(task);
    uint64_t attempt = tag_number(instance, "openasg:attempt");
    *seen = (struct asg_seen_instance){
        .instance_id = asg_arena_text(arena, instance->instance_id),
        .state = asg_ec2_state_of(instance->state),
        .instance_type = asg_arena_text(arena, instance->instance_type),
        .subnet_id = asg_arena_text(arena, instance->subnet_id),
        .zone = asg_arena_text(arena, instance->zone),
        .private_ip = asg_arena_text(arena, instance->private_ip),
        .launched_ms = instance->launched_ms,
        .state_reason = asg_arena_text(arena, instance->state_reason),
        .group = asg_arena_text(arena, asg_ec2_instance_tag(instance, "openasg:group")),
        .job_id = tag_number(instance, "openasg:job"),
        .attempt = attempt <= UINT32_MAX ? (uint32_t)attempt : 0,
        .client_token = asg_arena_text(arena, instance->client_token),
        .is_spot = instance->is_spot,
        .incarnation = tag_number(instance, "openasg:incarnation"),
    };
}

void asg_task_end(struct asg_task *task, enum asg_outcome outcome, const char *code,
                  const char *message)
{
    struct asg_result *result = &task->result;
    if (task->is_made_dry && outcome == ASG_OUTCOME_OK) {
        outcome = ASG_OUTCOME_BAD_REQUEST;
        code = "OpenasgDryRun";
        message = "EC2 would have done it; this worker runs with dry_run and changed "
                  "nothing";
    }
    size_t length = strlen(message);
    if (length > MESSAGE_MAX) {
        length = MESSAGE_MAX;
        while (length > 0 && ((unsigned char)message[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    result->outcome = outcome;
    result->error_code = asg_arena_text(&task->arena, code);
    result->message = asg_arena_text_n(&task->arena, message, length);
    result->duration_us =
        asg_clock_monotonic_us(&task->worker->options.clock) - task->taken_us;
    task->wake_at_ms = INT64_MAX;
    task->is_answered = true;
    if (outcome == ASG_OUTCOME_OK) {
        asg_log_info("worker", "job_done",
                     "job=%llu attempt=%u instances=%zu calls=%u ms=%lld request=%s",
                     (unsigned long long)result->job_id, result->attempt,
                     result->instance_count, result->calls,
                     (long long)(result->duration_us / US_PER_MS), result->request_id);
    } else {
        asg_log_warn("worker", "job_failed",
                     "job=%llu attempt=%u outcome=%s code=%s calls=%u request=%s "
                     "message=\"%s\", telling the controller",
                     (unsigned long long)result->job_id, result->attempt,
                     asg_enum_word(&asg_outcome_words, (int)outcome), result->error_code,
                     result->calls, result->request_id, result->message);
    }
    asg_send_result(task);
    asg_breaker_note(task);
}

enum asg_outcome asg_outcome_of(enum asg_job_kind kind,
                                const struct asg_ec2_outcome *outcome)
{
    /* Only a launch that happened unseen is a danger; the others can be repeated. */
    if (outcome->is_ambiguous && asg_job_is_launch(kind)) return ASG_OUTCOME_AMBIGUOUS;
    switch (outcome->class) {
    case ASG_ERROR_CLASS_NONE:
    case ASG_ERROR_CLASS_DRY_RUN: return ASG_OUTCOME_OK;
    case ASG_ERROR_CLASS_THROTTLE: return ASG_OUTCOME_THROTTLED;
    case ASG_ERROR_CLASS_CAPACITY: return ASG_OUTCOME_CAPACITY;
    case ASG_ERROR_CLASS_QUOTA: return ASG_OUTCOME_QUOTA;
    case ASG_ERROR_CLASS_NOT_FOUND: return ASG_OUTCOME_NOT_FOUND;
    case ASG_ERROR_CLASS_STATE_CONFLICT: return ASG_OUTCOME_CONFLICT;
    case ASG_ERROR_CLASS_PROTECTED: return ASG_OUTCOME_PROTECTED;
    case ASG_ERROR_CLASS_IDEMPOTENCY:
        if (strcmp(outcome->code, "IdempotentInstanceTerminated") == 0) {
            return ASG_OUTCOME_GONE;
        }
        if (strcmp(outcome->code, "InvalidClientToken") == 0) {
            return ASG_OUTCOME_BAD_REQUEST;
        }
        return ASG_OUTCOME_CONFLICT;
    case ASG_ERROR_CLASS_CLOCK:
    case ASG_ERROR_CLASS_CREDENTIALS: return ASG_OUTCOME_CREDENTIALS;
    case ASG_ERROR_CLASS_PERMISSION: return ASG_OUTCOME_PERMISSION;
    case ASG_ERROR_CLASS_SPLIT:
    case ASG_ERROR_CLASS_BAD_REQUEST:
    case ASG_ERROR_CLASS_UNLISTED: return ASG_OUTCOME_BAD_REQUEST;
    default: return ASG_OUTCOME_TRANSIENT;
    }
}

void asg_task_end_with(struct asg_task *task, const struct asg_ec2_outcome *outcome)
{
    bool is_fine = outcome->class == ASG_ERROR_CLASS_NONE;
    asg_task_end(task, asg_outcome_of(task->job->kind, outcome),
                 is_fine ? "" : outcome->code, is_fine ? "" : outcome->message);
}
