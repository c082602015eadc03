#include "core/world/states.h"

#include <assert.h>

/* The columns that most states have in common. */
#define ARRIVING                                                                         \
    .life = ASG_LIFE_ON, .metered = ASG_METERED_WATCHED, .looked_at = ASG_LOOKED_AT_YES, \
    .counts = true, .is_launching = true
#define SERVING                                                                          \
    .life = ASG_LIFE_ON, .metered = ASG_METERED_COUNTS,                                  \
    .looked_at = ASG_LOOKED_AT_UNCLEAR, .counts = true, .serves = true
#define ASIDE  .life = ASG_LIFE_ON, .looked_at = ASG_LOOKED_AT_UNCLEAR
#define ENDING .life = ASG_LIFE_ENDING, .looked_at = ASG_LOOKED_AT_YES
#define WAITS  .timeout = ASG_TIMEOUT_WAIT
/* Its agent stays known, and nothing follows from what it says. */
#define RESTING ASIDE, .metered = ASG_METERED_WATCHED

static const struct asg_state_traits traits[ASG_INSTANCE_COUNT] = {
    [ASG_INSTANCE_REQUESTED] = {"Pending", .life = ASG_LIFE_ON, .counts = true,
                                .is_launching = true, .is_slot = true},
    [ASG_INSTANCE_PENDING] = {"Pending", ARRIVING, .timeout = ASG_TIMEOUT_LAUNCH},
    [ASG_INSTANCE_PENDING_WAIT] = {"Pending:Wait", ARRIVING, WAITS},
    [ASG_INSTANCE_PENDING_PROCEED] = {"Pending:Proceed", ARRIVING,
                                      .timeout = ASG_TIMEOUT_LAUNCH},
    [ASG_INSTANCE_QUARANTINED] = {"Quarantined", ASIDE},
    [ASG_INSTANCE_IN_SERVICE] = {"InService", SERVING, .is_judged = true,
                                 .is_candidate = true},
    [ASG_INSTANCE_TERMINATING] = {"Terminating", ENDING, .needs_end = true},
    /* It drains, and is watched while it does. */
    [ASG_INSTANCE_TERMINATING_WAIT] = {"Terminating:Wait", ENDING, WAITS,
                                       .metered = ASG_METERED_WATCHED},
    [ASG_INSTANCE_TERMINATING_PROCEED] = {"Terminating:Proceed", ENDING,
                                          .needs_end = true},
    [ASG_INSTANCE_TERMINATING_RETAINED] = {"Terminating:Retained", ASIDE},
    [ASG_INSTANCE_TERMINATED] = {"Terminated", .life = ASG_LIFE_OVER},
    [ASG_INSTANCE_DETACHING] = {"Detaching", ASIDE, .is_untagged = true},
    [ASG_INSTANCE_DETACHED] = {"Detached", .life = ASG_LIFE_OVER},
    [ASG_INSTANCE_ENTERING_STANDBY] = {"EnteringStandby", RESTING},
    [ASG_INSTANCE_STANDBY] = {"Standby", RESTING, .stands_by = true},
    [ASG_INSTANCE_WARMED_PENDING] = {"Warmed:Pending", ASIDE},
    [ASG_INSTANCE_WARMED_PENDING_WAIT] = {"Warmed:Pending:Wait", ASIDE, WAITS},
    [ASG_INSTANCE_WARMED_PENDING_PROCEED] = {"Warmed:Pending:Proceed", ASIDE},
    [ASG_INSTANCE_WARMED_PENDING_RETAINED] = {"Warmed:Pending:Retained", ASIDE},
    [ASG_INSTANCE_WARMED_RUNNING] = {"Warmed:Running", ASIDE},
    [ASG_INSTANCE_WARMED_STOPPED] = {"Warmed:Stopped", ASIDE},
    [ASG_INSTANCE_WARMED_HIBERNATED] = {"Warmed:Hibernated", ASIDE},
    [ASG_INSTANCE_WARMED_TERMINATING] = {"Warmed:Terminating", ENDING, .needs_end = true},
    [ASG_INSTANCE_WARMED_TERMINATING_WAIT] = {"Warmed:Terminating:Wait", ENDING, WAITS},
    [ASG_INSTANCE_WARMED_TERMINATING_PROCEED] = {"Warmed:Terminating:Proceed", ENDING,
                                                 .needs_end = true},
    [ASG_INSTANCE_WARMED_TERMINATING_RETAINED] = {"Warmed:Terminating:Retained", ASIDE},
    [ASG_INSTANCE_WARMED_TERMINATED] = {"Warmed:Terminated", .life = ASG_LIFE_OVER},
    [ASG_INSTANCE_REPLACING_ROOT_VOLUME] = {"ReplacingRootVolume", ARRIVING},
    [ASG_INSTANCE_REPLACING_ROOT_VOLUME_WAIT] = {"ReplacingRootVolume:Wait", ARRIVING,
                                                 WAITS},
    [ASG_INSTANCE_REPLACING_ROOT_VOLUME_PROCEED] = {"ReplacingRootVolume:Proceed",
                                                    ARRIVING},
    [ASG_INSTANCE_ROOT_VOLUME_REPLACED] = {"RootVolumeReplaced", ARRIVING,
                                           .timeout = ASG_TIMEOUT_LAUNCH},
    [ASG_INSTANCE_ATTACHING] = {"Pending", .life = ASG_LIFE_ON, .counts = true,
                                .is_launching = true, .is_untagged = true},
};

const struct asg_state_traits *asg_state_traits(enum asg_instance_state state)
{
    assert(state < ASG_INSTANCE_COUNT);
    return &traits[state];
}
