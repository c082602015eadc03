/* command_explain - every decision with its reason, as it stands in the log. */
#include <inttypes.h>
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/hush_errors.h"
#include "cli/commands.h"
#include "cli/lists/end_quietly.h"
#include "cli/show/print_decision.h"
#include "cli/show/say_hold.h"
#include "model/schemas.h"

#define PAGE_ROWS        1000
#define FOLLOW_PAUSE_MS  500
#define FOLLOW_ANSWER_MS 2000 /* a controller that is away is asked again after this */

static const struct asg_argument group_argument[] = {{.name = "GROUP",
                                                      .help = "Only this group.",
                                                      .complete = "groups",
                                                      .is_optional = true}};
static const struct asg_option explain_options[] = {
    {.name = "since",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "Only from this time on (2026-11-23T14:36:49Z, or 10m: ten minutes ago)."},
    {.name = "limit",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1,
     .max = 1000000,
     .help = "Only the newest N."},
    {.name = "follow",
     .type = ASG_OPTION_FLAG,
     .letter = 'F',
     .help = "Keep showing new decisions until interrupted, also after a restart of the "
             "controller."},
};

struct decisions {
    struct asg_decision_view *items;
    size_t count;
    size_t capacity;
    uint64_t next_seq;
};

static void keep(struct asg_arena *arena, struct decisions *decisions,
                 const struct asg_decision_view *view)
{
    *(struct asg_decision_view *)asg_arena_push(arena, (void **)&decisions->items,
                                                &decisions->count, &decisions->capacity,
                                                sizeof *view) = *view;
}

/* All decisions from next_seq on. */
static int read_onward(struct asg_cli *cli, const char *group, struct asg_arena *arena,
                       struct decisions *ret)
{
    for (;;) {
        const struct asg_request request = {.query = ASG_QUERY_DECISIONS,
                                            .group = group,
                                            .name = "",
                                            .from_seq = ret->next_seq,
                                            .limit = PAGE_ROWS};
        struct asg_answer answer = {0};
        int code = asg_ask(cli, &request, arena, &answer);
        if (code != ASG_EXIT_OK) return code;
        for (size_t i = 0; i < answer.decision_count; i++) {
            keep(arena, ret, &answer.decisions[i]);
        }
        bool is_further = answer.next_seq > ret->next_seq;
        if (is_further) ret->next_seq = answer.next_seq;
        if (!answer.has_more || !is_further) return ASG_EXIT_OK;
    }
}

static void turn_around(struct decisions *decisions)
{
    for (size_t i = 0; i < decisions->count / 2; i++) {
        struct asg_decision_view *a = &decisions->items[i];
        struct asg_decision_view *b = &decisions->items[decisions->count - 1 - i];
        struct asg_decision_view kept = *a;
        *a = *b;
        *b = kept;
    }
}

/* The newest `limit` that are not older than since_ms, the oldest of them first. A log of
 * years is read from its end: time never goes back in it. */
static int read_newest(struct asg_cli *cli, const char *group, int64_t since_ms,
                       uint64_t limit, struct asg_arena *arena, struct decisions *ret)
{
    uint64_t to_seq = 0;
    bool is_done = false;
    while (!is_done) {
        uint64_t left = limit - ret->count;
        const struct asg_request request = {.query = ASG_QUERY_DECISIONS,
                                            .group = group,
                                            .name = "",
                                            .to_seq = to_seq,
                                            .is_newest_first = true,
                                            .limit = left < PAGE_ROWS ? (uint32_t)left
                                                                      : PAGE_ROWS};
        struct asg_answer answer = {0};
        int code = asg_ask(cli, &request, arena, &answer);
        if (code != ASG_EXIT_OK) return code;
        if (to_seq == 0) ret->next_seq = answer.next_seq;
        is_done = !answer.has_more;
        for (size_t i = 0; i < answer.decision_count; i++) {
            const struct asg_decision_view *view = &answer.decisions[i];
            if (view->time_ms < since_ms) {
                is_done = true;
                break;
            }
            keep(arena, ret, view);
        }
        to_seq = answer.before_seq;
        is_done = is_done || ret->count >= limit || to_seq == 0;
    }
    turn_around(ret);
    return ASG_EXIT_OK;
}

static void print_all(struct asg_cli *cli, const struct asg_decision_view *views,
                      size_t count)
{
    for (size_t i = 0; views != NULL && i < count; i++) {
        asg_print_decision(cli->out, views[i].time_ms, views[i].group, views[i].text);
    }
    (void)fflush(cli->out);
}

/* What it is, what it wants, and why it does not do that: before how it came to be so. */
static void print_state(struct asg_cli *cli, const struct asg_group_view *view)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    asg_bytes_printf(&text, "Now: %" PRIu32 " in service", view->in_service);
    if (view->warming > 0) {
        asg_bytes_printf(&text, " (%" PRIu32 " of them warming)", view->warming);
    }
    asg_bytes_printf(&text, ", %" PRIu32 " launching, %" PRIu32 " terminating",
                     view->requested + view->pending, view->terminating);
    if (view->config != NULL) {
        asg_bytes_printf(&text, "; desired %" PRIu32 ", min %" PRIu32 ", max %" PRIu32,
                         view->config->desired, view->config->min, view->config->max);
    }
    if (view->wanted != ASG_UNSET) {
        asg_bytes_printf(&text, "; its policies want %" PRId64, view->wanted);
    }
    asg_bytes_append_text(&text, "\n");
    if (view->hold_count == 0) asg_bytes_append_text(&text, "Nothing is held.\n");
    for (size_t i = 0; i < view->hold_count; i++) {
        asg_bytes_printf(
            &text, "Held, %s: ",
            asg_enum_word(&asg_hold_reason_words, (int)view->holds[i].reason));
        asg_hold_sentence(&view->holds[i], asg_clock_wall_ms(&cli->clock), &text);
        asg_bytes_append_text(&text, "\n");
    }
    asg_bytes_append_text(&text, "\n");
    asg_cli_write(cli->out, (const char *)text.data, text.length);
}

/* A controller that restarts does not end it: what was not printed is read again. */
static int follow(struct asg_cli *cli, const char *group, uint64_t next_seq)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    bool is_away = false;
    for (;;) {
        asg_arena_reset(&arena);
        struct decisions decisions = {.next_seq = next_seq};
        ASG_CLEANUP(asg_hushed_clear) struct asg_hushed hushed = {0};
        asg_hush(cli, FOLLOW_ANSWER_MS, &hushed);
        int code = read_onward(cli, group, &arena, &decisions);
        asg_unhush_unless_away(cli, &hushed, code);
        if (code != ASG_EXIT_OK && code != ASG_EXIT_UNREACHABLE) return code;
        asg_say_away(cli, &is_away, code == ASG_EXIT_UNREACHABLE);
        if (code != ASG_EXIT_OK) {
            asg_pause_ms(FOLLOW_PAUSE_MS);
            continue;
        }
        print_all(cli, decisions.items, decisions.count);
        next_seq = decisions.next_seq;
        asg_pause_ms(FOLLOW_PAUSE_MS);
    }
}

static const struct asg_render_column unused_columns[] = {{"SEQ", "seq", NULL, false}};

static int run_explain(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    bool follows = asg_option_flag(arguments, "follow");
    int code = asg_cli_check_follow(cli, follows);
    if (code != ASG_EXIT_OK) return code;
    if (follows) asg_end_quietly();
    const char *group = asg_argument_text(arguments, 0);
    if (group == NULL) group = "";
    int64_t since_ms = 0;
    if (!asg_read_since(cli, asg_option_text(arguments, "since"), &since_ms)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--since must be a time (2026-11-23T14:36:49Z) or a length "
                            "(10m)");
    }
    const struct asg_group_view *view = NULL;
    bool is_unknown = false;
    if (group[0] != '\0') {
        /* A mistyped name would otherwise look like a group that never decided. Those
         * that are deleted still have their decisions. */
        code = asg_ask_group(cli, group, /* must_exist */ false, &cli->arena, &view);
        if (code != ASG_EXIT_OK) return code;
        is_unknown = view == NULL;
    }
    struct decisions decisions = {.next_seq = 1};
    uint64_t limit = (uint64_t)asg_option_number(arguments, "limit", INT64_MAX);
    if (limit == INT64_MAX && since_ms == 0) {
        code = read_onward(cli, group, &cli->arena, &decisions);
    } else {
        code = read_newest(cli, group, since_ms, limit, &cli->arena, &decisions);
    }
    if (code != ASG_EXIT_OK) return code;
    if (is_unknown && decisions.count == 0) return asg_fail_group(cli, group);
    if (is_unknown) {
        asg_cli_print(cli->err, "openasg: group \"%s\" does not exist now\n", group);
    }
    if (cli->settings.output != ASG_OUTPUT_TABLE) {
        return asg_cli_show_list(cli, &asg_decision_view_schema, decisions.items,
                                 decisions.count, ASG_COLUMNS(unused_columns));
    }
    if (view != NULL) print_state(cli, view);
    print_all(cli, decisions.items, decisions.count);
    if (!follows) return ASG_EXIT_OK;
    return follow(cli, group, decisions.next_seq);
}

static const struct asg_command_entry commands[] = {
    {.name = "explain",
     .shows = &asg_decision_view_schema,
     .shows_many = true,
     .summary = "Show each decision with its reason and numbers",
     .examples = "openasg explain web --since 10m\nopenasg explain web --follow",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(explain_options),
     .run = run_explain},
};

const struct asg_family asg_explain_family = ASG_FAMILY(commands);
