#include "base/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static const int64_t bucket_bounds_us[ASG_METRIC_BUCKET_COUNT] = ASG_METRIC_BUCKETS;

void asg_metric_observe_us(struct asg_metric *metric, int64_t duration_us)
{
    for (size_t i = 0; i < ASG_METRIC_BUCKET_COUNT; i++) {
        if (duration_us <= bucket_bounds_us[i]) {
            (void)atomic_fetch_add_explicit(&metric->buckets[i], 1, memory_order_relaxed);
            break;
        }
    }
    (void)atomic_fetch_add_explicit(&metric->sum, duration_us, memory_order_relaxed);
    asg_metric_add(metric, 1);
}

static void print_histogram(struct asg_metric *metric, struct asg_bytes *ret)
{
    const char *comma = metric->labels[0] != '\0' ? "," : "";
    int64_t running = 0;
    for (size_t i = 0; i < ASG_METRIC_BUCKET_COUNT; i++) {
        running += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        asg_bytes_printf(ret, "%s_bucket{%s%sle=\"%g\"} %" PRId64 "\n", metric->name,
                         metric->labels, comma, (double)bucket_bounds_us[i] / 1e6,
                         running);
    }
    int64_t count = asg_metric_read(metric);
    if (count < running) count = running; /* a count that arrived meanwhile */
    asg_bytes_printf(ret, "%s_bucket{%s%sle=\"+Inf\"} %" PRId64 "\n", metric->name,
                     metric->labels, comma, count);
    const char *open = metric->labels[0] != '\0' ? "{" : "";
    const char *close = metric->labels[0] != '\0' ? "}" : "";
    int64_t sum = atomic_load_explicit(&metric->sum, memory_order_relaxed);
    asg_bytes_printf(ret, "%s_sum%s%s%s %.6f\n", metric->name, open, metric->labels,
                     close, (double)sum / 1e6);
    asg_bytes_printf(ret, "%s_count%s%s%s %" PRId64 "\n", metric->name, open,
                     metric->labels, close, count);
}

void asg_metrics_print(struct asg_metric *metrics, size_t count, struct asg_bytes *ret)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    for (size_t i = 0; i < count; i++) {
        struct asg_metric *metric = &metrics[i];
        bool is_first = i == 0 || strcmp(metrics[i - 1].name, metric->name) != 0;
        if (is_first) {
            asg_bytes_printf(ret, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
                             metric->help, metric->name, kinds[metric->kind]);
        }
        if (metric->kind == ASG_METRIC_HISTOGRAM) {
            print_histogram(metric, ret);
        } else if (metric->labels[0] != '\0') {
            asg_bytes_printf(ret, "%s{%s} %" PRId64 "\n", metric->name, metric->labels,
                             asg_metric_read(metric));
        } else {
            asg_bytes_printf(ret, "%s %" PRId64 "\n", metric->name,
                             asg_metric_read(metric));
        }
    }
}
