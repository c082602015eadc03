/* orphans - instances with our tag that no group has, as EC2 showed them last. */
#ifndef ASG_CORE_WORLD_ORPHANS_H
#define ASG_CORE_WORLD_ORPHANS_H

#include "core/world/world.h"

struct orphan *asg_orphan_find(const struct asg_core *core, const char *id); /* or NULL */

/* EC2 shows it; true when it was not known. */
bool asg_orphan_note(struct asg_core *core, const struct asg_seen_instance *seen,
                     enum asg_orphan_kind kind, uint64_t look_job_id);

/* Drop one; drop those that are marked as gone. */
void asg_orphan_drop(struct asg_core *core, const char *id);
void asg_orphan_drop_gone(struct asg_core *core);

/* Launched by a job that this log does not know, and no order has settled it. */
bool asg_orphan_is_unsettled(const struct orphan *orphan);
size_t asg_orphan_count_unsettled(const struct asg_core *core);
/* The same for each group: they count against its max and its desired. */
void asg_orphan_count_unknown(struct asg_core *core);

/* After loading. */
void asg_orphan_index(struct asg_core *core);

#endif
