#include "core/step/look_again.h"

#include <assert.h>

void asg_look_begin(struct asg_core *core)
{
    core->step->look_again_ms = INT64_MAX;
}

void asg_look_again(struct asg_core *core, int64_t at_ms)
{
    assert(at_ms > core->now_ms); /* what is due is done, not waited for */
    if (at_ms < core->step->look_again_ms) core->step->look_again_ms = at_ms;
}

void asg_look_end(struct asg_core *core, struct group *group)
{
    assert(core->step->look_again_ms > core->now_ms);
    asg_due_heap_set(&core->dues, &group->due, core->step->look_again_ms);
}
