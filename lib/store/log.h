/* log - the append-only, hash-chained memory of a cluster, and its snapshots.
 *
 * Flow:     core -> effects -> [log] -> only then act;  [log] -> replay, audit, explain
 * It keeps bytes and sequence numbers and does not know what a decision is. Behind the
 * same calls stand log_sqlite.c (one file), log_memory.c (tests, benches) and, later,
 * etcd. docs/log-format.md has the bytes, docs/decisions/0003-log-schema.md the why.
 *
 * Hashes:   content_hash = SHA-256 of the payload; chain_hash covers the chain hash
 *           before it, content_hash and every other field, so that a payload can be
 *           pruned while each remaining word still verifies.
 * Fence:    a writer holds an epoch. A writer with an older epoch, or one that finds
 *           records it did not write, is refused with ASG_ERR_FENCED.
 * Failure:  after an I/O error or a full disk the log is broken: every later append
 *           answers the same status until the log is opened again, because memory must
 *           not run ahead of disk. Whether the failed append is on disk is known only
 *           after that.
 * Units:    milliseconds since the epoch (1970) for times; sequence numbers start at 1.
 * Threads:  one owner at a time. Another thread or process opens its own, read only.
 */
#ifndef ASG_STORE_LOG_H
#define ASG_STORE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/status.h"

#define ASG_LOG_FORMAT_VERSION 1 /* what this program writes; it reads 1 up to this */
#define ASG_LOG_HASH_BYTES     32

/* Larger is refused with ASG_ERR_LIMIT before anything is written. */
#define ASG_LOG_KIND_MAX       32 /* bytes, [a-z0-9_], at least one */
#define ASG_LOG_SUBJECT_MAX    255
#define ASG_LOG_NOTE_MAX       65536     /* 64 KiB */
#define ASG_LOG_PAYLOAD_MAX    67108864  /* 64 MiB */
#define ASG_LOG_SNAPSHOT_MAX   536870912 /* 512 MiB */
#define ASG_LOG_CLUSTER_MAX    128

#define ASG_LOG_SNAPSHOTS_KEPT 3
#define ASG_LOG_PART_BYTES     262144 /* of a snapshot, in one transaction */

/* Written by asg_log_prune() itself; nobody else may append it. */
#define ASG_LOG_KIND_PRUNE "prune"

struct asg_log;
struct asg_log_cursor;

struct asg_record {
    uint64_t seq;        /* given by the log */
    uint64_t epoch;      /* given by the log: the writer's */
    int64_t time_ms;     /* given by the caller; >= 0 */
    const char *kind;    /* "event", "effects", "decision", .. */
    const char *subject; /* e.g. a group name; "" */
    const char *note;    /* words for a human, kept for ever; "" */
    const void *payload;
    size_t payload_length;
    bool is_pruned; /* given by the log: the payload was removed by retention */
    uint8_t content_hash[ASG_LOG_HASH_BYTES]; /* given by the log */
    uint8_t chain_hash[ASG_LOG_HASH_BYTES];   /* given by the log */
};

struct asg_log_options {
    const char *path;
    /* Names the log at its creation and is part of the chain. When the log exists and
     * this is not NULL or "", the two must be equal. */
    const char *cluster_id;
    int64_t now_ms; /* the time of creation, when it is created */
    /* The fence: 0 takes one more than the last writer's; otherwise it must not be
     * smaller than that one. */
    uint64_t epoch;
    bool is_read_only; /* never creates, takes no lock, works beside a writer */
    /* Read only, and promises that nobody writes (a copy, a read-only medium): leaves
     * nothing behind, and is refused (ASG_ERR_CONFLICT) beside a -wal file with commits,
     * which it could not read. */
    bool is_immutable;
};

/* Open the log in the file options->path (SQLite), or create it with mode 0600.
 * A writer holds a lock on "<path>.lock" until asg_log_close(). Blocks on the disk.
 * While a process has a log open it must not open the file by itself (to copy it, say):
 * closing that descriptor would drop SQLite's locks. Nor must it fork and go on using it.
 * ASG_ERR_BUSY:        another writer has it; the text names its process id.
 * ASG_ERR_FENCED:      options->epoch is older than the last writer's.
 * ASG_ERR_UNSUPPORTED: the file system is a network one, where locks cannot be trusted.
 * ASG_ERR_VERSION:     written by a newer program.
 * ASG_ERR_CONFLICT:    the log of another cluster.
 * ASG_ERR_CORRUPT:     not a log, or damaged; the text says what and what to do.
 * ASG_ERR_DENIED:      no permission, or others may write the file.
 * ASG_ERR_NOT_FOUND:   read only, and there is no such file.
 * ASG_ERR_IO, ASG_ERR_FULL: the disk. *ret is untouched on failure. */
ASG_MUST_USE enum asg_status asg_log_open_sqlite(const struct asg_log_options *options,
                                                 struct asg_log **ret,
                                                 struct asg_error *error);

/* Finish, unlock, free and set to NULL. Ends no cursor: close those first. */
void asg_log_close(struct asg_log **log);

/* Append `count` (>= 1) records: all or none, durable on return, one fsync for all.
 * Sequence numbers are contiguous from the head on; *ret_first_seq (may be NULL) is the
 * first. seq, epoch, is_pruned and the hashes of `records` are ignored.
 * ASG_ERR_LIMIT, ASG_ERR_INVALID: a record breaks a limit; the text names it.
 * ASG_ERR_BUSY:   somebody else holds the file for too long; nothing was written.
 * ASG_ERR_FENCED: another writer has taken over. The log is broken for this one.
 * ASG_ERR_FULL, ASG_ERR_IO: the log is broken (see above).
 * ASG_ERR_DENIED: opened read only. */
ASG_MUST_USE enum asg_status asg_log_append(struct asg_log *log,
                                            const struct asg_record *records,
                                            size_t count, uint64_t *ret_first_seq,
                                            struct asg_error *error);

struct asg_log_head {
    uint64_t seq; /* 0: the log is empty */
    uint64_t epoch;
    uint8_t chain_hash[ASG_LOG_HASH_BYTES];
};

/* The last durable record. Of a log opened read only: as it was when it was opened or
 * asg_log_refresh() was last called. */
struct asg_log_head asg_log_head(const struct asg_log *log);

/* Look again where the head is (read only logs; nothing to do for a writer). */
ASG_MUST_USE enum asg_status asg_log_refresh(struct asg_log *log,
                                             struct asg_error *error);

/* ASG_OK, or why this log is broken. */
enum asg_status asg_log_broken(const struct asg_log *log);

/* Who and when; the text lives as long as the log. */
const char *asg_log_cluster_id(const struct asg_log *log);
int64_t asg_log_created_ms(const struct asg_log *log);

/* Which records to read; all zero means every record, oldest first. */
struct asg_log_filter {
    uint64_t from_seq; /* 0: from the first */
    uint64_t to_seq;   /* inclusive; 0: up to the head at opening */
    const char *kind;  /* NULL or "": any */
    const char *subject;
    int64_t from_time_ms; /* inclusive; 0: any */
    int64_t to_time_ms;   /* exclusive; 0: any */
    uint64_t limit;       /* 0: none */
    bool is_newest_first;
    /* Check every hash and the sequence while reading. Only with neither kind, subject,
     * times nor newest first. The record before from_seq is taken at its word. */
    bool is_verified;
    /* A hint for long reads: a thread with a reader of its own reads ahead of the caller,
     * who checks, until the cursor is closed. */
    bool is_ahead;
};

/* Start to read. Appends to the same log may go on meanwhile; they are not seen.
 * The caller ends *ret with asg_log_cursor_close(), before the log.
 * ASG_ERR_INVALID: is_verified with a filter that leaves records out. */
ASG_MUST_USE enum asg_status asg_log_cursor_open(struct asg_log *log,
                                                 const struct asg_log_filter *filter,
                                                 struct asg_log_cursor **ret,
                                                 struct asg_error *error);

/* The next record; everything *ret points to lives until the next call on this cursor.
 * ASG_ERR_EMPTY:   no more.
 * ASG_ERR_CORRUPT: the file or, with is_verified, this record is damaged; the text
 *                  names the sequence number. The cursor stays at its end. */
ASG_MUST_USE enum asg_status asg_log_cursor_next(struct asg_log_cursor *cursor,
                                                 struct asg_record *ret,
                                                 struct asg_error *error);

/* Free *cursor and set it to NULL. A NULL *cursor is fine. */
void asg_log_cursor_close(struct asg_log_cursor **cursor);

/* When record `seq` was written, and its chain hash as it stands there; either may be
 * NULL. ASG_ERR_EMPTY: there is no such record. Otherwise fails like the calls above. */
ASG_MUST_USE enum asg_status asg_log_read_stamp(struct asg_log *log, uint64_t seq,
                                                int64_t *ret_time_ms,
                                                uint8_t ret_hash[ASG_LOG_HASH_BYTES],
                                                struct asg_error *error);

/* A snapshot on its way into the log. What is not named here is zero at first. */
struct asg_log_snapshot {
    uint64_t seq;      /* the bytes are the state after this record */
    const void *bytes; /* lent until it is complete, or given up */
    size_t length;
    size_t part_bytes;                /* at most so many a call; 0: ASG_LOG_PART_BYTES */
    uint8_t hash[ASG_LOG_HASH_BYTES]; /* by asg_log_hash_snapshot() */
    /* The log's own: */
    uint64_t first_part;
    uint64_t parts;
    size_t written;
    bool is_complete;
};

/* Fill in its hash: the long part of the work, for a thread with a reader of its own.
 * ASG_ERR_NOT_FOUND: no such record. ASG_ERR_LIMIT: longer than ASG_LOG_SNAPSHOT_MAX. */
ASG_MUST_USE enum asg_status asg_log_hash_snapshot(struct asg_log *log,
                                                   struct asg_log_snapshot *snapshot,
                                                   struct asg_error *error);

/* Make its next part durable, in a transaction of its own; the call after the last part
 * makes it complete, and only then it counts: the newest ASG_LOG_SNAPSHOTS_KEPT stay.
 * Call it until it is complete; appends may come between. Parts of one that was given up,
 * or whose writer died, count for nothing: asg_log_drop_leftover() removes them.
 * ASG_ERR_FULL does not break the log: give it up and go on without it. */
ASG_MUST_USE enum asg_status asg_log_write_snapshot(struct asg_log *log,
                                                    struct asg_log_snapshot *snapshot,
                                                    struct asg_error *error);

/* Remove one part that is of no complete snapshot; *ret_has_dropped is false when there
 * is none. Not between the parts of one that is being written. Fails like the call above.
 */
ASG_MUST_USE enum asg_status asg_log_drop_leftover(struct asg_log *log,
                                                   bool *ret_has_dropped,
                                                   struct asg_error *error);

/* All of the above at once, but for leftovers: hash and write `bytes` as the state after
 * record `seq`, durable on return. */
ASG_MUST_USE enum asg_status asg_log_save_snapshot(struct asg_log *log, uint64_t seq,
                                                   const void *bytes, size_t length,
                                                   struct asg_error *error);

/* The newest good snapshot with a sequence number of at most `at_most` (0: any). *ret
 * is reset, then filled. A damaged one is skipped; then `error` says so even though the
 * answer is ASG_OK (its text is "" otherwise).
 * ASG_ERR_EMPTY: none that is good; *ret is empty. */
ASG_MUST_USE enum asg_status asg_log_load_snapshot(struct asg_log *log, uint64_t at_most,
                                                   struct asg_bytes *ret,
                                                   uint64_t *ret_seq,
                                                   struct asg_error *error);

struct asg_log_retention {
    const char *kind;      /* whose payloads go */
    int64_t older_than_ms; /* up to the first record that is not older than this */
    uint64_t before_seq;   /* 0: any; otherwise only records below it */
    uint64_t records_max;  /* at most so many in one call; 0: 10,000 */
    uint64_t bytes_max;    /* at most so many bytes of payload, but one record; 0: any */
    int64_t now_ms;        /* time of the "prune" record */
};

/* What one call of asg_log_prune() did. */
struct asg_log_pruned {
    uint64_t records; /* whose payload is gone */
    uint64_t bytes;   /* of payload */
    uint64_t scanned; /* records read to find them: at most ten times records_max */
    bool has_more;    /* a limit of this call was reached: call again */
};

/* Remove payloads; notes and hashes stay and the chain still verifies. Only records up
 * to the oldest kept snapshot are touched, so that every snapshot can be replayed from.
 * Appends one record of kind "prune" that says what went, when anything went. Blocks on
 * the disk for as long as its limits allow: some 4 ms a MiB. `ret` may be NULL.
 * Fails like asg_log_append(). */
ASG_MUST_USE enum asg_status asg_log_prune(struct asg_log *log,
                                           const struct asg_log_retention *retention,
                                           struct asg_log_pruned *ret,
                                           struct asg_error *error);

/* What can be wrong with a log; the last two are found by those who replay it or hold it
 * against a checkpoint, not by asg_log_verify(). name, text */
#define ASG_LOG_FLAW_LIST(X)                                                             \
    X(ASG_LOG_FLAW_NONE, "none")                                                         \
    X(ASG_LOG_FLAW_PAYLOAD, "the payload was altered")                                   \
    X(ASG_LOG_FLAW_CHAIN, "the chain is broken")                                         \
    X(ASG_LOG_FLAW_MISSING, "records are missing")                                       \
    X(ASG_LOG_FLAW_DUPLICATE, "a sequence number comes twice or out of order")           \
    X(ASG_LOG_FLAW_COLUMN, "a column has the wrong type or size")                        \
    X(ASG_LOG_FLAW_EPOCH, "the epoch goes back")                                         \
    X(ASG_LOG_FLAW_NOT_PRUNED, "a payload is gone that was never pruned")                \
    X(ASG_LOG_FLAW_SNAPSHOT, "a snapshot is damaged")                                    \
    X(ASG_LOG_FLAW_NO_SNAPSHOT, "payloads are pruned and no snapshot covers them")       \
    X(ASG_LOG_FLAW_INDEX, "the look-up index does not fit the records")                  \
    X(ASG_LOG_FLAW_HEADER, "the description of the log was altered")                     \
    X(ASG_LOG_FLAW_FILE, "the file itself is damaged")                                   \
    X(ASG_LOG_FLAW_STATE, "a replay gives another state")                                \
    X(ASG_LOG_FLAW_CHECKPOINT, "the log differs from a signed checkpoint")

enum asg_log_flaw {
#define X(name, text) name,
    ASG_LOG_FLAW_LIST(X)
#undef X
};

/* Never NULL; the text is static. */
const char *asg_log_flaw_text(enum asg_log_flaw flaw);

struct asg_log_verdict {
    enum asg_log_flaw flaw; /* the first one met; ASG_LOG_FLAW_NONE: all is well */
    uint64_t bad_seq;       /* the first bad record or snapshot; 0: not one record */
    uint64_t first_seq;     /* of the records that were checked */
    uint64_t last_seq;
    uint64_t record_count;
    uint64_t pruned_count;
    uint64_t pruned_last; /* the last record without its payload */
    uint64_t snapshot_count;
    uint8_t chain_hash[ASG_LOG_HASH_BYTES]; /* after last_seq */
    char what[256];                         /* what is wrong, with the numbers */
    char advice[384];                       /* what to do */
};

/* Called on the caller's thread about every 10,000 records, with how many of `total` were
 * checked; answer false to stop (ASG_ERR_CLOSED). */
typedef bool asg_log_progress(void *context, uint64_t checked, uint64_t total);

/* How many threads, the caller among them, asg_log_verify() uses; 0, as at first: one a
 * core for a long log. More than ASG_LOG_JOBS_MAX is that many. */
#define ASG_LOG_JOBS_MAX 64
void asg_log_set_jobs(struct asg_log *log, size_t jobs);

/* Check the whole log from `from_seq` (0: the first) on: the file's structure, every
 * hash, the sequence, epochs, snapshots, what was pruned. `progress` may be NULL. A long
 * log is read by further threads as well, which are gone when this returns; the verdict
 * does not depend on their number.
 * ASG_OK: *ret says how much was checked. ASG_ERR_CORRUPT: *ret names the first flaw,
 * and so does `error`. ASG_ERR_IO: the disk could not be read; nothing is proved. */
ASG_MUST_USE enum asg_status asg_log_verify(struct asg_log *log, uint64_t from_seq,
                                            asg_log_progress *progress, void *context,
                                            struct asg_log_verdict *ret,
                                            struct asg_error *error);

/* Called on the caller's thread some times a second while a copy is made: `done` of
 * `total` pages ("copied") or records ("verified"). Answer false to stop
 * (ASG_ERR_CLOSED). */
typedef bool asg_log_copy_progress(void *context, const char *step, uint64_t done,
                                   uint64_t total);

/* Copy the log as it stands now into the new file `path` (mode 0600), prove the copy as
 * asg_log_verify() does, and only then give it that name; until then it is "<path>.part".
 * `log` was opened read only; its writer goes on meanwhile. `progress` may be NULL. On
 * failure nothing is left.
 * ASG_ERR_CONFLICT: there is such a file already. ASG_ERR_CORRUPT: the log, and so its
 * copy, does not verify: *ret says what is wrong. ASG_ERR_IO, ASG_ERR_FULL: the disk.
 * ASG_ERR_UNSUPPORTED: not a file, or opened to write. */
ASG_MUST_USE enum asg_status asg_log_copy(struct asg_log *log, const char *path,
                                          asg_log_copy_progress *progress, void *context,
                                          struct asg_log_verdict *ret,
                                          struct asg_error *error);

/* The same verdict on a file that asg_log_open_sqlite() refused with ASG_ERR_CORRUPT, and
 * `error` from there: of a file that is cut short, the first record that is lost. Only
 * reads, and leaves nothing behind. */
void asg_log_explain_damage(const struct asg_log_options *options,
                            const struct asg_error *error, struct asg_log_verdict *ret);

#endif
