/* proof_answer - what the check of a proof says, whichever proof it is. */
#ifndef ASG_CONTROLLER_PROOF_ANSWER_H
#define ASG_CONTROLLER_PROOF_ANSWER_H

#include <stdint.h>

#include "model/enums.h"

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
    const char *address; /* that the proof says the instance has; NULL: it says none */
    const char *why;     /* for the agent's log, unless it holds; tells nothing secret */
};

typedef void asg_proof_done(void *context, const struct asg_proof_answer *answer);

#endif
