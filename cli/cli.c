#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "cli/terminal.h"
#include "text/colour.h"

void asg_cli_write(FILE *out, const char *text, size_t length)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes shown = {0};
    asg_escape_append(text, length, ASG_LAYOUT_KEPT, &shown);
    if (shown.length == 0) return;
    (void)fwrite(shown.data, 1, shown.length, out);
}

void asg_cli_print(FILE *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) return;
    asg_cli_write(out, text, (size_t)length);
    free(text);
}

const char *asg_exit_word(int code)
{
    switch (code) {
    case ASG_EXIT_OK: return "Done";
    case ASG_EXIT_USAGE: return "Usage";
    case ASG_EXIT_UNREACHABLE: return "Unreachable";
    case ASG_EXIT_NOT_VERIFIED: return "NotVerified";
    case ASG_EXIT_DIFFERS: return "Differs";
    case ASG_EXIT_TIMEOUT: return "Timeout";
    default: return "Failed";
    }
}

static void print_json_text(struct asg_cli *cli, const char *name, const char *text)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes json = {0};
    if (text != NULL) asg_render_json_text(text, &json);
    (void)fprintf(cli->err, "\"%s\":%s,", name,
                  text != NULL ? asg_bytes_text(&json) : "null");
}

static void print_failure(struct asg_cli *cli, int code, const char *word,
                          const char *advice, const char *text)
{
    (void)fflush(cli->out);
    if (code == ASG_EXIT_FAILED && cli->failed_code != 0) code = cli->failed_code;
    if (cli->fails_in_json) {
        (void)fputs("{\"error\":{", cli->err);
        print_json_text(cli, "code", word != NULL ? word : asg_exit_word(code));
        print_json_text(cli, "message", text);
        print_json_text(cli, "advice", advice);
        (void)fprintf(cli->err, "\"exit_code\":%d}}\n", code);
        return;
    }
    enum asg_colour colour =
        cli->err == cli->coloured_err ? ASG_COLOUR_BAD : ASG_COLOUR_NONE;
    (void)fprintf(cli->err, "%sopenasg:%s ", asg_colour_begin(colour),
                  asg_colour_end(colour));
    asg_cli_write(cli->err, text, strlen(text));
    (void)fputc('\n', cli->err);
    if (advice == NULL) return;
    asg_cli_write(cli->err, advice, strlen(advice));
    (void)fputc('\n', cli->err);
}

int asg_cli_fail(struct asg_cli *cli, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) return code;
    print_failure(cli, code, NULL, NULL, text);
    free(text);
    return code;
}

int asg_cli_fail_more(struct asg_cli *cli, int code, const char *word, const char *advice,
                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) return code;
    print_failure(cli, code, word, advice, text);
    free(text);
    return code;
}

int asg_cli_fail_status(struct asg_cli *cli, enum asg_status status,
                        const struct asg_error *error)
{
    bool is_usage = status == ASG_ERR_INVALID || status == ASG_ERR_LIMIT;
    const char *text = error->text[0] != '\0' ? error->text : asg_status_text(status);
    return asg_cli_fail(cli, is_usage ? ASG_EXIT_USAGE : ASG_EXIT_FAILED, "%s", text);
}

int asg_cli_fail_file(struct asg_cli *cli, const struct asg_error *error)
{
    return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error->text);
}

size_t asg_cli_width(const struct asg_cli *cli)
{
    return cli->is_wide ? 0 : asg_terminal_width(cli->out);
}

void asg_cli_say_more(struct asg_cli *cli, const char *format, ...)
{
    if (!cli->is_verbose) return;
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) return;
    (void)fputs("# ", cli->err);
    asg_cli_write(cli->err, text, (size_t)length);
    (void)fputc('\n', cli->err);
    free(text);
}

int asg_cli_check_follow(struct asg_cli *cli, bool follows)
{
    if (!follows || cli->settings.output == ASG_OUTPUT_TABLE) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "--follow never ends, and only the table form can show that: "
                        "leave out --follow or --output");
}
