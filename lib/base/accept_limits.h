/* accept_limits - how many connections strangers may hold, put where libzmq, gRPC core
 * and libmicrohttpd accept: accept_calls.c defines accept(), accept4() and close() for
 * the program that links it, which the libraries then call. None of them has such a
 * limit (docs/decisions/0019-accept-limits.md).
 *
 * A listening port is named once with its limits; a connection above one is reset at
 * once, before the library sees it, counted, and told in one line a while. Ports that are
 * not named are untouched. Addresses that are `known` (instances of the fleet) do not
 * count against the limits of all strangers. A stranger's address is an IPv4 address or
 * an IPv6 /64; a known one is exact. This host's own address (127.0.0.1, ::1) is known,
 * and what holds for one address does not hold for it: the operator's commands come from
 * it. An address that is known several times (instances behind one NAT) may hold one
 * connection more, and make one more a second, for each time after the first.
 *
 * `received_bytes` is for gRPC core (the one of the three that reads by recvmsg()), on
 * ports where a peer makes one call and goes: a connection that has sent more is reset.
 * Its HTTP/2 holds headers that do not end, without a bound, and reads them again and
 * again. Threads: any. Nothing blocks; an accept costs the same however many there are.
 */
#ifndef ASG_BASE_ACCEPT_LIMITS_H
#define ASG_BASE_ACCEPT_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define ASG_ACCEPT_PORTS_MAX 16 /* limited at once */

/* In each, 0 is no limit. */
struct asg_accept_limits {
    const char *name;             /* of the port, in log lines: "agents"; static */
    uint32_t connections;         /* at once of all strangers together */
    uint32_t connections_address; /* at once of one address */
    uint32_t handshakes_s;        /* new connections a second, of all strangers */
    uint32_t handshakes_address_s;
    uint32_t known_connections; /* at once of all known addresses together */
    uint32_t received_bytes;    /* of one connection in its life, by recvmsg() */
    bool may_use_reserve; /* admin: what asg_accept_reserve() keeps back is for it */
};

struct asg_accept_counts {
    uint64_t accepted;
    uint64_t refused;
    uint32_t open;
    uint32_t open_known; /* of those */
};

/* Limit the listening port (of any local address). Again replaces the limits. */
void asg_accept_limit(uint16_t port, const struct asg_accept_limits *limits);
/* No limits any more; what is open is forgotten as it closes. */
void asg_accept_unlimit(uint16_t port);

/* Keep so many descriptors back from the limited ports, for files, HTTP and those that
 * may use it: together they hold at most RLIMIT_NOFILE less this, and strangers at most
 * half of that. Call it after the limit has been raised; 0 (the default): none kept. */
void asg_accept_reserve(uint32_t descriptors);

/* An IPv4 or IPv6 address of the fleet comes or goes; counted, so call it in pairs. What
 * is no address is ignored. */
void asg_accept_know(const char *address);
void asg_accept_forget(const char *address);
bool asg_accept_is_known(const char *address);

/* This open connection is the fleet's, although its address was not known when it was
 * accepted: it counts among the strangers no more. */
void asg_accept_prove(int fd);

/* Accepts at limited ports are numbered from 1. The number of the last one that got this
 * descriptor (0: none did), and the last that was given. What was asked for the last
 * number while its connection was open, and got less than the descriptor has now, is of
 * a connection that had the descriptor before. */
uint64_t asg_accept_number(int fd);
uint64_t asg_accept_last_number(void);

/* False: that port is not limited. */
bool asg_accept_counts(uint16_t port, struct asg_accept_counts *ret);

/* What to warn of: a port that refused since it was last told of, at most once in ten
 * seconds: "agents: refused 1204 connections of 3 addresses in 10 s, 1100 of them of
 * 10.0.0.9, most because of ...". False: nothing. Call it about once a second, until it
 * is false. */
bool asg_accept_tell(int64_t mono_ms, struct asg_error *ret);

#endif
