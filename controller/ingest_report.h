/* ingest_report - agents' frames in; metrics and health events out.
 *
 * Flow:    agents -> [ingest] -> window, roster -> inbox -> core
 * A turn takes what is there, tells who fell silent and ends the periods that are due;
 * ingest_thread.c takes one after another. A bad frame is counted and dropped, never
 * more. Of several reports of an instance in one turn the newest counts, and one that is
 * older than two of its periods does not (roster.h): what is too much is dropped, not
 * stored. Who is admitted follows the bound keys.
 * Threads: turns from one thread, the other calls from the loop; none blocks for longer
 *          than one drain.
 */
#ifndef ASG_CONTROLLER_INGEST_REPORT_H
#define ASG_CONTROLLER_INGEST_REPORT_H

#include "base/clock.h"
#include "bus/bus.h"
#include "bus/inlet.h"
#include "bus/key_set.h"
#include "controller/group_metrics.h"
#include "controller/inbox.h"
#include "controller/probe_agent.h"
#include "controller/roster.h"
#include "controller/window.h"
#include "model/effects.h"
#include "model/messages.h"

struct asg_ingest;

struct asg_ingest_options {
    struct asg_bus_inlet *inlet; /* lent; the turn is its only user; NULL: none yet */
    struct asg_key_set *key_set; /* lent: filled with the keys that are bound */
    struct asg_inbox *inbox;
    struct asg_prober *prober; /* NULL: nobody probes */
    struct asg_roster_options roster;
    struct asg_window_limits limits; /* all 0: the usual ones */
    uint16_t probe_port;             /* of an agent that has not said its own */
    struct asg_clock clock;
};

void asg_ingest_new(const struct asg_ingest_options *options, struct asg_ingest **ret);
void asg_ingest_destroy(struct asg_ingest **ingest);

/* The inlet, when it is opened only after the first members are known: so nobody whose
 * key is bound is refused at a start. Before the first turn. */
void asg_ingest_open(struct asg_ingest *ingest, struct asg_bus_inlet *inlet);

/* Take what is there and do what is due. Returns the number of frames taken; *ret_wait_ms
 * is the time to the next end of a period (INT64_MAX: none). Silence has no moment of its
 * own: take a turn every 100 ms. Never blocks. */
uint32_t asg_ingest_turn(struct asg_ingest *ingest, int64_t *ret_wait_ms);

/* Committed membership changes, in order: watches first, then members. Copied. */
void asg_ingest_take_members(struct asg_ingest *ingest,
                             const struct asg_effects *effects);

/* All watches and members that there are: whoever is not named is gone. For a core that
 * was built anew: what a batch changed that was durable and not released was never told.
 */
void asg_ingest_take_all(struct asg_ingest *ingest, const struct asg_effects *effects);

/* Core was built anew from the log: signs it was told meanwhile may be lost, so at the
 * next turn everybody who reports or is silent begins to be told again. */
void asg_ingest_tell_again(struct asg_ingest *ingest);

/* How an agent stands that wants to enrol, all committed changes taken in. Any thread. */
enum asg_standing asg_ingest_standing(struct asg_ingest *ingest, const char *instance_id,
                                      const char *curve_key, const char *tls_key,
                                      const char *address);
/* What one said of itself that is enrolled now. Any thread. */
void asg_ingest_describe(struct asg_ingest *ingest, const char *instance_id,
                         uint32_t grpc_port, uint32_t interval_ms);

/* How many agents are bound, by version: at most `most` rows, the last of which is of all
 * others when there are more versions (UINT32_MAX); version 0: not said yet. Returns how
 * many rows. From any thread; the lock is let go between some slots and the next. */
size_t asg_ingest_versions(struct asg_ingest *ingest, size_t most,
                           struct asg_version_count *ret);

/* Fill in what only agents say: is_reporting, and cpu_milli as last heard (-1: never).
 * Waits for a turn under way, once for all rows. */
void asg_ingest_look(struct asg_ingest *ingest, struct asg_instance_view *views,
                     size_t count);

#endif
