/* queue_peers - beanstalkd and Redis Streams, over plain sockets. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queue_round.h"

/* One server with its connections: index 0 of buffers is the producer's. */
struct peer {
    pid_t server;
    uint16_t port;
    int producer;
    int workers[8];
    int worker_count;
    char *buffers[9];
    size_t lengths[9];
};

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int64_t until_us = now_us() + 10000000;
    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
            int one = 1;
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            return fd;
        }
        (void)close(fd);
        must(now_us() < until_us, "the peer does not listen");
        (void)usleep(20000);
    }
}

static void send_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
        must(sent > 0, "send");
        data += sent;
        length -= (size_t)sent;
    }
}

/* A line of a connection (index into buffers), without its end; NULL when none is whole.
 * It lives until the next read of that connection. */
static char *next_line(struct peer *peer, int index, size_t *used)
{
    char *begin = peer->buffers[index] + *used;
    char *end = memmem(begin, peer->lengths[index] - *used, "\r\n", 2);
    if (end == NULL) return NULL;
    *end = '\0';
    *used = (size_t)(end + 2 - peer->buffers[index]);
    return begin;
}

static void read_more(struct peer *peer, int index, int fd)
{
    if (peer->buffers[index] == NULL) peer->buffers[index] = malloc(1 << 20);
    ssize_t got = recv(fd, peer->buffers[index] + peer->lengths[index],
                       (1 << 20) - peer->lengths[index], 0);
    must(got > 0, "recv");
    peer->lengths[index] += (size_t)got;
}

static void consume(struct peer *peer, int index, size_t used)
{
    memmove(peer->buffers[index], peer->buffers[index] + used,
            peer->lengths[index] - used);
    peer->lengths[index] -= used;
}

/* ---- beanstalkd ---- */

static struct peer beanstalkd;

static void beanstalk_put(struct peer *peer)
{
    char text[JOB_BYTES + 64];
    char body[JOB_BYTES + 1];
    (void)snprintf(body, sizeof body, "%-*" PRId64, JOB_BYTES, now_us());
    int length = snprintf(text, sizeof text, "put 0 0 60 %d\r\n%s\r\n", JOB_BYTES, body);
    send_all(peer->producer, text, (size_t)length);
}

/* Reserve, delete, reserve, ...: each worker connection has one job at a time. */
static int beanstalk_worker(struct peer *peer, int index, int fd)
{
    read_more(peer, index, fd);
    size_t used = 0;
    int done = 0;
    for (;;) {
        size_t before = used;
        char *line = next_line(peer, index, &used);
        if (line == NULL) break;
        if (strncmp(line, "RESERVED ", 9) == 0) {
            uint64_t id = strtoull(line + 9, NULL, 10);
            if (peer->lengths[index] - used <
                JOB_BYTES + 2) { /* the body is on its way */
                line[strlen(line)] = '\r';
                used = before;
                break;
            }
            int64_t begun_us = strtoll(peer->buffers[index] + used, NULL, 10);
            used += JOB_BYTES + 2;
            char text[64];
            int length = snprintf(text, sizeof text, "delete %" PRIu64 "\r\n", id);
            send_all(fd, text, (size_t)length);
            *(int64_t *)(void *)(peer->buffers[index] + (1 << 20) - 8) = begun_us;
        } else if (strncmp(line, "DELETED", 7) == 0) {
            add_sample(now_us() -
                       *(int64_t *)(void *)(peer->buffers[index] + (1 << 20) - 8));
            done++;
            send_all(fd, "reserve\r\n", 9);
        } else {
            must(false, line);
        }
    }
    consume(peer, index, used);
    return done;
}

struct round_result run_beanstalkd(int depth)
{
    struct peer *peer = &beanstalkd;
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
            beanstalk_put(peer);
        }
        struct pollfd polled[9] = {{.fd = peer->producer, .events = POLLIN}};
        for (int i = 0; i < peer->worker_count; i++) {
            polled[i + 1] = (struct pollfd){.fd = peer->workers[i], .events = POLLIN};
        }
        (void)poll(polled, (nfds_t)peer->worker_count + 1, 1000);
        if ((polled[0].revents & POLLIN) != 0) { /* INSERTED lines */
            read_more(peer, 0, peer->producer);
            peer->lengths[0] = 0;
        }
        for (int i = 0; i < peer->worker_count; i++) {
            if ((polled[i + 1].revents & POLLIN) == 0) continue;
            outstanding -= beanstalk_worker(peer, i + 1, peer->workers[i]);
        }
    }
    return result;
}

void begin_beanstalkd(const char *folder)
{
    struct peer *peer = &beanstalkd;
    peer->port = free_port();
    char port[16];
    (void)snprintf(port, sizeof port, "%u", peer->port);
    char binlog[256];
    (void)snprintf(binlog, sizeof binlog, "%s/beanstalkd", folder);
    char command[600];
    (void)snprintf(command, sizeof command, "mkdir -p %s", binlog);
    must(system(command) == 0, "mkdir");
    const char *const arguments[] = {"beanstalkd", "-l",   "127.0.0.1", "-p", port,
                                     "-b",         binlog, "-f",        "0",  NULL};
    peer->server = start_server(arguments);
    peer->producer = connect_to(peer->port);
    peer->worker_count = 8;
    for (int i = 0; i < peer->worker_count; i++) {
        peer->workers[i] = connect_to(peer->port);
        send_all(peer->workers[i], "reserve\r\n", 9);
    }
}

void end_beanstalkd(void)
{
    end_server(beanstalkd.server);
}

/* ---- Redis Streams ---- */

/* XADD, XREADGROUP and XACK travel on two connections; whatever waits is sent at once, so
 * that Redis too can share one fsync among many. */
static struct redis {
    struct peer peer;
    int64_t begun_us[65536];
    uint64_t added;
    uint64_t acked;
} redis;

static void redis_command(int fd, const char *const *words, int count)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "*%d\r\n", count);
    for (int i = 0; i < count; i++) {
        length += snprintf(text + length, sizeof text - (size_t)length, "$%zu\r\n%s\r\n",
                           strlen(words[i]), words[i]);
    }
    send_all(fd, text, (size_t)length);
}

static void redis_wait_line(struct peer *peer, int index, int fd)
{
    size_t used = 0;
    while (next_line(peer, index, &used) == NULL) {
        read_more(peer, index, fd);
        used = 0;
    }
    peer->lengths[index] = 0;
}

static void redis_add(void)
{
    static char body[JOB_BYTES + 1];
    memset(body, 'x', JOB_BYTES);
    redis.begun_us[redis.added % 65536] = now_us();
    redis.added++;
    const char *const words[] = {"XADD", "jobs", "*", "b", body};
    redis_command(redis.peer.producer, words, 5);
}

static const char *const read_words[] = {
    "XREADGROUP", "GROUP", "g", "w", "COUNT", "64", "BLOCK", "0", "STREAMS", "jobs", ">"};

/* Replies on the worker's connection: a read gives entries, an ack gives a number. */
static int redis_worker(void)
{
    struct peer *peer = &redis.peer;
    int fd = peer->workers[0];
    read_more(peer, 1, fd);
    size_t used = 0;
    size_t whole = 0;
    int done = 0;
    char acks[16384];
    int entries = 0;
    int length = 0;
    for (;;) {
        char *line = next_line(peer, 1, &used);
        if (line == NULL) break;
        if (line[0] == ':') {
            int acked = atoi(line + 1);
            for (int i = 0; i < acked; i++) {
                add_sample(now_us() - redis.begun_us[redis.acked % 65536]);
                redis.acked++;
                done++;
            }
            redis_command(fd, read_words, 11);
            whole = used;
        } else if (line[0] >= '0' && line[0] <= '9' && strchr(line, '-') != NULL) {
            length += snprintf(acks + length, sizeof acks - (size_t)length,
                               "$%zu\r\n%s\r\n", strlen(line), line);
            entries++;
        }
    }
    /* A reply ends with its last body: as many bodies as ids. */
    int bodies = 0;
    for (size_t i = 0; i + 1 < used; i++) {
        if (peer->buffers[1][i] == 'x' && (i == 0 || peer->buffers[1][i - 1] == '\n')) {
            bodies++;
        }
    }
    if (entries > 0 && bodies == entries && used == peer->lengths[1]) {
        char head[64];
        int head_length =
            snprintf(head, sizeof head, "*%d\r\n$4\r\nXACK\r\n$4\r\njobs\r\n$1\r\ng\r\n",
                     entries + 3);
        send_all(fd, head, (size_t)head_length);
        send_all(fd, acks, (size_t)length);
        whole = used;
    } else if (entries > 0) { /* not all here: look again from its start */
        for (size_t i = whole; i < used; i++) {
            if (peer->buffers[1][i] == '\0') peer->buffers[1][i] = '\r';
        }
    }
    consume(peer, 1, whole);
    return done;
}

struct round_result run_redis(int depth)
{
    struct peer *peer = &redis.peer;
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
            redis_add();
        }
        struct pollfd polled[2] = {{.fd = peer->producer, .events = POLLIN},
                                   {.fd = peer->workers[0], .events = POLLIN}};
        (void)poll(polled, 2, 1000);
        if ((polled[0].revents & POLLIN) != 0) {
            read_more(peer, 0, peer->producer);
            peer->lengths[0] = 0;
        }
        if ((polled[1].revents & POLLIN) != 0) outstanding -= redis_worker();
    }
    return result;
}

void begin_redis(const char *folder)
{
    struct peer *peer = &redis.peer;
    peer->port = free_port();
    char port[16];
    (void)snprintf(port, sizeof port, "%u", peer->port);
    const char *const arguments[] = {"redis-server",
                                     "--port",
                                     port,
                                     "--bind",
                                     "127.0.0.1",
                                     "--dir",
                                     folder,
                                     "--appendonly",
                                     "yes",
                                     "--appendfsync",
                                     "always",
                                     "--save",
                                     "",
                                     NULL};
    peer->server = start_server(arguments);
    peer->producer = connect_to(peer->port);
    peer->workers[0] = connect_to(peer->port);
    peer->worker_count = 1;
    const char *const group[] = {"XGROUP", "CREATE", "jobs", "g", "$", "MKSTREAM"};
    redis_command(peer->producer, group, 6);
    redis_wait_line(peer, 0, peer->producer);
    redis_command(peer->workers[0], read_words, 11);
}

void end_redis(void)
{
    end_server(redis.peer.server);
}
