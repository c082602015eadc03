/* fake_bus - lib/bus on the simulator's clock: real frames, a pretended network.
 *
 * Order on a connection is kept unless a fault says otherwise. A frame to a listener that
 * is gone waits at its connection, as ZeroMQ keeps it, up to 1000. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/inlet.h"
#include "bus/outlet.h"
#include "bus/refused.h"
#include "sim/sim.h"
#include "wire/wire.h"

#define OUTBOX_MAX 1000
#define FRAME_ROOM 256 /* small frames are used again */

struct sim_frame {
    struct sim_frame *next;
    uint32_t peer; /* of the connection it is from or for */
    enum sim_link link;
    bool is_up; /* to the controller */
    int64_t sent_us;
    size_t length;
    size_t room;
    uint8_t data[];
};

struct frame_list {
    struct sim_frame *first;
    struct sim_frame *last;
    size_t count;
};

struct asg_bus_listener {
    enum sim_link link;
    uint32_t first_peer; /* peers below are of the listener before */
    struct frame_list queue;
    struct sim_frame *current;
};

struct asg_bus_inlet {
    struct asg_bus_listener listener; /* the first: our->listeners has it */
    struct asg_key_set *key_set;
};

struct asg_bus_outlet {
    struct asg_bus_connection *connection;
};

struct asg_bus_connection {
    struct asg_bus_connection *next;
    struct sim_cluster *cluster;
    enum sim_link link;
    uint32_t index; /* worker or instance */
    uint32_t peer;
    char key[ASG_BUS_KEY_SIZE];
    char address[16];
    struct frame_list queue;  /* came, not received yet */
    struct frame_list outbox; /* waits for a listener */
    struct sim_frame *current;
    int64_t last_up_us; /* order is kept */
    int64_t last_down_us;
};

struct asg_bus_waker {
    int unused;
};

struct asg_bus {
    int unused;
};

static struct asg_bus the_bus;
static struct asg_bus_waker the_waker;

static struct sim_frame *frame_new(const void *data, size_t length)
{
    struct sim_frame *frame = sim.spare_frames;
    if (length <= FRAME_ROOM && frame != NULL) {
        sim.spare_frames = frame->next;
    } else {
        size_t room = length <= FRAME_ROOM ? FRAME_ROOM : length;
        frame = asg_alloc(1, sizeof *frame + room);
        frame->room = room;
    }
    frame->next = NULL;
    frame->sent_us = sim.now_us;
    frame->length = length;
    memcpy(frame->data, data, length);
    return frame;
}

static void frame_free(struct sim_frame *frame)
{
    if (frame == NULL) return;
    if (frame->room != FRAME_ROOM) {
        free(frame);
        return;
    }
    frame->next = sim.spare_frames;
    sim.spare_frames = frame;
}

static void list_put(struct frame_list *list, struct sim_frame *frame)
{
    frame->next = NULL;
    if (list->last != NULL)
        list->last->next = frame;
    else
        list->first = frame;
    list->last = frame;
    list->count++;
}

static struct sim_frame *list_take(struct frame_list *list)
{
    struct sim_frame *frame = list->first;
    if (frame == NULL) return NULL;
    list->first = frame->next;
    if (list->first == NULL) list->last = NULL;
    list->count--;
    return frame;
}

static void list_clear(struct frame_list *list)
{
    for (struct sim_frame *frame = list_take(list); frame != NULL;
         frame = list_take(list)) {
        frame_free(frame);
    }
}

/* ---- on the way ---- */

static bool is_cut(enum sim_link link, uint32_t index, bool is_up)
{
    if (is_up ? our->is_cut_up[link] : our->is_cut_down[link]) return true;
    if (link == SIM_LINK_WORKERS) return our->workers[index].is_cut;
    return link == SIM_LINK_AGENTS && sim.instances[index]->is_muted;
}

/* When it arrives; keeps the order unless told otherwise. */
static int64_t arrival_us(int64_t *last_us)
{
    int64_t at_us = sim.now_us + sim_between(sim_of(SIM_TOPIC_FRAMES), 50, 2000);
    if (sim_strikes(SIM_FAULT_DELAY_FRAME)) {
        at_us += sim_between(sim_of(SIM_TOPIC_FRAMES), 1, 20000) * 1000;
    }
    if (sim_strikes(SIM_FAULT_REORDER_FRAMES)) {
        return at_us + sim_between(sim_of(SIM_TOPIC_FRAMES), 1, 2000) * 1000;
    }
    if (at_us <= *last_us) at_us = *last_us + 1;
    *last_us = at_us;
    return at_us;
}

#define HELD_MAX 5000

static void put_frame(struct asg_bus_connection *connection, const void *data,
                      size_t length, bool is_up)
{
    struct sim_frame *frame = frame_new(data, length);
    frame->peer = connection->peer;
    frame->link = connection->link;
    frame->is_up = is_up;
    int64_t at_us =
        arrival_us(is_up ? &connection->last_up_us : &connection->last_down_us);
    sim_put(at_us, SIM_EVENT_DELIVER, 0, 0, frame);
}

/* As the kernel keeps what was not acknowledged: it goes again when the way is open. */
static void hold_frame(const struct asg_bus_connection *connection, const void *data,
                       size_t length, bool is_up)
{
    if (our->held_count >= HELD_MAX) return;
    struct sim_frame *frame = frame_new(data, length);
    frame->peer = connection->peer;
    frame->link = connection->link;
    frame->is_up = is_up;
    if (our->held_last != NULL) our->held_last->next = frame;
    if (our->held == NULL) our->held = frame;
    our->held_last = frame;
    our->held_count++;
}

static void note_let_go(const struct asg_bus_connection *connection,
                        const struct sim_frame *frame)
{
    if (frame->link != SIM_LINK_AGENTS || !frame->is_up) return;
    struct sim_group *group = sim.instances[connection->index]->group;
    if (group != NULL) sim_warm_let_go(group, frame->sent_us);
}

void sim_release_frames(void)
{
    struct sim_frame *frame = our->held;
    our->held = NULL;
    our->held_last = NULL;
    our->held_count = 0;
    while (frame != NULL) {
        struct sim_frame *next = frame->next;
        const struct asg_bus_connection *connection = sim.peers[frame->peer];
        bool is_gone = connection == NULL ||
                       is_cut(connection->link, connection->index, frame->is_up);
        frame->next = NULL;
        if (is_gone) {
            frame_free(frame);
        } else {
            note_let_go(connection, frame);
            sim_put(sim.now_us, SIM_EVENT_DELIVER, 0, 0, frame);
        }
        frame = next;
    }
}

uint64_t sim_request_no(void)
{
    const struct asg_bus_listener *listener = our->listeners[SIM_LINK_ADMIN];
    if (listener == NULL || listener->current == NULL) return 0;
    struct asg_arena arena = {0};
    struct asg_request request;
    uint64_t no = 0;
    if (asg_wire_decode_message(listener->current->data, listener->current->length,
                                ASG_MESSAGE_REQUEST, &arena, &request) == ASG_OK) {
        no = request.request_no;
    }
    asg_arena_clear(&arena);
    return no;
}

static void launch_frame(struct asg_bus_connection *connection, const void *data,
                         size_t length, bool is_up)
{
    sim.counts.frames++;
    if (is_cut(connection->link, connection->index, is_up)) {
        if (our->holds_frames) hold_frame(connection, data, length, is_up);
        return;
    }
    if (sim_strikes(SIM_FAULT_DROP_FRAME)) return;
    int times = sim_strikes(SIM_FAULT_REPEAT_FRAME) ? 2 : 1;
    for (int i = 0; i < times; i++) {
        put_frame(connection, data, length, is_up);
    }
}

static void wake_listener(enum sim_link link)
{
    if (link == SIM_LINK_AGENTS) {
        sim_wish(&our->ingest_turn, sim.now_us + our->ingest_lag_us, SIM_EVENT_INGEST, 0);
    } else {
        sim_wish(&our->host.turn, sim.now_us, SIM_EVENT_CONTROLLER, 0);
    }
}

static void wake_connection(const struct asg_bus_connection *connection)
{
    switch (connection->link) {
    case SIM_LINK_WORKERS:
        sim_wish(&our->workers[connection->index].process.turn, sim.now_us,
                 SIM_EVENT_WORKER, connection->index);
        break;
    case SIM_LINK_AGENTS:
        sim_wish(&sim.instances[connection->index]->agent.process.turn, sim.now_us,
                 SIM_EVENT_AGENT, connection->index);
        break;
    default: {
        struct asg_bus_message message;
        while (asg_bus_connection_receive(our->admin, &message) == ASG_OK) {
            struct asg_answer answer;
            asg_arena_reset(&sim.arena);
            if (asg_wire_decode_message(message.data, message.length, ASG_MESSAGE_ANSWER,
                                        &sim.arena, &answer) == ASG_OK) {
                sim_take_answer(&answer);
            }
        }
        break;
    }
    }
}

void sim_deliver(void *object)
{
    struct sim_frame *frame = object;
    if (frame->is_up) {
        struct asg_bus_listener *listener = our->listeners[frame->link];
        if (listener == NULL || frame->peer < listener->first_peer) {
            frame_free(frame); /* lost with the connection it was on */
            return;
        }
        sim_check_frame_in(frame->link, frame->data, frame->length);
        list_put(&listener->queue, frame);
        wake_listener(frame->link);
        return;
    }
    struct asg_bus_connection *connection =
        frame->peer < sim.peer_count ? sim.peers[frame->peer] : NULL;
    if (connection == NULL) {
        frame_free(frame);
        return;
    }
    list_put(&connection->queue, frame);
    wake_connection(connection);
}

static void take_peer(struct asg_bus_connection *connection)
{
    if (sim.peer_count == sim.peer_capacity) {
        sim.peer_capacity = sim.peer_capacity == 0 ? 256 : sim.peer_capacity * 2;
        sim.peers = asg_realloc(sim.peers, sim.peer_capacity, sizeof(void *));
    }
    connection->peer = (uint32_t)sim.peer_count;
    sim.peers[sim.peer_count++] = connection;
}

static void flush_outbox(struct asg_bus_connection *connection)
{
    struct sim_frame *frame = NULL;
    while ((frame = list_take(&connection->outbox)) != NULL) {
        launch_frame(connection, frame->data, frame->length, /* is_up */ true);
        frame_free(frame);
    }
}

enum asg_status sim_connect(enum sim_link link, uint32_t index, const char *address,
                            struct asg_bus_connection **ret)
{
    struct asg_bus_connection *connection = asg_alloc(1, sizeof *connection);
    connection->cluster = our;
    connection->link = link;
    connection->index = index;
    memset(connection->key, 'a', ASG_BUS_KEY_SIZE - 1);
    char name[ASG_BUS_KEY_SIZE]; /* a key file outlives its process */
    int length = snprintf(name, sizeof name, "%d.%u.", (int)link, index);
    memcpy(connection->key, name, (size_t)length);
    (void)snprintf(connection->address, sizeof connection->address, "%s", address);
    connection->next = sim.connections;
    sim.connections = connection;
    take_peer(connection);
    *ret = connection;
    return ASG_OK;
}

enum asg_status sim_connect_agent(uint32_t index, const char *key, const char *address,
                                  struct asg_bus_outlet **ret)
{
    struct asg_bus_outlet *outlet = asg_alloc(1, sizeof *outlet);
    enum asg_status status =
        sim_connect(SIM_LINK_AGENTS, index, address, &outlet->connection);
    (void)snprintf(outlet->connection->key, ASG_BUS_KEY_SIZE, "%s", key);
    *ret = outlet;
    return status;
}

void sim_send_unadmitted(uint32_t index, const char *key, const void *data, size_t length)
{
    struct asg_bus_connection *connection = NULL;
    (void)sim_connect(SIM_LINK_AGENTS, index, "10.66.6.6", &connection);
    (void)snprintf(connection->key, ASG_BUS_KEY_SIZE, "%s", key);
    launch_frame(connection, data, length, /* is_up */ true);
}

void sim_bus_clear(void)
{
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        struct sim_frame *frame = sim.clusters[i].held;
        while (frame != NULL) {
            struct sim_frame *next = frame->next;
            frame_free(frame);
            frame = next;
        }
        sim.clusters[i].held = NULL;
    }
    while (sim.spare_frames != NULL) {
        struct sim_frame *frame = sim.spare_frames;
        sim.spare_frames = frame->next;
        free(frame);
    }
    free(sim.peers);
    sim.peers = NULL;
}

/* ---- lib/bus ---- */

enum asg_status asg_bus_new(int io_threads, struct asg_bus **ret, struct asg_error *error)
{
    (void)io_threads;
    (void)error;
    *ret = &the_bus;
    return ASG_OK;
}

void asg_bus_destroy(struct asg_bus **bus)
{
    *bus = NULL;
}

uint64_t asg_bus_refused_count(struct asg_bus *bus)
{
    (void)bus;
    return 0;
}

uint64_t asg_bus_misused_count(struct asg_bus *bus)
{
    (void)bus;
    return 0;
}

size_t asg_bus_refusals(struct asg_bus *bus, struct asg_bus_refusal *ret, size_t most)
{
    (void)bus;
    (void)ret;
    (void)most;
    return 0;
}

static void listen_on(struct asg_bus_listener *listener, enum sim_link link)
{
    listener->link = link;
    listener->first_peer = (uint32_t)sim.peer_count;
    our->listeners[link] = listener;
    /* Everybody who was connected comes back by itself, under another number. */
    struct asg_bus_connection *connection = sim.connections;
    for (; connection != NULL; connection = connection->next) {
        if (connection->cluster != our || connection->link != link) continue;
        sim.peers[connection->peer] = NULL;
        take_peer(connection);
        flush_outbox(connection);
    }
}

static void listen_no_more(struct asg_bus_listener *listener)
{
    list_clear(&listener->queue);
    frame_free(listener->current);
    if (our->listeners[listener->link] == listener) our->listeners[listener->link] = NULL;
}

enum asg_status asg_bus_listener_new(struct asg_bus *bus,
                                     const struct asg_bus_listen_options *options,
                                     struct asg_bus_listener **ret,
                                     struct asg_error *error)
{
    (void)bus;
    (void)error;
    struct asg_bus_listener *listener = asg_alloc(1, sizeof *listener);
    if (strcmp(options->domain, "agents") != 0) { /* they have the inlet */
        listen_on(listener, strcmp(options->domain, "workers") == 0 ? SIM_LINK_WORKERS
                                                                    : SIM_LINK_ADMIN);
    }
    *ret = listener;
    return ASG_OK;
}

void asg_bus_listener_destroy(struct asg_bus_listener **listener)
{
    struct asg_bus_listener *gone = *listener;
    if (gone == NULL) return;
    listen_no_more(gone);
    free(gone);
    *listener = NULL;
}

const char *asg_bus_listener_endpoint(const struct asg_bus_listener *listener)
{
    static const char *const names[] = {"tcp://10.9.0.1:7701", "tcp://10.9.0.1:7702",
                                        "tcp://10.9.0.1:7703"};
    return names[listener->link];
}

enum asg_status asg_bus_listener_receive(struct asg_bus_listener *listener,
                                         struct asg_bus_message *ret)
{
    frame_free(listener->current);
    listener->current = list_take(&listener->queue);
    if (listener->current == NULL) return ASG_ERR_EMPTY;
    *ret = (struct asg_bus_message){.peer = listener->current->peer,
                                    .data = listener->current->data,
                                    .length = listener->current->length,
                                    .frame = listener->current};
    return ASG_OK;
}

static const struct asg_bus_connection *sender_of(const struct asg_bus_message *message)
{
    const struct sim_frame *frame = message->frame;
    return frame->peer < sim.peer_count ? sim.peers[frame->peer] : NULL;
}

const char *asg_bus_message_user_key(const struct asg_bus_message *message)
{
    const struct asg_bus_connection *sender = sender_of(message);
    return sender == NULL ? NULL : sender->key;
}

int asg_bus_message_fd(const struct asg_bus_message *message)
{
    (void)message;
    return -1; /* there are no descriptors here */
}

const char *asg_bus_message_peer_address(const struct asg_bus_message *message)
{
    const struct asg_bus_connection *sender = sender_of(message);
    return sender == NULL ? NULL : sender->address;
}

enum asg_status asg_bus_listener_send(struct asg_bus_listener *listener, uint32_t peer,
                                      const void *data, size_t length)
{
    if (our->host.is_dying) return ASG_OK;
    struct asg_bus_connection *connection =
        peer < sim.peer_count && peer >= listener->first_peer ? sim.peers[peer] : NULL;
    if (connection == NULL) return ASG_ERR_CLOSED;
    sim_check_frame_out(listener->link, data, length);
    launch_frame(connection, data, length, /* is_up */ false);
    enum asg_message_type type;
    if (listener->link == SIM_LINK_WORKERS &&
        asg_wire_message_type(data, length, &type) == ASG_OK && type == ASG_MESSAGE_JOB &&
        sim_strikes(SIM_FAULT_CRASH_AFTER_DISPATCH)) {
        sim_die(&our->host);
    }
    return ASG_OK;
}

uint64_t asg_bus_listener_shut_count(const struct asg_bus_listener *listener)
{
    (void)listener;
    return 0;
}

void asg_bus_message_shut(const struct asg_bus_message *message)
{
    (void)message; /* who speaks is looked at with every frame */
}

/* ---- reports one way ---- */

enum asg_status asg_bus_inlet_new(struct asg_bus *bus,
                                  const struct asg_bus_inlet_options *options,
                                  struct asg_bus_inlet **ret, struct asg_error *error)
{
    (void)bus;
    (void)error;
    struct asg_bus_inlet *inlet = asg_alloc(1, sizeof *inlet);
    inlet->key_set = options->key_set;
    listen_on(&inlet->listener, SIM_LINK_AGENTS);
    *ret = inlet;
    return ASG_OK;
}

void asg_bus_inlet_destroy(struct asg_bus_inlet **inlet)
{
    if (*inlet == NULL) return;
    listen_no_more(&(*inlet)->listener);
    free(*inlet);
    *inlet = NULL;
}

const char *asg_bus_inlet_endpoint(const struct asg_bus_inlet *inlet)
{
    return asg_bus_listener_endpoint(&inlet->listener);
}

enum asg_status asg_bus_inlet_receive(struct asg_bus_inlet *inlet,
                                      struct asg_bus_message *ret)
{
    enum asg_status status = asg_bus_listener_receive(&inlet->listener, ret);
    if (status == ASG_OK) ret->peer = 0;
    return status;
}

enum asg_bus_link asg_bus_outlet_link(struct asg_bus_outlet *outlet, const char **ret_why)
{
    const struct asg_bus_listener *listener = our->listeners[SIM_LINK_AGENTS];
    const struct asg_bus_inlet *inlet = (const void *)listener;
    enum asg_bus_link link = ASG_BUS_LINK_DOWN;
    if (inlet != NULL) {
        bool is_in = asg_key_set_has(inlet->key_set, outlet->connection->key);
        link = is_in ? ASG_BUS_LINK_UP : ASG_BUS_LINK_REFUSED;
    }
    if (ret_why != NULL) *ret_why = "simulated";
    return link;
}

enum asg_status asg_bus_outlet_send(struct asg_bus_outlet *outlet, const void *data,
                                    size_t length)
{
    if (asg_bus_outlet_link(outlet, NULL) != ASG_BUS_LINK_UP) return ASG_ERR_BUSY;
    launch_frame(outlet->connection, data, length, /* is_up */ true);
    return ASG_OK;
}

void asg_bus_outlet_destroy(struct asg_bus_outlet **outlet)
{
    if (*outlet == NULL) return;
    asg_bus_connection_destroy(&(*outlet)->connection);
    free(*outlet);
    *outlet = NULL;
}

uint64_t asg_bus_listener_dropped(const struct asg_bus_listener *listener)
{
    (void)listener;
    return 0;
}

enum asg_status asg_bus_connection_send(struct asg_bus_connection *connection,
                                        const void *data, size_t length)
{
    if (our->listeners[connection->link] != NULL) {
        launch_frame(connection, data, length, /* is_up */ true);
        return ASG_OK;
    }
    if (connection->outbox.count >= OUTBOX_MAX) return ASG_ERR_BUSY;
    list_put(&connection->outbox, frame_new(data, length));
    return ASG_OK;
}

enum asg_status asg_bus_connection_receive(struct asg_bus_connection *connection,
                                           struct asg_bus_message *ret)
{
    frame_free(connection->current);
    connection->current = list_take(&connection->queue);
    if (connection->current == NULL) return ASG_ERR_EMPTY;
    *ret = (struct asg_bus_message){.peer = 0,
                                    .data = connection->current->data,
                                    .length = connection->current->length};
    return ASG_OK;
}

enum asg_bus_link asg_bus_connection_link(struct asg_bus_connection *connection,
                                          const char **ret_why)
{
    bool is_up = our->listeners[connection->link] != NULL;
    if (ret_why != NULL) *ret_why = "simulated";
    return is_up ? ASG_BUS_LINK_UP : ASG_BUS_LINK_DOWN;
}

void asg_bus_connection_destroy(struct asg_bus_connection **connection)
{
    struct asg_bus_connection *gone = *connection;
    if (gone == NULL) return;
    struct asg_bus_connection **link = &sim.connections;
    while (*link != gone)
        link = &(*link)->next;
    *link = gone->next;
    sim.peers[gone->peer] = NULL;
    list_clear(&gone->queue);
    list_clear(&gone->outbox);
    frame_free(gone->current);
    free(gone);
    *connection = NULL;
}

enum asg_status asg_bus_waker_new(struct asg_bus_waker **ret)
{
    *ret = &the_waker;
    return ASG_OK;
}

void asg_bus_waker_destroy(struct asg_bus_waker **waker)
{
    *waker = NULL;
}

void asg_bus_waker_wake(struct asg_bus_waker *waker)
{
    (void)waker;
    sim_wish(&our->host.turn, sim.now_us, SIM_EVENT_CONTROLLER, 0);
}

void asg_bus_waker_clear(struct asg_bus_waker *waker)
{
    (void)waker;
}

int asg_bus_poll(struct asg_bus_poll_item *items, size_t count, int64_t timeout_ms)
{
    (void)items;
    (void)count;
    (void)timeout_ms;
    abort(); /* nothing waits here */
}

/* ---- keys and lists: everybody is who he says ---- */

bool asg_bus_is_key(const char *text)
{
    return text != NULL && strlen(text) == ASG_BUS_KEY_SIZE - 1;
}

void asg_bus_keys_clear(struct asg_bus_keys *keys)
{
    memset(keys, 0, sizeof *keys);
}

void asg_allow_list_new(struct asg_allow_list **ret)
{
    *ret = NULL;
}

void asg_allow_list_destroy(struct asg_allow_list **list)
{
    *list = NULL;
}

enum asg_status asg_allow_list_load(struct asg_allow_list *list, const char *folder,
                                    struct asg_error *error)
{
    (void)list;
    (void)folder;
    (void)error;
    return ASG_OK;
}

uint64_t asg_allow_list_version(struct asg_allow_list *list)
{
    (void)list;
    return 0;
}

bool asg_allow_list_find(struct asg_allow_list *list, const char *key,
                         char ret[ASG_ALLOW_NAME_MAX + 1])
{
    (void)list;
    (void)key;
    /* Everybody who is an operator has a name of his own: that of his order. */
    if (ret != NULL) {
        (void)snprintf(ret, ASG_ALLOW_NAME_MAX + 1, "operator-%llu",
                       (unsigned long long)sim_request_no());
    }
    return true;
}
