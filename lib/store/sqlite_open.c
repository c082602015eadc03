#include "store/log_sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "store/sqlite_file.h"
#include "store/sqlite_wal.h"

static enum asg_status prepare_all(struct asg_sqlite_log *self, struct asg_error *error)
{
    const struct {
        const char *sql;
        sqlite3_stmt **ret;
    } kept[] = {
        {"BEGIN IMMEDIATE", &self->begin},
        {"COMMIT", &self->commit},
        {"ROLLBACK", &self->rollback},
        {"INSERT INTO records(seq, time_ms, epoch, kind, subject, note, content_hash, "
         "chain_hash, payload) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
         &self->insert},
        {"SELECT chain_hash, epoch FROM records WHERE seq = ?1", &self->chain_hash},
    };
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        enum asg_status status =
            asg_sqlite_prepare(self->db, kept[i].sql, kept[i].ret, error);
        if (status != ASG_OK) return status;
    }
    return asg_sqlite_cursor_enable(self->db, error);
}

static enum asg_status create(struct asg_sqlite_log *self,
                              const struct asg_log_options *options,
                              struct asg_error *error)
{
    struct asg_log_meta meta = {.format = ASG_LOG_FORMAT_VERSION,
                                .created_ms = options->now_ms};
    (void)snprintf(meta.cluster_id, sizeof meta.cluster_id, "%s",
                   options->cluster_id == NULL ? "" : options->cluster_id);
    asg_chain_genesis(&self->log.chain, meta.cluster_id, meta.created_ms,
                      meta.anchor_hash);
    enum asg_status status = asg_schema_create(self->db, &self->log.chain, &meta, error);
    if (status != ASG_OK) return status;
    /* From here on a file without its write-ahead log is still known to be a log. */
    int code = sqlite3_wal_checkpoint_v2(self->db, "main", SQLITE_CHECKPOINT_TRUNCATE,
                                         NULL, NULL);
    if (code == SQLITE_OK) return ASG_OK;
    return asg_sqlite_fail(self->db, code, error, "create the log");
}

/* Everything that is known about the log before its first record is read. */
static enum asg_status read_description(struct asg_sqlite_log *self,
                                        const struct asg_log_options *options,
                                        int64_t size, struct asg_error *error)
{
    bool is_new = false;
    enum asg_status status = asg_schema_identify(self->db, &is_new, error);
    if (status == ASG_OK && is_new) {
        if (self->log.is_read_only || size > ASG_SQLITE_PAGE_SIZE) {
            return asg_fail(error, ASG_ERR_CORRUPT,
                            "%s is not a log of openasg (it has "
                            "no tables); check the path",
                            options->path);
        }
        status = create(self, options, error);
    }
    if (status != ASG_OK) return status;
    status = prepare_all(self, error);
    if (status == ASG_OK) status = asg_sqlite_refresh(&self->log, error);
    if (status != ASG_OK) return status;
    self->log.created_ms = self->meta.created_ms;
    (void)snprintf(self->log.cluster_id, sizeof self->log.cluster_id, "%s",
                   self->meta.cluster_id);
    const char *wanted = options->cluster_id;
    if (wanted != NULL && wanted[0] != '\0' &&
        strcmp(wanted, self->meta.cluster_id) != 0) {
        return asg_fail(error, ASG_ERR_CONFLICT,
                        "%s is the log of cluster \"%s\", not of \"%s\"", options->path,
                        self->meta.cluster_id, wanted);
    }
    return ASG_OK;
}

/* A controller must not lead from a file that is not what it left behind. */
static enum asg_status refuse_damage(struct asg_sqlite_log *self, struct asg_error *error)
{
    struct asg_log_flaw_found flaw = {0};
    enum asg_status status = asg_schema_check(self->db, &flaw, error);
    if (status == ASG_OK && !self->is_meta_intact) {
        status = asg_fail(error, ASG_ERR_CORRUPT, "the table meta was altered");
    }
    if (status == ASG_OK && !self->is_head_sound) {
        status = asg_fail(error, ASG_ERR_CORRUPT,
                          "the last record, %" PRIu64
                          ", has columns of the wrong type or size",
                          self->log.head.seq);
    }
    if (status == ASG_OK) status = asg_sqlite_check_anchor(self, &flaw, error);
    if (status != ASG_ERR_CORRUPT) return status;
    return asg_fail_wrap(error, status, "%s is damaged",
                         sqlite3_db_filename(self->db, "main"));
}

/* Take the epoch, and set the anchor to what is there. */
static enum asg_status take_over(struct asg_sqlite_log *self, uint64_t epoch,
                                 struct asg_error *error)
{
    if (epoch != 0 && epoch < self->meta.epoch) {
        return asg_fail(error, ASG_ERR_FENCED,
                        "epoch %" PRIu64 " is older than the last writer's, %" PRIu64,
                        epoch, self->meta.epoch);
    }
    self->meta.epoch = epoch != 0 ? epoch : self->meta.epoch + 1;
    if (self->meta.epoch > INT64_MAX) {
        return asg_fail(error, ASG_ERR_INVALID, "epoch %" PRIu64 " is too large", epoch);
    }
    self->log.head.epoch = self->meta.epoch;
    int code = asg_sqlite_run_kept(self->begin);
    if (code != SQLITE_OK) return asg_sqlite_fail(self->db, code, error, "open the log");
    enum asg_status status = asg_sqlite_write_anchor(self, self->log.head.seq,
                                                     self->log.head.chain_hash, error);
    return asg_sqlite_end(self, status, error);
}

static int note_wal_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    struct asg_sqlite_log *self = context;
    (void)db;
    (void)name;
    self->wal_pages = pages;
    return SQLITE_OK;
}

static enum asg_status open_writer(struct asg_sqlite_log *self,
                                   const struct asg_log_options *options,
                                   struct asg_error *error)
{
    int64_t size = 0;
    struct asg_log_flaw_found flaw = {0};
    enum asg_status status = asg_file_check_system(options->path, error);
    if (status == ASG_OK) status = asg_file_lock(options->path, &self->lock, error);
    if (status == ASG_OK) {
        status = asg_file_prepare(options->path, /* may_create */ true, &size, error);
    }
    if (status == ASG_OK) status = asg_wal_check(options->path, &flaw, error);
    if (status == ASG_OK) {
        status = asg_sqlite_open(options->path, ASG_SQLITE_WRITE, &self->db, error);
    }
    if (status == ASG_OK) status = read_description(self, options, size, error);
    if (status == ASG_OK) status = refuse_damage(self, error);
    if (status != ASG_OK) return status;
    (void)sqlite3_wal_hook(self->db, note_wal_pages, self);
    /* What a crash left behind goes into the file, and the write-ahead log starts anew.
     */
    int code = sqlite3_wal_checkpoint_v2(self->db, "main", SQLITE_CHECKPOINT_TRUNCATE,
                                         NULL, NULL);
    status = asg_sqlite_status(code);
    if (status != ASG_OK && status != ASG_ERR_BUSY) {
        return asg_sqlite_fail(self->db, code, error, "open the log");
    }
    status = take_over(self, options->epoch, error);
    if (status != ASG_OK) return status;
    asg_file_fill_wal(options->path, (int64_t)(ASG_SQLITE_WAL_PAGES + 250) *
                                         (ASG_SQLITE_PAGE_SIZE + 24));
    return ASG_OK;
}

static enum asg_status open_reader(struct asg_sqlite_log *self,
                                   const struct asg_log_options *options,
                                   struct asg_error *error)
{
    int64_t size = 0;
    enum asg_status status =
        asg_file_prepare(options->path, /* may_create */ false, &size, error);
    if (status == ASG_OK) status = asg_file_check_readable(options->path, error);
    if (status != ASG_OK) return status;
    self->is_immutable = options->is_immutable;
    if (options->is_immutable && asg_wal_has_commits(options->path)) {
        return asg_fail(
            error, ASG_ERR_CONFLICT,
            "%s-wal has commits, and an immutable read looks at %s alone: the "
            "newest records would be left out. Read it without --immutable, in "
            "a folder that may be written",
            options->path, options->path);
    }
    status = asg_sqlite_open(
        options->path, options->is_immutable ? ASG_SQLITE_IMMUTABLE : ASG_SQLITE_READ,
        &self->db, error);
    if (status == ASG_OK) status = read_description(self, options, size, error);
    if (status != ASG_ERR_DENIED || options->is_immutable) return status;
    asg_file_explain_denied(options->path, error);
    return status;
}

enum asg_status asg_log_open_sqlite(const struct asg_log_options *options,
                                    struct asg_log **ret, struct asg_error *error)
{
    if (options->path == NULL || options->path[0] == '\0' ||
        strlen(options->path) > ASG_LOG_PATH_MAX) {
        return asg_fail(error, ASG_ERR_INVALID, "a log needs a path of 1 to %d bytes",
                        ASG_LOG_PATH_MAX);
    }
    if (options->cluster_id != NULL &&
        strlen(options->cluster_id) > ASG_LOG_CLUSTER_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "a cluster id has at most %d bytes",
                        ASG_LOG_CLUSTER_MAX);
    }
    struct asg_sqlite_log *self = asg_alloc(1, sizeof *self);
    asg_log_base_init(&self->log, &asg_sqlite_backend);
    self->lock = -1;
    self->checkpoint_at = ASG_SQLITE_COPY_PAGES;
    self->log.is_read_only = options->is_read_only || options->is_immutable;
    enum asg_status status = self->log.is_read_only ? open_reader(self, options, error)
                                                    : open_writer(self, options, error);
    if (status != ASG_OK) {
        asg_sqlite_free(self);
        return status;
    }
    *ret = &self->log;
    return ASG_OK;
}
