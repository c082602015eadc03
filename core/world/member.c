#include "core/world/member.h"

#include <assert.h>

#include "core/world/identity.h"

struct asg_member asg_member_of(const struct instance *instance,
                                enum asg_member_state state, struct asg_arena *arena)
{
    assert(instance->id[0] != '\0' && state < ASG_MEMBER_COUNT);
    struct asg_key_pair_texts keys = {"", ""};
    if (state != ASG_MEMBER_GONE) asg_identity_texts(instance, &keys);
    return (struct asg_member){
        .group_no = instance->group->no,
        .instance_id = asg_arena_text(arena, instance->id),
        .private_ip = asg_arena_text(arena, instance->private_ip),
        .state = state,
        .job_id = instance->launch.job_id,
        .attempt = instance->launch.attempt,
        .incarnation = instance->launch.incarnation,
        .curve_key = asg_arena_text(arena, keys.curve_key),
        .tls_key = asg_arena_text(arena, keys.tls_key),
    };
}
