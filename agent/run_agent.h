/* run_agent - the agent's loop: enrol, report, see that reports arrive, until stopped.
 *
 * Wakes for the next report, the next asking, an answer, or the waker; a few times a
 * second while there is no connection; for nothing else.
 */
#ifndef ASG_AGENT_RUN_AGENT_H
#define ASG_AGENT_RUN_AGENT_H

#include <stdatomic.h>

#include "agent/answer_probes.h"
#include "agent/call_enrol.h"
#include "agent/enrol.h"
#include "agent/identity.h"
#include "agent/link.h"
#include "agent/membership.h"
#include "agent/send_report.h"
#include "agent/shown.h"
#include "agent/watch_notices.h"
#include "base/clock.h"

struct asg_agent {
    struct asg_clock clock;
    struct asg_bus_waker *waker; /* woken after is_stopping was set, and by an answer */
    atomic_bool *is_stopping;
    const struct asg_identity *identity;
    const struct asg_agent_settings *settings;
    uint32_t interval_ms;
    struct asg_membership *membership;
    struct asg_enrol_timer *timer;
    struct asg_link *link;
    struct asg_reporter *reporter;
    struct asg_shown *shown;
    struct asg_probes *probes;
    struct asg_notices *notices; /* NULL: none are watched */
    /* The loop's own. */
    struct asg_enrol_call *call; /* NULL: none is under way */
    uint32_t refusals;           /* of enrolments */
    enum asg_bus_link link_state;
    bool has_linked;
    int64_t trim_ms; /* the next look at our own memory */
};

/* All parts are lent. Returns when *is_stopping is true. */
void asg_run_agent(struct asg_agent *agent);

#endif
