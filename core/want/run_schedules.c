#include "core/want/run_schedules.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "core/step/look_again.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/values/number.h"
#include "core/values/schedule.h"
#include "core/want/desired.h"
#include "core/world/touched.h"

#define LATE_MS INT64_C(120000) /* EC2's own bound: "up to two minutes late" */

/* An action that is due: the last of its due times, and the first that was missed. */
struct due {
    struct schedule *schedule;
    int64_t first_ms;
    int64_t last_ms; /* 0: each of them is too late */
};

static int64_t late_limit(const struct asg_core *core)
{
    return core->schedule_late_ms > 0 ? core->schedule_late_ms : LATE_MS;
}

static uint32_t clamp_u32(int64_t value, uint32_t low, uint32_t high)
{
    assert(low <= high);
    if (value < (int64_t)low) return low;
    return value > (int64_t)high ? high : (uint32_t)value;
}

/* Min and max first, then desired; without it desired is pulled into the new range. */
static void run(struct asg_core *core, struct group *group,
                const struct asg_schedule_config *config)
{
    uint32_t min = config->min >= 0 ? (uint32_t)config->min : group->config.min;
    uint32_t max = config->max >= 0 ? (uint32_t)config->max : group->config.max;
    int64_t from = group->config.desired;
    if (min > max) {
        asg_narrate_capacity(core, ASG_DECISION_REFUSED, group, config->name, from,
                             "scheduled action %s: min %" PRIu32
                             " would be above max %" PRIu32 "; nothing is changed",
                             config->name, min, max)
            ->cause = ASG_CAUSE_SCHEDULE;
        return;
    }
    uint32_t to = clamp_u32(config->desired >= 0 ? config->desired : from, min, max);
    asg_desired_set_range(core, group, min, max, to, DESIRED_BY_ORDER);
    if ((int64_t)to != from) {
        asg_activity_wish(
            core, group,
            asg_arena_format(&core->step->effects->arena, "scheduled action %s",
                             config->name),
            "a scheduled action update of AutoScalingGroup constraints to min: %" PRIu32
            ", max: %" PRIu32 ", desired: %" PRIu32
            " changing the desired capacity from %" PRId64 " to %" PRIu32,
            min, max, to, from, to);
    }
    asg_narrate_capacity(core,
                         (int64_t)to > from   ? ASG_DECISION_SCALE_OUT
                         : (int64_t)to < from ? ASG_DECISION_SCALE_IN
                                              : ASG_DECISION_COMMAND,
                         group, config->name, from,
                         "scheduled action %s: min %" PRIu32 ", max %" PRIu32
                         ", desired %" PRIu32 " (was %" PRId64 ")",
                         config->name, min, max, to, from)
        ->cause = ASG_CAUSE_SCHEDULE;
}

/* Why nothing may run now; NULL: it may. */
static const char *why_not(const struct asg_core *core, const struct group *group)
{
    if (core->is_behind) return "scaling is on hold, because the log is behind the fleet";
    if (core->is_halted) return "everything is halted";
    if (group->is_halted) return "the group is halted";
    return asg_group_is_suspended(group, ASG_PROCESS_SCHEDULED_ACTIONS)
               ? "the process scheduled-actions is suspended"
               : NULL;
}

/* The due times from first_ms up to before until_ms pass without a run. */
static void skip(struct asg_core *core, const struct group *group, const struct due *due,
                 int64_t until_ms, const char *why)
{
    const char *name = due->schedule->config.name;
    char first[ASG_TIME_TEXT_MAX];
    char until[ASG_TIME_TEXT_MAX];
    asg_time_format(due->first_ms, first);
    asg_time_format(until_ms, until);
    if (asg_schedule_next(&due->schedule->config, due->first_ms) >= until_ms) {
        asg_narrate_capacity(core, ASG_DECISION_HOLD, group, name, group->config.desired,
                             "scheduled action %s: its run of %s is skipped: %s", name,
                             first, why)
            ->cause = ASG_CAUSE_SCHEDULE;
        return;
    }
    asg_narrate_capacity(core, ASG_DECISION_HOLD, group, name, group->config.desired,
                         "scheduled action %s: its runs from %s until %s are skipped: %s",
                         name, first, until, why)
        ->cause = ASG_CAUSE_SCHEDULE;
}

static const char *say_late(struct asg_core *core, int64_t due_ms)
{
    char late[ASG_NUMBER_TEXT_MAX];
    char limit[ASG_NUMBER_TEXT_MAX];
    return asg_arena_format(&core->step->effects->arena, "%s late, the limit is %s",
                            asg_number_duration(core->now_ms - due_ms, late),
                            asg_number_duration(late_limit(core), limit));
}

/* What was due before may run no more. What waits for EC2's first listing was late, or
 * was not, when the controller began to lead. */
static int64_t oldest_due(const struct asg_core *core)
{
    int64_t limit_ms = late_limit(core);
    bool is_new_leader = core->now_ms - core->led_ms <= limit_ms;
    assert(core->led_ms <= core->now_ms);
    return (is_new_leader ? core->led_ms : core->now_ms) - limit_ms;
}

/* How long a run waits for the first complete listing of a new leader; 0: it does not. */
static int64_t waits_until(const struct asg_core *core, const struct group *group,
                           const struct schedule *schedule)
{
    assert(schedule->next_ms <= core->now_ms);
    if (!core->is_unlisted || why_not(core, group) != NULL) return 0;
    int64_t from_ms = schedule->next_ms > core->led_ms ? schedule->next_ms : core->led_ms;
    int64_t until_ms = from_ms + late_limit(core);
    return until_ms >= core->now_ms ? until_ms : 0;
}

/* What is too late waits for nothing. False: nothing is. */
static bool skip_late(struct asg_core *core, struct group *group,
                      struct schedule *schedule)
{
    int64_t oldest_ms = oldest_due(core);
    if (schedule->next_ms >= oldest_ms) return false;
    const struct due due = {.schedule = schedule, .first_ms = schedule->next_ms};
    skip(core, group, &due, oldest_ms, say_late(core, due.first_ms));
    schedule->next_ms = asg_schedule_next(&schedule->config, oldest_ms - 1);
    assert(schedule->next_ms >= oldest_ms);
    return true;
}

/* The last due time that is not too late; 0: none. */
static int64_t find_last(const struct asg_core *core, const struct schedule *schedule)
{
    int64_t oldest_ms = oldest_due(core);
    int64_t at_ms = schedule->next_ms;
    if (at_ms < oldest_ms) at_ms = asg_schedule_next(&schedule->config, oldest_ms - 1);
    int64_t last_ms = 0;
    for (; at_ms <= core->now_ms; at_ms = asg_schedule_next(&schedule->config, at_ms)) {
        last_ms = at_ms;
    }
    return last_ms;
}

static void insert_due(struct due *dues, size_t *count, struct due due)
{
    size_t at = (*count)++;
    for (; at > 0 && dues[at - 1].last_ms > due.last_ms; at--) {
        dues[at] = dues[at - 1];
    }
    dues[at] = due;
}

/* One that has no further run is deleted, as in EC2. */
static void drop_ended(struct group *group)
{
    size_t kept = 0;
    for (size_t i = 0; i < group->schedule_count; i++) {
        if (group->schedules[i].next_ms == INT64_MAX) {
            asg_arena_clear(&group->schedules[i].arena);
        } else {
            group->schedules[kept++] = group->schedules[i];
        }
    }
    assert(kept <= group->schedule_count);
    group->schedule_count = kept;
}

static void take_due(struct asg_core *core, struct group *group, const struct due *due)
{
    const char *why = why_not(core, group);
    if (why == NULL && core->is_unlisted) {
        why = "EC2 has not been listed since this controller began to lead";
    }
    if (why != NULL) {
        skip(core, group, due, core->now_ms + 1, why);
        return;
    }
    if (due->last_ms == 0) {
        skip(core, group, due, core->now_ms + 1, say_late(core, due->first_ms));
        return;
    }
    if (due->first_ms < due->last_ms) {
        bool is_late = due->first_ms < oldest_due(core);
        skip(core, group, due, due->last_ms,
             is_late ? say_late(core, due->first_ms) : "a later one is due as well");
    }
    run(core, group, &due->schedule->config);
}

void asg_want_run_schedules(struct asg_core *core, struct group *group)
{
    assert(core->step != NULL);
    struct due *dues = NULL;
    size_t count = 0;
    bool has_skipped = false;
    for (size_t i = 0; i < group->schedule_count; i++) {
        struct schedule *schedule = &group->schedules[i];
        if (schedule->next_ms > core->now_ms) continue;
        if (waits_until(core, group, schedule) > 0) {
            has_skipped = skip_late(core, group, schedule) || has_skipped;
            continue;
        }
        if (dues == NULL) {
            dues = asg_arena_take(&core->step->effects->arena,
                                  group->schedule_count * sizeof *dues);
        }
        insert_due(dues, &count,
                   (struct due){.schedule = schedule,
                                .first_ms = schedule->next_ms,
                                .last_ms = find_last(core, schedule)});
    }
    if (count == 0 && !has_skipped) return;
    for (size_t i = 0; i < count; i++) {
        take_due(core, group, &dues[i]);
        dues[i].schedule->next_ms =
            asg_schedule_next(&dues[i].schedule->config, core->now_ms);
    }
    drop_ended(group);
    asg_touch_sheet(group); /* when they run next */
}

void asg_want_skip_waiting(struct asg_core *core, struct group *group, const char *name)
{
    assert(core->step != NULL);
    for (size_t i = 0; i < group->schedule_count; i++) {
        struct schedule *schedule = &group->schedules[i];
        if (schedule->next_ms > core->now_ms) continue; /* only what waits lies behind */
        if (name != NULL && strcmp(schedule->config.name, name) != 0) continue;
        const struct due due = {.schedule = schedule, .first_ms = schedule->next_ms};
        skip(core, group, &due, core->now_ms + 1,
             "a later command came before EC2 was listed");
        schedule->next_ms = asg_schedule_next(&schedule->config, core->now_ms);
        asg_touch_sheet(group);
    }
    if (name == NULL) drop_ended(group); /* a named one is put or deleted next */
}

void asg_want_await_schedules(struct asg_core *core, const struct group *group)
{
    for (size_t i = 0; i < group->schedule_count; i++) {
        const struct schedule *schedule = &group->schedules[i];
        bool is_due = schedule->next_ms <= core->now_ms;
        /* What was due has run, or waits for a listing; or this very event has ended its
         * wait, and it is next. */
        int64_t until_ms = is_due ? waits_until(core, group, schedule) : 0;
        if (until_ms < core->now_ms) until_ms = core->now_ms;
        asg_look_again(core, is_due ? until_ms + 1 : schedule->next_ms);
    }
}
