#include "core/facts/standing.h"

#include "base/mutant.h"
#include "core/facts/states.h"

bool is_over_in_ec2(int ec2_state)
{
    return ec2_state == ASG_EC2_TERMINATED || ec2_state == ASG_EC2_SHUTTING_DOWN ||
           ec2_state == ASG_EC2_ABSENT;
}

bool is_slot(const struct instance *instance)
{
    return state_traits(instance->state)->is_slot;
}

bool is_arriving(const struct instance *instance)
{
    return is_launching(instance) && !is_slot(instance);
}

bool is_serving(const struct instance *instance)
{
    return state_traits(instance->state)->serves;
}

bool is_judged(const struct instance *instance)
{
    return state_traits(instance->state)->is_judged;
}

bool is_waiting(const struct instance *instance)
{
    return state_traits(instance->state)->timeout == ASG_TIMEOUT_WAIT;
}

bool is_finished(const struct instance *instance)
{
    return state_traits(instance->state)->life == ASG_LIFE_OVER;
}

bool counts_as_capacity(const struct instance *instance)
{
    if (ASG_MUTANT(IN_FLIGHT_DO_NOT_COUNT) && is_slot(instance)) return false;
    return state_traits(instance->state)->counts;
}

bool is_launching(const struct instance *instance)
{
    return state_traits(instance->state)->is_launching;
}

bool is_alive(const struct instance *instance)
{
    if (counts_as_capacity(instance)) return true;
    if (ASG_MUTANT(TERMINATING_DO_NOT_COUNT)) return false;
    enum asg_life life = state_traits(instance->state)->life;
    return life == ASG_LIFE_ON ||
           (life == ASG_LIFE_ENDING && !is_over_in_ec2(instance->ec2_state));
}

bool is_warm(const struct instance *instance, int64_t now_ms)
{
    return is_serving(instance) && instance->warm_ms <= now_ms;
}

bool is_on_its_way_out(const struct instance *instance)
{
    return state_traits(instance->state)->life == ASG_LIFE_ENDING;
}

bool is_ending(const struct instance *instance)
{
    return is_on_its_way_out(instance) && is_alive(instance);
}

bool is_changing(const struct instance *instance)
{
    switch (state_traits(instance->state)->looked_at) {
    case ASG_LOOKED_AT_YES: return true;
    case ASG_LOOKED_AT_UNCLEAR:
        return instance->private_ip[0] == '\0' || is_out_of_reach(instance);
    case ASG_LOOKED_AT_NO: break;
    }
    return false;
}
