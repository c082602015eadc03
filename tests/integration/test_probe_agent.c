/* test_probe_agent - the prober before real sockets: a dead agent, one that hangs, and a
 * host that answers nothing are three things (docs/reliability.md, "Dead or out of
 * reach"). */
#include "controller/probe_agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/check.h"
#include "rpc/health.h"
#include "rpc/reach.h"

#define FILLERS  16
#define LIMIT_MS 30000

struct told {
    pthread_mutex_t lock;
    enum asg_sign sign;
    int count;
};

static struct told told;

static bool take_sign(void *context, const char *instance_id, enum asg_sign sign,
                      const char *detail)
{
    (void)context;
    (void)detail;
    assert_string_equal("i-1", instance_id);
    (void)pthread_mutex_lock(&told.lock);
    told.sign = sign;
    told.count++;
    (void)pthread_mutex_unlock(&told.lock);
    return true;
}

static struct told read_told(void)
{
    (void)pthread_mutex_lock(&told.lock);
    struct told copy = told;
    (void)pthread_mutex_unlock(&told.lock);
    return copy;
}

/* A free port of loopback that is listened on and never accepted from. */
static int listen_mutely(int backlog, char target[32])
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof address));
    assert_int_equal(0, listen(fd, backlog));
    socklen_t length = sizeof address;
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &length));
    (void)snprintf(target, 32, "127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

/* Connections until the kernel takes no more: a listener whose queue is full answers
 * nothing at all, as a host behind a cut link. */
static void fill(const char *target, struct asg_rpc_reach fillers[FILLERS])
{
    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = asg_rpc_reach_begin(target);
        assert_true(fillers[i].fd >= 0);
    }
}

static struct asg_prober *begin_to_probe(const char *target)
{
    (void)pthread_mutex_init(&told.lock, NULL);
    told.count = 0;
    const struct asg_prober_options options = {.concurrency = 10,
                                               .deadline_ms = 200,
                                               .suspect_ms = 20,
                                               .background_ms = 3600000,
                                               .failures = 2,
                                               .clock = asg_clock_real(),
                                               .tell = take_sign};
    struct asg_prober *prober = NULL;
    assert_status(ASG_OK, asg_prober_new(&options, &prober, NULL));
    asg_prober_watch(prober, "i-1", target, "");
    asg_prober_suspect(prober, "i-1", true);
    return prober;
}

static void probe_until_told(struct asg_prober *prober, enum asg_sign sign)
{
    struct asg_clock clock = asg_clock_real();
    int64_t began_ms = asg_clock_monotonic_ms(&clock);
    for (;;) {
        struct told now = read_told();
        if (now.count > 0 && now.sign == sign) return;
        if (asg_clock_monotonic_ms(&clock) - began_ms > LIMIT_MS) {
            fail_msg("told %d times, last sign %d, wanted %d", now.count, (int)now.sign,
                     (int)sign);
        }
        (void)asg_prober_turn(prober);
        const struct timespec pause = {.tv_nsec = 5000000};
        (void)nanosleep(&pause, NULL);
    }
}

static void test_a_refusing_host_is_there(void **state)
{
    (void)state;
    char target[32];
    int fd = listen_mutely(1, target);
    (void)close(fd);
    struct asg_prober *prober = begin_to_probe(target);
    probe_until_told(prober, ASG_SIGN_PROBE_FAILED);
    assert_int_equal(1, read_told().count);
    asg_prober_destroy(&prober);
}

static void test_an_agent_that_hangs_has_a_host_that_is_there(void **state)
{
    (void)state;
    char target[32];
    int fd = listen_mutely(100, target);
    struct asg_prober *prober = begin_to_probe(target);
    probe_until_told(prober, ASG_SIGN_PROBE_FAILED);
    asg_prober_destroy(&prober);
    (void)close(fd);
}

/* A socket whose queue is full: its host answers nothing any more. Told so. */
static int begin_out_of_reach(char target[32], struct asg_rpc_reach fillers[FILLERS],
                              struct asg_prober **ret)
{
    int fd = listen_mutely(0, target);
    fill(target, fillers);
    *ret = begin_to_probe(target);
    probe_until_told(*ret, ASG_SIGN_PROBE_UNREACHABLE);
    return fd;
}

static void test_a_host_that_answers_nothing_is_out_of_reach_until_it_does(void **state)
{
    (void)state;
    char target[32];
    struct asg_rpc_reach fillers[FILLERS];
    struct asg_prober *prober = NULL;
    int fd = begin_out_of_reach(target, fillers, &prober);
    assert_int_equal(1, read_told().count);
    /* The link is whole again, and nobody listens there. */
    (void)close(fd);
    probe_until_told(prober, ASG_SIGN_PROBE_FAILED);
    asg_prober_destroy(&prober);
    for (int i = 0; i < FILLERS; i++) {
        (void)asg_rpc_reach_end(&fillers[i]);
    }
}

static void test_an_agent_that_lives_is_told_once_it_was_missed(void **state)
{
    (void)state;
    char target[32];
    struct asg_rpc_reach fillers[FILLERS];
    struct asg_prober *prober = NULL;
    int fd = begin_out_of_reach(target, fillers, &prober);
    struct asg_rpc_health *health = asg_rpc_health_new();
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS];
    asg_rpc_health_methods(health, methods);
    assert_status(ASG_OK, asg_rpc_health_set(health, "", ASG_HEALTH_SERVING));
    const struct asg_rpc_server_options options = {.methods = methods,
                                                   .method_count = ASG_RPC_HEALTH_METHODS,
                                                   .address = "127.0.0.1:0"};
    struct asg_rpc_server *server = NULL;
    struct asg_error error = {""};
    if (asg_rpc_server_new(&options, &server, &error) != ASG_OK)
        fail_msg("%s", error.text);
    (void)snprintf(target, sizeof target, "127.0.0.1:%d", asg_rpc_server_port(server));
    asg_prober_watch(prober, "i-1", target, "");
    probe_until_told(prober, ASG_SIGN_PROBE_OK);
    asg_prober_destroy(&prober);
    asg_rpc_server_destroy(&server);
    asg_rpc_health_destroy(&health);
    (void)close(fd);
    for (int i = 0; i < FILLERS; i++) {
        (void)asg_rpc_reach_end(&fillers[i]);
    }
}

static void test_reach_knows_both_families_and_nonsense(void **state)
{
    (void)state;
    struct asg_rpc_reach six = asg_rpc_reach_begin("[::1]:1");
    bool has_ipv6 = six.fd >= 0; /* not every machine has */
    assert_int_equal(has_ipv6, asg_rpc_reach_end(&six));
    static const char *const bad[] = {
        "",       "127.0.0.1", "127.0.0.1:0", "host:1", "127.0.0.1:99999",
        "[::1:1", "[::1]",     ":1",          "[]:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct asg_rpc_reach reach = asg_rpc_reach_begin(bad[i]);
        assert_int_equal(-1, reach.fd);
        assert_false(asg_rpc_reach_end(&reach));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusing_host_is_there),
        cmocka_unit_test(test_an_agent_that_hangs_has_a_host_that_is_there),
        cmocka_unit_test(test_a_host_that_answers_nothing_is_out_of_reach_until_it_does),
        cmocka_unit_test(test_an_agent_that_lives_is_told_once_it_was_missed),
        cmocka_unit_test(test_reach_knows_both_families_and_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
