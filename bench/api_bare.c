#include "api_bare.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_client.h"
#include "aws/sigv4.h"
#include "base/clock.h"

#define BODY_MAX      65536
#define HEADER_MEMORY ((size_t)64 * 1024)

struct bench_bare {
    struct MHD_Daemon *daemon;
    struct MHD_Response *answer;
    struct MHD_Response *refusal;
    struct asg_clock clock;
    uint8_t key[ASG_SIGV4_KEY_BYTES];
    char date[ASG_SIGV4_DATE_SIZE];
};

struct exchange {
    char body[BODY_MAX];
    size_t length;
    struct asg_sigv4_header headers[ASG_SIGV4_HEADERS_MAX];
    size_t header_count;
};

/* The day's key was derived before. */
static bool find_key(void *context, const char *access_key_id, const char *date,
                     const char *region, uint8_t ret[ASG_SIGV4_KEY_BYTES])
{
    const struct bench_bare *bare = context;
    if (strcmp(access_key_id, BENCH_KEY_ID) != 0 || strcmp(region, BENCH_REGION) != 0 ||
        memcmp(date, bare->date, 8) != 0) {
        return false;
    }
    memcpy(ret, bare->key, ASG_SIGV4_KEY_BYTES);
    return true;
}

static enum MHD_Result keep_header(void *context, enum MHD_ValueKind kind,
                                   const char *name, const char *value)
{
    (void)kind;
    struct exchange *exchange = context;
    if (exchange->header_count == ASG_SIGV4_HEADERS_MAX) return MHD_NO;
    exchange->headers[exchange->header_count++] =
        (struct asg_sigv4_header){.name = name, .value = value};
    return MHD_YES;
}

static enum MHD_Result take(void *context, struct MHD_Connection *connection,
                            const char *url, const char *method, const char *version,
                            const char *data, size_t *data_length, void **state)
{
    (void)version;
    struct bench_bare *bare = context;
    struct exchange *exchange = *state;
    if (exchange == NULL) {
        *state = asg_alloc(1, sizeof *exchange);
        return MHD_YES;
    }
    if (*data_length > 0) {
        if (exchange->length + *data_length > BODY_MAX) return MHD_NO;
        memcpy(exchange->body + exchange->length, data, *data_length);
        exchange->length += *data_length;
        *data_length = 0;
        return MHD_YES;
    }
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, keep_header, exchange);
    const struct asg_sigv4_request request = {.method = method,
                                              .path = url,
                                              .headers = exchange->headers,
                                              .header_count = exchange->header_count,
                                              .body = exchange->body,
                                              .body_length = exchange->length};
    const struct asg_sigv4_rules rules = {.region = BENCH_REGION,
                                          .service = "autoscaling",
                                          .now_ms = asg_clock_wall_ms(&bare->clock),
                                          .window_ms = ASG_SIGV4_WINDOW_MS,
                                          .find_signing_key = find_key,
                                          .context = bare};
    struct asg_sigv4_verdict verdict;
    bool is_fine = asg_sigv4_verify(&request, &rules, &verdict) == ASG_OK;
    return MHD_queue_response(connection, is_fine ? 200 : 403,
                              is_fine ? bare->answer : bare->refusal);
}

static void end(void *context, struct MHD_Connection *connection, void **state,
                enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    free(*state);
    *state = NULL;
}

struct bench_bare *bench_bare_new(const void *body, size_t length, unsigned threads)
{
    struct bench_bare *bare = asg_alloc(1, sizeof *bare);
    bare->clock = asg_clock_real();
    asg_sigv4_date(asg_clock_wall_ms(&bare->clock), bare->date);
    asg_sigv4_derive_key(BENCH_SECRET, bare->date, BENCH_REGION, "autoscaling",
                         bare->key);
    bare->answer = MHD_create_response_from_buffer(length, (void *)(uintptr_t)body,
                                                   MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(bare->answer, "Content-Type", "text/xml");
    bare->refusal = MHD_create_response_from_buffer(0, (void *)(uintptr_t) "",
                                                    MHD_RESPMEM_PERSISTENT);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bare->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, take,
        bare, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        HEADER_MEMORY, MHD_OPTION_NOTIFY_COMPLETED, end, bare, MHD_OPTION_END);
    if (bare->daemon == NULL) {
        (void)fprintf(stderr, "bench_api: the bare server does not start\n");
        exit(1);
    }
    return bare;
}

void bench_bare_destroy(struct bench_bare **bare)
{
    MHD_stop_daemon((*bare)->daemon);
    MHD_destroy_response((*bare)->answer);
    MHD_destroy_response((*bare)->refusal);
    free(*bare);
    *bare = NULL;
}

uint16_t bench_bare_port(const struct bench_bare *bare)
{
    return MHD_get_daemon_info(bare->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}
