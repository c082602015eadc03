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
