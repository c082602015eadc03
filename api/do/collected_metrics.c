/* collected_metrics - EnableMetricsCollection and DisableMetricsCollection. */
#include <string.h>

#include "api/do/do.h"

#define GRANULARITY "1Minute" /* there is no other */

/* Names of none are all of them. False: the call is ended. */
static bool read_metrics(struct asg_api_call *call, uint64_t *ret)
{
    size_t count = 0;
    const struct asg_query_value *names =
        asg_value_items(&call->input, "Metrics", &count);
    *ret = 0;
    for (size_t i = 0; i < count; i++) {
        int metric = asg_enum_value(&asg_collected_metric_words, names[i].text);
        if (metric < 0) {
            asg_api_invalid(call,
                            "Metrics: '%.100s' is not a metric of a group; "
                            "DescribeMetricCollectionTypes lists them",
                            names[i].text);
            return false;
        }
        *ret |= UINT64_C(1) << metric;
    }
    return true;
}

static void order(struct asg_api_call *call, enum asg_command_kind kind)
{
    struct asg_command command = {
        .kind = kind, .group = asg_value_text(&call->input, "AutoScalingGroupName", "")};
    if (!read_metrics(call, &command.collected_metrics)) return;
    asg_api_order(call, &command, NULL);
}

void asg_do_enable_metrics_collection(struct asg_api_call *call)
{
    const char *granularity = asg_value_text(&call->input, "Granularity", "");
    if (strcmp(granularity, GRANULARITY) != 0) {
        asg_api_invalid(call, "Granularity: '%.100s' is not valid; use " GRANULARITY,
                        granularity);
        return;
    }
    order(call, ASG_COMMAND_METRICS_ENABLE);
}

void asg_do_disable_metrics_collection(struct asg_api_call *call)
{
    order(call, ASG_COMMAND_METRICS_DISABLE);
}
