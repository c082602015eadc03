#include "core/check/check_activities.h"

#include <assert.h>

#include "core/world/standing.h"

static const char *wrong_with_open(const struct asg_core *core,
                                   const struct activity *activity)
{
    assert(activity->group != NULL);
    if (activity->no == 0 || activity->no > activity->group->last_activity_no) {
        return "has an activity with a number that was not given yet";
    }
    if (activity->start_ms > core->now_ms) {
        return "has an activity that begins in the future";
    }
    if (activity->status == ASG_ACTIVITY_SUCCESSFUL ||
        activity->status == ASG_ACTIVITY_FAILED ||
        activity->status == ASG_ACTIVITY_CANCELLED || activity->progress >= 100) {
        return "has an activity that is over";
    }
    return activity->cause[0] != '\0' ? NULL : "has an activity without a cause";
}

const char *asg_check_activity(const struct asg_core *core,
                               const struct instance *instance)
{
    const struct activity *activity = instance->activity;
    bool is_ending =
        asg_instance_is_on_its_way_out(instance) && !asg_instance_is_finished(instance);
    if (activity == NULL) {
        if (asg_instance_is_slot(instance)) return "is being launched by no activity";
        return is_ending ? "is being terminated by no activity" : NULL;
    }
    if (activity->instance != instance || activity->group != instance->group) {
        return "has an activity of another instance";
    }
    assert(instance->group != NULL);
    if (asg_instance_is_finished(instance) || asg_instance_is_serving(instance)) {
        return "has an activity that should be over";
    }
    if (asg_instance_is_slot(instance) && activity->kind != ASG_ACT_LAUNCH) {
        return "is being launched by an activity of another kind";
    }
    if (is_ending != (activity->kind == ASG_ACT_TERMINATE)) {
        return "is being terminated by an activity of another kind, or is not and has "
               "one";
    }
    return wrong_with_open(core, activity);
}

const char *asg_check_waiting(const struct asg_core *core, const struct group *group)
{
    uint32_t count = 0;
    const struct activity *last = NULL;
    for (const struct activity *a = group->waiting.first; a != NULL; a = a->next) {
        if (a->instance != NULL || a->group != group || a->kind != ASG_ACT_LAUNCH) {
            return "has a launch waiting that waits for nothing";
        }
        const char *wrong = wrong_with_open(core, a);
        if (wrong != NULL) return wrong;
        last = a;
        count++;
    }
    assert(group->waiting.count == 0 || group->waiting.first != NULL);
    return count == group->waiting.count && last == group->waiting.last
               ? NULL
               : "has lost count of the launches that wait";
}
