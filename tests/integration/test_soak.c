/* Many calls of which one in twenty meets a fault: every call is settled, memory stays
 * where it was, no descriptor is left. `test_soak CALLS` (./dev soak) runs as many as are
 * asked for; in the suite it is a short one.
 *
 * The server is a process of its own, so that only the client's memory is measured. */
#include "lib/check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/ec2_actions.h"
#include "base/clock.h"
#include "lib/seed.h"

#define CALLS       10000
#define OUTSTANDING 256
#define IN_FLIGHT   64
#define PEERS_MAX   4096
#define FAULT_EVERY 20
#define MIB         (1024L * 1024)
#define STUCK_MS    INT64_C(120000)

/* --- the server: one thread, a fault now and then --- */

struct peer {
    char in[16384];
    size_t used;
    bool is_deaf; /* never answers again */
};

static struct peer *peers[PEERS_MAX];
static struct seed chance;

static void reply(int socket, const char *status, const char *headers, const char *body)
{
    char out[4096];
    int length =
        snprintf(out, sizeof out,
                 "HTTP/1.1 %s\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n"
                 "%s\r\n%s",
                 status, strlen(body), headers, body);
    (void)send(socket, out, (size_t)length, MSG_NOSIGNAL);
}

static void reply_error(int socket, const char *status, const char *headers,
                        const char *code)
{
    char body[512];
    (void)snprintf(body, sizeof body,
                   "<Response><Errors><Error><Code>%s</Code><Message>soak</Message>"
                   "</Error></Errors><RequestID>r</RequestID></Response>",
                   code);
    reply(socket, status, headers, body);
}

static const char good[] =
    "<RunInstancesResponse><requestId>req</requestId><instancesSet><item><instanceId>"
    "i-0123456789abcdef0</instanceId><instanceState><code>0</code><name>pending</name>"
    "</instanceState><instanceType>t3.small</instanceType></item></instancesSet>"
    "</RunInstancesResponse>";

/* False: the connection is over. */
static bool answer_badly(int socket, struct peer *peer)
{
    static const char cut[] = "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n<RunIns";
    static const char odd[] = "\x01\x02 no HTTP at all\r\n\r\n";
    const struct linger abrupt = {.l_onoff = 1, .l_linger = 0};
    switch (seed_below(&chance, 11)) {
    case 0: return false; /* closed without a byte */
    case 1: (void)send(socket, cut, sizeof cut - 1, MSG_NOSIGNAL); return false;
    case 2:
        (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
        return false;
    case 3: (void)send(socket, odd, sizeof odd - 1, MSG_NOSIGNAL); return false;
    case 4: peer->is_deaf = true; return true;
    case 5:
        reply_error(socket, "503 Slow", "x-amz-retry-after: 1\r\n",
                    "RequestLimitExceeded");
        return true;
    case 6: reply_error(socket, "500 Oops", "", "InternalError"); return true;
    case 7:
        reply_error(socket, "500 Full", "", "InsufficientInstanceCapacity");
        return true;
    case 8:
        reply(socket, "301 Moved", "Location: https://elsewhere/\r\n", "");
        return true;
    case 9:
        reply(socket, "200 OK", "", "<html>not what you asked for</html>");
        return true;
    default: reply(socket, "200 OK", "", "<RunInstancesResponse><broken"); return true;
    }
}

static bool answer_all(int socket, struct peer *peer)
{
    for (;;) {
        peer->in[peer->used] = '\0';
        char *end = strstr(peer->in, "\r\n\r\n");
        if (end == NULL) return peer->used < sizeof peer->in - 1;
        const char *said = strcasestr(peer->in, "\r\ncontent-length:");
        size_t whole = (size_t)(end - peer->in) + 4 +
                       (said == NULL ? 0 : strtoul(said + 17, NULL, 10));
        if (whole >= sizeof peer->in) return false;
        if (peer->used < whole) return true;
        memmove(peer->in, peer->in + whole, peer->used - whole);
        peer->used -= whole;
        if (seed_below(&chance, FAULT_EVERY) == 0) {
            if (!answer_badly(socket, peer)) return false;
        } else if (!peer->is_deaf) {
            reply(socket, "200 OK", "", good);
        }
    }
}

static void serve_peer(int socket)
{
    struct peer *peer = peers[socket];
    ssize_t got =
        recv(socket, peer->in + peer->used, sizeof peer->in - 1 - peer->used, 0);
    if (got > 0) {
        peer->used += (size_t)got;
        if (answer_all(socket, peer)) return;
    }
    free(peer);
    peers[socket] = NULL;
    (void)close(socket);
}

static void take_peer(int poller, int listener)
{
    int socket = accept(listener, NULL, NULL);
    if (socket < 0) return;
    if (socket >= PEERS_MAX) {
        (void)close(socket);
        return;
    }
    int on = 1;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peers[socket] = calloc(1, sizeof *peers[socket]);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = socket};
    (void)epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
}

static _Noreturn void serve(int listener)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    (void)epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener) {
                take_peer(poller, listener);
            } else {
                serve_peer(events[i].data.fd);
            }
        }
    }
}

/* Returns the port. */
static int start_server(pid_t *ret_pid)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    assert_int_equal(0, bind(listener, (struct sockaddr *)&address, size));
    assert_int_equal(0, listen(listener, 512));
    assert_int_equal(0, getsockname(listener, (struct sockaddr *)&address, &size));
    *ret_pid = fork();
    if (*ret_pid == 0) serve(listener);
    (void)close(listener);
    return ntohs(address.sin_port);
}

/* --- the client --- */

struct soak {
    struct asg_ec2_client *client;
    struct asg_bytes body;
    long calls;
    long started;
    long done;
    long good;
    long classes[ASG_ERROR_CLASS_COUNT];
};

static long calls_wanted = CALLS;

static void begin_call(struct soak *soak);

static void on_done(void *context, const struct asg_ec2_outcome *outcome,
                    const void *answer)
{
    struct soak *soak = context;
    const struct asg_ec2_instances *instances = answer;
    soak->done++;
    soak->classes[outcome->class]++;
    if (outcome->class == ASG_ERROR_CLASS_NONE) {
        soak->good++;
        assert_int_equal(1, instances->count);
    } else {
        assert_true(outcome->message[0] != '\0');
    }
    if (soak->started < soak->calls) begin_call(soak);
}

static void begin_call(struct soak *soak)
{
    soak->started++;
    asg_ec2_call(soak->client, &asg_ec2_run_instances_action, &soak->body,
                 &(struct asg_ec2_call_options){.timeout_ms = 1000}, on_done, soak);
}

static enum asg_status give_credentials(void *context, struct asg_credentials *ret,
                                        struct asg_error *error)
{
    (void)context;
    (void)error;
    asg_credentials_set(ret, "AKID", "secret", NULL, "soak");
    return ASG_OK;
}

static long resident(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(1, fscanf(file, "%*d %ld", &pages));
    (void)fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static long descriptors(void)
{
    long count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

static void run_until(struct soak *soak, long wanted)
{
    struct asg_clock clock = asg_clock_real();
    long seen = soak->done;
    int64_t moved_ms = asg_clock_monotonic_ms(&clock);
    while (soak->done < wanted) {
        assert_status(ASG_OK, asg_ec2_client_poll(soak->client, NULL, 0, 1000));
        int64_t now_ms = asg_clock_monotonic_ms(&clock);
        if (soak->done != seen) moved_ms = now_ms;
        seen = soak->done;
        if (now_ms - moved_ms > STUCK_MS) fail_msg("stuck after %ld calls", seen);
    }
}

static void test_every_call_is_settled_and_nothing_grows(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    chance = seed_new("test_soak");
    pid_t server = 0;
    int port = start_server(&server);
    long before_descriptors = descriptors();
    struct soak soak = {.calls = calls_wanted};
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    struct asg_ec2_client_options options = {
        .credentials = {.name = "soak", .fetch = give_credentials},
        .clock = asg_clock_real(),
        .in_flight_max = IN_FLIGHT,
    };
    struct asg_endpoint_options where = {.url = url, .region = "us-east-1"};
    assert_status(ASG_OK, asg_endpoint_resolve(&where, &options.endpoint, NULL));
    assert_status(ASG_OK, asg_ec2_client_new(&options, &soak.client, NULL));
    asg_ec2_write_run_instances(&(struct asg_ec2_run_instances){.template_name = "web",
                                                                .template_version = "1",
                                                                .min_count = 1,
                                                                .max_count = 1,
                                                                .client_token = "soak"},
                                &soak.body);
    for (long i = 0; i < OUTSTANDING && soak.started < soak.calls; i++) {
        begin_call(&soak);
    }
    run_until(&soak, soak.calls / 5);
    long warm = resident();
    run_until(&soak, soak.calls);
    long grown = resident() - warm;
    assert_int_equal(soak.calls, soak.done);
    assert_int_equal(0, asg_ec2_client_pending(soak.client));
    assert_true(soak.good > soak.calls * 9 / 10);
    assert_true(soak.good < soak.calls);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (grown > 2 * MIB) fail_msg("grew by %ld KiB", grown / 1024);
#endif
    assert_true(descriptors() <= before_descriptors + IN_FLIGHT + 8);
    asg_ec2_client_destroy(&soak.client);
    asg_bytes_clear(&soak.body);
    assert_int_equal(before_descriptors, descriptors());
    print_message("%ld calls, %ld good, grown by %ld KiB, resident %ld KiB\n", soak.done,
                  soak.good, grown / 1024, warm / 1024);
    for (int class = 1; class < ASG_ERROR_CLASS_COUNT; class ++) {
        if (soak.classes[class] == 0) continue;
        print_message("  %ld %s\n", soak.classes[class],
                      asg_error_class_word((enum asg_error_class) class));
    }
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) calls_wanted = strtol(argv[1], NULL, 10);
    if (calls_wanted < 1000) {
        (void)fprintf(stderr, "usage: test_soak [CALLS, 1000 or more]\n");
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_is_settled_and_nothing_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
