#include "http/slow_clients.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/arena.h"

/* An address, while it has a connection. */
struct address {
    uint32_t number;
    size_t open;
    struct address *next;
};

struct asg_slow_client {
    int fd;
    struct address *address;
    bool is_listed; /* its time runs */
    enum asg_slow_part part;
    int64_t deadline_ms;
    struct asg_slow_client *next;
    struct asg_slow_client *previous;
};

/* All of a queue have the same time, so that it is in the order of deadlines. */
struct queue {
    int64_t limit_ms;
    struct asg_slow_client *first;
    struct asg_slow_client *last;
};

#define BUCKETS 256

struct asg_slow_clients {
    size_t most;
    size_t most_address;
    size_t open;
    uint64_t ended;
    struct address *addresses[BUCKETS];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_over;
    int64_t waits_until_ms; /* the thread does; it is woken for what is due before */
    struct queue queues[ASG_SLOW_PARTS];
};

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- with the lock held ---- */

static void unlist(struct asg_slow_clients *clients, struct asg_slow_client *client)
{
    if (!client->is_listed) return;
    struct queue *queue = &clients->queues[client->part];
    client->is_listed = false;
    if (client->next != NULL) client->next->previous = client->previous;
    if (client->previous != NULL) client->previous->next = client->next;
    if (queue->first == client) queue->first = client->next;
    if (queue->last == client) queue->last = client->previous;
}

static void list(struct asg_slow_clients *clients, struct asg_slow_client *client,
                 enum asg_slow_part part)
{
    assert(!client->is_listed);
    struct queue *queue = &clients->queues[part];
    client->is_listed = true;
    client->part = part;
    client->deadline_ms = now_ms() + queue->limit_ms;
    client->next = NULL;
    client->previous = queue->last;
    if (queue->last != NULL) queue->last->next = client;
    queue->last = client;
    if (queue->first == NULL) queue->first = client;
    if (client->deadline_ms >= clients->waits_until_ms) return;
    (void)pthread_cond_signal(&clients->changed);
}

static struct address **find_address(struct asg_slow_clients *clients, uint32_t number)
{
    uint32_t hash = number * 2654435761u; /* Knuth's: neighbours are far apart */
    struct address **link = &clients->addresses[hash >> 24];
    while (*link != NULL && (*link)->number != number) {
        link = &(*link)->next;
    }
    return link;
}

static struct address *enter(struct asg_slow_clients *clients, uint32_t number)
{
    struct address **link = find_address(clients, number);
    if (*link == NULL) {
        *link = asg_alloc(1, sizeof **link);
        (*link)->number = number;
    }
    (*link)->open++;
    clients->open++;
    return *link;
}

static void leave(struct asg_slow_clients *clients, struct address *address)
{
    clients->open--;
    if (--address->open > 0) return;
    struct address **link = find_address(clients, address->number);
    *link = address->next;
    free(address);
}

/* Its owner sees an end, and closes it. */
static void end(struct asg_slow_clients *clients, struct asg_slow_client *client)
{
    unlist(clients, client);
    (void)shutdown(client->fd, SHUT_RDWR);
}

/* The first that has sent no request yet, of the address, or of the one that has most
 * (NULL). */
static struct asg_slow_client *find_idle(const struct asg_slow_clients *clients,
                                         const struct address *address)
{
    struct asg_slow_client *found = NULL;
    struct asg_slow_client *client = clients->queues[ASG_SLOW_REQUEST].first;
    for (; client != NULL; client = client->next) {
        if (client->address == address) return client;
        if (address != NULL) continue;
        if (found == NULL || client->address->open > found->address->open) {
            found = client;
        }
    }
    return found;
}

static void make_room(struct asg_slow_clients *clients, const struct address *address)
{
    struct asg_slow_client *client = NULL;
    if (address->open > clients->most_address) {
        client = find_idle(clients, address);
    } else if (clients->open > clients->most) {
        client = find_idle(clients, NULL);
    }
    if (client == NULL) return;
    end(clients, client);
    clients->ended++;
}

/* Whose time ends first; NULL: nobody's runs. */
static struct asg_slow_client *find_first(const struct asg_slow_clients *clients)
{
    struct asg_slow_client *first = NULL;
    for (size_t i = 0; i < ASG_SLOW_PARTS; i++) {
        struct asg_slow_client *client = clients->queues[i].first;
        if (client == NULL) continue;
        if (first == NULL || client->deadline_ms < first->deadline_ms) first = client;
    }
    return first;
}

static void wait_for(struct asg_slow_clients *clients,
                     const struct asg_slow_client *first)
{
    if (first == NULL) {
        clients->waits_until_ms = INT64_MAX;
        (void)pthread_cond_wait(&clients->changed, &clients->lock);
        return;
    }
    clients->waits_until_ms = first->deadline_ms;
    const struct timespec until = {.tv_sec = first->deadline_ms / 1000,
                                   .tv_nsec = first->deadline_ms % 1000 * 1000000};
    (void)pthread_cond_timedwait(&clients->changed, &clients->lock, &until);
}

/* ---- the thread ---- */

static void *watch(void *context)
{
    struct asg_slow_clients *clients = context;
    (void)pthread_mutex_lock(&clients->lock);
    while (!clients->is_over) {
        struct asg_slow_client *client = find_first(clients);
        if (client == NULL || client->deadline_ms > now_ms()) {
            wait_for(clients, client);
        } else {
            end(clients, client);
        }
    }
    (void)pthread_mutex_unlock(&clients->lock);
    return NULL;
}

static void init_lock(struct asg_slow_clients *clients)
{
    clients->waits_until_ms = INT64_MAX;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&clients->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&clients->lock, NULL);
}

static void free_clients(struct asg_slow_clients *clients)
{
    (void)pthread_cond_destroy(&clients->changed);
    (void)pthread_mutex_destroy(&clients->lock);
    free(clients);
}

enum asg_status asg_slow_clients_new(const struct asg_slow_options *options,
                                     struct asg_slow_clients **ret,
                                     struct asg_error *error)
{
    struct asg_slow_clients *clients = asg_alloc(1, sizeof *clients);
    clients->most = options->most;
    clients->most_address = options->most_address;
    for (size_t i = 0; i < ASG_SLOW_PARTS; i++) {
        clients->queues[i].limit_ms = options->limits_ms[i];
    }
    init_lock(clients);
    int code = pthread_create(&clients->thread, NULL, watch, clients);
    if (code != 0) {
        free_clients(clients);
        return asg_fail(error, ASG_ERR_IO, "cannot start a thread: %s", strerror(code));
    }
    *ret = clients;
    return ASG_OK;
}

void asg_slow_clients_destroy(struct asg_slow_clients **clients_at)
{
    struct asg_slow_clients *clients = *clients_at;
    if (clients == NULL) return;
    (void)pthread_mutex_lock(&clients->lock);
    clients->is_over = true;
    (void)pthread_cond_signal(&clients->changed);
    (void)pthread_mutex_unlock(&clients->lock);
    (void)pthread_join(clients->thread, NULL);
    assert(find_first(clients) == NULL && clients->open == 0);
    free_clients(clients);
    *clients_at = NULL;
}

struct asg_slow_client *asg_slow_client_add(struct asg_slow_clients *clients, int fd,
                                            uint32_t address)
{
    struct asg_slow_client *client = asg_alloc(1, sizeof *client);
    client->fd = fd;
    (void)pthread_mutex_lock(&clients->lock);
    client->address = enter(clients, address);
    list(clients, client, ASG_SLOW_REQUEST);
    make_room(clients, client->address);
    (void)pthread_mutex_unlock(&clients->lock);
    return client;
}

void asg_slow_client_remove(struct asg_slow_clients *clients,
                            struct asg_slow_client **client)
{
    (void)pthread_mutex_lock(&clients->lock);
    unlist(clients, *client);
    leave(clients, (*client)->address);
    (void)pthread_mutex_unlock(&clients->lock);
    free(*client);
    *client = NULL;
}

uint64_t asg_slow_clients_ended(struct asg_slow_clients *clients)
{
    (void)pthread_mutex_lock(&clients->lock);
    uint64_t ended = clients->ended;
    (void)pthread_mutex_unlock(&clients->lock);
    return ended;
}

void asg_slow_client_stop(struct asg_slow_clients *clients,
                          struct asg_slow_client *client)
{
    (void)pthread_mutex_lock(&clients->lock);
    unlist(clients, client);
    (void)pthread_mutex_unlock(&clients->lock);
}

void asg_slow_client_start(struct asg_slow_clients *clients,
                           struct asg_slow_client *client, enum asg_slow_part part)
{
    (void)pthread_mutex_lock(&clients->lock);
    unlist(clients, client);
    list(clients, client, part);
    (void)pthread_mutex_unlock(&clients->lock);
}
