/* run_command - one command line from its words to its exit code. */
#include <unistd.h>

#include "cli/ask_controller.h"
#include "cli/cli.h"

/* What an operator who writes only "openasg group" wants to know. */
static int show_help(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    if (arguments->wants_help) {
        asg_options_help(arguments, cli->out);
        return ASG_EXIT_OK;
    }
    asg_options_help(arguments, cli->err);
    return ASG_EXIT_USAGE;
}

static int run_command(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    if (asg_option_flag(arguments, "version")) {
        asg_cli_print(cli->out, "openasg %s\n", ASG_VERSION);
        return ASG_EXIT_OK;
    }
    bool wants_config = asg_option_flag(arguments, "print-config");
    bool has_command = arguments->command != NULL;
    if (arguments->wants_help || (!has_command && !wants_config)) {
        return show_help(cli, arguments);
    }
    struct asg_error error = {0};
    enum asg_status status =
        asg_cli_load_settings(arguments, environ, &cli->arena, &cli->settings, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
    if (wants_config || !has_command) {
        asg_config_print(&asg_cli_config_table, &cli->settings, cli->out);
        return ASG_EXIT_OK;
    }
    return arguments->command->run(cli, arguments);
}

int asg_cli_run(struct asg_cli *cli, int argc, char **argv)
{
    struct asg_arguments arguments;
    struct asg_error error = {0};
    enum asg_status status =
        asg_options_parse(cli->table, argc, argv, &cli->arena, &arguments, &error);
    int code = ASG_EXIT_USAGE;
    if (status != ASG_OK) {
        code = asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
    } else {
        code = run_command(cli, &arguments);
    }
    asg_connection_destroy(&cli->connection);
    asg_arena_clear(&cli->arena);
    if ((fflush(cli->out) != 0 || ferror(cli->out)) && code == ASG_EXIT_OK) {
        code = asg_cli_fail(cli, ASG_EXIT_FAILED, "cannot write the output");
    }
    return code;
}
