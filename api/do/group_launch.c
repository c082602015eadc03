/* group_launch - what a group launches from, as the API says it. */
#include <string.h>

#include "api/do/group_draft.h"
#include "api/shapes/shapes.h"
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
    draft->template_version = template->version;
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

/* ---- an update of a part of one ---- */

/* What an update says takes the place of what there was: the template and the overrides
 * as a whole, the distribution member by member. */
static bool is_replaced(const char *path, const struct asg_form_pair *said, size_t count)
{
    static const char *const wholes[] = {"LaunchTemplate.LaunchTemplateSpecification",
                                         "LaunchTemplate.Overrides"};
    for (size_t i = 0; i < count; i++) {
        if (strcmp(said[i].name, path) == 0) return true;
        for (size_t k = 0; k < sizeof wholes / sizeof wholes[0]; k++) {
            size_t length = strlen(wholes[k]);
            if (strncmp(said[i].name, wholes[k], length) == 0 &&
                strncmp(path, wholes[k], length) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* The policy that is there, below its name; without the name of its template, which the
 * id says as well. */
static void add_before(struct asg_api_call *call, struct asg_form *form, size_t said)
{
    static const char head[] = "MixedInstancesPolicy.";
    const struct asg_root *root = NULL;
    const struct asg_group_config *before = group_draft_before(call, &root);
    size_t count = before != NULL ? before->kept_count : 0;
    struct asg_form_pair *pairs =
        asg_arena_take(&call->arena, (said + count + 1) * sizeof *pairs);
    if (said > 0) memcpy(pairs, form->pairs, said * sizeof *pairs);
    form->pairs = pairs;
    for (size_t i = 0; i < count; i++) {
        const char *path = before->kept[i].path;
        if (strncmp(path, head, strlen(head)) != 0) continue;
        path += strlen(head);
        if (is_replaced(path, pairs, said) ||
            strstr(path, "LaunchTemplateName") != NULL) {
            continue;
        }
        pairs[form->count++] = (struct asg_form_pair){
            .name = asg_arena_text(&call->arena, path),
            .value = asg_arena_text(&call->arena, before->kept[i].value)};
    }
    asg_view_drop(&root);
}

/* The policy as it is to be, read as if the client had said it whole. */
static bool merge_policy(struct asg_api_call *call, struct asg_query_value *policy)
{
    static const struct asg_query_style style = {.names_all = true};
    struct asg_form form = {.pairs = NULL};
    form.count = asg_value_pairs(policy, &call->arena, &form.pairs);
    add_before(call, &form, form.count);
    asg_form_sort(&form);
    struct asg_query_fault fault;
    if (asg_query_read(&form, &asg_shape_mixed_instances_policy, &style, NULL,
                       &call->arena, policy, &fault) == ASG_OK) {
        return true;
    }
    char text[ASG_QUERY_MESSAGE_MAX];
    asg_query_fault_message(&fault, ASG_QUERY_WORDS_AWS, text, sizeof text);
    asg_api_invalid(call, "MixedInstancesPolicy: %s", text);
    return false;
}

static bool take_mixed(struct asg_api_call *call, struct group_draft *draft,
                       const struct asg_query_value *said)
{
    struct asg_query_value *policy = asg_arena_take(&call->arena, sizeof *policy);
    *policy = *said;
    if (draft->is_update && !merge_policy(call, policy)) return false;
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
    if (has_instance) {
        /* As AWS does it: a launch configuration of the group's name is made of it. */
        draft->instance_id = asg_value_text(&call->input, "InstanceId", "");
        draft->config.launch_configuration = draft->config.name;
        return true;
    }
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
