/* interlocks - what a group may do at once, whatever the policies want
 * (reliability.md 4.8 has the limits and where they come from). */
#include <inttypes.h>
#include <string.h>

#include "core/state.h"

#define ENDS_WINDOW_MS INT64_C(600000)
#define YOUNG_MS       INT64_C(600000)

static uint32_t share_of(uint32_t count, uint32_t percent)
{
    uint32_t share = count * percent / 100;
    return share > 0 ? share : 1;
}

static uint32_t count_ending(const struct group *group)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        if (instance->state == ASG_INSTANCE_TERMINATING && is_alive(instance)) count++;
    }
    return count;
}

struct recent {
    uint32_t ends;
    uint32_t shrinks; /* of these, by scale-in: nobody took their place */
};

static struct recent count_recent(struct group *group, int64_t now_ms)
{
    size_t kept = 0;
    struct recent recent = {0};
    for (size_t i = 0; i < group->end_count; i++) {
        if (group->ends[i] + ENDS_WINDOW_MS <= now_ms) continue;
        group->ends[kept] = group->ends[i];
        group->end_shrinks[kept] = group->end_shrinks[i];
        group->end_counts[kept++] = group->end_counts[i];
        recent.ends += group->end_counts[i];
        recent.shrinks += group->end_shrinks[i];
    }
    group->end_count = kept;
    return recent;
}

/* When there is room for no more moments, the two nearest become one; the later stays,
 * so that none is forgotten too early. */
static void merge_nearest_ends(struct group *group)
{
    size_t nearest = 1;
    for (size_t i = 2; i < group->end_count; i++) {
        if (group->ends[i] - group->ends[i - 1] <
            group->ends[nearest] - group->ends[nearest - 1]) {
            nearest = i;
        }
    }
    group->end_counts[nearest] += group->end_counts[nearest - 1];
    group->end_shrinks[nearest] += group->end_shrinks[nearest - 1];
    for (size_t i = nearest; i < group->end_count; i++) {
        group->ends[i - 1] = group->ends[i];
        group->end_counts[i - 1] = group->end_counts[i];
        group->end_shrinks[i - 1] = group->end_shrinks[i];
    }
    group->end_count--;
}

void note_end(struct asg_core *core, struct group *group, enum asg_end_cause cause)
{
    (void)count_recent(group, core->now_ms);
    if (group->end_count == ASG_RECENT_ENDS) merge_nearest_ends(group);
    group->ends[group->end_count] = core->now_ms;
    group->end_shrinks[group->end_count] = cause == ASG_END_SCALE_IN ? 1 : 0;
    group->end_counts[group->end_count++] = 1;
}

/* Of those launched in this generation, how many live. */
static uint32_t count_survivors(const struct group *group)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        count += instance->state == ASG_INSTANCE_IN_SERVICE && !instance->is_unhealthy &&
                 instance->launched_ms >= group->churn_ms;
    }
    return count;
}

/* A generation is what was launched since most of the last one had died. */
void note_death(struct asg_core *core, struct group *group,
                const struct instance *instance)
{
    if (instance->launched_ms + YOUNG_MS <= core->now_ms) {
        group->churn_generations = 0; /* it lived: what is launched now can live */
        group->churn_deaths = 0;
        group->churn_ms = core->now_ms;
        return;
    }
    if (instance->launched_ms < group->churn_ms) return; /* of an earlier one */
    group->churn_deaths++;
    if (count_survivors(group) > group->churn_deaths) return;
    group->churn_generations++;
    group->churn_deaths = 0;
    group->churn_ms = core->now_ms;
    if (group->is_churning ||
        group->churn_generations <= group->config.churn_generations) {
        return;
    }
    group->is_churning = true;
    raise_alarm(core, ASG_ALARM_CHURN, group, true,
                "%" PRIu32
                " generations of instances died within 10 min of their launch: "
                "nothing is launched or replaced until the cause is mended and `openasg "
                "unhalt %s` says so",
                group->churn_generations, group->config.name);
}

void forget_churn(struct asg_core *core, struct group *group)
{
    group->churn_generations = 0;
    group->churn_deaths = 0;
    group->churn_ms = core->now_ms;
    if (!group->is_churning) return;
    group->is_churning = false;
    raise_alarm(core, ASG_ALARM_CHURN, group, false, "an operator says to launch again");
}

/* After a start or failover nothing shrinks before the picture is complete. */
static bool is_picture_complete(const struct asg_core *core, const struct group *group)
{
    if (group->config.health_check != ASG_HEALTH_CHECK_AGENT) return true;
    if (core->now_ms >= picture_ms(core, group)) return true;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        if (instance->state == ASG_INSTANCE_IN_SERVICE && !instance->is_heard) {
            return false;
        }
    }
    return true;
}

uint32_t allowed_ends(struct asg_core *core, struct group *group, uint32_t wanted,
                      enum asg_end_cause cause)
{
    if (wanted == 0) return 0;
    bool is_health = cause == ASG_END_HEALTH;
    const char *what = is_health ? "replacement" : "scale-in";
    enum hold_topic topic = is_health ? HOLD_REPLACE : HOLD_SCALE_IN;
    if (core->is_halted || group->is_halted) {
        hold(core, group, topic, "%s waits: halted by an operator", what);
        return 0;
    }
    if ((group->suspended & UINT64_C(1) << ASG_PROCESS_TERMINATE) != 0) {
        hold(core, group, topic, "%s waits: the process terminate is suspended", what);
        return 0;
    }
    if (cause == ASG_END_USER || cause == ASG_END_DELETED) return wanted;
    if (group->is_mass_silent) {
        hold(core, group, topic, "%s waits: many agents are silent together", what);
        return 0;
    }
    if (cause == ASG_END_SCALE_IN && group->is_cut_off) {
        hold(core, group, topic, "scale-in waits: none of its agents can be reached");
        return 0;
    }
    if (is_health && group->is_churning) {
        hold(core, group, HOLD_REPLACE,
             "replacement waits: what was launched lately died young");
        return 0;
    }
    if (is_health && group->is_frozen) {
        hold(core, group, HOLD_REPLACE,
             "replacement waits: too many instances are unhealthy");
        return 0;
    }
    if (cause == ASG_END_SCALE_IN && !is_picture_complete(core, group)) {
        hold(core, group, HOLD_SCALE_IN,
             "scale-in waits: not every agent has reported since the start");
        return 0;
    }
    uint32_t members = count_capacity(group) + count_ending(group);
    uint32_t at_once = share_of(members, group->config.terminating_percent);
    uint32_t ending = count_ending(group);
    uint32_t room = at_once > ending ? at_once - ending : 0;
    struct recent recent = count_recent(group, core->now_ms);
    /* Of those that were there: who is replaced is there again, who was too much is not.
     */
    uint32_t were = members > group->config.desired ? members : group->config.desired;
    uint32_t in_window =
        share_of(were + recent.shrinks, group->config.terminated_percent);
    uint32_t window_room = in_window > recent.ends ? in_window - recent.ends : 0;
    if (window_room == 0) {
        hold(core, group, topic,
             "%s waits: %" PRIu32 " terminated in 10 min, the limit is %" PRIu32
             " (%" PRIu32 " %%)",
             what, recent.ends, in_window, group->config.terminated_percent);
        return 0;
    }
    if (room > window_room) room = window_room;
    return wanted < room ? wanted : room;
}

bool is_launch_allowed(struct asg_core *core, struct group *group)
{
    if (core->is_halted || group->is_halted) {
        hold(core, group, HOLD_LAUNCH, "launch waits: halted by an operator");
        return false;
    }
    if ((group->suspended & UINT64_C(1) << ASG_PROCESS_LAUNCH) != 0) {
        hold(core, group, HOLD_LAUNCH, "launch waits: the process launch is suspended");
        return false;
    }
    if (group->is_churning) {
        hold(core, group, HOLD_LAUNCH,
             "launch waits: what was launched lately died young");
        return false;
    }
    bool backs_off =
        group->launch_after_ms > core->now_ms || group->breaker_until_ms > core->now_ms;
    if (backs_off) hold_on(group, HOLD_LAUNCH);
    return !backs_off;
}
