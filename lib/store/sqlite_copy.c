/* sqlite_copy - a consistent copy of a log's file, while its writer goes on.
 *
 * The copy is made under another name, proven record by record, and only then given its
 * own: a file of that name is always a whole log. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/log_sqlite.h"
#include "store/sqlite_file.h"

#define PAGES_A_STEP 2560 /* 10 MiB: several reports a second on a slow disk */

struct copying {
    const char *path;
    char part[ASG_LOG_PATH_MAX + 8]; /* "<path>.part" */
    asg_log_copy_progress *progress;
    void *context;
};

static bool tell(const struct copying *copying, const char *step, uint64_t done,
                 uint64_t total)
{
    return copying->progress == NULL ||
           copying->progress(copying->context, step, done, total);
}

static bool tell_verified(void *context, uint64_t checked, uint64_t total)
{
    return tell(context, "verified", checked, total);
}

/* A new, empty file that only its owner may read: a log names every machine. */
static enum asg_status make_part(struct copying *copying, struct asg_error *error)
{
    int length = snprintf(copying->part, sizeof copying->part, "%s.part", copying->path);
    if (length < 0 || (size_t)length >= sizeof copying->part) {
        return asg_fail(error, ASG_ERR_LIMIT, "the path %.100s... is too long",
                        copying->path);
    }
    if (access(copying->path, F_OK) == 0) {
        return asg_fail(error, ASG_ERR_CONFLICT,
                        "%s already exists, and a backup overwrites nothing; choose "
                        "another name or remove it",
                        copying->path);
    }
    int file = open(copying->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
        (void)close(file);
        return ASG_OK;
    }
    if (errno == EEXIST) {
        return asg_fail(error, ASG_ERR_CONFLICT,
                        "%s already exists: another backup is running, or one was "
                        "interrupted; remove the file if none is running",
                        copying->part);
    }
    return asg_fail(error, errno == EACCES ? ASG_ERR_DENIED : ASG_ERR_IO,
                    "cannot create %s: %s", copying->part, strerror(errno));
}

static enum asg_status fail_full(const struct copying *copying, struct asg_error *error)
{
    return asg_fail(error, ASG_ERR_FULL,
                    "cannot copy the log: the disk of %s is full; the copy was not "
                    "finished and is removed; free space or choose another folder",
                    copying->path);
}

static enum asg_status copy_pages(const struct copying *copying, sqlite3 *from,
                                  sqlite3 *to, struct asg_error *error)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL) {
        return asg_sqlite_fail(to, sqlite3_errcode(to), error, "begin the copy");
    }
    int code = SQLITE_OK;
    bool goes_on = true;
    while (code == SQLITE_OK && goes_on) {
        code = sqlite3_backup_step(backup, PAGES_A_STEP);
        int total = sqlite3_backup_pagecount(backup);
        goes_on =
            tell(copying, "copied", (uint64_t)(total - sqlite3_backup_remaining(backup)),
                 (uint64_t)total);
    }
    (void)sqlite3_backup_finish(backup);
    if (!goes_on) return asg_fail(error, ASG_ERR_CLOSED, "the backup was interrupted");
    if (code != SQLITE_DONE) return asg_sqlite_fail(to, code, error, "copy the log");
    return ASG_OK;
}

/* `from` is held: all pages are of one state. */
static enum asg_status write_part(const struct copying *copying, sqlite3 *from,
                                  struct asg_error *error)
{
    sqlite3 *to = NULL;
    enum asg_status status = asg_sqlite_open_empty(copying->part, &to, error);
    if (status != ASG_OK) return status;
    status = copy_pages(copying, from, to, error);
    /* The copy stands alone: no write-ahead log belongs to it. A writer that opens it
     * begins one. */
    if (status == ASG_OK) {
        status =
            asg_sqlite_run(to, "PRAGMA journal_mode = DELETE", "finish the copy", error);
    }
    asg_sqlite_close(&to);
    return status == ASG_ERR_FULL ? fail_full(copying, error) : status;
}

static enum asg_status prove_part(const struct copying *copying,
                                  const struct asg_log_head *head,
                                  struct asg_log_verdict *ret, struct asg_error *error)
{
    const struct asg_log_options options = {
        .path = copying->part, .is_read_only = true, .is_immutable = true};
    ASG_CLEANUP(asg_log_close) struct asg_log *copy = NULL;
    enum asg_status status = asg_log_open_sqlite(&options, &copy, error);
    if (status == ASG_OK) {
        status = asg_log_verify(copy, 0, tell_verified, (void *)(uintptr_t)copying, ret,
                                error);
    }
    if (status != ASG_OK) return status;
    (void)tell(copying, "verified", ret->record_count, ret->record_count);
    if (ret->last_seq == head->seq && memcmp(asg_log_head(copy).chain_hash,
                                             head->chain_hash, ASG_LOG_HASH_BYTES) == 0) {
        return ASG_OK;
    }
    return asg_fail(error, ASG_ERR_CORRUPT,
                    "the copy ends at record %" PRIu64 " and the log at record %" PRIu64
                    ", or their chains differ",
                    ret->last_seq, head->seq);
}

static enum asg_status sync_path(const char *path, int flags, struct asg_error *error)
{
    int file = open(path, flags | O_RDONLY | O_CLOEXEC);
    bool is_durable = file >= 0 && fsync(file) == 0;
    int number = errno;
    if (file >= 0) (void)close(file);
    if (is_durable) return ASG_OK;
    return asg_fail(error, ASG_ERR_IO, "cannot write %s to the disk: %s", path,
                    strerror(number));
}

/* Its own name, unless somebody took that meanwhile. */
static enum asg_status name_part(const struct copying *copying, struct asg_error *error)
{
    enum asg_status status = sync_path(copying->part, 0, error);
    if (status != ASG_OK) return status;
    if (link(copying->part, copying->path) != 0) {
        return asg_fail(error, errno == EEXIST ? ASG_ERR_CONFLICT : ASG_ERR_IO,
                        "cannot name the copy %s: %s", copying->path, strerror(errno));
    }
    (void)unlink(copying->part);
    char folder[ASG_LOG_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", copying->path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        (void)snprintf(folder, sizeof folder, ".");
    } else {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    return sync_path(folder, O_DIRECTORY, error);
}

enum asg_status asg_log_copy(struct asg_log *log, const char *path,
                             asg_log_copy_progress *progress, void *context,
                             struct asg_log_verdict *ret, struct asg_error *error)
{
    *ret = (struct asg_log_verdict){0};
    if (log->backend != &asg_sqlite_backend || !log->is_read_only) {
        return asg_fail(error, ASG_ERR_UNSUPPORTED,
                        "only a log that was opened from its file to be read can be "
                        "copied");
    }
    struct copying copying = {.path = path, .progress = progress, .context = context};
    enum asg_status status = make_part(&copying, error);
    if (status != ASG_OK) return status;
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    status = log->backend->hold(log, error);
    struct asg_log_head head = {0};
    if (status == ASG_OK) {
        status = asg_log_refresh(log, error);
        head = asg_log_head(log);
        if (status == ASG_OK) status = write_part(&copying, self->db, error);
        log->backend->release(log);
    }
    if (status == ASG_OK) status = prove_part(&copying, &head, ret, error);
    if (status == ASG_OK) status = name_part(&copying, error);
    if (status != ASG_OK) (void)unlink(copying.part);
    return status;
}
