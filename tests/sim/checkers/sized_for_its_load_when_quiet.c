/* sized_for_its_load_when_quiet - some time after the last fault every group is as large
 * as its policy asks for at the load that the simulator puts on it, whatever the
 * controller has measured of it. */
#include "sim/sim.h"

/* The group would ask for more, or for fewer, with every agent read exactly or as wrong
 * as they may be. */
const char *law_sized_for_load(void)
{
    static char text[200];
    for (uint32_t i = 0; i < our->group_count; i++) {
        const struct sim_group *group = &our->groups[i];
        int64_t count = group->serving;
        if (!group->exists || group->is_deleting) continue;
        if (group->steady_milli < 0 || count == 0) continue;
        int64_t each_milli = group->steady_milli * 100 / count;
        if (each_milli > 100000) each_milli = 100000;
        int64_t low_milli = group->target_milli * SIM_SCALE_IN_PERMILLE / 1000;
        uint32_t out_permille = sim.features.knobs.out_permille;
        int64_t high_milli = group->target_milli;
        if (out_permille > 0) high_milli = high_milli * out_permille / 1000;
        int64_t wanted = (count * (each_milli + SIM_UNSURE_MILLI) + group->target_milli) /
                         group->target_milli;
        bool is_small =
            each_milli > high_milli + SIM_UNSURE_MILLI && count < (int64_t)group->max;
        bool is_large = each_milli < low_milli - SIM_UNSURE_MILLI && wanted < count &&
                        count > (int64_t)group->min;
        if (!is_small && !is_large) continue;
        (void)snprintf(text, sizeof text,
                       "%s has %lld in service at %lld.%03lld %% each, its target is "
                       "%lld %%: too %s",
                       group->name, (long long)count, (long long)each_milli / 1000,
                       (long long)each_milli % 1000,
                       (long long)group->target_milli / 1000, is_small ? "few" : "many");
        return text;
    }
    return NULL;
}
