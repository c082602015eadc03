/* schedules - PutScheduledUpdateGroupAction, DeleteScheduledAction and
 * DescribeScheduledActions. */
#include "api/do/schedules.h"

#include <inttypes.h>
#include <string.h>

#include "api/arns.h"
#include "api/do/listing.h"
#include "model/defaults.h"
#include "model/schemas.h"
#include "model/zone_changes.h"
#include "query/write.h"
#include "view/view.h"

#define PAGE 50

/* ---- orders ---- */

static bool take_size(const struct asg_query_value *value, const char *member,
                      int64_t *ret, struct asg_error *error)
{
    *ret = asg_value_number(value, member, ASG_UNSET);
    bool is_given = asg_value_find(value, member) != NULL;
    if (!is_given || (*ret >= 0 && *ret <= ASG_GROUP_CAPACITY_MAX)) return true;
    (void)asg_fail(error, ASG_ERR_INVALID, "%s: %" PRId64 " is not between 0 and %d",
                   member, *ret, ASG_GROUP_CAPACITY_MAX);
    return false;
}

/* A moment that was given is none that was not: 1970 is in the past, as it is. */
static int64_t take_time(const struct asg_query_value *value, const char *member)
{
    if (asg_value_find(value, member) == NULL) return 0;
    int64_t at_ms = asg_value_number(value, member, 0);
    return at_ms > 0 ? at_ms : 1;
}

static bool take_times(struct asg_api_call *call, const struct asg_query_value *value,
                       struct asg_schedule_config *ret, struct asg_error *error)
{
    ret->start_ms = take_time(value, "StartTime");
    if (ret->start_ms == 0) ret->start_ms = take_time(value, "Time");
    ret->end_ms = take_time(value, "EndTime");
    ret->recurrence = asg_value_text(value, "Recurrence", "");
    ret->time_zone = asg_value_text(value, "TimeZone", "UTC");
    ret->has_time_zone = asg_value_find(value, "TimeZone") != NULL;
    return asg_zone_changes(ret, call->now_ms, &call->arena, error) == ASG_OK;
}

bool schedule_take(struct asg_api_call *call, const struct asg_query_value *value,
                   struct asg_schedule_config *ret, struct asg_error *error)
{
    asg_model_set_defaults(&asg_schedule_config_schema, ret);
    ret->group = asg_value_text(&call->input, "AutoScalingGroupName", "");
    ret->name = asg_value_text(value, "ScheduledActionName", "");
    char uuid[ASG_UUID_SIZE];
    asg_uuid_draw(uuid);
    ret->uuid = asg_arena_text(&call->arena, uuid);
    return take_size(value, "MinSize", &ret->min, error) &&
           take_size(value, "MaxSize", &ret->max, error) &&
           take_size(value, "DesiredCapacity", &ret->desired, error) &&
           take_times(call, value, ret, error);
}

struct asg_command schedule_put_order(struct asg_api_call *call,
                                      const struct asg_schedule_config *config)
{
    return (struct asg_command){.kind = ASG_COMMAND_SCHEDULE_PUT,
                                .group = config->group,
                                .schedule_config = config,
                                .limit = asg_api_limits_of(call)->schedules};
}

/* The action of that ARN is in the call's group. */
static bool is_here(struct asg_api_call *call, const struct asg_arn_name *name)
{
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    const struct asg_page *page = asg_root_find(root, name->group);
    const struct asg_group_sheet *sheet = page != NULL ? &page->sheet->content : NULL;
    bool is_found = false;
    for (size_t i = 0; sheet != NULL && i < sheet->schedule_count && !is_found; i++) {
        is_found = strcmp(sheet->schedules[i].name, name->name) == 0 &&
                   strcmp(sheet->schedules[i].uuid, name->uuid) == 0;
    }
    asg_view_drop(&root);
    return is_found;
}

bool schedule_delete_order(struct asg_api_call *call, const char *name,
                           struct asg_command *ret, struct asg_error *error)
{
    const char *group = asg_value_text(&call->input, "AutoScalingGroupName", "");
    *ret = (struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_DELETE, .group = group, .name = name};
    if (strncmp(name, "arn:", 4) != 0) return true;
    struct asg_arn_name read;
    if (!asg_api_read_arn(call, ASG_ARN_SCHEDULE, name, &read) ||
        strcmp(read.group, group) != 0 || !is_here(call, &read)) {
        (void)asg_fail(
            error, ASG_ERR_NOT_FOUND,
            "Scheduled action not found - %.1600s is not a scheduled action of %s", name,
            group);
        return false;
    }
    ret->name = read.name;
    return true;
}

void asg_do_put_scheduled_update_group_action(struct asg_api_call *call)
{
    struct asg_schedule_config config;
    struct asg_error error = {""};
    if (!schedule_take(call, &call->input, &config, &error)) {
        asg_api_invalid(call, "%s", error.text);
        return;
    }
    const struct asg_command command = schedule_put_order(call, &config);
    asg_api_order(call, &command, NULL);
}

void asg_do_delete_scheduled_action(struct asg_api_call *call)
{
    struct asg_command command;
    struct asg_error error = {""};
    const char *name = asg_value_text(&call->input, "ScheduledActionName", "");
    if (!schedule_delete_order(call, name, &command, &error)) {
        asg_api_invalid(call, "%s", error.text);
        return;
    }
    asg_api_order(call, &command, NULL);
}

/* ---- what there is ---- */

/* Which ones: names make the times nothing. */
struct asked {
    struct asg_wanted wanted;
    int64_t from_ms;
    int64_t until_ms;
};

/* It starts then, or runs then again. */
static int64_t start_of(const struct asg_schedule_config *schedule)
{
    bool is_over = schedule->next_ms == 0 || schedule->next_ms == INT64_MAX;
    return is_over ? schedule->start_ms : schedule->next_ms;
}

static bool is_asked_for(const struct asked *asked,
                         const struct asg_schedule_config *schedule)
{
    if (!asg_wanted_is_empty(&asked->wanted)) {
        const struct asg_arn_name name = {schedule->uuid, schedule->group,
                                          schedule->name};
        return asg_wanted_has(&asked->wanted, &name);
    }
    int64_t start_ms = start_of(schedule);
    return start_ms >= asked->from_ms && start_ms <= asked->until_ms;
}

static void write_size(struct asg_writer *writer, const char *name, int64_t size)
{
    if (size >= 0) asg_write_number(writer, name, size);
}

static void write_schedule(struct asg_listing *listing,
                           const struct asg_schedule_config *schedule)
{
    struct asg_writer *writer = &listing->writer;
    asg_write_begin_item(writer);
    asg_write_text(writer, "AutoScalingGroupName", schedule->group);
    asg_write_text(writer, "ScheduledActionName", schedule->name);
    asg_write_text(writer, "ScheduledActionARN",
                   asg_api_schedule_arn(listing->call, schedule->uuid, schedule->group,
                                        schedule->name));
    int64_t start_ms = start_of(schedule);
    if (start_ms > 0) {
        asg_write_time(writer, "Time", start_ms);
        asg_write_time(writer, "StartTime", start_ms);
    }
    if (schedule->end_ms > 0) asg_write_time(writer, "EndTime", schedule->end_ms);
    if (schedule->recurrence[0] != '\0') {
        asg_write_text(writer, "Recurrence", schedule->recurrence);
    }
    write_size(writer, "MinSize", schedule->min);
    write_size(writer, "MaxSize", schedule->max);
    write_size(writer, "DesiredCapacity", schedule->desired);
    bool is_of_openasg = strcmp(schedule->time_zone, "UTC") != 0;
    if (schedule->has_time_zone || is_of_openasg) {
        asg_write_text(writer, "TimeZone", schedule->time_zone);
    }
    asg_write_end(writer);
}

static void list_group(struct asg_listing *listing, const struct asg_page *page,
                       const void *context)
{
    const struct asg_group_sheet *sheet = &page->sheet->content;
    const char *after = asg_listing_after(listing, asg_page_name(page));
    for (size_t i = 0; i < sheet->schedule_count; i++) {
        const struct asg_schedule_config *schedule = &sheet->schedules[i];
        if (after != NULL && strcmp(schedule->name, after) <= 0) continue;
        if (!is_asked_for(context, schedule)) continue;
        if (!asg_listing_takes(listing, schedule->group, schedule->name)) return;
        write_schedule(listing, schedule);
    }
}

void asg_do_describe_scheduled_actions(struct asg_api_call *call)
{
    struct asg_listing listing;
    if (!asg_listing_init(&listing, call, PAGE)) return;
    const struct asked asked = {
        .wanted = asg_wanted_take(call, "ScheduledActionNames", ASG_ARN_SCHEDULE),
        .from_ms = asg_value_number(&call->input, "StartTime", INT64_MIN),
        .until_ms = asg_value_number(&call->input, "EndTime", INT64_MAX)};
    asg_listing_run(&listing, "ScheduledUpdateGroupActions",
                    asg_value_text(&call->input, "AutoScalingGroupName", NULL),
                    list_group, &asked);
}
