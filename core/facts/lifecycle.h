/* lifecycle - the life cycle of an instance, as one table.
 *
 * A state does nothing; transitions do (docs/rules.md, "Life cycle"). The states are
 * those of EC2 Auto Scaling; hooks, standby, warm pools and refresh add rows, not code.
 */
#ifndef ASG_CORE_FACTS_LIFECYCLE_H
#define ASG_CORE_FACTS_LIFECYCLE_H

#include "core/facts/standing.h"
#include "core/facts/world.h"

enum asg_fleet_event {
    ASG_FLEET_LAUNCHED,    /* EC2 gave it an id */
    ASG_FLEET_RUNNING,     /* EC2 says it runs, or its agent reports, as the group asks */
    ASG_FLEET_END,         /* chosen to go */
    ASG_FLEET_KEPT,        /* EC2 refused to end it */
    ASG_FLEET_OVER,        /* EC2 says it is gone */
    ASG_FLEET_NOT_LAUNCHED /* its launch came to nothing */
};

/* Move an instance by the table; false (and nothing happens) when there is no row. */
bool move_instance(struct asg_core *core, struct group *group, struct instance *instance,
                   enum asg_fleet_event event);

int64_t warmup_of(const struct group *group);

#endif
