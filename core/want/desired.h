/* desired - a group's desired capacity, and the cooldown of simple scaling. */
#ifndef ASG_CORE_WANT_DESIRED_H
#define ASG_CORE_WANT_DESIRED_H

#include "core/world/world.h"

/* Who wants another desired capacity. */
enum desired_cause {
    DESIRED_BY_POLICY,   /* paced by the interlocks */
    DESIRED_BY_ORDER,    /* of a person, an API client or a schedule: never paced */
    DESIRED_BY_INSTANCE, /* one that is ended, or leaves, takes its place with it */
    DESIRED_BY_ARRIVAL,  /* one that is attached, or returns, brings its place */
    DESIRED_BY_DELETION  /* of the group: all go */
};

/* The one way to move desired. `to` is within min and max. What a policy or an order
 * moves begins the group's cooldown; instances that take or bring their places do not.
 * What an order takes away is ended at once, until that is carried out; an order that
 * takes nothing away hurries nothing (docs/rules.md, "Orders, policies and health"). */
void asg_desired_change(struct asg_core *core, struct group *group, uint32_t to,
                        enum desired_cause cause);

/* The one way to another range, and to a desired capacity within it. */
void asg_desired_set_range(struct asg_core *core, struct group *group, uint32_t min,
                           uint32_t max, uint32_t to, enum desired_cause cause);

/* What a policy wants: as above, and what goes for it is paced by its allowance. */
void asg_desired_follow(struct asg_core *core, struct group *group,
                        const struct asg_policy_config *policy, uint32_t to);

/* No simple scaling now: something launches or ends, or the cooldown lasts. */
bool asg_cooldown_is_on(const struct asg_core *core, const struct group *group);

/* When it is over; 0: that is not known, since something launches or ends. */
int64_t asg_cooldown_over_ms(const struct asg_core *core, const struct group *group);

/* Something launches or ends, for whatever reason. */
bool asg_scaling_is_under_way(const struct group *group);

/* Asked in each look: has what was asked for been done, so that the cooldown begins? */
void asg_cooldown_settle(struct asg_core *core, struct group *group);

#endif
