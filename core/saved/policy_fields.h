/* policy_fields - the saved fields of what a policy remembers. */
#ifndef ASG_CORE_SAVED_POLICY_FIELDS_H
#define ASG_CORE_SAVED_POLICY_FIELDS_H

#include "core/saved/fields.h"
#include "core/world/policy_state.h"

void asg_policy_state_fields(struct asg_fields *fields, struct asg_policy_state *state);

#endif
