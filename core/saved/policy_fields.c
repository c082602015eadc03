#include "core/saved/policy_fields.h"

#include <assert.h>

static void hold_fields(struct asg_fields *fields, struct policy_hold *hold)
{
    int reason = (int)hold->reason;
    assert(asg_fields_is_loading(fields) || hold->reason < ASG_HOLD_COUNT);
    asg_fields_bool(fields, &hold->is_on);
    asg_fields_enum(fields, &reason, ASG_HOLD_COUNT);
    hold->reason = (enum asg_hold_reason)reason;
    if (!hold->is_on) return;
    asg_fields_i64(fields, &hold->until_ms);
    asg_fields_u32(fields, &hold->count);
    asg_fields_i64(fields, &hold->wanted);
}

static void holds_fields(struct asg_fields *fields, struct asg_policy_state *state)
{
    assert(asg_fields_is_loading(fields) || state->said < ASG_HOLD_COUNT);
    asg_fields_bool(fields, &state->has_said);
    if (state->has_said) {
        int said = (int)state->said;
        asg_fields_enum(fields, &said, ASG_HOLD_COUNT);
        state->said = (enum asg_hold_reason)said;
    }
    hold_fields(fields, &state->hold);
    hold_fields(fields, &state->shown);
    asg_fields_i64(fields, &state->off_ms);
}

void asg_policy_state_fields(struct asg_fields *fields, struct asg_policy_state *state)
{
    assert(asg_fields_is_loading(fields) ||
           state->period_count <= ASG_POLICY_PERIODS_MAX);
    assert(asg_fields_is_loading(fields) || state->peak_count <= ASG_POLICY_PEAKS_MAX);
    holds_fields(fields, state);
    asg_fields_u32(fields, &state->breaches);
    asg_fields_u32(fields, &state->period_count);
    if (state->period_count > ASG_POLICY_PERIODS_MAX) {
        asg_fields_refuse(fields, "a policy remembers more periods than it can");
        state->period_count = 0;
    }
    for (uint32_t i = 0; i < state->period_count; i++) {
        asg_fields_i64(fields, &state->periods[i].sum_milli);
        asg_fields_i64(fields, &state->periods[i].count);
    }
    asg_fields_u32(fields, &state->serving);
    asg_fields_u32(fields, &state->lows);
    asg_fields_i64(fields, &state->below_since_ms);
    asg_fields_i64(fields, &state->window_ms);
    asg_fields_i64(fields, &state->fell_ms);
    asg_fields_i64(fields, &state->desired);
    asg_fields_u32(fields, &state->peak_count);
    if (state->peak_count > ASG_POLICY_PEAKS_MAX) {
        asg_fields_refuse(fields, "a policy remembers more peaks than it can");
        state->peak_count = 0;
    }
    for (uint32_t i = 0; i < state->peak_count; i++) {
        asg_fields_i64(fields, &state->peaks[i].time_ms);
        asg_fields_i64(fields, &state->peaks[i].wanted);
    }
}
