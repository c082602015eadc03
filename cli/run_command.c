/* run_command - one command line from its words to its exit code. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask/ask_controller.h"
#include "cli/check_config.h"
#include "cli/cli.h"
#include "cli/lists/watch_list.h"
#include "cli/terminal.h"
#include "text/moment.h"

/* What an operator who writes only "openasg group" wants to know. */
static int show_help(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    if (arguments->wants_help) {
        asg_options_help(arguments, cli->out);
        return ASG_EXIT_OK;
    }
    if (cli->fails_in_json) {
        const char *family = arguments->family;
        const char *blank = family[0] != '\0' ? " " : "";
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "which command? \"openasg%s%s --help\" lists them", blank,
                            family);
    }
    asg_options_help(arguments, cli->err);
    return ASG_EXIT_USAGE;
}

/* Of how things are shown; --print-config shows them as they were given. */
static void apply_settings(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    const struct asg_cli_settings *settings = &cli->settings;
    cli->fails_in_json = settings->output == ASG_OUTPUT_JSON;
    cli->has_colour = asg_terminal_has_colour(cli->out, settings->color);
    cli->coloured_err =
        asg_terminal_has_colour(cli->err, settings->color) ? cli->err : NULL;
    cli->is_verbose = asg_option_flag(arguments, "verbose");
    bool is_table =
        settings->output == ASG_OUTPUT_TABLE || settings->output == ASG_OUTPUT_WIDE;
    asg_moment_set_local(settings->local_times && is_table);
}

static int run_command(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    if (asg_option_flag(arguments, "version")) {
        asg_cli_print(cli->out, "openasg %s\n", ASG_VERSION);
        return ASG_EXIT_OK;
    }
    if (asg_option_flag(arguments, "check-config")) {
        return asg_cli_check_config(cli, arguments);
    }
    bool wants_config = asg_option_flag(arguments, "print-config");
    bool has_command = arguments->command != NULL;
    if (arguments->wants_help || (!has_command && !wants_config)) {
        return show_help(cli, arguments);
    }
    if (has_command && arguments->command->needs_nothing) {
        return arguments->command->run(cli, arguments);
    }
    struct asg_error error = {0};
    enum asg_status status =
        asg_cli_load_settings(arguments, environ, &cli->arena, &cli->settings, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
    apply_settings(cli, arguments);
    if (wants_config || !has_command) {
        if (cli->settings.context[0] != '\0') {
            asg_cli_print(cli->out, "# context %s, from %s\n", cli->settings.context,
                          cli->settings.context_from);
        }
        asg_config_print(&asg_cli_config_table, &cli->settings, cli->out);
        return ASG_EXIT_OK;
    }
    cli->is_wide = cli->settings.output == ASG_OUTPUT_WIDE;
    if (cli->is_wide) cli->settings.output = ASG_OUTPUT_TABLE;
    cli->command = arguments->command;
    cli->arguments = arguments;
    if (asg_option_is_set(arguments, "watch")) return asg_watch_list_run(cli, arguments);
    return arguments->command->run(cli, arguments);
}

/* A command line that cannot be read should still fail in the form it asks for. */
static bool asks_for_json(int argc, char **argv)
{
    const char *word = getenv("OPENASG_OUTPUT");
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *text = argv[i];
        bool is_alone = strcmp(text, "-o") == 0 || strcmp(text, "--output") == 0;
        if (is_alone && i + 1 < argc) word = argv[i + 1];
        if (strncmp(text, "--output=", 9) == 0) word = text + 9;
        if (strncmp(text, "-o", 2) == 0 && text[2] != '\0') {
            word = text + (text[2] == '=' ? 3 : 2);
        }
    }
    return word != NULL && strcmp(word, "json") == 0;
}

int asg_cli_run(struct asg_cli *cli, int argc, char **argv)
{
    cli->fails_in_json = asks_for_json(argc, argv);
    cli->coloured_err =
        asg_terminal_has_colour(cli->err, ASG_COLOUR_AUTO) ? cli->err : NULL;
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
