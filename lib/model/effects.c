#include "model/effects.h"

void asg_effects_reset(struct asg_effects *effects)
{
    struct asg_arena arena = effects->arena;
    asg_arena_reset(&arena);
    *effects = (struct asg_effects){.arena = arena, .next_deadline_ms = INT64_MAX};
}

void asg_effects_clear(struct asg_effects *effects)
{
    asg_arena_clear(&effects->arena);
    *effects = (struct asg_effects){.next_deadline_ms = INT64_MAX};
}

bool asg_effects_is_empty(const struct asg_effects *effects)
{
    return effects->decision_count == 0 && effects->job_count == 0 &&
           effects->closed_jobs.count == 0 && effects->recalled_jobs.count == 0 &&
           !effects->reply.is_set && effects->watch_count == 0 &&
           effects->member_count == 0 && effects->drain_count == 0 &&
           effects->alarm_count == 0 && effects->activity_count == 0;
}
