#include "controller/index_activities.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "model/schemas.h"
#include "wire/wire.h"

#define BATCH_RECORDS 2000 /* of effects in one transaction */
#define AGAIN_MS      5000 /* after a failure */
#define PRUNE_MOST    500  /* rows, with each batch: more than a batch adds is rare */
#define READERS_KEPT  16
#define WAITERS_MAX   2  /* of the few threads that answer clients */
#define BRIEFLY_MS    50 /* what the others wait: it is seldom further behind */

struct asg_activity_indexer {
    char *log_path;
    char *index_path;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below, up to the next blank line */
    pthread_cond_t woken; /* the thread waits for it */
    pthread_cond_t moved; /* find() does */
    uint64_t wanted;      /* up to this record there are activities */
    bool is_stopping;
    bool must_reopen;
    uint32_t waiting; /* how many wait for the index now */
    bool is_late;     /* somebody has waited in vain since it was last at the log's end */
    struct asg_indexer_counts counts;
    struct asg_activity_reader *readers[READERS_KEPT]; /* that nobody uses now */
    size_t reader_count;
    uint64_t file_no; /* another one: readers of before look at a file that is gone */

    /* the thread's own */
    struct asg_log *log;
    struct asg_activity_index *index;
    struct asg_arena arena;
};

/* ---- the thread ---- */

static struct timespec in_ms(int64_t ms)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* What is opened next may be another file. */
static void drop_readers(struct asg_activity_indexer *self)
{
    (void)pthread_mutex_lock(&self->lock);
    self->file_no++;
    for (; self->reader_count > 0; self->reader_count--) {
        asg_activity_reader_close(&self->readers[self->reader_count - 1]);
    }
    (void)pthread_mutex_unlock(&self->lock);
}

static void close_files(struct asg_activity_indexer *self)
{
    drop_readers(self);
    asg_activity_index_close(&self->index);
    if (self->log != NULL) asg_log_close(&self->log);
}

/* Is the index of this log, and not of a future of it that is lost? */
static enum asg_status compare_mark(struct asg_activity_indexer *self,
                                    struct asg_error *error)
{
    const struct asg_activity_mark mark = asg_activity_index_mark(self->index);
    if (mark.seq == 0) return ASG_OK;
    uint8_t hash[ASG_LOG_HASH_BYTES];
    enum asg_status status = asg_log_read_stamp(self->log, mark.seq, NULL, hash, error);
    bool is_known = status == ASG_OK && memcmp(hash, mark.chain_hash, sizeof hash) == 0;
    if (is_known || (status != ASG_OK && status != ASG_ERR_EMPTY)) return status;
    asg_log_info("activities", "index_of_another_log",
                 "%s goes up to record %" PRIu64 " of another log: rebuilding it",
                 self->index_path, mark.seq);
    return asg_activity_index_empty(self->index, error);
}

/* The first record that is not older than six weeks. */
static enum asg_status find_start(struct asg_activity_indexer *self, uint64_t *ret,
                                  struct asg_error *error)
{
    uint64_t head = asg_log_head(self->log).seq;
    int64_t now_ms = 0;
    enum asg_status status = ASG_OK;
    if (head > 0) status = asg_log_read_stamp(self->log, head, &now_ms, NULL, error);
    uint64_t low = 1;
    uint64_t high = head;
    while (status == ASG_OK && low < high) {
        uint64_t middle = low + (high - low) / 2;
        int64_t time_ms = 0;
        status = asg_log_read_stamp(self->log, middle, &time_ms, NULL, error);
        if (time_ms < now_ms - ASG_ACTIVITY_KEPT_MS) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret = low;
    return status;
}

static enum asg_status open_files(struct asg_activity_indexer *self,
                                  struct asg_error *error)
{
    if (self->log != NULL) return ASG_OK;
    const struct asg_log_options options = {.path = self->log_path, .is_read_only = true};
    enum asg_status status = asg_log_open_sqlite(&options, &self->log, error);
    if (status == ASG_OK) {
        status = asg_activity_index_open(self->index_path, &self->index, error);
    }
    if (status == ASG_OK) status = compare_mark(self, error);
    if (status != ASG_OK) close_files(self);
    return status;
}

static bool ends_group(const struct asg_watch *watch)
{
    return watch->name[0] == '\0';
}

static enum asg_status put_effects(struct asg_activity_indexer *self,
                                   const struct asg_record *record, uint64_t *rows,
                                   struct asg_error *error)
{
    struct asg_effects effects;
    if (record->is_pruned) return ASG_OK;
    asg_arena_reset(&self->arena);
    enum asg_status status =
        asg_wire_decode(&asg_effects_schema, record->payload, record->payload_length,
                        &self->arena, &effects);
    if (status != ASG_OK) {
        return asg_fail(error, ASG_ERR_CORRUPT, "record %" PRIu64 " holds no effects",
                        record->seq);
    }
    for (size_t i = 0; status == ASG_OK && i < effects.activity_count; i++) {
        status = asg_activity_index_put(self->index, &effects.activities[i], error);
        (*rows)++;
    }
    for (size_t i = 0; status == ASG_OK && i < effects.watch_count; i++) {
        const struct asg_watch *watch = &effects.watches[i];
        if (!ends_group(watch)) continue;
        status = asg_activity_index_end_group(self->index, watch->group_no, error);
    }
    return status;
}

/* What one transaction brings. */
struct batch {
    uint64_t to_seq; /* inclusive */
    uint64_t rows;
    struct asg_activity_mark mark; /* that it leads to */
    bool is_last;
};

static enum asg_status put_records(struct asg_activity_indexer *self, uint64_t from_seq,
                                   struct batch *batch, struct asg_error *error)
{
    const struct asg_log_filter filter = {.from_seq = from_seq,
                                          .to_seq = batch->to_seq,
                                          .kind = "effects",
                                          .limit = BATCH_RECORDS};
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    enum asg_status status = asg_log_cursor_open(self->log, &filter, &cursor, error);
    uint64_t count = 0;
    struct asg_record record;
    while (status == ASG_OK) {
        status = asg_log_cursor_next(cursor, &record, error);
        if (status != ASG_OK) break;
        status = put_effects(self, &record, &batch->rows, error);
        batch->mark.seq = record.seq;
        count++;
    }
    if (status != ASG_ERR_EMPTY) return status;
    batch->is_last = count < BATCH_RECORDS;
    if (batch->is_last) batch->mark.seq = batch->to_seq;
    return asg_log_read_stamp(self->log, batch->mark.seq, NULL, batch->mark.chain_hash,
                              error);
}

static enum asg_status prune(struct asg_activity_indexer *self, uint64_t seq,
                             struct asg_error *error)
{
    int64_t now_ms = 0;
    uint32_t removed = 0;
    enum asg_status status = asg_log_read_stamp(self->log, seq, &now_ms, NULL, error);
    if (status != ASG_OK) return status;
    return asg_activity_index_prune(self->index, now_ms - ASG_ACTIVITY_KEPT_MS,
                                    PRUNE_MOST, &removed, error);
}

static void note(struct asg_activity_indexer *self, const struct batch *batch)
{
    (void)pthread_mutex_lock(&self->lock);
    self->counts.seq = batch->mark.seq;
    self->counts.activities += batch->rows;
    if (batch->is_last) self->is_late = false;
    (void)pthread_cond_broadcast(&self->moved);
    (void)pthread_mutex_unlock(&self->lock);
}

/* One transaction. */
static enum asg_status take_batch(struct asg_activity_indexer *self, struct batch *batch,
                                  struct asg_error *error)
{
    uint64_t from_seq = asg_activity_index_mark(self->index).seq + 1;
    enum asg_status status = ASG_OK;
    if (from_seq == 1) {
        status = find_start(self, &from_seq, error);
        (void)pthread_mutex_lock(&self->lock);
        self->counts.rebuilds++;
        (void)pthread_mutex_unlock(&self->lock);
    }
    if (status == ASG_OK) status = asg_activity_index_begin(self->index, error);
    if (status != ASG_OK) return status;
    status = put_records(self, from_seq, batch, error);
    if (status == ASG_OK) status = prune(self, batch->mark.seq, error);
    if (status == ASG_OK) {
        status = asg_activity_index_end(self->index, &batch->mark, error);
    }
    if (status != ASG_OK) asg_activity_index_undo(self->index);
    return status;
}

static bool is_stopping(struct asg_activity_indexer *self)
{
    (void)pthread_mutex_lock(&self->lock);
    bool is = self->is_stopping || self->must_reopen;
    (void)pthread_mutex_unlock(&self->lock);
    return is;
}

/* Up to the head of the log. */
static enum asg_status catch_up(struct asg_activity_indexer *self,
                                struct asg_error *error)
{
    enum asg_status status = open_files(self, error);
    if (status == ASG_OK) status = asg_log_refresh(self->log, error);
    struct batch batch = {.is_last = false};
    while (status == ASG_OK && !batch.is_last && !is_stopping(self)) {
        batch = (struct batch){.to_seq = asg_log_head(self->log).seq};
        if (batch.to_seq <= asg_activity_index_mark(self->index).seq) {
            batch.mark = asg_activity_index_mark(self->index);
            batch.is_last = true;
        } else {
            status = take_batch(self, &batch, error);
        }
        if (status == ASG_OK) note(self, &batch);
    }
    return status;
}

/* True: there is something to do; false: it is to stop. After a round that `was_in_vain`,
 * as it failed or the log is shorter than was said, another comes after a while. */
static bool wait_for_work(struct asg_activity_indexer *self, bool was_in_vain)
{
    struct timespec again = in_ms(AGAIN_MS);
    (void)pthread_mutex_lock(&self->lock);
    while (!self->is_stopping && !self->must_reopen &&
           (was_in_vain || self->wanted <= self->counts.seq)) {
        if (!was_in_vain) {
            (void)pthread_cond_wait(&self->woken, &self->lock);
        } else if (pthread_cond_timedwait(&self->woken, &self->lock, &again) != 0) {
            break;
        }
    }
    bool goes_on = !self->is_stopping;
    bool must_reopen = self->must_reopen;
    if (must_reopen) self->counts.seq = 0;
    self->must_reopen = false;
    (void)pthread_mutex_unlock(&self->lock);
    if (must_reopen) close_files(self);
    return goes_on;
}

static void *run(void *context)
{
    struct asg_activity_indexer *self = context;
    bool was_in_vain = false;
    while (wait_for_work(self, was_in_vain)) {
        struct asg_error error = {""};
        uint64_t before = asg_activity_indexer_counts(self).seq;
        bool has_failed = catch_up(self, &error) != ASG_OK;
        was_in_vain = has_failed || asg_activity_indexer_counts(self).seq == before;
        if (!has_failed) continue;
        asg_log_warn("activities", "index_failed", "%s; trying again in %d s", error.text,
                     AGAIN_MS / 1000);
        close_files(self);
        (void)pthread_mutex_lock(&self->lock);
        self->counts.failures++;
        (void)pthread_mutex_unlock(&self->lock);
    }
    close_files(self);
    asg_arena_clear(&self->arena);
    return NULL;
}

/* ---- what others call ---- */

static void begin_waiting(struct asg_activity_indexer *self)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->woken, &monotonic);
    (void)pthread_cond_init(&self->moved, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

static void free_indexer(struct asg_activity_indexer *self)
{
    for (size_t i = 0; i < self->reader_count; i++) {
        asg_activity_reader_close(&self->readers[i]);
    }
    (void)pthread_cond_destroy(&self->woken);
    (void)pthread_cond_destroy(&self->moved);
    (void)pthread_mutex_destroy(&self->lock);
    free(self->log_path);
    free(self->index_path);
    free(self);
}

enum asg_status asg_activity_indexer_new(const char *log_path, const char *index_path,
                                         struct asg_activity_indexer **ret,
                                         struct asg_error *error)
{
    struct asg_activity_indexer *self = asg_alloc(1, sizeof *self);
    self->log_path = strdup(log_path);
    self->index_path = strdup(index_path);
    if (self->log_path == NULL || self->index_path == NULL) abort();
    begin_waiting(self);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        free_indexer(self);
        return asg_fail(error, ASG_ERR_IO, "cannot start the thread of the activities");
    }
    *ret = self;
    return ASG_OK;
}

void asg_activity_indexer_destroy(struct asg_activity_indexer **indexer)
{
    struct asg_activity_indexer *self = *indexer;
    if (self == NULL) return;
    (void)pthread_mutex_lock(&self->lock);
    self->is_stopping = true;
    (void)pthread_cond_broadcast(&self->woken);
    (void)pthread_cond_broadcast(&self->moved);
    (void)pthread_mutex_unlock(&self->lock);
    (void)pthread_join(self->thread, NULL);
    free_indexer(self);
    *indexer = NULL;
}

void asg_activity_indexer_wake(struct asg_activity_indexer *indexer, uint64_t seq)
{
    (void)pthread_mutex_lock(&indexer->lock);
    if (seq > indexer->wanted) {
        indexer->wanted = seq;
        (void)pthread_cond_signal(&indexer->woken);
    }
    (void)pthread_mutex_unlock(&indexer->lock);
}

void asg_activity_indexer_tell(struct asg_activity_indexer *indexer, uint64_t seq,
                               const struct asg_effects *effects)
{
    bool is_news = effects->activity_count > 0;
    for (size_t i = 0; i < effects->watch_count && !is_news; i++) {
        is_news = ends_group(&effects->watches[i]);
    }
    if (is_news) asg_activity_indexer_wake(indexer, seq);
}

void asg_activity_indexer_reopen(struct asg_activity_indexer *indexer)
{
    (void)pthread_mutex_lock(&indexer->lock);
    indexer->must_reopen = true;
    indexer->wanted = 0;
    (void)pthread_cond_signal(&indexer->woken);
    (void)pthread_mutex_unlock(&indexer->lock);
}

struct asg_indexer_counts asg_activity_indexer_counts(
    struct asg_activity_indexer *indexer)
{
    (void)pthread_mutex_lock(&indexer->lock);
    struct asg_indexer_counts counts = indexer->counts;
    counts.waiting = indexer->waiting;
    (void)pthread_mutex_unlock(&indexer->lock);
    return counts;
}

/* With the lock held, until the index has `wanted` or the time is over. */
static void wait_for(struct asg_activity_indexer *indexer, uint64_t wanted,
                     int64_t limit_ms, bool is_brief)
{
    struct timespec until = in_ms(limit_ms);
    while (!indexer->is_late && !indexer->is_stopping &&
           (indexer->must_reopen || indexer->counts.seq < wanted)) {
        if (pthread_cond_timedwait(&indexer->moved, &indexer->lock, &until) == 0)
            continue;
        if (is_brief) break;
        indexer->is_late = indexer->must_reopen || indexer->counts.seq < wanted;
        (void)pthread_cond_broadcast(&indexer->moved); /* nobody else waits on */
        break;
    }
}

/* An index that is made from a long log takes its time, and the threads that would wait
 * for it are few and have other clients: two wait at a time, the others but a moment, and
 * after one has waited in vain none waits. */
static enum asg_status await(struct asg_activity_indexer *indexer, int64_t limit_ms,
                             struct asg_error *error)
{
    (void)pthread_mutex_lock(&indexer->lock);
    uint64_t wanted = indexer->wanted;
    if (indexer->waiting < WAITERS_MAX) {
        indexer->waiting++;
        wait_for(indexer, wanted, limit_ms, /* is_brief */ false);
        indexer->waiting--;
    } else {
        int64_t most_ms = limit_ms < BRIEFLY_MS ? limit_ms : BRIEFLY_MS;
        wait_for(indexer, wanted, most_ms, /* is_brief */ true);
    }
    uint64_t seq = indexer->counts.seq;
    (void)pthread_mutex_unlock(&indexer->lock);
    if (seq >= wanted) return ASG_OK;
    return asg_fail(error, ASG_ERR_TIMEOUT,
                    "the index of activities goes up to record %" PRIu64 ", and %" PRIu64
                    " is wanted: it is being made, try again",
                    seq, wanted);
}

/* A connection is one reader's at a time; a few are kept open. */
static enum asg_status lend_reader(struct asg_activity_indexer *indexer,
                                   struct asg_activity_reader **ret,
                                   uint64_t *ret_file_no, struct asg_error *error)
{
    struct asg_activity_reader *reader = NULL;
    (void)pthread_mutex_lock(&indexer->lock);
    *ret_file_no = indexer->file_no;
    if (indexer->reader_count > 0) reader = indexer->readers[--indexer->reader_count];
    (void)pthread_mutex_unlock(&indexer->lock);
    *ret = reader;
    if (reader != NULL) return ASG_OK;
    return asg_activity_reader_open(indexer->index_path, ret, error);
}

static void take_back(struct asg_activity_indexer *indexer,
                      struct asg_activity_reader *reader, uint64_t file_no)
{
    (void)pthread_mutex_lock(&indexer->lock);
    if (file_no == indexer->file_no && indexer->reader_count < READERS_KEPT) {
        indexer->readers[indexer->reader_count++] = reader;
        reader = NULL;
    }
    (void)pthread_mutex_unlock(&indexer->lock);
    asg_activity_reader_close(&reader);
}

enum asg_status asg_activity_indexer_find(struct asg_activity_indexer *indexer,
                                          const struct asg_activity_query *query,
                                          int64_t limit_ms, struct asg_arena *arena,
                                          struct asg_indexed_activity **ret,
                                          size_t *ret_count, bool *ret_has_more,
                                          struct asg_error *error)
{
    enum asg_status status = limit_ms < 0 ? ASG_OK : await(indexer, limit_ms, error);
    struct asg_activity_reader *reader = NULL;
    uint64_t file_no = 0;
    if (status == ASG_OK) status = lend_reader(indexer, &reader, &file_no, error);
    if (status != ASG_OK) return status;
    status = asg_activity_reader_find(reader, query, arena, ret, ret_count, ret_has_more,
                                      error);
    take_back(indexer, reader, file_no);
    return status;
}
