#include "core/take/command_group.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/world/kept_text.h"
#include "core/limits/churn.h"
#include "core/world/counts.h"
#include "core/limits/dry_pools.h"
#include "core/limits/launch_failures.h"
#include "core/lifecycle/lifecycle.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/world/orphans.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "core/take/check_config.h"
#include "core/take/refusal.h"
#include "core/take/require.h"
#include "core/take/try_again.h"
#include "core/want/desired.h"
#include "core/want/run_schedules.h"
#include "model/copy.h"
#include "model/defaults.h"
#include "model/kept.h"
#include "model/schemas.h"

/* Of activities that follow from an order: `what` ends before the number that desired is
 * now. One that left desired as it was has none. */
static void wish(struct asg_core *core, struct group *group, const char *actor,
                 uint32_t from, const char *what)
{
    uint32_t to = group->config.desired;
    if (to == from) return;
    assert(core->step != NULL);
    asg_activity_wish(
        core, group,
        asg_arena_format(&core->step->effects->arena, "requested by %s", actor),
        "%s %" PRIu32, what, to);
}

/* What core goes by: no text of it is NULL. */
static struct asg_group_config begin_config(const struct asg_core *core,
                                            const struct asg_group_config *given,
                                            struct asg_arena *arena)
{
    struct asg_group_config config;
    asg_model_copy(&asg_group_config_schema, given, arena, &config);
    asg_model_fill_unset(&asg_group_config_schema, &config);
    asg_kept_merge(NULL, 0, config.kept, config.kept_count, arena, &config.kept,
                   &config.kept_count);
    assert(config.name != NULL && config.uuid != NULL);
    for (size_t i = 0; i < config.source_count; i++) {
        config.sources[i].state = ASG_SOURCE_STATE_ADDING;
        config.sources[i].state_ms = core->now_ms;
    }
    return config;
}

/* What the edge has found out of the template need not be asked again: the launches are
 * planned in this step. */
static void know_template(struct asg_core *core, struct group *group,
                          struct known_template known)
{
    const struct asg_group_config *config = &group->config;
    const char *id = config->template_id;
    if (config->launch_configuration[0] != '\0') return;
    if (id[0] == '\0' && known.id != NULL) id = known.id;
    if (known.version == 0 || id[0] == '\0' || strlen(id) > ASG_TEMPLATE_MAX) return;
    assert(group->template.job_id == 0); /* nobody asks for it */
    asg_text_keep(core, &group->template.id, ASG_TEMPLATE_MAX, id);
    group->template.version = known.version;
    group->template.resolved_ms = core->now_ms;
}

bool asg_group_may_begin(const struct asg_core *core,
                         const struct asg_group_config *given, size_t count,
                         uint32_t limit, struct asg_arena *arena,
                         struct asg_group_config *ret, struct asg_reply *why)
{
    if (given == NULL) {
        return asg_take_say_no(arena, why, "ValidationError",
                               "the request contains no group");
    }
    *ret = begin_config(core, given, arena);
    struct asg_error error = {""};
    if (asg_take_check_config(core, ret, &error) != ASG_OK) {
        return asg_take_say_no(arena, why, "ValidationError", "group %s: %s", ret->name,
                               error.text);
    }
    if (asg_group_find(core, ret->name) != NULL) {
        return asg_take_say_no(
            arena, why, "AlreadyExists",
            "AutoScalingGroup by this name already exists - A group with "
            "the name %s already exists",
            ret->name);
    }
    assert(count > core->group_count);
    return asg_take_may_be_so_many(arena, why, count, limit, ASG_GROUPS_MAX, "groups");
}

struct group *asg_group_begin(struct asg_core *core,
                              const struct asg_group_config *config,
                              struct known_template known, const char *actor)
{
    struct group *group = asg_group_add(core, config);
    assert(group->instance_count == 0);
    know_template(core, group, known);
    if (core->orphan_count > 0)
        asg_orphan_count_unknown(core); /* some may be of its name */
    asg_group_mark_dirty(core, group);
    wish(
        core, group, actor, 0,
        "a user request created an AutoScalingGroup changing the desired capacity from 0 "
        "to");
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, "", 0,
                         "group created by %s: min %" PRIu32 ", max %" PRIu32
                         ", desired %" PRIu32,
                         actor, config->min, config->max, config->desired);
    return group;
}

static struct known_template known_by(const struct asg_command *command)
{
    assert(command->kind == ASG_COMMAND_GROUP_CREATE ||
           command->kind == ASG_COMMAND_GROUP_UPDATE);
    return (struct known_template){.version = command->template_version,
                                   .id = command->template_id};
}

void asg_order_create_group(struct asg_core *core, const struct asg_command *command)
{
    struct asg_group_config config;
    struct asg_reply why = {0};
    if (!asg_group_may_begin(core, command->group_config, core->group_count + 1,
                             command->limit, &core->step->effects->arena, &config,
                             &why)) {
        asg_take_refuse(core, &why);
        return;
    }
    (void)asg_group_begin(core, &config, known_by(command), command->actor);
    assert(asg_group_find(core, config.name) != NULL);
    asg_reply_accept(core, 0, "group %s created", config.name);
}

/* ---- update ---- */

static bool has(uint64_t fields, enum asg_group_field field)
{
    assert(field < 64);
    return (fields & UINT64_C(1) << field) != 0;
}

/* Without desired, a new range pulls desired into it (docs/rules.md, "Changing a group").
 */
static struct asg_group_config merge(const struct group *group,
                                     const struct asg_group_config *given,
                                     uint64_t fields, struct asg_arena *arena)
{
    struct asg_group_config from;
    asg_model_copy(&asg_group_config_schema, given, arena, &from);
    struct asg_group_config config = group->config;
    asg_model_update(&asg_group_config_schema, &config, &from, fields);
    if (has(fields, ASG_GROUP_KEPT)) {
        asg_kept_merge(group->config.kept, group->config.kept_count, from.kept,
                       from.kept_count, arena, &config.kept, &config.kept_count);
    }
    if (!has(fields, ASG_GROUP_DESIRED)) {
        if (config.desired > config.max) config.desired = config.max;
        if (config.desired < config.min) config.desired = config.min;
    }
    asg_model_fill_unset(&asg_group_config_schema, &config);
    return config;
}

/* Who orders a size means the template as it is now: what $Latest and $Default are is
 * asked again, however fresh the answer. */
static void look_up_template_again(struct group *group)
{
    group->template.resolved_ms = 0;
}

/* The range and desired move in one way (desired.h). */
static void set_all_but_range(struct group *group, struct asg_group_config config)
{
    assert(strcmp(config.name, group->config.name) == 0); /* a name stays */
    config.min = group->config.min;
    config.max = group->config.max;
    config.desired = group->config.desired;
    asg_group_set_config(group, &config);
}

bool asg_group_may_change(const struct asg_core *core, const struct group *group,
                          const struct asg_group_config *given, uint64_t fields,
                          struct asg_arena *arena, struct asg_group_config *ret,
                          struct asg_reply *why)
{
    assert(!group->is_deleting);
    if (given == NULL) {
        return asg_take_say_no(arena, why, "ValidationError",
                               "the request contains no change");
    }
    *ret = merge(group, given, fields, arena);
    struct asg_error error = {""};
    if (asg_take_check_config(core, ret, &error) == ASG_OK) return true;
    return asg_take_say_no(arena, why, "ValidationError", "group %s: %s",
                           group->config.name, error.text);
}

/* It launches otherwise from here on: what EC2 refused before may be granted now. */
static bool is_of_launches(uint64_t fields)
{
    assert(ASG_GROUP_FIELD_COUNT <= 64);
    return has(fields, ASG_GROUP_TEMPLATE) || has(fields, ASG_GROUP_LAUNCH_PARAMETERS) ||
           has(fields, ASG_GROUP_INSTANCE_TYPES) || has(fields, ASG_GROUP_MIXED) ||
           has(fields, ASG_GROUP_SUBNETS);
}

void asg_group_change(struct asg_core *core, struct group *group,
                      const struct asg_group_config *config, uint64_t fields,
                      struct known_template known, const char *actor)
{
    uint32_t from = group->config.desired;
    bool is_new_template = has(fields, ASG_GROUP_TEMPLATE);
    asg_group_keep_before(group);
    set_all_but_range(group, *config);
    asg_pool_forget_foreign(group);
    asg_instance_set_warm_times(group);
    bool is_of_size = has(fields, ASG_GROUP_MIN) || has(fields, ASG_GROUP_MAX) ||
                      has(fields, ASG_GROUP_DESIRED);
    if (is_of_size) {
        asg_want_skip_waiting(core, group, NULL);
        look_up_template_again(group);
    }
    asg_desired_set_range(core, group, config->min, config->max, config->desired,
                          DESIRED_BY_ORDER);
    assert(group->is_dirty);
    if (is_new_template) {
        group->template.version = 0;
        asg_text_keep(core, &group->template.id, ASG_TEMPLATE_MAX, "");
        group->template.resolved_ms = 0;
        group->template.job_id = 0;
        know_template(core, group, known);
        asg_churn_forget(core, group); /* the cause may be mended */
    }
    if (is_of_launches(fields)) asg_launch_forget_failures(core, group);
    group->scaling.dry_run_desired = -1;
    wish(core, group, actor, from,
         asg_arena_format(
             &core->step->effects->arena,
             "a user request update of AutoScalingGroup constraints to min: %" PRIu32
             ", max: %" PRIu32 ", desired: %" PRIu32
             " changing the desired capacity from %" PRIu32 " to",
             config->min, config->max, config->desired, from));
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, "", from,
                         "group updated by %s: min %" PRIu32 ", max %" PRIu32
                         ", desired %" PRIu32 " (was %" PRIu32 ")",
                         actor, config->min, config->max, config->desired, from);
}

void asg_order_update_group(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    struct asg_group_config config;
    struct asg_reply why = {0};
    if (!asg_group_may_change(core, group, command->group_config, command->group_fields,
                              &core->step->effects->arena, &config, &why)) {
        asg_take_refuse(core, &why);
        return;
    }
    asg_group_change(core, group, &config, command->group_fields, known_by(command),
                     command->actor);
    asg_try_recall(core);
    asg_reply_accept(core, 0, "group %s updated", group->config.name);
}

/* Those that EC2 has, or may come to have: all but the slots of dry launches. */
static size_t count_real(const struct asg_core *core, const struct group *group)
{
    size_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        const struct job *job = asg_instance_is_slot(instance)
                                    ? asg_job_find(core, instance->launch.job_id)
                                    : NULL;
        count += job == NULL || !job->plan.is_dry_run ? 1 : 0;
    }
    return count;
}

/* Instances that go with nothing that is under way, standby ones among them. */
static uint32_t count_staying(const struct group *group)
{
    uint32_t staying = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        staying += !asg_instance_is_on_its_way_out(group->instances[i]);
    }
    return staying;
}

/* Whom deletion protection allows it, and then who has no instances, or uses force. */
static bool may_be_deleted(struct asg_core *core, const struct group *group,
                           bool is_forced)
{
    enum asg_deletion_protection protection = group->config.deletion_protection;
    if (protection == ASG_DELETION_ALL ||
        (protection == ASG_DELETION_FORCE && is_forced)) {
        asg_reply_refuse(core, "ValidationError",
                         "group %s is protected: its deletion protection is %s; set it "
                         "to none first%s",
                         group->config.name,
                         asg_enum_word(&asg_deletion_protection_words, (int)protection),
                         protection == ASG_DELETION_FORCE
                             ? ", or delete the group without force once it is empty"
                             : "");
        return false;
    }
    if (is_forced || group->instance_count == 0) return true;
    uint32_t staying = count_staying(group);
    if (staying == 0) {
        asg_reply_refuse(core, "ScalingActivityInProgress",
                         "You cannot delete an AutoScalingGroup while there are scaling "
                         "activities in progress for that group: group %s has %zu "
                         "instance%s that %s not gone yet; try again, or use force",
                         group->config.name, group->instance_count,
                         group->instance_count == 1 ? "" : "s",
                         group->instance_count == 1 ? "is" : "are");
        return false;
    }
    asg_reply_refuse(
        core, "ResourceInUse",
        "You cannot delete an AutoScalingGroup while there are instances or "
        "pending Spot instance request(s) still in the group: group %s still "
        "has %" PRIu32 " instance%s; set its sizes to 0 first, or use force",
        group->config.name, staying, staying == 1 ? "" : "s");
    return false;
}

void asg_order_delete_group(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    if (!may_be_deleted(core, group, command->force)) return;
    size_t real = group->config.dry_run ? count_real(core, group) : 0;
    if (real > 0) {
        asg_reply_refuse(
            core, "DryRunOperation",
            "group %s is in a dry run: its deletion would terminate %zu "
            "instances, and they keep running; if that is intended, end the dry "
            "run first",
            group->config.name, real);
        return;
    }
    group->config.dry_run = false; /* what turns up late goes with its group */
    group->is_deleting = true;
    for (size_t i = 0; i < group->schedule_count; i++) {
        asg_arena_clear(&group->schedules[i].arena);
    }
    group->schedule_count = 0; /* nothing is due any more */
    uint32_t from = group->config.desired;
    asg_desired_set_range(core, group, 0, group->config.max, 0, DESIRED_BY_DELETION);
    wish(core, group, command->actor, from,
         asg_arena_format(&core->step->effects->arena,
                          "a user request deleted AutoScalingGroup changing the desired "
                          "capacity from %" PRIu32 " to",
                          from));
    assert(group->config.desired == 0 && group->is_deleting);
    asg_narrate(core, ASG_DECISION_COMMAND, group, "group is being deleted by %s",
                command->actor);
    asg_try_recall(core);
    asg_reply_accept(core, 0, "group %s is being deleted", group->config.name);
}

void asg_order_desired(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    uint32_t to = command->desired;
    if (to < group->config.min || to > group->config.max) {
        bool is_above = to > group->config.max;
        asg_reply_refuse(core, "ValidationError",
                         "New SetDesiredCapacity value %" PRIu32 " is %s value %" PRIu32
                         " for the AutoScalingGroup.",
                         to, is_above ? "above max" : "below min",
                         is_above ? group->config.max : group->config.min);
        return;
    }
    if (!asg_take_honors_cooldown(core, group, command)) return;
    int64_t from = group->config.desired;
    assert(from >= group->config.min && from <= group->config.max); /* as it was */
    asg_want_skip_waiting(core, group, NULL);
    look_up_template_again(group);
    asg_desired_change(core, group, to, DESIRED_BY_ORDER);
    wish(core, group, command->actor, (uint32_t)from,
         asg_arena_format(&core->step->effects->arena,
                          "a user request explicitly set group desired capacity changing "
                          "the desired capacity from %" PRId64 " to",
                          from));
    asg_narrate_capacity(core,
                         (int64_t)to > from   ? ASG_DECISION_SCALE_OUT
                         : (int64_t)to < from ? ASG_DECISION_SCALE_IN
                                              : ASG_DECISION_COMMAND,
                         group, "", from, "%s set desired from %" PRId64 " to %" PRIu32,
                         command->actor, from, to)
        ->cause = ASG_CAUSE_ORDER;
    asg_reply_accept(core, 0, "desired of group %s is %" PRIu32 " (was %" PRId64 ")",
                     group->config.name, to, from);
}

#define PROCESS_WORDS_MAX 256

static void write_processes(uint64_t which, char ret[PROCESS_WORDS_MAX])
{
    assert(which != 0);
    size_t length = 0;
    for (int i = 0; i < ASG_PROCESS_COUNT && length < PROCESS_WORDS_MAX; i++) {
        if ((which & UINT64_C(1) << i) == 0) continue;
        length += (size_t)snprintf(ret + length, PROCESS_WORDS_MAX - length, "%s%s",
                                   length == 0 ? "" : ", ",
                                   asg_enum_word(&asg_process_words, i));
    }
}

void asg_order_suspend(struct asg_core *core, const struct asg_command *command,
                       bool is_suspended)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    const uint64_t all = (UINT64_C(1) << ASG_PROCESS_COUNT) - 1;
    uint64_t which = command->processes == 0 ? all : command->processes;
    if ((which & ~all) != 0) {
        asg_reply_refuse(core, "ValidationError", "no such process");
        return;
    }
    assert(which != 0 && (which & ~all) == 0); /* processes that there are */
    for (int process = 0; is_suspended && process < ASG_PROCESS_COUNT; process++) {
        bool is_new = (which & ~group->suspended & UINT64_C(1) << process) != 0;
        if (is_new) group->suspended_ms[process] = core->now_ms;
    }
    group->suspended =
        is_suspended ? group->suspended | which : group->suspended & ~which;
    asg_group_mark_dirty(core, group);
    char words[PROCESS_WORDS_MAX] = "all processes";
    if (command->processes != 0) write_processes(which, words);
    asg_narrate(core, ASG_DECISION_COMMAND, group, "%s %s %s", command->actor,
                is_suspended ? "suspended" : "resumed", words);
    asg_try_recall(core);
    asg_reply_accept(core, 0, "processes of group %s %s", group->config.name,
                     is_suspended ? "suspended" : "resumed");
}
