/* patience - how long things are waited for: grace, lateness, the picture after a start
 * (docs/reliability.md, "After an absence"). */
#ifndef ASG_CORE_LIMITS_PATIENCE_H
#define ASG_CORE_LIMITS_PATIENCE_H

#include "core/world/world.h"

/* From here on the picture counts as complete, whoever has reported. */
int64_t asg_patience_picture_ms(const struct asg_core *core, const struct group *group);

/* Silent and of before this leader, who may not know yet of all that are silent. */
bool asg_patience_waits_for_picture(const struct asg_core *core,
                                    const struct group *group,
                                    const struct instance *instance);

/* When its grace period ends; what nobody could watch does not count. */
int64_t asg_patience_grace_over_ms(const struct group *group,
                                   const struct instance *instance);

bool asg_patience_is_past_grace(const struct group *group,
                                const struct instance *instance, int64_t now_ms);

/* When a launch that is not in service is late. */
int64_t asg_patience_late_ms(const struct asg_core *core, const struct group *group,
                             const struct instance *instance);

/* When one out of reach counts as dead, if others of its group report all the while. */
int64_t asg_patience_lost_ms(const struct group *group, const struct instance *instance);

/* Until when an earlier request of this attempt may still reach EC2, and launch: one that
 * nobody answered, one of a worker that lost the job, one under another leader. 0: none.
 */
int64_t asg_patience_late_until_ms(const struct asg_core *core, const struct job *job);

#endif
