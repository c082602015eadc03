#include "core/check.h"

#include <inttypes.h>

#include "core/check/check_group.h"
#include "core/check/check_instance.h"
#include "core/check/check_job.h"
#include "core/check/check_lists.h"
#include "core/world/states.h"

static enum asg_status check_group(const struct asg_core *core, const struct group *group,
                                   struct asg_error *error)
{
    const char *wrong = asg_check_group(core, group);
    if (wrong != NULL) {
        return asg_fail(error, ASG_ERR_INVALID, "group %s %s", group->config.name, wrong);
    }
    uint64_t last_no = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        wrong = instance->no <= last_no ? "is out of order"
                                        : asg_check_instance(core, group, instance);
        last_no = instance->no;
        if (wrong == NULL) continue;
        return asg_fail(error, ASG_ERR_INVALID,
                        "instance %" PRIu64 " (%s, %s) of group %s %s", instance->no,
                        instance->id, asg_state_traits(instance->state)->aws_name,
                        group->config.name, wrong);
    }
    return ASG_OK;
}

enum asg_status asg_core_check(const struct asg_core *core, struct asg_error *error)
{
    if (core->step != NULL || core->dirty_count != 0) {
        return asg_fail(error, ASG_ERR_INVALID, "a step is under way");
    }
    for (size_t i = 0; i < core->group_count; i++) {
        enum asg_status status = check_group(core, core->groups[i], error);
        if (status != ASG_OK) return status;
    }
    const char *wrong_list = asg_check_lists(core);
    if (wrong_list != NULL) return asg_fail(error, ASG_ERR_INVALID, "%s", wrong_list);
    size_t closed = 0;
    size_t dead = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        const struct job *job = core->jobs[i];
        const char *wrong = asg_check_job(core, job);
        if (wrong != NULL) {
            return asg_fail(error, ASG_ERR_INVALID, "job %s %s", job->plan.name, wrong);
        }
        dead += job->state == ASG_JOB_STATE_DEAD;
        closed += job->state != ASG_JOB_STATE_OPEN && job->state != ASG_JOB_STATE_DEAD;
    }
    if (closed == core->closed_job_count && dead == core->dead_job_count) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID,
                    "%zu jobs are closed and %zu dead, counted %zu and %zu", closed, dead,
                    core->closed_job_count, core->dead_job_count);
}
