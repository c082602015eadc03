/* an_old_log_hurts_nobody - a controller that leads with an old copy of its log ends
 * nothing that the lost part launched before somebody orders it, and no job of it has the
 * client token of a job that was lost: EC2 would hand back the old one's instances. */
#include <string.h>

#include "sim/sim.h"

#define LAW "an_old_log_hurts_nobody"

void law_old_log_plan(const struct asg_job *plan)
{
    if (plan->kind != ASG_JOB_TERMINATE || !sim_is_restored()) return;
    for (size_t i = 0; i < plan->terminate->instance_ids.count; i++) {
        const char *id = plan->terminate->instance_ids.items[i];
        const struct sim_instance *instance = sim_find_instance(id);
        if (instance == NULL || !instance->is_lost || !instance->is_alive) continue;
        sim_break(LAW,
                  "job %llu ends %s, which the log that was lost launched, and nobody "
                  "ordered it",
                  (unsigned long long)plan->id, id);
    }
}

void law_old_log_token(const struct asg_job *plan, const struct sim_job *old)
{
    if (!asg_job_is_launch(plan->kind) || !asg_job_is_launch(old->kind)) return;
    if (strcmp(plan->client_token, old->token) != 0) return;
    sim_break(LAW, "job %llu attempt %u has the token %s of a job that was lost",
              (unsigned long long)plan->id, plan->attempt, old->token);
}
