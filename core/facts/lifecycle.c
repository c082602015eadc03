#include "core/facts/lifecycle.h"

#include "base/mutant.h"
#include "core/facts/churn.h"
#include "core/facts/counts.h"
#include "core/facts/narrate.h"
#include "core/facts/state.h"

#define LAUNCH_BATCH_FULL 100 /* nothing is held back any more */

static const struct row {
    enum asg_instance_state from;
    enum asg_fleet_event event;
    enum asg_instance_state to;
    const char *text; /* said as a decision; "" is not worth one */
} rows[] = {
    {ASG_INSTANCE_REQUESTED, ASG_FLEET_LAUNCHED, ASG_INSTANCE_PENDING, "launched"},
    {ASG_INSTANCE_REQUESTED, ASG_FLEET_NOT_LAUNCHED, ASG_INSTANCE_TERMINATED, ""},
    {ASG_INSTANCE_REQUESTED, ASG_FLEET_OVER, ASG_INSTANCE_TERMINATED, ""},
    {ASG_INSTANCE_PENDING, ASG_FLEET_RUNNING, ASG_INSTANCE_IN_SERVICE, "in service"},
    {ASG_INSTANCE_PENDING, ASG_FLEET_END, ASG_INSTANCE_TERMINATING, ""},
    {ASG_INSTANCE_PENDING, ASG_FLEET_OVER, ASG_INSTANCE_TERMINATED,
     "ended by EC2 before it was in service"},
    {ASG_INSTANCE_IN_SERVICE, ASG_FLEET_END, ASG_INSTANCE_TERMINATING, ""},
    {ASG_INSTANCE_IN_SERVICE, ASG_FLEET_OVER, ASG_INSTANCE_TERMINATED, "ended by EC2"},
    {ASG_INSTANCE_TERMINATING, ASG_FLEET_KEPT, ASG_INSTANCE_IN_SERVICE,
     "EC2 refused to end it: kept, and protected from scale-in"},
    {ASG_INSTANCE_TERMINATING, ASG_FLEET_OVER, ASG_INSTANCE_TERMINATED, "terminated"},
};

static const struct row *find_row(int from, enum asg_fleet_event event)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((int)rows[i].from == from && rows[i].event == event) return &rows[i];
    }
    return NULL;
}

int64_t warmup_of(const struct group *group)
{
    /* docs/rules.md, "Which warm-up counts": the default warm-up, else the default
     * cooldown. */
    return group->config.warmup_ms >= 0 ? group->config.warmup_ms
                                        : group->config.cooldown_ms;
}

static void enter_service(struct asg_core *core, struct group *group,
                          struct instance *instance)
{
    instance->in_service_ms = core->now_ms;
    instance->excused_ms = 0;
    instance->warm_ms = core->now_ms + warmup_of(group);
    group->launch_failures = 0;
    group->breaker_times = 0;
    /* Slow start: each that arrives lets one more out, which doubles every round. */
    if (group->launch_batch > 0 && ++group->launch_batch > LAUNCH_BATCH_FULL) {
        group->launch_batch = 0;
    }
}

bool move_instance(struct asg_core *core, struct group *group, struct instance *instance,
                   enum asg_fleet_event event)
{
    const struct row *row = find_row(instance->state, event);
    if (row == NULL) return false;
    int from = instance->state;
    bool is_unwanted_end = event == ASG_FLEET_OVER && (from == ASG_INSTANCE_PENDING ||
                                                       from == ASG_INSTANCE_IN_SERVICE);
    if (ASG_MUTANT(DEAD_IS_IN_SERVICE) && event == ASG_FLEET_OVER &&
        from == ASG_INSTANCE_IN_SERVICE) {
        return false;
    }
    set_state(group, instance, row->to);
    mark_dirty(core, group);
    if (row->to == ASG_INSTANCE_IN_SERVICE && from == ASG_INSTANCE_PENDING) {
        enter_service(core, group, instance);
    }
    if (row->to == ASG_INSTANCE_TERMINATING) instance->ending_ms = core->now_ms;
    if (event == ASG_FLEET_KEPT) {
        instance->is_protected = true;
        instance->end_cause = ASG_END_NONE;
        instance->end_job_id = 0;
        set_unhealthy(group, instance, false);
    }
    if (row->text[0] != '\0') {
        decide_instance(core, ASG_DECISION_STATE, group, instance, "%s %s (%s, %s)",
                        instance->id, row->text,
                        asg_enum_word(&asg_instance_state_words, from),
                        instance->zone[0] != '\0' ? instance->zone : "zone unknown");
    }
    if (is_unwanted_end) note_death(core, group, instance);
    return true;
}
