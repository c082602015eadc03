/* http_header - one line of an answer's header, as libcurl hands it over. */
#ifndef ASG_AWS_HTTP_HEADER_H
#define ASG_AWS_HTTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* The value of header `name` without the blanks around it, cut to fit `size` with its
 * end; false, and *ret as it was, when the line is of another. */
bool asg_http_header_value(const char *line, size_t length, const char *name, char *ret,
                           size_t size);

#endif
