/* judge_health - who is unhealthy, and who only seems so (docs/rules.md, "Health",
 * "Interlocks").
 *
 * Absence of evidence never terminates: it takes two signs (the agent is silent and its
 * probe failed), or EC2's own word, or an operator's. A probe that its host answers (by
 * refusing it) is such a sign at once; one that nothing answers only while other agents
 * of the group report, and not when many of the fleet are out of reach. When many fall
 * silent together, or all of a group are out of reach, it is a partition: nobody is
 * judged by silence until that is over. */
#ifndef ASG_CORE_JUDGE_JUDGE_HEALTH_H
#define ASG_CORE_JUDGE_JUDGE_HEALTH_H

#include "core/world/world.h"

void asg_judge_group(struct asg_core *core, struct group *group);

#endif
