/* wanted_capacity - how many a group wants now (docs/rules.md, "EC2's notices"). */
#ifndef ASG_CORE_WANT_WANTED_CAPACITY_H
#define ASG_CORE_WANT_WANTED_CAPACITY_H

#include "core/world/world.h"

/* At risk, and its group asks to replace such before EC2 takes them. */
bool asg_want_leaves_early(const struct group *group, const struct instance *instance);

/* Desired, and one more for each that is at risk as far as max allows. */
uint32_t asg_want_capacity(const struct group *group);

#endif
