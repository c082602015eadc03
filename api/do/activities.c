/* activities - DescribeScalingActivities, from the index beside the log. */
#include "api/do/do.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/activities.h"
#include "api/do/named.h"
#include "api/pages.h"
#include "api/words.h"
#include "base/clock.h"

#define RECORDS 100

/* "1795444609000:7:42": when the last one of the page began, its group and its number. */
static const char *say_key(struct asg_api_call *call, const struct asg_activity *last)
{
    return asg_arena_format(&call->arena, "%" PRId64 ":%" PRIu32 ":%" PRIu64,
                            last->start_ms, last->group_no, last->no);
}

static bool read_key(const char *key, struct asg_activity_query *query)
{
    if (key[0] == '\0') return true;
    return sscanf(key, "%" SCNd64 ":%" SCNu32 ":%" SCNu64, &query->after_start_ms,
                  &query->after_group_no, &query->after_no) == 3;
}

/* False: the call is ended. */
static bool read_statuses(struct asg_api_call *call, const struct asg_query_value *values,
                          size_t count, struct asg_activity_query *query)
{
    if (query->group == NULL) {
        asg_api_invalid(call, "The Status filter can only be used together with the "
                              "AutoScalingGroupName parameter.");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int value = asg_api_value(&asg_api_activity_status_words, values[i].text);
        if (value < 0) {
            asg_api_invalid(call, "'%.64s' is not a valid value of the filter Status.",
                            values[i].text);
            return false;
        }
        query->statuses |= UINT64_C(1) << value;
    }
    return true;
}

static bool read_bound(struct asg_api_call *call, const char *name,
                       const struct asg_query_value *values, size_t count, int64_t *ret)
{
    *ret = count == 1 ? asg_time_parse(values[0].text) : -1;
    if (*ret >= 0) return true;
    asg_api_invalid(call,
                    "The filter %s needs one value, a time such as "
                    "2026-01-02T03:04:05Z.",
                    name);
    return false;
}

static bool read_filter(struct asg_api_call *call, const struct asg_query_value *filter,
                        struct asg_activity_query *query)
{
    const char *name = asg_value_text(filter, "Name", "");
    size_t count = 0;
    const struct asg_query_value *values = asg_value_items(filter, "Values", &count);
    if (strcmp(name, "Status") == 0) return read_statuses(call, values, count, query);
    if (strcmp(name, "StartTimeLowerBound") == 0) {
        return read_bound(call, name, values, count, &query->from_ms);
    }
    if (strcmp(name, "StartTimeUpperBound") == 0) {
        return read_bound(call, name, values, count, &query->to_ms);
    }
    asg_api_invalid(call,
                    "Filter type %.64s is not correct. Allowed Filter types are: "
                    "StartTimeLowerBound, StartTimeUpperBound, Status",
                    name);
    return false;
}

static bool read_query(struct asg_api_call *call, struct asg_activity_query *query)
{
    struct asg_api_page range;
    if (!asg_api_page_read(call, RECORDS, &range)) return false;
    query->limit = (uint32_t)range.most;
    if (!read_key(range.after, query)) {
        asg_api_refuse(call, 400, "InvalidNextToken",
                       "The NextToken value is not valid.");
        return false;
    }
    query->group = asg_value_text(&call->input, "AutoScalingGroupName", NULL);
    query->with_deleted = asg_value_flag(&call->input, "IncludeDeletedGroups", false);
    query->ids = asg_api_texts(call, "ActivityIds");
    size_t count = 0;
    const struct asg_query_value *filters =
        asg_value_items(&call->input, "Filters", &count);
    for (size_t i = 0; i < count; i++) {
        if (!read_filter(call, &filters[i], query)) return false;
    }
    return true;
}

static void answer(struct asg_api_call *call, const struct asg_indexed_activity *rows,
                   size_t count, bool has_more)
{
    struct asg_writer writer;
    asg_write_init(&writer, asg_api_begin(call), call->action->output);
    asg_write_begin_list(&writer, "Activities");
    for (size_t i = 0; i < count; i++) {
        asg_write_begin_item(&writer);
        asg_api_write_activity(&writer, call, &rows[i].activity, rows[i].is_deleted);
        asg_write_end(&writer);
    }
    asg_write_end(&writer);
    if (has_more) {
        const char *key = say_key(call, &rows[count - 1].activity);
        asg_write_text(&writer, "NextToken", asg_api_page_token(call, key));
    }
    asg_write_finish(&writer);
    asg_api_end(call);
}

struct page_of_rows {
    struct asg_indexed_activity *items;
    size_t count;
    bool has_more;
};

/* False: the call is ended. */
static bool find(struct asg_api_call *call, const struct asg_activity_query *query,
                 struct page_of_rows *ret)
{
    const struct asg_api_ports *ports = asg_api_ports_of(call);
    struct asg_error error = {""};
    enum asg_status status =
        ports->activities(ports->context, query, &call->arena, &ret->items, &ret->count,
                          &ret->has_more, &error);
    if (status == ASG_OK) return true;
    if (status == ASG_ERR_TIMEOUT) {
        asg_api_refuse(call, 503, "ServiceUnavailable", "%s", error.text);
    } else {
        asg_api_refuse(call, 500, "InternalFailure", "activities cannot be read: %s",
                       error.text);
    }
    return false;
}

/* The group is there, or it was and has activities still, whether those that are asked
 * for are among them or not. False: it is not known, and the call is ended. The view is
 * asked first: the index may be on a slow disk. */
static bool require_known(struct asg_api_call *call, const char *group, bool with_deleted)
{
    if (!with_deleted || asg_api_has_group(call, group)) {
        return asg_api_require_group(call, group);
    }
    const struct asg_activity_query any = {
        .group = group, .with_deleted = true, .limit = 1};
    struct page_of_rows rows = {.count = 0};
    if (!find(call, &any, &rows)) return false;
    return rows.count > 0 || asg_api_require_group(call, group);
}

void asg_do_describe_scaling_activities(struct asg_api_call *call)
{
    struct asg_activity_query query = {.group = NULL};
    struct page_of_rows rows = {.count = 0};
    if (!read_query(call, &query)) return;
    if (query.group != NULL && !require_known(call, query.group, query.with_deleted)) {
        return;
    }
    if (find(call, &query, &rows)) {
        answer(call, rows.items, rows.count, rows.has_more);
    }
}
