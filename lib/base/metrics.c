#include "base/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* Upper bounds of buckets, in microseconds, and as `le` says them: whole numbers have a
 * point in OpenMetrics only. */
struct bounds {
    size_t count;
    int64_t us[ASG_METRIC_BUCKETS_MAX];
};

static const struct bounds fast = {17,
                                   {50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000,
                                    50000, 100000, 250000, 500000, SECOND, 2500000,
                                    5 * SECOND, 10 * SECOND}};

static const struct bounds slow = {16,
                                   {SECOND / 10, SECOND / 4, SECOND / 2, SECOND, 2500000,
                                    5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
                                    45 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE,
                                    10 * MINUTE, 20 * MINUTE, 30 * MINUTE}};

static const struct bounds lives = {15,
                                    {MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR,
                                     2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, DAY,
                                     2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY}};

static const struct bounds *bounds_of(enum asg_metric_kind kind)
{
    switch (kind) {
    case ASG_METRIC_HISTOGRAM: return &fast;
    case ASG_METRIC_HISTOGRAM_SLOW: return &slow;
    case ASG_METRIC_HISTOGRAM_LONG: return &lives;
    default: return NULL;
    }
}

static bool is_counter(enum asg_metric_kind kind)
{
    return kind == ASG_METRIC_COUNTER || kind == ASG_METRIC_COUNTER_MILLI;
}

static bool is_milli(enum asg_metric_kind kind)
{
    return kind == ASG_METRIC_COUNTER_MILLI || kind == ASG_METRIC_GAUGE_MILLI;
}

static const char *kind_word(enum asg_metric_kind kind)
{
    if (bounds_of(kind) != NULL) return "histogram";
    return is_counter(kind) ? "counter" : "gauge";
}

void asg_metric_observe_us(struct asg_metric *metric, int64_t duration_us)
{
    const struct bounds *bounds = bounds_of(metric->kind);
    assert(bounds != NULL);
    for (size_t i = 0; i < bounds->count; i++) {
        if (duration_us <= bounds->us[i]) {
            (void)atomic_fetch_add_explicit(&metric->buckets[i], 1, memory_order_relaxed);
            break;
        }
    }
    (void)atomic_fetch_add_explicit(&metric->sum, duration_us, memory_order_relaxed);
    asg_metric_add(metric, 1);
}

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t its = strlen(end);
    return length >= its && memcmp(text + length - its, end, its) == 0;
}

/* In OpenMetrics a family is named without the suffix of its samples, and the unit must
 * be the end of that name. */
static size_t family_length(const char *name, enum asg_metric_kind kind,
                            enum asg_metric_form form)
{
    size_t length = strlen(name);
    if (form == ASG_METRIC_OPENMETRICS && is_counter(kind) &&
        ends_with(name, length, "_total")) {
        length -= strlen("_total");
    }
    return length;
}

static void print_head(const char *name, const char *help, enum asg_metric_kind kind,
                       enum asg_metric_form form, struct asg_bytes *ret)
{
    static const char *const units[] = {"seconds", "bytes", "ratio"};
    int length = (int)family_length(name, kind, form);
    asg_bytes_printf(ret, "# HELP %.*s %s\n# TYPE %.*s %s\n", length, name, help, length,
                     name, kind_word(kind));
    if (form != ASG_METRIC_OPENMETRICS) return;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (ends_with(name, (size_t)length, units[i])) {
            asg_bytes_printf(ret, "# UNIT %.*s %s\n", length, name, units[i]);
        }
    }
}

static void print_whole(int64_t value, struct asg_bytes *ret)
{
    char digits[24]; /* of 64 bits, with a sign: 20 */
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0) digits[--at] = '-';
    asg_bytes_append(ret, digits + at, sizeof digits - at);
}

/* Thousandths, as a decimal without zeros at its end. */
static void print_milli(int64_t value, struct asg_bytes *ret)
{
    if (value < 0 && value > -1000) asg_bytes_append_byte(ret, '-'); /* -0.5 */
    print_whole(value / 1000, ret);
    int part = (int)(value % 1000);
    if (part < 0) part = -part;
    if (part == 0) return;
    char text[4] = {'.', (char)('0' + part / 100), (char)('0' + part / 10 % 10),
                    (char)('0' + part % 10)};
    size_t length = part % 10 != 0 ? 4 : part % 100 != 0 ? 3 : 2;
    asg_bytes_append(ret, text, length);
}

static void print_value(int64_t value, enum asg_metric_kind kind, struct asg_bytes *ret)
{
    if (is_milli(kind)) {
        print_milli(value, ret);
    } else {
        print_whole(value, ret);
    }
    asg_bytes_append_byte(ret, '\n');
}

static void print_histogram(struct asg_metric *metric, enum asg_metric_form form,
                            struct asg_bytes *ret)
{
    const struct bounds *bounds = bounds_of(metric->kind);
    const char *comma = metric->labels[0] != '\0' ? "," : "";
    int64_t running = 0;
    for (size_t i = 0; i < bounds->count; i++) {
        running += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        bool has_point = form == ASG_METRIC_OPENMETRICS && bounds->us[i] % SECOND == 0;
        asg_bytes_printf(ret, "%s_bucket{%s%sle=\"%.10g%s\"} %" PRId64 "\n", metric->name,
                         metric->labels, comma, (double)bounds->us[i] / 1e6,
                         has_point ? ".0" : "", running);
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

void asg_metrics_print(struct asg_metric *metrics, size_t count,
                       enum asg_metric_form form, struct asg_bytes *ret)
{
    for (size_t i = 0; i < count; i++) {
        struct asg_metric *metric = &metrics[i];
        bool is_first = i == 0 || strcmp(metrics[i - 1].name, metric->name) != 0;
        if (is_first) print_head(metric->name, metric->help, metric->kind, form, ret);
        if (bounds_of(metric->kind) != NULL) {
            print_histogram(metric, form, ret);
            continue;
        }
        asg_bytes_append_text(ret, metric->name);
        if (metric->labels[0] != '\0') asg_bytes_printf(ret, "{%s}", metric->labels);
        asg_bytes_append_byte(ret, ' ');
        print_value(asg_metric_read(metric), metric->kind, ret);
    }
}

void asg_metrics_end(enum asg_metric_form form, struct asg_bytes *ret)
{
    if (form == ASG_METRIC_OPENMETRICS) asg_bytes_append_text(ret, "# EOF\n");
}

void asg_metric_family_print(const struct asg_metric_family *family,
                             enum asg_metric_form form, struct asg_bytes *ret)
{
    print_head(family->name, family->help, family->kind, form, ret);
}

/* As the formats demand: a backslash before the quote and itself, \n for a line's end. */
static void print_label_value(const char *text, struct asg_bytes *ret)
{
    for (;;) {
        size_t plain = strcspn(text, "\\\"\n");
        asg_bytes_append(ret, text, plain);
        text += plain;
        if (*text == '\0') return;
        asg_bytes_append_byte(ret, '\\');
        asg_bytes_append_byte(ret, *text == '\n' ? 'n' : (uint8_t)*text);
        text++;
    }
}

void asg_metric_row_print(const struct asg_metric_family *family,
                          const char *const *labels, int64_t value, struct asg_bytes *ret)
{
    assert(bounds_of(family->kind) == NULL);
    asg_bytes_append_text(ret, family->name);
    char before = '{';
    const char *names = family->labels;
    for (size_t i = 0; *names != '\0'; i++) {
        assert(i < ASG_METRIC_LABELS_MAX);
        size_t length = strcspn(names, ",");
        asg_bytes_append_byte(ret, (uint8_t)before);
        asg_bytes_append(ret, names, length);
        asg_bytes_append(ret, "=\"", 2);
        print_label_value(labels[i], ret);
        asg_bytes_append_byte(ret, '"');
        before = ',';
        names += length;
        if (*names == ',') names++;
    }
    if (before == ',') asg_bytes_append_byte(ret, '}');
    asg_bytes_append_byte(ret, ' ');
    print_value(value, family->kind, ret);
}
