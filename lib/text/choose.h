/* choose - what of a list is shown: which columns, which items, in which order.
 *
 * A column is named by its title in any case ("in-service", "IN-SERVICE", "in_service"),
 * or it is a field of the items by its name in JSON ("config.min", "created_ms").
 * Threads: no state; any.
 */
#ifndef ASG_TEXT_CHOOSE_H
#define ASG_TEXT_CHOOSE_H

#include "base/arena.h"
#include "base/error.h"
#include "text/render.h"

struct asg_choices {
    const struct asg_schema *schema;
    const struct asg_render_column *columns; /* that the list has by itself */
    size_t column_count;
};

/* The columns of these names, in their order.
 * ASG_ERR_INVALID: there is no such column; `error` names the nearest and all there are.
 */
ASG_MUST_USE enum asg_status asg_choose_columns(
    const struct asg_choices *choices, const struct asg_texts *names,
    struct asg_arena *arena, struct asg_render_column ret[ASG_RENDER_COLUMNS_MAX],
    size_t *ret_count, struct asg_error *error);

/* Keep those items of *items for which all of `filters` are true: "KEY=VALUE" or
 * "KEY!=VALUE", VALUE as the table or JSON shows it; of a list any of its words. */
ASG_MUST_USE enum asg_status asg_choose_items(const struct asg_choices *choices,
                                              const struct asg_texts *filters,
                                              struct asg_items *items,
                                              struct asg_error *error);

/* Sort by the column of that name, "-NAME" the other way round: numbers and moments by
 * size, the rest by its letters; what is equal keeps its order. */
ASG_MUST_USE enum asg_status asg_choose_order(const struct asg_choices *choices,
                                              const char *name, struct asg_items *items,
                                              struct asg_error *error);

#endif
