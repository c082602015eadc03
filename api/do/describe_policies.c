/* describe_policies - DescribePolicies, and how a policy looks to AWS's tools. */
#include <string.h>

#include "api/arns.h"
#include "api/do/do.h"
#include "api/do/listing.h"
#include "api/do/policy_answers.h"
#include "api/kept.h"
#include "api/words.h"
#include "model/alarm_name.h"
#include "model/schemas.h"

#define PAGE           50
#define SECOND         1000
#define MINUTE_SECONDS 60

const struct asg_policy_config *asg_policy_of_page(const struct asg_page *page,
                                                   const char *name)
{
    const struct asg_group_sheet *sheet = &page->sheet->content;
    for (size_t i = 0; i < sheet->policy_count; i++) {
        if (strcmp(sheet->policies[i].name, name) == 0) return &sheet->policies[i];
    }
    return NULL;
}

static void write_alarm(struct asg_api_call *call, struct asg_writer *writer,
                        const char *name)
{
    asg_write_begin_item(writer);
    asg_write_text(writer, "AlarmName", name);
    asg_write_text(writer, "AlarmARN", asg_api_alarm_arn(call, name));
    asg_write_end(writer);
}

void asg_write_policy_alarms(struct asg_api_call *call, struct asg_writer *writer,
                             const struct asg_policy_config *policy)
{
    struct asg_arena *arena = &call->arena;
    asg_write_begin_list(writer, "Alarms");
    if (policy->kind != ASG_POLICY_TARGET_TRACKING) {
        if (policy->has_threshold) {
            write_alarm(call, writer,
                        asg_policy_alarm_name(policy, policy->group, true, arena));
        }
    } else {
        if (policy->alarm_high[0] != '\0') {
            write_alarm(call, writer,
                        asg_policy_alarm_name(policy, policy->group, true, arena));
        }
        if (policy->alarm_low[0] != '\0') {
            write_alarm(call, writer,
                        asg_policy_alarm_name(policy, policy->group, false, arena));
        }
    }
    asg_write_end(writer);
}

/* ---- one policy ---- */

static void write_steps(struct asg_writer *writer, const struct asg_policy_config *policy)
{
    asg_write_begin_list(writer, "StepAdjustments");
    for (size_t i = 0; i < policy->step_count; i++) {
        const struct asg_step *step = &policy->steps[i];
        asg_write_begin_item(writer);
        if (step->has_lower) {
            asg_write_decimal(writer, "MetricIntervalLowerBound",
                              (double)step->lower_milli / 1000);
        }
        if (step->has_upper) {
            asg_write_decimal(writer, "MetricIntervalUpperBound",
                              (double)step->upper_milli / 1000);
        }
        asg_write_number(writer, "ScalingAdjustment", step->adjustment);
        asg_write_end(writer);
    }
    asg_write_end(writer);
}

static void write_adjustment(struct asg_writer *writer,
                             const struct asg_policy_config *policy)
{
    asg_write_text(writer, "AdjustmentType",
                   asg_api_word(&asg_api_adjustment_words, policy->adjustment_type));
    if (policy->adjustment_type == ASG_ADJUSTMENT_PERCENT && policy->min_magnitude > 0) {
        asg_write_number(writer, "MinAdjustmentMagnitude", policy->min_magnitude);
    }
}

/* A policy that the API did not write: of a metric that AWS has no word for it is shown
 * as one of ours. */
static void write_tracking(struct asg_writer *writer,
                           const struct asg_policy_config *policy)
{
    const char *word = asg_api_word(&asg_api_metric_words, policy->metric);
    bool is_by_minute = policy->metric == ASG_METRIC_NAME_NETWORK_IN ||
                        policy->metric == ASG_METRIC_NAME_NETWORK_OUT;
    double target = (double)policy->target_milli / 1000;
    asg_write_begin(writer, "TargetTrackingConfiguration");
    if (word != NULL && policy->statistic == ASG_STATISTIC_MEAN) {
        asg_write_begin(writer, "PredefinedMetricSpecification");
        asg_write_text(writer, "PredefinedMetricType", word);
        asg_write_end(writer);
        if (is_by_minute) target *= MINUTE_SECONDS;
    } else {
        asg_write_begin(writer, "CustomizedMetricSpecification");
        asg_write_text(writer, "MetricName",
                       asg_enum_word(&asg_metric_name_words, (int)policy->metric));
        asg_write_text(writer, "Namespace", "openasg");
        asg_write_text(writer, "Statistic",
                       asg_api_word(&asg_api_statistic_words, policy->statistic));
        asg_write_end(writer);
    }
    asg_write_decimal(writer, "TargetValue", target);
    asg_write_flag(writer, "DisableScaleIn", policy->disable_scale_in);
    asg_write_end(writer);
}

static void write_kind(struct asg_api_call *call, struct asg_writer *writer,
                       const struct asg_policy_config *policy)
{
    if (policy->kind == ASG_POLICY_SIMPLE) {
        write_adjustment(writer, policy);
        asg_write_number(writer, "ScalingAdjustment", policy->adjustment);
        if (policy->cooldown_ms >= 0) {
            asg_write_number(writer, "Cooldown", policy->cooldown_ms / SECOND);
        }
        asg_write_no_items(writer, "StepAdjustments");
        return;
    }
    if (policy->warmup_ms >= 0) {
        asg_write_number(writer, "EstimatedInstanceWarmup", policy->warmup_ms / SECOND);
    }
    if (policy->kind == ASG_POLICY_STEP) {
        write_adjustment(writer, policy);
        asg_write_text(writer, "MetricAggregationType",
                       asg_api_word(&asg_api_statistic_words, policy->statistic));
        write_steps(writer, policy);
        return;
    }
    asg_write_no_items(writer, "StepAdjustments");
    if (policy->kept_count > 0) {
        asg_kept_write(writer, policy->kept, policy->kept_count, &call->arena);
    } else {
        write_tracking(writer, policy);
    }
}

static void write_policy(struct asg_api_call *call, struct asg_writer *writer,
                         const struct asg_policy_config *policy)
{
    asg_write_begin_item(writer);
    asg_write_text(writer, "AutoScalingGroupName", policy->group);
    asg_write_text(writer, "PolicyName", policy->name);
    asg_write_text(writer, "PolicyARN",
                   asg_api_policy_arn(call, policy->uuid, policy->group, policy->name));
    asg_write_text(writer, "PolicyType",
                   asg_api_word(&asg_api_policy_kind_words, policy->kind));
    asg_write_flag(writer, "Enabled", !policy->is_disabled);
    write_kind(call, writer, policy);
    asg_write_policy_alarms(call, writer, policy);
    asg_write_end(writer);
}

/* ---- which ones ---- */

static bool is_of_type(struct asg_api_call *call, const struct asg_policy_config *policy)
{
    size_t count = 0;
    const struct asg_query_value *types =
        asg_value_items(&call->input, "PolicyTypes", &count);
    for (size_t i = 0; i < count; i++) {
        if (asg_api_value(&asg_api_policy_kind_words, types[i].text) ==
            (int)policy->kind) {
            return true;
        }
    }
    return count == 0;
}

/* Types that there are and we have no policies of are fine. */
static bool check_types(struct asg_api_call *call)
{
    size_t count = 0;
    const struct asg_query_value *types =
        asg_value_items(&call->input, "PolicyTypes", &count);
    for (size_t i = 0; i < count; i++) {
        if (asg_api_value(&asg_api_policy_kind_words, types[i].text) >= 0) continue;
        if (strcmp(types[i].text, "PredictiveScaling") == 0) continue;
        asg_api_invalid(call, "PolicyTypes: '%.100s' is not a valid policy type",
                        types[i].text);
        return false;
    }
    return true;
}

static void list_group(struct asg_listing *listing, const struct asg_page *page,
                       const void *context)
{
    const struct asg_wanted *wanted = context;
    const struct asg_group_sheet *sheet = &page->sheet->content;
    const char *after = asg_listing_after(listing, asg_page_name(page));
    for (size_t i = 0; i < sheet->policy_count; i++) {
        const struct asg_policy_config *policy = &sheet->policies[i];
        const struct asg_arn_name name = {policy->uuid, policy->group, policy->name};
        if (after != NULL && strcmp(policy->name, after) <= 0) continue;
        if (!asg_wanted_is_empty(wanted) && !asg_wanted_has(wanted, &name)) continue;
        if (!is_of_type(listing->call, policy)) continue;
        if (!asg_listing_takes(listing, policy->group, policy->name)) return;
        write_policy(listing->call, &listing->writer, policy);
    }
}

void asg_do_describe_policies(struct asg_api_call *call)
{
    struct asg_listing listing;
    if (!check_types(call) || !asg_listing_init(&listing, call, PAGE)) return;
    const struct asg_wanted wanted = asg_wanted_take(call, "PolicyNames", ASG_ARN_POLICY);
    asg_listing_run(&listing, "ScalingPolicies",
                    asg_value_text(&call->input, "AutoScalingGroupName", NULL),
                    list_group, &wanted);
}
