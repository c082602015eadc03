#include "controller/enrol_proof.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "controller/roster.h"
#include "crypto/crypto.h"

struct asg_prover {
    struct asg_prover_options options;
};

void asg_prover_new(const struct asg_prover_options *options, struct asg_prover **ret)
{
    struct asg_prover *prover = asg_alloc(1, sizeof *prover);
    prover->options = *options;
    *ret = prover;
}

void asg_prover_destroy(struct asg_prover **prover)
{
    struct asg_prover *p = *prover;
    if (p == NULL) return;
    asg_secret_wipe(&p->options, sizeof p->options);
    free(p);
    *prover = NULL;
}

static bool is_right_token(const struct asg_prover *prover,
                           const struct asg_rpc_enroll *enroll)
{
    char wanted[ASG_JOIN_TOKEN_SIZE];
    if (enroll->token.job_id == 0) {
        asg_instance_token(prover->options.join_secret, enroll->instance_id, wanted);
    } else {
        asg_join_token(prover->options.join_secret, enroll->token.incarnation,
                       enroll->token.job_id, enroll->token.attempt, wanted);
    }
    bool is_right = strlen(enroll->token.token) == sizeof wanted - 1 &&
                    asg_secret_equal(wanted, enroll->token.token, sizeof wanted - 1);
    asg_secret_wipe(wanted, sizeof wanted);
    return is_right;
}

static struct asg_proof_answer check_token(const struct asg_prover *prover,
                                           const struct asg_rpc_enroll *enroll)
{
    if (!is_right_token(prover, enroll)) {
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

void asg_prover_check(struct asg_prover *prover, const struct asg_rpc_enroll *enroll,
                      const char *tls_key, asg_proof_done *done, void *context)
{
    (void)tls_key;
    struct asg_proof_answer answer = {
        .verdict = ASG_PROOF_MISSING,
        .why = "these keys are not bound to that instance and no proof was given that "
               "this controller takes: the agent needs the token of its join line"};
    if (enroll->proof == ASG_RPC_PROOF_TOKEN) answer = check_token(prover, enroll);
    done(context, &answer);
}
