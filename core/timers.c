/* timers - when core wants to be woken: the earliest moment at which something changes by
 * time alone; and what happens at that moment. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/schedule.h"
#include "core/state.h"

static void earlier(int64_t *deadline_ms, int64_t at_ms, int64_t now_ms)
{
    if (at_ms > now_ms && at_ms < *deadline_ms) *deadline_ms = at_ms;
}

/* When it may count as dead; while only the rest of the fleet forbids that, look again:
 * what happens there wakes nobody here. */
static int64_t reach_deadline(const struct group *group, const struct instance *instance,
                              int64_t now_ms)
{
    int64_t at_ms = lost_ms(group, instance);
    bool waits_for_others = at_ms <= now_ms && group->held[HOLD_REACH][0] != '\0';
    return waits_for_others ? now_ms + 2 * group->config.evaluation_ms : at_ms;
}

static int64_t instance_deadline(const struct asg_core *core, const struct group *group,
                                 const struct instance *instance)
{
    int64_t at_ms = INT64_MAX;
    int64_t now_ms = core->now_ms;
    if (instance->state == ASG_INSTANCE_PENDING) {
        earlier(&at_ms, late_ms(core, group, instance), now_ms);
    }
    if (instance->state == ASG_INSTANCE_IN_SERVICE) {
        earlier(&at_ms, instance->warm_ms, now_ms);
        bool is_doubted = instance->is_impaired || instance->is_silent;
        if (is_doubted) {
            earlier(&at_ms, grace_over_ms(group, instance), now_ms);
        }
        if (is_out_of_reach(instance)) {
            earlier(&at_ms, reach_deadline(group, instance, now_ms), now_ms);
        }
    }
    if (instance->drain_until_ms != 0) earlier(&at_ms, instance->drain_until_ms, now_ms);
    return at_ms;
}

void find_deadline(struct asg_core *core, struct group *group)
{
    int64_t at_ms = INT64_MAX;
    int64_t now_ms = core->now_ms;
    bool is_unclear = count_capacity(group) > group->config.desired;
    for (size_t i = 0; i < group->instance_count; i++) {
        int64_t its_ms = instance_deadline(core, group, &group->instances[i]);
        if (its_ms < at_ms) at_ms = its_ms;
        is_unclear = is_unclear || waits_for_picture(core, group, &group->instances[i]);
    }
    for (size_t i = 0; i < group->schedule_count; i++) {
        earlier(&at_ms, group->schedules[i].next_ms, now_ms);
    }
    earlier(&at_ms, group->launch_after_ms, now_ms);
    earlier(&at_ms, group->breaker_until_ms, now_ms);
    if (group->silence_over_ms != 0) earlier(&at_ms, group->silence_over_ms, now_ms);
    /* While more goes than may at once, look again as the window moves. */
    bool ends_wait =
        group->held[HOLD_REPLACE][0] != '\0' || group->held[HOLD_SCALE_IN][0] != '\0';
    if (group->end_count > 0 && ends_wait) {
        earlier(&at_ms, group->ends[0] + INT64_C(600000), now_ms);
    }
    if (is_unclear) earlier(&at_ms, picture_ms(core, group), now_ms);
    group->deadline_ms = at_ms;
}

void set_retry(struct asg_core *core, struct job *job, int64_t at_ms)
{
    if (job->retry_ms == at_ms) return;
    job->retry_ms = at_ms;
    core->has_retry_moved = true;
}

/* Hundreds of jobs are remembered, and few steps move the retry of one. */
void find_jobs_deadline(struct asg_core *core)
{
    if (!core->has_retry_moved) return;
    core->has_retry_moved = false;
    core->jobs_deadline_ms = INT64_MAX;
    for (size_t i = 0; i < core->job_count; i++) {
        const struct job *job = core->jobs[i];
        if (job->state != ASG_JOB_STATE_OPEN || job->retry_ms == 0) continue;
        if (job->retry_ms < core->jobs_deadline_ms)
            core->jobs_deadline_ms = job->retry_ms;
    }
}

int64_t next_run(const struct schedule *schedule, int64_t after_ms)
{
    return asg_schedule_next(&schedule->config, after_ms);
}

static uint32_t clamp_u32(int64_t value, uint32_t low, uint32_t high)
{
    if (value < (int64_t)low) return low;
    return value > (int64_t)high ? high : (uint32_t)value;
}

/* Min and max first, then desired; without it desired is pulled into the new range. */
static void run_schedule(struct asg_core *core, struct group *group,
                         const struct schedule *schedule)
{
    const struct asg_schedule_config *config = &schedule->config;
    uint32_t min = config->min >= 0 ? (uint32_t)config->min : group->config.min;
    uint32_t max = config->max >= 0 ? (uint32_t)config->max : group->config.max;
    if (min > max) {
        decide(core, ASG_DECISION_REFUSED, group,
               "scheduled action %s: min %" PRIu32 " would be above max %" PRIu32
               "; nothing is changed",
               config->name, min, max);
        return;
    }
    int64_t from = group->config.desired;
    group->config.min = min;
    group->config.max = max;
    int64_t wanted = config->desired >= 0 ? config->desired : from;
    uint32_t to = clamp_u32(wanted, min, max);
    if ((int64_t)to < from) group->exempt_ends = (uint32_t)(from - (int64_t)to);
    set_desired(core, group, to);
    decide_capacity(core,
                    (int64_t)to > from   ? ASG_DECISION_SCALE_OUT
                    : (int64_t)to < from ? ASG_DECISION_SCALE_IN
                                         : ASG_DECISION_COMMAND,
                    group, config->name, from,
                    "scheduled action %s: min %" PRIu32 ", max %" PRIu32
                    ", desired %" PRIu32 " (was %" PRId64 ")",
                    config->name, min, max, to, from);
}

static void run_schedules(struct asg_core *core, struct group *group)
{
    bool is_suspended =
        (group->suspended & UINT64_C(1) << ASG_PROCESS_SCHEDULED_ACTIONS) != 0;
    for (size_t i = 0; i < group->schedule_count; i++) {
        struct schedule *schedule = &group->schedules[i];
        if (schedule->next_ms > core->now_ms) continue;
        if (!is_suspended && !group->is_deleting) run_schedule(core, group, schedule);
        schedule->next_ms = next_run(schedule, core->now_ms); /* missed ones are lost */
    }
    size_t kept = 0;
    for (size_t i = 0; i < group->schedule_count; i++) {
        if (group->schedules[i].next_ms == INT64_MAX) { /* an ended one deletes itself */
            asg_arena_clear(&group->schedules[i].arena);
        } else {
            group->schedules[kept++] = group->schedules[i];
        }
    }
    group->schedule_count = kept;
}

void take_tick(struct asg_core *core)
{
    for (size_t i = 0; i < core->group_count; i++) {
        struct group *group = &core->groups[i];
        if (group->deadline_ms > core->now_ms) continue;
        group->is_dirty = true;
        run_schedules(core, group);
    }
    if (core->jobs_deadline_ms > core->now_ms) return;
    for (size_t i = 0; i < core->job_count; i++) {
        struct job *job = core->jobs[i];
        bool is_due = job->state == ASG_JOB_STATE_OPEN && job->retry_ms != 0 &&
                      job->retry_ms <= core->now_ms;
        if (is_due) replan_job(core, job);
    }
}
