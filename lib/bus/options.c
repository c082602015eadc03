/* options - what all sockets have in common, and which of libzmq's threads serve them. */
#include "bus/socket.h"

#define HEARTBEAT_MS      5000
#define HEARTBEAT_OUT_MS  15000
#define IDLE_S            15 /* of TCP's keep-alive; then KEEP_COUNT tries, KEEP_EVERY_S apart */
#define KEEP_EVERY_S      5
#define KEEP_COUNT        3
#define MESSAGE_BYTES_MAX 1048576 /* 1 MiB */
#define HIGH_WATER        1000

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
