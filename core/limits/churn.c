#include "core/limits/churn.h"

#include <assert.h>
#include <inttypes.h>

#include "base/escape.h"
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
    if (instance->launch.launched_ms + YOUNG_MS <= core->now_ms) {
        group->churn.generations = 0; /* it lived: what is launched now can live */
        group->churn.deaths = 0;
        asg_count_set_churn_ms(group, core->now_ms);
        return;
    }
    if (instance->launch.launched_ms < group->churn.since_ms)
        return; /* of an earlier one */
    group->churn.deaths++;
    if (asg_count_survivors(group) > group->churn.deaths) return;
    group->churn.generations++;
    group->churn.deaths = 0;
    asg_count_set_churn_ms(group, core->now_ms);
    if (group->churn.is_frozen ||
        group->churn.generations <= group->config.churn_generations) {
        return;
    }
    assert(group->churn.generations > 0);
    group->churn.is_frozen = true;
    char word[ASG_SHELL_WORD_SIZE(ASG_GROUP_NAME_MAX)];
    asg_alarm_raise(
        core, ASG_ALARM_CHURN, group, true,
        "%" PRIu32
        " generations of instances died within 10 min of their launch: nothing is "
        "launched or replaced until the cause is fixed and you run `openasg unhalt %s`",
        group->churn.generations, asg_shell_word(group->config.name, word, sizeof word));
}

void asg_churn_forget(struct asg_core *core, struct group *group)
{
    group->churn.generations = 0;
    group->churn.deaths = 0;
    asg_count_set_churn_ms(group, core->now_ms);
    if (!group->churn.is_frozen) return;
    assert(core->step != NULL);
    group->churn.is_frozen = false;
    asg_alarm_raise(core, ASG_ALARM_CHURN, group, false,
                    "launches were resumed by an operator");
}
