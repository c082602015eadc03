/* read_metrics - one measurement of this machine: the numbers of a report.
 *
 * Flow:     /proc, /sys -> [read_metrics] -> send_report
 * Percentages are of the time since the measurement before; counters are since boot.
 * What a system does not have (PSI, a disk) is 0. Blocks only on /proc.
 * Threads: one owner at a time.
 */
#ifndef ASG_AGENT_READ_METRICS_H
#define ASG_AGENT_READ_METRICS_H

#include <stdint.h>

#include "base/error.h"
#include "base/status.h"
#include "model/report.h"
#include "agent/read_cpu.h"

struct asg_metrics_options {
    const char *root; /* put before /proc and /sys: "" unless in a test */
    enum asg_cpu_source cpu_source;
    uint64_t cpu_capacity_milli;        /* 0: cgroup's limit, or all cores */
    const char *cgroup;                 /* NULL: our own */
    int32_t session_id;                 /* 0: our own */
    int32_t (*session_of)(int32_t pid); /* NULL: read every process's stat */
};

struct asg_metrics_reader;

/* Open what will be read and take the base for the first percentage at `now_us`
 * (monotonic). Texts are copied. The caller owns *ret.
 * ASG_ERR_IO, ASG_ERR_UNSUPPORTED: the CPU source cannot be read; error says why. */
ASG_MUST_USE enum asg_status asg_metrics_reader_new(
    const struct asg_metrics_options *options, int64_t now_us,
    struct asg_metrics_reader **ret, struct asg_error *error);
void asg_metrics_reader_destroy(struct asg_metrics_reader **reader);

/* Measure; fills every field but boot_id, sequence, time_ms and interval_ms.
 * ASG_ERR_IO: the CPU cannot be read any more; *ret is untouched. */
ASG_MUST_USE enum asg_status asg_read_metrics(struct asg_metrics_reader *reader,
                                              int64_t now_us, struct asg_report *ret);

/* getsid(2), the session_of for a real /proc. */
int32_t asg_session_of(int32_t pid);

#endif
