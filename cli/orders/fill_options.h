/* fill_options - options of the command line into the fields of a struct, by its table.
 */
#ifndef ASG_CLI_ORDERS_FILL_OPTIONS_H
#define ASG_CLI_ORDERS_FILL_OPTIONS_H

#include "model/group.h"
#include "text/options.h"

struct asg_option_field {
    const char *option;
    const char *field;
};

/* Copy every option that was given into its field of *object. Returns the bits of the
 * fields that were set. */
uint64_t asg_fill_options(const struct asg_arguments *arguments,
                          const struct asg_schema *schema,
                          const struct asg_option_field *fields, size_t count,
                          void *object);

/* "key=value" texts as tags. ASG_ERR_INVALID: one has no "=". */
ASG_MUST_USE enum asg_status asg_fill_tags(const struct asg_texts *texts,
                                           struct asg_arena *arena, struct asg_tag **ret,
                                           size_t *ret_count, struct asg_error *error);

#endif
