/* json_out - a text as a JSON string, for the small answers of control and imds.
 * Threads: one owner of the buffer at a time. */
#ifndef ASG_EC2LOCAL_JSON_OUT_H
#define ASG_EC2LOCAL_JSON_OUT_H

#include "base/bytes.h"

/* With its quotes; NULL gives null. The text must be UTF-8. */
void asg_json_out_text(struct asg_bytes *out, const char *text);

#endif
