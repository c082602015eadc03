/* I14: however many workers there are and whatever they repeat, the requests of an action
 * stay within the bucket it was granted, over every window. */
#include "lib/check.h"
#include "lib/seed.h"

#include "controller/dispatch_job.h"

#define ROUNDS      60
#define WORKERS_MAX 16
#define RUN_MS      INT64_C(120000)
#define SENT_MAX    20000
#define JOBS_AHEAD  40
#define LEASE_MS    INT64_C(1000000)

struct job_under_way {
    uint64_t id;
    int64_t due_ms;
    uint32_t attempts;
    uint32_t throttles;
};

struct worker {
    struct job_under_way jobs[8];
    size_t job_count;
};

struct world {
    struct asg_dispatch *dispatch;
    struct seed seed;
    struct worker workers[WORKERS_MAX];
    size_t worker_count;
    uint32_t repeats_max; /* further requests of a job: retries, pages */
    int64_t now_ms;
    int64_t granted_ms[SENT_MAX]; /* when each job left */
    size_t granted_count;
    size_t sent; /* requests, repeats included */
    uint64_t next_id;
    uint64_t open;
};

static enum asg_status send_to(void *context, uint32_t peer, enum asg_message_type type,
                               const void *object)
{
    struct world *world = context;
    if (type != ASG_MESSAGE_JOB) return ASG_OK;
    const struct asg_job_message *message = object;
    struct worker *worker = &world->workers[peer];
    assert_true(worker->job_count < 8);
    uint32_t more = world->repeats_max > 0
                        ? (uint32_t)seed_below(&world->seed, world->repeats_max + 1)
                        : 0;
    worker->jobs[worker->job_count++] = (struct job_under_way){
        .id = message->job->id,
        .due_ms = world->now_ms + (int64_t)seed_below(&world->seed, 800),
        .attempts = 1 + more};
    assert_true(world->granted_count < SENT_MAX);
    world->granted_ms[world->granted_count++] = world->now_ms;
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

static void give_up(void *context, const struct asg_result *result)
{
    (void)context;
    fail_msg("job %llu was given up", (unsigned long long)result->job_id);
}

/* The due jobs of one worker end and say what they sent. */
static void answer_due(struct world *world, uint32_t peer)
{
    struct worker *worker = &world->workers[peer];
    for (size_t i = 0; i < worker->job_count;) {
        struct job_under_way job = worker->jobs[i];
        if (job.due_ms > world->now_ms) {
            i++;
            continue;
        }
        worker->jobs[i] = worker->jobs[--worker->job_count];
        struct asg_call_rate rate = {.action = "DescribeInstances",
                                     .attempts = job.attempts};
        const struct asg_result result = {.job_id = job.id, .attempt = 1};
        const struct asg_result_message message = {
            .result = &result, .rates = &rate, .rate_count = 1};
        struct asg_result taken;
        assert_int_equal(ASG_RESULT_NEW,
                         asg_dispatch_take_result(world->dispatch, peer, &message, &taken,
                                                  world->now_ms));
        asg_dispatch_settle(world->dispatch, job.id, 1);
        world->sent += job.attempts;
        world->open--;
    }
}

static void run(struct world *world, uint32_t share_percent)
{
    const struct asg_dispatch_options options = {
        .lease_ms = LEASE_MS,
        .heartbeat_ms = 1000,
        .delivery_limit = 2,
        .rate_share_percent = share_percent,
        .ports = {.send = send_to,
                  .prepare = prepare,
                  .give_up = give_up,
                  .context = world},
    };
    asg_dispatch_new(&options, 0, &world->dispatch);
    asg_dispatch_lead(world->dispatch, 1, 0, "cluster");
    for (uint32_t i = 0; i < world->worker_count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "w%u", i);
        const struct asg_hello hello = {.worker = name, .version = "", .credits = 8};
        asg_dispatch_hello(world->dispatch, i, name, "", &hello, 0);
    }
    for (; world->now_ms < RUN_MS; world->now_ms += 10) {
        while (world->open < JOBS_AHEAD) { /* more work than is ever allowed */
            const struct asg_job job = {
                .id = ++world->next_id, .attempt = 1, .kind = ASG_JOB_DESCRIBE};
            asg_dispatch_add(world->dispatch, &job);
            world->open++;
        }
        for (uint32_t i = 0; i < world->worker_count; i++) {
            answer_due(world, i);
        }
        (void)asg_dispatch_pump(world->dispatch, world->now_ms, world->now_ms);
    }
    asg_dispatch_destroy(&world->dispatch);
}

/* Jobs granted between any two moments: at most a whole bucket and what flowed in. */
static void check_windows(const struct world *world, double capacity, double per_s)
{
    for (size_t i = 0; i < world->granted_count; i++) {
        for (size_t k = i; k < world->granted_count; k++) {
            double window_s =
                (double)(world->granted_ms[k] - world->granted_ms[i]) / 1000;
            double most = capacity + per_s * window_s + 1;
            if ((double)(k - i + 1) > most) {
                fail_msg("%zu requests within %.2f s, allowed are %.1f", k - i + 1,
                         window_s, most);
            }
        }
    }
}

static void test_requests_stay_within_the_bucket_over_every_window(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_rate");
    for (int round = 0; round < ROUNDS; round++) {
        struct world *world = test_calloc(1, sizeof *world);
        world->seed = seed;
        world->worker_count = 1 + (size_t)seed_below(&world->seed, WORKERS_MAX);
        world->repeats_max = (uint32_t)seed_below(&world->seed, 4);
        uint32_t share = 5 + (uint32_t)seed_below(&world->seed, 96);
        run(world, share);
        double capacity = share; /* of 100 */
        double per_s = 0.2 * share;
        if (world->repeats_max == 0) check_windows(world, capacity, per_s);
        /* With repeats: what is sent is the bucket, what flowed in, and at most the
         * repeats of the jobs that were under way when the debt began. */
        double under_way = 8.0 * (double)world->worker_count * world->repeats_max;
        double most = capacity + per_s * (double)RUN_MS / 1000 + 1 + under_way;
        if ((double)world->sent > most) {
            fail_msg("%zu requests in all, allowed are %.1f", world->sent, most);
        }
        seed = world->seed;
        test_free(world);
    }
}

static void test_more_workers_do_not_call_more_often(void **state)
{
    (void)state;
    size_t sent[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        struct world *world = test_calloc(1, sizeof *world);
        world->seed = seed_new("prop_rate_workers");
        world->worker_count = i == 0 ? 4 : WORKERS_MAX;
        run(world, 80);
        sent[i] = world->granted_count;
        test_free(world);
    }
    /* Both are limited by the bucket: 80 and then 16 a second. */
    assert_in_range(sent[0], 80 + 16 * 120 - 20, 80 + 16 * 120 + 1);
    assert_in_range(sent[1], 80 + 16 * 120 - 20, 80 + 16 * 120 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_stay_within_the_bucket_over_every_window),
        cmocka_unit_test(test_more_workers_do_not_call_more_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
