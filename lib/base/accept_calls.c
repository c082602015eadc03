/* accept_calls - accept(), accept4(), close() and recvmsg() of the program that links
 * this file: the dynamic linker finds them there before libc's, for libzmq, gRPC core and
 * libmicrohttpd too (docs/decisions/0019-accept-limits.md). Linked by name into programs,
 * never from the room's library, where any undefined close() would drag it in.
 *
 * A refusal looks like an accept that a signal interrupted. That is the one outcome
 * which all three take for "go on": libzmq asserts that the error is one of nine
 * (src/tcp_listener.cpp, 4.3.4); gRPC core goes on after EINTR, waits after EAGAIN for
 * the *next* connection, however many are in the backlog, and never accepts again after
 * any other (src/core/lib/iomgr/tcp_server_posix.cc, 1.51, on_read).
 */
#include "base/accept_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
/* The thread sanitizer keeps books of descriptors: it has to see them come and go. */
int __interceptor_accept4(int, struct sockaddr *, socklen_t *, int);
int __interceptor_close(int);
ssize_t __interceptor_recvmsg(int, struct msghdr *, int);
#define system_accept4 __interceptor_accept4
#define system_close   __interceptor_close
#define system_recvmsg __interceptor_recvmsg
#else
static int system_accept4(int listener, struct sockaddr *peer, socklen_t *length,
                          int flags)
{
    return (int)syscall(SYS_accept4, listener, peer, length, flags);
}

static int system_close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

static ssize_t system_recvmsg(int fd, struct msghdr *message, int flags)
{
    return (ssize_t)syscall(SYS_recvmsg, fd, message, flags);
}
#endif

/* Reset rather than closed: the system keeps nothing of it either. */
static void turn_away(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    (void)system_close(fd);
}

static int say_go_on(void)
{
    errno = EINTR;
    return -1;
}

/* No descriptor is left: take the connection with the spare one and reset it. Left in
 * the backlog, it would make libzmq spin and gRPC core deaf for good. */
static int take_and_turn_away(int slot, int listener)
{
    int spare = asg_accept_take_spare();
    if (spare < 0) {
        asg_accept_keep_spare();
        errno = EAGAIN;
        return -1;
    }
    (void)system_close(spare);
    int fd = system_accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        turn_away(fd);
        asg_accept_turned_away(slot);
    }
    int code = errno;
    asg_accept_keep_spare();
    errno = code;
    if (fd < 0 && code == EAGAIN) return -1;
    return say_go_on();
}

/* What accept(2) can say, in words that no library stumbles over. */
static int soften(int slot, int listener)
{
    switch (errno) {
    case EMFILE:
    case ENFILE: return take_and_turn_away(slot, listener);
    case ENOBUFS:
    case ENOMEM: errno = EAGAIN; return -1;
    case EAGAIN:
    case EINTR:
    case EBADF: /* the listener has been closed: theirs to know */
    case EINVAL:
    case ENOTSOCK:
    case EFAULT: return -1;
    default: return say_go_on(); /* that connection is broken already; the next is not */
    }
}

static void copy_peer(const struct sockaddr_storage *peer, socklen_t length,
                      struct sockaddr *ret, socklen_t *ret_length)
{
    if (ret == NULL || ret_length == NULL) return;
    memcpy(ret, peer, *ret_length < length ? *ret_length : length);
    *ret_length = length;
}

/* glibc declares the peer as a union of all kinds of pointers (sys/socket.h). */
int accept4(int listener, __SOCKADDR_ARG ret_peer, socklen_t *ret_length, int flags)
{
    struct sockaddr *ret = ret_peer.__sockaddr__;
    int slot = asg_accept_slot(listener);
    if (slot < 0) return system_accept4(listener, ret, ret_length, flags);
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    int fd = system_accept4(listener, (struct sockaddr *)&peer, &length, flags);
    if (fd < 0) return soften(slot, listener);
    if (!asg_accept_admit(slot, fd, &peer)) {
        turn_away(fd);
        return say_go_on();
    }
    copy_peer(&peer, length, ret, ret_length);
    return fd;
}

int accept(int listener, __SOCKADDR_ARG ret_peer, socklen_t *ret_length)
{
    return accept4(listener, ret_peer, ret_length, 0);
}

int close(int fd)
{
    asg_accept_closed(fd);
    return system_close(fd);
}

/* Who sends too much looks like one that reset its connection: its reader gives it up. */
ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t count = system_recvmsg(fd, message, flags);
    if (count <= 0 || asg_accept_received(fd, (size_t)count)) return count;
    errno = ECONNRESET;
    return -1;
}
