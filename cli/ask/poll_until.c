#include "cli/ask/poll_until.h"

#include "base/clock.h"
#include "cli/ask/hush_errors.h"

#define PAUSE_MS 100

/* A controller that restarts is no reason to give up: quiet looks until the end. */
static int look_quietly(struct asg_cli *cli, asg_look *look, void *context,
                        struct asg_arena *arena, int64_t left_ms, bool *ret_is_true)
{
    ASG_CLEANUP(asg_hushed_clear) struct asg_hushed hushed = {0};
    bool is_over = left_ms <= cli->settings.timeout_ms;
    asg_hush(cli, left_ms, &hushed);
    int code = look(cli, context, arena, ret_is_true);
    asg_unhush(cli, &hushed);
    if (code != ASG_EXIT_OK && (code != ASG_EXIT_UNREACHABLE || is_over)) {
        (void)fwrite(hushed.words, 1, hushed.length, cli->err);
    }
    return code == ASG_EXIT_UNREACHABLE && !is_over ? ASG_EXIT_OK : code;
}

int asg_poll_until(struct asg_cli *cli, asg_look *look, void *context, int64_t timeout_ms)
{
    int64_t end_ms = asg_clock_monotonic_ms(&cli->clock) + timeout_ms;
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    for (;;) {
        asg_arena_reset(&arena);
        bool is_true = false;
        int64_t left_ms = end_ms - asg_clock_monotonic_ms(&cli->clock);
        int code = look_quietly(cli, look, context, &arena, left_ms, &is_true);
        if (code != ASG_EXIT_OK || is_true) return code;
        left_ms = end_ms - asg_clock_monotonic_ms(&cli->clock);
        if (left_ms <= 0) return ASG_EXIT_TIMEOUT;
        asg_pause_ms(left_ms < PAUSE_MS ? left_ms : PAUSE_MS);
    }
}
