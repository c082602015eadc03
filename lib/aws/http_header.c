#include "aws/http_header.h"

#include <string.h>
#include <strings.h>

bool asg_http_header_value(const char *line, size_t length, const char *name, char *ret,
                           size_t size)
{
    size_t name_length = strlen(name);
    if (length <= name_length || line[name_length] != ':' ||
        strncasecmp(line, name, name_length) != 0) {
        return false;
    }
    line += name_length + 1;
    length -= name_length + 1;
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == '\n' ||
                          line[length - 1] == ' ')) {
        length--;
    }
    if (length >= size) length = size - 1;
    memcpy(ret, line, length);
    ret[length] = '\0';
    return true;
}
