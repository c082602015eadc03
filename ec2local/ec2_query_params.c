/* ec2_query_params - the parameters many actions share, as the model wants them. */
#include "ec2local/ec2_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/launch_fields.h"

enum asg_status asg_call_refuse_missing(struct asg_call *call, const char *name)
{
    call->refusal.code = "MissingParameter";
    call->refusal.http_status = 400;
    (void)snprintf(call->refusal.message, sizeof call->refusal.message,
                   "The request must contain the parameter %s", name);
    return ASG_ERR_DENIED;
}

enum asg_status asg_call_refuse_value(struct asg_call *call, const char *name,
                                      const char *value)
{
    call->refusal.code = "InvalidParameterValue";
    call->refusal.http_status = 400;
    (void)snprintf(call->refusal.message, sizeof call->refusal.message,
                   "Invalid value '%.100s' for %.100s.", value, name);
    return ASG_ERR_DENIED;
}

const char *asg_call_get(const struct asg_call *call, const char *name)
{
    return asg_form_get(call->params, name);
}

enum asg_status asg_call_get_number(struct asg_call *call, const char *name, int64_t *ret)
{
    const char *text = asg_call_get(call, name);
    if (text == NULL) return ASG_OK;
    size_t length = strlen(text);
    if (length == 0 || length > 9 || strspn(text, "0123456789") != length) {
        return asg_call_refuse_value(call, name, text);
    }
    *ret = strtoll(text, NULL, 10);
    return ASG_OK;
}

enum asg_status asg_call_get_flag(struct asg_call *call, const char *name, bool *ret)
{
    const char *text = asg_call_get(call, name);
    if (text == NULL) return ASG_OK;
    if (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0) {
        *ret = true;
    } else if (strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0) {
        *ret = false;
    } else {
        return asg_call_refuse_value(call, name, text);
    }
    return ASG_OK;
}

struct asg_world_ids asg_call_get_list(const struct asg_call *call, const char *name)
{
    struct asg_world_ids list = {0};
    list.count = asg_form_list(call->params, name, call->arena, &list.items);
    return list;
}

static const char *format_name(const struct asg_call *call, const char *prefix,
                               uint32_t number, const char *suffix)
{
    return asg_arena_format(call->arena, "%s.%u.%s", prefix, number, suffix);
}

static enum asg_status get_filters(struct asg_call *call, struct asg_world_query *query)
{
    uint32_t *numbers = NULL;
    size_t count = asg_form_numbers(call->params, "Filter", call->arena, &numbers);
    struct asg_world_filter *filters =
        asg_arena_take(call->arena, (count + 1) * sizeof *filters);
    for (size_t i = 0; i < count; i++) {
        const char *prefix = "Filter";
        const char *name =
            asg_call_get(call, format_name(call, prefix, numbers[i], "Name"));
        filters[i].values =
            asg_call_get_list(call, format_name(call, prefix, numbers[i], "Value"));
        filters[i].name = name;
        if (name == NULL || filters[i].values.count == 0) {
            call->refusal.code = "InvalidParameterValue";
            call->refusal.http_status = 400;
            (void)snprintf(call->refusal.message, sizeof call->refusal.message,
                           "Filter %u has no %s.", numbers[i],
                           name == NULL ? "name" : "values");
            return ASG_ERR_DENIED;
        }
        if (filters[i].values.count > 200) {
            call->refusal.code = "FilterLimitExceeded";
            call->refusal.http_status = 400;
            (void)snprintf(call->refusal.message, sizeof call->refusal.message,
                           "The maximum number of filter values specified on a single "
                           "call is 200");
            return ASG_ERR_DENIED;
        }
    }
    query->filters = filters;
    query->filter_count = count;
    return ASG_OK;
}

enum asg_status asg_call_get_query(struct asg_call *call, const char *ids_name,
                                   int64_t most_min, int64_t most_max,
                                   struct asg_world_query *ret)
{
    struct asg_world_query query = {
        .lag_ms = call->lag_ms, .max_results_min = most_min, .max_results_max = most_max};
    if (ids_name != NULL) query.ids = asg_call_get_list(call, ids_name);
    enum asg_status status = get_filters(call, &query);
    int64_t most = -1;
    if (status == ASG_OK) status = asg_call_get_number(call, "MaxResults", &most);
    if (status != ASG_OK) return status;
    if (most == 0) return asg_call_refuse_value(call, "MaxResults", "0");
    query.max_results = most > 0 ? most : 0;
    const char *token = asg_call_get(call, "NextToken");
    query.next_token = token != NULL && token[0] != '\0' ? token : NULL;
    *ret = query;
    return ASG_OK;
}

struct asg_world_tags asg_call_get_tags(const struct asg_call *call, const char *prefix)
{
    uint32_t *numbers = NULL;
    size_t count = asg_form_numbers(call->params, prefix, call->arena, &numbers);
    struct asg_world_tags tags = {
        .items = asg_arena_take(call->arena, (count + 1) * sizeof *tags.items)};
    for (size_t i = 0; i < count; i++) {
        const char *key =
            asg_call_get(call, format_name(call, prefix, numbers[i], "Key"));
        const char *value =
            asg_call_get(call, format_name(call, prefix, numbers[i], "Value"));
        /* The model only reads requests; its struct is shared with what it owns. */
        tags.items[tags.count].key = (char *)(uintptr_t)(key != NULL ? key : "");
        tags.items[tags.count++].value = (char *)(uintptr_t)value;
    }
    return tags;
}

struct asg_world_tags asg_call_get_tag_specification(const struct asg_call *call,
                                                     const char *prefix, const char *kind)
{
    const char *name = asg_arena_format(call->arena, "%sTagSpecification", prefix);
    uint32_t *numbers = NULL;
    size_t count = asg_form_numbers(call->params, name, call->arena, &numbers);
    struct asg_world_tags all = {0};
    for (size_t i = 0; i < count; i++) {
        const char *type =
            asg_call_get(call, format_name(call, name, numbers[i], "ResourceType"));
        if (type == NULL || strcmp(type, kind) != 0) continue;
        struct asg_world_tags tags =
            asg_call_get_tags(call, format_name(call, name, numbers[i], "Tag"));
        struct asg_world_tags both = {
            .items = asg_arena_take(call->arena,
                                    (all.count + tags.count + 1) * sizeof *both.items)};
        for (size_t t = 0; t < all.count; t++) {
            both.items[both.count++] = all.items[t];
        }
        for (size_t t = 0; t < tags.count; t++) {
            both.items[both.count++] = tags.items[t];
        }
        all = both;
    }
    return all;
}

static char *get_text(const struct asg_call *call, const char *prefix, const char *name)
{
    const char *text =
        asg_call_get(call, asg_arena_format(call->arena, "%s%s", prefix, name));
    if (text == NULL || text[0] == '\0') return NULL;
    return (char *)(uintptr_t)text; /* see asg_call_get_tags() */
}

static int compare_parameters(const void *a, const void *b)
{
    return strcmp(((const struct asg_world_tag *)a)->key,
                  ((const struct asg_world_tag *)b)->key);
}

/* All parameters of a launch behind `prefix`, in order. In a template an unknown one is
 * refused; a launch has others beside them (MinCount). */
static enum asg_status get_parameters(struct asg_call *call, const char *prefix,
                                      struct asg_world_tags *ret)
{
    size_t length = strlen(prefix);
    struct asg_world_tags found = {
        .items =
            asg_arena_take(call->arena, (call->params->count + 1) * sizeof *found.items)};
    for (size_t i = 0; i < call->params->count; i++) {
        const struct asg_form_pair *param = &call->params->pairs[i];
        if (strncmp(param->name, prefix, length) != 0) continue;
        const struct asg_launch_field *field =
            asg_launch_field_of_query(param->name + length, NULL);
        if (field == NULL && length == 0) continue;
        if (field == NULL) {
            call->refusal.code = "UnknownParameter";
            call->refusal.http_status = 400;
            (void)snprintf(call->refusal.message, sizeof call->refusal.message,
                           "The parameter %.200s is not recognized", param->name);
            return ASG_ERR_DENIED;
        }
        if (!asg_launch_value_fits(field, param->value)) {
            return asg_call_refuse_value(call, param->name, param->value);
        }
        /* See asg_call_get_tags() for the casts. */
        found.items[found.count++] =
            (struct asg_world_tag){.key = (char *)(uintptr_t)(param->name + length),
                                   .value = (char *)(uintptr_t)param->value};
    }
    if (found.count > 1) {
        qsort(found.items, found.count, sizeof *found.items, compare_parameters);
    }
    *ret = found;
    return ASG_OK;
}

enum asg_status asg_call_get_data(struct asg_call *call, const char *prefix,
                                  struct asg_world_data *ret)
{
    struct asg_world_data data = {
        .image_id = get_text(call, prefix, "ImageId"),
        .instance_type = get_text(call, prefix, "InstanceType"),
        .subnet_id = get_text(call, prefix, "SubnetId"),
        .zone = get_text(call, prefix, "Placement.AvailabilityZone"),
        .user_data = get_text(call, prefix, "UserData"),
        .key_name = get_text(call, prefix, "KeyName"),
        .tags = asg_call_get_tag_specification(call, prefix, "instance"),
    };
    if (data.subnet_id == NULL) {
        data.subnet_id = get_text(call, prefix, "NetworkInterface.1.SubnetId");
    }
    const char *market = get_text(call, prefix, "InstanceMarketOptions.MarketType");
    if (market != NULL && strcmp(market, "spot") != 0) {
        return asg_call_refuse_value(call, "InstanceMarketOptions.MarketType", market);
    }
    data.is_spot = market != NULL;
    enum asg_status status = asg_call_get_flag(
        call, asg_arena_format(call->arena, "%sDisableApiTermination", prefix),
        &data.is_protected);
    if (status == ASG_OK) status = get_parameters(call, prefix, &data.parameters);
    if (status != ASG_OK) return status;
    *ret = data;
    return ASG_OK;
}

struct asg_world_template_reference asg_call_get_template(const struct asg_call *call,
                                                          const char *prefix,
                                                          const char *version_name)
{
    return (struct asg_world_template_reference){
        .id = get_text(call, prefix, "LaunchTemplateId"),
        .name = get_text(call, prefix, "LaunchTemplateName"),
        .version = version_name != NULL ? get_text(call, prefix, version_name) : NULL,
    };
}

/* --- listings of few items --- */

static bool takes_tags(const struct asg_world_filter *filter,
                       const struct asg_world_tags *tags)
{
    if (tags == NULL) return false;
    if (strncmp(filter->name, "tag:", 4) == 0) {
        for (size_t i = 0; i < tags->count; i++) {
            if (strcmp(tags->items[i].key, filter->name + 4) == 0 &&
                asg_world_filter_takes(filter, tags->items[i].value)) {
                return true;
            }
        }
        return false;
    }
    for (size_t i = 0; i < tags->count; i++) {
        if (asg_world_filter_takes(filter, tags->items[i].key)) return true;
    }
    return false;
}

enum asg_status asg_call_takes(struct asg_call *call, const struct asg_world_query *query,
                               const struct asg_call_field *fields, size_t field_count,
                               const struct asg_world_tags *tags, bool *ret)
{
    bool takes_all = true;
    for (size_t i = 0; i < query->filter_count; i++) {
        const struct asg_world_filter *filter = &query->filters[i];
        if (strncmp(filter->name, "tag:", 4) == 0 ||
            strcmp(filter->name, "tag-key") == 0) {
            takes_all = takes_all && takes_tags(filter, tags);
            continue;
        }
        size_t f = 0;
        while (f < field_count && strcmp(fields[f].name, filter->name) != 0) {
            f++;
        }
        if (f == field_count) {
            call->refusal.code = "InvalidParameterValue";
            call->refusal.http_status = 400;
            (void)snprintf(call->refusal.message, sizeof call->refusal.message,
                           "The filter '%.100s' is invalid", filter->name);
            return ASG_ERR_DENIED;
        }
        takes_all = takes_all && asg_world_filter_takes(filter, fields[f].value);
    }
    *ret = takes_all;
    return ASG_OK;
}

bool asg_call_is_asked(const struct asg_world_ids *ids, const char *id)
{
    if (ids->count == 0) return true;
    for (size_t i = 0; i < ids->count; i++) {
        if (strcmp(ids->items[i], id) == 0) return true;
    }
    return false;
}

/* --- pages --- */

enum asg_status asg_call_begin_pages(struct asg_call *call,
                                     const struct asg_world_query *query,
                                     struct asg_call_pages *ret)
{
    struct asg_call_pages pages = {
        .scope = asg_world_query_scope(query),
        .most = query->max_results > 0 ? (uint64_t)query->max_results : UINT64_MAX};
    if (query->next_token != NULL) {
        enum asg_status status = asg_world_read_page_token(
            call->world, query->next_token, pages.scope, &pages.from, &call->refusal);
        if (status != ASG_OK) return status;
    }
    *ret = pages;
    return ASG_OK;
}

bool asg_call_is_on_page(struct asg_call_pages *pages)
{
    if (pages->seen++ < pages->from) return false;
    pages->has_more = pages->written == pages->most;
    if (pages->has_more) return false;
    pages->written++;
    return true;
}

void asg_call_end_pages(struct asg_call *call, const struct asg_call_pages *pages)
{
    if (!pages->has_more) return;
    asg_xml_out_text(call->out, "nextToken",
                     asg_world_page_token(call->world, pages->from + pages->written,
                                          pages->scope, call->arena));
}
