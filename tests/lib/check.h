/* check - cmocka with the headers it wants, for every test. */
#ifndef ASG_TESTS_CHECK_H
#define ASG_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"

/* Compare statuses by their text, so that a failure reads well. */
#define assert_status(expected, actual)                                                  \
    assert_string_equal(asg_status_text(expected), asg_status_text(actual))

#endif
