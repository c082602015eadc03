#include "core/world/standing.h"

#include <assert.h>

#include "core/world/states.h"

bool asg_ec2_is_over(enum asg_ec2_state ec2_state)
{
    assert(ec2_state < ASG_EC2_COUNT);
    return ec2_state == ASG_EC2_TERMINATED || ec2_state == ASG_EC2_SHUTTING_DOWN ||
           ec2_state == ASG_EC2_ABSENT;
}

bool asg_instance_is_slot(const struct instance *instance)
{
    return asg_state_traits(instance->state)->is_slot;
}

bool asg_instance_is_arriving(const struct instance *instance)
{
    return asg_instance_is_launching(instance) && !asg_instance_is_slot(instance);
}

bool asg_instance_is_untagged(const struct instance *instance)
{
    return asg_state_traits(instance->state)->is_untagged;
}

bool asg_instance_is_attaching(const struct instance *instance)
{
    return asg_instance_is_untagged(instance) && asg_instance_counts(instance);
}

bool asg_instance_is_aside(const struct instance *instance)
{
    return asg_state_traits(instance->state)->life == ASG_LIFE_ON &&
           !asg_instance_counts(instance);
}

bool asg_instance_is_serving(const struct instance *instance)
{
    return asg_state_traits(instance->state)->serves;
}

bool asg_instance_is_judged(const struct instance *instance)
{
    return asg_state_traits(instance->state)->is_judged;
}

bool asg_instance_is_waiting(const struct instance *instance)
{
    return asg_state_traits(instance->state)->timeout == ASG_TIMEOUT_WAIT;
}

bool asg_instance_is_finished(const struct instance *instance)
{
    return asg_state_traits(instance->state)->life == ASG_LIFE_OVER;
}

bool asg_instance_may_be_working(const struct instance *instance)
{
    return asg_instance_is_arriving(instance) && instance->launch.excused_ms > 0 &&
           instance->ec2_state == ASG_EC2_RUNNING;
}

bool asg_instance_counts(const struct instance *instance)
{
    return asg_state_traits(instance->state)->counts;
}

bool asg_instance_is_launching(const struct instance *instance)
{
    return asg_state_traits(instance->state)->is_launching;
}

bool asg_instance_is_alive(const struct instance *instance)
{
    if (asg_instance_counts(instance)) return true;
    enum asg_life life = asg_state_traits(instance->state)->life;
    return life == ASG_LIFE_ON ||
           (life == ASG_LIFE_ENDING && !asg_ec2_is_over(instance->ec2_state));
}

bool asg_instance_is_warm(const struct instance *instance, int64_t now_ms)
{
    return asg_instance_is_serving(instance) && instance->service.warm_ms <= now_ms;
}

bool asg_instance_is_on_its_way_out(const struct instance *instance)
{
    return asg_state_traits(instance->state)->life == ASG_LIFE_ENDING;
}

bool asg_instance_is_ending(const struct instance *instance)
{
    return asg_instance_is_on_its_way_out(instance) && asg_instance_is_alive(instance);
}

bool asg_instance_is_changing(const struct instance *instance)
{
    assert(instance->group != NULL);
    switch (asg_state_traits(instance->state)->looked_at) {
    case ASG_LOOKED_AT_YES: return true;
    case ASG_LOOKED_AT_UNCLEAR:
        return instance->private_ip[0] == '\0' || asg_instance_is_out_of_reach(instance);
    case ASG_LOOKED_AT_NO: break;
    }
    return false;
}
