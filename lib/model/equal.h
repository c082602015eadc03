/* equal - do two structs of the model say the same, by their table?
 *
 * A NULL text is an empty one. What is made by the controller or out of other fields
 * (asg_field.is_made) does not count.
 * Threads: no state; any.
 */
#ifndef ASG_MODEL_EQUAL_H
#define ASG_MODEL_EQUAL_H

#include "model/schema.h"

/* One field of both. */
bool asg_model_equal_field(const struct asg_field *field, const void *a, const void *b);

/* Every field of both. */
bool asg_model_equal(const struct asg_schema *schema, const void *a, const void *b);

#endif
