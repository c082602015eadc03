#include "rpc/enrolment_message.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "gen/enrolment.pb-c.h"
#include "rpc/unpack.h"

/* Longest texts, in bytes. */
#define ID_BYTES_MAX        128
#define VERSION_BYTES_MAX   64
#define KEY_BYTES_MAX       64
#define TOKEN_BYTES_MAX     64
#define URL_BYTES_MAX       2048
#define BODY_BYTES_MAX      4096
#define NAME_BYTES_MAX      128
#define VALUE_BYTES_MAX     4096
#define DOCUMENT_BYTES_MAX  16384
#define SIGNATURE_BYTES_MAX 8192
#define REQUEST_BYTES_MAX   4096
#define PEM_BYTES_MAX       16384
#define ENDPOINT_BYTES_MAX  256

/* The struct of protobuf-c, whichever it is. */
struct asg_rpc_message {
    ProtobufCMessage base;
};

void asg_rpc_message_free(struct asg_rpc_message **message)
{
    if (*message != NULL) asg_rpc_unpacked_free(&(*message)->base);
    *message = NULL;
}

/* Printable ASCII of at most `most` bytes. */
static bool is_plain(const char *text, size_t most)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        if (length == most || text[length] < ' ' || text[length] > '~') return false;
    }
    return true;
}

/* Plain, but of several lines: PEM, JSON, Base64, a body. */
static bool is_lines(const char *text, size_t most)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        char c = text[length];
        bool is_space = c == '\n' || c == '\r' || c == '\t';
        if (length == most || (!is_space && (c < ' ' || c > '~'))) return false;
    }
    return true;
}

static bool read_token(const Openasg__Agent__V1__TokenProof *it,
                       struct asg_rpc_enroll *ret)
{
    ret->proof = ASG_RPC_PROOF_TOKEN;
    ret->token.token = it->token;
    ret->token.job_id = it->job_id;
    ret->token.attempt = it->attempt;
    ret->token.incarnation = it->incarnation;
    return is_plain(it->token, TOKEN_BYTES_MAX);
}

static bool read_sts(const Openasg__Agent__V1__StsProof *it, struct asg_rpc_enroll *ret)
{
    ret->proof = ASG_RPC_PROOF_STS;
    ret->sts.url = it->url;
    ret->sts.body = it->body;
    if (!is_plain(it->url, URL_BYTES_MAX) || !is_lines(it->body, BODY_BYTES_MAX) ||
        it->n_headers > ASG_RPC_STS_HEADERS_MAX) {
        return false;
    }
    ret->sts.header_count = it->n_headers;
    for (size_t i = 0; i < it->n_headers; i++) {
        const Openasg__Agent__V1__Header *header = it->headers[i];
        if (!is_plain(header->name, NAME_BYTES_MAX) ||
            !is_plain(header->value, VALUE_BYTES_MAX)) {
            return false;
        }
        ret->sts.headers[i] = (struct asg_rpc_header){header->name, header->value};
    }
    return true;
}

static bool read_document(const Openasg__Agent__V1__IdentityDocumentProof *it,
                          struct asg_rpc_enroll *ret)
{
    ret->proof = ASG_RPC_PROOF_DOCUMENT;
    ret->document.document = it->document;
    ret->document.signature = it->signature;
    return is_lines(it->document, DOCUMENT_BYTES_MAX) &&
           is_lines(it->signature, SIGNATURE_BYTES_MAX);
}

static bool read_proof(const Openasg__Agent__V1__Proof *it, struct asg_rpc_enroll *ret)
{
    if (it == NULL) return true;
    switch (it->proof_case) {
    case OPENASG__AGENT__V1__PROOF__PROOF_TOKEN: return read_token(it->token, ret);
    case OPENASG__AGENT__V1__PROOF__PROOF_STS: return read_sts(it->sts, ret);
    case OPENASG__AGENT__V1__PROOF__PROOF_DOCUMENT:
        return read_document(it->document, ret);
    case OPENASG__AGENT__V1__PROOF__PROOF__NOT_SET: return true;
    default: return false;
    }
}

static bool read_enroll(const Openasg__Agent__V1__EnrollRequest *it,
                        struct asg_rpc_enroll *ret)
{
    *ret = (struct asg_rpc_enroll){
        .instance_id = it->instance_id,
        .curve_key = it->curve_public_key,
        .request = it->certificate_request.data,
        .request_length = it->certificate_request.len,
        .version = it->version,
        .grpc_port = it->grpc_port,
        .interval_ms = it->interval_ms,
        .token.token = "",
        .sts.url = "",
        .sts.body = "",
        .document.document = "",
        .document.signature = "",
    };
    return is_plain(it->instance_id, ID_BYTES_MAX) &&
           is_plain(it->curve_public_key, KEY_BYTES_MAX) &&
           is_plain(it->version, VERSION_BYTES_MAX) &&
           it->certificate_request.len <= REQUEST_BYTES_MAX && it->grpc_port <= 65535 &&
           read_proof(it->proof, ret);
}

enum asg_status asg_rpc_enroll_read(const uint8_t *data, size_t length,
                                    struct asg_rpc_enroll *ret,
                                    struct asg_rpc_message **ret_message)
{
    *ret_message = NULL;
    if (length > ASG_RPC_ENROLMENT_MESSAGE_BYTES) return ASG_ERR_MALFORMED;
    ProtobufCMessage *message =
        asg_rpc_unpack(&openasg__agent__v1__enroll_request__descriptor, data, length);
    if (message == NULL) return ASG_ERR_MALFORMED;
    if (!read_enroll((const Openasg__Agent__V1__EnrollRequest *)message, ret)) {
        asg_rpc_unpacked_free(message);
        return ASG_ERR_MALFORMED;
    }
    *ret_message = (struct asg_rpc_message *)message;
    return ASG_OK;
}

static bool read_enrolled(const Openasg__Agent__V1__EnrollResponse *it,
                          struct asg_rpc_enrolled *ret)
{
    *ret = (struct asg_rpc_enrolled){
        .certificate_pem = it->certificate,
        .authorities_pem = it->authorities,
        .cluster_id = it->cluster_id,
        .report_count = it->n_reports,
        .reports_key = it->reports_key,
        .renew_after_ms = it->renew_after_ms,
        .valid_ms = it->valid_ms,
    };
    if (it->n_reports > ASG_RPC_REPORTS_MAX) return false;
    for (size_t i = 0; i < it->n_reports; i++) {
        ret->reports[i] = it->reports[i];
        if (!is_plain(it->reports[i], ENDPOINT_BYTES_MAX)) return false;
    }
    return is_lines(it->certificate, PEM_BYTES_MAX) &&
           is_lines(it->authorities, PEM_BYTES_MAX) &&
           is_plain(it->cluster_id, ID_BYTES_MAX) &&
           is_plain(it->reports_key, KEY_BYTES_MAX);
}

enum asg_status asg_rpc_enrolled_read(const uint8_t *data, size_t length,
                                      struct asg_rpc_enrolled *ret,
                                      struct asg_rpc_message **ret_message)
{
    *ret_message = NULL;
    if (length > ASG_RPC_ENROLMENT_MESSAGE_BYTES) return ASG_ERR_MALFORMED;
    ProtobufCMessage *message =
        asg_rpc_unpack(&openasg__agent__v1__enroll_response__descriptor, data, length);
    if (message == NULL) return ASG_ERR_MALFORMED;
    if (!read_enrolled((const Openasg__Agent__V1__EnrollResponse *)message, ret)) {
        asg_rpc_unpacked_free(message);
        return ASG_ERR_MALFORMED;
    }
    *ret_message = (struct asg_rpc_message *)message;
    return ASG_OK;
}

/* protobuf-c wants char pointers but only reads through them when it packs. */
static char *text(const char *it)
{
    char *copy = NULL;
    if (it == NULL) it = "";
    memcpy(&copy, &it, sizeof copy);
    return copy;
}

static void write_sts(const struct asg_rpc_enroll *enroll,
                      Openasg__Agent__V1__EnrollRequest *request,
                      Openasg__Agent__V1__Proof *proof, struct asg_bytes *ret)
{
    Openasg__Agent__V1__Header headers[ASG_RPC_STS_HEADERS_MAX];
    Openasg__Agent__V1__Header *pointers[ASG_RPC_STS_HEADERS_MAX];
    assert(enroll->sts.header_count <= ASG_RPC_STS_HEADERS_MAX);
    for (size_t i = 0; i < enroll->sts.header_count; i++) {
        headers[i] = (Openasg__Agent__V1__Header)OPENASG__AGENT__V1__HEADER__INIT;
        headers[i].name = text(enroll->sts.headers[i].name);
        headers[i].value = text(enroll->sts.headers[i].value);
        pointers[i] = &headers[i];
    }
    Openasg__Agent__V1__StsProof sts = OPENASG__AGENT__V1__STS_PROOF__INIT;
    sts.url = text(enroll->sts.url);
    sts.body = text(enroll->sts.body);
    sts.headers = pointers;
    sts.n_headers = enroll->sts.header_count;
    proof->proof_case = OPENASG__AGENT__V1__PROOF__PROOF_STS;
    proof->sts = &sts;
    asg_rpc_pack(&request->base, ret);
}

static void write_token(const struct asg_rpc_enroll *enroll,
                        Openasg__Agent__V1__EnrollRequest *request,
                        Openasg__Agent__V1__Proof *proof, struct asg_bytes *ret)
{
    Openasg__Agent__V1__TokenProof token = OPENASG__AGENT__V1__TOKEN_PROOF__INIT;
    token.token = text(enroll->token.token);
    token.job_id = enroll->token.job_id;
    token.attempt = enroll->token.attempt;
    token.incarnation = enroll->token.incarnation;
    proof->proof_case = OPENASG__AGENT__V1__PROOF__PROOF_TOKEN;
    proof->token = &token;
    asg_rpc_pack(&request->base, ret);
}

static void write_document(const struct asg_rpc_enroll *enroll,
                           Openasg__Agent__V1__EnrollRequest *request,
                           Openasg__Agent__V1__Proof *proof, struct asg_bytes *ret)
{
    Openasg__Agent__V1__IdentityDocumentProof document =
        OPENASG__AGENT__V1__IDENTITY_DOCUMENT_PROOF__INIT;
    document.document = text(enroll->document.document);
    document.signature = text(enroll->document.signature);
    proof->proof_case = OPENASG__AGENT__V1__PROOF__PROOF_DOCUMENT;
    proof->document = &document;
    asg_rpc_pack(&request->base, ret);
}

void asg_rpc_enroll_write(const struct asg_rpc_enroll *enroll, struct asg_bytes *ret)
{
    Openasg__Agent__V1__EnrollRequest request = OPENASG__AGENT__V1__ENROLL_REQUEST__INIT;
    Openasg__Agent__V1__Proof proof = OPENASG__AGENT__V1__PROOF__INIT;
    request.instance_id = text(enroll->instance_id);
    request.curve_public_key = text(enroll->curve_key);
    memcpy(&request.certificate_request.data, &enroll->request, sizeof enroll->request);
    request.certificate_request.len = enroll->request_length;
    request.version = text(enroll->version);
    request.grpc_port = enroll->grpc_port;
    request.interval_ms = enroll->interval_ms;
    if (enroll->proof != ASG_RPC_PROOF_NONE) request.proof = &proof;
    switch (enroll->proof) {
    case ASG_RPC_PROOF_NONE: asg_rpc_pack(&request.base, ret); return;
    case ASG_RPC_PROOF_TOKEN: write_token(enroll, &request, &proof, ret); return;
    case ASG_RPC_PROOF_STS: write_sts(enroll, &request, &proof, ret); return;
    case ASG_RPC_PROOF_DOCUMENT: write_document(enroll, &request, &proof, ret); return;
    }
}

void asg_rpc_enrolled_write(const struct asg_rpc_enrolled *enrolled,
                            struct asg_bytes *ret)
{
    Openasg__Agent__V1__EnrollResponse response =
        OPENASG__AGENT__V1__ENROLL_RESPONSE__INIT;
    char *reports[ASG_RPC_REPORTS_MAX];
    assert(enrolled->report_count <= ASG_RPC_REPORTS_MAX);
    for (size_t i = 0; i < enrolled->report_count; i++)
        reports[i] = text(enrolled->reports[i]);
    response.certificate = text(enrolled->certificate_pem);
    response.authorities = text(enrolled->authorities_pem);
    response.cluster_id = text(enrolled->cluster_id);
    response.reports = reports;
    response.n_reports = enrolled->report_count;
    response.reports_key = text(enrolled->reports_key);
    response.renew_after_ms = enrolled->renew_after_ms;
    response.valid_ms = enrolled->valid_ms;
    asg_rpc_pack(&response.base, ret);
}
