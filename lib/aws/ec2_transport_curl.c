/* ec2_transport_curl - the real transport: libcurl's multi interface. */
#include "aws/ec2_transport.h"

#include <assert.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <curl/curl.h>

#include "aws/curl_start.h"
#include "aws/http_header.h"
#include "aws/ec2_client.h"
#include "base/arena.h"
#include "base/failpoint.h"

#define UPLOAD_BYTES 16384 /* libcurl's least */
#define EXTRA_MAX    16

struct asg_ec2_transport {
    struct asg_ec2_transport_options options;
    CURLM *multi;
    CURLU *url;     /* the endpoint's, read once */
    CURLSH *shared; /* TLS sessions, so that a new connection is cheap */
    /* Monotonic second in which an exchange ran out of time; 0: none did. Connections
     * from before it are not used again: libcurl keeps a dead one that others share. */
    time_t timed_out_s;
};

static time_t now_s(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

struct asg_ec2_exchange {
    struct asg_ec2_transport *transport;
    void *owner;
    CURL *curl;
    bool is_under_way;
    struct asg_arena arena; /* the header lines */
    struct asg_ec2_answer answer;
    char curl_error[CURL_ERROR_SIZE];
};

static enum asg_status curl_open(const struct asg_ec2_transport_options *options,
                                 struct asg_ec2_transport **ret, struct asg_error *error)
{
    asg_curl_start();
    CURLM *multi = curl_multi_init();
    if (multi == NULL) {
        return asg_fail(error, ASG_ERR_NOMEM, "libcurl gives no multi handle");
    }
    CURLSH *shared = curl_share_init();
    if (shared == NULL) {
        (void)curl_multi_cleanup(multi);
        return asg_fail(error, ASG_ERR_NOMEM, "libcurl gives no share handle");
    }
    CURLU *url = curl_url();
    if (url == NULL ||
        curl_url_set(url, CURLUPART_URL, options->endpoint.url, 0) != CURLUE_OK) {
        curl_url_cleanup(url);
        (void)curl_share_cleanup(shared);
        (void)curl_multi_cleanup(multi);
        return asg_fail(error, ASG_ERR_INVALID, "libcurl cannot read the address %.200s",
                        options->endpoint.url);
    }
    (void)curl_share_setopt(shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)options->in_flight_max);
    struct asg_ec2_transport *transport = asg_alloc(1, sizeof *transport);
    transport->options = *options;
    transport->multi = multi;
    transport->url = url;
    transport->shared = shared;
    *ret = transport;
    return ASG_OK;
}

static void curl_close(struct asg_ec2_transport *transport)
{
    (void)curl_multi_cleanup(transport->multi);
    (void)curl_share_cleanup(transport->shared);
    curl_url_cleanup(transport->url);
    free(transport);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct asg_ec2_exchange *exchange = context;
    size_t length = size * count;
    bool goes_on =
        exchange->transport->options.hooks.take_body(exchange->owner, data, length);
    return goes_on ? length : 0;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct asg_ec2_exchange *exchange = context;
    struct asg_ec2_answer *answer = &exchange->answer;
    ASG_FAILPOINT("ec2.first_reply_byte");
    size_t length = size * count;
    char text[64];
    if (asg_http_header_value(data, length, "date", text, sizeof text)) {
        time_t seconds = curl_getdate(text, NULL);
        if (seconds > 0) answer->date_ms = (int64_t)seconds * 1000;
    } else if (asg_http_header_value(data, length, "x-amz-retry-after", text,
                                     sizeof text)) {
        answer->retry_after_ms = asg_retry_hint_ms(text);
    } else if (!asg_http_header_value(data, length, "content-type", answer->content_type,
                                      sizeof answer->content_type)) {
        (void)asg_http_header_value(data, length, "location", answer->location,
                                    sizeof answer->location);
    }
    return length;
}

/* A way that swallows what we send ends the connection, and with it all that share it:
 * else Linux goes on for a quarter of an hour (tcp(7), tcp_retries2). */
static int set_patience(void *context, curl_socket_t socket, curlsocktype purpose)
{
    (void)context;
    (void)purpose;
    const unsigned int patience_ms = ASG_EC2_UNACKED_S * 1000;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms,
                     sizeof patience_ms);
    return CURL_SOCKOPT_OK;
}

static void set_options(struct asg_ec2_exchange *exchange)
{
    const struct asg_ec2_transport_options *options = &exchange->transport->options;
    const struct asg_endpoint *endpoint = &options->endpoint;
    CURL *curl = exchange->curl;
    (void)curl_easy_setopt(curl, CURLOPT_CURLU, exchange->transport->url);
    (void)curl_easy_setopt(curl, CURLOPT_PRIVATE, exchange);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
                           strncmp(endpoint->url, "https:", 6) == 0 ? "https" : "http");
    /* HTTP/2 where the server offers it (ALPN), many calls on one connection then. */
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    if (strncmp(endpoint->url, "https:", 6) == 0) {
        /* Rather wait to learn whether the first connection takes many. */
        (void)curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 1L);
    }
    (void)curl_easy_setopt(curl, CURLOPT_SHARE, exchange->transport->shared);
    /* Decoded as it comes; the hook's limit counts what comes out. */
    (void)curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    /* 64 KiB a transfer otherwise; no body of ours is larger than a few times this. */
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, set_patience);
    (void)curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, (long)ASG_EC2_IDLE_S);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_ms);
    /* No CURLOPT_LOW_SPEED_TIME: it counts the wait for the first byte, too, and EC2
     * thinks about a large launch or fleet for longer. The time of the whole attempt is
     * limited. */
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "openasg/" ASG_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->curl_error);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    if (endpoint->is_loopback) (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (options->ca_file != NULL && options->ca_file[0] != '\0') {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
    }
}

static struct asg_ec2_exchange *curl_exchange_new(struct asg_ec2_transport *transport,
                                                  void *owner)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL) return NULL;
    struct asg_ec2_exchange *exchange = asg_alloc(1, sizeof *exchange);
    exchange->transport = transport;
    exchange->owner = owner;
    exchange->curl = curl;
    set_options(exchange);
    return exchange;
}

static void curl_exchange_destroy(struct asg_ec2_exchange *exchange)
{
    if (exchange->is_under_way) {
        (void)curl_multi_remove_handle(exchange->transport->multi, exchange->curl);
    }
    curl_easy_cleanup(exchange->curl);
    asg_arena_clear(&exchange->arena);
    free(exchange);
}

/* One header line at the end of the list. libcurl only reads the list, so it may live in
 * the arena. */
static struct curl_slist *add_line(struct asg_arena *arena, struct curl_slist *last,
                                   char *line)
{
    struct curl_slist *added = asg_arena_take(arena, sizeof *added);
    added->data = line;
    if (last != NULL) last->next = added;
    return added;
}

static char *header_line(struct asg_arena *arena, const struct asg_sigv4_header *header)
{
    size_t size = strlen(header->name) + strlen(": ") + strlen(header->value) + 1;
    char *line = asg_arena_take(arena, size);
    (void)snprintf(line, size, "%s: %s", header->name, header->value);
    return line;
}

static enum asg_status curl_start(struct asg_ec2_exchange *exchange,
                                  const struct asg_ec2_request *request)
{
    static char no_expect[] = "Expect:";
    struct asg_arena *arena = &exchange->arena;
    asg_arena_reset(arena);
    exchange->answer = (struct asg_ec2_answer){.date_ms = -1, .retry_after_ms = -1};
    exchange->curl_error[0] = '\0';
    struct curl_slist *first = add_line(arena, NULL, no_expect);
    struct curl_slist *last = first;
    for (size_t i = 0; i < request->header_count; i++) {
        last = add_line(arena, last, header_line(arena, &request->headers[i]));
    }
    CURL *curl = exchange->curl;
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, first);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)request->body);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                           (curl_off_t)request->body_length);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT,
                           request->wants_new_connection ? 1L : 0L);
    if (exchange->transport->timed_out_s != 0) {
        time_t age_s = now_s() - exchange->transport->timed_out_s;
        (void)curl_easy_setopt(curl, CURLOPT_MAXLIFETIME_CONN,
                               age_s > 0 ? (long)age_s : 1L);
    }
    if (curl_multi_add_handle(exchange->transport->multi, curl) != CURLM_OK) {
        return ASG_ERR_NOMEM;
    }
    exchange->is_under_way = true;
    return ASG_OK;
}

/* What failed and what to do about it. */
static const char *say_failure(struct asg_ec2_exchange *exchange, CURLcode result)
{
    const char *words = exchange->curl_error[0] != '\0' ? exchange->curl_error
                                                        : curl_easy_strerror(result);
    const char *advice = "";
    switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        advice =
            "; the endpoint's certificate is not trusted: check ec2.endpoint and this "
            "host's clock, or name the authority it trusts in ec2.ca_file";
        break;
    case CURLE_SSL_CACERT_BADFILE:
        advice = "; ec2.ca_file must be a readable file of PEM certificates";
        break;
    case CURLE_SSL_CONNECT_ERROR:
        advice = "; the server there does not use TLS as expected: check ec2.endpoint";
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        advice = "; check ec2.endpoint, region, DNS and the routes out of this network";
        break;
    default: break;
    }
    return asg_arena_format(&exchange->arena, "%s%s", words, advice);
}

/* Some of the request left, and not for the proxy alone: a CONNECT counts in its size,
 * but the transfer itself begins when the way to the endpoint is open. */
static bool has_sent(CURL *curl)
{
    long size = 0;
    curl_off_t begun_us = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &size);
    (void)curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &begun_us);
    return size > 0 && begun_us > 0;
}

static void end_exchange(struct asg_ec2_exchange *exchange, CURLcode result)
{
    struct asg_ec2_answer *answer = &exchange->answer;
    long number = 0;
    (void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &number);
    answer->http_status = number > 0 ? (uint32_t)number : 0;
    answer->is_whole = result == CURLE_OK;
    if (result != CURLE_OK) {
        answer->may_have_arrived = has_sent(exchange->curl);
        answer->failure = say_failure(exchange, result);
        if (result == CURLE_OPERATION_TIMEDOUT) {
            exchange->transport->timed_out_s = now_s();
        }
    }
    (void)curl_multi_remove_handle(exchange->transport->multi, exchange->curl);
    exchange->is_under_way = false;
    exchange->transport->options.hooks.ended(exchange->owner, answer);
}

/* Let libcurl work on what is ready, then end the exchanges that are over. One round
 * only: each visits every transfer (bench_ec2). */
static enum asg_status perform(struct asg_ec2_transport *transport)
{
    int running = 0;
    if (curl_multi_perform(transport->multi, &running) != CURLM_OK) return ASG_ERR_IO;
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(transport->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode result = message->data.result;
        char *exchange = NULL;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        end_exchange((struct asg_ec2_exchange *)(void *)exchange, result);
    }
    return ASG_OK;
}

static short to_poll(short curl_events)
{
    return (short)(((curl_events & CURL_WAIT_POLLIN) != 0 ? POLLIN : 0) |
                   ((curl_events & CURL_WAIT_POLLOUT) != 0 ? POLLOUT : 0));
}

/* libcurl's wait does not block while a transfer that was just added is to be begun. */
static enum asg_status curl_poll(struct asg_ec2_transport *transport,
                                 struct pollfd *extra, size_t extra_count,
                                 int64_t timeout_ms)
{
    assert(extra_count <= EXTRA_MAX);
    struct curl_waitfd fds[EXTRA_MAX] = {0};
    for (size_t i = 0; i < extra_count; i++) {
        fds[i].fd = extra[i].fd;
        fds[i].events =
            (short)(((extra[i].events & POLLIN) != 0 ? CURL_WAIT_POLLIN : 0) |
                    ((extra[i].events & POLLOUT) != 0 ? CURL_WAIT_POLLOUT : 0));
    }
    if (timeout_ms > INT_MAX) timeout_ms = INT_MAX;
    int ready = 0;
    CURLMcode code = curl_multi_poll(transport->multi, fds, (unsigned int)extra_count,
                                     (int)timeout_ms, &ready);
    for (size_t i = 0; i < extra_count; i++) {
        extra[i].revents = to_poll(fds[i].revents);
    }
    return code == CURLM_OK ? perform(transport) : ASG_ERR_IO;
}

static void curl_wake(struct asg_ec2_transport *transport)
{
    (void)curl_multi_wakeup(transport->multi);
}

const struct asg_ec2_transport_kind asg_ec2_transport_curl = {
    .open = curl_open,
    .close = curl_close,
    .exchange_new = curl_exchange_new,
    .exchange_destroy = curl_exchange_destroy,
    .start = curl_start,
    .poll = curl_poll,
    .wake = curl_wake,
};
