/* reconcile - compares what EC2 shows with what core believes; only differences become
 * an event.
 *
 * Flow:    describe job's result -> [reconcile] -> observed event -> core
 * An instance that a listing lacks is not gone: describes lag. It is ABSENT when it was
 * missing from `absent_listings` complete listings in a row over at least `absent_ms`
 * (docs/rules.md, "A launch whose answer was lost", rule 6).
 * Threads: one owner (the loop).
 */
#ifndef ASG_CONTROLLER_RECONCILE_H
#define ASG_CONTROLLER_RECONCILE_H

#include "core/core.h"

struct asg_reconciler;

struct asg_reconciler_options {
    uint32_t absent_listings; /* 3 */
    int64_t absent_ms;        /* 5 min */
};

void asg_reconciler_new(const struct asg_reconciler_options *options,
                        struct asg_reconciler **ret);
void asg_reconciler_destroy(struct asg_reconciler **reconciler);

/* Turn the result of a describe job into an observation; `is_complete` when the job
 * asked for everything. *ret lives in `arena` and in `result`. */
void asg_reconcile(struct asg_reconciler *reconciler, const struct asg_core *core,
                   const struct asg_result *result, bool is_complete, int64_t log_ms,
                   struct asg_arena *arena, struct asg_observed *ret);

#endif
