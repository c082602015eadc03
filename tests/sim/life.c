/* life - one group of about 20 instances over weeks, as an operator would run it: mostly
 * calm, with an order or two a day, and with bursts in which a swarm of faults strikes
 * and he orders often. After each burst everything has to be right again before the calm
 * goes on. */
#include <string.h>

#include "sim/sim.h"

#define DAY         (24 * SIM_HOUR)
#define BURST_FIRST (2 * SIM_HOUR) /* the fleet is there by then */

static int64_t end_us; /* the last burst begins before it */

static int64_t between(int64_t low, int64_t high)
{
    return sim_between(sim_of(SIM_TOPIC_LIFE), low, high);
}

/* As a fleet is run that has 20 instances and nobody who watches it. */
static void draw_settings(void)
{
    struct asg_controller_settings *settings = &our->settings;
    static const int64_t leases[] = {180000, 300000, 900000};
    settings->lease_ms = leases[between(0, 2)];
    settings->heartbeat_ms = settings->lease_ms / 3;
    settings->probe_background_ms = between(30, 120) * 60000;
    settings->probe_suspect_ms = between(5, 30) * 1000;
    settings->snapshot_records = between(1000, 50000);
    settings->snapshot_ms = between(60, 360) * 60000;
    settings->hash_events = between(500, 2000);
    settings->verify_records = between(1000, 5000); /* at each start; all at the end */
    settings->listing_ms = between(30, 90) * 60000;
    settings->retention_ms = sim.features.retention_ms * 48; /* days */
}

static void draw_load(struct sim_group *group)
{
    struct sim_load *load = &group->load;
    load->shape = (enum sim_load_shape)between(0, SIM_LOAD_SHAPES - 1);
    /* Thousandths of an instance at 100 %: `carried` instances at the target. */
    int64_t one = group->target_milli / 100;
    int64_t middle = between(18, 22);
    int64_t swing = load->shape == SIM_LOAD_STEADY ? 0 : between(1, 8);
    load->base_milli = (middle - swing) * one;
    load->peak_milli = (middle + swing) * one;
    load->period_us = between(6, 48) * SIM_HOUR;
    if (load->shape == SIM_LOAD_DAILY) load->period_us = DAY;
    if (load->shape == SIM_LOAD_SAWTOOTH) load->period_us = between(2, 12) * SIM_HOUR;
}

void sim_life_draw_cluster(void)
{
    our->ingest_lag_us = between(1, 5) * SIM_SECOND;
    our->worker_count = 2;
    draw_settings();
    our->group_count = 1;
    struct sim_group *group = &our->groups[0];
    group->min = (uint32_t)between(4, 12);
    group->max = (uint32_t)between(30, 40);
    group->evaluation_ms = 60000;
    group->stabilisation_ms = between(5, 15) * 60000;
    group->target_milli = between(40, 70) * 1000;
    draw_load(group);
    group->meant_min = group->min;
    group->meant_max = group->max;
}

void sim_life_draw(void)
{
    sim.agent_interval_ms = 60000;
    sim.operator_mean_us = between(1, 15) * SIM_MINUTE;
    sim_life_draw_cluster();
    end_us = between(20, 40) * DAY;
    memset(&sim.swarm.ppm, 0, sizeof sim.swarm.ppm);
    memset(&sim.swarm.mean_us, 0, sizeof sim.swarm.mean_us);
    sim_put(BURST_FIRST, SIM_EVENT_PHASE, SIM_PHASE_BURST, 0, NULL);
}

/* The worker that died for good at the end of the burst before has a successor by now. */
static void replace_lost_workers(void)
{
    for (uint32_t i = 0; i < our->worker_count; i++) {
        our->workers[i].is_doomed = false;
        our->workers[i].is_lost = false;
        sim_start_worker(i);
    }
}

void sim_life_burst(void)
{
    int64_t length_us = between(15, 60) * SIM_MINUTE;
    sim_tell("simulator", "a burst of faults begins");
    sim.is_calm = false;
    sim.is_quiet = false;
    sim.converged_us = -1;
    sim_each_cluster(replace_lost_workers);
    sim_swarm_draw(&sim.swarm, sim.options.seed, ++sim.swarm.draws);
    /* What is rare in a busy seed would not be seen in so short a time. */
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        if (sim.swarm.mean_us[fault] == 0) continue;
        sim.swarm.mean_us[fault] = length_us / between(1, 4);
    }
    sim_trouble_begin();
    sim_each_cluster(sim_operate);
    sim_put(sim.now_us + length_us, SIM_EVENT_PHASE, SIM_PHASE_HEAL, 0, NULL);
}

/* The load moves again, and the group has the size that it is meant for, whatever was
 * ordered in the burst. */
static void go_on(void)
{
    struct sim_group *group = &our->groups[0];
    group->steady_milli = -1;
    if (!group->exists) {
        sim_order_group(group);
        return;
    }
    const struct asg_group_config config = {
        .name = group->name, .min = group->meant_min, .max = group->meant_max};
    struct asg_command command = {.kind = ASG_COMMAND_GROUP_UPDATE,
                                  .group = group->name,
                                  .group_config = &config,
                                  .group_fields = UINT64_C(1) << ASG_GROUP_MIN |
                                                  UINT64_C(1) << ASG_GROUP_MAX,
                                  .force = true};
    sim_order(&command);
}

/* The operator has work in the calm days, too. */
static void order_later(void)
{
    sim_wish(&our->order_turn, sim.now_us + between(1, 24) * SIM_HOUR, SIM_EVENT_ADMIN,
             SIM_ADMIN_ORDER);
}

bool sim_life_goes_on(void)
{
    if (!sim.options.is_long || sim.now_us >= end_us) return false;
    sim_tell("simulator", "all is well: calm days");
    sim.is_calm = true;
    memset(&sim.swarm.ppm, 0, sizeof sim.swarm.ppm);
    memset(&sim.swarm.mean_us, 0, sizeof sim.swarm.mean_us);
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        sim.instances[i]->well_since_us = sim.now_us;
    }
    sim_each_cluster(go_on);
    sim_each_cluster(order_later);
    sim_put(sim.now_us + between(24, 72) * SIM_HOUR, SIM_EVENT_PHASE, SIM_PHASE_BURST, 0,
            NULL);
    return true;
}
