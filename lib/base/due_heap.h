/* due_heap - who is due first: a heap of moments that live inside their owners.
 *
 * Asking for the first is O(1), moving one O(log n). An owner embeds a struct asg_due and
 * finds itself by ASG_OWNER_OF; equal moments come in no particular order, so whoever
 * needs one sorts those that are due. Threads: one owner at a time.
 */
#ifndef ASG_BASE_DUE_HEAP_H
#define ASG_BASE_DUE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `(struct asg_due){0}` is of nobody's heap. It must not move while it is in one. */
struct asg_due {
    int64_t at_ms;
    size_t place; /* the heap's own: from 1; 0: in none */
};

struct asg_due_heap {
    struct asg_due **items; /* the earliest first, the children of i at 2 i + 1, + 2 */
    size_t count;
    size_t capacity;
};

/* The struct whose `member` this struct asg_due is. */
#define ASG_OWNER_OF(due, type, member)                                                  \
    ((type *)(void *)((char *)(due)-offsetof(type, member)))

/* Free the memory and leave an empty heap; the moments are their owners'. */
void asg_due_heap_clear(struct asg_due_heap *heap);

/* Put it in, or move it. INT64_MAX: never, so it is taken out. */
void asg_due_heap_set(struct asg_due_heap *heap, struct asg_due *due, int64_t at_ms);

/* Take it out; not being in is fine. */
void asg_due_heap_remove(struct asg_due_heap *heap, struct asg_due *due);

/* The earliest, or NULL. */
struct asg_due *asg_due_heap_first(const struct asg_due_heap *heap);

/* Its moment; INT64_MAX when there is none. */
int64_t asg_due_heap_first_ms(const struct asg_due_heap *heap);

/* Is it in this heap? */
bool asg_due_heap_has(const struct asg_due_heap *heap, const struct asg_due *due);

/* For tests, by a walk: each knows its place, and none comes before its parent. */
bool asg_due_heap_is_right(const struct asg_due_heap *heap);

#endif
