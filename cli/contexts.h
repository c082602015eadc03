/* contexts - the controllers that an operator works with, by name.
 *
 * A context is a file of settings, ~/.config/openasg/contexts/NAME.yaml, that says where
 * the controller is and which keys open it. One of them may be in use (the file
 * `context` beside the folder holds its name). Which one counts: --context, then
 * OPENASG_CONTEXT, then the one in use, where neither option nor variable names a
 * controller or its folder. */
#ifndef ASG_CLI_CONTEXTS_H
#define ASG_CLI_CONTEXTS_H

#include "text/config_layers.h"

struct asg_arguments;

struct asg_context_choice {
    const char *name; /* "": none */
    const char *from; /* "--context", "OPENASG_CONTEXT", "openasg context use" */
    bool is_option;   /* --context: it outranks variables too */
};

/* $XDG_CONFIG_HOME/openasg or ~/.config/openasg; NULL: there is neither. */
const char *asg_user_dir(char *const *environment, struct asg_arena *arena);

/* The value of a variable in a NULL-ended list, or NULL. */
const char *asg_find_variable(char *const *environment, const char *name);

/* Letters, digits, dots, dashes and underscores, at most 64, no dot or dash first. */
bool asg_context_is_name(const char *name);

/* The file of a context, in `arena`. */
const char *asg_context_path(const char *user_dir, const char *name,
                             struct asg_arena *arena);

/* Which context counts. ASG_ERR_INVALID, ASG_ERR_DENIED, ..: its name cannot be read. */
ASG_MUST_USE enum asg_status asg_context_choose(
    const struct asg_arguments *arguments, char *const *environment, const char *user_dir,
    struct asg_arena *arena, struct asg_context_choice *ret, struct asg_error *error);

/* Lay its file over what `layers` has. `error` says what to do when there is none, or it
 * may be written by others. */
ASG_MUST_USE enum asg_status asg_context_read(struct asg_config_layers *layers,
                                              const char *user_dir,
                                              const struct asg_context_choice *choice,
                                              struct asg_error *error);

/* The names there are, sorted; none is no failure. */
struct asg_texts asg_context_names(const char *user_dir, struct asg_arena *arena);

/* The one in use; "" when there is none. */
ASG_MUST_USE enum asg_status asg_context_current(const char *user_dir,
                                                 struct asg_arena *arena,
                                                 const char **ret,
                                                 struct asg_error *error);

/* Put a context in use; "": none. */
ASG_MUST_USE enum asg_status asg_context_use(const char *user_dir, const char *name,
                                             struct asg_error *error);

#endif
