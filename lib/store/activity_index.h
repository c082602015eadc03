/* activity_index - six weeks of activities beside the log, for those who ask for them.
 *
 * Flow:    log's effects -> [index] -> DescribeScalingActivities, openasg activity list
 * An SQLite file of its own that holds nothing but what stands in the log: it remembers
 * up to which record it goes, and with that record's chain hash whether it is of this
 * log. One that is missing, damaged, of another log or of another form is made
 * anew and filled from the log by its caller. Losing it loses nothing.
 * Threads: a writer and each reader have one owner at a time; readers work beside the
 * writer and see whole transactions.
 */
#ifndef ASG_STORE_ACTIVITY_INDEX_H
#define ASG_STORE_ACTIVITY_INDEX_H

#include "base/arena.h"
#include "base/error.h"
#include "crypto/uuid.h"
#include "model/activity.h"
#include "store/log.h"

#define ASG_ACTIVITY_KEPT_MS (INT64_C(42) * 86400000) /* six weeks, as AWS's */

/* The UUID of an activity, from the SHA-256 of its group's uuid (of the group's name and
 * number, where it has none) and its number: alike in every index of one log. */
void asg_activity_id(const struct asg_activity *activity, char ret[ASG_UUID_SIZE]);

/* ---- writing ---- */

struct asg_activity_index;

/* Up to which record of the log it goes; all zero: it is empty. */
struct asg_activity_mark {
    uint64_t seq;
    uint8_t chain_hash[ASG_LOG_HASH_BYTES];
};

/* Open the file, or make it with mode 0600; one that is damaged or of another form is
 * replaced by an empty one.
 * ASG_ERR_DENIED, ASG_ERR_IO, ASG_ERR_FULL, ASG_ERR_BUSY: the disk; the text says what.
 */
ASG_MUST_USE enum asg_status asg_activity_index_open(const char *path,
                                                     struct asg_activity_index **ret,
                                                     struct asg_error *error);
/* NULL is fine. */
void asg_activity_index_close(struct asg_activity_index **index);

struct asg_activity_mark asg_activity_index_mark(const struct asg_activity_index *index);

/* Forget everything: it is of another log. */
ASG_MUST_USE enum asg_status asg_activity_index_empty(struct asg_activity_index *index,
                                                      struct asg_error *error);

/* One transaction: begin, any number of rows and groups, end with the mark that they lead
 * to. After a failure everything since begin is undone by asg_activity_index_undo(). */
ASG_MUST_USE enum asg_status asg_activity_index_begin(struct asg_activity_index *index,
                                                      struct asg_error *error);
/* As it stands now; the same activity again replaces what was known of it. */
ASG_MUST_USE enum asg_status asg_activity_index_put(struct asg_activity_index *index,
                                                    const struct asg_activity *activity,
                                                    struct asg_error *error);
/* The group of that number is deleted; its activities stay. */
ASG_MUST_USE enum asg_status asg_activity_index_end_group(
    struct asg_activity_index *index, uint32_t group_no, struct asg_error *error);
/* Remove at most `most` activities that are over and began before that. */
ASG_MUST_USE enum asg_status asg_activity_index_prune(struct asg_activity_index *index,
                                                      int64_t before_ms, uint32_t most,
                                                      uint32_t *ret_removed,
                                                      struct asg_error *error);
ASG_MUST_USE enum asg_status asg_activity_index_end(struct asg_activity_index *index,
                                                    const struct asg_activity_mark *mark,
                                                    struct asg_error *error);
void asg_activity_index_undo(struct asg_activity_index *index);

/* ---- reading ---- */

struct asg_activity_reader;

/* ASG_ERR_NOT_FOUND: there is no such file yet. Otherwise fails as above. */
ASG_MUST_USE enum asg_status asg_activity_reader_open(const char *path,
                                                      struct asg_activity_reader **ret,
                                                      struct asg_error *error);
/* NULL is fine. */
void asg_activity_reader_close(struct asg_activity_reader **reader);

/* Which activities; all zero means all of groups that are there, the newest first. */
struct asg_activity_query {
    const char *group;    /* of that name; NULL: of all */
    bool with_deleted;    /* those of deleted groups too */
    struct asg_texts ids; /* these only; others that are not known are passed over */
    uint64_t statuses;    /* bits 1 << status; 0: any */
    int64_t from_ms;      /* begun then or later; 0: any */
    int64_t to_ms;        /* begun then or earlier; 0: any */
    uint32_t limit;       /* at most so many, at least 1 */
    /* Those behind this one, which was the last of the page before; all 0: the first. */
    int64_t after_start_ms;
    uint32_t after_group_no;
    uint64_t after_no;
};

struct asg_indexed_activity {
    struct asg_activity activity;
    char id[ASG_UUID_SIZE];
    bool is_deleted; /* its group */
};

/* They live in `arena`. *ret_has_more: the limit was reached, and there are others. */
ASG_MUST_USE enum asg_status asg_activity_reader_find(
    struct asg_activity_reader *reader, const struct asg_activity_query *query,
    struct asg_arena *arena, struct asg_indexed_activity **ret, size_t *ret_count,
    bool *ret_has_more, struct asg_error *error);

#endif
