/* log_sqlite - a log in one SQLite file.
 *
 * Private to lib/store: what sqlite_open.c, log_sqlite.c (append, close), sqlite_cursor.c
 * (read), sqlite_snapshot.c, sqlite_check.c (verify) and sqlite_copy.c share.
 */
#ifndef ASG_STORE_LOG_SQLITE_H
#define ASG_STORE_LOG_SQLITE_H

#include "store/log_backend.h"
#include "store/sqlite_checkpoint.h"
#include "store/sqlite_schema.h"

struct asg_sqlite_log {
    struct asg_log log; /* first: a struct asg_log * is cast back */
    sqlite3 *db;
    int lock; /* descriptor of the lock file, -1 for readers */
    struct asg_log_meta meta;
    bool is_immutable;
    bool is_meta_intact;
    bool is_head_sound;    /* the last record's columns are what they must be */
    unsigned data_version; /* SQLite's counter after our own last commit */
    int wal_pages;         /* in the write-ahead log, told by the commit hook */
    int wal_pages_before;  /* after the commit before */
    int checkpoint_at;     /* start to copy at so many */
    bool is_copying;       /* the checkpointer is at work */
    struct asg_checkpointer *checkpointer; /* NULL until there is something to copy */
    uint64_t hold_count;
    sqlite3_stmt *begin, *commit, *rollback, *insert, *chain_hash;
};

extern const struct asg_log_backend asg_sqlite_backend;

/* Run a kept statement that answers nothing; SQLITE_OK or SQLite's code. */
int asg_sqlite_run_kept(sqlite3_stmt *statement);
/* Read meta and the last record. */
enum asg_status asg_sqlite_refresh(struct asg_log *log, struct asg_error *error);
/* Say in meta that the log reached `seq`, inside the caller's transaction. */
enum asg_status asg_sqlite_write_anchor(struct asg_sqlite_log *self, uint64_t seq,
                                        const uint8_t chain_hash[ASG_LOG_HASH_BYTES],
                                        struct asg_error *error);
/* Close and free, without writing anything. */
void asg_sqlite_free(struct asg_sqlite_log *self);

/* Once a connection, before its first cursor. */
enum asg_status asg_sqlite_cursor_enable(sqlite3 *db, struct asg_error *error);
enum asg_status asg_sqlite_cursor_open(struct asg_log *log,
                                       const struct asg_log_filter *filter,
                                       struct asg_log_cursor **ret,
                                       struct asg_error *error);
enum asg_status asg_sqlite_cursor_next(struct asg_log_cursor *cursor,
                                       struct asg_record *ret, struct asg_error *error);
void asg_sqlite_cursor_close(struct asg_log_cursor *cursor);

enum asg_status asg_sqlite_save_part(struct asg_log *log,
                                     struct asg_log_snapshot *snapshot, const void *bytes,
                                     size_t length, struct asg_error *error);
enum asg_status asg_sqlite_finish_snapshot(struct asg_log *log,
                                           struct asg_log_snapshot *snapshot,
                                           struct asg_error *error);
enum asg_status asg_sqlite_drop_leftover(struct asg_log *log, bool *ret_has_dropped,
                                         struct asg_error *error);
enum asg_status asg_sqlite_read_snapshot(struct asg_log *log, uint64_t at_most,
                                         struct asg_bytes *ret, uint64_t *ret_seq,
                                         uint8_t ret_hash[ASG_LOG_HASH_BYTES],
                                         struct asg_error *error);
enum asg_status asg_sqlite_oldest_snapshot(struct asg_log *log, uint64_t *ret,
                                           struct asg_error *error);

enum asg_status asg_sqlite_check_before(struct asg_log *log,
                                        struct asg_log_flaw_found *flaw,
                                        struct asg_error *error);
enum asg_status asg_sqlite_check_ends(struct asg_log *log,
                                      struct asg_log_flaw_found *flaw,
                                      struct asg_error *error);
enum asg_status asg_sqlite_check_pages(struct asg_log *log,
                                       struct asg_log_flaw_found *flaw,
                                       struct asg_error *error);
enum asg_status asg_sqlite_check_after(struct asg_log *log,
                                       const struct asg_checker *checker,
                                       struct asg_log_flaw_found *flaw,
                                       struct asg_error *error);

/* Does the log still reach its anchor? ASG_ERR_CORRUPT: `flaw` is set. */
enum asg_status asg_sqlite_check_anchor(struct asg_sqlite_log *self,
                                        struct asg_log_flaw_found *flaw,
                                        struct asg_error *error);

/* BEGIN, refusing when somebody else wrote (ASG_ERR_FENCED). */
enum asg_status asg_sqlite_begin(struct asg_sqlite_log *self, struct asg_error *error);
/* COMMIT when `status` is ASG_OK, otherwise ROLLBACK. Returns what came of it. */
enum asg_status asg_sqlite_end(struct asg_sqlite_log *self, enum asg_status status,
                               struct asg_error *error);

#endif
