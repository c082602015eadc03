#include "controller/enrol_proof.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "controller/join_token.h"
#include "controller/prove_document.h"
#include "controller/prove_sts.h"
#include "crypto/crypto.h"

struct asg_proofs {
    struct asg_proofs_options options;
    struct asg_sts_prover *sts; /* NULL: not taken */
};

/* ---- which are taken ---- */

static enum asg_status read_taken(const struct asg_texts *words,
                                  struct asg_proof_rules *ret, struct asg_error *error)
{
    for (size_t i = 0; i < words->count; i++) {
        int proof = 0;
        while (proof < (int)ASG_PROOF_COUNT &&
               strcmp(asg_enum_word(&asg_proof_words, proof), words->items[i]) != 0) {
            proof++;
        }
        if (proof == (int)ASG_PROOF_COUNT) {
            return asg_fail(
                error, ASG_ERR_INVALID,
                "enrol.proofs: '%.40s' is not a proof: use token, sts or document",
                words->items[i]);
        }
        ret->takes[proof] = true;
    }
    if (words->count > 0) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID,
                    "enrol.proofs is empty, so no agent could enrol: use token, sts "
                    "or document");
}

static enum asg_status check_accounts(const struct asg_proof_rules *rules,
                                      struct asg_error *error)
{
    for (size_t i = 0; i < rules->account_count; i++) {
        const char *account = rules->accounts[i];
        if (strlen(account) == 12 && strspn(account, "0123456789") == 12) continue;
        return asg_fail(error, ASG_ERR_INVALID,
                        "enrol.account: '%.40s' is not an account of twelve digits",
                        account);
    }
    return ASG_OK;
}

static enum asg_status read_endpoint(const struct asg_controller_settings *settings,
                                     struct asg_proof_rules *ret, struct asg_error *error)
{
    if (settings->enrol_sts_endpoint[0] == '\0') return ASG_OK;
    const struct asg_endpoint_options options = {.service = "sts",
                                                 .url = settings->enrol_sts_endpoint,
                                                 .region = settings->region,
                                                 .fips = ASG_ENDPOINT_NO,
                                                 .dual_stack = ASG_ENDPOINT_NO};
    enum asg_status status = asg_endpoint_resolve(&options, &ret->sts_endpoint, error);
    ret->has_sts_endpoint = status == ASG_OK;
    return status == ASG_OK ? ASG_OK : asg_fail_wrap(error, status, "enrol.sts_endpoint");
}

static enum asg_status read_certificates(const struct asg_controller_settings *settings,
                                         struct asg_proof_rules *ret,
                                         struct asg_error *error)
{
    const char *path = settings->enrol_document_certificates;
    if (!ret->takes[ASG_PROOF_DOCUMENT]) return ASG_OK;
    if (path[0] == '\0') {
        return asg_fail(error, ASG_ERR_INVALID,
                        "enrol.proofs has document: set enrol.document_certificates to "
                        "AWS's certificates for RSA-2048 signatures");
    }
    enum asg_status status =
        asg_document_certificates_load(path, settings->region, &ret->documents, error);
    return status == ASG_OK ? ASG_OK
                            : asg_fail_wrap(error, status, "enrol.document_certificates");
}

enum asg_status asg_proof_rules_read(const struct asg_controller_settings *settings,
                                     struct asg_proof_rules *ret, struct asg_error *error)
{
    *ret = (struct asg_proof_rules){
        .accounts = settings->enrol_account.items,
        .account_count = settings->enrol_account.count,
        .roles = settings->enrol_roles.items,
        .role_count = settings->enrol_roles.count,
        .own_account = settings->account_id,
        .sts_ca = settings->enrol_sts_ca,
    };
    if (ret->account_count == 0) {
        ret->accounts = &ret->own_account;
        ret->account_count = 1;
    }
    enum asg_status status = read_taken(&settings->enrol_proofs, ret, error);
    if (status == ASG_OK) status = check_accounts(ret, error);
    if (status == ASG_OK) status = read_endpoint(settings, ret, error);
    if (status == ASG_OK) status = read_certificates(settings, ret, error);
    return status;
}

void asg_proof_rules_clear(struct asg_proof_rules *rules)
{
    asg_document_certificates_destroy(&rules->documents);
}

/* ---- making and ending ---- */

static void make_sts(struct asg_proofs *proofs)
{
    const struct asg_proof_rules *rules = proofs->options.rules;
    if (rules == NULL || !rules->takes[ASG_PROOF_STS]) return;
    const struct asg_sts_prover_options options = {
        .endpoint = rules->has_sts_endpoint ? &rules->sts_endpoint : NULL,
        .ca_file = rules->sts_ca,
        .authorities_pem = proofs->options.authorities_pem,
        .accounts = rules->accounts,
        .account_count = rules->account_count,
        .roles = rules->roles,
        .role_count = rules->role_count,
        .clock = proofs->options.clock,
    };
    asg_sts_prover_new(&options, &proofs->sts);
}

void asg_proofs_new(const struct asg_proofs_options *options, struct asg_proofs **ret)
{
    struct asg_proofs *proofs = asg_alloc(1, sizeof *proofs);
    proofs->options = *options;
    make_sts(proofs);
    *ret = proofs;
}

void asg_proofs_close(struct asg_proofs *proofs)
{
    if (proofs != NULL && proofs->sts != NULL) asg_sts_prover_close(proofs->sts);
}

void asg_proofs_destroy(struct asg_proofs **proofs)
{
    struct asg_proofs *p = *proofs;
    if (p == NULL) return;
    asg_sts_prover_destroy(&p->sts);
    asg_secret_wipe(&p->options, sizeof p->options);
    free(p);
    *proofs = NULL;
}

/* ---- checking ---- */

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
            .why =
                "the token is not valid for this launch or instance: it is from another "
                "cluster, or was changed; get a new join line with "
                "`openasg instance join-line`"};
    }
    return (struct asg_proof_answer){.verdict = ASG_PROOF_HOLDS,
                                     .proof = ASG_PROOF_TOKEN,
                                     .job_id = enroll->token.job_id,
                                     .attempt = enroll->token.attempt,
                                     .incarnation = enroll->token.incarnation};
}

static bool is_taken(const struct asg_proofs *proofs, enum asg_rpc_proof given)
{
    const struct asg_proof_rules *rules = proofs->options.rules;
    switch (given) {
    case ASG_RPC_PROOF_NONE: return false;
    case ASG_RPC_PROOF_TOKEN: return rules == NULL || rules->takes[ASG_PROOF_TOKEN];
    case ASG_RPC_PROOF_STS: return proofs->sts != NULL;
    case ASG_RPC_PROOF_DOCUMENT: return rules != NULL && rules->documents != NULL;
    }
    return false;
}

static void check_document(const struct asg_proofs *proofs,
                           const struct asg_rpc_enroll *enroll, asg_proof_done *done,
                           void *context)
{
    const struct asg_proof_rules *rules = proofs->options.rules;
    const struct asg_prove_document_options options = {
        .certificates = rules->documents,
        .accounts = rules->accounts,
        .account_count = rules->account_count,
        .now_ms = asg_clock_wall_ms(&proofs->options.clock),
    };
    struct asg_identity_document document;
    struct asg_proof_answer answer;
    struct asg_error error = {""};
    asg_prove_document(&options, enroll, &document, &answer, &error);
    done(context, &answer);
}

/* What an agent is told that gave none, or one that is not taken: which are. */
static void say_missing(const struct asg_proofs *proofs, asg_proof_done *done,
                        void *context)
{
    static const char *const needed[ASG_PROOF_COUNT] = {
        [ASG_PROOF_TOKEN] = " the token of its join line",
        [ASG_PROOF_STS] = " a role, for proof: sts",
        [ASG_PROOF_DOCUMENT] = " its identity document, for proof: document"};
    char list[160] = "";
    for (int i = 0; i < (int)ASG_PROOF_COUNT; i++) {
        const struct asg_proof_rules *rules = proofs->options.rules;
        if (rules == NULL ? i != ASG_PROOF_TOKEN : !rules->takes[i]) continue;
        size_t length = strlen(list);
        (void)snprintf(list + length, sizeof list - length, "%s%s",
                       length > 0 ? ", or" : "", needed[i]);
    }
    char why[320];
    (void)snprintf(why, sizeof why,
                   "these keys are not bound to that instance and no proof was given "
                   "that this controller accepts: the agent needs%s",
                   list);
    const struct asg_proof_answer answer = {.verdict = ASG_PROOF_MISSING, .why = why};
    done(context, &answer);
}

void asg_proofs_check(struct asg_proofs *proofs, const struct asg_rpc_enroll *enroll,
                      const char *tls_key, asg_proof_done *done, void *context)
{
    if (!is_taken(proofs, enroll->proof)) {
        say_missing(proofs, done, context);
    } else if (enroll->proof == ASG_RPC_PROOF_STS) {
        asg_sts_prover_check(proofs->sts, enroll, tls_key, done, context);
    } else if (enroll->proof == ASG_RPC_PROOF_DOCUMENT) {
        check_document(proofs, enroll, done, context);
    } else {
        struct asg_proof_answer answer = check_token(proofs, enroll);
        done(context, &answer);
    }
}
