/* send_result - what a worker says: hello, heartbeats, results until they are
 * acknowledged, jobs handed back. */
#include <stdlib.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "worker/task.h"

#define RESEND_MS_MAX INT64_C(30000)

static enum asg_status send_message(struct asg_worker *worker, enum asg_message_type type,
                                    const void *object)
{
    return worker->options.ports.send(worker->options.ports.context, type, object);
}

static uint32_t free_credits(const struct asg_worker *worker)
{
    uint32_t capacity = asg_breaker_capacity(worker);
    if (worker->is_stopping || worker->task_count >= capacity) return 0;
    return capacity - worker->task_count;
}

/* Every job in our hands, those whose result waits for its ACK included: nobody else
 * need run them. */
static struct asg_held *list_held(const struct asg_worker *worker,
                                  struct asg_arena *arena)
{
    struct asg_held *held =
        asg_arena_take(arena, (worker->task_count + 1) * sizeof *held);
    size_t count = 0;
    for (const struct asg_task *task = worker->tasks; task != NULL; task = task->next) {
        held[count++] = (struct asg_held){.job_id = task->job->id,
                                          .attempt = task->job->attempt,
                                          .lease_id = task->lease_id,
                                          .incarnation = task->job->incarnation};
    }
    return held;
}

/* What was sent to EC2 since it was told last, so that the controller can share out the
 * right to call. */
static struct asg_call_rate *list_rates(const struct asg_worker *worker,
                                        struct asg_arena *arena, size_t *ret_count)
{
    struct asg_call_rate *rates =
        asg_arena_take(arena, ASG_EC2_METER_ACTIONS * sizeof *rates);
    size_t count = 0;
    struct asg_ec2_sent sent;
    for (size_t i = 0; asg_ec2_client_sent(worker->options.ec2, i, &sent); i++) {
        const struct asg_ec2_sent *told = &worker->told[i];
        if (sent.attempts == told->attempts) continue;
        rates[count++] = (struct asg_call_rate){
            .action = sent.action,
            .attempts = (uint32_t)(sent.attempts - told->attempts),
            .throttles = (uint32_t)(sent.throttles - told->throttles)};
    }
    *ret_count = count;
    return rates;
}

static void keep_told(struct asg_worker *worker)
{
    for (size_t i = 0; asg_ec2_client_sent(worker->options.ec2, i, &worker->told[i]);
         i++) {
    }
}

void asg_send_hello(struct asg_worker *worker)
{
    struct asg_arena arena = {0};
    const struct asg_hello hello = {.worker = worker->name,
                                    .version = ASG_VERSION,
                                    .credits = free_credits(worker),
                                    .held = list_held(worker, &arena),
                                    .held_count = worker->task_count,
                                    .epoch = worker->epoch,
                                    .incarnation = worker->incarnation};
    ASG_FAILPOINT("worker.before_hello");
    (void)send_message(worker, ASG_MESSAGE_HELLO, &hello);
    worker->last_hello_ms = asg_worker_now_ms(worker);
    worker->next_hello_ms = worker->last_hello_ms + worker->options.hello_ms;
    asg_arena_clear(&arena);
}

void asg_send_heartbeat(struct asg_worker *worker)
{
    struct asg_arena arena = {0};
    struct asg_heartbeat heartbeat = {.credits = free_credits(worker),
                                      .held = list_held(worker, &arena),
                                      .held_count = worker->task_count,
                                      .is_halted = worker->is_halted};
    heartbeat.rates = list_rates(worker, &arena, &heartbeat.rate_count);
    ASG_FAILPOINT("worker.before_heartbeat");
    if (send_message(worker, ASG_MESSAGE_HEARTBEAT, &heartbeat) == ASG_OK) {
        keep_told(worker);
    }
    worker->next_heartbeat_ms = asg_worker_now_ms(worker) + worker->heartbeat_ms;
    asg_arena_clear(&arena);
}

void asg_send_told(struct asg_worker *worker, uint64_t question_no,
                   const struct asg_told *told)
{
    struct asg_arena arena = {0};
    struct asg_told_message message = {.question_no = question_no, .told = told};
    message.rates = list_rates(worker, &arena, &message.rate_count);
    if (send_message(worker, ASG_MESSAGE_TOLD, &message) == ASG_OK) {
        keep_told(worker);
    }
    asg_arena_clear(&arena);
}

/* In one frame, or in parts when it names too many instances. What could not be sent is
 * sent from the first part on later. */
static enum asg_status send_whole(struct asg_worker *worker,
                                  const struct asg_result_message *message)
{
    size_t room = worker->options.result_instances > 0 ? worker->options.result_instances
                                                       : ASG_RESULT_INSTANCES_MAX;
    size_t left = message->result->instance_count;
    if (left <= room) return send_message(worker, ASG_MESSAGE_RESULT, message);
    struct asg_result piece = *message->result;
    struct asg_result_part part = {.message = {.epoch = message->epoch,
                                               .lease_id = message->lease_id,
                                               .result = &piece}};
    enum asg_status status = ASG_OK;
    while (status == ASG_OK && left > 0) {
        piece.instance_count = left < room ? left : room;
        left -= piece.instance_count;
        part.is_last = left == 0;
        if (part.is_last) {
            part.message.rates = message->rates;
            part.message.rate_count = message->rate_count;
        }
        status = send_message(worker, ASG_MESSAGE_RESULT_PART, &part);
        piece.instances += piece.instance_count;
        part.number++;
    }
    return status;
}

void asg_send_result(struct asg_task *task)
{
    struct asg_worker *worker = task->worker;
    struct asg_arena arena = {0};
    struct asg_result_message message = {.epoch = task->message.epoch,
                                         .lease_id = task->lease_id,
                                         .result = &task->result};
    message.rates = list_rates(worker, &arena, &message.rate_count);
    enum asg_status status = ASG_OK;
    if (!ASG_FAILPOINT_FAILS("worker.before_result")) {
        status = send_whole(worker, &message);
        if (status == ASG_OK) keep_told(worker);
    }
    asg_arena_clear(&arena);
    ASG_FAILPOINT("worker.after_result");
    int64_t pause_ms = worker->options.resend_ms;
    for (uint32_t i = 0; i < task->resends && pause_ms < RESEND_MS_MAX; i++) {
        pause_ms *= 2;
    }
    if (status == ASG_OK) {
        task->resends++;
    } else {
        pause_ms = worker->options.resend_ms;
    }
    if (pause_ms > RESEND_MS_MAX) pause_ms = RESEND_MS_MAX;
    task->resend_at_ms = asg_worker_now_ms(worker) + pause_ms;
}

void asg_send_hand_back(struct asg_worker *worker, const struct asg_job_message *message,
                        const char *reason)
{
    worker->counts.handed_back++;
    asg_log_info("worker", "job_handed_back", "job=%llu attempt=%u reason=\"%s\"",
                 (unsigned long long)message->job->id, message->job->attempt, reason);
    const struct asg_hand_back hand_back = {.job_id = message->job->id,
                                            .attempt = message->job->attempt,
                                            .lease_id = message->lease_id,
                                            .incarnation = message->job->incarnation,
                                            .reason = reason};
    /* Not sent: the lease runs out and says the same, later. */
    (void)send_message(worker, ASG_MESSAGE_HAND_BACK, &hand_back);
}

void asg_drop_result(struct asg_worker *worker, const struct asg_ack *ack)
{
    if (ASG_FAILPOINT_FAILS("worker.ack_received")) return;
    for (struct asg_task **link = &worker->tasks; *link != NULL; link = &(*link)->next) {
        struct asg_task *task = *link;
        if (task->job->id != ack->job_id || task->job->attempt != ack->attempt ||
            task->job->incarnation != ack->incarnation) {
            continue;
        }
        if (!task->is_answered) return; /* acknowledged before it was said: not ours */
        *link = task->next;
        task->next = worker->done;
        worker->done = task;
        worker->task_count--;
        return;
    }
}
