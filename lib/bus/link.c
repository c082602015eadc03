#include "bus/link.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/crypto.h"

#define PAUSE_MS_LEAST 1000
#define SLOW_MS        2500 /* who hangs up sooner did so on purpose */
#define EVENTS                                                                           \
    (ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CLOSED |                \
     ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |                            \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |        \
     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

static int64_t now(void)
{
    struct asg_clock clock = asg_clock_real();
    return asg_clock_monotonic_ms(&clock);
}

bool open_monitor(void *context, void *socket, int events, void **ret)
{
    static atomic_uint number;
    char name[64];
    (void)snprintf(name, sizeof name, "inproc://monitor-%u",
                   atomic_fetch_add(&number, 1));
    if (zmq_socket_monitor(socket, name, events) != 0) return false;
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    /* No high-water mark: libzmq's own threads would wait at it. */
    bool is_open = monitor != NULL && set_int(monitor, ZMQ_RCVHWM, 0) &&
                   set_int(monitor, ZMQ_LINGER, 0) && zmq_connect(monitor, name) == 0;
    if (!is_open) {
        int code = zmq_errno();
        (void)zmq_socket_monitor(socket, NULL, 0);
        if (monitor != NULL) (void)zmq_close(monitor);
        errno = code;
        return false;
    }
    *ret = monitor;
    return true;
}

bool read_monitor(void *monitor, uint16_t *ret_event, uint32_t *ret_value)
{
    uint8_t first[8];
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    int length = zmq_recv(monitor, first, sizeof first, ZMQ_DONTWAIT);
    if (length != (int)(sizeof *ret_event + sizeof *ret_value)) return false;
    memcpy(ret_event, first, sizeof *ret_event);
    memcpy(ret_value, first + sizeof *ret_event, sizeof *ret_value);
    /* Both parts come together. */
    return zmq_recv(monitor, endpoint, sizeof endpoint, ZMQ_DONTWAIT) >= 0;
}

__attribute__((format(printf, 3, 4))) static void stand(struct link *link,
                                                        enum asg_bus_link state,
                                                        const char *format, ...)
{
    if (link->state != state) link->is_changed = true;
    link->state = state;
    va_list values;
    va_start(values, format);
    (void)vsnprintf(link->why, sizeof link->why, format, values);
    va_end(values);
}

bool link_open(struct link *link, struct asg_bus *bus, void *socket, const char *endpoint,
               const char *shown, int64_t pause_ms_max)
{
    *link = (struct link){.socket = socket,
                          .pause_ms = PAUSE_MS_LEAST,
                          .pause_ms_max = pause_ms_max > PAUSE_MS_LEAST ? pause_ms_max
                                                                        : PAUSE_MS_LEAST,
                          .again_at_ms = -1};
    (void)snprintf(link->endpoint, sizeof link->endpoint, "%s", endpoint);
    (void)snprintf(link->shown, sizeof link->shown, "%s", shown);
    stand(link, ASG_BUS_LINK_DOWN, "connecting to %s", shown);
    return open_monitor(bus->context, socket, EVENTS, &link->monitor);
}

void link_close(struct link *link)
{
    if (link->monitor == NULL) return;
    (void)zmq_socket_monitor(link->socket, NULL, 0);
    (void)zmq_close(link->monitor);
    link->monitor = NULL;
}

/* Not all at once who were hung up on at once. */
static int64_t vary(int64_t pause_ms)
{
    uint32_t drawn = 0;
    asg_random_bytes(&drawn, sizeof drawn);
    return pause_ms * 3 / 4 + drawn % (pause_ms / 2);
}

static void plan_again(struct link *link)
{
    link->again_at_ms = now() + vary(link->pause_ms);
    link->pause_ms *= 2;
    if (link->pause_ms > link->pause_ms_max) link->pause_ms = link->pause_ms_max;
}

static void hung_up(struct link *link)
{
    int64_t took_ms = now() - link->connected_at_ms;
    if (took_ms >= SLOW_MS) {
        stand(link, ASG_BUS_LINK_DOWN,
              "connected to %s, but it did not finish the handshake in %lld s: it is "
              "overloaded, or refuses this many connections",
              link->shown, (long long)((took_ms + 500) / 1000));
    } else {
        stand(link, ASG_BUS_LINK_DOWN,
              "connected to %s, but it hung up during the handshake: the key that we "
              "were given (server_key, controller.key) may not be the public key of what "
              "listens there",
              link->shown);
    }
}

/* libzmq does not say which of the two it is. */
static bool is_named(const char *endpoint)
{
    static const char scheme[] = "tcp://";
    if (strncmp(endpoint, scheme, sizeof scheme - 1) != 0) return false;
    const char *host = endpoint + sizeof scheme - 1;
    return host[0] != '[' && host[strspn(host, "0123456789.")] != ':';
}

static void take_event(struct link *link, uint16_t event)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED: link->connected_at_ms = now(); break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        link->pause_ms = PAUSE_MS_LEAST;
        stand(link, ASG_BUS_LINK_UP, "connected to %s", link->shown);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        stand(link, ASG_BUS_LINK_REFUSED, "%s refuses our key", link->shown);
        plan_again(link);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        stand(link, ASG_BUS_LINK_DOWN,
              "connected to %s, but what answers there uses another protocol",
              link->shown);
        plan_again(link);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        hung_up(link);
        /* libzmq's own pause begins anew with each connection that is accepted, and that
         * comes before a server's limits: it would knock ten times a second. */
        if (!link->is_patient) break;
        (void)zmq_disconnect(link->socket, link->endpoint);
        plan_again(link);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        link->has_hung_up = true;
        if (link->state != ASG_BUS_LINK_UP) break;
        stand(link, ASG_BUS_LINK_DOWN, "the connection to %s ended", link->shown);
        break;
    case ZMQ_EVENT_CONNECT_RETRIED: /* also when the name is not known */
        if (link->has_hung_up) {
            link->has_hung_up = false;
            break;
        }
        stand(link, ASG_BUS_LINK_DOWN, "no process listens on %s%s", link->shown,
              is_named(link->endpoint) ? ", or its name cannot be resolved" : "");
        break;
    default: break;
    }
}

void link_turn(struct link *link)
{
    uint16_t event;
    uint32_t value;
    while (read_monitor(link->monitor, &event, &value))
        take_event(link, event);
    if (link->again_at_ms >= 0 && now() >= link->again_at_ms) {
        link->again_at_ms = -1;
        link->has_hung_up = false;
        (void)zmq_disconnect(link->socket, link->endpoint);
        if (zmq_connect(link->socket, link->endpoint) != 0) plan_again(link);
    }
}

int64_t link_wait_ms(const struct link *link)
{
    if (link->again_at_ms < 0) return -1;
    int64_t wait_ms = link->again_at_ms - now();
    return wait_ms > 0 ? wait_ms : 0;
}
