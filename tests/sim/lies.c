/* lies - an agent that says what it likes: taken over, or broken. At most one of a group
 * at a time, and two hours lie between two, so that the law knows how many there are. */
#include "sim/sim.h"
#include "wire/wire.h"

#define BETWEEN_US (2 * SIM_HOUR) /* the law looks back this far */

enum lie {
    LIE_BUSY,
    LIE_IDLE,
    LIE_LOAD,
    LIE_MEMORY,
    LIE_COUNTERS,
    LIE_OFTEN,
    LIE_NOTICE,
    LIES
};

static struct sim_random *stream(void)
{
    return &sim.swarm.streams[SIM_FAULT_LYING_AGENT];
}

bool sim_is_lied_to(const struct sim_group *group)
{
    return group->lied_until_us != 0 && sim.now_us - group->lied_until_us < BETWEEN_US;
}

bool sim_lie_begin(struct sim_instance *instance)
{
    if (instance == NULL || instance->group == NULL || instance->cluster != our)
        return false;
    struct sim_group *group = instance->group;
    if (!instance->agent.process.is_up || !group->exists || sim_is_lied_to(group)) {
        return false;
    }
    instance->lies = 1 + (unsigned)(sim_draw(stream()) % ((1u << LIES) - 1));
    group->lied_until_us = sim.now_us;
    sim_tell("agent", "of %s lies", instance->id);
    sim_order_watch(group);
    return true;
}

static bool does(const struct sim_instance *instance, enum lie lie)
{
    return (instance->lies >> lie & 1) != 0;
}

unsigned sim_lie_notices(const struct sim_instance *instance)
{
    /* Of Spot it would be believed: it ends nobody but itself. */
    if (!does(instance, LIE_NOTICE) || instance->is_spot) return instance->notices;
    return instance->notices | 1u << ASG_SIGN_SPOT_INTERRUPTION |
           1u << ASG_SIGN_REBALANCE;
}

int64_t sim_lie_cpu(const struct sim_instance *instance, int64_t value_milli)
{
    if (instance->lies == 0 || instance->group == NULL) return value_milli;
    instance->group->lied_until_us = sim.now_us;
    if (does(instance, LIE_BUSY)) return ASG_PERCENT_MILLI_MAX;
    return does(instance, LIE_IDLE) ? 0 : value_milli;
}

void sim_lie(const struct sim_instance *instance, struct asg_report *report)
{
    if (does(instance, LIE_BUSY)) report->cpu_milli = UINT32_MAX;
    if (does(instance, LIE_LOAD)) report->load_milli = UINT32_MAX;
    if (does(instance, LIE_MEMORY)) {
        report->memory_milli = sim_draw(stream()) % 2 == 0 ? 0 : UINT32_MAX;
    }
    if (does(instance, LIE_COUNTERS)) report->network_in_bytes = sim_draw(stream());
}

/* Many at once, which say that hours lie between them, or nothing. */
void sim_lie_often(struct sim_instance *instance, const struct asg_uplink *uplink)
{
    if (!does(instance, LIE_OFTEN) || !sim_is_admitted(instance)) return;
    struct asg_report *report = &instance->agent.reporter.report;
    struct asg_bytes frame = {0};
    for (int i = 0; i < 20; i++) {
        report->sequence++;
        report->time_ms += sim_between(stream(), -1000, 2000);
        sim_lie(instance, report);
        asg_bytes_reset(&frame);
        asg_wire_encode_report(report, &frame);
        (void)uplink->send(uplink->context, frame.data, frame.length);
    }
    asg_bytes_clear(&frame);
}
