#include "bus/bus.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "bus/door.h"
#include "bus/link.h"
#include "bus/socket.h"

#define SOCKETS_MAX       65000
#define HEARTBEAT_MS      5000
#define HEARTBEAT_OUT_MS  15000
#define IDLE_S            15 /* of TCP's keep-alive; then KEEP_COUNT tries, KEEP_EVERY_S apart */
#define KEEP_EVERY_S      5
#define KEEP_COUNT        3
#define MESSAGE_BYTES_MAX 1048576 /* 1 MiB */
#define HIGH_WATER        1000

enum asg_status asg_bus_new(int io_threads, struct asg_bus **ret, struct asg_error *error)
{
    struct asg_bus *bus = asg_alloc(1, sizeof *bus);
    bus->context = zmq_ctx_new();
    if (bus->context == NULL) {
        free(bus);
        return asg_fail(error, ASG_ERR_IO, "ZeroMQ gives no context: %s",
                        zmq_strerror(zmq_errno()));
    }
    (void)zmq_ctx_set(bus->context, ZMQ_IO_THREADS, io_threads);
    (void)zmq_ctx_set(bus->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
    bus->io_threads = io_threads;
    refused_table_new(&bus->refused);
    *ret = bus;
    return ASG_OK;
}

void asg_bus_destroy(struct asg_bus **bus)
{
    if (*bus == NULL) return;
    (void)zmq_ctx_shutdown((*bus)->context); /* wakes the handler's thread */
    zap_destroy(&(*bus)->zap);
    while (zmq_ctx_term((*bus)->context) != 0 && zmq_errno() == EINTR) {
    }
    refused_table_destroy(&(*bus)->refused);
    free(*bus);
    *bus = NULL;
}

uint64_t asg_bus_refused_count(struct asg_bus *bus)
{
    return refused_table_total(bus->refused);
}

void asg_bus_stop_zap_for_test(struct asg_bus *bus)
{
    zap_destroy(&bus->zap);
    bus->is_zap_ended = true;
}

enum asg_status start_zap(struct asg_bus *bus, struct asg_error *error)
{
    if (bus->zap != NULL || bus->is_zap_ended) return ASG_OK;
    return zap_new(bus->context, bus->refused, &bus->zap, error);
}

uint64_t lane_mask(const struct asg_bus *bus, enum asg_bus_lane lane)
{
    uint64_t all =
        bus->io_threads < 64 ? (UINT64_C(1) << bus->io_threads) - 1 : ~UINT64_C(0);
    if (bus->io_threads < 2) return all;
    uint64_t jobs = bus->io_threads < 3 ? 1 : 2;
    switch (lane) {
    case ASG_BUS_LANE_ORDERS: return 1;
    case ASG_BUS_LANE_JOBS: return jobs;
    default: return all & ~(jobs | 1);
    }
}

bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

bool set_common_options(void *socket, int high_water, size_t max_message_bytes)
{
    int mark = high_water > 0 ? high_water : HIGH_WATER;
    int64_t max_bytes =
        max_message_bytes > 0 ? (int64_t)max_message_bytes : MESSAGE_BYTES_MAX;
    return set_int(socket, ZMQ_SNDHWM, mark) && set_int(socket, ZMQ_RCVHWM, mark) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE, 1) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, IDLE_S) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEP_EVERY_S) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, KEEP_COUNT) &&
           zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof max_bytes) == 0;
}

bool set_heartbeats(void *socket)
{
    return set_int(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_OUT_MS);
}

enum asg_status asg_bus_waker_new(struct asg_bus_waker **ret)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) return ASG_ERR_IO;
    struct asg_bus_waker *waker = asg_alloc(1, sizeof *waker);
    waker->fd = fd;
    *ret = waker;
    return ASG_OK;
}

void asg_bus_waker_destroy(struct asg_bus_waker **waker)
{
    if (*waker == NULL) return;
    (void)close((*waker)->fd);
    free(*waker);
    *waker = NULL;
}

void asg_bus_waker_wake(struct asg_bus_waker *waker)
{
    const uint64_t one = 1;
    if (write(waker->fd, &one, sizeof one) < 0) return; /* full means awake already */
}

void asg_bus_waker_clear(struct asg_bus_waker *waker)
{
    uint64_t count;
    if (read(waker->fd, &count, sizeof count) < 0) return; /* it was not awake */
}

int asg_bus_waker_fd(const struct asg_bus_waker *waker)
{
    return waker->fd;
}

/* What becomes of a connection wakes a poll too. */
static struct link *link_of(const struct asg_bus_poll_item *item)
{
    if (item->connection != NULL) return &item->connection->link;
    return item->outlet != NULL ? &item->outlet->link : NULL;
}

static zmq_pollitem_t polled_of(const struct asg_bus_poll_item *item)
{
    zmq_pollitem_t polled = {.fd = item->fd, .events = ZMQ_POLLIN};
    if (item->listener != NULL) polled.socket = item->listener->socket;
    if (item->connection != NULL) polled.socket = item->connection->socket;
    if (item->inlet != NULL) polled.socket = item->inlet->socket;
    if (item->outlet != NULL) polled.socket = item->outlet->link.monitor;
    if (item->waker != NULL) polled.fd = item->waker->fd;
    return polled;
}

/* What is to wake the poll besides. */
static void *monitor_of(const struct asg_bus_poll_item *item)
{
    if (item->connection != NULL) return item->connection->link.monitor;
    bool has_door = item->listener != NULL && item->listener->door != NULL;
    return has_door ? door_monitor(item->listener->door) : NULL;
}

/* A turn of the link before the wait, and no longer than until its next. */
static int64_t prepare_link(struct asg_bus_poll_item *item, int64_t timeout_ms)
{
    struct link *link = link_of(item);
    if (link == NULL) return timeout_ms;
    link_turn(link);
    if (link->is_changed && item->outlet != NULL) {
        item->is_readable = true;
        return 0;
    }
    int64_t wait_ms = link_wait_ms(link);
    return wait_ms >= 0 && (timeout_ms < 0 || wait_ms < timeout_ms) ? wait_ms
                                                                    : timeout_ms;
}

int asg_bus_poll(struct asg_bus_poll_item *items, size_t count, int64_t timeout_ms)
{
    zmq_pollitem_t polled[2 * ASG_BUS_POLL_MAX];
    if (count > ASG_BUS_POLL_MAX) count = ASG_BUS_POLL_MAX;
    size_t polled_count = count;
    for (size_t i = 0; i < count; i++) {
        items[i].is_readable = false;
        timeout_ms = prepare_link(&items[i], timeout_ms);
        polled[i] = polled_of(&items[i]);
        void *monitor = monitor_of(&items[i]);
        if (monitor == NULL) continue;
        polled[polled_count++] =
            (zmq_pollitem_t){.socket = monitor, .events = ZMQ_POLLIN};
    }
    (void)zmq_poll(polled, (int)polled_count, timeout_ms < 0 ? -1 : (long)timeout_ms);
    int ready = 0;
    for (size_t i = 0; i < count; i++) {
        if ((polled[i].revents & ZMQ_POLLIN) != 0) items[i].is_readable = true;
        ready += items[i].is_readable ? 1 : 0;
    }
    return ready;
}
