/* policies - PutScalingPolicy, DeletePolicy and ExecutePolicy. */
#include <math.h>
#include <string.h>

#include "api/arns.h"
#include "api/do/do.h"
#include "api/do/policy_answers.h"
#include "api/kept.h"
#include "api/words.h"
#include "model/defaults.h"
#include "model/presets.h"
#include "model/schemas.h"

#define SECOND         INT64_C(1000)
#define MILLI_MAX      1e12 /* of a metric's value, in its own unit */
#define MINUTE_SECONDS 60

/* ---- what the request says ---- */

static bool not_with(struct asg_api_call *call, const char *type,
                     const char *const *members)
{
    for (; *members != NULL; members++) {
        if (asg_value_find(&call->input, *members) == NULL) continue;
        asg_api_invalid(call, "%s is not a valid parameter for policy type %s", *members,
                        type);
        return false;
    }
    return true;
}

static bool needs(struct asg_api_call *call, const char *type, const char *member)
{
    if (asg_value_find(&call->input, member) != NULL) return true;
    asg_api_invalid(call, "%s must be specified for policy type %s", member, type);
    return false;
}

static bool read_milli(struct asg_api_call *call, const char *member, double value,
                       int64_t *ret)
{
    if (fabs(value) > MILLI_MAX) {
        asg_api_invalid(call, "%s: %g is beyond the range of openasg", member, value);
        return false;
    }
    *ret = llround(value * 1000);
    return true;
}

static int64_t read_seconds(const struct asg_api_call *call, const char *member)
{
    int64_t seconds = asg_value_number(&call->input, member, ASG_UNSET);
    return seconds == ASG_UNSET ? ASG_UNSET : seconds * SECOND;
}

static bool take_adjustment(struct asg_api_call *call, struct asg_policy_config *config,
                            const char *type)
{
    if (!needs(call, type, "AdjustmentType")) return false;
    /* The shape's words are those of the table. */
    const char *word = asg_value_text(&call->input, "AdjustmentType", "");
    config->adjustment_type =
        (enum asg_adjustment)asg_api_value(&asg_api_adjustment_words, word);
    int64_t magnitude =
        asg_value_number(&call->input, "MinAdjustmentMagnitude",
                         asg_value_number(&call->input, "MinAdjustmentStep", 0));
    if (magnitude < 0 ||
        (magnitude > 0 && config->adjustment_type != ASG_ADJUSTMENT_PERCENT)) {
        asg_api_invalid(call, "MinAdjustmentMagnitude is only valid with the "
                              "AdjustmentType PercentChangeInCapacity, and above 0");
        return false;
    }
    config->min_magnitude = (uint32_t)magnitude;
    return true;
}

static bool take_simple(struct asg_api_call *call, struct asg_policy_config *config)
{
    static const char *const foreign[] = {"StepAdjustments",
                                          "MetricAggregationType",
                                          "EstimatedInstanceWarmup",
                                          "TargetTrackingConfiguration",
                                          "PredictiveScalingConfiguration",
                                          NULL};
    config->kind = ASG_POLICY_SIMPLE;
    config->adjustment = asg_value_number(&call->input, "ScalingAdjustment", 0);
    config->cooldown_ms = read_seconds(call, "Cooldown");
    return not_with(call, "SimpleScaling", foreign) &&
           needs(call, "SimpleScaling", "ScalingAdjustment") &&
           take_adjustment(call, config, "SimpleScaling");
}

static bool take_bound(struct asg_api_call *call, const struct asg_query_value *step,
                       const char *member, bool *ret_has, int64_t *ret_milli)
{
    const struct asg_query_value *bound = asg_value_find(step, member);
    *ret_has = bound != NULL;
    return bound == NULL || read_milli(call, member, bound->decimal, ret_milli);
}

static bool take_steps(struct asg_api_call *call, struct asg_policy_config *config)
{
    size_t count = 0;
    const struct asg_query_value *items =
        asg_value_items(&call->input, "StepAdjustments", &count);
    config->steps = asg_arena_take(&call->arena, (count + 1) * sizeof *config->steps);
    config->step_count = count;
    for (size_t i = 0; i < count; i++) {
        struct asg_step *step = &config->steps[i];
        step->adjustment = asg_value_number(&items[i], "ScalingAdjustment", 0);
        if (!take_bound(call, &items[i], "MetricIntervalLowerBound", &step->has_lower,
                        &step->lower_milli) ||
            !take_bound(call, &items[i], "MetricIntervalUpperBound", &step->has_upper,
                        &step->upper_milli)) {
            return false;
        }
    }
    return true;
}

static bool take_step(struct asg_api_call *call, struct asg_policy_config *config)
{
    static const char *const foreign[] = {"Cooldown", "ScalingAdjustment",
                                          "TargetTrackingConfiguration",
                                          "PredictiveScalingConfiguration", NULL};
    config->kind = ASG_POLICY_STEP;
    const char *statistic =
        asg_value_text(&call->input, "MetricAggregationType", "Average");
    config->statistic =
        (enum asg_statistic)asg_api_value(&asg_api_statistic_words, statistic);
    config->warmup_ms = read_seconds(call, "EstimatedInstanceWarmup");
    return not_with(call, "StepScaling", foreign) &&
           needs(call, "StepScaling", "StepAdjustments") &&
           take_adjustment(call, config, "StepScaling") && take_steps(call, config);
}

/* ---- target tracking ---- */

static bool take_metric(struct asg_api_call *call, struct asg_policy_config *config,
                        const struct asg_query_value *tracking)
{
    const struct asg_query_value *predefined =
        asg_value_find(tracking, "PredefinedMetricSpecification");
    if (asg_value_find(tracking, "CustomizedMetricSpecification") != NULL) {
        asg_api_invalid(call,
                        "CustomizedMetricSpecification: openasg cannot read metrics "
                        "from outside yet; use a PredefinedMetricSpecification");
        return false;
    }
    if (predefined == NULL) {
        asg_api_invalid(call, "TargetTrackingConfiguration must contain a "
                              "PredefinedMetricSpecification or a "
                              "CustomizedMetricSpecification");
        return false;
    }
    const char *type = asg_value_text(predefined, "PredefinedMetricType", "");
    int metric = asg_api_value(&asg_api_metric_words, type);
    if (strcmp(type, "ASGAverageCPUUtilizationHighResolution") == 0) {
        metric = ASG_METRIC_NAME_CPU; /* ours is one of seconds always */
    }
    if (metric < 0) {
        asg_api_invalid(call,
                        "PredefinedMetricType: openasg does not have %s yet; "
                        "docs/compatibility.md says what there is",
                        type);
        return false;
    }
    config->metric = (enum asg_metric_name)metric;
    return true;
}

/* AWS's NetworkIn and NetworkOut are bytes of a minute, ours of a second. */
static bool is_by_minute(enum asg_metric_name metric)
{
    return metric == ASG_METRIC_NAME_NETWORK_IN || metric == ASG_METRIC_NAME_NETWORK_OUT;
}

static bool take_target(struct asg_api_call *call, struct asg_policy_config *config)
{
    static const char *const foreign[] = {"AdjustmentType",
                                          "MinAdjustmentStep",
                                          "MinAdjustmentMagnitude",
                                          "ScalingAdjustment",
                                          "Cooldown",
                                          "MetricAggregationType",
                                          "StepAdjustments",
                                          "PredictiveScalingConfiguration",
                                          NULL};
    config->kind = ASG_POLICY_TARGET_TRACKING;
    config->warmup_ms = read_seconds(call, "EstimatedInstanceWarmup");
    if (!not_with(call, "TargetTrackingScaling", foreign) ||
        !needs(call, "TargetTrackingScaling", "TargetTrackingConfiguration")) {
        return false;
    }
    const struct asg_query_value *tracking =
        asg_value_find(&call->input, "TargetTrackingConfiguration");
    if (!take_metric(call, config, tracking)) return false;
    const struct asg_query_value *target = asg_value_find(tracking, "TargetValue");
    double value = target != NULL ? target->decimal : 0; /* required: it is there */
    if (is_by_minute(config->metric)) value /= MINUTE_SECONDS;
    config->disable_scale_in = asg_value_flag(tracking, "DisableScaleIn", false);
    return read_milli(call, "TargetValue", value, &config->target_milli);
}

static void keep_target(struct asg_api_call *call, struct asg_policy_config *config)
{
    struct asg_kept_list kept = {.arena = &call->arena};
    (void)asg_kept_take(&kept, &call->input, "TargetTrackingConfiguration");
    if (asg_kept_find(kept.items, kept.count,
                      "TargetTrackingConfiguration.DisableScaleIn") == NULL) {
        asg_kept_add(&kept, "TargetTrackingConfiguration.DisableScaleIn", "false");
        asg_kept_sort(&kept);
    }
    config->kept = kept.items;
    config->kept_count = kept.count;
}

static bool take_kind(struct asg_api_call *call, struct asg_policy_config *config)
{
    const char *type = asg_value_text(&call->input, "PolicyType", "SimpleScaling");
    if (strcmp(type, "PredictiveScaling") == 0) {
        asg_api_refuse(call, 400, "InvalidAction",
                       "openasg does not have %s with the PolicyType PredictiveScaling "
                       "yet; docs/compatibility.md lists what it has",
                       call->action->name);
        return false;
    }
    if (strcmp(type, "StepScaling") == 0) return take_step(call, config);
    if (strcmp(type, "SimpleScaling") == 0) return take_simple(call, config);
    return take_target(call, config);
}

/* ---- what is there already ---- */

/* A put of the API says nothing of the alarm of a step or simple policy: it stays. */
static void keep_alarm(struct asg_policy_config *config,
                       const struct asg_policy_config *before)
{
    if (config->kind == ASG_POLICY_TARGET_TRACKING || before == NULL ||
        before->kind == ASG_POLICY_TARGET_TRACKING || !before->has_threshold) {
        return;
    }
    config->has_threshold = true;
    config->metric = before->metric;
    config->comparison = before->comparison;
    config->threshold_milli = before->threshold_milli;
    config->periods = before->periods;
    if (config->kind == ASG_POLICY_SIMPLE) config->statistic = before->statistic;
}

/* As AWS does it, unless the group is tagged for something else. */
static enum asg_preset preset_of(const struct asg_group_config *group)
{
    for (size_t i = 0; group != NULL && i < group->tag_count; i++) {
        if (strcmp(group->tags[i].key, ASG_PRESET_TAG) != 0) continue;
        int preset = asg_preset_of_tag(group->tags[i].value);
        if (preset >= 0) return (enum asg_preset)preset;
    }
    return ASG_PRESET_AWS;
}

static void look_around(struct asg_api_call *call, struct asg_policy_config *config)
{
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    const struct asg_page *page = asg_root_find(root, config->group);
    keep_alarm(config, page != NULL ? asg_policy_of_page(page, config->name) : NULL);
    config->preset = preset_of(page != NULL ? page->sheet->content.group.config : NULL);
    asg_preset_fill(config, 0);
    asg_view_drop(&root);
}

static void draw_ids(struct asg_api_call *call, struct asg_policy_config *config)
{
    char uuid[ASG_UUID_SIZE];
    asg_uuid_draw(uuid);
    config->uuid = asg_arena_text(&call->arena, uuid);
    if (config->kind != ASG_POLICY_TARGET_TRACKING) return;
    asg_uuid_draw(uuid);
    config->alarm_high = asg_arena_text(&call->arena, uuid);
    if (config->disable_scale_in) return;
    asg_uuid_draw(uuid);
    config->alarm_low = asg_arena_text(&call->arena, uuid);
}

static void on_put(struct asg_api_call *call, const struct asg_effects *effects)
{
    (void)effects;
    const struct asg_policy_config *put = call->state;
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    const struct asg_page *page = asg_root_find(root, put->group);
    const struct asg_policy_config *policy =
        page != NULL ? asg_policy_of_page(page, put->name) : NULL;
    /* The ids of one that was there already stay. */
    if (policy == NULL) policy = put;
    struct asg_writer writer;
    asg_write_init(&writer, asg_api_begin(call), call->action->output);
    asg_write_text(&writer, "PolicyARN",
                   asg_api_policy_arn(call, policy->uuid, put->group, put->name));
    asg_write_policy_alarms(call, &writer, policy);
    asg_write_finish(&writer);
    asg_view_drop(&root);
    asg_api_end(call);
}

void asg_do_put_scaling_policy(struct asg_api_call *call)
{
    struct asg_policy_config *config = asg_arena_take(&call->arena, sizeof *config);
    asg_model_set_defaults(&asg_policy_config_schema, config);
    config->group = asg_value_text(&call->input, "AutoScalingGroupName", "");
    config->name = asg_value_text(&call->input, "PolicyName", "");
    config->is_disabled = !asg_value_flag(&call->input, "Enabled", true);
    config->has_threshold = false;
    config->cooldown_ms = ASG_UNSET;
    config->warmup_ms = ASG_UNSET;
    config->uuid = config->alarm_high = config->alarm_low = "";
    if (!take_kind(call, config)) return;
    if (config->kind == ASG_POLICY_TARGET_TRACKING) keep_target(call, config);
    look_around(call, config);
    draw_ids(call, config);
    call->state = config;
    const struct asg_command command = {
        .kind = ASG_COMMAND_POLICY_PUT,
        .group = config->group,
        .name = config->name,
        .policy_config = config,
        .limit = asg_api_limits_of(call)->policies,
    };
    asg_api_order(call, &command, on_put);
}

/* ---- by name or by ARN ---- */

/* The policy that a request names. False: it is ended, as it names none. */
static bool read_name(struct asg_api_call *call, const char **ret_group,
                      const char **ret_policy)
{
    const char *group = asg_value_text(&call->input, "AutoScalingGroupName", NULL);
    const char *policy = asg_value_text(&call->input, "PolicyName", "");
    *ret_group = group;
    *ret_policy = policy;
    if (strncmp(policy, "arn:", 4) != 0) {
        if (group != NULL) return true;
        asg_api_invalid(call, "AutoScalingGroupName is needed with the name of a policy; "
                              "only an ARN names the group as well");
        return false;
    }
    struct asg_arn_name name;
    bool is_there = asg_api_read_arn(call, ASG_ARN_POLICY, policy, &name) &&
                    (group == NULL || strcmp(group, name.group) == 0);
    if (is_there) {
        const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
        const struct asg_page *page = asg_root_find(root, name.group);
        const struct asg_policy_config *known =
            page != NULL ? asg_policy_of_page(page, name.name) : NULL;
        is_there = known != NULL && strcmp(known->uuid, name.uuid) == 0;
        asg_view_drop(&root);
    }
    if (!is_there) {
        asg_api_invalid(call, "PolicyARN not found - %s", policy);
        return false;
    }
    *ret_group = name.group;
    *ret_policy = name.name;
    return true;
}

void asg_do_delete_policy(struct asg_api_call *call)
{
    struct asg_command command = {.kind = ASG_COMMAND_POLICY_DELETE};
    if (read_name(call, &command.group, &command.name)) {
        asg_api_order(call, &command, NULL);
    }
}

void asg_do_execute_policy(struct asg_api_call *call)
{
    struct asg_command command = {
        .kind = ASG_COMMAND_EXECUTE_POLICY,
        .honor_cooldown = asg_value_flag(&call->input, "HonorCooldown", false),
    };
    const struct asg_query_value *value = asg_value_find(&call->input, "MetricValue");
    const struct asg_query_value *threshold =
        asg_value_find(&call->input, "BreachThreshold");
    if ((value == NULL) != (threshold == NULL)) {
        asg_api_invalid(call, "MetricValue and BreachThreshold go together");
        return;
    }
    command.has_metric_value = value != NULL;
    if (value != NULL &&
        (!read_milli(call, "MetricValue", value->decimal, &command.metric_value_milli) ||
         !read_milli(call, "BreachThreshold", threshold->decimal,
                     &command.breach_threshold_milli))) {
        return;
    }
    if (read_name(call, &command.group, &command.name)) {
        asg_api_order(call, &command, NULL);
    }
}
