/* bench_scale - core's work must grow with what changes, not with the fleet (G15, G16).
 *
 * Figures, interleaved with what they are held against round by round:
 *   event           one sign of health, and the question when the next tick is due:
 *                   10,000 groups of 10 beside 1,000
 *   set_desired     an operator's order to one group: 10,000 groups beside 100
 *   first_reports   10,000 agents report for the first time, told in events as the
 *                   controller tells them: one group beside 1,000 groups of 10
 *   enrol           agents enrol one by one: one group of 10,000 beside 1,000 of 10
 *   believe_gone    one step in which EC2 shows 5,000 of a group's 10,000 as terminated
 *   look_large      one sign in a group of 10,000: what a look at it costs
 *   memory          of core, by the allocator's count, an instance and a group
 * Times are CPU time. Usage: bench_scale
 */
#include <assert.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "controller/inbox.h"
#include "core_world.h"
#include "rows.h"

#define ROUNDS  9
#define EVENTS  500 /* of a kind in a round */
#define LOOKS   50  /* at a large group in a round */
#define FLEET   10000
#define MEMBERS 10

static uint64_t noise = 88172645463325252u;

static uint32_t some_below(uint32_t limit)
{
    noise ^= noise << 13;
    noise ^= noise >> 7;
    noise ^= noise << 17;
    return (uint32_t)(noise % limit);
}

/* CPU time of this thread: nothing here waits, and others use the machine too. */
static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static size_t used_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* ---- many groups ---- */

static void make_groups(struct bench_world *world, uint32_t count)
{
    bench_world_init(world);
    world->members = MEMBERS;
    bench_world_add_groups(world, count, ASG_EC2_RUNNING);
    world->time_ms += 1000000; /* all are warm */
    bench_world_step(world, (struct asg_event){.kind = ASG_EVENT_TICK});
}

/* A sign that changes nothing but makes its group be looked at. Instance 1 is the one
 * that stays pending. */
static int64_t take_signs(struct bench_world *world, uint32_t group_count)
{
    int64_t took_ns = 0;
    for (int i = 0; i < EVENTS; i++) {
        char id[BENCH_ID_SIZE];
        bench_world_id(2 + some_below(group_count * MEMBERS), id);
        struct asg_health_sign sign = {
            .instance_id = id, .sign = ASG_SIGN_PROBE_OK, .detail = ""};
        struct asg_health health = {.signs = &sign, .sign_count = 1};
        int64_t before_ns = now_ns();
        bench_world_step(world,
                         (struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
        int64_t due_ms = asg_core_next_deadline(world->core);
        took_ns += now_ns() - before_ns;
        if (due_ms == 0) abort();
    }
    return took_ns;
}

static void halt(struct bench_world *world)
{
    bench_world_order(world,
                      &(struct asg_command){.kind = ASG_COMMAND_HALT, .actor = "bench"});
}

/* Up by one and down again; the halt keeps it from becoming jobs. */
static int64_t set_desired(struct bench_world *world, uint32_t group_count)
{
    int64_t took_ns = 0;
    for (int i = 0; i < EVENTS / 2; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "g%05" PRIu32, some_below(group_count));
        for (uint32_t more = 2; more-- > 0;) {
            const struct asg_command command = {.kind = ASG_COMMAND_SET_DESIRED,
                                                .actor = "bench",
                                                .group = name,
                                                .name = "",
                                                .cluster_id = "",
                                                .desired = MEMBERS + more};
            int64_t before_ns = now_ns();
            bench_world_step(world, (struct asg_event){.kind = ASG_EVENT_COMMAND,
                                                       .command = &command});
            took_ns += now_ns() - before_ns;
        }
    }
    return took_ns;
}

static void measure_groups(void)
{
    struct bench_world worlds[3];
    const uint32_t counts[3] = {10000, 1000, 100};
    size_t before = used_bytes();
    make_groups(&worlds[0], counts[0]);
    double bytes = (double)(used_bytes() - before);
    make_groups(&worlds[1], counts[1]);
    make_groups(&worlds[2], counts[2]);
    double signs[2][ROUNDS];
    double orders[2][ROUNDS];
    for (int round = -1; round < ROUNDS; round++) { /* the first one warms up */
        int at = round < 0 ? 0 : round;
        for (int w = 0; w < 2; w++) {
            signs[w][at] = (double)take_signs(&worlds[w], counts[w]) / 1e3 / EVENTS;
        }
    }
    halt(&worlds[0]);
    halt(&worlds[2]);
    for (int round = -1; round < ROUNDS; round++) {
        int at = round < 0 ? 0 : round;
        for (int w = 0; w < 2; w++) {
            orders[w][at] =
                (double)set_desired(&worlds[2 * w], counts[2 * w]) / 1e3 / EVENTS;
        }
    }
    (void)bench_row("event_10k", signs[0], ROUNDS, "us", "a sign, 10,000 groups of 10");
    (void)bench_row("event_1k", signs[1], ROUNDS, "us", "1,000 groups of 10");
    (void)bench_ratio("event_ratio", signs[0], signs[1], ROUNDS, "(goal 3)");
    (void)bench_row("set_desired_10k", orders[0], ROUNDS, "us", "10,000 groups of 10");
    (void)bench_row("set_desired_100", orders[1], ROUNDS, "us", "100 groups of 10");
    (void)bench_ratio("set_desired_ratio", orders[0], orders[1], ROUNDS, "(goal 2)");
    double each = bytes / 10000;
    (void)bench_row("memory_group", &each, 1, "B", "of 10 with a policy (goal 13,700)");
    each /= MEMBERS;
    (void)bench_row("memory_instance", &each, 1, "B", "at 10 a group (goal 1,400)");
    for (int w = 0; w < 3; w++) {
        bench_world_clear(&worlds[w]);
    }
}

/* ---- one large group ---- */

static void make_fleet(struct bench_world *world, uint32_t group_count, bool by_agent,
                       struct asg_bytes *ret)
{
    bench_world_init(world);
    world->members = FLEET / group_count;
    world->by_agent = by_agent;
    bench_world_add_groups(world, group_count,
                           by_agent ? ASG_EC2_PENDING : ASG_EC2_RUNNING);
    world->time_ms += 1000000;
    bench_world_step(world, (struct asg_event){.kind = ASG_EVENT_TICK});
    asg_core_save(world->core, ret);
}

/* All agents of the fleet, in no order of groups, as many an event as the inbox joins. */
static int64_t take_first_reports(struct bench_world *world)
{
    struct asg_health_sign signs[ASG_INBOX_SIGNS_MAX];
    char ids[ASG_INBOX_SIGNS_MAX][BENCH_ID_SIZE];
    int64_t took_ns = 0;
    for (uint32_t at = 0; at < FLEET;) {
        struct asg_health health = {.signs = signs};
        for (; at < FLEET && health.sign_count < ASG_INBOX_SIGNS_MAX; at++) {
            size_t i = health.sign_count++;
            bench_world_id(2 + (uint64_t)at * 7919 % FLEET, ids[i]);
            signs[i] = (struct asg_health_sign){
                .instance_id = ids[i], .sign = ASG_SIGN_REPORTING, .detail = ""};
        }
        int64_t before_ns = now_ns();
        bench_world_step(world,
                         (struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
        took_ns += now_ns() - before_ns;
    }
    return took_ns;
}

static void measure_first_reports(void)
{
    struct bench_world worlds[2];
    struct asg_bytes saved[2] = {{0}, {0}};
    const uint32_t counts[2] = {1, 1000};
    double rows[2][ROUNDS];
    for (int w = 0; w < 2; w++) {
        make_fleet(&worlds[w], counts[w], /* by_agent */ true, &saved[w]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int w = 0; w < 2; w++) {
            bench_world_load(&worlds[w], &saved[w]);
            rows[w][round] = (double)take_first_reports(&worlds[w]) / 1e6;
        }
    }
    (void)bench_row("first_reports_one", rows[0], ROUNDS, "ms", "10,000 in one group");
    (void)bench_row("first_reports_many", rows[1], ROUNDS, "ms", "in 1,000 groups of 10");
    (void)bench_ratio("first_reports_ratio", rows[0], rows[1], ROUNDS, "(goal 3)");
    for (int w = 0; w < 2; w++) {
        bench_world_clear(&worlds[w]);
        asg_bytes_clear(&saved[w]);
    }
}

/* As many of the fleet as a round has events, each with keys of its own. */
static int64_t take_enrolments(struct bench_world *world)
{
    int64_t took_ns = 0;
    for (uint32_t i = 0; i < EVENTS; i++) {
        char id[BENCH_ID_SIZE];
        char curve_key[41];
        char tls_key[65];
        bench_world_id(2 + (uint64_t)i * 7919 % FLEET, id);
        (void)snprintf(curve_key, sizeof curve_key, "%040u", i);
        (void)snprintf(tls_key, sizeof tls_key, "%064x", i);
        const struct asg_enrolment enrolment = {.instance_id = id,
                                                .curve_key = curve_key,
                                                .tls_key = tls_key,
                                                .serial = "01",
                                                .address = "10.0.0.1"};
        int64_t before_ns = now_ns();
        bench_world_step(world, (struct asg_event){.kind = ASG_EVENT_ENROLMENT,
                                                   .enrolment = &enrolment});
        took_ns += now_ns() - before_ns;
        assert(world->effects.reply.is_ok && world->effects.member_count > 0);
    }
    return took_ns;
}

static void measure_enrolments(void)
{
    struct bench_world worlds[2];
    struct asg_bytes saved[2] = {{0}, {0}};
    const uint32_t counts[2] = {1, 1000};
    double rows[2][ROUNDS];
    for (int w = 0; w < 2; w++) {
        make_fleet(&worlds[w], counts[w], /* by_agent */ true, &saved[w]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int w = 0; w < 2; w++) {
            bench_world_load(&worlds[w], &saved[w]);
            rows[w][round] = (double)take_enrolments(&worlds[w]) / 1e3 / EVENTS;
        }
    }
    (void)bench_row("enrol_one", rows[0], ROUNDS, "us", "10,000 in one group");
    (void)bench_row("enrol_many", rows[1], ROUNDS, "us", "in 1,000 groups of 10");
    (void)bench_ratio("enrol_ratio", rows[0], rows[1], ROUNDS, "(goal 3)");
    for (int w = 0; w < 2; w++) {
        bench_world_clear(&worlds[w]);
        asg_bytes_clear(&saved[w]);
    }
}

static int64_t believe_gone(struct bench_world *world, struct asg_seen_instance *seen)
{
    const struct asg_observed observed = {
        .is_complete = true, .instances = seen, .instance_count = FLEET / 2};
    int64_t before_ns = now_ns();
    bench_world_step(
        world, (struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    return now_ns() - before_ns;
}

/* A sign that changes nothing, of one member of a group of 10,000: a look at the group.
 */
static double look_at_one(struct bench_world *world)
{
    int64_t took_ns = 0;
    for (int i = 0; i < LOOKS; i++) {
        char id[BENCH_ID_SIZE];
        bench_world_id(2 + some_below(FLEET), id);
        struct asg_health_sign sign = {
            .instance_id = id, .sign = ASG_SIGN_PROBE_OK, .detail = ""};
        struct asg_health health = {.signs = &sign, .sign_count = 1};
        int64_t before_ns = now_ns();
        bench_world_step(world,
                         (struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
        took_ns += now_ns() - before_ns;
    }
    return (double)took_ns / 1e3 / LOOKS;
}

static void measure_gone(void)
{
    struct bench_world world;
    struct asg_bytes saved = {0};
    size_t before = used_bytes();
    make_fleet(&world, 1, /* by_agent */ false, &saved);
    double each = (double)(used_bytes() - before - saved.capacity) / FLEET;
    static struct asg_seen_instance seen[FLEET / 2];
    static char ids[FLEET / 2][BENCH_ID_SIZE];
    for (uint32_t i = 0; i < FLEET / 2; i++) { /* every other one */
        bench_world_id(2 + 2 * (uint64_t)i, ids[i]);
        seen[i] = (struct asg_seen_instance){.instance_id = ids[i],
                                             .state = ASG_EC2_TERMINATED,
                                             .instance_type = "t3.micro",
                                             .subnet_id = "subnet-1",
                                             .zone = "us-east-1a",
                                             .state_reason = "",
                                             .event_code = "",
                                             .group = "g00000",
                                             .client_token = "",
                                             .private_ip = "127.1.0.1"};
    }
    double rows[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        rows[round] = look_at_one(&world);
    }
    (void)bench_row("look_large", rows, ROUNDS, "us", "one sign in a group of 10,000");
    for (int round = 0; round < ROUNDS; round++) {
        bench_world_load(&world, &saved);
        rows[round] = (double)believe_gone(&world, seen) / 1e6;
    }
    (void)bench_row("believe_gone", rows, ROUNDS, "ms",
                    "5,000 of 10,000 terminated, one step (goal 10)");
    (void)bench_row("memory_one_group", &each, 1, "B",
                    "an instance, 10,000 in one group");
    bench_world_clear(&world);
    asg_bytes_clear(&saved);
}

int main(void)
{
    measure_groups();
    measure_first_reports();
    measure_enrolments();
    measure_gone();
    return 0;
}
