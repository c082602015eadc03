/* zap - who may connect: the ZAP handler (RFC 27/ZAP) of one ZeroMQ context.
 *
 * Our own rather than czmq's zauth: each domain has its rule, and the User-Id of every
 * message is the client's public key, which its receiver checks. Inside lib/bus only. */
#ifndef ASG_BUS_ZAP_H
#define ASG_BUS_ZAP_H

#include <stdint.h>

#include "base/error.h"
#include "bus/allow_list.h"

struct zap;

/* Bind inproc://zeromq.zap.01 and start its thread. */
ASG_MUST_USE enum asg_status zap_new(void *context, struct zap **ret,
                                     struct asg_error *error);
void zap_destroy(struct zap **zap);

/* Say who may connect in a domain, before its socket is bound. `list` NULL: any key.
 * A domain nobody named refuses everyone. */
void zap_set_domain(struct zap *zap, const char *domain, struct asg_allow_list *list);
uint64_t zap_refused_count(struct zap *zap);

#endif
