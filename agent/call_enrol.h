/* call_enrol - asks the controllers of the join line, one after the other, to enrol this
 * agent: openasg.agent.v1.Enrolment/Enroll over TLS (lib/rpc/enrolment_service.h).
 *
 * Each asking has a thread of its own that ends with it: names are looked up, which
 * blocks, the metadata may be asked for a proof, and an agent that is enrolled pays for
 * nothing. The token is sent to nobody who has not shown the authority of the join line
 * or, once a controller of ours told us whom to trust, one of those. Threads: one owner,
 * which the waker wakes when the answer is there.
 */
#ifndef ASG_AGENT_CALL_ENROL_H
#define ASG_AGENT_CALL_ENROL_H

#include "agent/enrol.h"
#include "agent/identity.h"
#include "agent/membership.h"

#define ASG_CALL_ENROL_MS 10000 /* for each address asked */

struct asg_enrol_call;

struct asg_enrol_call_options {
    const struct asg_identity *identity;       /* lent for good */
    const struct asg_agent_settings *settings; /* lent for good */
    const struct asg_membership *membership;   /* lent for the call */
    bool needs_proof;
    uint32_t refusals;  /* by the controller, so far */
    uint32_t grpc_port; /* where we answer probes; 0: not known yet, reports say it */
    uint32_t interval_ms;
    struct asg_bus_waker *waker; /* lent for good */
};

struct asg_enrol_answer {
    enum asg_enrol_outcome outcome;
    char words[ASG_ERROR_TEXT_MAX]; /* what happened and where; not for DONE */
    /* DONE only. */
    struct asg_enrolled enrolled;
    int64_t renew_in_ms;
    int64_t clock_ahead_ms; /* of ours, before the controller's */
};

/* Begin. ASG_ERR_LIMIT: no thread. */
ASG_MUST_USE enum asg_status asg_enrol_call_new(
    const struct asg_enrol_call_options *options, struct asg_enrol_call **ret,
    struct asg_error *error);
/* Hangs up; blocks while a name is looked up. NULL is fine. */
void asg_enrol_call_destroy(struct asg_enrol_call **call);

/* The answer, once: the caller owns ret->enrolled. False: not there yet. */
bool asg_enrol_call_take(struct asg_enrol_call *call, struct asg_enrol_answer *ret);

#endif
