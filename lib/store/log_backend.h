/* log_backend - what a store has to bring to be a log, and what they share.
 *
 * Private to lib/store. log.c checks records, gives sequence numbers and hashes them;
 * a backend keeps them. A backend embeds struct asg_log as its first member and fills
 * in head, cluster_id, created_ms and is_read_only before it is handed out.
 */
#ifndef ASG_STORE_LOG_BACKEND_H
#define ASG_STORE_LOG_BACKEND_H

#include "base/arena.h"
#include "store/chain.h"
#include "store/check_record.h"
#include "store/log.h"
#include "store/read_ahead.h"

struct asg_log_backend {
    /* Free everything, the struct too. */
    void (*close)(struct asg_log *log);
    /* Make all of them durable, or none. They are checked, numbered and hashed. */
    enum asg_status (*append)(struct asg_log *log, const struct asg_record *records,
                              size_t count, struct asg_error *error);
    /* Find the head again. NULL: nothing to do. */
    enum asg_status (*refresh)(struct asg_log *log, struct asg_error *error);

    /* Between these two reads see one state. NULL: they do anyway. */
    enum asg_status (*hold)(struct asg_log *log, struct asg_error *error);
    void (*release)(struct asg_log *log);

    /* to_seq is resolved. The cursor embeds struct asg_log_cursor first. */
    enum asg_status (*cursor_open)(struct asg_log *log,
                                   const struct asg_log_filter *filter,
                                   struct asg_log_cursor **ret, struct asg_error *error);
    /* On ASG_ERR_CORRUPT sets cursor->flaw. */
    enum asg_status (*cursor_next)(struct asg_log_cursor *cursor, struct asg_record *ret,
                                   struct asg_error *error);
    void (*cursor_close)(struct asg_log_cursor *cursor);

    /* The chain hash of record seq, and its epoch (may be NULL). ASG_ERR_NOT_FOUND: no
     * such record. */
    enum asg_status (*chain_hash)(struct asg_log *log, uint64_t seq,
                                  uint8_t ret[ASG_LOG_HASH_BYTES], uint64_t *ret_epoch,
                                  struct asg_error *error);

    /* The next part of one that is being written; the first gives it its first_part. */
    enum asg_status (*save_part)(struct asg_log *log, struct asg_log_snapshot *snapshot,
                                 const void *bytes, size_t length,
                                 struct asg_error *error);
    /* All parts are there: from now on it counts, and the oldest is dropped. */
    enum asg_status (*finish_snapshot)(struct asg_log *log,
                                       struct asg_log_snapshot *snapshot,
                                       struct asg_error *error);
    enum asg_status (*drop_leftover)(struct asg_log *log, bool *ret_has_dropped,
                                     struct asg_error *error);
    /* The newest with seq <= at_most. ASG_ERR_EMPTY: none. ASG_ERR_CORRUPT: *ret_seq is
     * set, or 0 when even that cannot be read. */
    enum asg_status (*read_snapshot)(struct asg_log *log, uint64_t at_most,
                                     struct asg_bytes *ret, uint64_t *ret_seq,
                                     uint8_t ret_hash[ASG_LOG_HASH_BYTES],
                                     struct asg_error *error);
    /* 0: there is none. */
    enum asg_status (*oldest_snapshot)(struct asg_log *log, uint64_t *ret,
                                       struct asg_error *error);

    /* Drop the payloads of `kind` in [from_seq, to_seq] and append `record`, together. */
    enum asg_status (*prune)(struct asg_log *log, const char *kind, uint64_t from_seq,
                             uint64_t to_seq, const struct asg_record *record,
                             struct asg_error *error);

    /* What the chain does not cover; before, while and after the records are read.
     * ASG_ERR_CORRUPT: `flaw` is set. NULL: nothing more to check. */
    enum asg_status (*check_before)(struct asg_log *log, struct asg_log_flaw_found *flaw,
                                    struct asg_error *error);
    /* What a verified read needs besides its records: what check_before says, and that
     * the log reaches its anchor. */
    enum asg_status (*check_ends)(struct asg_log *log, struct asg_log_flaw_found *flaw,
                                  struct asg_error *error);
    enum asg_status (*check_pages)(struct asg_log *log, struct asg_log_flaw_found *flaw,
                                   struct asg_error *error);
    /* The same log, opened once more to read, for another thread. NULL: cannot. */
    struct asg_log *(*second_reader)(struct asg_log *log);
    enum asg_status (*check_after)(struct asg_log *log, const struct asg_checker *checker,
                                   struct asg_log_flaw_found *flaw,
                                   struct asg_error *error);
};

struct asg_log {
    const struct asg_log_backend *backend;
    struct asg_chain chain;
    struct asg_log_head head;
    char cluster_id[ASG_LOG_CLUSTER_MAX + 1];
    int64_t created_ms;
    bool is_read_only;
    bool is_checked; /* check_ends was well, or the caller asks it itself */
    enum asg_status broken;
    char broken_text[ASG_ERROR_TEXT_MAX];
    uint64_t cursor_count; /* open ones */
    size_t jobs;           /* of asg_log_verify(); 0: one a core */
    struct asg_record *staged;
    size_t staged_capacity;
    char looked_kind[ASG_LOG_KIND_MAX + 1]; /* by the last prune ... */
    uint64_t looked_to_seq;                 /* ... up to this record */
};

struct asg_log_cursor {
    struct asg_log *log;
    struct asg_read_ahead *ahead; /* not NULL: records come from there */
    bool is_ended;
    bool is_verified;
    uint64_t to_seq;
    /* What records point to goes here and stays until it is reset; NULL: it stays until
     * the next record. */
    struct asg_arena *keeper;
    struct asg_checker checker;     /* when is_verified */
    struct asg_log_flaw_found flaw; /* after ASG_ERR_CORRUPT */
};

/* What asg_log_open_* and asg_log_close() share. */
void asg_log_base_init(struct asg_log *log, const struct asg_log_backend *backend);
void asg_log_base_clear(struct asg_log *log);

/* Remember a failure for good when memory could be ahead of disk. Returns `status`. */
enum asg_status asg_log_break(struct asg_log *log, enum asg_status status,
                              const struct asg_error *error);

#endif
