#include "sim/queue.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"

#define CHILDREN   4
#define PLACE_BITS 24
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)

/* One number, so that to compare two takes no branch. */
__extension__ typedef unsigned __int128 wide_key;

static wide_key wide(const struct sim_key *key)
{
    return (wide_key)(uint64_t)key->at_us << 64 | key->order;
}

static void widen(struct sim_queue *queue)
{
    size_t capacity = queue->capacity == 0 ? 256 : queue->capacity * 2;
    assert(capacity <= PLACE_MASK);
    queue->keys = asg_realloc(queue->keys, capacity, sizeof *queue->keys);
    queue->events = asg_realloc(queue->events, capacity, sizeof *queue->events);
    for (size_t i = queue->capacity; i < capacity; i++) {
        queue->events[i].index = (uint32_t)i + 1;
    }
    queue->first_free = (uint32_t)queue->capacity;
    queue->capacity = capacity;
}

/* Up from a hole to its place. */
static void rise(struct sim_key *keys, size_t at, struct sim_key key)
{
    while (at > 0) {
        size_t above = (at - 1) / CHILDREN;
        if (wide(&keys[above]) < wide(&key)) break;
        keys[at] = keys[above];
        at = above;
    }
    keys[at] = key;
}

void sim_queue_put(struct sim_queue *queue, struct sim_event event)
{
    if (queue->count == queue->capacity) widen(queue);
    uint32_t place = queue->first_free;
    queue->first_free = queue->events[place].index;
    queue->events[place] = event;
    const struct sim_key key = {event.at_us, ++queue->order << PLACE_BITS | place};
    rise(queue->keys, queue->count++, key);
}

static size_t first_of(const struct sim_key *keys, size_t from, size_t count)
{
    size_t first = from;
    wide_key least = wide(&keys[from]);
    for (size_t i = 1; i < count; i++) {
        wide_key other = wide(&keys[from + i]);
        first = other < least ? from + i : first;
        least = other < least ? other : least;
    }
    return first;
}

/* The hole goes down to where nothing is below, and the last one up from there: it
 * belongs near the bottom, so that comparing it on the way down is in vain. */
bool sim_queue_take(struct sim_queue *queue, struct sim_event *ret)
{
    if (queue->count == 0) return false;
    struct sim_key *keys = queue->keys;
    uint32_t place = (uint32_t)(keys[0].order & PLACE_MASK);
    *ret = queue->events[place];
    queue->events[place].index = queue->first_free;
    queue->first_free = place;
    size_t count = --queue->count;
    size_t at = 0;
    size_t below = 1;
    for (; below + CHILDREN <= count; below = CHILDREN * at + 1) {
        size_t child = first_of(keys, below, CHILDREN);
        keys[at] = keys[child];
        at = child;
    }
    if (below < count) {
        size_t child = first_of(keys, below, count - below);
        keys[at] = keys[child];
        at = child;
    }
    rise(keys, at, keys[count]);
    return true;
}

void sim_queue_clear(struct sim_queue *queue)
{
    free(queue->keys);
    free(queue->events);
    *queue = (struct sim_queue){0};
}
