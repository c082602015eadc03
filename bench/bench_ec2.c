/* bench_ec2 - EC2 calls a second with 64 in flight, beside a bare libcurl multi loop that
 * hashes, signs with one keyed HMAC context and runs expat over the answer, and nothing
 * more: no canonical request, no structs, no timers, no retries (goal G8).
 *
 * Both call the same canned HTTP answer of a server thread on loopback; five rounds,
 * interleaved. Prints one line a round and the medians, then their ratio. Arguments:
 * calls a round (20000), rounds (5). `--serve` and `--client URL CALLS` are for
 * bench_sdk.py.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>
#include <expat.h>

#include "aws/ec2_actions.h"
#include "crypto/crypto.h"
#include "rows.h"

#define IN_FLIGHT 64
#define FDS_MAX   4096

static const char answer_body[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<RunInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
    "<requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId><reservationId>r-1"
    "</reservationId><ownerId>123456789012</ownerId><instancesSet><item><instanceId>"
    "i-0123456789abcdef0</instanceId><imageId>ami-1</imageId><instanceState><code>0"
    "</code><name>pending</name></instanceState><privateDnsName/><instanceType>t3.small"
    "</instanceType><launchTime>2026-11-23T14:36:49.000Z</launchTime><placement>"
    "<availabilityZone>us-east-1a</availabilityZone></placement><privateIpAddress>"
    "10.0.0.12</privateIpAddress><subnetId>subnet-1</subnetId><clientToken>t"
    "</clientToken><tagSet><item><key>openasg:group</key><value>web</value></item>"
    "</tagSet></item></instancesSet></RunInstancesResponse>";

/* --- the server: one thread, answers whatever ends with its body's last byte --- */

static char answer[4096];
static size_t answer_length;

struct peer {
    char head[8192];
    size_t used;
};
static struct peer *peers[FDS_MAX];

/* Answer every whole request in the buffer; false: too long. */
static int answer_requests(int socket, struct peer *peer)
{
    for (;;) {
        peer->head[peer->used] = '\0';
        char *end = strstr(peer->head, "\r\n\r\n");
        if (end == NULL) return peer->used < sizeof peer->head - 1;
        const char *said = strcasestr(peer->head, "\r\ncontent-length:");
        size_t whole = (size_t)(end - peer->head) + 4 +
                       (said == NULL ? 0 : strtoul(said + 17, NULL, 10));
        if (whole >= sizeof peer->head) return 0;
        if (peer->used < whole) return 1;
        if (send(socket, answer, answer_length, MSG_NOSIGNAL) < 0) return 0;
        memmove(peer->head, peer->head + whole, peer->used - whole);
        peer->used -= whole;
    }
}

static void serve_peer(int socket)
{
    struct peer *peer = peers[socket];
    ssize_t got =
        recv(socket, peer->head + peer->used, sizeof peer->head - 1 - peer->used, 0);
    if (got > 0) {
        peer->used += (size_t)got;
        if (answer_requests(socket, peer)) return;
    }
    free(peer);
    peers[socket] = NULL;
    (void)close(socket);
}

static void *serve(void *argument)
{
    int listener = *(int *)argument;
    int poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    (void)epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd != listener) {
                serve_peer(events[i].data.fd);
                continue;
            }
            int socket = accept(listener, NULL, NULL);
            if (socket < 0 || socket >= FDS_MAX) continue;
            int on = 1;
            (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            peers[socket] = calloc(1, sizeof *peers[socket]);
            event.data.fd = socket;
            (void)epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
        }
    }
    return NULL;
}

static int start_server(void)
{
    static int listener;
    answer_length = (size_t)snprintf(answer, sizeof answer,
                                     "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
                                     "Content-Length: %zu\r\n\r\n%s",
                                     sizeof answer_body - 1, answer_body);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    pthread_t thread;
    if (bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, 256) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&thread, NULL, serve, &listener) != 0) {
        perror("server");
        exit(1);
    }
    (void)pthread_detach(thread);
    return ntohs(address.sin_port);
}

/* --- the two clients --- */

struct figures {
    double calls_per_s;
    double cpu_us_per_call; /* of this thread */
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct figures figures_since(double wall, double cpu, long calls)
{
    double took = seconds(CLOCK_MONOTONIC) - wall;
    double used = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    return (struct figures){(double)calls / took, used * 1e6 / (double)calls};
}

static void XMLCALL see_begin(void *context, const XML_Char *name, const XML_Char **more)
{
    (void)name;
    (void)more;
    ++*(long *)context;
}

static void XMLCALL see_end(void *context, const XML_Char *name)
{
    (void)context;
    (void)name;
}

static void XMLCALL see_text(void *context, const XML_Char *text, int length)
{
    (void)context;
    (void)text;
    (void)length;
}

static long elements;

static size_t parse_body(char *data, size_t size, size_t count, void *context)
{
    XML_Parser parser = context;
    (void)XML_ParserReset(parser, NULL);
    XML_SetUserData(parser, &elements);
    XML_SetElementHandler(parser, see_begin, see_end);
    XML_SetCharacterDataHandler(parser, see_text);
    if (XML_Parse(parser, data, (int)(size * count), 1) != XML_STATUS_OK) exit(1);
    return size * count;
}

/* The work that no signer can leave out: the body's hash, the canonical request's, one
 * HMAC. */
static void sign_barely(struct asg_keyed_hash *key, const struct asg_bytes *body)
{
    uint8_t hash[ASG_SHA256_BYTES];
    char hex[ASG_SHA256_HEX_SIZE];
    char text[512];
    asg_sha256(body->data, body->length, hash);
    asg_hex_encode(hash, sizeof hash, hex);
    int length = snprintf(text, sizeof text,
                          "POST\n/\n\ncontent-type:application/x-www-form-urlencoded; "
                          "charset=utf-8\nhost:127.0.0.1\nx-amz-date:20261123T150000Z\n\n"
                          "content-type;host;x-amz-date\n%s",
                          hex);
    asg_sha256(text, (size_t)length, hash);
    asg_hex_encode(hash, sizeof hash, hex);
    asg_keyed_hash_sign(key, hex, sizeof hex - 1, hash);
}

/* What libcurl, expat and OpenSSL cost by themselves, with the same headers and body. */
static struct figures run_bare(const char *url, const struct asg_bytes *body, long calls)
{
    CURLM *multi = curl_multi_init();
    struct curl_slist *headers = NULL;
    static const char *const lines[] = {
        "Host: 127.0.0.1",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
        "X-Amz-Date: 20261123T150000Z",
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDBENCH/20261123/us-east-1/ec2/"
        "aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="
        "0000000000000000000000000000000000000000000000000000000000000000",
        "Expect:"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        headers = curl_slist_append(headers, lines[i]);
    }
    CURL *handles[IN_FLIGHT];
    XML_Parser parsers[IN_FLIGHT];
    struct asg_keyed_hash *key = NULL;
    asg_keyed_hash_new("key", 3, &key);
    for (int i = 0; i < IN_FLIGHT; i++) {
        handles[i] = curl_easy_init();
        (void)curl_easy_setopt(handles[i], CURLOPT_URL, url);
        (void)curl_easy_setopt(handles[i], CURLOPT_HTTPHEADER, headers);
        (void)curl_easy_setopt(handles[i], CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(handles[i], CURLOPT_POSTFIELDS, (char *)body->data);
        (void)curl_easy_setopt(handles[i], CURLOPT_POSTFIELDSIZE, (long)body->length);
        parsers[i] = XML_ParserCreate(NULL);
        (void)curl_easy_setopt(handles[i], CURLOPT_WRITEFUNCTION, parse_body);
        (void)curl_easy_setopt(handles[i], CURLOPT_WRITEDATA, parsers[i]);
    }
    double wall = seconds(CLOCK_MONOTONIC);
    double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    long started = 0;
    long done = 0;
    for (; started < IN_FLIGHT && started < calls; started++) {
        sign_barely(key, body);
        (void)curl_multi_add_handle(multi, handles[started]);
    }
    while (done < calls) {
        int running = 0;
        int left = 0;
        CURLMsg *message = NULL;
        (void)curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            CURL *handle = message->easy_handle;
            if (message->data.result != CURLE_OK) exit(1);
            done++;
            (void)curl_multi_remove_handle(multi, handle);
            if (started < calls) {
                started++;
                sign_barely(key, body);
                (void)curl_multi_add_handle(multi, handle);
            }
        }
        if (done < calls) (void)curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    struct figures figures = figures_since(wall, cpu, calls);
    for (int i = 0; i < IN_FLIGHT; i++) {
        curl_easy_cleanup(handles[i]);
        XML_ParserFree(parsers[i]);
    }
    asg_keyed_hash_destroy(&key);
    curl_slist_free_all(headers);
    (void)curl_multi_cleanup(multi);
    return figures;
}

struct progress {
    struct asg_ec2_client *client;
    const struct asg_bytes *body;
    long started;
    long done;
    long calls;
};

static void on_done(void *context, const struct asg_ec2_outcome *outcome,
                    const void *reply)
{
    struct progress *progress = context;
    const struct asg_ec2_instances *instances = reply;
    if (outcome->class != ASG_ERROR_CLASS_NONE || instances->count != 1) {
        (void)fprintf(stderr, "call failed: %s\n", outcome->message);
        exit(1);
    }
    progress->done++;
    if (progress->started == progress->calls) return;
    progress->started++;
    asg_ec2_call(progress->client, &asg_ec2_run_instances_action, progress->body,
                 &(struct asg_ec2_call_options){0}, on_done, progress);
}

static enum asg_status bench_credentials(void *context, struct asg_credentials *ret,
                                         struct asg_error *error)
{
    (void)context;
    (void)error;
    asg_credentials_set(ret, "AKIDBENCH", "secret", NULL, "bench");
    return ASG_OK;
}

static struct figures run_ours(const char *url, const struct asg_bytes *body, long calls)
{
    struct asg_ec2_client_options options = {
        .credentials = {.name = "bench", .fetch = bench_credentials},
        .clock = asg_clock_real(),
        .in_flight_max = IN_FLIGHT,
    };
    struct asg_error error = {""};
    const struct asg_endpoint_options where = {.url = url, .region = "us-east-1"};
    struct progress progress = {.body = body, .calls = calls};
    if (asg_endpoint_resolve(&where, &options.endpoint, &error) != ASG_OK ||
        asg_ec2_client_new(&options, &progress.client, &error) != ASG_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    double wall = seconds(CLOCK_MONOTONIC);
    double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    for (; progress.started < IN_FLIGHT && progress.started < calls; progress.started++) {
        asg_ec2_call(progress.client, &asg_ec2_run_instances_action, body,
                     &(struct asg_ec2_call_options){0}, on_done, &progress);
    }
    while (progress.done < calls) {
        if (asg_ec2_client_poll(progress.client, NULL, 0, 1000) != ASG_OK) exit(1);
    }
    struct figures figures = figures_since(wall, cpu, calls);
    asg_ec2_client_destroy(&progress.client);
    return figures;
}

/* For bench_sdk.py, which measures each client as a process of its own on one core. */
static int serve_alone(void)
{
    (void)printf("%d\n", start_server());
    (void)fflush(stdout);
    while (getchar() != EOF) { /* until the one who asked is gone */
    }
    return 0;
}

static int run_alone(const char *url, const struct asg_bytes *body, long calls)
{
    struct figures figures = run_ours(url, body, calls);
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("%.1f %.2f %ld\n", figures.calls_per_s, figures.cpu_us_per_call,
                 usage.ru_maxrss);
    return 0;
}

static void write_launch(struct asg_bytes *body)
{
    const struct asg_ec2_tag tags[] = {{"openasg:cluster", "c-1"},
                                       {"openasg:group", "web"}};
    asg_ec2_write_run_instances(
        &(struct asg_ec2_run_instances){.template_id = "lt-0123456789abcdef0",
                                        .template_version = "3",
                                        .subnet_id = "subnet-0123456789abcdef0",
                                        .min_count = 1,
                                        .max_count = 1,
                                        .client_token = "web-118-1",
                                        .tags = tags,
                                        .tag_count = 2},
        body);
}

int main(int argc, char **argv)
{
    struct asg_bytes body = {0};
    write_launch(&body);
    if (argc == 2 && strcmp(argv[1], "--serve") == 0) return serve_alone();
    if (argc == 4 && strcmp(argv[1], "--client") == 0) {
        return run_alone(argv[2], &body, strtol(argv[3], NULL, 10));
    }
    long calls = argc > 1 ? strtol(argv[1], NULL, 10) : 20000;
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
    if (calls < 1 || rounds < 1 || rounds > BENCH_ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: bench_ec2 [calls] [rounds up to %d]\n",
                      BENCH_ROUNDS_MAX);
        return 2;
    }
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", start_server());
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    double bare[BENCH_ROUNDS_MAX];
    double ours[BENCH_ROUNDS_MAX];
    double bare_cpu[BENCH_ROUNDS_MAX];
    double ours_cpu[BENCH_ROUNDS_MAX];
    for (int i = 0; i < rounds; i++) {
        struct figures a = run_bare(url, &body, calls);
        struct figures b = run_ours(url, &body, calls);
        bare[i] = a.calls_per_s;
        ours[i] = b.calls_per_s;
        bare_cpu[i] = a.cpu_us_per_call;
        ours_cpu[i] = b.cpu_us_per_call;
        (void)fprintf(stderr,
                      "round %d: libcurl %.0f calls/s %.1f us CPU, openasg %.0f calls/s "
                      "%.1f us CPU\n",
                      i + 1, bare[i], bare_cpu[i], ours[i], ours_cpu[i]);
    }
    size_t count = (size_t)rounds;
    (void)bench_row("bare_calls", bare, count, "calls/s", "libcurl multi, expat, HMAC");
    (void)bench_row("openasg_calls", ours, count, "calls/s", "");
    (void)bench_row("bare_cpu", bare_cpu, count, "us/call", "");
    (void)bench_row("openasg_cpu", ours_cpu, count, "us/call", "");
    (void)bench_ratio("calls_ratio", ours, bare, count, "ours over bare");
    (void)bench_ratio("cpu_ratio", ours_cpu, bare_cpu, count,
                      "ours over bare, CPU a call; goal 1.2 or less");
    asg_bytes_clear(&body);
    return 0;
}
