/* command_pages - what is made from the option table: completion, man pages, docs. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "text/options_complete.h"

static const struct asg_argument shell_argument[] = {
    {.name = "SHELL",
     .help = "bash, zsh or fish; bash if it is left out.",
     .is_optional = true,
     .complete = "shells"}};
static const struct asg_argument command_argument[] = {
    {.name = "COMMAND",
     .help = "The command; without one, openasg itself.",
     .is_optional = true,
     .is_repeated = true}};
static const struct asg_option man_options[] = {
    {.name = "into",
     .old_name = "to",
     .type = ASG_OPTION_FILE,
     .value = "DIR",
     .help = "Write the pages of all commands into this folder instead."},
};

static int run_completion(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *shell = asg_argument_text(arguments, 0);
    if (shell == NULL) shell = "bash";
    if (asg_options_completion_script(cli->table, shell, cli->out)) return ASG_EXIT_OK;
    return asg_cli_fail(
        cli, ASG_EXIT_USAGE,
        "there is no completion for \"%.40s\", only for bash, zsh and fish", shell);
}

static void close_file(FILE **file)
{
    if (*file != NULL) (void)fclose(*file);
}

static int write_page(struct asg_cli *cli, const char *folder,
                      const struct asg_command_entry *command)
{
    const struct asg_command_table *table = cli->table;
    const char *name = asg_options_page_name(table, command, &cli->arena);
    const char *path = asg_arena_format(&cli->arena, "%s/%s.1", folder, name);
    ASG_CLEANUP(close_file) FILE *file = fopen(path, "we");
    if (file == NULL) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "cannot write %s: %s", path,
                            strerror(errno));
    }
    asg_options_man(table, command, file);
    return ASG_EXIT_OK;
}

static int write_pages(struct asg_cli *cli, const char *folder)
{
    const struct asg_command_table *table = cli->table;
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "cannot create %s: %s", folder,
                            strerror(errno));
    }
    int code = write_page(cli, folder, NULL);
    for (size_t i = 0; i < table->command_count && code == ASG_EXIT_OK; i++) {
        if (!table->commands[i].is_hidden) {
            code = write_page(cli, folder, &table->commands[i]);
        }
    }
    return code;
}

static int run_man(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *folder = asg_option_text(arguments, "into");
    if (folder != NULL) return write_pages(cli, folder);
    const struct asg_command_table *table = cli->table;
    const char *name = "";
    for (size_t i = 0; i < arguments->values.count; i++) {
        name = asg_arena_format(&cli->arena, "%s%s%s", name, i > 0 ? " " : "",
                                arguments->values.items[i]);
    }
    const struct asg_command_entry *command = asg_options_find_command(table, name);
    if (name[0] != '\0' && command == NULL) {
        return asg_cli_fail(
            cli, ASG_EXIT_USAGE,
            "there is no command \"%.80s\"; openasg --help lists the commands", name);
    }
    asg_options_man(table, command, cli->out);
    return ASG_EXIT_OK;
}

static const char json_head[] =
    "# JSON of the command line\n\nMade by `openasg docs --json`; do not edit.\n\n"
    "With `-o json` a command prints one JSON document on standard output: an object, or "
    "a list\nof them. `-o yaml` prints the same as YAML, `-o csv` the same fields as "
    "columns\n(`config.min` for a field of a field).\n\n"
    "## What is promised\n\n"
    "- Fields are added, never renamed or removed, and never change their type, unit or "
    "meaning.\n  A program must pass over fields it does not know. The order of fields "
    "means nothing.\n"
    "- Words of an enumeration are added, never renamed. A program must expect others.\n"
    "- Exit codes and the codes of errors are added, never changed.\n"
    "- The table form and messages are for people and may change at any time.\n\n"
    "A test holds this page against the programs, and the output of the commands against "
    "this page.\n\n"
    "## Forms\n\n"
    "- A name ends in its unit: `_ms` milliseconds, `_milli` thousandths of the unit, "
    "`_percent`.\n"
    "- Times have two fields: `created_ms`, milliseconds since 1970, and `created_at`, "
    "RFC 3339\n  in UTC whatever `--local` says.\n"
    "- null: there is none, or it is not known. Numbers have up to 64 bits.\n"
    "- A set is a list of words, empty when nothing is in it.\n\n"
    "## Errors\n\n"
    "With `-o json` an error is one line of JSON on standard error:\n\n"
    "```\n"
    "{\"error\":{\"code\":\"Usage\",\"message\":\"--min is 99999999: must be 0 to "
    "1000000\",\"advice\":null,\"exit_code\":2}}\n"
    "```\n\n"
    "`code` is the controller's own (`ValidationError`, `AlreadyExists`, `Changed`, ..) "
    "when it\nrefused, else a word for the exit code: `Failed` 1, `Usage` 2, "
    "`Unreachable` 3,\n`NotVerified` 4, `Differs` 5, `Timeout` 6. `message` says what "
    "happened, `advice` what to\ndo (null: the message says it). Notes and questions "
    "stay plain text.\n\n"
    "A command that changes something prints what it did as a [result](#result).\n";

static int run_docs(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    if (asg_option_flag(arguments, "settings")) {
        asg_config_document(&asg_cli_config_table, cli->out);
        return ASG_EXIT_OK;
    }
    if (asg_option_flag(arguments, "json")) {
        (void)fputs(json_head, cli->out);
        asg_json_document(cli->table, cli->out);
        return ASG_EXIT_OK;
    }
    (void)fputs("# openasg, the command line\n\nMade by `openasg docs`; do not edit.\n\n",
                cli->out);
    asg_options_document(cli->table, cli->out);
    return ASG_EXIT_OK;
}

static const struct asg_option docs_options[] = {
    {.name = "settings",
     .type = ASG_OPTION_FLAG,
     .help = "Print its part of docs/configuration.md instead."},
    {.name = "json", .type = ASG_OPTION_FLAG, .help = "Print docs/json.md instead."},
};

static const struct asg_command_entry commands[] = {
    {.name = "completion",
     .summary = "Print the completion script for a shell",
     .details =
         "It asks openasg for what fits, names of groups, policies, instances, jobs "
         "and contexts included, for at most a second.\n"
         "bash: source <(openasg completion bash). zsh: put it as _openasg into a "
         "folder of $fpath. fish: put it as openasg.fish into "
         "~/.config/fish/completions. The packages install all three.",
     .examples = "openasg completion bash > /etc/bash_completion.d/openasg\n"
                 "openasg completion zsh > ~/.zsh/functions/_openasg\n"
                 "openasg completion fish > ~/.config/fish/completions/openasg.fish",
     ASG_ARGUMENTS(shell_argument),
     .needs_nothing = true,
     .run = run_completion},
    {.name = "man",
     .summary = "Print a man page, or write them all",
     .examples = "openasg man group create | man -l -\nopenasg man --into build/man",
     ASG_ARGUMENTS(command_argument),
     ASG_OPTIONS(man_options),
     .run = run_man},
    {.name = "docs",
     .summary = "Print docs/cli.md",
     ASG_OPTIONS(docs_options),
     .run = run_docs,
     .is_hidden = true},
};

const struct asg_family asg_pages_family = ASG_FAMILY(commands);
