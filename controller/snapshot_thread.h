/* snapshot_thread - makes a snapshot on a thread of its own, with a reader of its own.
 *
 * The thread is nicer than the loop's: a snapshot may wait, an event may not.
 */
#ifndef ASG_CONTROLLER_SNAPSHOT_THREAD_H
#define ASG_CONTROLLER_SNAPSHOT_THREAD_H

#include "controller/make_snapshot.h"

struct asg_snapshot_thread;

/* Begin to make the state after record `seq` of the log in the file `path`.
 * ASG_ERR_IO: no thread to be had. */
ASG_MUST_USE enum asg_status asg_snapshot_thread_new(const char *path, uint64_t seq,
                                                     struct asg_snapshot_thread **ret,
                                                     struct asg_error *error);

/* False: it is still being made. True, once: *ret_status says what came of it, *ret is
 * the caller's when that is ASG_OK, `error` has the words when it is not. */
bool asg_snapshot_thread_poll(struct asg_snapshot_thread *thread,
                              enum asg_status *ret_status, struct asg_made_snapshot *ret,
                              struct asg_error *error);

/* Stops and joins it: waits for what it is at, the loading or saving of the whole state
 * at most. */
void asg_snapshot_thread_destroy(struct asg_snapshot_thread **thread);

#endif
