#include "core/world/stops.h"

#include <assert.h>

#include "core/world/state.h"

bool asg_stop_is_halt(const struct asg_core *core, const struct group *group)
{
    assert(group->no > 0);
    return core->is_halted || group->is_halted;
}

const char *asg_stop_of_launch(const struct asg_core *core, const struct group *group,
                               bool is_dry)
{
    if (group->is_deleting) return "its group is being deleted";
    if (asg_stop_is_halt(core, group)) return "halted by an operator";
    if (asg_group_is_suspended(group, ASG_PROCESS_LAUNCH)) {
        return "the process launch is suspended";
    }
    return group->config.dry_run && !is_dry ? "its group is in a dry run" : NULL;
}

const char *asg_stop_of_choice(const struct asg_core *core, const struct group *group)
{
    assert(!group->is_deleting); /* there all go, and nobody is chosen */
    if (asg_stop_is_halt(core, group)) return "halted by an operator";
    return asg_group_is_suspended(group, ASG_PROCESS_TERMINATE)
               ? "the process terminate is suspended"
               : NULL;
}

/* Who goes with its group, or because an order named it, goes also while Terminate is
 * suspended (docs/rules.md, "Suspended processes"). */
static bool is_bound_by_suspension(const struct group *group,
                                   const struct instance *instance)
{
    assert(instance->group == group);
    return !group->is_deleting && instance->ending.cause != ASG_END_NAMED &&
           instance->ending.cause != ASG_END_DELETED;
}

const char *asg_stop_of_end(const struct asg_core *core, const struct group *group,
                            const struct instance *instance)
{
    assert(instance->group == group);
    if (asg_stop_is_halt(core, group)) return "halted by an operator";
    if (group->config.dry_run) return "the group is in a dry run";
    bool is_suspended = asg_group_is_suspended(group, ASG_PROCESS_TERMINATE);
    return is_suspended && is_bound_by_suspension(group, instance)
               ? "the process terminate is suspended"
               : NULL;
}

bool asg_stop_holds(const struct asg_core *core, const struct job *job)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    const struct group *group = asg_group_of_no(core, job->group_no);
    if (group == NULL) return false;
    if (asg_job_is_launch(job->plan.kind)) {
        return asg_stop_of_launch(core, group, job->plan.is_dry_run) != NULL;
    }
    bool is_of_tags = job->plan.kind == ASG_JOB_TAG || job->plan.kind == ASG_JOB_UNTAG;
    if (is_of_tags) return asg_stop_is_halt(core, group);
    if (job->plan.kind != ASG_JOB_TERMINATE) return false; /* it changes nothing */
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (instance->ending.job_id != job->plan.id) continue;
        if (asg_stop_of_end(core, group, instance) != NULL) return true;
    }
    return false;
}
