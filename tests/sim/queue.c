#include "sim/queue.h"

#include <stdlib.h>

#include "base/arena.h"

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

/* Up from a hole to its place. */
static void rise(struct sim_queue *queue, size_t at, const struct sim_event *event)
{
    struct sim_event *items = queue->items;
    while (at > 0 && is_before(event, &items[(at - 1) / 2])) {
        items[at] = items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    items[at] = *event;
}

void sim_queue_put(struct sim_queue *queue, struct sim_event event)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 256 : queue->capacity * 2;
        queue->items = asg_realloc(queue->items, queue->capacity, sizeof *queue->items);
    }
    event.order = ++queue->order;
    rise(queue, queue->count++, &event);
}

/* The hole goes down to where nothing is below, and the last one up from there: it
 * belongs near the bottom, so that comparing it on the way down is in vain. */
bool sim_queue_take(struct sim_queue *queue, struct sim_event *ret)
{
    if (queue->count == 0) return false;
    struct sim_event *items = queue->items;
    *ret = items[0];
    size_t count = --queue->count;
    size_t at = 0;
    for (size_t child = 2; child < count; child = 2 * at + 2) {
        child -= is_before(&items[child - 1], &items[child]) ? 1 : 0;
        items[at] = items[child];
        at = child;
    }
    if (2 * at + 1 < count) {
        items[at] = items[2 * at + 1];
        at = 2 * at + 1;
    }
    if (count > 0) rise(queue, at, &items[count]);
    return true;
}

void sim_queue_clear(struct sim_queue *queue)
{
    free(queue->items);
    *queue = (struct sim_queue){0};
}
