#include "core/check.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/world/counts.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "core/world/states.h"

/* ---- one instance ---- */

static const char *wrong_with_slot(const struct asg_core *core, const struct group *group,
                                   const struct instance *slot)
{
    assert(asg_instance_is_slot(slot));
    if (slot->id[0] != '\0') return "is a slot and has an id";
    const struct job *job = asg_job_find(core, slot->launch.job_id);
    if (job == NULL || job->state != ASG_JOB_STATE_OPEN) {
        return "is a slot of a job that is not open";
    }
    if (!asg_job_is_launch(job->plan.kind) || job->group_no != group->no) {
        return "is a slot of a job that does not launch for its group";
    }
    if (slot->no < job->first_slot_no || slot->no > job->last_slot_no) {
        return "is a slot that its job does not know";
    }
    return slot->launch.attempt == job->plan.attempt ? NULL
                                                     : "is a slot of an earlier attempt";
}

static const char *wrong_with_end(const struct asg_core *core, const struct group *group,
                                  const struct instance *instance)
{
    if (instance->ending.job_id == 0) return NULL;
    if (!asg_instance_is_on_its_way_out(instance) &&
        !asg_instance_is_finished(instance)) {
        return "is ended by a job and not on its way out";
    }
    const struct job *job = asg_job_find(core, instance->ending.job_id);
    if (job == NULL) return NULL; /* closed, and forgotten since */
    return job->plan.kind == ASG_JOB_TERMINATE && job->group_no == group->no
               ? NULL
               : "is ended by a job that terminates nothing of its group";
}

static const char *wrong_with_instance(const struct asg_core *core,
                                       const struct group *group,
                                       const struct instance *instance)
{
    if (instance->group != group) return "is of another group";
    if (instance->no == 0 || instance->no > core->last_instance_no) {
        return "has a number that was not given yet";
    }
    if (asg_instance_is_slot(instance)) return wrong_with_slot(core, group, instance);
    if (instance->id[0] == '\0' && !asg_instance_is_finished(instance))
        return "has no id";
    struct group *owner = NULL;
    if (instance->id[0] != '\0' &&
        asg_instance_find(core, instance->id, &owner) != instance) {
        return "is not found by its id";
    }
    if ((instance->wait_until_ms != 0) != asg_instance_is_waiting(instance)) {
        return "waits without a limit, or has one and does not wait";
    }
    if (instance->health.is_unhealthy && instance->reason[0] == '\0') {
        return "is unhealthy without a reason";
    }
    if (asg_instance_is_on_its_way_out(instance) !=
            (instance->ending.cause != ASG_END_NONE) &&
        !asg_instance_is_finished(instance)) {
        return "is on its way out without a cause, or has one and is not";
    }
    return wrong_with_end(core, group, instance);
}

/* ---- one group ---- */

static bool are_some_changing(const struct group *group)
{
    for (size_t i = 0; i < group->instance_count; i++) {
        if (asg_instance_is_changing(group->instances[i])) return true;
    }
    return false;
}

static uint32_t count_look_ups(const struct asg_core *core, const struct group *group)
{
    assert(group->no > 0);
    uint32_t count = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        count += core->jobs[i]->group_no == group->no && core->jobs[i]->look_up_ms != 0;
    }
    return count;
}

static const char *wrong_with_group(const struct asg_core *core,
                                    const struct group *group)
{
    const struct asg_group_config *config = &group->config;
    if (asg_group_find(core, config->name) != group ||
        asg_group_of_no(core, group->no) != group) {
        return "is not found by its name or number";
    }
    if (config->min > config->max || config->desired < config->min ||
        config->desired > config->max) {
        return "has a desired capacity that is not between min and max";
    }
    if (group->scaling.at_once_percent > 100 ||
        group->scaling.ten_minutes_percent > 100) {
        return "has an allowance of more than all";
    }
    if (group->scaling.order_floor < config->desired) {
        return "would end at once what it wants to keep";
    }
    if (group->is_dirty) return "was touched and not settled";
    if (!asg_count_is_right(group))
        return "has counts that are not those of its instances";
    if (group->due.at_ms < asg_due_heap_first_ms(&core->dues)) {
        return "has a deadline that the heap does not know";
    }
    if (group->is_changing != are_some_changing(group)) {
        return "is asked of EC2 often without need, or is not and should be";
    }
    if (group->look_ups != count_look_ups(core, group)) {
        return "has another number of launches that are looked up";
    }
    return NULL;
}

static enum asg_status check_group(const struct asg_core *core, const struct group *group,
                                   struct asg_error *error)
{
    const char *wrong = wrong_with_group(core, group);
    if (wrong != NULL) {
        return asg_fail(error, ASG_ERR_INVALID, "group %s %s", group->config.name, wrong);
    }
    uint64_t last_no = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        wrong = instance->no <= last_no ? "is out of order"
                                        : wrong_with_instance(core, group, instance);
        last_no = instance->no;
        if (wrong == NULL) continue;
        return asg_fail(error, ASG_ERR_INVALID,
                        "instance %" PRIu64 " (%s, %s) of group %s %s", instance->no,
                        instance->id, asg_state_traits(instance->state)->aws_name,
                        group->config.name, wrong);
    }
    return ASG_OK;
}

/* ---- one job ---- */

static uint32_t count_slots(const struct group *group, const struct job *job)
{
    assert(asg_job_is_launch(job->plan.kind));
    uint32_t count = 0;
    for (size_t i = 0; group != NULL && i < group->instance_count; i++) {
        const struct instance *slot = group->instances[i];
        count += asg_instance_is_slot(slot) && slot->launch.job_id == job->plan.id;
    }
    return count;
}

static const char *wrong_with_job(const struct asg_core *core, const struct job *job)
{
    if (job->plan.id > core->last_job_id) return "has a number that was not given yet";
    if (asg_job_find(core, job->plan.id) != job) return "is not found by its number";
    bool is_open = job->state == ASG_JOB_STATE_OPEN;
    if (job->retry_ms != 0 && !is_open) return "is over and to be tried again";
    if (job->retry_ms != 0 && job->retry_ms < asg_due_heap_first_ms(&core->retries)) {
        return "is to be tried again, and the heap does not know";
    }
    if (job->look_up_ms != 0 && job->retry_ms != INT64_MAX) {
        return "is looked up and is to be tried again";
    }
    if (!is_open || !asg_job_is_launch(job->plan.kind)) return NULL;
    uint32_t slots = count_slots(asg_group_of_no(core, job->group_no), job);
    return slots <= job->plan.launch->count ? NULL : "has more slots than it launches";
}

/* Those that say so, by their numbers, and nobody else. */
static bool is_changing_list_right(const struct asg_core *core)
{
    size_t at = 0;
    for (size_t i = 0; i < core->group_count; i++) {
        if (!core->groups[i]->is_changing) continue;
        if (at == core->changing_count || core->changing[at] != core->groups[i]) {
            return false;
        }
        at++;
    }
    return at == core->changing_count;
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
    if (!is_changing_list_right(core)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the list of changing groups is not that of those that change");
    }
    size_t closed = 0;
    size_t dead = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        const struct job *job = core->jobs[i];
        const char *wrong = wrong_with_job(core, job);
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
