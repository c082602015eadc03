/* counts - how many of a group's instances are what. They are kept, not counted: each
 * change of what they follow from goes through here. */
#ifndef ASG_CORE_WORLD_COUNTS_H
#define ASG_CORE_WORLD_COUNTS_H

#include "core/world/world.h"

uint32_t asg_count_capacity(const struct group *group);

uint32_t asg_count_alive(const struct group *group);

/* What max bounds: its capacity, and what is on its way out and alive. Who stands by, or
 * is being let go, does not count. */
uint32_t asg_count_against_max(const struct group *group);

uint32_t asg_count_launching(const struct group *group);

/* In service by what we know, and ended by EC2. */
uint32_t asg_count_lost(const struct group *group);

/* For something that has its time: a drain, or hooks. */
uint32_t asg_count_waiting(const struct group *group);

/* EC2 has said that it takes them back, and they are not on their way out yet. */
uint32_t asg_count_taken_back(const struct group *group);

/* They keep their places while our tags are put on them. */
uint32_t asg_count_attaching(const struct group *group);

/* On their way out and alive in EC2. */
uint32_t asg_count_ending(const struct group *group);

/* Of these, by whose allowance: of a policy's scale-in, as far as they may have been
 * working, and of health or of what EC2 may take back. What an order ends, or
 * has called unhealthy, is in neither. */
uint32_t asg_count_ending_surplus(const struct group *group);

uint32_t asg_count_ending_broken(const struct group *group);

/* In service and healthy. */
uint32_t asg_count_serving(const struct group *group);

/* Settled as unhealthy, and to be replaced. */
uint32_t asg_count_unhealthy(const struct group *group);

/* Nobody is over, nor on its way out with EC2's word that it is. */
bool asg_count_is_all_alive(const struct group *group);

/* In service, healthy, and launched since the group's churn_ms. */
uint32_t asg_count_survivors(struct group *group);

/* For lifecycle.c alone: a step that writes more states than it used rows aborts. */
void asg_count_set_state(struct asg_core *core, struct group *group,
                         struct instance *instance, enum asg_instance_state state);

void asg_count_set_ec2_state(struct group *group, struct instance *instance,
                             enum asg_ec2_state ec2_state);

/* `was_working`, or may have been: a policy's scale-in of it is paced. */
void asg_count_set_end(struct group *group, struct instance *instance,
                       enum asg_end_cause cause, bool was_working);

void asg_count_set_taken_back(struct group *group, struct instance *instance,
                              int64_t at_ms);

void asg_count_set_unhealthy(struct group *group, struct instance *instance,
                             bool is_unhealthy);

void asg_count_set_churn_ms(struct group *group, int64_t churn_ms);

/* One that has just been added, or loaded. */
void asg_count_new(struct group *group, const struct instance *instance);

/* By a walk, for core/check.h: they are what they should be. */
bool asg_count_is_right(const struct group *group);

#endif
