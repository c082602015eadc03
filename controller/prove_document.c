#include "controller/prove_document.h"

#include <string.h>

#define AHEAD_MS (INT64_C(15) * 60 * 1000) /* EC2's clock before ours */

/* EC2 is younger than no instance. */
#define EPOCH_MS INT64_C(1156464000000)

static bool is_of_account(const struct asg_prove_document_options *options,
                          const char *account)
{
    for (size_t i = 0; i < options->account_count; i++) {
        if (strcmp(options->accounts[i], account) == 0) return true;
    }
    return false;
}

static enum asg_status check(const struct asg_prove_document_options *options,
                             const struct asg_rpc_enroll *enroll,
                             struct asg_identity_document *document,
                             struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes content = {0};
    size_t signer = 0;
    enum asg_status status =
        asg_document_check(options->certificates, enroll->document.signature,
                           enroll->document.document, &content, &signer, error);
    if (status != ASG_OK) return status;
    status = asg_identity_document_read(content.data, content.length, document, error);
    if (status != ASG_OK) return status;
    if (!asg_document_signer_is_of(options->certificates, signer, document->region)) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "it says Region %s and is signed with another Region's key",
                        document->region);
    }
    if (strcmp(document->instance_id, enroll->instance_id) != 0) {
        return asg_fail(error, ASG_ERR_DENIED, "it is of another instance, %s",
                        document->instance_id);
    }
    if (!is_of_account(options, document->account_id)) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "it is of account %s, which is not in enrol.account",
                        document->account_id);
    }
    if (document->pending_ms > options->now_ms + AHEAD_MS ||
        document->pending_ms < EPOCH_MS) {
        return asg_fail(
            error, ASG_ERR_DENIED,
            "its pendingTime is impossible: is the controller's clock wrong?");
    }
    return ASG_OK;
}

void asg_prove_document(const struct asg_prove_document_options *options,
                        const struct asg_rpc_enroll *enroll,
                        struct asg_identity_document *ret_document,
                        struct asg_proof_answer *ret, struct asg_error *error)
{
    if (check(options, enroll, ret_document, error) == ASG_OK) {
        *ret = (struct asg_proof_answer){.verdict = ASG_PROOF_HOLDS,
                                         .proof = ASG_PROOF_DOCUMENT,
                                         .address = ret_document->private_ip};
        return;
    }
    (void)asg_fail_wrap(error, ASG_ERR_DENIED, "the identity document is refused");
    *ret = (struct asg_proof_answer){.verdict = ASG_PROOF_WRONG, .why = error->text};
}
