/* test_presets - a preset fills what nobody said, and nothing else. */
#include "model/presets.h"

#include "lib/check.h"
#include "model/defaults.h"
#include "model/schemas.h"

static struct asg_policy_config of_preset(enum asg_preset preset)
{
    struct asg_policy_config config;
    asg_model_set_defaults(&asg_policy_config_schema, &config);
    config.preset = preset;
    return config;
}

static uint64_t bit_of(const char *name)
{
    const struct asg_field *field = asg_schema_find(&asg_policy_config_schema, name);
    assert_non_null(field);
    return UINT64_C(1) << (field - asg_policy_config_schema.fields);
}

static void test_a_preset_fills_what_nobody_said(void **state)
{
    (void)state;
    struct asg_policy_config config = of_preset(ASG_PRESET_CALM);
    config.target_milli = 50000;
    config.warmup_ms = 7000;
    asg_preset_fill(&config, bit_of("target_milli") | bit_of("warmup_ms"));
    assert_int_equal(config.scale_in_permille, 750);
    assert_int_equal(config.scale_out_periods, 4);
    assert_int_equal(config.stabilisation_ms, 600000);
    assert_int_equal(config.scale_in_at_once_percent, 25);
    assert_int_equal(config.scale_in_ten_minutes_percent, 50);
    assert_int_equal(config.target_milli, 50000);
    assert_int_equal(config.warmup_ms, 7000);
    assert_int_equal(config.preset, ASG_PRESET_CALM);
}

static void test_what_was_said_wins_also_when_it_is_zero(void **state)
{
    (void)state;
    struct asg_policy_config config = of_preset(ASG_PRESET_QUICK);
    config.stabilisation_ms = 0;
    config.saturation_milli = 0;
    config.scale_in_permille = 500;
    asg_preset_fill(&config, bit_of("stabilisation_ms") | bit_of("saturation_milli") |
                                 bit_of("scale_in_permille"));
    assert_int_equal(config.stabilisation_ms, 0);
    assert_int_equal(config.saturation_milli, 0);
    assert_int_equal(config.scale_in_permille, 500);
    assert_int_equal(config.scale_out_periods, 3);
}

static void test_aws_is_the_rule_of_ec2_auto_scaling(void **state)
{
    (void)state;
    struct asg_policy_config config = of_preset(ASG_PRESET_AWS);
    asg_preset_fill(&config, 0);
    assert_int_equal(config.scale_out_permille, 1000);
    assert_int_equal(config.scale_out_periods, 3);
    assert_int_equal(config.scale_in_permille, 900);
    assert_int_equal(config.scale_in_periods, 15);
    assert_int_equal(config.stabilisation_ms, 0);
    assert_int_equal(config.saturation_milli, 0);
    assert_int_equal(config.scale_in_at_once_percent, 100); /* it paces nothing */
    assert_int_equal(config.scale_in_ten_minutes_percent, 100);
    assert_int_equal(config.warmup_ms, ASG_UNSET); /* the group's, else its cooldown */
}

static void test_only_cpu_that_is_no_maximum_saturates(void **state)
{
    (void)state;
    struct asg_policy_config config = of_preset(ASG_PRESET_QUICK);
    asg_preset_fill(&config, 0);
    assert_true(config.saturation_milli > 0);
    config.statistic = ASG_STATISTIC_HIGHEST;
    asg_preset_fill(&config, 0);
    assert_int_equal(config.saturation_milli, 0);
    config.statistic = ASG_STATISTIC_MEAN;
    config.metric = ASG_METRIC_NAME_MEMORY;
    asg_preset_fill(&config, 0);
    assert_int_equal(config.saturation_milli, 0);
}

static void test_what_is_far_is_never_nearer_than_the_tolerance(void **state)
{
    (void)state;
    for (int preset = 0; preset < ASG_PRESET_COUNT; preset++) {
        struct asg_policy_config config = of_preset((enum asg_preset)preset);
        config.scale_out_permille = 9000;
        asg_preset_fill(&config, bit_of("scale_out_permille"));
        assert_int_equal(config.scale_out_far_permille, 0);
        config.scale_out_far_permille = 9500;
        asg_preset_fill(&config,
                        bit_of("scale_out_permille") | bit_of("scale_out_far_permille"));
        assert_int_equal(config.scale_out_far_permille, 9500);
    }
}

static void test_a_tag_names_a_preset(void **state)
{
    (void)state;
    assert_int_equal(asg_preset_of_tag("calm"), ASG_PRESET_CALM);
    assert_int_equal(asg_preset_of_tag("default"), ASG_PRESET_DEFAULT);
    assert_int_equal(asg_preset_of_tag("Calm"), -1);
    assert_int_equal(asg_preset_of_tag(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_preset_fills_what_nobody_said),
        cmocka_unit_test(test_what_was_said_wins_also_when_it_is_zero),
        cmocka_unit_test(test_aws_is_the_rule_of_ec2_auto_scaling),
        cmocka_unit_test(test_only_cpu_that_is_no_maximum_saturates),
        cmocka_unit_test(test_what_is_far_is_never_nearer_than_the_tolerance),
        cmocka_unit_test(test_a_tag_names_a_preset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
