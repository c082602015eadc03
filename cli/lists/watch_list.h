/* watch_list - a list command again and again, with what changed since the last time.
 *
 * On a terminal the list is drawn anew and changed rows are marked; elsewhere each change
 * is one line, with --output json one line of JSON ({"change":"added","item":{...}}). A
 * controller that is away or was restarted does not end it: that is said on `err` (on the
 * terminal above the list). Ctrl-C ends it with exit code 0.
 *
 *     run_command -> [watch_list] -> the command -> asg_cli_show_list -> [watch_list]
 */
#ifndef ASG_CLI_LISTS_WATCH_LIST_H
#define ASG_CLI_LISTS_WATCH_LIST_H

#include "cli/cli.h"

#define ASG_WATCH_MARK_WIDTH 2 /* on a terminal, before each row: "* " */

/* Among the options of a list command. */
#define ASG_WATCH_OPTION                                                                 \
    {                                                                                    \
        .name = "watch", .type = ASG_OPTION_DURATION, .letter = 'w', .value = "TIME",    \
        .implied = "2s", .min = 100, .max = 3600000,                                     \
        .help = "Refresh every TIME and mark changes, until Ctrl-C."                     \
    }

/* Run the command until it is interrupted or fails for good; its exit code. */
int asg_watch_list_run(struct asg_cli *cli, const struct asg_arguments *arguments);

/* A list whose table was rendered into `text`, a line a row below the titles, instead of
 * printing it; while cli->watch is set. The first of `columns` names an item. */
void asg_watch_list_take(struct asg_cli *cli, const struct asg_schema *schema,
                         const struct asg_items *items,
                         const struct asg_render_column *columns, size_t column_count,
                         struct asg_bytes *text);

#endif
