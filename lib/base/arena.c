#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Many arenas never need more than their first block, and many live at once. */
#define FIRST_BLOCK_BYTES ((size_t)4 * 1024)
#define BLOCK_BYTES_MIN   ((size_t)8 * 1024)
#define ALIGNMENT         alignof(max_align_t)

struct asg_arena_block {
    struct asg_arena_block *next;
    size_t capacity;
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

static _Noreturn void die_out_of_memory(size_t bytes)
{
    (void)fprintf(stderr,
                  "openasg: out of memory (%zu bytes); stopping, state is in the log\n",
                  bytes);
    abort();
}

void *asg_alloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL) die_out_of_memory(count * size);
    return memory;
}

void *asg_realloc(void *memory, size_t count, size_t size)
{
    void *grown = reallocarray(memory, count > 0 ? count : 1, size > 0 ? size : 1);
    if (grown == NULL) die_out_of_memory(count * size);
    return grown;
}

void asg_arena_init(struct asg_arena *arena)
{
    *arena = (struct asg_arena){0};
}

void asg_arena_clear(struct asg_arena *arena)
{
    struct asg_arena_block *block = arena->first;
    while (block != NULL) {
        struct asg_arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct asg_arena){0};
}

void asg_arena_reset(struct asg_arena *arena)
{
    for (struct asg_arena_block *block = arena->first; block != NULL;
         block = block->next) {
        block->used = 0;
    }
    arena->current = arena->first;
}

static struct asg_arena_block *add_block(struct asg_arena *arena, size_t capacity)
{
    struct asg_arena_block *block = malloc(sizeof *block + capacity);
    if (block == NULL) die_out_of_memory(capacity);
    *block = (struct asg_arena_block){.capacity = capacity};
    if (arena->current == NULL) {
        arena->first = block;
    } else {
        block->next = arena->current->next;
        arena->current->next = block;
    }
    arena->current = block;
    return block;
}

static size_t aligned(size_t bytes)
{
    assert(bytes <= SIZE_MAX / 2);
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void asg_arena_reserve(struct asg_arena *arena, size_t bytes)
{
    assert(arena->first == NULL);
    (void)add_block(arena, aligned(bytes));
}

void *asg_arena_take(struct asg_arena *arena, size_t bytes)
{
    size_t wanted = aligned(bytes);
    struct asg_arena_block *block = arena->current;
    while (block != NULL && block->capacity - block->used < wanted) {
        block = block->next;
        if (block != NULL) arena->current = block;
    }
    if (block == NULL) {
        size_t least = arena->first == NULL ? FIRST_BLOCK_BYTES : BLOCK_BYTES_MIN;
        block = add_block(arena, wanted > least ? wanted : least);
    }
    void *memory = block->data + block->used;
    block->used += wanted;
    return memset(memory, 0, wanted);
}

const char *asg_arena_text_n(struct asg_arena *arena, const char *text, size_t length)
{
    if (length == 0) return "";
    char *copy = asg_arena_take(arena, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

const char *asg_arena_text(struct asg_arena *arena, const char *text)
{
    return text == NULL ? "" : asg_arena_text_n(arena, text, strlen(text));
}

const char *asg_arena_format(struct asg_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    char *text = asg_arena_take(arena, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

size_t asg_arena_used(const struct asg_arena *arena)
{
    size_t used = 0;
    for (const struct asg_arena_block *block = arena->first; block != NULL;
         block = block->next) {
        used += block->used;
    }
    return used;
}

void *asg_arena_push(struct asg_arena *arena, void **items, size_t *count,
                     size_t *capacity, size_t size)
{
    if (*count == *capacity) {
        size_t wider = *capacity == 0 ? 8 : *capacity * 2;
        void *grown = asg_arena_take(arena, wider * size);
        if (*count > 0) memcpy(grown, *items, *count * size);
        *items = grown;
        *capacity = wider;
    }
    return (unsigned char *)*items + (*count)++ * size;
}
