/* activity - one thing that a group did to an instance, as AWS's scaling activities tell
 * it: a launch, a termination, a move to standby or out of it, an attachment.
 *
 * It is opened when it is decided and has its end when EC2 has shown it. core keeps the
 * open ones; each change is a row in the effects, whole, as it stands from then on. A
 * description is made where it is shown (docs/rules.md, "Activities").
 */
#ifndef ASG_MODEL_ACTIVITY_H
#define ASG_MODEL_ACTIVITY_H

#include "model/enums.h"

#define ASG_ACTIVITY_CAUSE_MAX   1023 /* bytes, as AWS's: what is longer is cut */
#define ASG_ACTIVITY_MESSAGE_MAX 255

struct asg_activity {
    uint32_t group_no; /* core's number of the group: never given again */
    uint64_t no;       /* of the group's activities, from 1 on, without a gap */
    const char *group;
    const char *group_uuid; /* empty: the group has none */
    enum asg_activity_kind kind;
    enum asg_activity_status status;
    const char *instance_id; /* empty: not known yet */
    uint32_t progress;       /* 0 to 100; 100 when it is over, however it went */
    int64_t start_ms;
    int64_t end_ms;      /* 0: open */
    const char *cause;   /* "At <time> <the wish>.  At <time> <the act>." */
    const char *message; /* why it failed or was cancelled, or still tries; empty: none */
    const char *subnet_id; /* of its details; may be empty, as the next */
    const char *zone;
};

#endif
