/* no_terminate_of_protected - an instance that was protected by a durable order before
 * ends by an order or with its group, and for no other reason. */
#include <string.h>

#include "sim/sim.h"

void law_no_terminate_of_protected(const struct asg_decision *decision)
{
    if (decision->kind != ASG_DECISION_TERMINATE || decision->instance_id[0] == '\0')
        return;
    bool is_ordered =
        decision->cause == ASG_CAUSE_ORDER || decision->cause == ASG_CAUSE_GROUP_DELETED;
    if (is_ordered) return;
    const struct sim_instance *instance = sim_find_instance(decision->instance_id);
    if (instance == NULL || !instance->is_protected) return;
    sim_break("no_terminate_of_protected", "%s is protected: %s", instance->id,
              decision->text);
}
