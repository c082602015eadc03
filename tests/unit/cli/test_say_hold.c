/* test_say_hold - what an operator reads of why a group does nothing: a few words in the
 * list, a sentence elsewhere. */
#include "cli/show/say_hold.h"

#include "lib/check.h"

#define AT_MS   INT64_C(1795989130000) /* 2026-11-29T21:52:10Z */
#define NOW_MS  (AT_MS - 60000)
#define HOUR_MS INT64_C(3600000)

static struct asg_group_view group_of(struct asg_hold *holds, size_t count)
{
    return (struct asg_group_view){
        .holds = holds, .hold_count = count, .wanted = ASG_UNSET};
}

static void expect_note(const struct asg_group_view *view, const char *expected)
{
    struct asg_bytes text = {0};
    asg_hold_note(view, NOW_MS, &text);
    asg_bytes_append_byte(&text, 0);
    assert_string_equal(expected, (const char *)text.data);
    asg_bytes_clear(&text);
}

static void test_nothing_is_held(void **state)
{
    (void)state;
    const struct asg_group_view view = group_of(NULL, 0);
    expect_note(&view, "");
}

static void test_each_stop_and_the_first_of_what_else_there_is(void **state)
{
    (void)state;
    struct asg_hold holds[] = {
        {.reason = ASG_HOLD_HALTED, .text = "x"},
        {.reason = ASG_HOLD_GROUP_HALTED, .text = "x"},
        {.reason = ASG_HOLD_SUSPENDED, .text = "x"},
        {.reason = ASG_HOLD_SUSPENDED, .text = "x"},
        {.reason = ASG_HOLD_SCALE_IN_LIMIT, .until_ms = AT_MS, .text = "x"},
        {.reason = ASG_HOLD_WARMING, .until_ms = AT_MS, .count = 2, .text = "x"}};
    struct asg_group_view view = group_of(holds, 6);
    view.suspended = UINT64_C(1) << ASG_PROCESS_LAUNCH;
    expect_note(&view, "halted; suspended: launch; scale-in limit until 21:52:10");
    view.holds = holds + 5;
    view.hold_count = 1;
    expect_note(&view, "2 warming until 21:52:10");
}

static void test_at_max_says_what_is_wanted(void **state)
{
    (void)state;
    struct asg_hold hold = {.reason = ASG_HOLD_AT_MAX, .text = "x"};
    struct asg_group_view view = group_of(&hold, 1);
    expect_note(&view, "at max");
    view.wanted = 12;
    expect_note(&view, "at max, wants 12");
}

static void test_each_reason_has_words(void **state)
{
    (void)state;
    for (int reason = 0; reason < ASG_HOLD_COUNT; reason++) {
        struct asg_hold hold = {.reason = (enum asg_hold_reason)reason, .text = "x"};
        const struct asg_group_view view = group_of(&hold, 1);
        struct asg_bytes text = {0};
        asg_hold_note(&view, NOW_MS, &text);
        assert_true(text.length > 0);
        asg_bytes_clear(&text);
    }
}

static void expect_sentence(const struct asg_hold *hold, int64_t now_ms,
                            const char *expected)
{
    struct asg_bytes text = {0};
    asg_hold_sentence(hold, now_ms, &text);
    asg_bytes_append_byte(&text, 0);
    assert_string_equal(expected, (const char *)text.data);
    asg_bytes_clear(&text);
}

static void test_a_sentence_has_its_moment(void **state)
{
    (void)state;
    struct asg_hold hold = {.text = "scale-in waits", .until_ms = AT_MS};
    expect_sentence(&hold, NOW_MS, "scale-in waits; until 21:52:10");
    expect_sentence(&hold, AT_MS + 48 * HOUR_MS, "scale-in waits; until 21:52:10");
    hold.until_ms = 0;
    expect_sentence(&hold, NOW_MS, "scale-in waits");
}

static void test_a_moment_of_another_day_has_its_day(void **state)
{
    (void)state;
    struct asg_hold hold = {
        .reason = ASG_HOLD_SCALE_IN_LIMIT, .until_ms = AT_MS, .text = "x"};
    expect_sentence(&hold, AT_MS - 20 * HOUR_MS, "x; until 21:52:10");
    expect_sentence(&hold, AT_MS - 20 * HOUR_MS - 1, "x; until 2026-11-29 21:52:10");
    hold.until_ms = NOW_MS + 72 * HOUR_MS;
    const struct asg_group_view view = group_of(&hold, 1);
    expect_note(&view, "scale-in limit until 2026-12-02"); /* as short as an hour */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_held),
        cmocka_unit_test(test_each_stop_and_the_first_of_what_else_there_is),
        cmocka_unit_test(test_at_max_says_what_is_wanted),
        cmocka_unit_test(test_each_reason_has_words),
        cmocka_unit_test(test_a_sentence_has_its_moment),
        cmocka_unit_test(test_a_moment_of_another_day_has_its_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
