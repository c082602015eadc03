/* defaults - what a field says when nobody said anything, and the fields that an update
 * names: both stand in the schema's rows, so that a field is described once.
 *
 * Texts and lists are shared, not copied: they live as long as what they came from. */
#ifndef ASG_MODEL_DEFAULTS_H
#define ASG_MODEL_DEFAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/schema.h"

/* Each field of *ret becomes its default, whatever was in it. */
void asg_model_set_defaults(const struct asg_schema *schema, void *ret);

/* Fields that are 0 or "" and cannot mean it get their default. */
void asg_model_fill_unset(const struct asg_schema *schema, void *ret);

/* Take the fields that `bits` (1 << update bit) name from `from`, and leave the others.
 */
void asg_model_update(const struct asg_schema *schema, void *ret, const void *from,
                      uint64_t bits);

/* That one field becomes what it is in `from`. */
void asg_model_take_field(const struct asg_field *field, void *ret, const void *from);

/* True when `present`, bits 1 << position in the schema, has the field of that name. */
bool asg_model_names(const struct asg_schema *schema, uint64_t present, const char *name);

/* The update bits of fields that are `present`: bits 1 << position in the schema. */
uint64_t asg_model_update_bits(const struct asg_schema *schema, uint64_t present);

#endif
