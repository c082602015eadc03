#include "cli/ask/wait_group.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "cli/ask/ask_controller.h"
#include "cli/ask/poll_until.h"
#include "cli/show/progress.h"
#include "cli/show/say_hold.h"
#include "text/quantity.h"

#define NOW_BYTES 512

struct wait {
    const struct asg_group_goal *goal;
    struct asg_progress *progress;
    char now[NOW_BYTES]; /* how it was at the last look */
    char why[NOW_BYTES]; /* why it waits; "": not known */
    bool is_desired;     /* the goal's number was desired at a look */
    bool is_overruled;   /* and then it was not any more */
};

struct asg_group_goal asg_group_goal_of(const char *group)
{
    return (struct asg_group_goal){
        .group = group, .in_service = -1, .at_least = -1, .at_most = -1, .desired = -1};
}

static bool is_or_unasked(int64_t wanted, int64_t value)
{
    return wanted < 0 || wanted == value;
}

/* Warming instances are among them, as for EC2 Auto Scaling. */
static int64_t in_service(const struct asg_group_view *view)
{
    return view->in_service;
}

static bool is_reached(const struct asg_group_goal *goal,
                       const struct asg_group_view *view)
{
    int64_t count = in_service(view);
    bool is_settled =
        count == view->config->desired && view->requested + view->pending == 0;
    return is_or_unasked(goal->in_service, count) &&
           (goal->at_least < 0 || count >= goal->at_least) &&
           (goal->at_most < 0 || count <= goal->at_most) &&
           is_or_unasked(goal->desired, view->config->desired) &&
           (!goal->is_met || is_settled);
}

/* The most important thing that holds the group back, with its moment. */
static void write_why(const struct asg_group_view *view, int64_t now_ms,
                      char why[NOW_BYTES])
{
    why[0] = '\0';
    if (view->hold_count > 0) {
        ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
        asg_hold_sentence(&view->holds[0], now_ms, &text);
        (void)snprintf(why, NOW_BYTES, "%s", asg_bytes_text(&text));
    } else if (view->is_degraded) {
        (void)snprintf(why, NOW_BYTES, "%s", view->degraded_reason);
    }
}

static int look_at_instance(struct asg_cli *cli, struct wait *wait,
                            struct asg_arena *arena, bool *ret_is_true)
{
    const struct asg_request request = {
        .query = ASG_QUERY_INSTANCES, .group = wait->goal->group, .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    *ret_is_true = true;
    for (size_t i = 0; i < answer.instance_count; i++) {
        const struct asg_instance_view *view = &answer.instances[i];
        bool is_it = strcmp(view->instance_id, wait->goal->instance_id) == 0;
        if (!is_it || view->state == ASG_INSTANCE_TERMINATED) continue;
        *ret_is_true = false;
        (void)snprintf(wait->now, sizeof wait->now, "%s is %s", view->instance_id,
                       asg_enum_word(&asg_instance_state_words, (int)view->state));
    }
    if (*ret_is_true) {
        (void)snprintf(wait->now, sizeof wait->now, "%s is gone",
                       wait->goal->instance_id);
    }
    return ASG_EXIT_OK;
}

/* What was ordered may be overruled at the next evaluation. Waiting on is of no use then,
 * and "as many as are desired" is not what was asked for. */
static void look_at_desired(struct wait *wait, const struct asg_group_view *view,
                            bool *ret_ends)
{
    const struct asg_group_goal *goal = wait->goal;
    if (!goal->is_met || goal->desired < 0) return;
    bool is_desired = goal->desired == view->config->desired;
    wait->is_overruled = wait->is_desired && !is_desired;
    wait->is_desired = wait->is_desired || is_desired;
    if (wait->is_overruled) *ret_ends = true;
}

/* Without what is zero: a line of a terminal should have room for the reason. */
static void say_progress(const struct wait *wait, const struct asg_group_view *view)
{
    char counts[NOW_BYTES];
    uint32_t pending = view->requested + view->pending;
    if (wait->goal->instance_id != NULL) {
        (void)snprintf(counts, sizeof counts, "%s", wait->now);
    } else {
        int length =
            snprintf(counts, sizeof counts, "%" PRId64 " in service, desired %" PRIu32,
                     in_service(view), view->config->desired);
        if (pending > 0) {
            length += snprintf(counts + length, sizeof counts - (size_t)length,
                               ", %" PRIu32 " pending", pending);
        }
        if (view->terminating > 0) {
            (void)snprintf(counts + length, sizeof counts - (size_t)length,
                           ", %" PRIu32 " terminating", view->terminating);
        }
    }
    char line[2 * NOW_BYTES];
    (void)snprintf(line, sizeof line, "group %s: %s%s%s", wait->goal->group, counts,
                   wait->why[0] != '\0' ? "; " : "", wait->why);
    asg_progress_say(wait->progress, line);
}

static int look_at_group(struct asg_cli *cli, void *context, struct asg_arena *arena,
                         bool *ret_is_true)
{
    struct wait *wait = context;
    const struct asg_group_goal *goal = wait->goal;
    const struct asg_group_view *view = NULL;
    int code = asg_ask_group(cli, goal->group, !goal->is_gone, arena, &view);
    if (code != ASG_EXIT_OK) return code;
    if (view == NULL) {
        *ret_is_true = true;
        return ASG_EXIT_OK;
    }
    write_why(view, asg_clock_wall_ms(&cli->clock), wait->why);
    if (goal->instance_id != NULL) {
        code = look_at_instance(cli, wait, arena, ret_is_true);
    } else {
        (void)snprintf(wait->now, sizeof wait->now,
                       "%" PRId64 " in service, desired %" PRIu32 ", %" PRIu32
                       " pending, %" PRIu32 " terminating",
                       in_service(view), view->config->desired,
                       view->requested + view->pending, view->terminating);
        *ret_is_true = !goal->is_gone && is_reached(goal, view);
        look_at_desired(wait, view, ret_is_true);
    }
    say_progress(wait, view);
    return code;
}

static int fail_at_limit(struct asg_cli *cli, const struct wait *wait, int64_t timeout_ms)
{
    char waited[ASG_QUANTITY_TEXT_MAX];
    asg_quantity_print_duration(timeout_ms, waited);
    char word[ASG_SHELL_WORD_SIZE(ASG_GROUP_NAME_MAX)];
    return asg_cli_fail(
        cli, ASG_EXIT_TIMEOUT,
        "group %s did not get there within %s: %s%s%s; `openasg explain %s` shows why",
        wait->goal->group, waited, wait->now, wait->why[0] != '\0' ? "; " : "", wait->why,
        asg_shell_word(wait->goal->group, word, sizeof word));
}

static int fail_overruled(struct asg_cli *cli, const struct wait *wait)
{
    char word[ASG_SHELL_WORD_SIZE(ASG_GROUP_NAME_MAX)];
    return asg_cli_fail(
        cli, ASG_EXIT_TIMEOUT,
        "group %s: desired was %" PRId64 " and has been changed since, by a policy, a "
        "scheduled action or another order: %s; `openasg explain %s` shows by which",
        wait->goal->group, wait->goal->desired, wait->now,
        asg_shell_word(wait->goal->group, word, sizeof word));
}

static int wait_for_one(struct asg_cli *cli, const struct asg_group_goal *goal,
                        int64_t left_ms, int64_t timeout_ms)
{
    struct wait wait = {.goal = goal, .progress = asg_progress_new(cli, "waiting", 0)};
    int code = asg_poll_until(cli, look_at_group, &wait, left_ms);
    asg_progress_end(&wait.progress);
    if (code == ASG_EXIT_TIMEOUT) return fail_at_limit(cli, &wait, timeout_ms);
    if (code == ASG_EXIT_OK && wait.is_overruled) return fail_overruled(cli, &wait);
    if (code != ASG_EXIT_OK || cli->settings.output != ASG_OUTPUT_TABLE) return code;
    asg_cli_print(cli->err, "group %s: %s\n", goal->group,
                  goal->is_gone ? "gone" : wait.now);
    return ASG_EXIT_OK;
}

int asg_wait_groups(struct asg_cli *cli, const struct asg_group_goal *goals, size_t count,
                    int64_t timeout_ms)
{
    int64_t end_ms = asg_clock_monotonic_ms(&cli->clock) + timeout_ms;
    for (size_t i = 0; i < count; i++) {
        int64_t left_ms = end_ms - asg_clock_monotonic_ms(&cli->clock);
        int code = wait_for_one(cli, &goals[i], left_ms > 0 ? left_ms : 0, timeout_ms);
        if (code != ASG_EXIT_OK) return code;
    }
    return ASG_EXIT_OK;
}

int asg_wait_if_asked(struct asg_cli *cli, const struct asg_arguments *arguments,
                      int code, const struct asg_group_goal *goals, size_t count)
{
    if (code != ASG_EXIT_OK || !asg_option_is_set(arguments, "wait")) return code;
    return asg_wait_groups(cli, goals, count, asg_option_number(arguments, "wait", 0));
}
