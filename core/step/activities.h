/* activities - what an order, a launch or an end of an instance is in AWS's words: opened
 * here, followed, closed, and each change put into the effects once, whole.
 *
 * An open one belongs to its instance (a launch that found no room waits in its group for
 * the next slot); one that is over is no longer core's. The life cycle follows them by
 * its rows: a launch ends in service, a termination when EC2 says so. docs/rules.md,
 * "Activities".
 */
#ifndef ASG_CORE_STEP_ACTIVITIES_H
#define ASG_CORE_STEP_ACTIVITIES_H

#include "core/world/world.h"

/* ---- the wish ---- */

/* Who moved desired last, and how: the first sentence of what follows from it, without
 * its time and its full stop. Forgotten when it is carried out. */
void asg_activity_wish(struct asg_core *core, struct group *group, const char *reason,
                       const char *format, ...) ASG_PRINTF(4, 5);

/* ---- one instance ---- */

/* Open one of that kind for an instance that has none open; `act` is its last sentence
 * (without time and full stop), `reason` ours ("": none). */
void asg_activity_open(struct asg_core *core, struct group *group,
                       struct instance *instance, enum asg_activity_kind kind,
                       bool with_wish, const char *reason, const char *act, ...)
    ASG_PRINTF(7, 8);

/* It goes on: its status, progress or message are other ones. No change is no row. */
void asg_activity_progress(struct asg_core *core, struct instance *instance,
                           enum asg_activity_status status, uint32_t progress,
                           const char *message);

/* It is over: SUCCESSFUL, FAILED or CANCELLED. Nothing happens when none is open. */
void asg_activity_close(struct asg_core *core, struct instance *instance,
                        enum asg_activity_status status, const char *message);

#endif
