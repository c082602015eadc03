/* command_status - how the controller is, who its workers are, wait for a group. */
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "cli/ask/ask_controller.h"
#include "cli/ask/wait_group.h"
#include "cli/commands.h"
#include "cli/lists/watch_list.h"
#include "cli/show/show_result.h"
#include "model/schemas.h"
#include "text/moment.h"
#include "text/quantity.h"

static void write_alarms(const void *object, struct asg_bytes *ret)
{
    const struct asg_status_view *view = object;
    if (view->alarm_count == 0) {
        asg_bytes_append_text(ret, "-");
        return;
    }
    asg_bytes_printf(ret, "%zu, see below", view->alarm_count);
}

static const struct asg_render_column alarm_columns[] = {
    {"KIND", "kind", NULL, ASG_COLUMN_NAME},
    {"GROUP", "group", NULL, false},
    {"TEXT", "text", NULL, ASG_COLUMN_ALARM},
};

/* A line each; "alarm list" has what to do. */
static int show_alarms(struct asg_cli *cli, const struct asg_status_view *view)
{
    if (cli->settings.output != ASG_OUTPUT_TABLE || view->alarm_count == 0) {
        return ASG_EXIT_OK;
    }
    (void)fputc('\n', cli->out);
    int code = asg_cli_show_list(cli, &asg_alarm_view_schema, view->alarm_list,
                                 view->alarm_count, ASG_COLUMNS(alarm_columns));
    asg_cli_print(cli->out, "what to do: openasg alarm list\n");
    return code;
}

static const struct asg_render_column status_columns[] = {
    {"cluster", "cluster_id", NULL, false},
    {"version", "version", NULL, false},
    {"epoch", "epoch", NULL, false},
    {"log head", "log_head", NULL, false},
    {"revision", "revision", NULL, false},
    {"time", "time_ms", NULL, false},
    {"started", "started_ms", NULL, false},
    {"halted", "is_halted", NULL, false},
    {"held", "held", NULL, false},
    {"groups", "groups", NULL, false},
    {"instances", "instances", NULL, false},
    {"agents", "agents", NULL, false},
    {"workers", "workers", NULL, false},
    {"open jobs", "open_jobs", NULL, false},
    {"dead jobs", "dead_jobs", NULL, false},
    {"agents at", "agents_endpoint", NULL, false},
    {"workers at", "workers_endpoint", NULL, false},
    {"admin at", "admin_endpoint", NULL, false},
    {"http at", "http_endpoint", NULL, false},
    {"api at", "api_endpoint", NULL, false},
    {"alarms", NULL, write_alarms, ASG_COLUMN_ALARM},
};

static int run_status(void *context, const struct asg_arguments *arguments)
{
    (void)arguments;
    struct asg_cli *cli = context;
    const struct asg_request request = {
        .query = ASG_QUERY_STATUS, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    if (answer.status == NULL) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "the controller sent no status");
    }
    asg_cli_show_one(cli, &asg_status_view_schema, answer.status,
                     ASG_COLUMNS(status_columns));
    return show_alarms(cli, answer.status);
}

static const struct asg_render_column worker_columns[] = {
    {"WORKER", "name", NULL, false},
    {"VERSION", "version", NULL, ASG_COLUMN_WIDE},
    {"ADDRESS", "address", NULL, false},
    {"CREDITS", "credits", NULL, ASG_COLUMN_WIDE},
    {"LEASES", "leases", NULL, ASG_COLUMN_WIDE},
    {"LAST SEEN", "heard_ms", NULL, false},
    {"STATE", "state", NULL, ASG_COLUMN_STATE},
    {"REASON", "reason", NULL, ASG_COLUMN_NOTE},
};

static void write_first(const void *object, struct asg_bytes *ret)
{
    const struct asg_refusal *refusal = object;
    char when[ASG_MOMENT_TEXT_MAX];
    asg_moment_print(refusal->first_ms, when);
    asg_bytes_append_text(ret, when);
}

static void write_last(const void *object, struct asg_bytes *ret)
{
    const struct asg_refusal *refusal = object;
    char when[ASG_MOMENT_TEXT_MAX];
    asg_moment_print(refusal->last_ms, when);
    asg_bytes_append_text(ret, when);
}

static const struct asg_render_column refusal_columns[] = {
    {"PORT", "edge", NULL, false},
    {"ADDRESS", "address", NULL, false},
    {"KEY", "key", NULL, ASG_COLUMN_NAME},
    {"INSTANCE", "instance_id", NULL, false},
    {"WHY", "why", NULL, false},
    {"TIMES", "count", NULL, false},
    {"FIRST", NULL, write_first, ASG_COLUMN_WIDE},
    {"LAST", NULL, write_last, ASG_COLUMN_WIDE},
};

static int list_refused(struct asg_cli *cli)
{
    const struct asg_request request = {
        .query = ASG_QUERY_REFUSED, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_refusal_schema, answer.refusals,
                             answer.refusal_count, ASG_COLUMNS(refusal_columns));
}

static int run_workers(void *context, const struct asg_arguments *arguments)
{
    if (asg_option_flag(arguments, "refused")) return list_refused(context);
    struct asg_cli *cli = context;
    const struct asg_request request = {
        .query = ASG_QUERY_WORKERS, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_worker_view_schema, answer.workers,
                             answer.worker_count, ASG_COLUMNS(worker_columns));
}

static int run_wait(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_group_goal goal = {
        .group = asg_argument_text(arguments, 0),
        .in_service = asg_option_number(arguments, "in-service", -1),
        .at_least = asg_option_number(arguments, "at-least", -1),
        .at_most = asg_option_number(arguments, "at-most", -1),
        .desired = asg_option_number(arguments, "desired", -1),
        .is_gone = asg_option_flag(arguments, "gone"),
    };
    if (goal.in_service < 0 && goal.at_least < 0 && goal.at_most < 0 &&
        goal.desired < 0 && !goal.is_gone) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "nothing to wait for: give --in-service N, --at-least N, "
                            "--at-most N, --desired N or --gone");
    }
    int code =
        asg_wait_groups(cli, &goal, 1, asg_option_number(arguments, "timeout", 60000));
    if (code != ASG_EXIT_OK || cli->settings.output == ASG_OUTPUT_TABLE) return code;
    const struct asg_done done = {.kind = "group",
                                  .name = goal.group,
                                  .group = goal.group,
                                  .message = goal.is_gone
                                                 ? "the group is gone"
                                                 : "the group has reached that state"};
    return asg_cli_result(cli, &done);
}

static const struct asg_argument group_argument[] = {
    {.name = "GROUP", .help = "Name of the group.", .complete = "groups"}};
static const struct asg_option wait_options[] = {
    {.name = "in-service",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = 1000000,
     .help = "Until exactly N instances are in service, warming ones included."},
    {.name = "at-least",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = 1000000,
     .help = "Until at least N instances are in service."},
    {.name = "at-most",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = 1000000,
     .help = "Until at most N instances are in service."},
    {.name = "desired",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = 1000000,
     .help = "Until desired is N."},
    {.name = "gone", .type = ASG_OPTION_FLAG, .help = "Until the group is deleted."},
    {.name = "timeout",
     .type = ASG_OPTION_DURATION,
     .value = "TIME",
     .min = 1,
     .max = 86400000,
     .help = "Longest wait.",
     .default_text = "60s"},
};

static const struct asg_option worker_options[] = {
    {.name = "refused",
     .type = ASG_OPTION_FLAG,
     .help = "List refused connections and enrolments instead."},
    ASG_WATCH_OPTION,
};

static const struct asg_command_entry commands[] = {
    {.name = "status",
     .shows = &asg_status_view_schema,
     .summary = "Show the state of the controller and its addresses",
     .examples = "openasg status\nopenasg status -o json",
     .run = run_status},
    {.name = "worker list",
     .is_list = true,
     .shows = &asg_worker_view_schema,
     .shows_else = &asg_refusal_schema,
     .else_when = "refused",
     .summary = "List the workers that are connected",
     .details =
         "With --refused it lists who was not admitted recently, newest first: keys at "
         "the ports of workers, admins and reports, and agents whose enrolment was "
         "refused (port enrol), with address, instance and reason. To admit a worker "
         "put its key, as NAME.pub, into the controller's workers.d.",
     .examples = "openasg worker list\nopenasg worker list --refused",
     ASG_OPTIONS(worker_options),
     .run = run_workers},
    {.name = "wait",
     .shows = &asg_done_schema,
     .summary = "Wait until a group reaches a state, for scripts",
     .details = "Exit code 6 if the time runs out. A controller that restarts meanwhile "
                "does not end the wait.",
     .examples = "openasg wait web --in-service 2 --timeout 90s\n"
                 "openasg wait web --gone",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(wait_options),
     .run = run_wait},
};

const struct asg_family asg_status_family = ASG_FAMILY(commands);
