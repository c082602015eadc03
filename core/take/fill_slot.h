/* fill_slot - an instance that EC2 showed us takes its place. */
#ifndef ASG_CORE_TAKE_FILL_SLOT_H
#define ASG_CORE_TAKE_FILL_SLOT_H

#include "core/world/world.h"

void asg_take_fill_instance(struct asg_core *core, struct group *group,
                            struct instance *instance,
                            const struct asg_seen_instance *seen);

void asg_take_launch_slot(struct asg_core *core, struct group *group,
                          struct instance *slot, const struct asg_seen_instance *seen);

/* One that nobody remembered becomes its group's; who calls says why. */
struct instance *asg_take_adopt(struct asg_core *core, struct group *group,
                                const struct asg_seen_instance *seen);

#endif
