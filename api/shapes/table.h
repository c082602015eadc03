/* table - the words in which the tables of this folder are written; included by them
 * only. */
#ifndef ASG_API_SHAPES_TABLE_H
#define ASG_API_SHAPES_TABLE_H

#define MAY  false
#define MUST true
#define MOST INT32_MAX

#define MEMBER(of, needed, kind_of, ...)                                                 \
    {                                                                                    \
        .name = (of), .kind = (kind_of), .is_required = (needed), __VA_ARGS__            \
    }

/* A text of `least` to `most` characters; most 0: any number of them. */
#define TEXT(of, needed, least, most)                                                    \
    MEMBER(of, needed, ASG_QUERY_TEXT, .min = (least), .max = (most))
/* One of some words. */
#define WORD(of, needed, list) MEMBER(of, needed, ASG_QUERY_TEXT, .words = list)
#define NUMBER(of, needed, least, most)                                                  \
    MEMBER(of, needed, ASG_QUERY_NUMBER, .min = (least), .max = (most))
/* Any whole number of 32 bits. */
#define WHOLE(of, needed) NUMBER(of, needed, INT32_MIN, INT32_MAX)
/* Any number with a fraction; SHARE: 0 or more. */
#define DECIMAL(of, needed) MEMBER(of, needed, ASG_QUERY_DECIMAL, .min = 0)
#define SHARE(of, needed)   MEMBER(of, needed, ASG_QUERY_DECIMAL, .is_share = true)
#define FLAG(of, needed)    MEMBER(of, needed, ASG_QUERY_FLAG, .min = 0)
#define TIME(of, needed)    MEMBER(of, needed, ASG_QUERY_TIME, .min = 0)
/* Lists: of `least` to `most` items; of texts of `from` to `to` characters, of words, of
 * structures. */
#define TEXTS(of, needed, least, most, from, to)                                         \
    MEMBER(of, needed, ASG_QUERY_TEXTS, .min = (least), .max = (most),                   \
           .item_min = (from), .item_max = (to))
#define WORDS(of, needed, least, most, list)                                             \
    MEMBER(of, needed, ASG_QUERY_TEXTS, .min = (least), .max = (most), .words = list)
#define LIST(of, needed, least, most, as)                                                \
    MEMBER(of, needed, ASG_QUERY_STRUCTS, .min = (least), .max = (most),                 \
           .shape = &asg_shape_##as)
#define STRUCT(of, needed, as)                                                           \
    MEMBER(of, needed, ASG_QUERY_STRUCT, .shape = &asg_shape_##as)

/* A structure, and one without members. */
#define TABLE(of, ...)                                                                   \
    static const struct asg_query_member of##_members[] = {__VA_ARGS__};                 \
    const struct asg_query_shape asg_##of = ASG_QUERY_SHAPE(of##_members)
#define EMPTY(of) const struct asg_query_shape asg_##of = {.members = NULL, .count = 0}

#endif
