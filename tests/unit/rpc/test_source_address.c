/* That a client comes from the address it was told to: gRPC's own types are at stake. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/client.h"

#include "lib/check.h"

static void ignore(const struct asg_rpc_reply *reply, void *context)
{
    (void)reply;
    (void)context;
}

/* The address that a call of such a client comes from. */
static void source_of(const char *source_address, char ret[INET_ADDRSTRLEN])
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    assert_int_equal(0, bind(listener, (struct sockaddr *)&here, sizeof here));
    assert_int_equal(0, listen(listener, 4));
    assert_int_equal(0, getsockname(listener, (struct sockaddr *)&here, &length));
    char target[32];
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", ntohs(here.sin_port));

    const struct asg_rpc_client_options options = {.source_address = source_address};
    struct asg_rpc_client *client = NULL;
    struct asg_error error;
    assert_status(ASG_OK, asg_rpc_client_new(&options, &client, &error));
    for (int i = 0; i < 3; i++) { /* each has a channel of its own */
        assert_status(ASG_OK, asg_rpc_client_call(client, target, "/a.B/C", "", 0, 20000,
                                                  ignore, NULL));
        struct pollfd comes = {.fd = listener, .events = POLLIN};
        assert_int_equal(1, poll(&comes, 1, 20000));
        struct sockaddr_in peer;
        length = sizeof peer;
        int fd = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
        assert_true(fd >= 0);
        assert_non_null(inet_ntop(AF_INET, &peer.sin_addr, ret, INET_ADDRSTRLEN));
        (void)close(fd);
    }
    asg_rpc_client_destroy(&client);
    (void)close(listener);
}

static void test_client_comes_from_the_address_it_was_told(void **state)
{
    (void)state;
    char address[INET_ADDRSTRLEN];
    source_of("127.77.5.6", address);
    assert_string_equal("127.77.5.6", address);
    source_of(NULL, address);
    assert_string_equal("127.0.0.1", address);
}

static void test_what_is_no_address_is_refused(void **state)
{
    (void)state;
    const struct asg_rpc_client_options options = {.source_address = "ten"};
    struct asg_rpc_client *client = NULL;
    struct asg_error error;
    assert_status(ASG_ERR_INVALID, asg_rpc_client_new(&options, &client, &error));
    assert_non_null(strstr(error.text, "\"ten\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_comes_from_the_address_it_was_told),
        cmocka_unit_test(test_what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
