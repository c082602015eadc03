/* inlet - reports one way: many agents PUSH, the controller's one PULL hears them. It
 * never sends, has no routing ids, and holds nothing of a peer whose key is not in its
 * set.
 * Threads: one owner.
 */
#ifndef ASG_BUS_INLET_H
#define ASG_BUS_INLET_H

#include "base/error.h"
#include "bus/bus.h"
#include "bus/key_set.h"

struct asg_bus_inlet;

struct asg_bus_inlet_options {
    const char *endpoint;            /* "tcp://127.0.0.1:7701"; port * picks a free one */
    const char *domain;              /* ZAP domain: "agents" */
    const struct asg_bus_keys *keys; /* lent for the call */
    struct asg_key_set *key_set;     /* lent for good: who may connect */
    size_t max_message_bytes;        /* 0: 4 KiB */
    int high_water;                  /* messages queued a peer; 0: 16 */
    int64_t handshake_ms;            /* 0: 10 s */
    bool allow_plaintext;            /* no encryption, no keys: for measurements only */
};

ASG_MUST_USE enum asg_status asg_bus_inlet_new(
    struct asg_bus *bus, const struct asg_bus_inlet_options *options,
    struct asg_bus_inlet **ret, struct asg_error *error);
void asg_bus_inlet_destroy(struct asg_bus_inlet **inlet);
const char *asg_bus_inlet_endpoint(const struct asg_bus_inlet *inlet);

/* The next message, without waiting; ret->peer is 0. asg_bus_message_user_key() says who
 * sent it; its data lives until the next receive. ASG_ERR_EMPTY: none now;
 * ASG_ERR_MALFORMED: one of several frames, none of ours, which is gone. */
ASG_MUST_USE enum asg_status asg_bus_inlet_receive(struct asg_bus_inlet *inlet,
                                                   struct asg_bus_message *ret);

#endif
