#include "api/words.h"

#include <string.h>

#include "model/enums.h"

#define WORDS(name, list)                                                                \
    const struct asg_api_words name = {.words = (list),                                  \
                                       .count = sizeof(list) / sizeof(list)[0]}

static const char *const processes[] = {
    [ASG_PROCESS_LAUNCH] = "Launch",
    [ASG_PROCESS_TERMINATE] = "Terminate",
    [ASG_PROCESS_ADD_TO_LOAD_BALANCER] = "AddToLoadBalancer",
    [ASG_PROCESS_ALARM_NOTIFICATION] = "AlarmNotification",
    [ASG_PROCESS_AZ_REBALANCE] = "AZRebalance",
    [ASG_PROCESS_HEALTH_CHECK] = "HealthCheck",
    [ASG_PROCESS_INSTANCE_REFRESH] = "InstanceRefresh",
    [ASG_PROCESS_REPLACE_UNHEALTHY] = "ReplaceUnhealthy",
    [ASG_PROCESS_SCHEDULED_ACTIONS] = "ScheduledActions",
};
WORDS(asg_api_process_words, processes);
_Static_assert(sizeof processes / sizeof processes[0] == ASG_PROCESS_COUNT,
               "every process has a word");

static const char *const termination_policies[] = {
    [ASG_TERMINATION_DEFAULT] = "Default",
    [ASG_TERMINATION_ALLOCATION_STRATEGY] = "AllocationStrategy",
    [ASG_TERMINATION_CLOSEST_TO_NEXT_INSTANCE_HOUR] = "ClosestToNextInstanceHour",
    [ASG_TERMINATION_NEWEST_INSTANCE] = "NewestInstance",
    [ASG_TERMINATION_OLDEST_INSTANCE] = "OldestInstance",
    [ASG_TERMINATION_OLDEST_LAUNCH_CONFIGURATION] = "OldestLaunchConfiguration",
    [ASG_TERMINATION_OLDEST_LAUNCH_TEMPLATE] = "OldestLaunchTemplate",
};
WORDS(asg_api_termination_policy_words, termination_policies);

static const char *const adjustments[] = {
    [ASG_ADJUSTMENT_CHANGE] = "ChangeInCapacity",
    [ASG_ADJUSTMENT_EXACT] = "ExactCapacity",
    [ASG_ADJUSTMENT_PERCENT] = "PercentChangeInCapacity",
};
WORDS(asg_api_adjustment_words, adjustments);

static const char *const policy_kinds[] = {
    [ASG_POLICY_TARGET_TRACKING] = "TargetTrackingScaling",
    [ASG_POLICY_STEP] = "StepScaling",
    [ASG_POLICY_SIMPLE] = "SimpleScaling",
};
WORDS(asg_api_policy_kind_words, policy_kinds);

static const char *const metrics[] = {
    [ASG_METRIC_NAME_CPU] = "ASGAverageCPUUtilization",
    [ASG_METRIC_NAME_NETWORK_IN] = "ASGAverageNetworkIn",
    [ASG_METRIC_NAME_NETWORK_OUT] = "ASGAverageNetworkOut",
};
WORDS(asg_api_metric_words, metrics);

static const char *const statistics[] = {
    [ASG_STATISTIC_MEAN] = "Average",
    [ASG_STATISTIC_HIGHEST] = "Maximum",
    [ASG_STATISTIC_LOWEST] = "Minimum",
};
WORDS(asg_api_statistic_words, statistics);

static const char *const activity_statuses[] = {
    [ASG_ACTIVITY_PENDING_SPOT_BID_PLACEMENT] = "PendingSpotBidPlacement",
    [ASG_ACTIVITY_WAITING_FOR_SPOT_INSTANCE_REQUEST_ID] =
        "WaitingForSpotInstanceRequestId",
    [ASG_ACTIVITY_WAITING_FOR_SPOT_INSTANCE_ID] = "WaitingForSpotInstanceId",
    [ASG_ACTIVITY_WAITING_FOR_INSTANCE_ID] = "WaitingForInstanceId",
    [ASG_ACTIVITY_PRE_IN_SERVICE] = "PreInService",
    [ASG_ACTIVITY_IN_PROGRESS] = "InProgress",
    [ASG_ACTIVITY_WAITING_FOR_ELB_CONNECTION_DRAINING] =
        "WaitingForELBConnectionDraining",
    [ASG_ACTIVITY_MID_LIFECYCLE_ACTION] = "MidLifecycleAction",
    [ASG_ACTIVITY_WAITING_FOR_INSTANCE_WARMUP] = "WaitingForInstanceWarmup",
    [ASG_ACTIVITY_SUCCESSFUL] = "Successful",
    [ASG_ACTIVITY_FAILED] = "Failed",
    [ASG_ACTIVITY_CANCELLED] = "Cancelled",
    [ASG_ACTIVITY_WAITING_FOR_CONNECTION_DRAINING] = "WaitingForConnectionDraining",
    [ASG_ACTIVITY_WAITING_FOR_IN_PLACE_UPDATE_TO_START] =
        "WaitingForInPlaceUpdateToStart",
    [ASG_ACTIVITY_IN_PLACE_UPDATE_IN_PROGRESS] = "InPlaceUpdateInProgress",
    [ASG_ACTIVITY_WAITING_FOR_IN_PLACE_UPDATE_TO_FINALIZE] =
        "WaitingForInPlaceUpdateToFinalize",
};
WORDS(asg_api_activity_status_words, activity_statuses);
_Static_assert(sizeof activity_statuses / sizeof activity_statuses[0] ==
                   ASG_ACTIVITY_COUNT,
               "every status has a word");

const char *asg_api_word(const struct asg_api_words *words, size_t value)
{
    return value < words->count ? words->words[value] : NULL;
}

int asg_api_value(const struct asg_api_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (words->words[i] != NULL && strcmp(words->words[i], word) == 0) return (int)i;
    }
    return -1;
}
