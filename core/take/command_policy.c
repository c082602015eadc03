#include "core/take/command_policy.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "core/world/counts.h"
#include "core/lifecycle/lifecycle.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/values/schedule.h"
#include "core/world/state.h"
#include "core/take/refusal.h"
#include "core/take/require.h"
#include "core/want/desired.h"
#include "core/want/run_schedules.h"
#include "core/want/policy.h"
#include "core/want/scale_group.h"
#include "model/copy.h"
#include "model/defaults.h"
#include "model/kept.h"
#include "model/schemas.h"

#define NAME_MAX_CHARACTERS 255 /* as AWS's; the log cuts what it shows of them */

static bool is_short_name(const char *name, const char *what, struct asg_arena *arena,
                          struct asg_reply *why)
{
    assert(what[0] != '\0');
    size_t length =
        asg_utf8_count(name); /* at most 4 bytes each: within a text's limit */
    if (length >= 1 && length <= NAME_MAX_CHARACTERS) return true;
    return asg_take_say_no(arena, why, "ValidationError",
                           "a %s needs a name of 1 to %d characters", what,
                           NAME_MAX_CHARACTERS);
}

/* Where `name` belongs among `count` items that stand in the order of their names. */
static size_t place_of(const void *items, size_t count, const char *name,
                       const char *(*name_of)(const void *items, size_t at))
{
    size_t at = count;
    while (at > 0 && strcmp(name_of(items, at - 1), name) > 0) {
        at--;
    }
    assert(at == 0 || strcmp(name_of(items, at - 1), name) < 0); /* it is a new one */
    return at;
}

/* Room for a zeroed item at `at`; the items behind it move. */
static void *open_place(void **items, size_t *count, size_t at, size_t size)
{
    assert(at <= *count);
    char *all = asg_realloc(*items, *count + 1, size);
    memmove(all + (at + 1) * size, all + at * size, (*count - at) * size);
    memset(all + at * size, 0, size);
    *items = all;
    (*count)++;
    return all + at * size;
}

static const char *policy_name(const void *items, size_t at)
{
    return ((const struct policy *)items)[at].config.name;
}

static struct policy *insert_policy(struct group *group, const char *name)
{
    assert(group->policy_count < ASG_POLICIES_PER_GROUP);
    size_t at = place_of(group->policies, group->policy_count, name, policy_name);
    return open_place((void **)&group->policies, &group->policy_count, at,
                      sizeof *group->policies);
}

/* A policy that is put again is the same one: its ARN stays, and so do alarms that it
 * has. */
static void keep_identity(struct asg_policy_config *config,
                          const struct asg_policy_config *known)
{
    assert(strcmp(config->name, known->name) == 0);
    if (known->uuid[0] != '\0') config->uuid = known->uuid;
    if (known->alarm_high[0] != '\0') config->alarm_high = known->alarm_high;
    if (known->alarm_low[0] != '\0') config->alarm_low = known->alarm_low;
}

/* Alarms that a policy of its kind has not. */
static void drop_alarms(struct asg_policy_config *config)
{
    bool tracks = config->kind == ASG_POLICY_TARGET_TRACKING;
    assert(config->kind < ASG_POLICY_COUNT);
    if (!tracks && !config->has_threshold) config->alarm_high = "";
    if (!tracks || config->disable_scale_in) config->alarm_low = "";
}

bool asg_policy_may_be(const struct group *group, const char *group_name,
                       const struct asg_policy_config *given, struct asg_arena *arena,
                       struct asg_policy_config *ret, struct asg_reply *why)
{
    if (given == NULL) {
        (void)asg_take_say_no(arena, why, "ValidationError",
                              "the request contains no policy");
        return false;
    }
    asg_model_copy(&asg_policy_config_schema, given, arena, ret);
    ret->group = asg_arena_text(arena, group_name);
    asg_model_fill_unset(&asg_policy_config_schema, ret);
    if (!is_short_name(ret->name, "policy", arena, why)) return false;
    struct asg_error error = {""};
    if (asg_policy_validate(ret, &error) != ASG_OK ||
        asg_kept_check(ret->kept, ret->kept_count, &error) != ASG_OK) {
        return asg_take_say_no(arena, why, "ValidationError", "%s", error.text);
    }
    const struct policy *known = group != NULL ? asg_policy_find(group, ret->name) : NULL;
    if (known != NULL) keep_identity(ret, &known->config);
    drop_alarms(ret);
    return true;
}

void asg_policy_put(struct asg_core *core, struct group *group,
                    const struct asg_policy_config *config, const char *actor)
{
    assert(strcmp(config->group, group->config.name) == 0);
    struct asg_arena arena = {0};
    struct asg_policy_config copy;
    asg_model_copy_alone(&asg_policy_config_schema, config, &arena, &copy);
    struct policy *policy = asg_policy_find(group, copy.name);
    if (policy == NULL) policy = insert_policy(group, copy.name);
    asg_arena_clear(&policy->arena);
    *policy = (struct policy){.arena = arena, .config = copy};
    asg_hold_forget(core, group, HOLD_POLICY); /* it may have been the wish of this one */
    asg_instance_set_warm_times(group);
    assert(group->policy_count > 0 && group->policy_count <= ASG_POLICIES_PER_GROUP);
    asg_group_mark_dirty(core, group);
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, copy.name,
                         group->config.desired, "policy %s (%s) saved by %s", copy.name,
                         asg_enum_word(&asg_policy_kind_words, (int)copy.kind), actor);
}

void asg_order_put_policy(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    struct asg_policy_config config;
    struct asg_reply why = {0};
    if (!asg_policy_may_be(group, group->config.name, command->policy_config,
                           &core->step->effects->arena, &config, &why)) {
        asg_take_refuse(core, &why);
        return;
    }
    if (asg_policy_find(group, config.name) == NULL &&
        !asg_take_is_within(core, command, group->policy_count + 1,
                            ASG_POLICIES_PER_GROUP, "policies")) {
        return;
    }
    asg_policy_put(core, group, &config, command->actor);
    assert(asg_policy_find(group, config.name) != NULL);
    asg_reply_accept(core, 0, "policy %s of group %s saved", config.name,
                     group->config.name);
}

void asg_policy_delete(struct asg_core *core, struct group *group, const char *name,
                       const char *actor)
{
    struct policy *policy = asg_policy_find(group, name);
    assert(policy != NULL); /* whoever deletes it has looked */
    asg_arena_clear(&policy->arena);
    asg_hold_forget(core, group, HOLD_POLICY);
    size_t at = (size_t)(policy - group->policies);
    assert(at < group->policy_count);
    memmove(policy, policy + 1, (group->policy_count - at - 1) * sizeof *policy);
    group->policy_count--;
    asg_instance_set_warm_times(group);
    asg_group_mark_dirty(core, group);
    asg_narrate(core, ASG_DECISION_COMMAND, group, "policy %s deleted by %s", name,
                actor);
}

void asg_order_delete_policy(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    if (asg_policy_find(group, command->name) == NULL) {
        asg_reply_refuse(core, "ValidationError", "policy %s of group %s not found",
                         command->name, command->group);
        return;
    }
    asg_policy_delete(core, group, command->name, command->actor);
    assert(asg_policy_find(group, command->name) == NULL);
    asg_reply_accept(core, 0, "policy %s deleted", command->name);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    assert(low <= high);
    return value < low ? low : value > high ? high : value;
}

/* An order that was carried out and changed nothing: explain has a line of it. */
static void tell_it_stays(struct asg_core *core, const struct group *group,
                          const struct asg_command *command,
                          const struct asg_proposal *proposal)
{
    int64_t desired = group->config.desired;
    const char *why = proposal->text;
    assert(why[0] != '\0');
    if (proposal->wanted != desired) {
        bool is_out = proposal->wanted > desired;
        assert(desired == (is_out ? group->config.max : group->config.min));
        why = asg_arena_format(&core->step->effects->arena, "%s; %s is %" PRId64, why,
                               is_out ? "max" : "min", desired);
    }
    asg_narrate_capacity(core, ASG_DECISION_HOLD, group, command->name, desired,
                         "%s executed policy %s: desired stays %" PRId64 ": %s",
                         command->actor, command->name, desired, why)
        ->cause = ASG_CAUSE_ORDER;
    asg_reply_accept(core, 0, "desired of group %s stays %" PRId64 ": %s",
                     group->config.name, desired, why);
}

void asg_order_execute_policy(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    struct policy *policy = asg_policy_find(group, command->name);
    if (policy == NULL || policy->config.kind == ASG_POLICY_TARGET_TRACKING) {
        asg_reply_refuse(core, "ValidationError",
                         policy == NULL
                             ? "policy %s not found"
                             : "policy %s tracks a target and cannot be executed",
                         command->name);
        return;
    }
    if (policy->config.is_disabled) {
        asg_reply_refuse(core, "ValidationError",
                         "policy %s of group %s is disabled; enable it first",
                         command->name, group->config.name);
        return;
    }
    bool is_step = policy->config.kind == ASG_POLICY_STEP;
    if (is_step && !command->has_metric_value) {
        asg_reply_refuse(core, "ValidationError",
                         "a step policy needs a metric value and a breach threshold");
        return;
    }
    if (!is_step && !asg_take_honors_cooldown(core, group, command)) return;
    const struct asg_policy_input input = asg_want_input(core, group);
    assert(input.desired == group->config.desired);
    struct asg_proposal proposal;
    asg_policy_execute(&policy->config, &input, command->metric_value_milli,
                       command->breach_threshold_milli, &core->step->effects->arena,
                       &proposal);
    int64_t from = group->config.desired;
    int64_t to = clamp(proposal.wanted, group->config.min, group->config.max);
    assert(to >= 0);
    if (to == from) {
        tell_it_stays(core, group, command, &proposal);
        return;
    }
    asg_want_skip_waiting(core, group, NULL);
    asg_desired_follow(core, group, &policy->config, (uint32_t)to);
    asg_activity_wish(
        core, group,
        asg_arena_format(&core->step->effects->arena, "requested by %s", command->actor),
        "a user request executed policy %s changing the desired "
        "capacity from %" PRId64 " to %" PRId64,
        command->name, from, to);
    asg_narrate_capacity(core, to > from ? ASG_DECISION_SCALE_OUT : ASG_DECISION_SCALE_IN,
                         group, command->name, from,
                         "%s executed policy %s: desired from %" PRId64 " to %" PRId64,
                         command->actor, command->name, from, to)
        ->cause = ASG_CAUSE_ORDER;
    asg_reply_accept(core, 0, "desired of group %s is %" PRId64 " (was %" PRId64 ")",
                     group->config.name, to, from);
}

/* ---- scheduled actions ---- */

static const char *schedule_name(const void *items, size_t at)
{
    return ((const struct schedule *)items)[at].config.name;
}

static struct schedule *insert_schedule(struct group *group, const char *name)
{
    assert(group->schedule_count < ASG_SCHEDULES_PER_GROUP);
    size_t at = place_of(group->schedules, group->schedule_count, name, schedule_name);
    return open_place((void **)&group->schedules, &group->schedule_count, at,
                      sizeof *group->schedules);
}

void asg_starts_of(const struct group *group, struct asg_arena *arena,
                   struct asg_starts *ret)
{
    *ret = (struct asg_starts){0};
    for (size_t i = 0; group != NULL && i < group->schedule_count; i++) {
        asg_starts_add(ret, arena, group->schedules[i].config.name,
                       group->schedules[i].next_ms);
    }
}

void asg_starts_add(struct asg_starts *starts, struct asg_arena *arena, const char *name,
                    int64_t next_ms)
{
    struct asg_start *start = asg_arena_push(
        arena, (void **)&starts->items, &starts->count, &starts->capacity, sizeof *start);
    *start = (struct asg_start){.name = name, .next_ms = next_ms};
}

/* Another action that runs next at the moment at which this one would: which of them
 * would be first? Those who ask see that moment as the start, whatever set it. */
static const struct asg_start *find_same_start(const struct asg_starts *starts,
                                               const char *name, int64_t next_ms)
{
    assert(next_ms < INT64_MAX); /* it can run: asg_schedule_validate() */
    for (size_t i = 0; i < starts->count; i++) {
        const struct asg_start *other = &starts->items[i];
        if (other->next_ms == next_ms && strcmp(other->name, name) != 0) return other;
    }
    return NULL;
}

bool asg_schedule_may_be(const struct asg_core *core, const char *group_name,
                         const struct asg_schedule_config *given,
                         const struct asg_starts *others, struct asg_arena *arena,
                         struct asg_schedule_config *ret, struct asg_reply *why)
{
    if (given == NULL) {
        (void)asg_take_say_no(arena, why, "ValidationError",
                              "the request contains no action");
        return false;
    }
    asg_model_copy(&asg_schedule_config_schema, given, arena, ret);
    ret->group = asg_arena_text(arena, group_name);
    ret->next_ms = 0;
    if (!is_short_name(ret->name, "scheduled action", arena, why)) return false;
    struct asg_error error = {""};
    if (asg_schedule_validate(ret, core->now_ms, &error) != ASG_OK) {
        return asg_take_say_no(arena, why, "ValidationError", "%s", error.text);
    }
    const struct asg_start *same =
        find_same_start(others, ret->name, asg_schedule_next(ret, core->now_ms));
    if (same == NULL) return true;
    return asg_take_say_no(
        arena, why, "AlreadyExists",
        "A scheduled action with this scheduled start time already exists: %s of "
        "group %s starts then; give another start time",
        same->name, group_name);
}

void asg_schedule_put(struct asg_core *core, struct group *group,
                      const struct asg_schedule_config *given, const char *actor)
{
    struct asg_schedule_config config = *given;
    asg_want_skip_waiting(core, group, config.name);
    struct schedule *schedule = asg_schedule_find(group, config.name);
    if (schedule != NULL && schedule->config.uuid[0] != '\0') {
        config.uuid = schedule->config.uuid; /* it is the same one, and so is its ARN */
    }
    struct asg_arena arena = {0};
    struct asg_schedule_config copy;
    asg_model_copy_alone(&asg_schedule_config_schema, &config, &arena, &copy);
    assert(schedule == NULL || strcmp(schedule->config.name, copy.name) == 0);
    if (schedule == NULL) schedule = insert_schedule(group, copy.name);
    asg_arena_clear(&schedule->arena);
    *schedule = (struct schedule){.arena = arena,
                                  .config = copy,
                                  .next_ms = asg_schedule_next(&copy, core->now_ms)};
    assert(group->schedule_count > 0 && group->schedule_count <= ASG_SCHEDULES_PER_GROUP);
    asg_group_mark_dirty(core, group);
    asg_narrate(core, ASG_DECISION_COMMAND, group, "scheduled action %s saved by %s",
                copy.name, actor);
}

void asg_order_put_schedule(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    struct asg_arena *arena = &core->step->effects->arena;
    struct asg_starts starts;
    asg_starts_of(group, arena, &starts);
    struct asg_schedule_config config;
    struct asg_reply why = {0};
    if (!asg_schedule_may_be(core, group->config.name, command->schedule_config, &starts,
                             arena, &config, &why)) {
        asg_take_refuse(core, &why);
        return;
    }
    if (asg_schedule_find(group, config.name) == NULL &&
        !asg_take_is_within(core, command, group->schedule_count + 1,
                            ASG_SCHEDULES_PER_GROUP, "scheduled actions")) {
        return;
    }
    asg_schedule_put(core, group, &config, command->actor);
    assert(asg_schedule_find(group, config.name) != NULL);
    asg_reply_accept(core, 0, "scheduled action %s of group %s saved", config.name,
                     group->config.name);
}

void asg_schedule_delete(struct asg_core *core, struct group *group, const char *name,
                         const char *actor)
{
    asg_want_skip_waiting(core, group, name);
    struct schedule *schedule = asg_schedule_find(group, name);
    assert(schedule != NULL); /* whoever deletes it has looked */
    asg_arena_clear(&schedule->arena);
    size_t at = (size_t)(schedule - group->schedules);
    assert(at < group->schedule_count);
    memmove(schedule, schedule + 1, (group->schedule_count - at - 1) * sizeof *schedule);
    group->schedule_count--;
    asg_group_mark_dirty(core, group);
    asg_narrate(core, ASG_DECISION_COMMAND, group, "scheduled action %s deleted by %s",
                name, actor);
}

void asg_order_delete_schedule(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    if (asg_schedule_find(group, command->name) == NULL) {
        asg_reply_refuse(core, "ValidationError",
                         "scheduled action %s of group %s not found", command->name,
                         command->group);
        return;
    }
    asg_schedule_delete(core, group, command->name, command->actor);
    assert(asg_schedule_find(group, command->name) == NULL);
    asg_reply_accept(core, 0, "scheduled action %s deleted", command->name);
}
