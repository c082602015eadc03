#include "text/quantity.h"

#include "lib/check.h"
#include "text/nearest.h"

static void reads_duration(const char *text, int64_t expected)
{
    int64_t value = -77;
    assert_true(asg_quantity_duration(text, &value));
    assert_int_equal(expected, value);
}

static void test_quantity_reads_durations_with_their_unit(void **state)
{
    (void)state;
    reads_duration("200ms", 200);
    reads_duration("0s", 0);
    reads_duration("5s", 5000);
    reads_duration("0.2s", 200);
    reads_duration("1.5m", 90000);
    reads_duration("0.25h", 900000);
    reads_duration("2d", 172800000);
    reads_duration("-1s", -1000);
}

static void test_quantity_refuses_what_is_no_duration(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "5",
                                      "5 s",
                                      "s",
                                      "1.s",
                                      "0.5ms",
                                      "1e3s",
                                      "5sec",
                                      "--5s",
                                      "1.2.s",
                                      "5s ",
                                      " 5s",
                                      "0x5s",
                                      "+",
                                      "0.001d5s",
                                      "1.00005s",
                                      "99999999999999999999s",
                                      "9223372036854775807s"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t value = -77;
        if (asg_quantity_duration(bad[i], &value)) fail_msg("took \"%s\"", bad[i]);
        assert_int_equal(-77, value);
    }
}

static void test_quantity_reads_sizes_numbers_and_words(void **state)
{
    (void)state;
    int64_t value;
    assert_true(asg_quantity_size("16m", &value));
    assert_int_equal(16 << 20, value);
    assert_true(asg_quantity_size("17", &value));
    assert_int_equal(17, value);
    assert_false(asg_quantity_size("-1", &value));
    assert_false(asg_quantity_size("9000000000g", &value));
    assert_true(asg_quantity_integer("-12", &value));
    assert_int_equal(-12, value);
    assert_false(asg_quantity_integer("12 ", &value));
    assert_false(asg_quantity_integer("9223372036854775808", &value));
    uint64_t number;
    assert_true(asg_quantity_unsigned("18446744073709551615", &number));
    assert_true(number == UINT64_MAX);
    assert_false(asg_quantity_unsigned("18446744073709551616", &number));
    bool is_on;
    assert_true(asg_quantity_bool("on", &is_on) && is_on);
    assert_true(asg_quantity_bool("no", &is_on) && !is_on);
    assert_false(asg_quantity_bool("True", &is_on));
}

static void test_quantity_reads_thousandths(void **state)
{
    (void)state;
    int64_t value;
    assert_true(asg_quantity_milli("82.5", &value));
    assert_int_equal(82500, value);
    assert_true(asg_quantity_milli("50 %", &value));
    assert_int_equal(50000, value);
    assert_true(asg_quantity_milli("-0.001", &value));
    assert_int_equal(-1, value);
    assert_false(asg_quantity_milli("0.0001", &value));
    assert_false(asg_quantity_milli("50%%", &value));
    assert_false(asg_quantity_milli("", &value));
}

static void test_quantity_prints_what_it_reads_back(void **state)
{
    (void)state;
    static const int64_t values[] = {0,     1,     999,     1000,     1500,     60000,
                                     61000, 90000, 3600000, 86400000, 86400001, -5000};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[ASG_QUANTITY_TEXT_MAX];
        int64_t back = -77;
        asg_quantity_print_duration(values[i], text);
        assert_true(asg_quantity_duration(text, &back));
        assert_int_equal(values[i], back);
        asg_quantity_print_milli(values[i], text);
        assert_true(asg_quantity_milli(text, &back));
        assert_int_equal(values[i], back);
    }
    char text[ASG_QUANTITY_TEXT_MAX];
    asg_quantity_print_milli(82500, text);
    assert_string_equal("82.5", text);
    asg_quantity_print_milli(50000, text);
    assert_string_equal("50", text);
    asg_quantity_print_milli(INT64_MIN, text);
    assert_string_equal("-9223372036854775.808", text);
    asg_quantity_print_size(16 << 20, text);
    assert_string_equal("16m", text);
}

static void test_nearest_finds_the_mistyped_word(void **state)
{
    (void)state;
    assert_int_equal(0, asg_nearest_distance("same", "same"));
    assert_int_equal(1, asg_nearest_distance("grpup", "group"));
    assert_int_equal(1, asg_nearest_distance("gruop", "group"));
    assert_int_equal(5, asg_nearest_distance("", "group"));
    struct asg_nearest nearest = {0};
    asg_nearest_offer(&nearest, "polcy", "group");
    assert_null(nearest.word);
    asg_nearest_offer(&nearest, "polcy", "policy");
    assert_string_equal("policy", nearest.word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantity_reads_durations_with_their_unit),
        cmocka_unit_test(test_quantity_refuses_what_is_no_duration),
        cmocka_unit_test(test_quantity_reads_sizes_numbers_and_words),
        cmocka_unit_test(test_quantity_reads_thousandths),
        cmocka_unit_test(test_quantity_prints_what_it_reads_back),
        cmocka_unit_test(test_nearest_finds_the_mistyped_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
