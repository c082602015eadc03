#include "core/take/take_lead.h"

#include <assert.h>
#include <inttypes.h>

#include "core/world/counts.h"
#include "core/world/leads.h"
#include "core/step/narrate.h"
#include "core/world/state.h"
#include "core/world/touched.h"
#include "core/take/take_tick.h"
#include "core/take/try_again.h"

#define DAY_MS INT64_C(86400000)

/* What was last seen of it may be long over: agents, probes and EC2 are told again to a
 * controller that begins to lead. What an operator said stays. */
static void forget_signs(struct group *group, struct instance *instance)
{
    assert(instance->group == group);
    if (asg_instance_has_reported(instance)) instance->health.agent = ASG_AGENT_UNHEARD;
    instance->health.probe = ASG_PROBE_PASSED;
    instance->health.is_impaired = false;
    if (instance->ec2_state == ASG_EC2_STOPPED ||
        instance->ec2_state == ASG_EC2_STOPPING) {
        asg_count_set_ec2_state(group, instance, ASG_EC2_UNKNOWN);
    }
}

static void excuse_absence(struct asg_core *core, int64_t away_ms)
{
    assert(away_ms >= 0); /* time does not go back */
    for (size_t g = 0; g < core->group_count; g++) {
        struct group *group = core->groups[g];
        asg_group_mark_dirty(core, group);
        for (size_t i = 0; i < group->instance_count; i++) {
            group->instances[i]->launch.excused_ms += away_ms;
            forget_signs(group, group->instances[i]);
        }
    }
    for (size_t i = 0; i < core->orphan_count; i++) {
        core->orphans[i].first_ms += away_ms;
    }
}

void asg_take_lead(struct asg_core *core, const struct asg_command *command)
{
    assert(core->cluster_id[0] != '\0');
    assert(command->rules >= core->rules); /* rules never go back */
    core->epoch = command->epoch;
    core->rules = command->rules;
    core->incarnation = command->incarnation;
    /* The first LEAD of a log cannot be behind: EC2 has nothing of its cluster yet. */
    core->is_unlisted = core->lead_count > 0;
    asg_lead_note(core, command->epoch, command->incarnation);
    core->led_ms = core->now_ms;
    core->listing.count = 0;
    core->listing.every_ms = command->listing_ms > 0 ? command->listing_ms : 0;
    core->listing.next_ms = core->now_ms;
    core->look.next_ms = core->now_ms;
    core->look.pause_ms = 0;
    core->schedule_late_ms =
        command->schedule_late_ms > 0 ? command->schedule_late_ms : 0;
    if (core->schedule_late_ms > DAY_MS) core->schedule_late_ms = DAY_MS;
    asg_touch_all(core); /* of each the times, or what was last heard */
    excuse_absence(core, core->now_ms - core->step->before_ms);
    asg_take_waiting_schedules(core);
    asg_try_hold_back(core);
    asg_reply_accept(core, 0, "epoch %" PRIu64 " leads", core->epoch);
}
