#include "controller/inbox.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct asg_inbox {
    pthread_mutex_t lock;
    struct asg_inbox_item *first;
    struct asg_inbox_item *last;
    struct asg_inbox_item *spare;
    size_t out; /* items begun and not yet done */
    size_t capacity;
    void (*wake)(void *context);
    void *context;
};

void asg_inbox_new(size_t capacity, void (*wake)(void *context), void *context,
                   struct asg_inbox **ret)
{
    struct asg_inbox *inbox = asg_alloc(1, sizeof *inbox);
    (void)pthread_mutex_init(&inbox->lock, NULL);
    inbox->capacity = capacity;
    inbox->wake = wake;
    inbox->context = context;
    *ret = inbox;
}

static void free_items(struct asg_inbox_item *item)
{
    while (item != NULL) {
        struct asg_inbox_item *next = item->next;
        asg_arena_clear(&item->arena);
        free(item);
        item = next;
    }
}

void asg_inbox_destroy(struct asg_inbox **inbox)
{
    if (*inbox == NULL) return;
    free_items((*inbox)->first);
    free_items((*inbox)->spare);
    (void)pthread_mutex_destroy(&(*inbox)->lock);
    free(*inbox);
    *inbox = NULL;
}

struct asg_inbox_item *asg_inbox_begin(struct asg_inbox *inbox)
{
    (void)pthread_mutex_lock(&inbox->lock);
    struct asg_inbox_item *item = NULL;
    if (inbox->out < inbox->capacity) {
        inbox->out++;
        item = inbox->spare;
        if (item != NULL) {
            inbox->spare = item->next;
        } else {
            item = asg_alloc(1, sizeof *item);
        }
    }
    (void)pthread_mutex_unlock(&inbox->lock);
    if (item == NULL) return NULL;
    asg_arena_reset(&item->arena);
    item->next = NULL;
    item->joined = NULL;
    item->event = (struct asg_event){0};
    item->waiter = (struct asg_waiter){0};
    return item;
}

void asg_inbox_put(struct asg_inbox *inbox, struct asg_inbox_item *item)
{
    (void)pthread_mutex_lock(&inbox->lock);
    bool was_empty = inbox->first == NULL;
    if (was_empty) {
        inbox->first = item;
    } else {
        inbox->last->next = item;
    }
    inbox->last = item;
    (void)pthread_mutex_unlock(&inbox->lock);
    if (was_empty && inbox->wake != NULL) inbox->wake(inbox->context);
}

static bool has_signs(const struct asg_inbox_item *item)
{
    return item != NULL && item->event.kind == ASG_EVENT_HEALTH &&
           item->event.health != NULL;
}

/* The items with signs behind `item`, as far as they fit. Lock held. */
static void take_joined(struct asg_inbox *inbox, struct asg_inbox_item *item)
{
    size_t count = item->event.health->sign_count;
    struct asg_inbox_item **end = &item->joined;
    while (has_signs(inbox->first)) {
        struct asg_inbox_item *next = inbox->first;
        count += next->event.health->sign_count;
        if (count > ASG_INBOX_SIGNS_MAX) return;
        inbox->first = next->next;
        next->next = NULL;
        *end = next;
        end = &next->joined;
    }
}

/* All signs as one event; their texts stay in the arenas of their items. */
static void join_signs(struct asg_inbox_item *item)
{
    if (item->joined == NULL) return;
    size_t count = 0;
    for (const struct asg_inbox_item *i = item; i != NULL; i = i->joined) {
        count += i->event.health->sign_count;
    }
    struct asg_health *health = asg_arena_take(&item->arena, sizeof *health);
    health->signs = asg_arena_take(&item->arena, count * sizeof *health->signs);
    for (const struct asg_inbox_item *i = item; i != NULL; i = i->joined) {
        for (size_t s = 0; s < i->event.health->sign_count; s++) {
            health->signs[health->sign_count++] = i->event.health->signs[s];
        }
    }
    item->event.health = health;
}

struct asg_inbox_item *asg_inbox_take(struct asg_inbox *inbox)
{
    (void)pthread_mutex_lock(&inbox->lock);
    struct asg_inbox_item *item = inbox->first;
    if (item != NULL) inbox->first = item->next;
    if (has_signs(item)) take_joined(inbox, item);
    (void)pthread_mutex_unlock(&inbox->lock);
    if (has_signs(item)) join_signs(item);
    return item;
}

void asg_inbox_done(struct asg_inbox *inbox, struct asg_inbox_item *item)
{
    (void)pthread_mutex_lock(&inbox->lock);
    while (item != NULL) {
        struct asg_inbox_item *joined = item->joined;
        item->next = inbox->spare;
        inbox->spare = item;
        inbox->out--;
        item = joined;
    }
    (void)pthread_mutex_unlock(&inbox->lock);
}
