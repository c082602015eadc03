#include "store/log_memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/log_backend.h"

struct kept_snapshot {
    uint64_t seq;
    uint8_t hash[ASG_LOG_HASH_BYTES];
    struct asg_bytes bytes;
};

struct memory_log {
    struct asg_log log;     /* first: a struct asg_log * is cast back */
    struct asg_arena arena; /* texts and payloads */
    const char **kinds;     /* each once: records point here */
    size_t kind_count;
    struct asg_record *records;
    size_t count;
    size_t capacity;
    struct kept_snapshot snapshots[ASG_LOG_SNAPSHOTS_KEPT + 1]; /* oldest first */
    size_t snapshot_count;
    struct asg_bytes writing; /* the parts of one that is not complete */
    uint64_t fail_nth;
    enum asg_status fail_status;
};

struct memory_cursor {
    struct asg_log_cursor cursor; /* first: cast back */
    struct asg_log_filter filter;
    const char *kind; /* the log's own text; NULL: all */
    char subject[ASG_LOG_SUBJECT_MAX + 1];
    uint64_t next_seq; /* 0: no more */
    uint64_t taken;
};

static struct memory_log *self_of(struct asg_log *log)
{
    return (struct memory_log *)log;
}

static void close_log(struct asg_log *log)
{
    struct memory_log *self = self_of(log);
    for (size_t i = 0; i < self->snapshot_count; i++) {
        asg_bytes_clear(&self->snapshots[i].bytes);
    }
    asg_bytes_clear(&self->writing);
    asg_arena_clear(&self->arena);
    free(self->records);
    free(self->kinds);
    asg_log_base_clear(log);
    free(self);
}

/* The text that records of this kind share; NULL: there is none yet. */
static const char *find_kind(const struct memory_log *self, const char *kind)
{
    for (size_t i = 0; i < self->kind_count; i++) {
        if (strcmp(self->kinds[i], kind) == 0) return self->kinds[i];
    }
    return NULL;
}

static const char *keep_kind(struct memory_log *self, const char *kind)
{
    const char *kept = find_kind(self, kind);
    if (kept != NULL) return kept;
    self->kinds = asg_realloc(self->kinds, self->kind_count + 1, sizeof self->kinds[0]);
    kept = asg_arena_text(&self->arena, kind);
    self->kinds[self->kind_count++] = kept;
    return kept;
}

static void keep(struct memory_log *self, const struct asg_record *record)
{
    if (self->count == self->capacity) {
        self->capacity = 2 * self->capacity + 64;
        self->records = asg_realloc(self->records, self->capacity, sizeof *self->records);
    }
    struct asg_record *kept = &self->records[self->count++];
    *kept = *record;
    kept->kind = keep_kind(self, record->kind);
    kept->subject = asg_arena_text(&self->arena, record->subject);
    kept->note = asg_arena_text(&self->arena, record->note);
    kept->payload = NULL;
    if (record->payload_length == 0) return;
    void *payload = asg_arena_take(&self->arena, record->payload_length);
    memcpy(payload, record->payload, record->payload_length);
    kept->payload = payload;
}

static enum asg_status append(struct asg_log *log, const struct asg_record *records,
                              size_t count, struct asg_error *error)
{
    struct memory_log *self = self_of(log);
    if (self->fail_nth > 0 && --self->fail_nth == 0) {
        return asg_fail(error, self->fail_status, "cannot append: told to fail (%s)",
                        asg_status_text(self->fail_status));
    }
    for (size_t i = 0; i < count; i++)
        keep(self, &records[i]);
    return ASG_OK;
}

static enum asg_status cursor_open(struct asg_log *log,
                                   const struct asg_log_filter *filter,
                                   struct asg_log_cursor **ret, struct asg_error *error)
{
    (void)error;
    const struct memory_log *self = self_of(log);
    struct memory_cursor *cursor = asg_alloc(1, sizeof *cursor);
    cursor->cursor.log = log;
    cursor->filter = *filter;
    bool is_of_kind = filter->kind != NULL && filter->kind[0] != '\0';
    if (is_of_kind) cursor->kind = find_kind(self, filter->kind);
    if (filter->subject != NULL) {
        (void)snprintf(cursor->subject, sizeof cursor->subject, "%s", filter->subject);
    }
    bool is_some =
        filter->from_seq <= filter->to_seq && !(is_of_kind && cursor->kind == NULL);
    if (is_some) {
        cursor->next_seq = filter->is_newest_first ? filter->to_seq : filter->from_seq;
    }
    *ret = &cursor->cursor;
    return ASG_OK;
}

static bool is_wanted(const struct memory_cursor *cursor, const struct asg_record *record)
{
    const struct asg_log_filter *filter = &cursor->filter;
    if (cursor->kind != NULL && cursor->kind != record->kind) return false;
    if (cursor->subject[0] != '\0' && strcmp(cursor->subject, record->subject) != 0) {
        return false;
    }
    if (filter->from_time_ms != 0 && record->time_ms < filter->from_time_ms) return false;
    return filter->to_time_ms == 0 || record->time_ms < filter->to_time_ms;
}

static enum asg_status cursor_next(struct asg_log_cursor *base, struct asg_record *ret,
                                   struct asg_error *error)
{
    (void)error;
    struct memory_cursor *cursor = (struct memory_cursor *)base;
    const struct asg_log_filter *filter = &cursor->filter;
    const struct memory_log *self = self_of(base->log);
    if (filter->limit > 0 && cursor->taken == filter->limit) return ASG_ERR_EMPTY;
    while (cursor->next_seq >= filter->from_seq && cursor->next_seq <= filter->to_seq &&
           cursor->next_seq > 0) {
        const struct asg_record *record = &self->records[cursor->next_seq - 1];
        cursor->next_seq =
            filter->is_newest_first ? cursor->next_seq - 1 : cursor->next_seq + 1;
        if (!is_wanted(cursor, record)) continue;
        cursor->taken++;
        *ret = *record;
        return ASG_OK;
    }
    return ASG_ERR_EMPTY;
}

static void cursor_close(struct asg_log_cursor *base)
{
    free(base);
}

static enum asg_status chain_hash(struct asg_log *log, uint64_t seq,
                                  uint8_t ret[ASG_LOG_HASH_BYTES], uint64_t *ret_epoch,
                                  struct asg_error *error)
{
    const struct memory_log *self = self_of(log);
    if (seq == 0 || seq > self->count) {
        return asg_fail(error, ASG_ERR_NOT_FOUND, "there is no record %" PRIu64, seq);
    }
    memcpy(ret, self->records[seq - 1].chain_hash, ASG_LOG_HASH_BYTES);
    if (ret_epoch != NULL) *ret_epoch = self->records[seq - 1].epoch;
    return ASG_OK;
}

static void drop_snapshot(struct memory_log *self, size_t index)
{
    asg_bytes_clear(&self->snapshots[index].bytes);
    self->snapshot_count--;
    memmove(&self->snapshots[index], &self->snapshots[index + 1],
            (self->snapshot_count - index) * sizeof self->snapshots[0]);
}

static enum asg_status save_part(struct asg_log *log, struct asg_log_snapshot *snapshot,
                                 const void *bytes, size_t length,
                                 struct asg_error *error)
{
    (void)error;
    struct memory_log *self = self_of(log);
    if (snapshot->parts == 0) asg_bytes_reset(&self->writing);
    asg_bytes_append(&self->writing, bytes, length);
    return ASG_OK;
}

static enum asg_status finish_snapshot(struct asg_log *log,
                                       struct asg_log_snapshot *snapshot,
                                       struct asg_error *error)
{
    (void)error;
    struct memory_log *self = self_of(log);
    uint64_t seq = snapshot->seq;
    size_t at = 0;
    while (at < self->snapshot_count && self->snapshots[at].seq < seq)
        at++;
    if (at < self->snapshot_count && self->snapshots[at].seq == seq) {
        drop_snapshot(self, at);
    }
    memmove(&self->snapshots[at + 1], &self->snapshots[at],
            (self->snapshot_count - at) * sizeof self->snapshots[0]);
    self->snapshots[at] = (struct kept_snapshot){.seq = seq};
    memcpy(self->snapshots[at].hash, snapshot->hash, ASG_LOG_HASH_BYTES);
    if (snapshot->parts > 0) { /* otherwise what is there is of another one */
        self->snapshots[at].bytes = self->writing;
        self->writing = (struct asg_bytes){0};
    }
    self->snapshot_count++;
    if (self->snapshot_count > ASG_LOG_SNAPSHOTS_KEPT) drop_snapshot(self, 0);
    return ASG_OK;
}

static enum asg_status drop_leftover(struct asg_log *log, bool *ret_has_dropped,
                                     struct asg_error *error)
{
    (void)error;
    struct memory_log *self = self_of(log);
    *ret_has_dropped = self->writing.length > 0;
    asg_bytes_clear(&self->writing);
    return ASG_OK;
}

static enum asg_status read_snapshot(struct asg_log *log, uint64_t at_most,
                                     struct asg_bytes *ret, uint64_t *ret_seq,
                                     uint8_t ret_hash[ASG_LOG_HASH_BYTES],
                                     struct asg_error *error)
{
    (void)error;
    const struct memory_log *self = self_of(log);
    for (size_t i = self->snapshot_count; i > 0; i--) {
        const struct kept_snapshot *kept = &self->snapshots[i - 1];
        if (kept->seq > at_most) continue;
        *ret_seq = kept->seq;
        memcpy(ret_hash, kept->hash, ASG_LOG_HASH_BYTES);
        if (kept->bytes.length > 0) {
            asg_bytes_append(ret, kept->bytes.data, kept->bytes.length);
        }
        return ASG_OK;
    }
    return ASG_ERR_EMPTY;
}

static enum asg_status oldest_snapshot(struct asg_log *log, uint64_t *ret,
                                       struct asg_error *error)
{
    (void)error;
    const struct memory_log *self = self_of(log);
    *ret = self->snapshot_count == 0 ? 0 : self->snapshots[0].seq;
    return ASG_OK;
}

static enum asg_status prune(struct asg_log *log, const char *kind, uint64_t from_seq,
                             uint64_t to_seq, const struct asg_record *record,
                             struct asg_error *error)
{
    struct memory_log *self = self_of(log);
    enum asg_status status = append(log, record, 1, error);
    if (status != ASG_OK) return status;
    for (uint64_t seq = from_seq; seq <= to_seq; seq++) {
        struct asg_record *old = &self->records[seq - 1];
        if (old->payload_length == 0 || strcmp(old->kind, kind) != 0) continue;
        old->payload = NULL; /* the arena keeps the bytes until the log is closed */
        old->payload_length = 0;
        old->is_pruned = true;
    }
    return ASG_OK;
}

static const struct asg_log_backend backend = {
    .close = close_log,
    .append = append,
    .cursor_open = cursor_open,
    .cursor_next = cursor_next,
    .cursor_close = cursor_close,
    .chain_hash = chain_hash,
    .save_part = save_part,
    .finish_snapshot = finish_snapshot,
    .drop_leftover = drop_leftover,
    .read_snapshot = read_snapshot,
    .oldest_snapshot = oldest_snapshot,
    .prune = prune,
};

void asg_log_open_memory(const struct asg_log_options *options, struct asg_log **ret)
{
    struct memory_log *self = asg_alloc(1, sizeof *self);
    struct asg_log *log = &self->log;
    asg_log_base_init(log, &backend);
    log->created_ms = options->now_ms;
    log->head.epoch = options->epoch == 0 ? 1 : options->epoch;
    (void)snprintf(log->cluster_id, sizeof log->cluster_id, "%s",
                   options->cluster_id == NULL ? "" : options->cluster_id);
    asg_chain_genesis(&log->chain, log->cluster_id, log->created_ms,
                      log->head.chain_hash);
    *ret = log;
}

void asg_log_memory_fail_append(struct asg_log *log, uint64_t nth, enum asg_status status)
{
    struct memory_log *self = self_of(log);
    self->fail_nth = nth;
    self->fail_status = status;
}

void asg_log_memory_reopen(struct asg_log *log)
{
    log->broken = ASG_OK;
    log->broken_text[0] = '\0';
    log->head.epoch++;
}

void asg_log_memory_cut(struct asg_log *log, uint64_t seq)
{
    struct memory_log *self = self_of(log);
    assert(seq > 0 && seq <= self->count);
    const struct asg_record *last = &self->records[seq - 1];
    self->count = seq; /* the arena keeps the bytes until the log is closed */
    while (self->snapshot_count > 0 &&
           self->snapshots[self->snapshot_count - 1].seq > seq) {
        drop_snapshot(self, self->snapshot_count - 1);
    }
    log->head.seq = seq;
    log->head.epoch = last->epoch;
    memcpy(log->head.chain_hash, last->chain_hash, ASG_LOG_HASH_BYTES);
    log->looked_kind[0] = '\0';
    log->looked_to_seq = 0;
}
