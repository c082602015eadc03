/* command_activity - scaling activities, as DescribeScalingActivities tells them. */
#include <stdio.h>

#include "base/clock.h"
#include "cli/ask/ask_controller.h"
#include "cli/commands.h"
#include "cli/lists/watch_list.h"
#include "model/schemas.h"
#include "text/moment.h"

#define ROWS     20
#define ROWS_MAX 1000

static const struct asg_argument group_argument[] = {{.name = "GROUP",
                                                      .help = "Only those of this group.",
                                                      .complete = "groups",
                                                      .is_optional = true}};
static const struct asg_option list_options[] = {
    {.name = "limit",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1,
     .max = ROWS_MAX,
     .default_text = "20",
     .help = "Only the newest N."},
    ASG_WATCH_OPTION,
};

/* When it ended, or how far it is. */
static void write_end(const void *object, struct asg_bytes *ret)
{
    const struct asg_activity *row = object;
    if (row->end_ms == 0) {
        char progress[16];
        (void)snprintf(progress, sizeof progress, "%u %%", row->progress);
        asg_bytes_append_text(ret, progress);
        return;
    }
    char when[ASG_MOMENT_TEXT_MAX];
    asg_moment_print(row->end_ms, when);
    asg_bytes_append_text(ret, when);
}

static const struct asg_render_column list_columns[] = {
    {"STARTED", "start_ms", NULL, false},
    {"GROUP", "group", NULL, false},
    {"KIND", "kind", NULL, false},
    {"INSTANCE", "instance_id", NULL, ASG_COLUMN_NAME},
    {"ZONE", "zone", NULL, ASG_COLUMN_WIDE},
    {"STATUS", "status", NULL, ASG_COLUMN_STATE},
    {"ENDED", NULL, write_end, ASG_COLUMN_WIDE},
    {"MESSAGE", "message", NULL, false},
    {"CAUSE", "cause", NULL, ASG_COLUMN_WIDE},
};

static int run_list(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const struct asg_request request = {
        .query = ASG_QUERY_ACTIVITIES,
        .group = arguments->values.count > 0 ? arguments->values.items[0] : "",
        .name = "",
        .limit = (uint32_t)asg_option_number(arguments, "limit", ROWS)};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code == ASG_EXIT_OK) {
        code =
            asg_check_listed(cli, asg_argument_text(arguments, 0), answer.activity_count);
    }
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_activity_schema, answer.activities,
                             answer.activity_count, ASG_COLUMNS(list_columns));
}

static const struct asg_command_entry commands[] = {
    {.name = "activity list",
     .is_list = true,
     .shows = &asg_activity_schema,
     .summary = "List what groups did to their instances, the newest first",
     .details =
         "Launches, terminations and moves of the last six weeks as the Auto Scaling "
         "API shows them, with their causes (docs/rules.md, \"Activities\"). Those "
         "of a deleted group are shown when it is named. Needs a controller that "
         "serves the API (listen.api).",
     .examples = "openasg activity list web\nopenasg activity list web --limit 5 -o yaml",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(list_options),
     .run = run_list},
};

const struct asg_family asg_activity_family = ASG_FAMILY(commands);
