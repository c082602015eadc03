/* prove_sts - an enrolment's proof by STS: the agent's signed GetCallerIdentity is
 * checked and sent, and what STS answers is compared.
 *
 * Sent by a few threads of its own, made when they are first needed: the controller needs
 * no credentials for it, a worker's would be of no use, and a job through a worker would
 * put a stranger's request into the queue of launches. What waits is bounded, one for an
 * instance, and so is the time of each; nothing here holds up the loop or reports.
 * Threads: any; `done` is called from one of its own, or the caller's.
 */
#ifndef ASG_CONTROLLER_PROVE_STS_H
#define ASG_CONTROLLER_PROVE_STS_H

#include <stddef.h>

#include "aws/endpoint.h"
#include "base/clock.h"
#include "controller/proof_answer.h"
#include "rpc/enrolment_service.h"

#define ASG_PROVE_STS_THREADS 4
#define ASG_PROVE_STS_WAITING 256
#define ASG_PROVE_STS_WAIT_MS 8000 /* an agent waits for ten seconds */

struct asg_sts_prover;

struct asg_sts_prover_options {
    const struct asg_endpoint *endpoint; /* NULL: STS of any Region; copied */
    const char *ca_file;         /* "": the system's; this and those below: lent */
    const char *authorities_pem; /* trusted ones of this cluster */
    const char *const *accounts;
    size_t account_count;
    const char *const *roles; /* none: every role */
    size_t role_count;
    struct asg_clock clock;
};

void asg_sts_prover_new(const struct asg_sts_prover_options *options,
                        struct asg_sts_prover **ret);
/* What waits or is under way is answered UNKNOWN before this returns, and so is what
 * comes later. */
void asg_sts_prover_close(struct asg_sts_prover *prover);
/* When nobody calls any more; closes. */
void asg_sts_prover_destroy(struct asg_sts_prover **prover);

/* As asg_proofs_check(). */
void asg_sts_prover_check(struct asg_sts_prover *prover,
                          const struct asg_rpc_enroll *enroll, const char *tls_key,
                          asg_proof_done *done, void *context);

#endif
