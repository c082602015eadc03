#include "core/facts/counts.h"

#include "core/facts/lifecycle.h"

uint32_t count_capacity(const struct group *group)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        count += counts_as_capacity(&group->instances[i]) ? 1 : 0;
    }
    return count;
}

uint32_t count_alive(const struct group *group)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        count += is_alive(&group->instances[i]) ? 1 : 0;
    }
    return count;
}

uint32_t count_launching(const struct group *group)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        count += is_launching(&group->instances[i]) ? 1 : 0;
    }
    return count;
}

uint32_t count_warming(const struct group *group, int64_t now_ms)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        if (counts_as_capacity(instance) && !is_warm(instance, now_ms)) count++;
    }
    return count;
}
