/* config_args - settings from a command line. Private to lib/text. */
#ifndef ASG_TEXT_CONFIG_ARGS_H
#define ASG_TEXT_CONFIG_ARGS_H

#include "text/config_layers.h"

struct asg_config_args {
    const char *file; /* --config; NULL: not given */
    bool wants_help;
    bool wants_version;
    bool wants_print;
    bool wants_check;    /* --check-config */
    bool wants_document; /* --document-config: its part of docs/configuration.md */
    bool wants_man;      /* --document-man: its page of section 8 */
    bool wants_sample;   /* --document-file: its /etc/openasg/NAME.yaml */
};

/* Walk argv[1..]. With `layers` NULL only *ret is filled: it is needed before the file
 * is read, the values only after it. */
ASG_MUST_USE enum asg_status asg_config_read_args(struct asg_config_layers *layers,
                                                  const struct asg_config_table *table,
                                                  int argc, char **argv,
                                                  struct asg_config_args *ret,
                                                  struct asg_error *error);

#endif
