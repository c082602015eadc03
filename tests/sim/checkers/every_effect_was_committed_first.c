/* every_effect_was_committed_first - no job leaves the controller, and nothing in EC2 is
 * started or ended, that a durable record did not plan before; and nothing at all after
 * the kill switch. */
#include <string.h>

#include "sim/sim.h"

void law_committed_first_frame(const struct asg_job_message *message)
{
    const struct asg_job *job = message->job;
    const struct sim_job *planned = sim_find_job(job->id, job->attempt);
    if (planned == NULL || strcmp(planned->token, job->client_token) != 0) {
        sim_break("every_effect_was_committed_first",
                  "job %llu attempt %u (%s) leaves and no durable record plans it",
                  (unsigned long long)job->id, job->attempt,
                  asg_enum_word(&asg_job_kind_words, (int)job->kind));
        return;
    }
    bool is_looking =
        job->kind == ASG_JOB_DESCRIBE || job->kind == ASG_JOB_RESOLVE_TEMPLATE;
    if (our->is_halted && !is_looking) {
        sim_break("every_effect_was_committed_first",
                  "job %llu leaves while the kill switch is on",
                  (unsigned long long)job->id);
    }
}

void law_committed_first_call(const char *action, const char *token,
                              const char *const *ids, size_t id_count)
{
    bool is_fleet = strcmp(action, "CreateFleet") == 0;
    if (is_fleet || strcmp(action, "RunInstances") == 0) {
        const struct sim_job *job = sim_find_job_of_token(token != NULL ? token : "");
        if (job == NULL || job->kind != (is_fleet ? ASG_JOB_FLEET : ASG_JOB_LAUNCH)) {
            sim_break("every_effect_was_committed_first",
                      "%s with the token %s, which no durable job has", action,
                      token != NULL ? token : "(none)");
        }
        return;
    }
    if (strcmp(action, "TerminateInstances") != 0) return;
    for (size_t i = 0; i < id_count; i++) {
        if (sim_is_end_planned(ids[i])) continue;
        sim_break("every_effect_was_committed_first",
                  "TerminateInstances of %s, which no durable job names", ids[i]);
    }
}

void law_committed_first_template(const char *token)
{
    const struct sim_job *job = sim_find_job_of_token(token != NULL ? token : "");
    bool is_its =
        job != NULL && (job->kind == ASG_JOB_TEMPLATE || job->kind == ASG_JOB_FLEET);
    if (is_its) return;
    sim_break("every_effect_was_committed_first",
              "a launch template is made with the token %s, which no durable job has",
              token != NULL ? token : "(none)");
}

#define FLIGHT_US (30 * SIM_SECOND) /* links and turns */
#define TOLD_US   (2 * SIM_SECOND)

/* A controller whose log failed or whose clock jumped leads anew, and knows no worker
 * until that one's next heartbeat. */
static bool has_led_anew(void)
{
    static const enum sim_fault why[] = {
        SIM_FAULT_ANSWER_LOST_BY_DISK, SIM_FAULT_TORN_WRITE, SIM_FAULT_DISK_FULL,
        SIM_FAULT_LOST_UNSYNCED_WRITE, SIM_FAULT_CLOCK_JUMPS};
    for (size_t i = 0; i < sizeof why / sizeof why[0]; i++) {
        if (sim.swarm.hits[why[i]] > 0) return true;
    }
    return false;
}

/* Nothing on the way to a worker is lost or late, and nobody stands still. */
static bool is_told_at_once(void)
{
    const struct sim_swarm *swarm = &sim.swarm;
    return swarm->mean_us[SIM_FAULT_CUT_LINK] == 0 &&
           swarm->mean_us[SIM_FAULT_PAUSE_PROCESS] == 0 &&
           swarm->ppm[SIM_FAULT_DROP_FRAME] == 0 &&
           swarm->ppm[SIM_FAULT_DELAY_FRAME] == 0 && our->host.is_up &&
           our->back_us < our->halted_since_us && !has_led_anew();
}

/* A worker is told of the kill switch; one that is not rests all the same when its leases
 * are over. */
void law_halted_worker_rests(const struct sim_worker *worker)
{
    int64_t bound_us =
        is_told_at_once()
            ? TOLD_US
            : (our->settings.lease_ms + our->settings.heartbeat_ms) * 1000 + FLIGHT_US;
    if (!our->is_halted || sim.now_us - our->halted_since_us <= bound_us) return;
    sim_break("every_effect_was_committed_first",
              "worker %u changes something in EC2, %lld s after the kill switch was on",
              (unsigned)(worker - our->workers) + 1,
              (long long)(sim.now_us - our->halted_since_us) / SIM_SECOND);
}
