#include "controller/enrol_proof.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "controller/roster.h"
#include "crypto/crypto.h"

struct asg_proofs {
    struct asg_proofs_options options;
};

void asg_proofs_new(const struct asg_proofs_options *options, struct asg_proofs **ret)
{
    struct asg_proofs *proofs = asg_alloc(1, sizeof *proofs);
    proofs->options = *options;
    *ret = proofs;
}

void asg_proofs_destroy(struct asg_proofs **proofs)
{
    struct asg_proofs *p = *proofs;
    if (p == NULL) return;
    asg_secret_wipe(&p->options, sizeof p->options);
    free(p);
    *proofs = NULL;
}

static bool is_right_token(const struct asg_proofs *proofs,
                           const struct asg_rpc_enroll *enroll)
{
    char wanted[ASG_JOIN_TOKEN_SIZE];
    if (enroll->token.job_id == 0) {
        asg_instance_token(proofs->options.join_secret, enroll->instance_id, wanted);
    } else {
        asg_join_token(proofs->options.join_secret, enroll->token.incarnation,
                       enroll->token.job_id, enroll->token.attempt, wanted);
    }
    bool is_right = strlen(enroll->token.token) == sizeof wanted - 1 &&
                    asg_secret_equal(wanted, enroll->token.token, sizeof wanted - 1);
    asg_secret_wipe(wanted, sizeof wanted);
    return is_right;
}

static struct asg_proof_answer check_token(const struct asg_proofs *proofs,
                                           const struct asg_rpc_enroll *enroll)
{
    if (!is_right_token(proofs, enroll)) {
        return (struct asg_proof_answer){
            .verdict = ASG_PROOF_WRONG,
            .why = "the token is not one of this controller for that launch or instance: "
                   "it is of another cluster, or was changed; get a new join line with "
                   "`openasg instance join-line`"};
    }
    return (struct asg_proof_answer){.verdict = ASG_PROOF_HOLDS,
                                     .proof = ASG_PROOF_TOKEN,
                                     .job_id = enroll->token.job_id,
                                     .attempt = enroll->token.attempt,
                                     .incarnation = enroll->token.incarnation};
}

void asg_proofs_check(struct asg_proofs *proofs, const struct asg_rpc_enroll *enroll,
                      const char *tls_key, asg_proof_done *done, void *context)
{
    (void)tls_key;
    struct asg_proof_answer answer = {
        .verdict = ASG_PROOF_MISSING,
        .why = "these keys are not bound to that instance and no proof was given that "
               "this controller takes: the agent needs the token of its join line"};
    if (enroll->proof == ASG_RPC_PROOF_TOKEN) answer = check_token(proofs, enroll);
    done(context, &answer);
}
