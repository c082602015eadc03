/* reach - does anything at an address answer at all? A bare TCP connection, begun beside
 * a probe and looked at when the probe has failed: a host that accepts or refuses is
 * there, whatever its agent does; one that answers nothing may be cut off from us.
 *
 * Nothing here blocks.
 * Threads: each object has one owner at a time.
 */
#ifndef ASG_RPC_REACH_H
#define ASG_RPC_REACH_H

#include <stdbool.h>

struct asg_rpc_reach {
    int fd;            /* of the connection under way; -1: none */
    bool has_answered; /* at once, as loopback does */
};

/* Begin to connect to `target`, "address:port" (IPv4, or IPv6 in brackets). What cannot
 * be begun (no such address, no descriptor left) counts as unanswered. */
struct asg_rpc_reach asg_rpc_reach_begin(const char *target);

/* Has the host answered by now, with yes or no? Closes the connection. */
bool asg_rpc_reach_end(struct asg_rpc_reach *reach);

#endif
