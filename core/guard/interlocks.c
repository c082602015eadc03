#include "core/guard/interlocks.h"

#include <assert.h>
#include <inttypes.h>

#include "core/world/standing.h"
#include "core/world/counts.h"
#include "core/step/look_again.h"
#include "core/step/narrate.h"
#include "core/limits/patience.h"
#include "core/limits/recent_ends.h"
#include "core/world/stops.h"

static uint32_t share_of(uint32_t count, uint32_t percent)
{
    assert(percent <= 100);
    uint32_t share = count * percent / 100;
    return share > 0 ? share : 1;
}

/* In percent of the group: of health, or of the policy that scaled in last. */
struct allowance {
    uint32_t at_once;
    uint32_t ten_minutes;
};

static struct allowance allowance_of(const struct group *group, bool is_health)
{
    assert(group->scaling.at_once_percent <= 100 &&
           group->scaling.ten_minutes_percent <= 100);
    bool has_at_once = !is_health && group->scaling.at_once_percent > 0;
    bool has_window = !is_health && group->scaling.ten_minutes_percent > 0;
    return (struct allowance){
        .at_once = has_at_once ? group->scaling.at_once_percent
                               : group->config.terminating_percent,
        .ten_minutes = has_window ? group->scaling.ten_minutes_percent
                                  : group->config.terminated_percent,
    };
}

static void hold_paced(struct asg_core *core, struct group *group, bool is_health,
                       struct why why, const char *text)
{
    assert(text[0] != '\0' && why.count > 0);
    why.reason = is_health ? ASG_HOLD_REPLACEMENT_LIMIT : ASG_HOLD_SCALE_IN_LIMIT;
    asg_hold(core, group, is_health ? HOLD_REPLACE : HOLD_SCALE_IN, why, "%s waits: %s",
             is_health ? "replacement" : "scale-in", text);
}

/* Of whom health may replace a share: what orders took away lately still counts, or the
 * replacements before them would be too many after them. */
static uint32_t share_size(const struct group *group, const struct recent *recent,
                           bool is_health)
{
    uint32_t members = asg_ends_members(group);
    assert(group->ends.count > 0 || recent->size == 0);
    return is_health && recent->size > members ? recent->size : members;
}

/* Of ten minutes: how many were terminated, and how many may be. */
struct window {
    uint32_t lately;
    uint32_t limit;
};

static struct window window_of(const struct group *group, const struct recent *recent,
                               bool is_health)
{
    uint32_t surplus = asg_count_ending_surplus(group);
    uint32_t members = share_size(group, recent, is_health);
    /* Of those that were there: who is replaced is there again, who was too much is not,
     * once it has ended. */
    uint32_t were = members > group->config.desired ? members : group->config.desired;
    uint32_t gone = recent->shrinks > surplus ? recent->shrinks - surplus : 0;
    const struct window window = {
        .lately = is_health ? recent->broken : recent->shrinks,
        .limit = share_of(is_health ? were : were + gone,
                          allowance_of(group, is_health).ten_minutes),
    };
    assert(window.limit > 0);
    return window;
}

/* When the window has room again. The oldest end may be one that does not count here, and
 * a limit that fell waits for more than one. */
static int64_t when_one_more(const struct group *group, struct recent recent,
                             bool is_health)
{
    struct window window;
    int64_t at_ms;
    do {
        assert(recent.changes_ms != INT64_MAX); /* a window without ends has room */
        at_ms = recent.changes_ms;
        recent = asg_count_recent(group, at_ms);
        window = window_of(group, &recent, is_health);
    } while (window.lately >= window.limit);
    return at_ms;
}

/* As many of `wanted` as the allowance of policies, or of health, has room for. */
static uint32_t paced_ends(struct asg_core *core, struct group *group, uint32_t wanted,
                           bool is_health)
{
    const struct allowance allowance = allowance_of(group, is_health);
    const struct recent recent = asg_count_recent(group, core->now_ms);
    const struct window window = window_of(group, &recent, is_health);
    uint32_t now =
        is_health ? asg_count_ending_broken(group) : asg_count_ending_surplus(group);
    uint32_t at_once = share_of(share_size(group, &recent, is_health), allowance.at_once);
    uint32_t room = at_once > now ? at_once - now : 0;
    uint32_t window_room =
        window.limit > window.lately ? window.limit - window.lately : 0;
    if (window_room == 0) {
        int64_t until_ms = when_one_more(group, recent, is_health);
        asg_look_again(core, recent.changes_ms); /* then the numbers are others */
        hold_paced(core, group, is_health,
                   (struct why){.until_ms = until_ms, .count = wanted},
                   asg_arena_format(&core->step->effects->arena,
                                    "%" PRIu32 " terminated in 10 min, the limit is "
                                    "%" PRIu32 " (%" PRIu32 " %%)",
                                    window.lately, window.limit, allowance.ten_minutes));
        return 0;
    }
    if (room == 0) {
        /* The limit may be of before an order, and is another when that is long ago. */
        if (recent.size > 0) asg_look_again(core, recent.changes_ms);
        hold_paced(core, group, is_health,
                   (struct why){.count = wanted, .is_quiet = true},
                   asg_arena_format(&core->step->effects->arena,
                                    "%" PRIu32 " terminating now, the limit is %" PRIu32
                                    " at the same time (%" PRIu32 " %%)",
                                    now, at_once, allowance.at_once));
    }
    if (room > window_room) room = window_room;
    return wanted < room ? wanted : room;
}

/* After a start or failover nothing shrinks before the picture is complete. */
static bool is_picture_complete(struct asg_core *core, const struct group *group)
{
    assert(core->now_ms >= core->led_ms); /* time does not go back */
    if (group->config.health_check != ASG_HEALTH_CHECK_AGENT) return true;
    int64_t picture_ms = asg_patience_picture_ms(core, group);
    if (core->now_ms >= picture_ms) return true;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (asg_instance_is_judged(instance) && !asg_instance_is_heard(instance)) {
            asg_look_again(core, picture_ms);
            return false;
        }
    }
    return true;
}

static bool is_listed(struct asg_core *core, struct group *group, enum hold_topic topic,
                      const char *what)
{
    assert(core->step != NULL);
    assert(what[0] != '\0');
    if (!core->is_unlisted) return true;
    asg_hold(core, group, topic, WHY(STARTING),
             "%s waits: this controller has not seen a complete EC2 listing yet", what);
    return false;
}

/* What EC2 has of the group is known to this log. */
static bool is_fleet_known(struct asg_core *core, struct group *group,
                           enum hold_topic topic, const char *what)
{
    assert(what[0] != '\0');
    if (!is_listed(core, group, topic, what)) return false;
    if (group->unknown_count == 0) return true;
    asg_hold(core, group, topic, WHY_OF(LOG_BEHIND, .count = group->unknown_count),
             "%s waits: this log does not know %" PRIu32
             " of the group's instances; see `openasg orphan list`",
             what, group->unknown_count);
    return false;
}

bool asg_guard_allows_choice(struct asg_core *core, struct group *group,
                             enum asg_end_cause cause)
{
    assert(cause > ASG_END_NONE && cause < ASG_END_CAUSES);
    const char *stop = asg_stop_of_choice(core, group);
    if (stop == NULL) return true;
    bool is_replaced = cause == ASG_END_HEALTH || cause == ASG_END_MARKED;
    struct why why = {.reason = asg_stop_reason(stop)};
    asg_hold(core, group, is_replaced ? HOLD_REPLACE : HOLD_SCALE_IN, why, "%s waits: %s",
             is_replaced ? "replacement" : "scale-in", stop);
    return false;
}

uint32_t asg_guard_allowed_ends(struct asg_core *core, struct group *group,
                                uint32_t wanted, enum asg_end_cause cause)
{
    assert(wanted <= group->instance_count);
    if (wanted == 0 || !asg_guard_allows_choice(core, group, cause)) return 0;
    if (cause == ASG_END_USER || cause == ASG_END_MARKED) return wanted;
    bool is_health = cause == ASG_END_HEALTH;
    const char *what = is_health ? "replacement" : "scale-in";
    enum hold_topic topic = is_health ? HOLD_REPLACE : HOLD_SCALE_IN;
    if (cause == ASG_END_SCALE_IN && !is_fleet_known(core, group, HOLD_SCALE_IN, what)) {
        return 0;
    }
    if (group->silence.kind == ASG_SILENCE_MASS) {
        asg_hold(core, group, topic, WHY(MASS_SILENCE),
                 "%s waits: many agents are silent together", what);
        return 0;
    }
    if (cause == ASG_END_SCALE_IN && group->silence.kind == ASG_SILENCE_CUT_OFF) {
        asg_hold(core, group, topic, WHY(MASS_SILENCE),
                 "scale-in waits: none of its agents can be reached");
        return 0;
    }
    if (is_health && group->churn.is_frozen) {
        asg_hold(core, group, HOLD_REPLACE, WHY(CHURN),
                 "replacement waits: recent launches failed soon after starting");
        return 0;
    }
    if (is_health && group->is_frozen) {
        asg_hold(core, group, HOLD_REPLACE, WHY(TOO_MANY_UNHEALTHY),
                 "replacement waits: too many instances are unhealthy");
        return 0;
    }
    if (cause == ASG_END_SCALE_IN && !is_picture_complete(core, group)) {
        asg_hold(core, group, HOLD_SCALE_IN,
                 WHY_OF(STARTING, .until_ms = asg_patience_picture_ms(core, group)),
                 "scale-in waits: not every agent has reported since the start");
        return 0;
    }
    return paced_ends(core, group, wanted, is_health);
}

bool asg_guard_health_rests(struct asg_core *core, struct group *group, const char *what)
{
    assert(what[0] != '\0');
    if (!asg_group_keeps_what_ended(group)) return false;
    bool is_check = asg_group_is_suspended(group, ASG_PROCESS_HEALTH_CHECK);
    asg_hold(core, group, HOLD_REPLACE, WHY(SUSPENDED),
             "replacement waits: %s, the process %s is suspended", what,
             is_check ? "health-check" : "replace-unhealthy");
    return true;
}

/* Launches pause until that moment: what said so has the word, or failures have. */
static void hold_back(struct asg_core *core, struct group *group, int64_t until_ms)
{
    assert(until_ms > core->now_ms);
    const struct hold *hold = &group->holds[HOLD_LAUNCH];
    if (hold->is_on && hold->reason == ASG_HOLD_NO_CAPACITY &&
        hold->until_ms == until_ms) {
        asg_hold_on(core, HOLD_LAUNCH);
        return;
    }
    if (group->launching.breaker_until_ms == until_ms) {
        asg_hold(core, group, HOLD_LAUNCH, WHY_OF(LAUNCH_BREAKER, .until_ms = until_ms),
                 "launch waits: EC2 refused the last launches");
        return;
    }
    asg_hold(core, group, HOLD_LAUNCH, WHY_OF(LAUNCH_BACKOFF, .until_ms = until_ms),
             "launch waits: the last launch failed");
}

bool asg_guard_allows_launch(struct asg_core *core, struct group *group)
{
    assert(!group->is_deleting); /* it grows no more */
    /* A dry run asks EC2 all the same. */
    const char *stop = asg_stop_of_launch(core, group, /* is_dry */ true);
    if (stop != NULL) {
        struct why why = {.reason = asg_stop_reason(stop)};
        asg_hold(core, group, HOLD_LAUNCH, why, "launch waits: %s", stop);
        return false;
    }
    if (!is_listed(core, group, HOLD_LAUNCH, "launch")) return false;
    if (group->churn.is_frozen) {
        asg_hold(core, group, HOLD_LAUNCH, WHY(CHURN),
                 "launch waits: recent launches failed soon after starting");
        return false;
    }
    int64_t after_ms = group->launching.after_ms > group->launching.breaker_until_ms
                           ? group->launching.after_ms
                           : group->launching.breaker_until_ms;
    if (after_ms <= core->now_ms) return true;
    hold_back(core, group, after_ms);
    asg_look_again(core, after_ms);
    return false;
}
