/* send_report - one report an interval, on a fixed grid.
 *
 * Flow:     read_metrics -> [send_report] -> controller
 * The grid is start + n * interval: a late wake-up does not shift the next one, and one
 * that is so late that it passed a point skips that point. Sequence numbers count
 * measurements, so they increase whether a report leaves or not. Reports are fire and
 * forget: what cannot be handed over is dropped and counted, the next one is newer.
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

struct asg_reporter {
    struct asg_metrics_reader *reader; /* lent */
    int64_t interval_us;
    int64_t due_us;
    struct asg_report report; /* the last one */
    uint64_t sent;
    uint64_t dropped;
    uint64_t unread; /* measurements that failed */
    struct asg_bytes frame;
};

/* First report one interval from now. */
void asg_reporter_init(struct asg_reporter *reporter, struct asg_metrics_reader *reader,
                       uint64_t boot_id, int64_t interval_ms, int64_t now_us);
void asg_reporter_clear(struct asg_reporter *reporter);

/* If one is due: measure, and send unless `is_bound` is false or there is no connection.
 * True when there is a new report in reporter->report. */
bool asg_reporter_tick(struct asg_reporter *reporter, const struct asg_uplink *uplink,
                       bool is_bound, int64_t now_us, int64_t wall_ms);

#endif
