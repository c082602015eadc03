/* bench_commit - what the log costs the loop and the disk.
 *
 * idle_log      growth of the log of 1,000 idle groups of ten that are evaluated each 5
 * s, their CPU near 1 %, each group about its own mean (G18) pauses_*      one turn of
 * the loop (an event, its commit, the tidying), at 100,000 and 1,000,000 instances in
 * groups of 100: signs of health one by one and the metrics of all groups now and then,
 * while hashes, snapshots and prunes run, beside the same without them (G17). Rounds are
 * interleaved. Usage: bench_commit [INSTANCES]...   sizes other than these two
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "controller/commit_log.h"
#include "core_world.h"
#include "rows.h"

#define IDLE_GROUPS  1000
#define IDLE_MEMBERS 10
#define IDLE_TICKS   2000
#define TICK_MS      5000
#define DAY_TICKS    (24 * 3600 * 1000.0 / TICK_MS)
#define GIB          (1024.0 * 1024 * 1024)

#define GROUP_OF     100
#define ROUNDS       5
#define TURNS        4000 /* of a round at the least */
#define TURNS_MAX    400000
#define SNAPSHOTS    2 /* in each round, written and cleared up after */
#define TICK_TURNS   200
#define HASH_EVENTS  1000
#define HASH_BYTES   262144
#define SNAPSHOT_AT  2000 /* records; each round has some */

static struct asg_clock the_clock;
static uint64_t noise = 88172645463325252u;

static uint32_t some_below(uint32_t limit)
{
    noise ^= noise << 13;
    noise ^= noise >> 7;
    noise ^= noise << 17;
    return (uint32_t)(noise % limit);
}

static void must(enum asg_status status, const char *what, const struct asg_error *error)
{
    if (status == ASG_OK) return;
    (void)fprintf(stderr, "bench_commit: %s: %s %s\n", what, asg_status_text(status),
                  error->text);
    exit(1);
}

/* A log whose only snapshot is of a core with these groups. */
struct place {
    char folder[64];
    char path[96];
};

static void remove_place(const struct place *place)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", place->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(place->folder);
}

static void make_place(const struct asg_bytes *state, struct place *ret)
{
    struct asg_error error = {""};
    (void)snprintf(ret->folder, sizeof ret->folder, "/tmp/openasg-bench-XXXXXX");
    if (mkdtemp(ret->folder) == NULL) exit(1);
    (void)snprintf(ret->path, sizeof ret->path, "%s/openasg.log", ret->folder);
    const struct asg_log_options options = {.path = ret->path,
                                            .cluster_id =
                                                "0123456789abcdef0123456789abcdef",
                                            .now_ms = BENCH_BEGAN_MS};
    struct asg_log *log = NULL;
    must(asg_log_open_sqlite(&options, &log, &error), "open", &error);
    const struct asg_record first = {.time_ms = BENCH_BEGAN_MS, .kind = "bench"};
    must(asg_log_append(log, &first, 1, NULL, &error), "append", &error);
    must(asg_log_save_snapshot(log, 1, state->data, state->length, &error), "snapshot",
         &error);
    asg_log_close(&log);
}

static struct asg_bytes make_state(uint32_t groups, uint32_t members)
{
    struct bench_world world;
    bench_world_init(&world);
    world.members = members;
    world.period_ms = TICK_MS;
    bench_world_add_groups(&world, groups, ASG_EC2_RUNNING);
    world.time_ms += 1000000;
    bench_world_step(&world, (struct asg_event){.kind = ASG_EVENT_TICK});
    struct asg_bytes state = {0};
    asg_core_save(world.core, &state);
    bench_world_clear(&world);
    return state;
}

static void apply(struct asg_commit *commit, struct asg_event event)
{
    struct asg_error error = {""};
    must(asg_commit_apply(commit, &event, (struct asg_waiter){0}), "apply", &error);
    must(asg_commit_flush(commit, NULL, NULL, &error), "flush", &error);
}

/* One row a watched group: `idle_milli` each, about its own mean. */
static struct asg_metrics make_rows(const struct asg_commit *commit)
{
    struct asg_effects watching = {0};
    asg_core_watching(asg_commit_core(commit), &watching.arena, &watching);
    struct asg_metrics metrics = {
        .groups = asg_alloc(watching.watch_count, sizeof *metrics.groups)};
    for (size_t i = 0; i < watching.watch_count; i++) {
        const struct asg_watch *watch = &watching.watches[i];
        if (watch->metrics == 0) continue;
        metrics.groups[metrics.group_count++] =
            (struct asg_group_metric){.group_no = watch->group_no,
                                      .metric = ASG_METRIC_NAME_CPU,
                                      .revision = watch->revision};
    }
    asg_effects_clear(&watching);
    return metrics;
}

static void measure_rows(struct asg_metrics *metrics, uint32_t members)
{
    for (size_t i = 0; i < metrics->group_count; i++) {
        struct asg_group_metric *row = &metrics->groups[i];
        int64_t mean = 500 + (int64_t)(i * 7919 % 1200);
        row->members = row->count = members;
        row->sum_milli = 0;
        row->min_milli = INT64_MAX;
        row->max_milli = 0;
        for (uint32_t member = 0; member < members; member++) {
            int64_t value = mean / 2 + some_below((uint32_t)mean / 2) +
                            some_below((uint32_t)mean / 2);
            row->sum_milli += value;
            if (value < row->min_milli) row->min_milli = value;
            if (value > row->max_milli) row->max_milli = value;
        }
    }
}

/* ---- growth ---- */

static double size_of(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? (double)about.st_size : 0;
}

static void measure_idle_log(void)
{
    struct asg_bytes state = make_state(IDLE_GROUPS, IDLE_MEMBERS);
    struct place place;
    make_place(&state, &place);
    asg_bytes_clear(&state);
    const struct asg_commit_options options = {.log_path = place.path,
                                               .snapshot_records = UINT64_MAX / 2,
                                               .snapshot_ms = INT64_MAX / 2,
                                               .hash_events = HASH_EVENTS,
                                               .hash_bytes = HASH_BYTES};
    struct asg_commit *commit = NULL;
    struct asg_error error = {""};
    must(asg_commit_open(&options, BENCH_BEGAN_MS, &commit, &error), "lead", &error);
    struct asg_metrics metrics = make_rows(commit);
    int64_t time_ms = asg_commit_last_ms(commit);
    double before = 0;
    for (int tick = -10; tick < IDLE_TICKS; tick++) {
        if (tick == 0) { /* both times after a checkpoint, which a close makes */
            asg_commit_close(&commit, /* with_snapshot */ false);
            before = size_of(place.path);
            must(asg_commit_open(&options, time_ms, &commit, &error), "lead", &error);
        }
        measure_rows(&metrics, IDLE_MEMBERS);
        time_ms += TICK_MS;
        apply(commit, (struct asg_event){.time_ms = time_ms,
                                         .kind = ASG_EVENT_METRICS,
                                         .metrics = &metrics});
    }
    asg_commit_close(&commit, /* with_snapshot */ false);
    double tick_bytes = (size_of(place.path) - before) / IDLE_TICKS;
    double day = tick_bytes * DAY_TICKS / GIB;
    double month = 30 * day;
    (void)bench_row("idle_tick", &tick_bytes, 1, "B", "1,000 groups of 10, in the file");
    (void)bench_row("idle_day", &day, 1, "GiB", "a tick each 5 s (goal 0.12)");
    (void)bench_row("idle_30_days", &month, 1, "GiB", "the default retention (goal 4)");
    free(metrics.groups);
    remove_place(&place);
}

/* ---- pauses ---- */

struct pauses {
    double p999_ms;
    double longest_ms;
    double resident; /* the most */
    double after;    /* at the end */
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void take_turn(struct asg_commit *commit, struct asg_metrics *metrics,
                      uint64_t turn, uint32_t instances, int64_t time_ms)
{
    if (turn % TICK_TURNS == 0) {
        apply(commit, (struct asg_event){.time_ms = time_ms,
                                         .kind = ASG_EVENT_METRICS,
                                         .metrics = metrics});
    } else {
        char id[BENCH_ID_SIZE];
        bench_world_id(2 + some_below(instances), id);
        struct asg_health_sign sign = {
            .instance_id = id, .sign = ASG_SIGN_PROBE_OK, .detail = ""};
        struct asg_health health = {.signs = &sign, .sign_count = 1};
        apply(commit, (struct asg_event){.time_ms = time_ms,
                                         .kind = ASG_EVENT_HEALTH,
                                         .health = &health});
    }
    asg_commit_tidy(commit, time_ms);
}

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

/* With upkeep as many turns as it takes for some snapshots, then as many without. */
static struct pauses run_turns(const struct place *place, uint32_t instances,
                               bool with_upkeep, uint64_t *turns)
{
    const struct asg_commit_options options = {
        .log_path = place->path,
        .snapshot_records = with_upkeep ? SNAPSHOT_AT : UINT64_MAX / 2,
        .snapshot_ms = INT64_MAX / 2,
        .snapshot_memory = UINT64_MAX,
        .hash_events = with_upkeep ? HASH_EVENTS : UINT64_MAX / 2,
        .hash_bytes = HASH_BYTES,
        .retention_ms = with_upkeep ? 1 : 0,
        .verify_records_max = 1000};
    struct asg_commit *commit = NULL;
    struct asg_error error = {""};
    must(asg_commit_open(&options, BENCH_BEGAN_MS, &commit, &error), "lead", &error);
    struct asg_metrics metrics = make_rows(commit);
    int64_t time_ms = asg_commit_last_ms(commit);
    struct pauses pauses = {0};
    static double took_ms[TURNS_MAX];
    uint64_t turn = 0;
    bool is_enough = false;
    while (!is_enough) {
        if (turn % TICK_TURNS == 0) measure_rows(&metrics, GROUP_OF);
        time_ms += 10;
        int64_t before_us = asg_clock_monotonic_us(&the_clock);
        take_turn(commit, &metrics, turn, instances, time_ms);
        took_ms[turn] = (double)(asg_clock_monotonic_us(&the_clock) - before_us) / 1e3;
        if (turn % TICK_TURNS == 0) {
            double bytes = resident();
            if (bytes > pauses.resident) pauses.resident = bytes;
        }
        turn++;
        uint64_t snapshots = asg_commit_counts(commit).snapshots;
        is_enough =
            with_upkeep ? turn >= TURNS && snapshots >= SNAPSHOTS : turn >= *turns;
        is_enough = is_enough || turn == TURNS_MAX;
    }
    if (with_upkeep && asg_commit_counts(commit).snapshots < SNAPSHOTS) {
        (void)fprintf(stderr, "bench_commit: %d turns were too few for %d snapshots\n",
                      TURNS_MAX, SNAPSHOTS);
        exit(1);
    }
    *turns = turn;
    pauses.after = resident();
    asg_commit_close(&commit, /* with_snapshot */ false);
    free(metrics.groups);
    qsort(took_ms, turn, sizeof took_ms[0], by_size);
    pauses.p999_ms = took_ms[turn - turn / 1000 - 1];
    pauses.longest_ms = took_ms[turn - 1];
    return pauses;
}

static void name_row(char ret[48], const char *what, uint32_t instances, const char *how)
{
    (void)snprintf(ret, 48, "%s_%" PRIu32 "k%s", what, instances / 1000, how);
}

static void measure_pauses(uint32_t instances)
{
    struct asg_bytes state = make_state(instances / GROUP_OF, GROUP_OF);
    double p999[2][ROUNDS];
    double longest[2][ROUNDS];
    double memory[2][ROUNDS];
    double memory_after[2][ROUNDS];
    double turns_taken[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t turns = 0;
        for (int with = 1; with >= 0; with--) {
            struct place place;
            make_place(&state, &place);
            struct pauses pauses = run_turns(&place, instances, with == 1, &turns);
            p999[with][round] = pauses.p999_ms;
            longest[with][round] = pauses.longest_ms;
            memory[with][round] = pauses.resident / (1024.0 * 1024);
            memory_after[with][round] = pauses.after / (1024.0 * 1024);
            remove_place(&place);
        }
        turns_taken[round] = (double)turns;
    }
    asg_bytes_clear(&state);
    char name[48];
    name_row(name, "p999", instances, "_alone");
    (void)bench_row(name, p999[0], ROUNDS, "ms", "no hash, snapshot or prune");
    name_row(name, "p999", instances, "");
    (void)bench_row(name, p999[1], ROUNDS, "ms", "while they run");
    name_row(name, "p999", instances, "_ratio");
    (void)bench_ratio(name, p999[1], p999[0], ROUNDS, "(goal 2)");
    name_row(name, "longest", instances, "_alone");
    (void)bench_row(name, longest[0], ROUNDS, "ms", "no hash, snapshot or prune");
    name_row(name, "longest", instances, "");
    (void)bench_row(name, longest[1], ROUNDS, "ms", "while they run");
    name_row(name, "longest", instances, "_ratio");
    (void)bench_ratio(name, longest[1], longest[0], ROUNDS, "(goal 2)");
    name_row(name, "resident", instances, "_alone");
    (void)bench_row(name, memory[0], ROUNDS, "MiB", "the most, the bench's own included");
    name_row(name, "resident", instances, "");
    (void)bench_row(name, memory[1], ROUNDS, "MiB",
                    "while a second core makes a snapshot");
    name_row(name, "resident_after", instances, "");
    (void)bench_row(name, memory_after[1], ROUNDS, "MiB", "when it is written");
    name_row(name, "turns", instances, "");
    (void)bench_row(name, turns_taken, ROUNDS, "turns",
                    "of a round, two snapshots in it");
}

int main(int argc, char **argv)
{
    the_clock = asg_clock_real();
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            measure_pauses((uint32_t)strtoul(argv[i], NULL, 10));
        return 0;
    }
    measure_idle_log();
    measure_pauses(100000);
    measure_pauses(1000000);
    return 0;
}
