/* link - the way that reports take: an outlet to the first of the cluster's endpoints
 * that answers, and how it stands.
 *
 * Threads: one owner.
 */
#ifndef ASG_AGENT_LINK_H
#define ASG_AGENT_LINK_H

#include "agent/membership.h"
#include "agent/uplink.h"
#include "bus/outlet.h"

#define ASG_LINK_ANSWER_MS 5000 /* an endpoint has this long before the next is tried */

struct asg_link_options {
    struct asg_bus *bus;             /* lent for good */
    const struct asg_bus_keys *keys; /* lent for good */
    const char *source_address;      /* lent for good; NULL: any */
};

struct asg_link {
    struct asg_link_options options;
    struct asg_bus_outlet *outlet; /* NULL: not enrolled, or at a bad endpoint */
    char reports[ASG_MEMBERSHIP_REPORTS_MAX][ASG_BUS_ENDPOINT_MAX];
    size_t report_count;
    char reports_key[ASG_BUS_KEY_SIZE];
    size_t at; /* the endpoint in use */
    enum asg_bus_link state;
    int64_t since_ms; /* of that endpoint, or of the last time that it was up */
};

void asg_link_init(struct asg_link *link, const struct asg_link_options *options);
void asg_link_clear(struct asg_link *link);

/* Connect to these. A connection that is up and still right is left alone.
 * ASG_ERR_INVALID: no endpoint can be used. */
ASG_MUST_USE enum asg_status asg_link_set(struct asg_link *link,
                                          const struct asg_enrolled *enrolled,
                                          int64_t now_ms, struct asg_error *error);

/* Look how it stands, and try the next endpoint when this one does not answer.
 * ret_why (may be NULL): in words, until the next call. */
enum asg_bus_link asg_link_look(struct asg_link *link, int64_t now_ms,
                                const char **ret_why);

/* ASG_ERR_CLOSED: not connected. ASG_ERR_BUSY: the last one has not left yet. */
enum asg_status asg_link_send(struct asg_link *link, const void *data, size_t length);

#endif
