/* config - a program's settings: one table, one YAML file, environment overrides.
 *
 * From the table come parsing, checks, --help, --print-config and the page
 * docs/configuration.md. An unknown key is an error with the nearest known key as a
 * hint. Keys are flat words or one level deep ("listen.agents" is `listen:` with
 * `agents:` under it). Environment: OPENASG_<PROGRAM>_<KEY>, dots and dashes as _.
 * Command line (parsed by config_args.c): --key value or --key=value, dots as dashes.
 * Order: default, file, environment, command line.
 * Secrets: a key of type SECRET_FILE names a file; the secret itself is never a value.
 * Limits: file of at most 1 MiB, no tags, anchors or aliases, depth 3.
 */
#ifndef ASG_TEXT_CONFIG_H
#define ASG_TEXT_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/schema.h"
#include "text/problems.h"

enum asg_config_type {
    ASG_CONFIG_TEXT,       /* const char * */
    ASG_CONFIG_PATH,       /* const char * */
    ASG_CONFIG_ENDPOINT,   /* const char *: "tcp://host:port" */
    ASG_CONFIG_URL,        /* const char * */
    ASG_CONFIG_BOOL,       /* bool */
    ASG_CONFIG_NUMBER,     /* int64_t */
    ASG_CONFIG_DURATION,   /* int64_t milliseconds: 200ms, 5s, 10m, 1h; a bare number is
                              refused */
    ASG_CONFIG_SIZE,       /* int64_t bytes: 4k, 16m, 1g or a bare number */
    ASG_CONFIG_WORD,       /* int: value in `words` */
    ASG_CONFIG_TEXTS,      /* struct asg_texts: a YAML list, or commas */
    ASG_CONFIG_SECRET_FILE /* const char *: path of a file of mode 0600 or less */
};

struct asg_config_key {
    const char *name;
    enum asg_config_type type;
    size_t offset; /* in the program's struct */
    const char
        *default_text; /* as it would be written in the file; NULL: must be given */
    int64_t min;       /* NUMBER, DURATION (ms), SIZE */
    int64_t max;
    const struct asg_enum *words;
    const char *unit; /* "milliseconds", "" */
    const char *help; /* one sentence */
};

struct asg_config_table {
    const char *program; /* "openasg-agent" */
    const char *prefix;  /* "OPENASG_AGENT" */
    const char *summary; /* what the program does, for --help */
    const struct asg_config_key *keys;
    size_t key_count;
    size_t size; /* of the program's struct */
};

enum asg_config_act {
    ASG_CONFIG_RUN,   /* go on with the program */
    ASG_CONFIG_DONE,  /* --help, --version or --print-config was answered: exit 0 */
    ASG_CONFIG_CHECK, /* --check-config: asg_config_check() does it, nothing is read yet
                       */
};

/* Defaults, then --config FILE (-FILE: if it is there), environment, command line into
 * *config; text lives in `arena`. Answers --help, --version and --print-config on
 * standard output. ASG_ERR_INVALID: error says file, line, key and what to write instead.
 */
ASG_MUST_USE enum asg_status asg_config_load(const struct asg_config_table *table,
                                             int argc, char **argv,
                                             struct asg_arena *arena, void *config,
                                             enum asg_config_act *ret,
                                             struct asg_error *error);

/* Adds what is wrong with the files and the meaning of settings that could be read. It
 * changes nothing and opens no port. */
typedef void asg_config_check_fn(const void *config, struct asg_problems *problems);

/* The settings as asg_config_load() reads them, everything wrong with them and what
 * `check` finds, a line each on standard error; one line on standard output when nothing
 * is. Returns the exit code: 0, or 2. Texts live in `arena`. */
int asg_config_check(const struct asg_config_table *table, int argc, char **argv,
                     struct asg_arena *arena, void *config, asg_config_check_fn *check);

/* The effective settings as YAML, with each key's help as a comment. */
void asg_config_print(const struct asg_config_table *table, const void *config,
                      FILE *out);

#endif
