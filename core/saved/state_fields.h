/* state_fields - every saved field of the state, once, for saving and loading alike: one
 * function for each struct. A new field stands where it belongs, behind
 * asg_fields_since(f, n), n being the form that has it first (saved_state.c):
 *
 *     if (asg_fields_since(f, 2)) asg_fields_u32(f, &group->new_count);
 *
 * In older forms it keeps what a new struct has: zero, unless the function that loads
 * the struct says otherwise. docs/log-format.md, "Adding a form of the state". */
#ifndef ASG_CORE_SAVED_STATE_FIELDS_H
#define ASG_CORE_SAVED_STATE_FIELDS_H

#include "core/world/world.h"

struct asg_fields;

void asg_state_fields(struct asg_fields *fields, struct asg_core *core);

/* Its parts, in this order: what belongs to no group and is no job; each group with its
 * instances behind it; each job. */
void asg_state_head_fields(struct asg_fields *fields, struct asg_core *core);
void asg_state_group_fields(struct asg_fields *fields, struct asg_core *core,
                            struct group *group);
void asg_state_instance_fields(struct asg_fields *fields, struct asg_core *core,
                               struct instance *instance);
void asg_state_job_fields(struct asg_fields *fields, struct job *job);

#endif
