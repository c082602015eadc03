/* group_launch - what a group launches from, as the API says it. */
#include <stdio.h>
#include <string.h>

#include "api/do/group_draft.h"
#include "model/defaults.h"
#include "model/schemas.h"

#define SPECIFICATION "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification"

static void drop_kept(struct group_draft *draft, const char *member)
{
    if (!draft->is_update) return;
    group_draft_mean(draft, ASG_GROUP_KEPT);
    asg_kept_add(&draft->kept, member, "");
}

/* By id or by name. */
static bool take_template(struct asg_api_call *call, struct group_draft *draft,
                          const struct asg_query_value *specification, const char *path)
{
    bool has_id = asg_value_find(specification, "LaunchTemplateId") != NULL;
    bool has_name = asg_value_find(specification, "LaunchTemplateName") != NULL;
    if (has_id == has_name) {
        asg_api_invalid(call, "Valid requests must contain either launchTemplateId or "
                              "LaunchTemplateName");
        return false;
    }
    draft->template = specification;
    draft->template_path = path;
    draft->config.template_version = asg_value_text(specification, "Version", "$Default");
    group_draft_mean(draft, ASG_GROUP_TEMPLATE);
    return true;
}

bool group_draft_found_template(struct asg_api_call *call, struct group_draft *draft,
                                const struct asg_told *told)
{
    if (told->outcome != ASG_TOLD_FOUND) {
        asg_api_invalid(call, "You must use a valid fully-formed launch template. %s",
                        told->message);
        return false;
    }
    struct asg_arena *arena = &call->arena;
    const struct asg_told_template *template = told->template;
    draft->config.template_id = asg_arena_text(arena, template->template_id);
    draft->config.template_name = "";
    const struct {
        const char *member;
        const char *value;
    } parts[] = {
        {"LaunchTemplateId", draft->config.template_id},
        {"LaunchTemplateName", asg_arena_text(arena, template->template_name)},
        {"Version", draft->config.template_version},
    };
    group_draft_mean(draft, ASG_GROUP_KEPT);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        asg_kept_add(
            &draft->kept,
            asg_arena_format(arena, "%s.%s", draft->template_path, parts[i].member),
            parts[i].value);
    }
    return true;
}

/* ---- a mixed instances policy ---- */

static bool take_override(struct asg_api_call *call, struct group_draft *draft,
                          const struct asg_query_value *override, size_t number)
{
    static const char *const not_yet[] = {"WeightedCapacity", "InstanceRequirements",
                                          "LaunchTemplateSpecification"};
    for (size_t i = 0; i < sizeof not_yet / sizeof not_yet[0]; i++) {
        if (asg_value_find(override, not_yet[i]) == NULL) continue;
        return group_draft_not_yet(
            call,
            asg_arena_format(&call->arena, "MixedInstancesPolicy: %s of an override",
                             not_yet[i]));
    }
    const char *type = asg_value_text(override, "InstanceType", NULL);
    if (type == NULL) {
        asg_api_invalid(call, "MixedInstancesPolicy: override %zu names no InstanceType",
                        number);
        return false;
    }
    const char *image = asg_value_text(override, "ImageId", NULL);
    const char *path = asg_arena_format(
        &call->arena, "MixedInstancesPolicy.LaunchTemplate.Overrides.member.%zu", number);
    asg_kept_add(&draft->kept, asg_arena_format(&call->arena, "%s.InstanceType", path),
                 type);
    if (image != NULL) {
        asg_kept_add(&draft->kept, asg_arena_format(&call->arena, "%s.ImageId", path),
                     image);
    }
    draft->config.instance_types.items[number - 1] = type;
    return true;
}

static bool take_overrides(struct asg_api_call *call, struct group_draft *draft,
                           const struct asg_query_value *template)
{
    size_t count = 0;
    const struct asg_query_value *overrides =
        asg_value_items(template, "Overrides", &count);
    if (count > ASG_MIXED_TYPES_MAX) {
        asg_api_invalid(call,
                        "MixedInstancesPolicy: %zu overrides are above the limit "
                        "of %d",
                        count, ASG_MIXED_TYPES_MAX);
        return false;
    }
    draft->config.instance_types.items =
        asg_arena_take(&call->arena, (count + 1) * sizeof(const char *));
    draft->config.instance_types.count = count;
    for (size_t i = 0; i < count; i++) {
        if (!take_override(call, draft, &overrides[i], i + 1)) return false;
    }
    if (count == 0) {
        asg_kept_add(&draft->kept, "MixedInstancesPolicy.LaunchTemplate.Overrides", "");
    }
    return true;
}

static void keep_distribution(struct asg_api_call *call, struct group_draft *draft,
                              const char *member, const char *value)
{
    asg_kept_add(&draft->kept,
                 asg_arena_format(&call->arena,
                                  "MixedInstancesPolicy.InstancesDistribution.%s",
                                  member),
                 value);
}

/* What was not said is AWS's default, and shown as such. */
static bool take_distribution(struct asg_api_call *call, struct group_draft *draft,
                              const struct asg_query_value *policy)
{
    static const struct asg_query_value none = {.text = ""};
    const struct asg_query_value *given = asg_value_find(policy, "InstancesDistribution");
    if (given == NULL) given = &none;
    if (asg_value_find(given, "DistributionSegments") != NULL) {
        return group_draft_not_yet(call, "MixedInstancesPolicy: DistributionSegments");
    }
    struct asg_mixed *mixed = &draft->mixed;
    const char *on_demand =
        asg_value_text(given, "OnDemandAllocationStrategy", "prioritized");
    const char *spot = asg_value_text(given, "SpotAllocationStrategy", "lowest-price");
    const char *base = asg_value_text(given, "OnDemandBaseCapacity", "0");
    const char *percent =
        asg_value_text(given, "OnDemandPercentageAboveBaseCapacity", "100");
    asg_model_set_defaults(&asg_mixed_schema, mixed);
    /* The shape's words and ranges are the model's. */
    mixed->on_demand_strategy = (enum asg_on_demand_strategy)asg_enum_value(
        &asg_on_demand_strategy_words, on_demand);
    mixed->spot_strategy =
        (enum asg_spot_strategy)asg_enum_value(&asg_spot_strategy_words, spot);
    mixed->on_demand_base = (uint32_t)asg_value_number(given, "OnDemandBaseCapacity", 0);
    mixed->on_demand_percent =
        (uint32_t)asg_value_number(given, "OnDemandPercentageAboveBaseCapacity", 100);
    mixed->spot_pools = (uint32_t)asg_value_number(given, "SpotInstancePools", 2);
    mixed->spot_max_price = asg_value_text(given, "SpotMaxPrice", "");
    draft->config.mixed = mixed;

    keep_distribution(call, draft, "OnDemandAllocationStrategy", on_demand);
    keep_distribution(call, draft, "OnDemandBaseCapacity", base);
    keep_distribution(call, draft, "OnDemandPercentageAboveBaseCapacity", percent);
    keep_distribution(call, draft, "SpotAllocationStrategy", spot);
    if (mixed->spot_strategy == ASG_SPOT_LOWEST_PRICE) {
        keep_distribution(call, draft, "SpotInstancePools",
                          asg_value_text(given, "SpotInstancePools", "2"));
    }
    if (mixed->spot_max_price[0] != '\0') {
        keep_distribution(call, draft, "SpotMaxPrice", mixed->spot_max_price);
    }
    return true;
}

static bool take_mixed(struct asg_api_call *call, struct group_draft *draft,
                       const struct asg_query_value *policy)
{
    const struct asg_query_value *template = asg_value_find(policy, "LaunchTemplate");
    const struct asg_query_value *specification =
        template != NULL ? asg_value_find(template, "LaunchTemplateSpecification") : NULL;
    if (specification == NULL) {
        asg_api_invalid(call, "MixedInstancesPolicy: a LaunchTemplate with a "
                              "LaunchTemplateSpecification is required");
        return false;
    }
    group_draft_mean(draft, ASG_GROUP_KEPT);
    return take_template(call, draft, specification, SPECIFICATION) &&
           take_overrides(call, draft, template) &&
           take_distribution(call, draft, policy);
}

bool group_draft_take_launch(struct asg_api_call *call, struct group_draft *draft)
{
    const struct asg_query_value *template =
        asg_value_find(&call->input, "LaunchTemplate");
    const struct asg_query_value *policy =
        asg_value_find(&call->input, "MixedInstancesPolicy");
    const char *configuration =
        asg_value_text(&call->input, "LaunchConfigurationName", NULL);
    bool has_instance = asg_value_find(&call->input, "InstanceId") != NULL;
    int count = (template != NULL) + (policy != NULL) + (configuration != NULL) +
                (has_instance ? 1 : 0);
    if (count == 0 && draft->is_update) return true;
    if (count != 1) {
        asg_api_invalid(call, "Valid requests must contain either LaunchTemplate, "
                              "LaunchConfigurationName, InstanceId or "
                              "MixedInstancesPolicy parameter");
        return false;
    }
    if (has_instance) return group_draft_not_yet(call, "InstanceId");
    /* One takes the place of the others. */
    group_draft_mean(draft, ASG_GROUP_TEMPLATE);
    group_draft_mean(draft, ASG_GROUP_INSTANCE_TYPES);
    group_draft_mean(draft, ASG_GROUP_MIXED);
    if (template == NULL) drop_kept(draft, "LaunchTemplate");
    if (policy == NULL) drop_kept(draft, "MixedInstancesPolicy");
    if (policy != NULL) return take_mixed(call, draft, policy);
    if (template != NULL) return take_template(call, draft, template, "LaunchTemplate");
    draft->config.launch_configuration = configuration;
    return true;
}
