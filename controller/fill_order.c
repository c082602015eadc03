#include "controller/fill_order.h"

#include <assert.h>

#include "crypto/uuid.h"
#include "model/metric_ceiling.h"

static const char *draw(struct asg_arena *arena)
{
    char uuid[ASG_UUID_SIZE];
    asg_uuid_draw(uuid);
    return asg_arena_text(arena, uuid);
}

struct asg_api_limits asg_limits_of(const struct asg_controller_settings *settings)
{
    return (struct asg_api_limits){
        .groups = (uint32_t)settings->groups_limit,
        .launch_configurations = (uint32_t)settings->launch_configurations_limit,
        .policies = (uint32_t)settings->policies_limit,
        .schedules = (uint32_t)settings->schedules_limit,
        .tags = (uint32_t)settings->tags_limit,
    };
}

static uint32_t limit_of(const struct asg_api_limits *limits, enum asg_command_kind kind)
{
    switch (kind) {
    case ASG_COMMAND_GROUP_CREATE: return limits->groups;
    case ASG_COMMAND_LAUNCH_CONFIGURATION_PUT: return limits->launch_configurations;
    case ASG_COMMAND_POLICY_PUT: return limits->policies;
    case ASG_COMMAND_SCHEDULE_PUT: return limits->schedules;
    case ASG_COMMAND_GROUP_TAG: return limits->tags;
    default: return 0; /* nothing of which there may be too many */
    }
}

static void name_group(struct asg_arena *arena, struct asg_group_config *config)
{
    assert(config != NULL);
    config->uuid = draw(arena);
}

static void name_policy(struct asg_arena *arena, struct asg_policy_config *config)
{
    assert(config != NULL);
    config->uuid = draw(arena);
    config->alarm_high = draw(arena);
    config->alarm_low = draw(arena);
}

static void name_schedule(struct asg_arena *arena, struct asg_schedule_config *config)
{
    assert(config != NULL);
    config->uuid = draw(arena);
}

static void fill_group(struct asg_arena *arena, struct asg_apply_group *group)
{
    if (group->is_new && group->config != NULL) {
        struct asg_group_config *config = asg_arena_take(arena, sizeof *config);
        *config = *group->config;
        name_group(arena, config);
        group->config = config;
    }
    struct asg_policy_config *policies =
        asg_arena_take(arena, group->policy_count * sizeof *policies);
    for (size_t i = 0; i < group->policy_count; i++) {
        policies[i] = group->policies[i];
        name_policy(arena, &policies[i]);
    }
    group->policies = policies;
    struct asg_schedule_config *schedules =
        asg_arena_take(arena, group->schedule_count * sizeof *schedules);
    for (size_t i = 0; i < group->schedule_count; i++) {
        schedules[i] = group->schedules[i];
        name_schedule(arena, &schedules[i]);
    }
    group->schedules = schedules;
}

/* Each part of it as an order of its own would be. */
static void fill_apply(const struct asg_api_limits *limits, struct asg_arena *arena,
                       struct asg_command *order)
{
    struct asg_apply *apply = asg_arena_take(arena, sizeof *apply);
    *apply = *order->apply;
    apply->groups_limit = limits->groups;
    apply->policies_limit = limits->policies;
    apply->schedules_limit = limits->schedules;
    apply->groups = asg_arena_take(arena, apply->group_count * sizeof *apply->groups);
    for (size_t i = 0; i < apply->group_count; i++) {
        apply->groups[i] = order->apply->groups[i];
        fill_group(arena, &apply->groups[i]);
    }
    order->apply = apply;
}

void asg_fill_order(const struct asg_controller_settings *settings,
                    struct asg_arena *arena, struct asg_command *order)
{
    assert(order->kind < ASG_COMMAND_COUNT);
    const struct asg_api_limits limits = asg_limits_of(settings);
    order->limit = limit_of(&limits, order->kind);
    if (order->kind == ASG_COMMAND_GROUP_CREATE && order->group_config != NULL) {
        struct asg_group_config *config = asg_arena_take(arena, sizeof *config);
        *config = *order->group_config;
        name_group(arena, config);
        order->group_config = config;
    }
    if (order->kind == ASG_COMMAND_POLICY_PUT && order->policy_config != NULL) {
        struct asg_policy_config *config = asg_arena_take(arena, sizeof *config);
        *config = *order->policy_config;
        name_policy(arena, config);
        order->policy_config = config;
    }
    if (order->kind == ASG_COMMAND_SCHEDULE_PUT && order->schedule_config != NULL) {
        struct asg_schedule_config *config = asg_arena_take(arena, sizeof *config);
        *config = *order->schedule_config;
        name_schedule(arena, config);
        order->schedule_config = config;
    }
    if (order->kind == ASG_COMMAND_APPLY && order->apply != NULL) {
        fill_apply(&limits, arena, order);
    }
}

static enum asg_status check_policy(const char *group,
                                    const struct asg_policy_config *policy,
                                    struct asg_error *error)
{
    if (!asg_is_target_out_of_reach(policy)) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID,
                    "group %s: policy %s: the target cannot be above 100: %s is a "
                    "percentage, so it would never scale out",
                    group, policy->name,
                    asg_enum_word(&asg_metric_name_words, (int)policy->metric));
}

enum asg_status asg_check_order(const struct asg_command *order, struct asg_error *error)
{
    if (order->kind == ASG_COMMAND_POLICY_PUT && order->policy_config != NULL) {
        return check_policy(order->group, order->policy_config, error);
    }
    size_t count = order->kind == ASG_COMMAND_APPLY && order->apply != NULL
                       ? order->apply->group_count
                       : 0;
    for (size_t i = 0; i < count; i++) {
        const struct asg_apply_group *group = &order->apply->groups[i];
        for (size_t k = 0; k < group->policy_count; k++) {
            enum asg_status status =
                check_policy(group->name, &group->policies[k], error);
            if (status != ASG_OK) return status;
        }
    }
    return ASG_OK;
}
