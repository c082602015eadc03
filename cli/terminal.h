/* terminal - what a stream is: a terminal of so many columns, one that can draw, or a
 * pipe.
 */
#ifndef ASG_CLI_TERMINAL_H
#define ASG_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Columns of the terminal; 0: it is none. */
size_t asg_terminal_width(FILE *file);

/* A terminal that understands colours and going back on a line: TERM is set and is not
 * "dumb". */
bool asg_terminal_can_draw(FILE *file);

enum asg_colour_choice { ASG_COLOUR_AUTO, ASG_COLOUR_ALWAYS, ASG_COLOUR_NEVER };

/* AUTO: a terminal that can, and NO_COLOR is not set. */
bool asg_terminal_has_colour(FILE *file, int choice);

#endif
