#include "bus/door.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/accept_limits.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text_index.h"

#define SILENT_MS 30000
#define SWEEP_MS  1000
#define QUIET_MS  20 /* a storm of connections wakes nobody more often than this */
#define CRYPTO    0x11000001U /* ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC */
#define EVENTS                                                                           \
    (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED |                    \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)

/* Stays for good: only keys that were admitted have one. */
struct holder {
    struct holder *next;
    uint32_t live;
    char key[ASG_BUS_KEY_SIZE];
};

struct guest {
    bool is_open;
    bool is_ended;         /* by us; it closes in a moment */
    struct holder *holder; /* NULL: has said nothing yet */
    int64_t since_ms;
    char address[46]; /* INET6_ADDRSTRLEN */
};

struct door {
    void *socket;
    void *monitor;
    struct asg_bus *bus;
    struct door_options options;
    struct guest *guests; /* by descriptor */
    size_t guest_count;
    struct holder *holders;
    struct asg_text_index by_key;
    uint64_t list_version;
    uint32_t failure; /* of the handshake that ends with the next DISCONNECTED */
    int64_t sweep_at_ms;
    int64_t quiet_until_ms;
    uint64_t shut;
};

static int64_t now(void)
{
    struct asg_clock clock = asg_clock_real();
    return asg_clock_monotonic_ms(&clock);
}

static const char *key_of(const void *item)
{
    return ((const struct holder *)item)->key;
}

enum asg_status door_new(struct asg_bus *bus, void *socket, struct door **ret,
                         struct asg_error *error)
{
    struct door *door = asg_alloc(1, sizeof *door);
    if (!open_monitor(bus->context, socket, EVENTS, &door->monitor)) {
        free(door);
        return asg_fail(error, ASG_ERR_IO, "ZeroMQ gives no monitor: %s",
                        zmq_strerror(zmq_errno()));
    }
    door->bus = bus;
    door->socket = socket;
    asg_text_index_init(&door->by_key, key_of);
    *ret = door;
    return ASG_OK;
}

void door_destroy(struct door **door)
{
    if (*door == NULL) return;
    (void)zmq_socket_monitor((*door)->socket, NULL, 0);
    (void)zmq_close((*door)->monitor);
    while ((*door)->holders != NULL) {
        struct holder *holder = (*door)->holders;
        (*door)->holders = holder->next;
        free(holder);
    }
    asg_text_index_clear(&(*door)->by_key);
    free((*door)->guests);
    free(*door);
    *door = NULL;
}

void door_open(struct door *door, const struct door_options *options)
{
    door->options = *options;
}

static void refuse(struct door *door, const char *key, const char *address,
                   const char *why)
{
    const struct refused_peer peer = {.domain = door->options.domain,
                                      .key = key,
                                      .address = address,
                                      .is_admitted = key[0] != '\0'};
    refused_table_add(door->bus->refused, &peer, why, now());
}

static void end_guest(struct door *door, size_t fd)
{
    assert(fd < door->guest_count);
    struct guest *guest = &door->guests[fd];
    guest->is_ended = true;
    door->shut++;
    shut_connection((int)fd, guest->address, door->options.port);
}

/* ---- what the socket tells ---- */

static void find_address(int fd, char ret[46])
{
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof peer;
    uint16_t port = 0;
    bool is_known = getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
                    read_address(&peer, ret, &port);
    if (!is_known) ret[0] = '\0';
}

/* It counts for its key no more. */
static void let_go(struct guest *guest)
{
    if (guest->holder == NULL) return;
    assert(guest->holder->live > 0);
    guest->holder->live--;
    guest->holder = NULL;
}

static void come(struct door *door, size_t fd)
{
    if (fd >= door->guest_count) {
        size_t count = fd + 64;
        door->guests = asg_realloc(door->guests, count, sizeof *door->guests);
        memset(door->guests + door->guest_count, 0,
               (count - door->guest_count) * sizeof *door->guests);
        door->guest_count = count;
    }
    struct guest *guest = &door->guests[fd];
    let_go(guest);
    *guest = (struct guest){.is_open = true, .since_ms = now()};
    find_address((int)fd, guest->address);
}

static void go(struct door *door, size_t fd)
{
    if (fd >= door->guest_count || !door->guests[fd].is_open) return;
    struct guest *guest = &door->guests[fd];
    if (door->failure == CRYPTO && guest->holder == NULL) {
        refuse(door, "", guest->address, "wrong server key, or no openasg");
    }
    let_go(guest);
    *guest = (struct guest){0};
}

static void read_events(struct door *door)
{
    uint16_t event;
    uint32_t value;
    while (read_monitor(door->monitor, &event, &value)) {
        door->quiet_until_ms = now() + QUIET_MS;
        if (event == ZMQ_EVENT_ACCEPTED) come(door, value);
        if (event == ZMQ_EVENT_DISCONNECTED) go(door, value);
        /* Follows at once, from the same thread of libzmq. */
        door->failure = event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ? value : 0;
    }
}

/* ---- who may stay ---- */

static bool is_listed(const struct door *door, const char *key)
{
    return door->options.list != NULL &&
           asg_allow_list_find(door->options.list, key, NULL);
}

static void sweep(struct door *door, bool is_list_new)
{
    int64_t now_ms = now();
    int64_t silent_ms = door->options.silent_ms > 0 ? door->options.silent_ms : SILENT_MS;
    for (size_t fd = 0; fd < door->guest_count; fd++) {
        const struct guest *guest = &door->guests[fd];
        if (!guest->is_open || guest->is_ended) continue;
        bool is_silent = guest->holder == NULL && now_ms - guest->since_ms > silent_ms;
        bool is_out =
            is_list_new && guest->holder != NULL && !is_listed(door, guest->holder->key);
        if (is_silent || is_out) end_guest(door, fd);
    }
}

void door_look(struct door *door)
{
    read_events(door);
    uint64_t version =
        door->options.list == NULL ? 0 : asg_allow_list_version(door->options.list);
    bool is_list_new = version != door->list_version;
    int64_t now_ms = now();
    if (!is_list_new && now_ms < door->sweep_at_ms) return;
    door->list_version = version;
    door->sweep_at_ms = now_ms + SWEEP_MS;
    sweep(door, is_list_new);
}

static struct holder *holder_of(struct door *door, const char *key)
{
    struct holder *holder = asg_text_index_find(&door->by_key, key);
    if (holder != NULL) return holder;
    holder = asg_alloc(1, sizeof *holder);
    (void)snprintf(holder->key, sizeof holder->key, "%s", key);
    holder->next = door->holders;
    door->holders = holder;
    asg_text_index_add(&door->by_key, holder);
    return holder;
}

static void take_key(struct door *door, struct guest *guest, const char *key)
{
    let_go(guest);
    guest->holder = holder_of(door, key);
    guest->holder->live++;
}

static struct guest *guest_at(struct door *door, int fd)
{
    struct guest *guest = NULL;
    if (fd >= 0 && (size_t)fd < door->guest_count) guest = &door->guests[fd];
    return guest != NULL && guest->is_open ? guest : NULL;
}

static bool is_of(const struct guest *guest, const char *key)
{
    return guest != NULL && guest->holder != NULL && strcmp(guest->holder->key, key) == 0;
}

/* By a connection that has closed, and whose descriptor another one has now. */
static bool is_of_another(zmq_msg_t *frame, int fd)
{
    const char *number = zmq_msg_gets(frame, ZAP_ACCEPT_NUMBER);
    return number != NULL && strtoull(number, NULL, 10) < asg_accept_number(fd);
}

bool door_admits(struct door *door, zmq_msg_t *frame)
{
    const char *key = zmq_msg_gets(frame, "User-Id");
    int fd = zmq_msg_get(frame, ZMQ_SRCFD);
    if (key == NULL) return false;
    struct guest *guest = guest_at(door, fd);
    if (!is_of(guest, key)) { /* its first message, or a descriptor that is used again */
        read_events(door);
        guest = guest_at(door, fd);
        /* It has left already. Looked at after the events: none is of a later accept. */
        if (guest == NULL || is_of_another(frame, fd)) return is_listed(door, key);
        if (!is_of(guest, key)) take_key(door, guest, key);
        uint32_t most = door->options.connections_key;
        if (most > 0 && guest->holder->live > most && !guest->is_ended) {
            refuse(door, key, guest->address, "too many connections of this key");
            end_guest(door, (size_t)fd);
        }
    }
    if (!guest->is_ended && !is_listed(door, key)) end_guest(door, (size_t)fd);
    return !guest->is_ended;
}

void *door_monitor(const struct door *door)
{
    return now() < door->quiet_until_ms ? NULL : door->monitor;
}

uint64_t door_shut_count(const struct door *door)
{
    return door->shut;
}
