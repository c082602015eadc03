#include "cli/log/replay_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/log/rebuild_world.h"
#include "core/core.h"
#include "crypto/crypto.h"
#include "text/render.h"
#include "wire/wire.h"

struct replay {
    struct asg_log *log;
    struct asg_core *core;
    struct asg_arena arena;     /* of the event */
    struct asg_effects effects; /* of the last event */
    struct asg_bytes encoded;   /* those effects as the log would have them */
    bool awaits_effects;        /* the last event's effects are not in the log yet */
    uint64_t event_seq;
    size_t decision_index; /* of the next decision record */
    struct asg_bytes state;
    struct asg_replay_result *ret;
    struct asg_error *error;
};

void asg_replay_result_clear(struct asg_replay_result *result)
{
    asg_bytes_clear(&result->in_log);
    asg_bytes_clear(&result->in_replay);
    free(result->parts);
    result->parts = NULL;
    result->part_count = 0;
}

static void clear_replay(struct replay *replay)
{
    asg_core_destroy(&replay->core);
    asg_arena_clear(&replay->arena);
    asg_effects_clear(&replay->effects);
    asg_bytes_clear(&replay->encoded);
    asg_bytes_clear(&replay->state);
}

static void differ(struct replay *replay, uint64_t seq, const char *what,
                   const char *in_log, const char *in_replay)
{
    replay->ret->is_identical = false;
    replay->ret->bad_seq = seq;
    replay->ret->what = what;
    asg_bytes_append_text(&replay->ret->in_log, in_log);
    asg_bytes_append_text(&replay->ret->in_replay, in_replay);
}

/* The first line in which two texts differ, of each. */
static void differ_in_lines(struct replay *replay, uint64_t seq, const char *in_log,
                            const char *in_replay)
{
    for (;;) {
        size_t a = strcspn(in_log, "\n");
        size_t b = strcspn(in_replay, "\n");
        bool is_same = a == b && memcmp(in_log, in_replay, a) == 0;
        if (!is_same || in_log[a] == '\0' || in_replay[b] == '\0') {
            differ(replay, seq, "effects", "", "");
            asg_bytes_append(&replay->ret->in_log, in_log, a);
            asg_bytes_append(&replay->ret->in_replay, in_replay, b);
            return;
        }
        in_log += a + 1;
        in_replay += b + 1;
    }
}

/* Show both effects as YAML and name the first line that differs. */
static void explain_effects(struct replay *replay, const struct asg_record *record)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes in_log = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes in_replay = {0};
    struct asg_effects logged = {0};
    enum asg_status status =
        asg_wire_decode(&asg_effects_schema, record->payload, record->payload_length,
                        &replay->arena, &logged);
    if (status != ASG_OK) {
        differ(replay, record->seq, "effects", "bytes that are not effects", "effects");
        return;
    }
    asg_render_yaml(&asg_effects_schema, &logged, &in_log);
    asg_render_yaml(&asg_effects_schema, &replay->effects, &in_replay);
    differ_in_lines(replay, record->seq, asg_bytes_text(&in_log),
                    asg_bytes_text(&in_replay));
}

static void check_effects(struct replay *replay, const struct asg_record *record)
{
    replay->ret->effects_count++;
    replay->awaits_effects = false;
    if (record->is_pruned) return; /* its hash was checked, its bytes are gone */
    asg_bytes_reset(&replay->encoded);
    asg_wire_encode(&asg_effects_schema, &replay->effects, &replay->encoded);
    bool is_same =
        replay->encoded.length == record->payload_length &&
        memcmp(replay->encoded.data, record->payload, record->payload_length) == 0;
    if (!is_same) explain_effects(replay, record);
}

static void check_decision(struct replay *replay, const struct asg_record *record)
{
    replay->ret->decision_count++;
    size_t index = replay->decision_index++;
    if (index >= replay->effects.decision_count) {
        differ(replay, record->seq, "decision", record->note, "no such decision");
        return;
    }
    const struct asg_decision *decision = &replay->effects.decisions[index];
    if (strcmp(decision->text, record->note) != 0) {
        differ(replay, record->seq, "decision", record->note, decision->text);
    } else if (strcmp(decision->group, record->subject) != 0) {
        differ(replay, record->seq, "decision's group", record->subject, decision->group);
    }
}

static void hash_state(struct replay *replay, const struct asg_state_hash *said,
                       uint8_t ret[ASG_SHA256_BYTES])
{
    asg_bytes_reset(&replay->state);
    asg_core_save_hashed(replay->core, said, &replay->state);
    asg_sha256(replay->state.data, replay->state.length, ret);
}

static void differ_in_hashes(struct replay *replay, const struct asg_record *record,
                             const struct asg_state_hash *said,
                             const uint8_t hash[ASG_SHA256_BYTES])
{
    char in_log[ASG_SHA256_HEX_SIZE] = "no SHA-256";
    char in_replay[ASG_SHA256_HEX_SIZE];
    if (said->hash.length == ASG_SHA256_BYTES) {
        asg_hex_encode(said->hash.data, ASG_SHA256_BYTES, in_log);
    }
    asg_hex_encode(hash, ASG_SHA256_BYTES, in_replay);
    differ(replay, record->seq, "state hash", in_log, in_replay);
}

/* The state is saved in the form that the record names: that of the openasg that wrote
 * the log, which may be an older one than this knows. */
static enum asg_status check_state(struct replay *replay, const struct asg_record *record)
{
    replay->ret->hash_count++;
    if (record->is_pruned) return ASG_OK;
    struct asg_state_hash said = {0};
    enum asg_status status =
        asg_wire_decode(&asg_state_hash_schema, record->payload, record->payload_length,
                        &replay->arena, &said);
    if (status != ASG_OK || said.form == 0) {
        differ(replay, record->seq, "state hash", "bytes that are not a hash of a state",
               "a hash");
        return ASG_OK;
    }
    if (said.form > asg_core_form()) {
        return asg_fail(replay->error, ASG_ERR_VERSION,
                        "record %" PRIu64
                        " has state form %u, and this openasg knows forms "
                        "up to %u; use the release that wrote this log, or a "
                        "newer one",
                        record->seq, said.form, asg_core_form());
    }
    replay->ret->form = said.form;
    uint8_t hash[ASG_SHA256_BYTES];
    hash_state(replay, &said, hash);
    bool is_same = said.hash.length == sizeof hash && said.seq + 1 == record->seq &&
                   memcmp(hash, said.hash.data, sizeof hash) == 0;
    if (!is_same) differ_in_hashes(replay, record, &said, hash);
    return ASG_OK;
}

/* Nothing may be missing of the last event before the next one begins. */
static void check_complete(struct replay *replay)
{
    if (!replay->ret->is_identical) return;
    if (replay->awaits_effects) {
        differ(replay, replay->event_seq, "effects", "none",
               replay->effects.decision_count > 0 ? replay->effects.decisions[0].text
                                                  : "some, without a decision");
    } else if (replay->decision_index < replay->effects.decision_count) {
        differ(replay, replay->event_seq, "decision", "none",
               replay->effects.decisions[replay->decision_index].text);
    }
}

static enum asg_status step_event(struct replay *replay, const struct asg_record *record)
{
    check_complete(replay);
    if (!replay->ret->is_identical) return ASG_OK;
    replay->ret->event_count++;
    replay->event_seq = record->seq;
    replay->decision_index = 0;
    asg_arena_reset(&replay->arena);
    struct asg_event event;
    enum asg_status status =
        asg_wire_decode(&asg_event_schema, record->payload, record->payload_length,
                        &replay->arena, &event);
    if (status != ASG_OK) {
        return asg_fail(replay->error, status,
                        "record %" PRIu64
                        " is not an event that this program understands "
                        "(%s); use the release that wrote it, or a newer one",
                        record->seq, asg_status_text(status));
    }
    status = asg_core_step(replay->core, &event, &replay->effects);
    if (status == ASG_ERR_VERSION) {
        asg_core_explain(replay->core, &event, status, replay->error);
        return asg_fail_wrap(replay->error, status, "record %" PRIu64, record->seq);
    }
    if (status != ASG_OK) {
        differ(replay, record->seq, "event", "taken", "refused by core");
        return ASG_OK;
    }
    replay->awaits_effects = !asg_effects_is_empty(&replay->effects);
    return ASG_OK;
}

/* The record belongs to what these rules decided; what came before the first LEAD goes
 * with it. */
static void note_rules(struct replay *replay, uint64_t seq)
{
    struct asg_replay_result *ret = replay->ret;
    uint32_t rules = asg_core_rules(replay->core);
    struct asg_replay_part *last =
        ret->part_count > 0 ? &ret->parts[ret->part_count - 1] : NULL;
    bool is_same = last != NULL && (last->rules == rules || last->rules == 0);
    if (!is_same) {
        ret->parts = asg_realloc(ret->parts, ret->part_count + 1, sizeof *ret->parts);
        last = &ret->parts[ret->part_count++];
        *last = (struct asg_replay_part){.first_seq = seq};
    }
    last->rules = rules;
    last->last_seq = seq;
}

static enum asg_status take_record(struct replay *replay, const struct asg_record *record)
{
    replay->ret->record_count++;
    replay->ret->last_seq = record->seq;
    enum asg_status status = ASG_OK;
    bool is_event = asg_world_is_event(record);
    if (is_event) status = step_event(replay, record);
    if (status != ASG_OK) return status;
    if (replay->ret->is_identical) note_rules(replay, record->seq);
    if (is_event) return ASG_OK;
    if (strcmp(record->kind, "effects") == 0) {
        check_effects(replay, record);
    } else if (strcmp(record->kind, "decision") == 0) {
        check_decision(replay, record);
    } else if (strcmp(record->kind, "state_hash") == 0) {
        return check_state(replay, record);
    }
    return ASG_OK;
}

/* Begin again from the oldest snapshot: what is before it is pruned for good. */
static enum asg_status start_from_snapshot(struct replay *replay, uint64_t pruned_seq)
{
    uint64_t oldest = 0;
    asg_core_destroy(&replay->core);
    enum asg_status status = asg_world_after_pruned(
        replay->log, pruned_seq, &replay->core, &oldest, replay->error);
    if (status != ASG_OK) return status;
    asg_replay_result_clear(replay->ret);
    *replay->ret = (struct asg_replay_result){
        .first_seq = oldest + 1, .is_identical = true, .what = ""};
    asg_effects_reset(&replay->effects);
    replay->awaits_effects = false;
    replay->decision_index = 0;
    return ASG_OK;
}

/* Read on from first_seq to the end or the first difference. *ret_pruned: the event
 * whose payload is gone, 0 when there was none. */
static enum asg_status read_on(struct replay *replay,
                               const struct asg_replay_options *options,
                               uint64_t *ret_pruned)
{
    const struct asg_log_filter filter = {.from_seq = replay->ret->first_seq,
                                          .to_seq = options->to_seq,
                                          .is_verified = !options->skip_hash_check,
                                          .is_ahead = true};
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    enum asg_status status =
        asg_log_cursor_open(replay->log, &filter, &cursor, replay->error);
    struct asg_record record;
    *ret_pruned = 0;
    while (status == ASG_OK && replay->ret->is_identical) {
        status = asg_log_cursor_next(cursor, &record, replay->error);
        if (status != ASG_OK) break;
        if (asg_world_is_event(&record) && record.is_pruned) *ret_pruned = record.seq;
        if (*ret_pruned != 0) return ASG_OK;
        asg_progress_step(options->progress, record.seq - options->from_seq);
        status = take_record(replay, &record);
    }
    if (status == ASG_ERR_EMPTY) status = ASG_OK;
    /* What is asked for may end within an event: what follows is not missing. */
    bool is_to_the_end =
        options->to_seq == 0 || options->to_seq >= asg_log_head(replay->log).seq;
    if (status == ASG_OK && is_to_the_end) check_complete(replay);
    return status;
}

enum asg_status asg_replay_log(struct asg_log *log,
                               const struct asg_replay_options *options,
                               struct asg_replay_result *ret, struct asg_error *error)
{
    *ret = (struct asg_replay_result){.first_seq = 1, .is_identical = true, .what = ""};
    ASG_CLEANUP(clear_replay)
    struct replay replay = {.log = log, .ret = ret, .error = error};
    uint64_t pruned_seq = 0;
    uint64_t before_seq = 0;
    enum asg_status status =
        asg_world_before(log, options->from_seq, &replay.core, &before_seq, error);
    ret->first_seq = before_seq + 1;
    if (status == ASG_OK) status = read_on(&replay, options, &pruned_seq);
    if (status != ASG_OK || pruned_seq == 0) return status;
    status = start_from_snapshot(&replay, pruned_seq);
    if (status != ASG_OK) return status;
    status = read_on(&replay, options, &pruned_seq);
    if (status == ASG_OK && pruned_seq != 0) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "the payload of event %" PRIu64 " is pruned although the oldest "
                        "snapshot does not cover it; replay a backup of the log",
                        pruned_seq);
    }
    return status;
}
