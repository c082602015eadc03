/* standing - what one instance counts as. */
#ifndef ASG_CORE_WORLD_STANDING_H
#define ASG_CORE_WORLD_STANDING_H

#include "core/world/instance.h"

/* Wanted and not on its way out. */
bool asg_instance_counts(const struct instance *instance);

/* It ran in EC2 while nobody watched it: adopted, or launched before an absence. It is
 * not in service for us and may well be at work, so it ends within the limits only. */
bool asg_instance_may_be_working(const struct instance *instance);

/* EC2 may have it running, or will. */
bool asg_instance_is_alive(const struct instance *instance);

/* Asked for, or not in service yet. */
bool asg_instance_is_launching(const struct instance *instance);

/* On its way out, and EC2 does not say that it is over. */
bool asg_instance_is_ending(const struct instance *instance);

/* On its way out, whatever EC2 says. */
bool asg_instance_is_on_its_way_out(const struct instance *instance);

/* Asked for, and EC2 has given it no id yet. */
bool asg_instance_is_slot(const struct instance *instance);

/* Our tags are being put on it, or taken off. */
bool asg_instance_is_untagged(const struct instance *instance);

/* It keeps a place in the group, and is none of ours before its tags are on it. */
bool asg_instance_is_attaching(const struct instance *instance);

/* In the group, alive, and not part of its capacity: in standby, or being detached. */
bool asg_instance_is_aside(const struct instance *instance);

/* Launched or attached, and not in service yet. */
bool asg_instance_is_arriving(const struct instance *instance);

bool asg_instance_is_serving(const struct instance *instance);

/* Its health decides whether it is replaced. */
bool asg_instance_is_judged(const struct instance *instance);

/* For something that has its time: a drain, or hooks. */
bool asg_instance_is_waiting(const struct instance *instance);

/* Nothing more will come of it. */
bool asg_instance_is_finished(const struct instance *instance);

/* Something of it is about to change: EC2 is asked often. */
bool asg_instance_is_changing(const struct instance *instance);

bool asg_ec2_is_over(enum asg_ec2_state ec2_state);

bool asg_instance_is_warm(const struct instance *instance, int64_t now_ms);

#endif
