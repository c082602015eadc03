/* never_above_max - EC2 never has more living instances of a group than its max, nor than
 * a max it had while a launch that still works through was decided. What somebody else
 * started does not count: nobody could know it in time. */
#include "sim/sim.h"

void law_never_above_max(const struct sim_instance *instance)
{
    const struct sim_group *group = instance->group;
    if (group == NULL) return;
    uint32_t most = group->max;
    bool was_lowered = sim.now_us - group->max_changed_us <= 13 * SIM_HOUR;
    if (was_lowered && group->older_max > most) most = group->older_max;
    uint32_t ours = group->alive - group->strays;
    for (size_t i = sim.first_alive; sim_is_restored() && i < sim.instance_count; i++) {
        const struct sim_instance *other = sim.instances[i];
        bool is_lost = other->is_lost && other->is_alive && !other->is_stray;
        if (is_lost && other->group == group) ours--;
    }
    /* What stands by has no place in max; what is attached was not launched for it. */
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *other = sim.instances[i];
        bool is_moved = other->is_alive && !other->is_stray &&
                        (other->stands_by || other->is_attached);
        if (is_moved && other->group == group) ours--;
    }
    if (ours <= most) return;
    sim_break("never_above_max", "%s: %s makes %u living instances, max is %u",
              group->name, instance->id, ours, most);
}
