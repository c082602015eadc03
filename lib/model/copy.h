/* copy - a deep copy of any struct of the model, by its table. */
#ifndef ASG_MODEL_COPY_H
#define ASG_MODEL_COPY_H

#include "base/arena.h"
#include "model/schema.h"

/* Everything `from` points to is copied into `arena`; NULL text becomes "". */
void asg_model_copy(const struct asg_schema *schema, const void *from,
                    struct asg_arena *arena, void *ret);

/* The same into an empty arena that then has no room to spare: for what is kept long.
 * `from` and `ret` are two places. */
void asg_model_copy_alone(const struct asg_schema *schema, const void *from,
                          struct asg_arena *arena, void *ret);

#endif
