#include "store/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/log_backend.h"

#define PRUNE_DEFAULT_MAX 10000
#define SCANNED_A_PRUNED  10 /* records read for each that may be pruned in one call */

void asg_log_base_init(struct asg_log *log, const struct asg_log_backend *backend)
{
    *log = (struct asg_log){.backend = backend};
    asg_chain_init(&log->chain);
}

void asg_log_base_clear(struct asg_log *log)
{
    asg_chain_clear(&log->chain);
    free(log->staged);
    log->staged = NULL;
}

void asg_log_close(struct asg_log **log)
{
    if (*log == NULL) return;
    assert((*log)->cursor_count == 0);
    (*log)->backend->close(*log);
    *log = NULL;
}

struct asg_log_head asg_log_head(const struct asg_log *log)
{
    return log->head;
}

enum asg_status asg_log_broken(const struct asg_log *log)
{
    return log->broken;
}

const char *asg_log_cluster_id(const struct asg_log *log)
{
    return log->cluster_id;
}

int64_t asg_log_created_ms(const struct asg_log *log)
{
    return log->created_ms;
}

enum asg_status asg_log_break(struct asg_log *log, enum asg_status status,
                              const struct asg_error *error)
{
    bool is_ahead = status == ASG_ERR_IO || status == ASG_ERR_FULL ||
                    status == ASG_ERR_CORRUPT || status == ASG_ERR_FENCED ||
                    status == ASG_ERR_NOMEM || status == ASG_ERR_DENIED;
    if (!is_ahead || log->broken != ASG_OK) return status;
    log->broken = status;
    (void)snprintf(log->broken_text, sizeof log->broken_text, "%s",
                   error == NULL ? asg_status_text(status) : error->text);
    return status;
}

static enum asg_status may_write(const struct asg_log *log, struct asg_error *error)
{
    if (log->is_read_only) {
        return asg_fail(error, ASG_ERR_DENIED, "this log was opened read only");
    }
    if (log->broken != ASG_OK) {
        return asg_fail(error, log->broken,
                        "the log accepts no more records until it is opened again, "
                        "because an earlier write failed: %s",
                        log->broken_text);
    }
    return ASG_OK;
}

static bool is_kind(const char *kind)
{
    if (kind == NULL) return false;
    size_t length = strlen(kind);
    if (length < 1 || length > ASG_LOG_KIND_MAX) return false;
    return strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static enum asg_status check_record(const struct asg_record *record, size_t index,
                                    struct asg_error *error)
{
    if (!is_kind(record->kind)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "record %zu of this append: a kind has 1 to %d of a-z, 0-9, _",
                        index, ASG_LOG_KIND_MAX);
    }
    if (record->time_ms < 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "record %zu of this append (%s): time %" PRId64 " is negative",
                        index, record->kind, record->time_ms);
    }
    const struct {
        const char *name;
        size_t length, max;
    } sizes[] = {
        {"subject", record->subject == NULL ? 0 : strlen(record->subject),
         ASG_LOG_SUBJECT_MAX},
        {"note", record->note == NULL ? 0 : strlen(record->note), ASG_LOG_NOTE_MAX},
        {"payload", record->payload_length, ASG_LOG_PAYLOAD_MAX},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i].length <= sizes[i].max) continue;
        return asg_fail(error, ASG_ERR_LIMIT,
                        "record %zu of this append (%s): its %s has %zu bytes, the limit "
                        "is %zu",
                        index, record->kind, sizes[i].name, sizes[i].length,
                        sizes[i].max);
    }
    return ASG_OK;
}

/* Copies of the records with everything the log gives them; the texts are lent. */
static void stage(struct asg_log *log, const struct asg_record *records, size_t count)
{
    if (count > log->staged_capacity) {
        log->staged = asg_realloc(log->staged, count, sizeof *log->staged);
        log->staged_capacity = count;
    }
    const uint8_t *previous = log->head.chain_hash;
    for (size_t i = 0; i < count; i++) {
        struct asg_record *staged = &log->staged[i];
        *staged = records[i];
        staged->seq = log->head.seq + 1 + i;
        staged->epoch = log->head.epoch;
        staged->is_pruned = false;
        if (staged->subject == NULL) staged->subject = "";
        if (staged->note == NULL) staged->note = "";
        asg_chain_content(&log->chain, staged->payload, staged->payload_length,
                          staged->content_hash);
        asg_chain_link(&log->chain, previous, staged, staged->chain_hash);
        previous = staged->chain_hash;
    }
}

static void advance(struct asg_log *log, size_t count)
{
    const struct asg_record *last = &log->staged[count - 1];
    log->head.seq = last->seq;
    memcpy(log->head.chain_hash, last->chain_hash, ASG_LOG_HASH_BYTES);
}

enum asg_status asg_log_append(struct asg_log *log, const struct asg_record *records,
                               size_t count, uint64_t *ret_first_seq,
                               struct asg_error *error)
{
    enum asg_status status = may_write(log, error);
    if (status != ASG_OK) return status;
    if (count == 0) {
        return asg_fail(error, ASG_ERR_INVALID, "an append without a record");
    }
    for (size_t i = 0; i < count; i++) {
        status = check_record(&records[i], i, error);
        if (status != ASG_OK) return status;
        if (strcmp(records[i].kind, ASG_LOG_KIND_PRUNE) == 0) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "records of kind prune are written by the log itself");
        }
    }

    stage(log, records, count);
    status = log->backend->append(log, log->staged, count, error);
    if (status != ASG_OK) return asg_log_break(log, status, error);
    advance(log, count);
    if (ret_first_seq != NULL) *ret_first_seq = log->head.seq - count + 1;
    return ASG_OK;
}

enum asg_status asg_log_refresh(struct asg_log *log, struct asg_error *error)
{
    if (!log->is_read_only || log->backend->refresh == NULL) return ASG_OK;
    log->is_checked = false;
    return log->backend->refresh(log, error);
}

/* What is to go in one call. */
struct prune_plan {
    uint64_t from_seq;
    uint64_t to_seq;
    uint64_t looked_to_seq; /* 0: at nothing */
    struct asg_log_pruned pruned;
};

/* Where the last prune of this kind ended, so that each record is looked at once: the log
 * says which payloads it removed, memory how much further it looked in vain. */
static enum asg_status find_start(struct asg_log *log, const char *kind, uint64_t *ret,
                                  struct asg_error *error)
{
    struct asg_log_cursor *cursor = NULL;
    struct asg_log_filter marks = {
        .kind = ASG_LOG_KIND_PRUNE, .subject = kind, .is_newest_first = true, .limit = 1};
    enum asg_status status = asg_log_cursor_open(log, &marks, &cursor, error);
    if (status != ASG_OK) return status;
    struct asg_record record;
    status = asg_log_cursor_next(cursor, &record, error);
    *ret = 1;
    if (status == ASG_OK && record.payload_length >= 8) {
        *ret = asg_chain_get_u64(record.payload) + 1;
    }
    asg_log_cursor_close(&cursor);
    if (strcmp(log->looked_kind, kind) == 0 && log->looked_to_seq >= *ret) {
        *ret = log->looked_to_seq + 1;
    }
    return status == ASG_ERR_EMPTY ? ASG_OK : status;
}

/* Every payload goes that is below every snapshot that is kept, before the first record
 * that is young enough to stay, and within the limits of one call. */
static enum asg_status plan_prune(struct asg_log *log,
                                  const struct asg_log_retention *retention,
                                  struct prune_plan *plan, struct asg_error *error)
{
    uint64_t limit = 0;
    enum asg_status status = log->backend->oldest_snapshot(log, &limit, error);
    if (status != ASG_OK) return status;
    if (retention->before_seq > 0 && retention->before_seq - 1 < limit) {
        limit = retention->before_seq - 1;
    }
    status = find_start(log, retention->kind, &plan->from_seq, error);
    if (status != ASG_OK || plan->from_seq > limit) return status;

    uint64_t records_max =
        retention->records_max == 0 ? PRUNE_DEFAULT_MAX : retention->records_max;
    uint64_t bytes_max = retention->bytes_max == 0 ? UINT64_MAX : retention->bytes_max;
    struct asg_log_pruned *pruned = &plan->pruned;
    struct asg_log_cursor *cursor = NULL;
    struct asg_log_filter filter = {.from_seq = plan->from_seq, .to_seq = limit};
    status = asg_log_cursor_open(log, &filter, &cursor, error);
    while (status == ASG_OK) {
        struct asg_record record;
        status = asg_log_cursor_next(cursor, &record, error);
        if (status != ASG_OK || record.time_ms >= retention->older_than_ms) break;
        bool goes =
            strcmp(record.kind, retention->kind) == 0 && record.payload_length > 0;
        uint64_t left = bytes_max > pruned->bytes ? bytes_max - pruned->bytes : 0;
        pruned->has_more =
            pruned->scanned == SCANNED_A_PRUNED * records_max ||
            (goes && (pruned->records == records_max ||
                      (record.payload_length > left && pruned->records > 0)));
        if (pruned->has_more) break;
        pruned->scanned++;
        plan->looked_to_seq = record.seq;
        if (!goes) continue;
        plan->to_seq = record.seq;
        pruned->records++;
        pruned->bytes += record.payload_length;
    }
    asg_log_cursor_close(&cursor);
    return status == ASG_ERR_EMPTY ? ASG_OK : status;
}

enum asg_status asg_log_prune(struct asg_log *log,
                              const struct asg_log_retention *retention,
                              struct asg_log_pruned *ret, struct asg_error *error)
{
    enum asg_status status = may_write(log, error);
    if (status != ASG_OK) return status;
    if (!is_kind(retention->kind) || strcmp(retention->kind, ASG_LOG_KIND_PRUNE) == 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "payloads of kind \"%s\" cannot be pruned",
                        retention->kind == NULL ? "" : retention->kind);
    }
    if (log->cursor_count > 0) {
        return asg_fail(error, ASG_ERR_BUSY, "the log is being read; prune after that");
    }

    struct prune_plan plan = {0};
    status = plan_prune(log, retention, &plan, error);
    if (status != ASG_OK) return asg_log_break(log, status, error);
    if (plan.pruned.records > 0) {
        uint8_t payload[16];
        asg_chain_put_u64(payload, plan.to_seq);
        asg_chain_put_u64(payload + 8, plan.pruned.records);
        char note[160];
        (void)snprintf(note, sizeof note,
                       "the payloads of %" PRIu64 " records of kind %s, up to record "
                       "%" PRIu64 ", were removed by retention",
                       plan.pruned.records, retention->kind, plan.to_seq);
        struct asg_record record = {.time_ms =
                                        retention->now_ms < 0 ? 0 : retention->now_ms,
                                    .kind = ASG_LOG_KIND_PRUNE,
                                    .subject = retention->kind,
                                    .note = note,
                                    .payload = payload,
                                    .payload_length = sizeof payload};
        stage(log, &record, 1);
        status = log->backend->prune(log, retention->kind, plan.from_seq, plan.to_seq,
                                     log->staged, error);
        if (status != ASG_OK) return asg_log_break(log, status, error);
        advance(log, 1);
    }
    if (plan.looked_to_seq > 0) {
        (void)snprintf(log->looked_kind, sizeof log->looked_kind, "%s", retention->kind);
        log->looked_to_seq = plan.looked_to_seq;
    }
    if (ret != NULL) *ret = plan.pruned;
    return ASG_OK;
}
