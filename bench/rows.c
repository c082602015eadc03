#include "rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Four digits tell what a noisy machine can tell. */
static int decimals_of(double value)
{
    return value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
}

double bench_row(const char *name, const double *values, size_t count, const char *unit,
                 const char *words)
{
    assert(count >= 1 && count <= BENCH_ROUNDS_MAX);
    double sorted[BENCH_ROUNDS_MAX];
    memcpy(sorted, values, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], by_size);
    double median = sorted[count / 2];
    int decimals = decimals_of(median);
    (void)printf("%s %.*f %.*f %.*f %s %s\n", name, decimals, median, decimals, sorted[0],
                 decimals, sorted[count - 1], unit, words);
    (void)fflush(stdout);
    return median;
}

double bench_ratio(const char *name, const double *ours, const double *theirs,
                   size_t count, const char *words)
{
    assert(count >= 1 && count <= BENCH_ROUNDS_MAX);
    double ratios[BENCH_ROUNDS_MAX];
    for (size_t i = 0; i < count; i++) {
        ratios[i] = ours[i] / theirs[i];
    }
    return bench_row(name, ratios, count, "x", words);
}
