#include "core/take/take_notice.h"

#include <assert.h>
#include <string.h>

#include "core/world/counts.h"
#include "core/world/identity.h"
#include "core/world/standing.h"
#include "core/world/kept_text.h"
#include "core/step/narrate.h"
#include "core/values/number.h"
#include "core/world/state.h"
#include "core/world/touched.h"

#define NOTICE_MS INT64_C(120000) /* "two minutes before" (EC2 user guide, Spot) */

static void take_interruption(struct asg_core *core, struct group *group,
                              struct instance *instance, int64_t at_ms)
{
    assert(instance->group == group);
    if (instance->notice.taken_back_ms != 0) return; /* said again */
    asg_count_set_taken_back(group, instance,
                             at_ms > 0 ? at_ms : core->now_ms + NOTICE_MS);
    int64_t left_ms = instance->notice.taken_back_ms - core->now_ms;
    char text[ASG_NUMBER_TEXT_MAX];
    asg_narrate_instance(core, ASG_DECISION_STATE, group, instance,
                         "%s will be reclaimed by EC2 in %s: Spot interruption notice",
                         instance->id,
                         asg_number_duration(left_ms > 0 ? left_ms : 0, text));
}

static void take_recommendation(struct asg_core *core, struct group *group,
                                struct instance *instance)
{
    assert(instance->group == group);
    if (instance->notice.is_at_risk) return;
    instance->notice.is_at_risk = true;
    asg_narrate_instance(core, ASG_DECISION_STATE, group, instance,
                         "%s may be reclaimed by EC2: rebalance recommendation; %s",
                         instance->id,
                         group->config.capacity_rebalance
                             ? "it is terminated once its replacement is in service"
                             : "kept, since capacity rebalancing is off for the group");
}

void asg_take_scheduled_event(struct asg_core *core, struct group *group,
                              struct instance *instance, const char *code, int64_t at_ms)
{
    assert(strlen(code) <= ASG_EVENT_CODE_MAX);
    assert(instance->group == group);
    instance->notice.event_ms = code[0] != '\0' ? at_ms : 0;
    if (strcmp(instance->notice.event_code, code) == 0) return;
    asg_touch(instance);
    bool is_over = code[0] == '\0';
    int64_t left_ms = at_ms > core->now_ms ? at_ms - core->now_ms : 0;
    char text[ASG_NUMBER_TEXT_MAX];
    asg_narrate_instance(
        core, ASG_DECISION_STATE, group, instance,
        is_over ? "%s: EC2 has cancelled %s" : "%s: EC2 has scheduled %s%s%s",
        instance->id, is_over ? instance->notice.event_code : code,
        left_ms > 0 ? " in " : "", left_ms > 0 ? asg_number_duration(left_ms, text) : "");
    asg_text_keep(core, &instance->notice.event_code, ASG_EVENT_CODE_MAX, code);
    asg_group_mark_dirty(core, group);
}

/* EC2 takes back no instance that was not bought so: its metadata is not to be trusted,
 * or its agent. */
static void refuse_notice(struct asg_core *core, struct group *group,
                          struct instance *instance, const struct asg_health_sign *sign)
{
    assert(!instance->is_spot);
    if (instance->notice.is_false) return; /* said again, or the other one */
    asg_instance_set_misled(instance, true);
    asg_alarm_raise(core, ASG_ALARM_NOTICE, group, true,
                    "%s is on demand but reports a Spot notice (%s): ignored; its agent "
                    "is broken or cannot be trusted: terminate the instance if in doubt",
                    instance->id, asg_enum_word(&asg_sign_words, (int)sign->sign));
}

void asg_take_notice(struct asg_core *core, struct group *group,
                     struct instance *instance, const struct asg_health_sign *sign)
{
    assert(instance->group == group);
    assert(sign->sign == ASG_SIGN_SPOT_INTERRUPTION || sign->sign == ASG_SIGN_REBALANCE);
    if (!asg_instance_is_arriving(instance) && !asg_instance_is_serving(instance))
        return; /* it goes already */
    if (!instance->is_spot) {
        refuse_notice(core, group, instance, sign);
        return;
    }
    if (sign->sign == ASG_SIGN_SPOT_INTERRUPTION) {
        take_interruption(core, group, instance, sign->at_ms);
    } else {
        take_recommendation(core, group, instance);
    }
}
