/* log_time - the time events carry: the wall clock, made never to go back.
 *
 * Small corrections of the wall clock are followed. A jump of over a minute against the
 * monotonic clock is not believed at once: time goes on by the monotonic clock and the
 * operator is told. When the new time has stood for five minutes it is believed
 * (docs/rules.md, "Timeouts and clocks"): ahead of the wall clock, time runs at half
 * speed until that has caught up; far behind it, it leaps only with a new leader, for
 * whom what lies between is an absence. Pure: both clocks come in.
 */
#ifndef ASG_CONTROLLER_LOG_TIME_H
#define ASG_CONTROLLER_LOG_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define ASG_CLOCK_JUMP_MS  INT64_C(60000)
#define ASG_CLOCK_STAND_MS INT64_C(300000)
#define ASG_CLOCK_AHEAD_MS                                                               \
    INT64_C(86400000) /* of the log, at a start: worth a warning                         \
                       */

struct asg_log_time {
    int64_t last_ms;      /* given out */
    int64_t mono_ms;      /* at that moment */
    int64_t jumped_at_ms; /* monotonic; 0: the clocks agree */
    int64_t leap_ms; /* so far ahead is a wall clock that is believed; 0: it is not */
};

/* Begin at `wall_ms`, or at `last_ms` when the log is ahead of the clock. */
void asg_log_time_init(struct asg_log_time *time, int64_t last_ms, int64_t wall_ms,
                       int64_t mono_ms);

/* How far the wall clock is ahead of the log's last record, when that is more than a
 * controller is usually away; 0: it is not, or the log is new. Nothing can tell a clock
 * that is wrong from a long absence: an operator can. */
int64_t asg_log_time_ahead_ms(int64_t last_ms, int64_t wall_ms);

/* The time now. *ret_jumped is set when a jump has just been noticed. With a leap_ms the
 * caller is to begin anew. */
int64_t asg_log_time_now(struct asg_log_time *time, int64_t wall_ms, int64_t mono_ms,
                         bool *ret_jumped);

#endif
