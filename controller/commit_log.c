#include "controller/commit_log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/utf8.h"
#include "controller/publish_view.h"
#include "controller/replay_tail.h"
#include "controller/snapshot_thread.h"
#include "crypto/crypto.h"
#include "wire/wire.h"

#define CLUSTER_ID_BYTES 16

/* One applied event of the batch. */
struct step {
    struct asg_effects effects;
    struct asg_waiter waiter;
};

struct asg_commit {
    struct asg_commit_options options;
    char *log_path;
    struct asg_log *log;
    struct asg_core *core;
    int64_t last_ms;
    int64_t found_ms;   /* of the last record that was there already; 0: a new log */
    bool is_ahead;      /* a batch was lost: memory is ahead of disk */
    struct step *steps; /* of the batch; their arenas are kept for the next */
    size_t step_count;
    size_t step_capacity;
    struct asg_bytes payloads; /* of the batch; records hold offsets until flush */
    struct asg_arena notes;
    struct asg_arena event_arena; /* of the event being applied */
    struct asg_record *records;
    size_t *payload_offsets;
    size_t record_count;
    size_t record_capacity;
    struct asg_bytes state; /* scratch for saving core */
    uint64_t events_since_hash;
    struct asg_state_place hash_place; /* where the next part of the state begins */
    uint64_t snapshot_seq;
    int64_t snapshot_at_ms;
    int64_t look_at_ms;                /* none is begun before, after one that failed */
    size_t state_length;               /* of the newest snapshot */
    struct asg_snapshot_thread *maker; /* NULL: none is being made */
    struct asg_made_snapshot made;     /* being written, while there are bytes of it */
    bool has_leftovers;                /* parts of no snapshot may be there */
    bool is_pruning;                   /* payloads that may go are left */
    struct asg_commit_counts counts;
};

/* Subject and note are for people, the payload has everything: a text that is too long
 * for them is no reason to lose the event, let alone to stop leading. */
static const char *within(struct asg_commit *commit, const char *text, size_t max)
{
    return asg_arena_text_n(&commit->notes, text, asg_utf8_cut(text, max));
}

static void add_record(struct asg_commit *commit, int64_t time_ms, const char *kind,
                       const char *subject, const char *note, size_t payload_offset)
{
    if (commit->record_count == commit->record_capacity) {
        size_t wider = commit->record_capacity == 0 ? 64 : commit->record_capacity * 2;
        commit->records = asg_realloc(commit->records, wider, sizeof *commit->records);
        commit->payload_offsets =
            asg_realloc(commit->payload_offsets, wider, sizeof *commit->payload_offsets);
        commit->record_capacity = wider;
    }
    commit->payload_offsets[commit->record_count] = payload_offset;
    commit->records[commit->record_count++] = (struct asg_record){
        .time_ms = time_ms,
        .kind = kind,
        .subject = within(commit, subject, ASG_LOG_SUBJECT_MAX),
        .note = within(commit, note, ASG_LOG_NOTE_MAX),
        .payload_length = commit->payloads.length - payload_offset,
    };
}

/* Group the event is about, for people who read the log by group. */
static const char *subject_of(const struct asg_event *event)
{
    if (event->kind != ASG_EVENT_COMMAND || event->command == NULL) return "";
    return event->command->group;
}

static const char *note_of(struct asg_commit *commit, const struct asg_event *event)
{
    switch (event->kind) {
    case ASG_EVENT_COMMAND:
        return asg_arena_format(
            &commit->notes, "%s by %s",
            asg_enum_word(&asg_command_kind_words, (int)event->command->kind),
            event->command->actor);
    case ASG_EVENT_RESULT:
        return asg_arena_format(
            &commit->notes, "job %" PRIu64 " attempt %u: %s %s", event->result->job_id,
            event->result->attempt,
            asg_enum_word(&asg_outcome_words, (int)event->result->outcome),
            event->result->error_code);
    case ASG_EVENT_ENROLMENT:
        return asg_arena_format(
            &commit->notes, "enrolment of %s by %s", event->enrolment->instance_id,
            asg_enum_word(&asg_proof_words, (int)event->enrolment->proof));
    default: return asg_enum_word(&asg_event_kind_words, (int)event->kind);
    }
}

static void stage_effects(struct asg_commit *commit, int64_t time_ms,
                          const struct asg_effects *effects)
{
    if (asg_effects_is_empty(effects)) return;
    size_t offset = commit->payloads.length;
    asg_wire_encode(&asg_effects_schema, effects, &commit->payloads);
    add_record(commit, time_ms, "effects", "", "", offset);
    for (size_t i = 0; i < effects->decision_count; i++) {
        const struct asg_decision *decision = &effects->decisions[i];
        add_record(commit, time_ms, "decision", decision->group, decision->text,
                   commit->payloads.length);
    }
}

/* A part of the state at a time, one after another and then from the first again, so that
 * the loop never stands still for the whole of a large state. */
static void stage_hash(struct asg_commit *commit, int64_t time_ms)
{
    commit->events_since_hash = 0;
    uint8_t hash[ASG_SHA256_BYTES];
    struct asg_state_place *place = &commit->hash_place;
    const struct asg_state_hash said = {.form = asg_core_form(),
                                        .seq = asg_log_head(commit->log).seq +
                                               commit->record_count,
                                        .hash = {hash, sizeof hash},
                                        .bytes_max = commit->options.hash_bytes,
                                        .group_no = place->group_no,
                                        .instance_no = place->instance_no,
                                        .job_id = place->job_id};
    asg_bytes_reset(&commit->state);
    if (said.bytes_max == 0) {
        asg_core_save(commit->core, &commit->state);
    } else {
        asg_core_save_part(commit->core, said.form, said.bytes_max, place,
                           &commit->state);
    }
    asg_sha256(commit->state.data, commit->state.length, hash);
    size_t offset = commit->payloads.length;
    asg_wire_encode(&asg_state_hash_schema, &said, &commit->payloads);
    add_record(commit, time_ms, "state_hash", "", "", offset);
}

static struct step *next_step(struct asg_commit *commit)
{
    if (commit->step_count == commit->step_capacity) {
        size_t wider = commit->step_capacity == 0 ? 16 : commit->step_capacity * 2;
        commit->steps = asg_realloc(commit->steps, wider, sizeof *commit->steps);
        memset(commit->steps + commit->step_capacity, 0,
               (wider - commit->step_capacity) * sizeof *commit->steps);
        commit->step_capacity = wider;
    }
    return &commit->steps[commit->step_count];
}

enum asg_status asg_commit_apply(struct asg_commit *commit, const struct asg_event *event,
                                 struct asg_waiter waiter)
{
    struct step *step = next_step(commit);
    size_t offset = commit->payloads.length;
    asg_wire_encode(&asg_event_schema, event, &commit->payloads);
    /* core sees what a replay will see: the event as it comes out of its own bytes. */
    struct asg_event decoded;
    asg_arena_reset(&commit->event_arena);
    enum asg_status status =
        asg_wire_decode(&asg_event_schema, commit->payloads.data + offset,
                        commit->payloads.length - offset, &commit->event_arena, &decoded);
    if (status == ASG_OK) status = asg_core_step(commit->core, &decoded, &step->effects);
    if (status != ASG_OK) {
        commit->payloads.length = offset;
        return status;
    }
    ASG_FAILPOINT("commit.staged");
    step->waiter = waiter;
    step->waiter.revision = asg_core_revision(commit->core);
    commit->step_count++;
    commit->last_ms = event->time_ms;
    commit->counts.events++;
    add_record(commit, event->time_ms,
               event->kind == ASG_EVENT_METRICS ? "metrics" : "event",
               subject_of(&decoded), note_of(commit, &decoded), offset);
    stage_effects(commit, event->time_ms, &step->effects);
    if (++commit->events_since_hash >= commit->options.hash_events) {
        stage_hash(commit, event->time_ms);
    }
    return ASG_OK;
}

size_t asg_commit_staged(const struct asg_commit *commit)
{
    return commit->step_count;
}

/* Of a batch that nobody will release: whether it is on disk is not known. */
static void drop_waiters(struct asg_commit *commit)
{
    for (size_t i = 0; i < commit->step_count; i++) {
        const struct asg_waiter *waiter = &commit->steps[i].waiter;
        if (waiter->kind == ASG_WAITER_CALL) waiter->settled(waiter->call, NULL);
    }
}

static void reset_batch(struct asg_commit *commit)
{
    commit->step_count = 0;
    commit->record_count = 0;
    asg_bytes_reset(&commit->payloads);
    asg_arena_reset(&commit->notes);
}

enum asg_status asg_commit_flush(struct asg_commit *commit, asg_release *release,
                                 void *context, struct asg_error *error)
{
    if (commit->step_count == 0) return ASG_OK;
    for (size_t i = 0; i < commit->record_count; i++) {
        commit->records[i].payload = commit->payloads.data + commit->payload_offsets[i];
    }
    ASG_FAILPOINT("commit.before_append");
    enum asg_status status =
        asg_log_append(commit->log, commit->records, commit->record_count, NULL, error);
    ASG_FAILPOINT("commit.after_append");
    if (status != ASG_OK) {
        commit->is_ahead = true;
        drop_waiters(commit);
        reset_batch(commit);
        return status;
    }
    commit->counts.records += commit->record_count;
    commit->counts.commits++;
    if (commit->options.view != NULL) {
        asg_publish_view(commit->options.view, commit->core, commit->options.metrics);
    }
    for (size_t i = 0; i < commit->step_count && release != NULL; i++) {
        release(context, &commit->steps[i].waiter, &commit->steps[i].effects);
        ASG_FAILPOINT("commit.after_release");
    }
    reset_batch(commit);
    return ASG_OK;
}

/* ---- upkeep: snapshots and retention, a small piece a turn ---- */

#define RETRY_MS       20000     /* after one that failed */
#define END_PART_BYTES (8 << 20) /* at the end: nobody waits for the loop */
#define PIECE_MS       10        /* between two pieces: some 25 MB/s */

#define PRUNE_RECORDS  100 /* a piece; ten times as many are read to find them */

/* What a core takes a byte of its saved state, and the bytes themselves twice: 8 bytes as
 * measured (docs/performance.md, "Snapshots"), and a little more. */
#define MEMORY_PER_BYTE 10

static void keep_for_writing(struct asg_commit *commit, uint64_t seq)
{
    commit->made.snapshot.part_bytes = (size_t)commit->options.hash_bytes;
    assert(commit->made.snapshot.seq == seq);
    commit->state_length = commit->made.state.length;
}

/* The loop stands still for it: at the end, or when a second core would take too much. */
static enum asg_status save_here(struct asg_commit *commit, struct asg_error *error)
{
    assert(commit->step_count == 0);
    struct asg_made_snapshot *made = &commit->made;
    asg_made_snapshot_clear(made);
    asg_core_save(commit->core, &made->state);
    made->snapshot = (struct asg_log_snapshot){.seq = asg_log_head(commit->log).seq,
                                               .bytes = made->state.data,
                                               .length = made->state.length};
    enum asg_status status = asg_log_hash_snapshot(commit->log, &made->snapshot, error);
    if (status == ASG_OK) keep_for_writing(commit, made->snapshot.seq);
    return status;
}

static void give_up(struct asg_commit *commit, int64_t log_ms,
                    const struct asg_error *error)
{
    asg_log_warn("commit", "snapshot_failed", "%s; continuing without it", error->text);
    asg_made_snapshot_clear(&commit->made);
    commit->has_leftovers = true;
    commit->look_at_ms = log_ms + RETRY_MS;
}

static bool is_snapshot_due(const struct asg_commit *commit, int64_t log_ms)
{
    if (log_ms < commit->look_at_ms) return false;
    uint64_t head = asg_log_head(commit->log).seq;
    return head - commit->snapshot_seq >= commit->options.snapshot_records ||
           (log_ms - commit->snapshot_at_ms >= commit->options.snapshot_ms &&
            head > commit->snapshot_seq);
}

/* Of the log as it is now: nothing is staged, so core is at its head. */
static void begin_snapshot(struct asg_commit *commit, int64_t log_ms)
{
    struct asg_error error = {""};
    uint64_t head = asg_log_head(commit->log).seq;
    commit->snapshot_at_ms = log_ms; /* also after a failure: not again at once */
    uint64_t memory = commit->options.snapshot_memory;
    bool fits = memory > 0 && commit->state_length <= memory / MEMORY_PER_BYTE;
    ASG_FAILPOINT("commit.before_snapshot");
    if (fits && asg_snapshot_thread_new(commit->log_path, head, &commit->maker, &error) ==
                    ASG_OK) {
        return;
    }
    if (save_here(commit, &error) != ASG_OK) give_up(commit, log_ms, &error);
}

static void take_made(struct asg_commit *commit, int64_t log_ms)
{
    struct asg_error error = {""};
    enum asg_status status = ASG_OK;
    if (!asg_snapshot_thread_poll(commit->maker, &status, &commit->made, &error)) return;
    asg_snapshot_thread_destroy(&commit->maker);
    if (status != ASG_OK) {
        give_up(commit, log_ms, &error);
        return;
    }
    keep_for_writing(commit, commit->made.snapshot.seq);
}

static void write_part(struct asg_commit *commit, int64_t log_ms)
{
    struct asg_error error = {""};
    struct asg_log_snapshot *snapshot = &commit->made.snapshot;
    if (asg_log_write_snapshot(commit->log, snapshot, &error) != ASG_OK) {
        give_up(commit, log_ms, &error);
        return;
    }
    if (!snapshot->is_complete) return;
    ASG_FAILPOINT("commit.after_snapshot");
    commit->snapshot_seq = snapshot->seq;
    commit->counts.snapshots++;
    commit->has_leftovers = true; /* of the one that it replaced */
    commit->is_pruning = commit->options.retention_ms > 0;
    asg_made_snapshot_clear(&commit->made);
}

static void drop_leftover(struct asg_commit *commit, int64_t log_ms)
{
    struct asg_error error = {""};
    if (asg_log_drop_leftover(commit->log, &commit->has_leftovers, &error) == ASG_OK) {
        return;
    }
    asg_log_warn("commit", "leftover_stays", "%s; trying again later", error.text);
    commit->has_leftovers = false; /* the next snapshot will ask again */
    commit->look_at_ms = log_ms + RETRY_MS;
}

/* One piece of the backlog; the loop stands still for it, some milliseconds. */
static void prune(struct asg_commit *commit, int64_t log_ms)
{
    const struct asg_log_retention retention = {
        .kind = "metrics",
        .older_than_ms = log_ms - commit->options.retention_ms,
        .now_ms = log_ms,
        .records_max = PRUNE_RECORDS,
        .bytes_max = ASG_PRUNE_TURN_BYTES,
    };
    struct asg_error error = {""};
    struct asg_log_pruned pruned = {0};
    commit->is_pruning = false;
    if (asg_log_prune(commit->log, &retention, &pruned, &error) != ASG_OK) {
        asg_log_warn("commit", "prune_failed", "%s; trying again later", error.text);
        return;
    }
    commit->is_pruning = pruned.has_more;
    commit->counts.pruned += pruned.records;
    commit->counts.pruned_bytes += pruned.bytes;
}

int64_t asg_commit_tidy(struct asg_commit *commit, int64_t log_ms)
{
    bool is_writing = commit->made.state.length > 0;
    if (commit->step_count > 0) return PIECE_MS;
    if (is_writing) {
        write_part(commit, log_ms);
    } else if (commit->maker != NULL) {
        take_made(commit, log_ms);
        if (commit->is_pruning) prune(commit, log_ms); /* far below what is being read */
    } else if (commit->has_leftovers) {
        drop_leftover(commit, log_ms);
    } else if (is_snapshot_due(commit, log_ms)) {
        begin_snapshot(commit, log_ms);
    } else if (commit->is_pruning) {
        prune(commit, log_ms);
    }
    bool has_more =
        commit->made.state.length > 0 || commit->has_leftovers || commit->is_pruning;
    return has_more ? PIECE_MS : 0;
}

/* ---- opening ---- */

static enum asg_status load_core(struct asg_commit *commit, struct asg_error *error)
{
    struct asg_error note = {""};
    enum asg_status status =
        asg_load_newest(commit->log, 0, &commit->core, &commit->snapshot_seq,
                        &commit->state_length, &note, error);
    if (note.text[0] != '\0') {
        asg_log_warn("commit", "snapshot_skipped", "%s; using an older one", note.text);
    }
    /* The log's time goes on from there, also when no record follows the snapshot. */
    if (status == ASG_OK) commit->last_ms = asg_core_now_ms(commit->core);
    return status;
}

static enum asg_status replay_tail(struct asg_commit *commit, struct asg_error *error)
{
    struct asg_tail tail = {.log = commit->log,
                            .core = commit->core,
                            .from_seq = commit->snapshot_seq + 1,
                            .is_ahead = true,
                            .last_ms = commit->last_ms};
    enum asg_status status = asg_replay_tail(&tail, error);
    commit->last_ms = tail.last_ms;
    return status;
}

static enum asg_status check_log(struct asg_commit *commit, struct asg_error *error)
{
    uint64_t head = asg_log_head(commit->log).seq;
    uint64_t most = commit->options.verify_records_max;
    uint64_t from = most == 0 || head <= most ? 1 : head - most + 1;
    if (head == 0) return ASG_OK;
    struct asg_log_verdict verdict;
    enum asg_status status =
        asg_log_verify(commit->log, from, NULL, NULL, &verdict, error);
    /* A damaged snapshot costs time, not truth: loading falls back to an older one. */
    bool is_only_snapshot =
        status == ASG_ERR_CORRUPT && verdict.flaw == ASG_LOG_FLAW_SNAPSHOT;
    return is_only_snapshot ? ASG_OK : status;
}

/* A name for a log that is not there yet: part of its chain from the first record on. */
static void name_cluster(const char *log_path, char ret[2 * CLUSTER_ID_BYTES + 1])
{
    uint8_t id[CLUSTER_ID_BYTES];
    ret[0] = '\0';
    if (access(log_path, F_OK) == 0) return;
    asg_random_bytes(id, sizeof id);
    asg_hex_encode(id, sizeof id, ret);
}

static enum asg_status begin_cluster(struct asg_commit *commit, int64_t wall_ms,
                                     struct asg_error *error)
{
    uint64_t seed;
    asg_random_bytes(&seed, sizeof seed);
    const struct asg_command command = {.kind = ASG_COMMAND_INIT,
                                        .actor = "controller",
                                        .cluster_id = asg_log_cluster_id(commit->log),
                                        .seed = seed,
                                        .group = "",
                                        .name = ""};
    const struct asg_event event = {
        .time_ms = wall_ms, .kind = ASG_EVENT_COMMAND, .command = &command};
    enum asg_status status = asg_commit_apply(commit, &event, (struct asg_waiter){0});
    if (status != ASG_OK) return asg_fail(error, status, "core refused to begin");
    return asg_commit_flush(commit, NULL, NULL, error);
}

/* With the epoch the log gave this writer when it was opened. */
static enum asg_status begin_to_lead(struct asg_commit *commit, int64_t wall_ms,
                                     struct asg_error *error)
{
    const struct asg_command command = {.kind = ASG_COMMAND_LEAD,
                                        .actor = "controller",
                                        .cluster_id = "",
                                        .epoch = asg_log_head(commit->log).epoch,
                                        .listing_ms = commit->options.listing_ms,
                                        .rules = asg_core_newest_rules(),
                                        .incarnation = commit->options.incarnation,
                                        .schedule_late_ms =
                                            commit->options.schedule_late_ms,
                                        .group = "",
                                        .name = ""};
    const struct asg_event event = {
        .time_ms = wall_ms > commit->last_ms ? wall_ms : commit->last_ms,
        .kind = ASG_EVENT_COMMAND,
        .command = &command,
    };
    enum asg_status status = asg_commit_apply(commit, &event, (struct asg_waiter){0});
    if (status != ASG_OK) return asg_fail(error, status, "core refused to lead");
    return asg_commit_flush(commit, NULL, NULL, error);
}

/* Say which record it is about, and what an operator does next. */
static enum asg_status refuse_to_lead(const struct asg_commit *commit,
                                      const struct asg_log_options *options,
                                      struct asg_error *error)
{
    struct asg_error why = *error;
    if (commit->log == NULL) {
        struct asg_log_verdict verdict;
        asg_log_explain_damage(options, error, &verdict);
        (void)asg_fail(&why, ASG_ERR_CORRUPT, "%s", verdict.what);
    }
    return asg_fail(
        error, ASG_ERR_CORRUPT,
        "%.300s; run `openasg log verify %.100s`: it says what to do, and until "
        "then the fleet stays as it is",
        why.text, options->path);
}

static enum asg_status rebuild(struct asg_commit *commit, int64_t wall_ms,
                               struct asg_error *error)
{
    char cluster_id[2 * CLUSTER_ID_BYTES + 1];
    name_cluster(commit->log_path, cluster_id);
    const struct asg_log_options options = {
        .path = commit->log_path, .cluster_id = cluster_id, .now_ms = wall_ms};
    enum asg_status status = asg_log_open_sqlite(&options, &commit->log, error);
    if (status == ASG_OK) status = check_log(commit, error);
    if (status == ASG_OK) status = load_core(commit, error);
    if (status == ASG_OK) status = replay_tail(commit, error);
    if (status == ASG_ERR_CORRUPT) return refuse_to_lead(commit, &options, error);
    if (status != ASG_OK) return status;
    bool is_new = asg_log_head(commit->log).seq == 0;
    if (is_new) {
        status = begin_cluster(commit, wall_ms, error);
    }
    if (status == ASG_OK && !is_new) commit->found_ms = commit->last_ms;
    if (status == ASG_OK) status = begin_to_lead(commit, wall_ms, error);
    commit->snapshot_at_ms = commit->last_ms;
    commit->has_leftovers = true; /* of a writer that died, perhaps */
    return status;
}

enum asg_status asg_commit_open(const struct asg_commit_options *options, int64_t wall_ms,
                                struct asg_commit **ret, struct asg_error *error)
{
    struct asg_commit *commit = asg_alloc(1, sizeof *commit);
    commit->options = *options;
    commit->log_path = strdup(options->log_path);
    enum asg_status status = rebuild(commit, wall_ms, error);
    if (status != ASG_OK) {
        asg_commit_close(&commit, /* with_snapshot */ false);
        return status;
    }
    *ret = commit;
    return ASG_OK;
}

static enum asg_status save_at_end(struct asg_commit *commit, struct asg_error *error)
{
    enum asg_status status = save_here(commit, error);
    commit->made.snapshot.part_bytes = END_PART_BYTES;
    while (status == ASG_OK && !commit->made.snapshot.is_complete) {
        status = asg_log_write_snapshot(commit->log, &commit->made.snapshot, error);
    }
    return status;
}

void asg_commit_close(struct asg_commit **commit, bool with_snapshot)
{
    struct asg_commit *c = *commit;
    if (c == NULL) return;
    struct asg_error error = {""};
    asg_snapshot_thread_destroy(&c->maker);
    /* With something unreleased, memory is ahead of disk: that state must not be kept. */
    if (c->step_count > 0 || c->is_ahead) with_snapshot = false;
    drop_waiters(c);
    reset_batch(c);
    if (with_snapshot && save_at_end(c, &error) != ASG_OK) {
        asg_log_warn("commit", "snapshot_failed", "%s; the next start replays more",
                     error.text);
    }
    asg_made_snapshot_clear(&c->made);
    for (size_t i = 0; i < c->step_capacity; i++) {
        asg_effects_clear(&c->steps[i].effects);
    }
    asg_core_destroy(&c->core);
    if (c->log != NULL) asg_log_close(&c->log);
    asg_bytes_clear(&c->payloads);
    asg_bytes_clear(&c->state);
    asg_arena_clear(&c->notes);
    asg_arena_clear(&c->event_arena);
    free(c->steps);
    free(c->records);
    free(c->payload_offsets);
    free(c->log_path);
    free(c);
    *commit = NULL;
}

const struct asg_core *asg_commit_core(const struct asg_commit *commit)
{
    return commit->core;
}

struct asg_log *asg_commit_log(struct asg_commit *commit)
{
    return commit->log;
}

int64_t asg_commit_found_ms(const struct asg_commit *commit)
{
    return commit->found_ms;
}

int64_t asg_commit_last_ms(const struct asg_commit *commit)
{
    return commit->last_ms;
}

struct asg_commit_counts asg_commit_counts(const struct asg_commit *commit)
{
    return commit->counts;
}
