#include "core/want/policy_family.h"

#include <assert.h>

int64_t asg_policy_value(const struct asg_policy_config *config,
                         const struct asg_group_metric *metric)
{
    assert(metric != NULL);
    switch (config->statistic) {
    case ASG_STATISTIC_HIGHEST: return metric->max_milli;
    case ASG_STATISTIC_LOWEST: return metric->min_milli;
    case ASG_STATISTIC_MEAN:
    case ASG_STATISTIC_COUNT: break;
    }
    return metric->count > 0 ? metric->sum_milli / (int64_t)metric->count : 0;
}

bool asg_policy_has_data(const struct asg_policy_input *input)
{
    return input->metric != NULL && input->metric->count > 0;
}

void asg_policy_wait(struct asg_proposal *ret, int64_t wanted,
                     enum asg_hold_reason reason, int64_t until_ms, int64_t count)
{
    assert(until_ms >= 0 && count >= 0 && count <= UINT32_MAX);
    ret->direction = ASG_DIRECTION_NONE;
    ret->hold = (struct policy_hold){.is_on = true,
                                     .reason = reason,
                                     .until_ms = until_ms,
                                     .count = (uint32_t)count,
                                     .wanted = wanted};
}

bool asg_policy_is_breaching(const struct asg_policy_config *config, int64_t value_milli,
                             int64_t threshold_milli)
{
    switch (config->comparison) {
    case ASG_COMPARISON_GREATER_OR_EQUAL: return value_milli >= threshold_milli;
    case ASG_COMPARISON_GREATER: return value_milli > threshold_milli;
    case ASG_COMPARISON_LESS_OR_EQUAL: return value_milli <= threshold_milli;
    case ASG_COMPARISON_LESS: return value_milli < threshold_milli;
    case ASG_COMPARISON_COUNT: break;
    }
    return false;
}

bool asg_policy_is_too_soon(const struct asg_policy_config *config,
                            const struct asg_policy_input *input,
                            const struct asg_proposal *proposal)
{
    return proposal->direction == ASG_DIRECTION_IN &&
           config->adjustment_type != ASG_ADJUSTMENT_EXACT &&
           input->warm > input->desired;
}

const char *asg_policy_comparison_text(enum asg_comparison comparison)
{
    assert(comparison < ASG_COMPARISON_COUNT);
    static const char *const texts[] = {">=", ">", "<=", "<"};
    return (size_t)comparison < 4 ? texts[comparison] : "?";
}

/* Percent of a base: toward zero, but never to zero (docs/rules.md, "Step scaling"). */
static int64_t percent_of(int64_t base, int64_t percent)
{
    int64_t raw = base * percent; /* hundredths */
    if (raw == 0) return 0;
    int64_t whole = raw / 100;
    if (whole == 0) return raw > 0 ? 1 : -1;
    return whole;
}

int64_t asg_policy_adjust(const struct asg_policy_config *config, int64_t base,
                          int64_t adjustment)
{
    assert(config->adjustment_type == ASG_ADJUSTMENT_PERCENT ||
           config->min_magnitude == 0);
    if (config->adjustment_type == ASG_ADJUSTMENT_EXACT) return adjustment;
    if (adjustment == 0) return base;
    if (config->adjustment_type == ASG_ADJUSTMENT_CHANGE) return base + adjustment;
    int64_t amount = percent_of(base, adjustment);
    int64_t least = (int64_t)config->min_magnitude;
    assert(least >= 0);
    if (amount > -least && amount < least) amount = adjustment > 0 ? least : -least;
    return base + amount;
}

bool asg_policy_rings(const struct asg_policy_config *config,
                      struct asg_policy_state *state,
                      const struct asg_policy_input *input, int64_t *ret_milli)
{
    bool has_breached = false;
    if (asg_policy_has_data(input)) {
        *ret_milli = asg_policy_value(config, input->metric);
        has_breached =
            asg_policy_is_breaching(config, *ret_milli, config->threshold_milli);
    }
    if (!has_breached) {
        state->breaches = 0;
        return false;
    }
    if (state->breaches < config->periods) state->breaches++;
    assert(state->breaches <= config->periods);
    return state->breaches == config->periods;
}
