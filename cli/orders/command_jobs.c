/* command_jobs - the work for the workers: open, done, dead. */
#include <inttypes.h>
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/commands.h"
#include "cli/lists/watch_list.h"
#include "cli/show/show_result.h"
#include "model/schemas.h"
#include "text/quantity.h"

static const struct asg_argument group_argument[] = {{.name = "GROUP",
                                                      .help = "Only this group.",
                                                      .complete = "groups",
                                                      .is_optional = true}};
static const struct asg_argument id_argument[] = {
    {.name = "ID", .help = "Number of the job.", .complete = "jobs"}};
static const struct asg_option list_options[] = {
    {.name = "dead", .type = ASG_OPTION_FLAG, .help = "Only dead letters."},
    ASG_WATCH_OPTION,
};

static const struct asg_render_column list_columns[] = {
    {"ID", "id", NULL, false},
    {"NAME", "name", NULL, false},
    {"KIND", "kind", NULL, false},
    {"STATE", "state", NULL, ASG_COLUMN_STATE},
    {"GROUP", "group", NULL, false},
    {"COUNT", "count", NULL, ASG_COLUMN_WIDE},
    {"ATTEMPT", "attempt", NULL, ASG_COLUMN_WIDE},
    {"WORKER", "worker", NULL, ASG_COLUMN_WIDE},
    {"CREATED", "created_ms", NULL, ASG_COLUMN_WIDE},
    {"ENDED", "ended_ms", NULL, ASG_COLUMN_WIDE},
};

static int ask_jobs(struct asg_cli *cli, struct asg_request request,
                    struct asg_answer *ret)
{
    request.query = ASG_QUERY_JOBS;
    request.name = "";
    if (request.group == NULL) request.group = "";
    return asg_ask(cli, &request, &cli->arena, ret);
}

static int run_list(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_answer answer = {0};
    const struct asg_request request = {.group = asg_argument_text(arguments, 0),
                                        .only_dead = asg_option_flag(arguments, "dead")};
    int code = ask_jobs(cli, request, &answer);
    if (code == ASG_EXIT_OK) {
        code = asg_check_listed(cli, asg_argument_text(arguments, 0), answer.job_count);
    }
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_job_view_schema, answer.jobs, answer.job_count,
                             ASG_COLUMNS(list_columns));
}

static const struct asg_render_column show_columns[] = {
    {"id", "id", NULL, false},
    {"name", "name", NULL, false},
    {"kind", "kind", NULL, false},
    {"state", "state", NULL, ASG_COLUMN_STATE},
    {"group", "group", NULL, false},
    {"instances", "count", NULL, false},
    {"attempt", "attempt", NULL, false},
    {"client token", "client_token", NULL, false},
    {"worker", "worker", NULL, false},
    {"created", "created_ms", NULL, false},
    {"deadline", "deadline_ms", NULL, false},
    {"ended", "ended_ms", NULL, false},
};
static const struct asg_render_column attempt_columns[] = {
    {"ATTEMPT", "attempt", NULL, false},
    {"OUTCOME", "outcome", NULL, ASG_COLUMN_STATE},
    {"ERROR", "error_code", NULL, false},
    {"WORKER", "worker", NULL, false},
    {"CALLS", "calls", NULL, false},
    {"DELIVERIES", "deliveries", NULL, false},
    {"REQUEST", "request_id", NULL, false},
    {"ENDED", "ended_ms", NULL, false},
    {"MESSAGE", "message", NULL, false},
};

static bool read_id(struct asg_cli *cli, const struct asg_arguments *arguments,
                    uint64_t *ret)
{
    const char *text = asg_argument_text(arguments, 0);
    if (asg_quantity_unsigned(text, ret) && *ret > 0) return true;
    (void)asg_cli_fail(cli, ASG_EXIT_USAGE,
                       "ID cannot be \"%.40s\": write the number that \"openasg jobs\" "
                       "shows",
                       text);
    return false;
}

static int run_show(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    uint64_t id = 0;
    if (!read_id(cli, arguments, &id)) return ASG_EXIT_USAGE;
    struct asg_answer answer = {0};
    int code = ask_jobs(cli, (struct asg_request){.job_id = id}, &answer);
    if (code != ASG_EXIT_OK) return code;
    const struct asg_job_view *view = NULL;
    for (size_t i = 0; i < answer.job_count; i++) {
        if (answer.jobs[i].id == id) view = &answer.jobs[i];
    }
    if (view == NULL) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED,
                            "there is no job %" PRIu64
                            " now; its history is in the log: \"openasg log export\"",
                            id);
    }
    asg_cli_show_one(cli, &asg_job_view_schema, view, ASG_COLUMNS(show_columns));
    if (cli->settings.output == ASG_OUTPUT_TABLE && view->attempt_count > 0) {
        (void)fputc('\n', cli->out);
        (void)asg_cli_show_list(cli, &asg_attempt_view_schema, view->attempts,
                                view->attempt_count, ASG_COLUMNS(attempt_columns));
    }
    return ASG_EXIT_OK;
}

static int run_retry(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_command command = asg_new_command(ASG_COMMAND_JOB_RETRY, "");
    if (!read_id(cli, arguments, &command.job_id)) return ASG_EXIT_USAGE;
    return asg_order(
        cli, &command,
        asg_arena_format(&cli->arena, "retrying job %" PRIu64, command.job_id), NULL);
}

static const struct asg_command_entry commands[] = {
    {.name = "jobs",
     .is_list = true,
     .shows = &asg_job_view_schema,
     .summary = "List the jobs, newest last",
     .examples = "openasg jobs\nopenasg jobs web --dead",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(list_options),
     .run = run_list},
    {.name = "jobs show",
     .shows = &asg_job_view_schema,
     .summary = "Show a job with its attempts",
     .examples = "openasg jobs show 118",
     ASG_ARGUMENTS(id_argument),
     .run = run_show},
    {.name = "jobs retry",
     .shows = &asg_done_schema,
     .summary = "Retry a dead letter",
     .examples = "openasg jobs retry 118",
     ASG_ARGUMENTS(id_argument),
     .run = run_retry},
};

const struct asg_family asg_jobs_family = ASG_FAMILY(commands);
