/* worker_state - what everybody asks of a worker: its time, whether it may change EC2,
 * whether it stood still, how much it may hold. */
#include "base/log.h"
#include "worker/task.h"

/* A turn that is late by so much is one of a worker that stood still: with the pause
 * between two of them well below the five minutes of core/limits/patience.c. */
#define STILL_MS 30000
/* It may be seen between two turns, with the frames of before still to be received. */
#define QUIET_TURNS 2

int64_t asg_worker_now_ms(const struct asg_worker *worker)
{
    return asg_clock_monotonic_ms(&worker->options.clock);
}

bool asg_worker_is_halted(const struct asg_worker *worker)
{
    return worker->is_halted || worker->is_halted_here;
}

void asg_worker_look_whether_still(struct asg_worker *worker)
{
    int64_t now_ms = asg_worker_now_ms(worker);
    if (worker->next_turn_ms == 0 || now_ms - worker->next_turn_ms <= STILL_MS) return;
    asg_log_warn(
        "worker", "stood_still",
        "late_ms=%lld jobs=%u: jobs in progress launch nothing more, waiting jobs "
        "are returned to the controller",
        (long long)(now_ms - worker->next_turn_ms), worker->task_count);
    worker->next_turn_ms = now_ms;
    worker->catching_up = QUIET_TURNS;
    for (struct asg_task *task = worker->tasks; task != NULL; task = task->next) {
        task->is_stale = !task->is_answered;
    }
}

uint32_t asg_breaker_capacity(const struct asg_worker *worker)
{
    if (worker->refusals == 0) return worker->options.capacity;
    return asg_worker_now_ms(worker) < worker->refused_until_ms ? 0 : 1;
}
