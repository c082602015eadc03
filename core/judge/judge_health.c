#include "core/judge/judge_health.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/world/standing.h"
#include "core/world/kept_text.h"
#include "core/world/counts.h"
#include "core/step/look_again.h"
#include "core/step/narrate.h"
#include "core/limits/patience.h"
#include "core/world/touched.h"

#define SILENCE_COUNT_MIN 3

/* ---- who is silent, and out of reach ---- */

struct silence {
    const char *zone; /* NULL: the whole group */
    uint32_t silent;
    uint32_t out_of_reach; /* of these: not even the host answers its probe */
    uint32_t known;        /* agents that have reported */
    uint32_t heard;        /* and do so now */
};

static void count_one(struct silence *silence, const struct instance *instance)
{
    if (!asg_instance_is_judged(instance) || !asg_instance_has_reported(instance)) return;
    silence->known++;
    silence->heard += asg_instance_is_heard(instance) ? 1 : 0;
    silence->silent += asg_instance_is_silent(instance) ? 1 : 0;
    silence->out_of_reach += asg_instance_is_out_of_reach(instance) ? 1 : 0;
    assert(silence->silent + silence->heard <= silence->known);
    assert(silence->out_of_reach <= silence->silent);
}

static struct silence count_silence(const struct group *group, const char *zone)
{
    struct silence silence = {.zone = zone};
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (zone != NULL && strcmp(instance->zone, zone) != 0) continue;
        count_one(&silence, instance);
    }
    assert(silence.known <= group->instance_count);
    return silence;
}

static bool is_many(const struct group *group, uint32_t some, uint32_t of)
{
    assert(some <= of);
    return some >= SILENCE_COUNT_MIN && some * 100 >= of * group->config.silence_percent;
}

static bool is_mass(const struct group *group, const struct silence *silence)
{
    assert(silence->silent <= silence->known);
    return is_many(group, silence->silent, silence->known);
}

/* Of the whole group, or of the first zone that has gone silent. */
static struct silence find_silence(const struct group *group, const struct silence *all)
{
    assert(all->zone == NULL && group->config.silence_percent <= 100);
    if (all->silent < SILENCE_COUNT_MIN || is_mass(group, all)) return *all;
    for (size_t i = 0; i < group->config.subnet_count; i++) {
        struct silence one = count_silence(group, group->config.subnets[i].zone);
        if (is_mass(group, &one)) return one;
    }
    return *all;
}

/* ---- the whole fleet's, counted once a step and only when it is asked for ---- */

struct sight {
    struct silence all;
    struct silence *zones;
    size_t zone_count;
};

static struct silence *zone_of(struct asg_core *core, struct sight *sight,
                               size_t *capacity, const char *zone)
{
    assert(core->step != NULL && zone != NULL);
    for (size_t i = 0; i < sight->zone_count; i++) {
        if (strcmp(sight->zones[i].zone, zone) == 0) return &sight->zones[i];
    }
    struct silence *one =
        asg_arena_push(&core->step->effects->arena, (void **)&sight->zones,
                       &sight->zone_count, capacity, sizeof *one);
    *one = (struct silence){.zone = asg_arena_text(&core->step->effects->arena, zone)};
    return one;
}

static const struct sight *look_around(struct asg_core *core)
{
    assert(core->step != NULL);
    if (core->step->sight != NULL) return core->step->sight;
    struct sight *sight = asg_arena_take(&core->step->effects->arena, sizeof *sight);
    *sight = (struct sight){.zones = NULL};
    size_t capacity = 0;
    for (size_t g = 0; g < core->group_count; g++) {
        const struct group *group = core->groups[g];
        for (size_t i = 0; i < group->instance_count; i++) {
            const struct instance *instance = group->instances[i];
            count_one(&sight->all, instance);
            count_one(zone_of(core, sight, &capacity, instance->zone), instance);
        }
    }
    core->step->sight = sight;
    return sight;
}

/* Many of the fleet or of a zone out of reach at once, as each group counts many. */
static bool is_fleet_cut_off(struct asg_core *core, struct group *group, const char *zone)
{
    assert(zone != NULL);
    const struct sight *sight = look_around(core);
    const struct silence *where = NULL;
    if (is_many(group, sight->all.out_of_reach, sight->all.known)) where = &sight->all;
    for (size_t i = 0; i < sight->zone_count; i++) {
        const struct silence *one = &sight->zones[i];
        bool is_here = strcmp(one->zone, zone) == 0;
        if (is_here && is_many(group, one->out_of_reach, one->known)) where = one;
    }
    if (where == NULL) return false;
    asg_hold(core, group, HOLD_REACH, WHY(MASS_SILENCE),
             "replacement waits: many agents of the fleet%s%s are out of reach together",
             where->zone != NULL ? " in " : "", where->zone != NULL ? where->zone : "");
    /* What happens to others wakes nobody here. */
    asg_look_again(core, core->now_ms + 2 * group->config.evaluation_ms);
    return true;
}

/* ---- what is wrong with one ---- */

/* Nothing answers there. That is a sign of death only when we see others, for a while. */
static bool is_lost(struct asg_core *core, struct group *group,
                    const struct instance *instance, const struct silence *around)
{
    assert(around->heard <= around->known);
    if (!asg_instance_is_out_of_reach(instance) || around->heard == 0) return false;
    int64_t lost_ms = asg_patience_lost_ms(group, instance);
    if (lost_ms > core->now_ms) {
        asg_look_again(core, lost_ms);
        asg_hold(core, group, HOLD_SIGNS,
                 WHY_OF(PROBING, .until_ms = lost_ms, .count = 1, .is_quiet = true),
                 "replacement waits: %s is silent and out of reach, but not for long "
                 "enough yet",
                 instance->id);
        return false;
    }
    return !is_fleet_cut_off(core, group, instance->zone);
}

/* What the event means for health; NULL: it stays. */
static const char *fault_of_event(const struct instance *instance)
{
    if (strcmp(instance->notice.event_code, "instance-retirement") == 0) {
        return "EC2 has scheduled its retirement";
    }
    if (strcmp(instance->notice.event_code, "instance-stop") == 0) {
        return "EC2 has scheduled its stop";
    }
    return NULL; /* a reboot or a maintenance passes */
}

/* What is wrong with it; NONE: nothing. */
static enum asg_cause find_fault(struct asg_core *core, struct group *group,
                                 const struct instance *instance,
                                 const struct silence *around)
{
    assert(instance->group == group);
    assert(asg_instance_is_judged(instance));
    if (instance->health.is_marked) return ASG_CAUSE_MARKED;
    if (asg_ec2_is_over(instance->ec2_state)) return ASG_CAUSE_EC2;
    if (instance->ec2_state == ASG_EC2_STOPPED ||
        instance->ec2_state == ASG_EC2_STOPPING) {
        return ASG_CAUSE_STOPPED;
    }
    if (!asg_patience_is_past_grace(group, instance, core->now_ms)) {
        bool is_doubted = instance->health.is_impaired ||
                          asg_instance_is_silent(instance) ||
                          fault_of_event(instance) != NULL;
        if (is_doubted) {
            int64_t over_ms = asg_patience_grace_over_ms(group, instance);
            asg_look_again(core, over_ms);
            asg_hold(core, group, HOLD_SIGNS,
                     WHY_OF(PROBING, .until_ms = over_ms, .count = 1),
                     "replacement waits: %s looks unhealthy, but is within its health "
                     "check grace period",
                     instance->id);
        }
        return ASG_CAUSE_NONE;
    }
    if (instance->health.is_impaired) return ASG_CAUSE_IMPAIRED;
    if (fault_of_event(instance) != NULL) return ASG_CAUSE_SCHEDULED_EVENT;
    if (group->silence.kind == ASG_SILENCE_MASS || !asg_instance_is_silent(instance))
        return ASG_CAUSE_NONE;
    if (asg_patience_waits_for_picture(core, group, instance)) {
        int64_t picture_ms = asg_patience_picture_ms(core, group);
        asg_look_again(core, picture_ms);
        asg_hold(core, group, HOLD_SIGNS,
                 WHY_OF(STARTING, .until_ms = picture_ms, .count = 1, .is_quiet = true),
                 "replacement waits: %s has not reported since this controller started",
                 instance->id);
        return ASG_CAUSE_NONE;
    }
    if (instance->health.probe == ASG_PROBE_FAILED) return ASG_CAUSE_SILENT;
    if (is_lost(core, group, instance, around)) return ASG_CAUSE_UNREACHABLE;
    asg_hold(core, group, HOLD_SIGNS, WHY_OF(PROBING, .count = 1, .is_quiet = true),
             "replacement waits: %s is silent, and its probe has not failed",
             instance->id);
    return ASG_CAUSE_NONE;
}

static const char *text_of_fault(const struct instance *instance, enum asg_cause fault)
{
    assert(fault != ASG_CAUSE_NONE);
    switch (fault) {
    case ASG_CAUSE_MARKED: return "marked unhealthy by an operator";
    case ASG_CAUSE_EC2: return "terminated by EC2";
    case ASG_CAUSE_STOPPED: return "stopped in EC2";
    case ASG_CAUSE_IMPAIRED: return "EC2 status check failed";
    case ASG_CAUSE_SCHEDULED_EVENT: return fault_of_event(instance);
    case ASG_CAUSE_UNREACHABLE:
        return "its agent is silent and it is out of reach, while others report";
    default: return "its agent is silent and its probe failed";
    }
}

/* ---- the group ---- */

static void judge_silence(struct asg_core *core, struct group *group,
                          const struct silence *around)
{
    const struct silence silence = find_silence(group, around);
    if (is_mass(group, &silence)) {
        group->silence.over_ms = 0;
        if (group->silence.kind == ASG_SILENCE_MASS) return;
        if (group->silence.kind == ASG_SILENCE_CUT_OFF) {
            group->silence.calm_ms = core->now_ms;
        }
        group->silence.kind = ASG_SILENCE_MASS;
        asg_alarm_raise(core, ASG_ALARM_MASS_SILENCE, group, true,
                        "%" PRIu32 " of %" PRIu32
                        " agents%s%s are silent together: assuming a network partition; "
                        "nothing is terminated while it lasts, scale-out continues",
                        silence.silent, silence.known, silence.zone != NULL ? " in " : "",
                        silence.zone != NULL ? silence.zone : "");
        return;
    }
    if (group->silence.kind != ASG_SILENCE_MASS) return;
    if (group->silence.over_ms == 0) {
        int64_t over_ms = core->now_ms + 2 * group->config.evaluation_ms;
        int64_t least_ms =
            asg_patience_picture_ms(core, group); /* by then all can have spoken */
        group->silence.over_ms = over_ms > least_ms ? over_ms : least_ms;
    }
    if (group->silence.over_ms > core->now_ms) {
        asg_look_again(core, group->silence.over_ms);
        return;
    }
    assert(group->silence.over_ms != 0);
    group->silence.kind = ASG_SILENCE_NONE;
    group->silence.over_ms = 0;
    group->silence.calm_ms = core->now_ms;
    asg_alarm_raise(core, ASG_ALARM_MASS_SILENCE, group, false,
                    "%" PRIu32 " of %" PRIu32 " agents are silent", silence.silent,
                    silence.known);
}

/* Nobody of it can be reached: that is as likely our own link, and with one or two there
 * is no majority to tell. EC2's or an operator's word still counts. */
static void judge_reach(struct asg_core *core, struct group *group,
                        const struct silence *around)
{
    assert(around->out_of_reach <= around->known);
    if (group->silence.kind == ASG_SILENCE_MASS) return; /* said with more words */
    bool is_cut_off = around->known > 0 && around->out_of_reach == around->known;
    if (is_cut_off == (group->silence.kind == ASG_SILENCE_CUT_OFF)) return;
    group->silence.kind = is_cut_off ? ASG_SILENCE_CUT_OFF : ASG_SILENCE_NONE;
    if (!is_cut_off) {
        group->silence.calm_ms = core->now_ms;
        asg_alarm_raise(core, ASG_ALARM_MASS_SILENCE, group, false,
                        "%" PRIu32 " of %" PRIu32 " agents are out of reach",
                        around->out_of_reach, around->known);
        return;
    }
    asg_alarm_raise(
        core, ASG_ALARM_MASS_SILENCE, group, true,
        "%" PRIu32 " of %" PRIu32
        " agents are silent and out of reach: assuming a network partition; none of them "
        "is replaced unless EC2 or an operator reports it dead, scale-out continues",
        around->out_of_reach, around->known);
}

static void judge_frozen(struct asg_core *core, struct group *group, uint32_t unhealthy,
                         uint32_t members)
{
    assert(unhealthy <= members);
    assert(group->config.unhealthy_percent <= 100);
    uint32_t allowed = (members * group->config.unhealthy_percent + 99) / 100;
    if (allowed == 0) allowed = 1;
    bool is_frozen = unhealthy > allowed;
    if (is_frozen == group->is_frozen) return;
    int64_t picture_ms = asg_patience_picture_ms(core, group);
    if (!is_frozen && core->now_ms < picture_ms) { /* forgotten signs */
        asg_look_again(core, picture_ms);
        return;
    }
    group->is_frozen = is_frozen;
    asg_alarm_raise(
        core, ASG_ALARM_TOO_MANY_UNHEALTHY, group, is_frozen,
        "%" PRIu32 " of %" PRIu32 " instances are unhealthy, the limit is %" PRIu32 "%s",
        unhealthy, members, allowed,
        is_frozen ? ": replacement is paused until an operator looks into it" : "");
}

void asg_judge_group(struct asg_core *core, struct group *group)
{
    assert(core->step != NULL);
    const struct silence around = count_silence(group, NULL);
    judge_silence(core, group, &around);
    judge_reach(core, group, &around);
    if (group->silence.kind != ASG_SILENCE_NONE) {
        asg_hold(core, group, HOLD_SIGNS,
                 WHY_OF(MASS_SILENCE, .until_ms = group->silence.over_ms,
                        .count = around.silent, .is_quiet = true),
                 "replacement and scale-in wait: %s",
                 group->silence.kind == ASG_SILENCE_MASS
                     ? "many agents are silent together"
                     : "none of its agents can be reached");
    }
    uint32_t unhealthy = 0;
    uint32_t marked = 0; /* of these, by an order, which freezes nothing */
    uint32_t members = 0;
    bool is_looking = !asg_group_is_suspended(group, ASG_PROCESS_HEALTH_CHECK);
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (!asg_instance_is_judged(instance)) continue;
        members++;
        enum asg_cause fault = find_fault(core, group, instance, &around);
        bool is_believed =
            is_looking || instance->health.is_marked || instance->health.is_unhealthy;
        instance->health.fault = fault;
        bool is_unhealthy = fault != ASG_CAUSE_NONE && is_believed;
        if (is_unhealthy != instance->health.is_unhealthy) {
            asg_count_set_unhealthy(group, instance, is_unhealthy);
        }
        if (instance->health.is_unhealthy) {
            const char *why = text_of_fault(instance, fault);
            if (strcmp(why, instance->reason) != 0) asg_touch(instance);
            asg_text_keep(core, &instance->reason, ASG_REASON_MAX, why);
        }
        unhealthy += instance->health.is_unhealthy ? 1 : 0;
        marked += instance->health.is_marked ? 1 : 0;
    }
    assert(unhealthy == asg_count_unhealthy(group)); /* kept and counted agree */
    assert(marked <= unhealthy);                     /* its word is always believed */
    judge_frozen(core, group, unhealthy - marked, members);
}
