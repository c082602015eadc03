/* step_core - a step of core with an event written by hand: its texts that are NULL
 * become "", as the decoder of the wire has them. */
#ifndef ASG_TESTS_LIB_STEP_CORE_H
#define ASG_TESTS_LIB_STEP_CORE_H

#include "core/core.h"
#include "model/copy.h"
#include "model/schemas.h"

static inline enum asg_status step_core(struct asg_core *core,
                                        const struct asg_event *event,
                                        struct asg_effects *ret)
{
    struct asg_arena arena = {0};
    struct asg_event whole;
    asg_model_copy(&asg_event_schema, event, &arena, &whole);
    enum asg_status status = asg_core_step(core, &whole, ret);
    asg_arena_clear(&arena);
    return status;
}

#endif
