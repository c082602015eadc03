/* cli - what every command of openasg shares: settings, output, the way to say no.
 *
 * Flow:    argv -> [options table] -> command_<family>.c -> ask_controller or the log
 *          file -> render -> stdout
 * A command answers with an exit code. Results go to `out`, words about them to `err`.
 * Threads: one.
 */
#ifndef ASG_CLI_CLI_H
#define ASG_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/settings.h"
#include "text/options.h"
#include "text/render.h"

enum asg_exit {
    ASG_EXIT_OK = 0,
    ASG_EXIT_FAILED = 1,      /* refused by the controller, or the command failed */
    ASG_EXIT_USAGE = 2,       /* the command line or the settings are wrong */
    ASG_EXIT_UNREACHABLE = 3, /* no answer from the controller */
    ASG_EXIT_NOT_VERIFIED = 4,
    ASG_EXIT_DIFFERS = 5, /* replay */
    ASG_EXIT_TIMEOUT = 6, /* a wait ended before it came true */
};

/* What went wrong as one word, for scripts: "Usage", "Unreachable", .. Static. */
const char *asg_exit_word(int code);

enum asg_output {
    ASG_OUTPUT_TABLE,
    ASG_OUTPUT_JSON,
    ASG_OUTPUT_YAML,
    ASG_OUTPUT_CSV,
    ASG_OUTPUT_WIDE, /* a table; commands see TABLE, and asg_cli.is_wide */
};
extern const struct asg_enum asg_output_words;
extern const struct asg_enum asg_color_words;

struct asg_connection; /* ask_controller.h */
struct asg_list_watch; /* watch_list.h */

struct asg_cli {
    const struct asg_command_table *table; /* every command: commands.h */
    struct asg_arena arena;                /* for the whole run */
    struct asg_cli_settings settings;
    FILE *out;
    FILE *err;
    struct asg_clock clock;
    struct asg_connection *connection;       /* made by the first question */
    const struct asg_command_entry *command; /* that runs; NULL: none yet */
    const struct asg_arguments *arguments;   /* of it */
    bool fails_in_json;                      /* --output json: errors too */
    int failed_code;                         /* for ASG_EXIT_FAILED; 0: that */
    bool is_wide;                            /* tables as wide as they are */
    bool has_colour;                         /* `out` shows colours */
    const FILE *coloured_err;     /* that shows colours; not one put in its place */
    bool is_verbose;              /* says what it asks and is answered */
    struct asg_list_watch *watch; /* --watch: lists go there; NULL: none */
};

/* run_command.c: run one command line; argv[0] is the program. Returns the exit code. */
int asg_cli_run(struct asg_cli *cli, int argc, char **argv);

/* Words from elsewhere (EC2's messages) with what could steer a terminal escaped
 * (base/escape.h). Commands print with the second, whatever stands in the arguments. */
void asg_cli_write(FILE *out, const char *text, size_t length);
void asg_cli_print(FILE *out, const char *format, ...) ASG_PRINTF(2, 3);

/* "openasg: ..." on `err`; returns `code`. With --output json it is one line of JSON:
 * {"error":{"code":"Usage","message":"...","advice":null,"exit_code":2}}. */
int asg_cli_fail(struct asg_cli *cli, int code, const char *format, ...) ASG_PRINTF(3, 4);

/* The same with more to say: `word` is its code (NULL: of the exit code), `advice` whole
 * sentences about what to do (NULL: none), on a line of their own when it is no JSON. */
int asg_cli_fail_more(struct asg_cli *cli, int code, const char *word, const char *advice,
                      const char *format, ...) ASG_PRINTF(5, 6);

/* The same for a failed status of a library: usage for INVALID, else failed. */
int asg_cli_fail_status(struct asg_cli *cli, enum asg_status status,
                        const struct asg_error *error);

/* The same for a file that the command line names: what cannot be read is usage too. */
int asg_cli_fail_file(struct asg_cli *cli, const struct asg_error *error);

/* Width of the terminal on `out`, 0 when it is none: tables are then not cut. */
size_t asg_cli_width(const struct asg_cli *cli);

/* ASG_EXIT_OK, or ASG_EXIT_USAGE and said: --follow in a form that has an end. */
int asg_cli_check_follow(struct asg_cli *cli, bool follows);

/* A list in the form that --output asks for: those columns and items, in that order, that
 * the options of every list ask for (command_table.c), if the command is one of a list.
 * ASG_EXIT_OK, or ASG_EXIT_USAGE and said. */
int asg_cli_show_list(struct asg_cli *cli, const struct asg_schema *schema,
                      const void *items, size_t count,
                      const struct asg_render_column *columns, size_t column_count);

/* One thing: a line a column, or as JSON, YAML or CSV. */
void asg_cli_show_one(struct asg_cli *cli, const struct asg_schema *schema,
                      const void *object, const struct asg_render_column *columns,
                      size_t column_count);

/* With --verbose a line on `err`, else nothing. */
void asg_cli_say_more(struct asg_cli *cli, const char *format, ...) ASG_PRINTF(2, 3);

#define ASG_COLUMNS(list) (list), sizeof(list) / sizeof((list)[0])

#endif
