#include "core/take/take_health.h"

#include <assert.h>

#include "core/lifecycle/lifecycle.h"
#include "core/world/standing.h"
#include "core/step/narrate.h"
#include "core/world/state.h"
#include "core/world/touched.h"
#include "core/take/take_notice.h"

/* Before it is believed that nothing is there, EC2 is asked. */
static void ask_of_unreachable(struct asg_core *core, const struct instance *instance)
{
    assert(core->step != NULL);
    if (!asg_instance_is_out_of_reach(instance)) return;
    core->look.next_ms = core->now_ms;
    core->look.pause_ms = 0;
}

static void take_sign(struct asg_core *core, const struct asg_health_sign *sign)
{
    struct group *group = NULL;
    struct instance *instance = asg_instance_find(core, sign->instance_id, &group);
    if (instance == NULL) return; /* gone meanwhile */
    assert(instance->group == group);
    assert(instance->health.agent < ASG_AGENT_LINKS);
    assert(instance->health.probe < ASG_PROBES);
    asg_group_mark_dirty(core, group);
    asg_touch(instance);
    switch (sign->sign) {
    case ASG_SIGN_REPORTING:
        instance->health.agent = ASG_AGENT_HEARD;
        instance->health.probe = ASG_PROBE_PASSED;
        (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_REPORTED);
        break;
    case ASG_SIGN_SILENT:
        if (!asg_instance_has_reported(instance) || asg_instance_is_silent(instance)) {
            break;
        }
        instance->health.agent = ASG_AGENT_SILENT;
        instance->health.silent_ms = core->now_ms;
        if (asg_instance_is_judged(instance)) {
            asg_narrate_instance(core, ASG_DECISION_STATE, group, instance,
                                 "%s is silent: %s; probing it", instance->id,
                                 sign->detail);
        }
        ask_of_unreachable(core, instance);
        break;
    case ASG_SIGN_PROBE_OK: instance->health.probe = ASG_PROBE_PASSED; break;
    case ASG_SIGN_PROBE_FAILED:
        if (instance->health.probe == ASG_PROBE_FAILED) break;
        instance->health.probe = ASG_PROBE_FAILED;
        if (asg_instance_is_judged(instance)) {
            asg_narrate_instance(core, ASG_DECISION_STATE, group, instance,
                                 "%s does not answer its probe: %s", instance->id,
                                 sign->detail);
        }
        break;
    case ASG_SIGN_PROBE_UNREACHABLE:
        if (instance->health.probe == ASG_PROBE_UNREACHABLE) break;
        instance->health.probe = ASG_PROBE_UNREACHABLE;
        if (asg_instance_is_judged(instance)) {
            asg_narrate_instance(core, ASG_DECISION_STATE, group, instance,
                                 "%s: its probe is inconclusive: %s", instance->id,
                                 sign->detail);
        }
        ask_of_unreachable(core, instance);
        break;
    case ASG_SIGN_DRAINED:
        if (!asg_lifecycle_move(core, group, instance, ASG_FLEET_DRAINED)) {
            break; /* its time was over before */
        }
        asg_narrate_instance(core, ASG_DECISION_STATE, group, instance, "%s: %s",
                             instance->id, sign->detail);
        break;
    case ASG_SIGN_SPOT_INTERRUPTION:
    case ASG_SIGN_REBALANCE: asg_take_notice(core, group, instance, sign); break;
    case ASG_SIGN_COUNT: break;
    }
}

void asg_take_health(struct asg_core *core, const struct asg_health *health)
{
    for (size_t i = 0; i < health->sign_count; i++) {
        take_sign(core, &health->signs[i]);
    }
}
