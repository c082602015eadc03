/* enrol_proof - is it true that the caller runs on that instance?
 *
 * Flow:     enrol_agent -> [proof] -> enrol_agent
 * A token of the launch, or of `openasg instance join-line`, and an identity document
 * (prove_document.h) are checked at once; a proof by STS is asked for (prove_sts.h), and
 * `done` comes later, from another thread. Which are taken is a setting.
 * A proof says nothing of what is bound already, nor of addresses: that is for those who
 * know the instance.
 * Threads: any.
 */
#ifndef ASG_CONTROLLER_ENROL_PROOF_H
#define ASG_CONTROLLER_ENROL_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/endpoint.h"
#include "base/clock.h"
#include "controller/proof_answer.h"
#include "controller/settings.h"
#include "crypto/signed_document.h"
#include "rpc/enrolment_service.h"

struct asg_proofs;

/* Which are taken, and with what they are checked. */
struct asg_proof_rules {
    bool takes[ASG_PROOF_COUNT];
    const char *const *accounts; /* this and those below: lent */
    size_t account_count;
    const char *const *roles;
    size_t role_count;
    const char *own_account; /* what `accounts` points at when none are set */
    bool has_sts_endpoint;
    struct asg_endpoint sts_endpoint;
    const char *sts_ca;
    struct asg_document_certificates *documents; /* NULL: not taken */
};

/* What the settings say; certificates are read. `ret` stays where it is until cleared.
 * ASG_ERR_INVALID and those of asg_document_certificates_load(): `error` names the
 * setting. */
ASG_MUST_USE enum asg_status asg_proof_rules_read(
    const struct asg_controller_settings *settings, struct asg_proof_rules *ret,
    struct asg_error *error);
void asg_proof_rules_clear(struct asg_proof_rules *rules);

struct asg_proofs_options {
    uint8_t join_secret[32];             /* tokens are made from it */
    const struct asg_proof_rules *rules; /* lent; NULL: tokens alone */
    const char *authorities_pem;         /* lent; with rules */
    struct asg_clock clock;              /* with rules */
};

void asg_proofs_new(const struct asg_proofs_options *options, struct asg_proofs **ret);
/* Ends what is under way, and answers UNKNOWN from now on what would have to be asked. */
void asg_proofs_close(struct asg_proofs *proofs);
/* When nobody calls any more; closes. */
void asg_proofs_destroy(struct asg_proofs **proofs);

/* Check the proof in `enroll` for enroll->instance_id and the two keys (`tls_key` is the
 * hash of the request's). What it needs later is copied. `done` is called once, perhaps
 * before this returns. */
void asg_proofs_check(struct asg_proofs *proofs, const struct asg_rpc_enroll *enroll,
                      const char *tls_key, asg_proof_done *done, void *context);

#endif
