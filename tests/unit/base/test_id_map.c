/* test_id_map - ids to numbers, against a plain array. */
#include <stdio.h>

#include "base/id_map.h"
#include "lib/check.h"
#include "lib/seed.h"

#define IDS 2000

static void test_id_map_finds_what_was_put_and_nothing_else(void **state)
{
    (void)state;
    struct asg_id_map map = {0};
    assert_int_equal(asg_id_map_find(&map, "i-1"), ASG_ID_MAP_NONE);
    asg_id_map_remove(&map, "i-1");
    asg_id_map_put(&map, "i-1", 7);
    asg_id_map_put(&map, "i-2", 8);
    asg_id_map_put(&map, "i-1", 9);
    assert_int_equal(map.count, 2);
    assert_int_equal(asg_id_map_find(&map, "i-1"), 9);
    assert_int_equal(asg_id_map_find(&map, "i-2"), 8);
    assert_int_equal(asg_id_map_find(&map, "i-3"), ASG_ID_MAP_NONE);
    assert_int_equal(
        asg_id_map_find(&map, "an id that is far longer than any id can ever be"),
        ASG_ID_MAP_NONE);
    asg_id_map_clear(&map);
    assert_int_equal(asg_id_map_find(&map, "i-1"), ASG_ID_MAP_NONE);
    asg_id_map_clear(&map);
}

static void test_id_map_agrees_with_an_array_whatever_happens(void **state)
{
    (void)state;
    static uint32_t wanted[IDS];
    struct seed seed = seed_new("test_id_map");
    struct asg_id_map map = {0};
    size_t count = 0;
    for (size_t i = 0; i < IDS; i++) {
        wanted[i] = ASG_ID_MAP_NONE;
    }
    for (int round = 0; round < 100000; round++) {
        char id[ASG_ID_MAX + 1];
        /* waves of putting and taking out, so that long runs form and break */
        size_t at = seed_below(&seed, IDS);
        bool is_put = seed_below(&seed, 100) < (round / 10000 % 2 == 0 ? 80u : 20u);
        (void)snprintf(id, sizeof id, "i-%017zx", at * 65537);
        if (is_put) {
            count += wanted[at] == ASG_ID_MAP_NONE ? 1 : 0;
            wanted[at] = (uint32_t)round;
            asg_id_map_put(&map, id, wanted[at]);
        } else {
            count -= wanted[at] != ASG_ID_MAP_NONE ? 1 : 0;
            wanted[at] = ASG_ID_MAP_NONE;
            asg_id_map_remove(&map, id);
        }
        assert_int_equal(map.count, count);
        if (round % 5000 != 0) continue;
        for (size_t i = 0; i < IDS; i++) {
            (void)snprintf(id, sizeof id, "i-%017zx", i * 65537);
            assert_int_equal(asg_id_map_find(&map, id), wanted[i]);
        }
    }
    asg_id_map_clear(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id_map_finds_what_was_put_and_nothing_else),
        cmocka_unit_test(test_id_map_agrees_with_an_array_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
