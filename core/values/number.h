/* number - integers that stand for fractions, as people read them. */
#ifndef ASG_CORE_VALUES_NUMBER_H
#define ASG_CORE_VALUES_NUMBER_H

#include <stdint.h>

#include "model/enums.h"

#define ASG_NUMBER_TEXT_MAX 40

/* 82500 -> "82.5", 50000 -> "50", -250 -> "-0.25". Returns `ret`. */
const char *asg_number_milli(int64_t milli, char ret[ASG_NUMBER_TEXT_MAX]);

/* A value of a metric with its unit: "82.5 %", "1.25", "12000 B/s". Returns `ret`. */
const char *asg_number_metric(enum asg_metric_name metric, int64_t milli,
                              char ret[ASG_NUMBER_TEXT_MAX]);

/* 15000 -> "15 s", 300000 -> "5 min", 250 -> "250 ms", 5400000 -> "90 min". */
const char *asg_number_duration(int64_t ms, char ret[ASG_NUMBER_TEXT_MAX]);

/* ceil(a * b / c) for a, b >= 0, c > 0 without overflow; INT64_MAX when it is more. */
int64_t asg_number_ceil_share(int64_t a, int64_t b, int64_t c);

/* a + b, held at the ends of the range. */
int64_t asg_number_add(int64_t a, int64_t b);

/* base_ms, doubled for each time after the first, most_ms at most. */
int64_t asg_number_doubled(int64_t base_ms, uint32_t times, int64_t most_ms);

#endif
