/* json_texts - the text members of one JSON object, read into secrets.
 *
 * The sources of credentials answer in flat JSON. Read by hand rather than by a library,
 * because every value may be a secret: it goes from the answer straight into an
 * asg_secret and into no other memory. Strict RFC 8259: UTF-8 is not checked.
 * Threads: no state. Blocks: never.
 */
#ifndef ASG_AWS_JSON_TEXTS_H
#define ASG_AWS_JSON_TEXTS_H

#include <stddef.h>

#include "aws/secret.h"
#include "base/status.h"

#define ASG_JSON_DEPTH_MAX 16

struct asg_json_member {
    const char *name;
    struct asg_secret value; /* a string as it reads, a number as it is written, null and
                                what is not there as empty */
};

/* Read `length` bytes: the members of the outer object that `members` names are set, the
 * last of two of one name wins, others are passed over. The caller clears the values.
 * ASG_ERR_MALFORMED: no JSON object, or a member that is asked for is an object, a list,
 * true or false, or has a zero byte in it. ASG_ERR_LIMIT: nested too deep. */
ASG_MUST_USE enum asg_status asg_json_read_texts(const void *json, size_t length,
                                                 struct asg_json_member *members,
                                                 size_t count);

#endif
