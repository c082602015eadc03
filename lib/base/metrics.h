/* metrics - counters, gauges and histograms, declared in one table a program, and how
 * Prometheus reads them.
 *
 * A program writes its table as an X-macro list, makes the enum and the table from it,
 * and counts with asg_metric_add(&table[METRIC_X], 1). The same table is what /metrics
 * prints and what docs/metrics.md says, so that name, unit and help cannot drift.
 * Families whose labels are known only while the program runs are printed row by row.
 * Units:   base units. A value is kept in whole numbers: of the unit, or of its
 * thousandth (the kinds ..._MILLI); histograms count microseconds. Threads: any; each
 * value is one atomic.
 */
#ifndef ASG_BASE_METRICS_H
#define ASG_BASE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum asg_metric_kind {
    ASG_METRIC_COUNTER,
    ASG_METRIC_COUNTER_MILLI,
    ASG_METRIC_GAUGE,
    ASG_METRIC_GAUGE_MILLI,
    ASG_METRIC_HISTOGRAM,      /* 50 us to 10 s: what computers wait for */
    ASG_METRIC_HISTOGRAM_SLOW, /* 0.1 s to 30 min: what machines take to boot */
    ASG_METRIC_HISTOGRAM_LONG, /* 1 min to 90 days: how long machines live */
};

#define ASG_METRIC_BUCKETS_MAX 18

/* What a client may ask for. */
enum asg_metric_form {
    ASG_METRIC_TEXT,        /* Prometheus text 0.0.4 */
    ASG_METRIC_OPENMETRICS, /* OpenMetrics 1.0.0; asg_metrics_end() ends it */
};

struct asg_metric {
    const char *name;   /* "openasg_decisions_total"; histograms end in _seconds */
    const char *labels; /* "" or "kind=\"launch\""; rows of one name stand together */
    const char *help;
    enum asg_metric_kind kind;
    _Atomic int64_t value; /* counter, gauge; histogram: count */
    _Atomic int64_t sum;   /* histogram: microseconds */
    _Atomic int64_t buckets[ASG_METRIC_BUCKETS_MAX];
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

/* Append `count` metrics; a name's rows stand together. */
void asg_metrics_print(struct asg_metric *metrics, size_t count,
                       enum asg_metric_form form, struct asg_bytes *ret);

/* Append what ends the whole text: nothing, or "# EOF". */
void asg_metrics_end(enum asg_metric_form form, struct asg_bytes *ret);

/* ---- families whose labels are known only while the program runs ---- */

#define ASG_METRIC_LABELS_MAX 4

struct asg_metric_family {
    const char *name;
    const char *labels; /* their names, commas between: "group,state" */
    const char *help;
    enum asg_metric_kind kind; /* rows are of none that is a histogram */
};

/* Append the lines above a family's rows; its rows follow at once. */
void asg_metric_family_print(const struct asg_metric_family *family,
                             enum asg_metric_form form, struct asg_bytes *ret);

/* Append one row. `labels`: a value for each of the family's label names; any text, it is
 * escaped. */
void asg_metric_row_print(const struct asg_metric_family *family,
                          const char *const *labels, int64_t value,
                          struct asg_bytes *ret);

#endif
