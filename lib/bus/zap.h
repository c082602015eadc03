/* zap - who may connect: the ZAP handler (RFC 27/ZAP) of one ZeroMQ context.
 *
 * Our own rather than czmq's zauth: each domain has its rule, and the User-Id of every
 * message is the client's public key, which its receiver checks. Inside lib/bus only. */
#ifndef ASG_BUS_ZAP_H
#define ASG_BUS_ZAP_H

#include <stdint.h>

#include "base/error.h"
#include "bus/allow_list.h"
#include "bus/key_set.h"
#include "bus/refused_table.h"

/* A property of each message: asg_accept_last_number() as its connection shook hands, in
 * digits (base/accept_limits.h). */
#define ZAP_ACCEPT_NUMBER "X-Accept-Number"

struct zap;

/* Bind inproc://zeromq.zap.01 and start its thread. `refused` is lent for good. */
ASG_MUST_USE enum asg_status zap_new(void *context, struct refused_table *refused,
                                     struct zap **ret, struct asg_error *error);
void zap_destroy(struct zap **zap);

/* Who may connect; both NULL: nobody. */
struct zap_rule {
    struct asg_allow_list *list;
    struct asg_key_set *set;
    uint32_t handshakes_key_hour;  /* of one key; 0: any number */
    uint32_t handshakes_key_burst; /* of them at once, when it has long made none */
};

/* Give a domain its rule, before its socket is bound. A domain nobody named refuses
 * everyone. A program has a few, with names of at most 31 letters. */
void zap_set_domain(struct zap *zap, const char *domain, const struct zap_rule *rule);

#endif
