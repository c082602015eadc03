#include "core/want/policy.h"

#include <assert.h>
#include <inttypes.h>

#include "core/want/policy_family.h"

void asg_policy_evaluate(const struct asg_policy_config *config,
                         struct asg_policy_state *state,
                         const struct asg_policy_input *input, struct asg_arena *arena,
                         struct asg_proposal *ret)
{
    assert(config->kind < ASG_POLICY_COUNT);
    assert(input->warm >= 0 && input->warming >= 0);
    *ret = (struct asg_proposal){
        .direction = ASG_DIRECTION_NONE, .wanted = input->desired, .text = ""};
    bool is_tracking = config->kind == ASG_POLICY_TARGET_TRACKING;
    if (!is_tracking && !config->has_threshold) return; /* it has no alarm */
    switch (config->kind) {
    case ASG_POLICY_TARGET_TRACKING:
        asg_policy_target(config, state, input, arena, ret);
        break;
    case ASG_POLICY_STEP: asg_policy_step(config, state, input, arena, ret); break;
    case ASG_POLICY_SIMPLE: asg_policy_simple(config, state, input, arena, ret); break;
    case ASG_POLICY_COUNT: break;
    }
}

void asg_policy_execute(const struct asg_policy_config *config,
                        const struct asg_policy_input *input, int64_t value_milli,
                        int64_t threshold_milli, struct asg_arena *arena,
                        struct asg_proposal *ret)
{
    assert(config->kind != ASG_POLICY_TARGET_TRACKING); /* it has no adjustment */
    assert(input->warm >= 0);
    *ret = (struct asg_proposal){.wanted = input->desired, .text = ""};
    if (config->kind == ASG_POLICY_STEP) {
        asg_policy_propose_step(config, input, value_milli, threshold_milli, arena, ret);
        if (ret->wanted == input->desired) {
            ret->text =
                asg_policy_step_stays(config, input, value_milli, threshold_milli, arena);
        }
    } else if (config->kind == ASG_POLICY_SIMPLE) {
        asg_policy_propose_simple(config, input, value_milli, threshold_milli, arena,
                                  ret);
        if (ret->wanted == input->desired) {
            ret->text =
                asg_arena_format(arena, "its adjustment wants %" PRId64, input->desired);
        }
    }
}

/* ---- validation ---- */

#define VALUE_MAX (INT64_C(1) << 50)

/* Only CPU has a ceiling; its highest value is one instance's, which says nothing of the
 * others. */
static enum asg_status validate_saturation(const struct asg_policy_config *config,
                                           struct asg_error *error)
{
    assert(config->kind == ASG_POLICY_TARGET_TRACKING);
    if (config->saturation_milli < 0 || config->saturation_milli > 100000) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the saturation of policy %s must be 0 (none) to 100 %%",
                        config->name);
    }
    if (config->saturation_factor_milli < 1000 ||
        config->saturation_factor_milli > 10000) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the saturation factor of policy %s must be 1 to 10",
                        config->name);
    }
    bool has_ceiling = config->metric == ASG_METRIC_NAME_CPU &&
                       config->statistic != ASG_STATISTIC_HIGHEST;
    if (config->saturation_milli > 0 && !has_ceiling) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "policy %s cannot have a saturation: only the mean or lowest cpu "
                        "has a ceiling",
                        config->name);
    }
    return ASG_OK;
}

static enum asg_status validate_target(const struct asg_policy_config *config,
                                       struct asg_error *error)
{
    assert(config->kind == ASG_POLICY_TARGET_TRACKING);
    if (config->target_milli <= 0 || config->target_milli > VALUE_MAX) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "the target of policy %s must be above 0, for example 50 for 50 %%",
            config->name);
    }
    if (config->scale_in_permille == 0 || config->scale_in_permille > 1000) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scale_in_permille of policy %s is %" PRIu32
                        "; it must be 1 to 1000 (900: scale in below nine tenths of the "
                        "target)",
                        config->name, config->scale_in_permille);
    }
    if (config->scale_out_periods == 0 ||
        config->scale_out_periods > ASG_POLICY_PERIODS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scale_out_periods of policy %s is %" PRIu32
                        "; it must be 1 to %d",
                        config->name, config->scale_out_periods, ASG_POLICY_PERIODS_MAX);
    }
    if (config->scale_out_permille < 1000 || config->scale_out_permille > 10000) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scale_out_permille of policy %s is %" PRIu32
                        "; it must be 1000 to 10000 (1100: scale out above 1.1 times the "
                        "target)",
                        config->name, config->scale_out_permille);
    }
    bool is_far_sane = config->scale_out_far_permille == 0 ||
                       (config->scale_out_far_permille >= config->scale_out_permille &&
                        config->scale_out_far_permille <= 10000);
    if (!is_far_sane) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "scale_out_far_permille of policy %s is %" PRIu32
            "; it must be its scale_out_permille (%" PRIu32 ") to 10000, or 0 for never",
            config->name, config->scale_out_far_permille, config->scale_out_permille);
    }
    if (config->scale_in_periods == 0 ||
        config->scale_in_periods > ASG_POLICY_PERIODS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "scale_in_periods of policy %s is %" PRIu32
                        "; it must be 1 to %d",
                        config->name, config->scale_in_periods, ASG_POLICY_PERIODS_MAX);
    }
    if (config->stabilisation_ms < 0 || config->stabilisation_ms > INT64_C(86400000)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the stabilisation window of policy %s must be 0 s to 24 h",
                        config->name);
    }
    if (config->patience == 0 || config->patience > ASG_POLICY_PATIENCE_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the patience of policy %s is %" PRIu32
                        "; it must be 1 (none) to %d times its stabilisation window",
                        config->name, config->patience, ASG_POLICY_PATIENCE_MAX);
    }
    return validate_saturation(config, error);
}

static enum asg_status validate_alarm(const struct asg_policy_config *config,
                                      struct asg_error *error)
{
    assert(config->kind != ASG_POLICY_TARGET_TRACKING);
    if (config->periods == 0 || config->periods > ASG_POLICY_PERIODS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "periods of policy %s is %" PRIu32 "; it must be 1 to %d",
                        config->name, config->periods, ASG_POLICY_PERIODS_MAX);
    }
    if (config->threshold_milli > VALUE_MAX || config->threshold_milli < -VALUE_MAX) {
        return asg_fail(error, ASG_ERR_INVALID, "the threshold of policy %s is too large",
                        config->name);
    }
    if (config->min_magnitude > 0 && config->adjustment_type != ASG_ADJUSTMENT_PERCENT) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "min_magnitude of policy %s goes only with "
                        "percent-change-in-capacity",
                        config->name);
    }
    return ASG_OK;
}

static bool is_adjustment_sane(const struct asg_policy_config *config, int64_t adjustment)
{
    bool is_exact = config->adjustment_type == ASG_ADJUSTMENT_EXACT;
    return adjustment <= ASG_GROUP_CAPACITY_MAX &&
           adjustment >= (is_exact ? 0 : -ASG_GROUP_CAPACITY_MAX);
}

/* One step alone, by its place in the list the user wrote. */
static enum asg_status validate_step(const struct asg_policy_config *config, size_t i,
                                     struct asg_error *error)
{
    assert(i < config->step_count);
    const struct asg_step *step = &config->steps[i];
    if (!is_adjustment_sane(config, step->adjustment)) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "step %zu of policy %s adjusts by %" PRId64 "; it must be %s%d to %d", i + 1,
            config->name, step->adjustment,
            config->adjustment_type == ASG_ADJUSTMENT_EXACT ? "" : "-",
            config->adjustment_type == ASG_ADJUSTMENT_EXACT ? 0 : ASG_GROUP_CAPACITY_MAX,
            ASG_GROUP_CAPACITY_MAX);
    }
    if (!step->has_lower && !step->has_upper) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "step %zu of policy %s has neither lower nor upper bound: give "
                        "one of them (lower 0: from the threshold up)",
                        i + 1, config->name);
    }
    if (step->has_lower && step->has_upper && step->lower_milli >= step->upper_milli) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "step %zu of policy %s: its lower bound is not below its upper",
                        i + 1, config->name);
    }
    if ((step->has_lower &&
         (step->lower_milli > VALUE_MAX || step->lower_milli < -VALUE_MAX)) ||
        (step->has_upper &&
         (step->upper_milli > VALUE_MAX || step->upper_milli < -VALUE_MAX))) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "step %zu of policy %s: a bound is too large", i + 1,
                        config->name);
    }
    return ASG_OK;
}

static bool is_below(const struct asg_step *a, const struct asg_step *b)
{
    if (!a->has_lower || !b->has_lower) return !a->has_lower && b->has_lower;
    return a->lower_milli < b->lower_milli;
}

/* Their numbers in rising order of the lower bound. */
static void sort_steps(const struct asg_policy_config *config, size_t ret[ASG_STEPS_MAX])
{
    assert(config->step_count <= ASG_STEPS_MAX);
    for (size_t i = 0; i < config->step_count; i++) {
        size_t at = i;
        for (; at > 0 && is_below(&config->steps[i], &config->steps[ret[at - 1]]); at--) {
            ret[at] = ret[at - 1];
        }
        ret[at] = i;
    }
}

/* In rising order they must touch each other without gap or overlap; only the outermost
 * may be open. */
static enum asg_status validate_steps(const struct asg_policy_config *config,
                                      struct asg_error *error)
{
    assert(config->kind == ASG_POLICY_STEP);
    if (config->step_count == 0 || config->step_count > ASG_STEPS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "policy %s has %zu steps; a step policy has 1 to %d",
                        config->name, config->step_count, ASG_STEPS_MAX);
    }
    for (size_t i = 0; i < config->step_count; i++) {
        enum asg_status status = validate_step(config, i, error);
        if (status != ASG_OK) return status;
    }
    size_t order[ASG_STEPS_MAX];
    sort_steps(config, order);
    for (size_t i = 1; i < config->step_count; i++) {
        const struct asg_step *before = &config->steps[order[i - 1]];
        const struct asg_step *step = &config->steps[order[i]];
        if (!before->has_upper || !step->has_lower ||
            before->upper_milli != step->lower_milli) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "steps %zu and %zu of policy %s leave a gap or overlap: each "
                            "must begin where another ends",
                            order[i - 1] + 1, order[i] + 1, config->name);
        }
    }
    assert(!is_below(&config->steps[order[config->step_count - 1]],
                     &config->steps[order[0]])); /* in order */
    const struct asg_step *first = &config->steps[order[0]];
    const struct asg_step *last = &config->steps[order[config->step_count - 1]];
    if ((first->has_lower && first->lower_milli < 0) ||
        (last->has_upper && last->upper_milli > 0)) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "policy %s: a first step below the threshold needs no lower bound, "
            "a last step above it no upper bound",
            config->name);
    }
    return ASG_OK;
}

/* As many seconds as the API's integers say: a moment so far ahead is still a number. */
static bool is_pause(int64_t ms)
{
    assert(ASG_UNSET < 0);
    return ms >= ASG_UNSET && ms <= INT64_C(1000) * INT32_MAX;
}

enum asg_status asg_policy_validate(const struct asg_policy_config *config,
                                    struct asg_error *error)
{
    assert(config->kind < ASG_POLICY_COUNT);
    if (!is_pause(config->cooldown_ms) || !is_pause(config->warmup_ms)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "cooldown and warm-up of policy %s must be 0 s to %d s",
                        config->name, INT32_MAX);
    }
    if (config->warmup_otherwise_ms < 0 ||
        config->warmup_otherwise_ms > INT64_C(86400000)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the warm-up of policy %s where nothing else is said must be 0 s "
                        "(the group's cooldown) to 24 h",
                        config->name);
    }
    if (config->scale_in_at_once_percent > 100 ||
        config->scale_in_ten_minutes_percent > 100) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the scale-in allowance of policy %s must be 1 to 100 %% at the "
                        "same time and in ten minutes, or 0 for the group's",
                        config->name);
    }
    if (config->kind == ASG_POLICY_TARGET_TRACKING) return validate_target(config, error);
    enum asg_status status = validate_alarm(config, error);
    if (status != ASG_OK) return status;
    if (config->kind == ASG_POLICY_STEP) return validate_steps(config, error);
    if (!is_adjustment_sane(config, config->adjustment)) {
        return asg_fail(error, ASG_ERR_INVALID, "policy %s adjusts by %" PRId64,
                        config->name, config->adjustment);
    }
    return ASG_OK;
}
