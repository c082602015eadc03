/* send_report - one report an interval, on a fixed grid; fewer while nobody can take
 * them.
 *
 * Flow:     read_metrics -> [send_report] -> controller
 * The grid is start + n * interval: a late wake-up does not shift the next one, and one
 * that is so late that it passed a point skips that point. Sequence numbers count
 * measurements, so they increase whether a report leaves or not.
 * A report that does not leave is held until the next measurement replaces it: the newest
 * is all that anybody wants. When there is a connection and it is full, the controller
 * has too much to do: the interval doubles, up to ASG_REPORT_SLOW_MAX times, until one
 * leaves again. The report says its interval, so that nobody takes it for silence.
 * Time:     monotonic microseconds, passed in. Threads: one owner at a time.
 */
#ifndef ASG_AGENT_SEND_REPORT_H
#define ASG_AGENT_SEND_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/read_metrics.h"
#include "agent/uplink.h"
#include "base/bytes.h"
#include "model/report.h"

#define ASG_REPORT_SLOW_MAX 4 /* times as long, at most */

struct asg_reporter {
    struct asg_metrics_reader *reader; /* lent */
    int64_t wanted_us;                 /* the interval, as set */
    int64_t interval_us;               /* as it is now */
    int64_t due_us;
    int64_t measured_us;
    bool is_held;             /* report has not left */
    struct asg_report report; /* the last one */
    uint64_t sent;
    uint64_t dropped; /* replaced by a newer one before they left */
    uint64_t unread;  /* measurements that failed */
    struct asg_bytes frame;
};

/* First report one interval from now. */
void asg_reporter_init(struct asg_reporter *reporter, struct asg_metrics_reader *reader,
                       uint64_t boot_id, int64_t interval_ms, int64_t now_us);
void asg_reporter_clear(struct asg_reporter *reporter);

/* If one is due: measure, and send it when `is_open`: there is a connection. True when
 * there is a new report in reporter->report. */
bool asg_reporter_tick(struct asg_reporter *reporter, const struct asg_uplink *uplink,
                       bool is_open, int64_t now_us, int64_t wall_ms);

/* The connection has just come up: what is held leaves now, if it is still fresh. */
void asg_reporter_opened(struct asg_reporter *reporter, const struct asg_uplink *uplink,
                         int64_t now_us);

#endif
