/* one_agent_moves_its_share - what a record of metrics says of a group lies within what
 * its honest agents measured and, for the one that may lie, the bounds of one instance;
 * of what has no natural bound nothing of the lie is left where five or more report. */
#include "sim/sim.h"

#define LAW         "one_agent_moves_its_share"
#define ROBUST_FROM 5 /* controller/window.h */

struct range {
    int64_t low; /* of an honest agent */
    int64_t high;
    int64_t ceiling; /* of any */
    bool is_robust;
};

/* false: nothing is known of it. */
static bool range_of(const struct sim_group *group, enum asg_metric_name metric,
                     struct range *ret)
{
    *ret = (struct range){.ceiling = ASG_PERCENT_MILLI_MAX};
    switch (metric) {
    case ASG_METRIC_NAME_CPU:
        return sim_warm_honest(group, 3 * group->evaluation_ms * 1000 + SIM_HOUR,
                               &ret->low, &ret->high) &&
               ret->low <= ret->high;
    case ASG_METRIC_NAME_MEMORY:
        ret->low = SIM_MEMORY_MILLI;
        ret->high = SIM_MEMORY_MILLI;
        return true;
    case ASG_METRIC_NAME_LOAD:
        ret->high = ASG_PERCENT_MILLI_MAX / 100;
        ret->ceiling = our->settings.load_max * 1000;
        ret->is_robust = true;
        return true;
    case ASG_METRIC_NAME_NETWORK_IN: /* time is told in whole milliseconds */
        ret->low = SIM_NETWORK_MILLI / 1000 * 999;
        ret->high = SIM_NETWORK_MILLI / 1000 * 1001;
        ret->ceiling = our->settings.rate_max_bytes * 1000;
        ret->is_robust = true;
        return true;
    default: return false;
    }
}

static void check_row(const struct sim_group *group, const struct asg_group_metric *row)
{
    struct range range;
    if (row->count == 0 || !range_of(group, row->metric, &range)) return;
    int64_t count = row->count;
    bool is_cut = range.is_robust && count >= ROBUST_FROM;
    int64_t lies = sim_is_lied_to(group) && !is_cut ? 1 : 0;
    int64_t most = (count - lies) * range.high + lies * range.ceiling;
    int64_t least = (count - lies) * range.low;
    if (row->sum_milli >= least && row->sum_milli <= most) return;
    sim_break(
        LAW,
        "%s: %s of %lld instances adds up to %lld thousandths; from %lld to %lld is "
        "what the honest ones measured, and the share of %lld that lies",
        group->name, asg_enum_word(&asg_metric_name_words, (int)row->metric),
        (long long)count, (long long)row->sum_milli, (long long)least, (long long)most,
        (long long)lies);
}

void law_one_agents_share(const struct asg_metrics *metrics)
{
    for (size_t i = 0; i < metrics->group_count; i++) {
        for (uint32_t g = 0; g < our->group_count; g++) {
            const struct sim_group *group = &our->groups[g];
            bool is_its = group->exists && group->no == metrics->groups[i].group_no;
            if (is_its) check_row(group, &metrics->groups[i]);
        }
    }
}
