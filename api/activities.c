#include "api/activities.h"

#include <assert.h>
#include <string.h>

#include "api/arns.h"
#include "api/words.h"
#include "base/clock.h"
#include "store/activity_index.h"

static const char *say_what(const struct asg_activity *activity)
{
    switch (activity->kind) {
    case ASG_ACT_LAUNCH: return "Launching a new EC2 instance";
    case ASG_ACT_TERMINATE: return "Terminating EC2 instance";
    case ASG_ACT_TO_STANDBY: return "Moving EC2 instance to Standby";
    case ASG_ACT_OUT_OF_STANDBY: return "Moving EC2 instance out of Standby";
    case ASG_ACT_ATTACH: return "Attaching an existing EC2 instance";
    case ASG_ACT_DETACH: return "Detaching EC2 instance";
    case ASG_ACT_COUNT: break;
    }
    return "Unknown activity";
}

const char *asg_api_describe_activity(struct asg_arena *arena,
                                      const struct asg_activity *activity)
{
    bool has_id = activity->instance_id[0] != '\0';
    bool has_reason =
        activity->message[0] != '\0' && (activity->status == ASG_ACTIVITY_FAILED ||
                                         activity->status == ASG_ACTIVITY_CANCELLED);
    const char *stop = has_id ? "" : "."; /* after an id there is none */
    return asg_arena_format(arena, "%s%s%s%s%s%s", say_what(activity), has_id ? ": " : "",
                            activity->instance_id, has_reason ? stop : "",
                            has_reason ? "  Status Reason: " : "",
                            has_reason ? activity->message : "");
}

/* Ids and zones are plain words; whatever else came stays within its quotes. */
static const char *as_json(struct asg_arena *arena, const char *text)
{
    char *copy = asg_arena_take(arena, strlen(text) + 1);
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool is_plain =
            (unsigned char)text[i] >= ' ' && text[i] != '"' && text[i] != '\\';
        copy[i] = is_plain ? text[i] : '_';
    }
    return copy;
}

static const char *say_details(struct asg_arena *arena,
                               const struct asg_activity *activity)
{
    bool has_subnet = activity->subnet_id[0] != '\0';
    if (activity->zone[0] == '\0' && !has_subnet) return "{}";
    return asg_arena_format(arena, "{%s%s%s\"Availability Zone\":\"%s\"}",
                            has_subnet ? "\"Subnet ID\":\"" : "",
                            has_subnet ? as_json(arena, activity->subnet_id) : "",
                            has_subnet ? "\"," : "", as_json(arena, activity->zone));
}

/* EndTime has whole seconds, as AWS's. */
static const char *say_end(struct asg_arena *arena, int64_t end_ms)
{
    if (end_ms == 0) return NULL;
    char text[ASG_TIME_TEXT_MAX];
    asg_time_format(end_ms, text);
    const char *point = strchr(text, '.');
    assert(point != NULL);
    return asg_arena_format(arena, "%.*sZ", (int)(point - text), text);
}

void asg_api_write_activity(struct asg_writer *writer, struct asg_api_call *call,
                            const struct asg_activity *activity, bool is_group_deleted)
{
    char id[ASG_UUID_SIZE];
    asg_activity_id(activity, id);
    bool has_uuid = activity->group_uuid[0] != '\0';
    bool has_message = activity->message[0] != '\0';
    asg_write_text(writer, "ActivityId", id);
    asg_write_text(writer, "AutoScalingGroupName", activity->group);
    asg_write_text(writer, "Description",
                   asg_api_describe_activity(&call->arena, activity));
    asg_write_text(writer, "Cause", activity->cause);
    asg_write_time(writer, "StartTime", activity->start_ms);
    asg_write_text(writer, "EndTime", say_end(&call->arena, activity->end_ms));
    asg_write_text(writer, "StatusCode",
                   asg_api_word(&asg_api_activity_status_words, activity->status));
    asg_write_text(writer, "StatusMessage", has_message ? activity->message : NULL);
    asg_write_number(writer, "Progress", activity->progress);
    asg_write_text(writer, "Details", say_details(&call->arena, activity));
    asg_write_text(writer, "AutoScalingGroupState", is_group_deleted ? "Deleted" : NULL);
    asg_write_text(
        writer, "AutoScalingGroupARN",
        has_uuid ? asg_api_group_arn(call, activity->group_uuid, activity->group) : NULL);
}
