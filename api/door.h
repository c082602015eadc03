/* door - what the files of the door share: nothing outside api/ includes it. */
#ifndef ASG_API_DOOR_H
#define ASG_API_DOOR_H

#include "api/call.h"
#include "api/gate.h"

const struct asg_api_options *asg_api_options_of(const struct asg_api *api);

/* NULL: it asks nobody. */
struct asg_gate *asg_api_gate_of(const struct asg_api *api);

/* It is answered later, by who takes it on. Only within the handler; again is fine. */
void asg_api_defer(struct asg_api_call *call);

/* Its answer is whole: it waits until the group is settled; then it is sent. */
void asg_api_hold(struct asg_api *api, struct asg_api_call *call, const char *group);
/* An answer that is whole goes out. */
void asg_api_send(struct asg_api_call *call);

/* The service's actions, by name. NULL: there is none of that name. */
const struct asg_api_action *asg_api_find_action(const char *name);
/* All of them. */
const struct asg_api_action *asg_api_actions(size_t *ret_count);

#endif
