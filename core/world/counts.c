#include "core/world/counts.h"

#include <assert.h>

#include "core/world/touched.h"
#include "core/world/standing.h"

uint32_t asg_count_capacity(const struct group *group)
{
    assert(group->counts.capacity <= group->instance_count);
    return group->counts.capacity;
}

uint32_t asg_count_alive(const struct group *group)
{
    assert(group->counts.alive <= group->instance_count);
    return group->counts.alive;
}

uint32_t asg_count_against_max(const struct group *group)
{
    assert(group->counts.capacity + group->counts.ending <= group->counts.alive);
    return group->counts.capacity + group->counts.ending;
}

uint32_t asg_count_launching(const struct group *group)
{
    assert(group->counts.launching <= group->instance_count);
    return group->counts.launching;
}

uint32_t asg_count_ending(const struct group *group)
{
    assert(group->counts.ending <= group->instance_count);
    return group->counts.ending;
}

uint32_t asg_count_ending_surplus(const struct group *group)
{
    return group->counts.ending_surplus;
}

uint32_t asg_count_ending_broken(const struct group *group)
{
    return group->counts.ending_broken;
}

static bool ends_as_surplus(const struct instance *instance)
{
    return asg_instance_is_ending(instance) &&
           instance->ending.cause == ASG_END_SCALE_IN && instance->ending.was_working;
}

static bool ends_as_broken(const struct instance *instance)
{
    bool may_be_taken =
        instance->ending.cause == ASG_END_NOTICE && instance->notice.taken_back_ms == 0;
    return asg_instance_is_ending(instance) &&
           (instance->ending.cause == ASG_END_HEALTH || may_be_taken);
}

static bool is_lost(const struct instance *instance)
{
    return asg_instance_is_serving(instance) && asg_ec2_is_over(instance->ec2_state);
}

static bool is_taken_back(const struct instance *instance)
{
    return asg_instance_counts(instance) && instance->notice.taken_back_ms != 0;
}

uint32_t asg_count_waiting(const struct group *group)
{
    assert(group->counts.waiting <= group->instance_count);
    return group->counts.waiting;
}

uint32_t asg_count_taken_back(const struct group *group)
{
    assert(group->counts.taken_back <= group->counts.capacity); /* they go next */
    return group->counts.taken_back;
}

uint32_t asg_count_attaching(const struct group *group)
{
    assert(group->counts.attaching <=
           group->counts.capacity); /* they keep their places */
    return group->counts.attaching;
}

uint32_t asg_count_lost(const struct group *group)
{
    return group->counts.lost;
}

uint32_t asg_count_serving(const struct group *group)
{
    assert(group->counts.serving <= group->instance_count);
    return group->counts.serving;
}

uint32_t asg_count_unhealthy(const struct group *group)
{
    assert(group->counts.unhealthy <= group->instance_count);
    return group->counts.unhealthy;
}

bool asg_count_is_all_alive(const struct group *group)
{
    assert(group->counts.alive <= group->instance_count); /* never more than there are */
    return group->counts.alive == group->instance_count;
}

static bool survives(const struct group *group, const struct instance *instance)
{
    assert(instance->group == group);
    return asg_instance_is_serving(instance) && !instance->health.is_unhealthy &&
           instance->launch.launched_ms >= group->churn.since_ms;
}

static void add(struct counts *counts, const struct group *group,
                const struct instance *instance)
{
    assert(instance->group == group);
    counts->capacity += asg_instance_counts(instance) ? 1 : 0;
    counts->alive += asg_instance_is_alive(instance) ? 1 : 0;
    counts->launching += asg_instance_is_launching(instance) ? 1 : 0;
    counts->ending += asg_instance_is_ending(instance) ? 1 : 0;
    counts->ending_surplus += ends_as_surplus(instance) ? 1 : 0;
    counts->ending_broken += ends_as_broken(instance) ? 1 : 0;
    counts->lost += is_lost(instance) ? 1 : 0;
    counts->waiting += asg_instance_is_waiting(instance) ? 1 : 0;
    counts->taken_back += is_taken_back(instance) ? 1 : 0;
    counts->attaching += asg_instance_is_attaching(instance) ? 1 : 0;
    counts->serving +=
        asg_instance_is_serving(instance) && !instance->health.is_unhealthy ? 1 : 0;
    counts->unhealthy +=
        asg_instance_is_judged(instance) && instance->health.is_unhealthy ? 1 : 0;
    counts->survivors += survives(group, instance) ? 1 : 0;
}

static struct counts count_all(const struct group *group)
{
    struct counts counts = {0};
    for (size_t i = 0; i < group->instance_count; i++) {
        add(&counts, group, group->instances[i]);
    }
    return counts;
}

static void take_out(struct group *group, const struct instance *instance)
{
    struct counts one = {0};
    add(&one, group, instance);
    assert(group->counts.capacity >= one.capacity && group->counts.alive >= one.alive);
    assert(group->counts.launching >= one.launching);
    assert(group->counts.ending >= one.ending);
    assert(group->counts.serving >= one.serving);
    assert(group->counts.unhealthy >= one.unhealthy);
    group->counts.capacity -= one.capacity;
    group->counts.alive -= one.alive;
    group->counts.launching -= one.launching;
    group->counts.ending -= one.ending;
    group->counts.ending_surplus -= one.ending_surplus;
    group->counts.ending_broken -= one.ending_broken;
    group->counts.lost -= one.lost;
    group->counts.waiting -= one.waiting;
    group->counts.taken_back -= one.taken_back;
    group->counts.attaching -= one.attaching;
    group->counts.serving -= one.serving;
    group->counts.unhealthy -= one.unhealthy;
    group->counts.survivors -= one.survivors;
}

void asg_count_new(struct group *group, const struct instance *instance)
{
    assert(instance->group == group);
    add(&group->counts, group, instance);
}

void asg_count_set_state(struct asg_core *core, struct group *group,
                         struct instance *instance, enum asg_instance_state state)
{
    assert(instance->group == group);
    assert(state < ASG_INSTANCE_COUNT);
    take_out(group, instance);
    *(enum asg_instance_state *)&instance->state = state; /* const for everybody else */
    core->step->states_written++;
    asg_touch(instance);
    asg_count_new(group, instance);
}

void asg_count_set_ec2_state(struct group *group, struct instance *instance,
                             enum asg_ec2_state ec2_state)
{
    assert(instance->group == group);
    assert(ec2_state < ASG_EC2_COUNT);
    take_out(group, instance);
    if (instance->ec2_state != ec2_state) asg_touch(instance); /* readers see it */
    instance->ec2_state = ec2_state;
    asg_count_new(group, instance);
}

void asg_count_set_end(struct group *group, struct instance *instance,
                       enum asg_end_cause cause, bool was_working)
{
    assert(cause != ASG_END_NONE);
    take_out(group, instance);
    instance->ending.cause = cause;
    instance->ending.was_working = was_working;
    asg_count_new(group, instance);
}

void asg_count_set_taken_back(struct group *group, struct instance *instance,
                              int64_t at_ms)
{
    assert(at_ms != 0); /* 0 says that it is not */
    take_out(group, instance);
    instance->notice.taken_back_ms = at_ms;
    asg_touch(instance);
    asg_count_new(group, instance);
}

void asg_count_set_unhealthy(struct group *group, struct instance *instance,
                             bool is_unhealthy)
{
    assert(instance->group == group);
    take_out(group, instance);
    assert(!is_unhealthy || asg_instance_is_judged(instance)); /* nobody else is */
    instance->health.is_unhealthy = is_unhealthy;
    asg_touch(instance);
    asg_count_new(group, instance);
}

/* When a generation begins nobody is of it yet but who was launched this very
 * millisecond, so this walk is as rare as generations are: it is put off. */
void asg_count_set_churn_ms(struct group *group, int64_t churn_ms)
{
    assert(churn_ms >= group->churn.since_ms); /* generations follow each other */
    group->churn.since_ms = churn_ms;
    group->counts.survivors_are_old = true;
}

uint32_t asg_count_survivors(struct group *group)
{
    if (group->counts.survivors_are_old) {
        group->counts = count_all(group);
    }
    assert(group->counts.survivors <= group->counts.serving);
    return group->counts.survivors;
}

bool asg_count_is_right(const struct group *group)
{
    struct counts right = count_all(group);
    const struct counts *kept = &group->counts;
    return kept->capacity == right.capacity && kept->alive == right.alive &&
           kept->launching == right.launching && kept->ending == right.ending &&
           kept->ending_surplus == right.ending_surplus &&
           kept->ending_broken == right.ending_broken && kept->lost == right.lost &&
           kept->waiting == right.waiting && kept->taken_back == right.taken_back &&
           kept->attaching == right.attaching && kept->serving == right.serving &&
           kept->unhealthy == right.unhealthy &&
           (kept->survivors_are_old || kept->survivors == right.survivors);
}
