/* join - asks the controller to be bound to our instance, for as long as it takes.
 *
 * Flow:     user data -> [join] <-> controller
 * Before JOINED comes, JOIN is sent again with jittered backoff; REFUSED slows that down
 * and a final one more so, but nothing ends it: the launch result may be late, and an
 * operator may put right what was wrong. REJOIN or a new connection begins anew.
 * Time:     monotonic milliseconds, passed in. Threads: one owner at a time.
 */
#ifndef ASG_AGENT_JOIN_H
#define ASG_AGENT_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/uplink.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "model/messages.h"

#define ASG_JOIN_WAIT_MS_MIN    500
#define ASG_JOIN_WAIT_MS_MAX    15000 /* nobody answers */
#define ASG_JOIN_REFUSED_MS_MAX 5000  /* refused, but trying again can help */
#define ASG_JOIN_FINAL_MS       60000 /* refused, and it cannot */
#define ASG_JOIN_REJOIN_MS_MAX  200   /* so that a fleet does not come back at once */

struct asg_joiner {
    struct asg_join join; /* its texts are lent */
    uint64_t random;
    bool is_bound;
    uint32_t tries; /* since it last went well */
    int64_t due_ms; /* of the next JOIN */
    struct asg_bytes frame;
    struct asg_arena arena; /* of the last answer */
};

/* What an answer meant. */
enum asg_join_news {
    ASG_JOIN_NOTHING, /* not for us, or nothing new */
    ASG_JOIN_BOUND,
    ASG_JOIN_REFUSED, /* see reason */
    ASG_JOIN_AGAIN,   /* the controller does not know this connection */
    ASG_JOIN_GARBAGE, /* not a frame of a controller; dropped */
};

/* Ask at once. `seed` makes the jitter. */
void asg_joiner_init(struct asg_joiner *joiner, const struct asg_join *join,
                     uint64_t seed, int64_t now_ms);
void asg_joiner_clear(struct asg_joiner *joiner);

/* When tick wants to be called; INT64_MAX while bound. */
int64_t asg_joiner_due_ms(const struct asg_joiner *joiner);

/* Send JOIN if it is due. */
void asg_joiner_tick(struct asg_joiner *joiner, const struct asg_uplink *uplink,
                     int64_t now_ms);

/* Take one frame from the controller. ret_reason (may be NULL) is set for REFUSED and
 * lives until the next call. */
enum asg_join_news asg_joiner_take(struct asg_joiner *joiner, const void *data,
                                   size_t length, int64_t now_ms,
                                   const char **ret_reason);

/* The connection was lost or is new: whoever is there does not know us. */
void asg_joiner_reconnect(struct asg_joiner *joiner, int64_t now_ms);

#endif
