#include "text/parse.h"

#include "lib/check.h"
#include "model/schemas.h"

struct fixture {
    struct asg_arena arena;
    struct asg_error error;
    struct asg_policy_config policy;
    uint64_t present;
};

static int set_up(void **state)
{
    struct fixture *fixture = asg_alloc(1, sizeof *fixture);
    fixture->policy.periods = 3; /* a default that the text may leave alone */
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    asg_arena_clear(&fixture->arena);
    free(fixture);
    return 0;
}

static enum asg_status parse(struct fixture *fixture, const char *text)
{
    return asg_parse_text(&asg_policy_config_schema, "p.yaml", text, strlen(text),
                          &fixture->arena, &fixture->policy, &fixture->present,
                          &fixture->error);
}

static void refuses(struct fixture *fixture, const char *text, const char *words)
{
    assert_status(ASG_ERR_INVALID, parse(fixture, text));
    if (strstr(fixture->error.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", fixture->error.text, words);
    }
}

static uint64_t bit_of(const char *name)
{
    const struct asg_field *field = asg_schema_find(&asg_policy_config_schema, name);
    assert_non_null(field);
    return UINT64_C(1) << (field - asg_policy_config_schema.fields);
}

static void test_parse_reads_a_policy_with_its_steps(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_OK, parse(fixture, "group: web\n"
                                         "name: out\n"
                                         "kind: step\n"
                                         "metric: cpu\n"
                                         "statistic: highest\n"
                                         "disabled: yes\n"
                                         "threshold: 70.5\n"
                                         "cooldown: 5m\n"
                                         "warmup_ms: 1500\n"
                                         "adjustment-type: percent-change-in-capacity\n"
                                         "steps:\n"
                                         "- {lower: 0, upper: 10, adjustment: 20}\n"
                                         "- lower_milli: 10000\n"
                                         "  adjustment: -50\n"));
    const struct asg_policy_config *policy = &fixture->policy;
    assert_string_equal("web", policy->group);
    assert_int_equal(ASG_POLICY_STEP, policy->kind);
    assert_int_equal(ASG_STATISTIC_HIGHEST, policy->statistic);
    assert_true(policy->is_disabled);
    assert_int_equal(70500, policy->threshold_milli);
    assert_int_equal(300000, policy->cooldown_ms);
    assert_int_equal(1500, policy->warmup_ms);
    assert_int_equal(ASG_ADJUSTMENT_PERCENT, policy->adjustment_type);
    assert_int_equal(2, policy->step_count);
    assert_true(policy->steps[0].has_lower && policy->steps[0].has_upper);
    assert_int_equal(10000, policy->steps[0].upper_milli);
    assert_true(policy->steps[1].has_lower);
    assert_false(policy->steps[1].has_upper);
    assert_int_equal(-50, policy->steps[1].adjustment);
}

static void test_parse_tells_which_fields_were_there(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_OK,
                  parse(fixture, "{\"name\": \"a\", \"target\": 50, \"steps\": []}"));
    assert_int_equal(bit_of("name") | bit_of("target_milli") | bit_of("steps"),
                     fixture->present);
    assert_int_equal(50000, fixture->policy.target_milli);
    assert_int_equal(3, fixture->policy.periods);
}

static void test_parse_takes_null_for_left_out(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_OK, parse(fixture, "name: a\nperiods: null\n"));
    assert_int_equal(3, fixture->policy.periods);
    assert_int_equal(bit_of("name"), fixture->present);
}

static void test_parse_says_where_and_what_to_write(void **state)
{
    struct fixture *fixture = *state;
    refuses(fixture, "name: a\ntargett: 5\n",
            "p.yaml:2: unknown field \"targett\"; did you mean \"target\"?");
    refuses(
        fixture, "steps:\n- lower: 1\n- lower: 2\n  adjustmnt: 1\n",
        "p.yaml:4: unknown field \"steps[1].adjustmnt\"; did you mean \"adjustment\"?");
    refuses(fixture, "steps:\n- {}\n- adjustment: x\n",
            "p.yaml:3: steps[1].adjustment cannot be \"x\": write a whole number");
    refuses(fixture, "cooldown: 300\n", "write a number with its unit");
    refuses(fixture, "kind: steps\n", "write one of target-tracking, step, simple");
    refuses(fixture, "periods: -1\n", "write a whole number of at least 0");
    refuses(fixture, "periods: 4294967296\n", "write a whole number of at least 0");
    refuses(fixture, "target: 1.2345\n", "at most three decimals");
    refuses(fixture, "is_disabled: 1\n", "write true or false");
    refuses(fixture, "steps: 5\n", "write a list of maps");
    refuses(fixture, "steps: [5]\n", "steps[0]: write \"field: value\" lines");
    refuses(fixture, "name: [a]\n", "name: write one value, not a list");
    refuses(fixture, "target: 1\ntarget_milli: 2\n", "a second time");
    refuses(fixture, "- a\n", "write \"field: value\" lines");
    refuses(fixture, "zzzzzz: a\n", "there are: group, name");
}

static void test_parse_reads_moments_lists_and_texts(void **state)
{
    struct fixture *fixture = *state;
    struct asg_schedule_config schedule = {0};
    const char *text =
        "start: 2026-11-23T14:36:49Z\nmin: 3\nrecurrence: \"0 9 * * 1-5\"\n";
    assert_status(ASG_OK,
                  asg_parse_text(&asg_schedule_config_schema, "s", text, strlen(text),
                                 &fixture->arena, &schedule, NULL, &fixture->error));
    assert_int_equal(INT64_C(1795444609000), schedule.start_ms);
    assert_string_equal("0 9 * * 1-5", schedule.recurrence);

    struct asg_group_config group = {0};
    text = "instance_types: t3.micro, t3.small\ntermination_policies: [default]\n"
           "subnets: [{zone: us-east-1a}]\ntags: [{key: a, value: b}]\n";
    assert_status(ASG_OK,
                  asg_parse_text(&asg_group_config_schema, "g", text, strlen(text),
                                 &fixture->arena, &group, NULL, &fixture->error));
    assert_int_equal(2, group.instance_types.count);
    assert_string_equal("t3.small", group.instance_types.items[1]);
    assert_string_equal("us-east-1a", group.subnets[0].zone);
    assert_string_equal("b", group.tags[0].value);
}

static void test_parse_refuses_a_zero_that_would_mean_the_default(void **state)
{
    struct fixture *fixture = *state;
    refuses(fixture, "periods: 0\n", "periods cannot be \"0\": write a value above 0");
    refuses(fixture, "saturation_factor: 0\n", "write a value above 0, or leave it out");
    assert_status(ASG_OK, parse(fixture, "periods: 1\nstabilisation: 0s\n"));
}

static void test_parse_reads_what_may_be_left_out(void **state)
{
    struct fixture *fixture = *state;
    fixture->policy.cooldown_ms = 5;
    assert_status(ASG_OK, parse(fixture, "cooldown: unset\n"));
    assert_int_equal(ASG_UNSET, fixture->policy.cooldown_ms);
    refuses(fixture, "target: unset\n", "decimals");
    const char *text = "mixed: {on_demand_base: 2}\ncollected_metrics: [GroupMaxSize, "
                       "GroupMinSize]\nwarmup: unset\n";
    struct asg_group_config group = {0};
    assert_status(ASG_OK,
                  asg_parse_text(&asg_group_config_schema, "g.yaml", text, strlen(text),
                                 &fixture->arena, &group, NULL, &fixture->error));
    assert_int_equal(2, group.mixed->on_demand_base);
    assert_int_equal(100, group.mixed->on_demand_percent); /* of its table */
    assert_int_equal(3, group.collected_metrics);
    uint64_t present = 0;
    text = "mixed: none\n";
    assert_status(ASG_OK,
                  asg_parse_text(&asg_group_config_schema, "g.yaml", text, strlen(text),
                                 &fixture->arena, &group, &present, &fixture->error));
    assert_null(group.mixed);
    assert_int_not_equal(0, present);
}

static void test_yaml_documents_come_in_order_without_the_empty_ones(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "# a comment\n---\na: 1\n---\n---\n- b\n--- # nothing\n";
    struct asg_yaml_node *root = NULL;
    assert_status(ASG_OK,
                  asg_yaml_parse_documents("d.yaml", text, strlen(text), &fixture->arena,
                                           &root, &fixture->error));
    assert_int_equal(ASG_YAML_MAP, root->kind);
    assert_int_equal(3, root->line);
    assert_int_equal(ASG_YAML_LIST, root->next->kind);
    assert_null(root->next->next);
    text = "{\"a\": \"\\ud83d\\udc1f \\\\ud83d\"}";
    assert_status(ASG_OK,
                  asg_yaml_parse_documents("d.json", text, strlen(text), &fixture->arena,
                                           &root, &fixture->error));
    assert_string_equal("\xf0\x9f\x90\x9f \\ud83d", root->first->text);
    text = "a: 1\n---\na: {\n";
    assert_status(ASG_ERR_INVALID,
                  asg_yaml_parse_documents("d.yaml", text, strlen(text), &fixture->arena,
                                           &root, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "d.yaml:4"));
}

static void test_yaml_names_the_tab(void **state)
{
    struct fixture *fixture = *state;
    const char *const texts[] = {"group:\n\tname: x\n", "group:\n  \tname: x\n",
                                 "\tgroup: 1\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct asg_yaml_node *root = NULL;
        assert_status(ASG_ERR_INVALID,
                      asg_yaml_parse_documents("t.yaml", texts[i], strlen(texts[i]),
                                               &fixture->arena, &root, &fixture->error));
        assert_non_null(strstr(fixture->error.text, "a tab cannot indent in YAML"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_parse_reads_a_policy_with_its_steps),
        TEST(test_parse_tells_which_fields_were_there),
        TEST(test_parse_takes_null_for_left_out),
        TEST(test_parse_says_where_and_what_to_write),
        TEST(test_parse_reads_moments_lists_and_texts),
        TEST(test_parse_reads_what_may_be_left_out),
        TEST(test_parse_refuses_a_zero_that_would_mean_the_default),
        TEST(test_yaml_documents_come_in_order_without_the_empty_ones),
        TEST(test_yaml_names_the_tab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
