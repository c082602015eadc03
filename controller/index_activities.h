/* index_activities - the index of activities, kept up with the log by a thread.
 *
 * Flow:    commit -> [wake] -> thread: log's effects -> activities.db -> readers
 * The thread reads the log by itself, from the record on up to which the index goes: when
 * the index is missing, of another log or behind, that is all the same work. The loop
 * only says that there is more, and never waits.
 * Threads: one of its own; each call may come from any thread.
 * Blocks: find(), for its limit and on the disk; destroy(), for a transaction.
 */
#ifndef ASG_CONTROLLER_INDEX_ACTIVITIES_H
#define ASG_CONTROLLER_INDEX_ACTIVITIES_H

#include "model/effects.h"
#include "store/activity_index.h"

struct asg_activity_indexer;

/* Start the thread; both files lie where the paths say, the index may be missing. It
 * begins with the first wake(). ASG_ERR_IO: there is no thread. */
ASG_MUST_USE enum asg_status asg_activity_indexer_new(const char *log_path,
                                                      const char *index_path,
                                                      struct asg_activity_indexer **ret,
                                                      struct asg_error *error);

/* Stop after the transaction under way; what is not indexed yet will be. */
void asg_activity_indexer_destroy(struct asg_activity_indexer **indexer);

/* Record `seq` is durable, and the index must be as far. */
void asg_activity_indexer_wake(struct asg_activity_indexer *indexer, uint64_t seq);

/* Record `seq` is durable and has these effects: wakes the thread when the index has
 * something of them, activities that changed or a group that went. */
void asg_activity_indexer_tell(struct asg_activity_indexer *indexer, uint64_t seq,
                               const struct asg_effects *effects);

/* Another log stands at that path, or it was opened anew: look at it from the start. */
void asg_activity_indexer_reopen(struct asg_activity_indexer *indexer);

struct asg_indexer_counts {
    uint64_t seq;        /* up to this record */
    uint64_t activities; /* rows written since the start */
    uint64_t rebuilds;   /* times it began from nothing */
    uint64_t failures;
    uint32_t waiting; /* finds that wait for it now */
};
struct asg_indexer_counts asg_activity_indexer_counts(
    struct asg_activity_indexer *indexer);

/* What the query asks for, of an index that knows everything that was told to wake()
 * before; waits for that, for limit_ms at most; below 0: as it is, at once. The rows live
 * in `arena`.
 * ASG_ERR_TIMEOUT: it is not that far yet; within 50 ms when two wait already. Otherwise
 * fails as the reader does. */
ASG_MUST_USE enum asg_status asg_activity_indexer_find(
    struct asg_activity_indexer *indexer, const struct asg_activity_query *query,
    int64_t limit_ms, struct asg_arena *arena, struct asg_indexed_activity **ret,
    size_t *ret_count, bool *ret_has_more, struct asg_error *error);

#endif
