/* bench_replay - a log of a million records: verify and replay beside a bare SQLite scan
 * with SHA-256, in time and in CPU time, verify by one thread and by four, and the
 * restart of a controller on it (G12).
 *
 * The log is made by the controller's own commit path: a group of two instances whose
 * metrics come in every second. Rounds are interleaved: scan, verify, replay. */
#include <assert.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "controller/commit_log.h"
#include "crypto/crypto.h"
#include "rows.h"

#define RECORDS  1000000
#define BATCH    512
#define ROUNDS   5
#define BEGAN_MS INT64_C(1700000000000)

static struct asg_clock the_clock;

static int64_t now_us(void)
{
    return asg_clock_monotonic_us(&the_clock);
}

static void apply(struct asg_commit *commit, struct asg_event event)
{
    enum asg_status status = asg_commit_apply(commit, &event, (struct asg_waiter){0});
    assert(status == ASG_OK);
}

static void flush(struct asg_commit *commit)
{
    struct asg_error error = {""};
    enum asg_status status = asg_commit_flush(commit, NULL, NULL, &error);
    if (status != ASG_OK) (void)fprintf(stderr, "%s\n", error.text);
    assert(status == ASG_OK);
}

/* A group with two warm instances and one policy. */
static void make_group(struct asg_commit *commit, int64_t *time_ms)
{
    struct asg_subnet subnet = {.subnet_id = "subnet-1", .zone = "us-east-1a"};
    const struct asg_group_config group = {.name = "web",
                                           .min = 2,
                                           .max = 6,
                                           .desired = 2,
                                           .template_id = "lt-1",
                                           .template_version = "1",
                                           .subnets = &subnet,
                                           .subnet_count = 1,
                                           .evaluation_ms = 1000};
    const struct asg_command create = {.kind = ASG_COMMAND_GROUP_CREATE,
                                       .actor = "bench",
                                       .group = "web",
                                       .group_config = &group};
    apply(commit, (struct asg_event){.time_ms = *time_ms,
                                     .kind = ASG_EVENT_COMMAND,
                                     .command = &create});
    const struct asg_policy_config policy = {
        .group = "web", .name = "cpu", .target_milli = 50000, .stabilisation_ms = 300000};
    const struct asg_command put = {.kind = ASG_COMMAND_POLICY_PUT,
                                    .actor = "bench",
                                    .group = "web",
                                    .policy_config = &policy};
    apply(commit, (struct asg_event){
                      .time_ms = *time_ms, .kind = ASG_EVENT_COMMAND, .command = &put});
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(asg_commit_core(commit), &arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind != ASG_JOB_LAUNCH) continue;
        struct asg_seen_instance seen[2] = {
            {.instance_id = "i-1", .state = ASG_EC2_RUNNING, .private_ip = "127.1.0.1"},
            {.instance_id = "i-2", .state = ASG_EC2_RUNNING, .private_ip = "127.1.0.2"},
        };
        const struct asg_result result = {.job_id = jobs[i].id,
                                          .attempt = jobs[i].attempt,
                                          .instances = seen,
                                          .instance_count = 2};
        apply(commit, (struct asg_event){.time_ms = *time_ms,
                                         .kind = ASG_EVENT_RESULT,
                                         .result = &result});
    }
    asg_arena_clear(&arena);
    *time_ms += 400000; /* warm */
    apply(commit, (struct asg_event){.time_ms = *time_ms, .kind = ASG_EVENT_TICK});
    flush(commit);
}

static uint64_t revision_of(const struct asg_commit *commit)
{
    struct asg_arena arena = {0};
    struct asg_effects watching = {0};
    asg_core_watching(asg_commit_core(commit), &arena, &watching);
    uint64_t revision = watching.watch_count > 0 ? watching.watches[0].revision : 0;
    asg_arena_clear(&arena);
    return revision;
}

static void make_log(const struct asg_commit_options *options)
{
    struct asg_commit *commit = NULL;
    struct asg_error error = {""};
    enum asg_status status = asg_commit_open(options, BEGAN_MS, &commit, &error);
    assert(status == ASG_OK);
    int64_t time_ms = BEGAN_MS + 1000;
    make_group(commit, &time_ms);
    uint64_t revision = revision_of(commit);
    uint64_t noise = 88172645463325252u;
    for (int i = 0; i < RECORDS; i++) {
        time_ms += 1000;
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        struct asg_group_metric row = {.group_no = 1,
                                       .metric = ASG_METRIC_NAME_CPU,
                                       .revision = revision,
                                       .members = 2,
                                       .count = 2,
                                       .sum_milli = 92000 + (int64_t)(noise % 7000),
                                       .min_milli = 46000,
                                       .max_milli = 49000};
        const struct asg_metrics metrics = {.groups = &row, .group_count = 1};
        apply(commit, (struct asg_event){.time_ms = time_ms,
                                         .kind = ASG_EVENT_METRICS,
                                         .metrics = &metrics});
        if (asg_commit_staged(commit) == BATCH) {
            flush(commit);
            asg_commit_tidy(commit, time_ms);
        }
    }
    flush(commit);
    asg_commit_close(&commit, /* with_snapshot */ false);
}

/* By the clock, and of all cores together. */
struct took {
    double seconds;
    double cpu;
};

static double own_cpu(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What anybody would pay: read each payload and hash it. */
static struct took scan(const char *path, int64_t *ret_records)
{
    int64_t before_us = now_us();
    double before_cpu = own_cpu();
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL);
    assert(code == SQLITE_OK);
    code = sqlite3_prepare_v2(database, "SELECT payload FROM records ORDER BY seq", -1,
                              &statement, NULL);
    assert(code == SQLITE_OK);
    struct asg_hasher *hasher = NULL;
    asg_hasher_new(&hasher);
    uint8_t hash[ASG_SHA256_BYTES];
    *ret_records = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        asg_hasher_begin(hasher);
        asg_hasher_update(hasher, sqlite3_column_blob(statement, 0),
                          (size_t)sqlite3_column_bytes(statement, 0));
        asg_hasher_end(hasher, hash);
        (*ret_records)++;
    }
    asg_hasher_destroy(&hasher);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
    return (struct took){.seconds = (double)(now_us() - before_us) / 1e6,
                         .cpu = own_cpu() - before_cpu};
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The openasg command as an operator runs it; `arguments` ends with NULL. */
static struct took run_command(char *const arguments[])
{
    int64_t before_us = now_us();
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL) _exit(126);
        (void)execv(arguments[0], arguments);
        _exit(127);
    }
    int code = 0;
    struct rusage usage = {0};
    (void)wait4(child, &code, 0, &usage);
    assert(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    return (struct took){.seconds = (double)(now_us() - before_us) / 1e6,
                         .cpu = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)};
}

static double restart_ms(const struct asg_commit_options *options)
{
    struct asg_commit *commit = NULL;
    struct asg_error error = {""};
    int64_t before_us = now_us();
    enum asg_status status = asg_commit_open(options, BEGAN_MS, &commit, &error);
    if (status != ASG_OK) (void)fprintf(stderr, "%s\n", error.text);
    assert(status == ASG_OK);
    double took_ms = (double)(now_us() - before_us) / 1e3;
    asg_commit_close(&commit, /* with_snapshot */ false);
    return took_ms;
}

struct figures {
    double scan[ROUNDS], verify[ROUNDS], replay[ROUNDS]; /* millions a second */
    double verify_ratio[ROUNDS], replay_ratio[ROUNDS];
    double verify_cpu[ROUNDS], replay_cpu[ROUNDS];
    double one[ROUNDS], four[ROUNDS]; /* seconds */
};

static void measure_round(char *program, char *path, int i, struct figures *ret)
{
    char *const verify[] = {program, "log", "verify", path, NULL};
    char *const by_one[] = {program, "log", "verify", "--jobs", "1", path, NULL};
    char *const by_four[] = {program, "log", "verify", "--jobs", "4", path, NULL};
    char *const replay[] = {program, "replay", path, NULL};
    int64_t records = 0;
    struct took bare = scan(path, &records);
    struct took verified = run_command(verify);
    struct took replayed = run_command(replay);
    ret->one[i] = run_command(by_one).seconds;
    ret->four[i] = run_command(by_four).seconds;
    ret->scan[i] = (double)records / bare.seconds / 1e6;
    ret->verify[i] = (double)records / verified.seconds / 1e6;
    ret->replay[i] = (double)records / replayed.seconds / 1e6;
    ret->verify_ratio[i] = bare.seconds / verified.seconds;
    ret->replay_ratio[i] = bare.seconds / replayed.seconds;
    ret->verify_cpu[i] = verified.cpu / bare.cpu;
    ret->replay_cpu[i] = replayed.cpu / bare.cpu;
}

static void measure_commands(char *program, char *path)
{
    struct figures f;
    for (int i = 0; i < ROUNDS; i++)
        measure_round(program, path, i, &f);
    (void)bench_row("bare_scan_sha256", f.scan, ROUNDS, "M/s", "records");
    (void)bench_row("log_verify", f.verify, ROUNDS, "M/s", "records, the whole command");
    (void)bench_row("replay", f.replay, ROUNDS, "M/s",
                    "records, verified, decided and compared");
    (void)bench_row("verify_ratio", f.verify_ratio, ROUNDS, "x",
                    "of the bare scan, on all cores (goal 0.55 on two)");
    (void)bench_row("replay_ratio", f.replay_ratio, ROUNDS, "x",
                    "of the bare scan (goal 0.55)");
    (void)bench_row("verify_cpu_ratio", f.verify_cpu, ROUNDS, "x",
                    "CPU time, of the bare scan's (goal 3)");
    (void)bench_row("replay_cpu_ratio", f.replay_cpu, ROUNDS, "x",
                    "CPU time, of the bare scan's (goal 3)");
    (void)bench_ratio(
        "verify_jobs_4", f.one, f.four, ROUNDS,
        "one thread's time over four's (goal 3 where there are four cores)");
}

int main(int argc, char **argv)
{
    (void)argc;
    the_clock = asg_clock_real();
    char folder[] = "/tmp/openasg-bench-XXXXXX";
    if (mkdtemp(folder) == NULL) return 1;
    char path[256];
    char program[4096];
    char self[4096];
    (void)snprintf(self, sizeof self, "%s", argv[0]);
    (void)snprintf(path, sizeof path, "%s/openasg.log", folder);
    (void)snprintf(program, sizeof program, "%s/../bin/openasg", dirname(self));
    const struct asg_commit_options options = {.log_path = path,
                                               .snapshot_records = 50000,
                                               .snapshot_ms = INT64_MAX / 2,
                                               .hash_events = 1000,
                                               .verify_records_max = 1000000};
    int64_t before_us = now_us();
    make_log(&options);
    (void)fprintf(stderr, "made %d records in %.1f s\n", RECORDS,
                  (double)(now_us() - before_us) / 1e6);
    measure_commands(program, path);
    double restarts[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        restarts[i] = restart_ms(&options);
    }
    (void)bench_row("restart_1M", restarts, ROUNDS, "ms",
                    "from open to leading (goal 3000)");
    char command[300];
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)snprintf(command, sizeof command, "%s%s", path, ends[i]);
        (void)unlink(command);
    }
    (void)rmdir(folder);
    return 0;
}
