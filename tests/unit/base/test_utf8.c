/* Text that is text, and text that is cut between its characters. */
#include "lib/check.h"

#include "base/utf8.h"

static void test_utf8_knows_what_is_text(void **state)
{
    (void)state;
    static const char *const good[] = {"", "abc", "\xc3\xa4", "\xe2\x82\xac",
                                       "\xf0\x9f\x90\xad"};
    static const char *const bad[] = {"\xff",         "\xc3",         "\xc0\x80",
                                      "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "a\x80"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(asg_utf8_is_valid(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(asg_utf8_is_valid(bad[i], strlen(bad[i])));
    }
    assert_false(asg_utf8_is_valid("a\0b", 3));
}

static void test_utf8_cuts_between_characters(void **state)
{
    (void)state;
    assert_int_equal(3, asg_utf8_cut("abc", 3));
    assert_int_equal(2, asg_utf8_cut("abc", 2));
    const char *text = "a\xe2\x82\xac\xf0\x9f\x90\xad"; /* 1, 3 and 4 bytes */
    static const size_t cut[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};
    for (size_t max = 0; max < sizeof cut / sizeof cut[0]; max++) {
        assert_int_equal(cut[max], asg_utf8_cut(text, max));
    }
}

static void test_utf8_mends_what_was_cut(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {{"", ""},           {"ab", "ab"},   {"a\xe2\x82\xac", "a\xe2\x82\xac"},
                 {"a\xe2\x82", "a"}, {"a\xe2", "a"}, {"\xf0\x9f\x90", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16];
        strcpy(text, cases[i].from);
        asg_utf8_mend(text);
        assert_string_equal(cases[i].to, text);
    }
}

static void test_utf8_finds_what_a_terminal_obeys(void **state)
{
    (void)state;
    assert_int_equal(0, asg_utf8_find_control("plain \xc3\xa4\xe2\x82\xac", false));
    assert_int_equal(0x1b, asg_utf8_find_control("a\x1b[2J", false));
    assert_int_equal(0x9b, asg_utf8_find_control("\xc2\x9b", false));
    assert_int_equal(0x202e, asg_utf8_find_control("x\xe2\x80\xaey", false));
    assert_int_equal('\n', asg_utf8_find_control("a\nb", false));
    assert_int_equal(0, asg_utf8_find_control("a\nb\tc\r", true));
    assert_int_equal(0x7f, asg_utf8_find_control("\x7f", true));
}

static void test_utf8_counts_characters(void **state)
{
    (void)state;
    assert_int_equal(0, asg_utf8_count(""));
    assert_int_equal(4, asg_utf8_count("a\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x9f"));
    assert_int_equal(3, asg_utf8_count("\xff"
                                       "a\xc3")); /* no text */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_knows_what_is_text),
        cmocka_unit_test(test_utf8_cuts_between_characters),
        cmocka_unit_test(test_utf8_mends_what_was_cut),
        cmocka_unit_test(test_utf8_finds_what_a_terminal_obeys),
        cmocka_unit_test(test_utf8_counts_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
