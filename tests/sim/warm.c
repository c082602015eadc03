/* warm - which instances of a group count in its metric and what they can have measured,
 * from what the simulator itself knows: when each sent its first report, what was read
 * where and when, what is durably over. Nothing here is taken from the controller.
 *
 * An instance that has just started has its CPU at 100 %, as those that boot do: a window
 * that counted it would say more than the others can have measured.
 */
#include <string.h>

#include "sim/sim.h"

#define START_CPU  ASG_PERCENT_MILLI_MAX
#define SPAN_US    (30 * SIM_SECOND)
#define DELAY_US   (20 * SIM_SECOND) /* of a frame, at most (faults.h) */
#define MOMENTS_US (10 * SIM_SECOND) /* links, turns, a commit */
#define LET_GO_US  SIM_HOUR          /* releases less apart are one */

static int64_t warmup_us(void)
{
    return 2 * sim.agent_interval_ms * 1000;
}

/* What was ever off is off for ever: a clock that jumped is not set right. */
static bool is_time_true(void)
{
    return sim.swarm.hits[SIM_FAULT_CLOCK_JUMPS] == 0;
}

/* How late a report can be counted. */
static int64_t lag_us(void)
{
    int64_t us = MOMENTS_US + our->ingest_lag_us;
    if (sim.swarm.ppm[SIM_FAULT_DELAY_FRAME] != 0) us += DELAY_US;
    if (sim.swarm.mean_us[SIM_FAULT_PAUSE_PROCESS] != 0) {
        us += 4 * our->settings.lease_ms * 1000;
    }
    return us;
}

/* Is what it reads now counted nowhere, whatever happens to it on the way? */
static bool is_before_warm(const struct sim_instance *instance)
{
    int64_t age_us = sim.now_us - instance->first_read_us;
    return is_time_true() && our->host.is_up && age_us + lag_us() < warmup_us();
}

static void note_read(struct sim_group *group, int64_t value_milli, bool is_honest)
{
    int64_t no = sim.now_us / SPAN_US;
    struct sim_span *span = &group->spans[no % SIM_SPANS];
    if (span->no != no) {
        *span = (struct sim_span){no, value_milli, value_milli, INT64_MAX, INT64_MIN};
    }
    if (value_milli < span->low_milli) span->low_milli = value_milli;
    if (value_milli > span->high_milli) span->high_milli = value_milli;
    if (!is_honest) return;
    if (value_milli < span->honest_low_milli) span->honest_low_milli = value_milli;
    if (value_milli > span->honest_high_milli) span->honest_high_milli = value_milli;
}

void sim_warm_let_go(struct sim_group *group, int64_t sent_us)
{
    bool is_new = group->let_go_us == 0 || sim.now_us - group->let_go_us > LET_GO_US;
    if (is_new || sent_us < group->let_from_us) group->let_from_us = sent_us;
    group->let_go_us = sim.now_us;
}

int64_t sim_warm_read(struct sim_instance *instance, int64_t value_milli)
{
    if (instance->group == NULL) return value_milli;
    bool is_sent = sim_is_admitted(instance);
    if (instance->first_read_us == 0 && is_sent) instance->first_read_us = sim.now_us;
    if (!is_sent) return value_milli;
    if (is_before_warm(instance)) return START_CPU;
    note_read(instance->group, value_milli, instance->lies == 0);
    return value_milli;
}

void sim_warm_sent(struct sim_instance *instance, int64_t value_milli)
{
    if (instance->group == NULL) return;
    if (instance->first_read_us == 0) instance->first_read_us = sim.now_us;
    note_read(instance->group, value_milli, instance->lies == 0);
}

static bool read_spans(const struct sim_group *group, int64_t over_us, bool is_honest,
                       int64_t *ret_low, int64_t *ret_high)
{
    int64_t from_us = sim.now_us - over_us - lag_us();
    /* What the network held counts when it comes, if its agent is bound by then. */
    bool is_let_go = group->let_go_us > from_us && group->let_from_us < from_us;
    if (is_let_go) from_us = group->let_from_us - lag_us();
    /* Agents keep their first few reports for a controller that is away. */
    bool is_back = our->back_us > from_us && our->away_since_us < from_us;
    if (is_back) from_us = our->away_since_us - lag_us();
    int64_t last = sim.now_us / SPAN_US;
    int64_t first = from_us / SPAN_US;
    if (last - first >= SIM_SPANS) return false;
    *ret_low = INT64_MAX;
    *ret_high = INT64_MIN;
    for (int64_t no = first < 0 ? 0 : first; no <= last; no++) {
        const struct sim_span *span = &group->spans[no % SIM_SPANS];
        if (span->no != no) continue;
        int64_t low = is_honest ? span->honest_low_milli : span->low_milli;
        int64_t high = is_honest ? span->honest_high_milli : span->high_milli;
        if (low < *ret_low) *ret_low = low;
        if (high > *ret_high) *ret_high = high;
    }
    return true;
}

bool sim_warm_reads(const struct sim_group *group, int64_t over_us, int64_t *ret_low,
                    int64_t *ret_high)
{
    return read_spans(group, over_us, /* is_honest */ false, ret_low, ret_high);
}

bool sim_warm_honest(const struct sim_group *group, int64_t over_us, int64_t *ret_low,
                     int64_t *ret_high)
{
    return read_spans(group, over_us, /* is_honest */ true, ret_low, ret_high);
}

/* Nothing that happens now makes a well instance look ill. */
static bool is_sight_clear(void)
{
    const struct sim_swarm *swarm = &sim.swarm;
    return swarm->mean_us[SIM_FAULT_CUT_LINK] == 0 &&
           swarm->mean_us[SIM_FAULT_MASS_SILENCE] == 0 &&
           swarm->mean_us[SIM_FAULT_ZONE_CUT_OFF] == 0 &&
           swarm->mean_us[SIM_FAULT_PAUSE_PROCESS] == 0 &&
           swarm->ppm[SIM_FAULT_DROP_FRAME] == 0 &&
           swarm->ppm[SIM_FAULT_DELAY_FRAME] == 0;
}

void sim_warm_count(const struct sim_group *group, uint32_t *ret_least,
                    uint32_t *ret_most)
{
    *ret_least = 0;
    *ret_most = 0;
    /* A step of time that core takes, and the period after it. */
    int64_t late_us = 2 * group->evaluation_ms * 1000 + SIM_MINUTE;
    for (size_t i = 0; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        bool is_ours =
            instance->group == group && !instance->stands_by && !instance->is_attached;
        if (!is_ours || instance->is_over || instance->first_read_us == 0) continue;
        int64_t age_us = sim.now_us - instance->first_read_us + SIM_SECOND;
        if (is_time_true() && age_us < warmup_us()) continue;
        (*ret_most)++;
        bool is_well = instance->is_alive && instance->agent.process.is_up &&
                       instance->ill_since_us == 0 && !instance->is_muted &&
                       !instance->is_called_ill && instance->heard_us != 0;
        bool is_settled = sim.now_us - instance->heard_us > warmup_us() + late_us &&
                          sim.now_us - instance->well_since_us > warmup_us() + late_us;
        if (is_well && is_settled && is_time_true() && is_sight_clear()) (*ret_least)++;
    }
}
