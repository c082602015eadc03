#include "core/values/text.h"

#include <assert.h>
#include <string.h>

#include "base/utf8.h"

void asg_text_copy(char *ret, size_t size, const char *text)
{
    assert(size > 0);
    size_t length = asg_utf8_cut(text, size - 1);
    assert(length < size); /* the end has its place */
    memmove(ret, text, length);
    memset(ret + length, 0, size - length); /* equal states are equal bytes */
}
