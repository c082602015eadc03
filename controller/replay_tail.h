/* replay_tail - the records after a snapshot, through core again.
 *
 * What a controller that starts to lead does, and what makes the next snapshot beside the
 * loop (make_snapshot.h). Each hash of the state on the way is compared.
 * Threads: none of its own; the log and the core are the caller's.
 */
#ifndef ASG_CONTROLLER_REPLAY_TAIL_H
#define ASG_CONTROLLER_REPLAY_TAIL_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "core/core.h"
#include "store/log.h"

/* The state of the newest good snapshot after record `at_most` (0: any) or before;
 * without one an empty world and *ret_seq 0. The caller owns *ret. `note` says which
 * snapshots were damaged; "" otherwise. *ret_length is how many bytes were loaded. */
ASG_MUST_USE enum asg_status asg_load_newest(struct asg_log *log, uint64_t at_most,
                                             struct asg_core **ret, uint64_t *ret_seq,
                                             size_t *ret_length, struct asg_error *note,
                                             struct asg_error *error);

struct asg_tail {
    struct asg_log *log;
    struct asg_core *core; /* the state before from_seq */
    uint64_t from_seq;
    uint64_t to_seq;         /* 0: to the head */
    bool is_ahead;           /* let a thread read ahead */
    const atomic_bool *stop; /* NULL, or give up when it is true: ASG_ERR_CLOSED */
    int64_t last_ms;         /* set to the time of each event */
};

/* ASG_ERR_CORRUPT: a record is damaged, pruned or no event. ASG_ERR_CONFLICT: the replay
 * gives another state than the log says. ASG_ERR_VERSION: a newer program wrote it. The
 * text names the record and what to do. */
ASG_MUST_USE enum asg_status asg_replay_tail(struct asg_tail *tail,
                                             struct asg_error *error);

#endif
