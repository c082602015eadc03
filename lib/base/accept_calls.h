/* accept_calls - what accept(), accept4(), close() and recvmsg() of accept_calls.c ask of
 * accept_limits.c. Nobody else includes it.
 * Threads: any; asg_accept_closed() is async-signal-safe.
 */
#ifndef ASG_BASE_ACCEPT_CALLS_H
#define ASG_BASE_ACCEPT_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* The slot of the limits of a listening socket; -1: none, leave it alone. */
int asg_accept_slot(int listener);

/* May this new connection stay? If so it counts until asg_accept_closed(). */
bool asg_accept_admit(int slot, int fd, const struct sockaddr_storage *peer);

/* One was turned away because the process has no descriptor left. */
void asg_accept_turned_away(int slot);

/* So many bytes came in. False: more than one connection may send there. */
bool asg_accept_received(int fd, size_t count);

/* The descriptor is about to be closed. */
void asg_accept_closed(int fd);

/* A descriptor to give up for a moment so that a connection can be taken and reset when
 * there is none left: -1 when there is no such. Put one back with _keep_spare(). */
int asg_accept_take_spare(void);
void asg_accept_keep_spare(void);

#endif
