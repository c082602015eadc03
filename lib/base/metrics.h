/* metrics - counters, gauges and histograms, declared in one table a program.
 *
 * A program writes its `metrics.def` as an X-macro list, makes the enum and the
 * table from it, and counts with asg_metric_add(&table[METRIC_X], 1). The same table is
 * what /metrics prints, so that name, unit and help cannot drift.
 * Threads: any; each value is one atomic.
 */
#ifndef ASG_BASE_METRICS_H
#define ASG_BASE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum asg_metric_kind { ASG_METRIC_COUNTER, ASG_METRIC_GAUGE, ASG_METRIC_HISTOGRAM };

/* Upper bounds of histogram buckets in microseconds: 50 us to 10 s. */
#define ASG_METRIC_BUCKETS                                                               \
    {                                                                                    \
        50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,        \
            500000, 1000000, 2500000, 5000000, 10000000                                  \
    }
#define ASG_METRIC_BUCKET_COUNT 17

struct asg_metric {
    const char *name;   /* "asg_decisions_total"; histograms end in _seconds */
    const char *labels; /* "" or "kind=\"launch\""; rows of one name stand together */
    const char *help;
    enum asg_metric_kind kind;
    _Atomic int64_t value; /* counter, gauge; histogram: count */
    _Atomic int64_t sum;   /* histogram: microseconds */
    _Atomic int64_t buckets[ASG_METRIC_BUCKET_COUNT];
};

static inline void asg_metric_add(struct asg_metric *metric, int64_t more)
{
    (void)atomic_fetch_add_explicit(&metric->value, more, memory_order_relaxed);
}

static inline void asg_metric_set(struct asg_metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

static inline int64_t asg_metric_read(struct asg_metric *metric)
{
    return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

/* Count one duration in a histogram. */
void asg_metric_observe_us(struct asg_metric *metric, int64_t duration_us);

/* Append the Prometheus text form (version 0.0.4) of `count` metrics. */
void asg_metrics_print(struct asg_metric *metrics, size_t count, struct asg_bytes *ret);

#endif
