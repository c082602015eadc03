#include "api/do/group_xml.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/arns.h"
#include "api/kept.h"
#include "api/shapes/shapes.h"
#include "api/words.h"
#include "query/write.h"

#define TEMPLATE      "LaunchTemplate"
#define MIXED         "MixedInstancesPolicy"
#define SPECIFICATION MIXED ".LaunchTemplate.LaunchTemplateSpecification"

/* What a group is rendered from. */
struct group {
    struct asg_api_call *call;
    const struct asg_group_view *view;
    const struct asg_group_config *config;
    struct asg_arena *arena;
    struct asg_writer writer;
};

/* ---- what it launches from ---- */

static const char *kept_of(const struct asg_group_config *config, const char *path)
{
    return asg_kept_find(config->kept, config->kept_count, path);
}

/* The kept template is that of the config: else an order that was not the API's came
 * later, and the config alone is right (group_draft.h). */
static bool is_kept_template(const struct asg_group_config *config, const char *path,
                             const char *version_path)
{
    const char *id = kept_of(config, path);
    const char *version = kept_of(config, version_path);
    return id != NULL && version != NULL && strcmp(id, config->template_id) == 0 &&
           strcmp(version, config->template_version) == 0;
}

static const char *none_if_empty(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static void write_specification(struct group *group, const char *name)
{
    const struct asg_group_config *config = group->config;
    asg_write_begin(&group->writer, name);
    asg_write_text(&group->writer, "LaunchTemplateId",
                   none_if_empty(config->template_id));
    asg_write_text(&group->writer, "LaunchTemplateName",
                   none_if_empty(config->template_name));
    asg_write_text(&group->writer, "Version", none_if_empty(config->template_version));
    asg_write_end(&group->writer);
}

/* A mixed policy that was not given through the API. */
static void write_mixed(struct group *group)
{
    const struct asg_group_config *config = group->config;
    const struct asg_mixed *mixed = config->mixed;
    struct asg_writer *writer = &group->writer;
    static const char *const on_demand[] = {"prioritized", "lowest-price"};
    asg_write_begin(writer, MIXED);
    asg_write_begin(writer, TEMPLATE);
    write_specification(group, "LaunchTemplateSpecification");
    asg_write_begin_list(writer, "Overrides");
    for (size_t i = 0; i < config->instance_types.count; i++) {
        asg_write_begin_item(writer);
        asg_write_text(writer, "InstanceType", config->instance_types.items[i]);
        asg_write_end(writer);
    }
    asg_write_end(writer);
    asg_write_end(writer);
    asg_write_begin(writer, "InstancesDistribution");
    bool is_lowest = strcmp(asg_enum_word(&asg_on_demand_strategy_words,
                                          (int)mixed->on_demand_strategy),
                            on_demand[1]) == 0;
    asg_write_text(writer, "OnDemandAllocationStrategy", on_demand[is_lowest ? 1 : 0]);
    asg_write_number(writer, "OnDemandBaseCapacity", mixed->on_demand_base);
    asg_write_number(writer, "OnDemandPercentageAboveBaseCapacity",
                     mixed->on_demand_percent);
    asg_write_text(writer, "SpotAllocationStrategy",
                   asg_enum_word(&asg_spot_strategy_words, (int)mixed->spot_strategy));
    asg_write_text(writer, "SpotMaxPrice", none_if_empty(mixed->spot_max_price));
    asg_write_end(writer);
    asg_write_end(writer);
}

static void write_launch(struct group *group)
{
    const struct asg_group_config *config = group->config;
    if (none_if_empty(config->launch_configuration) != NULL) {
        asg_write_text(&group->writer, "LaunchConfigurationName",
                       config->launch_configuration);
    } else if (config->mixed != NULL) {
        if (!is_kept_template(config, SPECIFICATION ".LaunchTemplateId",
                              SPECIFICATION ".Version"))
            write_mixed(group);
    } else if (!is_kept_template(config, TEMPLATE ".LaunchTemplateId",
                                 TEMPLATE ".Version")) {
        write_specification(group, TEMPLATE);
    }
}

/* What is kept and still holds. */
static void write_kept(struct group *group)
{
    const struct asg_group_config *config = group->config;
    bool is_by_name = none_if_empty(config->launch_configuration) != NULL;
    struct asg_kept_member *kept =
        asg_arena_take(group->arena, (config->kept_count + 1) * sizeof *kept);
    size_t count = 0;
    for (size_t i = 0; i < config->kept_count; i++) {
        const char *path = config->kept[i].path;
        bool is_template = strncmp(path, TEMPLATE ".", sizeof TEMPLATE) == 0;
        bool is_mixed = strncmp(path, MIXED ".", sizeof MIXED) == 0;
        if (is_template && (is_by_name || config->mixed != NULL)) continue;
        if (is_mixed && (is_by_name || config->mixed == NULL)) continue;
        kept[count++] = config->kept[i];
    }
    asg_kept_write(&group->writer, kept, count, group->arena);
}

/* ---- where ---- */

static bool is_first(const struct asg_group_config *config, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(config->subnets[i].zone, config->subnets[at].zone) == 0) return false;
    }
    return true;
}

static void write_places(struct group *group)
{
    const struct asg_group_config *config = group->config;
    const char **zones =
        asg_arena_take(group->arena, (config->subnet_count + 1) * sizeof *zones);
    size_t count = 0;
    const char *subnets = "";
    for (size_t i = 0; i < config->subnet_count; i++) {
        if (is_first(config, i)) zones[count++] = config->subnets[i].zone;
        const char *id = config->subnets[i].subnet_id;
        if (id[0] == '\0') continue;
        subnets = asg_arena_format(group->arena, "%s%s%s", subnets,
                                   subnets[0] != '\0' ? "," : "", id);
    }
    asg_write_texts(&group->writer, "AvailabilityZones", zones, count);
    asg_write_text(&group->writer, "VPCZoneIdentifier", subnets);
}

/* ---- what it is connected to ---- */

static void write_sources_of(struct group *group, const char *name,
                             enum asg_source_kind kind)
{
    const struct asg_group_config *config = group->config;
    const char **names =
        asg_arena_take(group->arena, (config->source_count + 1) * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < config->source_count; i++) {
        if (config->sources[i].kind == kind)
            names[count++] = config->sources[i].identifier;
    }
    asg_write_texts(&group->writer, name, names, count);
}

static void write_sources(struct group *group)
{
    const struct asg_group_config *config = group->config;
    write_sources_of(group, "LoadBalancerNames", ASG_SOURCE_LOAD_BALANCER);
    write_sources_of(group, "TargetGroupARNs", ASG_SOURCE_TARGET_GROUP);
    asg_write_begin_list(&group->writer, "TrafficSources");
    for (size_t i = 0; i < config->source_count; i++) {
        asg_write_begin_item(&group->writer);
        asg_write_text(&group->writer, "Identifier", config->sources[i].identifier);
        asg_write_text(
            &group->writer, "Type",
            asg_enum_word(&asg_source_kind_words, (int)config->sources[i].kind));
        asg_write_end(&group->writer);
    }
    asg_write_end(&group->writer);
}

/* ---- tags, processes, metrics, policies ---- */

static int compare_tags(const void *a, const void *b)
{
    const struct asg_tag *left = a;
    const struct asg_tag *right = b;
    return strcmp(left->key, right->key);
}

/* By key, as AWS has them: Ansible holds its own sorted tags against them. */
static void write_tags(struct group *group)
{
    const struct asg_group_config *config = group->config;
    struct asg_tag *tags =
        asg_arena_take(group->arena, (config->tag_count + 1) * sizeof *tags);
    for (size_t i = 0; i < config->tag_count; i++)
        tags[i] = config->tags[i];
    qsort(tags, config->tag_count, sizeof *tags, compare_tags);
    asg_write_begin_list(&group->writer, "Tags");
    for (size_t i = 0; i < config->tag_count; i++) {
        asg_write_begin_item(&group->writer);
        asg_write_text(&group->writer, "ResourceId", config->name);
        asg_write_text(&group->writer, "ResourceType", "auto-scaling-group");
        asg_write_text(&group->writer, "Key", tags[i].key);
        asg_write_text(&group->writer, "Value", tags[i].value);
        asg_write_flag(&group->writer, "PropagateAtLaunch", !tags[i].stays);
        asg_write_end(&group->writer);
    }
    asg_write_end(&group->writer);
}

/* "User suspended at 2026-01-02T03:04:05Z", or our own reason. */
static const char *reason_of(struct group *group, const struct asg_suspension_view *s)
{
    if (s->reason != NULL && s->reason[0] != '\0') return s->reason;
    if (s->since_ms == 0) return "User suspended";
    time_t at = (time_t)(s->since_ms / 1000);
    struct tm utc;
    char text[32];
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &utc));
    return asg_arena_format(group->arena, "User suspended at %s", text);
}

static void write_processes(struct group *group)
{
    asg_write_begin_list(&group->writer, "SuspendedProcesses");
    for (size_t i = 0; i < group->view->suspension_count; i++) {
        const struct asg_suspension_view *suspension = &group->view->suspensions[i];
        asg_write_begin_item(&group->writer);
        asg_write_text(&group->writer, "ProcessName",
                       asg_api_word(&asg_api_process_words, suspension->process));
        asg_write_text(&group->writer, "SuspensionReason", reason_of(group, suspension));
        asg_write_end(&group->writer);
    }
    asg_write_end(&group->writer);
}

static void write_metrics(struct group *group)
{
    asg_write_begin_list(&group->writer, "EnabledMetrics");
    for (size_t i = 0; i < asg_collected_metric_words.count; i++) {
        if ((group->config->collected_metrics >> i & 1) == 0) continue;
        asg_write_begin_item(&group->writer);
        asg_write_text(&group->writer, "Metric", asg_collected_metric_words.words[i]);
        asg_write_text(&group->writer, "Granularity", "1Minute");
        asg_write_end(&group->writer);
    }
    asg_write_end(&group->writer);
}

static void write_termination_policies(struct group *group)
{
    const struct asg_texts *policies = &group->config->termination_policies;
    const char **words =
        asg_arena_take(group->arena, (policies->count + 1) * sizeof *words);
    size_t count = 0;
    for (size_t i = 0; i < policies->count; i++) {
        int value = asg_enum_value(&asg_termination_policy_words, policies->items[i]);
        const char *word =
            value >= 0 ? asg_api_word(&asg_api_termination_policy_words, (size_t)value)
                       : NULL;
        words[count++] = word != NULL ? word : policies->items[i];
    }
    if (count == 0) words[count++] = "Default";
    asg_write_texts(&group->writer, "TerminationPolicies", words, count);
}

/* ---- the group ---- */

static int64_t seconds(int64_t ms)
{
    return ms / 1000;
}

static void write_basics(struct group *group)
{
    const struct asg_group_config *config = group->config;
    struct asg_writer *writer = &group->writer;
    asg_write_text(writer, "AutoScalingGroupName", config->name);
    if (config->uuid != NULL && config->uuid[0] != '\0') {
        asg_write_text(writer, "AutoScalingGroupARN",
                       asg_api_group_arn(group->call, config->uuid, config->name));
    }
    asg_write_number(writer, "MinSize", config->min);
    asg_write_number(writer, "MaxSize", config->max);
    asg_write_number(writer, "DesiredCapacity", config->desired);
    asg_write_number(writer, "DefaultCooldown", seconds(config->cooldown_ms));
    if (config->warmup_ms >= 0) {
        asg_write_number(writer, "DefaultInstanceWarmup", seconds(config->warmup_ms));
    }
    const char *checks = kept_of(config, "HealthCheckType");
    asg_write_text(writer, "HealthCheckType",
                   none_if_empty(checks) != NULL ? checks : "EC2");
    asg_write_number(writer, "HealthCheckGracePeriod", seconds(config->health_grace_ms));
    asg_write_time(writer, "CreatedTime", group->view->created_ms);
    if (group->view->is_deleting) {
        asg_write_text(writer, "Status", "Delete in progress");
    }
    asg_write_flag(writer, "NewInstancesProtectedFromScaleIn",
                   config->protect_new_instances);
    if (config->capacity_rebalance || kept_of(config, "CapacityRebalance") != NULL) {
        asg_write_flag(writer, "CapacityRebalance", config->capacity_rebalance);
    }
    if (config->deletion_protection != 0 ||
        kept_of(config, "DeletionProtection") != NULL) {
        asg_write_text(writer, "DeletionProtection",
                       asg_enum_word(&asg_deletion_protection_words,
                                     (int)config->deletion_protection));
    }
    const char *role = kept_of(config, "ServiceLinkedRoleARN");
    asg_write_text(
        writer, "ServiceLinkedRoleARN",
        none_if_empty(role) != NULL
            ? role
            : asg_arena_format(group->arena,
                               "arn:aws:iam::%s:role/aws-service-role/"
                               "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
                               group->call->account_id));
}

const struct asg_rendered *asg_group_xml_sheet(struct asg_api_call *call,
                                               const struct asg_page *page)
{
    const struct asg_sheet *sheet = page->sheet;
    const struct asg_rendered *rendered = asg_slot_read(sheet->slot);
    if (rendered != NULL) return rendered;
    struct asg_bytes bytes = {0};
    struct asg_arena arena = {0};
    struct asg_xml_out xml = {.out = &bytes};
    struct group group = {.call = call,
                          .view = &sheet->content.group,
                          .config = sheet->content.group.config,
                          .arena = &arena};
    asg_xml_out_begin(&xml, "member");
    asg_write_init(&group.writer, &xml, &asg_shape_auto_scaling_group);
    write_basics(&group);
    write_launch(&group);
    write_places(&group);
    size_t split = bytes.length;
    write_sources(&group);
    write_tags(&group);
    write_processes(&group);
    write_metrics(&group);
    write_termination_policies(&group);
    write_kept(&group);
    asg_write_finish(&group.writer);
    asg_xml_out_end(&xml, "member");
    rendered = asg_slot_fill(sheet->slot, bytes.data, bytes.length, split);
    asg_bytes_clear(&bytes);
    asg_arena_clear(&arena);
    return rendered;
}

/* ---- instances ---- */

bool asg_group_xml_is_warmed(const struct asg_instance_view *row)
{
    return strncmp(row->lifecycle, "Warmed:", 7) == 0;
}

bool asg_group_xml_is_member(const struct asg_instance_view *row)
{
    bool is_over = strcmp(row->lifecycle, "Terminated") == 0 ||
                   strcmp(row->lifecycle, "Detached") == 0;
    return row->instance_id[0] != '\0' && !is_over && !asg_group_xml_is_warmed(row);
}

/* The name of the group's template, when the instance came from it. */
static const char *template_name(const struct asg_group_config *config,
                                 const struct asg_instance_view *row)
{
    const char *path = config->mixed != NULL ? SPECIFICATION : TEMPLATE;
    for (size_t i = 0; i < config->kept_count; i++) {
        size_t length = strlen(path);
        const struct asg_kept_member *kept = &config->kept[i];
        if (strncmp(kept->path, path, length) != 0) continue;
        if (strcmp(kept->path + length, ".LaunchTemplateId") == 0 &&
            strcmp(kept->value, row->template_id) != 0) {
            return NULL;
        }
        if (strcmp(kept->path + length, ".LaunchTemplateName") == 0) return kept->value;
    }
    bool is_only = config->template_id[0] == '\0' ||
                   strcmp(config->template_id, row->template_id) == 0;
    return is_only ? none_if_empty(config->template_name) : NULL;
}

static void write_origin(struct asg_writer *writer, const struct asg_page *page,
                         const struct asg_instance_view *row)
{
    if (none_if_empty(row->launch_configuration) != NULL) {
        asg_write_text(writer, "LaunchConfigurationName", row->launch_configuration);
        return;
    }
    if (row->template_id[0] == '\0') return;
    asg_write_begin(writer, TEMPLATE);
    asg_write_text(writer, "LaunchTemplateId", row->template_id);
    asg_write_text(writer, "LaunchTemplateName",
                   template_name(page->sheet->content.group.config, row));
    asg_write_text(writer, "Version", row->template_version);
    asg_write_end(writer);
}

void asg_group_xml_instance(struct asg_writer *writer, const struct asg_page *page,
                            const struct asg_instance_view *row, bool is_detail)
{
    asg_write_text(writer, "InstanceId", row->instance_id);
    if (is_detail) asg_write_text(writer, "AutoScalingGroupName", asg_page_name(page));
    asg_write_text(writer, "InstanceType", none_if_empty(row->instance_type));
    asg_write_text(writer, "AvailabilityZone", row->zone);
    asg_write_text(writer, "LifecycleState", row->lifecycle);
    /* As the service writes them, here and there. */
    const char *healthy = is_detail ? "HEALTHY" : "Healthy";
    const char *unhealthy = is_detail ? "UNHEALTHY" : "Unhealthy";
    asg_write_text(writer, "HealthStatus", row->is_healthy ? healthy : unhealthy);
    asg_write_flag(writer, "ProtectedFromScaleIn", row->is_protected);
    write_origin(writer, page, row);
}

const struct asg_rendered *asg_group_xml_leaf(const struct asg_page *page,
                                              const struct asg_leaf *leaf)
{
    const struct asg_rendered *rendered = asg_slot_read(leaf->slot);
    if (rendered != NULL) return rendered;
    struct asg_bytes bytes = {0};
    struct asg_xml_out xml = {.out = &bytes};
    for (size_t i = 0; i < leaf->content.count; i++) {
        const struct asg_instance_view *row = &leaf->content.items[i];
        if (!asg_group_xml_is_member(row)) continue;
        struct asg_writer writer;
        asg_xml_out_begin(&xml, "member");
        asg_write_init(&writer, &xml, &asg_shape_instance);
        asg_group_xml_instance(&writer, page, row, /* is_detail */ false);
        asg_write_finish(&writer);
        asg_xml_out_end(&xml, "member");
    }
    rendered = asg_slot_fill(leaf->slot, bytes.data, bytes.length, 0);
    asg_bytes_clear(&bytes);
    return rendered;
}
