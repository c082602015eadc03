/* policy_fixture - one policy, its state and one period's numbers, for the three
 * families' tests. */
#ifndef ASG_TESTS_POLICY_FIXTURE_H
#define ASG_TESTS_POLICY_FIXTURE_H

#include "core/want/policy.h"
#include "lib/check.h"

#define PERIOD_MS 5000

struct policy_fixture {
    struct asg_policy_config config;
    struct asg_policy_state state;
    struct asg_group_metric metric;
    struct asg_policy_input input;
    struct asg_arena arena;
    struct asg_proposal proposal;
};

/* A group of `capacity` warm instances and nothing warming, 0 to 1000 allowed. */
static inline void fixture_init(struct policy_fixture *f, enum asg_policy_kind kind,
                                int64_t capacity)
{
    *f = (struct policy_fixture){
        .config = {.group = "web",
                   .name = "p",
                   .kind = kind,
                   .metric = ASG_METRIC_NAME_CPU,
                   .statistic = ASG_STATISTIC_MEAN,
                   .target_milli = 50000,
                   .scale_in_permille = 900,
                   .scale_out_permille = 1000,
                   .scale_in_periods = 1,
                   .patience = 1,
                   .saturation_factor_milli = 1000,
                   .scale_out_periods = 3,
                   .stabilisation_ms = 300000,
                   .comparison = ASG_COMPARISON_GREATER_OR_EQUAL,
                   .has_threshold = true,
                   .threshold_milli = 60000,
                   .periods = 1,
                   .cooldown_ms = ASG_UNSET,
                   .warmup_ms = ASG_UNSET},
        .input = {.now_ms = 1000000,
                  .evaluation_ms = PERIOD_MS,
                  .desired = capacity,
                  .max = 1000,
                  .warm = capacity,
                  .serving = capacity},
    };
}

/* One period in which every warm instance measured `value_milli`; a negative value:
 * nobody reported. */
static inline enum asg_direction fixture_period(struct policy_fixture *f,
                                                int64_t value_milli)
{
    uint32_t count = f->input.warm > 0 ? (uint32_t)f->input.warm : 1;
    f->metric = (struct asg_group_metric){.metric = f->config.metric,
                                          .members = count,
                                          .count = count,
                                          .sum_milli = value_milli * count,
                                          .min_milli = value_milli,
                                          .max_milli = value_milli};
    if (value_milli < 0) f->metric.count = 0;
    f->input.metric = &f->metric;
    f->input.now_ms += PERIOD_MS;
    asg_policy_evaluate(&f->config, &f->state, &f->input, &f->arena, &f->proposal);
    return f->proposal.direction;
}

static inline enum asg_direction fixture_periods(struct policy_fixture *f, int count,
                                                 int64_t value_milli)
{
    for (int i = 0; i < count - 1; i++) {
        assert_int_equal(fixture_period(f, value_milli), ASG_DIRECTION_NONE);
    }
    return fixture_period(f, value_milli);
}

#endif
