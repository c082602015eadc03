/* try_again - a job whose request was not done: it is sent again, it waits, it is given
 * up, or EC2's listings tell whether it was done after all (docs/rules.md, "What waits
 * while a group is stopped", "A launch whose answer was lost"). */
#ifndef ASG_CORE_TAKE_TRY_AGAIN_H
#define ASG_CORE_TAKE_TRY_AGAIN_H

#include "core/world/world.h"

/* The time of its next try has come. */
void asg_try_again(struct asg_core *core, struct job *job);

/* A launch that may have happened and is not asked for again: `why`. */
void asg_try_look_up(struct asg_core *core, struct group *group, struct job *job,
                     const char *why);

/* A launch of which no request can have any effect any more: its slots are free. */
void asg_try_give_up(struct asg_core *core, struct group *group, struct job *job,
                     const char *why);

/* A termination that may not be sent now: its instances wait for another one. */
void asg_try_end_later(struct asg_core *core, struct job *job);

/* An order has stopped something: what waits in a queue for a worker comes back. */
void asg_try_recall(struct asg_core *core);

/* A new leader: what may not be sent does not go out again. */
void asg_try_hold_back(struct asg_core *core);

/* A complete listing that began at begun_ms has been read: launches that were looked up
 * in it and in others in vain are given up. */
void asg_try_end_listing(struct asg_core *core, int64_t begun_ms);

#endif
