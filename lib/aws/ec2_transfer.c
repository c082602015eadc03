#include "aws/ec2_transfer.h"

#include <stdlib.h>
#include <string.h>

/* Room for a reply that is kept for the next one; a listing's page or a template's user
 * data would otherwise stay in each of 256 transfers. */
#define REPLY_KEPT   ((size_t)8 * 1024)
#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

bool asg_ec2_transfer_take_body(void *context, const void *data, size_t length)
{
    struct asg_ec2_transfer *transfer = context;
    transfer->body_bytes += length;
    if (transfer->body_bytes > ASG_EC2_REPLY_MAX) {
        transfer->is_too_large = true;
        return false;
    }
    /* A body that is no XML is read to its end all the same: the connection can be used
     * again, and the HTTP status still tells something. */
    if (transfer->read_status == ASG_OK) {
        transfer->read_status =
            asg_ec2_reply_feed(&transfer->reply, data, length, /* is_last */ false);
    }
    return true;
}

void asg_ec2_transfer_destroy(struct asg_ec2_transfer *transfer)
{
    if (transfer == NULL) return;
    asg_ec2_reply_clear(&transfer->reply);
    asg_arena_clear(&transfer->arena);
    asg_arena_clear(&transfer->answer_arena);
    free(transfer);
}

static void empty(struct asg_arena *arena)
{
    if (asg_arena_used(arena) > REPLY_KEPT) {
        asg_arena_clear(arena);
    } else {
        asg_arena_reset(arena);
    }
}

enum asg_status asg_ec2_transfer_load(
    struct asg_ec2_transfer *transfer, const struct asg_endpoint *endpoint,
    struct asg_sigv4_signer *signer, const struct asg_credentials *credentials,
    const struct asg_ec2_action *action, const struct asg_bytes *body,
    struct asg_ec2_kept *kept, int64_t wall_ms, int64_t timeout_ms)
{
    empty(&transfer->arena);
    empty(&transfer->answer_arena);
    transfer->body_bytes = 0;
    transfer->read_status = ASG_OK;
    transfer->is_too_large = false;
    asg_ec2_reply_begin(&transfer->reply, action, &transfer->answer_arena);
    if (action->is_repeated) asg_ec2_reply_compare(&transfer->reply, kept, body);

    size_t count = 0;
    transfer->headers[count++] = (struct asg_sigv4_header){"Host", endpoint->host};
    transfer->headers[count++] = (struct asg_sigv4_header){"Content-Type", CONTENT_TYPE};
    const struct asg_sigv4_request request = {
        .method = "POST",
        .path = endpoint->path,
        .headers = transfer->headers,
        .header_count = count,
        .body = body->data,
        .body_length = body->length,
    };
    struct asg_sigv4_signed added;
    enum asg_status status =
        asg_sigv4_sign(signer, credentials, &request, wall_ms, &transfer->arena, &added);
    if (status != ASG_OK) return status;
    memcpy(transfer->headers + count, added.headers,
           added.count * sizeof added.headers[0]);
    transfer->request = (struct asg_ec2_request){
        .headers = transfer->headers,
        .header_count = count + added.count,
        .body = body->data,
        .body_length = body->length,
        .timeout_ms = timeout_ms,
    };
    return ASG_OK;
}

/* No answer, or not all of it. */
static struct asg_ec2_attempt end_broken(struct asg_ec2_transfer *transfer,
                                         const struct asg_ec2_answer *answer)
{
    struct asg_ec2_attempt attempt = {
        .class = ASG_ERROR_CLASS_TRANSIENT,
        .code = "",
        .message = asg_arena_text(&transfer->arena, answer->failure),
        .http_status = answer->http_status,
        .may_have_acted = answer->may_have_arrived,
    };
    if (transfer->is_too_large) {
        attempt.class = ASG_ERROR_CLASS_SPLIT;
        attempt.message = "the answer is over 16 MiB";
    }
    return attempt;
}

struct asg_ec2_attempt asg_ec2_transfer_end(struct asg_ec2_transfer *transfer,
                                            const struct asg_ec2_answer *answer)
{
    if (!answer->is_whole) return end_broken(transfer, answer);

    uint32_t http_status = answer->http_status;
    struct asg_ec2_reply *reply = &transfer->reply;
    if (transfer->read_status == ASG_OK) {
        transfer->read_status = asg_ec2_reply_feed(reply, "", 0, /* is_last */ true);
    }
    bool is_readable = transfer->read_status == ASG_OK;
    if (http_status == 200 && is_readable && reply->is_expected_root) {
        return (struct asg_ec2_attempt){.class = ASG_ERROR_CLASS_NONE,
                                        .code = "",
                                        .message = "",
                                        .http_status = http_status};
    }
    /* An error document that breaks off has told its code already, or has not. */
    const char *code = reply->is_error ? reply->code : "";
    struct asg_ec2_attempt attempt = {
        .class = asg_error_classify(code, reply->message, http_status),
        .code = code,
        .message = reply->message,
        .http_status = http_status,
    };
    if (http_status >= 300 && http_status < 400) {
        attempt.message = asg_arena_format(
            &transfer->arena,
            "the endpoint redirects (HTTP %u) to \"%s\": redirects are not followed; set "
            "region or ec2.endpoint to where it belongs",
            http_status, answer->location);
    } else if (reply->message[0] == '\0') {
        attempt.message =
            is_readable
                ? "the answer has no error code"
                : asg_arena_format(&transfer->arena,
                                   "HTTP %u with a body that is not an EC2 answer "
                                   "(%zu bytes)",
                                   http_status, transfer->body_bytes);
    }
    attempt.may_have_acted = !asg_error_class_is_definite(attempt.class);
    return attempt;
}
