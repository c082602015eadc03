/* roff - text for man pages. Private to lib/text. */
#ifndef ASG_TEXT_ROFF_H
#define ASG_TEXT_ROFF_H

#include <stdio.h>

/* Text for troff: backslashes and leading dots mean something there, and a "-" that is
 * to be copied is written "\-" (man-pages(7)). */
void asg_roff_print(const char *text, FILE *out);

/* The title line and NAME. */
void asg_roff_title(const char *page, int section, const char *summary, FILE *out);

#endif
