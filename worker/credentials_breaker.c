/* credentials_breaker - a worker whose credentials AWS refuses leaves the jobs to others
 * (docs/rules.md, "EC2's error codes"): no credits for a pause that doubles, then one job
 * to try with. The refresher goes on asking for a new set meanwhile. */
#include "base/log.h"
#include "worker/task.h"

#define PAUSE_MS     INT64_C(5000)
#define PAUSE_MS_MAX INT64_C(60000)

static void refuse(struct asg_worker *worker, const char *code, const char *message)
{
    int64_t pause_ms =
        worker->options.refused_ms > 0 ? worker->options.refused_ms : PAUSE_MS;
    for (uint32_t i = 0; i < worker->refusals && pause_ms < PAUSE_MS_MAX; i++) {
        pause_ms *= 2;
    }
    if (pause_ms > PAUSE_MS_MAX) pause_ms = PAUSE_MS_MAX;
    /* Jobs that were under way together are one refusal. */
    if (asg_breaker_capacity(worker) == 0) return;
    worker->refusals++;
    worker->refused_until_ms = asg_worker_now_ms(worker) + pause_ms;
    asg_log_error("worker", "credentials_refused",
                  "code=%s message=\"%s\", leaving jobs to other workers for %lld ms",
                  code, message, (long long)pause_ms);
}

void asg_breaker_note(struct asg_task *task)
{
    struct asg_worker *worker = task->worker;
    const struct asg_result *result = &task->result;
    bool was_refused = worker->refusals > 0;
    if (result->outcome == ASG_OUTCOME_CREDENTIALS) {
        refuse(worker, result->error_code, result->message);
    } else if (was_refused && result->http_status >= 200 && result->http_status < 500) {
        worker->refusals = 0;
        asg_log_info("worker", "credentials_accepted", "taking jobs again");
    }
    /* After the result, so that the controller does not give its place away. */
    if (was_refused || worker->refusals > 0) asg_send_heartbeat(worker);
}
