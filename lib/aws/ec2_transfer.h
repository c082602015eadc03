/* ec2_transfer - one attempt of one call: an HTTP POST over libcurl, its answer read as
 * it comes, and what it meant. Private to ec2_client.
 *
 * A transfer is used again and again: its connection, parser and memory stay.
 * Threads: one owner at a time.
 */
#ifndef ASG_AWS_EC2_TRANSFER_H
#define ASG_AWS_EC2_TRANSFER_H

#include <curl/curl.h>

#include "aws/ec2_client.h"
#include "aws/ec2_reply.h"
#include "aws/sigv4.h"

struct asg_ec2_transfer {
    CURL *curl;
    struct asg_ec2_transfer *next; /* in the list of idle ones */
    struct asg_ec2_transfer *all;  /* in the list of all of them */
    void *call;                    /* whose attempt this is; NULL while idle */
    struct asg_arena arena;
    struct asg_ec2_reply reply;
    struct curl_slist *headers;
    size_t body_bytes;
    enum asg_status read_status; /* of the body so far */
    bool is_too_large;
    int64_t server_date_ms; /* of the Date header; -1 */
    int64_t retry_after_ms; /* x-amz-retry-after; -1 */
    char curl_error[CURL_ERROR_SIZE];
};

/* What an attempt came to. */
struct asg_ec2_attempt {
    enum asg_error_class class;
    const char *code;
    const char *message;
    uint32_t http_status;
    bool may_have_acted; /* it was sent and no definite answer came */
};

/* Make one for this client; NULL when libcurl gives no handle. */
struct asg_ec2_transfer *asg_ec2_transfer_new(
    const struct asg_ec2_client_options *options);
void asg_ec2_transfer_destroy(struct asg_ec2_transfer *transfer);

/* Sign and load a request; the body must stay until the transfer is over.
 * Fails as asg_sigv4_sign(). */
ASG_MUST_USE enum asg_status asg_ec2_transfer_load(
    struct asg_ec2_transfer *transfer, const struct asg_endpoint *endpoint,
    struct asg_sigv4_signer *signer, const struct asg_credentials *credentials,
    const struct asg_ec2_action *action, const struct asg_bytes *body, int64_t wall_ms,
    int64_t timeout_ms);

/* The transfer is over with `result`: finish reading and say what it meant. Texts live
 * until the next load. */
struct asg_ec2_attempt asg_ec2_transfer_end(struct asg_ec2_transfer *transfer,
                                            CURLcode result);

#endif
