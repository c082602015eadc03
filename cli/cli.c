#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/watch_list.h"

void asg_cli_write(FILE *out, const char *text, size_t length)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes shown = {0};
    asg_escape_append(text, length, ASG_LAYOUT_KEPT, &shown);
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
    if (cli->fails_in_json) {
        (void)fputs("{\"error\":{", cli->err);
        print_json_text(cli, "code", word != NULL ? word : asg_exit_word(code));
        print_json_text(cli, "message", text);
        print_json_text(cli, "advice", advice);
        (void)fprintf(cli->err, "\"exit_code\":%d}}\n", code);
        return;
    }
    (void)fputs("openasg: ", cli->err);
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

size_t asg_cli_width(const struct asg_cli *cli)
{
    int file = fileno(cli->out);
    struct winsize size = {0};
    if (file < 0 || !isatty(file) || ioctl(file, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

static void print_bytes(struct asg_cli *cli, struct asg_bytes *text)
{
    (void)fwrite(text->data, 1, text->length, cli->out);
}

int asg_cli_check_follow(struct asg_cli *cli, bool follows)
{
    if (!follows || cli->settings.output == ASG_OUTPUT_TABLE) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "--follow never ends, and only the table form can show that: "
                        "leave out --follow or --output");
}

void asg_cli_show_list(struct asg_cli *cli, const struct asg_schema *schema,
                       const void *items, size_t count,
                       const struct asg_render_column *columns, size_t column_count)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    if (cli->settings.output == ASG_OUTPUT_JSON) {
        asg_render_json_list(schema, items, count, /* is_compact */ false, &text);
    } else if (cli->settings.output == ASG_OUTPUT_YAML) {
        asg_render_yaml_list(schema, items, count, &text);
    } else if (cli->settings.output == ASG_OUTPUT_CSV) {
        asg_render_csv(schema, items, count, &text);
    } else {
        asg_render_table(schema, items, count, columns, column_count, asg_cli_width(cli),
                         &text);
    }
    if (cli->watch != NULL) {
        asg_watch_list_take(cli, schema, items, count, columns, column_count, &text);
        return;
    }
    print_bytes(cli, &text);
}

void asg_cli_show_one(struct asg_cli *cli, const struct asg_schema *schema,
                      const void *object, const struct asg_render_column *columns,
                      size_t column_count)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    if (cli->settings.output == ASG_OUTPUT_JSON) {
        asg_render_json(schema, object, /* is_compact */ false, &text);
    } else if (cli->settings.output == ASG_OUTPUT_YAML) {
        asg_render_yaml(schema, object, &text);
    } else if (cli->settings.output == ASG_OUTPUT_CSV) {
        asg_render_csv(schema, object, 1, &text);
    } else {
        asg_render_record(schema, object, columns, column_count, &text);
    }
    print_bytes(cli, &text);
}
