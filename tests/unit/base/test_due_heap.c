/* test_due_heap - who is due first, against a plain array. */
#include "base/due_heap.h"

#include "lib/check.h"
#include "lib/seed.h"

#define OWNERS 300

struct owner {
    int number;
    struct asg_due due;
};

static void test_due_heap_gives_the_earliest(void **state)
{
    (void)state;
    struct asg_due_heap heap = {0};
    struct owner a = {.number = 1};
    struct owner b = {.number = 2};
    assert_null(asg_due_heap_first(&heap));
    assert_int_equal(asg_due_heap_first_ms(&heap), INT64_MAX);
    asg_due_heap_remove(&heap, &a.due); /* is not in it */
    asg_due_heap_set(&heap, &a.due, 20);
    asg_due_heap_set(&heap, &b.due, 10);
    assert_int_equal(asg_due_heap_first_ms(&heap), 10);
    assert_int_equal(ASG_OWNER_OF(asg_due_heap_first(&heap), struct owner, due)->number,
                     2);
    asg_due_heap_set(&heap, &b.due, 30); /* it moves */
    assert_ptr_equal(asg_due_heap_first(&heap), &a.due);
    asg_due_heap_set(&heap, &a.due, INT64_MAX); /* never */
    assert_ptr_equal(asg_due_heap_first(&heap), &b.due);
    assert_int_equal(heap.count, 1);
    asg_due_heap_remove(&heap, &b.due);
    assert_null(asg_due_heap_first(&heap));
    asg_due_heap_clear(&heap);
}

static void test_due_heap_agrees_with_an_array_whatever_happens(void **state)
{
    (void)state;
    static struct owner owners[OWNERS];
    static int64_t wanted[OWNERS];
    struct asg_due_heap heap = {0};
    struct seed seed = seed_new("test_due_heap");
    for (size_t i = 0; i < OWNERS; i++) {
        wanted[i] = INT64_MAX;
    }
    for (int round = 0; round < 50000; round++) {
        size_t at = seed_below(&seed, OWNERS);
        switch (seed_below(&seed, 4)) {
        case 0:
            wanted[at] = INT64_MAX;
            asg_due_heap_remove(&heap, &owners[at].due);
            break;
        case 1:
            wanted[at] = INT64_MAX;
            asg_due_heap_set(&heap, &owners[at].due, INT64_MAX);
            break;
        default:
            wanted[at] = (int64_t)seed_below(&seed, 1000);
            asg_due_heap_set(&heap, &owners[at].due, wanted[at]);
            break;
        }
        int64_t first = INT64_MAX;
        size_t count = 0;
        for (size_t i = 0; i < OWNERS; i++) {
            if (wanted[i] == INT64_MAX) continue;
            if (wanted[i] < first) first = wanted[i];
            count++;
        }
        assert_int_equal(asg_due_heap_first_ms(&heap), first);
        assert_int_equal(heap.count, count);
        assert_true(asg_due_heap_is_right(&heap));
        assert_true(asg_due_heap_has(&heap, &owners[at].due) ==
                    (wanted[at] != INT64_MAX));
    }
    int64_t before = INT64_MIN; /* and they come out in order */
    while (asg_due_heap_first(&heap) != NULL) {
        struct asg_due *due = asg_due_heap_first(&heap);
        assert_true(due->at_ms >= before);
        before = due->at_ms;
        asg_due_heap_remove(&heap, due);
    }
    asg_due_heap_clear(&heap);
}

static void test_a_heap_out_of_order_is_not_right(void **state)
{
    (void)state;
    struct asg_due_heap heap = {0};
    struct owner owners[3] = {{.number = 0}};
    for (int i = 0; i < 3; i++) {
        asg_due_heap_set(&heap, &owners[i].due, 10 * (i + 1));
    }
    assert_true(asg_due_heap_is_right(&heap));
    owners[2].due.at_ms = 5;
    assert_false(asg_due_heap_is_right(&heap));
    owners[2].due = (struct asg_due){.at_ms = 30, .place = 1};
    assert_false(asg_due_heap_is_right(&heap));
    assert_false(asg_due_heap_has(&heap, &owners[2].due)); /* another stands there */
    asg_due_heap_clear(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_heap_gives_the_earliest),
        cmocka_unit_test(test_due_heap_agrees_with_an_array_whatever_happens),
        cmocka_unit_test(test_a_heap_out_of_order_is_not_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
