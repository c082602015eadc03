/* inbox - the bounded door through which the edges' threads hand events to the one
 * thread that owns core.
 *
 * A producer begins an item (its own arena), fills the event and puts it; the loop
 * takes items in order and gives each back. Nobody blocks: a full inbox says so.
 * Threads: begin, put, drop from any; take and done from the loop.
 */
#ifndef ASG_CONTROLLER_INBOX_H
#define ASG_CONTROLLER_INBOX_H

#include <stddef.h>

#include "base/arena.h"
#include "controller/commit_log.h"
#include "model/event.h"

/* Signs of health in one event, at most. */
#define ASG_INBOX_SIGNS_MAX 4096

struct asg_inbox;

struct asg_inbox_item {
    struct asg_inbox_item *next;
    struct asg_inbox_item *joined; /* the inbox's own: whose signs are in `event` too */
    struct asg_arena arena;
    struct asg_event event;   /* time_ms is set by the loop */
    struct asg_waiter waiter; /* who waits for it to be durable; nobody as it begins */
};

/* `wake` is called after each put to an empty inbox, from the producer's thread. */
void asg_inbox_new(size_t capacity, void (*wake)(void *context), void *context,
                   struct asg_inbox **ret);
void asg_inbox_destroy(struct asg_inbox **inbox);

/* An empty item, or NULL when `capacity` items are on their way: count it and drop or
 * keep what you have. */
struct asg_inbox_item *asg_inbox_begin(struct asg_inbox *inbox);
void asg_inbox_put(struct asg_inbox *inbox, struct asg_inbox_item *item);

/* The oldest item, or NULL. Give it back with done when its event has been applied.
 * Signs of health that wait one behind the other come as one event, up to
 * ASG_INBOX_SIGNS_MAX: core looks at a group once an event, however many signs of it
 * there are. */
struct asg_inbox_item *asg_inbox_take(struct asg_inbox *inbox);
void asg_inbox_done(struct asg_inbox *inbox, struct asg_inbox_item *item);

#endif
