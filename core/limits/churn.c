#include "core/limits/churn.h"

#include <assert.h>
#include <inttypes.h>

#include "core/world/counts.h"
#include "core/step/narrate.h"
#include "core/world/standing.h"

#define YOUNG_MS INT64_C(600000)

/* A generation is what was launched since most of the last one had died. */
void asg_churn_note_death(struct asg_core *core, struct group *group,
                          const struct instance *instance)
{
    assert(instance->group == group);
    assert(!asg_instance_is_serving(instance)); /* it is no survivor */
    if (instance->launched_ms + YOUNG_MS <= core->now_ms) {
        group->churn_generations = 0; /* it lived: what is launched now can live */
        group->churn_deaths = 0;
        asg_count_set_churn_ms(group, core->now_ms);
        return;
    }
    if (instance->launched_ms < group->churn_ms) return; /* of an earlier one */
    group->churn_deaths++;
    if (asg_count_survivors(group) > group->churn_deaths) return;
    group->churn_generations++;
    group->churn_deaths = 0;
    asg_count_set_churn_ms(group, core->now_ms);
    if (group->is_churning ||
        group->churn_generations <= group->config.churn_generations) {
        return;
    }
    assert(group->churn_generations > 0);
    group->is_churning = true;
    asg_alarm_raise(
        core, ASG_ALARM_CHURN, group, true,
        "%" PRIu32 " generations of instances died within 10 min of their launch: "
        "nothing is launched or replaced until the cause is mended and `openasg "
        "unhalt %s` says so",
        group->churn_generations, group->config.name);
}

void asg_churn_forget(struct asg_core *core, struct group *group)
{
    group->churn_generations = 0;
    group->churn_deaths = 0;
    asg_count_set_churn_ms(group, core->now_ms);
    if (!group->is_churning) return;
    assert(core->step != NULL);
    group->is_churning = false;
    asg_alarm_raise(core, ASG_ALARM_CHURN, group, false,
                    "an operator says to launch again");
}
