/* queue_rabbitmq - a RabbitMQ quorum queue, over librabbitmq.
 *
 * The node runs as this user, with folders, cookie and epmd of its own, all on 127.0.0.1.
 * One connection publishes, another consumes; what has been delivered by then is
 * acknowledged with one frame, as batching clients do. A quorum queue delivers what its
 * log has synced; that it has the acknowledgement is never said, so a job counts when its
 * acknowledgement is sent (which is in RabbitMQ's favour). */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include "queue_round.h"

#define START_US   INT64_C(60000000)
#define CHANNEL    1
#define QUEUE_NAME "jobs"

static struct rabbitmq {
    pid_t epmd;
    pid_t node;
    int port;
    amqp_connection_state_t producer;
    amqp_connection_state_t consumer;
    int prefetch; /* of the consumer that there is; 0: none */
} rabbit;

static void set(const char *name, const char *format, const char *value)
{
    char text[512];
    (void)snprintf(text, sizeof text, format, value);
    (void)setenv(name, text, 1);
}

/* Everything that the node would otherwise share with one that is installed here. */
static void set_environment(const char *home)
{
    char number[16];
    set("HOME", "%s", home);
    set("RABBITMQ_MNESIA_BASE", "%s/mnesia", home);
    set("RABBITMQ_LOG_BASE", "%s/log", home);
    set("RABBITMQ_ENABLED_PLUGINS_FILE", "%s/plugins", home);
    set("RABBITMQ_CONFIG_FILE", "%s/none", home);
    set("RABBITMQ_ADVANCED_CONFIG_FILE", "%s/none", home);
    set("RABBITMQ_CONF_ENV_FILE", "%s/none", home);
    set("RABBITMQ_NODENAME", "openasg-bench@%s", "localhost");
    set("RABBITMQ_NODE_IP_ADDRESS", "%s", "127.0.0.1");
    (void)snprintf(number, sizeof number, "%d", rabbit.port);
    set("RABBITMQ_NODE_PORT", "%s", number);
    (void)snprintf(number, sizeof number, "%u", free_port());
    set("RABBITMQ_DIST_PORT", "%s", number);
    set("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface %s",
        "{127,0,0,1}");
    (void)snprintf(number, sizeof number, "%u", free_port());
    set("ERL_EPMD_PORT", "%s", number);
    set("ERL_EPMD_ADDRESS", "%s", "127.0.0.1");
}

static amqp_rpc_reply_t log_in(amqp_connection_state_t connection)
{
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    if (socket == NULL || amqp_socket_open(socket, "127.0.0.1", rabbit.port) != 0) {
        return (amqp_rpc_reply_t){.reply_type = AMQP_RESPONSE_NONE};
    }
    return amqp_login(connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest",
                      "guest");
}

/* Answers once the node is up. */
static amqp_connection_state_t open_connection(void)
{
    int64_t until_us = now_us() + START_US;
    for (;;) {
        amqp_connection_state_t connection = amqp_new_connection();
        must(connection != NULL, "amqp_new_connection");
        if (log_in(connection).reply_type == AMQP_RESPONSE_NORMAL) {
            (void)amqp_channel_open(connection, CHANNEL);
            must(amqp_get_rpc_reply(connection).reply_type == AMQP_RESPONSE_NORMAL,
                 "channel");
            return connection;
        }
        (void)amqp_destroy_connection(connection);
        must(now_us() < until_us, "RabbitMQ does not start");
        (void)usleep(100000);
    }
}

static void declare_queue(void)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes("x-queue-type"),
                                .value = {.kind = AMQP_FIELD_KIND_UTF8}};
    entry.value.value.bytes = amqp_cstring_bytes("quorum");
    const amqp_table_t arguments = {.num_entries = 1, .entries = &entry};
    (void)amqp_queue_declare(rabbit.producer, CHANNEL, amqp_cstring_bytes(QUEUE_NAME),
                             /* passive */ 0, /* durable */ 1, /* exclusive */ 0,
                             /* auto_delete */ 0, arguments);
    must(amqp_get_rpc_reply(rabbit.producer).reply_type == AMQP_RESPONSE_NORMAL,
         "quorum queue");
    (void)amqp_confirm_select(rabbit.producer, CHANNEL);
}

/* A consumer that has at most so many jobs unacknowledged, in place of the one before. */
static void consume(int depth)
{
    const amqp_bytes_t tag = amqp_cstring_bytes("bench");
    if (rabbit.prefetch == depth) return;
    if (rabbit.prefetch != 0) {
        (void)amqp_basic_cancel(rabbit.consumer, CHANNEL, tag);
        must(amqp_get_rpc_reply(rabbit.consumer).reply_type == AMQP_RESPONSE_NORMAL,
             "cancel");
    }
    (void)amqp_basic_qos(rabbit.consumer, CHANNEL, 0, (uint16_t)depth, /* global */ 0);
    (void)amqp_basic_consume(
        rabbit.consumer, CHANNEL, amqp_cstring_bytes(QUEUE_NAME), tag,
        /* no_local */ 0, /* no_ack */ 0, /* exclusive */ 0, amqp_empty_table);
    must(amqp_get_rpc_reply(rabbit.consumer).reply_type == AMQP_RESPONSE_NORMAL,
         "consumer");
    rabbit.prefetch = depth;
}

void begin_rabbitmq(const char *folder)
{
    static char home[256];
    (void)snprintf(home, sizeof home, "%s/rabbitmq", folder);
    must(mkdir(home, 0700) == 0, "mkdir");
    rabbit.port = free_port();
    set_environment(home);
    const char *const epmd[] = {"epmd", NULL}; /* address and port: see above */
    const char *const node[] = {"/usr/lib/rabbitmq/bin/rabbitmq-server", NULL};
    rabbit.epmd = start_server(epmd);
    rabbit.node = start_server(node);
    rabbit.producer = open_connection();
    rabbit.consumer = open_connection();
    declare_queue();
}

void end_rabbitmq(void)
{
    (void)amqp_destroy_connection(rabbit.producer);
    (void)amqp_destroy_connection(rabbit.consumer);
    end_server(rabbit.node);
    end_server(rabbit.epmd);
}

static void publish(void)
{
    char body[JOB_BYTES + 1];
    (void)snprintf(body, sizeof body, "%-*" PRId64, JOB_BYTES, now_us());
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                                .delivery_mode = 2};
    int code = amqp_basic_publish(rabbit.producer, CHANNEL, amqp_empty_bytes,
                                  amqp_cstring_bytes(QUEUE_NAME), 0, 0, &properties,
                                  amqp_cstring_bytes(body));
    must(code == AMQP_STATUS_OK, "publish");
}

/* Confirmations of publishes: read and forgotten. */
static void take_confirms(void)
{
    amqp_frame_t frame;
    struct timeval now = {0, 0};
    int code;
    while ((code = amqp_simple_wait_frame_noblock(rabbit.producer, &frame, &now)) ==
           AMQP_STATUS_OK) {
        bool is_confirm = frame.frame_type == AMQP_FRAME_METHOD &&
                          frame.payload.method.id == AMQP_BASIC_ACK_METHOD;
        must(is_confirm, "RabbitMQ did not confirm");
    }
    must(code == AMQP_STATUS_TIMEOUT, "confirms");
    amqp_maybe_release_buffers(rabbit.producer);
}

/* Take what has been delivered, acknowledge all of it; how many jobs that were. */
static int take_deliveries(void)
{
    int64_t begun_us[4 * DEPTH_MAX];
    int count = 0;
    uint64_t last = 0;
    struct timeval now = {0, 0};
    while (count < 4 * DEPTH_MAX) {
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(rabbit.consumer);
        amqp_rpc_reply_t reply =
            amqp_consume_message(rabbit.consumer, &envelope, &now, 0);
        if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
            must(reply.library_error == AMQP_STATUS_TIMEOUT, "consume");
            break;
        }
        char text[32] = "";
        memcpy(text, envelope.message.body.bytes, sizeof text - 1);
        begun_us[count++] = strtoll(text, NULL, 10);
        last = envelope.delivery_tag;
        amqp_destroy_envelope(&envelope);
    }
    if (count == 0) return 0;
    must(amqp_basic_ack(rabbit.consumer, CHANNEL, last, /* multiple */ 1) ==
             AMQP_STATUS_OK,
         "ack");
    int64_t done_us = now_us();
    for (int i = 0; i < count; i++) {
        add_sample(done_us - begun_us[i]);
    }
    return count;
}

struct round_result run_rabbitmq(int depth)
{
    consume(depth);
    begin_samples();
    int outstanding = 0;
    int64_t began_us = now_us();
    bool is_open = true;
    struct round_result result = {0};
    while (is_open || outstanding > 0) {
        if (is_open && now_us() - began_us >= ROUND_US) {
            is_open = false;
            result = end_round(began_us);
        }
        for (; is_open && outstanding < depth; outstanding++) {
            publish();
        }
        struct pollfd polled[2] = {
            {.fd = amqp_get_sockfd(rabbit.producer), .events = POLLIN},
            {.fd = amqp_get_sockfd(rabbit.consumer), .events = POLLIN},
        };
        (void)poll(polled, 2, 1000);
        if ((polled[0].revents & POLLIN) != 0) take_confirms();
        if ((polled[1].revents & POLLIN) != 0) outstanding -= take_deliveries();
    }
    return result;
}
