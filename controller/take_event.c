/* take_event - an event is put at the present time of the log and staged. */
#include <inttypes.h>

#include "base/log.h"
#include "controller/metrics.h"
#include "controller/parts.h"

int64_t asg_log_time_of(struct asg_controller *controller)
{
    bool jumped = false;
    int64_t wall_ms = asg_clock_wall_ms(&controller->clock);
    int64_t now_ms =
        asg_log_time_now(&controller->log_time, wall_ms,
                         asg_clock_monotonic_ms(&controller->clock), &jumped);
    if (jumped) {
        asg_log_error("clock", "clock_jump",
                      "the wall clock moved by %" PRId64
                      " s against the monotonic clock; continuing with the latter; the "
                      "new time is trusted if it lasts for %" PRId64 " s",
                      (wall_ms - now_ms) / 1000, ASG_CLOCK_STAND_MS / 1000);
    }
    return now_ms;
}

void asg_refuse_call(const struct asg_waiter *waiter, const char *code,
                     const char *message)
{
    if (waiter->kind != ASG_WAITER_CALL) return;
    const struct asg_effects effects = {
        .reply = {.is_set = true, .code = code, .message = message}};
    waiter->settled(waiter->call, &effects);
}

void asg_take_event(struct asg_controller *controller, struct asg_event *event,
                    struct asg_waiter waiter)
{
    event->time_ms = asg_log_time_of(controller);
    int64_t before_us = asg_clock_monotonic_us(&controller->clock);
    enum asg_status status = asg_commit_apply(controller->commit, event, waiter);
    asg_metric_observe_us(&asg_controller_metrics[ASG_COUNT_STEP_SECONDS],
                          asg_clock_monotonic_us(&controller->clock) - before_us);
    if (status == ASG_OK && event->kind == ASG_EVENT_METRICS) {
        asg_group_metrics_measured(controller->group_metrics, event->metrics,
                                   event->time_ms);
    }
    if (status == ASG_OK) return;
    asg_log_error_rate("commit", "event_refused", "%s event: %s, dropping it",
                       asg_enum_word(&asg_event_kind_words, (int)event->kind),
                       asg_status_text(status));
    if (waiter.kind == ASG_WAITER_ADMIN) {
        const struct asg_reply reply = {.is_set = true,
                                        .code = "ValidationError",
                                        .message =
                                            "the command has a text that is not UTF-8 "
                                            "or over its limit"};
        asg_send_reply(controller, &waiter, &reply);
    }
    asg_refuse_call(&waiter, "ValidationError",
                    "the command has a text that is not UTF-8 or over its limit");
}
