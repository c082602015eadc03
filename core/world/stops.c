#include "core/world/stops.h"

#include <assert.h>

#include "core/world/state.h"

enum { HALT_OF_ALL, HALT, DELETED, NO_LAUNCH, NO_TERMINATE, ITS_DRY_RUN, DRY_RUN, STOPS };

static const struct stop {
    enum asg_hold_reason reason;
    char text[48];
} stops[STOPS] = {
    [HALT_OF_ALL] = {ASG_HOLD_HALTED, "halted by an operator"},
    [HALT] = {ASG_HOLD_GROUP_HALTED, "halted by an operator"},
    [DELETED] = {ASG_HOLD_UNDER_WAY, "its group is being deleted"},
    [NO_LAUNCH] = {ASG_HOLD_SUSPENDED, "the process launch is suspended"},
    [NO_TERMINATE] = {ASG_HOLD_SUSPENDED, "the process terminate is suspended"},
    [ITS_DRY_RUN] = {ASG_HOLD_DRY_RUN, "its group is in a dry run"},
    [DRY_RUN] = {ASG_HOLD_DRY_RUN, "the group is in a dry run"},
};

enum asg_hold_reason asg_stop_reason(const char *stop)
{
    size_t i = 0;
    while (i < STOPS && stop != stops[i].text) {
        i++;
    }
    assert(i < STOPS); /* it is one of these */
    return stops[i].reason;
}

static const char *halt_of(const struct asg_core *core)
{
    assert(core->group_count > 0); /* it is of one of them */
    return stops[core->is_halted ? HALT_OF_ALL : HALT].text;
}

bool asg_stop_is_halt(const struct asg_core *core, const struct group *group)
{
    assert(group->no > 0);
    return core->is_halted || group->is_halted;
}

const char *asg_stop_of_launch(const struct asg_core *core, const struct group *group,
                               bool is_dry)
{
    if (group->is_deleting) return stops[DELETED].text;
    if (asg_stop_is_halt(core, group)) return halt_of(core);
    if (asg_group_is_suspended(group, ASG_PROCESS_LAUNCH)) {
        return stops[NO_LAUNCH].text;
    }
    return group->config.dry_run && !is_dry ? stops[ITS_DRY_RUN].text : NULL;
}

const char *asg_stop_of_choice(const struct asg_core *core, const struct group *group)
{
    assert(!group->is_deleting); /* there all go, and nobody is chosen */
    if (asg_stop_is_halt(core, group)) return halt_of(core);
    return asg_group_is_suspended(group, ASG_PROCESS_TERMINATE) ? stops[NO_TERMINATE].text
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
    if (asg_stop_is_halt(core, group)) return halt_of(core);
    if (group->config.dry_run) return stops[DRY_RUN].text;
    bool is_suspended = asg_group_is_suspended(group, ASG_PROCESS_TERMINATE);
    return is_suspended && is_bound_by_suspension(group, instance)
               ? stops[NO_TERMINATE].text
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
