/* policy_step - the further from the threshold, the larger the step
 * (docs/rules.md, "Step scaling"). */
#include "core/want/policy_family.h"

#include <assert.h>
#include <inttypes.h>

#include "core/values/number.h"

/* Above the threshold: lower <= d < upper; below it: lower < d <= upper; at it, by the
 * alarm's own direction. */
static bool is_in_step(const struct asg_policy_config *config,
                       const struct asg_step *step, int64_t distance)
{
    assert(step->has_lower || step->has_upper);
    bool is_upper_form =
        distance > 0 ||
        (distance == 0 && (config->comparison == ASG_COMPARISON_GREATER_OR_EQUAL ||
                           config->comparison == ASG_COMPARISON_GREATER));
    if (is_upper_form) {
        return (!step->has_lower || distance >= step->lower_milli) &&
               (!step->has_upper || distance < step->upper_milli);
    }
    return (!step->has_lower || distance > step->lower_milli) &&
           (!step->has_upper || distance <= step->upper_milli);
}

/* Which way a step goes says the step itself: while a scale-in is held, more are warm
 * than desired, and a tenth less than those is no scale-out. */
static bool is_way_in(const struct asg_policy_config *config,
                      const struct asg_policy_input *input, int64_t adjustment)
{
    bool is_exact = config->adjustment_type == ASG_ADJUSTMENT_EXACT;
    return is_exact ? adjustment < input->desired : adjustment < 0;
}

/* Out from what is warm, so that the same step twice is one activity; in from what is
 * desired. */
static int64_t wanted_by(const struct asg_policy_config *config,
                         const struct asg_policy_input *input, int64_t adjustment)
{
    assert(input->desired >= 0 && input->warm >= 0);
    if (adjustment == 0 && config->adjustment_type != ASG_ADJUSTMENT_EXACT) {
        return input->desired;
    }
    if (is_way_in(config, input, adjustment)) {
        return asg_policy_adjust(config, input->desired, adjustment);
    }
    int64_t wanted = asg_policy_adjust(config, input->warm, adjustment);
    return wanted > input->desired ? wanted : input->desired;
}

static const struct asg_step *find_step(const struct asg_policy_config *config,
                                        int64_t distance)
{
    assert(config->step_count <= ASG_STEPS_MAX);
    for (size_t i = 0; i < config->step_count; i++) {
        if (is_in_step(config, &config->steps[i], distance)) return &config->steps[i];
    }
    return NULL;
}

static const char *unit_of(const struct asg_policy_config *config)
{
    return config->adjustment_type == ASG_ADJUSTMENT_PERCENT ? " %" : "";
}

const char *asg_policy_step_stays(const struct asg_policy_config *config,
                                  const struct asg_policy_input *input,
                                  int64_t value_milli, int64_t threshold_milli,
                                  struct asg_arena *arena)
{
    assert(config->kind == ASG_POLICY_STEP);
    const struct asg_step *step = find_step(config, value_milli - threshold_milli);
    if (step == NULL) {
        char value[ASG_NUMBER_TEXT_MAX];
        char threshold[ASG_NUMBER_TEXT_MAX];
        return asg_arena_format(
            arena, "no step matches %s %s %s with the threshold %s",
            asg_enum_word(&asg_metric_name_words, (int)config->metric),
            asg_enum_word(&asg_statistic_words, (int)config->statistic),
            asg_number_metric(config->metric, value_milli, value),
            asg_number_metric(config->metric, threshold_milli, threshold));
    }
    bool is_in = is_way_in(config, input, step->adjustment);
    if (is_in && input->warming > 0) {
        return asg_arena_format(arena,
                                "step of %+" PRId64 "%s waits until no instance is "
                                "warming up (warming up: %" PRId64 ")",
                                step->adjustment, unit_of(config), input->warming);
    }
    return asg_arena_format(arena,
                            "step of %+" PRId64 "%s wants no %s than %" PRId64
                            " (warm: %" PRId64 ", warming up: %" PRId64 ")",
                            step->adjustment, unit_of(config), is_in ? "fewer" : "more",
                            input->desired, input->warm, input->warming);
}

void asg_policy_propose_step(const struct asg_policy_config *config,
                             const struct asg_policy_input *input, int64_t value_milli,
                             int64_t threshold_milli, struct asg_arena *arena,
                             struct asg_proposal *ret)
{
    assert(config->kind == ASG_POLICY_STEP);
    assert(config->step_count <= ASG_STEPS_MAX);
    const struct asg_step *step = find_step(config, value_milli - threshold_milli);
    if (step == NULL) return;
    bool is_in = is_way_in(config, input, step->adjustment);
    int64_t wanted = wanted_by(config, input, step->adjustment);
    if (is_in && input->warming > 0) {
        asg_policy_wait(ret, wanted, ASG_HOLD_WARMING, input->warm_ms, input->warming);
        return;
    }
    if (wanted == input->desired) {
        ret->direction = ASG_DIRECTION_KEEP;
        return;
    }
    ret->direction = wanted > input->desired ? ASG_DIRECTION_OUT : ASG_DIRECTION_IN;
    assert(is_in == (ret->direction == ASG_DIRECTION_IN)); /* as the step itself says */
    ret->wanted = wanted;
    char value[ASG_NUMBER_TEXT_MAX];
    char threshold[ASG_NUMBER_TEXT_MAX];
    ret->text =
        asg_arena_format(arena,
                         "%s %s %s, alarm %s %s: step of %+" PRId64 "%s wants %" PRId64
                         " (has %" PRId64 ")",
                         asg_enum_word(&asg_metric_name_words, (int)config->metric),
                         asg_enum_word(&asg_statistic_words, (int)config->statistic),
                         asg_number_metric(config->metric, value_milli, value),
                         asg_policy_comparison_text(config->comparison),
                         asg_number_metric(config->metric, threshold_milli, threshold),
                         step->adjustment, unit_of(config), wanted, input->desired);
}

void asg_policy_step(const struct asg_policy_config *config,
                     struct asg_policy_state *state, const struct asg_policy_input *input,
                     struct asg_arena *arena, struct asg_proposal *ret)
{
    int64_t value_milli = 0;
    bool rings = asg_policy_rings(config, state, input, &value_milli);
    if (!rings) return;
    asg_policy_propose_step(config, input, value_milli, config->threshold_milli, arena,
                            ret);
    if (asg_policy_is_too_soon(config, input, ret)) {
        asg_policy_wait(ret, ret->wanted, ASG_HOLD_UNDER_WAY, 0, 0);
    }
}
