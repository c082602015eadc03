#include "core/world/leads.h"

#include <assert.h>
#include <string.h>

void asg_lead_note(struct asg_core *core, uint64_t epoch, uint64_t incarnation)
{
    assert(core->lead_count <= ASG_LEADS_KEPT);
    if (core->lead_count > 0) {
        core->leads[core->lead_count - 1].last_job_id = core->last_job_id;
    }
    if (core->lead_count == ASG_LEADS_KEPT) {
        memmove(core->leads, core->leads + 1,
                (ASG_LEADS_KEPT - 1) * sizeof core->leads[0]);
        core->lead_count--;
    }
    assert(core->lead_count < ASG_LEADS_KEPT);
    core->leads[core->lead_count++] = (struct lead){
        .epoch = epoch, .incarnation = incarnation, .last_job_id = UINT64_MAX};
}

bool asg_lead_knows_job(const struct asg_core *core, uint64_t incarnation,
                        uint64_t job_id)
{
    if (job_id == 0 || job_id > core->last_job_id) return false;
    if (incarnation == 0) return true; /* its tag is missing: the id is all there is */
    for (size_t i = core->lead_count; i > 0; i--) {
        const struct lead *lead = &core->leads[i - 1];
        if (lead->incarnation == incarnation) return job_id <= lead->last_job_id;
    }
    return false;
}

bool asg_lead_knows(const struct asg_core *core, uint64_t epoch, uint64_t incarnation)
{
    assert(core->lead_count <= ASG_LEADS_KEPT && core->heard_count <= ASG_HEARD_KEPT);
    for (size_t i = core->lead_count; i > 0; i--) {
        if (core->leads[i - 1].incarnation == incarnation) return true;
    }
    for (size_t i = 0; i < core->heard_count; i++) {
        if (core->heard[i].incarnation == incarnation) return true;
    }
    /* The oldest are forgotten, and one of them it may be. */
    return core->lead_count == ASG_LEADS_KEPT && epoch < core->leads[0].epoch;
}

void asg_lead_hear_of(struct asg_core *core, uint64_t epoch, uint64_t incarnation)
{
    assert(core->heard_count <= ASG_HEARD_KEPT);
    assert(!asg_lead_knows(core, epoch, incarnation));
    if (core->heard_count == ASG_HEARD_KEPT) {
        memmove(core->heard, core->heard + 1,
                (ASG_HEARD_KEPT - 1) * sizeof core->heard[0]);
        core->heard_count--;
    }
    core->heard[core->heard_count++] =
        (struct lead){.epoch = epoch, .incarnation = incarnation};
}
