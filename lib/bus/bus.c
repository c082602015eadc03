#include "bus/bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/stopped_input.h"
#include "bus/socket.h"

#define SOCKETS_MAX 65000

enum asg_status asg_bus_new(int io_threads, struct asg_bus **ret, struct asg_error *error)
{
    struct asg_bus *bus = asg_alloc(1, sizeof *bus);
    asg_stopped_input_link();
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
