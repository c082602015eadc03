/* bench_queue - durable jobs a second, beside beanstalkd and Redis Streams (G5 to G7).
 *
 * A job here is one that nobody may lose: it is on disk (fsync) before a worker gets it,
 * and its acknowledgement is on disk before it counts. Ours: an order is committed by the
 * controller's own commit path and core, its job is dispatched over ZeroMQ with CURVE to
 * a worker process, its result is committed. beanstalkd -f 0: put, reserve, delete. Redis
 * with appendfsync always: XADD, XREADGROUP, XACK. `depth` jobs are between their enqueue
 * and their confirmed acknowledgement. Rounds are interleaved. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/bus.h"
#include "controller/commit_log.h"
#include "controller/dispatch_job.h"
#include "wire/wire.h"

#define ROUNDS      5
#define ROUND_US    INT64_C(2000000)
#define DEPTH_MAX   64
#define SAMPLES_MAX 400000
#define JOB_BYTES   200

static struct asg_clock the_clock;
static char folder[] = "/tmp/openasg-bench-XXXXXX";

static int64_t now_us(void)
{
    return asg_clock_monotonic_us(&the_clock);
}

static void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "bench_queue: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* What one round of one queue gave. */
struct round_result {
    double jobs_a_second;
    double p50_us;
    double p99_us;
};

static int64_t samples[SAMPLES_MAX];
static size_t sample_count;

static void add_sample(int64_t us)
{
    if (sample_count < SAMPLES_MAX) samples[sample_count++] = us;
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static struct round_result end_round(int64_t began_us)
{
    double seconds = (double)(now_us() - began_us) / 1e6;
    must(sample_count > 0, "no job came back");
    qsort(samples, sample_count, sizeof samples[0], by_size);
    return (struct round_result){
        .jobs_a_second = (double)sample_count / seconds,
        .p50_us = (double)samples[sample_count / 2],
        .p99_us = (double)samples[sample_count * 99 / 100],
    };
}

/* ---- ours ---- */

struct ours {
    struct asg_bus *bus;
    struct asg_bus_listener *listener;
    struct asg_dispatch *dispatch;
    struct asg_commit *commit;
    struct asg_bytes frame;
    struct asg_arena scratch;
    int64_t time_ms;
    char names[DEPTH_MAX][16];
    int64_t begun_us[DEPTH_MAX];
    uint64_t job_of[DEPTH_MAX];
    bool is_idle[DEPTH_MAX];
};

static enum asg_status send_frame(void *context, uint32_t peer,
                                  enum asg_message_type type, const void *object)
{
    struct ours *ours = context;
    asg_bytes_reset(&ours->frame);
    asg_wire_encode_message(type, object, &ours->frame);
    return asg_bus_listener_send(ours->listener, peer, ours->frame.data,
                                 ours->frame.length);
}

static void prepare(void *context, const struct asg_job *job, struct asg_arena *arena,
                    struct asg_job_message *message)
{
    (void)context;
    (void)job;
    (void)arena;
    message->join_stanza = "";
}

static void give_up(void *context, const struct asg_result *result)
{
    (void)context;
    (void)result;
    must(false, "a job was given up");
}

static void put_job(struct ours *ours, int slot)
{
    static char note[JOB_BYTES];
    memset(note, 'x', sizeof note - 1);
    const struct asg_template_config config = {
        .name = ours->names[slot], .image_id = "ami-1", .key_name = note};
    const struct asg_command command = {.kind = ASG_COMMAND_TEMPLATE_PUT,
                                        .actor = "bench",
                                        .group = "",
                                        .name = ours->names[slot],
                                        .template_config = &config};
    struct asg_event event = {
        .time_ms = ours->time_ms, .kind = ASG_EVENT_COMMAND, .command = &command};
    ours->begun_us[slot] = now_us();
    ours->is_idle[slot] = false;
    const struct asg_waiter waiter = {.kind = ASG_WAITER_ADMIN,
                                      .request_no = (uint64_t)slot};
    enum asg_status status = asg_commit_apply(ours->commit, &event, waiter);
    must(status == ASG_OK, "apply");
}

static void release(void *context, const struct asg_waiter *waiter,
                    const struct asg_effects *effects)
{
    struct ours *ours = context;
    for (size_t i = 0; i < effects->job_count; i++) {
        if (effects->jobs[i].kind != ASG_JOB_TEMPLATE) continue;
        asg_dispatch_add(ours->dispatch, &effects->jobs[i]);
        ours->job_of[waiter->request_no] = effects->jobs[i].id;
    }
    if (waiter->kind != ASG_WAITER_RESULT) return;
    asg_dispatch_settle(ours->dispatch, waiter->job_id, waiter->attempt);
    for (int slot = 0; slot < DEPTH_MAX; slot++) {
        if (ours->is_idle[slot] || ours->job_of[slot] != waiter->job_id) continue;
        add_sample(now_us() - ours->begun_us[slot]);
        ours->is_idle[slot] = true;
        return;
    }
}

static void take_frame(struct ours *ours, const struct asg_bus_message *message)
{
    enum asg_message_type type;
    must(asg_wire_message_type(message->data, message->length, &type) == ASG_OK, "frame");
    asg_arena_reset(&ours->scratch);
    int64_t mono_ms = now_us() / 1000;
    if (type == ASG_MESSAGE_HELLO) {
        struct asg_hello hello;
        must(asg_wire_decode_message(message->data, message->length, type, &ours->scratch,
                                     &hello) == ASG_OK,
             "hello");
        asg_dispatch_hello(ours->dispatch, message->peer, "key", "here", &hello, mono_ms);
        return;
    }
    struct asg_result_message body;
    must(type == ASG_MESSAGE_RESULT, "type");
    must(asg_wire_decode_message(message->data, message->length, type, &ours->scratch,
                                 &body) == ASG_OK,
         "result");
    struct asg_result result;
    if (asg_dispatch_take_result(ours->dispatch, message->peer, &body, &result,
                                 mono_ms) != ASG_RESULT_NEW) {
        return;
    }
    struct asg_event event = {
        .time_ms = ours->time_ms, .kind = ASG_EVENT_RESULT, .result = &result};
    const struct asg_waiter waiter = {
        .kind = ASG_WAITER_RESULT, .job_id = result.job_id, .attempt = result.attempt};
    must(asg_commit_apply(ours->commit, &event, waiter) == ASG_OK, "apply");
}

/* The same turn the controller takes: drain, one commit for all, release, hand out. */
static void turn(struct ours *ours, int depth, bool is_open)
{
    struct asg_bus_message message;
    while (asg_bus_listener_receive(ours->listener, &message) == ASG_OK) {
        take_frame(ours, &message);
    }
    for (int slot = 0; is_open && slot < depth; slot++) {
        if (ours->is_idle[slot]) put_job(ours, slot);
    }
    struct asg_error error = {""};
    enum asg_status status = asg_commit_flush(ours->commit, release, ours, &error);
    if (status != ASG_OK) (void)fprintf(stderr, "%s\n", error.text);
    must(status == ASG_OK, "flush");
    (void)asg_dispatch_pump(ours->dispatch, now_us() / 1000, ours->time_ms);
}

static bool is_all_idle(const struct ours *ours)
{
    for (int slot = 0; slot < DEPTH_MAX; slot++) {
        if (!ours->is_idle[slot]) return false;
    }
    return true;
}

static struct round_result run_ours(struct ours *ours, int depth)
{
    sample_count = 0;
    ours->time_ms += 1000;
    int64_t began_us = now_us();
    while (now_us() - began_us < ROUND_US) {
        turn(ours, depth, true);
        bool waits = true;
        for (int slot = 0; slot < depth; slot++) {
            waits = waits && !ours->is_idle[slot];
        }
        struct asg_bus_poll_item item = {.listener = ours->listener};
        if (waits) (void)asg_bus_poll(&item, 1, 100);
    }
    struct round_result result = end_round(began_us);
    while (!is_all_idle(ours)) {
        struct asg_bus_poll_item item = {.listener = ours->listener};
        (void)asg_bus_poll(&item, 1, 10);
        turn(ours, depth, false);
    }
    return result;
}

/* The worker process: answers each job at once. */
static void run_worker(const char *endpoint, const char *server_key)
{
    struct asg_bus *bus = NULL;
    must(asg_bus_new(1, &bus, NULL) == ASG_OK, "bus");
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    const struct asg_bus_connect_options options = {
        .endpoint = endpoint, .server_key = server_key, .keys = &keys};
    struct asg_bus_connection *connection = NULL;
    must(asg_bus_connection_new(bus, &options, &connection, NULL) == ASG_OK, "connect");
    struct asg_bytes frame = {0};
    struct asg_arena arena = {0};
    const struct asg_hello hello = {.worker = "bench", .version = "", .credits = 1000000};
    asg_wire_encode_message(ASG_MESSAGE_HELLO, &hello, &frame);
    (void)asg_bus_connection_send(connection, frame.data, frame.length);
    for (;;) {
        struct asg_bus_poll_item item = {.connection = connection};
        (void)asg_bus_poll(&item, 1, -1);
        struct asg_bus_message message;
        while (asg_bus_connection_receive(connection, &message) == ASG_OK) {
            enum asg_message_type type;
            struct asg_job_message job;
            asg_arena_reset(&arena);
            if (asg_wire_message_type(message.data, message.length, &type) != ASG_OK ||
                type != ASG_MESSAGE_JOB ||
                asg_wire_decode_message(message.data, message.length, type, &arena,
                                        &job) != ASG_OK) {
                continue;
            }
            const struct asg_result result = {.job_id = job.job->id,
                                              .attempt = job.job->attempt,
                                              .template_id = "lt-1",
                                              .template_version = "1"};
            const struct asg_result_message answer = {
                .epoch = job.epoch, .lease_id = job.lease_id, .result = &result};
            asg_bytes_reset(&frame);
            asg_wire_encode_message(ASG_MESSAGE_RESULT, &answer, &frame);
            (void)asg_bus_connection_send(connection, frame.data, frame.length);
        }
    }
}

static pid_t begin_ours(struct ours *ours)
{
    static char log_path[256];
    (void)snprintf(log_path, sizeof log_path, "%s/openasg.log", folder);
    const struct asg_commit_options options = {.log_path = log_path,
                                               .snapshot_records = UINT64_MAX / 2,
                                               .snapshot_ms = INT64_MAX / 2,
                                               .hash_events = UINT64_MAX / 2};
    ours->time_ms = asg_clock_wall_ms(&the_clock) + 1000;
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    must(asg_bus_new(1, &ours->bus, NULL) == ASG_OK, "bus");
    const struct asg_bus_listen_options listening = {.endpoint = "tcp://127.0.0.1:*",
                                                     .domain = "workers",
                                                     .keys = &keys,
                                                     .max_message_bytes = 1 << 20,
                                                     .high_water = 10000};
    must(asg_bus_listener_new(ours->bus, &listening, &ours->listener, NULL) == ASG_OK,
         "listen");
    struct asg_error error = {""};
    must(asg_commit_open(&options, ours->time_ms, &ours->commit, &error) == ASG_OK,
         error.text);
    const struct asg_dispatch_options dispatching = {
        .lease_ms = 600000,
        .heartbeat_ms = 100000,
        .delivery_limit = 10,
        .ports = {send_frame, prepare, give_up, ours},
    };
    asg_dispatch_new(&dispatching, now_us() / 1000, &ours->dispatch);
    asg_dispatch_lead(ours->dispatch, 1, "bench");
    for (int slot = 0; slot < DEPTH_MAX; slot++) {
        (void)snprintf(ours->names[slot], sizeof ours->names[slot], "template-%d", slot);
        ours->is_idle[slot] = true;
    }
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    (void)snprintf(endpoint, sizeof endpoint, "%s",
                   asg_bus_listener_endpoint(ours->listener));
    (void)fflush(NULL);
    /* The program itself again: a forked ZeroMQ context would be of no use. */
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        (void)execl("/proc/self/exe", "bench_queue", "--worker", endpoint,
                    keys.public_key, (char *)NULL);
        _exit(127);
    }
    return child;
}

/* ---- peers over plain sockets ---- */

struct peer {
    pid_t server;
    uint16_t port;
    int producer;
    int workers[8];
    int worker_count;
    char *buffers[9];
    size_t lengths[9];
};

static uint16_t free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    socklen_t size = sizeof address;
    (void)getsockname(fd, (struct sockaddr *)&address, &size);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int64_t until_us = now_us() + 10000000;
    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
            int one = 1;
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            return fd;
        }
        (void)close(fd);
        must(now_us() < until_us, "the peer does not listen");
        (void)usleep(20000);
    }
}

static void start_server(struct peer *peer, const char *const *arguments)
{
    peer->server = fork();
    must(peer->server >= 0, "fork");
    if (peer->server == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        (void)dup2(null, 1);
        (void)dup2(null, 2);
        (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
}

static void send_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
        must(sent > 0, "send");
        data += sent;
        length -= (size_t)sent;
    }
}

/* A line of a connection (index into buffers), without its end; NULL when none is whole.
 * It lives until the next read of that connection. */
static char *next_line(struct peer *peer, int index, size_t *used)
{
    char *begin = peer->buffers[index] + *used;
    char *end = memmem(begin, peer->lengths[index] - *used, "\r\n", 2);
    if (end == NULL) return NULL;
    *end = '\0';
    *used = (size_t)(end + 2 - peer->buffers[index]);
    return begin;
}

static void read_more(struct peer *peer, int index, int fd)
{
    if (peer->buffers[index] == NULL) peer->buffers[index] = malloc(1 << 20);
    ssize_t got = recv(fd, peer->buffers[index] + peer->lengths[index],
                       (1 << 20) - peer->lengths[index], 0);
    must(got > 0, "recv");
    peer->lengths[index] += (size_t)got;
}

static void consume(struct peer *peer, int index, size_t used)
{
    memmove(peer->buffers[index], peer->buffers[index] + used,
            peer->lengths[index] - used);
    peer->lengths[index] -= used;
}

/* ---- beanstalkd ---- */

static void beanstalk_put(struct peer *peer)
{
    char text[JOB_BYTES + 64];
    char body[JOB_BYTES + 1];
    (void)snprintf(body, sizeof body, "%-*" PRId64, JOB_BYTES, now_us());
    int length = snprintf(text, sizeof text, "put 0 0 60 %d\r\n%s\r\n", JOB_BYTES, body);
    send_all(peer->producer, text, (size_t)length);
}

/* Reserve, delete, reserve, ...: each worker connection has one job at a time. */
static int beanstalk_worker(struct peer *peer, int index, int fd)
{
    read_more(peer, index, fd);
    size_t used = 0;
    int done = 0;
    for (;;) {
        size_t before = used;
        char *line = next_line(peer, index, &used);
        if (line == NULL) break;
        if (strncmp(line, "RESERVED ", 9) == 0) {
            uint64_t id = strtoull(line + 9, NULL, 10);
            if (peer->lengths[index] - used <
                JOB_BYTES + 2) { /* the body is on its way */
                line[strlen(line)] = '\r';
                used = before;
                break;
            }
            int64_t begun_us = strtoll(peer->buffers[index] + used, NULL, 10);
            used += JOB_BYTES + 2;
            char text[64];
            int length = snprintf(text, sizeof text, "delete %" PRIu64 "\r\n", id);
            send_all(fd, text, (size_t)length);
            *(int64_t *)(void *)(peer->buffers[index] + (1 << 20) - 8) = begun_us;
        } else if (strncmp(line, "DELETED", 7) == 0) {
            add_sample(now_us() -
                       *(int64_t *)(void *)(peer->buffers[index] + (1 << 20) - 8));
            done++;
            send_all(fd, "reserve\r\n", 9);
        } else {
            must(false, line);
        }
    }
    consume(peer, index, used);
    return done;
}

static struct round_result run_beanstalk(struct peer *peer, int depth)
{
    sample_count = 0;
    int outstanding = 0;
    int64_t began_us = now_us();
    bool is_open = true;
    struct round_result result = {0};
    while (is_open || outstanding > 0) {
        if (is_open && now_us() - began_us >= ROUND_US) {
            is_open = false;
            result = end_round(began_us);
        }
        for (; is_open && outstanding < depth; outstanding++) {
            beanstalk_put(peer);
        }
        struct pollfd polled[9] = {{.fd = peer->producer, .events = POLLIN}};
        for (int i = 0; i < peer->worker_count; i++) {
            polled[i + 1] = (struct pollfd){.fd = peer->workers[i], .events = POLLIN};
        }
        (void)poll(polled, (nfds_t)peer->worker_count + 1, 1000);
        if ((polled[0].revents & POLLIN) != 0) { /* INSERTED lines */
            read_more(peer, 0, peer->producer);
            peer->lengths[0] = 0;
        }
        for (int i = 0; i < peer->worker_count; i++) {
            if ((polled[i + 1].revents & POLLIN) == 0) continue;
            outstanding -= beanstalk_worker(peer, i + 1, peer->workers[i]);
        }
    }
    return result;
}

static void begin_beanstalk(struct peer *peer)
{
    peer->port = free_port();
    char port[16];
    (void)snprintf(port, sizeof port, "%u", peer->port);
    char binlog[256];
    (void)snprintf(binlog, sizeof binlog, "%s/beanstalkd", folder);
    char command[600];
    (void)snprintf(command, sizeof command, "mkdir -p %s", binlog);
    must(system(command) == 0, "mkdir");
    const char *const arguments[] = {"beanstalkd", "-l",   "127.0.0.1", "-p", port,
                                     "-b",         binlog, "-f",        "0",  NULL};
    start_server(peer, arguments);
    peer->producer = connect_to(peer->port);
    peer->worker_count = 8;
    for (int i = 0; i < peer->worker_count; i++) {
        peer->workers[i] = connect_to(peer->port);
        send_all(peer->workers[i], "reserve\r\n", 9);
    }
}

/* ---- Redis Streams ---- */

/* XADD, XREADGROUP and XACK travel on two connections; whatever waits is sent at once, so
 * that Redis too can share one fsync among many. */
struct redis {
    struct peer peer;
    int64_t begun_us[SAMPLES_MAX > 65536 ? 65536 : SAMPLES_MAX];
    uint64_t added;
    uint64_t acked;
};

static void redis_command(int fd, const char *const *words, int count)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "*%d\r\n", count);
    for (int i = 0; i < count; i++) {
        length += snprintf(text + length, sizeof text - (size_t)length, "$%zu\r\n%s\r\n",
                           strlen(words[i]), words[i]);
    }
    send_all(fd, text, (size_t)length);
}

static void redis_wait_line(struct peer *peer, int index, int fd)
{
    size_t used = 0;
    while (next_line(peer, index, &used) == NULL) {
        read_more(peer, index, fd);
        used = 0;
    }
    peer->lengths[index] = 0;
}

static void redis_add(struct redis *redis)
{
    static char body[JOB_BYTES + 1];
    memset(body, 'x', JOB_BYTES);
    redis->begun_us[redis->added % 65536] = now_us();
    redis->added++;
    const char *const words[] = {"XADD", "jobs", "*", "b", body};
    redis_command(redis->peer.producer, words, 5);
}

static const char *const read_words[] = {
    "XREADGROUP", "GROUP", "g", "w", "COUNT", "64", "BLOCK", "0", "STREAMS", "jobs", ">"};

/* Replies on the worker's connection: a read gives entries, an ack gives a number. */
static int redis_worker(struct redis *redis)
{
    struct peer *peer = &redis->peer;
    int fd = peer->workers[0];
    read_more(peer, 1, fd);
    size_t used = 0;
    size_t whole = 0;
    int done = 0;
    char acks[16384];
    int entries = 0;
    int length = 0;
    for (;;) {
        char *line = next_line(peer, 1, &used);
        if (line == NULL) break;
        if (line[0] == ':') {
            int acked = atoi(line + 1);
            for (int i = 0; i < acked; i++) {
                add_sample(now_us() - redis->begun_us[redis->acked % 65536]);
                redis->acked++;
                done++;
            }
            redis_command(fd, read_words, 11);
            whole = used;
        } else if (line[0] >= '0' && line[0] <= '9' && strchr(line, '-') != NULL) {
            length += snprintf(acks + length, sizeof acks - (size_t)length,
                               "$%zu\r\n%s\r\n", strlen(line), line);
            entries++;
        }
    }
    /* A reply ends with its last body: as many bodies as ids. */
    int bodies = 0;
    for (size_t i = 0; i + 1 < used; i++) {
        if (peer->buffers[1][i] == 'x' && (i == 0 || peer->buffers[1][i - 1] == '\n')) {
            bodies++;
        }
    }
    if (entries > 0 && bodies == entries && used == peer->lengths[1]) {
        char head[64];
        int head_length =
            snprintf(head, sizeof head, "*%d\r\n$4\r\nXACK\r\n$4\r\njobs\r\n$1\r\ng\r\n",
                     entries + 3);
        send_all(fd, head, (size_t)head_length);
        send_all(fd, acks, (size_t)length);
        whole = used;
    } else if (entries > 0) { /* not all here: look again from its start */
        for (size_t i = whole; i < used; i++) {
            if (peer->buffers[1][i] == '\0') peer->buffers[1][i] = '\r';
        }
    }
    consume(peer, 1, whole);
    return done;
}

static struct round_result run_redis(struct redis *redis, int depth)
{
    struct peer *peer = &redis->peer;
    sample_count = 0;
    int outstanding = 0;
    int64_t began_us = now_us();
    bool is_open = true;
    struct round_result result = {0};
    while (is_open || outstanding > 0) {
        if (is_open && now_us() - began_us >= ROUND_US) {
            is_open = false;
            result = end_round(began_us);
        }
        for (; is_open && outstanding < depth; outstanding++) {
            redis_add(redis);
        }
        struct pollfd polled[2] = {{.fd = peer->producer, .events = POLLIN},
                                   {.fd = peer->workers[0], .events = POLLIN}};
        (void)poll(polled, 2, 1000);
        if ((polled[0].revents & POLLIN) != 0) {
            read_more(peer, 0, peer->producer);
            peer->lengths[0] = 0;
        }
        if ((polled[1].revents & POLLIN) != 0) outstanding -= redis_worker(redis);
    }
    return result;
}

static void begin_redis(struct redis *redis)
{
    struct peer *peer = &redis->peer;
    peer->port = free_port();
    char port[16];
    (void)snprintf(port, sizeof port, "%u", peer->port);
    const char *const arguments[] = {"redis-server",
                                     "--port",
                                     port,
                                     "--bind",
                                     "127.0.0.1",
                                     "--dir",
                                     folder,
                                     "--appendonly",
                                     "yes",
                                     "--appendfsync",
                                     "always",
                                     "--save",
                                     "",
                                     NULL};
    start_server(peer, arguments);
    peer->producer = connect_to(peer->port);
    peer->workers[0] = connect_to(peer->port);
    peer->worker_count = 1;
    const char *const group[] = {"XGROUP", "CREATE", "jobs", "g", "$", "MKSTREAM"};
    redis_command(peer->producer, group, 6);
    redis_wait_line(peer, 0, peer->producer);
    redis_command(peer->workers[0], read_words, 11);
}

/* ---- the table ---- */

static int by_double(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void print_row(const char *name, int depth, const char *what,
                      const double values[ROUNDS], const char *unit, const char *words)
{
    double sorted[ROUNDS];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, ROUNDS, sizeof sorted[0], by_double);
    (void)printf("%s_depth_%d%s %.2f %.2f %.2f %s %s\n", name, depth, what,
                 sorted[ROUNDS / 2], sorted[0], sorted[ROUNDS - 1], unit, words);
    (void)fflush(stdout);
}

static void print_queue(const char *name, int depth, const struct round_result *rounds)
{
    double jobs[ROUNDS];
    double p50[ROUNDS];
    double p99[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        jobs[i] = rounds[i].jobs_a_second;
        p50[i] = rounds[i].p50_us;
        p99[i] = rounds[i].p99_us;
    }
    print_row(name, depth, "", jobs, "jobs/s", "");
    print_row(name, depth, "_p50", p50, "us", "");
    print_row(name, depth, "_p99", p99, "us", "");
}

static void print_ratio(const char *name, int depth, const struct round_result *ours,
                        const struct round_result *theirs, const char *goal)
{
    double ratios[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        ratios[i] = ours[i].jobs_a_second / theirs[i].jobs_a_second;
    }
    print_row(name, depth, "", ratios, "x", goal);
}

static void measure(struct ours *ours, struct peer *beanstalk, struct redis *redis,
                    int depth)
{
    struct round_result a[ROUNDS];
    struct round_result b[ROUNDS];
    struct round_result c[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        a[i] = run_ours(ours, depth);
        (void)fprintf(stderr, "round %d at depth %d: openasg %.0f", i + 1, depth,
                      a[i].jobs_a_second);
        b[i] = run_beanstalk(beanstalk, depth);
        (void)fprintf(stderr, ", beanstalkd %.0f", b[i].jobs_a_second);
        c[i] = run_redis(redis, depth);
        (void)fprintf(stderr, ", redis %.0f jobs/s\n", c[i].jobs_a_second);
    }
    print_queue("openasg", depth, a);
    print_queue("beanstalkd_f0", depth, b);
    print_queue("redis_always", depth, c);
    print_ratio("openasg_to_beanstalkd", depth, a, b,
                depth == 1 ? "(goal 0.95)" : "(goal 10)");
    print_ratio("openasg_to_redis", depth, a, c,
                depth == 1 ? "(goal 1.1)" : "(goal 1.0)");
    double tails[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        tails[i] = a[i].p99_us / c[i].p99_us;
    }
    print_row("openasg_to_redis_p99", depth, "", tails, "x",
              depth == 1 ? "" : "(goal at most 1)");
}

int main(int argc, char **argv)
{
    the_clock = asg_clock_real();
    if (argc == 4 && strcmp(argv[1], "--worker") == 0) run_worker(argv[2], argv[3]);
    must(mkdtemp(folder) != NULL, "mkdtemp");
    static struct ours ours;
    static struct peer beanstalk;
    static struct redis redis;
    pid_t worker = begin_ours(&ours);
    begin_beanstalk(&beanstalk);
    begin_redis(&redis);
    measure(&ours, &beanstalk, &redis, 1);
    measure(&ours, &beanstalk, &redis, 64);
    (void)kill(worker, SIGKILL);
    (void)kill(beanstalk.server, SIGKILL);
    (void)kill(redis.peer.server, SIGKILL);
    while (wait(NULL) > 0) {
    }
    char command[300];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}
