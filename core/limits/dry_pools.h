/* dry_pools - what EC2 has no room for now: a type in a subnet in a market, left alone
 * for a while (docs/rules.md, "Capacity fall-back"). At most one for each pool of a
 * group. */
#ifndef ASG_CORE_LIMITS_DRY_POOLS_H
#define ASG_CORE_LIMITS_DRY_POOLS_H

#include "core/world/world.h"

bool asg_pool_is_dry(const struct asg_core *core, const struct group *group,
                     const char *type, const struct asg_subnet *subnet, bool is_spot);

struct no_room {
    const char *type; /* "": the template's */
    bool is_spot;
    const char *error_code; /* EC2's; "": it only gave less than was asked for */
};

/* A full subnet is dry for every type; what else EC2 lacks it lacks in the whole zone;
 * without a code only the pool that was asked for is dry. */
void asg_pool_mark_no_room(struct asg_core *core, struct group *group,
                           const struct asg_launch *launch, const struct no_room *what);

/* The first moment at which one of the pools that are dry for on demand may be tried
 * again, in ms; `now_ms` when none is dry. */
int64_t asg_pool_next_ms(const struct asg_core *core, const struct group *group);

/* A launch there succeeded and started nothing. 0: for the first time; otherwise in a
 * row, and the pool is dry for so many ms. */
int64_t asg_pool_note_nothing(struct asg_core *core, struct group *group,
                              const struct asg_launch *launch);

/* Something was launched there: what it lacks next it lacks for the first time. */
void asg_pool_note_room(struct group *group, const struct asg_launch *launch,
                        const char *type, bool is_spot);

/* Those that the group's configuration has no more. */
void asg_pool_forget_foreign(struct group *group);

#endif
