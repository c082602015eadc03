/* schedules - PutScheduledUpdateGroupAction, DeleteScheduledAction and
 * DescribeScheduledActions. */
#include "api/do/schedules.h"

#include <inttypes.h>
#include <string.h>

#include "api/arns.h"
#include "api/do/named.h"
#include "api/pages.h"
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

struct asg_command schedule_delete_order(struct asg_api_call *call, const char *name)
{
    static const char tail[] = ":scheduledActionName/";
    const char *of_arn = strncmp(name, "arn:", 4) == 0 ? strstr(name, tail) : NULL;
    return (struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_DELETE,
        .group = asg_value_text(&call->input, "AutoScalingGroupName", ""),
        .name = of_arn != NULL ? of_arn + sizeof tail - 1 : name};
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
    const struct asg_command command = schedule_delete_order(
        call, asg_value_text(&call->input, "ScheduledActionName", ""));
    asg_api_order(call, &command, NULL);
}

/* ---- what there is ---- */

struct listing {
    struct asg_api_call *call;
    struct asg_writer writer;
    const struct asg_query_value *names;
    size_t name_count;
    int64_t from_ms; /* of runs that are asked for; names make it nothing */
    int64_t until_ms;
    const char *after_group; /* of the last action of the page before; "" */
    const char *after_name;
    size_t left;
    const struct asg_schedule_config *last;
    bool has_more;
};

/* It starts then, or runs then again. */
static int64_t start_of(const struct asg_schedule_config *schedule)
{
    bool is_over = schedule->next_ms == 0 || schedule->next_ms == INT64_MAX;
    return is_over ? schedule->start_ms : schedule->next_ms;
}

static bool is_asked_for(const struct listing *listing,
                         const struct asg_schedule_config *schedule)
{
    for (size_t i = 0; i < listing->name_count; i++) {
        const char *name = listing->names[i].text;
        if (strcmp(name, schedule->name) == 0) return true;
        if (strcmp(name, asg_api_schedule_arn(listing->call, schedule->uuid,
                                              schedule->group, schedule->name)) == 0) {
            return true;
        }
    }
    if (listing->name_count > 0) return false;
    int64_t start_ms = start_of(schedule);
    return start_ms >= listing->from_ms && start_ms <= listing->until_ms;
}

static void write_size(struct asg_writer *writer, const char *name, int64_t size)
{
    if (size >= 0) asg_write_number(writer, name, size);
}

static void write_schedule(struct listing *listing,
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

static void list_group(struct listing *listing, const struct asg_page *page)
{
    const struct asg_group_sheet *sheet = &page->sheet->content;
    bool is_cut = strcmp(asg_page_name(page), listing->after_group) == 0;
    for (size_t i = 0; i < sheet->schedule_count && !listing->has_more; i++) {
        const struct asg_schedule_config *schedule = &sheet->schedules[i];
        if (is_cut && strcmp(schedule->name, listing->after_name) <= 0) continue;
        if (!is_asked_for(listing, schedule)) continue;
        if (listing->left == 0) {
            listing->has_more = true;
            return;
        }
        listing->left--;
        listing->last = schedule;
        write_schedule(listing, schedule);
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

static void begin_listing(struct asg_api_call *call, const struct asg_api_page *range,
                          struct listing *ret)
{
    ret->call = call;
    asg_api_page_split(call, range, &ret->after_group, &ret->after_name);
    ret->left = range->most;
    ret->names = asg_value_items(&call->input, "ScheduledActionNames", &ret->name_count);
    ret->from_ms = asg_value_number(&call->input, "StartTime", INT64_MIN);
    ret->until_ms = asg_value_number(&call->input, "EndTime", INT64_MAX);
}

void asg_do_describe_scheduled_actions(struct asg_api_call *call)
{
    struct listing listing = {.left = 0};
    struct asg_api_page range;
    if (!asg_api_page_read(call, PAGE, &range)) return;
    begin_listing(call, &range, &listing);
    const char *group = asg_value_text(&call->input, "AutoScalingGroupName", NULL);
    const struct asg_root *root = asg_api_hold_with_group(call, group);
    if (root == NULL) return;
    asg_write_init(&listing.writer, asg_api_begin(call), call->action->output);
    asg_write_begin_list(&listing.writer, "ScheduledUpdateGroupActions");
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
