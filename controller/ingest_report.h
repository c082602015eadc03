/* ingest_report - agents' frames in; metrics and health events out.
 *
 * Flow:    agents -> [ingest] -> window, roster -> inbox -> core
 * One thread owns socket, roster and window. It drains what is there, then sleeps a
 * millisecond: waking for each report costs more than the report. With nothing there it
 * waits for the next. A bad frame is counted and dropped, never more.
 * Threads: the calls below from the loop; none blocks for longer than one drain.
 */
#ifndef ASG_CONTROLLER_INGEST_REPORT_H
#define ASG_CONTROLLER_INGEST_REPORT_H

#include "bus/bus.h"
#include "controller/inbox.h"
#include "controller/probe_agent.h"
#include "controller/roster.h"
#include "model/effects.h"

struct asg_ingest;

struct asg_ingest_options {
    struct asg_bus_listener *listener; /* lent; the ingest thread is its only user */
    struct asg_inbox *inbox;
    struct asg_prober *prober; /* NULL: nobody probes */
    struct asg_roster_options roster;
    uint16_t probe_port; /* of an agent that has not said its own */
};

ASG_MUST_USE enum asg_status asg_ingest_new(const struct asg_ingest_options *options,
                                            struct asg_ingest **ret,
                                            struct asg_error *error);
/* Stops and joins the thread. */
void asg_ingest_destroy(struct asg_ingest **ingest);

/* Committed membership changes, in order: watches first, then members. Copied. */
void asg_ingest_take_members(struct asg_ingest *ingest,
                             const struct asg_effects *effects);

/* What the agent of an instance last said; false when none speaks for it. */
bool asg_ingest_look(struct asg_ingest *ingest, const char *instance_id,
                     int64_t *ret_cpu_milli);

#endif
