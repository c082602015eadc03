/* clock - the two clocks a program has, behind one small table of functions.
 *
 * main.c makes the real one; tests and the simulator hand in their own. Nothing
 * but an edge reads a clock; core gets time in its events.
 * Wall time: milliseconds since the epoch, may jump. Monotonic time: CLOCK_BOOTTIME,
 * never goes back and counts suspended time, so that leases end on a sleeping host.
 */
#ifndef ASG_BASE_CLOCK_H
#define ASG_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct asg_clock {
    int64_t (*wall_ms)(void *context);
    int64_t (*monotonic_us)(void *context);
    void *context;
};

/* The real clocks of this machine; never fails, owns nothing. */
struct asg_clock asg_clock_real(void);

int64_t asg_clock_wall_ms(const struct asg_clock *clock);
int64_t asg_clock_monotonic_ms(const struct asg_clock *clock);
int64_t asg_clock_monotonic_us(const struct asg_clock *clock);

/* Sleep for so long; a signal may end it early. */
void asg_pause_ms(int64_t pause_ms);

#define ASG_TIME_TEXT_MAX 32

/* "2026-11-23T14:36:49.123Z" (UTC). */
void asg_time_format(int64_t wall_ms, char text[ASG_TIME_TEXT_MAX]);

/* Parse ISO 8601 UTC ("2026-11-23T14:36:49Z", fraction optional, offset "+01:00"
 * accepted). Returns -1 when it is not one. */
int64_t asg_time_parse(const char *text);

#endif
