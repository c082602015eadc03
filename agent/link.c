#include "agent/link.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "wire/wire.h"

void asg_link_init(struct asg_link *link, const struct asg_link_options *options)
{
    *link = (struct asg_link){.options = *options, .state = ASG_BUS_LINK_DOWN};
}

void asg_link_clear(struct asg_link *link)
{
    asg_bus_outlet_destroy(&link->outlet);
    link->report_count = 0;
}

static enum asg_status connect_to(struct asg_link *link, size_t at, int64_t now_ms,
                                  struct asg_error *error)
{
    const struct asg_bus_connect_options options = {
        .endpoint = link->reports[at],
        .source_address = link->options.source_address,
        .server_key = link->reports_key,
        .keys = link->options.keys,
        .max_message_bytes = ASG_AGENT_FRAME_MAX,
        .high_water = 1};
    assert(at < link->report_count);
    asg_bus_outlet_destroy(&link->outlet);
    link->at = at;
    link->since_ms = now_ms;
    link->state = ASG_BUS_LINK_DOWN;
    return asg_bus_outlet_new(link->options.bus, &options, &link->outlet, error);
}

static bool is_same(const struct asg_link *link, const struct asg_enrolled *enrolled)
{
    if (link->outlet == NULL || link->report_count != enrolled->report_count ||
        strcmp(link->reports_key, enrolled->reports_key) != 0) {
        return false;
    }
    for (size_t i = 0; i < link->report_count; i++)
        if (strcmp(link->reports[i], enrolled->reports[i]) != 0) return false;
    return true;
}

enum asg_status asg_link_set(struct asg_link *link, const struct asg_enrolled *enrolled,
                             int64_t now_ms, struct asg_error *error)
{
    if (is_same(link, enrolled) && asg_link_look(link, now_ms, NULL) == ASG_BUS_LINK_UP)
        return ASG_OK;
    assert(enrolled->report_count <= ASG_MEMBERSHIP_REPORTS_MAX);
    memcpy(link->reports, enrolled->reports, sizeof link->reports);
    link->report_count = enrolled->report_count;
    memcpy(link->reports_key, enrolled->reports_key, sizeof link->reports_key);
    enum asg_status status = ASG_ERR_INVALID;
    for (size_t i = 0; i < link->report_count && status != ASG_OK; i++)
        status = connect_to(link, i, now_ms, error);
    return status;
}

enum asg_bus_link asg_link_look(struct asg_link *link, int64_t now_ms,
                                const char **ret_why)
{
    if (ret_why != NULL) {
        *ret_why = link->report_count == 0 ? "not enrolled"
                                           : "that is not an endpoint to connect to";
    }
    if (link->outlet != NULL) link->state = asg_bus_outlet_link(link->outlet, ret_why);
    if (link->state == ASG_BUS_LINK_UP) link->since_ms = now_ms;
    if (link->report_count > 1 && now_ms - link->since_ms >= ASG_LINK_ANSWER_MS) {
        struct asg_error ignored; /* a bad one among them is passed over next time */
        (void)!connect_to(link, (link->at + 1) % link->report_count, now_ms, &ignored);
        if (ret_why != NULL) *ret_why = "trying the next endpoint";
    }
    return link->state;
}

enum asg_status asg_link_send(struct asg_link *link, const void *data, size_t length)
{
    if (link->outlet == NULL || link->state != ASG_BUS_LINK_UP) return ASG_ERR_CLOSED;
    return asg_bus_outlet_send(link->outlet, data, length);
}
