/* utf8 - is it text, and where may it be cut?
 *
 * Text that crosses a border (wire, log, saved state) is UTF-8 (RFC 3629: shortest form,
 * no surrogates) without zero bytes. Whoever shortens a text cuts between characters, so
 * that what is left is still text.
 * Threads: no state; any.
 */
#ifndef ASG_BASE_UTF8_H
#define ASG_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 without a zero byte. */
bool asg_utf8_is_valid(const char *text, size_t length);

/* Length of the whole character at `text`, of which `left` bytes (at least 1) are there;
 * 0: there is none, or a zero byte. */
size_t asg_utf8_step(const char *text, size_t left);

/* Characters; a byte that is part of none counts as one. */
size_t asg_utf8_count(const char *text);

/* Length of the longest start of `text` that has at most `max` bytes and does not end
 * inside a character. Text that is not UTF-8 is cut at `max`. */
size_t asg_utf8_cut(const char *text, size_t max);

/* Remove what is not part of a whole character: what a buffer that was too small, or a
 * precision in a format, leaves of one. */
void asg_utf8_mend(char *text);

/* The first character of valid UTF-8 that a terminal or a log would obey instead of show:
 * C0 and C1 controls, DEL, line and paragraph separators, marks that change the direction
 * of text. `multi_line` allows tab, line feed and carriage return.
 * Returns its code point, 0 when there is none. */
unsigned asg_utf8_find_control(const char *text, bool multi_line);

/* The character at `text`, of `length` bytes (asg_utf8_step()), when it is one of these;
 * 0: it is shown. */
unsigned asg_utf8_control_at(const char *text, size_t length);

#endif
