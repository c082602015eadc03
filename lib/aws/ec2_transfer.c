#include "aws/ec2_transfer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct asg_ec2_transfer *transfer = context;
    size_t length = size * count;
    transfer->body_bytes += length;
    if (transfer->body_bytes > ASG_EC2_REPLY_MAX) {
        transfer->is_too_large = true;
        return 0;
    }
    /* A body that is no XML is read to its end all the same: the connection can be used
     * again, and the HTTP status still tells something. */
    if (transfer->read_status == ASG_OK) {
        transfer->read_status =
            asg_ec2_reply_feed(&transfer->reply, data, length, /* is_last */ false);
    }
    return length;
}

/* The value of header `name` in the line, in the arena; NULL when it is another. */
static const char *header_value(struct asg_ec2_transfer *transfer, const char *line,
                                size_t length, const char *name)
{
    size_t name_length = strlen(name);
    if (length <= name_length || line[name_length] != ':' ||
        strncasecmp(line, name, name_length) != 0) {
        return NULL;
    }
    line += name_length + 1;
    length -= name_length + 1;
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == '\n' ||
                          line[length - 1] == ' ')) {
        length--;
    }
    if (length > 64) return NULL; /* neither of the two we want */
    return asg_arena_text_n(&transfer->arena, line, length);
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct asg_ec2_transfer *transfer = context;
    size_t length = size * count;
    const char *date = header_value(transfer, data, length, "date");
    if (date != NULL) {
        time_t seconds = curl_getdate(date, NULL);
        if (seconds > 0) transfer->server_date_ms = (int64_t)seconds * 1000;
    }
    const char *pause = header_value(transfer, data, length, "x-amz-retry-after");
    if (pause != NULL && pause[0] >= '0' && pause[0] <= '9' && strlen(pause) <= 9) {
        transfer->retry_after_ms = strtol(pause, NULL, 10);
    }
    return length;
}

struct asg_ec2_transfer *asg_ec2_transfer_new(
    const struct asg_ec2_client_options *options)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL) return NULL;
    struct asg_ec2_transfer *transfer = asg_alloc(1, sizeof *transfer);
    transfer->curl = curl;
    const struct asg_endpoint *endpoint = &options->endpoint;
    (void)curl_easy_setopt(curl, CURLOPT_URL, endpoint->url);
    (void)curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
                           strncmp(endpoint->url, "https:", 6) == 0 ? "https" : "http");
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, (long)ASG_EC2_IDLE_S);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_ms);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)ASG_EC2_LOW_SPEED_S);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "openasg/" ASG_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->curl_error);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    if (endpoint->is_loopback) (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (options->ca_file != NULL && options->ca_file[0] != '\0') {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
    }
    return transfer;
}

void asg_ec2_transfer_destroy(struct asg_ec2_transfer *transfer)
{
    if (transfer == NULL) return;
    curl_easy_cleanup(transfer->curl);
    curl_slist_free_all(transfer->headers);
    asg_ec2_reply_clear(&transfer->reply);
    asg_arena_clear(&transfer->arena);
    free(transfer);
}

static void add_header(struct asg_ec2_transfer *transfer, const char *name,
                       const char *value)
{
    size_t name_length = strlen(name);
    size_t value_length = strlen(value);
    char *line = asg_arena_take(&transfer->arena, name_length + value_length + 3);
    memcpy(line, name, name_length);
    memcpy(line + name_length, ": ", 2);
    memcpy(line + name_length + 2, value, value_length + 1);
    struct curl_slist *headers = curl_slist_append(transfer->headers, line);
    if (headers == NULL) abort(); /* out of memory, as asg_alloc */
    transfer->headers = headers;
}

enum asg_status asg_ec2_transfer_load(struct asg_ec2_transfer *transfer,
                                      const struct asg_endpoint *endpoint,
                                      struct asg_sigv4_signer *signer,
                                      const struct asg_credentials *credentials,
                                      const struct asg_ec2_action *action,
                                      const struct asg_bytes *body, int64_t wall_ms,
                                      int64_t timeout_ms)
{
    asg_arena_reset(&transfer->arena);
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    transfer->body_bytes = 0;
    transfer->read_status = ASG_OK;
    transfer->is_too_large = false;
    transfer->server_date_ms = -1;
    transfer->retry_after_ms = -1;
    transfer->curl_error[0] = '\0';
    asg_ec2_reply_begin(&transfer->reply, action, &transfer->arena);

    const struct asg_sigv4_header headers[] = {
        {"Host", endpoint->host},
        {"Content-Type", CONTENT_TYPE},
    };
    struct asg_sigv4_request request = {
        .method = "POST",
        .path = endpoint->path,
        .headers = headers,
        .header_count = sizeof headers / sizeof headers[0],
        .body = body->data,
        .body_length = body->length,
    };
    struct asg_sigv4_signed added;
    enum asg_status status =
        asg_sigv4_sign(signer, credentials, &request, wall_ms, &transfer->arena, &added);
    if (status != ASG_OK) return status;

    for (size_t i = 0; i < request.header_count; i++) {
        add_header(transfer, headers[i].name, headers[i].value);
    }
    for (size_t i = 0; i < added.count; i++) {
        add_header(transfer, added.headers[i].name, added.headers[i].value);
    }
    struct curl_slist *all = curl_slist_append(transfer->headers, "Expect:");
    if (all != NULL) transfer->headers = all;
    (void)curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, transfer->headers);
    (void)curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDS, (char *)body->data);
    (void)curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                           (curl_off_t)body->length);
    (void)curl_easy_setopt(transfer->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    return ASG_OK;
}

/* No answer, or not all of it. */
static struct asg_ec2_attempt end_broken(struct asg_ec2_transfer *transfer,
                                         CURLcode result, uint32_t http_status)
{
    long sent = 0;
    (void)curl_easy_getinfo(transfer->curl, CURLINFO_REQUEST_SIZE, &sent);
    struct asg_ec2_attempt attempt = {
        .class = ASG_ERROR_CLASS_TRANSIENT,
        .code = "",
        .message = transfer->curl_error[0] != '\0' ? transfer->curl_error
                                                   : curl_easy_strerror(result),
        .http_status = http_status,
        .may_have_acted = sent > 0,
    };
    if (transfer->is_too_large) {
        attempt.class = ASG_ERROR_CLASS_SPLIT;
        attempt.message = "the answer is over 16 MiB";
    }
    return attempt;
}

struct asg_ec2_attempt asg_ec2_transfer_end(struct asg_ec2_transfer *transfer,
                                            CURLcode result)
{
    long answered = 0;
    (void)curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &answered);
    uint32_t http_status = answered > 0 ? (uint32_t)answered : 0;
    if (result != CURLE_OK) return end_broken(transfer, result, http_status);

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
    if (reply->message[0] == '\0') {
        attempt.message =
            is_readable ? "the answer has no error code"
                        : asg_arena_format(&transfer->arena,
                                           "HTTP %u with a body that is no EC2 answer "
                                           "(%zu bytes)",
                                           http_status, transfer->body_bytes);
    }
    attempt.may_have_acted = !asg_error_class_is_definite(attempt.class);
    return attempt;
}
