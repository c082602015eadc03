/* config_layers - the layers of a program's settings, one call each.
 *
 * asg_config_load() of config.h is these in order. For programs whose command line is
 * not only settings (openasg), for docs/configuration.md and for tests.
 */
#ifndef ASG_TEXT_CONFIG_LAYERS_H
#define ASG_TEXT_CONFIG_LAYERS_H

#include "text/config.h"

#define ASG_CONFIG_DEPTH_MAX 3
#define ASG_CONFIG_LIST_MAX  1000
#define ASG_CONFIG_NAME_MAX  80 /* of a key, with its prefix */

struct asg_config_layers {
    const struct asg_config_table *table;
    struct asg_arena *arena;
    void *config;
    bool *is_set; /* by key: some layer gave it */
    /* Not NULL: what is wrong goes there, and reading continues with the next key. */
    struct asg_problems *problems;
};

/* ASG_OK when `status` is, or when it was added to the problems: go on. */
ASG_MUST_USE enum asg_status asg_config_pass(const struct asg_config_layers *layers,
                                             enum asg_status status,
                                             struct asg_error *error);

/* Defaults into *config. A default that does not parse is our own mistake. */
void asg_config_begin(struct asg_config_layers *layers,
                      const struct asg_config_table *table, struct asg_arena *arena,
                      void *config);

/* A YAML text; `name` stands in errors. */
ASG_MUST_USE enum asg_status asg_config_read_text(struct asg_config_layers *layers,
                                                  const char *name, const char *text,
                                                  size_t length, struct asg_error *error);
ASG_MUST_USE enum asg_status asg_config_read_file(struct asg_config_layers *layers,
                                                  const char *path,
                                                  struct asg_error *error);

/* Variables <PREFIX>_<KEY> of a NULL-ended list ("environ"). An empty one counts as not
 * set. `is_strict`: one that is no key is refused; <PREFIX>_CONFIG is allowed. */
ASG_MUST_USE enum asg_status asg_config_read_environment(struct asg_config_layers *layers,
                                                         char *const *environment,
                                                         bool is_strict,
                                                         struct asg_error *error);

/* Every key without a default must be given by now. */
ASG_MUST_USE enum asg_status asg_config_finish(const struct asg_config_layers *layers,
                                               struct asg_error *error);

/* One key from its text; `where` opens the error ("--interval", "agent.yaml:3"). */
ASG_MUST_USE enum asg_status asg_config_set(struct asg_config_layers *layers,
                                            const struct asg_config_key *key,
                                            const char *text, const char *where,
                                            struct asg_error *error);

/* By name, with one character standing for "." and "-" of names: '-' finds
 * "listen-agents", '_' "LISTEN_AGENTS" (any case); '.' only the exact name. */
const struct asg_config_key *asg_config_find(const struct asg_config_table *table,
                                             const char *name, char separator);

/* The nearest known key's name for a hint, or NULL. */
const char *asg_config_nearest(const struct asg_config_table *table, const char *name,
                               char separator);

/* "listen.agents" as "listen-agents" or "LISTEN_AGENTS". */
void asg_config_spell(const char *name, char separator, char text[ASG_CONFIG_NAME_MAX]);

/* A value as it would be written in the file, in the arena. */
const char *asg_config_value_text(const struct asg_config_key *key, const void *config,
                                  struct asg_arena *arena);

/* "duration, 200ms to 1m" */
const char *asg_config_type_text(const struct asg_config_key *key,
                                 struct asg_arena *arena);

void asg_config_help(const struct asg_config_table *table, FILE *out);

/* One program's part of docs/configuration.md. */
void asg_config_document(const struct asg_config_table *table, FILE *out);

/* The man page (section 8) of a program that is all settings. */
void asg_config_man(const struct asg_config_table *table, FILE *out);

/* A file of all settings, each commented out but those without a section that `layers`
 * were given: /etc/openasg/NAME.yaml. */
void asg_config_sample(const struct asg_config_layers *layers, FILE *out);

#endif
