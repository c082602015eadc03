/* drained_before_terminated - where a group drains, an instance that serves and is heard
 * is asked to before the job that terminates it is planned, which waits until it has
 * drained or its time for that is over. */
#include "sim/sim.h"

#define LAW "drained_before_terminated"

/* Of these causes its agent is there and can be asked. */
static bool can_be_asked(enum asg_cause cause)
{
    return cause == ASG_CAUSE_SCALE_IN || cause == ASG_CAUSE_ORDER ||
           cause == ASG_CAUSE_GROUP_DELETED || cause == ASG_CAUSE_MARKED ||
           cause == ASG_CAUSE_SCHEDULED_EVENT || cause == ASG_CAUSE_REBALANCE;
}

void law_drained_first(const struct asg_job *plan, int64_t time_ms)
{
    if (plan->kind != ASG_JOB_TERMINATE || sim.features.drain_ms == 0) return;
    for (size_t i = 0; i < plan->terminate->instance_ids.count; i++) {
        const char *id = plan->terminate->instance_ids.items[i];
        const struct sim_instance *instance = sim_find_instance(id);
        if (instance == NULL || !instance->is_over || !instance->was_serving) continue;
        if (instance->drain_from_ms == 0) {
            if (!can_be_asked(instance->end_cause) || !instance->is_heard ||
                instance->is_silent) {
                continue;
            }
            sim_break(LAW, "job %s terminates %s, which was not asked to drain",
                      plan->name, id);
            return;
        }
        int64_t over_ms = instance->drain_from_ms + instance->drain_limit_ms;
        if (instance->is_drained || time_ms >= over_ms) continue;
        sim_break(LAW, "job %s terminates %s, which drains for %lld ms more", plan->name,
                  id, (long long)(over_ms - time_ms));
        return;
    }
}
