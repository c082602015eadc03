/* policy_simple - one adjustment, then a cooldown (docs/rules.md, "Simple scaling and
 * cooldown"). */
#include "core/want/policy_family.h"

#include <assert.h>
#include <inttypes.h>

#include "core/values/number.h"

void asg_policy_propose_simple(const struct asg_policy_config *config,
                               const struct asg_policy_input *input, int64_t value_milli,
                               int64_t threshold_milli, struct asg_arena *arena,
                               struct asg_proposal *ret)
{
    assert(config->kind == ASG_POLICY_SIMPLE);
    int64_t wanted = asg_policy_adjust(config, input->desired, config->adjustment);
    if (wanted == input->desired) {
        ret->direction = ASG_DIRECTION_KEEP;
        return;
    }
    ret->direction = wanted > input->desired ? ASG_DIRECTION_OUT : ASG_DIRECTION_IN;
    ret->wanted = wanted;
    char value[ASG_NUMBER_TEXT_MAX];
    char threshold[ASG_NUMBER_TEXT_MAX];
    ret->text = asg_arena_format(
        arena, "%s %s %s, alarm %s %s: wants %" PRId64 " (has %" PRId64 ")",
        asg_enum_word(&asg_metric_name_words, (int)config->metric),
        asg_enum_word(&asg_statistic_words, (int)config->statistic),
        asg_number_metric(config->metric, value_milli, value),
        asg_policy_comparison_text(config->comparison),
        asg_number_metric(config->metric, threshold_milli, threshold), wanted,
        input->desired);
}

void asg_policy_simple(const struct asg_policy_config *config,
                       struct asg_policy_state *state,
                       const struct asg_policy_input *input, struct asg_arena *arena,
                       struct asg_proposal *ret)
{
    int64_t value_milli = 0;
    bool rings = asg_policy_rings(config, state, input, &value_milli);
    if (!rings) return;
    if (input->is_cooling) {
        int64_t wanted = asg_policy_adjust(config, input->desired, config->adjustment);
        if (wanted == input->desired) return;
        asg_policy_wait(ret, wanted,
                        input->cool_ms != 0 ? ASG_HOLD_COOLDOWN : ASG_HOLD_UNDER_WAY,
                        input->cool_ms, 0);
        return;
    }
    asg_policy_propose_simple(config, input, value_milli, config->threshold_milli, arena,
                              ret);
    if (asg_policy_is_too_soon(config, input, ret)) {
        asg_policy_wait(ret, ret->wanted, ASG_HOLD_UNDER_WAY, 0, 0);
    }
}
