/* slots - places of a launch that wait for their instances. */
#ifndef ASG_CORE_LIFECYCLE_SLOTS_H
#define ASG_CORE_LIFECYCLE_SLOTS_H

#include "core/world/world.h"

/* Slots of the job that wait for their instances. */
void asg_slot_add(struct asg_core *core, struct group *group, struct job *job);

/* One after the other, those that EC2 has not filled, in the order of their numbers;
 * NULL: no more. *at begins at 0. */
struct instance *asg_slot_next(const struct group *group, const struct job *job,
                               size_t *at);

/* A slot of the job that EC2 has not filled, of that market if there is one; NULL. */
struct instance *asg_slot_find(const struct group *group, const struct job *job,
                               bool is_spot);

/* Its slots that EC2 has not filled are over. Their activities end as FAILED or
 * CANCELLED; IN_PROGRESS: these launches are made again, and go on with the group's next
 * slots. `message` says why; "": nothing is to be said. */
void asg_slot_free(struct asg_core *core, struct group *group, const struct job *job,
                   enum asg_activity_status status, const char *message);

/* What is known of the activities of its slots: where they stand, and why. */
void asg_slot_tell(struct asg_core *core, struct group *group, const struct job *job,
                   enum asg_activity_status status, const char *message);

#endif
