/* churn - launches that die young, generation after generation. */
#ifndef ASG_CORE_LIMITS_CHURN_H
#define ASG_CORE_LIMITS_CHURN_H

#include "core/world/world.h"

/* An instance ended though nobody wanted it to. */
void asg_churn_note_death(struct asg_core *core, struct group *group,
                          const struct instance *instance);

/* An operator says that launches may be tried again. */
void asg_churn_forget(struct asg_core *core, struct group *group);

#endif
