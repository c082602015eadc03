#include "cli/log/rebuild_world.h"

#include <inttypes.h>
#include <string.h>

#include "wire/wire.h"

struct walker {
    struct asg_log *log;
    const struct asg_world_walk *walk;
    struct asg_core *core;
    struct asg_arena arena; /* of the event */
    struct asg_effects effects;
    bool has_stepped;
    struct asg_error *error;
};

static void clear_walker(struct walker *walker)
{
    asg_core_destroy(&walker->core);
    asg_arena_clear(&walker->arena);
    asg_effects_clear(&walker->effects);
}

bool asg_world_is_event(const struct asg_record *record)
{
    return strcmp(record->kind, "event") == 0 || strcmp(record->kind, "metrics") == 0;
}

enum asg_status asg_world_after_pruned(struct asg_log *log, uint64_t pruned_seq,
                                       struct asg_core **ret, uint64_t *ret_seq,
                                       struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes oldest = {0};
    uint64_t oldest_seq = 0;
    uint64_t at_most = 0;
    for (;;) {
        struct asg_error ignored = {0};
        uint64_t seq = 0;
        enum asg_status status =
            asg_log_load_snapshot(log, at_most, &bytes, &seq, &ignored);
        if (status != ASG_OK || seq < pruned_seq) break;
        oldest_seq = seq;
        asg_bytes_reset(&oldest);
        asg_bytes_append(&oldest, bytes.data, bytes.length);
        at_most = seq - 1;
        if (at_most == 0) break;
    }
    if (oldest_seq == 0) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "the payload of event %" PRIu64 " is pruned and no snapshot "
                        "covers it; replay a backup of the log",
                        pruned_seq);
    }
    *ret_seq = oldest_seq;
    enum asg_status status = asg_core_load(oldest.data, oldest.length, ret, error);
    if (status == ASG_OK) return ASG_OK;
    return asg_fail_wrap(error, status, "snapshot after record %" PRIu64, oldest_seq);
}

enum asg_status asg_world_seq_at(struct asg_log *log, int64_t at_ms, uint64_t *ret,
                                 struct asg_error *error)
{
    struct asg_log_filter filter = {.from_time_ms = at_ms + 1, .limit = 1};
    struct asg_log_cursor *cursor = NULL;
    enum asg_status status = asg_log_cursor_open(log, &filter, &cursor, error);
    if (status != ASG_OK) return status;
    struct asg_record record;
    status = asg_log_cursor_next(cursor, &record, error);
    if (status == ASG_OK) *ret = record.seq - 1;
    if (status == ASG_ERR_EMPTY) *ret = asg_log_head(log).seq;
    asg_log_cursor_close(&cursor);
    return status == ASG_ERR_EMPTY ? ASG_OK : status;
}

enum asg_status asg_world_before(struct asg_log *log, uint64_t seq, struct asg_core **ret,
                                 uint64_t *ret_seq, struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    struct asg_error ignored = {0};
    uint64_t found_seq = 0;
    enum asg_status status = ASG_ERR_EMPTY;
    if (seq > 1)
        status = asg_log_load_snapshot(log, seq - 1, &bytes, &found_seq, &ignored);
    if (status != ASG_OK) {
        asg_core_new(ret);
        *ret_seq = 0;
        return ASG_OK;
    }
    *ret_seq = found_seq;
    status = asg_core_load(bytes.data, bytes.length, ret, error);
    if (status == ASG_OK) return ASG_OK;
    return asg_fail_wrap(error, status, "snapshot after record %" PRIu64, found_seq);
}

static enum asg_status step(struct walker *walker, const struct asg_record *record,
                            struct asg_event *event)
{
    asg_arena_reset(&walker->arena);
    enum asg_status status =
        asg_wire_decode(&asg_event_schema, record->payload, record->payload_length,
                        &walker->arena, event);
    if (status != ASG_OK) {
        return asg_fail(walker->error, status,
                        "record %" PRIu64
                        " is not an event that this program understands "
                        "(%s); use the release that wrote it, or a newer one",
                        record->seq, asg_status_text(status));
    }
    const struct asg_world_walk *walk = walker->walk;
    if (walk->before != NULL) walk->before(walk->context, event, walker->core);
    status = asg_core_step(walker->core, event, &walker->effects);
    walker->has_stepped = true;
    if (status == ASG_OK) return ASG_OK;
    asg_core_explain(walker->core, event, status, walker->error);
    return asg_fail_wrap(walker->error, status, "record %" PRIu64, record->seq);
}

/* On to the end; *ret_pruned is the event whose payload is gone, 0 when none. */
static enum asg_status read_on(struct walker *walker, uint64_t from_seq,
                               uint64_t *ret_pruned)
{
    const struct asg_world_walk *walk = walker->walk;
    const struct asg_log_filter filter = {
        .from_seq = from_seq, .to_seq = walk->to_seq, .is_verified = true};
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    enum asg_status status =
        asg_log_cursor_open(walker->log, &filter, &cursor, walker->error);
    struct asg_record record;
    *ret_pruned = 0;
    while (status == ASG_OK) {
        status = asg_log_cursor_next(cursor, &record, walker->error);
        if (status != ASG_OK) break;
        if (record.seq > walk->start_seq) {
            asg_progress_step(walk->progress, record.seq - walk->start_seq);
        }
        struct asg_event event;
        bool is_event = asg_world_is_event(&record);
        if (is_event && record.is_pruned) {
            *ret_pruned = record.seq;
            return ASG_OK;
        }
        if (is_event) status = step(walker, &record, &event);
        const struct asg_world_visit visit = {
            .record = &record,
            .event = is_event ? &event : NULL,
            .effects = walker->has_stepped ? &walker->effects : NULL,
            .core = walker->core,
        };
        if (status == ASG_OK && !walk->visit(walk->context, &visit)) return ASG_OK;
    }
    return status == ASG_ERR_EMPTY ? ASG_OK : status;
}

enum asg_status asg_world_walk(struct asg_log *log, const struct asg_world_walk *walk,
                               struct asg_error *error)
{
    ASG_CLEANUP(clear_walker)
    struct walker walker = {.log = log, .walk = walk, .error = error};
    uint64_t seq = 0;
    enum asg_status status =
        asg_world_before(log, walk->start_seq, &walker.core, &seq, error);
    for (;;) {
        if (status != ASG_OK) return status;
        if (walk->begin != NULL) walk->begin(walk->context, walker.core, seq);
        if (walk->to_seq != 0 && seq >= walk->to_seq) return ASG_OK;
        uint64_t pruned_seq = 0;
        status = read_on(&walker, seq + 1, &pruned_seq);
        if (status != ASG_OK || pruned_seq == 0) return status;
        asg_core_destroy(&walker.core);
        walker.has_stepped = false;
        status = asg_world_after_pruned(log, pruned_seq, &walker.core, &seq, error);
        if (status == ASG_OK && walk->to_seq != 0 && seq > walk->to_seq) {
            return asg_fail(error, ASG_ERR_EMPTY,
                            "payloads up to record %" PRIu64 " are pruned: the oldest "
                            "snapshot is after record %" PRIu64
                            ", nothing older can be built again from this log; use a "
                            "backup",
                            pruned_seq, seq);
        }
    }
}
