/* text - texts in fixed arrays. No text in core is NULL: who decodes an event fills "".
 */
#ifndef ASG_CORE_VALUES_TEXT_H
#define ASG_CORE_VALUES_TEXT_H

#include <stddef.h>

/* What fits of `text`, cut between characters, and zeroes behind it. */
void asg_text_copy(char *ret, size_t size, const char *text);

#endif
