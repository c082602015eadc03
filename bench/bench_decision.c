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
#include "core/core.h"
#include "rows.h"

#define GROUPS    10000
#define MEMBERS   100
#define SLOTS     (GROUPS * MEMBERS)
#define ROUNDS    15
#define PERIOD_MS 1000
#define BEGAN_MS  INT64_C(1700000000000)

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
    asg_window_new(&window);
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
static void report_all(struct asg_window *window, struct arrays *arrays, bool is_first,
                       int64_t time_ms)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        uint32_t no = slot % GROUPS + 1;
        if (is_first) {
            asg_window_set(window, slot, no, ASG_MEMBER_COUNTS);
            arrays->group_no[slot] = no;
        }
        const struct asg_report report = {.cpu_milli = some_cpu()};
        arrays->values[slot] = (int32_t)report.cpu_milli;
        asg_window_add(window, slot, &report, time_ms);
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
    struct asg_core *core;
    struct asg_effects effects;
    struct asg_metrics metrics;
    uint32_t members;
    uint64_t instance_no;
    int64_t time_ms;
};

static void step(struct world *world, struct asg_event event)
{
    event.time_ms = world->time_ms;
    enum asg_status status = asg_core_step(world->core, &event, &world->effects);
    if (status != ASG_OK) {
        (void)fprintf(stderr, "bench_decision: step: %s\n", asg_status_text(status));
        exit(1);
    }
    const struct asg_reply *reply = &world->effects.reply;
    if (reply->is_set && !reply->is_ok) {
        (void)fprintf(stderr, "bench_decision: refused: %s\n", reply->message);
        exit(1);
    }
}

static void order(struct world *world, const struct asg_command *command)
{
    step(world, (struct asg_event){.kind = ASG_EVENT_COMMAND, .command = command});
}

static void launch_all(struct world *world, enum asg_ec2_state state)
{
    if (world->effects.job_count == 0) return;
    struct asg_job job = world->effects.jobs[0];
    assert(job.kind == ASG_JOB_LAUNCH);
    uint32_t count = job.launch->count;
    struct asg_arena arena = {0};
    struct asg_seen_instance *seen = asg_arena_take(&arena, count * sizeof *seen);
    for (uint32_t i = 0; i < count; i++) {
        seen[i] =
            (struct asg_seen_instance){.instance_id = asg_arena_format(
                                           &arena, "i-%017" PRIx64, ++world->instance_no),
                                       .state = state,
                                       .instance_type = "t3.micro",
                                       .subnet_id = "subnet-1",
                                       .zone = "us-east-1a",
                                       .state_reason = "",
                                       .group = "",
                                       .client_token = "",
                                       .private_ip = "127.1.0.1",
                                       .launched_ms = world->time_ms};
    }
    const struct asg_result result = {.job_id = job.id,
                                      .attempt = job.attempt,
                                      .worker = "bench",
                                      .error_code = "",
                                      .message = "",
                                      .request_id = "",
                                      .template_id = "",
                                      .template_name = "",
                                      .template_version = "",
                                      .template_type = "",
                                      .instances = seen,
                                      .instance_count = count};
    step(world, (struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
    asg_arena_clear(&arena);
}

static void make_group(struct world *world, const char *name)
{
    struct asg_subnet subnet = {.subnet_id = "subnet-1", .zone = "us-east-1a"};
    const struct asg_group_config group = {.name = name,
                                           .max = world->members * 2,
                                           .desired = world->members,
                                           .template_id = "lt-1",
                                           .template_version = "1",
                                           .subnets = &subnet,
                                           .subnet_count = 1,
                                           .evaluation_ms = PERIOD_MS};
    const struct asg_policy_config policy = {
        .group = name, .name = "cpu", .target_milli = 50000, .stabilisation_ms = 300000};
    order(world, &(struct asg_command){.kind = ASG_COMMAND_GROUP_CREATE,
                                       .actor = "bench",
                                       .group = name,
                                       .group_config = &group});
    launch_all(world, ASG_EC2_RUNNING);
    order(world, &(struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                                       .actor = "bench",
                                       .group = name,
                                       .policy_config = &policy});
}

/* One instance that stays pending keeps one look at EC2 open. Without it core would go
 * through the whole fleet after each launch, to find whom to look at. */
static void make_pending(struct world *world)
{
    struct asg_subnet subnet = {.subnet_id = "subnet-1", .zone = "us-east-1a"};
    const struct asg_group_config group = {.name = "pending",
                                           .max = 1,
                                           .desired = 1,
                                           .template_id = "lt-1",
                                           .template_version = "1",
                                           .subnets = &subnet,
                                           .subnet_count = 1,
                                           .launch_timeout_ms = 3600000};
    order(world, &(struct asg_command){.kind = ASG_COMMAND_GROUP_CREATE,
                                       .actor = "bench",
                                       .group = "pending",
                                       .group_config = &group});
    launch_all(world, ASG_EC2_PENDING);
}

static void make_world(struct world *world)
{
    world->time_ms = BEGAN_MS;
    asg_core_new(&world->core);
    order(world, &(struct asg_command){.kind = ASG_COMMAND_INIT,
                                       .actor = "bench",
                                       .cluster_id = "0123456789abcdef0123456789abcdef",
                                       .seed = 7});
    order(world,
          &(struct asg_command){.kind = ASG_COMMAND_LEAD, .actor = "bench", .epoch = 1});
    make_pending(world);
    for (int i = 0; i < GROUPS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "g%05d", i);
        make_group(world, name);
    }
    world->time_ms += 1000000; /* all are warm */
    step(world, (struct asg_event){.kind = ASG_EVENT_TICK});
    struct asg_arena arena = {0};
    struct asg_effects watching = {0};
    asg_core_watching(world->core, &arena, &watching);
    world->metrics.groups = asg_alloc(GROUPS, sizeof *world->metrics.groups);
    for (size_t i = 0; i < watching.watch_count; i++) {
        if (strcmp(watching.watches[i].name, "pending") == 0) continue;
        assert(world->metrics.group_count < GROUPS);
        world->metrics.groups[world->metrics.group_count++] =
            (struct asg_group_metric){.group_no = watching.watches[i].group_no,
                                      .revision = watching.watches[i].revision,
                                      .members = world->members,
                                      .count = world->members};
    }
    assert(world->metrics.group_count == GROUPS);
    asg_arena_clear(&arena);
}

/* One event of all groups at about this mean; its time in core. */
static int64_t step_metrics(struct world *world, int64_t mean_milli)
{
    world->time_ms += PERIOD_MS;
    for (size_t i = 0; i < GROUPS; i++) {
        struct asg_group_metric *row = &world->metrics.groups[i];
        row->sum_milli = (mean_milli + some_cpu() % 1000) * (int64_t)row->count;
        row->min_milli = mean_milli;
        row->max_milli = mean_milli + 1000;
    }
    int64_t before_us = now_us();
    step(world,
         (struct asg_event){.kind = ASG_EVENT_METRICS, .metrics = &world->metrics});
    int64_t took_us = now_us() - before_us;
    assert(world->effects.decision_count == 0);
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
    struct world world = {.members = (uint32_t)members};
    int64_t before_us = now_us();
    make_world(&world);
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
        report_all(window, &arrays, round < 0, time_ms - 1);
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
    asg_core_destroy(&world.core);
    asg_effects_clear(&world.effects);
    free(world.metrics.groups);
    free(arrays.group_no);
    free(arrays.values);
    free(arrays.totals);
    return 0;
}
