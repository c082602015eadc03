/* load - what a group has to carry, in thousandths of an instance's work. */
#include "sim/sim.h"

void sim_load_draw(struct sim_load *load, struct sim_random *random, uint32_t max)
{
    load->shape = (enum sim_load_shape)sim_between(random, 0, SIM_LOAD_SHAPES - 1);
    int64_t most = (int64_t)max * 500; /* what `max` instances carry at 50 % */
    load->base_milli = sim_between(random, 0, most);
    load->peak_milli = sim_between(random, load->base_milli, most + most / 2);
    load->period_us = sim_between(random, 20, 24 * 60) * SIM_MINUTE;
    if (load->shape == SIM_LOAD_DAILY) load->period_us = 24 * SIM_HOUR;
    /* Near the policy's own rhythm, where a bad one would swing. */
    if (load->shape == SIM_LOAD_SAWTOOTH) {
        load->period_us = sim_between(random, 2, 20) * SIM_MINUTE;
    }
}

int64_t sim_load_now(const struct sim_group *group)
{
    if (group->steady_milli >= 0) return group->steady_milli;
    const struct sim_load *load = &group->load;
    int64_t span = load->peak_milli - load->base_milli;
    int64_t at = sim.now_us % load->period_us;
    int64_t part = at * 1000 / load->period_us; /* of the period, thousandths */
    switch (load->shape) {
    case SIM_LOAD_STEADY: return load->base_milli;
    case SIM_LOAD_RAMP: return load->base_milli + span * part / 1000;
    case SIM_LOAD_SPIKE: return part < 100 ? load->peak_milli : load->base_milli;
    case SIM_LOAD_DAILY: /* a parabola up and down */
        return load->base_milli + span * 4 * part * (1000 - part) / 1000000;
    case SIM_LOAD_SAWTOOTH:
        return part < 500 ? load->base_milli + span * part / 500
                          : load->peak_milli - span * (part - 500) / 500;
    case SIM_LOAD_NOISE:
    case SIM_LOAD_SHAPES: break;
    }
    /* New every minute, the same for all that ask. */
    struct sim_random random =
        sim_stream(sim.options.seed, "noise", (uint64_t)(sim.now_us / SIM_MINUTE));
    return load->base_milli + span * (int64_t)(sim_draw(&random) % 1001) / 1000;
}
