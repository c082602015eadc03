/* configurations - the launch configurations that openasg keeps, by name. */
#ifndef ASG_CORE_WORLD_CONFIGURATIONS_H
#define ASG_CORE_WORLD_CONFIGURATIONS_H

#include "core/world/world.h"

const struct asg_launch_configuration *asg_configuration_find(const struct asg_core *core,
                                                              const char *name);

/* A copy of it joins the others: none of them has its name. */
void asg_configuration_add(struct asg_core *core,
                           const struct asg_launch_configuration *config);

/* The one of that name, which is there, is forgotten. */
void asg_configuration_remove(struct asg_core *core, const char *name);

/* The group that launches from it; NULL: none does. */
const struct group *asg_configuration_user(const struct asg_core *core, const char *name);

/* They stand by name, each name once. */
bool asg_configuration_are_ordered(const struct asg_core *core);

void asg_configuration_clear_all(struct asg_core *core);

#endif
