/* shape - what an action takes and gives, as tables: names, kinds and limits.
 *
 * A table is checked in beside its door (the EC2 of ec2local, the Auto Scaling API) and
 * drives reading and checking (read.h) and writing (write.h), so that adding an action is
 * a table and a handler. Limits are those of the service's model; 0 for `max` means none.
 * Threads: constant.
 */
#ifndef ASG_QUERY_SHAPE_H
#define ASG_QUERY_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum asg_query_kind {
    ASG_QUERY_TEXT,    /* min, max: characters; words: "a|b|c", exactly one of them */
    ASG_QUERY_NUMBER,  /* min, max: its value */
    ASG_QUERY_DECIMAL, /* "5e1", "0.25" */
    ASG_QUERY_FLAG,    /* "true", "false" in any case, "1", "0" */
    ASG_QUERY_TIME,    /* ISO 8601: "2026-01-02T03:04:05Z", with fraction or offset too */
    ASG_QUERY_STRUCT,  /* shape */
    ASG_QUERY_TEXTS, /* a list of texts; words; min, max: how many; item_min, item_max */
    ASG_QUERY_STRUCTS, /* a list of structures; shape; min, max: how many */
};

struct asg_query_shape;

struct asg_query_member {
    const char *name; /* on the wire, without "member" and numbers */
    enum asg_query_kind kind;
    bool is_required;
    int64_t min;
    int64_t max;
    int64_t item_min; /* characters of an item of TEXTS; item_max 0: no limit */
    int64_t item_max;
    bool is_share;                       /* DECIMAL: 0 or more */
    const char *words;                   /* NULL: any */
    const struct asg_query_shape *shape; /* of STRUCT and STRUCTS */
};

struct asg_query_shape {
    const struct asg_query_member *members;
    size_t count;
    bool is_open; /* the service has more members here: what is unknown is passed over */
};

/* A shape of an array of members that stands in the same file. */
#define ASG_QUERY_SHAPE(array)                                                           \
    {                                                                                    \
        .members = (array), .count = sizeof(array) / sizeof(array)[0]                    \
    }

#endif
