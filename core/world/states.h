/* states - what each state of the life cycle means, as one table.
 *
 * Whoever decides something by an instance's state asks standing.h, or this
 * table, and names no state: a state that is added is a row here and rows of
 * lifecycle.c, and nothing else (tests/tidy/test_lifecycle.py).
 */
#ifndef ASG_CORE_WORLD_STATES_H
#define ASG_CORE_WORLD_STATES_H

#include "core/world/instance.h"

/* May EC2 have it running, or will it? */
enum asg_life {
    ASG_LIFE_OVER,
    ASG_LIFE_ON,
    ASG_LIFE_ENDING /* until EC2 says that it is over */
};

/* What the windows of metrics do with it. */
enum asg_metered {
    ASG_METERED_NO,
    ASG_METERED_WATCHED,
    ASG_METERED_COUNTS /* when it is warm and healthy; watched before */
};

/* Which of our clocks runs out on it. */
enum asg_timeout {
    ASG_TIMEOUT_NONE,
    ASG_TIMEOUT_LAUNCH, /* the group's launch timeout: it is replaced */
    ASG_TIMEOUT_WAIT    /* its own wait_until_ms: it goes on */
};

/* Is EC2 looked at for it between two complete listings? */
enum asg_looked_at {
    ASG_LOOKED_AT_NO,
    ASG_LOOKED_AT_UNCLEAR, /* while it has no address or is out of reach */
    ASG_LOOKED_AT_YES
};

struct asg_state_traits {
    const char *aws_name; /* LifecycleState, as EC2 Auto Scaling shows it */
    enum asg_life life;
    enum asg_metered metered;
    enum asg_timeout timeout;
    enum asg_looked_at looked_at;
    bool is_slot;      /* asked for, and EC2 has given it no id */
    bool counts;       /* part of the capacity that is compared with desired */
    bool is_launching; /* on its way into service */
    bool serves;       /* in service */
    bool is_judged;    /* its health decides whether it is replaced */
    bool is_candidate; /* scale-in may choose it */
    bool needs_end;    /* a job must terminate it */
    bool stands_by;    /* ExitStandby takes it back */
    bool is_untagged;  /* our tags are being put on it, or taken off: a listing of what is
                          ours may lack it, and nobody ends it */
};

/* Never NULL. */
const struct asg_state_traits *asg_state_traits(enum asg_instance_state state);

#endif
