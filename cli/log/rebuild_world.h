/* rebuild_world - the events of a log through core again, for those who want to look at
 * the world on the way: replay --at and --step, what-if, export.
 *
 * Flow:    snapshot or nothing -> [core] <- events; the visitor sees every record
 * Hashes:  each record is checked before core gets it: damage is named, never decided on.
 * Threads: one.
 */
#ifndef ASG_CLI_LOG_REBUILD_WORLD_H
#define ASG_CLI_LOG_REBUILD_WORLD_H

#include "cli/show/progress.h"
#include "core/core.h"
#include "store/log.h"

struct asg_world_visit {
    const struct asg_record *record;
    const struct asg_event *event;     /* NULL: the record is no event */
    const struct asg_effects *effects; /* of the last event; NULL before the first */
    const struct asg_core *core;       /* after it */
};

struct asg_world_walk {
    uint64_t
        start_seq;   /* records below need not be seen: a snapshot may stand for them */
    uint64_t to_seq; /* 0: to the head */
    /* A walk begins: `core` is the state after record `seq` (0: empty). Comes again, and
     * what was seen before is void, when payloads turn out to be pruned and the walk
     * starts anew at a later snapshot. */
    void (*begin)(void *context, const struct asg_core *core, uint64_t seq);
    /* NULL, or: this event is next; `core` is as it was before it. */
    void (*before)(void *context, const struct asg_event *event,
                   const struct asg_core *core);
    /* False ends the walk. */
    bool (*visit)(void *context, const struct asg_world_visit *visit);
    void *context;
    struct asg_progress *progress; /* counts records from start_seq; NULL: nobody looks */
};

/* ASG_ERR_CORRUPT, ASG_ERR_MALFORMED, ASG_ERR_VERSION: `error` names the record. A walk
 * that starts beyond start_seq because everything older is pruned is no failure: begin()
 * tells. */
ASG_MUST_USE enum asg_status asg_world_walk(struct asg_log *log,
                                            const struct asg_world_walk *walk,
                                            struct asg_error *error);

/* The core after the newest snapshot below record `seq`, an empty one when there is none
 * (*ret_seq is 0 then). ASG_ERR_MALFORMED, ASG_ERR_VERSION: core cannot read it. */
ASG_MUST_USE enum asg_status asg_world_before(struct asg_log *log, uint64_t seq,
                                              struct asg_core **ret, uint64_t *ret_seq,
                                              struct asg_error *error);

/* The core after the oldest snapshot that covers record `pruned_seq`, whose payload is
 * gone. ASG_ERR_CORRUPT: there is none. */
ASG_MUST_USE enum asg_status asg_world_after_pruned(struct asg_log *log,
                                                    uint64_t pruned_seq,
                                                    struct asg_core **ret,
                                                    uint64_t *ret_seq,
                                                    struct asg_error *error);

/* The last record whose time is at most `at_ms`; 0 when all are later. */
ASG_MUST_USE enum asg_status asg_world_seq_at(struct asg_log *log, int64_t at_ms,
                                              uint64_t *ret, struct asg_error *error);

/* True for records that hold an event. */
bool asg_world_is_event(const struct asg_record *record);

#endif
