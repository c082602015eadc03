#include "rpc/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESS_BYTES_MAX 64

/* Both families in one; *ret_length is 0 when `target` is no address with a port. */
static struct sockaddr_storage read_target(const char *target, socklen_t *ret_length)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
    char host[ADDRESS_BYTES_MAX];
    const char *colon = strrchr(target, ':');
    *ret_length = 0;
    if (colon == NULL) return address;
    bool is_six = target[0] == '[' && colon > target && colon[-1] == ']';
    const char *from = is_six ? target + 1 : target;
    size_t length = (size_t)(colon - from) - (is_six ? 1 : 0);
    long port = strtol(colon + 1, NULL, 10);
    if (length >= sizeof host || port < 1 || port > UINT16_MAX) return address;
    memcpy(host, from, length);
    host[length] = '\0';
    if (is_six && inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        *ret_length = sizeof *six;
    } else if (!is_six && inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        *ret_length = sizeof *four;
    }
    return address;
}

/* A reset tells as much as a refusal: somebody is there. */
static bool is_answer(int error)
{
    return error == 0 || error == ECONNREFUSED || error == ECONNRESET;
}

struct asg_rpc_reach asg_rpc_reach_begin(const char *target)
{
    struct asg_rpc_reach reach = {.fd = -1};
    socklen_t length = 0;
    struct sockaddr_storage address = read_target(target, &length);
    if (length == 0) return reach;
    reach.fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (reach.fd < 0) return reach;
    int code = connect(reach.fd, (const struct sockaddr *)&address, length);
    reach.has_answered = is_answer(code == 0 ? 0 : errno);
    return reach;
}

bool asg_rpc_reach_end(struct asg_rpc_reach *reach)
{
    if (reach->fd < 0) return false;
    struct pollfd ready = {.fd = reach->fd, .events = POLLOUT};
    int error = 0;
    socklen_t length = sizeof error;
    bool is_over = !reach->has_answered && poll(&ready, 1, 0) == 1 &&
                   getsockopt(reach->fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0;
    if (is_over) reach->has_answered = is_answer(error);
    (void)close(reach->fd);
    reach->fd = -1;
    return reach->has_answered;
}
