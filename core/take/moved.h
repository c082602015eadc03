/* moved - what the orders have in common that move named instances in and out of a
 * group's capacity: whom they name, whether there is room, and what desired becomes. */
#ifndef ASG_CORE_TAKE_MOVED_H
#define ASG_CORE_TAKE_MOVED_H

#include "core/world/world.h"

/* 1 to ASG_MOVED_INSTANCES_MAX ids, each once; else the order is refused. */
bool asg_moved_are_named(struct asg_core *core, const struct asg_command *command);

/* The instances that the order names, of that group, in the step's memory. NULL, and the
 * order is refused, when one is no member of the group. */
struct instance **asg_moved_find(struct asg_core *core, const struct group *group,
                                 const struct asg_command *command);

/* Desired, fewer by `count`, would be below min; or more by it, above max: the order is
 * refused in AWS's words, which end in what it was to do ("place into standby"). */
bool asg_moved_is_below_min(struct asg_core *core, const struct group *group,
                            size_t count, const char *what);
bool asg_moved_is_above_max(struct asg_core *core, const struct group *group,
                            size_t count, const char *what);

/* So many leave with their places, or bring them. */
void asg_moved_lower(struct asg_core *core, struct group *group, size_t count);
void asg_moved_raise(struct asg_core *core, struct group *group, size_t count);

/* Launch is suspended: nothing comes into the group; the order is refused. */
bool asg_moved_is_barred(struct asg_core *core, const struct group *group,
                         const char *what);

#endif
