/* show_holds - what readers see of the waits that every period of metrics weighs anew.
 *
 * Core knows them to the millisecond, and a load that wobbles moves them each period: a
 * sheet for each of them would make readers pay by the second. So what is shown is kept
 * apart, and moves when the reasons are others, when a moment shown would be over or is
 * wrong by much, or after a while. A reason that ends is gone at once; one that comes and
 * goes is shown again after ASG_SHOWN_MS at the earliest.
 */
#ifndef ASG_CORE_STEP_SHOW_HOLDS_H
#define ASG_CORE_STEP_SHOW_HOLDS_H

#include "core/world/world.h"

#define ASG_SHOWN_MS INT64_C(30000)

/* At the end of a period: what is shown follows what is known, where it has to. A period
 * in which desired moved begins anew. */
void asg_hold_show(const struct asg_core *core, struct group *group, bool has_moved);

/* The next period shows what it finds; no wish of policies is held until then. */
void asg_hold_show_anew(struct group *group);

#endif
