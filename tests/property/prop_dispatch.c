/* Random workers, silences, restarts and results: a job is leased to one worker at most,
 * nobody gets more than its credits, nobody is believed about a job that it was not
 * given, no worker keeps a job past its deadline, and every job ends exactly once. */
#include "lib/check.h"
#include "lib/seed.h"

#include "controller/dispatch_job.h"

#define LEASE_MS INT64_C(1000)
#define WORKERS  5
#define JOBS     60
#define ROUNDS   200
#define STEPS    1500

/* What a worker knows: the jobs it was given and has not answered. */
struct worker {
    uint32_t peer;
    uint32_t credits; /* at once, all told */
    bool is_up;
    struct asg_held held[JOBS + 1];
    size_t held_count;
};

struct world {
    struct asg_dispatch *dispatch;
    struct seed seed;
    struct worker workers[WORKERS];
    uint32_t next_peer;
    int64_t now_ms;
    int64_t lease_until_ms[JOBS + 1]; /* as the dispatcher must see it */
    uint32_t lease_peer[JOBS + 1];
    const struct worker *given_to[JOBS + 1]; /* who was given the last lease */
    int64_t deadline_ms[JOBS + 1];           /* 0: none */
    bool is_open[JOBS + 1];
    unsigned ends[JOBS + 1];
};

static struct worker *by_peer(struct world *world, uint32_t peer)
{
    for (size_t i = 0; i < WORKERS; i++) {
        if (world->workers[i].peer == peer) return &world->workers[i];
    }
    return NULL;
}

static enum asg_status send_to(void *context, uint32_t peer, enum asg_message_type type,
                               const void *object)
{
    struct world *world = context;
    if (type != ASG_MESSAGE_JOB) return ASG_OK;
    struct worker *worker = by_peer(world, peer);
    if (worker == NULL) return ASG_ERR_CLOSED; /* an earlier life of it */
    const struct asg_job_message *message = object;
    uint64_t id = message->job->id;
    assert_true(world->is_open[id]);
    /* The lease of the one before has ended, by time or because it lost it. */
    assert_true(world->lease_peer[id] == 0 || world->lease_until_ms[id] <= world->now_ms);
    assert_true(world->deadline_ms[id] == 0 || world->deadline_ms[id] > world->now_ms);
    world->given_to[id] = worker;
    if (!worker->is_up) return ASG_OK; /* sent into a dead socket */
    for (size_t i = 0; i < worker->held_count; i++) {
        if (worker->held[i].job_id != id) continue;
        worker->held[i].lease_id = message->lease_id; /* again: it has it already */
        world->lease_peer[id] = peer;
        world->lease_until_ms[id] = world->now_ms + LEASE_MS;
        return ASG_OK;
    }
    assert_true(worker->held_count < worker->credits);
    worker->held[worker->held_count++] = (struct asg_held){
        id, message->job->attempt, message->lease_id, message->job->incarnation};
    world->lease_peer[id] = peer;
    world->lease_until_ms[id] = world->now_ms + LEASE_MS;
    return ASG_OK;
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

static void end_job(struct world *world, uint64_t id)
{
    world->ends[id]++;
    assert_int_equal(1, world->ends[id]);
    world->is_open[id] = false;
    world->lease_peer[id] = 0;
}

static void give_up(void *context, const struct asg_result *result)
{
    struct world *world = context;
    end_job(world, result->job_id);
}

static uint32_t free_of(const struct worker *worker)
{
    return worker->credits - (uint32_t)worker->held_count;
}

static void say_hello(struct world *world, struct worker *worker)
{
    char name[16];
    (void)snprintf(name, sizeof name, "w%u", (unsigned)(worker - world->workers));
    const struct asg_hello hello = {.worker = name,
                                    .version = "",
                                    .credits = free_of(worker),
                                    .held = worker->held,
                                    .held_count = worker->held_count};
    uint32_t old_peer = worker->peer;
    worker->peer = ++world->next_peer;
    for (uint64_t id = 1; id <= JOBS; id++) {
        if (world->lease_peer[id] == old_peer && old_peer != 0) world->lease_peer[id] = 0;
    }
    asg_dispatch_hello(world->dispatch, worker->peer, name, "", &hello, world->now_ms);
    for (size_t i = 0; i < worker->held_count; i++) {
        uint64_t id = worker->held[i].job_id;
        const char *holder = asg_dispatch_holder(world->dispatch, id);
        if (strcmp(holder, name) != 0) continue;
        world->lease_peer[id] = worker->peer;
        world->lease_until_ms[id] = world->now_ms + LEASE_MS;
    }
    worker->is_up = true;
}

static void beat(struct world *world, struct worker *worker)
{
    const struct asg_heartbeat heartbeat = {.credits = free_of(worker),
                                            .held = worker->held,
                                            .held_count = worker->held_count};
    if (!asg_dispatch_heartbeat(world->dispatch, worker->peer, &heartbeat,
                                world->now_ms)) {
        say_hello(world, worker); /* it was asked to rejoin */
        return;
    }
    for (size_t i = 0; i < worker->held_count; i++) {
        uint64_t id = worker->held[i].job_id;
        if (world->lease_peer[id] == worker->peer) {
            world->lease_until_ms[id] = world->now_ms + LEASE_MS;
        }
    }
}

static void answer_one(struct world *world, struct worker *worker)
{
    if (worker->held_count == 0) return;
    size_t which = (size_t)seed_below(&world->seed, worker->held_count);
    struct asg_held held = worker->held[which];
    worker->held[which] = worker->held[--worker->held_count];
    const struct asg_result result = {
        .job_id = held.job_id, .attempt = held.attempt, .incarnation = held.incarnation};
    const struct asg_result_message message = {.lease_id = held.lease_id,
                                               .result = &result};
    struct asg_result taken;
    enum asg_result_verdict verdict = asg_dispatch_take_result(
        world->dispatch, worker->peer, &message, &taken, world->now_ms);
    bool is_leased = world->lease_peer[held.job_id] == worker->peer &&
                     world->lease_until_ms[held.job_id] > world->now_ms;
    if (world->is_open[held.job_id] && is_leased) {
        assert_int_equal(ASG_RESULT_NEW, verdict);
    }
    if (verdict != ASG_RESULT_NEW) return;
    assert_true(world->is_open[held.job_id]);
    assert_ptr_equal(world->given_to[held.job_id], worker);
    end_job(world, held.job_id);
}

/* A worker says that it did what it was never given. */
static void lie(struct world *world, struct worker *worker)
{
    uint64_t id = 1 + seed_below(&world->seed, JOBS);
    if (world->given_to[id] == worker) return; /* that may be the truth, come late */
    const struct asg_result result = {
        .job_id = id,
        .attempt = 1,
        .outcome = (enum asg_outcome)seed_below(&world->seed, ASG_OUTCOME_COUNT)};
    const struct asg_result_message message = {.lease_id = seed_below(&world->seed, 100),
                                               .result = &result};
    struct asg_result taken;
    assert_int_not_equal(ASG_RESULT_NEW,
                         asg_dispatch_take_result(world->dispatch, worker->peer, &message,
                                                  &taken, world->now_ms));
}

static void hand_back_one(struct world *world, struct worker *worker)
{
    if (worker->held_count == 0) return;
    struct asg_held held = worker->held[--worker->held_count];
    const struct asg_hand_back back = {held.job_id, held.attempt, held.lease_id, "",
                                       held.incarnation};
    if (world->lease_peer[held.job_id] == worker->peer)
        world->lease_peer[held.job_id] = 0;
    asg_dispatch_hand_back(world->dispatch, worker->peer, &back, world->now_ms);
}

static void pump(struct world *world)
{
    (void)asg_dispatch_pump(world->dispatch, world->now_ms, world->now_ms);
    for (uint64_t id = 1; id <= JOBS; id++) {
        if (world->lease_until_ms[id] <= world->now_ms) world->lease_peer[id] = 0;
        assert_false(world->is_open[id] && world->deadline_ms[id] != 0 &&
                     world->deadline_ms[id] <= world->now_ms &&
                     asg_dispatch_holder(world->dispatch, id)[0] != '\0');
    }
}

static void settle_all(struct world *world)
{
    for (uint64_t id = 1; id <= JOBS; id++) {
        if (!world->is_open[id]) asg_dispatch_settle(world->dispatch, id, 1);
    }
}

static void one_step(struct world *world)
{
    struct worker *worker = &world->workers[seed_below(&world->seed, WORKERS)];
    switch (seed_below(&world->seed, 13)) {
    case 0: /* its process dies; what it held is lost */
        worker->is_up = false;
        worker->held_count = 0;
        break;
    case 1:
    case 2:
        if (!worker->is_up) say_hello(world, worker);
        break;
    case 3: /* its connection breaks, it lives on */
        if (worker->is_up) say_hello(world, worker);
        break;
    case 4: world->now_ms += (int64_t)seed_below(&world->seed, 400); break;
    case 5:
        if (worker->is_up) hand_back_one(world, worker);
        break;
    case 6: asg_dispatch_halt(world->dispatch, seed_below(&world->seed, 3) == 0); break;
    case 7:
    case 8:
        if (worker->is_up) answer_one(world, worker);
        break;
    case 9:
        if (worker->is_up) lie(world, worker);
        break;
    default:
        if (worker->is_up) beat(world, worker);
    }
    pump(world);
    if (seed_below(&world->seed, 3) == 0) settle_all(world);
}

static void finish(struct world *world)
{
    asg_dispatch_halt(world->dispatch, false);
    for (int i = 0; i < 400; i++) {
        for (size_t w = 0; w < WORKERS; w++) {
            struct worker *worker = &world->workers[w];
            if (!worker->is_up) say_hello(world, worker);
            answer_one(world, worker);
            beat(world, worker);
        }
        world->now_ms += 300;
        pump(world);
        settle_all(world);
    }
}

static void run_round(struct seed *seed)
{
    struct world world = {.seed = *seed, .now_ms = 1};
    const struct asg_dispatch_options options = {
        .lease_ms = LEASE_MS,
        .heartbeat_ms = 300,
        .delivery_limit = 1 + (uint32_t)seed_below(&world.seed, 8),
        .unproven_jobs = (uint32_t)seed_below(&world.seed, 4),
        .ports = {.send = send_to,
                  .prepare = prepare,
                  .give_up = give_up,
                  .context = &world},
    };
    asg_dispatch_new(&options, 0, &world.dispatch);
    asg_dispatch_lead(world.dispatch, 1, 0, "cluster");
    for (size_t i = 0; i < WORKERS; i++) {
        world.workers[i].credits = 1 + (uint32_t)seed_below(&world.seed, 8);
    }
    uint64_t added = 0;
    for (int step = 0; step < STEPS; step++) {
        if (added < JOBS && seed_below(&world.seed, 8) == 0) {
            added++;
            const struct asg_job job = {
                .id = added,
                .attempt = 1,
                .kind = (enum asg_job_kind)seed_below(&world.seed, ASG_JOB_COUNT),
                .deadline_ms =
                    seed_below(&world.seed, 2) == 0
                        ? 0
                        : world.now_ms + 1 + (int64_t)seed_below(&world.seed, 5000)};
            world.deadline_ms[added] = job.deadline_ms;
            world.is_open[added] = true;
            asg_dispatch_add(world.dispatch, &job);
        }
        one_step(&world);
    }
    finish(&world);
    for (uint64_t id = 1; id <= added; id++) {
        assert_int_equal(1, world.ends[id]);
    }
    assert_int_equal(0, asg_dispatch_counts(world.dispatch).queued);
    assert_int_equal(0, asg_dispatch_counts(world.dispatch).leased);
    asg_dispatch_destroy(&world.dispatch);
    *seed = world.seed;
}

static void test_dispatch_ends_every_job_once_whatever_workers_do(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_dispatch");
    for (int round = 0; round < ROUNDS; round++) {
        run_round(&seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dispatch_ends_every_job_once_whatever_workers_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
