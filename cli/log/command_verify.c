/* command_verify - the proof that no record of a log was altered, added or lost. */
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/log/check_against.h"
#include "cli/log/open_log.h"
#include "cli/log/replay_log.h"
#include "crypto/crypto.h"

/* What "log verify" proved, as it is shown. */
struct verify_view {
    const char *log;
    const char *cluster_id;
    bool is_verified;
    const char *flaw;
    uint64_t bad_seq;
    const char *what;
    const char *advice;
    uint64_t records;
    uint64_t first_seq;
    uint64_t last_seq;
    uint64_t pruned;
    uint64_t snapshots;
    const char *chain_hash;
    uint64_t records_per_second;
    uint64_t state_hashes;   /* that a replay found again */
    uint64_t checkpoints;    /* that the log was held against */
    uint64_t checkpoint_seq; /* the highest that it fits */
    bool is_replayed;        /* not shown itself */
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct verify_view, field)                                    \
    }
static const struct asg_field verify_fields[] = {
    FIELD(TEXT, log),           FIELD(TEXT, cluster_id),
    FIELD(BOOL, is_verified),   FIELD(TEXT, flaw),
    FIELD(U64, bad_seq),        FIELD(TEXT, what),
    FIELD(TEXT, advice),        FIELD(U64, records),
    FIELD(U64, first_seq),      FIELD(U64, last_seq),
    FIELD(U64, pruned),         FIELD(U64, snapshots),
    FIELD(TEXT, chain_hash),    FIELD(U64, records_per_second),
    FIELD(U64, state_hashes),   FIELD(U64, checkpoints),
    FIELD(U64, checkpoint_seq),
};
static const struct asg_schema verify_schema = {
    .name = "verify",
    .size = sizeof(struct verify_view),
    .fields = verify_fields,
    .field_count = sizeof verify_fields / sizeof verify_fields[0],
};
static const struct asg_render_column verify_columns[] = {
    {"log", "log", NULL, false},
    {"cluster", "cluster_id", NULL, false},
    {"verified", "is_verified", NULL, false},
    {"records", "records", NULL, false},
    {"first", "first_seq", NULL, false},
    {"last", "last_seq", NULL, false},
    {"pruned payloads", "pruned", NULL, false},
    {"snapshots", "snapshots", NULL, false},
    {"chain hash", "chain_hash", NULL, false},
    {"records a second", "records_per_second", NULL, false},
};
/* Shown after these when they were asked for. */
static const struct asg_render_column state_column = {"states replayed", "state_hashes",
                                                      NULL, false};
static const struct asg_render_column checkpoint_columns[] = {
    {"checkpoints", "checkpoints", NULL, false},
    {"signed up to", "checkpoint_seq", NULL, false},
};

static const struct asg_argument log_argument[] = {ASG_LOG_ARGUMENT};

static const struct asg_option verify_options[] = {
    ASG_LOG_FROM("Check only from this record on; the preceding one is trusted."),
    {.name = "jobs",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .min = 1,
     .max = ASG_LOG_JOBS_MAX,
     .help = "Number of threads; the result does not depend on it.",
     .default_text = "one per core"},
    {.name = "states",
     .type = ASG_OPTION_FLAG,
     .help = "Also replay every event and compare the recorded hashes of the state."},
    {.name = "against",
     .type = ASG_OPTION_TEXTS,
     .value = "FILE",
     .help =
         "Also compare with a checkpoint of \"log sign\"; several narrow down where a "
         "log was rewritten."},
    {.name = "key",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Public key (PEM) of the checkpoints' signer."},
    ASG_LOG_IMMUTABLE,
};

static void show_proof(struct asg_cli *cli, const struct verify_view *view)
{
    struct asg_render_column columns[16];
    size_t count = sizeof verify_columns / sizeof verify_columns[0];
    memcpy(columns, verify_columns, sizeof verify_columns);
    if (view->is_replayed) columns[count++] = state_column;
    if (view->checkpoints > 0) {
        memcpy(columns + count, checkpoint_columns, sizeof checkpoint_columns);
        count += sizeof checkpoint_columns / sizeof checkpoint_columns[0];
    }
    asg_cli_show_one(cli, &verify_schema, view, columns, count);
}

static int show_verdict(struct asg_cli *cli, struct verify_view *view,
                        const struct asg_log_verdict *verdict, enum asg_status status)
{
    char *hash = asg_arena_take(&cli->arena, 2 * ASG_LOG_HASH_BYTES + 1);
    asg_hex_encode(verdict->chain_hash, ASG_LOG_HASH_BYTES, hash);
    view->is_verified = status == ASG_OK;
    view->flaw = status == ASG_OK ? "" : asg_log_flaw_text(verdict->flaw);
    view->bad_seq = verdict->bad_seq;
    view->what = verdict->what;
    view->advice = verdict->advice;
    view->records = verdict->record_count;
    view->first_seq = verdict->first_seq;
    view->last_seq = verdict->last_seq;
    view->pruned = verdict->pruned_count;
    view->snapshots = verdict->snapshot_count;
    view->chain_hash = hash;
    if (status == ASG_OK || cli->settings.output != ASG_OUTPUT_TABLE) {
        show_proof(cli, view);
    }
    if (status == ASG_OK) return ASG_EXIT_OK;
    const char *advice = verdict->advice[0] != '\0' ? verdict->advice : NULL;
    return asg_cli_fail_more(cli, ASG_EXIT_NOT_VERIFIED, NULL, advice, "%s: %s",
                             view->log, verdict->what);
}

/* The recorded hashes of the state against a replay; a difference becomes the flaw. */
static enum asg_status check_states(struct asg_cli *cli, struct asg_log *log,
                                    struct verify_view *view,
                                    struct asg_log_verdict *verdict,
                                    struct asg_error *error)
{
    struct asg_progress *progress =
        asg_progress_new(cli, "replaying", asg_log_head(log).seq);
    const struct asg_replay_options options = {.skip_hash_check = true,
                                               .progress = progress};
    ASG_CLEANUP(asg_replay_result_clear) struct asg_replay_result result = {0};
    enum asg_status status = asg_replay_log(log, &options, &result, error);
    asg_progress_end(&progress);
    if (status == ASG_ERR_VERSION) {
        return asg_fail_wrap(error, status,
                             "the chain is whole, but its states cannot be replayed");
    }
    if (status != ASG_OK) return status;
    view->state_hashes = result.hash_count;
    view->is_replayed = true;
    if (result.is_identical) return ASG_OK;
    verdict->flaw = ASG_LOG_FLAW_STATE;
    verdict->bad_seq = result.bad_seq;
    (void)snprintf(verdict->what, sizeof verdict->what,
                   "record %" PRIu64
                   ": another %s than a replay gives (log %.80s, replay "
                   "%.80s)",
                   result.bad_seq, result.what, asg_bytes_text(&result.in_log),
                   asg_bytes_text(&result.in_replay));
    (void)snprintf(verdict->advice, sizeof verdict->advice,
                   "The chain is whole, so the writer itself recorded this: replay with "
                   "the release that wrote the log; if that differs too, report it.");
    return ASG_ERR_CORRUPT;
}

/* What auditors keep elsewhere against what is here; a difference becomes the flaw. */
static int check_checkpoints(struct asg_cli *cli, const struct asg_arguments *arguments,
                             struct asg_log *log, struct verify_view *view,
                             struct asg_log_verdict *verdict, enum asg_status *status)
{
    struct asg_texts paths = asg_option_texts(arguments, "against");
    struct asg_against against = {0};
    uint64_t from_seq = (uint64_t)asg_option_number(arguments, "from", 0);
    int code = asg_check_against(cli, log, from_seq, &paths,
                                 asg_option_text(arguments, "key"), &against);
    if (code != ASG_EXIT_OK) return code;
    view->checkpoints = against.count;
    view->checkpoint_seq = against.good_seq;
    if (against.bad_seq == 0) return ASG_EXIT_OK;
    *status = ASG_ERR_CORRUPT;
    verdict->flaw = ASG_LOG_FLAW_CHECKPOINT;
    verdict->bad_seq = against.bad_seq;
    (void)snprintf(verdict->what, sizeof verdict->what, "%s", against.what.text);
    const char *advice =
        "Someone with access to the disk replaced the log. Keep this file as evidence, "
        "look for an older copy that fits the checkpoint, and compare.";
    if (against.good_seq > 0 && against.good_seq < against.bad_seq) {
        (void)snprintf(verdict->advice, sizeof verdict->advice,
                       "Records up to %" PRIu64
                       " are those that were signed; what differs comes after. %s",
                       against.good_seq, advice);
    } else {
        (void)snprintf(verdict->advice, sizeof verdict->advice, "%s", advice);
    }
    return ASG_EXIT_OK;
}

/* The file does not even open: as far as that can be explained. */
static int show_damage(struct asg_cli *cli, const struct asg_log_options *options,
                       const struct asg_error *error)
{
    struct asg_log_verdict verdict;
    asg_log_explain_damage(options, error, &verdict);
    struct verify_view view = {.log = options->path, .cluster_id = ""};
    return show_verdict(cli, &view, &verdict, ASG_ERR_CORRUPT);
}

static bool count_verified(void *context, uint64_t checked, uint64_t total)
{
    (void)total;
    asg_progress_step(context, checked);
    return true;
}

static int run_verify(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    bool has_checkpoints = asg_option_is_set(arguments, "against");
    if (has_checkpoints != asg_option_is_set(arguments, "key")) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--against and --key belong together: the checkpoint, "
                            "and the public key of its signer");
    }
    ASG_CLEANUP(asg_log_close) struct asg_log *log = NULL;
    const struct asg_log_options options = asg_log_options_of(cli, arguments, 0);
    struct asg_error error = {0};
    enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
    if (status == ASG_ERR_CORRUPT) return show_damage(cli, &options, &error);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    struct asg_log_verdict verdict = {0};
    int64_t start_us = asg_clock_monotonic_us(&cli->clock);
    uint64_t from_seq = (uint64_t)asg_option_number(arguments, "from", 0);
    asg_log_set_jobs(log, (size_t)asg_option_number(arguments, "jobs", 0));
    struct asg_progress *progress =
        asg_progress_new(cli, "verifying", asg_log_head(log).seq);
    status = asg_log_verify(log, from_seq, count_verified, progress, &verdict, &error);
    asg_progress_end(&progress);
    int64_t took_us = asg_clock_monotonic_us(&cli->clock) - start_us;
    struct verify_view view = {
        .log = asg_log_path(cli, arguments, 0),
        .cluster_id = asg_log_cluster_id(log),
        .records_per_second =
            verdict.record_count * 1000000 / (uint64_t)(took_us > 0 ? took_us : 1),
    };
    if (status == ASG_OK && asg_option_flag(arguments, "states")) {
        status = check_states(cli, log, &view, &verdict, &error);
    }
    if (status == ASG_OK && has_checkpoints) {
        int code = check_checkpoints(cli, arguments, log, &view, &verdict, &status);
        if (code != ASG_EXIT_OK) return code;
    }
    bool is_answered = status == ASG_OK || verdict.flaw != ASG_LOG_FLAW_NONE;
    if (!is_answered) return asg_log_failed(cli, status, &error);
    return show_verdict(cli, &view, &verdict, status);
}

static const struct asg_command_entry commands[] = {
    {.name = "log verify",
     .shows = &verify_schema,
     .summary = "Prove that no record was altered, added or lost",
     .details =
         "Checks the hash of each payload, the chain, the sequence numbers, epochs, "
         "snapshots and the file's structure, beside a running controller or "
         "without one; with --states also the recorded hashes of the state, with "
         "--against also that the log is still the one that was signed. Exit code "
         "4 when it does not verify; then the first bad record is named.",
     .examples = "openasg log verify\nopenasg log verify backup.log --immutable -o json\n"
                 "openasg log verify --states --against checkpoint-1.txt --key "
                 "audit.pub",
     ASG_ARGUMENTS(log_argument),
     ASG_OPTIONS(verify_options),
     .run = run_verify},
};

const struct asg_family asg_verify_family = ASG_FAMILY(commands);
