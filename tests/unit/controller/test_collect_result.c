/* A result in several frames: put together in order, or not at all. */
#include "controller/collect_result.h"

#include "lib/check.h"

#include <stdio.h>

struct fixture {
    struct asg_collector collector;
    struct asg_result_message whole;
};

static int set_up(void **state)
{
    *state = test_calloc(1, sizeof(struct fixture));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    asg_collector_clear(&f->collector);
    test_free(f);
    return 0;
}

/* A part with two instances, "i-<part>a" and "i-<part>b". */
static bool give(struct fixture *f, uint32_t peer, uint64_t lease_id, uint32_t number,
                 bool is_last)
{
    char ids[2][16];
    struct asg_seen_instance seen[2] = {0};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "i-%u%c", number, 'a' + i);
        seen[i].instance_id = ids[i];
    }
    struct asg_call_rate rate = {.action = "DescribeInstances", .attempts = 4};
    char request_id[] = "r-1";
    struct asg_result piece = {.job_id = 7,
                               .attempt = 2,
                               .request_id = request_id,
                               .instances = seen,
                               .instance_count = 2};
    const struct asg_result_part part = {.number = number,
                                         .is_last = is_last,
                                         .message = {.lease_id = lease_id,
                                                     .result = &piece,
                                                     .rates = &rate,
                                                     .rate_count = is_last ? 1 : 0}};
    bool is_whole = asg_collect_part(&f->collector, peer, &part, &f->whole);
    /* What came is forgotten after the call. */
    memset(ids, 'x', sizeof ids);
    memset(request_id, 'x', sizeof request_id - 1);
    return is_whole;
}

static void expect_three_parts(const struct fixture *f)
{
    const char *const wanted[] = {"i-0a", "i-0b", "i-1a", "i-1b", "i-2a", "i-2b"};
    assert_int_equal(6, f->whole.result->instance_count);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(wanted[i], f->whole.result->instances[i].instance_id);
    }
    assert_int_equal(7, f->whole.result->job_id);
    assert_int_equal(2, f->whole.result->attempt);
    assert_string_equal("r-1", f->whole.result->request_id);
    assert_int_equal(1, f->whole.rate_count);
}

static void test_parts_in_order_become_the_whole(void **state)
{
    struct fixture *f = *state;
    assert_false(give(f, 1, 5, 0, false));
    assert_false(give(f, 1, 5, 1, false));
    assert_true(give(f, 1, 5, 2, true));
    expect_three_parts(f);
    /* The last one again is no whole. */
    assert_false(give(f, 1, 5, 2, true));
}

static void test_a_part_that_is_missing_makes_no_whole_until_all_come_again(void **state)
{
    struct fixture *f = *state;
    assert_false(give(f, 1, 5, 0, false));
    assert_false(give(f, 1, 5, 2, true)); /* 1 was lost */
    assert_false(give(f, 1, 5, 0, false));
    assert_false(give(f, 1, 5, 0, false)); /* repeated */
    assert_false(give(f, 1, 5, 1, false));
    assert_false(give(f, 1, 5, 1, false));
    assert_true(give(f, 1, 5, 2, true));
    expect_three_parts(f);
}

static void test_parts_of_two_workers_or_leases_are_not_mixed(void **state)
{
    struct fixture *f = *state;
    assert_false(give(f, 1, 5, 0, false));
    assert_false(give(f, 2, 6, 0, false));
    assert_false(give(f, 2, 5, 1, true)); /* no such lease there */
    assert_false(give(f, 1, 6, 1, true));
    assert_false(give(f, 2, 6, 1, false));
    assert_false(give(f, 1, 5, 1, false));
    assert_true(give(f, 1, 5, 2, true));
    expect_three_parts(f);
    assert_true(give(f, 2, 6, 2, true));
    expect_three_parts(f);
}

static void test_the_oldest_of_too_many_makes_room(void **state)
{
    struct fixture *f = *state;
    for (uint32_t peer = 0; peer <= ASG_COLLECTED_MAX; peer++) {
        assert_false(give(f, peer, 5, 0, false));
    }
    assert_false(give(f, 0, 5, 1, true));
    assert_false(give(f, ASG_COLLECTED_MAX, 5, 1, false));
    assert_true(give(f, ASG_COLLECTED_MAX, 5, 2, true));
    expect_three_parts(f);
    assert_true(give(f, 1, 5, 1, true));
    assert_int_equal(4, f->whole.result->instance_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parts_in_order_become_the_whole, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_part_that_is_missing_makes_no_whole_until_all_come_again, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_parts_of_two_workers_or_leases_are_not_mixed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_oldest_of_too_many_makes_room, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
