/* publish_view - what core's steps have touched becomes the next root of the view.
 *
 * Flow:    core -> asg_core_changes() -> [publish] -> view -> readers
 * Costs as much as what was touched: each leaf with a touched instance, and the sheet of
 * each touched group, is copied anew; all else is shared with the root before.
 * Threads: the loop's. Blocks: never.
 */
#ifndef ASG_CONTROLLER_PUBLISH_VIEW_H
#define ASG_CONTROLLER_PUBLISH_VIEW_H

#include "controller/group_metrics.h"
#include "core/core.h"
#include "view/publish.h"

/* Readers see core as it is now, and that this controller leads. Only when core is at the
 * head of the log: what is published is durable. `metrics` (NULL: none) is told what
 * changed. */
void asg_publish_view(struct asg_view *view, struct asg_core *core,
                      struct asg_group_metrics *metrics);

/* What the controller knows beside core, when readers do not see that yet. */
void asg_publish_beside(struct asg_view *view, const struct asg_beside *beside);

/* Readers see what they saw, and why it may be old. */
void asg_publish_not_leading(struct asg_view *view, const char *why);

#endif
