#include "base/due_heap.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/arena.h"

void asg_due_heap_clear(struct asg_due_heap *heap)
{
    free(heap->items);
    *heap = (struct asg_due_heap){0};
}

static void put(struct asg_due_heap *heap, size_t at, struct asg_due *due)
{
    heap->items[at] = due;
    due->place = at + 1;
}

static size_t rise(struct asg_due_heap *heap, size_t at, const struct asg_due *due)
{
    while (at > 0 && heap->items[(at - 1) / 2]->at_ms > due->at_ms) {
        put(heap, at, heap->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    return at;
}

static size_t sink(struct asg_due_heap *heap, size_t at, const struct asg_due *due)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->count) return at;
        bool has_other = child + 1 < heap->count;
        if (has_other && heap->items[child + 1]->at_ms < heap->items[child]->at_ms) {
            child++;
        }
        if (heap->items[child]->at_ms >= due->at_ms) return at;
        put(heap, at, heap->items[child]);
        at = child;
    }
}

/* Find the place of `due`, whose moment may have changed, from the free place `at`. */
static void settle(struct asg_due_heap *heap, size_t at, struct asg_due *due)
{
    put(heap, sink(heap, rise(heap, at, due), due), due);
}

void asg_due_heap_remove(struct asg_due_heap *heap, struct asg_due *due)
{
    if (due->place == 0) return;
    size_t at = due->place - 1;
    assert(at < heap->count && heap->items[at] == due);
    due->place = 0;
    struct asg_due *last = heap->items[--heap->count];
    if (last != due) settle(heap, at, last);
}

void asg_due_heap_set(struct asg_due_heap *heap, struct asg_due *due, int64_t at_ms)
{
    due->at_ms = at_ms;
    if (at_ms == INT64_MAX) {
        asg_due_heap_remove(heap, due);
        return;
    }
    if (due->place == 0) {
        if (heap->count == heap->capacity) {
            heap->capacity = heap->capacity == 0 ? 16 : heap->capacity * 2;
            heap->items = asg_realloc(heap->items, heap->capacity, sizeof *heap->items);
        }
        due->place = ++heap->count;
    }
    assert(due->place <= heap->count);
    settle(heap, due->place - 1, due);
}

struct asg_due *asg_due_heap_first(const struct asg_due_heap *heap)
{
    return heap->count == 0 ? NULL : heap->items[0];
}

int64_t asg_due_heap_first_ms(const struct asg_due_heap *heap)
{
    return heap->count == 0 ? INT64_MAX : heap->items[0]->at_ms;
}

bool asg_due_heap_has(const struct asg_due_heap *heap, const struct asg_due *due)
{
    return due->place > 0 && due->place <= heap->count &&
           heap->items[due->place - 1] == due;
}

bool asg_due_heap_is_right(const struct asg_due_heap *heap)
{
    for (size_t i = 0; i < heap->count; i++) {
        const struct asg_due *due = heap->items[i];
        if (due->place != i + 1 || due->at_ms == INT64_MAX) return false;
        if (i > 0 && heap->items[(i - 1) / 2]->at_ms > due->at_ms) return false;
    }
    return true;
}
