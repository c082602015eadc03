/* ec2_transfer - one attempt of one call: the request signed, its answer read as it
 * comes, and what it meant. Private to ec2_client; the bytes go over ec2_transport.
 *
 * A transfer is used again and again: its exchange, parser and memory stay.
 * Threads: one owner at a time.
 */
#ifndef ASG_AWS_EC2_TRANSFER_H
#define ASG_AWS_EC2_TRANSFER_H

#include "aws/ec2_client.h"
#include "aws/ec2_reply.h"
#include "aws/ec2_transport.h"

#define ASG_EC2_HEADERS_MAX (2 + ASG_SIGV4_ADDED_MAX)

struct asg_ec2_transfer {
    struct asg_ec2_client *client;
    struct asg_ec2_exchange *exchange;
    struct asg_ec2_transfer *next; /* in the list of idle ones */
    struct asg_ec2_transfer *all;  /* in the list of all of them */
    void *call;                    /* whose attempt this is; NULL while idle */
    struct asg_arena arena;
    struct asg_arena answer_arena; /* of what is read of an answer */
    struct asg_ec2_reply reply;
    struct asg_sigv4_header headers[ASG_EC2_HEADERS_MAX];
    struct asg_ec2_request request;
    int64_t sent_us; /* monotonic */
    size_t body_bytes;
    enum asg_status read_status; /* of the body so far */
    bool is_too_large;
};

/* What an attempt came to. */
struct asg_ec2_attempt {
    enum asg_error_class class;
    const char *code;
    const char *message;
    uint32_t http_status;
    bool may_have_acted; /* it was sent and no definite answer came */
};

/* Frees the memory; the exchange is the client's to end. */
void asg_ec2_transfer_destroy(struct asg_ec2_transfer *transfer);

/* Make transfer->request: signed, with a parser for its answer, which may be in `kept`.
 * The body must stay until the transfer is over. Fails as asg_sigv4_sign(). */
ASG_MUST_USE enum asg_status asg_ec2_transfer_load(
    struct asg_ec2_transfer *transfer, const struct asg_endpoint *endpoint,
    struct asg_sigv4_signer *signer, const struct asg_credentials *credentials,
    const struct asg_ec2_action *action, const struct asg_bytes *body,
    struct asg_ec2_kept *kept, int64_t wall_ms, int64_t timeout_ms);

/* The hook of the transport; `transfer` is the exchange's owner. */
bool asg_ec2_transfer_take_body(void *transfer, const void *data, size_t length);

/* The transfer is over: finish reading and say what it meant. Texts live until the next
 * load, those of `answer` as long as that. */
struct asg_ec2_attempt asg_ec2_transfer_end(struct asg_ec2_transfer *transfer,
                                            const struct asg_ec2_answer *answer);

#endif
