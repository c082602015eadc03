/* no_flapping - a policy never scales in within the stabilisation window after it scaled
 * out: all through that time the load would have had to be low. */
#include <string.h>

#include "sim/sim.h"

void law_no_flapping(const struct asg_decision *decision, int64_t time_ms)
{
    struct sim_group *group = sim_find_group(our, decision->group);
    if (group == NULL || !sim_is_targets(decision)) return;
    if (decision->kind == ASG_DECISION_SCALE_OUT) {
        group->scaled_out_ms = time_ms;
        return;
    }
    if (decision->kind != ASG_DECISION_SCALE_IN || group->scaled_out_ms == 0) return;
    int64_t after_ms = time_ms - group->scaled_out_ms;
    /* The window begins with the period after; one that was counted late may be as much
       shorter by the log's time. */
    if (after_ms + group->evaluation_ms >= group->stabilisation_ms) return;
    sim_break("no_flapping",
              "%s scales in %lld s after it scaled out, the window is %lld s",
              group->name, (long long)after_ms / 1000,
              (long long)group->stabilisation_ms / 1000);
}
