/* poll - wait for sockets, and for what becomes of their connections. */
#include "bus/door.h"
#include "bus/link.h"
#include "bus/socket.h"

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
