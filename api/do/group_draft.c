#include "api/do/group_draft.h"

#include <string.h>

#include "api/words.h"
#include "model/defaults.h"
#include "model/schemas.h"

#define SECOND INT64_C(1000)

/* Given back as they came. Core has the first two as well: what is kept says that they
 * were given, so that a default is given back too. */
static const char *const kept_members[] = {
    "CapacityRebalance",
    "DeletionProtection",
    "Context",
    "DesiredCapacityType",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "InstanceLifecyclePolicy",
    "Operator",
    "ServiceLinkedRoleARN",
};

struct group_draft *group_draft_begin(struct asg_api_call *call, bool is_update)
{
    struct group_draft *draft = asg_arena_take(&call->arena, sizeof *draft);
    draft->is_update = is_update;
    draft->kept.arena = &call->arena;
    asg_model_set_defaults(&asg_group_config_schema, &draft->config);
    draft->config.name = asg_value_text(&call->input, "AutoScalingGroupName", "");
    call->state = draft;
    return draft;
}

const struct asg_group_config *group_draft_before(struct asg_api_call *call,
                                                  const struct asg_root **ret_root)
{
    *ret_root = asg_view_hold(asg_api_ports_of(call)->view);
    const char *name = asg_value_text(&call->input, "AutoScalingGroupName", "");
    const struct asg_page *page = asg_root_find(*ret_root, name);
    return page != NULL ? page->sheet->content.group.config : NULL;
}

void group_draft_mean(struct group_draft *draft, enum asg_group_field field)
{
    draft->fields |= UINT64_C(1) << field;
}

bool group_draft_not_yet(struct asg_api_call *call, const char *member)
{
    asg_api_invalid(call,
                    "%s: openasg does not have this yet; leave it out "
                    "(docs/compatibility.md says what there is)",
                    member);
    return false;
}

static void keep(struct group_draft *draft, const char *path, const char *value)
{
    group_draft_mean(draft, ASG_GROUP_KEPT);
    asg_kept_add(&draft->kept, path, value);
}

/* ---- sizes ---- */

static bool take_size(const struct asg_api_call *call, struct group_draft *draft,
                      const char *member, enum asg_group_field field, uint32_t *ret)
{
    const struct asg_query_value *value = asg_value_find(&call->input, member);
    if (value == NULL) return false;
    *ret = (uint32_t)value->number; /* the shape has checked that it is not negative */
    group_draft_mean(draft, field);
    return true;
}

static bool take_sizes(struct asg_api_call *call, struct group_draft *draft)
{
    struct asg_group_config *config = &draft->config;
    bool has_min = take_size(call, draft, "MinSize", ASG_GROUP_MIN, &config->min);
    bool has_max = take_size(call, draft, "MaxSize", ASG_GROUP_MAX, &config->max);
    bool has_desired =
        take_size(call, draft, "DesiredCapacity", ASG_GROUP_DESIRED, &config->desired);
    if (!draft->is_update && !has_desired) {
        config->desired = config->min;
        has_desired = true;
    }
    if (has_min && has_max && config->min > config->max) {
        asg_api_invalid(call,
                        "Max bound, %u, must be greater than or equal to min bound, %u",
                        config->max, config->min);
        return false;
    }
    bool is_outside = has_desired && ((has_min && config->desired < config->min) ||
                                      (has_max && config->desired > config->max));
    if (is_outside) {
        asg_api_invalid(call,
                        "Desired capacity:%u must be between the specified min size:%u "
                        "and max size:%u",
                        config->desired, config->min, config->max);
        return false;
    }
    return true;
}

/* ---- times ---- */

static void take_seconds(const struct asg_api_call *call, struct group_draft *draft,
                         const char *member, enum asg_group_field field, int64_t *ret_ms)
{
    const struct asg_query_value *value = asg_value_find(&call->input, member);
    if (value == NULL) return;
    *ret_ms = value->number < 0 ? ASG_UNSET : value->number * SECOND;
    group_draft_mean(draft, field);
}

/* ---- words ---- */

static bool is_health_check(const char *word, size_t length)
{
    static const char *const words[] = {"EC2", "ELB", "EBS", "VPC_LATTICE"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0)
            return true;
    }
    return false;
}

/* One or several, separated by commas. EC2's own is always on; the others are kept. */
static bool take_health_check(struct asg_api_call *call, struct group_draft *draft)
{
    const char *type = asg_value_text(&call->input, "HealthCheckType", NULL);
    if (type == NULL) return true;
    for (const char *at = type;;) {
        size_t length = strcspn(at, ",");
        if (!is_health_check(at, length)) {
            asg_api_invalid(call,
                            "HealthCheckType: '%s' is not valid; use EC2, ELB, EBS or "
                            "VPC_LATTICE, separated by commas",
                            type);
            return false;
        }
        if (at[length] == '\0') break;
        at += length + 1;
    }
    keep(draft, "HealthCheckType", type);
    return true;
}

static bool take_termination_policies(struct asg_api_call *call,
                                      struct group_draft *draft)
{
    size_t count = 0;
    const struct asg_query_value *items =
        asg_value_items(&call->input, "TerminationPolicies", &count);
    if (asg_value_find(&call->input, "TerminationPolicies") == NULL) return true;
    group_draft_mean(draft, ASG_GROUP_TERMINATION_POLICIES);
    if (count == 0) return true; /* the default stands in the config */
    const char **words = asg_arena_take(&call->arena, count * sizeof *words);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(items[i].text, "arn:", 4) == 0) {
            return group_draft_not_yet(call, "TerminationPolicies with a function's ARN");
        }
        int value = asg_api_value(&asg_api_termination_policy_words, items[i].text);
        if (value < 0 || (value == ASG_TERMINATION_DEFAULT && i + 1 < count)) {
            asg_api_invalid(call,
                            value < 0 ? "TerminationPolicies: '%s' is not a valid "
                                        "termination policy"
                                      : "TerminationPolicies: %s must be the last policy "
                                        "in the list",
                            items[i].text);
            return false;
        }
        words[i] = asg_enum_word(&asg_termination_policy_words, value);
    }
    draft->config.termination_policies = (struct asg_texts){words, count};
    return true;
}

static bool take_deletion_protection(struct asg_api_call *call, struct group_draft *draft)
{
    const char *word = asg_value_text(&call->input, "DeletionProtection", NULL);
    if (word == NULL) return true;
    /* The shape's words are the model's. */
    draft->config.deletion_protection = (enum asg_deletion_protection)asg_enum_value(
        &asg_deletion_protection_words, word);
    group_draft_mean(draft, ASG_GROUP_DELETION_PROTECTION);
    return true;
}

static void take_flag(const struct asg_api_call *call, struct group_draft *draft,
                      const char *member, enum asg_group_field field, bool *ret)
{
    const struct asg_query_value *value = asg_value_find(&call->input, member);
    if (value == NULL) return;
    *ret = value->number != 0;
    group_draft_mean(draft, field);
}

/* ---- members that are kept ---- */

/* Both or none, and -1 takes them back. */
static bool take_maintenance_policy(struct asg_api_call *call, struct group_draft *draft)
{
    const struct asg_query_value *policy =
        asg_value_find(&call->input, "InstanceMaintenancePolicy");
    if (policy == NULL) return true;
    int64_t least = asg_value_number(policy, "MinHealthyPercentage", -2);
    int64_t most = asg_value_number(policy, "MaxHealthyPercentage", -2);
    if (least == -1 && most == -1) {
        if (draft->is_update) keep(draft, "InstanceMaintenancePolicy", "");
        return true;
    }
    if (least < 0 || most < 100 || most - least > 100) {
        asg_api_invalid(call,
                        "InstanceMaintenancePolicy: MinHealthyPercentage (0 to 100) and "
                        "MaxHealthyPercentage (100 to 200) go together and differ by at "
                        "most 100; both -1 remove the policy");
        return false;
    }
    group_draft_mean(draft, ASG_GROUP_KEPT);
    (void)asg_kept_take(&draft->kept, &call->input, "InstanceMaintenancePolicy");
    return true;
}

static bool take_capacity_reservations(struct asg_api_call *call)
{
    const struct asg_query_value *specification =
        asg_value_find(&call->input, "CapacityReservationSpecification");
    if (specification == NULL) return true;
    const char *preference =
        asg_value_text(specification, "CapacityReservationPreference", "default");
    if (strcmp(preference, "none") != 0 ||
        asg_value_find(specification, "CapacityReservationTarget") == NULL) {
        return true;
    }
    asg_api_invalid(call, "CapacityReservationSpecification: a CapacityReservationTarget "
                          "cannot be combined with the preference none");
    return false;
}

#define PLACEMENT "Placement.GroupName"

/* The placement group is said at launch, beside what else the group says there. */
static void take_placement_group(struct asg_api_call *call, struct group_draft *draft)
{
    const char *name = asg_value_text(&call->input, "PlacementGroup", NULL);
    if (name == NULL) return;
    const struct asg_root *root = NULL;
    const struct asg_group_config *before = group_draft_before(call, &root);
    size_t count =
        draft->is_update && before != NULL ? before->launch_parameter_count : 0;
    struct asg_launch_parameter *parameters =
        asg_arena_take(&call->arena, (count + 1) * sizeof *parameters);
    draft->config.launch_parameters = parameters;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(before->launch_parameters[i].name, PLACEMENT) == 0) continue;
        parameters[draft->config.launch_parameter_count++] =
            (struct asg_launch_parameter){
                .name = asg_arena_text(&call->arena, before->launch_parameters[i].name),
                .value =
                    asg_arena_text(&call->arena, before->launch_parameters[i].value)};
    }
    asg_view_drop(&root);
    if (name[0] != '\0') {
        parameters[draft->config.launch_parameter_count++] =
            (struct asg_launch_parameter){.name = PLACEMENT, .value = name};
    }
    group_draft_mean(draft, ASG_GROUP_LAUNCH_PARAMETERS);
    if (name[0] != '\0' || draft->is_update) keep(draft, "PlacementGroup", name);
}

static bool take_kept(struct asg_api_call *call, struct group_draft *draft)
{
    const char *type = asg_value_text(&call->input, "DesiredCapacityType", "units");
    if (strcmp(type, "units") != 0) {
        return group_draft_not_yet(call, "DesiredCapacityType other than units");
    }
    for (size_t i = 0; i < sizeof kept_members / sizeof kept_members[0]; i++) {
        if (asg_kept_take(&draft->kept, &call->input, kept_members[i])) {
            group_draft_mean(draft, ASG_GROUP_KEPT);
        }
    }
    take_placement_group(call, draft);
    return take_maintenance_policy(call, draft) && take_capacity_reservations(call);
}

bool group_draft_take_members(struct asg_api_call *call, struct group_draft *draft)
{
    struct asg_group_config *config = &draft->config;
    if (asg_value_number(&call->input, "MaxInstanceLifetime", 0) != 0) {
        return group_draft_not_yet(call, "MaxInstanceLifetime");
    }
    take_seconds(call, draft, "DefaultCooldown", ASG_GROUP_COOLDOWN,
                 &config->cooldown_ms);
    take_seconds(call, draft, "HealthCheckGracePeriod", ASG_GROUP_HEALTH_GRACE,
                 &config->health_grace_ms);
    take_seconds(call, draft, "DefaultInstanceWarmup", ASG_GROUP_WARMUP,
                 &config->warmup_ms);
    take_flag(call, draft, "NewInstancesProtectedFromScaleIn",
              ASG_GROUP_PROTECT_NEW_INSTANCES, &config->protect_new_instances);
    take_flag(call, draft, "CapacityRebalance", ASG_GROUP_CAPACITY_REBALANCE,
              &config->capacity_rebalance);
    return take_sizes(call, draft) && take_health_check(call, draft) &&
           take_termination_policies(call, draft) &&
           take_deletion_protection(call, draft) && take_kept(call, draft);
}

void group_draft_order(struct asg_api_call *call, struct group_draft *draft)
{
    asg_kept_sort(&draft->kept);
    draft->config.kept = draft->kept.items;
    draft->config.kept_count = draft->kept.count;
    const struct asg_command command = {
        .kind = draft->is_update ? ASG_COMMAND_GROUP_UPDATE : ASG_COMMAND_GROUP_CREATE,
        .group = draft->config.name,
        .group_config = &draft->config,
        .group_fields = draft->fields,
        .template_version = draft->template_version,
        .limit = draft->is_update ? 0 : asg_api_limits_of(call)->groups,
    };
    asg_api_order(call, &command, NULL);
}
