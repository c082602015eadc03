/* watch_notices - a thread that asks the instance metadata what EC2 announces.
 *
 * Every few seconds (EC2 says five) it asks for a Spot instance's interruption and
 * rebalance notices. What stands is handed out again and again, so that a frame that is
 * lost harms nothing. The metadata is asked by this thread alone: it may block for
 * seconds. Threads: any may call.
 */
#ifndef ASG_AGENT_WATCH_NOTICES_H
#define ASG_AGENT_WATCH_NOTICES_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/send_report.h"
#include "base/clock.h"
#include "base/error.h"
#include "bus/bus.h"

enum asg_notice_watch {
    ASG_NOTICE_WATCH_AUTO, /* on instances that the metadata calls spot */
    ASG_NOTICE_WATCH_ON,
    ASG_NOTICE_WATCH_OFF,
};

struct asg_notices_options {
    enum asg_notice_watch watch;
    const char *metadata_endpoint; /* lent; "" as in settings.c */
    const char *local_address;     /* lent; NULL: any */
    int64_t interval_ms;
    struct asg_clock clock;
    struct asg_bus_waker *waker; /* lent; woken when there is something to say */
};

struct asg_notices;

/* Start the thread; NULL in *ret when nothing is to be watched (OFF).
 * What asg_imds_new() refuses is refused. */
ASG_MUST_USE enum asg_status asg_notices_new(const struct asg_notices_options *options,
                                             struct asg_notices **ret,
                                             struct asg_error *error);
/* Ends the thread; blocks for an answer under way, at most some seconds. */
void asg_notices_destroy(struct asg_notices **notices);

/* Send what was found since it was sent last; NULL: nothing. False: some could not leave
 * now, and is sent by the next call. */
bool asg_notices_send(struct asg_notices *notices, const struct asg_uplink *uplink);

#endif
