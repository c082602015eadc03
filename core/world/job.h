/* job - work for a worker, and how its attempts ended. */
#ifndef ASG_CORE_WORLD_JOB_H
#define ASG_CORE_WORLD_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/due_heap.h"
#include "model/job.h"
#include "model/messages.h"

#define LAUNCH_BATCH      100 /* docs/rules.md, "EC2's request rates" */
#define LAUNCH_LIMIT_MS   INT64_C(3600000)
#define END_LIMIT_MS      INT64_C(3600000)
#define TEMPLATE_LIMIT_MS INT64_C(600000)
#define TAG_LIMIT_MS      INT64_C(600000)

struct job {
    struct asg_arena arena;
    struct asg_job plan;
    uint32_t group_no; /* 0: none */
    enum asg_job_state state;
    bool is_ambiguous;   /* this attempt may have taken effect */
    int64_t sent_ms;     /* first planned with this attempt */
    uint64_t sent_epoch; /* by whom: the leader of that time */
    int64_t retry_ms;    /* plan it again then; 0: it is out */
    /* A launch in doubt of which EC2's listings are to tell, those that begin then or
     * later; retry_ms is then INT64_MAX. 0: it is not looked up. */
    int64_t look_up_ms;
    uint32_t looks;     /* of these, that lacked some of it */
    struct asg_due due; /* the same, in core's heap; not saved */
    /* numbers of its first slot and its last; 0: it has none. Not saved */
    uint64_t first_slot_no;
    uint64_t last_slot_no;
    /* Neighbours of a dead one in core->dead_jobs; not saved */
    struct job *next_dead;
    struct job *previous_dead;
    uint32_t tries; /* of this attempt that ended in "later" */
    int64_t ended_ms;
    struct asg_attempt_view attempts[ASG_JOB_ATTEMPTS_KEPT]; /* texts in arena */
    size_t attempt_count;
};

#endif
