/* take_job - a job message comes in: refuse it, hand it back, or make it a task. */
#include <assert.h>
#include <stdlib.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "wire/wire.h"
#include "worker/task.h"

static struct asg_task *find_task(const struct asg_worker *worker,
                                  const struct asg_job *job)
{
    struct asg_task *task = worker->tasks;
    while (task != NULL &&
           (task->job->id != job->id || task->job->attempt != job->attempt ||
            task->job->incarnation != job->incarnation)) {
        task = task->next;
    }
    return task;
}

/* The same attempt again: our lease was thought lost. Run it once, answer to the new
 * lease. */
static void take_again(struct asg_task *task, const struct asg_job_message *message)
{
    task->lease_id = message->lease_id;
    task->message.lease_id = message->lease_id;
    task->message.epoch = message->epoch;
    task->is_stale = task->is_stale && task->worker->catching_up > 0;
    if (task->is_answered) asg_send_result(task);
}

static const char *reason_to_hand_back(const struct asg_worker *worker,
                                       const struct asg_job *job)
{
    if (worker->is_stopping) return "this worker is stopping";
    if (worker->catching_up > 0)
        return "this worker was paused: the job may be out of date";
    uint32_t capacity = asg_breaker_capacity(worker);
    if (capacity == 0) return "AWS refuses this worker's credentials";
    if (worker->task_count >= capacity) return "no credit left";
    if (asg_worker_is_halted(worker) && asg_job_is_mutating(job->kind)) {
        return "the kill switch is on";
    }
    return NULL;
}

/* A worker that only tries: the job becomes a dry run. */
static void make_dry(struct asg_task *task)
{
    if (!asg_job_is_mutating(task->job->kind) || task->job->is_dry_run) return;
    struct asg_job *dry = asg_arena_take(&task->arena, sizeof *dry);
    *dry = *task->job;
    dry->is_dry_run = true;
    task->job = dry;
    task->is_made_dry = true;
}

static void begin_task(struct asg_worker *worker, struct asg_task *task)
{
    assert(task->job != NULL);
    if (worker->options.is_dry_run) make_dry(task);
    const struct asg_job_message *message = &task->message;
    task->lease_id = message->lease_id;
    task->taken_us = asg_clock_monotonic_us(&worker->options.clock);
    task->deadline_ms = INT64_MAX;
    task->wake_at_ms = INT64_MAX;
    if (task->job->deadline_ms > 0) {
        task->deadline_ms = asg_worker_now_ms(worker) + message->time_left_ms;
    }
    task->result = asg_result_begin(task->job->id, task->job->attempt,
                                    task->job->incarnation, worker->name);
    task->next = worker->tasks;
    worker->tasks = task;
    worker->task_count++;
    worker->counts.taken++;
    asg_log_info("worker", "job_taken", "job=%llu attempt=%u kind=%s name=\"%s\"",
                 (unsigned long long)task->job->id, task->job->attempt,
                 asg_enum_word(&asg_job_kind_words, (int)task->job->kind),
                 task->job->name);
    ASG_FAILPOINT("worker.job_taken");
    asg_task_run(task);
}

void asg_take_job(struct asg_worker *worker, const void *data, size_t length)
{
    if (ASG_FAILPOINT_FAILS("worker.job_received")) return;
    struct asg_task *task = asg_alloc(1, sizeof *task);
    task->worker = worker;
    struct asg_job_message *message = &task->message;
    enum asg_status status =
        asg_wire_decode_message(data, length, ASG_MESSAGE_JOB, &task->arena, message);
    task->job = message->job;
    const char *hand_back = NULL;
    const char *refusal = NULL;
    struct asg_task *same = NULL;
    if (status != ASG_OK || message->job == NULL) {
        worker->counts.bad_frames++;
        refusal = asg_status_text(status == ASG_OK ? ASG_ERR_MALFORMED : status);
    } else if (message->epoch < worker->epoch) {
        refusal = "of an older epoch: its controller no longer leads";
    } else if ((same = find_task(worker, task->job)) != NULL) {
        take_again(same, message);
    } else {
        worker->epoch = message->epoch;
        hand_back = reason_to_hand_back(worker, task->job);
    }

    if (refusal != NULL) {
        worker->counts.refused++;
        asg_log_warn_rate("worker", "job_refused", "reason=\"%s\" bytes=%zu, dropping it",
                          refusal, length);
    } else if (hand_back != NULL) {
        asg_send_hand_back(worker, message, hand_back);
    } else if (same == NULL) {
        begin_task(worker, task);
        return;
    }
    asg_arena_clear(&task->arena);
    free(task);
}
