/* no_terminate_of_protected - scaling in never chooses an instance that was protected by
 * a durable order before. */
#include <string.h>

#include "sim/sim.h"

void law_no_terminate_of_protected(const struct asg_decision *decision)
{
    if (decision->kind != ASG_DECISION_TERMINATE || decision->instance_id[0] == '\0')
        return;
    if (strstr(decision->text, "selected for scale-in") == NULL) return;
    const struct sim_instance *instance = sim_find_instance(decision->instance_id);
    if (instance == NULL || !instance->is_protected) return;
    sim_break("no_terminate_of_protected", "%s is protected: %s", instance->id,
              decision->text);
}
