#include "worker/worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "wire/wire.h"
#include "worker/task.h"

/* Until the controller's WELCOME says how often. */
#define FIRST_HEARTBEAT_MS 3000
/* A turn is due at least so often (worker_state.c: when it is too late). */
#define TURN_MS 30000
/* Between two hellos that a controller asks for. */
#define HELLO_PAUSE_MS 50

void asg_worker_new(const struct asg_worker_options *options, struct asg_worker **ret)
{
    struct asg_worker *worker = asg_alloc(1, sizeof *worker);
    worker->options = *options;
    size_t size = strlen(options->name) + 1;
    worker->name = asg_alloc(size, 1);
    memcpy(worker->name, options->name, size);
    worker->options.name = worker->name;
    worker->heartbeat_ms = FIRST_HEARTBEAT_MS;
    *ret = worker;
}

static void task_free(struct asg_task *task)
{
    /* The join token is a secret that has done its work. */
    if (task->message.join_stanza != NULL) {
        char *stanza = (char *)(uintptr_t)task->message.join_stanza;
        asg_secret_wipe(stanza, strlen(stanza));
    }
    asg_arena_clear(&task->arena);
    free(task);
}

static void free_all(struct asg_task **list)
{
    while (*list != NULL) {
        struct asg_task *task = *list;
        *list = task->next;
        task_free(task);
    }
}

void asg_worker_destroy(struct asg_worker **worker)
{
    if (*worker == NULL) return;
    free_all(&(*worker)->tasks);
    free_all(&(*worker)->done);
    asg_drop_questions(*worker);
    asg_user_data_cache_clear(&(*worker)->user_data);
    asg_bytes_clear(&(*worker)->body);
    free((*worker)->name);
    free(*worker);
    *worker = NULL;
}

static void on_welcome(struct asg_worker *worker, const struct asg_welcome *welcome)
{
    /* A leader that answers the epoch we told it has that in its log: it is no leader of
     * before, its log was restored from a copy of before. */
    bool is_restored = welcome->hello_epoch == worker->epoch;
    if (welcome->epoch < worker->epoch && !is_restored) {
        asg_log_warn("worker", "old_controller", "epoch=%llu known=%llu, ignoring it",
                     (unsigned long long)welcome->epoch,
                     (unsigned long long)worker->epoch);
        return;
    }
    bool is_new = !worker->is_welcome || welcome->epoch != worker->epoch;
    worker->epoch = welcome->epoch;
    worker->incarnation = welcome->incarnation;
    worker->is_welcome = true;
    worker->is_halted = welcome->is_halted;
    worker->lease_ms = welcome->lease_ms;
    if (welcome->heartbeat_ms > 0) worker->heartbeat_ms = welcome->heartbeat_ms;
    worker->next_heartbeat_ms = asg_worker_now_ms(worker) + worker->heartbeat_ms;
    if (is_new) {
        asg_log_info("worker", "welcome", "epoch=%llu lease_ms=%lld halted=%s",
                     (unsigned long long)welcome->epoch, (long long)welcome->lease_ms,
                     welcome->is_halted ? "yes" : "no");
    }
    /* What the controller before this one never acknowledged. */
    for (struct asg_task *task = worker->tasks; task != NULL; task = task->next) {
        if (task->is_answered) task->resend_at_ms = 0;
    }
}

/* The controller does not know us: it is a new one, or forgot us. Heartbeats that waited
 * while it was away are each answered so; one hello is enough for all of them. */
static void on_rejoin(struct asg_worker *worker)
{
    worker->is_welcome = false;
    int64_t now_ms = asg_worker_now_ms(worker);
    int64_t soonest_ms = worker->last_hello_ms + HELLO_PAUSE_MS;
    if (now_ms >= soonest_ms) {
        asg_send_hello(worker);
    } else {
        worker->next_hello_ms = soonest_ms;
    }
}

static void on_halt(struct asg_worker *worker, const struct asg_halt_message *halt)
{
    if (worker->is_halted == halt->is_halted) return;
    worker->is_halted = halt->is_halted;
    asg_log_warn("worker", halt->is_halted ? "halted" : "resumed",
                 halt->is_halted ? "the kill switch is on: nothing is changed in EC2"
                                 : "the kill switch is off");
}

static enum asg_status receive(struct asg_worker *worker, enum asg_message_type type,
                               const void *data, size_t length, struct asg_arena *arena)
{
    enum asg_status status = ASG_OK;
    switch (type) {
    case ASG_MESSAGE_JOB: asg_take_job(worker, data, length); return ASG_OK;
    case ASG_MESSAGE_ASK: return asg_take_question(worker, data, length);
    case ASG_MESSAGE_WELCOME: {
        struct asg_welcome welcome = {0};
        status = asg_wire_decode_message(data, length, type, arena, &welcome);
        if (status == ASG_OK) on_welcome(worker, &welcome);
        return status;
    }
    case ASG_MESSAGE_ACK: {
        struct asg_ack ack = {0};
        status = asg_wire_decode_message(data, length, type, arena, &ack);
        if (status == ASG_OK) asg_drop_result(worker, &ack);
        return status;
    }
    case ASG_MESSAGE_HALT: {
        struct asg_halt_message halt = {0};
        status = asg_wire_decode_message(data, length, type, arena, &halt);
        if (status == ASG_OK) on_halt(worker, &halt);
        return status;
    }
    case ASG_MESSAGE_REJOIN: on_rejoin(worker); return ASG_OK;
    default: return ASG_ERR_UNSUPPORTED;
    }
}

void asg_worker_receive(struct asg_worker *worker, const void *data, size_t length)
{
    if (ASG_FAILPOINT_FAILS("worker.frame_received")) return;
    asg_worker_look_whether_still(worker);
    worker->has_received = true;
    enum asg_message_type type = ASG_MESSAGE_JOB;
    struct asg_arena arena = {0};
    enum asg_status status = asg_wire_message_type(data, length, &type);
    if (status == ASG_OK) status = receive(worker, type, data, length, &arena);
    asg_arena_clear(&arena);
    if (status == ASG_OK) return;
    worker->counts.bad_frames++;
    asg_log_warn_rate("worker", "frame_refused", "status=\"%s\" bytes=%zu, dropping it",
                      asg_status_text(status), length);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Pauses that are over and results to send again; returns the next of them. */
static int64_t tick_tasks(struct asg_worker *worker, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    for (struct asg_task *task = worker->tasks; task != NULL; task = task->next) {
        if (task->is_answered && task->resend_at_ms <= now_ms) asg_send_result(task);
        if (!task->is_answered && task->wake_at_ms <= now_ms) {
            task->wake_at_ms = INT64_MAX;
            task->wake(task);
        }
        next_ms =
            sooner(next_ms, task->is_answered ? task->resend_at_ms : task->wake_at_ms);
    }
    return next_ms;
}

int64_t asg_worker_tick(struct asg_worker *worker)
{
    free_all(&worker->done);
    if (!worker->has_received && worker->catching_up > 0) worker->catching_up--;
    worker->has_received = false;
    asg_worker_look_whether_still(worker);
    int64_t now_ms = asg_worker_now_ms(worker);
    if (!worker->is_welcome && now_ms >= worker->next_hello_ms) asg_send_hello(worker);
    if (worker->is_welcome && now_ms >= worker->next_heartbeat_ms) {
        asg_send_heartbeat(worker);
    }
    int64_t next_ms = tick_tasks(worker, now_ms);
    next_ms = sooner(next_ms, worker->is_welcome ? worker->next_heartbeat_ms
                                                 : worker->next_hello_ms);
    worker->next_turn_ms = sooner(next_ms, now_ms + TURN_MS);
    return worker->next_turn_ms;
}

void asg_worker_halt(struct asg_worker *worker, bool is_halted)
{
    if (worker->is_halted_here == is_halted) return;
    worker->is_halted_here = is_halted;
    asg_log_warn("worker", is_halted ? "halted" : "resumed",
                 is_halted ? "the halt file exists: nothing is changed in EC2"
                           : "the halt file is gone");
}

void asg_worker_stop(struct asg_worker *worker)
{
    if (worker->is_stopping) return;
    worker->is_stopping = true;
    struct asg_task **link = &worker->tasks;
    while (*link != NULL) {
        struct asg_task *task = *link;
        if (task->is_begun || task->is_answered) {
            link = &task->next;
            continue;
        }
        asg_send_hand_back(worker, &task->message, "this worker is stopping");
        *link = task->next;
        task->next = worker->done;
        worker->done = task;
        worker->task_count--;
    }
    asg_send_heartbeat(worker); /* no more credits */
}

bool asg_worker_is_idle(const struct asg_worker *worker)
{
    return worker->task_count == 0 && worker->inquiry_count == 0;
}

struct asg_worker_counts asg_worker_counts(const struct asg_worker *worker)
{
    struct asg_worker_counts counts = worker->counts;
    for (const struct asg_task *task = worker->tasks; task != NULL; task = task->next) {
        if (task->is_answered) {
            counts.unacknowledged++;
        } else {
            counts.running++;
        }
    }
    return counts;
}
