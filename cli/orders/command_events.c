/* command_events - what is decided, as it happens: a line each, from a place in the log
 * on, so that a program that reads them misses none and has none twice. */
#include <inttypes.h>
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/hush_errors.h"
#include "cli/commands.h"
#include "cli/lists/end_quietly.h"
#include "model/schemas.h"
#include "text/moment.h"
#include "text/nearest.h"
#include "text/quantity.h"

#define PAGE_ROWS 1000
#define PAUSE_MS  250
#define ANSWER_MS 2000 /* a controller that is away is asked again after this */

struct events {
    const char *group;
    uint64_t kinds; /* bits 1 << decision_kind; 0: all */
    uint64_t next_seq;
    bool is_away;
};

static bool is_wanted(const struct events *events, const struct asg_decision_view *view)
{
    int kind = asg_enum_value(&asg_decision_kind_words, view->kind);
    return events->kinds == 0 || (kind >= 0 && (events->kinds >> kind & 1) != 0);
}

/* One line, whatever the text has. */
static void print_event(struct asg_cli *cli, const struct asg_decision_view *view)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes line = {0};
    if (cli->settings.output == ASG_OUTPUT_JSON) {
        asg_render_shown(&asg_decision_view_schema, view, ASG_RENDER_JSON_LINE, &line);
    } else {
        char when[ASG_MOMENT_TEXT_MAX];
        asg_moment_print_ms(view->time_ms, when);
        asg_bytes_printf(&line, "%s %" PRIu64 " %s %s: ", when, view->seq,
                         view->group[0] != '\0' ? view->group : "-",
                         view->kind[0] != '\0' ? view->kind : "-");
        for (const char *at = view->text; *at != '\0';) {
            size_t length = strcspn(at, "\n");
            asg_bytes_append(&line, at, length);
            at += length + (at[length] == '\n');
            if (*at != '\0') asg_bytes_append_text(&line, "; ");
        }
    }
    asg_cli_write(cli->out, asg_bytes_text(&line), line.length);
    (void)fputc('\n', cli->out);
}

/* A page from next_seq on. What is printed is flushed before next_seq moves on. */
static int read_page(struct asg_cli *cli, struct events *events, struct asg_arena *arena,
                     bool *ret_has_more)
{
    const struct asg_request request = {.query = ASG_QUERY_DECISIONS,
                                        .group = events->group,
                                        .name = "",
                                        .from_seq = events->next_seq,
                                        .limit = PAGE_ROWS};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    for (size_t i = 0; i < answer.decision_count; i++) {
        if (is_wanted(events, &answer.decisions[i]))
            print_event(cli, &answer.decisions[i]);
    }
    (void)fflush(cli->out);
    *ret_has_more = answer.has_more && answer.next_seq > events->next_seq;
    if (answer.next_seq > events->next_seq) events->next_seq = answer.next_seq;
    return ASG_EXIT_OK;
}

/* Without --since: from now on. */
static int find_end(struct asg_cli *cli, struct events *events)
{
    const struct asg_request request = {.query = ASG_QUERY_DECISIONS,
                                        .group = events->group,
                                        .name = "",
                                        .is_newest_first = true,
                                        .limit = 1};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    events->next_seq = answer.next_seq;
    return code;
}

/* Pages until there is no more, with the words about a controller that is away kept. */
static int read_onward(struct asg_cli *cli, struct events *events,
                       struct asg_arena *arena)
{
    ASG_CLEANUP(asg_hushed_clear) struct asg_hushed hushed = {0};
    asg_hush(cli, ANSWER_MS, &hushed);
    int code = ASG_EXIT_OK;
    bool has_more = true;
    while (code == ASG_EXIT_OK && has_more) {
        asg_arena_reset(arena);
        code = read_page(cli, events, arena, &has_more);
    }
    asg_unhush_unless_away(cli, &hushed, code);
    return code;
}

static int follow(struct asg_cli *cli, struct events *events)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    for (;;) {
        int code = read_onward(cli, events, &arena);
        if (code != ASG_EXIT_OK && code != ASG_EXIT_UNREACHABLE) return code;
        asg_say_away(cli, &events->is_away, code == ASG_EXIT_UNREACHABLE);
        asg_pause_ms(PAUSE_MS);
    }
}

/* ---- what is asked for ---- */

static int read_kinds(struct asg_cli *cli, const struct asg_arguments *arguments,
                      uint64_t *ret)
{
    struct asg_texts texts = asg_option_texts(arguments, "kind");
    for (size_t i = 0; i < texts.count; i++) {
        int kind = asg_enum_value(&asg_decision_kind_words, texts.items[i]);
        if (kind >= 0) {
            *ret |= UINT64_C(1) << kind;
            continue;
        }
        ASG_CLEANUP(asg_bytes_clear) struct asg_bytes advice = {0};
        asg_words_advise(&asg_decision_kind_words, texts.items[i], &advice);
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "--kind cannot be \"%.40s\"%s",
                            texts.items[i], asg_bytes_text(&advice));
    }
    return ASG_EXIT_OK;
}

static int check_form(struct asg_cli *cli)
{
    bool is_known = cli->settings.output == ASG_OUTPUT_TABLE ||
                    cli->settings.output == ASG_OUTPUT_JSON;
    if (is_known) return ASG_EXIT_OK;
    return asg_cli_fail(
        cli, ASG_EXIT_USAGE,
        "events are lines, or lines of JSON: leave out --output, or write "
        "--output json");
}

/* A deleted group still has its events; a mistyped one has none and should be told. */
static int note_group(struct asg_cli *cli, const char *group)
{
    const struct asg_group_view *view = NULL;
    if (group[0] == '\0') return ASG_EXIT_OK;
    int code = asg_ask_group(cli, group, /* must_exist */ false, &cli->arena, &view);
    if (code == ASG_EXIT_OK && view == NULL) {
        asg_cli_print(cli->err, "openasg: there is no group \"%s\" now\n", group);
    }
    return code;
}

static int run_events(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct events events = {.group = ""};
    const char *group = asg_option_text(arguments, "group");
    if (group != NULL) events.group = group;
    int code = check_form(cli);
    if (code == ASG_EXIT_OK) code = read_kinds(cli, arguments, &events.kinds);
    if (code == ASG_EXIT_OK) code = note_group(cli, events.group);
    if (code != ASG_EXIT_OK) return code;
    asg_end_quietly();
    bool is_once = asg_option_flag(arguments, "once");
    if (asg_option_is_set(arguments, "since")) {
        events.next_seq = (uint64_t)asg_option_number(arguments, "since", 0) + 1;
    } else if (is_once) {
        events.next_seq = 1;
    } else {
        code = find_end(cli, &events);
        if (code != ASG_EXIT_OK) return code;
    }
    if (!is_once) return follow(cli, &events);
    bool has_more = true;
    while (code == ASG_EXIT_OK && has_more) {
        code = read_page(cli, &events, &cli->arena, &has_more);
    }
    return code;
}

static const struct asg_option event_options[] = {
    {.name = "since",
     .type = ASG_OPTION_NUMBER,
     .value = "SEQ",
     .max = INT64_MAX - 1,
     .help =
         "Only events after this number, 0 for all; the number of the last event that "
         "you read continues without a gap.",
     .default_text = "from now on"},
    {.name = "group",
     .type = ASG_OPTION_TEXT,
     .value = "GROUP",
     .complete = "groups",
     .help = "Only those of this group."},
    {.name = "kind",
     .type = ASG_OPTION_TEXTS,
     .value = "KIND",
     .complete = "decision-kinds",
     .help = "Only those of these kinds (scale-out, launch, terminate, alarm, ..)."},
    {.name = "once", .type = ASG_OPTION_FLAG, .help = "Print existing events and exit."},
};

static const struct asg_command_entry commands[] = {
    {.name = "events",
     .shows = &asg_decision_view_schema,
     .shows_many = true,
     .summary = "Print decisions, commands and alarms as they happen",
     .details = "One line each: time, number in the log, group, kind and text; with "
                "--output json one JSON object a line. Continues after a restart of "
                "the controller, until Ctrl-C. Events are printed when they are "
                "durable; the numbers rise, with gaps, because the log has other "
                "records too.",
     .examples = "openasg events --group web\n"
                 "openasg events --kind alarm -o json\n"
                 "openasg events --since 48211 -o json >> events.jsonl",
     ASG_OPTIONS(event_options),
     .run = run_events},
};

const struct asg_family asg_events_family = ASG_FAMILY(commands);
