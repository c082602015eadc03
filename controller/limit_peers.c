#include "controller/limit_peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/accept_limits.h"
#include "base/log.h"
#include "controller/metrics.h"

#define OWN_FILES 512  /* the log, sockets, threads' own, probes; and admins */
#define API_FILES 4096 /* connections of the API (serve_api.c), and a few of HTTP */
/* Of all files, what strangers may hold at a port that uses what is kept back. */
#define PORT_SHARE 16
/* Strangers at the ports of workers and admins, who are few: somebody with a worker's key
 * would need 2^32 / 128 / 32 s, 12 days, until ROUTER draws an id that he holds, and
 * libzmq ends the process (docs/security.md). */
#define HANDS   128
#define HANDS_S 32

uint16_t asg_port_of(const char *endpoint)
{
    const char *colon = strrchr(endpoint, ':');
    return colon == NULL ? 0 : (uint16_t)strtoul(colon + 1, NULL, 10);
}

static uint32_t least(int64_t one, int64_t other)
{
    return (uint32_t)(one < other ? one : other);
}

static uint32_t files_now(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 1024;
    return least((int64_t)(files.rlim_cur < INT32_MAX ? files.rlim_cur : INT32_MAX),
                 INT32_MAX);
}

static void limit(uint16_t port, const struct asg_accept_limits *limits)
{
    if (port != 0) asg_accept_limit(port, limits);
}

static struct asg_accept_limits of_strangers(
    const struct asg_controller_settings *settings, const char *name)
{
    return (struct asg_accept_limits){
        .name = name,
        .connections = (uint32_t)settings->strangers,
        .connections_address = (uint32_t)settings->address_connections,
        .handshakes_s = (uint32_t)settings->strangers_connects,
        .handshakes_address_s = (uint32_t)settings->address_connects,
    };
}

void asg_limit_port(const struct asg_controller_settings *settings, const char *name,
                    uint16_t port, uint32_t received_bytes)
{
    struct asg_accept_limits limits = of_strangers(settings, name);
    limits.received_bytes = received_bytes;
    limit(port, &limits);
}

void asg_limit_peers(const struct asg_controller_settings *settings,
                     const struct asg_peer_ports *ports)
{
    uint32_t files = files_now();
    asg_accept_reserve(least(OWN_FILES + API_FILES, files / 2));
    /* These are the fleet's hands: they may use what is kept back, but the ports together
     * not so much that nothing is left of it. */
    struct asg_accept_limits limits = of_strangers(settings, "http");
    limits.may_use_reserve = true;
    limits.connections = least(settings->strangers, files / PORT_SHARE);
    limits.known_connections = files / PORT_SHARE;
    limit(ports->http, &limits);
    limits.connections = least(limits.connections, HANDS);
    limits.handshakes_s = least(limits.handshakes_s, HANDS_S);
    limits.name = "workers";
    limit(ports->workers, &limits);
    limits.name = "admin";
    limit(ports->admin, &limits);
}

static void forget_all(struct asg_welcomed_key *row)
{
    for (size_t i = 0; i < ASG_WELCOMED_ADDRESSES; i++) {
        asg_accept_forget(row->addresses[i]);
    }
    *row = (struct asg_welcomed_key){0};
}

static struct asg_welcomed_key *row_of(struct asg_welcomed *welcomed, const char *key)
{
    struct asg_welcomed_key *oldest = &welcomed->keys[0];
    for (size_t i = 0; i < ASG_WELCOMED_KEYS; i++) {
        struct asg_welcomed_key *row = &welcomed->keys[i];
        if (row->used > 0 && strcmp(row->key, key) == 0) return row;
        if (row->used < oldest->used) oldest = row;
    }
    forget_all(oldest);
    (void)snprintf(oldest->key, sizeof oldest->key, "%s", key);
    return oldest;
}

void asg_welcome(struct asg_welcomed *welcomed, const char *key, const char *address)
{
    if (address == NULL || strlen(address) >= ASG_PEER_ADDRESS_MAX) return;
    struct asg_welcomed_key *row = row_of(welcomed, key != NULL ? key : "");
    row->used = ++welcomed->used;
    for (size_t i = 0; i < ASG_WELCOMED_ADDRESSES; i++) {
        if (strcmp(row->addresses[i], address) == 0) return;
    }
    char *place = row->addresses[row->next++ % ASG_WELCOMED_ADDRESSES];
    asg_accept_forget(place);
    (void)snprintf(place, ASG_PEER_ADDRESS_MAX, "%s", address);
    asg_accept_know(place);
}

void asg_welcome_end(struct asg_welcomed *welcomed)
{
    for (size_t i = 0; i < ASG_WELCOMED_KEYS; i++) {
        forget_all(&welcomed->keys[i]);
    }
}

void asg_limit_peers_look(const struct asg_peer_ports *ports, int64_t mono_ms)
{
    const struct {
        uint16_t port;
        enum asg_controller_metric refused;
        enum asg_controller_metric open;
    } rows[] = {
        {ports->agents, ASG_COUNT_TURNED_AWAY_AGENTS, ASG_COUNT_OPEN_AGENTS},
        {ports->enrol, ASG_COUNT_TURNED_AWAY_ENROL, ASG_COUNT_OPEN_ENROL},
        {ports->workers, ASG_COUNT_TURNED_AWAY_WORKERS, ASG_COUNT_OPEN_WORKERS},
        {ports->admin, ASG_COUNT_TURNED_AWAY_ADMIN, ASG_COUNT_OPEN_ADMIN},
        {ports->http, ASG_COUNT_TURNED_AWAY_HTTP, ASG_COUNT_OPEN_HTTP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asg_accept_counts counts;
        if (!asg_accept_counts(rows[i].port, &counts)) continue;
        asg_gauge(rows[i].refused, (int64_t)counts.refused);
        asg_gauge(rows[i].open, counts.open);
    }
    struct asg_error told;
    while (asg_accept_tell(mono_ms, &told)) {
        asg_log_warn("edge", "connections_refused",
                     "%s (settings address.* and strangers.*)", told.text);
    }
}

void asg_limit_peers_end(const struct asg_peer_ports *ports)
{
    const uint16_t all[] = {ports->agents, ports->enrol, ports->workers, ports->admin,
                            ports->http};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i] != 0) asg_accept_unlimit(all[i]);
    }
}
