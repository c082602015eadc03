/* bench_queue - durable jobs a second, beside beanstalkd, Redis Streams and RabbitMQ
 * quorum queues (G5 to G7).
 *
 * A job here is one that nobody may lose: it is on disk (fsync) before a worker gets it,
 * and its acknowledgement is on disk before it counts. Ours: an order is committed by the
 * controller's own commit path and core, its job is dispatched over ZeroMQ with CURVE to
 * a worker process, its result is committed. beanstalkd -f 0: put, reserve, delete. Redis
 * with appendfsync always: XADD, XREADGROUP, XACK. RabbitMQ: publish, deliver, ack; an
 * ack is never confirmed there, so it counts when it is sent. `depth` jobs are between
 * their enqueue and their acknowledgement, and RabbitMQ's consumer prefetches as many.
 * Rounds are interleaved, with the floor of queue_floor.c among them. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/bus.h"
#include "controller/commit_log.h"
#include "controller/dispatch_job.h"
#include "queue_round.h"
#include "rows.h"
#include "wire/wire.h"

#define ROUNDS 5

static char folder[] = "/tmp/openasg-bench-XXXXXX";

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
    pid_t worker;
};

static struct ours the_queue;

static enum asg_status send_frame(void *context, uint32_t peer,
                                  enum asg_message_type type, const void *object)
{
    struct ours *ours = context;
    asg_bytes_reset(&ours->frame);
    asg_wire_encode_message(type, object, &ours->frame);
    return asg_bus_listener_send(ours->listener, peer, ours->frame.data,
                                 ours->frame.length);
}

static const char *prepare(void *context, const struct asg_job *job,
                           struct asg_arena *arena, struct asg_job_message *message)
{
    (void)context;
    (void)job;
    (void)arena;
    message->join_stanza = "";
    return NULL;
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

static struct round_result run_openasg(int depth)
{
    struct ours *ours = &the_queue;
    begin_samples();
    ours->time_ms += 1000;
    uint64_t commits_before = asg_commit_counts(ours->commit).commits;
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
    uint64_t commits = asg_commit_counts(ours->commit).commits - commits_before;
    (void)fprintf(stderr, " [%.1f us a commit]",
                  (double)(now_us() - began_us) / (double)commits);
    while (!is_all_idle(ours)) {
        struct asg_bus_poll_item item = {.listener = ours->listener};
        (void)asg_bus_poll(&item, 1, 10);
        turn(ours, depth, false);
    }
    return result;
}

/* The worker process: answers each job at once. */
static void run_worker(const char *endpoint, const char *server_key,
                       const char *public_key, const char *secret_key)
{
    struct asg_bus *bus = NULL;
    must(asg_bus_new(1, &bus, NULL) == ASG_OK, "bus");
    struct asg_bus_keys keys;
    (void)snprintf(keys.public_key, sizeof keys.public_key, "%s", public_key);
    (void)snprintf(keys.secret_key, sizeof keys.secret_key, "%s", secret_key);
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
                                              .incarnation = job.job->incarnation,
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

static void begin_openasg(const char *unused)
{
    (void)unused;
    struct ours *ours = &the_queue;
    static char log_path[256];
    (void)snprintf(log_path, sizeof log_path, "%s/openasg.log", folder);
    const struct asg_commit_options options = {.log_path = log_path,
                                               .snapshot_records = UINT64_MAX / 2,
                                               .snapshot_ms = INT64_MAX / 2,
                                               .hash_events = UINT64_MAX / 2};
    const struct asg_clock clock = asg_clock_real();
    ours->time_ms = asg_clock_wall_ms(&clock) + 1000;
    struct asg_bus_keys keys;
    struct asg_bus_keys worker;
    struct asg_allow_list *workers = NULL; /* lent for good: as long as the program */
    asg_bus_keys_new(&keys);
    asg_bus_keys_new(&worker);
    asg_allow_list_new(&workers);
    asg_allow_list_add(workers, worker.public_key, "bench");
    must(asg_bus_new(1, &ours->bus, NULL) == ASG_OK, "bus");
    const struct asg_bus_listen_options listening = {.endpoint = "tcp://127.0.0.1:*",
                                                     .domain = "workers",
                                                     .keys = &keys,
                                                     .allow_list = workers,
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
        .ports = {.send = send_frame,
                  .prepare = prepare,
                  .give_up = give_up,
                  .context = ours},
    };
    asg_dispatch_new(&dispatching, now_us() / 1000, &ours->dispatch);
    asg_dispatch_lead(ours->dispatch, 1, 1, "bench");
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
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execl("/proc/self/exe", "bench_queue", "--worker", endpoint,
                    keys.public_key, worker.public_key, worker.secret_key, (char *)NULL);
        _exit(127);
    }
    ours->worker = child;
}

static void end_openasg(void)
{
    (void)kill(the_queue.worker, SIGKILL);
    (void)waitpid(the_queue.worker, NULL, 0);
}

/* ---- the table ---- */

struct queue {
    const char *name;
    struct round_result (*run)(int depth);
    void (*begin)(const char *folder);
    void (*end)(void);
};

enum { OPENASG, BEANSTALKD, REDIS, RABBITMQ, QUEUES };

static const struct queue queues[QUEUES] = {
    {"openasg", run_openasg, begin_openasg, end_openasg},
    {"beanstalkd_f0", run_beanstalkd, begin_beanstalkd, end_beanstalkd},
    {"redis_always", run_redis, begin_redis, end_redis},
    {"rabbitmq_quorum", run_rabbitmq, begin_rabbitmq, end_rabbitmq},
};

/* What all rounds of one queue at one depth gave. */
struct figures {
    double jobs[ROUNDS];
    double p50[ROUNDS];
    double p99[ROUNDS];
};

static void print_queue(const char *queue, int depth, const struct figures *figures)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s_depth_%d", queue, depth);
    (void)bench_row(name, figures->jobs, ROUNDS, "jobs/s", "");
    (void)snprintf(name, sizeof name, "%s_depth_%d_p50", queue, depth);
    (void)bench_row(name, figures->p50, ROUNDS, "us", "");
    (void)snprintf(name, sizeof name, "%s_depth_%d_p99", queue, depth);
    (void)bench_row(name, figures->p99, ROUNDS, "us", "");
}

static void print_ratios(int depth, const struct figures *all)
{
    static const char *const peers[QUEUES] = {"", "beanstalkd", "redis", "rabbitmq"};
    for (int i = BEANSTALKD; i < QUEUES; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "openasg_to_%s_depth_%d", peers[i], depth);
        (void)bench_ratio(name, all[OPENASG].jobs, all[i].jobs, ROUNDS, "");
        (void)snprintf(name, sizeof name, "openasg_to_%s_p99_depth_%d", peers[i], depth);
        (void)bench_ratio(name, all[OPENASG].p99, all[i].p99, ROUNDS, "");
    }
}

/* A job at depth 1 takes two commits and one round trip at the least. */
static void print_floor(const struct figures *ours, const double *sync_us,
                        const double *trip_us)
{
    double floor_us[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        floor_us[i] = 2 * sync_us[i] + trip_us[i];
    (void)bench_row("floor_sync_p50", sync_us, ROUNDS, "us", "8 KiB, bare fdatasync");
    (void)bench_row("floor_trip_p50", trip_us, ROUNDS, "us", "bare libzmq, CURVE");
    (void)bench_ratio("openasg_to_floor_p50_depth_1", ours->p50, floor_us, ROUNDS,
                      "two syncs and a round trip (goal 1.5)");
}

static void measure(int depth, unsigned which)
{
    struct figures all[QUEUES];
    double sync_us[ROUNDS];
    double trip_us[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        (void)fprintf(stderr, "round %d at depth %d:", round + 1, depth);
        struct floor_result bare = run_floor();
        sync_us[round] = bare.sync_us;
        trip_us[round] = bare.trip_us;
        for (int i = 0; i < QUEUES; i++) {
            if ((which & 1u << i) == 0) continue;
            struct round_result result = queues[i].run(depth);
            all[i].jobs[round] = result.jobs_a_second;
            all[i].p50[round] = result.p50_us;
            all[i].p99[round] = result.p99_us;
            (void)fprintf(stderr, " %s %.0f jobs/s (p99 %.0f us)", queues[i].name,
                          result.jobs_a_second, result.p99_us);
        }
        (void)fprintf(stderr, "\n");
    }
    for (int i = 0; i < QUEUES; i++) {
        if ((which & 1u << i) != 0) print_queue(queues[i].name, depth, &all[i]);
    }
    if (which == (1u << QUEUES) - 1) print_ratios(depth, all);
    if (depth == 1 && (which & 1u << OPENASG) != 0) {
        print_floor(&all[OPENASG], sync_us, trip_us);
    }
}

/* "openasg redis 64": only those at that depth, and no ratios; nothing: all of them. */
static unsigned which_queues(int argc, char **argv)
{
    unsigned which = 0;
    for (int i = 1; i < argc; i++) {
        for (int j = 0; j < QUEUES; j++) {
            if (strncmp(queues[j].name, argv[i], strlen(argv[i])) == 0) which |= 1u << j;
        }
    }
    return which != 0 ? which : (1u << QUEUES) - 1;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "--worker") == 0)
        run_worker(argv[2], argv[3], argv[4], argv[5]);
    if (argc == 4 && strcmp(argv[1], "--echo") == 0) run_echo(argv[2], argv[3]);
    must(mkdtemp(folder) != NULL, "mkdtemp");
    begin_floor(folder);
    unsigned which = which_queues(argc, argv);
    for (int i = 0; i < QUEUES; i++) {
        if ((which & 1u << i) != 0) queues[i].begin(folder);
    }
    int depth = 0;
    for (int i = 1; i < argc; i++) {
        if (atoi(argv[i]) > 0) depth = atoi(argv[i]);
    }
    must(depth <= DEPTH_MAX, "that depth");
    if (depth == 0 || depth == 1) measure(1, which);
    if (depth != 1) measure(depth == 0 ? DEPTH_MAX : depth, which);
    for (int i = 0; i < QUEUES; i++) {
        if ((which & 1u << i) != 0) queues[i].end();
    }
    end_floor();
    char command[300];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}
