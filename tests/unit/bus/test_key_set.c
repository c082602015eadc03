/* test_key_set - who is in it, whatever was added and taken out before. */
#include "bus/key_set.h"

#include "bus/keys.h"
#include "lib/check.h"

#define KEYS 2000

static void test_keys_are_found_until_they_are_taken_out(void **state)
{
    (void)state;
    static struct asg_bus_keys keys[KEYS];
    struct asg_key_set *set;
    asg_key_set_new(&set);
    for (size_t i = 0; i < KEYS; i++) {
        asg_bus_keys_new(&keys[i]);
        asg_key_set_add(set, keys[i].public_key);
        asg_key_set_add(set, keys[i].public_key); /* counts once */
    }
    assert_int_equal(KEYS, asg_key_set_count(set));
    for (size_t i = 0; i < KEYS; i += 2)
        asg_key_set_remove(set, keys[i].public_key);
    asg_key_set_remove(set, keys[0].public_key); /* is not there any more */
    assert_int_equal(KEYS / 2, asg_key_set_count(set));
    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(i % 2 == 1, asg_key_set_has(set, keys[i].public_key));
    }
    asg_key_set_destroy(&set);
    assert_null(set);
}

static void test_what_is_no_key_is_not_in_it(void **state)
{
    (void)state;
    struct asg_key_set *set;
    asg_key_set_new(&set);
    asg_key_set_add(set, "");
    asg_key_set_add(set, "0123456789,123456789 123456789012345678");
    asg_key_set_add(set, NULL);
    assert_int_equal(0, asg_key_set_count(set));
    assert_false(asg_key_set_has(set, ""));
    assert_false(asg_key_set_has(set, NULL));
    asg_key_set_remove(set, "no key");
    asg_key_set_destroy(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_found_until_they_are_taken_out),
        cmocka_unit_test(test_what_is_no_key_is_not_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
