/* enrol_proof - is it true that the caller runs on that instance?
 *
 * Flow:     enrol_agent -> [proof] -> enrol_agent
 * A token of the launch, or of `openasg instance join-line`, is checked at once. The seam
 * is asynchronous for proofs that ask somebody: `done` may come later, from any thread.
 * A proof says nothing of what is bound already, nor of addresses: that is for those who
 * know the instance.
 * Threads: any.
 */
#ifndef ASG_CONTROLLER_ENROL_PROOF_H
#define ASG_CONTROLLER_ENROL_PROOF_H

#include <stdint.h>

#include "model/event.h"
#include "rpc/enrolment_service.h"

struct asg_proofs;

struct asg_proofs_options {
    uint8_t join_secret[32]; /* tokens are made from it */
};

enum asg_proof_verdict {
    ASG_PROOF_HOLDS,
    ASG_PROOF_WRONG,
    ASG_PROOF_MISSING, /* there is none, or one that this controller does not take */
    ASG_PROOF_UNKNOWN  /* could not be found out now: try again */
};

/* HOLDS: `proof`, and of a launch's token the launch, go into the event. */
struct asg_proof_answer {
    enum asg_proof_verdict verdict;
    enum asg_proof proof;
    uint64_t job_id; /* 0: of join-line, or no token */
    uint32_t attempt;
    uint64_t incarnation;
    const char *why; /* for the agent's log, unless it holds; tells nothing secret */
};

void asg_proofs_new(const struct asg_proofs_options *options, struct asg_proofs **ret);
/* Ends what is under way: each is answered UNKNOWN before this returns. */
void asg_proofs_destroy(struct asg_proofs **proofs);

typedef void asg_proof_done(void *context, const struct asg_proof_answer *answer);

/* Check the proof in `enroll` for enroll->instance_id and the two keys (`tls_key` is the
 * hash of the request's). What it needs later is copied. `done` is called once, perhaps
 * before this returns. */
void asg_proofs_check(struct asg_proofs *proofs, const struct asg_rpc_enroll *enroll,
                      const char *tls_key, asg_proof_done *done, void *context);

#endif
