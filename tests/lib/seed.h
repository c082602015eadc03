/* seed - random numbers for tests: printed first, taken from ASG_SEED when that is set.
 */
#ifndef ASG_TESTS_SEED_H
#define ASG_TESTS_SEED_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct seed {
    uint64_t state;
};

static inline struct seed seed_new(const char *what)
{
    const char *given = getenv("ASG_SEED");
    uint64_t number = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    (void)printf("%s: ASG_SEED=%" PRIu64 "\n", what, number);
    return (struct seed){.state = number * 2654435761u + 88172645463325252u};
}

/* xorshift64*: good enough to stir test inputs. */
static inline uint64_t seed_next(struct seed *seed)
{
    seed->state ^= seed->state >> 12;
    seed->state ^= seed->state << 25;
    seed->state ^= seed->state >> 27;
    return seed->state * 2685821657736338717u;
}

/* 0 to below - 1. */
static inline uint64_t seed_below(struct seed *seed, uint64_t below)
{
    return seed_next(seed) % below;
}

#endif
