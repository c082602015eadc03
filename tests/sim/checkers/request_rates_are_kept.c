/* request_rates_are_kept - no more jobs that call EC2 leave a controller than the rates
 * that it was told of allow: a bucket for each kind, full when it begins to lead, counted
 * here. One that comes back without a call is given back. */
#include "sim/sim.h"

#define LAW           "request_rates_are_kept"
#define SLACK_MILLI   100 /* clocks run up to 200 ppm fast */
#define AT_ONCE_MILLI (SIM_RATE_AT_ONCE * INT64_C(1000))

static void refill(struct sim_bucket *bucket)
{
    bucket->level_milli +=
        (sim.now_us - bucket->since_us) * SIM_RATE_REFILL_MILLI / SIM_SECOND;
    bucket->since_us = sim.now_us;
    if (bucket->level_milli > AT_ONCE_MILLI) bucket->level_milli = AT_ONCE_MILLI;
}

static bool is_counted(enum asg_job_kind kind)
{
    return sim.features.has_low_rates &&
           (asg_job_is_launch(kind) || kind == ASG_JOB_TERMINATE);
}

void law_rates_begin(void)
{
    for (int kind = 0; kind < ASG_JOB_COUNT; kind++) {
        our->buckets[kind] =
            (struct sim_bucket){.level_milli = AT_ONCE_MILLI, .since_us = sim.now_us};
    }
}

void law_rates(const struct asg_job *job)
{
    struct sim_bucket *bucket = &our->buckets[job->kind];
    if (!is_counted(job->kind)) return;
    refill(bucket);
    bucket->level_milli -= 1000;
    if (bucket->level_milli + SLACK_MILLI >= 0) return;
    sim_break(LAW, "job %s leaves, %d at once and %d thousandths a second may", job->name,
              SIM_RATE_AT_ONCE, SIM_RATE_REFILL_MILLI);
}

void law_rates_back(uint64_t job_id)
{
    const struct sim_job *job = sim_find_job(job_id, 1);
    if (job == NULL || !is_counted(job->kind)) return;
    refill(&our->buckets[job->kind]);
    our->buckets[job->kind].level_milli += 1000;
}
