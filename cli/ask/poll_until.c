#include "cli/ask/poll_until.h"

#include <stdlib.h>
#include <time.h>

#define PAUSE_MS 100

/* A controller that restarts is no reason to give up: quiet looks until the end. */
static int look_quietly(struct asg_cli *cli, asg_look *look, void *context,
                        struct asg_arena *arena, int64_t left_ms, bool *ret_is_true)
{
    FILE *err = cli->err;
    int64_t timeout_ms = cli->settings.timeout_ms;
    char *words = NULL;
    size_t length = 0;
    FILE *quiet = open_memstream(&words, &length);
    if (quiet == NULL) return look(cli, context, arena, ret_is_true);
    cli->err = quiet;
    if (left_ms > 0 && left_ms < timeout_ms) cli->settings.timeout_ms = left_ms;
    int code = look(cli, context, arena, ret_is_true);
    cli->err = err;
    cli->settings.timeout_ms = timeout_ms;
    (void)fclose(quiet);
    bool is_over = left_ms <= timeout_ms;
    if (code != ASG_EXIT_OK && (code != ASG_EXIT_UNREACHABLE || is_over)) {
        (void)fwrite(words, 1, length, cli->err);
    }
    free(words);
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
        int64_t pause_ms = left_ms < PAUSE_MS ? left_ms : PAUSE_MS;
        const struct timespec pause = {.tv_nsec = pause_ms * 1000000};
        (void)nanosleep(&pause, NULL);
    }
}
