/* sigv4_claim - what a signed request says of its signature, in headers or in its URL.
 * Private to the checking side of sigv4; nothing here is checked against a secret.
 * Threads: no state.
 */
#ifndef ASG_AWS_SIGV4_CLAIM_H
#define ASG_AWS_SIGV4_CLAIM_H

#include "aws/sigv4.h"
#include "crypto/crypto.h"

#define ASG_SIGV4_SCOPE_PART_MAX     64
#define ASG_SIGV4_SIGNED_HEADERS_MAX 4096
#define ASG_SIGV4_TOKEN_MAX          8192

struct asg_sigv4_claim {
    char key_id[ASG_SIGV4_KEY_ID_MAX + 1];
    char day[9];
    char region[ASG_SIGV4_SCOPE_PART_MAX + 1];
    char service[ASG_SIGV4_SCOPE_PART_MAX + 1];
    char signed_headers[ASG_SIGV4_SIGNED_HEADERS_MAX];
    uint8_t signature[ASG_SHA256_BYTES];
    char date[ASG_SIGV4_DATE_SIZE]; /* of X-Amz-Date, or of Date in its form */
    int64_t date_ms;
    bool is_presigned;
    int64_t expires_ms; /* of a presigned URL: valid so long from date_ms on */
    bool has_token;
    char token[ASG_SIGV4_TOKEN_MAX + 1];
};

/* ASG_ERR_DENIED: there is no signature, or it is not well formed; *verdict says why. */
ASG_MUST_USE enum asg_status asg_sigv4_read_claim(const struct asg_sigv4_request *request,
                                                  struct asg_sigv4_claim *claim,
                                                  struct asg_sigv4_verdict *verdict);

/* How often the header is there; *ret is its last value. */
size_t asg_sigv4_find_header(const struct asg_sigv4_request *request, const char *name,
                             const char **ret);

/* The name is in the list "host;x-amz-date", in any case. */
bool asg_sigv4_is_signed(const char *signed_headers, const char *name);

/* Fill the verdict; both return ASG_ERR_DENIED. */
enum asg_status asg_sigv4_deny(struct asg_sigv4_verdict *verdict, uint32_t http_status,
                               const char *code, const char *message);
enum asg_status asg_sigv4_incomplete(struct asg_sigv4_verdict *verdict,
                                     const char *message);

#endif
