/* command_explain - every decision with its reason, as it stands in the log. */
#include <string.h>
#include <time.h>

#include "cli/ask_controller.h"
#include "cli/commands.h"
#include "cli/print_decision.h"
#include "model/schemas.h"

#define PAGE_ROWS       1000
#define FOLLOW_PAUSE_MS 500

static const struct asg_argument group_argument[] = {
    {.name = "GROUP", .help = "Only of this group.", .is_optional = true}};
static const struct asg_option explain_options[] = {
    {.name = "since",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "Only from this time on (2026-11-23T14:36:49Z), or so long ago (10m)."},
    {.name = "limit",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1,
     .max = 1000000,
     .help = "Only the newest N."},
    {.name = "follow",
     .type = ASG_OPTION_FLAG,
     .help = "Go on with new decisions until interrupted."},
};

struct decisions {
    struct asg_decision_view *items;
    size_t count;
    size_t capacity;
    uint64_t next_seq;
};

/* All decisions from next_seq on that are not older than since_ms. */
static int read_decisions(struct asg_cli *cli, const char *group, int64_t since_ms,
                          struct asg_arena *arena, struct decisions *ret)
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
            if (answer.decisions[i].time_ms < since_ms) continue;
            struct asg_decision_view *view = asg_arena_push(
                arena, (void **)&ret->items, &ret->count, &ret->capacity, sizeof *view);
            *view = answer.decisions[i];
        }
        if (answer.next_seq > ret->next_seq) ret->next_seq = answer.next_seq;
        if (!answer.has_more || answer.decision_count == 0) return ASG_EXIT_OK;
    }
}

static void print_all(struct asg_cli *cli, const struct asg_decision_view *views,
                      size_t count)
{
    for (size_t i = 0; views != NULL && i < count; i++) {
        asg_print_decision(cli->out, views[i].time_ms, views[i].group, views[i].text);
    }
    (void)fflush(cli->out);
}

static int follow(struct asg_cli *cli, const char *group, uint64_t next_seq)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    for (;;) {
        asg_arena_reset(&arena);
        struct decisions decisions = {.next_seq = next_seq};
        int code = read_decisions(cli, group, 0, &arena, &decisions);
        if (code != ASG_EXIT_OK) return code;
        print_all(cli, decisions.items, decisions.count);
        if (decisions.count > 0) next_seq = decisions.next_seq;
        const struct timespec pause = {.tv_nsec = FOLLOW_PAUSE_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
}

static const struct asg_render_column unused_columns[] = {{"SEQ", "seq", NULL, false}};

static int run_explain(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    bool follows = asg_option_flag(arguments, "follow");
    int code = asg_cli_check_follow(cli, follows);
    if (code != ASG_EXIT_OK) return code;
    const char *group = asg_argument_text(arguments, 0);
    if (group == NULL) group = "";
    int64_t since_ms = 0;
    if (!asg_read_since(cli, asg_option_text(arguments, "since"), &since_ms)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--since must be a time (2026-11-23T14:36:49Z) or a length "
                            "(10m)");
    }
    if (group[0] != '\0') {
        /* A mistyped name would otherwise look like a group that never decided. Those
         * that are deleted still have their decisions. */
        const struct asg_group_view *view = NULL;
        code = asg_ask_group(cli, group, /* must_exist */ false, &cli->arena, &view);
        if (code != ASG_EXIT_OK) return code;
        if (view == NULL) {
            (void)fprintf(cli->err, "openasg: there is no group \"%s\" now\n", group);
        }
    }
    struct decisions decisions = {.next_seq = 1};
    code = read_decisions(cli, group, since_ms, &cli->arena, &decisions);
    if (code != ASG_EXIT_OK) return code;
    int64_t limit = asg_option_number(arguments, "limit", INT64_MAX);
    size_t skipped =
        (uint64_t)limit < decisions.count ? decisions.count - (size_t)limit : 0;
    const struct asg_decision_view *first =
        decisions.items != NULL ? decisions.items + skipped : NULL;
    if (cli->settings.output != ASG_OUTPUT_TABLE) {
        asg_cli_show_list(cli, &asg_decision_view_schema, first,
                          decisions.count - skipped, ASG_COLUMNS(unused_columns));
        return ASG_EXIT_OK;
    }
    print_all(cli, first, decisions.count - skipped);
    if (!follows) return ASG_EXIT_OK;
    return follow(cli, group, decisions.next_seq);
}

static const struct asg_command_entry commands[] = {
    {.name = "explain",
     .summary = "Tell each decision with its reason and numbers",
     .examples = "openasg explain web --since 10m\nopenasg explain web --follow",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(explain_options),
     .run = run_explain},
};

const struct asg_family asg_explain_family = ASG_FAMILY(commands);
