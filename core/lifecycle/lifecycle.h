/* lifecycle - the life cycle of an instance, as one table of rows {from, event, guard,
 * to, enter, text}.
 *
 * A state does nothing; transitions do (docs/rules.md, "Life cycle"). The states are
 * those of EC2 Auto Scaling (states.h says what each means). The events of hooks, warm
 * pools and root volumes have their rows, and nobody sends them yet. ARCHITECTURE.md
 * shows the graph, drawn from the table.
 */
#ifndef ASG_CORE_LIFECYCLE_LIFECYCLE_H
#define ASG_CORE_LIFECYCLE_LIFECYCLE_H

#include "core/world/standing.h"
#include "core/world/world.h"

enum asg_fleet_event {
    ASG_FLEET_LAUNCHED,     /* EC2 gave it an id */
    ASG_FLEET_ADOPTED,      /* found in EC2, ours by its tags */
    ASG_FLEET_NOT_LAUNCHED, /* its launch came to nothing */
    ASG_FLEET_RUNNING,      /* EC2 says it runs */
    ASG_FLEET_REPORTED,     /* its agent reports */
    ASG_FLEET_END,          /* chosen to be terminated */
    ASG_FLEET_DRAIN,        /* it has work to end first */
    ASG_FLEET_DRAINED,      /* that is done, or its time is over */
    ASG_FLEET_KEPT,         /* EC2 refused to end it */
    ASG_FLEET_OVER,         /* EC2 says it is gone */
    ASG_FLEET_STANDBY,      /* EnterStandby */
    ASG_FLEET_DETACH,
    ASG_FLEET_DEREGISTERED, /* no balancer has it any more; it has no tags of ours */
    ASG_FLEET_RETURN,       /* ExitStandby, or drawn from the warm pool */
    ASG_FLEET_ATTACH,
    ASG_FLEET_ATTACHED,     /* our tags are on it */
    ASG_FLEET_NOT_ATTACHED, /* they could not be put on it */
    /* nobody sends these yet */
    ASG_FLEET_HOOK,    /* a hook of the transition is open */
    ASG_FLEET_PROCEED, /* the last of them said CONTINUE, or ran out so */
    ASG_FLEET_ABANDON, /* one said ABANDON, or ran out so */
    ASG_FLEET_RETAIN,  /* that, in a group that retains such instances */
    ASG_FLEET_POOL,    /* to the warm pool */
    ASG_FLEET_RESTS_RUNNING,
    ASG_FLEET_RESTS_STOPPED,
    ASG_FLEET_RESTS_HIBERNATED,
    ASG_FLEET_REPLACE_ROOT,
    ASG_FLEET_ROOT_REPLACED,
    ASG_FLEET_EVENTS
};

/* Move an instance by the table, say it when the row has a text, and mark its group as
 * touched. False, and nothing happens, when no row fits. Nothing else writes a state. */
bool asg_lifecycle_move(struct asg_core *core, struct group *group,
                        struct instance *instance, enum asg_fleet_event event);

/* The warm-up of the group or of a policy has changed: when each is warm follows. */
void asg_instance_set_warm_times(struct group *group);

/* The table for those who draw or test it. */
struct asg_lifecycle_row {
    enum asg_instance_state from;
    enum asg_fleet_event event;
    enum asg_instance_state to;
    const char *guard; /* "": it has none */
    const char *text;  /* "": it is not said */
};
/* Row `i`, from 0; false when there is none. */
bool asg_lifecycle_row(size_t i, struct asg_lifecycle_row *ret);
const char *asg_lifecycle_event_word(enum asg_fleet_event event);

#endif
