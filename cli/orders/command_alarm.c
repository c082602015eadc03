/* command_alarm - what an operator should look at now: each alarm with how long it has
 * been active and what to do. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "cli/ask/ask_controller.h"
#include "cli/commands.h"
#include "cli/lists/watch_list.h"
#include "model/schemas.h"

#define PAGE_ROWS 1000
#define PAGES_MAX 3   /* back in the log, for each group: an older alarm shows no SINCE */
#define LOOKS_MAX 100 /* of these and of pages that have none */

/* "{}" stands for the group. */
static const struct {
    const char *kind;
    const char *advice;
} advices[] = {
    {"mass-silence", "check the network and the instances (openasg instance list "
                     "{}); terminate those that are really dead"},
    {"dead-letter", "openasg jobs {} --dead, fix the cause, then openasg jobs retry ID"},
    {"launch-breaker",
     "openasg explain {} shows EC2's answer; fix the cause, then openasg "
     "jobs retry ID or wait"},
    {"too-many-unhealthy",
     "fix the cause, or terminate by hand: openasg instance terminate ID"},
    {"churn", "find out why new instances fail, then openasg unhalt {}"},
    {"orphan", "openasg orphan list, then openasg instance adopt ID or orphan end ID"},
    {"log-behind", "openasg orphan list, then docs/recovery.md"},
    {"enrolment",
     "if the machine was re-imaged: openasg instance rebind ID; else find out who tries"},
    {"notice", "an on-demand instance reports a Spot notice: check its metadata"},
    {"credentials", "fix the worker's AWS credentials (docs/credentials.md)"},
    {"worker-put-aside", "openasg worker list shows why; check its host"},
    {"mass-absence",
     "check the workers' keys and account; if the listing is right: openasg reconcile "
     "--believe"},
};

static const char *advice_of(const struct asg_alarm_view *alarm, struct asg_arena *arena)
{
    const char *text = "";
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (strcmp(advices[i].kind, alarm->kind) == 0) text = advices[i].advice;
    }
    const char *at = strstr(text, "{}");
    if (at == NULL) return text;
    char word[ASG_SHELL_WORD_SIZE(ASG_GROUP_NAME_MAX)];
    return asg_arena_format(arena, "%.*s%s%s", (int)(at - text), text,
                            asg_shell_word(alarm->group, word, sizeof word), at + 2);
}

struct alarm_row {
    const char *kind;
    const char *group;
    int64_t since_ms; /* 0: not known */
    const char *text;
    const char *advice;
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct alarm_row, field)                                      \
    }
static const struct asg_field fields[] = {
    FIELD(TEXT, kind), FIELD(TEXT, group),  FIELD(I64, since_ms),
    FIELD(TEXT, text), FIELD(TEXT, advice),
};
static const struct asg_schema row_schema = {.name = "alarm",
                                             .size = sizeof(struct alarm_row),
                                             .fields = fields,
                                             .field_count =
                                                 sizeof fields / sizeof fields[0]};

static const struct asg_render_column columns[] = {
    {"KIND", "kind", NULL, ASG_COLUMN_NAME},
    {"GROUP", "group", NULL, false},
    {"SINCE", "since_ms", NULL, false},
    {"TEXT", "text", NULL, ASG_COLUMN_ALARM},
    {"WHAT TO DO", "advice", NULL, ASG_COLUMN_NOTE},
};

/* The newest "alarm KIND: ..." of the group; it is not over, as it is active. */
static void note_since(const struct asg_decision_view *view, struct alarm_row *rows,
                       size_t count)
{
    if (strncmp(view->text, "alarm ", 6) != 0) return;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(rows[i].kind);
        bool is_it = rows[i].since_ms == 0 && strcmp(rows[i].group, view->group) == 0 &&
                     strncmp(view->text + 6, rows[i].kind, length) == 0 &&
                     view->text[6 + length] == ':';
        if (is_it) rows[i].since_ms = view->time_ms;
    }
}

static bool is_dated(const struct alarm_row *rows, size_t count, const char *group)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].since_ms == 0 && strcmp(rows[i].group, group) == 0) return false;
    }
    return true;
}

/* When they were raised stands in the log. */
static int find_since(struct asg_cli *cli, const char *group, struct alarm_row *rows,
                      size_t count)
{
    uint64_t to_seq = 0;
    int pages = 0;
    for (int look = 0; look < LOOKS_MAX && pages < PAGES_MAX; look++) {
        if (is_dated(rows, count, group)) break;
        const struct asg_request request = {.query = ASG_QUERY_DECISIONS,
                                            .group = group,
                                            .name = "",
                                            .to_seq = to_seq,
                                            .is_newest_first = true,
                                            .limit = PAGE_ROWS};
        struct asg_answer answer = {0};
        int code = asg_ask(cli, &request, &cli->arena, &answer);
        if (code != ASG_EXIT_OK) return code;
        for (size_t i = 0; i < answer.decision_count; i++) {
            note_since(&answer.decisions[i], rows, count);
        }
        pages += answer.decision_count > 0 ? 1 : 0;
        to_seq = answer.before_seq;
        if (!answer.has_more || to_seq == 0) break;
    }
    return ASG_EXIT_OK;
}

/* "web: many agents are silent" of web is what is said of web. */
static const char *without_group(const struct asg_alarm_view *alarm)
{
    size_t length = strlen(alarm->group);
    bool has_name = length > 0 && strncmp(alarm->text, alarm->group, length) == 0 &&
                    strncmp(alarm->text + length, ": ", 2) == 0;
    return has_name ? alarm->text + length + 2 : alarm->text;
}

static int run_list(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *group = asg_argument_text(arguments, 0);
    const struct asg_request request = {
        .query = ASG_QUERY_STATUS, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    size_t most = answer.status != NULL ? answer.status->alarm_count : 0;
    struct alarm_row *rows = asg_arena_take(&cli->arena, (most + 1) * sizeof *rows);
    size_t count = 0;
    for (size_t i = 0; i < most; i++) {
        const struct asg_alarm_view *alarm = &answer.status->alarm_list[i];
        if (group != NULL && strcmp(alarm->group, group) != 0) continue;
        rows[count++] = (struct alarm_row){.kind = alarm->kind,
                                           .group = alarm->group,
                                           .text = without_group(alarm),
                                           .advice = advice_of(alarm, &cli->arena)};
    }
    code = asg_check_listed(cli, group, count);
    for (size_t i = 0; i < count && code == ASG_EXIT_OK; i++) {
        bool is_first = true;
        for (size_t j = 0; j < i; j++)
            is_first = is_first && strcmp(rows[j].group, rows[i].group) != 0;
        if (is_first) code = find_since(cli, rows[i].group, rows, count);
    }
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &row_schema, rows, count, ASG_COLUMNS(columns));
}

static const struct asg_argument group_argument[] = {{.name = "GROUP",
                                                      .help = "Only those of this group.",
                                                      .is_optional = true,
                                                      .complete = "groups"}};
static const struct asg_option watch_options[] = {ASG_WATCH_OPTION};

static const struct asg_command_entry commands[] = {
    {.name = "alarm list",
     .is_list = true,
     .shows = &row_schema,
     .summary = "List active alarms and what to do",
     .details =
         "SINCE is when the alarm was raised. \"openasg events --kind alarm\" shows "
         "alarms as they begin and end.",
     .examples = "openasg alarm list\nopenasg alarm list web -o json",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(watch_options),
     .run = run_list},
};

const struct asg_family asg_alarm_family = ASG_FAMILY(commands);
