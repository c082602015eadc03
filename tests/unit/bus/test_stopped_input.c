/* An agent that dies while the controller's queue is full of its reports: libzmq 4.3
 * alone ends the program (lib/base/stopped_input.c). */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "bus/inlet.h"

#include "lib/check.h"

static void pass_ms(int ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    (void)nanosleep(&time, NULL);
}

static void set(void *socket, int option, int value)
{
    if (zmq_setsockopt(socket, option, &value, sizeof value) != 0) _exit(90);
}

/* Reports and PINGs in turn, until it is killed. A byte for each report that a connection
 * took. */
static void be_agent(const char *endpoint, int tell)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_PUSH);
    set(socket, ZMQ_HEARTBEAT_IVL, 10);
    set(socket, ZMQ_HEARTBEAT_TIMEOUT, 60000);
    set(socket, ZMQ_HEARTBEAT_TTL, 60000);
    set(socket, ZMQ_IMMEDIATE, 1);
    if (zmq_connect(socket, endpoint) != 0) _exit(91);
    for (;;) {
        bool is_sent = zmq_send(socket, "report", 6, ZMQ_DONTWAIT) >= 0;
        if (is_sent && write(tell, "", 1) != 1) _exit(95);
        pass_ms(4);
    }
}

/* The controller: does not read for a while, in which the agent goes on and is killed;
 * stopped as a whole, so that reports and PINGs come in one piece. */
static void be_controller(int tell, size_t least)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct asg_bus *bus = NULL;
    struct asg_bus_inlet *inlet = NULL;
    const struct asg_bus_inlet_options options = {
        .endpoint = "tcp://127.0.0.1:*", .domain = "agents", .allow_plaintext = true};
    struct asg_error error;
    if (asg_bus_new(1, &bus, &error) != ASG_OK ||
        asg_bus_inlet_new(bus, &options, &inlet, &error) != ASG_OK) {
        _exit(92);
    }
    const char *endpoint = asg_bus_inlet_endpoint(inlet);
    if (write(tell, endpoint, strlen(endpoint) + 1) < 0) _exit(93);
    pass_ms(1500);
    size_t count = 0;
    for (int quiet = 0; quiet < 50; quiet++) {
        struct asg_bus_message message;
        while (asg_bus_inlet_receive(inlet, &message) == ASG_OK) {
            count++;
            quiet = 0;
        }
        pass_ms(10);
    }
    asg_bus_inlet_destroy(&inlet);
    asg_bus_destroy(&bus);
    _exit(count >= least ? 0 : 94);
}

static pid_t start_controller(size_t least, char *ret_endpoint)
{
    int told[2];
    assert_int_equal(0, pipe(told));
    pid_t controller = fork();
    if (controller == 0) be_controller(told[1], least);
    assert_true(read(told[0], ret_endpoint, ASG_BUS_ENDPOINT_MAX - 1) > 0);
    (void)close(told[0]);
    (void)close(told[1]);
    return controller;
}

/* Returns when all of its threads stand. */
static void stop(pid_t controller)
{
    int status = 0;
    assert_int_equal(0, kill(controller, SIGSTOP));
    assert_int_equal(controller, waitpid(controller, &status, WUNTRACED));
    assert_true(WIFSTOPPED(status));
}

static void end_controller(pid_t controller)
{
    int status = 0;
    assert_int_equal(controller, waitpid(controller, &status, 0));
    assert_false(WIFSIGNALED(status));
    assert_int_equal(0, WEXITSTATUS(status));
}

static void wait_for_reports(int told, int count)
{
    for (int i = 0; i < count; i++) {
        char byte;
        struct pollfd more = {.fd = told, .events = POLLIN};
        assert_int_equal(1, poll(&more, 1, 20000));
        assert_int_equal(1, read(told, &byte, 1));
    }
}

/* More than its queue holds: it was stopped, and went on. */
#define STOPPED_AND_WENT_ON 9

static void test_peer_that_dies_behind_a_full_queue_ends_nothing(void **state)
{
    (void)state;
    char endpoint[ASG_BUS_ENDPOINT_MAX] = "";
    pid_t controller = start_controller(STOPPED_AND_WENT_ON, endpoint);
    int told[2];
    assert_int_equal(0, pipe(told));
    pid_t agent = fork();
    if (agent == 0) be_agent(endpoint, told[1]);
    wait_for_reports(told[0], 2);
    stop(controller);
    wait_for_reports(told[0], 40);
    assert_int_equal(0, kill(agent, SIGKILL));
    assert_int_equal(agent, waitpid(agent, NULL, 0));
    (void)close(told[0]);
    (void)close(told[1]);
    assert_int_equal(0, kill(controller, SIGCONT));
    end_controller(controller);
}

static void send_all(int fd, const void *data, size_t length)
{
    assert_int_equal(length, send(fd, data, length, MSG_NOSIGNAL));
}

/* A peer of ZMTP 3.0 without a security mechanism, by hand. */
static int connect_by_hand(const char *endpoint)
{
    static const uint8_t greeting[64] = {0xff, 0,    0, 0, 0,   0,   0,   0,
                                         0,    0x7f, 3, 0, 'N', 'U', 'L', 'L'};
    static const char ready[] = "\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH";
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, connect(fd, (struct sockaddr *)&address, sizeof address));
    send_all(fd, greeting, sizeof greeting);
    send_all(fd, ready, sizeof ready - 1);
    uint8_t answer[64 + 2];
    assert_int_equal(sizeof answer, recv(fd, answer, sizeof answer, MSG_WAITALL));
    uint8_t rest[256];
    assert_int_equal(answer[65], recv(fd, rest, answer[65], MSG_WAITALL));
    return fd;
}

#define REPORTS 40 /* all of them are read */

/* All in one event: what fills the queue, PINGs behind it, and that the connection was
 * reset. libzmq calls in_event() twice for it, if it is let. */
static void test_peer_that_resets_in_the_same_moment_ends_nothing(void **state)
{
    (void)state;
    static const char report_and_ping[] = "\0\x06report\x04\x07\x04PING\0\0";
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    char endpoint[ASG_BUS_ENDPOINT_MAX] = "";
    pid_t controller = start_controller(REPORTS, endpoint);
    int fd = connect_by_hand(endpoint);
    pass_ms(100);
    stop(controller);
    for (int i = 0; i < REPORTS; i++)
        send_all(fd, report_and_ping, sizeof report_and_ping - 1);
    int left = 1;
    for (int i = 0; i < 500 && left > 0; i++) {
        assert_int_equal(0, ioctl(fd, SIOCOUTQ, &left));
        pass_ms(1);
    }
    assert_int_equal(0, left);
    assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now));
    assert_int_equal(0, close(fd));
    assert_int_equal(0, kill(controller, SIGCONT));
    end_controller(controller);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_that_dies_behind_a_full_queue_ends_nothing),
        cmocka_unit_test(test_peer_that_resets_in_the_same_moment_ends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
