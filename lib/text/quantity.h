/* quantity - numbers with units as people write them, and back.
 *
 * "5s", "1.5m", "200ms"; "16m" bytes; "82.5 %"; "true". Strict: the whole text counts,
 * nothing overflows silently. Threads: no state; any.
 */
#ifndef ASG_TEXT_QUANTITY_H
#define ASG_TEXT_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define ASG_QUANTITY_TEXT_MAX 40

/* All of them: false, and *ret untouched, when the text is not one. */
ASG_MUST_USE bool asg_quantity_integer(const char *text, int64_t *ret);
ASG_MUST_USE bool asg_quantity_unsigned(const char *text, uint64_t *ret);

/* true, yes, on; false, no, off. */
ASG_MUST_USE bool asg_quantity_bool(const char *text, bool *ret);

/* Milliseconds from a number and one of ms, s, m, h, d ("0.2s" is fine). A bare number
 * is refused: nobody can know its unit. */
ASG_MUST_USE bool asg_quantity_duration(const char *text, int64_t *ret);

/* Bytes from a whole number and nothing, k, m or g (1024 each). */
ASG_MUST_USE bool asg_quantity_size(const char *text, int64_t *ret);

/* Thousandths from a decimal number with at most three places; "%" may follow. */
ASG_MUST_USE bool asg_quantity_milli(const char *text, int64_t *ret);

/* The shortest text that reads back as the same value: "1.5s", "5m", "82.5". */
void asg_quantity_print_duration(int64_t value_ms, char text[ASG_QUANTITY_TEXT_MAX]);
void asg_quantity_print_size(int64_t bytes, char text[ASG_QUANTITY_TEXT_MAX]);
void asg_quantity_print_milli(int64_t value_milli, char text[ASG_QUANTITY_TEXT_MAX]);

#endif
