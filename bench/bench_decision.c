/* bench_decision - what a decision costs at 1,000,000 instances in 10,000 groups (G11).
 *
 * Rows, each taken once a round, one after the other:
 *   bare_scan    sums, least and most by group over plain arrays, nothing else
 *   full_tick    the windows' collect of the same numbers into rows of an event
 *   step_quiet   core on the metrics event of all groups, nothing to do
 *   step_streak  the same while every group breaches its target, one period before the
 *                last: state changes, no decision yet
 * full_tick beside bare_scan is the ratio that counts; the steps have a limit in time.
 * Usage: bench_decision [INSTANCES of a group in core, 100]
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "controller/window.h"
#include "core_world.h"
#include "rows.h"

#define GROUPS    10000
#define MEMBERS   100
#define SLOTS     (GROUPS * MEMBERS)
#define ROUNDS    15
#define PERIOD_MS 1000
#define BEGAN_MS  BENCH_BEGAN_MS

enum row { BARE_SCAN, FULL_TICK, STEP_QUIET, STEP_STREAK, ROWS };

struct total {
    int64_t sum;
    int32_t min;
    int32_t max;
    uint32_t count;
};

static struct asg_clock the_clock;
static uint64_t noise = 88172645463325252u;

static uint32_t some_cpu(void)
{
    noise ^= noise << 13;
    noise ^= noise >> 7;
    noise ^= noise << 17;
    return (uint32_t)(noise % 100000);
}

static int64_t now_us(void)
{
    return asg_clock_monotonic_us(&the_clock);
}

/* ---- the scan and the tick ---- */

struct arrays {
    uint32_t *group_no;
    int32_t *values;
    struct total *totals;
};

static int64_t bare_scan(const struct arrays *arrays)
{
    int64_t before_us = now_us();
    for (uint32_t i = 0; i <= GROUPS; i++) {
        arrays->totals[i] = (struct total){.min = INT32_MAX, .max = INT32_MIN};
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct total *total = &arrays->totals[arrays->group_no[i]];
        int32_t value = arrays->values[i];
        total->sum += value;
        if (value < total->min) total->min = value;
        if (value > total->max) total->max = value;
        total->count++;
    }
    return now_us() - before_us;
}

static struct asg_window *make_window(void)
{
    struct asg_window *window = NULL;
    asg_window_new(NULL, &window);
    for (uint32_t no = 1; no <= GROUPS; no++) {
        const struct asg_watch watch = {.group_no = no,
                                        .name = "g",
                                        .evaluation_ms = PERIOD_MS,
                                        .metrics = 1u << ASG_METRIC_NAME_CPU,
                                        .revision = 1};
        asg_window_watch(window, &watch, BEGAN_MS);
    }
    return window;
}

/* Both hold the same numbers in the same order: as slots are given out, spread over the
 * groups, not one group after the other. */
static void report_all(struct asg_window *window, struct arrays *arrays, bool is_first)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        uint32_t no = slot % GROUPS + 1;
        if (is_first) {
            asg_window_set(window, slot, no, ASG_MEMBER_COUNTS);
            arrays->group_no[slot] = no;
        }
        const struct asg_report report = {.cpu_milli = some_cpu()};
        arrays->values[slot] = (int32_t)report.cpu_milli;
        asg_window_add(window, slot, &report);
    }
}

static void check_alike(const struct asg_metrics *metrics, const struct total *totals)
{
    assert(metrics->group_count == GROUPS);
    for (size_t i = 0; i < metrics->group_count; i++) {
        const struct asg_group_metric *row = &metrics->groups[i];
        const struct total *total = &totals[row->group_no];
        bool is_alike = row->count == total->count && row->sum_milli == total->sum &&
                        row->min_milli == total->min && row->max_milli == total->max;
        if (!is_alike) abort();
    }
}

/* ---- core ---- */

struct world {
    struct bench_world bench;
    struct asg_metrics metrics;
};

static void make_world(struct world *world, uint32_t members)
{
    struct bench_world *bench = &world->bench;
    bench_world_init(bench);
    bench->members = members;
    bench_world_add_groups(bench, GROUPS, ASG_EC2_RUNNING);
    bench->time_ms += 1000000; /* all are warm */
    bench_world_step(bench, (struct asg_event){.kind = ASG_EVENT_TICK});
    struct asg_arena arena = {0};
    struct asg_effects watching = {0};
    asg_core_watching(bench->core, &arena, &watching);
    world->metrics.groups = asg_alloc(GROUPS, sizeof *world->metrics.groups);
    for (size_t i = 0; i < watching.watch_count; i++) {
        if (strcmp(watching.watches[i].name, "pending") == 0) continue;
        assert(world->metrics.group_count < GROUPS);
        world->metrics.groups[world->metrics.group_count++] =
            (struct asg_group_metric){.group_no = watching.watches[i].group_no,
                                      .revision = watching.watches[i].revision,
                                      .members = members,
                                      .count = members};
    }
    assert(world->metrics.group_count == GROUPS);
    asg_arena_clear(&arena);
}

/* One event of all groups at about this mean; its time in core. */
static int64_t step_metrics(struct world *world, int64_t mean_milli)
{
    world->bench.time_ms += PERIOD_MS;
    for (size_t i = 0; i < GROUPS; i++) {
        struct asg_group_metric *row = &world->metrics.groups[i];
        row->sum_milli = (mean_milli + some_cpu() % 1000) * (int64_t)row->count;
        row->min_milli = mean_milli;
        row->max_milli = mean_milli + 1000;
    }
    int64_t before_us = now_us();
    bench_world_step(&world->bench, (struct asg_event){.kind = ASG_EVENT_METRICS,
                                                       .metrics = &world->metrics});
    int64_t took_us = now_us() - before_us;
    assert(world->bench.effects.decision_count == 0);
    return took_us;
}

int main(int argc, char **argv)
{
    the_clock = asg_clock_real();
    long members = argc > 1 ? strtol(argv[1], NULL, 10) : MEMBERS;
    if (members < 1 || members > 1000) {
        (void)fprintf(stderr,
                      "usage: bench_decision [INSTANCES of a group, 1 to 1000]\n");
        return 2;
    }
    struct world world = {0};
    int64_t before_us = now_us();
    make_world(&world, (uint32_t)members);
    (void)fprintf(stderr, "made %d groups of %ld in core in %.1f s\n", GROUPS, members,
                  (double)(now_us() - before_us) / 1e6);
    struct asg_window *window = make_window();
    struct arrays arrays = {.group_no = asg_alloc(SLOTS, sizeof(uint32_t)),
                            .values = asg_alloc(SLOTS, sizeof(int32_t)),
                            .totals = asg_alloc(GROUPS + 1, sizeof(struct total))};
    struct asg_arena arena = {0};
    double rows[ROWS][ROUNDS];
    double ratios[ROUNDS];
    for (int round = -1; round < ROUNDS; round++) { /* the first one warms up */
        int at = round < 0 ? 0 : round;
        int64_t time_ms = BEGAN_MS + (round + 2) * PERIOD_MS;
        report_all(window, &arrays, round < 0);
        rows[BARE_SCAN][at] = (double)bare_scan(&arrays) / 1e3;
        struct asg_metrics metrics;
        asg_arena_reset(&arena);
        before_us = now_us();
        asg_window_collect(window, time_ms, &arena, &metrics);
        rows[FULL_TICK][at] = (double)(now_us() - before_us) / 1e3;
        check_alike(&metrics, arrays.totals);
        ratios[at] = rows[FULL_TICK][at] / rows[BARE_SCAN][at];
        (void)step_metrics(&world, 60000);
        rows[STEP_STREAK][at] = (double)step_metrics(&world, 60000) / 1e3;
        rows[STEP_QUIET][at] = (double)step_metrics(&world, 46000) / 1e3;
    }
    (void)bench_row("bare_scan", rows[BARE_SCAN], ROUNDS, "ms",
                    "1M instances, 10k groups");
    (void)bench_row("full_tick", rows[FULL_TICK], ROUNDS, "ms", "the windows' collect");
    (void)bench_row("full_tick_ratio", ratios, ROUNDS, "x", "of the bare scan (goal 3)");
    (void)bench_row("step_quiet", rows[STEP_QUIET], ROUNDS, "ms",
                    "metrics of 10k groups (goal 10)");
    (void)bench_row("step_streak", rows[STEP_STREAK], ROUNDS, "ms",
                    "all breach (goal 10)");
    asg_arena_clear(&arena);
    asg_window_destroy(&window);
    bench_world_clear(&world.bench);
    free(world.metrics.groups);
    free(arrays.group_no);
    free(arrays.values);
    free(arrays.totals);
    return 0;
}
