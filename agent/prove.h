/* prove - says to the controller that we run on the instance whose agent we are: with the
 * token of the join line, by the instance's role, or with its identity document.
 *
 * Flow:     join line, metadata -> [prove] -> call_enrol -> controller
 * Threads: no state. Blocks: on the metadata service, about a second a question.
 */
#ifndef ASG_AGENT_PROVE_H
#define ASG_AGENT_PROVE_H

#include <stdatomic.h>

#include "agent/identity.h"
#include "agent/settings.h"
#include "aws/caller_proof.h"
#include "rpc/enrolment_service.h"

struct asg_prove_options {
    const struct asg_identity *identity;
    const struct asg_agent_settings *settings;
    struct asg_caller_audience audience; /* the authority in any case of letters */
    uint32_t refusals; /* so far: with auto the next proof has its turn */
    struct asg_clock clock;
    const atomic_bool *is_stopping;
};

/* Put a proof into *ret; texts live in `arena` or belong to the identity. Retryable
 * statuses: the metadata service was not reached. Others: there is no such proof here;
 * `error` says why. */
ASG_MUST_USE enum asg_status asg_prove(const struct asg_prove_options *options,
                                       struct asg_arena *arena,
                                       struct asg_rpc_enroll *ret,
                                       struct asg_error *error);

#endif
