/* options_pages - the option table as man pages. */
#include "text/options.h"

#include <string.h>

#include "text/roff.h"

const char *asg_options_page_name(const struct asg_command_table *table,
                                  const struct asg_command_entry *command,
                                  struct asg_arena *arena)
{
    if (command == NULL) return table->program;
    char name[128];
    (void)snprintf(name, sizeof name, "%s-%s", table->program, command->name);
    for (char *at = name; *at != '\0'; at++) {
        if (*at == ' ') *at = '-';
    }
    return asg_arena_text(arena, name);
}

static void print_paragraph(const char *text, FILE *out)
{
    asg_roff_print(text, out);
    (void)fputc('\n', out);
}

static void print_man_options(const char *heading, const struct asg_option *options,
                              size_t count, FILE *out)
{
    if (count == 0) return;
    (void)fprintf(out, ".SH %s\n", heading);
    for (size_t i = 0; i < count; i++) {
        const struct asg_option *option = &options[i];
        (void)fputs(".TP\n", out);
        if (option->letter != 0) (void)fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
        (void)fputs("\\fB\\-\\-", out);
        asg_roff_print(option->name, out);
        (void)fputs("\\fR", out);
        if (option->type != ASG_OPTION_FLAG) {
            (void)fprintf(out, option->implied != NULL ? "[=\\fI%s\\fR]" : " \\fI%s\\fR",
                          option->value != NULL ? option->value : "TEXT");
        }
        (void)fputc('\n', out);
        print_paragraph(option->help, out);
        if (option->type == ASG_OPTION_WORD) {
            (void)fputs("One of", out);
            for (size_t w = 0; w < option->words->count; w++) {
                (void)fputs(w > 0 ? ", " : " ", out);
                asg_roff_print(option->words->words[w], out);
            }
            (void)fputs(".\n", out);
        }
        if (option->implied != NULL) {
            (void)fprintf(out, "Without a value: %s.\n", option->implied);
        }
        if (option->default_text != NULL) {
            (void)fputs("Default: ", out);
            asg_roff_print(option->default_text, out);
            (void)fputs(".\n", out);
        }
    }
}

static void print_command_page(const struct asg_command_table *table,
                               const struct asg_command_entry *command,
                               struct asg_arena *arena, FILE *out)
{
    (void)fputs(".SH SYNOPSIS\n", out);
    print_paragraph(asg_options_usage(table, command, arena), out);
    (void)fputs(".SH DESCRIPTION\n", out);
    print_paragraph(asg_arena_format(arena, "%s.", command->summary), out);
    if (command->details != NULL) {
        (void)fputs(".PP\n", out);
        print_paragraph(command->details, out);
    }
    if (command->argument_count > 0) (void)fputs(".SH ARGUMENTS\n", out);
    for (size_t i = 0; i < command->argument_count; i++) {
        (void)fprintf(out, ".TP\n\\fI%s\\fR\n", command->arguments[i].name);
        print_paragraph(command->arguments[i].help, out);
    }
    print_man_options("OPTIONS", command->options, command->option_count, out);
    if (command->is_list) {
        print_man_options("OPTIONS OF EVERY LIST", table->list_options,
                          table->list_option_count, out);
    }
    print_man_options("OPTIONS OF EVERY COMMAND", table->options, table->option_count,
                      out);
    if (command->examples != NULL) {
        (void)fputs(".SH EXAMPLES\n.nf\n", out);
        print_paragraph(command->examples, out);
        (void)fputs(".fi\n", out);
    }
    (void)fprintf(out, ".SH SEE ALSO\n\\fB%s\\fR(1)\n", table->program);
}

static void print_program_page(const struct asg_command_table *table,
                               struct asg_arena *arena, FILE *out)
{
    (void)fprintf(out,
                  ".SH SYNOPSIS\n\\fB%s\\fR \\fICOMMAND\\fR [\\fIARGUMENTS\\fR] "
                  "[\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n",
                  table->program);
    print_paragraph(table->summary, out);
    if (table->details != NULL) {
        (void)fputs(".PP\n", out);
        print_paragraph(table->details, out);
    }
    (void)fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; i < table->command_count; i++) {
        const struct asg_command_entry *command = &table->commands[i];
        if (command->is_hidden) continue;
        (void)fputs(".TP\n\\fB", out);
        asg_roff_print(asg_options_page_name(table, command, arena), out);
        (void)fputs("\\fR(1)\n", out);
        print_paragraph(asg_arena_format(arena, "%s.", command->summary), out);
    }
    print_man_options("OPTIONS OF EVERY COMMAND", table->options, table->option_count,
                      out);
    if (table->environment != NULL) {
        (void)fputs(".SH ENVIRONMENT\n", out);
        print_paragraph(table->environment, out);
    }
    (void)fputs(".SH EXIT STATUS\n", out);
    for (size_t i = 0; i < table->exit_code_count; i++) {
        (void)fprintf(out, ".TP\n%d\n", table->exit_codes[i].code);
        print_paragraph(table->exit_codes[i].meaning, out);
    }
}

void asg_options_man(const struct asg_command_table *table,
                     const struct asg_command_entry *command, FILE *out)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    const char *page = asg_options_page_name(table, command, &arena);
    asg_roff_title(page, 1, command != NULL ? command->summary : table->summary, out);
    if (command != NULL) {
        print_command_page(table, command, &arena, out);
    } else {
        print_program_page(table, &arena, out);
    }
}
