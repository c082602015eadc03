/* bench_quota - how much of EC2's quota a demand of 3,000 launches uses in ten minutes,
 * and how often EC2 has to say no: the dispatcher and its rate budget against two token
 * buckets as EC2 documents them (5 requests and 2 a second, 1,000 instances and 2 a
 * second), on a clock that is only counted, so that ten minutes take none.
 *
 * quota_share is all of the quota ours (rate.share 100); quota_share_80 the default; the
 * crowded one has another tool on the account that takes half of the refill, which our
 * budget does not know of: it has to learn it from the throttles.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/rows.h"
#include "controller/dispatch_job.h"

#define RUN_MS   INT64_C(600000)
#define DEMAND   3000
#define BATCH    10
#define WORKERS  4
#define LATENCY  60
#define JOBS_MAX 400
#define RETRIES  3 /* sends of one call, as workers have it */
#define PAUSE_MS 1000

struct cloud {
    double requests; /* tokens */
    double instances;
    int64_t at_ms;
    double stolen_per_s; /* instances that another tool launches */
    long launched;
    long refused;
};

struct call {
    uint64_t id;
    uint32_t peer;
    uint32_t attempts;
    uint32_t throttles;
    int64_t due_ms;
};

struct world {
    struct asg_dispatch *dispatch;
    struct cloud cloud;
    struct call calls[JOBS_MAX];
    size_t call_count;
    int64_t now_ms;
};

static void flow(struct cloud *cloud, int64_t now_ms)
{
    double passed_s = (double)(now_ms - cloud->at_ms) / 1000;
    cloud->at_ms = now_ms;
    cloud->requests += 2 * passed_s;
    cloud->instances += (2 - cloud->stolen_per_s) * passed_s;
    if (cloud->requests > 5) cloud->requests = 5;
    if (cloud->instances > 1000) cloud->instances = 1000;
}

/* True: launched. */
static bool ask_cloud(struct cloud *cloud, int64_t now_ms)
{
    flow(cloud, now_ms);
    if (cloud->requests < 1 || cloud->instances < BATCH) {
        cloud->refused++;
        return false;
    }
    cloud->requests -= 1;
    cloud->instances -= BATCH;
    cloud->launched += BATCH;
    return true;
}

static enum asg_status send_to(void *context, uint32_t peer, enum asg_message_type type,
                               const void *object)
{
    struct world *world = context;
    if (type != ASG_MESSAGE_JOB) return ASG_OK;
    const struct asg_job_message *message = object;
    if (world->call_count == JOBS_MAX) return ASG_ERR_BUSY;
    world->calls[world->call_count++] = (struct call){
        .id = message->job->id, .peer = peer, .due_ms = world->now_ms + LATENCY};
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
    (void)result;
}

static void add_job(struct world *world, uint64_t id)
{
    const struct asg_launch launch = {.count = BATCH, .group_max = DEMAND};
    const struct asg_job job = {
        .id = id, .attempt = 1, .kind = ASG_JOB_LAUNCH, .launch = &launch};
    asg_dispatch_add(world->dispatch, &job);
}

static void answer_due(struct world *world)
{
    for (size_t i = 0; i < world->call_count;) {
        struct call *call = &world->calls[i];
        if (call->due_ms > world->now_ms) {
            i++;
            continue;
        }
        call->attempts++;
        bool is_good = ask_cloud(&world->cloud, world->now_ms);
        if (!is_good) call->throttles++;
        if (!is_good && call->attempts < RETRIES) {
            call->due_ms = world->now_ms + LATENCY + PAUSE_MS * call->attempts;
            i++;
            continue;
        }
        struct call done = *call;
        *call = world->calls[--world->call_count];
        struct asg_call_rate rate = {"RunInstances", done.attempts, done.throttles};
        const struct asg_result result = {.job_id = done.id,
                                          .attempt = 1,
                                          .outcome = is_good ? ASG_OUTCOME_OK
                                                             : ASG_OUTCOME_THROTTLED};
        const struct asg_result_message message = {
            .result = &result, .rates = &rate, .rate_count = 1};
        struct asg_result taken;
        (void)asg_dispatch_take_result(world->dispatch, done.peer, &message, &taken,
                                       world->now_ms);
        asg_dispatch_settle(world->dispatch, done.id, 1);
        if (!is_good) add_job(world, done.id); /* core asks again */
    }
}

static struct cloud run(uint32_t share_percent, double stolen_per_s)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL) abort();
    world->cloud =
        (struct cloud){.requests = 5, .instances = 1000, .stolen_per_s = stolen_per_s};
    const struct asg_dispatch_options options = {
        .lease_ms = 60000,
        .heartbeat_ms = 3000,
        .delivery_limit = 1000,
        .rate_share_percent = share_percent,
        .ports = {.send = send_to,
                  .prepare = prepare,
                  .give_up = give_up,
                  .context = world},
    };
    asg_dispatch_new(&options, 0, &world->dispatch);
    asg_dispatch_lead(world->dispatch, 1, 1, "bench");
    for (uint32_t i = 0; i < WORKERS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "w%u", i);
        const struct asg_hello hello = {.worker = name, .version = "", .credits = 64};
        asg_dispatch_hello(world->dispatch, i, name, "", &hello, 0);
    }
    for (uint64_t id = 1; id <= DEMAND / BATCH; id++) {
        add_job(world, id);
    }
    for (; world->now_ms < RUN_MS; world->now_ms += 5) {
        answer_due(world);
        (void)asg_dispatch_pump(world->dispatch, world->now_ms, world->now_ms);
        if (world->now_ms % 3000 != 0) continue;
        for (uint32_t i = 0; i < WORKERS; i++) {
            const struct asg_heartbeat heartbeat = {.credits = 64};
            (void)asg_dispatch_heartbeat(world->dispatch, i, &heartbeat, world->now_ms);
        }
    }
    struct cloud cloud = world->cloud;
    asg_dispatch_destroy(&world->dispatch);
    free(world);
    return cloud;
}

static void report(const char *name, const char *refused_name, const struct cloud *cloud,
                   double quota, const char *words)
{
    double used = 100 * (double)cloud->launched / quota;
    double refused = (double)cloud->refused;
    (void)bench_row(name, &used, 1, "%", words);
    (void)bench_row(refused_name, &refused, 1, "calls", "that EC2 refused, of those");
}

int main(void)
{
    double quota = 1000 + 2 * (double)RUN_MS / 1000;
    struct cloud all = run(100, 0);
    struct cloud share = run(80, 0);
    struct cloud crowded = run(80, 1);
    report("quota_share", "quota_refused", &all, quota,
           "of 2,200 instances in ten minutes, rate.share 100; goal 95 or more");
    report("quota_share_80", "quota_refused_80", &share, quota,
           "with the default rate.share of 80");
    report("quota_crowded", "quota_refused_crowded", &crowded, quota - 600,
           "of what another tool leaves, which takes 1 a second");
    return 0;
}
