#include "base/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* One service a process, as one log. */
static struct {
    int socket;       /* 0: nobody asks */
    int64_t every_ms; /* 0: no watchdog */
    int64_t next_ms;
} notify;

/* A path, or a name with '@' for the NUL of abstract ones. */
static int connect_to(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if (length < 2 || length >= sizeof address.sun_path) return -1;
    if (name[0] != '/' && name[0] != '@') return -1;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@') address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    size_t size = offsetof(struct sockaddr_un, sun_path) + length;
    if (connect(fd, (const struct sockaddr *)&address, (socklen_t)size) == 0) return fd;
    (void)close(fd);
    return -1;
}

/* The watchdog may be meant for another process of the unit. */
static int64_t watchdog_ms(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    if (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()) return 0;
    const char *interval = getenv("WATCHDOG_USEC");
    int64_t ms = interval == NULL ? 0 : strtoll(interval, NULL, 10) / 1000;
    return ms < 2 ? 0 : ms;
}

void asg_notify_open(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    int fd = name == NULL ? -1 : connect_to(name);
    if (fd > 0) {
        notify.socket = fd;
        notify.every_ms = watchdog_ms() / 2;
    }
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
}

/* What is not heard now is not worth waiting for: the next one says it again. */
static void tell(const char *state)
{
    if (notify.socket == 0) return;
    (void)send(notify.socket, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void asg_notify_ready(const char *words)
{
    char state[256];
    (void)snprintf(state, sizeof state, "READY=1\nSTATUS=%s", words);
    tell(state);
}

int64_t asg_notify_alive(int64_t now_ms)
{
    if (notify.every_ms == 0) return INT64_MAX;
    if (now_ms >= notify.next_ms) {
        tell("WATCHDOG=1");
        notify.next_ms = now_ms + notify.every_ms;
    }
    return notify.next_ms - now_ms;
}

void asg_notify_stopping(void)
{
    tell("STOPPING=1");
}

void asg_notify_close(void)
{
    if (notify.socket != 0) (void)close(notify.socket);
    memset(&notify, 0, sizeof notify);
}
