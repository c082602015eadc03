/* wait - for a condition, with a deadline; never for a time. */
#ifndef ASG_TESTS_WAIT_H
#define ASG_TESTS_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct wait {
    int64_t until_ms;
};

static inline int64_t wait_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct wait wait_begin(int64_t limit_ms)
{
    return (struct wait){.until_ms = wait_now_ms() + limit_ms};
}

static inline bool wait_is_over(const struct wait *wait)
{
    return wait_now_ms() >= wait->until_ms;
}

/* Between two looks at a condition. */
static inline void wait_a_moment(void)
{
    const struct timespec moment = {.tv_nsec = 2000000};
    (void)nanosleep(&moment, NULL);
}

#endif
