/* no_orphan_when_quiet - every living instance in EC2 is one the controller knows as
 * such, and every one it believes in is there. */
#include "sim/sim.h"

const char *law_no_orphan(void)
{
    static char text[120];
    if (our->controller == NULL || our->controller->commit == NULL) {
        return "nobody leads";
    }
    const struct asg_core *core = asg_commit_core(our->controller->commit);
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        struct asg_belief belief;
        if (!instance->is_alive || instance->cluster != our) continue;
        if (instance->is_foreign || instance->is_detached) continue;
        if (asg_core_find_instance(core, instance->id, &belief)) continue;
        (void)snprintf(text, sizeof text, "%s lives and nobody knows it", instance->id);
        return text;
    }
    return NULL;
}
