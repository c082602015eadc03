/* launch_failures - launches that came to nothing: back-off and slow start. */
#ifndef ASG_CORE_LIMITS_LAUNCH_FAILURES_H
#define ASG_CORE_LIMITS_LAUNCH_FAILURES_H

#include "core/world/world.h"

/* One more launch came to nothing: from here on one goes ahead alone. */
void asg_launch_note_failure(struct group *group);

/* And none goes out before a pause: 9 s, doubling to 15 minutes with each in a row. */
void asg_launch_again_later(struct asg_core *core, struct group *group);

/* An operator may have mended the cause: no back-off and no breaker any more, and what
 * failed before counts for neither. */
void asg_launch_forget_failures(struct asg_core *core, struct group *group);

#endif
