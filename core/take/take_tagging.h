/* take_tagging - what came of a job that puts our tags on an instance or takes them off:
 * the instance is attached or detached, or that is tried again, or given up
 * (docs/rules.md, "Attach and detach"). */
#ifndef ASG_CORE_TAKE_TAKE_TAGGING_H
#define ASG_CORE_TAKE_TAKE_TAGGING_H

#include "core/world/world.h"

typedef void asg_tagging_fn(struct asg_core *core, struct group *group, struct job *job,
                            const struct asg_result *result);

asg_tagging_fn asg_tag_done;
asg_tagging_fn asg_tag_later;
asg_tagging_fn asg_tag_refused;
asg_tagging_fn asg_tag_gone;
asg_tagging_fn asg_untag_done;
asg_tagging_fn asg_untag_later;
asg_tagging_fn asg_untag_refused;
asg_tagging_fn asg_untag_gone;

#endif
