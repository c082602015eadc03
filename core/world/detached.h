/* detached - instances that a group let go, so that nobody takes them in again.
 *
 * Their tags are taken off, and until EC2's lists have long lacked them they may show up
 * with the tags once more: that is no reason to adopt or to end them (docs/rules.md,
 * "Attach and detach"). Attaching one again lifts that.
 */
#ifndef ASG_CORE_WORLD_DETACHED_H
#define ASG_CORE_WORLD_DETACHED_H

#include "core/world/world.h"

struct detached *asg_detached_find(const struct asg_core *core, const char *id);

/* There is room for so many more. */
bool asg_detached_has_room(const struct asg_core *core, size_t count);

/* Its group lets it go, or an attempt to attach it has failed. */
void asg_detached_remember(struct asg_core *core, const char *id);

/* It is attached again. */
void asg_detached_lift(struct asg_core *core, const char *id);

/* EC2 shows it with our tags. */
void asg_detached_note_seen(struct asg_core *core, struct detached *detached,
                            uint64_t look_job_id);

/* A whole listing is read: those that it lacks, as all did for long, are forgotten. */
void asg_detached_end_listing(struct asg_core *core, uint64_t look_job_id);

/* After loading. */
void asg_detached_index(struct asg_core *core);

#endif
