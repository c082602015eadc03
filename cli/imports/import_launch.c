/* import_launch - what a group of AWS launches from, and where. */
#include <string.h>

#include "base/bytes.h"
#include "cli/imports/import_parts.h"
#include "model/defaults.h"
#include "model/schemas.h"

static void take_specification(struct asg_importing *importing,
                               const struct asg_answer_node *node)
{
    struct asg_group_config *group = &importing->ret->group;
    const char *name = asg_answer_text(node, "LaunchTemplateName");
    const char *version = asg_answer_text(node, "Version");
    group->template_name = name;
    group->template_id = name[0] == '\0' ? asg_answer_text(node, "LaunchTemplateId") : "";
    if (version[0] != '\0') group->template_version = version;
}

void asg_import_template(struct asg_importing *importing,
                         const struct asg_answer_node *node)
{
    take_specification(importing, node);
}

/* ---- mixed ---- */

static void take_override(struct asg_importing *importing,
                          const struct asg_answer_node *override)
{
    struct asg_texts *types = &importing->ret->group.instance_types;
    const char *type = asg_answer_text(override, "InstanceType");
    if (type[0] != '\0') {
        types->items[types->count++] = type;
    }
    for (const struct asg_answer_node *part = override->first; part != NULL;
         part = part->next) {
        if (strcmp(part->name, "InstanceType") == 0) continue;
        const char *todo = "List the instance types that you want by name.";
        if (strcmp(part->name, "WeightedCapacity") == 0) {
            todo = "openasg counts instances, each as one: set min, max and desired in "
                   "instances.";
        } else if (strcmp(part->name, "InstanceRequirements") != 0) {
            todo = "All types of a group launch from its one template: make a group of "
                   "its own for this type.";
        }
        asg_import_note(importing, todo, "The override of %s has %s (%s).",
                        type[0] != '\0' ? type : "instance requirements", part->name,
                        asg_import_show(importing, part));
    }
}

static void take_strategies(struct asg_importing *importing,
                            const struct asg_answer_node *node, struct asg_mixed *mixed)
{
    const char *on_demand = asg_answer_text(node, "OnDemandAllocationStrategy");
    const char *spot = asg_answer_text(node, "SpotAllocationStrategy");
    int value = asg_enum_value(&asg_on_demand_strategy_words, on_demand);
    if (value >= 0) {
        mixed->on_demand_strategy = (enum asg_on_demand_strategy)value;
    } else if (on_demand[0] != '\0') {
        asg_import_note(importing, "The file says prioritized: change it if need be.",
                        "The on-demand allocation strategy %s is not in openasg.",
                        on_demand);
    }
    value = asg_enum_value(&asg_spot_strategy_words, spot);
    if (value >= 0) {
        mixed->spot_strategy = (enum asg_spot_strategy)value;
    } else if (spot[0] != '\0') {
        asg_import_note(importing, "The file says lowest-price: change it if need be.",
                        "The Spot allocation strategy %s is not in openasg.", spot);
    }
}

void asg_import_mixed(struct asg_importing *importing, const struct asg_answer_node *node)
{
    struct asg_group_config *group = &importing->ret->group;
    const struct asg_answer_node *launch = asg_answer_child(node, "LaunchTemplate");
    const struct asg_answer_node *overrides = asg_answer_child(launch, "Overrides");
    take_specification(importing,
                       asg_answer_child(launch, "LaunchTemplateSpecification"));
    size_t count = overrides != NULL ? overrides->count : 0;
    group->instance_types.items = asg_arena_take(
        importing->arena, (count + 1) * sizeof *group->instance_types.items);
    for (const struct asg_answer_node *item = count > 0 ? overrides->first : NULL;
         item != NULL; item = item->next) {
        take_override(importing, item);
    }
    struct asg_mixed *mixed = asg_arena_take(importing->arena, sizeof *mixed);
    asg_model_set_defaults(&asg_mixed_schema, mixed);
    const struct asg_answer_node *how = asg_answer_child(node, "InstancesDistribution");
    asg_import_size(how, "OnDemandBaseCapacity", &mixed->on_demand_base);
    asg_import_size(how, "OnDemandPercentageAboveBaseCapacity",
                    &mixed->on_demand_percent);
    asg_import_size(how, "SpotInstancePools", &mixed->spot_pools);
    mixed->spot_max_price = asg_answer_text(how, "SpotMaxPrice");
    take_strategies(importing, how, mixed);
    group->mixed = mixed;
}

/* ---- launch configurations ---- */

/* An option of `openasg template create` for what a launch configuration says. */
static const struct {
    const char *name;
    const char *option;
} template_options[] = {
    {"ImageId", "--image"},
    {"InstanceType", "--instance-type"},
    {"KeyName", "--key-name"},
    {"IamInstanceProfile", "--instance-profile"},
};

static void append_options(struct asg_importing *importing,
                           const struct asg_answer_node *found, struct asg_bytes *command)
{
    for (size_t i = 0; i < sizeof template_options / sizeof template_options[0]; i++) {
        const char *value = asg_answer_text(found, template_options[i].name);
        if (value[0] == '\0') continue;
        asg_bytes_printf(command, " %s %s", template_options[i].option,
                         asg_import_shell(importing, value));
    }
    const struct asg_answer_node *groups = asg_answer_child(found, "SecurityGroups");
    for (const struct asg_answer_node *item = groups != NULL ? groups->first : NULL;
         item != NULL; item = item->next) {
        asg_bytes_printf(command, "%s%s",
                         item == groups->first ? " --security-groups " : ",",
                         asg_import_shell(importing, item->text));
    }
    if (asg_answer_text(found, "UserData")[0] != '\0') {
        asg_bytes_append_text(command, " --user-data-file FILE");
    }
}

/* What the command above does not say. */
static void note_rest(struct asg_importing *importing,
                      const struct asg_answer_node *found)
{
    static const char *const said[] = {"LaunchConfigurationName",
                                       "LaunchConfigurationARN",
                                       "CreatedTime",
                                       "ImageId",
                                       "InstanceType",
                                       "KeyName",
                                       "IamInstanceProfile",
                                       "SecurityGroups",
                                       "UserData"};
    for (const struct asg_answer_node *part = found->first; part != NULL;
         part = part->next) {
        bool is_said = part->first == NULL &&
                       (part->text[0] == '\0' || strcmp(part->text, "false") == 0);
        for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
            is_said = is_said || strcmp(part->name, said[i]) == 0;
        }
        if (is_said) continue;
        asg_import_note(importing,
                        "Add it to that command with --set or --file, by the name that "
                        "EC2's LaunchTemplateData has for it.",
                        "The launch configuration has %s (%s).", part->name,
                        asg_import_show(importing, part));
    }
    if (asg_answer_text(found, "UserData")[0] == '\0') return;
    asg_import_note(
        importing,
        asg_arena_format(
            importing->arena,
            "It may hold secrets, so it is not copied here. Save it to FILE: "
            "aws autoscaling describe-launch-configurations "
            "--launch-configuration-names %s --output text --query "
            "'LaunchConfigurations[0].UserData' | base64 -d > FILE",
            asg_import_shell(importing,
                             asg_answer_text(found, "LaunchConfigurationName"))),
        "The launch configuration has user data.");
}

/* A file cannot make one: the group launches from a template of the same name, and a note
 * has the command that makes it. */
void asg_import_launch_configuration(struct asg_importing *importing,
                                     const struct asg_answer_node *node)
{
    const struct asg_answer_list *list = &importing->answers->launch_configurations;
    const struct asg_answer_node *found = NULL;
    for (size_t i = 0; i < list->count && found == NULL; i++) {
        const char *name = asg_answer_text(list->items[i], "LaunchConfigurationName");
        if (strcmp(name, node->text) == 0) found = list->items[i];
    }
    importing->ret->group.template_name = node->text;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes command = {0};
    asg_bytes_printf(&command,
                     "Before `openasg apply`, make a launch template of it: "
                     "openasg template create %s",
                     asg_import_shell(importing, node->text));
    if (found != NULL) {
        append_options(importing, found, &command);
    } else {
        asg_bytes_append_text(&command, " --image AMI --instance-type TYPE");
    }
    asg_import_note(importing, asg_arena_text(importing->arena, asg_bytes_text(&command)),
                    "The group launches from the launch configuration %s%s%s.",
                    node->text, found == NULL ? ", which could not be read: " : "",
                    found != NULL           ? ""
                    : list->refusal != NULL ? list->refusal
                                            : "AWS does not know it");
    if (found != NULL) note_rest(importing, found);
}

/* ---- places ---- */

static const char *zone_of(const struct asg_import_answers *answers,
                           const char *subnet_id)
{
    for (size_t i = 0; i < answers->subnet_count; i++) {
        if (strcmp(answers->subnets[i].subnet_id, subnet_id) == 0) {
            return answers->subnets[i].zone;
        }
    }
    return "";
}

static void add_subnet(struct asg_importing *importing, const char *subnet_id,
                       const char *zone)
{
    struct asg_group_config *group = &importing->ret->group;
    if (zone[0] == '\0') {
        asg_import_note(importing,
                        "Write its zone into the file, or allow ec2:DescribeSubnets and "
                        "import again.",
                        "The zone of %s is not known%s%s.", subnet_id,
                        importing->answers->subnets_refusal != NULL ? ": " : "",
                        importing->answers->subnets_refusal != NULL
                            ? importing->answers->subnets_refusal
                            : "");
    }
    group->subnets[group->subnet_count++] =
        (struct asg_subnet){.subnet_id = subnet_id, .zone = zone};
}

void asg_import_places(struct asg_importing *importing)
{
    struct asg_group_config *group = &importing->ret->group;
    const struct asg_answer_node *zones =
        asg_answer_child(importing->group, "AvailabilityZones");
    const char *ids = asg_answer_text(importing->group, "VPCZoneIdentifier");
    size_t zone_count = zones != NULL ? zones->count : 0;
    size_t room = zone_count + 1;
    for (const char *at = ids; *at != '\0'; at++)
        room += *at == ',';
    group->subnets = asg_arena_take(importing->arena, room * sizeof *group->subnets);
    const char *only = zone_count == 1 ? zones->first->text : "";
    for (const char *at = ids; *at != '\0';) {
        at += strspn(at, ", ");
        size_t length = strcspn(at, ", ");
        if (length == 0) break;
        const char *id = asg_arena_text_n(importing->arena, at, length);
        const char *zone = zone_of(importing->answers, id);
        add_subnet(importing, id, zone[0] != '\0' ? zone : only);
        at += length;
    }
    if (group->subnet_count > 0) return;
    for (const struct asg_answer_node *zone = zone_count > 0 ? zones->first : NULL;
         zone != NULL; zone = zone->next) {
        group->subnets[group->subnet_count++] =
            (struct asg_subnet){.subnet_id = "", .zone = zone->text};
    }
}
