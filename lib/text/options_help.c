/* options_help - the option table as --help, usage lines and Markdown. */
#include "text/options.h"

#include <inttypes.h>
#include <string.h>

#include "text/quantity.h"
#include "text/wrap.h"

#define HELP_WIDTH  88
#define HELP_INDENT 6
#define TITLE_WIDTH 34

static bool in_family(const struct asg_command_entry *command, const char *family)
{
    size_t length = strlen(family);
    return length == 0 ||
           (strncmp(command->name, family, length) == 0 && command->name[length] == ' ');
}

const char *asg_options_usage(const struct asg_command_table *table,
                              const struct asg_command_entry *command,
                              struct asg_arena *arena)
{
    const char *text = asg_arena_format(arena, "%s %s", table->program, command->name);
    for (size_t i = 0; i < command->argument_count; i++) {
        const struct asg_argument *argument = &command->arguments[i];
        text = asg_arena_format(
            arena, "%s %s%s%s%s", text, argument->is_optional ? "[" : "", argument->name,
            argument->is_repeated ? " ..." : "", argument->is_optional ? "]" : "");
    }
    for (size_t i = 0; i < command->option_count; i++) {
        if (!command->options[i].is_required) continue;
        text = asg_arena_format(arena, "%s --%s %s", text, command->options[i].name,
                                command->options[i].value);
    }
    return asg_arena_format(arena, "%s [OPTIONS]", text);
}

static const char *option_title(const struct asg_option *option, struct asg_arena *arena)
{
    const char *letter =
        option->letter != 0 ? asg_arena_format(arena, "-%c, ", option->letter) : "";
    if (option->type == ASG_OPTION_FLAG) {
        return asg_arena_format(arena, "%s--%s", letter, option->name);
    }
    return asg_arena_format(arena, option->implied != NULL ? "%s--%s[=%s]" : "%s--%s %s",
                            letter, option->name,
                            option->value != NULL ? option->value : "TEXT");
}

static const char *limit_text(const struct asg_option *option, int64_t value,
                              struct asg_arena *arena)
{
    char text[ASG_QUANTITY_TEXT_MAX];
    if (option->type == ASG_OPTION_DURATION) {
        asg_quantity_print_duration(value, text);
    } else if (option->type == ASG_OPTION_MILLI) {
        asg_quantity_print_milli(value, text);
    } else {
        (void)snprintf(text, sizeof text, "%" PRId64, value);
    }
    return asg_arena_text(arena, text);
}

/* "One sentence. One of a, b. 1 to 5. Default 3." */
static const char *option_text(const struct asg_option *option, struct asg_arena *arena)
{
    const char *text = option->help;
    if (option->type == ASG_OPTION_WORD) {
        text = asg_arena_format(arena, "%s One of", text);
        for (size_t i = 0; i < option->words->count; i++) {
            text = asg_arena_format(arena, "%s%s %s", text, i > 0 ? "," : "",
                                    option->words->words[i]);
        }
        text = asg_arena_format(arena, "%s.", text);
    }
    if (option->min != 0 || option->max != 0) {
        text = asg_arena_format(arena, "%s %s to %s.", text,
                                limit_text(option, option->min, arena),
                                limit_text(option, option->max, arena));
    }
    if (option->implied != NULL) {
        text = asg_arena_format(arena, "%s Without =%s: %s.", text, option->value,
                                option->implied);
    }
    if (option->default_text != NULL) {
        text = asg_arena_format(arena, "%s Default: %s.", text, option->default_text);
    }
    if (option->is_required) text = asg_arena_format(arena, "%s Must be given.", text);
    return text;
}

static void print_options(const char *heading, const struct asg_option *options,
                          size_t count, struct asg_arena *arena, FILE *out)
{
    if (count == 0) return;
    (void)fprintf(out, "\n%s:\n", heading);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "  %s\n", option_title(&options[i], arena));
        asg_wrap_print(option_text(&options[i], arena), HELP_INDENT, HELP_WIDTH, "", out);
    }
}

static void print_commands(const struct asg_command_table *table, const char *family,
                           struct asg_arena *arena, FILE *out)
{
    for (size_t i = 0; i < table->command_count; i++) {
        const struct asg_command_entry *command = &table->commands[i];
        if (command->is_hidden || !in_family(command, family)) continue;
        const char *title = command->name;
        for (size_t a = 0; a < command->argument_count; a++) {
            const struct asg_argument *argument = &command->arguments[a];
            title = asg_arena_format(arena, argument->is_optional ? "%s [%s]" : "%s %s",
                                     title, argument->name);
        }
        (void)fprintf(out, "  %-*s  %s\n", TITLE_WIDTH, title, command->summary);
    }
}

static bool is_family(const struct asg_command_table *table, const char *name)
{
    for (size_t i = 0; i < table->command_count; i++) {
        if (in_family(&table->commands[i], name)) return true;
    }
    return false;
}

static void print_command_help(const struct asg_arguments *arguments,
                               struct asg_arena *arena, FILE *out)
{
    const struct asg_command_table *table = arguments->table;
    const struct asg_command_entry *command = arguments->command;
    (void)fprintf(out, "usage: %s\n\n", asg_options_usage(table, command, arena));
    asg_wrap_print(asg_arena_format(arena, "%s.", command->summary), 0, HELP_WIDTH, "",
                   out);
    if (command->details != NULL) {
        (void)fputc('\n', out);
        asg_wrap_print(command->details, 0, HELP_WIDTH, "", out);
    }
    if (command->argument_count > 0) (void)fputs("\narguments:\n", out);
    for (size_t i = 0; i < command->argument_count; i++) {
        (void)fprintf(out, "  %s\n", command->arguments[i].name);
        asg_wrap_print(command->arguments[i].help, HELP_INDENT, HELP_WIDTH, "", out);
    }
    print_options("options", command->options, command->option_count, arena, out);
    if (command->is_list) {
        print_options("options of every list", table->list_options,
                      table->list_option_count, arena, out);
    }
    print_options("options of every command", table->options, table->option_count, arena,
                  out);
    if (is_family(table, command->name)) {
        (void)fputs("\nfurther commands:\n", out);
        print_commands(table, command->name, arena, out);
    }
    if (command->examples != NULL) {
        (void)fputs("\nexamples:\n", out);
        for (const char *line = command->examples; *line != '\0';) {
            size_t length = strcspn(line, "\n");
            (void)fprintf(out, "  %.*s\n", (int)length, line);
            line += length + (line[length] == '\n');
        }
    }
}

static void print_program_help(const struct asg_arguments *arguments,
                               struct asg_arena *arena, FILE *out)
{
    const struct asg_command_table *table = arguments->table;
    bool is_family = arguments->family[0] != '\0';
    (void)fprintf(out, "usage: %s %s%sCOMMAND [ARGUMENTS] [OPTIONS]\n\n", table->program,
                  arguments->family, is_family ? " " : "");
    if (!is_family) asg_wrap_print(table->summary, 0, HELP_WIDTH, "", out);
    (void)fputs(is_family ? "commands:\n" : "\ncommands:\n", out);
    print_commands(table, arguments->family, arena, out);
    if (!is_family) {
        print_options("options of every command", table->options, table->option_count,
                      arena, out);
        (void)fputs("\nexit codes:\n", out);
        for (size_t i = 0; i < table->exit_code_count; i++) {
            (void)fprintf(out, "  %d  %s\n", table->exit_codes[i].code,
                          table->exit_codes[i].meaning);
        }
        if (table->environment != NULL) {
            (void)fputs("\nenvironment:\n", out);
            asg_wrap_print(table->environment, 2, HELP_WIDTH, "", out);
        }
    }
    (void)fprintf(out, "\n%s %s%sCOMMAND --help tells more of one command.\n",
                  table->program, arguments->family, is_family ? " " : "");
}

void asg_options_help(const struct asg_arguments *arguments, FILE *out)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    if (arguments->command != NULL) {
        print_command_help(arguments, &arena, out);
    } else {
        print_program_help(arguments, &arena, out);
    }
}

static void document_options(const struct asg_option *options, size_t count,
                             struct asg_arena *arena, FILE *out)
{
    if (count == 0) return;
    (void)fputs("\n| option | meaning |\n| --- | --- |\n", out);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "| `%s` | %s |\n", option_title(&options[i], arena),
                      option_text(&options[i], arena));
    }
}

void asg_options_document(const struct asg_command_table *table, FILE *out)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    (void)fprintf(out, "%s\n", table->summary);
    if (table->details != NULL) (void)fprintf(out, "\n%s\n", table->details);
    if (table->environment != NULL) (void)fprintf(out, "\n%s\n", table->environment);
    (void)fputs("\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n", out);
    for (size_t i = 0; i < table->exit_code_count; i++) {
        (void)fprintf(out, "| %d | %s |\n", table->exit_codes[i].code,
                      table->exit_codes[i].meaning);
    }
    (void)fputs("\n## Options of every command\n", out);
    document_options(table->options, table->option_count, &arena, out);
    if (table->list_option_count > 0) {
        (void)fputs("\n## Options of every list\n", out);
        document_options(table->list_options, table->list_option_count, &arena, out);
    }
    for (size_t i = 0; i < table->command_count; i++) {
        const struct asg_command_entry *command = &table->commands[i];
        if (command->is_hidden) continue;
        (void)fprintf(out, "\n## %s %s\n\n%s.\n\n```\n%s\n```\n", table->program,
                      command->name, command->summary,
                      asg_options_usage(table, command, &arena));
        if (command->details != NULL) (void)fprintf(out, "\n%s\n", command->details);
        if (command->argument_count > 0) {
            (void)fputs("\n| argument | meaning |\n| --- | --- |\n", out);
        }
        for (size_t a = 0; a < command->argument_count; a++) {
            (void)fprintf(out, "| `%s` | %s |\n", command->arguments[a].name,
                          command->arguments[a].help);
        }
        document_options(command->options, command->option_count, &arena, out);
        if (command->is_list) {
            (void)fputs("\nA list: [its options](#options-of-every-list) too.\n", out);
        }
        if (command->examples != NULL) {
            (void)fprintf(out, "\n```\n%s\n```\n", command->examples);
        }
    }
}
