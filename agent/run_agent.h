/* run_agent - the agent's loop: report, join, listen to the controller, until stopped.
 *
 * Wakes for the next report, the next JOIN, a frame, or the waker; for nothing else.
 */
#ifndef ASG_AGENT_RUN_AGENT_H
#define ASG_AGENT_RUN_AGENT_H

#include <stdatomic.h>

#include "agent/join.h"
#include "agent/send_report.h"
#include "agent/shown.h"
#include "agent/watch_notices.h"
#include "base/clock.h"
#include "bus/bus.h"

struct asg_agent {
    struct asg_clock clock;
    struct asg_bus_connection *connection;
    struct asg_bus_waker *waker; /* woken after is_stopping was set */
    atomic_bool *is_stopping;
    struct asg_reporter *reporter;
    struct asg_joiner *joiner;
    struct asg_shown *shown;
    struct asg_notices *notices; /* NULL: none are watched */
};

/* All parts are lent. Returns when *is_stopping is true. */
void asg_run_agent(struct asg_agent *agent);

#endif
