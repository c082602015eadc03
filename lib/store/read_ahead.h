/* read_ahead - a thread that reads records before they are asked for.
 *
 * Private to lib/store. It has a reader and a cursor of its own, and hands records over
 * in order, copied, a block at a time, with the payload of each held against its hash
 * when that is wanted: then the two threads of a replay have about as much to do.
 */
#ifndef ASG_STORE_READ_AHEAD_H
#define ASG_STORE_READ_AHEAD_H

#include "store/check_record.h"

struct asg_read_ahead;

/* Start to read what `filter` (resolved, without is_ahead) says from `reader`, which this
 * owns from now on, also on failure; `hashes`: check payloads too. Fails like
 * asg_log_cursor_open(); ASG_ERR_LIMIT: no thread. */
ASG_MUST_USE enum asg_status asg_read_ahead_new(struct asg_log *reader,
                                                const struct asg_log_filter *filter,
                                                bool hashes, struct asg_read_ahead **ret,
                                                struct asg_error *error);

/* Like asg_log_cursor_next(). Waits for the thread. *ret_is_content: its payload is what
 * its content_hash says; false: nobody has asked, or it is not. On ASG_ERR_CORRUPT sets
 * `flaw`. */
ASG_MUST_USE enum asg_status asg_read_ahead_next(struct asg_read_ahead *ahead,
                                                 struct asg_record *ret,
                                                 bool *ret_is_content,
                                                 struct asg_log_flaw_found *flaw,
                                                 struct asg_error *error);

/* Stop the thread and wait for its end, free and set to NULL. */
void asg_read_ahead_destroy(struct asg_read_ahead **ahead);

#endif
