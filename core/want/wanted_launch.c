#include "core/want/wanted_launch.h"

#include <assert.h>

#include "core/lifecycle/slots.h"
#include "core/want/wanted_capacity.h"
#include "core/world/counts.h"
#include "core/world/stops.h"

/* docs/rules.md, "A launch whose answer was lost": EC2 remembers a token for so long. */
#define TOKEN_MS INT64_C(43200000)

static uint32_t count_slots(const struct group *group, const struct job *job)
{
    assert(job->group_no == group->no);
    uint32_t count = 0;
    size_t at = 0;
    while (asg_slot_next(group, job, &at) != NULL) {
        count++;
    }
    return count;
}

static bool is_too_much(const struct asg_core *core, const struct group *group,
                        const struct job *job)
{
    uint32_t actual = asg_count_capacity(group);
    uint32_t wanted = asg_want_capacity(group);
    uint32_t excess = actual > wanted ? actual - wanted : 0;
    for (size_t i = core->job_count; i > 0 && excess > 0; i--) {
        const struct job *one = core->jobs[i - 1];
        if (one->group_no != group->no || one->state != ASG_JOB_STATE_OPEN ||
            !asg_job_is_launch(one->plan.kind)) {
            continue;
        }
        uint32_t slots = count_slots(group, one);
        bool is_whole = slots > 0 && slots <= excess;
        if (one == job) return is_whole;
        if (is_whole) excess -= slots;
    }
    return false;
}

const char *asg_want_no_launch(const struct asg_core *core, const struct group *group,
                               const struct job *job)
{
    assert(job->group_no == group->no);
    assert(asg_job_is_launch(job->plan.kind) && job->state == ASG_JOB_STATE_OPEN);
    const char *stop = asg_stop_of_launch(core, group, job->plan.is_dry_run);
    if (stop != NULL) return stop;
    if (job->plan.is_dry_run && !group->config.dry_run) return "the dry run is over";
    if (core->now_ms - job->sent_ms >= TOKEN_MS) return "its token is 12 h old";
    return is_too_much(core, group, job) ? "no longer wanted" : NULL;
}
