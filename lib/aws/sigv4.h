/* sigv4 - AWS Signature Version 4: make one in headers, check one there or in a URL.
 *
 * The worker signs each EC2 call with it; ec2local and the HTTP API check what came in.
 * Own code rather than libcurl's signer: docs/decisions/0005-own-signer.md. Cases:
 * tests/golden/sigv4. Rules of the checking side: docs/rules.md, "Verifying SigV4".
 *
 * Flow:    request -> canonical request -> string to sign -> signature
 * Time:    milliseconds since the epoch, always passed in.
 * Blocks:  never. Threads: a signer has one owner at a time; the rest has no state.
 */
#ifndef ASG_AWS_SIGV4_H
#define ASG_AWS_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

#define ASG_SIGV4_HEADERS_MAX    100  /* of a request that is checked */
#define ASG_SIGV4_QUERY_MAX      1000 /* name=value pairs in the URL */
#define ASG_SIGV4_KEY_ID_MAX     128
#define ASG_SIGV4_DATE_SIZE      17 /* "20150830T123600Z" and the closing zero */
#define ASG_SIGV4_KEY_BYTES      32
#define ASG_SIGV4_SIGNATURE_SIZE 65              /* lower-case hex and the closing zero */
#define ASG_SIGV4_WINDOW_MS      INT64_C(900000) /* 15 minutes, either way, as AWS has it */

struct asg_sigv4_header {
    const char *name;  /* any case */
    const char *value; /* as received; may be folded over lines */
};

/* A request as it is on the wire: nothing decoded, nothing put in order. */
struct asg_sigv4_request {
    const char *method; /* "POST" */
    const char *path;   /* before the '?'; "" or NULL means "/" */
    const char *query;  /* after the '?'; "" or NULL means none */
    const struct asg_sigv4_header *headers;
    size_t header_count;
    const void *body;
    size_t body_length;
};

/* --- the steps, for both sides and for the golden cases --- */

/* "host;x-amz-date": the names of all headers, lower case, sorted, once each, but
 * without Authorization. Lives in `arena`. */
const char *asg_sigv4_signed_headers(const struct asg_sigv4_request *request,
                                     struct asg_arena *arena);

/* Append the canonical request for the headers that `signed_headers` names (a name
 * without a header counts as an empty value). `keep_path`: do not collapse ".", ".."
 * and empty path segments first. `body_sha256`: 64 lower-case hex digits.
 * In the query `+` is a blank. ASG_ERR_LIMIT: more than ASG_SIGV4_QUERY_MAX pairs there.
 */
ASG_MUST_USE enum asg_status asg_sigv4_canonical_request(
    const struct asg_sigv4_request *request, const char *signed_headers,
    const char *body_sha256, bool keep_path, struct asg_bytes *ret);

/* Append the string to sign. `date`: "20150830T123600Z". */
void asg_sigv4_string_to_sign(const char *date, const char *region, const char *service,
                              const void *canonical_request, size_t length,
                              struct asg_bytes *ret);

/* "20150830T123600Z" of a moment. */
void asg_sigv4_date(int64_t time_ms, char ret[ASG_SIGV4_DATE_SIZE]);

/* The key that signs on a day ("20150830...": 8 digits are read): the HMAC chain of
 * "AWS4" and the secret, date, region, service, "aws4_request". The caller wipes *ret. */
void asg_sigv4_derive_key(const char *secret, const char *date, const char *region,
                          const char *service, uint8_t ret[ASG_SIGV4_KEY_BYTES]);

/* --- signing --- */

struct asg_sigv4_signer;

struct asg_sigv4_signer_options {
    const char *region;
    const char *service;      /* "ec2" */
    bool adds_body_hash;      /* add and sign x-amz-content-sha256 */
    bool keeps_path;          /* do not collapse the path before signing */
    bool omits_session_token; /* add the token but do not sign it */
};

/* Make a signer. It keeps the key derived for the day, scope and credentials last used,
 * so that a signature costs two hashes and one HMAC. */
void asg_sigv4_signer_new(const struct asg_sigv4_signer_options *options,
                          struct asg_sigv4_signer **ret);

/* Wipes the key. */
void asg_sigv4_signer_destroy(struct asg_sigv4_signer **signer);

#define ASG_SIGV4_ADDED_MAX 4

/* Headers to send besides those of the request, in this order; in the arena given. */
struct asg_sigv4_signed {
    struct asg_sigv4_header headers[ASG_SIGV4_ADDED_MAX]; /* the last: Authorization */
    size_t count;
    char signature[ASG_SIGV4_SIGNATURE_SIZE];
};

/* Sign the request: all its headers are signed, which must hold Host and must not hold
 * X-Amz-Date, X-Amz-Security-Token or Authorization; those come in *ret.
 * ASG_ERR_INVALID: such a header is there or Host is missing, or no credentials.
 * ASG_ERR_LIMIT:   as asg_sigv4_canonical_request(). */
ASG_MUST_USE enum asg_status asg_sigv4_sign(struct asg_sigv4_signer *signer,
                                            const struct asg_credentials *credentials,
                                            const struct asg_sigv4_request *request,
                                            int64_t time_ms, struct asg_arena *arena,
                                            struct asg_sigv4_signed *ret);

/* --- checking --- */

struct asg_sigv4_rules {
    const char *region;  /* NULL: any, as the scope says */
    const char *service; /* "ec2", "autoscaling" */
    int64_t now_ms;
    int64_t window_ms; /* how far X-Amz-Date may be off, either way */
    bool keeps_path;   /* as the clients sign; both agree for "/" */
    /* The secret of a key, or NULL when there is no such key. It is read before the call
     * returns and not kept. */
    const char *(*find_secret)(void *context, const char *access_key_id);
    /* Instead of it, for who keeps derived keys, as deriving one costs four HMACs: what
     * asg_sigv4_derive_key() gives for `date`, or false when there is no such key. */
    bool (*find_signing_key)(void *context, const char *access_key_id, const char *date,
                             const char *region, uint8_t ret[ASG_SIGV4_KEY_BYTES]);
    /* The session token that belongs to a key, or NULL when it has none; the request must
     * carry exactly that. Asked after the secret. NULL: tokens are not looked at. */
    const char *(*find_session_token)(void *context, const char *access_key_id);
    void *context;
};

struct asg_sigv4_verdict {
    const char *code; /* AWS's error code, static; "" when fine */
    uint32_t http_status;
    char message[256];                            /* for the client; tells no secret */
    char access_key_id[ASG_SIGV4_KEY_ID_MAX + 1]; /* who signed; set only when fine */
    char region[65];                              /* of the scope; set only when fine */
};

/* Check the signature, in the Authorization header or in the query (a presigned URL,
 * which is good for its X-Amz-Expires, 7 days at most, and whose body is signed too).
 * Host and every X-Amz-* header must be signed. An unknown key costs the same work as a
 * wrong signature; the answers are AWS's (EC2 has one for both). UNSIGNED-PAYLOAD and
 * STREAMING-* are refused. ASG_OK: *ret says who signed. ASG_ERR_DENIED: *ret says what
 * to answer. */
ASG_MUST_USE enum asg_status asg_sigv4_verify(const struct asg_sigv4_request *request,
                                              const struct asg_sigv4_rules *rules,
                                              struct asg_sigv4_verdict *ret);

/* The scope that the request claims names this service: for a door that serves several
 * and chooses the rules by it. Nothing of it is checked. */
bool asg_sigv4_claims_service(const struct asg_sigv4_request *request,
                              const char *service);

/* The access key id that the request claims, in headers or in its URL; false: there is no
 * signature that is well formed. Nothing of it is checked, and the body is not looked at.
 */
bool asg_sigv4_claims_key(const struct asg_sigv4_request *request,
                          char ret[ASG_SIGV4_KEY_ID_MAX + 1]);

#endif
