/* kept_text - texts that many instances and groups share: zones, types, reasons. Each is
 * kept once, as long as somebody has it (base/text_pool.h), and what has none has "". */
#ifndef ASG_CORE_WORLD_KEPT_TEXT_H
#define ASG_CORE_WORLD_KEPT_TEXT_H

#include "core/world/world.h"

/* *held becomes `text`, cut to `most` bytes. */
void asg_text_keep(struct asg_core *core, const char **held, size_t most,
                   const char *text);

/* All texts of a new one are ""; all of one that goes are let go. */
void asg_text_begin_instance(struct instance *instance);
void asg_text_end_instance(struct asg_core *core, struct instance *instance);
void asg_text_begin_group(struct group *group);
void asg_text_end_group(struct asg_core *core, struct group *group);

#endif
