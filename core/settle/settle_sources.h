/* settle_sources - traffic sources that are being attached are attached after a while,
 * and those that are being detached are gone. */
#ifndef ASG_CORE_SETTLE_SETTLE_SOURCES_H
#define ASG_CORE_SETTLE_SETTLE_SOURCES_H

#include "core/world/world.h"

void asg_settle_sources(struct asg_core *core, struct group *group);

#endif
