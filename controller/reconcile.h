/* reconcile - compares what EC2 shows with what core believes; only differences become
 * an event.
 *
 * Flow:    describe job's result -> [reconcile] -> observed event -> core
 * An instance that a listing lacks is not gone: describes lag. It is ABSENT when it was
 * missing from `absent_listings` complete listings in a row over at least `absent_ms`
 * (docs/rules.md, "A launch whose answer was lost", rule 6).
 * EC2's list is one witness, the agents are another (docs/reliability.md, "What EC2's
 * list says"): an instance whose agent reports is not absent, and a listing that lacks
 * many instances at once is believed only when it persists and none of their agents
 * reports, or when an operator says so. A row that ends or stops an instance that nobody
 * ordered to end, while its agent reports, is no better than a listing that lacks it: it
 * is believed once the agent is silent, or when it stands as long as an absence must. A
 * failed status check (`impaired`) counts when two listings in a row show it
 * (docs/rules.md, "Health").
 * Threads: one owner (the loop).
 */
#ifndef ASG_CONTROLLER_RECONCILE_H
#define ASG_CONTROLLER_RECONCILE_H

#include "core/core.h"

struct asg_reconciler;

struct asg_reconciler_options {
    uint32_t absent_listings; /* 3 */
    int64_t absent_ms;        /* 5 min */
    uint32_t mass_percent;    /* of all, and more than ASG_MASS_MIN: a mass; 0: never */
    /* Whose agents report? Called once a complete listing. NULL: nobody can say. */
    void (*ask_agents)(void *context, const char *const *instance_ids, size_t count,
                       bool *ret_reporting);
    void *context;
};

#define ASG_MASS_MIN 3

/* What the last complete listing lacked. */
struct asg_missing_counts {
    uint32_t believed;  /* instances that there should be */
    uint32_t missing;   /* of them, not in the listing, or ended against their agents */
    uint32_t reporting; /* of those, with an agent that reports */
    bool is_mass;       /* more than the share: doubted */
};

void asg_reconciler_new(const struct asg_reconciler_options *options,
                        struct asg_reconciler **ret);
void asg_reconciler_destroy(struct asg_reconciler **reconciler);

/* Turn the result of a describe job into an observation; `is_complete` when the job
 * asked for everything. *ret lives in `arena` and in `result`. */
void asg_reconcile(struct asg_reconciler *reconciler, const struct asg_core *core,
                   const struct asg_result *result, bool is_complete, int64_t log_ms,
                   struct asg_arena *arena, struct asg_observed *ret);

struct asg_missing_counts asg_reconciler_missing(const struct asg_reconciler *reconciler);

/* An operator says that the next complete listing is right: what it lacks is gone, at
 * once and however much that is, except for instances whose agent reports. */
void asg_reconciler_believe(struct asg_reconciler *reconciler);

#endif
