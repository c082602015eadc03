/* rows - how a benchmark says what it measured: one line a figure,
 * `name median min max unit words`, which bench/run.py reads. */
#ifndef ASG_BENCH_ROWS_H
#define ASG_BENCH_ROWS_H

#include <stddef.h>

#define BENCH_ROUNDS_MAX 64

/* Print the row of a figure that was taken once a round. `count` (1 to BENCH_ROUNDS_MAX)
 * values, which stay as they are; `words` may be "". Returns the median. */
double bench_row(const char *name, const double *values, size_t count, const char *unit,
                 const char *words);

/* The row, with the unit "x", of ours over theirs round by round, so that a noisy minute
 * hits both sides of each ratio. Returns the median. */
double bench_ratio(const char *name, const double *ours, const double *theirs,
                   size_t count, const char *words);

#endif
