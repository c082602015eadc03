/* escape - a text from elsewhere, as a person or a file may have it.
 *
 * What a terminal, a log or an editor would obey instead of show (C0 and C1 controls,
 * DEL, line and paragraph separators, marks that change the direction of text) becomes
 * visible:
 * "\u001b", "\u202e"; a byte that is no UTF-8 and a control to a terminal that knows none
 * is "\x9b". All other bytes stay as they are. JSON and YAML in double quotes read the
 * first form back.
 * Threads: no state; any.
 */
#ifndef ASG_BASE_ESCAPE_H
#define ASG_BASE_ESCAPE_H

#include "base/bytes.h"

/* Tab, line feed and carriage return: as they are, or each a blank, so that what is shown
 * stays on one line. */
enum asg_layout { ASG_LAYOUT_KEPT, ASG_LAYOUT_BLANK };

/* Into `ret` of `size` bytes (at least 1), with a closing zero and never half an escape;
 * returns its length. The text may have any bytes. */
size_t asg_escape(const char *text, size_t length, enum asg_layout layout, char *ret,
                  size_t size);

/* All of it. */
void asg_escape_append(const char *text, size_t length, enum asg_layout layout,
                       struct asg_bytes *ret);

/* In place, for a buffer of `size` bytes with a closing zero: what has no room is cut. */
void asg_escape_in_place(char *text, size_t size);

/* The text as one word of a POSIX shell, in `ret`: as it is when no shell reads more in
 * it, else in single quotes. For commands that we tell somebody to run, and lines that a
 * shell reads: EC2 allows a group to be called "$(id)". Cut when it has no room; a text
 * of n bytes never needs more than ASG_SHELL_WORD_SIZE(n). Returns ret. */
#define ASG_SHELL_WORD_SIZE(n) (4 * (n) + 3)
const char *asg_shell_word(const char *text, char *ret, size_t size);

#endif
