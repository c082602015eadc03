/* prop_policy - for random policies and loads: more load never wants fewer instances,
 * a proposal means what its direction says, and a policy whose state was saved and
 * loaded between any two periods goes on as the one that never stopped. */
#include "core/saved/policy_fields.h"
#include "core/want/policy.h"
#include "lib/check.h"
#include "lib/seed.h"

#define ROUNDS    3000
#define PERIODS   80
#define PERIOD_MS 5000

static struct asg_arena arena;
static struct asg_step steps[ASG_STEPS_MAX];

static int64_t between(struct seed *seed, int64_t low, int64_t high)
{
    return low + (int64_t)seed_below(seed, (uint64_t)(high - low + 1));
}

/* Steps upward from the threshold whose adjustments never fall. */
static void rising_steps(struct seed *seed, struct asg_policy_config *config)
{
    config->steps = steps;
    config->step_count = (size_t)between(seed, 1, ASG_STEPS_MAX);
    int64_t at_milli = 0;
    int64_t adjustment = 0;
    for (size_t i = 0; i < config->step_count; i++) {
        adjustment += between(seed, 0, 5);
        steps[i] = (struct asg_step){.has_lower = true,
                                     .has_upper = i + 1 < config->step_count,
                                     .lower_milli = at_milli,
                                     .adjustment = adjustment};
        at_milli += between(seed, 1, 10000);
        steps[i].upper_milli = at_milli;
    }
}

static struct asg_policy_config any_policy(struct seed *seed)
{
    struct asg_policy_config config = {
        .group = "web",
        .name = "p",
        .kind = (enum asg_policy_kind)seed_below(seed, ASG_POLICY_COUNT),
        .metric = ASG_METRIC_NAME_CPU,
        .statistic = (enum asg_statistic)seed_below(seed, ASG_STATISTIC_COUNT),
        .target_milli = between(seed, 1, 90000),
        .disable_scale_in = seed_below(seed, 4) == 0,
        .scale_in_permille = (uint32_t)between(seed, 1, 1000),
        .scale_out_periods = (uint32_t)between(seed, 1, 6),
        .scale_out_permille = (uint32_t)between(seed, 1000, 1500),
        .scale_in_periods = (uint32_t)between(seed, 1, 20),
        .saturation_factor_milli = between(seed, 1000, 3000),
        .counts_warming = seed_below(seed, 2) == 0,
        .patience = (uint32_t)between(seed, 1, 8),
        .scale_out_far_permille =
            seed_below(seed, 2) == 0 ? 0 : (uint32_t)between(seed, 1500, 2500),
        .stabilisation_ms = between(seed, 0, 40) * PERIOD_MS,
        .comparison = seed_below(seed, 2) == 0 ? ASG_COMPARISON_GREATER
                                               : ASG_COMPARISON_GREATER_OR_EQUAL,
        .has_threshold = true,
        .threshold_milli = between(seed, 1, 90000),
        .periods = (uint32_t)between(seed, 1, 4),
        .adjustment_type =
            seed_below(seed, 2) == 0 ? ASG_ADJUSTMENT_CHANGE : ASG_ADJUSTMENT_PERCENT,
        .adjustment = between(seed, 0, 60),
    };
    if (config.adjustment_type == ASG_ADJUSTMENT_PERCENT) {
        config.min_magnitude = (uint32_t)between(seed, 0, 4);
    }
    if (config.statistic != ASG_STATISTIC_HIGHEST) {
        config.saturation_milli = between(seed, 0, 100000);
    }
    if (config.kind == ASG_POLICY_STEP) rising_steps(seed, &config);
    struct asg_error error = {""};
    if (asg_policy_validate(&config, &error) != ASG_OK) fail_msg("%s", error.text);
    return config;
}

static struct asg_policy_input any_input(struct seed *seed)
{
    int64_t warm = between(seed, 1, 300);
    int64_t warming = seed_below(seed, 3) == 0 ? between(seed, 1, 20) : 0;
    return (struct asg_policy_input){
        .now_ms = between(seed, PERIOD_MS, INT64_C(1) << 41),
        .evaluation_ms = PERIOD_MS,
        .desired = warm + warming,
        .min = between(seed, 0, 3),
        .max = 1000,
        .warm = warm,
        .serving = warm + between(seed, 0, warming),
        .warming = warming,
        .is_cooling = seed_below(seed, 8) == 0,
    };
}

static struct asg_group_metric metric_of(int64_t low, int64_t high)
{
    return (struct asg_group_metric){.metric = ASG_METRIC_NAME_CPU,
                                     .members = 2,
                                     .count = 2,
                                     .sum_milli = low + high,
                                     .min_milli = low,
                                     .max_milli = high};
}

/* A load that tends to stay on one side, so that windows fill. */
static int64_t any_load(struct seed *seed, const struct asg_policy_config *config)
{
    int64_t about = config->kind == ASG_POLICY_TARGET_TRACKING ? config->target_milli
                                                               : config->threshold_milli;
    switch (seed_below(seed, 24)) {
    case 0: return between(seed, 0, 200000);
    case 1: return about;
    case 2: return 0;
    default: break;
    }
    return seed_below(seed, 8) < 5 ? between(seed, 0, about / 2)
                                   : between(seed, about, about * 2);
}

static void check_meaning(const struct asg_policy_config *config,
                          const struct asg_policy_input *input,
                          const struct asg_proposal *proposal)
{
    bool is_change = proposal->direction == ASG_DIRECTION_OUT ||
                     proposal->direction == ASG_DIRECTION_IN;
    assert_int_equal(is_change, proposal->text[0] != '\0');
    if (proposal->direction == ASG_DIRECTION_OUT) {
        assert_true(proposal->wanted > input->desired);
    } else if (proposal->direction == ASG_DIRECTION_IN) {
        assert_true(proposal->wanted < input->desired);
        assert_int_equal(config->kind, ASG_POLICY_TARGET_TRACKING);
        assert_false(config->disable_scale_in);
        assert_int_equal(input->warming, 0);
        assert_true(proposal->wanted >= input->min);
    } else {
        assert_int_equal(proposal->wanted, input->desired);
    }
}

static void test_policy_more_load_never_wants_fewer(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_policy");
    int changes = 0;
    for (int round = 0; round < ROUNDS; round++) {
        asg_arena_reset(&arena);
        struct asg_policy_config config = any_policy(&seed);
        struct asg_policy_input input = any_input(&seed);
        struct asg_policy_state less = {0};
        struct asg_policy_state more = {0};
        for (int i = 0; i < PERIODS; i++) {
            input.now_ms += PERIOD_MS;
            int64_t low = any_load(&seed, &config);
            int64_t high = low + between(&seed, 0, 5000);
            int64_t extra = seed_below(&seed, 3) == 0 ? between(&seed, 0, 50000) : 0;
            struct asg_group_metric metric = metric_of(low, high);
            struct asg_group_metric heavier = metric_of(low + extra, high + extra);
            struct asg_proposal a;
            struct asg_proposal b;
            input.metric = &metric;
            asg_policy_evaluate(&config, &less, &input, &arena, &a);
            input.metric = &heavier;
            asg_policy_evaluate(&config, &more, &input, &arena, &b);
            check_meaning(&config, &input, &a);
            check_meaning(&config, &input, &b);
            if (b.wanted < a.wanted)
                fail_msg("kind %d period %d: more wants %" PRId64
                         " '%s', less wants %" PRId64 " '%s'",
                         (int)config.kind, i, b.wanted, b.text, a.wanted, a.text);
            changes += a.wanted != input.desired;
        }
    }
    assert_true(changes > ROUNDS); /* it did see proposals */
}

static void reload(struct asg_policy_state *policy_state)
{
    struct asg_bytes bytes = {0};
    struct asg_fields save = {.out = &bytes};
    asg_policy_state_fields(&save, policy_state);
    struct asg_policy_state loaded = {0};
    struct asg_fields load = {
        .begin = bytes.data, .at = bytes.data, .end = bytes.data + bytes.length};
    asg_policy_state_fields(&load, &loaded);
    assert_false(load.is_bad);
    assert_ptr_equal(load.at, load.end);
    *policy_state = loaded;
    asg_bytes_clear(&bytes);
}

static void test_policy_goes_on_alike_after_a_restart(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_policy");
    for (int round = 0; round < ROUNDS; round++) {
        asg_arena_reset(&arena);
        struct asg_policy_config config = any_policy(&seed);
        struct asg_policy_input input = any_input(&seed);
        struct asg_policy_state steady = {0};
        struct asg_policy_state restarted = {0};
        for (int i = 0; i < PERIODS; i++) {
            input.now_ms += PERIOD_MS;
            int64_t low = any_load(&seed, &config);
            struct asg_group_metric metric = metric_of(low, low);
            if (seed_below(&seed, 30) == 0) metric.count = 0;
            input.metric = &metric;
            struct asg_proposal a;
            struct asg_proposal b;
            asg_policy_evaluate(&config, &steady, &input, &arena, &a);
            if (seed_below(&seed, 6) == 0) reload(&restarted);
            asg_policy_evaluate(&config, &restarted, &input, &arena, &b);
            assert_int_equal(a.direction, b.direction);
            assert_int_equal(a.wanted, b.wanted);
            assert_string_equal(a.text, b.text);
        }
    }
    asg_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_more_load_never_wants_fewer),
        cmocka_unit_test(test_policy_goes_on_alike_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
