/* limit_peers - how many connections strangers may hold at the controller's ports, and
 * what is kept for those who are none (base/accept_limits.h, docs/security.md).
 *
 * Known are the addresses that EC2 gave our instances, those that workers and admins with
 * an allowed key came from lately, and this host's own loopback address.
 * Threads: one owner, as the loop.
 */
#ifndef ASG_CONTROLLER_LIMIT_PEERS_H
#define ASG_CONTROLLER_LIMIT_PEERS_H

#include "bus/keys.h"
#include "controller/settings.h"

#define ASG_PEER_ADDRESS_MAX 64

/* Where the controller listens, once bound; 0: nowhere. */
struct asg_peer_ports {
    uint16_t agents;
    uint16_t enrol;
    uint16_t workers;
    uint16_t admin;
    uint16_t http;
};

/* The port of "tcp://127.0.0.1:7701" or "127.0.0.1:7704"; 0: it has none. */
uint16_t asg_port_of(const char *endpoint);

/* Begin to limit HTTP, workers and admins; after RLIMIT_NOFILE has been raised. */
void asg_limit_peers(const struct asg_controller_settings *settings,
                     const struct asg_peer_ports *ports);
/* Those of agents and of enrolments, which are opened last, when the log has said which
 * keys are bound and what the cluster is called. `name` is static; `received_bytes` as in
 * asg_accept_limits. */
void asg_limit_port(const struct asg_controller_settings *settings, const char *name,
                    uint16_t port, uint32_t received_bytes);

#define ASG_WELCOMED_KEYS      256
#define ASG_WELCOMED_ADDRESSES 8 /* of a key */

struct asg_welcomed {
    struct asg_welcomed_key {
        char key[ASG_BUS_KEY_SIZE];
        char addresses[ASG_WELCOMED_ADDRESSES][ASG_PEER_ADDRESS_MAX];
        size_t next;
        uint64_t used; /* the greater the later; 0: nobody's */
    } keys[ASG_WELCOMED_KEYS];
    uint64_t used;
};

/* A worker or an admin with this allowed key came from there: no stranger from now on, so
 * that it can come back in a flood. The oldest address of the key makes room, so that who
 * stole a key pushes out nobody else's; of keys, the one that came longest ago. `key` is
 * NULL in plaintext; without an address it is ignored. */
void asg_welcome(struct asg_welcomed *welcomed, const char *key, const char *address);
void asg_welcome_end(struct asg_welcomed *welcomed);

/* Metrics, and a warning of each port that refused, once in ten seconds at most. */
void asg_limit_peers_look(const struct asg_peer_ports *ports, int64_t mono_ms);
/* No limits any more: the ports are closed. */
void asg_limit_peers_end(const struct asg_peer_ports *ports);

#endif
