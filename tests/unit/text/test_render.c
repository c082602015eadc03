#include "base/utf8.h"
#include "text/render.h"

#include "lib/check.h"
#include "model/defaults.h"
#include "model/schemas.h"
#include "text/parse.h"

static struct asg_step steps[] = {
    {.has_lower = true, .lower_milli = 0, .adjustment = 1},
    {.has_lower = true, .has_upper = true, .lower_milli = -5000, .adjustment = -2},
};
static const struct asg_policy_config policies[] = {
    {.group = "web",
     .name = "cpu: \"50\"",
     .kind = ASG_POLICY_STEP,
     .metric = ASG_METRIC_NAME_CPU,
     .target_milli = 82500,
     .stabilisation_ms = 300000,
     .cooldown_ms = ASG_UNSET,
     .warmup_ms = 1500,
     .steps = steps,
     .step_count = 2},
    {.group = "db", .name = "true", .adjustment = INT64_MIN, .periods = UINT32_MAX},
};

static const struct asg_render_column columns[] = {
    {"NAME", "name", NULL, false},
    {"KIND", "kind", NULL, false},
    {"TARGET", "target_milli", NULL, false},
    {"COOLDOWN", "cooldown_ms", NULL, false},
    {"STABLE", "stabilisation_ms", NULL, false},
    {"STEPS", "steps", NULL, false},
};

static const struct asg_table_look plain_look;

/* The first `count` of items that stand one behind the other. */
static struct asg_items items_of(const struct asg_schema *schema, const void *items,
                                 size_t count)
{
    static const void *addresses[4];
    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++)
        addresses[i] = (const char *)items + i * schema->size;
    return (struct asg_items){addresses, count};
}

static void render(const struct asg_schema *schema, const void *items, size_t count,
                   const struct asg_render_column *shown, size_t column_count,
                   struct asg_bytes *text)
{
    struct asg_items list = items_of(schema, items, count);
    assert_int_equal(
        0, asg_render_table(schema, &list, shown, column_count, &plain_look, text, NULL));
}

static void test_render_table_lines_up_numbers_to_the_right(void **state)
{
    (void)state;
    struct asg_bytes text = {0};
    render(&asg_policy_config_schema, policies, 2, columns, 6, &text);
    assert_string_equal("NAME       KIND             TARGET  COOLDOWN  STABLE  STEPS\n"
                        "cpu: \"50\"  step               82.5         -      5m      2\n"
                        "true       target-tracking       0        0s      0s      0\n",
                        asg_bytes_text(&text));
    asg_bytes_clear(&text);
}

static void test_render_table_goes_on_below_where_the_terminal_is_too_narrow(void **state)
{
    (void)state;
    static const struct asg_render_column some[] = {
        {"GROUP", "group", NULL, 0},
        {"KIND", "kind", NULL, ASG_COLUMN_WIDE},
        {"METRIC", "metric", NULL, ASG_COLUMN_WIDE},
        {"NAME", "name", NULL, 0},
    };
    const struct asg_policy_config policy = {
        .group = "web", .name = "one two three four five six seven eight nine"};
    struct asg_items list = items_of(&asg_policy_config_schema, &policy, 1);
    struct asg_table_look look = {.width = 40};
    struct asg_bytes text = {0};
    struct asg_bytes left_out = {0};
    assert_int_equal(2, asg_render_table(&asg_policy_config_schema, &list, some, 4, &look,
                                         &text, &left_out));
    assert_string_equal("METRIC, KIND", asg_bytes_text(&left_out));
    assert_string_equal("GROUP  NAME\n"
                        "web    one two three four five six seven\n"
                        "       eight nine\n",
                        asg_bytes_text(&text));
    asg_bytes_reset(&text);
    look.is_one_line = true;
    assert_int_equal(2, asg_render_table(&asg_policy_config_schema, &list, some, 4, &look,
                                         &text, NULL));
    assert_string_equal("GROUP  NAME\n"
                        "web    one two three four five six seven eight nine\n",
                        asg_bytes_text(&text));
    look.is_one_line = false;
    asg_bytes_reset(&text);
    look.width = 16; /* no room for it at all: whole, and the terminal breaks it */
    assert_int_equal(2, asg_render_table(&asg_policy_config_schema, &list, some, 4, &look,
                                         &text, NULL));
    assert_non_null(
        strstr(asg_bytes_text(&text), "web    one two three four five six s"));
    asg_bytes_reset(&text);
    look.width = 120;
    assert_int_equal(0, asg_render_table(&asg_policy_config_schema, &list, some, 4, &look,
                                         &text, NULL));
    assert_non_null(
        strstr(asg_bytes_text(&text), "GROUP  KIND             METRIC  NAME"));
    asg_bytes_clear(&text);
    asg_bytes_clear(&left_out);
}

static void test_render_record_has_a_line_an_alarm(void **state)
{
    (void)state;
    const char *alarms[] = {"dead jobs: 5", "one\033[31m"};
    const struct asg_status_view view = {.alarms = {alarms, 2}};
    static const struct asg_render_column rows[] = {
        {"log head", "log_head", NULL, 0}, {"alarms", "alarms", NULL, ASG_COLUMN_ALARM}};
    struct asg_bytes text = {0};
    asg_render_record(&asg_status_view_schema, &view, rows, 2, &plain_look, &text);
    assert_string_equal("log head: 0\n"
                        "alarms:   dead jobs: 5\n"
                        "          one\\u001b[31m\n",
                        asg_bytes_text(&text));
    asg_bytes_clear(&text);
}

static void test_render_table_has_colour_only_where_it_is_wanted(void **state)
{
    (void)state;
    static const struct asg_render_column some[] = {
        {"GROUP", "group", NULL, ASG_COLUMN_NOTE},
        {"NAME", "name", NULL, ASG_COLUMN_STATE},
    };
    const struct asg_policy_config two[] = {{.group = "web", .name = "pending:wait"},
                                            {.group = "", .name = "other"}};
    struct asg_items list = items_of(&asg_policy_config_schema, two, 2);
    const struct asg_table_look look = {.is_coloured = true, .has_no_titles = true};
    struct asg_bytes text = {0};
    (void)asg_render_table(&asg_policy_config_schema, &list, some, 2, &look, &text, NULL);
    assert_string_equal("\033[33mweb\033[0m  \033[33mpending:wait\033[0m\n"
                        "-    other\n",
                        asg_bytes_text(&text));
    asg_bytes_clear(&text);
}

static void test_render_shown_has_times_as_text_words_and_nulls(void **state)
{
    (void)state;
    struct asg_group_config config = {.name = "web", .warmup_ms = ASG_UNSET};
    const struct asg_group_view view = {
        .config = &config, .suspended = 33, .created_ms = INT64_C(1795444609123)};
    struct asg_bytes text = {0};
    asg_render_shown(&asg_group_view_schema, &view, ASG_RENDER_JSON_LINE, &text);
    const char *json = asg_bytes_text(&text);
    assert_non_null(strstr(json, "\"suspended\":[\"launch\",\"health-check\"],"));
    assert_non_null(strstr(json, "\"created_ms\":1795444609123,"
                                 "\"created_at\":\"2026-11-23T14:36:49.123Z\""));
    assert_non_null(strstr(json, "\"warmup_ms\":null,"));
    asg_bytes_reset(&text); /* and what is read back has none of it */
    asg_render_json(&asg_group_view_schema, &view, true, &text);
    json = asg_bytes_text(&text);
    assert_non_null(strstr(json, "\"suspended\":33,"));
    assert_non_null(strstr(json, "\"warmup_ms\":-1,"));
    assert_null(strstr(json, "created_at"));
    asg_bytes_reset(&text);
    const struct asg_instance_view instance = {.cpu_milli = -1};
    asg_render_shown(&asg_instance_view_schema, &instance, ASG_RENDER_JSON_LINE, &text);
    json = asg_bytes_text(&text);
    assert_non_null(strstr(json, "\"cpu_milli\":null,"));
    assert_non_null(strstr(json, "\"job_id\":null,"));
    assert_non_null(strstr(json, "\"launched_ms\":null,\"launched_at\":null,"));
    asg_bytes_reset(&text);
    struct asg_items list = items_of(&asg_instance_view_schema, &instance, 1);
    asg_render_csv(&asg_instance_view_schema, &list, /* has_titles */ false, &text);
    assert_null(strstr(asg_bytes_text(&text), "-1"));
    asg_bytes_clear(&text);
}

static void test_render_table_shows_nothing_that_a_terminal_obeys(void **state)
{
    (void)state;
    static const struct asg_policy_config evil = {.group = "web",
                                                  .name = "\xc2\x9b"
                                                          "31m\x1b\n\x7f\xc3\xbc"};
    struct asg_bytes text = {0};
    render(&asg_policy_config_schema, &evil, 1, columns, 1, &text);
    assert_string_equal("NAME\n\\u009b31m\\u001b \\u007f\xc3\xbc\n",
                        asg_bytes_text(&text));
    asg_bytes_reset(&text);
    static const struct asg_render_column row = {"name", "name", NULL, false};
    asg_render_record(&asg_policy_config_schema, &evil, &row, 1, &plain_look, &text);
    assert_string_equal("name: \\u009b31m\\u001b \\u007f\xc3\xbc\n",
                        asg_bytes_text(&text));
    asg_bytes_clear(&text);
}

static void test_render_escapes_controls_in_every_form(void **state)
{
    (void)state;
    /* RIGHT-TO-LEFT OVERRIDE, CSI, ESC, and a line end, which is text. */
    static const struct asg_policy_config evil = {
        .group = "web", .name = "a\xe2\x80\xae\xc2\x9b\x1b[2J\"\n\xc3\xbc"};
    struct asg_bytes text = {0};
    struct asg_items list = items_of(&asg_policy_config_schema, &evil, 1);
    asg_render_csv(&asg_policy_config_schema, &list, true, &text);
    assert_non_null(
        strstr(asg_bytes_text(&text), "\"a\\u202e\\u009b\\u001b[2J\"\"\n\xc3\xbc\""));
    asg_bytes_reset(&text);
    asg_render_json(&asg_policy_config_schema, &evil, /* is_compact */ true, &text);
    assert_non_null(
        strstr(asg_bytes_text(&text), "\"a\\u202e\\u009b\\u001b[2J\\\"\\n\xc3\xbc\""));
    asg_bytes_reset(&text);
    asg_render_yaml(&asg_policy_config_schema, &evil, &text);
    assert_int_equal(0, asg_utf8_find_control(asg_bytes_text(&text), true));
    assert_non_null(strstr(asg_bytes_text(&text), "name: \"a\\u202e"));
    asg_bytes_clear(&text);
}

static void test_render_shows_when_it_was_first_and_last(void **state)
{
    (void)state;
    static const struct asg_render_column when[] = {{"FIRST", "first_ms", NULL, false},
                                                    {"LAST", "last_ms", NULL, false}};
    const struct asg_refusal refusal = {.first_ms = INT64_C(1795444609123),
                                        .last_ms = INT64_C(1795444610000)};
    struct asg_bytes text = {0};
    render(&asg_refusal_schema, &refusal, 1, when, 2, &text);
    assert_string_equal("FIRST                 LAST\n"
                        "2026-11-23T14:36:49Z  2026-11-23T14:36:50Z\n",
                        asg_bytes_text(&text));
    asg_bytes_clear(&text);
}

static void test_render_record_shows_moments_and_parts(void **state)
{
    (void)state;
    struct asg_group_config config = {.name = "web", .min = 2};
    struct asg_group_view view = {.config = &config,
                                  .created_ms = INT64_C(1795444609123)};
    static const struct asg_render_column rows[] = {
        {"name", "config.name", NULL, false},
        {"min", "config.min", NULL, false},
        {"created", "created_ms", NULL, false},
        {"degraded", "is_degraded", NULL, false},
        {"reason", "degraded_reason", NULL, false},
    };
    struct asg_bytes text = {0};
    asg_render_record(&asg_group_view_schema, &view, rows, 5, &plain_look, &text);
    assert_string_equal("name:     web\n"
                        "min:      2\n"
                        "created:  2026-11-23T14:36:49Z\n"
                        "degraded: no\n"
                        "reason:   -\n",
                        asg_bytes_text(&text));
    asg_bytes_reset(&text);
    view.config = NULL;
    asg_render_record(&asg_group_view_schema, &view, rows, 1, &plain_look, &text);
    assert_string_equal("name: -\n", asg_bytes_text(&text));
    asg_bytes_clear(&text);
}

static void reads_back(const char *text, const struct asg_policy_config *expected)
{
    struct asg_arena arena = {0};
    struct asg_error error = {0};
    struct asg_policy_config back = {0};
    enum asg_status status = asg_parse_text(&asg_policy_config_schema, "rendered", text,
                                            strlen(text), &arena, &back, NULL, &error);
    if (status != ASG_OK) fail_msg("%s in:\n%s", error.text, text);
    struct asg_bytes once = {0};
    struct asg_bytes again = {0};
    asg_render_json(&asg_policy_config_schema, expected, true, &once);
    asg_render_json(&asg_policy_config_schema, &back, true, &again);
    assert_string_equal(asg_bytes_text(&once), asg_bytes_text(&again));
    asg_bytes_clear(&once);
    asg_bytes_clear(&again);
    asg_arena_clear(&arena);
}

static void test_render_json_and_yaml_read_back_as_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct asg_bytes text = {0};
        struct asg_policy_config policy = policies[i];
        asg_model_fill_unset(&asg_policy_config_schema, &policy); /* as core does */
        asg_render_json(&asg_policy_config_schema, &policy, false, &text);
        reads_back(asg_bytes_text(&text), &policy);
        asg_bytes_reset(&text);
        asg_render_yaml(&asg_policy_config_schema, &policy, &text);
        reads_back(asg_bytes_text(&text), &policy);
        asg_bytes_clear(&text);
    }
}

static void test_render_keeps_every_digit_of_64_bits(void **state)
{
    (void)state;
    struct asg_status_view view = {.epoch = UINT64_MAX, .time_ms = INT64_MIN};
    struct asg_bytes text = {0};
    asg_render_json(&asg_status_view_schema, &view, true, &text);
    assert_non_null(strstr(asg_bytes_text(&text), "\"epoch\":18446744073709551615,"));
    assert_non_null(strstr(asg_bytes_text(&text), "\"time_ms\":-9223372036854775808,"));
    asg_bytes_reset(&text);
    asg_render_yaml(&asg_status_view_schema, &view, &text);
    assert_non_null(strstr(asg_bytes_text(&text), "epoch: 18446744073709551615\n"));
    asg_bytes_clear(&text);
}

static void test_render_walks_every_table_of_the_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < asg_schema_count; i++) {
        void *object = asg_alloc(1, asg_schemas[i]->size);
        struct asg_bytes text = {0};
        asg_render_json(asg_schemas[i], object, false, &text);
        asg_render_yaml(asg_schemas[i], object, &text);
        for (size_t f = 0; f < asg_schemas[i]->field_count; f++) {
            assert_non_null(
                strstr(asg_bytes_text(&text), asg_schemas[i]->fields[f].name));
            asg_render_field(&asg_schemas[i]->fields[f], object, &text);
        }
        asg_bytes_clear(&text);
        free(object);
    }
}

static void test_render_lists_are_lists_also_when_empty(void **state)
{
    (void)state;
    struct asg_bytes text = {0};
    asg_render_json_list(&asg_tag_schema, NULL, 0, true, &text);
    assert_string_equal("[]", asg_bytes_text(&text));
    asg_bytes_reset(&text);
    struct asg_tag tags[] = {{.key = "a", .value = "1"}, {.key = "b", .value = "x: y"}};
    asg_render_yaml_list(&asg_tag_schema, tags, 2, &text);
    assert_string_equal("- key: a\n  value: \"1\"\n  stays: false\n"
                        "- key: b\n  value: 'x: y'\n  stays: false\n",
                        asg_bytes_text(&text));
    asg_bytes_clear(&text);
}

static size_t count_commas(const char *line)
{
    size_t count = 0;
    bool is_quoted = false;
    for (; *line != '\0' && (is_quoted || *line != '\r'); line++) {
        if (*line == '"') is_quoted = !is_quoted;
        if (*line == ',' && !is_quoted) count++;
    }
    return count;
}

static void test_render_csv_has_as_many_cells_as_titles_in_each_line(void **state)
{
    (void)state;
    struct asg_bytes text = {0};
    struct asg_items list = items_of(&asg_policy_config_schema, policies, 2);
    asg_render_csv(&asg_policy_config_schema, &list, true, &text);
    const char *csv = asg_bytes_text(&text);
    assert_ptr_equal(csv, strstr(csv, "group,name,kind,is_disabled,metric,"));
    assert_non_null(strstr(csv, "\r\n\"web\",\"cpu: \"\"50\"\"\",step,false,cpu,"));
    assert_non_null(strstr(csv, "\"[{\"\"has_lower\"\":true,"));
    assert_non_null(strstr(csv, ",-9223372036854775808,\"[]\","));
    size_t columns_count = count_commas(csv);
    size_t lines = 0;
    for (const char *at = strstr(csv, "\r\n"); at != NULL && at[2] != '\0';
         at = strstr(at + 2, "\r\n")) {
        assert_int_equal(columns_count, count_commas(at + 2));
        lines++;
    }
    assert_int_equal(2, lines);
    asg_bytes_reset(&text); /* a part that is absent has empty cells */
    struct asg_group_config config = {.name = "=1+1"};
    const struct asg_group_view views[] = {{.config = &config}, {.group_no = 2}};
    list = items_of(&asg_group_view_schema, views, 2);
    asg_render_csv(&asg_group_view_schema, &list, true, &text);
    csv = asg_bytes_text(&text);
    assert_non_null(strstr(csv, ",config.name,config.min,"));
    assert_non_null(strstr(csv, ",\"'=1+1\",0,"));
    assert_int_equal(count_commas(csv), count_commas(strstr(csv, "\r\n2,") + 2));
    asg_bytes_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render_table_lines_up_numbers_to_the_right),
        cmocka_unit_test(
            test_render_table_goes_on_below_where_the_terminal_is_too_narrow),
        cmocka_unit_test(test_render_table_has_colour_only_where_it_is_wanted),
        cmocka_unit_test(test_render_record_has_a_line_an_alarm),
        cmocka_unit_test(test_render_shown_has_times_as_text_words_and_nulls),
        cmocka_unit_test(test_render_table_shows_nothing_that_a_terminal_obeys),
        cmocka_unit_test(test_render_escapes_controls_in_every_form),
        cmocka_unit_test(test_render_shows_when_it_was_first_and_last),
        cmocka_unit_test(test_render_record_shows_moments_and_parts),
        cmocka_unit_test(test_render_json_and_yaml_read_back_as_the_same),
        cmocka_unit_test(test_render_keeps_every_digit_of_64_bits),
        cmocka_unit_test(test_render_walks_every_table_of_the_model),
        cmocka_unit_test(test_render_lists_are_lists_also_when_empty),
        cmocka_unit_test(test_render_csv_has_as_many_cells_as_titles_in_each_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
