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

#include "rpc/library.h"

/* A reset tells as much as a refusal: somebody is there. */
static bool is_answer(int error)
{
    return error == 0 || error == ECONNREFUSED || error == ECONNRESET;
}

struct asg_rpc_reach asg_rpc_reach_begin(const char *target)
{
    struct asg_rpc_reach reach = {.fd = -1};
    socklen_t length = 0;
    struct sockaddr_storage address = asg_rpc_target_address(target, &length);
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
