/* applies_are_whole - an order of several groups is done as a whole, each part of it in a
 * decision of its own, or it is refused and nothing of it is done. */
#include <string.h>

#include "sim/sim.h"

static size_t count_parts(const struct asg_apply *apply)
{
    size_t count = 0;
    for (size_t i = 0; i < apply->group_count; i++) {
        const struct asg_apply_group *group = &apply->groups[i];
        count += (group->config != NULL ? 1 : 0) + group->policy_count +
                 group->schedule_count + group->gone_policies.count +
                 group->gone_schedules.count;
    }
    return count;
}

void law_applies_are_whole(const struct asg_command *command,
                           const struct asg_effects *effects)
{
    if (command->kind != ASG_COMMAND_APPLY || command->apply == NULL) return;
    size_t done = 0;
    for (size_t i = 0; i < effects->decision_count; i++) {
        const struct asg_decision *decision = &effects->decisions[i];
        done += decision->kind == ASG_DECISION_COMMAND &&
                strstr(decision->text, command->actor) != NULL;
    }
    size_t meant = effects->reply.is_ok ? count_parts(command->apply) : 0;
    if (done == meant) return;
    sim_break("applies_are_whole", "%zu parts of an apply are done, %zu were to be: %s",
              done, meant, effects->reply.message);
}
