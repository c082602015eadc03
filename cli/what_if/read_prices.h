/* read_prices - what an hour of an instance costs, from a YAML file `type: price`. */
#ifndef ASG_CLI_WHAT_IF_READ_PRICES_H
#define ASG_CLI_WHAT_IF_READ_PRICES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct asg_price {
    const char *type;
    int64_t micro; /* an hour, in millionths of whatever the file is in */
};

struct asg_prices {
    struct asg_price *items;
    size_t count;
};

/* Prices are decimal numbers with at most six places.
 * ASG_ERR_INVALID and what reading gives: `error` says file, line and what to write. */
ASG_MUST_USE enum asg_status asg_prices_read(const char *path, struct asg_arena *arena,
                                             struct asg_prices *ret,
                                             struct asg_error *error);

/* Price of a type, or of "default" when the file has that; -1: neither. */
int64_t asg_prices_find(const struct asg_prices *prices, const char *type);

#endif
