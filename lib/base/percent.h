/* percent - percent encoding with the unreserved set of RFC 3986, as AWS signs it.
 * Threads: no state; any. */
#ifndef ASG_BASE_PERCENT_H
#define ASG_BASE_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* Append `length` bytes encoded: everything but A-Z a-z 0-9 - . _ ~ becomes %XX in upper
 * case; a slash stays when `keeps_slash`. */
void asg_percent_encode(const char *text, size_t length, bool keeps_slash,
                        struct asg_bytes *ret);

/* Append decoded: %XX becomes its byte, a broken escape stays as it is; '+' becomes a
 * space when `plus_is_space` (form bodies). */
void asg_percent_decode(const char *text, size_t length, bool plus_is_space,
                        struct asg_bytes *ret);

#endif
