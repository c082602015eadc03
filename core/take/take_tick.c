#include "core/take/take_tick.h"

#include "core/plan/retry_job.h"
#include "core/want/run_schedules.h"

void take_tick(struct asg_core *core)
{
    for (size_t i = 0; i < core->group_count; i++) {
        struct group *group = &core->groups[i];
        if (group->deadline_ms > core->now_ms) continue;
        group->is_dirty = true;
        run_schedules(core, group);
    }
    if (core->jobs_deadline_ms > core->now_ms) return;
    for (size_t i = 0; i < core->job_count; i++) {
        struct job *job = core->jobs[i];
        bool is_due = job->state == ASG_JOB_STATE_OPEN && job->retry_ms != 0 &&
                      job->retry_ms <= core->now_ms;
        if (is_due) replan_job(core, job);
    }
}
