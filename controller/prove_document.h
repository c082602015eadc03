/* prove_document - an enrolment's proof by the instance's identity document: signed by
 * AWS for its Region, of this instance, in one of our accounts.
 *
 * The document has no audience, no nonce and no end, and every process on the instance
 * can read it: it says that somebody was there once, after the instance started. That the
 * first keys win, that the private address must be EC2's, and the alarm for a second pair
 * are what makes it a proof.
 * Threads: any. Blocks: never.
 */
#ifndef ASG_CONTROLLER_PROVE_DOCUMENT_H
#define ASG_CONTROLLER_PROVE_DOCUMENT_H

#include <stddef.h>

#include "aws/identity_document.h"
#include "controller/proof_answer.h"
#include "crypto/signed_document.h"
#include "rpc/enrolment_service.h"

struct asg_prove_document_options {
    const struct asg_document_certificates *certificates;
    const char *const *accounts;
    size_t account_count;
    int64_t now_ms;
};

/* HOLDS: *ret_document is what AWS signed. Otherwise ret->why is in `error`. */
void asg_prove_document(const struct asg_prove_document_options *options,
                        const struct asg_rpc_enroll *enroll,
                        struct asg_identity_document *ret_document,
                        struct asg_proof_answer *ret, struct asg_error *error);

#endif
