/* command_control - suspend and resume processes, the kill switch, look at EC2 now. */
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/ask_yes.h"
#include "cli/commands.h"
#include "cli/show/process_words.h"
#include "cli/show/show_result.h"

static const struct asg_argument process_arguments[] = {
    {.name = "GROUP", .help = "Name of the group.", .complete = "groups"},
    {.name = "PROCESS",
     .complete = "processes",
     .help = "launch, terminate, add-to-load-balancer, alarm-notification, "
             "az-rebalance, health-check, instance-refresh, replace-unhealthy, "
             "scheduled-actions; none means all.",
     .is_optional = true,
     .is_repeated = true},
};
static const struct asg_argument group_argument[] = {
    {.name = "GROUP",
     .help = "Only this group; none means everything.",
     .complete = "groups",
     .is_optional = true}};

static int run_processes(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    bool is_suspend = strcmp(arguments->command->name, "suspend") == 0;
    struct asg_command command =
        asg_new_command(is_suspend ? ASG_COMMAND_SUSPEND : ASG_COMMAND_RESUME,
                        asg_argument_text(arguments, 0));
    struct asg_texts words = {arguments->values.items + 1, arguments->values.count - 1};
    struct asg_error error = {0};
    enum asg_status status = asg_process_bits(&words, &command.processes, &error);
    if (status != ASG_OK) return asg_cli_fail_status(cli, status, &error);
    return asg_order(cli, &command, is_suspend ? "suspended" : "resumed", NULL);
}

static int run_halt(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    bool is_halt = strcmp(arguments->command->name, "halt") == 0;
    const char *group = asg_argument_text(arguments, 0);
    if (is_halt && group == NULL) {
        int code = asg_cli_ask_yes(
            cli, arguments,
            "stop launching, replacing and terminating instances in all groups");
        if (code != ASG_EXIT_OK) return code;
    }
    struct asg_command command =
        asg_new_command(is_halt ? ASG_COMMAND_HALT : ASG_COMMAND_UNHALT, group);
    return asg_order(cli, &command,
                     is_halt ? "halted: no instance is launched or terminated"
                             : "no longer halted",
                     NULL);
}

static const struct asg_option halt_options[] = {ASG_YES_OPTION};

static const struct asg_option reconcile_options[] = {
    {.name = "believe",
     .type = ASG_OPTION_FLAG,
     .help = "Treat all instances missing from the listing as terminated, however many, "
             "except those whose agents report."},
    ASG_YES_OPTION,
};

static int run_reconcile(void *context, const struct asg_arguments *arguments)
{
    struct asg_command command = asg_new_command(ASG_COMMAND_RECONCILE, "");
    command.force = asg_option_flag(arguments, "believe");
    if (command.force) {
        int code =
            asg_cli_ask_yes(context, arguments,
                            "replace every instance that EC2's next listing lacks, "
                            "however many those are");
        if (code != ASG_EXIT_OK) return code;
    }
    return asg_order(context, &command, "reconciliation started", NULL);
}

static const struct asg_command_entry commands[] = {
    {.name = "suspend",
     .shows = &asg_done_schema,
     .summary = "Suspend processes of a group",
     .examples = "openasg suspend web terminate replace-unhealthy\nopenasg suspend web",
     ASG_ARGUMENTS(process_arguments),
     .run = run_processes},
    {.name = "resume",
     .shows = &asg_done_schema,
     .summary = "Resume suspended processes of a group",
     .examples = "openasg resume web",
     ASG_ARGUMENTS(process_arguments),
     .run = run_processes},
    {.name = "halt",
     .shows = &asg_done_schema,
     .summary = "The kill switch: launch and terminate nothing",
     .details = "Decisions are still made and recorded, but no call that changes "
                "anything is sent to EC2.",
     .examples = "openasg halt web\nopenasg halt --yes",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(halt_options),
     .run = run_halt},
    {.name = "unhalt",
     .shows = &asg_done_schema,
     .summary = "Lift the kill switch",
     .examples = "openasg unhalt",
     ASG_ARGUMENTS(group_argument),
     .run = run_halt},
    {.name = "reconcile",
     .shows = &asg_done_schema,
     .summary = "Compare EC2 with the controller's state now",
     .details =
         "A listing that lacks many instances at the same time (reconcile.mass_absent) "
         "is ignored until three listings agree and the agents of the missing instances "
         "are silent. If you know that they are gone, use --believe.",
     .examples = "openasg reconcile\nopenasg reconcile --believe",
     ASG_OPTIONS(reconcile_options),
     .run = run_reconcile},
};

const struct asg_family asg_control_family = ASG_FAMILY(commands);
