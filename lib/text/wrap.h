/* wrap - words broken into lines of a given width. */
#ifndef ASG_TEXT_WRAP_H
#define ASG_TEXT_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Each line starts with `indent` blanks and `lead`; "\n" in the text is kept. */
void asg_wrap_print(const char *text, size_t indent, size_t width, const char *lead,
                    FILE *out);

#endif
