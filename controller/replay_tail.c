#include "controller/replay_tail.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/crypto.h"
#include "wire/wire.h"

enum asg_status asg_load_newest(struct asg_log *log, uint64_t at_most,
                                struct asg_core **ret, uint64_t *ret_seq,
                                size_t *ret_length, struct asg_error *note,
                                struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    enum asg_status status = asg_log_load_snapshot(log, at_most, &bytes, ret_seq, note);
    *ret_length = bytes.length;
    if (status == ASG_ERR_EMPTY) {
        asg_core_new(ret);
        *ret_seq = 0;
        return ASG_OK;
    }
    if (status != ASG_OK) return asg_fail(error, status, "%s", note->text);
    return asg_core_load(bytes.data, bytes.length, ret, error);
}

static enum asg_status replay_event(struct asg_tail *tail,
                                    const struct asg_record *record,
                                    struct asg_arena *arena, struct asg_effects *effects,
                                    struct asg_error *error)
{
    if (record->is_pruned) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "record %" PRIu64 " is pruned but no snapshot covers it; restore "
                        "the log from a copy",
                        record->seq);
    }
    struct asg_event event;
    enum asg_status status = asg_wire_decode(&asg_event_schema, record->payload,
                                             record->payload_length, arena, &event);
    if (status != ASG_OK) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "record %" PRIu64
                        " is not an event that this program understands "
                        "(%s); start the release that wrote it, or a newer one",
                        record->seq, asg_status_text(status));
    }
    status = asg_core_step(tail->core, &event, effects);
    if (status != ASG_OK) {
        asg_core_explain(tail->core, &event, status, error);
        bool is_known = status == ASG_ERR_VERSION; /* and nothing is damaged */
        return asg_fail_wrap(error, is_known ? status : ASG_ERR_CORRUPT,
                             "record %" PRIu64, record->seq);
    }
    tail->last_ms = event.time_ms;
    return ASG_OK;
}

static enum asg_status check_hash(const struct asg_tail *tail, struct asg_arena *arena,
                                  struct asg_bytes *scratch,
                                  const struct asg_record *record,
                                  struct asg_error *error)
{
    struct asg_state_hash said = {0};
    enum asg_status status = asg_wire_decode(&asg_state_hash_schema, record->payload,
                                             record->payload_length, arena, &said);
    if (status != ASG_OK || said.form == 0) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "record %" PRIu64 " is not the hash of a state", record->seq);
    }
    if (said.form > asg_core_form()) {
        return asg_fail(error, ASG_ERR_VERSION,
                        "record %" PRIu64
                        " has state form %u, and this openasg knows forms "
                        "up to %u; start the release that wrote it, or a "
                        "newer one",
                        record->seq, said.form, asg_core_form());
    }
    uint8_t hash[ASG_SHA256_BYTES];
    asg_bytes_reset(scratch);
    asg_core_save_hashed(tail->core, &said, scratch);
    asg_sha256(scratch->data, scratch->length, hash);
    bool is_same =
        said.hash.length == sizeof hash && memcmp(hash, said.hash.data, sizeof hash) == 0;
    if (is_same) return ASG_OK;
    return asg_fail(error, ASG_ERR_CONFLICT,
                    "replaying the log gives another state than record %" PRIu64
                    " says: this program decides differently from the one that wrote "
                    "it, by the same rules (%u); start the release that wrote the log, "
                    "and report it",
                    record->seq, asg_core_rules(tail->core));
}

static bool is_stopped(const struct asg_tail *tail)
{
    return tail->stop != NULL && atomic_load(tail->stop);
}

enum asg_status asg_replay_tail(struct asg_tail *tail, struct asg_error *error)
{
    struct asg_log_filter filter = {.from_seq = tail->from_seq,
                                    .to_seq = tail->to_seq,
                                    .is_verified = true,
                                    .is_ahead = tail->is_ahead};
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes scratch = {0};
    enum asg_status status = asg_log_cursor_open(tail->log, &filter, &cursor, error);
    struct asg_arena arena = {0};
    struct asg_effects effects = {0};
    struct asg_record record;
    while (status == ASG_OK) {
        if (is_stopped(tail)) status = asg_fail(error, ASG_ERR_CLOSED, "stopped");
        if (status == ASG_OK) status = asg_log_cursor_next(cursor, &record, error);
        if (status != ASG_OK) break;
        asg_arena_reset(&arena);
        if (strcmp(record.kind, "event") == 0 || strcmp(record.kind, "metrics") == 0) {
            status = replay_event(tail, &record, &arena, &effects, error);
        } else if (strcmp(record.kind, "state_hash") == 0) {
            status = check_hash(tail, &arena, &scratch, &record, error);
        }
    }
    asg_effects_clear(&effects);
    asg_arena_clear(&arena);
    return status == ASG_ERR_EMPTY ? ASG_OK : status;
}
