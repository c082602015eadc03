/* stops - what an operator has stopped in a group: no request of that kind is sent to EC2
 * for it (docs/rules.md, "What waits while a group is stopped"). */
#ifndef ASG_CORE_WORLD_STOPS_H
#define ASG_CORE_WORLD_STOPS_H

#include "core/world/world.h"

/* By an operator, this group or all of them. */
bool asg_stop_is_halt(const struct asg_core *core, const struct group *group);

/* Of what the next three return. */
enum asg_hold_reason asg_stop_reason(const char *stop);

/* Why no launch of the group may be sent now, "halted by an operator"; NULL: one may.
 * `is_dry`: one that only asks EC2 whether it would. */
const char *asg_stop_of_launch(const struct asg_core *core, const struct group *group,
                               bool is_dry);

/* Why nobody of the group may be chosen to end now; NULL: somebody may. A dry run says
 * whom it would choose, and is not asked about here. */
const char *asg_stop_of_choice(const struct asg_core *core, const struct group *group);

/* Why the end of this instance may not be asked for now; NULL: it may. */
const char *asg_stop_of_end(const struct asg_core *core, const struct group *group,
                            const struct instance *instance);

/* A job of a group whose request may not be sent now; of a termination, for one of its
 * instances. */
bool asg_stop_holds(const struct asg_core *core, const struct job *job);

#endif
