/* replay_gives_identical_state - the log alone, through a fresh core, gives the same
 * effects byte for byte and the same state hashes. */
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sim/sim.h"
#include "wire/wire.h"

struct sim_replay {
    struct asg_core *core;
    uint64_t seq; /* replayed up to there */
    struct asg_effects effects;
    struct asg_arena arena;
    struct asg_bytes bytes;
    bool is_expected; /* the last event had effects and their record is still to come */
};

static bool step(struct sim_replay *replay, const struct asg_record *record)
{
    if (replay->is_expected) {
        sim_break("replay_gives_identical_state",
                  "record %llu: the event before has effects that the log lacks",
                  (unsigned long long)record->seq);
        return false;
    }
    struct asg_event event;
    asg_arena_reset(&replay->arena);
    if (asg_wire_decode(&asg_event_schema, record->payload, record->payload_length,
                        &replay->arena, &event) != ASG_OK ||
        asg_core_step(replay->core, &event, &replay->effects) != ASG_OK) {
        sim_break("replay_gives_identical_state", "record %llu cannot be replayed",
                  (unsigned long long)record->seq);
        return false;
    }
    replay->is_expected = !asg_effects_is_empty(&replay->effects);
    return true;
}

static bool same_effects(struct sim_replay *replay, const struct asg_record *record)
{
    asg_bytes_reset(&replay->bytes);
    asg_wire_encode(&asg_effects_schema, &replay->effects, &replay->bytes);
    bool is_same =
        replay->is_expected && replay->bytes.length == record->payload_length &&
        memcmp(replay->bytes.data, record->payload, record->payload_length) == 0;
    replay->is_expected = false;
    if (is_same) return true;
    sim_break("replay_gives_identical_state", "record %llu: replay gives other effects",
              (unsigned long long)record->seq);
    return false;
}

static bool same_hash(struct sim_replay *replay, const struct asg_record *record)
{
    uint8_t hash[ASG_SHA256_BYTES];
    struct asg_state_hash said = {0};
    bool is_hash =
        asg_wire_decode(&asg_state_hash_schema, record->payload, record->payload_length,
                        &replay->arena, &said) == ASG_OK &&
        said.form == asg_core_form() && said.seq + 1 == record->seq &&
        said.hash.length == sizeof hash;
    if (is_hash) {
        asg_bytes_reset(&replay->bytes);
        asg_core_save_hashed(replay->core, &said, &replay->bytes);
        asg_sha256(replay->bytes.data, replay->bytes.length, hash);
        if (memcmp(hash, said.hash.data, sizeof hash) == 0) return true;
    }
    sim_break("replay_gives_identical_state", "record %llu: replay gives another state",
              (unsigned long long)record->seq);
    return false;
}

static bool replay_record(struct sim_replay *replay, const struct asg_record *record)
{
    if (strcmp(record->kind, "event") == 0 || strcmp(record->kind, "metrics") == 0) {
        return step(replay, record);
    }
    if (strcmp(record->kind, "effects") == 0) return same_effects(replay, record);
    return strcmp(record->kind, "state_hash") != 0 || same_hash(replay, record);
}

void law_replay_until(uint64_t seq)
{
    struct asg_log *log = sim_disk_log(our->disk);
    if (our->replay == NULL) {
        our->replay = asg_alloc(1, sizeof *our->replay);
        asg_core_new(&our->replay->core);
    }
    struct sim_replay *replay = our->replay;
    const struct asg_log_filter filter = {.from_seq = replay->seq + 1, .to_seq = seq};
    struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {""};
    struct asg_record record;
    bool is_fine =
        replay->seq < seq && asg_log_cursor_open(log, &filter, &cursor, &error) == ASG_OK;
    while (is_fine && asg_log_cursor_next(cursor, &record, &error) == ASG_OK) {
        is_fine = replay_record(replay, &record);
        replay->seq = record.seq;
    }
    asg_log_cursor_close(&cursor);
}

void law_replay(void)
{
    struct asg_log *log = sim_disk_log(our->disk);
    if (log != NULL) law_replay_until(asg_log_head(log).seq);
}

void law_replay_clear(void)
{
    struct sim_replay *replay = our->replay;
    if (replay == NULL) return;
    asg_core_destroy(&replay->core);
    asg_effects_clear(&replay->effects);
    asg_arena_clear(&replay->arena);
    asg_bytes_clear(&replay->bytes);
    free(replay);
    our->replay = NULL;
}
