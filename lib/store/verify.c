#include "store/verify_records.h"

#include <inttypes.h>
#include <stdio.h>

/* flaw, what to do */
static const struct {
    enum asg_log_flaw flaw;
    const char *text;
} advices[] = {
    {ASG_LOG_FLAW_SNAPSHOT,
     "The records are intact. A controller skips this snapshot and starts from an older "
     "one or from the first record; it writes a new one by itself."},
    {ASG_LOG_FLAW_NO_SNAPSHOT,
     "The chain is intact, but a controller cannot rebuild its state from this file: "
     "restore a copy of the file that still has a good snapshot."},
    {ASG_LOG_FLAW_INDEX,
     "The records are intact. Stop the controller and run `sqlite3 FILE REINDEX`, then "
     "verify again."},
    {ASG_LOG_FLAW_HEADER,
     "Do not let a controller lead from this file. Compare the schema and the table meta "
     "with a backup (docs/log-format.md), find out who wrote to the file, and restore "
     "it."},
    {ASG_LOG_FLAW_FILE,
     "Keep a copy of the file with its -wal. Check the disk, then restore the last "
     "backup "
     "that verifies; `sqlite3 FILE .recover` shows what is still readable. The fleet "
     "stays as it is until a controller leads again."},
};

static const char *advice_for(enum asg_log_flaw flaw)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (advices[i].flaw == flaw) return advices[i].text;
    }
    return "Do not let a controller lead from this file. Keep a copy as evidence, check "
           "the disk and who could write the file, and restore the last backup that "
           "verifies. All records before this one are intact.";
}

const char *asg_log_flaw_text(enum asg_log_flaw flaw)
{
    switch (flaw) {
#define X(name, text)                                                                    \
    case name: return text;
        ASG_LOG_FLAW_LIST(X)
#undef X
    }
    return "unknown";
}

void asg_log_condemn(struct asg_log_verdict *verdict,
                     const struct asg_log_flaw_found *flaw)
{
    verdict->flaw = flaw->flaw;
    verdict->bad_seq = flaw->seq;
    (void)snprintf(verdict->what, sizeof verdict->what, "%s", flaw->what);
    (void)snprintf(verdict->advice, sizeof verdict->advice, "%s", advice_for(flaw->flaw));
}

/* SQLite (or whoever) met damage without saying in which record. */
static void name_flaw(struct asg_log_flaw_found *flaw, const struct asg_error *error)
{
    if (flaw->flaw != ASG_LOG_FLAW_NONE) return;
    (void)asg_flaw_set(flaw, ASG_LOG_FLAW_FILE, 0, "%.240s", error->text);
}

/* Every snapshot must be whole, and one of them must stand above what was pruned. */
static enum asg_status walk_snapshots(struct asg_log *log, uint64_t pruned_last,
                                      struct asg_log_verdict *verdict,
                                      struct asg_log_flaw_found *flaw,
                                      struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes bytes = {0};
    uint64_t newest = 0;
    uint64_t below = UINT64_MAX;
    while (below > 0) {
        uint64_t seq = 0;
        struct asg_error why = {""};
        enum asg_status status = asg_log_load_snapshot(log, below, &bytes, &seq, &why);
        if (status != ASG_OK && status != ASG_ERR_EMPTY) {
            return asg_fail(error, status, "%s", why.text);
        }
        if (why.text[0] != '\0') {
            uint64_t bad = 0;
            (void)sscanf(why.text, "snapshot %19" SCNu64, &bad);
            (void)asg_flaw_set(flaw, ASG_LOG_FLAW_SNAPSHOT, bad, "%.240s", why.text);
            return ASG_ERR_CORRUPT;
        }
        if (status == ASG_ERR_EMPTY) break;
        if (newest == 0) newest = seq;
        verdict->snapshot_count++;
        below = seq - 1;
    }
    if (pruned_last > newest) {
        (void)asg_flaw_set(flaw, ASG_LOG_FLAW_NO_SNAPSHOT, pruned_last,
                           "record %" PRIu64
                           " is pruned, and the newest snapshot is of record %" PRIu64,
                           pruned_last, newest);
        return ASG_ERR_CORRUPT;
    }
    return ASG_OK;
}

static enum asg_status walk_all(const struct asg_verify_walk *walk,
                                struct asg_log_verdict *verdict,
                                struct asg_log_flaw_found *flaw, struct asg_error *error)
{
    struct asg_log *log = walk->log;
    enum asg_status status = ASG_OK;
    if (log->backend->check_before != NULL) {
        status = log->backend->check_before(log, flaw, error);
        if (status != ASG_OK) return status;
    }
    log->is_checked = true; /* the anchor comes last: the first bad record has a name */
    status = asg_verify_records(walk, verdict, flaw, error);
    if (status != ASG_OK) return status;
    return walk_snapshots(log, verdict->pruned_last, verdict, flaw, error);
}

void asg_log_set_jobs(struct asg_log *log, size_t jobs)
{
    log->jobs = jobs;
}

enum asg_status asg_log_verify(struct asg_log *log, uint64_t from_seq,
                               asg_log_progress *progress, void *context,
                               struct asg_log_verdict *ret, struct asg_error *error)
{
    *ret = (struct asg_log_verdict){0};
    struct asg_log_flaw_found flaw = {0};
    struct asg_error why = {""};
    struct asg_verify_walk walk = {.log = log,
                                   .from_seq = from_seq == 0 ? 1 : from_seq,
                                   .jobs = log->jobs,
                                   .progress = progress,
                                   .context = context};
    enum asg_status status = ASG_OK;
    if (log->backend->hold != NULL) status = log->backend->hold(log, &why);
    if (status == ASG_OK) {
        /* The writer may have gone on since this reader was opened: the head has to be of
         * the one state that all of the walk sees. */
        status = asg_log_refresh(log, &why);
        if (status == ASG_OK && walk.from_seq > log->head.seq + 1) {
            status = asg_fail(&why, ASG_ERR_NOT_FOUND,
                              "the log ends at record %" PRIu64 "; there is no record "
                              "%" PRIu64 " to verify from",
                              log->head.seq, walk.from_seq);
        }
        if (status == ASG_OK) status = walk_all(&walk, ret, &flaw, &why);
        if (log->backend->release != NULL) log->backend->release(log);
    }
    if (status == ASG_ERR_CORRUPT) {
        name_flaw(&flaw, &why);
        asg_log_condemn(ret, &flaw);
        return asg_fail(error, ASG_ERR_CORRUPT, "%s: %s", asg_log_flaw_text(flaw.flaw),
                        flaw.what);
    }
    if (status != ASG_OK) return asg_fail(error, status, "%s", why.text);
    return ASG_OK;
}
