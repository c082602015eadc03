/* replay_digest - every event of a log through core, and one SHA-256 over all that came
 * out: the bytes of each event's effects, and the bytes of the whole state after it.
 *
 * tests/integration/test_golden_replay.py builds this with several compilers and levels
 * of optimisation; every build must print the same lines. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "crypto/crypto.h"
#include "store/log.h"
#include "wire/wire.h"

struct digest {
    struct asg_core *core;
    struct asg_arena arena;
    struct asg_effects effects;
    struct asg_bytes bytes;
    struct asg_hasher *effects_hash;
    struct asg_hasher *states_hash;
    uint64_t events;
    uint64_t refused;
    uint64_t decisions;
};

static int take_event(struct digest *digest, const struct asg_record *record)
{
    struct asg_event event;
    asg_arena_reset(&digest->arena);
    enum asg_status status =
        asg_wire_decode(&asg_event_schema, record->payload, record->payload_length,
                        &digest->arena, &event);
    if (status != ASG_OK) {
        (void)fprintf(stderr, "record %" PRIu64 ": %s\n", record->seq,
                      asg_status_text(status));
        return 1;
    }
    digest->events++;
    status = asg_core_step(digest->core, &event, &digest->effects);
    if (status != ASG_OK) digest->refused++;
    digest->decisions += digest->effects.decision_count;
    asg_bytes_reset(&digest->bytes);
    asg_wire_encode(&asg_effects_schema, &digest->effects, &digest->bytes);
    asg_hasher_update(digest->effects_hash, digest->bytes.data, digest->bytes.length);
    asg_bytes_reset(&digest->bytes);
    asg_core_save(digest->core, &digest->bytes);
    asg_hasher_update(digest->states_hash, digest->bytes.data, digest->bytes.length);
    return 0;
}

static int read_log(struct digest *digest, const char *path)
{
    const struct asg_log_options options = {.path = path, .is_immutable = true};
    struct asg_log *log = NULL;
    struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {""};
    const struct asg_log_filter filter = {.is_verified = true};
    enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
    if (status == ASG_OK) status = asg_log_cursor_open(log, &filter, &cursor, &error);
    struct asg_record record;
    int code = 0;
    while (status == ASG_OK && code == 0) {
        status = asg_log_cursor_next(cursor, &record, &error);
        bool is_event = status == ASG_OK && (strcmp(record.kind, "event") == 0 ||
                                             strcmp(record.kind, "metrics") == 0);
        if (is_event) code = take_event(digest, &record);
    }
    if (cursor != NULL) asg_log_cursor_close(&cursor);
    if (log != NULL) asg_log_close(&log);
    if (status == ASG_ERR_EMPTY) return code;
    (void)fprintf(stderr, "%s: %s\n", path, error.text);
    return 1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct digest digest = {.events = 0};
        asg_core_new(&digest.core);
        asg_hasher_new(&digest.effects_hash);
        asg_hasher_new(&digest.states_hash);
        asg_hasher_begin(digest.effects_hash);
        asg_hasher_begin(digest.states_hash);
        if (read_log(&digest, argv[i]) != 0) return 1;
        uint8_t hash[ASG_SHA256_BYTES];
        char effects[ASG_SHA256_HEX_SIZE];
        char states[ASG_SHA256_HEX_SIZE];
        asg_hasher_end(digest.effects_hash, hash);
        asg_hex_encode(hash, sizeof hash, effects);
        asg_hasher_end(digest.states_hash, hash);
        asg_hex_encode(hash, sizeof hash, states);
        const char *name = strrchr(argv[i], '/');
        (void)printf("%s events %" PRIu64 " refused %" PRIu64 " decisions %" PRIu64
                     " effects %s states %s\n",
                     name != NULL ? name + 1 : argv[i], digest.events, digest.refused,
                     digest.decisions, effects, states);
        asg_hasher_destroy(&digest.effects_hash);
        asg_hasher_destroy(&digest.states_hash);
        asg_core_destroy(&digest.core);
        asg_effects_clear(&digest.effects);
        asg_arena_clear(&digest.arena);
        asg_bytes_clear(&digest.bytes);
    }
    return 0;
}
