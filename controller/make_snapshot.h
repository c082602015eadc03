/* make_snapshot - the next snapshot from the log alone, beside the loop.
 *
 * Flow:    newest snapshot + the records after it -> a core of its own -> saved bytes
 * The loop's core is not touched and need not stand still. The same records give the same
 * state, byte for byte, and each hash on the way is compared: a snapshot that was made so
 * is also a proof that this log can be replayed.
 * Memory:  a second core for as long as it takes (docs/performance.md, "Snapshots"), then
 *          the saved bytes.
 * Threads: snapshot_thread.h makes it on a thread of its own, the simulator in a turn.
 */
#ifndef ASG_CONTROLLER_MAKE_SNAPSHOT_H
#define ASG_CONTROLLER_MAKE_SNAPSHOT_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "store/log.h"

struct asg_made_snapshot {
    struct asg_bytes state;
    struct asg_log_snapshot snapshot; /* of those bytes, hashed: ready to be written */
};

/* Frees the bytes; fine on an empty one. */
void asg_made_snapshot_clear(struct asg_made_snapshot *made);

/* Make the state after record `seq` of `log`, which may grow meanwhile. Reads in short
 * pieces, so that no old state of the file is kept for long. *ret was empty.
 * ASG_ERR_CLOSED: `stop` (may be NULL) became true. Otherwise fails like
 * asg_load_newest() and asg_replay_tail(); *ret is empty then. */
ASG_MUST_USE enum asg_status asg_make_snapshot(struct asg_log *log, uint64_t seq,
                                               const atomic_bool *stop,
                                               struct asg_made_snapshot *ret,
                                               struct asg_error *error);

#endif
