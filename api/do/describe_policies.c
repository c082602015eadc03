/* describe_policies - DescribePolicies, and how a policy looks to AWS's tools. */
#include <string.h>

#include "api/arns.h"
#include "api/do/do.h"
#include "api/do/named.h"
#include "api/do/policy_answers.h"
#include "api/kept.h"
#include "api/pages.h"
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

/* A policy that is asked for: by its name alone, or by its ARN. */
struct wanted {
    const char *text;
    bool is_arn;
    struct asg_policy_name arn;
};

struct wanted_list {
    struct wanted *items;
    size_t count;
};

/* They are read once, however many policies there are. */
static struct wanted_list take_wanted(struct asg_api_call *call)
{
    struct wanted_list list;
    const struct asg_query_value *names =
        asg_value_items(&call->input, "PolicyNames", &list.count);
    list.items = asg_arena_take(&call->arena, (list.count + 1) * sizeof *list.items);
    for (size_t i = 0; i < list.count; i++) {
        struct wanted *wanted = &list.items[i];
        wanted->text = names[i].text;
        wanted->is_arn = asg_api_read_policy_arn(call, names[i].text, &wanted->arn);
    }
    return list;
}

/* Its name or ARN is among those asked for, or none were. */
static bool is_named(const struct wanted_list *list,
                     const struct asg_policy_config *policy)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct wanted *wanted = &list->items[i];
        if (strcmp(wanted->text, policy->name) == 0) return true;
        if (wanted->is_arn && strcmp(wanted->arn.uuid, policy->uuid) == 0 &&
            strcmp(wanted->arn.group, policy->group) == 0) {
            return true;
        }
    }
    return list->count == 0;
}

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

struct listing {
    struct asg_api_call *call;
    struct asg_writer writer;
    struct wanted_list wanted;
    const char *after_group; /* of the last policy of the page before; "" */
    const char *after_policy;
    size_t left;
    const struct asg_policy_config *last;
    bool has_more;
};

static void list_group(struct listing *listing, const struct asg_page *page)
{
    const struct asg_group_sheet *sheet = &page->sheet->content;
    bool is_cut = strcmp(asg_page_name(page), listing->after_group) == 0;
    for (size_t i = 0; i < sheet->policy_count && !listing->has_more; i++) {
        const struct asg_policy_config *policy = &sheet->policies[i];
        if (is_cut && strcmp(policy->name, listing->after_policy) <= 0) continue;
        if (!is_named(&listing->wanted, policy) || !is_of_type(listing->call, policy)) {
            continue;
        }
        if (listing->left == 0) {
            listing->has_more = true;
            return;
        }
        listing->left--;
        listing->last = policy;
        write_policy(listing->call, &listing->writer, policy);
    }
}

static void list_all(struct listing *listing, const struct asg_root *root,
                     const char *group)
{
    size_t count = asg_root_count(root);
    size_t at = asg_root_place(root, group != NULL ? group : listing->after_group);
    for (; at < count && !listing->has_more; at++) {
        const struct asg_page *page = asg_root_page(root, at);
        if (group != NULL && strcmp(asg_page_name(page), group) != 0) return;
        list_group(listing, page);
    }
}

void asg_do_describe_policies(struct asg_api_call *call)
{
    struct listing listing = {.call = call};
    struct asg_api_page range;
    if (!check_types(call) || !asg_api_page_read(call, PAGE, &range)) return;
    const char *group = asg_value_text(&call->input, "AutoScalingGroupName", NULL);
    const struct asg_root *root = asg_api_hold_with_group(call, group);
    if (root == NULL) return;
    asg_api_page_split(call, &range, &listing.after_group, &listing.after_policy);
    listing.left = range.most;
    listing.wanted = take_wanted(call);
    asg_write_init(&listing.writer, asg_api_begin(call), call->action->output);
    asg_write_begin_list(&listing.writer, "ScalingPolicies");
    list_all(&listing, root, group);
    asg_write_end(&listing.writer);
    if (listing.has_more) {
        const char *last =
            asg_api_page_key(call, listing.last->group, listing.last->name);
        asg_write_text(&listing.writer, "NextToken", asg_api_page_token(call, last));
    }
    asg_write_finish(&listing.writer);
    asg_view_drop(&root);
    asg_api_end(call);
}
