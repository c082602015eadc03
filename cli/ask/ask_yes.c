#include "cli/ask/ask_yes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX 16

bool asg_cli_can_ask(const struct asg_cli *cli)
{
    int file = fileno(cli->err);
    return file >= 0 && isatty(file) && isatty(STDIN_FILENO);
}

/* One line of the terminal, without its end; false at its end (Ctrl-D). */
static bool read_answer(char answer[ANSWER_BYTES_MAX])
{
    size_t length = 0;
    char letter = '\0';
    while (read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n') {
        if (letter != ' ' && length + 1 < ANSWER_BYTES_MAX) answer[length++] = letter;
    }
    answer[length] = '\0';
    return letter == '\n';
}

static int ask(struct asg_cli *cli, const char *where, const char *question)
{
    if (!asg_cli_can_ask(cli)) {
        return asg_cli_fail(
            cli, ASG_EXIT_USAGE,
            "this would %s%s, and there is no terminal to confirm it on; "
            "nothing was done. Repeat it with --yes if that is what you want",
            question, where);
    }
    (void)fflush(cli->out);
    asg_cli_print(cli->err, "This will %s%s. Continue? [y/N] ", question, where);
    (void)fflush(cli->err);
    char answer[ANSWER_BYTES_MAX];
    bool is_answered = read_answer(answer);
    if (!is_answered) (void)fputc('\n', cli->err);
    bool is_yes = strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
    if (is_answered && is_yes) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_FAILED, "nothing was done");
}

static int ask_formatted(struct asg_cli *cli, const struct asg_arguments *arguments,
                         const char *where, const char *format, va_list args)
{
    if (asg_option_flag(arguments, "yes")) return ASG_EXIT_OK;
    char *question = NULL;
    if (vasprintf(&question, format, args) < 0) abort();
    int code = ask(cli, where, question);
    free(question);
    return code;
}

/* Where an order goes to: " (context prod, tcp://10.0.0.5:7703)". */
static const char *name_place(struct asg_cli *cli)
{
    const char *context = cli->settings.context;
    if (context != NULL && context[0] != '\0') {
        return asg_arena_format(&cli->arena, " (context %s, %s)", context,
                                cli->settings.controller);
    }
    return asg_arena_format(&cli->arena, " (%s)", cli->settings.controller);
}

int asg_cli_ask_anyway(struct asg_cli *cli, const char *question)
{
    return ask(cli, name_place(cli), question);
}

int asg_cli_ask_yes(struct asg_cli *cli, const struct asg_arguments *arguments,
                    const char *question, ...)
{
    va_list args;
    va_start(args, question);
    int code = ask_formatted(cli, arguments, name_place(cli), question, args);
    va_end(args);
    return code;
}

int asg_cli_ask_yes_here(struct asg_cli *cli, const struct asg_arguments *arguments,
                         const char *question, ...)
{
    va_list args;
    va_start(args, question);
    int code = ask_formatted(cli, arguments, "", question, args);
    va_end(args);
    return code;
}
