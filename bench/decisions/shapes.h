/* shapes - the loads that rules are judged by, a number a second.
 *
 * Each is made from integers and a seed alone, so that it is the same on any machine.
 * Values: thousandths of what one instance can do; LEVEL(n) keeps n instances at 50 %.
 */
#ifndef BENCH_DECISIONS_SHAPES_H
#define BENCH_DECISIONS_SHAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAPE_SECONDS 10800 /* three hours */
#define LEVEL(n)      ((n)*500)

/* Who may have seen it while the defaults were chosen. */
enum shape_set {
    SHAPE_TUNED, /* the defaults were chosen on these, with the seeds of SEEDS_TUNED */
    SHAPE_KEPT,  /* kept back: no default was chosen by it */
    SHAPE_TRACE, /* public traces, kept back as well */
};
#define SEEDS_TUNED 2 /* seeds 1 and 2; from 3 on they are kept back as well */

struct shape {
    char name[32];
    const char *family;
    enum shape_set set;
    uint32_t seconds;
    int32_t *demand; /* `seconds` of them; made by shape_make() */
};

/* How many there are without traces. */
size_t shape_count(void);

/* The load of shape `no` with a seed; the caller frees ret->demand. */
void shape_make(size_t no, uint64_t seed, struct shape *ret);

/* The trace in the file at `path`, minute by minute in between by straight lines, with
 * the noise of a seed; false: there is none, or it is not one (said on standard error).
 * The history before its day is left out. */
bool shape_read_trace(const char *path, uint64_t seed, struct shape *ret);

/* Fairly random, the same everywhere: splitmix64 by Sebastiano Vigna (public domain). */
uint64_t draw_next(uint64_t *state);
/* From -span to span, the middle more often: the mean of four. */
int64_t draw_around(uint64_t *state, int64_t span);

#endif
