/* What a terminal would obey is shown instead. */
#include "lib/check.h"

#include "base/error.h"
#include "base/escape.h"

struct escaped {
    const char *from;
    const char *to;
};

static const struct escaped cases[] = {
    {"", ""},
    {"gr\xc3\xbcn \xe2\x82\xac \xf0\x9f\x90\x9f\xc2\xa0",
     "gr\xc3\xbcn \xe2\x82\xac \xf0\x9f\x90\x9f\xc2\xa0"},
    {"a\x1b[2J\x7f"
     "b",
     "a\\u001b[2J\\u007fb"},
    {"\xc2\x9b"
     "31m\xc2\x80",
     "\\u009b31m\\u0080"},
    {"x\xe2\x80\xaey\xe2\x81\xa6z\xe2\x80\xa8", "x\\u202ey\\u2066z\\u2028"},
    {"\x9b"
     "31m \xff\xc3",
     "\\x9b31m \xff\xc3"}, /* no UTF-8: bytes */
    {"a\tb\nc\r", "a\tb\nc\r"},
};

static void test_controls_are_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asg_bytes text = {0};
        asg_escape_append(cases[i].from, strlen(cases[i].from), ASG_LAYOUT_KEPT, &text);
        assert_string_equal(cases[i].to, asg_bytes_text(&text));
        asg_bytes_clear(&text);
        char room[64];
        size_t length = asg_escape(cases[i].from, strlen(cases[i].from), ASG_LAYOUT_KEPT,
                                   room, sizeof room);
        assert_string_equal(cases[i].to, room);
        assert_int_equal(strlen(room), length);
        strcpy(room, cases[i].from);
        asg_escape_in_place(room, sizeof room);
        assert_string_equal(cases[i].to, room);
    }
}

static void test_a_zero_byte_is_shown(void **state)
{
    (void)state;
    char room[16];
    assert_int_equal(8, asg_escape("a\0b", 3, ASG_LAYOUT_KEPT, room, sizeof room));
    assert_string_equal("a\\u0000b", room);
}

static void test_layout_stays_or_is_blank(void **state)
{
    (void)state;
    char room[16];
    (void)asg_escape("a\tb\r\nc", 6, ASG_LAYOUT_BLANK, room, sizeof room);
    assert_string_equal("a b  c", room);
}

static void test_an_escape_is_whole_or_not_there(void **state)
{
    (void)state;
    char room[10];
    for (size_t size = 1; size <= 8; size++) {
        size_t length = asg_escape("a\x1b", 2, ASG_LAYOUT_KEPT, room, size);
        assert_string_equal(size == 1 ? "" : size < 8 ? "a" : "a\\u001b", room);
        assert_int_equal(strlen(room), length);
    }
    strcpy(room, "ab\x1b\x1b");
    asg_escape_in_place(room, sizeof room);
    assert_string_equal("ab\\u001b", room);
}

/* Longer than a piece, with characters and escapes at every place of its border. */
static void test_long_texts_are_escaped_whole(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        struct asg_bytes from = {0};
        struct asg_bytes to = {0};
        struct asg_bytes escaped = {0};
        for (size_t i = 0; i < shift; i++) {
            asg_bytes_append_byte(&from, 'x');
            asg_bytes_append_byte(&to, 'x');
        }
        for (size_t i = 0; i < 3000; i++) {
            asg_bytes_append_text(&from, i % 2 == 0 ? "\xe2\x82\xac" : "\xe2\x80\xae");
            asg_bytes_append_text(&to, i % 2 == 0 ? "\xe2\x82\xac" : "\\u202e");
        }
        asg_escape_append(asg_bytes_text(&from), from.length, ASG_LAYOUT_KEPT, &escaped);
        assert_string_equal(asg_bytes_text(&to), asg_bytes_text(&escaped));
        asg_bytes_clear(&from);
        asg_bytes_clear(&to);
        asg_bytes_clear(&escaped);
    }
}

static void test_errors_show_no_controls(void **state)
{
    (void)state;
    struct asg_error error = {""};
    (void)asg_fail(&error, ASG_ERR_INVALID, "no group \"%s\"", "\x1b]0;owned\x07");
    assert_string_equal("no group \"\\u001b]0;owned\\u0007\"", error.text);
    (void)asg_fail_wrap(&error, ASG_ERR_INVALID, "file %s", "\xe2\x80\xae");
    assert_string_equal("file \\u202e: no group \"\\u001b]0;owned\\u0007\"", error.text);
}

static void test_a_name_is_one_word_to_a_shell(void **state)
{
    (void)state;
    static const struct escaped words[] = {
        {"web-1.a_b/c:d,e@f+g=h", "web-1.a_b/c:d,e@f+g=h"},
        {"", "''"},
        {"$(id)", "'$(id)'"},
        {"it's;rm", "'it'\\''s;rm'"},
        {"../x*", "'../x*'"},
        {"''", "''\\'''\\'''"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char room[ASG_SHELL_WORD_SIZE(24)];
        assert_string_equal(words[i].to,
                            asg_shell_word(words[i].from, room, sizeof room));
    }
    char room[ASG_SHELL_WORD_SIZE(24)];
    assert_string_equal("'$(id'",
                        asg_shell_word("$(id)", room, 10)); /* cut, and closed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_controls_are_escaped),
        cmocka_unit_test(test_a_zero_byte_is_shown),
        cmocka_unit_test(test_layout_stays_or_is_blank),
        cmocka_unit_test(test_an_escape_is_whole_or_not_there),
        cmocka_unit_test(test_long_texts_are_escaped_whole),
        cmocka_unit_test(test_errors_show_no_controls),
        cmocka_unit_test(test_a_name_is_one_word_to_a_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
