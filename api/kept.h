/* kept - members of a request that nobody here interprets: taken as the client wrote
 * them, given back by the shape of the answer.
 *
 * Flow:    checked input -> [kept] -> an order -> core keeps it -> read view -> [kept] ->
 *          answer
 * A path is that of a form ("Tags.member.1.Key"); what belongs to one member stands
 * together.
 * Threads: one owner at a time. Memory: the arena given.
 */
#ifndef ASG_API_KEPT_H
#define ASG_API_KEPT_H

#include "model/kept.h"
#include "query/read.h"
#include "query/write.h"

struct asg_kept_list {
    struct asg_arena *arena;
    struct asg_kept_member *items;
    size_t count;
    size_t capacity;
};

/* One path; texts are lent. An empty value of a whole member says, in an update, that the
 * member is gone. */
void asg_kept_add(struct asg_kept_list *list, const char *path, const char *value);

/* The member of that name of a structure, with all that is below it; false: it is not
 * there, or nothing is. */
bool asg_kept_take(struct asg_kept_list *list, const struct asg_query_value *input,
                   const char *name);

/* In the order of a form. */
void asg_kept_sort(struct asg_kept_list *list);

/* Write what the begun structure's shape has of it and is not written yet. */
void asg_kept_write(struct asg_writer *writer, const struct asg_kept_member *kept,
                    size_t count, struct asg_arena *arena);

#endif
