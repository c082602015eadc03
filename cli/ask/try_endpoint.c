#include "cli/ask/try_endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRY_MS    500
#define HOST_SIZE 256

/* "tcp://127.0.0.1:7703", "tcp://[::1]:7703" */
static bool cut(const char *endpoint, char host[HOST_SIZE], const char **ret_port)
{
    static const char scheme[] = "tcp://";
    if (strncmp(endpoint, scheme, sizeof scheme - 1) != 0) return false;
    const char *at = endpoint + sizeof scheme - 1;
    const char *colon = strrchr(at, ':');
    if (colon == NULL || colon == at || colon[1] == '\0') return false;
    size_t length = (size_t)(colon - at);
    if (at[0] == '[' && length > 2 && at[length - 1] == ']') {
        at++;
        length -= 2;
    }
    if (length >= HOST_SIZE) return false;
    memcpy(host, at, length);
    host[length] = '\0';
    *ret_port = colon + 1;
    return true;
}

static int connect_for(int fd, const struct addrinfo *address)
{
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    struct pollfd waited = {.fd = fd, .events = POLLOUT};
    int count = poll(&waited, 1, TRY_MS);
    if (count <= 0) return count == 0 ? ETIMEDOUT : errno;
    int failure = 0;
    socklen_t size = sizeof failure;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0) return errno;
    return failure;
}

int asg_try_endpoint(const char *endpoint)
{
    char host[HOST_SIZE];
    const char *port = NULL;
    if (!cut(endpoint, host, &port)) return -1;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &wanted, &found) != 0) return -1;
    int failure = -1;
    for (const struct addrinfo *at = found; at != NULL && failure != 0;
         at = at->ai_next) {
        int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) continue;
        failure = connect_for(fd, at);
        (void)close(fd);
    }
    freeaddrinfo(found);
    return failure;
}
