/* touched - what steps have changed of what readers may see, until somebody asks.
 *
 * No effect and not saved: a view of the world (view/) is kept up to date by it, at the
 * cost of the change. Until it is asked for the first time, and again after a LEAD,
 * everything counts as touched and nothing is listed: a core that nobody asks remembers
 * nothing. core/view_pages.c answers.
 */
#ifndef ASG_CORE_WORLD_TOUCHED_H
#define ASG_CORE_WORLD_TOUCHED_H

#include "core/world/world.h"

/* Its row in a view may be another, or it is gone. Whoever writes a field of an instance
 * that readers see says so; counts.h and state.h do it by themselves. */
void asg_touch(struct instance *instance);

/* Something else of its group may be: its configuration, policies, scheduled actions. A
 * command that names the group touches it, and so does what asg_touch_settled() sees. */
void asg_touch_sheet(struct group *group);

/* What a group's sheet shows beside what only commands change is compared with how it was
 * before: called when it was settled. */
void asg_touch_settled(struct group *group);

/* Templates, orphans, a halt of all: what belongs to no group. */
void asg_touch_cluster(struct asg_core *core);

/* Everything. */
void asg_touch_all(struct asg_core *core);

/* The group goes; nothing of the memory of its own marks is left. */
void asg_touch_gone(struct asg_core *core, struct group *group);

/* Forget all marks: they were taken. Clears the memory of the list too. */
void asg_touch_forget(struct asg_core *core);
void asg_touch_clear(struct asg_core *core);

#endif
