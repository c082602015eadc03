/* test_bytes - a growing buffer. */
#include "base/bytes.h"
#include "lib/check.h"

static void test_bytes_hold_what_is_appended(void **state)
{
    (void)state;
    struct asg_bytes bytes = {0};
    assert_string_equal(asg_bytes_text(&bytes), "");
    asg_bytes_append_text(&bytes, "cpu ");
    asg_bytes_printf(&bytes, "%d.%d", 82, 5);
    asg_bytes_append_byte(&bytes, ' ');
    asg_bytes_append(&bytes, "%", 1);
    asg_bytes_append(&bytes, NULL, 0);
    assert_string_equal(asg_bytes_text(&bytes), "cpu 82.5 %");
    assert_int_equal(bytes.length, 10);
    asg_bytes_clear(&bytes);
    assert_null(bytes.data);
    asg_bytes_clear(&bytes);
}

static void test_bytes_grow_past_any_first_guess(void **state)
{
    (void)state;
    struct asg_bytes bytes = {0};
    for (int i = 0; i < 100000; i++) {
        asg_bytes_append_byte(&bytes, (uint8_t)i);
    }
    assert_int_equal(bytes.length, 100000);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(bytes.data[i], (uint8_t)i);
    }
    uint8_t *place = asg_bytes_reserve(&bytes, 1000000);
    assert_ptr_equal(place, bytes.data + 100000);
    assert_int_equal(bytes.length, 100000);
    asg_bytes_clear(&bytes);
}

static void test_bytes_keep_their_memory_over_a_reset(void **state)
{
    (void)state;
    struct asg_bytes bytes = {0};
    asg_bytes_append_text(&bytes, "something");
    uint8_t *memory = bytes.data;
    asg_bytes_reset(&bytes);
    assert_string_equal(asg_bytes_text(&bytes), "");
    asg_bytes_append_text(&bytes, "else");
    assert_ptr_equal(bytes.data, memory);
    assert_string_equal(asg_bytes_text(&bytes), "else");
    asg_bytes_clear(&bytes);
}

static void test_bytes_that_are_set_take_no_more_room_than_they_need(void **state)
{
    (void)state;
    struct asg_bytes bytes = {0};
    asg_bytes_set(&bytes, "", 0);
    assert_int_equal(0, bytes.length);
    static const char text[1000] = "long";
    asg_bytes_set(&bytes, text, sizeof text);
    assert_int_equal(sizeof text, bytes.length);
    assert_int_equal(sizeof text, bytes.capacity);
    assert_memory_equal(text, bytes.data, sizeof text);
    uint8_t *memory = bytes.data;
    asg_bytes_set(&bytes, "abc", 3);
    assert_ptr_equal(memory, bytes.data);
    assert_string_equal("abc", asg_bytes_text(&bytes));
    asg_bytes_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_hold_what_is_appended),
        cmocka_unit_test(test_bytes_grow_past_any_first_guess),
        cmocka_unit_test(test_bytes_keep_their_memory_over_a_reset),
        cmocka_unit_test(test_bytes_that_are_set_take_no_more_room_than_they_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
