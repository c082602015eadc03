#include "core/check/check_group.h"

#include <assert.h>
#include <string.h>

#include "core/check/check_activities.h"
#include "core/world/configurations.h"
#include "core/world/counts.h"
#include "core/world/orphans.h"
#include "core/world/standing.h"
#include "core/world/state.h"

static bool are_some_changing(const struct group *group)
{
    for (size_t i = 0; i < group->instance_count; i++) {
        if (asg_instance_is_changing(group->instances[i])) return true;
    }
    return false;
}

static uint32_t count_look_ups(const struct asg_core *core, const struct group *group)
{
    assert(group->no > 0);
    uint32_t count = 0;
    for (size_t i = 0; i < core->job_count; i++) {
        count += core->jobs[i]->group_no == group->no && core->jobs[i]->look_up_ms != 0;
    }
    return count;
}

/* In the heap with its moment, or in none and waiting for nothing. */
static bool is_in_heap(const struct asg_core *core, const struct group *group)
{
    assert(core->step == NULL); /* in the middle of one it may be out for a while */
    return asg_due_heap_has(&core->dues, &group->due)
               ? group->due.at_ms != INT64_MAX
               : group->due.at_ms == INT64_MAX && group->due.place == 0;
}

static const char *wrong_with_schedules(const struct asg_core *core,
                                        const struct group *group)
{
    assert(group->schedules != NULL || group->schedule_count == 0);
    for (size_t i = 0; i < group->schedule_count; i++) {
        const struct schedule *schedule = &group->schedules[i];
        if (i > 0 &&
            strcmp(group->schedules[i - 1].config.name, schedule->config.name) >= 0) {
            return "has schedules out of order";
        }
        /* What is due waits for the first listing, for a while. */
        bool waits = core->is_unlisted && schedule->next_ms <= core->now_ms;
        int64_t latest_ms = waits ? INT64_MAX - 1 : schedule->next_ms;
        if (!group->is_deleting && group->due.at_ms > latest_ms) {
            return "has a schedule that is due before it is looked at";
        }
    }
    return NULL;
}

/* Each once; what is under way is looked at when it is over. */
static const char *wrong_with_sources(const struct group *group)
{
    const struct asg_group_config *config = &group->config;
    assert(config->sources != NULL || config->source_count == 0);
    for (size_t i = 0; i < config->source_count; i++) {
        const struct asg_source *source = &config->sources[i];
        for (size_t j = 0; j < i; j++) {
            if (config->sources[j].kind == source->kind &&
                strcmp(config->sources[j].identifier, source->identifier) == 0) {
                return "has a traffic source twice";
            }
        }
        bool is_over = source->state == ASG_SOURCE_STATE_ADDED;
        if (!is_over && group->due.at_ms > source->state_ms + ASG_SOURCE_CHANGE_MS) {
            return "has a traffic source that changes before it is looked at";
        }
    }
    return NULL;
}

static const char *wrong_with_what_is_kept(const struct asg_core *core,
                                           const struct group *group)
{
    const char *configuration = group->config.launch_configuration;
    assert(configuration != NULL && core->step == NULL);
    if (configuration[0] != '\0' && asg_configuration_find(core, configuration) == NULL) {
        return "launches from a launch configuration that does not exist";
    }
    for (int process = 0; process < ASG_PROCESS_COUNT; process++) {
        if (asg_group_is_suspended(group, (enum asg_process)process) &&
            group->suspended_ms[process] > core->now_ms) {
            return "is suspended since the future";
        }
    }
    return wrong_with_sources(group);
}

/* Peaks of a stabilisation window fall from front to back, and come after each other. */
static const char *wrong_with_peaks(const struct asg_core *core,
                                    const struct asg_policy_state *state)
{
    if (state->peak_count > ASG_POLICY_PEAKS_MAX) return "remembers too many peaks";
    for (uint32_t i = 0; i < state->peak_count; i++) {
        const struct asg_policy_peak *peak = &state->peaks[i];
        if (peak->time_ms > core->now_ms) return "has a peak in the future";
        if (i > 0 &&
            (peak[-1].time_ms > peak->time_ms || peak[-1].wanted <= peak->wanted)) {
            return "has peaks out of order";
        }
    }
    return NULL;
}

/* What is not known is not shown: readers would be told of a wait that is over. */
static const char *wrong_with_shown(const struct asg_policy_state *state)
{
    assert(state->hold.reason < ASG_HOLD_COUNT);
    if (!state->shown.is_on) return NULL;
    if (!state->hold.is_on) return "shows that it waits, and does not wait";
    return state->shown.reason == state->hold.reason ? NULL : "shows another reason";
}

static const char *wrong_with_policies(const struct asg_core *core,
                                       const struct group *group)
{
    assert(group->policies != NULL || group->policy_count == 0);
    for (size_t i = 0; i < group->policy_count; i++) {
        const struct policy *policy = &group->policies[i];
        if (i > 0 &&
            strcmp(group->policies[i - 1].config.name, policy->config.name) >= 0) {
            return "has policies out of order";
        }
        const struct asg_policy_state *state = &policy->state;
        bool is_target = policy->config.kind == ASG_POLICY_TARGET_TRACKING;
        if (!is_target && (state->peak_count > 0 || state->below_since_ms != 0)) {
            return "has a policy that remembers what another kind would";
        }
        if (state->period_count > ASG_POLICY_PERIODS_MAX) {
            return "has a policy that remembers more periods than it can";
        }
        if (state->below_since_ms > core->now_ms) {
            return "has a policy that is below since the future";
        }
        const char *wrong = wrong_with_peaks(core, state);
        if (wrong == NULL) wrong = wrong_with_shown(state);
        if (wrong != NULL) return wrong;
    }
    return NULL;
}

static uint32_t count_unknown(const struct asg_core *core, const struct group *group)
{
    assert(group->config.name != NULL);
    uint32_t count = 0;
    for (size_t i = 0; i < core->orphan_count; i++) {
        const struct orphan *orphan = &core->orphans[i];
        count += asg_orphan_is_unsettled(orphan) &&
                 strcmp(orphan->group, group->config.name) == 0;
    }
    return count;
}

/* The job that the group waits for is open, and asks for its template. */
static bool is_resolving_right(const struct asg_core *core, const struct group *group)
{
    if (group->template.job_id == 0) return true;
    const struct job *job = asg_job_find(core, group->template.job_id);
    return job != NULL && job->state == ASG_JOB_STATE_OPEN &&
           job->plan.kind == ASG_JOB_RESOLVE_TEMPLATE && job->group_no == group->no;
}

/* What follows from the rest, and is kept. */
static const char *wrong_with_caches(const struct asg_core *core,
                                     const struct group *group)
{
    if (group->is_dirty) return "was touched and not settled";
    if (!asg_count_is_right(group)) {
        return "has counts that are not those of its instances";
    }
    if (!is_in_heap(core, group)) return "has a deadline that the heap does not know";
    if (group->is_changing != are_some_changing(group)) {
        return "is asked of EC2 often without need, or is not and should be";
    }
    if (group->look_ups != count_look_ups(core, group)) {
        return "has another number of launches that are looked up";
    }
    return group->unknown_count == count_unknown(core, group)
               ? NULL
               : "has another number of unknown instances";
}

const char *asg_check_group(const struct asg_core *core, const struct group *group)
{
    const struct asg_group_config *config = &group->config;
    if (asg_group_find(core, config->name) != group ||
        asg_group_of_no(core, group->no) != group) {
        return "is not found by its name or number";
    }
    if (config->min > config->max || config->desired < config->min ||
        config->desired > config->max) {
        return "has a desired capacity that is not between min and max";
    }
    if (group->scaling.at_once_percent > 100 ||
        group->scaling.ten_minutes_percent > 100) {
        return "has an allowance of more than all";
    }
    if (group->scaling.order_floor < config->desired) {
        return "would terminate what it wants to keep";
    }
    if (!is_resolving_right(core, group)) {
        return "waits for a template that was not asked for";
    }
    if (group->ends.count > ASG_RECENT_ENDS) return "remembers too many ends";
    const char *wrong = asg_check_waiting(core, group);
    if (wrong == NULL) wrong = wrong_with_caches(core, group);
    if (wrong == NULL) wrong = wrong_with_schedules(core, group);
    if (wrong == NULL) wrong = wrong_with_what_is_kept(core, group);
    return wrong != NULL ? wrong : wrong_with_policies(core, group);
}
