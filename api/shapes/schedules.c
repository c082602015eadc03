/* schedules - the shapes of scheduled actions; written by write_tables.py. */
#include "api/shapes/shapes.h"

#include "api/shapes/table.h"

/* --- PutScheduledUpdateGroupAction --- */

TABLE(input_put_scheduled_update_group_action, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXT("ScheduledActionName", MUST, 1, 255), TIME("Time", MAY),
      TIME("StartTime", MAY), TIME("EndTime", MAY), TEXT("Recurrence", MAY, 1, 255),
      WHOLE("MinSize", MAY), WHOLE("MaxSize", MAY), WHOLE("DesiredCapacity", MAY),
      TEXT("TimeZone", MAY, 1, 255));

/* --- BatchPutScheduledUpdateGroupAction --- */

TABLE(shape_scheduled_update_group_action_request,
      TEXT("ScheduledActionName", MUST, 1, 255), TIME("StartTime", MAY),
      TIME("EndTime", MAY), TEXT("Recurrence", MAY, 1, 255), WHOLE("MinSize", MAY),
      WHOLE("MaxSize", MAY), WHOLE("DesiredCapacity", MAY),
      TEXT("TimeZone", MAY, 1, 255));

TABLE(input_batch_put_scheduled_update_group_action,
      TEXT("AutoScalingGroupName", MUST, 1, 255),
      LIST("ScheduledUpdateGroupActions", MUST, 0, 50,
           scheduled_update_group_action_request));

TABLE(shape_failed_scheduled_update_group_action_request,
      TEXT("ScheduledActionName", MUST, 1, 255), TEXT("ErrorCode", MAY, 1, 64),
      TEXT("ErrorMessage", MAY, 0, 0));

TABLE(output_batch_put_scheduled_update_group_action,
      LIST("FailedScheduledUpdateGroupActions", MAY, 0, 0,
           failed_scheduled_update_group_action_request));

/* --- DescribeScheduledActions --- */

TABLE(input_describe_scheduled_actions, TEXT("AutoScalingGroupName", MAY, 1, 255),
      TEXTS("ScheduledActionNames", MAY, 0, 50, 1, 1600), TIME("StartTime", MAY),
      TIME("EndTime", MAY), FLAG("IncludeManagedResources", MAY),
      TEXT("NextToken", MAY, 0, 0), NUMBER("MaxRecords", MAY, 1, 100));

TABLE(shape_scheduled_update_group_action, TEXT("AutoScalingGroupName", MAY, 1, 255),
      TEXT("ScheduledActionName", MAY, 1, 255), TEXT("ScheduledActionARN", MAY, 1, 1600),
      TIME("Time", MAY), TIME("StartTime", MAY), TIME("EndTime", MAY),
      TEXT("Recurrence", MAY, 1, 255), WHOLE("MinSize", MAY), WHOLE("MaxSize", MAY),
      WHOLE("DesiredCapacity", MAY), TEXT("TimeZone", MAY, 1, 255));

TABLE(output_describe_scheduled_actions,
      LIST("ScheduledUpdateGroupActions", MAY, 0, 0, scheduled_update_group_action),
      TEXT("NextToken", MAY, 0, 0));

/* --- DeleteScheduledAction --- */

TABLE(input_delete_scheduled_action, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXT("ScheduledActionName", MUST, 1, 255));

/* --- BatchDeleteScheduledAction --- */

TABLE(input_batch_delete_scheduled_action, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("ScheduledActionNames", MUST, 0, 50, 1, 1600));

TABLE(output_batch_delete_scheduled_action,
      LIST("FailedScheduledActions", MAY, 0, 0,
           failed_scheduled_update_group_action_request));
