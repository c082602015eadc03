/* leads - the LEADs of this log, and those it was told of that it does not have.
 *
 * Each has an incarnation, drawn by chance; its jobs carry it, and so do their tags and
 * tokens. Who shows one that is not here, or a job past the last of its LEAD, knows a
 * future of this log that is lost (docs/recovery.md). */
#ifndef ASG_CORE_WORLD_LEADS_H
#define ASG_CORE_WORLD_LEADS_H

#include "core/world/world.h"

/* A LEAD of this log begins; the one before gives out no more job ids. */
void asg_lead_note(struct asg_core *core, uint64_t epoch, uint64_t incarnation);

/* Somebody has served this one, and this log does not have it. */
void asg_lead_hear_of(struct asg_core *core, uint64_t epoch, uint64_t incarnation);

/* Did this log plan that job? `incarnation` 0: it is not told. */
bool asg_lead_knows_job(const struct asg_core *core, uint64_t incarnation,
                        uint64_t job_id);

/* Is it a leader of this log, or one that it was told of? */
bool asg_lead_knows(const struct asg_core *core, uint64_t epoch, uint64_t incarnation);

#endif
