/* settings - how openasg finds its controller, its key and the log.
 *
 * The last one wins: ~/.config/openasg/config.yaml (or --config, OPENASG_CONFIG), the
 * context in use or of OPENASG_CONTEXT (contexts.h), OPENASG_<KEY>, the context of
 * --context, options. Who names a context on the command line means its controller, be
 * there a variable or not. */
#ifndef ASG_CLI_SETTINGS_H
#define ASG_CLI_SETTINGS_H

#include "text/config_layers.h"

struct asg_arguments;

struct asg_cli_settings {
    const char *context; /* its name; "": none. It and the next are no keys */
    const char *context_from;
    const char *dir;
    const char *controller;
    const char *key_file;
    const char *server_key_file;
    const char *server_key;
    const char *log;
    bool allow_plaintext;
    int output;
    int color; /* asg_colour_choice */
    bool local_times;
    int64_t timeout_ms;
};

extern const struct asg_config_table asg_cli_config_table;

/* Fill *ret from file, environment and options. Files that are not named in any of them
 * are looked for in `dir`, that in ~/.config/openasg and /var/lib/openasg. */
ASG_MUST_USE enum asg_status asg_cli_load_settings(const struct asg_arguments *arguments,
                                                   char *const *environment,
                                                   struct asg_arena *arena,
                                                   struct asg_cli_settings *ret,
                                                   struct asg_error *error);

#endif
