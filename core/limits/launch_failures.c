#include "core/limits/launch_failures.h"

#include <assert.h>

#include "core/values/number.h"
#include "core/world/state.h"

#define LAUNCH_AGAIN_MS  INT64_C(9000)
#define LAUNCH_AGAIN_MAX INT64_C(900000)

void asg_launch_note_failure(struct group *group)
{
    group->launching.failures++;
    assert(group->launching.failures > 0); /* it does not come round */
    group->launching.batch = 1;
}

void asg_launch_again_later(struct asg_core *core, struct group *group)
{
    assert(core->step != NULL);
    asg_launch_note_failure(group);
    group->launching.after_ms =
        core->now_ms +
        asg_number_doubled(LAUNCH_AGAIN_MS, group->launching.failures, LAUNCH_AGAIN_MAX);
}

void asg_launch_forget_failures(struct asg_core *core, struct group *group)
{
    assert(core->step != NULL); /* on an order */
    group->launching.failures = 0;
    group->launching.refusals = 0;
    group->launching.after_ms = 0;
    group->launching.breaker_until_ms = 0;
    asg_group_mark_dirty(core, group);
}
