#include "controller/log_time.h"

void asg_log_time_init(struct asg_log_time *time, int64_t last_ms, int64_t wall_ms,
                       int64_t mono_ms)
{
    *time = (struct asg_log_time){.last_ms = wall_ms > last_ms ? wall_ms : last_ms,
                                  .mono_ms = mono_ms};
}

int64_t asg_log_time_ahead_ms(int64_t last_ms, int64_t wall_ms)
{
    if (last_ms <= 0 || wall_ms - last_ms <= ASG_CLOCK_AHEAD_MS) return 0;
    return wall_ms - last_ms;
}

int64_t asg_log_time_now(struct asg_log_time *time, int64_t wall_ms, int64_t mono_ms,
                         bool *ret_jumped)
{
    int64_t elapsed_ms = mono_ms > time->mono_ms ? mono_ms - time->mono_ms : 0;
    int64_t expected_ms = time->last_ms + elapsed_ms;
    int64_t ahead_ms = expected_ms - wall_ms;
    bool is_far = ahead_ms > ASG_CLOCK_JUMP_MS || ahead_ms < -ASG_CLOCK_JUMP_MS;
    *ret_jumped = is_far && time->jumped_at_ms == 0;
    if (!is_far) {
        time->jumped_at_ms = 0;
    } else if (time->jumped_at_ms == 0) {
        time->jumped_at_ms = mono_ms;
    }
    bool is_believed = !is_far || mono_ms - time->jumped_at_ms >= ASG_CLOCK_STAND_MS;
    bool is_leap = is_believed && is_far && ahead_ms < 0;
    time->leap_ms = is_leap ? -ahead_ms : 0;
    int64_t now_ms = expected_ms;
    if (is_believed && ahead_ms > 0) now_ms = time->last_ms + elapsed_ms / 2;
    if (is_believed && !is_leap && now_ms < wall_ms) now_ms = wall_ms;
    if (elapsed_ms >= 2 || now_ms > time->last_ms) { /* half of 1 ms must not be lost */
        time->mono_ms = mono_ms;
        time->last_ms = now_ms;
    }
    return time->last_ms;
}
