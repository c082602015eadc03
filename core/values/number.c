#include "core/values/number.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

const char *asg_number_milli(int64_t milli, char ret[ASG_NUMBER_TEXT_MAX])
{
    uint64_t size = milli < 0 ? 0 - (uint64_t)milli : (uint64_t)milli;
    const char *sign = milli < 0 ? "-" : "";
    unsigned rest = (unsigned)(size % 1000);
    int digits = 3;
    while (digits > 0 && rest % 10 == 0) {
        rest /= 10;
        digits--;
    }
    assert(digits > 0 || rest == 0); /* no digit is lost */
    if (digits == 0) {
        (void)snprintf(ret, ASG_NUMBER_TEXT_MAX, "%s%" PRIu64, sign, size / 1000);
    } else {
        (void)snprintf(ret, ASG_NUMBER_TEXT_MAX, "%s%" PRIu64 ".%0*u", sign, size / 1000,
                       digits, rest);
    }
    return ret;
}

static const char *unit_of(enum asg_metric_name metric)
{
    switch (metric) {
    case ASG_METRIC_NAME_CPU:
    case ASG_METRIC_NAME_MEMORY:
    case ASG_METRIC_NAME_PRESSURE: return " %";
    case ASG_METRIC_NAME_NETWORK_IN:
    case ASG_METRIC_NAME_NETWORK_OUT:
    case ASG_METRIC_NAME_DISK_READ:
    case ASG_METRIC_NAME_DISK_WRITE: return " B/s";
    case ASG_METRIC_NAME_LOAD:
    case ASG_METRIC_NAME_COUNT: break;
    }
    return "";
}

const char *asg_number_metric(enum asg_metric_name metric, int64_t milli,
                              char ret[ASG_NUMBER_TEXT_MAX])
{
    char number[ASG_NUMBER_TEXT_MAX];
    /* A tenth is as fine as anybody reads. */
    int64_t shown = milli >= 0 ? asg_number_add(milli, 50) / 100 * 100 : milli;
    (void)snprintf(ret, ASG_NUMBER_TEXT_MAX, "%s%s", asg_number_milli(shown, number),
                   unit_of(metric));
    return ret;
}

const char *asg_number_duration(int64_t ms, char ret[ASG_NUMBER_TEXT_MAX])
{
    if (ms >= 60000 && ms % 60000 == 0) {
        (void)snprintf(ret, ASG_NUMBER_TEXT_MAX, "%" PRId64 " min", ms / 60000);
    } else if (ms >= 1000) {
        char number[ASG_NUMBER_TEXT_MAX];
        (void)snprintf(ret, ASG_NUMBER_TEXT_MAX, "%s s",
                       asg_number_milli(ms / 100 * 100, number));
    } else {
        (void)snprintf(ret, ASG_NUMBER_TEXT_MAX, "%" PRId64 " ms", ms);
    }
    return ret;
}

int64_t asg_number_ceil_share(int64_t a, int64_t b, int64_t c)
{
    assert(a >= 0 && b >= 0 && c > 0);
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product) || product > INT64_MAX - c) {
        return INT64_MAX;
    }
    return (product + c - 1) / c;
}

int64_t asg_number_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

int64_t asg_number_doubled(int64_t base_ms, uint32_t times, int64_t most_ms)
{
    assert(base_ms > 0 && base_ms <= most_ms);
    int64_t ms = base_ms;
    for (uint32_t i = 1; i < times && ms < most_ms; i++) {
        ms *= 2;
    }
    assert(ms >= base_ms);
    return ms < most_ms ? ms : most_ms;
}
