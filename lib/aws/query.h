/* query - writes the form body of an EC2 call: Action=..&Version=2016-11-15&Name.1=..
 *
 * Lists are numbered from 1 without "member" (EC2 API Reference, "Query requests").
 * Nothing is written for a NULL or empty value, unless said otherwise. Threads: one owner
 * at a time.
 */
#ifndef ASG_AWS_QUERY_H
#define ASG_AWS_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define ASG_EC2_API_VERSION "2016-11-15"

/* Begin a body: the buffer is emptied, Action and Version are written. */
void asg_query_begin(struct asg_bytes *body, const char *action);

/* The same for another service and its API version. */
void asg_query_begin_version(struct asg_bytes *body, const char *action,
                             const char *version);

/* `name` is written as it is: names are ours. The value is percent-encoded. */
void asg_query_text(struct asg_bytes *body, const char *name, const char *value);
void asg_query_number(struct asg_bytes *body, const char *name, int64_t value);
/* Written when true. */
void asg_query_flag(struct asg_bytes *body, const char *name, bool value);

/* "prefix.<number>" or "prefix.<number>.suffix" = value; numbers from 1. */
void asg_query_item(struct asg_bytes *body, const char *prefix, size_t number,
                    const char *suffix, const char *value);
void asg_query_list(struct asg_bytes *body, const char *prefix, const char *const *values,
                    size_t count);

#endif
