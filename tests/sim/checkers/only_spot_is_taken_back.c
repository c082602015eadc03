/* Law: only_spot_is_taken_back. An instance that is on demand is not ended for a notice
 * of Spot, whatever its agent says. */
#include "sim/sim.h"

void law_taken_back(const struct asg_decision *decision)
{
    bool is_notice = decision->cause == ASG_CAUSE_INTERRUPTION ||
                     decision->cause == ASG_CAUSE_REBALANCE;
    const struct sim_instance *instance =
        is_notice ? sim_find_instance(decision->instance_id) : NULL;
    if (instance == NULL || instance->is_spot) return;
    sim_break("only_spot_is_taken_back", "%s is on demand: %s", instance->id,
              decision->text);
}
