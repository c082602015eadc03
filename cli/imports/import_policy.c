/* import_policy - the scaling policies of a group of AWS, with the alarms that execute
 * them.
 *
 * They take the preset aws, and the group the period of AWS's alarms, so that openasg
 * decides as AWS did until somebody changes it (docs/rules.md, "Presets"). */
#include <math.h>
#include <string.h>

#include "cli/imports/import_parts.h"
#include "model/defaults.h"
#include "model/presets.h"
#include "model/schemas.h"

#define SECOND            INT64_C(1000)
#define MINUTE            (60 * SECOND)
#define MINUTE_SECONDS    60
#define MILLI_MAX         1e12
#define EVALUATION_MS_MAX (60 * MINUTE)

/* A policy under way: its alarm's period is scaled when that of the group is known. */
struct taken {
    struct asg_policy_config config;
    int64_t period_ms;     /* of its alarm; 0: it has none */
    int64_t alarm_periods; /* of those */
};

/* ---- metrics ---- */

static const struct {
    const char *of_aws; /* predefined type, and metric of CloudWatch */
    const char *space;
    const char *in_cloudwatch;
    enum asg_metric_name metric;
} metrics[] = {
    {"ASGAverageCPUUtilization", "AWS/EC2", "CPUUtilization", ASG_METRIC_NAME_CPU},
    {"ASGAverageCPUUtilizationHighResolution", "AWS/EC2", "CPUUtilization",
     ASG_METRIC_NAME_CPU},
    {"ASGAverageNetworkIn", "AWS/EC2", "NetworkIn", ASG_METRIC_NAME_NETWORK_IN},
    {"ASGAverageNetworkOut", "AWS/EC2", "NetworkOut", ASG_METRIC_NAME_NETWORK_OUT},
    {"", "CWAgent", "mem_used_percent", ASG_METRIC_NAME_MEMORY},
};

static const struct {
    const char *of_aws;
    enum asg_statistic statistic;
} statistics[] = {
    {"Average", ASG_STATISTIC_MEAN},
    {"Maximum", ASG_STATISTIC_HIGHEST},
    {"Minimum", ASG_STATISTIC_LOWEST},
};

static bool find_statistic(const char *of_aws, enum asg_statistic *ret)
{
    for (size_t i = 0; i < sizeof statistics / sizeof statistics[0]; i++) {
        if (strcmp(statistics[i].of_aws, of_aws) != 0) continue;
        *ret = statistics[i].statistic;
        return true;
    }
    return false;
}

/* A metric of CloudWatch, over the instances of this group and nothing narrower. Those of
 * the namespace openasg are our own, as our own API shows them. */
static bool find_metric(const struct asg_importing *importing,
                        const struct asg_answer_node *node, enum asg_metric_name *ret)
{
    const char *space = asg_answer_text(node, "Namespace");
    const char *name = asg_answer_text(node, "MetricName");
    if (strcmp(space, "openasg") == 0) {
        int value = asg_enum_value(&asg_metric_name_words, name);
        if (value >= 0) *ret = (enum asg_metric_name)value;
        return value >= 0;
    }
    const struct asg_answer_node *dimensions = asg_answer_child(node, "Dimensions");
    const struct asg_answer_node *one = dimensions != NULL ? dimensions->first : NULL;
    bool is_of_group =
        one != NULL && one->next == NULL &&
        strcmp(asg_answer_text(one, "Name"), "AutoScalingGroupName") == 0 &&
        strcmp(asg_answer_text(one, "Value"), importing->ret->group.name) == 0;
    for (size_t i = 0; is_of_group && i < sizeof metrics / sizeof metrics[0]; i++) {
        if (strcmp(metrics[i].space, space) != 0) continue;
        if (strcmp(metrics[i].in_cloudwatch, name) != 0) continue;
        *ret = metrics[i].metric;
        return true;
    }
    return false;
}

/* AWS's NetworkIn and NetworkOut are bytes of a period, ours of a second. */
static bool is_network(enum asg_metric_name metric)
{
    return metric == ASG_METRIC_NAME_NETWORK_IN || metric == ASG_METRIC_NAME_NETWORK_OUT;
}

static bool to_milli(double value, int64_t *ret)
{
    if (fabs(value) > MILLI_MAX) return false;
    *ret = llround(value * 1000);
    return true;
}

/* ---- target tracking ---- */

#define OTHER_METRIC                                                                     \
    "openasg cannot read metrics from outside yet: choose one that the agent measures "  \
    "(cpu, memory, load, pressure, network-in, network-out, disk-read, disk-write) and " \
    "add a policy of it."

static bool take_tracked(struct asg_importing *importing,
                         const struct asg_answer_node *tracking, struct taken *taken)
{
    struct asg_policy_config *config = &taken->config;
    const struct asg_answer_node *predefined =
        asg_answer_child(tracking, "PredefinedMetricSpecification");
    const struct asg_answer_node *customized =
        asg_answer_child(tracking, "CustomizedMetricSpecification");
    if (customized != NULL) {
        bool is_known =
            find_metric(importing, customized, &config->metric) &&
            find_statistic(asg_answer_text(customized, "Statistic"), &config->statistic);
        if (is_known) return true;
        asg_import_note(importing, OTHER_METRIC,
                        "The policy %s tracks a metric of its own (%s) and is not "
                        "imported.",
                        config->name, asg_import_show(importing, customized));
        return false;
    }
    const char *type = asg_answer_text(predefined, "PredefinedMetricType");
    for (size_t i = 0; type[0] != '\0' && i < sizeof metrics / sizeof metrics[0]; i++) {
        if (strcmp(metrics[i].of_aws, type) != 0) continue;
        config->metric = metrics[i].metric;
        if (strstr(type, "HighResolution") != NULL) {
            asg_import_note(importing,
                            "Set evaluation: 10s in the group if you want as much: the "
                            "preset's periods are then those seconds.",
                            "The policy %s looks at the CPU every 10 seconds in AWS.",
                            config->name);
        }
        return true;
    }
    asg_import_note(importing, OTHER_METRIC,
                    "The policy %s tracks %s and is not imported.", config->name,
                    predefined != NULL ? asg_import_show(importing, predefined)
                                       : "a metric that the answer does not name");
    return false;
}

/* Bytes of how many seconds a target of AWS counts; ours, in the namespace openasg, is of
 * one. */
static double seconds_of(const struct asg_answer_node *tracking)
{
    const struct asg_answer_node *customized =
        asg_answer_child(tracking, "CustomizedMetricSpecification");
    int64_t period_s = MINUTE_SECONDS;
    if (strcmp(asg_answer_text(customized, "Namespace"), "openasg") == 0) return 1;
    (void)asg_answer_integer(customized, "Period", &period_s);
    return period_s >= 1 ? (double)period_s : MINUTE_SECONDS;
}

static bool take_target(struct asg_importing *importing,
                        const struct asg_answer_node *node, struct taken *taken)
{
    struct asg_policy_config *config = &taken->config;
    const struct asg_answer_node *tracking =
        asg_answer_child(node, "TargetTrackingConfiguration");
    config->kind = ASG_POLICY_TARGET_TRACKING;
    config->disable_scale_in = asg_answer_flag(tracking, "DisableScaleIn");
    if (!take_tracked(importing, tracking, taken)) return false;
    double target = 0;
    bool is_given = asg_answer_decimal(tracking, "TargetValue", &target);
    if (is_given && is_network(config->metric)) target /= seconds_of(tracking);
    if (is_given && to_milli(target, &config->target_milli)) return true;
    asg_import_note(importing, "Set the policy by hand.",
                    "The target of the policy %s (%s) cannot be read.", config->name,
                    asg_answer_text(tracking, "TargetValue"));
    return false;
}

/* ---- alarms ---- */

static const struct {
    const char *of_aws;
    enum asg_comparison comparison;
} comparisons[] = {
    {"GreaterThanOrEqualToThreshold", ASG_COMPARISON_GREATER_OR_EQUAL},
    {"GreaterThanThreshold", ASG_COMPARISON_GREATER},
    {"LessThanOrEqualToThreshold", ASG_COMPARISON_LESS_OR_EQUAL},
    {"LessThanThreshold", ASG_COMPARISON_LESS},
};

static const struct asg_answer_node *find_alarm(const struct asg_importing *importing,
                                                const char *name)
{
    const struct asg_answer_list *alarms = &importing->answers->alarms;
    for (size_t i = 0; i < alarms->count; i++) {
        if (strcmp(asg_answer_text(alarms->items[i], "AlarmName"), name) == 0) {
            return alarms->items[i];
        }
    }
    return NULL;
}

static bool find_comparison(const char *of_aws, enum asg_comparison *ret)
{
    for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
        if (strcmp(comparisons[i].of_aws, of_aws) != 0) continue;
        *ret = comparisons[i].comparison;
        return true;
    }
    return false;
}

/* What else an alarm says that ours do not. */
static void note_alarm(struct asg_importing *importing,
                       const struct asg_answer_node *alarm, const struct taken *taken)
{
    const char *name = asg_answer_text(alarm, "AlarmName");
    int64_t points = taken->alarm_periods;
    (void)asg_answer_integer(alarm, "DatapointsToAlarm", &points);
    if (points != taken->alarm_periods) {
        asg_import_note(importing,
                        "openasg wants all periods in a row: lower periods in the file "
                        "if it should act sooner.",
                        "The alarm %s goes off at %lld of %lld periods.", name,
                        (long long)points, (long long)taken->alarm_periods);
    }
    const char *missing = asg_answer_text(alarm, "TreatMissingData");
    if (missing[0] != '\0' && strcmp(missing, "missing") != 0) {
        asg_import_note(importing,
                        "openasg decides nothing on a period without samples; a silent "
                        "agent is looked into by itself.",
                        "The alarm %s treats missing data as %s.", name, missing);
    }
    if (strcmp(asg_answer_text(alarm, "ActionsEnabled"), "false") == 0) {
        asg_import_note(importing, "Set disabled: true on the policy to keep it so.",
                        "The actions of the alarm %s are switched off in AWS.", name);
    }
}

static bool read_alarm(struct asg_importing *importing,
                       const struct asg_answer_node *alarm, struct taken *taken)
{
    struct asg_policy_config *config = &taken->config;
    double threshold = 0;
    int64_t period_s = 0;
    bool is_known =
        find_metric(importing, alarm, &config->metric) &&
        find_statistic(asg_answer_text(alarm, "Statistic"), &config->statistic) &&
        find_comparison(asg_answer_text(alarm, "ComparisonOperator"),
                        &config->comparison) &&
        asg_answer_decimal(alarm, "Threshold", &threshold) &&
        asg_answer_integer(alarm, "Period", &period_s) && period_s >= 1 &&
        period_s <= EVALUATION_MS_MAX / SECOND &&
        asg_answer_integer(alarm, "EvaluationPeriods", &taken->alarm_periods) &&
        taken->alarm_periods >= 1 && taken->alarm_periods <= 1440;
    if (is_known && is_network(config->metric)) threshold /= (double)period_s;
    if (!is_known || !to_milli(threshold, &config->threshold_milli)) return false;
    taken->period_ms = period_s * SECOND;
    config->has_threshold = true;
    if (is_network(config->metric)) {
        asg_import_note(importing,
                        "Compare it with `openasg group show`: AWS's value depends on "
                        "how often the instances report (detailed monitoring).",
                        "The threshold of the policy %s was divided by %lld seconds: "
                        "openasg counts bytes a second.",
                        config->name, (long long)period_s);
    }
    return true;
}

/* The alarm of a step or simple policy; without one it acts only when it is executed, in
 * AWS as well. */
static void take_alarms(struct asg_importing *importing,
                        const struct asg_answer_node *node, struct taken *taken)
{
    const struct asg_answer_node *alarms = asg_answer_child(node, "Alarms");
    const char *policy = taken->config.name;
    for (const struct asg_answer_node *item = alarms != NULL ? alarms->first : NULL;
         item != NULL; item = item->next) {
        const char *name = asg_answer_text(item, "AlarmName");
        if (taken->config.has_threshold) {
            asg_import_note(importing,
                            "A policy of openasg has one alarm: add a second policy.",
                            "The policy %s has another alarm, %s.", policy, name);
            continue;
        }
        const struct asg_answer_node *alarm = find_alarm(importing, name);
        const char *refusal = importing->answers->alarms.refusal;
        if (alarm == NULL) {
            asg_import_note(importing,
                            "Allow cloudwatch:DescribeAlarms and import again, or write "
                            "metric, comparison, threshold and periods into the policy; "
                            "until then it acts only on `openasg policy execute`.",
                            "The alarm %s of the policy %s could not be read: %s.", name,
                            policy,
                            refusal != NULL ? refusal : "CloudWatch does not know it");
        } else if (read_alarm(importing, alarm, taken)) {
            note_alarm(importing, alarm, taken);
        } else {
            asg_import_note(importing, OTHER_METRIC,
                            "The alarm %s of the policy %s is not imported, so that the "
                            "policy acts only on `openasg policy execute` (%s).",
                            name, policy, asg_import_show(importing, alarm));
        }
    }
}

/* ---- step and simple ---- */

static bool take_adjustment(struct asg_importing *importing,
                            const struct asg_answer_node *node,
                            struct asg_policy_config *config)
{
    const char *type = asg_answer_text(node, "AdjustmentType");
    int value = asg_import_word(&asg_adjustment_words, type);
    if (value < 0) {
        asg_import_note(importing, "Set the policy by hand.",
                        "The policy %s has the adjustment type %s and is not imported.",
                        config->name, type);
        return false;
    }
    config->adjustment_type = (enum asg_adjustment)value;
    asg_import_size(node, "MinAdjustmentStep", &config->min_magnitude);
    asg_import_size(node, "MinAdjustmentMagnitude", &config->min_magnitude);
    return true;
}

static bool take_bound(const struct asg_answer_node *step, const char *name,
                       bool *ret_has, int64_t *ret_milli)
{
    double bound = 0;
    *ret_has = asg_answer_decimal(step, name, &bound);
    return !*ret_has || to_milli(bound, ret_milli);
}

/* Bounds of network metrics are bytes of the alarm's period. */
static void scale_bounds(struct taken *taken)
{
    int64_t period_s = taken->period_ms / SECOND;
    if (!is_network(taken->config.metric) || period_s <= 1) return;
    for (size_t i = 0; i < taken->config.step_count; i++) {
        taken->config.steps[i].lower_milli /= period_s;
        taken->config.steps[i].upper_milli /= period_s;
    }
}

static bool take_steps(struct asg_importing *importing,
                       const struct asg_answer_node *node, struct taken *taken)
{
    struct asg_policy_config *config = &taken->config;
    const struct asg_answer_node *list = asg_answer_child(node, "StepAdjustments");
    size_t count = list != NULL ? list->count : 0;
    bool is_fine = count > 0 && count <= ASG_STEPS_MAX;
    config->steps = asg_arena_take(importing->arena, (count + 1) * sizeof *config->steps);
    for (const struct asg_answer_node *item = is_fine ? list->first : NULL;
         item != NULL && is_fine; item = item->next) {
        struct asg_step *step = &config->steps[config->step_count++];
        is_fine = take_bound(item, "MetricIntervalLowerBound", &step->has_lower,
                             &step->lower_milli) &&
                  take_bound(item, "MetricIntervalUpperBound", &step->has_upper,
                             &step->upper_milli) &&
                  asg_answer_integer(item, "ScalingAdjustment", &step->adjustment);
    }
    if (is_fine) return true;
    asg_import_note(importing, "Set the policy by hand.",
                    "The steps of the policy %s cannot be used; it is not imported.",
                    config->name);
    return false;
}

static bool take_step(struct asg_importing *importing, const struct asg_answer_node *node,
                      struct taken *taken)
{
    struct asg_policy_config *config = &taken->config;
    const char *statistic = asg_answer_text(node, "MetricAggregationType");
    config->kind = ASG_POLICY_STEP;
    (void)find_statistic(statistic, &config->statistic);
    if (!take_adjustment(importing, node, config) ||
        !take_steps(importing, node, taken)) {
        return false;
    }
    take_alarms(importing, node, taken);
    scale_bounds(taken);
    return true;
}

static bool take_simple(struct asg_importing *importing,
                        const struct asg_answer_node *node, struct taken *taken)
{
    struct asg_policy_config *config = &taken->config;
    config->kind = ASG_POLICY_SIMPLE;
    asg_import_seconds(node, "Cooldown", &config->cooldown_ms);
    if (!asg_answer_integer(node, "ScalingAdjustment", &config->adjustment)) {
        asg_import_note(importing, "Set the policy by hand.",
                        "The policy %s has no ScalingAdjustment and is not imported.",
                        config->name);
        return false;
    }
    if (!take_adjustment(importing, node, config)) return false;
    take_alarms(importing, node, taken);
    return true;
}

/* ---- all of a group ---- */

static bool take_kind(struct asg_importing *importing, const struct asg_answer_node *node,
                      struct taken *taken)
{
    const char *type = asg_answer_text(node, "PolicyType");
    if (strcmp(type, "TargetTrackingScaling") == 0) {
        return take_target(importing, node, taken);
    }
    if (strcmp(type, "StepScaling") == 0) return take_step(importing, node, taken);
    if (strcmp(type, "SimpleScaling") == 0) return take_simple(importing, node, taken);
    asg_import_note(importing,
                    "openasg does not forecast: use scheduled actions for load that is "
                    "known, and target tracking for the rest.",
                    "The policy %s is of the type %s and is not imported.",
                    taken->config.name, type);
    return false;
}

static void note_unknown(struct asg_importing *importing,
                         const struct asg_answer_node *node)
{
    static const char *const known[] = {"AutoScalingGroupName",
                                        "PolicyName",
                                        "PolicyARN",
                                        "PolicyType",
                                        "AdjustmentType",
                                        "MinAdjustmentStep",
                                        "MinAdjustmentMagnitude",
                                        "ScalingAdjustment",
                                        "Cooldown",
                                        "StepAdjustments",
                                        "MetricAggregationType",
                                        "EstimatedInstanceWarmup",
                                        "Alarms",
                                        "TargetTrackingConfiguration",
                                        "Enabled",
                                        "PredictiveScalingConfiguration"};
    asg_import_note_unknown(importing, node, known, sizeof known / sizeof known[0],
                            asg_arena_format(importing->arena, "The policy %s",
                                             asg_answer_text(node, "PolicyName")));
}

static bool take_policy(struct asg_importing *importing,
                        const struct asg_answer_node *node, struct taken *ret)
{
    *ret = (struct taken){0};
    asg_model_set_defaults(&asg_policy_config_schema, &ret->config);
    ret->config.group = importing->ret->group.name;
    ret->config.name = asg_answer_text(node, "PolicyName");
    ret->config.preset = ASG_PRESET_AWS;
    ret->config.is_disabled = strcmp(asg_answer_text(node, "Enabled"), "false") == 0;
    note_unknown(importing, node);
    asg_import_seconds(node, "EstimatedInstanceWarmup", &ret->config.warmup_ms);
    return take_kind(importing, node, ret);
}

/* The shortest of the periods: those of others are some of it. A minute is that of target
 * tracking. */
static int64_t evaluation_of(const struct taken *policies, size_t count)
{
    int64_t shortest_ms = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_target = policies[i].config.kind == ASG_POLICY_TARGET_TRACKING;
        int64_t period_ms = is_target ? MINUTE : policies[i].period_ms;
        if (period_ms == 0) continue;
        if (shortest_ms == 0 || period_ms < shortest_ms) shortest_ms = period_ms;
    }
    return shortest_ms;
}

static uint32_t scale_periods(struct asg_importing *importing, const char *policy,
                              int64_t length_ms, int64_t evaluation_ms)
{
    int64_t periods = (length_ms + evaluation_ms - 1) / evaluation_ms;
    if (periods <= ASG_POLICY_PERIODS_MAX) return (uint32_t)periods;
    asg_import_note(importing,
                    "Set a longer evaluation in the group, if it should wait longer.",
                    "The policy %s waits %lld s in AWS; openasg waits %d evaluations, "
                    "%lld s, at most.",
                    policy, (long long)(length_ms / SECOND), ASG_POLICY_PERIODS_MAX,
                    (long long)(ASG_POLICY_PERIODS_MAX * evaluation_ms / SECOND));
    return ASG_POLICY_PERIODS_MAX;
}

static void fit_periods(struct asg_importing *importing, struct taken *taken,
                        int64_t evaluation_ms)
{
    struct asg_policy_config *config = &taken->config;
    asg_preset_fill(config, 0);
    if (config->kind != ASG_POLICY_TARGET_TRACKING) {
        if (taken->period_ms == 0) return;
        config->periods =
            scale_periods(importing, config->name,
                          taken->alarm_periods * taken->period_ms, evaluation_ms);
        return;
    }
    if (evaluation_ms == MINUTE) return;
    config->scale_out_periods = scale_periods(
        importing, config->name, config->scale_out_periods * MINUTE, evaluation_ms);
    config->scale_in_periods = scale_periods(
        importing, config->name, config->scale_in_periods * MINUTE, evaluation_ms);
}

void asg_import_policies(struct asg_importing *importing)
{
    const struct asg_answer_list *list = &importing->answers->policies;
    struct asg_imported *ret = importing->ret;
    struct taken *policies =
        asg_arena_take(importing->arena, (list->count + 1) * sizeof *policies);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *group = asg_answer_text(list->items[i], "AutoScalingGroupName");
        if (strcmp(group, ret->group.name) != 0) continue;
        count += take_policy(importing, list->items[i], &policies[count]);
    }
    int64_t evaluation_ms = evaluation_of(policies, count);
    if (evaluation_ms > 0) ret->group.evaluation_ms = evaluation_ms;
    ret->policies = asg_arena_take(importing->arena, (count + 1) * sizeof *ret->policies);
    for (size_t i = 0; i < count; i++) {
        fit_periods(importing, &policies[i], ret->group.evaluation_ms);
        ret->policies[ret->policy_count++] = policies[i].config;
    }
}
