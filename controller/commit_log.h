/* commit_log - core and its log, joined: nothing is released before it is durable.
 *
 * Flow:    event -> [apply: core, staged] -> [commit: one fsync for all] -> [publish: the
 *          view] -> release
 * It owns core. Events that arrive while a commit is under way wait and share the next
 * one (group commit). When a commit fails memory is ahead of disk: everything staged is
 * dropped unreleased and the whole must be opened again from the log.
 * Records: "event" or "metrics" (payload: the event), "effects" (payload) when there
 * were any, one "decision" each (subject: group, note: its words), "state_hash" now and
 * then. docs/log-format.md has the bytes.
 * Snapshots are made beside it (snapshot_thread.h) and written a part a turn.
 * Threads: one owner (the loop). Blocks on the disk.
 */
#ifndef ASG_CONTROLLER_COMMIT_LOG_H
#define ASG_CONTROLLER_COMMIT_LOG_H

#include "base/error.h"
#include "controller/group_metrics.h"
#include "core/core.h"
#include "store/log.h"
#include "view/view.h"

struct asg_commit;

/* What one asg_commit_tidy() removes at most, by retention. A record that is larger goes
 * alone. */
#define ASG_PRUNE_TURN_BYTES (UINT64_C(1) << 18)

struct asg_commit_options {
    const char *log_path;
    struct asg_view *view; /* readers see each commit there before any reply; NULL */
    struct asg_group_metrics *metrics; /* told what changed; NULL */
    uint64_t snapshot_records;         /* a snapshot after so many records, ... */
    int64_t snapshot_ms;               /* ... or so much time, whichever comes first */
    uint64_t snapshot_memory; /* bytes for a second core; more: the loop saves itself */
    uint64_t hash_events;     /* a state hash after so many events, ... */
    uint64_t hash_bytes;      /* ... each of about so many bytes of it; 0: of all */
                              /* and a snapshot is written in parts of so many */
    int64_t retention_ms;     /* payloads of "metrics" older than this go; 0: never */
    uint64_t verify_records_max; /* of the newest records checked at the start; 0: all */
    uint64_t incarnation;        /* of this leading: drawn by chance, below 2^48 */
    int64_t listing_ms;          /* told to core: between two listings; 0: its own pace */
    int64_t schedule_late_ms;    /* told to core: a later action is skipped; 0: its own */
};

#define ASG_FAILED_CODE_MAX 47

/* What waits for an event to be durable. Plain data, handed back at release. */
struct asg_waiter {
    enum {
        ASG_WAITER_NONE,
        ASG_WAITER_ADMIN,
        ASG_WAITER_RESULT,
        ASG_WAITER_CALL, /* of the API */
    } kind;
    uint32_t peer;       /* ADMIN */
    uint64_t request_no; /* ADMIN */
    uint64_t revision; /* ADMIN: of the configuration behind its order; set when staged */
    const char *note;  /* ADMIN: for the answer, it outlives the flush; NULL: none */
    uint64_t job_id;   /* RESULT */
    uint32_t attempt;  /* RESULT */
    /* RESULT of a launch that failed: of which group, 0: it is none, and EC2's code */
    uint32_t failed_group_no;
    char failed_code[ASG_FAILED_CODE_MAX + 1];
    /* CALL: called once; NULL effects: it is not known whether it became durable */
    void (*settled)(void *call, const struct asg_effects *effects);
    void *call;
};

struct asg_commit_counts {
    uint64_t events;
    uint64_t records;
    uint64_t commits;
    uint64_t snapshots;
    uint64_t pruned;       /* records whose payload is gone */
    uint64_t pruned_bytes; /* of payload */
};

/* Open or create the log, check its newest records, rebuild core from snapshot and tail,
 * make the cluster (INIT) when it is new, and begin to lead (LEAD).
 * Fails as asg_log_open_sqlite() does, and with ASG_ERR_CONFLICT when replaying the tail
 * does not give the state the log says: the text names the record and what to do. */
ASG_MUST_USE enum asg_status asg_commit_open(const struct asg_commit_options *options,
                                             int64_t wall_ms, struct asg_commit **ret,
                                             struct asg_error *error);

/* Save a snapshot when it can, close the log, free all. */
void asg_commit_close(struct asg_commit **commit, bool with_snapshot);

/* Apply one event to core and stage its records. The event is copied into the batch.
 * ASG_ERR_INVALID, ASG_ERR_MALFORMED: broken (time went back, text that is no text, over
 * a limit of its table); nothing is staged. */
ASG_MUST_USE enum asg_status asg_commit_apply(struct asg_commit *commit,
                                              const struct asg_event *event,
                                              struct asg_waiter waiter);

size_t asg_commit_staged(const struct asg_commit *commit);

/* Make all that is staged durable, publish it to the view's readers, then release it step
 * by step, in order: who got a reply sees what came of its order. Nothing staged is fine.
 * On failure nothing is released, only API calls are told that nobody knows: close and
 * open again. */
typedef void asg_release(void *context, const struct asg_waiter *waiter,
                         const struct asg_effects *effects);
ASG_MUST_USE enum asg_status asg_commit_flush(struct asg_commit *commit,
                                              asg_release *release, void *context,
                                              struct asg_error *error);

/* Snapshots and retention, when they are due: one small piece a call, some milliseconds
 * (only a state too large for snapshot_memory is saved in one). Call it when nothing is
 * staged, after as many milliseconds as the last call answered; 0: once a second or so.
 */
int64_t asg_commit_tidy(struct asg_commit *commit, int64_t log_ms);

/* Lent: for views and for reading decisions. */
const struct asg_core *asg_commit_core(const struct asg_commit *commit);
struct asg_log *asg_commit_log(struct asg_commit *commit);
/* Of the last record that was there when it was opened; 0: there was none. */
int64_t asg_commit_found_ms(const struct asg_commit *commit);
int64_t asg_commit_last_ms(const struct asg_commit *commit); /* time of the last event */
struct asg_commit_counts asg_commit_counts(const struct asg_commit *commit);

#endif
