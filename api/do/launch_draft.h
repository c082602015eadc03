/* launch_draft - a launch configuration on its way to an order: from the API's members,
 * or from an instance that EC2 was asked about.
 *
 * What RunInstances is asked for stands in the parameters; what is shown is kept as the
 * client wrote it, with AWS's defaults beside, the user data left out.
 * Threads: as the call. Memory: the call's arena.
 */
#ifndef ASG_API_DO_LAUNCH_DRAFT_H
#define ASG_API_DO_LAUNCH_DRAFT_H

#include "api/call.h"
#include "api/kept.h"

struct launch_draft {
    struct asg_launch_configuration configuration;
    struct asg_kept_list kept;
    size_t parameter_capacity;
};

/* Begin one of that name. */
struct launch_draft *launch_draft_begin(struct asg_api_call *call, const char *name);

/* The members of CreateLaunchConfiguration. False: the call is ended with a refusal. */
bool launch_draft_take(struct asg_api_call *call, struct launch_draft *draft);

/* What an instance is made like, where the draft does not say it already. */
void launch_draft_like(struct asg_api_call *call, struct launch_draft *draft,
                       const struct asg_told_instance *instance);

/* Give the order. NULL `done`: its answer is empty. */
void launch_draft_order(struct asg_api_call *call, struct launch_draft *draft,
                        asg_api_done *done);

#endif
