/* process_metrics - what every program tells Prometheus of itself: which build it is, and
 * the process_* that Prometheus' own client libraries have.
 * Threads: any. Blocks: reads files of /proc. */
#ifndef ASG_BASE_PROCESS_METRICS_H
#define ASG_BASE_PROCESS_METRICS_H

#include "base/metrics.h"

/* identifier, name, names of its labels, kind, help */
#define ASG_PROCESS_METRICS(X)                                                           \
    X(BUILD, "openasg_build_info", "version,revision", GAUGE,                            \
      "Always 1; the labels say which build this program is.")                           \
    X(CPU, "process_cpu_seconds_total", "", COUNTER_MILLI,                               \
      "CPU time of this process, in user and kernel.")                                   \
    X(RESIDENT, "process_resident_memory_bytes", "", GAUGE, "Memory in RAM.")            \
    X(VIRTUAL, "process_virtual_memory_bytes", "", GAUGE, "Address space in use.")       \
    X(OPEN_FDS, "process_open_fds", "", GAUGE, "Open file descriptors.")                 \
    X(MAX_FDS, "process_max_fds", "", GAUGE, "Limit of open file descriptors.")          \
    X(THREADS, "process_threads", "", GAUGE, "Threads of this process.")                 \
    X(START, "process_start_time_seconds", "", GAUGE_MILLI,                              \
      "When this process started, in seconds since 1970.")

/* Append them all. What /proc does not tell is left out. */
void asg_process_metrics_print(enum asg_metric_form form, struct asg_bytes *ret);

#endif
