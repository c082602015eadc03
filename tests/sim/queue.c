#include "sim/queue.h"

#include <stdlib.h>

#include "base/arena.h"

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void sim_queue_put(struct sim_queue *queue, struct sim_event event)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 256 : queue->capacity * 2;
        queue->items = asg_realloc(queue->items, queue->capacity, sizeof *queue->items);
    }
    event.order = ++queue->order;
    size_t at = queue->count++;
    while (at > 0 && is_before(&event, &queue->items[(at - 1) / 2])) {
        queue->items[at] = queue->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->items[at] = event;
}

bool sim_queue_take(struct sim_queue *queue, struct sim_event *ret)
{
    if (queue->count == 0) return false;
    *ret = queue->items[0];
    struct sim_event last = queue->items[--queue->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= queue->count) break;
        if (child + 1 < queue->count &&
            is_before(&queue->items[child + 1], &queue->items[child])) {
            child++;
        }
        if (!is_before(&queue->items[child], &last)) break;
        queue->items[at] = queue->items[child];
        at = child;
    }
    if (queue->count > 0) queue->items[at] = last;
    return true;
}

void sim_queue_clear(struct sim_queue *queue)
{
    free(queue->items);
    *queue = (struct sim_queue){0};
}
