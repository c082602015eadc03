#include "agent/prove.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "aws/credentials_chain.h"
#include "aws/imds.h"

#define DOCUMENT_PATH  "/latest/dynamic/instance-identity/document"
#define SIGNATURE_PATH "/latest/dynamic/instance-identity/rsa2048"
#define REGION_PATH    "/latest/meta-data/placement/region"

static enum asg_status connect_imds(const struct asg_prove_options *options,
                                    struct asg_imds **ret, struct asg_error *error)
{
    const struct asg_identity *identity = options->identity;
    const char *endpoint = options->settings->metadata_endpoint;
    const struct asg_imds_options imds = {
        .base_url = endpoint[0] != '\0' ? endpoint : NULL,
        .local_address = identity->is_bindable ? identity->private_ip : NULL,
        .clock = options->clock,
        .is_stopping = options->is_stopping};
    return asg_imds_new(&imds, ret, error);
}

static enum asg_status ask(struct asg_imds *imds, const char *path,
                           struct asg_arena *arena, const char **ret,
                           struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes body = {0};
    enum asg_status status = asg_imds_get(imds, path, &body, error);
    if (status == ASG_OK) *ret = asg_arena_text(arena, asg_bytes_text(&body));
    return status;
}

/* ---- the token ---- */

static enum asg_status prove_by_token(const struct asg_prove_options *options,
                                      struct asg_rpc_enroll *ret, struct asg_error *error)
{
    const struct asg_join_line *join = &options->identity->join;
    if (join->token[0] == '\0') {
        return asg_fail(error, ASG_ERR_NOT_FOUND,
                        "the join line has no token: `openasg instance join-line ID` "
                        "prints one, or set proof to what the controller takes");
    }
    ret->proof = ASG_RPC_PROOF_TOKEN;
    ret->token.token = join->token;
    ret->token.job_id = join->job_id;
    ret->token.attempt = join->attempt;
    ret->token.incarnation = join->incarnation;
    return ASG_OK;
}

/* ---- the role ---- */

static enum asg_status find_endpoint(const struct asg_prove_options *options,
                                     struct asg_imds *imds, struct asg_arena *arena,
                                     struct asg_endpoint *ret, struct asg_error *error)
{
    const char *region = "";
    enum asg_status status = ask(imds, REGION_PATH, arena, &region, error);
    if (status != ASG_OK) return status;
    const struct asg_endpoint_options endpoint = {
        .service = "sts",
        .url = options->settings->sts_endpoint,
        .region = asg_arena_text_n(arena, region, strcspn(region, "\r\n")),
        .fips = ASG_ENDPOINT_NO,
        .dual_stack = ASG_ENDPOINT_NO};
    return asg_endpoint_resolve(&endpoint, ret, error);
}

/* By the clock of the metadata service, which is EC2's: ours may be wrong at boot. */
static int64_t read_clock(const struct asg_prove_options *options,
                          const struct asg_imds *imds)
{
    int64_t now_ms = asg_imds_server_date_ms(imds);
    return now_ms > 0 ? now_ms : asg_clock_wall_ms(&options->clock);
}

static enum asg_status prove_by_sts(const struct asg_prove_options *options,
                                    struct asg_imds *imds, struct asg_arena *arena,
                                    struct asg_rpc_enroll *ret, struct asg_error *error)
{
    struct asg_endpoint endpoint;
    struct asg_credentials credentials = {0};
    struct asg_caller_request request;
    struct asg_caller_audience audience = options->audience;
    char authority[ASG_CALLER_HEX_SIZE];
    (void)snprintf(authority, sizeof authority, "%s", audience.authority);
    for (char *at = authority; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    audience.authority = authority;
    enum asg_status status =
        asg_credentials_of_instance(imds, &options->clock, &credentials, error);
    if (status == ASG_ERR_NOT_FOUND) {
        return asg_fail(error, status,
                        "this instance has no role (instance profile) to sign for it");
    }
    if (status == ASG_OK) status = find_endpoint(options, imds, arena, &endpoint, error);
    if (status == ASG_OK) {
        status = asg_caller_sign(&endpoint, &credentials, &audience,
                                 read_clock(options, imds), arena, &request, error);
    }
    asg_credentials_clear(&credentials);
    if (status != ASG_OK) return status;
    ret->proof = ASG_RPC_PROOF_STS;
    ret->sts.url = request.url;
    ret->sts.body = request.body;
    ret->sts.header_count = request.header_count;
    for (size_t i = 0; i < request.header_count; i++) {
        ret->sts.headers[i] =
            (struct asg_rpc_header){request.headers[i].name, request.headers[i].value};
    }
    return ASG_OK;
}

/* ---- the document ---- */

static enum asg_status prove_by_document(struct asg_imds *imds, struct asg_arena *arena,
                                         struct asg_rpc_enroll *ret,
                                         struct asg_error *error)
{
    enum asg_status status =
        ask(imds, DOCUMENT_PATH, arena, &ret->document.document, error);
    if (status == ASG_OK)
        status = ask(imds, SIGNATURE_PATH, arena, &ret->document.signature, error);
    if (status == ASG_OK) ret->proof = ASG_RPC_PROOF_DOCUMENT;
    if (status == ASG_ERR_NOT_FOUND) {
        return asg_fail(error, status,
                        "the metadata of this instance has no signed identity document");
    }
    return status;
}

/* ---- which ---- */

static enum asg_status prove_by_machine(const struct asg_prove_options *options,
                                        enum asg_agent_proof proof,
                                        struct asg_arena *arena,
                                        struct asg_rpc_enroll *ret,
                                        struct asg_error *error)
{
    ASG_CLEANUP(asg_imds_destroy) struct asg_imds *imds = NULL;
    enum asg_status status = connect_imds(options, &imds, error);
    if (status != ASG_OK) return status;
    return proof == ASG_AGENT_PROOF_STS ? prove_by_sts(options, imds, arena, ret, error)
                                        : prove_by_document(imds, arena, ret, error);
}

static enum asg_status prove_by(const struct asg_prove_options *options,
                                enum asg_agent_proof proof, struct asg_arena *arena,
                                struct asg_rpc_enroll *ret, struct asg_error *error)
{
    return proof == ASG_AGENT_PROOF_TOKEN
               ? prove_by_token(options, ret, error)
               : prove_by_machine(options, proof, arena, ret, error);
}

/* The first that there is, beginning with another one after each refusal. Off EC2 no
 * metadata answers: what cannot be had now is passed over, and is asked for again later
 * when there is nothing else. */
static enum asg_status prove_in_turn(const struct asg_prove_options *options,
                                     struct asg_arena *arena, struct asg_rpc_enroll *ret,
                                     struct asg_error *error)
{
    static const enum asg_agent_proof order[] = {
        ASG_AGENT_PROOF_TOKEN, ASG_AGENT_PROOF_STS, ASG_AGENT_PROOF_DOCUMENT};
    const size_t count = sizeof order / sizeof order[0];
    enum asg_status trouble = ASG_ERR_NOT_FOUND;
    for (size_t i = 0; i < count; i++) {
        enum asg_agent_proof proof = order[(options->refusals + i) % count];
        struct asg_error why = {""};
        enum asg_status status = prove_by(options, proof, arena, ret, &why);
        if (status == ASG_OK) return ASG_OK;
        if (status == ASG_ERR_NOT_FOUND) continue;
        trouble = status;
        *error = why;
    }
    if (trouble != ASG_ERR_NOT_FOUND) return trouble;
    return asg_fail(
        error, ASG_ERR_NOT_FOUND,
        "neither a token in the join line, nor a role of this instance, nor a "
        "signed identity document");
}

enum asg_status asg_prove(const struct asg_prove_options *options,
                          struct asg_arena *arena, struct asg_rpc_enroll *ret,
                          struct asg_error *error)
{
    enum asg_agent_proof proof = (enum asg_agent_proof)options->settings->proof;
    enum asg_status status = proof == ASG_AGENT_PROOF_AUTO
                                 ? prove_in_turn(options, arena, ret, error)
                                 : prove_by(options, proof, arena, ret, error);
    return status == ASG_OK ? ASG_OK : asg_fail_wrap(error, status, "no proof to give");
}
