/* compare_group - what a group would be like with what a file says of it. Private to
 * compare.c. */
#ifndef ASG_CLI_FILES_COMPARE_GROUP_H
#define ASG_CLI_FILES_COMPARE_GROUP_H

#include "cli/files/compare.h"

struct asg_group_wish {
    struct asg_group_config config; /* the whole group, as it would be */
    struct asg_group_config sent;   /* the same as an order says it */
    uint64_t named;      /* fields that the file names: bits of asg_group_config_schema */
    uint64_t different;  /* fields that differ from the group that is there */
    const char *refused; /* why no order can do that; empty: one can */
};

/* `view` NULL: it is created. */
struct asg_group_wish asg_group_wish_of(const struct asg_declared_group *declared,
                                        const struct asg_group_view *view,
                                        bool sets_desired, struct asg_arena *arena);

#endif
