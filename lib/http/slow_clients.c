#include "http/slow_clients.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/arena.h"

/* All have the same time, so that the list is in the order of deadlines. */
struct asg_slow_client {
    int fd;
    bool is_listed; /* its time runs */
    int64_t deadline_ms;
    struct asg_slow_client *next;
    struct asg_slow_client *previous;
};

struct asg_slow_clients {
    int64_t limit_ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_over;
    struct asg_slow_client *first;
    struct asg_slow_client *last;
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
    client->is_listed = false;
    if (client->next != NULL) client->next->previous = client->previous;
    if (client->previous != NULL) client->previous->next = client->next;
    if (clients->first == client) clients->first = client->next;
    if (clients->last == client) clients->last = client->previous;
}

static void list(struct asg_slow_clients *clients, struct asg_slow_client *client)
{
    assert(!client->is_listed);
    client->is_listed = true;
    client->deadline_ms = now_ms() + clients->limit_ms;
    client->next = NULL;
    client->previous = clients->last;
    if (clients->last != NULL) clients->last->next = client;
    clients->last = client;
    if (clients->first != NULL) return;
    clients->first = client;
    (void)pthread_cond_signal(&clients->changed);
}

static void wait_for_first(struct asg_slow_clients *clients)
{
    if (clients->first == NULL) {
        (void)pthread_cond_wait(&clients->changed, &clients->lock);
        return;
    }
    int64_t until_ms = clients->first->deadline_ms;
    const struct timespec until = {.tv_sec = until_ms / 1000,
                                   .tv_nsec = until_ms % 1000 * 1000000};
    (void)pthread_cond_timedwait(&clients->changed, &clients->lock, &until);
}

/* ---- the thread ---- */

static void *watch(void *context)
{
    struct asg_slow_clients *clients = context;
    (void)pthread_mutex_lock(&clients->lock);
    while (!clients->is_over) {
        struct asg_slow_client *client = clients->first;
        if (client == NULL || client->deadline_ms > now_ms()) {
            wait_for_first(clients);
            continue;
        }
        unlist(clients, client);
        (void)shutdown(client->fd, SHUT_RDWR); /* its owner sees an end and closes it */
    }
    (void)pthread_mutex_unlock(&clients->lock);
    return NULL;
}

static void init_lock(struct asg_slow_clients *clients)
{
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

enum asg_status asg_slow_clients_new(int64_t limit_ms, struct asg_slow_clients **ret,
                                     struct asg_error *error)
{
    struct asg_slow_clients *clients = asg_alloc(1, sizeof *clients);
    clients->limit_ms = limit_ms;
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
    assert(clients->first == NULL);
    free_clients(clients);
    *clients_at = NULL;
}

struct asg_slow_client *asg_slow_client_add(struct asg_slow_clients *clients, int fd)
{
    struct asg_slow_client *client = asg_alloc(1, sizeof *client);
    client->fd = fd;
    asg_slow_client_start(clients, client);
    return client;
}

void asg_slow_client_remove(struct asg_slow_clients *clients,
                            struct asg_slow_client **client)
{
    asg_slow_client_stop(clients, *client);
    free(*client);
    *client = NULL;
}

void asg_slow_client_stop(struct asg_slow_clients *clients,
                          struct asg_slow_client *client)
{
    (void)pthread_mutex_lock(&clients->lock);
    unlist(clients, client);
    (void)pthread_mutex_unlock(&clients->lock);
}

void asg_slow_client_start(struct asg_slow_clients *clients,
                           struct asg_slow_client *client)
{
    (void)pthread_mutex_lock(&clients->lock);
    unlist(clients, client);
    list(clients, client);
    (void)pthread_mutex_unlock(&clients->lock);
}
