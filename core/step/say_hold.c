#include "core/step/say_hold.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static const char *say_reason(const struct policy_hold *hold)
{
    switch (hold->reason) {
    case ASG_HOLD_COOLDOWN: return "cooldown after the last scaling activity";
    case ASG_HOLD_UNDER_WAY: return "the last scaling activity is still under way";
    case ASG_HOLD_STABILISATION:
        return "the load must stay low for the whole stabilisation window";
    case ASG_HOLD_NO_METRICS: return "not every instance reports its metric";
    default: return "";
    }
}

void asg_hold_say_policy(const struct asg_policy_config *config,
                         const struct policy_hold *hold, char *text, size_t size)
{
    assert(hold->is_on && hold->reason < ASG_HOLD_COUNT);
    if (hold->reason == ASG_HOLD_WARMING) {
        (void)snprintf(
            text, size,
            "policy %s wants %" PRId64 " and waits: %" PRIu32 " instance%s warming up",
            config->name, hold->wanted, hold->count, hold->count == 1 ? " is" : "s are");
        return;
    }
    assert(say_reason(hold)[0] != '\0'); /* what policies say has words */
    if (hold->reason == ASG_HOLD_NO_METRICS && hold->count == 0) {
        (void)snprintf(text, size, "policy %s waits: no instance reports its metric",
                       config->name);
        return;
    }
    (void)snprintf(text, size, "policy %s wants %" PRId64 " and waits: %s", config->name,
                   hold->wanted, say_reason(hold));
}
