#include "core/take/command_group.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/world/kept_text.h"
#include "core/limits/churn.h"
#include "core/world/counts.h"
#include "core/limits/dry_pools.h"
#include "core/lifecycle/lifecycle.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/world/orphans.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "core/take/require.h"
#include "core/take/try_again.h"
#include "core/want/desired.h"
#include "core/want/run_schedules.h"
#include "model/defaults.h"
#include "model/launch_fields.h"
#include "model/schemas.h"

#define SECOND INT64_C(1000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > ASG_GROUP_NAME_MAX) return false;
    for (const char *at = name; *at != '\0'; at++) {
        if (*at < 33 || *at > 126 || *at == ':') return false;
    }
    return true;
}

static enum asg_status check_sizes(const struct asg_group_config *config,
                                   struct asg_error *error)
{
    if (config->max > ASG_GROUP_CAPACITY_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "max %" PRIu32 " is above the limit of %d", config->max,
                        ASG_GROUP_CAPACITY_MAX);
    }
    if (config->min > config->max) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "min %" PRIu32 " is above max %" PRIu32
                        "; raise max or lower min",
                        config->min, config->max);
    }
    if (config->desired < config->min || config->desired > config->max) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "desired %" PRIu32 " is not between min %" PRIu32
                        " and max %" PRIu32,
                        config->desired, config->min, config->max);
    }
    return ASG_OK;
}

static enum asg_status check_times(const struct asg_group_config *config,
                                   struct asg_error *error)
{
    const struct {
        const char *name;
        int64_t value_ms;
        int64_t low_ms;
        int64_t high_ms;
    } times[] = {
        {"evaluation", config->evaluation_ms, SECOND, HOUR},
        {"cooldown", config->cooldown_ms, 0, DAY},
        {"warm-up", config->warmup_ms, -1, DAY},
        {"health grace", config->health_grace_ms, 0, 7 * DAY},
        {"drain", config->drain_ms, 0, DAY},
        {"launch timeout", config->launch_timeout_ms, SECOND, DAY},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i].value_ms >= times[i].low_ms &&
            times[i].value_ms <= times[i].high_ms) {
            continue;
        }
        return asg_fail(
            error, ASG_ERR_INVALID,
            "%s of %" PRId64 " ms is not between %" PRId64 " and %" PRId64 " ms",
            times[i].name, times[i].value_ms, times[i].low_ms, times[i].high_ms);
    }
    uint32_t highest = config->terminating_percent;
    if (config->terminated_percent > highest) highest = config->terminated_percent;
    if (config->unhealthy_percent > highest) highest = config->unhealthy_percent;
    if (config->silence_percent > highest) highest = config->silence_percent;
    if (highest > 100) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a share of %" PRIu32 " %% is above 100 %%", highest);
    }
    return ASG_OK;
}

static enum asg_status check_places(const struct asg_group_config *config,
                                    struct asg_error *error)
{
    if (config->subnet_count == 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a group needs at least one subnet or zone to launch into");
    }
    for (size_t i = 0; i < config->subnet_count; i++) {
        const struct asg_subnet *subnet = &config->subnets[i];
        if (strlen(subnet->subnet_id) > ASG_SUBNET_MAX ||
            strlen(subnet->zone) > ASG_ZONE_MAX ||
            (subnet->subnet_id[0] == '\0' && subnet->zone[0] == '\0')) {
            return asg_fail(error, ASG_ERR_INVALID, "subnet %zu has no usable id or zone",
                            i + 1);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(config->subnets[j].subnet_id, subnet->subnet_id) == 0 &&
                strcmp(config->subnets[j].zone, subnet->zone) == 0) {
                return asg_fail(error, ASG_ERR_INVALID, "subnet %s is named twice",
                                subnet->subnet_id);
            }
        }
    }
    for (size_t i = 0; i < config->instance_types.count; i++) {
        if (strlen(config->instance_types.items[i]) > ASG_TYPE_MAX) {
            return asg_fail(error, ASG_ERR_INVALID, "'%s' is no instance type",
                            config->instance_types.items[i]);
        }
    }
    for (size_t i = 0; i < config->termination_policies.count; i++) {
        const char *word = config->termination_policies.items[i];
        if (asg_enum_value(&asg_termination_policy_words, word) >= 0) continue;
        return asg_fail(
            error, ASG_ERR_INVALID,
            "'%s' is no termination policy; there are default, "
            "oldest-instance, newest-instance, closest-to-next-instance-hour, "
            "oldest-launch-template, oldest-launch-configuration and "
            "allocation-strategy",
            word);
    }
    return ASG_OK;
}

static bool is_price(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    size_t length = whole + (part > 0 ? 1 + part : 0);
    return whole > 0 && whole <= 6 && part <= 9 && text[length] == '\0' &&
           strspn(text, "0.") < length;
}

/* A fleet buys in both markets itself. */
static enum asg_status check_mixed_parameters(const struct asg_group_config *config,
                                              struct asg_error *error)
{
    assert(config->mixed != NULL);
    for (size_t i = 0; i < config->launch_parameter_count; i++) {
        const char *name = config->launch_parameters[i].name;
        if (strncmp(name, "InstanceMarketOptions.", 22) != 0) continue;
        return asg_fail(
            error, ASG_ERR_INVALID,
            "launch parameter %s cannot stand in a mixed group: its market is "
            "said by the on-demand base and percentage",
            name);
    }
    for (size_t i = 0; i < config->instance_types.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(config->instance_types.items[i],
                       config->instance_types.items[j]) != 0) {
                continue;
            }
            return asg_fail(error, ASG_ERR_INVALID, "instance type %s is named twice",
                            config->instance_types.items[i]);
        }
    }
    return ASG_OK;
}

static enum asg_status check_mixed(const struct asg_group_config *config,
                                   struct asg_error *error)
{
    const struct asg_mixed *mixed = config->mixed;
    if (mixed == NULL) return ASG_OK;
    if (mixed->on_demand_base > ASG_GROUP_CAPACITY_MAX ||
        mixed->on_demand_percent > 100) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "on-demand base %" PRIu32 " and percentage %" PRIu32 ": at most %d and 100",
            mixed->on_demand_base, mixed->on_demand_percent, ASG_GROUP_CAPACITY_MAX);
    }
    if (mixed->spot_pools > ASG_SPOT_POOLS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%" PRIu32 " Spot pools are above the limit of %d",
                        mixed->spot_pools, ASG_SPOT_POOLS_MAX);
    }
    if (mixed->spot_max_price[0] != '\0' && !is_price(mixed->spot_max_price)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "'%.40s' is no Spot price: dollars an hour above 0, as 0.05",
                        mixed->spot_max_price);
    }
    if (config->instance_types.count > ASG_MIXED_TYPES_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%zu instance types are above the limit of %d of a mixed group",
                        config->instance_types.count, ASG_MIXED_TYPES_MAX);
    }
    return check_mixed_parameters(config, error);
}

static enum asg_status check_template(const struct asg_group_config *config,
                                      struct asg_error *error)
{
    bool has_id = config->template_id[0] != '\0';
    bool has_name = config->template_name[0] != '\0';
    if (has_id == has_name) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a group needs a launch template, by name or by id and not both");
    }
    const char *version = config->template_version;
    bool is_word = strcmp(version, "$Latest") == 0 || strcmp(version, "$Default") == 0;
    if (!is_word && strspn(version, "0123456789") != strlen(version)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "'%s' is no version of a launch template: a number, $Latest or "
                        "$Default",
                        version);
    }
    if (strlen(config->template_id) > ASG_TEMPLATE_MAX ||
        config->tag_count > ASG_TAGS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID, "at most %d tags, ids of at most %d",
                        ASG_TAGS_MAX, ASG_TEMPLATE_MAX);
    }
    for (size_t i = 0; i < config->tag_count; i++) {
        size_t key = strlen(config->tags[i].key);
        if (key == 0 || key > ASG_TAG_KEY_MAX ||
            strlen(config->tags[i].value) > ASG_TAG_VALUE_MAX ||
            strncmp(config->tags[i].key, "aws:", 4) == 0 ||
            strncmp(config->tags[i].key, "openasg:", 8) == 0) {
            return asg_fail(
                error, ASG_ERR_INVALID,
                "tag '%s': keys have 1 to %d characters and begin with neither "
                "aws: nor openasg:, values at most %d",
                config->tags[i].key, ASG_TAG_KEY_MAX, ASG_TAG_VALUE_MAX);
        }
    }
    return ASG_OK;
}

static enum asg_status check_config(const struct asg_group_config *config,
                                    struct asg_error *error)
{
    if (!is_name(config->name)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "'%s' is no group name: 1 to %d printable ASCII characters, no "
                        "blank, no colon",
                        config->name, ASG_GROUP_NAME_MAX);
    }
    enum asg_status status = check_sizes(config, error);
    if (status == ASG_OK) status = check_times(config, error);
    if (status == ASG_OK) status = check_places(config, error);
    if (status == ASG_OK) status = check_template(config, error);
    if (status == ASG_OK) status = check_mixed(config, error);
    if (status == ASG_OK) {
        status = asg_launch_parameters_check(config->launch_parameters,
                                             config->launch_parameter_count,
                                             /* is_launch */ true, error);
    }
    return status;
}

/* Of activities that follow from an order: `what` ends before the number that desired is
 * now. One that left desired as it was has none. */
static void wish(struct asg_core *core, struct group *group,
                 const struct asg_command *command, uint32_t from, const char *what)
{
    uint32_t to = group->config.desired;
    if (to == from) return;
    assert(core->step != NULL);
    asg_activity_wish(
        core, group,
        asg_arena_format(&core->step->effects->arena, "asked for by %s", command->actor),
        "%s %" PRIu32, what, to);
}

void asg_order_create_group(struct asg_core *core, const struct asg_command *command)
{
    if (command->group_config == NULL) {
        asg_reply_refuse(core, "ValidationError", "the request contains no group");
        return;
    }
    struct asg_group_config config = *command->group_config;
    asg_model_fill_unset(&asg_group_config_schema, &config);
    struct asg_error error = {""};
    if (check_config(&config, &error) != ASG_OK) {
        asg_reply_refuse(core, "ValidationError", "group %s: %s", config.name,
                         error.text);
        return;
    }
    if (asg_group_find(core, config.name) != NULL) {
        asg_reply_refuse(core, "AlreadyExists",
                         "AutoScalingGroup by this name already exists - %s",
                         config.name);
        return;
    }
    struct group *group = asg_group_add(core, &config);
    assert(group->instance_count == 0);
    if (core->orphan_count > 0)
        asg_orphan_count_unknown(core); /* some may be of its name */
    asg_group_mark_dirty(core, group);
    wish(
        core, group, command, 0,
        "a user request created an AutoScalingGroup changing the desired capacity from 0 "
        "to");
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, "", 0,
                         "group created by %s: min %" PRIu32 ", max %" PRIu32
                         ", desired %" PRIu32,
                         command->actor, config.min, config.max, config.desired);
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
                                     const struct asg_group_config *from, uint64_t fields)
{
    struct asg_group_config config = group->config;
    asg_model_update(&asg_group_config_schema, &config, from, fields);
    if (!has(fields, ASG_GROUP_DESIRED)) {
        if (config.desired > config.max) config.desired = config.max;
        if (config.desired < config.min) config.desired = config.min;
    }
    asg_model_fill_unset(&asg_group_config_schema, &config);
    return config;
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

void asg_order_update_group(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    if (command->group_config == NULL) {
        asg_reply_refuse(core, "ValidationError", "the request contains no change");
        return;
    }
    struct asg_group_config config =
        merge(group, command->group_config, command->group_fields);
    struct asg_error error = {""};
    if (check_config(&config, &error) != ASG_OK) {
        asg_reply_refuse(core, "ValidationError", "group %s: %s", group->config.name,
                         error.text);
        return;
    }
    uint32_t from = group->config.desired;
    bool is_new_template = has(command->group_fields, ASG_GROUP_TEMPLATE);
    set_all_but_range(group, config);
    asg_pool_forget_foreign(group);
    asg_instance_set_warm_times(group);
    bool is_of_size = has(command->group_fields, ASG_GROUP_MIN) ||
                      has(command->group_fields, ASG_GROUP_MAX) ||
                      has(command->group_fields, ASG_GROUP_DESIRED);
    if (is_of_size) asg_want_skip_waiting(core, group, NULL);
    asg_desired_set_range(core, group, config.min, config.max, config.desired,
                          DESIRED_BY_ORDER);
    assert(group->is_dirty);
    if (is_new_template) {
        group->template.version = 0;
        asg_text_keep(core, &group->template.id, ASG_TEMPLATE_MAX, "");
        group->template.resolved_ms = 0;
        group->template.job_id = 0;
        asg_churn_forget(core, group); /* the cause may be mended */
    }
    group->scaling.dry_run_desired = -1;
    wish(core, group, command, from,
         asg_arena_format(
             &core->step->effects->arena,
             "a user request update of AutoScalingGroup constraints to min: %" PRIu32
             ", max: %" PRIu32 ", desired: %" PRIu32
             " changing the desired capacity from %" PRIu32 " to",
             config.min, config.max, config.desired, from));
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, "", from,
                         "group updated by %s: min %" PRIu32 ", max %" PRIu32
                         ", desired %" PRIu32 " (was %" PRIu32 ")",
                         command->actor, config.min, config.max, config.desired, from);
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

void asg_order_delete_group(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    if (group->instance_count > 0 && !command->force) {
        asg_reply_refuse(
            core, "ResourceInUse",
            "group %s still has %zu instance%s; set its sizes to 0 first, or use force",
            group->config.name, group->instance_count,
            group->instance_count == 1 ? "" : "s");
        return;
    }
    size_t real = group->config.dry_run ? count_real(core, group) : 0;
    if (real > 0) {
        asg_reply_refuse(core, "DryRunOperation",
                         "group %s is in a dry run: its deletion would terminate %zu "
                         "instances, and they run on; end the dry run first "
                         "(`openasg group update %s --dry-run=false`) if it is meant",
                         group->config.name, real, group->config.name);
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
    wish(core, group, command, from,
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
    if (command->honor_cooldown && asg_cooldown_is_on(core, group)) {
        asg_reply_refuse(core, "ScalingActivityInProgress",
                         "group %s is in its cooldown; wait, or do not honour it",
                         command->group);
        return;
    }
    int64_t from = group->config.desired;
    assert(from >= group->config.min && from <= group->config.max); /* as it was */
    asg_want_skip_waiting(core, group, NULL);
    asg_desired_change(core, group, to, DESIRED_BY_ORDER);
    wish(core, group, command, (uint32_t)from,
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
        asg_reply_refuse(core, "ValidationError", "there is no such process");
        return;
    }
    assert(which != 0 && (which & ~all) == 0); /* processes that there are */
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
