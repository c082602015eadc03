/* An agent that dies while the controller's queue is full of its reports: libzmq 4.3
 * alone ends the program (lib/base/stopped_input.c). */
#include <signal.h>
#include <sys/prctl.h>
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

/* Reports and PINGs in turn, until it is killed. */
static void be_agent(const char *endpoint)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_PUSH);
    set(socket, ZMQ_HEARTBEAT_IVL, 10);
    set(socket, ZMQ_HEARTBEAT_TIMEOUT, 60000);
    set(socket, ZMQ_HEARTBEAT_TTL, 60000);
    if (zmq_connect(socket, endpoint) != 0) _exit(91);
    for (;;) {
        (void)zmq_send(socket, "report", 6, ZMQ_DONTWAIT);
        pass_ms(4);
    }
}

/* The controller: does not read for a while, in which the agent goes on and is killed;
 * stopped as a whole, so that reports and PINGs come in one piece. */
static void be_controller(int tell)
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
    _exit(count > 8 ? 0
                    : 94); /* more than the queue holds: it was stopped, and went on */
}

static void test_peer_that_dies_behind_a_full_queue_ends_nothing(void **state)
{
    (void)state;
    int told[2];
    char endpoint[ASG_BUS_ENDPOINT_MAX] = "";
    assert_int_equal(0, pipe(told));
    pid_t controller = fork();
    if (controller == 0) be_controller(told[1]);
    assert_true(read(told[0], endpoint, sizeof endpoint - 1) > 0);
    pid_t agent = fork();
    if (agent == 0) be_agent(endpoint);
    pass_ms(100);
    assert_int_equal(0, kill(controller, SIGSTOP));
    pass_ms(200);
    assert_int_equal(0, kill(agent, SIGKILL));
    int status = 0;
    assert_int_equal(agent, waitpid(agent, &status, 0));
    assert_int_equal(0, kill(controller, SIGCONT));
    assert_int_equal(controller, waitpid(controller, &status, 0));
    assert_false(WIFSIGNALED(status));
    assert_int_equal(0, WEXITSTATUS(status));
    (void)close(told[0]);
    (void)close(told[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_that_dies_behind_a_full_queue_ends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
