/* command_instance - look at instances, end them, protect them, call them sick. */
#include <stddef.h>
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/ask_yes.h"
#include "cli/ask/wait_group.h"
#include "cli/commands.h"
#include "cli/lists/watch_list.h"
#include "cli/show/show_result.h"
#include "model/schemas.h"

static const struct asg_argument group_argument[] = {{.name = "GROUP",
                                                      .help = "Only this group.",
                                                      .complete = "groups",
                                                      .is_optional = true}};
static const struct asg_argument id_argument[] = {
    {.name = "ID", .help = "Id of the instance (i-...).", .complete = "instances"}};
static const struct asg_argument ids_argument[] = {{.name = "ID",
                                                    .help = "Ids of instances (i-...).",
                                                    .complete = "instances",
                                                    .is_repeated = true}};

static const char *const health_list[] = {"unhealthy", "healthy"};
static const struct asg_enum health_words = {"health", health_list, 2};

static void write_health(const void *object, struct asg_bytes *ret)
{
    const struct asg_instance_view *view = object;
    bool has_reason = view->health_reason != NULL && view->health_reason[0] != '\0';
    bool has_signs = view->signs != NULL && view->signs[0] != '\0';
    asg_bytes_append_text(ret, view->is_healthy ? "healthy" : "unhealthy");
    if (!view->is_healthy && has_reason)
        asg_bytes_printf(ret, ": %s", view->health_reason);
    if (view->is_healthy && has_signs) asg_bytes_printf(ret, ", but %s", view->signs);
}

static void write_cpu(const void *object, struct asg_bytes *ret)
{
    const struct asg_instance_view *view = object;
    if (!view->is_reporting || view->cpu_milli < 0) {
        asg_bytes_append_text(ret, "-");
        return;
    }
    asg_bytes_printf(ret, "%lld.%lld", (long long)(view->cpu_milli / 1000),
                     (long long)(view->cpu_milli % 1000 / 100));
}

static void write_note(const void *object, struct asg_bytes *ret)
{
    const struct asg_instance_view *view = object;
    asg_bytes_append_text(ret, view->is_protected && view->is_warming
                                   ? "protected, warming"
                               : view->is_protected ? "protected"
                               : view->is_warming   ? "warming"
                                                    : "-");
}

static const struct asg_render_column list_columns[] = {
    {"INSTANCE", "instance_id", NULL, false},
    {"GROUP", "group", NULL, false},
    {"STATE", "state", NULL, ASG_COLUMN_STATE},
    {"HEALTH", NULL, write_health, ASG_COLUMN_STATE},
    {"CPU %", NULL, write_cpu, ASG_COLUMN_WIDE | ASG_COLUMN_RIGHT},
    {"TYPE", "instance_type", NULL, ASG_COLUMN_WIDE},
    {"ZONE", "zone", NULL, ASG_COLUMN_WIDE},
    {"ADDRESS", "private_ip", NULL, ASG_COLUMN_WIDE},
    {"VERSION", "template_version", NULL, ASG_COLUMN_WIDE},
    {"LAUNCHED", "launched_ms", NULL, ASG_COLUMN_WIDE},
    {"NOTE", NULL, write_note, ASG_COLUMN_NOTE},
};

static int run_list(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *group = asg_argument_text(arguments, 0);
    const struct asg_request request = {
        .query = ASG_QUERY_INSTANCES, .group = group != NULL ? group : "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code == ASG_EXIT_OK) code = asg_check_listed(cli, group, answer.instance_count);
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_instance_view_schema, answer.instances,
                             answer.instance_count, ASG_COLUMNS(list_columns));
}

/* Orders about instances name their group too; the operator need not. */
static int find_group(struct asg_cli *cli, const char *instance_id, const char **ret)
{
    const struct asg_request request = {
        .query = ASG_QUERY_INSTANCES, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    for (size_t i = 0; i < answer.instance_count; i++) {
        if (strcmp(answer.instances[i].instance_id, instance_id) == 0) {
            *ret = answer.instances[i].group;
            return ASG_EXIT_OK;
        }
    }
    return asg_cli_fail(
        cli, ASG_EXIT_FAILED,
        "no group has an instance \"%s\"; \"openasg instance list\" shows the instances",
        instance_id);
}

static int order(struct asg_cli *cli, struct asg_command *command,
                 const struct asg_arguments *arguments, const char *done)
{
    int code = find_group(cli, asg_argument_text(arguments, 0), &command->group);
    if (code != ASG_EXIT_OK) return code;
    command->instance_ids = arguments->values;
    return asg_order(cli, command, done, NULL);
}

static int run_terminate(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *id = asg_argument_text(arguments, 0);
    struct asg_command command = asg_new_command(ASG_COMMAND_TERMINATE_INSTANCE, "");
    command.decrement = asg_option_flag(arguments, "decrement");
    command.force = asg_option_flag(arguments, "force");
    int code = find_group(cli, id, &command.group);
    if (code != ASG_EXIT_OK) return code;
    command.instance_ids = arguments->values;
    code = asg_cli_ask_yes(cli, arguments, "terminate instance %s of group %s", id,
                           command.group);
    if (code != ASG_EXIT_OK) return code;
    code = asg_order(cli, &command, "terminating the instance", NULL);
    struct asg_group_goal goal = asg_group_goal_of(command.group);
    goal.instance_id = id;
    return asg_wait_if_asked(cli, arguments, code, &goal, 1);
}

static int run_protect(void *context, const struct asg_arguments *arguments)
{
    struct asg_command command = asg_new_command(ASG_COMMAND_PROTECT_INSTANCES, "");
    command.is_protected = strcmp(arguments->command->name, "instance protect") == 0;
    return order(context, &command, arguments,
                 command.is_protected ? "protected from scale-in"
                                      : "no longer protected");
}

static int run_move(void *context, const struct asg_arguments *arguments)
{
    const char *name = arguments->command->name;
    bool is_return = strcmp(name, "instance return") == 0;
    bool is_detach = strcmp(name, "instance detach") == 0;
    struct asg_command command =
        asg_new_command(is_return   ? ASG_COMMAND_EXIT_STANDBY
                        : is_detach ? ASG_COMMAND_DETACH_INSTANCES
                                    : ASG_COMMAND_ENTER_STANDBY,
                        "");
    command.decrement = !is_return && asg_option_flag(arguments, "decrement");
    return order(context, &command, arguments,
                 is_return   ? "taken out of standby"
                 : is_detach ? "being detached"
                             : "put into standby");
}

static int run_set_health(void *context, const struct asg_arguments *arguments)
{
    struct asg_command command = asg_new_command(ASG_COMMAND_SET_INSTANCE_HEALTH, "");
    command.is_healthy = asg_option_number(arguments, "health", 0) != 0;
    command.respect_grace = !asg_option_flag(arguments, "ignore-grace");
    return order(context, &command, arguments,
                 command.is_healthy ? "marked healthy" : "marked unhealthy");
}

/* They may be of several groups. */
static int run_rebind(void *context, const struct asg_arguments *arguments)
{
    struct asg_command command = asg_new_command(ASG_COMMAND_INSTANCE_REBIND, "");
    command.instance_ids = arguments->values;
    return asg_order(context, &command, "their agents may enrol with other keys", NULL);
}

struct join_line {
    const char *instance;
    const char *line;
};

static const struct asg_field join_line_fields[] = {
    {.name = "instance",
     .type = ASG_FIELD_TEXT,
     .offset = offsetof(struct join_line, instance),
     .limit = ASG_TEXT_MAX},
    {.name = "line",
     .type = ASG_FIELD_TEXT,
     .offset = offsetof(struct join_line, line),
     .limit = ASG_TEXT_MAX},
};
static const struct asg_schema join_line_schema = {
    .name = "join_line",
    .size = sizeof(struct join_line),
    .fields = join_line_fields,
    .field_count = sizeof join_line_fields / sizeof join_line_fields[0],
};

/* As a table alone on `out`, so that a script can write it where the agent reads it. */
static int run_join_line(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const struct asg_request request = {.query = ASG_QUERY_JOIN_LINE,
                                        .group = "",
                                        .name = asg_argument_text(arguments, 0)};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    if (answer.join_line == NULL || answer.join_line[0] == '\0') {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "the controller sent no join line");
    }
    if (cli->settings.output != ASG_OUTPUT_TABLE) {
        const struct join_line shown = {.instance = request.name,
                                        .line = answer.join_line};
        asg_cli_show_one(cli, &join_line_schema, &shown, NULL, 0);
        return ASG_EXIT_OK;
    }
    asg_cli_write(cli->out, answer.join_line, strlen(answer.join_line));
    asg_cli_write(cli->out, "\n", 1);
    return ASG_EXIT_OK;
}

static const struct asg_option terminate_options[] = {
    {.name = "decrement",
     .type = ASG_OPTION_FLAG,
     .help = "Lower the desired number too, so that it is not replaced."},
    {.name = "force",
     .type = ASG_OPTION_FLAG,
     .help = "Proceed even if it terminates more than a quarter of the group at the same "
             "time."},
    ASG_WAIT_OPTION,
    ASG_YES_OPTION,
};
static const struct asg_option move_options[] = {
    {.name = "decrement",
     .type = ASG_OPTION_FLAG,
     .help = "Lower the desired number too, so that they are not replaced."},
};
static const struct asg_option health_options[] = {
    {.name = "health",
     .type = ASG_OPTION_WORD,
     .value = "WORD",
     .words = &health_words,
     .is_required = true,
     .help = "The health to set."},
    {.name = "ignore-grace",
     .type = ASG_OPTION_FLAG,
     .help = "Replace it even during its grace period."},
};

static const struct asg_option watch_options[] = {ASG_WATCH_OPTION};

static const struct asg_command_entry commands[] = {
    {.name = "instance list",
     .is_list = true,
     .shows = &asg_instance_view_schema,
     .summary = "List instances with their state and health",
     .examples = "openasg instance list web",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(watch_options),
     .run = run_list},
    {.name = "instance terminate",
     .shows = &asg_done_schema,
     .summary = "Terminate one instance",
     .examples = "openasg instance terminate i-0123456789abcdef0 --decrement",
     ASG_ARGUMENTS(id_argument),
     ASG_OPTIONS(terminate_options),
     .run = run_terminate},
    {.name = "instance protect",
     .shows = &asg_done_schema,
     .summary = "Protect instances from scale-in",
     .examples = "openasg instance protect i-0123456789abcdef0",
     ASG_ARGUMENTS(ids_argument),
     .run = run_protect},
    {.name = "instance unprotect",
     .shows = &asg_done_schema,
     .summary = "Remove the protection from scale-in",
     .examples = "openasg instance unprotect i-0123456789abcdef0",
     ASG_ARGUMENTS(ids_argument),
     .run = run_protect},
    {.name = "instance set-health",
     .shows = &asg_done_schema,
     .summary = "Mark an instance healthy or unhealthy",
     .details = "An unhealthy instance is replaced.",
     .examples = "openasg instance set-health i-0123456789abcdef0 --health unhealthy",
     ASG_ARGUMENTS(id_argument),
     ASG_OPTIONS(health_options),
     .run = run_set_health},
    {.name = "instance standby",
     .shows = &asg_done_schema,
     .summary = "Put instances of one group into standby",
     .details = "They keep running, outside of health checks, scale-in and metrics.",
     .examples = "openasg instance standby i-0123456789abcdef0 --decrement",
     ASG_ARGUMENTS(ids_argument),
     ASG_OPTIONS(move_options),
     .run = run_move},
    {.name = "instance return",
     .shows = &asg_done_schema,
     .summary = "Take instances of one group out of standby",
     .details = "The desired number rises by the same number.",
     .examples = "openasg instance return i-0123456789abcdef0",
     ASG_ARGUMENTS(ids_argument),
     .run = run_move},
    {.name = "instance detach",
     .shows = &asg_done_schema,
     .summary = "Detach instances from their group",
     .details =
         "They keep running and belong to no group; openasg removes its tags. The Auto "
         "Scaling API attaches instances (AttachInstances).",
     .examples = "openasg instance detach i-0123456789abcdef0 --decrement",
     ASG_ARGUMENTS(ids_argument),
     ASG_OPTIONS(move_options),
     .run = run_move},
    {.name = "instance join-line",
     .shows = &join_line_schema,
     .summary = "Print the join line for an instance's agent",
     .details = "For an instance that was not launched with one: attached, re-imaged, or "
                "older. It is valid for this instance only; anyone who has it can enrol "
                "in its place, so treat it like a password. Put it into the "
                "agent's settings (docs/configuration.md).",
     .examples = "openasg instance join-line i-0123456789abcdef0",
     ASG_ARGUMENTS(id_argument),
     .run = run_join_line},
    {.name = "instance rebind",
     .shows = &asg_done_schema,
     .summary = "Forget the keys that are bound to instances",
     .details =
         "For machines that were re-imaged: their agents have other keys, which are "
         "refused (alarm enrolment) until you run this. The next agent that enrols "
         "with a valid proof is bound.\n"
         "Where agents check the group's health a machine whose agent has stopped is "
         "replaced within seconds: suspend GROUP replace-unhealthy before that, and "
         "resume it when the agent reports.",
     .examples = "openasg instance rebind i-0123456789abcdef0",
     ASG_ARGUMENTS(ids_argument),
     .run = run_rebind},
};

const struct asg_family asg_instance_family = ASG_FAMILY(commands);
