/* dead_letters_have_history - a job that was given up shows what was tried, and no job is
 * open for ever. */
#include "sim/sim.h"

void law_dead_letters(void)
{
    if (our->controller == NULL || our->controller->commit == NULL) return;
    const struct asg_core *core = asg_commit_core(our->controller->commit);
    struct asg_arena arena = {0};
    struct asg_job_view *jobs = NULL;
    size_t count = 0;
    asg_core_view_jobs(core, "", /* only_dead */ false, &arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        const struct asg_job_view *job = &jobs[i];
        bool is_dead =
            job->state == ASG_JOB_STATE_DEAD || job->state == ASG_JOB_STATE_RETRIED;
        if (is_dead && job->attempt_count == 0) {
            sim_break("dead_letters_have_history", "job %s is dead and has no history",
                      job->name);
        }
        for (size_t a = 0; is_dead && a < job->attempt_count; a++) {
            if (job->attempts[a].outcome != ASG_OUTCOME_OK &&
                job->attempts[a].ended_ms != 0) {
                continue;
            }
            sim_break("dead_letters_have_history",
                      "attempt %u of the dead job %s says nothing",
                      job->attempts[a].attempt, job->name);
        }
    }
    asg_arena_clear(&arena);
}
