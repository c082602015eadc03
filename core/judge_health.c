/* judge_health - who is unhealthy, and who only seems so (design.md 6,
 * reliability.md 4.8).
 *
 * Absence of evidence never terminates: it takes two signs (the agent is silent and its
 * probe failed), or EC2's own word, or an operator's. When many fall silent together it
 * is a partition: nobody is judged until that is over. */
#include <inttypes.h>
#include <string.h>

#include "core/state.h"
#include "base/mutant.h"

#define SILENCE_COUNT_MIN 3

static bool is_suspended(const struct group *group, enum asg_process process)
{
    return (group->suspended & UINT64_C(1) << process) != 0;
}

/* What is wrong with it, or NULL. */
static const char *find_fault(const struct asg_core *core, const struct group *group,
                              const struct instance *instance)
{
    if (instance->is_marked) return "called unhealthy by an operator";
    if (instance->ec2_state == ASG_EC2_STOPPED ||
        instance->ec2_state == ASG_EC2_STOPPING) {
        return "EC2 says it is stopped";
    }
    if (!is_past_grace(group, instance, core->now_ms)) return NULL;
    if (instance->is_impaired) return "EC2 status check failed";
    if (fault_of_event(instance) != NULL) return fault_of_event(instance);
    if (group->is_mass_silent) return NULL;
    if (instance->is_silent &&
        (instance->is_probe_failed || ASG_MUTANT(SILENCE_IS_DEATH))) {
        return "its agent is silent and its probe failed";
    }
    return NULL;
}

struct silence {
    const char *zone; /* NULL: the whole group */
    uint32_t silent;
    uint32_t known; /* agents that have reported */
};

static struct silence count_silence(const struct group *group, const char *zone)
{
    struct silence silence = {.zone = zone};
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        if (instance->state != ASG_INSTANCE_IN_SERVICE || !instance->has_reported ||
            (zone != NULL && strcmp(instance->zone, zone) != 0)) {
            continue;
        }
        silence.known++;
        silence.silent += instance->is_silent ? 1 : 0;
    }
    return silence;
}

static bool is_mass(const struct group *group, const struct silence *silence)
{
    return !ASG_MUTANT(NO_MASS_SILENCE) && silence->silent >= SILENCE_COUNT_MIN &&
           silence->silent * 100 >= silence->known * group->config.silence_percent;
}

/* Of the whole group, or of the first zone that has gone silent. */
static struct silence find_silence(const struct group *group)
{
    struct silence all = count_silence(group, NULL);
    if (all.silent < SILENCE_COUNT_MIN || is_mass(group, &all)) return all;
    for (size_t i = 0; i < group->config.subnet_count; i++) {
        struct silence one = count_silence(group, group->config.subnets[i].zone);
        if (is_mass(group, &one)) return one;
    }
    return all;
}

static void judge_silence(struct asg_core *core, struct group *group)
{
    const struct silence silence = find_silence(group);
    if (is_mass(group, &silence)) {
        group->silence_over_ms = 0;
        if (group->is_mass_silent) return;
        group->is_mass_silent = true;
        raise_alarm(core, ASG_ALARM_MASS_SILENCE, group, true,
                    "%" PRIu32 " of %" PRIu32
                    " agents%s%s are silent together: taken for a partition; nothing is "
                    "terminated while it lasts, scale-out goes on",
                    silence.silent, silence.known, silence.zone != NULL ? " in " : "",
                    silence.zone != NULL ? silence.zone : "");
        return;
    }
    if (!group->is_mass_silent) return;
    if (group->silence_over_ms == 0) {
        int64_t over_ms = core->now_ms + 2 * group->config.evaluation_ms;
        int64_t least_ms = picture_ms(core, group); /* by then all can have spoken */
        group->silence_over_ms = over_ms > least_ms ? over_ms : least_ms;
    }
    if (group->silence_over_ms > core->now_ms) return;
    group->is_mass_silent = false;
    group->silence_over_ms = 0;
    raise_alarm(core, ASG_ALARM_MASS_SILENCE, group, false,
                "%" PRIu32 " of %" PRIu32 " agents are silent", silence.silent,
                silence.known);
}

static void judge_frozen(struct asg_core *core, struct group *group, uint32_t unhealthy,
                         uint32_t members)
{
    uint32_t allowed = (members * group->config.unhealthy_percent + 99) / 100;
    if (allowed == 0) allowed = 1;
    bool is_frozen = unhealthy > allowed;
    if (is_frozen == group->is_frozen) return;
    if (!is_frozen && core->now_ms < picture_ms(core, group))
        return; /* forgotten signs */
    group->is_frozen = is_frozen;
    raise_alarm(core, ASG_ALARM_TOO_MANY_UNHEALTHY, group, is_frozen,
                "%" PRIu32 " of %" PRIu32
                " instances are unhealthy, the limit is %" PRIu32 "%s",
                unhealthy, members, allowed,
                is_frozen ? ": replacing stops until an operator looks" : "");
}

void judge_group(struct asg_core *core, struct group *group)
{
    judge_silence(core, group);
    uint32_t unhealthy = 0;
    uint32_t members = 0;
    bool is_looking = !is_suspended(group, ASG_PROCESS_HEALTH_CHECK);
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = &group->instances[i];
        if (instance->state != ASG_INSTANCE_IN_SERVICE) continue;
        members++;
        const char *fault = find_fault(core, group, instance);
        if (fault != NULL && !instance->is_unhealthy &&
            (is_looking || instance->is_marked)) {
            instance->is_unhealthy = true;
            copy_text(instance->reason, sizeof instance->reason, fault);
        } else if (fault == NULL && instance->is_unhealthy) {
            instance->is_unhealthy = false; /* it came back before it was replaced */
        }
        unhealthy += instance->is_unhealthy ? 1 : 0;
    }
    judge_frozen(core, group, unhealthy, members);
}
