/* slots - places of a launch that wait for their instances. */
#ifndef ASG_CORE_FACTS_SLOTS_H
#define ASG_CORE_FACTS_SLOTS_H

#include "core/facts/world.h"

/* Slots of the job that wait for their instances. */
void add_slots(struct asg_core *core, struct group *group, const struct job *job);

/* A slot of the job that EC2 has not filled, of that market if there is one; NULL. */
struct instance *find_slot(struct group *group, uint64_t job_id, bool is_spot);

/* Its slots that EC2 has not filled are wanted no more. */
void free_slots(struct asg_core *core, struct group *group, uint64_t job_id);

#endif
