/* test_choose_victims - the order of docs/rules.md, "Choosing whom to terminate". */
#include "core/choose/choose_victims.h"
#include "lib/check.h"
#include "lib/seed.h"

#define HOUR_MS INT64_C(3600000)
#define NOW_MS  (1000 * HOUR_MS)
#define MANY    200

static struct asg_candidate instances[MANY];
static size_t order[MANY];

/* One in service in `zone`, `age_minutes` old, of version 2 of the group's template. */
static struct asg_candidate make(uint64_t no, const char *zone, int64_t age_minutes)
{
    return (struct asg_candidate){.no = no,
                                  .zone = zone,
                                  .launched_ms = NOW_MS - age_minutes * 60000,
                                  .template_id = "lt-web",
                                  .template_version = 2,
                                  .is_candidate = true};
}

static size_t choose(const enum asg_termination_policy *policies, size_t policy_count,
                     size_t instance_count, size_t count, uint64_t seed)
{
    const struct asg_choice choice = {.policies = policies,
                                      .policy_count = policy_count,
                                      .template_id = "lt-web",
                                      .now_ms = NOW_MS,
                                      .seed = seed};
    for (size_t i = 0; i < instance_count; i++) {
        instances[i].is_chosen = false;
    }
    return asg_choose_victims(&choice, instances, instance_count, count, order);
}

static size_t choose_one(enum asg_termination_policy policy, size_t instance_count)
{
    assert_int_equal(choose(&policy, 1, instance_count, 1, 1), 1);
    assert_true(instances[order[0]].is_chosen);
    return order[0];
}

static void test_victims_come_from_the_largest_zone(void **state)
{
    (void)state;
    instances[0] = make(1, "a", 900);
    instances[1] = make(2, "b", 30);
    instances[2] = make(3, "b", 20);
    assert_int_equal(choose_one(ASG_TERMINATION_OLDEST_INSTANCE, 3), 1);
    assert_int_equal(choose_one(ASG_TERMINATION_NEWEST_INSTANCE, 3), 2);
}

static void test_victims_of_level_zones_come_from_all(void **state)
{
    (void)state;
    instances[0] = make(1, "a", 900);
    instances[1] = make(2, "b", 30);
    assert_int_equal(choose_one(ASG_TERMINATION_OLDEST_INSTANCE, 2), 0);
    assert_int_equal(choose_one(ASG_TERMINATION_NEWEST_INSTANCE, 2), 1);
}

static void test_victims_of_a_large_protected_zone_are_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        instances[i] = make(i, "a", 10);
        instances[i].is_candidate = false;
    }
    instances[3] = make(4, "b", 10);
    assert_int_equal(choose_one(ASG_TERMINATION_DEFAULT, 4), 3);
}

static void test_victims_keep_zones_level_all_the_way(void **state)
{
    (void)state;
    static const char *const zones[] = {"a", "a", "a", "a", "b", "b", "b", "c", "c"};
    for (size_t i = 0; i < 9; i++) {
        instances[i] = make(i, zones[i], (int64_t)i);
    }
    assert_int_equal(choose(NULL, 0, 9, 6, 7), 6);
    size_t left[3] = {0};
    for (size_t i = 0; i < 9; i++) {
        if (!instances[i].is_chosen) left[zones[i][0] - 'a']++;
    }
    assert_int_equal(left[0], 1);
    assert_int_equal(left[1], 1);
    assert_int_equal(left[2], 1);
    assert_int_equal(zones[order[0]][0], 'a'); /* the largest goes first */
}

static void test_victims_by_default_are_of_another_template_first(void **state)
{
    (void)state;
    instances[0] = make(1, "a", 59); /* nearest to its next hour */
    instances[1] = make(2, "a", 10);
    instances[1].template_version = 1;
    instances[2] = make(3, "a", 5);
    instances[2].template_id = "lt-old";
    instances[2].template_version = 9;
    assert_int_equal(choose(NULL, 0, 3, 3, 1), 3);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 0);
}

static void test_victims_by_default_are_nearest_to_their_next_hour(void **state)
{
    (void)state;
    instances[0] = make(1, "a", 61);  /* 59 min left */
    instances[1] = make(2, "a", 50);  /* 10 min */
    instances[2] = make(3, "a", 115); /* 5 min */
    instances[3] = make(4, "a", 120); /* a whole hour */
    assert_int_equal(choose_one(ASG_TERMINATION_DEFAULT, 4), 2);
    assert_int_equal(choose_one(ASG_TERMINATION_CLOSEST_TO_NEXT_INSTANCE_HOUR, 4), 2);
    /* There is no step of the oldest: 120 minutes stays to the last. */
    assert_int_equal(choose(NULL, 0, 4, 4, 1), 4);
    assert_int_equal(order[3], 3);
}

static void test_victims_are_narrowed_by_policies_in_order(void **state)
{
    (void)state;
    static const enum asg_termination_policy policies[] = {
        ASG_TERMINATION_OLDEST_LAUNCH_TEMPLATE, ASG_TERMINATION_NEWEST_INSTANCE};
    instances[0] = make(1, "a", 5);
    instances[1] = make(2, "a", 90);
    instances[1].template_version = 1;
    instances[2] = make(3, "a", 70);
    instances[2].template_version = 1;
    assert_int_equal(choose(policies, 2, 3, 3, 1), 3);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 0);
}

static void test_victims_that_are_even_fall_by_the_seed_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < 16; i++) {
        instances[i] = make(100 + i, "a", 10);
    }
    assert_int_equal(choose(NULL, 0, 16, 1, 1), 1);
    uint64_t first = instances[order[0]].no;
    /* in another order in memory the same one falls */
    struct asg_candidate held = instances[0];
    instances[0] = instances[order[0] == 0 ? 5 : order[0]];
    instances[order[0] == 0 ? 5 : order[0]] = held;
    assert_int_equal(choose(NULL, 0, 16, 1, 1), 1);
    assert_int_equal(instances[order[0]].no, first);
    bool differs = false;
    for (uint64_t seed = 2; seed < 12; seed++) {
        assert_int_equal(choose(NULL, 0, 16, 1, seed), 1);
        differs |= instances[order[0]].no != first;
    }
    assert_true(differs);
}

static void test_victims_are_never_more_than_there_are(void **state)
{
    (void)state;
    assert_int_equal(choose(NULL, 0, 0, 3, 1), 0);
    instances[0] = make(1, "a", 10);
    instances[1] = make(2, "a", 10);
    instances[1].is_candidate = false;
    assert_int_equal(choose(NULL, 0, 2, 5, 1), 1);
    assert_false(instances[1].is_chosen);
    assert_int_equal(choose(NULL, 0, 2, 0, 1), 0);
    assert_false(instances[0].is_chosen);
}

/* ---- against the words of the paper, one narrowing after the other ---- */

static size_t zone_size(size_t count, const char *zone)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (!instances[i].is_chosen && strcmp(instances[i].zone, zone) == 0) size++;
    }
    return size;
}

static int64_t mark(enum asg_termination_policy policy, const struct asg_candidate *one)
{
    if (policy == ASG_TERMINATION_OLDEST_INSTANCE) return one->launched_ms;
    if (policy == ASG_TERMINATION_NEWEST_INSTANCE) return -one->launched_ms;
    if (policy == ASG_TERMINATION_OLDEST_LAUNCH_TEMPLATE) {
        return strcmp(one->template_id, "lt-web") != 0 ? -1
                                                       : (int64_t)one->template_version;
    }
    return HOUR_MS - (NOW_MS - one->launched_ms) % HOUR_MS;
}

static size_t narrow(enum asg_termination_policy policy, bool *in_set, size_t count)
{
    int64_t lowest = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if (in_set[i] && mark(policy, &instances[i]) < lowest) {
            lowest = mark(policy, &instances[i]);
        }
    }
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        in_set[i] = in_set[i] && mark(policy, &instances[i]) == lowest;
        left += in_set[i] ? 1 : 0;
    }
    return left;
}

/* Is the next one chosen one that plain narrowing leaves over? */
static void check_choice(enum asg_termination_policy policy, size_t count, size_t chosen)
{
    bool in_set[MANY];
    size_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        in_set[i] = instances[i].is_candidate && !instances[i].is_chosen;
        size_t size = zone_size(count, instances[i].zone);
        if (in_set[i] && size > largest) largest = size;
    }
    for (size_t i = 0; i < count; i++) {
        in_set[i] = in_set[i] && zone_size(count, instances[i].zone) == largest;
    }
    if (policy != ASG_TERMINATION_DEFAULT) (void)narrow(policy, in_set, count);
    (void)narrow(ASG_TERMINATION_OLDEST_LAUNCH_TEMPLATE, in_set, count);
    (void)narrow(ASG_TERMINATION_CLOSEST_TO_NEXT_INSTANCE_HOUR, in_set, count);
    assert_true(in_set[chosen]);
}

static void test_victims_agree_with_plain_narrowing(void **state)
{
    (void)state;
    static const enum asg_termination_policy policies[] = {
        ASG_TERMINATION_DEFAULT, ASG_TERMINATION_OLDEST_INSTANCE,
        ASG_TERMINATION_NEWEST_INSTANCE, ASG_TERMINATION_OLDEST_LAUNCH_TEMPLATE,
        ASG_TERMINATION_CLOSEST_TO_NEXT_INSTANCE_HOUR};
    static const char *const zones[] = {"us-1a", "us-1b", "us-1c", "us-1d"};
    struct seed seed = seed_new("test_choose_victims");
    for (int round = 0; round < 300; round++) {
        size_t count = 1 + seed_below(&seed, 40);
        for (size_t i = 0; i < count; i++) {
            instances[i] =
                make(i, zones[seed_below(&seed, 4)], (int64_t)seed_below(&seed, 8) * 20);
            instances[i].is_candidate = seed_below(&seed, 4) > 0;
            instances[i].template_version = 1 + seed_below(&seed, 3);
            if (seed_below(&seed, 5) == 0) instances[i].template_id = "lt-old";
        }
        enum asg_termination_policy policy = policies[seed_below(&seed, 5)];
        size_t chosen = choose(&policy, 1, count, count, seed_next(&seed));
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(instances[i].is_chosen, instances[i].is_candidate);
            instances[i].is_chosen = false;
        }
        for (size_t i = 0; i < chosen; i++) {
            check_choice(policy, count, order[i]);
            instances[order[i]].is_chosen = true;
        }
    }
}

#define T(name) cmocka_unit_test(test_victims_##name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(come_from_the_largest_zone),
        T(of_level_zones_come_from_all),
        T(of_a_large_protected_zone_are_passed_over),
        T(keep_zones_level_all_the_way),
        T(by_default_are_of_another_template_first),
        T(by_default_are_nearest_to_their_next_hour),
        T(are_narrowed_by_policies_in_order),
        T(that_are_even_fall_by_the_seed_alone),
        T(are_never_more_than_there_are),
        T(agree_with_plain_narrowing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
