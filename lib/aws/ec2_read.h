/* ec2_read - small helpers with which the actions read their answers.
 * Private to the ec2_*.c files. */
#ifndef ASG_AWS_EC2_READ_H
#define ASG_AWS_EC2_READ_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "aws/ec2_actions.h"

/* Lists are cut here: a page has at most 1,000 items, an answer at most 16 MiB. */
#define ASG_EC2_ITEMS_MAX 20000
#define ASG_EC2_TAGS_MAX  1000

/* What follows `prefix` in `path`; NULL when it does not begin with it. */
static inline const char *asg_ec2_below(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(path, prefix, length) == 0 ? path + length : NULL;
}

static inline bool asg_ec2_is(const char *path, const char *other)
{
    return path[0] == other[0] && strcmp(path, other) == 0; /* most differ at once */
}

/* A decimal number; 0 when it is none or does not fit. */
uint64_t asg_ec2_read_number(const char *text);

/* Add a zeroed item, or NULL above ASG_EC2_ITEMS_MAX. */
void *asg_ec2_add_item(struct asg_arena *arena, void **items, size_t *count,
                       size_t *capacity, size_t size);

/* One more tag of what is being read, empty; the list as it is then. Beyond
 * ASG_EC2_TAGS_MAX none is added. */
struct asg_ec2_tag *asg_ec2_add_tag(struct asg_arena *arena, struct asg_ec2_tag *tags,
                                    size_t *count, size_t *capacity);
const char *asg_ec2_find_tag(const struct asg_ec2_tag *tags, size_t count,
                             const char *key);

void asg_ec2_write_filters(struct asg_bytes *body, const struct asg_ec2_filter *filters,
                           size_t count);

/* Write tags as `<prefix>.Tag.n.Key` and `.Value`; a tag's value may be empty. */
void asg_ec2_write_tags(struct asg_bytes *body, const char *prefix,
                        const struct asg_ec2_tag *tags, size_t count);

/* Write parameters of a launch behind `prefix`. TagSpecification.N becomes
 * TagSpecification.N+tag_shift: our own come first. */
void asg_ec2_write_parameters(struct asg_bytes *body, const char *prefix,
                              const struct asg_ec2_parameter *parameters, size_t count,
                              size_t tag_shift);

/* Begin and end of elements of one instance, paths below its <item>. */
struct asg_ec2_instance *asg_ec2_add_instance(struct asg_arena *arena,
                                              struct asg_ec2_instances *reply);
bool asg_ec2_wants_of_instance(const char *path, size_t length);
void asg_ec2_begin_instance(struct asg_arena *arena, struct asg_ec2_instances *reply,
                            const char *path);
void asg_ec2_end_instance(struct asg_arena *arena, struct asg_ec2_instances *reply,
                          const char *path, const char *text);

#endif
