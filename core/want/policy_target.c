/* policy_target - target tracking: keep a metric at its target (docs/rules.md, "Target
 * tracking").
 *
 *   wanted = ceil(capacity x metric / target)
 *
 * of those that are warm, or of all in service. Out when the metric was above
 * scale_out_permille of the target for scale_out_periods in a row, by the mean of those
 * periods; far above it, after one. In when it stayed below scale_in_permille of the
 * target for scale_in_periods and all through the stabilisation window, to the highest
 * recommendation of that window. */
#include "core/want/policy_family.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/values/number.h"

static int64_t share_of_target(const struct asg_policy_config *config, uint32_t permille)
{
    assert(permille > 0);
    return config->target_milli * (int64_t)permille / 1000;
}

/* How many shared the load of this period. Those that warm take their part of it, though
 * nobody measures them; of who came or went within the period only those had a part in
 * the mean that were measured. */
static int64_t sharing(const struct asg_policy_config *config,
                       const struct asg_policy_state *state,
                       const struct asg_policy_input *input)
{
    assert(input->warm >= 0 && input->serving >= 0);
    if (!config->counts_warming || state->serving == 0) return input->warm;
    int64_t least = state->serving < input->serving ? state->serving : input->serving;
    return least > input->warm ? least : input->warm;
}

static int64_t wanted_for(const struct asg_policy_config *config,
                          const struct asg_policy_input *input, int64_t capacity,
                          int64_t value_milli)
{
    assert(capacity >= 0);
    assert(config->target_milli > 0);
    if (input->warm == 0) {
        /* The formula says nothing of an empty group: a metric above 0 asks for one. */
        return value_milli > 0 ? (input->min > 1 ? input->min : 1) : input->desired;
    }
    if (value_milli <= 0) return 0;
    return asg_number_ceil_share(capacity, value_milli, config->target_milli);
}

static bool is_saturated(const struct asg_policy_config *config, int64_t value_milli)
{
    return config->saturation_milli > 0 && value_milli >= config->saturation_milli;
}

/* A saturated metric ends where the instances do: the load may be far above it. */
static int64_t with_saturation(const struct asg_policy_config *config, int64_t wanted,
                               int64_t value_milli)
{
    assert(wanted >= 0);
    if (!is_saturated(config, value_milli)) return wanted;
    assert(config->saturation_factor_milli >= 1000); /* it is never less */
    return asg_number_ceil_share(wanted, config->saturation_factor_milli, 1000);
}

static int64_t at_least_0(int64_t value)
{
    return value > 0 ? value : 0;
}

static void note_period(struct asg_policy_state *state,
                        const struct asg_policy_config *config,
                        const struct asg_policy_input *input, int64_t capacity,
                        int64_t value_milli)
{
    assert(config->scale_out_periods > 0 &&
           config->scale_out_periods <= ASG_POLICY_PERIODS_MAX);
    /* More than one too many only after the policy was given fewer periods. */
    if (state->period_count >= config->scale_out_periods) {
        uint32_t old = state->period_count - config->scale_out_periods + 1;
        state->period_count -= old;
        memmove(state->periods, state->periods + old,
                state->period_count * sizeof state->periods[0]);
    }
    struct asg_policy_period period = {.sum_milli = input->metric->sum_milli,
                                       .count = input->metric->count};
    if (config->counts_warming) {
        period = (struct asg_policy_period){
            .sum_milli = asg_number_ceil_share(capacity, at_least_0(value_milli), 1),
            .count = capacity};
    } else if (config->statistic != ASG_STATISTIC_MEAN) {
        period = (struct asg_policy_period){.sum_milli = value_milli, .count = 1};
    }
    assert(state->period_count < config->scale_out_periods);
    state->periods[state->period_count++] = period;
}

static struct asg_policy_period sum_of_periods(const struct asg_policy_state *state)
{
    assert(state->period_count > 0);
    struct asg_policy_period all = {0};
    for (uint32_t i = 0; i < state->period_count; i++) {
        all.sum_milli = asg_number_add(all.sum_milli, state->periods[i].sum_milli);
        all.count += state->periods[i].count;
    }
    assert(all.count >= 0);
    return all;
}

/* By the mean of the periods; *ret_milli is that of one instance. */
static int64_t wanted_by_periods(const struct asg_policy_config *config,
                                 const struct asg_policy_state *state,
                                 const struct asg_policy_input *input, int64_t *ret_milli)
{
    const struct asg_policy_period all = sum_of_periods(state);
    *ret_milli = all.count > 0 ? all.sum_milli / all.count : 0;
    int64_t wanted = 0;
    if (config->counts_warming && input->warm > 0 &&
        config->target_milli <= INT64_MAX / ASG_POLICY_PERIODS_MAX) {
        /* the load changes by the period, and so do those that share it */
        wanted = asg_number_ceil_share(1, all.sum_milli,
                                       config->target_milli * state->period_count);
    } else {
        wanted = wanted_for(config, input, input->warm, *ret_milli);
    }
    return with_saturation(config, wanted, *ret_milli);
}

/* Keep the falling peaks of the window: the front is its highest recommendation. */
static void note_peak(struct asg_policy_state *state, int64_t now_ms, int64_t wanted)
{
    while (state->peak_count > 0 &&
           state->peaks[state->peak_count - 1].wanted <= wanted) {
        state->peak_count--;
    }
    if (state->peak_count == ASG_POLICY_PEAKS_MAX) {
        /* Merge the last two: the higher stays longer, which errs on the safe side. */
        state->peak_count--;
        state->peaks[state->peak_count - 1].time_ms =
            state->peaks[state->peak_count].time_ms;
    }
    assert(state->peak_count == 0 ||
           state->peaks[state->peak_count - 1].wanted > wanted); /* they fall */
    assert(state->peak_count < ASG_POLICY_PEAKS_MAX);
    state->peaks[state->peak_count++] =
        (struct asg_policy_peak){.time_ms = now_ms, .wanted = wanted};
}

/* A peak is of the period that ended at its time, so one of from_ms lies before it. The
 * last one always stays. */
static void drop_old_peaks(struct asg_policy_state *state, int64_t from_ms)
{
    uint32_t old = 0;
    while (old + 1 < state->peak_count && state->peaks[old].time_ms <= from_ms) {
        old++;
    }
    assert(old < state->peak_count || state->peak_count == 0); /* the last stays */
    if (old == 0) return;
    memmove(state->peaks, state->peaks + old,
            (state->peak_count - old) * sizeof state->peaks[0]);
    state->peak_count -= old;
}

static void forget_low(struct asg_policy_state *state)
{
    state->below_since_ms = 0;
    state->lows = 0;
    state->peak_count = 0;
}

static const char *say(const struct asg_policy_config *config,
                       const struct asg_policy_input *input, int64_t capacity,
                       int64_t value_milli, int64_t span_ms, int64_t wanted,
                       struct asg_arena *arena)
{
    assert(span_ms >= 0);
    char value[ASG_NUMBER_TEXT_MAX];
    char target[ASG_NUMBER_TEXT_MAX];
    char span[ASG_NUMBER_TEXT_MAX];
    const char *text = asg_arena_format(
        arena, "%s %s %s over %s, target %s: wants %" PRId64 " (has %" PRId64 ")",
        asg_enum_word(&asg_metric_name_words, (int)config->metric),
        asg_enum_word(&asg_statistic_words, (int)config->statistic),
        asg_number_metric(config->metric, value_milli, value),
        asg_number_duration(span_ms, span),
        asg_number_metric(config->metric, config->target_milli, target), wanted,
        input->desired);
    if (capacity == input->warm) return text;
    return asg_arena_format(
        arena, "%s\nfor the load of %" PRId64 " in service, %" PRId64 " of them warm",
        text, capacity, input->warm);
}

/* So far that one period says it. */
static bool is_far_above(const struct asg_policy_config *config, int64_t value_milli)
{
    uint32_t permille = config->scale_out_far_permille;
    assert(permille == 0 || permille >= 1000);
    return permille > 0 && value_milli > share_of_target(config, permille);
}

static void evaluate_high(const struct asg_policy_config *config,
                          struct asg_policy_state *state,
                          const struct asg_policy_input *input, int64_t capacity,
                          int64_t value_milli, struct asg_arena *arena,
                          struct asg_proposal *ret)
{
    if (state->breaches < config->scale_out_periods) state->breaches++;
    note_period(state, config, input, capacity, value_milli);
    bool is_far = is_far_above(config, value_milli);
    bool rings = state->breaches >= config->scale_out_periods;
    if (!is_far && !rings) return;
    int64_t shown_milli = value_milli;
    int64_t span_ms = input->evaluation_ms;
    int64_t wanted = input->desired;
    if (is_far) {
        wanted = with_saturation(config, wanted_for(config, input, capacity, value_milli),
                                 value_milli);
    }
    if (rings) {
        assert(state->period_count <= config->scale_out_periods);
        int64_t mean_milli = 0;
        int64_t by_mean = wanted_by_periods(config, state, input, &mean_milli);
        if (by_mean > wanted) {
            wanted = by_mean;
            shown_milli = mean_milli;
            span_ms *= state->period_count;
        }
    }
    if (wanted <= input->desired) { /* what was asked for is on its way */
        ret->direction = ASG_DIRECTION_KEEP;
        return;
    }
    asg_policy_regret(config, state);
    ret->direction = ASG_DIRECTION_OUT;
    ret->wanted = wanted;
    ret->text = say(config, input, capacity, shown_milli, span_ms, wanted, arena);
    if (!is_saturated(config, shown_milli)) return;
    char saturation[ASG_NUMBER_TEXT_MAX];
    char factor[ASG_NUMBER_TEXT_MAX];
    ret->text = asg_arena_format(
        arena, "%s\nsaturated from %s on: %s times the proportional capacity", ret->text,
        asg_number_metric(config->metric, config->saturation_milli, saturation),
        asg_number_milli(config->saturation_factor_milli, factor));
}

/* What this period alone asks for, should it have to wait: for who warms up, for the
 * window, or for the highest recommendation of that to be over. */
static void wait_low(const struct asg_policy_config *config,
                     const struct asg_policy_state *state,
                     const struct asg_policy_input *input, struct asg_proposal *ret)
{
    assert(state->peak_count > 0); /* this period's is the last */
    int64_t wanted = state->peaks[state->peak_count - 1].wanted;
    if (wanted < input->min) wanted = input->min;
    if (wanted >= input->desired) return;
    if (input->warming > 0) {
        asg_policy_wait(ret, wanted, ASG_HOLD_WARMING, input->warm_ms, input->warming);
        return;
    }
    int64_t window_ms = asg_policy_window_ms(config, state);
    int64_t until_ms = state->below_since_ms + window_ms;
    int64_t lows_ms = input->now_ms + (int64_t)(config->scale_in_periods - state->lows) *
                                          input->evaluation_ms;
    int64_t highest = state->peaks[0].wanted;
    assert(state->lows <= config->scale_in_periods && window_ms >= 0);
    bool is_long_low = until_ms <= input->now_ms;
    if (is_long_low && highest >= input->desired) {
        until_ms = state->peaks[0].time_ms + window_ms;
    }
    if (lows_ms > until_ms) until_ms = lows_ms;
    asg_policy_wait(ret, wanted, ASG_HOLD_STABILISATION, until_ms, 0);
}

static void evaluate_low(const struct asg_policy_config *config,
                         struct asg_policy_state *state,
                         const struct asg_policy_input *input, int64_t capacity,
                         int64_t value_milli, struct asg_arena *arena,
                         struct asg_proposal *ret)
{
    int64_t window_ms = asg_policy_window_ms(config, state);
    int64_t from_ms = input->now_ms - window_ms;
    if (state->below_since_ms == 0) {
        state->below_since_ms = input->now_ms - input->evaluation_ms;
    }
    if (state->lows < config->scale_in_periods) state->lows++;
    note_peak(state, input->now_ms, wanted_for(config, input, capacity, value_milli));
    drop_old_peaks(state, from_ms);
    wait_low(config, state, input, ret);
    if (state->lows < config->scale_in_periods) return;
    if (state->below_since_ms > from_ms || input->warming > 0) return;
    assert(state->peak_count > 0); /* this period's at least, which is the last */
    assert(state->peaks[state->peak_count - 1].time_ms == input->now_ms);
    int64_t wanted = state->peaks[0].wanted;
    if (wanted < input->min) wanted = input->min;
    if (wanted >= input->desired) return;
    ret->hold.is_on = false; /* it waits no more */
    ret->direction = ASG_DIRECTION_IN;
    ret->wanted = wanted;
    char low[ASG_NUMBER_TEXT_MAX];
    char span[ASG_NUMBER_TEXT_MAX];
    int64_t low_milli = share_of_target(config, config->scale_in_permille);
    ret->text = asg_arena_format(
        arena, "%s\nbelow %s for %s, highest recommendation in that window %" PRId64,
        say(config, input, capacity, value_milli, input->evaluation_ms, wanted, arena),
        asg_number_metric(config->metric, low_milli, low),
        asg_number_duration(input->now_ms - state->below_since_ms, span),
        state->peaks[0].wanted);
    if (window_ms == config->stabilisation_ms) return;
    char longer[ASG_NUMBER_TEXT_MAX];
    ret->text = asg_arena_format(
        arena, "%s\nwaited %s, not %s: the previous scale-in was soon reversed",
        ret->text, asg_number_duration(window_ms, longer),
        asg_number_duration(config->stabilisation_ms, span));
}

static void evaluate(const struct asg_policy_config *config,
                     struct asg_policy_state *state, const struct asg_policy_input *input,
                     struct asg_arena *arena, struct asg_proposal *ret)
{
    assert(config->target_milli > 0);
    if (!asg_policy_has_data(input)) {
        state->breaches = 0;
        state->period_count = 0;
        forget_low(state);
        if (input->serving > 0 && input->warming == 0) {
            asg_policy_wait(ret, input->desired, ASG_HOLD_NO_METRICS, 0, 0);
        }
        ret->direction = ASG_DIRECTION_NOT_READY;
        return;
    }
    int64_t value_milli = asg_policy_value(config, input->metric);
    int64_t capacity = sharing(config, state, input);
    int64_t low_milli = share_of_target(config, config->scale_in_permille);
    if (value_milli > share_of_target(config, config->scale_out_permille)) {
        forget_low(state);
        evaluate_high(config, state, input, capacity, value_milli, arena, ret);
        return;
    }
    state->breaches = 0;
    state->period_count = 0;
    if (value_milli >= low_milli || config->disable_scale_in) {
        forget_low(state);
        return;
    }
    evaluate_low(config, state, input, capacity, value_milli, arena, ret);
}

void asg_policy_target(const struct asg_policy_config *config,
                       struct asg_policy_state *state,
                       const struct asg_policy_input *input, struct asg_arena *arena,
                       struct asg_proposal *ret)
{
    assert(config->kind == ASG_POLICY_TARGET_TRACKING);
    asg_policy_watch_desired(config, state, input);
    evaluate(config, state, input, arena, ret);
    assert(input->serving >= 0 && input->serving <= UINT32_MAX);
    state->serving = (uint32_t)input->serving;
}
