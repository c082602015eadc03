/* notices - what EC2 has announced of an instance: that it takes it back, that it expects
 * to, that it has scheduled something (docs/launch.md, Spot).
 *
 * A Spot interruption is a fact: the instance goes at once, drains while there is time,
 * and no interlock can keep it. A rebalance recommendation is a guess: a group that wants
 * it launches first and ends the instance when its replacement serves. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "core/state.h"

#define NOTICE_MS INT64_C(120000) /* "two minutes before" (EC2 user guide, Spot) */
#define MARGIN_MS INT64_C(5000)   /* of a drain, for the call that ends it */

/* ---- taken in ---- */

static void take_interruption(struct asg_core *core, struct group *group,
                              struct instance *instance, int64_t at_ms)
{
    if (instance->taken_back_ms != 0) return; /* said again */
    instance->taken_back_ms = at_ms > 0 ? at_ms : core->now_ms + NOTICE_MS;
    int64_t left_ms = instance->taken_back_ms - core->now_ms;
    char text[ASG_NUMBER_TEXT_MAX];
    decide_instance(core, ASG_DECISION_STATE, group, instance,
                    "%s is taken back by EC2 in %s: spot interruption notice",
                    instance->id, asg_number_duration(left_ms > 0 ? left_ms : 0, text));
}

static void take_recommendation(struct asg_core *core, struct group *group,
                                struct instance *instance)
{
    if (instance->is_at_risk) return;
    instance->is_at_risk = true;
    decide_instance(core, ASG_DECISION_STATE, group, instance,
                    "%s may be taken back by EC2: rebalance recommendation; %s",
                    instance->id,
                    group->config.capacity_rebalance
                        ? "it goes when a new one is in service"
                        : "kept, the group does not ask for capacity rebalance");
}

void take_scheduled_event(struct asg_core *core, struct group *group,
                          struct instance *instance, const char *code, int64_t at_ms)
{
    instance->event_ms = code[0] != '\0' ? at_ms : 0;
    if (strcmp(instance->event_code, code) == 0) return;
    bool is_over = code[0] == '\0';
    int64_t left_ms = at_ms > core->now_ms ? at_ms - core->now_ms : 0;
    char text[ASG_NUMBER_TEXT_MAX];
    decide_instance(
        core, ASG_DECISION_STATE, group, instance,
        is_over ? "%s: EC2 has called %s off" : "%s: EC2 has scheduled %s%s%s",
        instance->id, is_over ? instance->event_code : code, left_ms > 0 ? " in " : "",
        left_ms > 0 ? asg_number_duration(left_ms, text) : "");
    copy_text(instance->event_code, sizeof instance->event_code, code);
    group->is_dirty = true;
}

void take_notice(struct asg_core *core, struct group *group, struct instance *instance,
                 const struct asg_health_sign *sign)
{
    bool is_here = instance->state == ASG_INSTANCE_IN_SERVICE ||
                   instance->state == ASG_INSTANCE_PENDING;
    if (!is_here) return; /* it goes already */
    if (sign->sign == ASG_SIGN_SPOT_INTERRUPTION) {
        take_interruption(core, group, instance, sign->at_ms);
    } else {
        take_recommendation(core, group, instance);
    }
}

/* ---- acted on ---- */

const char *fault_of_event(const struct instance *instance)
{
    if (strcmp(instance->event_code, "instance-retirement") == 0) {
        return "EC2 has scheduled its retirement";
    }
    if (strcmp(instance->event_code, "instance-stop") == 0) {
        return "EC2 has scheduled its stop";
    }
    return NULL; /* a reboot or a maintenance passes */
}

void leave_taken_back(struct asg_core *core, struct group *group)
{
    if (core->is_halted || group->is_halted) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = &group->instances[i];
        if (instance->taken_back_ms == 0) continue;
        begin_end(core, group, instance, ASG_END_NOTICE,
                  "EC2 takes it back, spot interruption: replaced at once");
    }
}

int64_t drain_limit(const struct asg_core *core, const struct group *group,
                    const struct instance *instance)
{
    if (instance->taken_back_ms == 0) return group->config.drain_ms;
    int64_t left_ms = instance->taken_back_ms - core->now_ms - MARGIN_MS;
    if (left_ms < 0) return 0;
    return left_ms < group->config.drain_ms ? left_ms : group->config.drain_ms;
}

static bool leaves_early(const struct group *group, const struct instance *instance)
{
    return group->config.capacity_rebalance && instance->is_at_risk &&
           instance->state == ASG_INSTANCE_IN_SERVICE && !instance->is_unhealthy;
}

uint32_t wanted_capacity(const struct group *group)
{
    uint32_t desired = group->config.desired;
    uint32_t room = group->config.max > desired ? group->config.max - desired : 0;
    uint32_t extra = 0;
    for (size_t i = 0; i < group->instance_count && extra < room; i++) {
        extra += leaves_early(group, &group->instances[i]) ? 1 : 0;
    }
    return desired + extra;
}

static uint32_t count_serving(const struct group *group)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        count += instance->state == ASG_INSTANCE_IN_SERVICE && !instance->is_unhealthy;
    }
    return count;
}

void end_replaced(struct asg_core *core, struct group *group)
{
    uint32_t serving = count_serving(group);
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = &group->instances[i];
        if (serving <= group->config.desired) return;
        if (!leaves_early(group, instance)) continue;
        if (allowed_ends(core, group, 1, ASG_END_HEALTH) == 0) return;
        note_end(core, group, ASG_END_HEALTH);
        begin_end(core, group, instance, ASG_END_NOTICE,
                  "EC2 may take it back and a new one is in service");
        serving--;
    }
}
