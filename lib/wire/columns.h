/* columns - the metrics of one tick as columns of small differences: what an idle fleet
 * writes most. docs/log-format.md, "The metrics of a tick", has the bits.
 *
 * The rows must be in order (by group_no, then metric) and each pair must come once; any
 * values in them come back exactly. Inside lib/wire only.
 */
#ifndef ASG_WIRE_COLUMNS_H
#define ASG_WIRE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "model/event.h"

/* Append `count` rows (at least one). */
void columns_write(const struct asg_group_metric *rows, size_t count,
                   struct asg_bytes *ret);

/* Read at most `limit` rows from exactly `length` bytes; they live in `arena`. Memory is
 * bounded by 64 rows for each 42 bits that are there.
 * False: not such bytes, out of order, a number that does not fit, or more rows. */
bool columns_read(const uint8_t *data, size_t length, size_t limit,
                  struct asg_arena *arena, struct asg_group_metric **ret,
                  size_t *ret_count);

#endif
