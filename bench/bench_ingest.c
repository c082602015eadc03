/* bench_ingest - what a report costs beside bare libzmq (G1, G2, G3).
 *
 * Two servers take turns: "bare", a PULL that receives messages and counts them, and
 * "ours", the controller's ingest thread: inlet, key set, decode, roster, window. Both
 * with CURVE, both in a process of their own that is measured whole; the clients (PUSH)
 * are a third process, the same for both, with keys that the roster knows. Rows, each
 * once a round:
 *   flat_bare, flat_ours       one connection that sends as fast as it can, both with
 *                              libzmq's own high-water mark (an agent's is 4)
 *   paced_bare, paced_ours     CPU a report of the server's process at a fixed rate;
 *                              the bare one drains once a millisecond
 *   memory_bare, memory_ours   resident memory a connection, once each has reported
 *   filled_bare, filled_ours   the same when each has sent 300 reports: libzmq fills a
 *                              connection's buffers over its first 256 messages
 *   back_bare, back_ours       CPU a connection until each has reported, as when all
 *                              agents come back after a restart of the controller
 *   flooded_ours               memory when all send as fast as they can, dropping
 * Usage: bench_ingest [CONNECTIONS] [REPORTS_A_SECOND] [ROUNDS]
 *        (9900, or what the limit of open files allows; 80000; 5)
 */
#include <signal.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "base/clock.h"
#include "controller/ingest_thread.h"
#include "controller/metrics.h"
#include "controller/window.h"
#include "wire/wire.h"
#include "rows.h"

#define ROUNDS       5 /* at most */
#define CONNECTIONS  9900
#define WARM_UP_MS   300
#define FLAT_MS      1500
#define PACED_MS     3000
#define FILLED       4000 /* connections, ... */
#define FILL_REPORTS 300  /* ... of so many reports each */
#define FILL_MS      120000
#define CONNECT_MS   180000
#define HIGH_WATER   1000  /* libzmq's own */
#define LOOK_US      10000 /* between two looks at what ours counted: it pays for them */
#define STATE_COUNT  65536
#define INBOX_ITEMS  16384
#define GROUP_PERIOD 3600000

enum kind {
    FLAT_BARE,
    FLAT_OURS,
    PACED_BARE,
    PACED_OURS,
    FILLED_BARE,
    FILLED_OURS,
    FLOODED_OURS,
    KINDS
};

static bool is_bare(enum kind kind)
{
    return kind == FLAT_BARE || kind == PACED_BARE || kind == FILLED_BARE;
}

static bool is_filled(enum kind kind)
{
    return kind == FILLED_BARE || kind == FILLED_OURS;
}

static bool has_many(enum kind kind)
{
    return kind != FLAT_BARE && kind != FLAT_OURS;
}

static bool has_pace(enum kind kind)
{
    return has_many(kind) && kind != FLOODED_OURS;
}

/* What a server says of one round. */
struct outcome {
    double reports_a_second;
    double cpu_us_a_report;
    double bytes_a_connection;
    double back_cpu_us; /* a connection, until each has reported */
    double back_s;
};

/* What clients must know before they connect. */
struct invitation {
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    char server_key[ASG_BUS_KEY_SIZE];
};

struct pipes {
    int invitation[2];
    int go[2];
    int outcome[2];
};

static struct asg_bus_keys *client_keys; /* of all, made before anybody forks */

static void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "bench_ingest: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static void write_all(int fd, const void *data, size_t length)
{
    must(write(fd, data, length) == (ssize_t)length, "pipe");
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void sleep_us(int64_t us)
{
    const struct timespec pause = {.tv_sec = us / 1000000,
                                   .tv_nsec = us % 1000000 * 1000};
    (void)nanosleep(&pause, NULL);
}

static double cpu_us(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return ((double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec) * 1e6 +
           (double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec;
}

static double resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long all = 0;
    long resident = 0;
    must(file != NULL && fscanf(file, "%ld %ld", &all, &resident) == 2, "statm");
    (void)fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void name_instance(uint32_t number, char ret[20])
{
    (void)snprintf(ret, 20, "i-%017x", number);
}

/* ---- the servers: `count` says how many reports came so far ---- */

struct server {
    bool is_paced;
    uint32_t connections;
    struct asg_bus_keys keys;
    /* bare */
    void *context;
    void *socket;
    uint64_t frames;
    /* ours */
    struct asg_bus *bus;
    struct asg_bus_inlet *inlet;
    struct asg_key_set *key_set;
    struct asg_inbox *inbox;
    struct asg_ingest *ingest;
    struct asg_ingest_thread *ingest_thread;
};

static void begin_bare(struct server *server, struct invitation *ret)
{
    server->context = zmq_ctx_new();
    (void)zmq_ctx_set(server->context, ZMQ_MAX_SOCKETS, 65000);
    server->socket = zmq_socket(server->context, ZMQ_PULL);
    const int one = 1;
    const int mark = HIGH_WATER;
    const int backlog = 4096;
    const int handshake_ms = 30000;
    bool ok = zmq_setsockopt(server->socket, ZMQ_CURVE_SERVER, &one, sizeof one) == 0 &&
              zmq_setsockopt(server->socket, ZMQ_CURVE_SECRETKEY, server->keys.secret_key,
                             ASG_BUS_KEY_SIZE) == 0 &&
              zmq_setsockopt(server->socket, ZMQ_RCVHWM, &mark, sizeof mark) == 0 &&
              zmq_setsockopt(server->socket, ZMQ_HANDSHAKE_IVL, &handshake_ms,
                             sizeof handshake_ms) == 0 &&
              zmq_setsockopt(server->socket, ZMQ_BACKLOG, &backlog, sizeof backlog) == 0;
    must(ok && zmq_bind(server->socket, "tcp://127.0.0.1:*") == 0, "bind");
    size_t size = sizeof ret->endpoint;
    must(zmq_getsockopt(server->socket, ZMQ_LAST_ENDPOINT, ret->endpoint, &size) == 0,
         "endpoint");
}

/* What the controller's thread does with the first report of each agent, less core. */
static void take_all(void *context)
{
    struct asg_inbox **inbox = context;
    for (;;) {
        struct asg_inbox_item *item = asg_inbox_take(*inbox);
        if (item == NULL) return;
        asg_inbox_done(*inbox, item);
    }
}

static void begin_ours(struct server *server, struct invitation *ret)
{
    struct asg_error error = {""};
    must(asg_bus_new(1, &server->bus, &error) == ASG_OK, error.text);
    asg_key_set_new(&server->key_set);
    const struct asg_bus_inlet_options listening = {
        .endpoint = "tcp://127.0.0.1:*",
        .domain = "agents",
        .keys = &server->keys,
        .key_set = server->key_set,
        .max_message_bytes = ASG_AGENT_FRAME_MAX,
        .high_water = server->is_paced ? 0 : HIGH_WATER,
        .handshake_ms = 30000};
    must(asg_bus_inlet_new(server->bus, &listening, &server->inlet, &error) == ASG_OK,
         error.text);
    (void)snprintf(ret->endpoint, sizeof ret->endpoint, "%s",
                   asg_bus_inlet_endpoint(server->inlet));
    asg_inbox_new(INBOX_ITEMS, take_all, &server->inbox, &server->inbox);
    struct asg_ingest_options options = {
        .inlet = server->inlet,
        .key_set = server->key_set,
        .inbox = server->inbox,
        .roster = {.silent_reports = 3,
                   .silent_ms_min = 3600000,
                   .first_report_ms = 3600000},
        .clock = asg_clock_real(),
    };
    asg_ingest_new(&options, &server->ingest);
    must(asg_ingest_thread_new(server->ingest, server->inlet, &server->ingest_thread,
                               &error) == ASG_OK,
         error.text);
    struct asg_effects effects = {0};
    struct asg_watch watch = {1, "web", GROUP_PERIOD, 1u << ASG_METRIC_NAME_CPU, 1};
    effects.watches = &watch;
    effects.watch_count = 1;
    effects.members =
        asg_arena_take(&effects.arena, server->connections * sizeof *effects.members);
    effects.member_count = server->connections;
    for (uint32_t i = 0; i < server->connections; i++) {
        char id[20];
        name_instance(i, id);
        effects.members[i] =
            (struct asg_member){.group_no = 1,
                                .instance_id = asg_arena_text(&effects.arena, id),
                                .private_ip = "127.0.0.1",
                                .state = ASG_MEMBER_COUNTS,
                                .curve_key = client_keys[i].public_key,
                                .tls_key = ""};
    }
    asg_ingest_take_members(server->ingest, &effects);
    asg_arena_clear(&effects.arena);
}

/* Bare: everything that is there. */
static void drain_bare(struct server *server)
{
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    while (zmq_msg_recv(&message, server->socket, ZMQ_DONTWAIT) >= 0) {
        server->frames++;
    }
    (void)zmq_msg_close(&message);
}

static uint64_t frames_of_ours(void)
{
    return (
        uint64_t)(asg_metric_read(&asg_controller_metrics[ASG_COUNT_REPORTS]) +
                  asg_metric_read(&asg_controller_metrics[ASG_COUNT_REPORTS_OVERTAKEN]));
}

/* Serve until `until_us` is over, or `wanted` reports have come (0: any number). */
static void serve(struct server *server, int64_t until_us, uint64_t wanted)
{
    while (now_us() < until_us && (wanted == 0 || server->frames < wanted)) {
        if (server->socket == NULL) { /* its own thread works: only look */
            server->frames = frames_of_ours();
            sleep_us(LOOK_US);
        } else {
            drain_bare(server);
            if (server->is_paced) {
                sleep_us(1000);
            } else {
                zmq_pollitem_t item = {.socket = server->socket, .events = ZMQ_POLLIN};
                (void)zmq_poll(&item, 1, 10);
            }
        }
    }
}

static void run_server(enum kind kind, uint32_t connections, struct pipes *pipes)
{
    struct server server = {.is_paced = has_pace(kind), .connections = connections};
    struct invitation invitation = {"", ""};
    asg_bus_keys_new(&server.keys);
    memcpy(invitation.server_key, server.keys.public_key, ASG_BUS_KEY_SIZE);
    double before_bytes = resident_bytes();
    if (is_bare(kind)) {
        begin_bare(&server, &invitation);
    } else {
        begin_ours(&server, &invitation);
    }
    write_all(pipes->invitation[1], &invitation, sizeof invitation);
    double began_cpu = cpu_us();
    int64_t came_us = now_us();
    serve(&server, now_us() + CONNECT_MS * INT64_C(1000), connections);
    must(server.frames >= connections, "not all connections came");
    struct outcome outcome = {.bytes_a_connection =
                                  (resident_bytes() - before_bytes) / connections,
                              .back_cpu_us = (cpu_us() - began_cpu) / connections,
                              .back_s = (double)(now_us() - came_us) / 1e6};
    write_all(pipes->go[1], "g", 1);
    if (is_filled(kind)) {
        uint64_t wanted = server.frames + (uint64_t)FILL_REPORTS * connections;
        serve(&server, now_us() + FILL_MS * INT64_C(1000), wanted);
        must(server.frames >= wanted, "not all reports came");
        outcome.bytes_a_connection = (resident_bytes() - before_bytes) / connections;
    }
    serve(&server, now_us() + WARM_UP_MS * INT64_C(1000), 0);
    uint64_t frames = server.frames;
    double cpu = cpu_us();
    int64_t began_us = now_us();
    serve(&server, began_us + (has_many(kind) ? PACED_MS : FLAT_MS) * INT64_C(1000), 0);
    double count = (double)(server.frames - frames);
    outcome.cpu_us_a_report = (cpu_us() - cpu) / count;
    if (kind == FLOODED_OURS) {
        outcome.bytes_a_connection = (resident_bytes() - before_bytes) / connections;
    }
    outcome.reports_a_second = count * 1e6 / (double)(now_us() - began_us);
    write_all(pipes->outcome[1], &outcome, sizeof outcome);
    _exit(0); /* the clients are told by a signal: nothing to take down in order */
}

/* ---- the clients ---- */

static void *connect_one(void *context, uint32_t number,
                         const struct invitation *invitation)
{
    const struct asg_bus_keys *keys = &client_keys[number];
    void *socket = zmq_socket(context, ZMQ_PUSH);
    must(socket != NULL, "socket (raise ulimit -n)");
    bool ok = zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, invitation->server_key,
                             ASG_BUS_KEY_SIZE) == 0 &&
              zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key,
                             ASG_BUS_KEY_SIZE) == 0 &&
              zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key,
                             ASG_BUS_KEY_SIZE) == 0;
    must(ok && zmq_connect(socket, invitation->endpoint) == 0, "connect");
    return socket;
}

static void send_report(void *socket, uint32_t number, uint64_t sequence, int flags)
{
    static struct asg_bytes frame;
    const struct asg_report report = {.boot_id = UINT64_C(0x1234567890abcdef),
                                      .sequence = sequence,
                                      .time_ms = INT64_C(1795442400000),
                                      .interval_ms = 1000,
                                      .cpu_milli = 40000 + number % 10000,
                                      .memory_milli = 51000,
                                      .load_milli = 900,
                                      .pressure_milli = 100,
                                      .network_in_bytes = 123456789 + sequence,
                                      .network_out_bytes = 987654321 + sequence,
                                      .disk_read_bytes = 55555555,
                                      .disk_write_bytes = 77777777 + sequence};
    asg_bytes_reset(&frame);
    asg_wire_encode_report(&report, &frame);
    (void)zmq_send(socket, frame.data, frame.length, flags);
}

static void run_clients(bool is_paced, uint32_t connections, uint32_t rate,
                        struct pipes *pipes)
{
    struct invitation invitation;
    must(read(pipes->invitation[0], &invitation, sizeof invitation) ==
             (ssize_t)sizeof invitation,
         "invitation");
    void *context = zmq_ctx_new();
    (void)zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 65000);
    void **sockets = asg_alloc(connections, sizeof *sockets);
    for (uint32_t i = 0; i < connections; i++) {
        sockets[i] = connect_one(context, i, &invitation);
        send_report(sockets[i], i, 1, 0);
    }
    char go;
    must(read(pipes->go[0], &go, 1) == 1, "go");
    uint32_t next = 0;
    uint64_t sequence = 2;
    int64_t began_us = now_us();
    for (uint64_t sent = 0;; sent++) { /* until it is ended */
        if (is_paced && sent % 16 == 0) {
            int64_t due_us = began_us + (int64_t)(sent * 1000000 / rate);
            int64_t early_us = due_us - now_us();
            if (early_us > 1000) sleep_us(early_us);
        }
        send_report(sockets[next], next, sequence, connections > 1 ? ZMQ_DONTWAIT : 0);
        if (++next == connections) {
            next = 0;
            sequence++;
        }
    }
}

/* ---- rounds ---- */

static struct outcome measure(enum kind kind, uint32_t connections, uint32_t rate)
{
    bool is_paced = has_pace(kind);
    bool is_memory = is_filled(kind) || kind == FLOODED_OURS;
    if (is_memory && connections > FILLED) connections = FILLED;
    struct pipes pipes;
    must(pipe(pipes.invitation) == 0 && pipe(pipes.go) == 0 && pipe(pipes.outcome) == 0,
         "pipe");
    pid_t server = fork();
    must(server >= 0, "fork");
    if (!has_many(kind)) connections = 1;
    if (server == 0) run_server(kind, connections, &pipes);
    pid_t clients = fork();
    must(clients >= 0, "fork");
    if (clients == 0) run_clients(is_paced, connections, rate, &pipes);
    (void)close(pipes.outcome[1]);
    struct outcome outcome = {0};
    ssize_t length = read(pipes.outcome[0], &outcome, sizeof outcome);
    (void)kill(clients, SIGKILL);
    (void)waitpid(clients, NULL, 0);
    (void)waitpid(server, NULL, 0);
    must(length == (ssize_t)sizeof outcome, "the server gave up");
    const int rest[] = {pipes.invitation[0], pipes.invitation[1], pipes.go[0],
                        pipes.go[1], pipes.outcome[0]};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        (void)close(rest[i]);
    }
    return outcome;
}

/* Heap of roster and window for STATE_COUNT bound instances. */
static double state_bytes(void)
{
    struct mallinfo2 before = mallinfo2();
    const struct asg_roster_options options = {.silent_reports = 3};
    struct asg_roster *roster = NULL;
    struct asg_window *window = NULL;
    asg_roster_new(&options, &roster);
    asg_window_new(NULL, &window);
    const struct asg_watch watch = {1, "web", GROUP_PERIOD, 1u << ASG_METRIC_NAME_CPU, 1};
    asg_window_watch(window, &watch, 0);
    for (uint32_t i = 0; i < STATE_COUNT; i++) {
        char id[20];
        char key[ASG_BUS_KEY_SIZE];
        name_instance(i, id);
        (void)snprintf(key, sizeof key, "%08x%032u", i, i);
        const struct asg_member member = {.group_no = 1,
                                          .instance_id = id,
                                          .private_ip = "10.0.0.1",
                                          .state = ASG_MEMBER_COUNTS,
                                          .curve_key = key,
                                          .tls_key = ""};
        uint32_t slot = asg_roster_set(roster, &member, 0);
        asg_window_set(window, slot, 1, ASG_MEMBER_COUNTS);
    }
    struct mallinfo2 after = mallinfo2();
    double bytes = (double)(after.uordblks + after.hblkhd) -
                   (double)(before.uordblks + before.hblkhd);
    asg_roster_destroy(&roster);
    asg_window_destroy(&window);
    return bytes / STATE_COUNT;
}

int main(int argc, char **argv)
{
    uint32_t connections = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : CONNECTIONS;
    uint32_t rate = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 80000;
    size_t rounds = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : ROUNDS;
    must(connections > 0 && rate > 0 && rounds > 0 && rounds <= ROUNDS,
         "usage: bench_ingest [CONNECTIONS] [RATE] [ROUNDS]");
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        /* A client's socket takes two. */
        rlim_t most = files.rlim_cur > 300 ? (files.rlim_cur - 200) / 2 : 50;
        if (argc <= 1 && connections > most) connections = (uint32_t)most;
    }
    client_keys = asg_alloc(connections, sizeof *client_keys);
    for (uint32_t i = 0; i < connections; i++) {
        asg_bus_keys_new(&client_keys[i]);
    }
    double rates[KINDS][ROUNDS];
    double costs[KINDS][ROUNDS];
    double bytes[KINDS][ROUNDS];
    double back[KINDS][ROUNDS];
    double back_s[KINDS][ROUNDS];
    for (size_t round = 0; round < rounds; round++) {
        for (int kind = 0; kind < KINDS; kind++) {
            struct outcome outcome = measure((enum kind)kind, connections, rate);
            rates[kind][round] = outcome.reports_a_second;
            costs[kind][round] = outcome.cpu_us_a_report;
            bytes[kind][round] = outcome.bytes_a_connection / 1024;
            back[kind][round] = outcome.back_cpu_us;
            back_s[kind][round] = outcome.back_s;
        }
    }
    (void)bench_ratio("flat_ratio", rates[FLAT_OURS], rates[FLAT_BARE], rounds,
                      "ours over bare, reports a second; goal 0.75 or more");
    char name[64];
    (void)snprintf(name, sizeof name, "paced_%u_cpu_ratio", connections);
    (void)bench_ratio(name, costs[PACED_OURS], costs[PACED_BARE], rounds,
                      "ours over bare, CPU a report; goal 1.25 or less");
    (void)bench_ratio("memory_ratio", bytes[PACED_OURS], bytes[PACED_BARE], rounds,
                      "ours over bare, when each has reported");
    (void)bench_row("flat_bare", rates[FLAT_BARE], rounds, "reports/s", "");
    (void)bench_row("flat_ours", rates[FLAT_OURS], rounds, "reports/s", "");
    (void)bench_row("paced_bare_rate", rates[PACED_BARE], rounds, "reports/s", "");
    (void)bench_row("paced_ours_rate", rates[PACED_OURS], rounds, "reports/s", "");
    (void)bench_row("paced_bare", costs[PACED_BARE], rounds, "us/report", "");
    (void)bench_row("paced_ours", costs[PACED_OURS], rounds, "us/report", "");
    (void)bench_row("memory_bare", bytes[PACED_BARE], rounds, "KiB/connection", "");
    (void)bench_row("memory_ours", bytes[PACED_OURS], rounds, "KiB/connection", "");
    (void)bench_ratio("filled_ratio", bytes[FILLED_OURS], bytes[FILLED_BARE], rounds,
                      "ours over bare, after 300 reports each; goal 1.25 or less");
    (void)bench_row("filled_bare", bytes[FILLED_BARE], rounds, "KiB/connection", "");
    (void)bench_row("filled_ours", bytes[FILLED_OURS], rounds, "KiB/connection",
                    "goal 64 or less");
    (void)snprintf(name, sizeof name, "back_%u_cpu_ratio", connections);
    (void)bench_ratio(name, back[PACED_OURS], back[PACED_BARE], rounds,
                      "ours over bare handshakes, until each has reported; goal 1.6");
    (void)bench_row("back_bare", back[PACED_BARE], rounds, "us/connection", "");
    (void)bench_row("back_ours", back[PACED_OURS], rounds, "us/connection", "");
    (void)bench_row("back_ours_time", back_s[PACED_OURS], rounds, "s",
                    "until all have reported; goal 15 for 9,900");
    (void)bench_ratio("flooded_ratio", bytes[FLOODED_OURS], bytes[FILLED_OURS], rounds,
                      "memory flooded over not flooded; goal 1.5 or less");
    (void)bench_row("flooded_ours", bytes[FLOODED_OURS], rounds, "KiB/connection", "");
    double state = state_bytes();
    (void)bench_row("state_ours", &state, 1, "B/instance", "roster and window; goal 256");
    return 0;
}
