/* arena - memory that is given out piece by piece and taken back all at once.
 *
 * A decoded message, an event and the effects of a step each live in one arena:
 * the structs of lib/model hold plain pointers into it and nobody frees a field.
 * Reset keeps the memory, so that the hot paths do not call malloc.
 * Threads: one owner at a time; no locks inside.
 */
#ifndef ASG_BASE_ARENA_H
#define ASG_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/status.h"

struct asg_arena_block;

struct asg_arena {
    struct asg_arena_block *first;
    struct asg_arena_block *current;
};

/* Make it empty; allocates nothing. `(struct asg_arena){0}` does the same. */
void asg_arena_init(struct asg_arena *arena);

/* Give everything back to the system. Fine on an empty one, fine twice. */
void asg_arena_clear(struct asg_arena *arena);

/* Forget everything, keep the blocks for the next use. */
void asg_arena_reset(struct asg_arena *arena);

/* Give an empty arena room for exactly `bytes` more, as asg_arena_used() counts them: for
 * things that live long and whose size is known. */
void asg_arena_reserve(struct asg_arena *arena, size_t bytes);

/* `bytes` zeroed bytes, aligned for any object; never NULL. Out of memory ends
 * the process with a message: every state we keep is rebuilt from the log, and a
 * limit is checked before each size that comes from outside. */
void *asg_arena_take(struct asg_arena *arena, size_t bytes);

/* Copies, with a closing zero byte. NULL text gives "". */
const char *asg_arena_text(struct asg_arena *arena, const char *text);
const char *asg_arena_text_n(struct asg_arena *arena, const char *text, size_t length);
const char *asg_arena_format(struct asg_arena *arena, const char *format, ...)
    ASG_PRINTF(2, 3);

/* Bytes given out since the last reset, for tests and limits. */
size_t asg_arena_used(const struct asg_arena *arena);

/* malloc, calloc and realloc that end the process with a message instead of
 * returning NULL (see asg_arena_take for why). `count * size` is checked. */
void *asg_alloc(size_t count, size_t size);
void *asg_realloc(void *memory, size_t count, size_t size);

/* Add one element to a list that lives in an arena: doubles the room when
 * *count reaches *capacity. Returns the new, zeroed element. */
void *asg_arena_push(struct asg_arena *arena, void **items, size_t *count,
                     size_t *capacity, size_t size);

#endif
