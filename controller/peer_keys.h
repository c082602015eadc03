/* peer_keys - the keys of workers and admins: whose are allowed, who was not let in, and
 * that people hear of both.
 *
 * Flow:    folders of NAME.pub -> allow lists -> [here] -> dispatcher, log, metrics
 * Threads: one owner, as the loop.
 */
#ifndef ASG_CONTROLLER_PEER_KEYS_H
#define ASG_CONTROLLER_PEER_KEYS_H

#include "bus/bus.h"
#include "bus/refused.h"
#include "model/messages.h"

struct asg_peer_folder {
    const char *path;
    struct asg_allow_list *list;   /* lent */
    char told[ASG_ERROR_TEXT_MAX]; /* what was wrong last */
    int64_t told_at_ms;
};

/* Read it anew if it has changed; what is wrong is logged, and again each minute while it
 * stands. True: somebody was added or taken away. */
bool asg_peer_folder_look(struct asg_peer_folder *folder, int64_t mono_ms);

/* Whose keys are in which folder, and where they connect: a key that is refused at one
 * port may be one of the other. */
struct asg_known_peers {
    struct asg_allow_list *workers; /* lent, as all of it; NULL: not known */
    struct asg_allow_list *admins;
    const char *listen_workers;
    const char *listen_admin;
};

/* What to do about a refusal, as a person reads it; `ret` is of ASG_ERROR_TEXT_MAX. */
void asg_advise_refused(const struct asg_known_peers *known,
                        const struct asg_bus_refusal *row, enum asg_edge edge, char *ret);

struct asg_refusal_teller {
    struct asg_known_peers known;
    int64_t told_until_ms[ASG_EDGE_COUNT]; /* refusals up to then were logged */
    int64_t next_ms[ASG_EDGE_COUNT];
    uint64_t misused;
    int64_t misused_at_ms;
};

/* A line for each port that refused somebody, once in ten seconds at most, and an alarm
 * of a key that is admitted and behaves as a thief would use it. Call it each second. */
void asg_tell_refusals(struct asg_refusal_teller *teller, struct asg_bus *bus,
                       int64_t mono_ms);

/* For `openasg worker list --refused`: newest first, times in those of the wall; in
 * `arena`. */
void asg_list_refusals(struct asg_bus *bus, int64_t mono_ms, int64_t wall_ms,
                       struct asg_arena *arena, struct asg_refusal **ret,
                       size_t *ret_count);

/* How many threads ZeroMQ gets: two at least; 0: by the cores. */
int asg_io_threads(int64_t setting);

/* What one key may do at a port: connections at once, handshakes in an hour, and how long
 * it may keep silent at first (docs/security.md has the arithmetic). */
void asg_limit_key(bool is_admin, int64_t heartbeat_ms,
                   struct asg_bus_listen_options *options);

#endif
