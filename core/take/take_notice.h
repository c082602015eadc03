/* take_notice - what EC2 has announced of an instance: that it takes it back, that it
 * expects to, that it has scheduled something (docs/launch.md, Spot).
 *
 * A Spot interruption is a fact: the instance goes at once, drains while there is time,
 * and no interlock can keep it. A rebalance recommendation is a guess: a group that wants
 * it launches first and ends the instance when its replacement serves. */
#ifndef ASG_CORE_TAKE_TAKE_NOTICE_H
#define ASG_CORE_TAKE_TAKE_NOTICE_H

#include "core/world/world.h"

void asg_take_notice(struct asg_core *core, struct group *group,
                     struct instance *instance, const struct asg_health_sign *sign);

/* EC2's scheduled event; code "": there is none any more. */
void asg_take_scheduled_event(struct asg_core *core, struct group *group,
                              struct instance *instance, const char *code, int64_t at_ms);

#endif
