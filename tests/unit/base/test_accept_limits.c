/* test_accept_limits - strangers' connections, with real sockets on loopback: this
 * program has the accept(), accept4(), close() and recvmsg() of lib/base/accept_calls.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/accept_calls.h"
#include "base/accept_limits.h"
#include "lib/check.h"
#include "lib/seed.h"
#include "lib/wait.h"

struct listener {
    int fd;
    uint16_t port;
};

static struct listener listen_with(const struct asg_accept_limits *limits)
{
    struct listener ret = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t length = sizeof at;
    assert_int_equal(bind(ret.fd, (struct sockaddr *)&at, length), 0);
    assert_int_equal(listen(ret.fd, 512), 0);
    assert_int_equal(getsockname(ret.fd, (struct sockaddr *)&at, &length), 0);
    ret.port = ntohs(at.sin_port);
    if (limits != NULL) asg_accept_limit(ret.port, limits);
    return ret;
}

static void end_listener(struct listener *listener)
{
    asg_accept_unlimit(listener->port);
    asg_accept_reserve(0);
    (void)close(listener->fd);
}

static int connect_from(const char *source, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, source, &at.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* The next connection as a library would take it: -1 with EINTR when it was refused. */
static int take_next(const struct listener *listener)
{
    struct wait wait = wait_begin(5000);
    for (;;) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0 || errno != EAGAIN) return fd;
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
}

static bool is_taken_from(const struct listener *listener, const char *source,
                          int *ret_client, int *ret_server)
{
    *ret_client = connect_from(source, listener->port);
    *ret_server = take_next(listener);
    if (*ret_server >= 0) return true;
    assert_int_equal(errno, EINTR);
    char byte;
    assert_int_equal(recv(*ret_client, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    (void)close(*ret_client);
    *ret_client = -1;
    return false;
}

static struct asg_accept_counts counts_of(const struct listener *listener)
{
    struct asg_accept_counts ret = {0};
    assert_true(asg_accept_counts(listener->port, &ret));
    return ret;
}

static void test_accept_limits_leave_other_ports_alone(void **state)
{
    (void)state;
    const struct asg_accept_limits one = {.name = "agents", .connections_address = 1};
    struct listener limited = listen_with(&one);
    struct listener other = listen_with(NULL);
    int clients[4];
    int servers[4];
    for (int i = 0; i < 4; i++) {
        assert_true(is_taken_from(&other, "127.0.0.1", &clients[i], &servers[i]));
    }
    struct asg_accept_counts counts;
    assert_false(asg_accept_counts(other.port, &counts));
    assert_int_equal(counts_of(&limited).accepted, 0);
    for (int i = 0; i < 4; i++) {
        (void)close(clients[i]);
        (void)close(servers[i]);
    }
    end_listener(&limited);
    (void)close(other.fd);
}

static void test_accept_limits_count_what_one_address_holds(void **state)
{
    (void)state;
    const struct asg_accept_limits two = {.name = "agents", .connections_address = 2};
    struct listener listener = listen_with(&two);
    int clients[4];
    int servers[4];
    assert_true(is_taken_from(&listener, "127.0.0.9", &clients[0], &servers[0]));
    assert_true(is_taken_from(&listener, "127.0.0.9", &clients[1], &servers[1]));
    assert_false(is_taken_from(&listener, "127.0.0.9", &clients[2], &servers[2]));
    assert_true(is_taken_from(&listener, "127.0.0.8", &clients[2], &servers[2]));
    assert_int_equal(counts_of(&listener).open, 3);
    assert_int_equal(counts_of(&listener).refused, 1);
    (void)close(servers[0]);
    (void)close(clients[0]);
    assert_int_equal(counts_of(&listener).open, 2);
    assert_true(is_taken_from(&listener, "127.0.0.9", &clients[0], &servers[0]));
    for (int i = 0; i < 3; i++) {
        (void)close(clients[i]);
        (void)close(servers[i]);
    }
    assert_int_equal(counts_of(&listener).open, 0);
    end_listener(&listener);
}

static void test_accept_limits_of_strangers_leave_the_fleet_alone(void **state)
{
    (void)state;
    const struct asg_accept_limits limits = {
        .name = "agents", .connections = 1, .known_connections = 2};
    struct listener listener = listen_with(&limits);
    asg_accept_know("127.0.0.2");
    asg_accept_know("127.0.0.2");
    asg_accept_know("127.0.0.3");
    int clients[4];
    int servers[4];
    assert_true(is_taken_from(&listener, "127.0.0.9", &clients[0], &servers[0]));
    assert_false(is_taken_from(&listener, "127.0.0.8", &clients[1], &servers[1]));
    assert_true(is_taken_from(&listener, "127.0.0.2", &clients[1], &servers[1]));
    asg_accept_forget("127.0.0.2"); /* named twice: still known */
    assert_true(is_taken_from(&listener, "127.0.0.2", &clients[2], &servers[2]));
    assert_int_equal(counts_of(&listener).open_known, 2);
    assert_false(is_taken_from(&listener, "127.0.0.3", &clients[3], &servers[3]));
    asg_accept_forget("127.0.0.2");
    asg_accept_forget("127.0.0.2");
    (void)close(servers[1]);
    assert_int_equal(counts_of(&listener).open_known, 1);
    assert_false(is_taken_from(&listener, "127.0.0.2", &clients[3], &servers[3]));
    assert_true(is_taken_from(&listener, "127.0.0.3", &clients[3], &servers[3]));
    asg_accept_forget("127.0.0.3");
    (void)close(servers[0]);
    (void)close(servers[2]);
    (void)close(servers[3]);
    for (int i = 0; i < 4; i++) {
        (void)close(clients[i]);
    }
    assert_int_equal(counts_of(&listener).open, 0);
    assert_int_equal(counts_of(&listener).open_known, 0);
    end_listener(&listener);
}

static void test_accept_limits_of_an_address_are_not_this_hosts_own(void **state)
{
    (void)state;
    const struct asg_accept_limits one = {.name = "admin",
                                          .connections = 1,
                                          .connections_address = 1,
                                          .handshakes_s = 1,
                                          .handshakes_address_s = 1,
                                          .known_connections = 3};
    struct listener listener = listen_with(&one);
    int clients[4];
    int servers[4];
    for (int i = 0; i < 3; i++) {
        assert_true(is_taken_from(&listener, "127.0.0.1", &clients[i], &servers[i]));
    }
    assert_false(is_taken_from(&listener, "127.0.0.1", &clients[3], &servers[3]));
    for (int i = 0; i < 3; i++) {
        (void)close(clients[i]);
        (void)close(servers[i]);
    }
    end_listener(&listener);
}

/* As many instances behind one NAT: the address is known once for each. */
static void test_accept_limits_grow_with_how_often_an_address_is_known(void **state)
{
    (void)state;
    const struct asg_accept_limits limits = {.name = "agents", .connections_address = 2};
    struct listener listener = listen_with(&limits);
    int clients[4];
    int servers[4];
    asg_accept_know("127.0.0.9");
    assert_true(is_taken_from(&listener, "127.0.0.9", &clients[0], &servers[0]));
    assert_true(is_taken_from(&listener, "127.0.0.9", &clients[1], &servers[1]));
    assert_false(is_taken_from(&listener, "127.0.0.9", &clients[2], &servers[2]));
    asg_accept_know("127.0.0.9");
    assert_true(is_taken_from(&listener, "127.0.0.9", &clients[2], &servers[2]));
    assert_false(is_taken_from(&listener, "127.0.0.9", &clients[3], &servers[3]));
    asg_accept_forget("127.0.0.9");
    (void)close(servers[2]);
    (void)close(clients[2]);
    assert_false(is_taken_from(&listener, "127.0.0.9", &clients[2], &servers[2]));
    asg_accept_forget("127.0.0.9");
    for (int i = 0; i < 2; i++) {
        (void)close(clients[i]);
        (void)close(servers[i]);
    }
    end_listener(&listener);
}

static void test_accept_limits_of_strangers_are_not_for_who_proved_to_be_none(
    void **state)
{
    (void)state;
    const struct asg_accept_limits limits = {.name = "agents", .connections = 1};
    struct listener listener = listen_with(&limits);
    int clients[3];
    int servers[3];
    assert_true(is_taken_from(&listener, "127.0.0.7", &clients[0], &servers[0]));
    assert_false(is_taken_from(&listener, "127.0.0.8", &clients[1], &servers[1]));
    asg_accept_prove(servers[0]);
    asg_accept_prove(servers[0]); /* it was known */
    asg_accept_prove(-1);
    asg_accept_prove(listener.fd); /* none of ours */
    assert_int_equal(counts_of(&listener).open_known, 1);
    assert_true(is_taken_from(&listener, "127.0.0.8", &clients[1], &servers[1]));
    assert_false(is_taken_from(&listener, "127.0.0.9", &clients[2], &servers[2]));
    for (int i = 0; i < 2; i++) {
        (void)close(clients[i]);
        (void)close(servers[i]);
    }
    assert_int_equal(counts_of(&listener).open, 0);
    assert_int_equal(counts_of(&listener).open_known, 0);
    end_listener(&listener);
}

static void test_accept_limits_how_often_strangers_connect(void **state)
{
    (void)state;
    const struct asg_accept_limits limits = {
        .name = "agents", .handshakes_s = 3, .handshakes_address_s = 2};
    struct listener listener = listen_with(&limits);
    asg_accept_know("127.0.0.2");
    int client;
    int server;
    int taken[3] = {0};
    const char *const sources[] = {"127.0.0.9", "127.0.0.8", "127.0.0.2"};
    int64_t began_ms = wait_now_ms();
    for (int i = 0; i < 9; i++) {
        if (!is_taken_from(&listener, sources[i / 3], &client, &server)) continue;
        taken[i / 3]++;
        (void)close(client);
        (void)close(server);
    }
    if (wait_now_ms() - began_ms < 300) { /* else a bucket has filled again */
        assert_int_equal(taken[0], 2);
        assert_int_equal(taken[1], 1);
        assert_int_equal(taken[2], 2);
    }
    struct wait wait = wait_begin(5000);
    while (!is_taken_from(&listener, "127.0.0.9", &client, &server)) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    (void)close(client);
    (void)close(server);
    asg_accept_forget("127.0.0.2");
    end_listener(&listener);
}

/* A peer that loopback cannot have. */
static struct sockaddr_storage peer_at(const char *address)
{
    struct sockaddr_storage ret = {0};
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&ret;
    struct sockaddr_in *four = (struct sockaddr_in *)&ret;
    if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
    } else {
        assert_int_equal(inet_pton(AF_INET, address, &four->sin_addr), 1);
        four->sin_family = AF_INET;
    }
    return ret;
}

static int open_some_file(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* The descriptor that was admitted, or -1. */
static int admit(int slot, const char *address)
{
    struct sockaddr_storage peer = peer_at(address);
    int fd = open_some_file();
    if (asg_accept_admit(slot, fd, &peer)) return fd;
    (void)close(fd);
    return -1;
}

static void test_accept_limits_take_an_ipv6_network_for_one_stranger(void **state)
{
    (void)state;
    const struct asg_accept_limits one = {.name = "agents", .connections_address = 1};
    struct listener listener = listen_with(&one);
    int slot = asg_accept_slot(listener.fd);
    assert_true(slot >= 0);
    asg_accept_know("2001:db8::7");
    int fds[5] = {admit(slot, "2001:db8::1"), admit(slot, "2001:db8::2"),
                  admit(slot, "2001:db8::7"), admit(slot, "2001:db8:0:1::1"),
                  admit(slot, "10.0.0.1")};
    assert_true(fds[0] >= 0);
    assert_int_equal(fds[1], -1);
    assert_true(fds[2] >= 0);
    assert_true(fds[3] >= 0);
    assert_true(fds[4] >= 0);
    /* gRPC core listens on both families: IPv4 comes mapped. */
    assert_int_equal(admit(slot, "::ffff:10.0.0.1"), -1);
    for (int i = 0; i < 5; i++) {
        if (fds[i] >= 0) (void)close(fds[i]);
    }
    asg_accept_forget("2001:db8::7");
    assert_int_equal(counts_of(&listener).open, 0);
    end_listener(&listener);
}

static void test_accept_limits_keep_descriptors_back(void **state)
{
    (void)state;
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    const struct asg_accept_limits none = {.name = "agents"};
    const struct asg_accept_limits admin = {.name = "admin", .may_use_reserve = true};
    struct listener agents = listen_with(&none);
    struct listener orders = listen_with(&admin);
    asg_accept_reserve((uint32_t)files.rlim_cur - 8);
    int slot = asg_accept_slot(agents.fd);
    asg_accept_know("10.1.0.1");
    int fds[16];
    int count = 0;
    for (int i = 0; i < 4; i++) {
        fds[count++] = admit(slot, "10.9.0.1");
        assert_true(fds[count - 1] >= 0);
    }
    assert_int_equal(admit(slot, "10.9.0.2"), -1); /* strangers take half at most */
    for (int i = 0; i < 4; i++) {
        fds[count++] = admit(slot, "10.1.0.1");
        assert_true(fds[count - 1] >= 0);
    }
    assert_int_equal(admit(slot, "10.1.0.1"), -1); /* and all together, all but those */
    fds[count++] = admit(asg_accept_slot(orders.fd), "10.9.0.1");
    assert_true(fds[count - 1] >= 0);
    while (count > 0) {
        (void)close(fds[--count]);
    }
    fds[0] = admit(slot, "10.9.0.2");
    assert_true(fds[0] >= 0);
    (void)close(fds[0]);
    asg_accept_forget("10.1.0.1");
    end_listener(&agents);
    end_listener(&orders);
}

/* libzmq would spin on such a connection, and gRPC core never accept again. */
static void test_accept_limits_turn_away_when_no_descriptor_is_left(void **state)
{
    (void)state;
    const struct asg_accept_limits none = {.name = "agents"};
    struct listener listener = listen_with(&none);
    int client = connect_from("127.0.0.9", listener.port);
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    int taken[64];
    int most = 0;
    for (int i = 0; i < 64; i++) {
        taken[i] = dup(client);
        if (taken[i] > most) most = taken[i];
    }
    struct rlimit tight = {.rlim_cur = (rlim_t)most + 1, .rlim_max = files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    struct wait wait = wait_begin(5000);
    int server = -1;
    do {
        server = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
    } while (server < 0 && errno == EAGAIN && !wait_is_over(&wait));
    int code = errno;
    int again = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
    int again_code = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    for (int i = 0; i < 64; i++) {
        (void)close(taken[i]);
    }
    assert_int_equal(server, -1);
    assert_int_equal(code, EINTR);
    assert_int_equal(again, -1);
    assert_int_equal(again_code, EAGAIN); /* nothing was left in the backlog */
    char byte;
    assert_int_equal(recv(client, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_int_equal(counts_of(&listener).refused, 1);
    (void)close(client);
    assert_true(is_taken_from(&listener, "127.0.0.9", &client, &server));
    (void)close(client);
    (void)close(server);
    end_listener(&listener);
}

static void test_accept_limits_hand_on_flags_and_the_peer(void **state)
{
    (void)state;
    const struct asg_accept_limits none = {.name = "agents"};
    struct listener listener = listen_with(&none);
    int client = connect_from("127.0.0.7", listener.port);
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    int server = -1;
    struct wait wait = wait_begin(5000);
    while (server < 0 && !wait_is_over(&wait)) {
        server = accept4(listener.fd, (struct sockaddr *)&peer, &length,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
    }
    assert_true(server >= 0);
    assert_int_equal(length, sizeof peer);
    assert_int_equal(ntohl(peer.sin_addr.s_addr), 0x7f000007);
    assert_int_not_equal(fcntl(server, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_not_equal(fcntl(server, F_GETFL) & O_NONBLOCK, 0);
    (void)close(client);
    (void)close(server);
    client = connect_from("127.0.0.7", listener.port);
    while ((server = accept(listener.fd, NULL, NULL)) < 0 && !wait_is_over(&wait)) {
        wait_a_moment();
    }
    assert_true(server >= 0);
    (void)close(client);
    (void)close(server);
    end_listener(&listener);
}

/* A descriptor may leave by other ways than close(): the count is put right when its
 * number comes again. */
static void test_accept_limits_find_what_was_closed_elsewhere(void **state)
{
    (void)state;
    const struct asg_accept_limits one = {.name = "agents", .connections = 1};
    struct listener listener = listen_with(&one);
    int slot = asg_accept_slot(listener.fd);
    struct sockaddr_storage peer = peer_at("10.9.0.1");
    int fd = open_some_file();
    asg_accept_limit(listener.port, &(struct asg_accept_limits){.name = "agents"});
    assert_true(asg_accept_admit(slot, fd, &peer));
    assert_true(asg_accept_admit(slot, fd, &peer));
    assert_int_equal(counts_of(&listener).open, 1);
    (void)close(fd);
    assert_int_equal(counts_of(&listener).open, 0);
    end_listener(&listener);
}

static void test_accept_limits_tell_once_who_was_refused_and_why(void **state)
{
    (void)state;
    const struct asg_accept_limits one = {.name = "agents", .connections_address = 1};
    struct listener listener = listen_with(&one);
    int slot = asg_accept_slot(listener.fd);
    struct asg_error told;
    assert_false(asg_accept_tell(1000, &told));
    int first = admit(slot, "10.9.0.1");
    int second = admit(slot, "10.9.0.2");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(admit(slot, "10.9.0.1"), -1);
    }
    assert_int_equal(admit(slot, "10.9.0.2"), -1);
    assert_true(asg_accept_tell(2000, &told));
    assert_string_equal(told.text,
                        "agents: refused 6 connections of 2 addresses in 1 s, 5 of them "
                        "of 10.9.0.1: one address may not hold more connections");
    assert_false(asg_accept_tell(2001, &told));
    assert_int_equal(admit(slot, "10.9.0.2"), -1);
    assert_false(asg_accept_tell(11999, &told));
    assert_true(asg_accept_tell(12000, &told));
    assert_string_equal(told.text,
                        "agents: refused 1 connections of 1 addresses in 1 s, 1 of them "
                        "of 10.9.0.2: one address may not hold more connections");
    (void)close(first);
    (void)close(second);
    end_listener(&listener);
}

/* ---- many threads ---- */

#define THREADS 4
#define ROUNDS  20000

struct worker {
    pthread_t thread;
    int slot;
    uint64_t seed;
    atomic_uint *most;
    uint64_t admitted;
};

static void *admit_and_close(void *context)
{
    struct worker *self = context;
    struct seed seed = {.state = self->seed};
    int held[8];
    for (int i = 0; i < 8; i++) {
        held[i] = -1;
    }
    for (int i = 0; i < ROUNDS; i++) {
        int *place = &held[seed_below(&seed, 8)];
        if (*place >= 0) {
            (void)close(*place);
            *place = -1;
            continue;
        }
        char address[32];
        (void)snprintf(address, sizeof address, "10.%d.0.%d", (int)seed_below(&seed, 2),
                       (int)seed_below(&seed, 8));
        if (seed_below(&seed, 64) == 0) asg_accept_know(address);
        if (seed_below(&seed, 64) == 0) asg_accept_forget(address);
        *place = admit(self->slot, address);
        if (*place >= 0) self->admitted++;
    }
    for (int i = 0; i < 8; i++) {
        if (held[i] >= 0) (void)close(held[i]);
    }
    return NULL;
}

static void test_accept_limits_count_right_whoever_opens_and_closes(void **state)
{
    (void)state;
    const struct asg_accept_limits limits = {.name = "agents",
                                             .connections = 9,
                                             .connections_address = 3,
                                             .known_connections = 5};
    struct listener listener = listen_with(&limits);
    struct seed seed = seed_new("test_accept_limits");
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.slot = asg_accept_slot(listener.fd),
                                     .seed = seed_next(&seed) | 1};
        assert_int_equal(
            pthread_create(&workers[i].thread, NULL, admit_and_close, &workers[i]), 0);
    }
    uint64_t admitted = 0;
    struct wait wait = wait_begin(100);
    while (!wait_is_over(&wait)) { /* the counts never pass the limits on the way */
        struct asg_accept_counts counts = counts_of(&listener);
        assert_in_range(counts.open, 0, 9 + 5);
        assert_in_range(counts.open_known, 0, 5);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        admitted += workers[i].admitted;
    }
    struct asg_accept_counts counts = counts_of(&listener);
    assert_int_equal(counts.open, 0);
    assert_int_equal(counts.open_known, 0);
    assert_int_equal(counts.accepted, admitted);
    assert_true(counts.refused > 0);
    end_listener(&listener);
}

/* Ten thousand addresses with a connection each, and what an accept then costs. */
static void test_accept_limits_find_any_of_many_addresses_in_the_same_time(void **state)
{
    (void)state;
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    struct rlimit wide = {.rlim_cur = files.rlim_max, .rlim_max = files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &wide), 0);
    int many = files.rlim_max > 10100 ? 10000 : (int)files.rlim_max - 100;
    const struct asg_accept_limits limits = {.name = "agents", .connections_address = 1};
    struct listener listener = listen_with(&limits);
    int slot = asg_accept_slot(listener.fd);
    int *fds = calloc((size_t)many, sizeof *fds);
    char address[32];
    for (int i = 0; i < many; i++) {
        (void)snprintf(address, sizeof address, "10.%d.%d.%d", i >> 16, i >> 8 & 255,
                       i & 255);
        asg_accept_know(address);
        fds[i] = admit(slot, address);
        assert_true(fds[i] >= 0);
    }
    assert_int_equal(counts_of(&listener).open_known, many);
    int64_t began_ms = wait_now_ms();
    for (int i = 0; i < 100000; i++) { /* one that is full, and a stranger who may */
        assert_int_equal(admit(slot, address), -1);
        (void)close(admit(slot, "10.200.0.1"));
    }
    (void)printf("an admission among %d addresses: %ld ns with open() and close()\n",
                 many, (long)(wait_now_ms() - began_ms) * 5);
    for (int i = 0; i < many; i++) {
        (void)snprintf(address, sizeof address, "10.%d.%d.%d", i >> 16, i >> 8 & 255,
                       i & 255);
        asg_accept_forget(address);
        (void)close(fds[i]);
    }
    free(fds);
    assert_int_equal(counts_of(&listener).open, 0);
    end_listener(&listener);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

/* What a connection has sent, as a library would read it. */
static ssize_t read_as_grpc_does(int fd)
{
    char bytes[4096];
    struct iovec to = {.iov_base = bytes, .iov_len = sizeof bytes};
    struct msghdr message = {.msg_iov = &to, .msg_iovlen = 1};
    return recvmsg(fd, &message, 0);
}

static void test_accept_limits_cut_off_who_sends_too_much(void **state)
{
    (void)state;
    const struct asg_accept_limits few = {.name = "enrol", .received_bytes = 1000};
    const struct asg_accept_limits any = {.name = "agents"};
    struct listener listener = listen_with(&few);
    struct listener other = listen_with(&any);
    char bytes[600] = {0};
    for (int life = 0; life < 2; life++) { /* the descriptor is used again */
        int client;
        int server;
        assert_true(is_taken_from(&listener, "127.0.0.9", &client, &server));
        assert_int_equal(send(client, bytes, 600, 0), 600);
        assert_int_equal(read_as_grpc_does(server), 600);
        assert_int_equal(send(client, bytes, 400, 0), 400);
        assert_int_equal(read_as_grpc_does(server), 400);
        assert_int_equal(send(client, bytes, 1, 0), 1);
        assert_int_equal(read_as_grpc_does(server), -1);
        assert_int_equal(errno, ECONNRESET);
        assert_int_equal(counts_of(&listener).refused, life + 1);
        (void)close(client);
        assert_int_equal(read_as_grpc_does(server), 0); /* its end is its end */
        (void)close(server);
    }
    struct asg_error told;
    assert_true(asg_accept_tell(1, &told));
    assert_non_null(strstr(told.text, "may not send more bytes"));
    int client;
    int server;
    assert_true(is_taken_from(&other, "127.0.0.9", &client, &server));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(send(client, bytes, 600, 0), 600);
        assert_int_equal(read_as_grpc_does(server), 600);
    }
    (void)close(client);
    (void)close(server);
    end_listener(&listener);
    end_listener(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_limits_leave_other_ports_alone),
        cmocka_unit_test(test_accept_limits_cut_off_who_sends_too_much),
        cmocka_unit_test(test_accept_limits_count_what_one_address_holds),
        cmocka_unit_test(test_accept_limits_of_strangers_leave_the_fleet_alone),
        cmocka_unit_test(test_accept_limits_of_an_address_are_not_this_hosts_own),
        cmocka_unit_test(test_accept_limits_grow_with_how_often_an_address_is_known),
        cmocka_unit_test(
            test_accept_limits_of_strangers_are_not_for_who_proved_to_be_none),
        cmocka_unit_test(test_accept_limits_how_often_strangers_connect),
        cmocka_unit_test(test_accept_limits_take_an_ipv6_network_for_one_stranger),
        cmocka_unit_test(test_accept_limits_keep_descriptors_back),
        cmocka_unit_test(test_accept_limits_turn_away_when_no_descriptor_is_left),
        cmocka_unit_test(test_accept_limits_hand_on_flags_and_the_peer),
        cmocka_unit_test(test_accept_limits_find_what_was_closed_elsewhere),
        cmocka_unit_test(test_accept_limits_tell_once_who_was_refused_and_why),
        cmocka_unit_test(test_accept_limits_count_right_whoever_opens_and_closes),
        cmocka_unit_test(test_accept_limits_find_any_of_many_addresses_in_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
