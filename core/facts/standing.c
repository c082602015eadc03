#include "core/facts/standing.h"

#include "base/mutant.h"

bool is_over_in_ec2(int ec2_state)
{
    return ec2_state == ASG_EC2_TERMINATED || ec2_state == ASG_EC2_SHUTTING_DOWN ||
           ec2_state == ASG_EC2_ABSENT;
}

bool counts_as_capacity(const struct instance *instance)
{
    return (instance->state == ASG_INSTANCE_REQUESTED &&
            !ASG_MUTANT(IN_FLIGHT_DO_NOT_COUNT)) ||
           instance->state == ASG_INSTANCE_PENDING ||
           instance->state == ASG_INSTANCE_IN_SERVICE;
}

bool is_launching(const struct instance *instance)
{
    return instance->state == ASG_INSTANCE_REQUESTED ||
           instance->state == ASG_INSTANCE_PENDING;
}

bool is_alive(const struct instance *instance)
{
    if (counts_as_capacity(instance)) return true;
    if (ASG_MUTANT(TERMINATING_DO_NOT_COUNT)) return false;
    return instance->state == ASG_INSTANCE_TERMINATING &&
           !is_over_in_ec2(instance->ec2_state);
}

bool is_warm(const struct instance *instance, int64_t now_ms)
{
    return instance->state == ASG_INSTANCE_IN_SERVICE && instance->warm_ms <= now_ms;
}

bool is_ending(const struct instance *instance)
{
    return instance->state == ASG_INSTANCE_TERMINATING && is_alive(instance);
}

bool is_changing(const struct instance *instance)
{
    return instance->state == ASG_INSTANCE_PENDING ||
           instance->state == ASG_INSTANCE_TERMINATING ||
           (instance->state == ASG_INSTANCE_IN_SERVICE &&
            (instance->private_ip[0] == '\0' || is_out_of_reach(instance)));
}
