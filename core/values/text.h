/* text - texts in fixed arrays. */
#ifndef ASG_CORE_VALUES_TEXT_H
#define ASG_CORE_VALUES_TEXT_H

#include <stddef.h>

void asg_text_copy(char *ret, size_t size, const char *text);

static inline const char *asg_text_of(const char *text)
{
    return text == NULL ? "" : text;
}

#endif
