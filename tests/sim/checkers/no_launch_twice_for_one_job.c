/* no_launch_twice_for_one_job - a client token takes effect once, and not after its
 * attempt or job is over: its place may be filled by then; and a job never has more
 * living instances than it asked for, over all its attempts. */
#include <string.h>

#include "sim/sim.h"

void law_no_launch_twice(const struct sim_instance *instance, uint32_t of_token)
{
    const struct sim_job *job = sim_find_job(instance->job_id, instance->attempt);
    if (job != NULL && strcmp(job->token, instance->token) != 0) {
        job = sim_find_job_of_token(instance->token);
        if (job != NULL && !job->is_lost) job = NULL; /* of another number */
    }
    if (job == NULL) {
        sim_break(
            "no_launch_twice_for_one_job",
            "%s was started with the token %s, which is none of job %llu attempt %u",
            instance->id, instance->token, (unsigned long long)instance->job_id,
            instance->attempt);
        return;
    }
    if (job->is_over) {
        sim_break("no_launch_twice_for_one_job",
                  "%s was started for attempt %u of job %llu after its end", instance->id,
                  job->attempt, (unsigned long long)job->id);
        return;
    }
    if (of_token > job->count) {
        sim_break("no_launch_twice_for_one_job",
                  "%u instances for the token %s, asked: %u", of_token, job->token,
                  job->count);
        return;
    }
    uint32_t living = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *other = sim.instances[i];
        bool is_of_job = other->cluster == instance->cluster &&
                         other->job_id == instance->job_id && !other->is_stray &&
                         other->was_lost == instance->was_lost;
        living += other->is_alive && is_of_job ? 1 : 0;
    }
    if (living > job->count) {
        sim_break("no_launch_twice_for_one_job",
                  "%u living instances for job %llu, asked: %u", living,
                  (unsigned long long)job->id, job->count);
    }
}
