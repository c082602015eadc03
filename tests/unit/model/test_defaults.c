/* test_defaults - what nobody said, and the fields that an update names. */
#include "model/defaults.h"

#include <string.h>

#include "lib/check.h"
#include "model/group.h"
#include "model/schemas.h"

/* It is the group's for ever, or has orders of its own. */
static bool stays(const char *field)
{
    return strcmp(field, "name") == 0 || strcmp(field, "uuid") == 0 ||
           strcmp(field, "collected_metrics") == 0 || strcmp(field, "sources") == 0;
}

static void test_every_field_of_a_group_but_these_can_be_updated(void **state)
{
    (void)state;
    uint64_t seen = 0;
    for (size_t i = 0; i < asg_group_config_schema.field_count; i++) {
        const struct asg_field *field = &asg_group_config_schema.fields[i];
        if (stays(field->name)) {
            assert_int_equal(field->update_bit, 0);
            continue;
        }
        assert_in_range(field->update_bit, 1, ASG_GROUP_FIELD_COUNT);
        seen |= UINT64_C(1) << (field->update_bit - 1);
    }
    assert_true(seen == (UINT64_C(1) << ASG_GROUP_FIELD_COUNT) - 1);
}

static void test_an_update_takes_what_it_names_and_nothing_else(void **state)
{
    (void)state;
    struct asg_group_config config;
    asg_model_set_defaults(&asg_group_config_schema, &config);
    config.min = 1;
    struct asg_subnet subnets[] = {{.subnet_id = "subnet-1", .zone = "a"}};
    const struct asg_group_config from = {.min = 2,
                                          .max = 9,
                                          .subnets = subnets,
                                          .subnet_count = 1,
                                          .template_version = "7"};
    uint64_t bits = UINT64_C(1) << ASG_GROUP_MAX | UINT64_C(1) << ASG_GROUP_SUBNETS;
    asg_model_update(&asg_group_config_schema, &config, &from, bits);
    assert_int_equal(config.min, 1);
    assert_int_equal(config.max, 9);
    assert_int_equal(config.subnet_count, 1);
    assert_string_equal(config.subnets[0].subnet_id, "subnet-1");
    assert_string_equal(config.template_version, "$Default");
}

static void test_zero_is_the_default_only_where_it_cannot_be_meant(void **state)
{
    (void)state;
    struct asg_group_config config = {.template_version = "", .warmup_ms = 0};
    asg_model_fill_unset(&asg_group_config_schema, &config);
    assert_int_equal(config.evaluation_ms, 5000);
    assert_int_equal(config.terminated_percent, 25);
    assert_string_equal(config.template_version, "$Default");
    assert_int_equal(config.warmup_ms, 0);
    assert_int_equal(config.cooldown_ms, 0);
}

static void test_present_fields_become_update_bits(void **state)
{
    (void)state;
    uint64_t present = 0;
    for (size_t i = 0; i < asg_group_config_schema.field_count; i++) {
        const char *name = asg_group_config_schema.fields[i].name;
        if (strcmp(name, "name") == 0 || strcmp(name, "template_id") == 0) {
            present |= UINT64_C(1) << i;
        }
    }
    assert_true(asg_model_update_bits(&asg_group_config_schema, present) ==
                UINT64_C(1) << ASG_GROUP_TEMPLATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_of_a_group_but_these_can_be_updated),
        cmocka_unit_test(test_an_update_takes_what_it_names_and_nothing_else),
        cmocka_unit_test(test_zero_is_the_default_only_where_it_cannot_be_meant),
        cmocka_unit_test(test_present_fields_become_update_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
