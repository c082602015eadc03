/* accept_limits - how many connections strangers may hold, put where libzmq, gRPC core
 * and libmicrohttpd accept: this room defines accept(), accept4() and close() for its
 * program, which the libraries then call (docs/decisions/0018-accept-limits.md says why:
 * none of them has such a limit).
 *
 * A listening port is named once with its limits; a connection above one is closed at
 * once, before the library sees it, counted, and told in one line a while. Ports that are
 * not named are untouched. Addresses that are `known` (instances of the fleet) do not
 * count against the limit in all of strangers.
 * Threads: any. Nothing blocks.
 */
#ifndef ASG_BASE_ACCEPT_LIMITS_H
#define ASG_BASE_ACCEPT_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct asg_accept_limits {
    const char *name;             /* of the port, in log lines: "agents"; static */
    uint32_t connections;         /* at once of all strangers together */
    uint32_t connections_address; /* at once of one address */
    uint32_t handshakes_s;        /* new connections a second, of all strangers */
    uint32_t handshakes_address_s;
    uint32_t known_connections;   /* at once of all known addresses together */
};

struct asg_accept_counts {
    uint64_t accepted;
    uint64_t refused;
    uint32_t open;
    uint32_t open_known;
};

/* Limit the listening port (of any local address). Again replaces the limits. */
void asg_accept_limit(uint16_t port, const struct asg_accept_limits *limits);
/* No limits any more; what is open is forgotten as it closes. */
void asg_accept_unlimit(uint16_t port);
/* An IPv4 or IPv6 address of the fleet comes or goes; counted, so call it in pairs. */
void asg_accept_know(const char *address);
void asg_accept_forget(const char *address);
/* False: that port is not limited. */
bool asg_accept_counts(uint16_t port, struct asg_accept_counts *ret);
/* Put back one warning a port that refused since the last call (at most one in ten
 * seconds): "agents: refused 1,204 connections of 3 addresses in 10 s, most of 10.0.0.9".
 * Call it about once a second. */
void asg_accept_tell(int64_t mono_ms);

#endif
