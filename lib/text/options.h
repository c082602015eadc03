/* options - a command line with subcommands as one table.
 *
 * From the table come parsing and checks, --help of the program, of a family ("group")
 * and of a command, completion (options_complete.h) and the man pages; a test walks it.
 * Names of options and arguments are looked up by name: one that is not in the table is
 * our own mistake. Threads: no state; any.
 */
#ifndef ASG_TEXT_OPTIONS_H
#define ASG_TEXT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/schema.h"

#define ASG_OPTION_VALUES_MAX 1000 /* of one repeated option or argument */

enum asg_option_type {
    ASG_OPTION_FLAG,     /* no value; --name=false takes it back */
    ASG_OPTION_TEXT,     /* any text */
    ASG_OPTION_FILE,     /* a path, "-" for standard input */
    ASG_OPTION_NUMBER,   /* whole, min to max */
    ASG_OPTION_DURATION, /* milliseconds, min to max; written 5s, 10m */
    ASG_OPTION_MILLI,    /* thousandths, min to max; written 82.5 */
    ASG_OPTION_WORD,     /* value of a word of `words` */
    ASG_OPTION_TEXTS,    /* a list: commas, or several times */
    ASG_OPTION_FILES,    /* paths: several times */
};

struct asg_option {
    const char *name; /* "min": --min */
    enum asg_option_type type;
    char letter; /* 'o': -o as well; 0: none */
    bool is_required;
    const char *value; /* "N", "FILE", "GROUP"; what help calls it */
    const char *help;  /* one sentence */
    const struct asg_enum *words;
    int64_t min;
    int64_t max;              /* min and max 0: not checked */
    const char *default_text; /* for help; NULL: none */
    const char *old_name;     /* still understood, not shown; NULL */
    const char *implied;      /* its value when none is given; a value then comes only
                                 after "=" (--wait, --wait=90s); NULL: it needs one */
    const char *complete;     /* which names fit ("groups"), for completion; NULL */
};

struct asg_argument {
    const char *name; /* "GROUP" */
    const char *help;
    bool is_optional;     /* only the last ones */
    bool is_repeated;     /* only the last */
    bool is_file;         /* for completion, as the next */
    const char *complete; /* which names fit ("groups"); NULL: not known */
};

struct asg_arguments; /* what was parsed */

struct asg_command_entry {
    const char *name;     /* "group create" */
    const char *summary;  /* one sentence without its full stop */
    const char *details;  /* more; NULL */
    const char *examples; /* one a line; NULL */
    const struct asg_argument *arguments;
    size_t argument_count;
    const struct asg_option *options;
    size_t option_count;
    int (*run)(void *context, const struct asg_arguments *arguments);
    bool needs_nothing; /* no settings: it works whatever is wrong with them */
    bool is_hidden;     /* an alias: works, is not listed */
    bool is_list;       /* shows a list: understands the table's list_options too */
    const struct asg_schema *shows; /* what its JSON has (of a list: each); NULL: none */
    const struct asg_schema *shows_else; /* with the option `else_when` */
    const char *else_when;
    bool shows_many; /* it is a list of these, or a line each, without being a list */
};

struct asg_exit_code {
    int code;
    const char *meaning;
};

struct asg_command_table {
    const char *program; /* "openasg" */
    const char *summary;
    const char *details;
    const struct asg_command_entry *commands;
    size_t command_count;
    const struct asg_option *options; /* understood by every command */
    size_t option_count;
    const struct asg_option *list_options; /* of every command that shows a list */
    size_t list_option_count;
    const struct asg_exit_code *exit_codes;
    size_t exit_code_count;
    const char *environment; /* paragraph for help and man; NULL */
};

struct asg_option_value {
    bool is_set;
    const char *text; /* as it was written, the last time */
    int64_t number;   /* FLAG (0, 1), NUMBER, DURATION, MILLI, WORD */
    struct asg_texts texts;
    size_t capacity;
};

struct asg_arguments {
    const struct asg_command_table *table;
    const struct asg_command_entry *command; /* NULL: help of the program or a family */
    const char *family;                      /* words that were given; "" */
    bool wants_help;
    struct asg_option_value *options; /* of the command, of lists, of all */
    struct asg_texts values;          /* arguments in order */
    size_t capacity;
};

/* Parse argv[1..]; texts are argv's own or live in `arena`. "help WORDS" is
 * "WORDS --help".
 * ASG_ERR_INVALID: `error` says what is wrong, with the nearest known word. */
ASG_MUST_USE enum asg_status asg_options_parse(const struct asg_command_table *table,
                                               int argc, char **argv,
                                               struct asg_arena *arena,
                                               struct asg_arguments *ret,
                                               struct asg_error *error);

/* The options that its command understands, the command's own first. */
size_t asg_options_count(const struct asg_arguments *arguments);
const struct asg_option *asg_options_at(const struct asg_arguments *arguments,
                                        size_t index);

/* The beginning of a command line, whatever is wrong with it or missing: what can be read
 * of it. *ret_open is the option whose value comes next, or NULL; *ret_is_ended: "--" was
 * met. False: there is no such command. */
bool asg_options_parse_begun(const struct asg_command_table *table, int argc, char **argv,
                             struct asg_arena *arena, struct asg_arguments *ret,
                             const struct asg_option **ret_open, bool *ret_is_ended);

bool asg_option_is_set(const struct asg_arguments *arguments, const char *name);
/* NULL when it was not given. */
const char *asg_option_text(const struct asg_arguments *arguments, const char *name);
/* `otherwise` when it was not given. */
int64_t asg_option_number(const struct asg_arguments *arguments, const char *name,
                          int64_t otherwise);
bool asg_option_flag(const struct asg_arguments *arguments, const char *name);
struct asg_texts asg_option_texts(const struct asg_arguments *arguments,
                                  const char *name);
/* The argument of that place, from 0; NULL when it was not given. */
const char *asg_argument_text(const struct asg_arguments *arguments, size_t place);

/* Help of what `arguments` names: a command, a family, or the program. */
void asg_options_help(const struct asg_arguments *arguments, FILE *out);

/* "openasg group create [OPTIONS] NAME" */
const char *asg_options_usage(const struct asg_command_table *table,
                              const struct asg_command_entry *command,
                              struct asg_arena *arena);

/* One man page (roff, man(7)); `command` NULL: of the program. */
void asg_options_man(const struct asg_command_table *table,
                     const struct asg_command_entry *command, FILE *out);

/* "openasg-group-create" in the arena; the program's own name for NULL. */
const char *asg_options_page_name(const struct asg_command_table *table,
                                  const struct asg_command_entry *command,
                                  struct asg_arena *arena);

/* Markdown of the whole table, for docs/cli.md. */
void asg_options_document(const struct asg_command_table *table, FILE *out);

/* Markdown of what the commands print as JSON, for docs/json.md. */
void asg_json_document(const struct asg_command_table *table, FILE *out);

/* The command of that name ("group create"), or NULL. */
const struct asg_command_entry *asg_options_find_command(
    const struct asg_command_table *table, const char *name);

#endif
