/* command_orphan - instances of this cluster that no group has: see them, end them; and
 * adopt them, which stands beside the other orders about instances. */
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/ask_yes.h"
#include "cli/commands.h"
#include "cli/lists/watch_list.h"
#include "cli/show/show_result.h"
#include "model/schemas.h"
#include "text/moment.h"
#include "text/quantity.h"

static const struct asg_argument ids_argument[] = {{.name = "ID",
                                                    .help = "Ids of instances (i-...).",
                                                    .complete = "orphans",
                                                    .is_optional = true,
                                                    .is_repeated = true}};
static const struct asg_option adopt_options[] = {
    {.name = "all",
     .type = ASG_OPTION_FLAG,
     .help =
         "All that fit their group; the others are left alone, each with its reason."}};
static const struct asg_option end_options[] = {
    {.name = "all",
     .type = ASG_OPTION_FLAG,
     .help = "All that \"openasg orphan list\" shows."},
    ASG_YES_OPTION};

static void write_until(const void *object, struct asg_bytes *ret)
{
    const struct asg_orphan_view *view = object;
    if (view->ends_ms == 0) {
        asg_bytes_append_text(ret, view->is_ending ? "being terminated" : "a command");
        return;
    }
    char when[ASG_MOMENT_TEXT_MAX];
    asg_moment_print(view->ends_ms, when);
    asg_bytes_append_text(ret, when);
}

static const struct asg_render_column list_columns[] = {
    {"INSTANCE", "instance_id", NULL, false},
    {"GROUP", "group", NULL, false},
    {"TYPE", "instance_type", NULL, ASG_COLUMN_WIDE},
    {"ZONE", "zone", NULL, ASG_COLUMN_WIDE},
    {"STATE", "state", NULL, ASG_COLUMN_STATE},
    {"LAUNCHED", "launched_ms", NULL, ASG_COLUMN_WIDE},
    {"WAITS FOR", NULL, write_until, false},
    {"WHY", "why", NULL, ASG_COLUMN_WIDE},
    {"WHAT TO DO", "advice", NULL, false},
};

static int run_list(void *context, const struct asg_arguments *arguments)
{
    (void)arguments;
    struct asg_cli *cli = context;
    const struct asg_request request = {
        .query = ASG_QUERY_ORPHANS, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_orphan_view_schema, answer.orphans,
                             answer.orphan_count, ASG_COLUMNS(list_columns));
}

/* "i-1, i-2, i-3 and 4 more" */
static const char *list_ids(struct asg_cli *cli, const struct asg_texts *ids)
{
    const char *list = ids->items[0];
    size_t shown = ids->count < 3 ? ids->count : 3;
    for (size_t i = 1; i < shown; i++) {
        list = asg_arena_format(&cli->arena, "%s, %s", list, ids->items[i]);
    }
    if (shown == ids->count) return list;
    return asg_arena_format(&cli->arena, "%s and %zu more", list, ids->count - shown);
}

static int run_order(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    bool is_adopt = strcmp(arguments->command->name, "instance adopt") == 0;
    struct asg_command command = asg_new_command(
        is_adopt ? ASG_COMMAND_INSTANCE_ADOPT : ASG_COMMAND_ORPHAN_END, "");
    command.instance_ids = arguments->values;
    command.is_all = asg_option_flag(arguments, "all");
    if (command.is_all == (command.instance_ids.count > 0)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "name instances, or use --all; \"openasg orphan list\" lists "
                            "them");
    }
    if (!is_adopt) {
        const char *which = command.is_all ? "all instances that belong to no group"
                                           : list_ids(cli, &command.instance_ids);
        int code = asg_cli_ask_yes(cli, arguments, "terminate %s", which);
        if (code != ASG_EXIT_OK) return code;
    }
    return asg_order(cli, &command, is_adopt ? "adopted" : "being terminated", NULL);
}

static const struct asg_option watch_options[] = {ASG_WATCH_OPTION};

static const struct asg_command_entry commands[] = {
    {.name = "orphan list",
     .is_list = true,
     .shows = &asg_orphan_view_schema,
     .summary = "List instances of this cluster that belong to no group",
     .details = "Instances that are tagged for this cluster but in no group. WHY says "
                "what is not known about them, WAITS FOR when they are terminated: at "
                "that time, or only by a command.",
     .examples = "openasg orphan list",
     ASG_OPTIONS(watch_options),
     .run = run_list},
    {.name = "orphan end",
     .shows = &asg_done_schema,
     .summary = "Terminate instances that belong to no group",
     .examples = "openasg orphan end i-0123456789abcdef0\nopenasg orphan end --all --yes",
     ASG_ARGUMENTS(ids_argument),
     ASG_OPTIONS(end_options),
     .run = run_order},
    {.name = "instance adopt",
     .shows = &asg_done_schema,
     .summary = "Move instances that belong to no group into the group of their tag",
     .details = "The group must exist, use the instance's subnet and type, and have room "
                "below its max. Its desired number rises as far as needed, so that "
                "nothing adopted is scaled in again (docs/recovery.md).",
     .examples =
         "openasg instance adopt i-0123456789abcdef0\nopenasg instance adopt --all",
     ASG_ARGUMENTS(ids_argument),
     ASG_OPTIONS(adopt_options),
     .run = run_order},
};

const struct asg_family asg_orphan_family = ASG_FAMILY(commands);
