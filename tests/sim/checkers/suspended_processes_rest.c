/* suspended_processes_rest - what a durable order suspended in a group does nothing there
 * until it is resumed; nor does a group that is halted, or one that is in a dry run, have
 * anything started or ended but what an operator names. Nothing of it leaves the
 * controller, planned before or not. */
#include "sim/sim.h"

#define LAW "suspended_processes_rest"

static bool is_suspended(const struct sim_group *group, enum asg_process process)
{
    return (group->suspended >> process & 1) != 0;
}

/* It was ill before its health was no longer looked at. */
static bool was_found_before(const struct sim_group *group,
                             const struct asg_decision *decision)
{
    const struct sim_instance *instance = sim_find_instance(decision->instance_id);
    return instance == NULL || instance->ill_since_us == 0 ||
           instance->ill_since_us <=
               group->suspended_since_us[ASG_PROCESS_HEALTH_CHECK] + SIM_MINUTE;
}

static const char *broken_by(const struct sim_group *group,
                             const struct asg_decision *decision)
{
    bool is_end = decision->state_to == ASG_INSTANCE_TERMINATING &&
                  decision->state_from != decision->state_to;
    bool is_change = decision->kind == ASG_DECISION_SCALE_OUT ||
                     decision->kind == ASG_DECISION_SCALE_IN;
    switch (decision->cause) {
    case ASG_CAUSE_POLICY:
        return is_suspended(group, ASG_PROCESS_ALARM_NOTIFICATION) && is_change
                   ? "alarm-notification"
                   : NULL;
    case ASG_CAUSE_SCHEDULE:
        return is_suspended(group, ASG_PROCESS_SCHEDULED_ACTIONS) && is_change
                   ? "scheduled-actions"
                   : NULL;
    case ASG_CAUSE_SCALE_IN:
        return is_suspended(group, ASG_PROCESS_TERMINATE) && is_end ? "terminate" : NULL;
    case ASG_CAUSE_INTERRUPTION:
        if (is_suspended(group, ASG_PROCESS_HEALTH_CHECK) && is_end) {
            return "health-check";
        }
        return is_suspended(group, ASG_PROCESS_REPLACE_UNHEALTHY) && is_end
                   ? "replace-unhealthy"
                   : NULL;
    case ASG_CAUSE_LATE_LAUNCH:
        if (is_suspended(group, ASG_PROCESS_HEALTH_CHECK) && is_end) {
            return "health-check";
        }
        break;
    case ASG_CAUSE_SILENT:
    case ASG_CAUSE_UNREACHABLE:
        if (is_suspended(group, ASG_PROCESS_HEALTH_CHECK) && is_end &&
            !was_found_before(group, decision)) {
            return "health-check";
        }
        break;
    case ASG_CAUSE_MARKED:
    case ASG_CAUSE_STOPPED:
    case ASG_CAUSE_IMPAIRED:
    case ASG_CAUSE_SCHEDULED_EVENT: break;
    default: return NULL;
    }
    if (!is_end) return NULL;
    if (is_suspended(group, ASG_PROCESS_TERMINATE)) return "terminate";
    return is_suspended(group, ASG_PROCESS_REPLACE_UNHEALTHY) ? "replace-unhealthy"
                                                              : NULL;
}

void law_suspended_rests(const struct asg_decision *decision)
{
    const struct sim_group *group = sim_find_group(our, decision->group);
    if (group == NULL) return;
    const char *process = broken_by(group, decision);
    if (process == NULL) return;
    sim_break(LAW, "%s of %s is suspended and yet: %s", process, group->name,
              decision->text);
}

/* New or repeated, of whatever attempt. */
void law_plan_while_stopped(const struct asg_job *plan)
{
    bool is_launch = asg_job_is_launch(plan->kind);
    const struct sim_group *group = sim_find_group(our, plan->group);
    if (group == NULL || (!is_launch && plan->kind != ASG_JOB_TERMINATE)) return;
    const char *why = our->is_halted                           ? "everything is halted"
                      : group->is_halted                       ? "it is halted"
                      : group->is_dry_run && !plan->is_dry_run ? "it is in a dry run"
                                                               : NULL;
    if (is_launch && is_suspended(group, ASG_PROCESS_LAUNCH)) why = "launch is suspended";
    if (is_launch && group->is_deleting) why = "it is being deleted";
    if (why == NULL) return;
    sim_break(LAW, "job %s is to %s for %s, but %s", plan->name,
              is_launch ? "launch" : "terminate", group->name, why);
}

/* Of which ends the process terminate is not asked. */
static bool is_named(enum asg_cause cause)
{
    return cause == ASG_CAUSE_ORDER || cause == ASG_CAUSE_GROUP_DELETED;
}

/* Some that live; but those that an order named, where it excuses. */
static bool ends_some(const struct asg_job *job, bool is_order_excused)
{
    const struct asg_texts *ids = &job->terminate->instance_ids;
    for (size_t i = 0; i < ids->count; i++) {
        const struct sim_instance *instance = sim_find_instance(ids->items[i]);
        if (instance == NULL || !instance->is_alive) continue;
        if (!is_order_excused || !is_named(instance->end_cause)) return true;
    }
    return false;
}

static const char *stop_of(const struct sim_group *group, const struct asg_job *job)
{
    bool is_launch = asg_job_is_launch(job->kind);
    if (group->is_halted) return "it is halted";
    if (group->is_dry_run && !job->is_dry_run) return "it is in a dry run";
    if (is_launch && group->is_deleting) return "it is being deleted";
    if (is_launch && is_suspended(group, ASG_PROCESS_LAUNCH)) {
        return "launch is suspended";
    }
    bool is_end_suspended =
        !is_launch && is_suspended(group, ASG_PROCESS_TERMINATE) && !group->is_deleting;
    return is_end_suspended && ends_some(job, true) ? "terminate is suspended" : NULL;
}

/* It leaves the controller: what is with a worker already is carried out. */
void law_stopped_rests(const struct asg_job *job)
{
    bool is_changing = asg_job_is_launch(job->kind) || job->kind == ASG_JOB_TERMINATE;
    const struct sim_group *group = sim_find_group(our, job->group);
    if (!is_changing || group == NULL || !group->exists) return;
    const char *why = stop_of(group, job);
    if (why == NULL || (job->terminate != NULL && !ends_some(job, false))) return;
    sim_break(LAW, "job %s leaves for %s, but %s", job->name, group->name, why);
}
