/* test_notify - what a service tells systemd, heard at the other end of the socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/notify.h"
#include "lib/check.h"

/* A socket as systemd has it, under an abstract name that nobody else has. */
static int listen_as_systemd(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path,
                          "@openasg-test-notify-%d", (int)getpid());
    assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
    address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    size_t size = offsetof(struct sockaddr_un, sun_path) + (size_t)length;
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, (socklen_t)size), 0);
    return fd;
}

/* What the next datagram says; "" when there is none. */
static const char *heard(int fd)
{
    static char text[512];
    ssize_t got = recv(fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static void test_systemd_hears_of_start_life_and_end(void **state)
{
    (void)state;
    int fd = listen_as_systemd();
    char pid[32];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    (void)setenv("WATCHDOG_USEC", "30000000", 1);
    (void)setenv("WATCHDOG_PID", pid, 1);
    asg_notify_open();
    assert_string_equal(heard(fd), "");
    asg_notify_ready("leading");
    assert_string_equal(heard(fd), "READY=1\nSTATUS=leading");
    assert_int_equal(asg_notify_alive(1000), 15000); /* half of what systemd waits */
    assert_string_equal(heard(fd), "WATCHDOG=1");
    assert_int_equal(asg_notify_alive(15999), 1);
    assert_string_equal(heard(fd), "");
    assert_int_equal(asg_notify_alive(16000), 15000);
    assert_string_equal(heard(fd), "WATCHDOG=1");
    asg_notify_stopping();
    assert_string_equal(heard(fd), "STOPPING=1");
    assert_null(getenv("NOTIFY_SOCKET")); /* programs we run do not speak for us */
    assert_null(getenv("WATCHDOG_USEC"));
    asg_notify_close();
    (void)close(fd);
}

static void test_a_watchdog_of_another_process_is_not_fed(void **state)
{
    (void)state;
    int fd = listen_as_systemd();
    (void)setenv("WATCHDOG_USEC", "30000000", 1);
    (void)setenv("WATCHDOG_PID", "1", 1);
    asg_notify_open();
    assert_int_equal(asg_notify_alive(1000), INT64_MAX);
    assert_string_equal(heard(fd), "");
    asg_notify_close();
    (void)close(fd);
}

static void test_nothing_is_said_where_nobody_asks(void **state)
{
    (void)state;
    static const char *const names[] = {"", "@", "nowhere", "/nonexistent/notify"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)setenv("NOTIFY_SOCKET", names[i], 1);
        (void)setenv("WATCHDOG_USEC", "30000000", 1);
        asg_notify_open();
        asg_notify_ready("leading");
        assert_int_equal(asg_notify_alive(1000), INT64_MAX);
        asg_notify_stopping();
        asg_notify_close();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_systemd_hears_of_start_life_and_end),
        cmocka_unit_test(test_a_watchdog_of_another_process_is_not_fed),
        cmocka_unit_test(test_nothing_is_said_where_nobody_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
