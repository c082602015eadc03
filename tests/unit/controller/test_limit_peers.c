/* test_limit_peers - whose addresses are known because an allowed key came from there. */
#include <stdio.h>

#include "base/accept_limits.h"
#include "controller/limit_peers.h"
#include "lib/check.h"

static const char *worker_at(char ret[ASG_PEER_ADDRESS_MAX], int number)
{
    (void)snprintf(ret, ASG_PEER_ADDRESS_MAX, "10.0.%d.%d", number / 250, number % 250);
    return ret;
}

static void test_a_key_pushes_out_no_address_but_its_own(void **state)
{
    (void)state;
    static struct asg_welcomed welcomed;
    char address[ASG_PEER_ADDRESS_MAX];
    char key[ASG_BUS_KEY_SIZE];
    const int workers = ASG_WELCOMED_KEYS - 1;
    for (int i = 0; i < workers; i++) {
        (void)snprintf(key, sizeof key, "%040d", i);
        asg_welcome(&welcomed, key, worker_at(address, i));
    }
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(address, sizeof address, "2001:db8::%x", i);
        asg_welcome(&welcomed, "stolen", address);
    }
    for (int i = 0; i < workers; i++)
        assert_true(asg_accept_is_known(worker_at(address, i)));
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(address, sizeof address, "2001:db8::%x", i);
        bool is_late = i >= 1000 - ASG_WELCOMED_ADDRESSES;
        assert_int_equal(is_late, asg_accept_is_known(address));
    }
    asg_welcome_end(&welcomed);
    assert_false(asg_accept_is_known(worker_at(address, 0)));
    assert_false(asg_accept_is_known("2001:db8::3e7"));
}

static void test_the_key_that_came_longest_ago_makes_room(void **state)
{
    (void)state;
    static struct asg_welcomed welcomed;
    char address[ASG_PEER_ADDRESS_MAX];
    char key[ASG_BUS_KEY_SIZE];
    for (int i = 0; i < ASG_WELCOMED_KEYS; i++) {
        (void)snprintf(key, sizeof key, "%040d", i);
        asg_welcome(&welcomed, key, worker_at(address, i));
    }
    (void)snprintf(key, sizeof key, "%040d", 0);
    asg_welcome(&welcomed, key, worker_at(address, 0)); /* again */
    asg_welcome(&welcomed, "one more", "10.9.9.9");
    assert_true(asg_accept_is_known("10.9.9.9"));
    assert_true(asg_accept_is_known(worker_at(address, 0)));
    assert_false(asg_accept_is_known(worker_at(address, 1)));
    assert_true(asg_accept_is_known(worker_at(address, 2)));
    asg_welcome_end(&welcomed);
}

static void test_two_keys_at_one_address_are_told_apart(void **state)
{
    (void)state;
    static struct asg_welcomed welcomed;
    asg_welcome(&welcomed, "one", "10.0.0.7");
    asg_welcome(&welcomed, NULL, "10.0.0.7");
    asg_welcome(&welcomed, "one", NULL);
    char address[ASG_PEER_ADDRESS_MAX];
    for (int i = 0; i < ASG_WELCOMED_ADDRESSES; i++)
        asg_welcome(&welcomed, "one", worker_at(address, 100 + i));
    assert_true(asg_accept_is_known("10.0.0.7")); /* the other's still */
    asg_welcome_end(&welcomed);
    assert_false(asg_accept_is_known("10.0.0.7"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_pushes_out_no_address_but_its_own),
        cmocka_unit_test(test_the_key_that_came_longest_ago_makes_room),
        cmocka_unit_test(test_two_keys_at_one_address_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
