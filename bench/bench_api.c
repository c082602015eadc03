/* bench_api - what the Auto Scaling API costs beside what it cannot do without.
 *
 * describe_*   DescribeAutoScalingGroups of 100 groups of ten, signed, at 100 and at
 *              10,000 groups, beside libmicrohttpd alone that checks the same signature
 * and sends the same bytes from one buffer; servers on one core, clients on the other,
 * rounds interleaved publish_*    core's events with and without the view that is
 * published for each step_*       an event and its view on a core of its own, idle and
 * while eight clients describe as fast as they can on the other large_*      one group of
 * 10,000 instances described by twenty clients at once desired_*    SetDesiredCapacity
 * through a whole controller by 32 clients, beside the same records appended in batches
 * of the same size, with nothing else Usage: bench_api [describe|step|large|desired]...
 * none: all
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "api_bare.h"
#include "api_client.h"
#include "base/log.h"
#include "controller/controller.h"
#include "controller/parts.h"
#include "controller/publish_view.h"
#include "core_world.h"
#include "rows.h"
#include "store/log.h"

#define ROUNDS        7
#define ROUND_US      INT64_C(700000)
#define CLIENTS       8
#define SERVER_CPU    0
#define CLIENT_CPU    1
#define THREADS       4
#define LARGE         10000
#define LARGE_CLIENTS 20
#define ORDER_CLIENTS 32
#define ORDER_US      INT64_C(2000000)
#define STEPS         20000

#define DESCRIBE      "Action=DescribeAutoScalingGroups&Version=2011-01-01&MaxRecords=100"

static struct asg_clock the_clock;
static struct bench_answers *answers;
static char folder[64];
static char keys_path[96];

static void must(enum asg_status status, const char *what, const struct asg_error *error)
{
    if (status == ASG_OK) return;
    (void)fprintf(stderr, "bench_api: %s: %s %s\n", what, asg_status_text(status),
                  error->text);
    exit(1);
}

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < 2; i++) {
        if (cpu < 0 || cpu == i) CPU_SET((size_t)i, &set);
    }
    (void)sched_setaffinity(0, sizeof set, &set);
}

/* ---- a door before a view of a core ---- */

struct door {
    struct bench_world world;
    struct asg_view *view;
    struct asg_api *api;
    uint16_t port;
};

static bool leads(void *context)
{
    (void)context;
    return true;
}

static enum asg_status take_no_order(void *context, const struct asg_command *command,
                                     asg_api_settled *settled, void *call)
{
    (void)context;
    (void)command;
    (void)settled;
    (void)call;
    return ASG_ERR_LIMIT;
}

static enum asg_status ask_nothing(void *context, const char *asker,
                                   const struct asg_question *question, asg_told_fn *told,
                                   void *call)
{
    (void)context;
    (void)asker;
    (void)question;
    (void)told;
    (void)call;
    return ASG_ERR_CLOSED;
}

static void count_nothing(void *context, int http_status, int64_t duration_us)
{
    (void)context;
    (void)http_status;
    (void)duration_us;
}

static void open_door(struct door *door, uint32_t groups, uint32_t members)
{
    bench_world_init(&door->world);
    door->world.members = members;
    bench_world_add_groups(&door->world, groups, ASG_EC2_RUNNING);
    asg_view_new(&door->view);
    asg_publish_view(door->view, door->world.core, NULL);
    const struct asg_api_options options = {
        .where = "127.0.0.1:0",
        .region = BENCH_REGION,
        .account_id = "123456789012",
        .keys_path = keys_path,
        .certificate_path = "",
        .private_key_path = "",
        .ports = {.clock = the_clock,
                  .view = door->view,
                  .is_leading = leads,
                  .order = take_no_order,
                  .look_up = ask_nothing,
                  .answered = count_nothing},
    };
    struct asg_error error = {""};
    must(asg_api_new(&options, &door->api, &error), "the API", &error);
    door->port = (uint16_t)strtoul(strrchr(asg_api_url(door->api), ':') + 1, NULL, 10);
}

static void close_door(struct door *door)
{
    asg_api_destroy(&door->api);
    asg_view_destroy(&door->view);
    bench_world_clear(&door->world);
}

/* As many replies a second as these clients get. */
static double ask(const struct bench_load *load)
{
    bench_client_begin(load);
    bench_client_end();
    if (answers->failed > 0 || answers->replies == 0) {
        (void)fprintf(stderr, "bench_api: %" PRIu64 " of %" PRIu64 " requests failed\n",
                      answers->failed, answers->replies);
        exit(1);
    }
    return (double)answers->replies * 1e6 / (double)answers->took_us;
}

static struct bench_load describe_load(uint16_t port, const struct bench_request *request)
{
    return (struct bench_load){.port = port,
                               .connections = CLIENTS,
                               .cpu = CLIENT_CPU,
                               .duration_us = ROUND_US,
                               .requests = request,
                               .request_count = 1};
}

static void name_row(char ret[64], const char *what, uint32_t groups, const char *how)
{
    (void)snprintf(ret, 64, "%s_%" PRIu32 "%s", what, groups, how);
}

/* ---- describe ---- */

static void measure_describe(uint32_t groups)
{
    struct door door;
    pin(SERVER_CPU);
    open_door(&door, groups, 10);
    struct bench_request request = bench_sign_request(DESCRIBE, door.port);
    struct bench_load load = describe_load(door.port, &request);
    load.is_once = true;
    load.connections = 1;
    (void)ask(&load);
    size_t length = (size_t)answers->bytes;
    char *body = asg_alloc(1, length);
    memset(body, 'x', length);
    struct bench_bare *bare = bench_bare_new(body, length, THREADS);
    struct bench_request bare_request =
        bench_sign_request(DESCRIBE, bench_bare_port(bare));
    double ours[ROUNDS];
    double theirs[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        load = describe_load(bench_bare_port(bare), &bare_request);
        theirs[i] = ask(&load);
        load = describe_load(door.port, &request);
        ours[i] = ask(&load);
    }
    char name[64];
    double kib = (double)length / 1024;
    name_row(name, "describe", groups, "_bytes");
    (void)bench_row(name, &kib, 1, "KiB", "100 groups of 10, the whole answer");
    name_row(name, "describe", groups, "_bare");
    (void)bench_row(name, theirs, ROUNDS, "1/s", "libmicrohttpd, signature, one buffer");
    name_row(name, "describe", groups, "");
    (void)bench_row(name, ours, ROUNDS, "1/s", "DescribeAutoScalingGroups, signed");
    name_row(name, "describe", groups, "_ratio");
    (void)bench_ratio(name, ours, theirs, ROUNDS, "(goal 0.7)");
    bench_bare_destroy(&bare);
    close_door(&door);
    free(body);
    free(request.bytes);
    free(bare_request.bytes);
    pin(-1);
}

/* ---- steps beside readers ---- */

static void one_step(struct door *door, uint32_t turn, uint32_t groups)
{
    door->world.time_ms++;
    if (turn % 4 == 0) {
        char name[16];
        (void)snprintf(name, sizeof name, "g%05" PRIu32, turn * 7919 % groups);
        bench_world_order(&door->world,
                          &(struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                                                .actor = "bench",
                                                .group = name,
                                                .desired = 10});
        return;
    }
    char id[BENCH_ID_SIZE];
    bench_world_id(2 + turn * 104729 % (groups * 10), id);
    struct asg_health_sign sign = {.instance_id = id,
                                   .sign = turn % 2 == 0 ? ASG_SIGN_PROBE_OK
                                                         : ASG_SIGN_REPORTING,
                                   .detail = ""};
    struct asg_health health = {.signs = &sign, .sign_count = 1};
    bench_world_step(&door->world,
                     (struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
}

struct steps {
    double mean_us;    /* of wall time */
    double p99_us;     /* of wall time, too */
    double cpu_p99_us; /* of this thread's own time: whoever else runs here is left out */
};

static double since(clockid_t clock, const struct timespec *before)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)(now.tv_sec - before->tv_sec) * 1e9 +
           (double)(now.tv_nsec - before->tv_nsec);
}

static struct steps run_steps(struct door *door, uint32_t groups, bool publishes)
{
    static uint32_t wall_ns[STEPS];
    static uint32_t cpu_ns[STEPS];
    struct timespec wall;
    struct timespec cpu;
    double sum = 0;
    for (uint32_t turn = 0; turn < STEPS; turn++) {
        (void)clock_gettime(CLOCK_MONOTONIC, &wall);
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
        one_step(door, turn, groups);
        if (publishes) asg_publish_view(door->view, door->world.core, NULL);
        cpu_ns[turn] = (uint32_t)since(CLOCK_THREAD_CPUTIME_ID, &cpu);
        wall_ns[turn] = (uint32_t)since(CLOCK_MONOTONIC, &wall);
        sum += wall_ns[turn];
    }
    return (struct steps){.mean_us = sum / STEPS / 1e3,
                          .p99_us = bench_percentile(wall_ns, STEPS, 0.99) / 1e3,
                          .cpu_p99_us = bench_percentile(cpu_ns, STEPS, 0.99) / 1e3};
}

static void measure_publish(struct door *door, uint32_t groups)
{
    double with[ROUNDS];
    double without[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        without[i] = run_steps(door, groups, false).mean_us;
        asg_publish_view(door->view, door->world.core, NULL);
        with[i] = run_steps(door, groups, true).mean_us;
    }
    char name[64];
    name_row(name, "publish", groups, "_without");
    (void)bench_row(name, without, ROUNDS, "us", "an event in core, none published");
    name_row(name, "publish", groups, "_with");
    (void)bench_row(name, with, ROUNDS, "us", "the same, the view published for each");
}

static void measure_step(void)
{
    const uint32_t groups = 1000;
    struct door door;
    pin(CLIENT_CPU); /* the door's threads are the readers: beside their clients */
    open_door(&door, groups, 10);
    pin(SERVER_CPU);
    measure_publish(&door, groups);
    struct bench_request request = bench_sign_request(DESCRIBE, door.port);
    double idle[ROUNDS];
    double busy[ROUNDS];
    double idle_wall[ROUNDS];
    double busy_wall[ROUNDS];
    double reads[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        struct steps steps = run_steps(&door, groups, true);
        idle[i] = steps.cpu_p99_us;
        idle_wall[i] = steps.p99_us;
        struct bench_load load = describe_load(door.port, &request);
        load.duration_us = 60 * INT64_C(1000000);
        bench_client_begin(&load);
        while (answers->replies < CLIENTS) { /* it is at full speed */
            (void)sched_yield();
        }
        uint64_t before = answers->replies;
        int64_t before_us = asg_clock_monotonic_us(&the_clock);
        steps = run_steps(&door, groups, true);
        busy[i] = steps.cpu_p99_us;
        busy_wall[i] = steps.p99_us;
        reads[i] = (double)(answers->replies - before) * 1e6 /
                   (double)(asg_clock_monotonic_us(&the_clock) - before_us);
        bench_client_stop();
        bench_client_end();
    }
    (void)bench_row(
        "step_idle_p99", idle, ROUNDS, "us",
        "an event and its view, 1,000 groups of 10, the thread's own time, nobody reads");
    (void)bench_row("step_busy_p99", busy, ROUNDS, "us",
                    "the same while the other core describes");
    (void)bench_row("step_busy_reads", reads, ROUNDS, "1/s",
                    "meanwhile, 100 groups each");
    (void)bench_ratio("step_ratio", busy, idle, ROUNDS, "p99 (goal 1.2)");
    (void)bench_row("step_idle_wall_p99", idle_wall, ROUNDS, "us",
                    "by the clock: with whatever else runs on this machine");
    (void)bench_row("step_busy_wall_p99", busy_wall, ROUNDS, "us", "the same");
    close_door(&door);
    free(request.bytes);
    pin(-1);
}

/* ---- a large group ---- */

/* What this process holds now, in bytes. */
static double resident(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void measure_large(void)
{
    double first[ROUNDS];
    double memory[ROUNDS];
    double mib = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct door door;
        pin(SERVER_CPU);
        open_door(&door, 1, LARGE);
        struct bench_request request = bench_sign_request(
            DESCRIBE "&AutoScalingGroupNames.member.1=g00000", door.port);
        struct bench_load load = describe_load(door.port, &request);
        load.connections = LARGE_CLIENTS;
        load.is_once = true;
        load.reads_slowly = true;
        load.duration_us = 60 * INT64_C(1000000);
        double before = resident(); /* nothing of it was rendered yet */
        double most = before;
        bench_client_begin(&load);
        while (answers->replies < LARGE_CLIENTS && answers->took_us == 0) {
            double now = resident();
            if (now > most) most = now;
            (void)usleep(500);
        }
        bench_client_end();
        memory[i] = (most - before) / LARGE_CLIENTS / 1048576.0;
        first[i] = bench_percentile(answers->first_bytes_us, LARGE_CLIENTS, 1.0) / 1e3;
        mib = (double)answers->bytes / LARGE_CLIENTS / 1048576.0;
        close_door(&door);
        free(request.bytes);
    }
    pin(-1);
    (void)bench_row("large_bytes", &mib, 1, "MiB", "of one answer: 10,000 instances");
    (void)bench_row("large_first_byte", first, ROUNDS, "ms",
                    "of twenty at once the last, nothing rendered before (goal 50)");
    (void)bench_row("large_memory", memory, ROUNDS, "MiB",
                    "a client, what is rendered included (goal 8)");
}

/* ---- orders ---- */

struct place {
    char folder[96];
    char log_path[128];
};

static void remove_place(const struct place *place)
{
    char command[160];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
    if (system(command) != 0) exit(1);
}

/* A state folder whose log knows the groups, all of them halted: an order is an order,
 * and nothing is launched for it. */
static void make_place(uint32_t groups, struct place *ret)
{
    struct bench_world world;
    bench_world_init(&world);
    bench_world_add_groups(&world, groups, ASG_EC2_RUNNING);
    bench_world_order(&world,
                      &(struct asg_command){.kind = ASG_COMMAND_HALT, .actor = "bench"});
    struct asg_bytes state = {0};
    asg_core_save(world.core, &state);
    (void)snprintf(ret->folder, sizeof ret->folder, "%s/state", folder);
    (void)snprintf(ret->log_path, sizeof ret->log_path, "%s/openasg.log", ret->folder);
    char command[128];
    (void)snprintf(command, sizeof command, "mkdir -m 700 '%s'", ret->folder);
    if (system(command) != 0) exit(1);
    const struct asg_log_options options = {.path = ret->log_path,
                                            .cluster_id =
                                                "0123456789abcdef0123456789abcdef",
                                            .now_ms = BENCH_BEGAN_MS};
    struct asg_error error = {""};
    struct asg_log *log = NULL;
    must(asg_log_open_sqlite(&options, &log, &error), "open", &error);
    const struct asg_record first = {.time_ms = BENCH_BEGAN_MS, .kind = "bench"};
    must(asg_log_append(log, &first, 1, NULL, &error), "append", &error);
    must(asg_log_save_snapshot(log, 1, state.data, state.length, &error), "snapshot",
         &error);
    asg_log_close(&log);
    asg_bytes_clear(&state);
    bench_world_clear(&world);
}

static atomic_bool is_over;

static void *run_controller(void *context)
{
    asg_controller_run(context, &is_over, NULL);
    return NULL;
}

static struct asg_controller_settings load_settings(const struct place *place,
                                                    struct asg_arena *arena,
                                                    const char *endpoints)
{
    const char *arguments[] = {"bench_api",
                               "--dir",
                               place->folder,
                               "--listen-agents",
                               "tcp://127.0.0.1:*",
                               "--listen-workers",
                               "tcp://127.0.0.1:*",
                               "--listen-admin",
                               "tcp://127.0.0.1:*",
                               "--listen-http",
                               "127.0.0.1:0",
                               "--listen-enrol",
                               "127.0.0.1:0",
                               "--listen-api",
                               "127.0.0.1:0",
                               "--api-keys",
                               keys_path,
                               "--endpoint-file",
                               endpoints};
    struct asg_controller_settings settings = {0};
    struct asg_error error = {""};
    enum asg_config_act act = ASG_CONFIG_RUN;
    must(asg_config_load(&asg_controller_table, sizeof arguments / sizeof arguments[0],
                         (char **)(uintptr_t)arguments, arena, &settings, &act, &error),
         "settings", &error);
    asg_controller_fill_settings(&settings, arena);
    return settings;
}

/* "api: http://127.0.0.1:7706" of the file that the controller wrote. */
static uint16_t port_of_api(const char *endpoints)
{
    char line[256];
    FILE *file = fopen(endpoints, "r");
    unsigned port = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "api: http://127.0.0.1:%u", &port);
    }
    if (file != NULL) (void)fclose(file);
    if (port == 0) {
        (void)fprintf(stderr, "bench_api: the controller says no port of the API\n");
        exit(1);
    }
    return (uint16_t)port;
}

/* Each connection sets its own group's desired capacity, to and fro. */
static struct bench_request *sign_orders(uint16_t port, uint32_t groups)
{
    struct bench_request *requests =
        asg_alloc((size_t)2 * ORDER_CLIENTS, sizeof *requests);
    for (uint32_t i = 0; i < 2 * ORDER_CLIENTS; i++) {
        char form[256];
        (void)snprintf(form, sizeof form,
                       "Action=SetDesiredCapacity&Version=2011-01-01&"
                       "AutoScalingGroupName=g%05" PRIu32 "&DesiredCapacity=%d",
                       (i % ORDER_CLIENTS) * (groups / ORDER_CLIENTS),
                       i < ORDER_CLIENTS ? 11 : 10);
        requests[i] = bench_sign_request(form, port);
    }
    return requests;
}

struct orders {
    double a_second;
    double p99_ms;
    uint64_t count;
    uint64_t commits;
    uint64_t from_seq; /* of the log */
    uint64_t to_seq;
};

static struct orders run_orders(const struct place *place, uint32_t groups)
{
    char endpoints[128];
    (void)snprintf(endpoints, sizeof endpoints, "%s/endpoints", folder);
    struct asg_arena arena = {0};
    struct asg_controller_settings settings = load_settings(place, &arena, endpoints);
    struct asg_controller *controller = NULL;
    struct asg_error error = {""};
    must(asg_controller_new(&settings, the_clock, &controller, &error), "controller",
         &error);
    atomic_store(&is_over, false);
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_controller, controller) != 0) exit(1);
    uint16_t port = port_of_api(endpoints);
    struct bench_request *requests = sign_orders(port, groups);
    struct bench_load load = {.port = port,
                              .connections = ORDER_CLIENTS,
                              .cpu = -1,
                              .duration_us = ORDER_US,
                              .requests = requests,
                              .request_count = (size_t)2 * ORDER_CLIENTS};
    struct orders orders = {0};
    /* Nobody asks yet, and then nobody any more: the loop rests. */
    uint64_t commits = asg_commit_counts(controller->commit).commits;
    orders.from_seq = asg_log_head(asg_commit_log(controller->commit)).seq + 1;
    orders.a_second = ask(&load);
    orders.count = answers->replies;
    orders.commits = asg_commit_counts(controller->commit).commits - commits;
    orders.to_seq = asg_log_head(asg_commit_log(controller->commit)).seq;
    orders.p99_ms = bench_percentile(answers->latencies_us, answers->count, 0.99) / 1e3;
    atomic_store(&is_over, true);
    (void)pthread_join(thread, NULL);
    asg_controller_destroy(&controller);
    for (size_t i = 0; i < (size_t)2 * ORDER_CLIENTS; i++) {
        free(requests[i].bytes);
    }
    free(requests);
    asg_arena_clear(&arena);
    return orders;
}

/* The records that the orders left, in memory. */
static struct asg_record *read_records(struct asg_log *log, const struct orders *orders,
                                       struct asg_arena *arena, size_t *ret_count)
{
    const struct asg_log_filter filter = {.from_seq = orders->from_seq,
                                          .to_seq = orders->to_seq};
    struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {""};
    must(asg_log_cursor_open(log, &filter, &cursor, &error), "read", &error);
    size_t most = (size_t)(orders->to_seq - orders->from_seq + 1);
    struct asg_record *records = asg_alloc(most, sizeof *records);
    struct asg_record record;
    size_t count = 0;
    while (count < most && asg_log_cursor_next(cursor, &record, &error) == ASG_OK) {
        void *payload = asg_arena_take(arena, record.payload_length);
        memcpy(payload, record.payload, record.payload_length);
        records[count++] =
            (struct asg_record){.time_ms = record.time_ms,
                                .kind = asg_arena_text(arena, record.kind),
                                .subject = asg_arena_text(arena, record.subject),
                                .note = asg_arena_text(arena, record.note),
                                .payload = payload,
                                .payload_length = record.payload_length};
    }
    asg_log_cursor_close(&cursor);
    *ret_count = count;
    return records;
}

/* The same records once more, into a new log of the same disk, in as many commits, as
 * fast as the log takes them: orders a second. */
static double append_bare(const struct place *place, const struct orders *orders)
{
    struct asg_log_options options = {.path = place->log_path,
                                      .cluster_id = "0123456789abcdef0123456789abcdef",
                                      .now_ms = asg_clock_wall_ms(&the_clock)};
    struct asg_error error = {""};
    struct asg_log *log = NULL;
    must(asg_log_open_sqlite(&options, &log, &error), "open", &error);
    struct asg_arena arena = {0};
    size_t count = 0;
    struct asg_record *records = read_records(log, orders, &arena, &count);
    asg_log_close(&log);
    char path[160];
    (void)snprintf(path, sizeof path, "%s/bare.log", place->folder);
    options.path = path;
    must(asg_log_open_sqlite(&options, &log, &error), "open", &error);
    int64_t before_us = asg_clock_monotonic_us(&the_clock);
    size_t at = 0;
    for (uint64_t i = 0; i < orders->commits; i++) {
        size_t to = count * (i + 1) / orders->commits;
        if (to == at) continue;
        must(asg_log_append(log, records + at, to - at, NULL, &error), "append", &error);
        at = to;
    }
    int64_t took_us = asg_clock_monotonic_us(&the_clock) - before_us;
    asg_log_close(&log);
    free(records);
    asg_arena_clear(&arena);
    return (double)orders->count * 1e6 / (double)took_us;
}

static void measure_orders(uint32_t groups)
{
    double ours[ROUNDS];
    double bare[ROUNDS];
    double p99[ROUNDS];
    double batch[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        struct place place;
        make_place(groups, &place);
        struct orders orders = run_orders(&place, groups);
        ours[i] = orders.a_second;
        p99[i] = orders.p99_ms;
        batch[i] = (double)orders.count / (double)orders.commits;
        bare[i] = append_bare(&place, &orders);
        remove_place(&place);
    }
    char name[64];
    name_row(name, "desired", groups, "_batch");
    (void)bench_row(name, batch, ROUNDS, "orders", "of a commit");
    name_row(name, "desired", groups, "_bare");
    (void)bench_row(name, bare, ROUNDS, "1/s", "the same records and commits, log only");
    name_row(name, "desired", groups, "");
    (void)bench_row(name, ours, ROUNDS, "1/s",
                    "SetDesiredCapacity, signed, durable, 32 clients");
    name_row(name, "desired", groups, "_ratio");
    (void)bench_ratio(name, ours, bare, ROUNDS, "(goal 0.5)");
    name_row(name, "desired", groups, "_p99");
    (void)bench_row(name, p99, ROUNDS, "ms", "request to answer (goal 20)");
}

/* ---- all of it ---- */

static bool is_meant(int argc, char **argv, const char *what)
{
    bool is = argc == 1;
    for (int i = 1; i < argc; i++) {
        is = is || strcmp(argv[i], what) == 0;
    }
    return is;
}

int main(int argc, char **argv)
{
    the_clock = asg_clock_real();
    answers = bench_client_new();
    asg_log_init("bench", ASG_LOG_ERROR);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(folder, sizeof folder, "/tmp/openasg-bench-XXXXXX");
    if (mkdtemp(folder) == NULL) return 1;
    (void)snprintf(keys_path, sizeof keys_path, "%s/keys", folder);
    bench_write_keys(keys_path);
    if (is_meant(argc, argv, "describe")) {
        measure_describe(100);
        measure_describe(10000);
    }
    if (is_meant(argc, argv, "step")) measure_step();
    if (is_meant(argc, argv, "large")) measure_large();
    if (is_meant(argc, argv, "desired")) {
        measure_orders(100);
        measure_orders(10000);
    }
    (void)unlink(keys_path);
    char path[96];
    (void)snprintf(path, sizeof path, "%s/endpoints", folder);
    (void)unlink(path);
    (void)rmdir(folder);
    return 0;
}
