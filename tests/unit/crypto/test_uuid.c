/* UUIDs: what is drawn never comes twice, what is made of a hash comes always. */
#include "lib/check.h"

#include "crypto/uuid.h"

static void test_a_drawn_one_is_of_version_4(void **state)
{
    (void)state;
    char one[ASG_UUID_SIZE];
    char other[ASG_UUID_SIZE];
    asg_uuid_draw(one);
    asg_uuid_draw(other);
    assert_string_not_equal(one, other);
    assert_int_equal(ASG_UUID_SIZE - 1, strlen(one));
    assert_int_equal('4', one[14]);
    assert_non_null(strchr("89ab", one[19]));
}

static void test_equal_bytes_make_equal_ones_of_version_8(void **state)
{
    (void)state;
    const uint8_t bytes[ASG_UUID_BYTES] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
                                           0xff, 0x77, 0xff, 0x99, 0xaa, 0xbb,
                                           0xcc, 0xdd, 0xee, 0xff};
    char text[ASG_UUID_SIZE];
    asg_uuid_make(bytes, text);
    assert_string_equal("00112233-4455-8f77-bf99-aabbccddeeff", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_drawn_one_is_of_version_4),
        cmocka_unit_test(test_equal_bytes_make_equal_ones_of_version_8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
