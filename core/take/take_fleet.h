/* take_fleet - what a fleet did not get: which pools are dry, and when to ask again. */
#ifndef ASG_CORE_TAKE_TAKE_FLEET_H
#define ASG_CORE_TAKE_TAKE_FLEET_H

#include "core/world/world.h"

/* Something was launched: the pools that came short are dry, the rest is planned anew. */
void asg_take_part_of_fleet(struct asg_core *core, struct group *group,
                            const struct job *job, const struct asg_result *result);

/* Nothing was launched: its pools are dry, and others are tried by a new job. */
void asg_take_empty_fleet(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_result *result);

#endif
