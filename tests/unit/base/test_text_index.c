/* test_text_index - things by their texts, against a plain array. */
#include "base/text_index.h"

#include <stdio.h>

#include "lib/check.h"
#include "lib/seed.h"

#define THINGS 2000

struct thing {
    bool is_in;
    char id[24];
};

static const char *text_of(const void *item)
{
    return ((const struct thing *)item)->id;
}

static void test_text_index_is_empty_at_first_and_after_clear(void **state)
{
    (void)state;
    struct asg_text_index index;
    asg_text_index_init(&index, text_of);
    struct thing thing = {.id = "web"};
    assert_null(asg_text_index_find(&index, "web"));
    asg_text_index_add(&index, &thing);
    assert_ptr_equal(asg_text_index_find(&index, "web"), &thing);
    assert_null(asg_text_index_find(&index, "we"));
    assert_null(asg_text_index_find(&index, ""));
    asg_text_index_clear(&index);
    assert_null(asg_text_index_find(&index, "web"));
    asg_text_index_add(&index, &thing); /* usable again */
    assert_ptr_equal(asg_text_index_find(&index, "web"), &thing);
    asg_text_index_clear(&index);
}

static void test_text_index_agrees_with_an_array_whatever_happens(void **state)
{
    (void)state;
    static struct thing things[THINGS];
    struct seed seed = seed_new("test_text_index");
    struct asg_text_index index;
    asg_text_index_init(&index, text_of);
    size_t count = 0;
    for (size_t i = 0; i < THINGS; i++) {
        (void)snprintf(things[i].id, sizeof things[i].id, "i-%017zx", i * 65537);
    }
    for (int round = 0; round < 100000; round++) {
        struct thing *thing = &things[seed_below(&seed, THINGS)];
        bool is_growing = round / 10000 % 2 == 0;
        bool is_add = seed_below(&seed, 100) < (is_growing ? 80u : 20u);
        if (is_add != thing->is_in) {
            thing->is_in = is_add;
            count += is_add ? 1 : (size_t)-1;
            if (is_add) asg_text_index_add(&index, thing);
            if (!is_add) asg_text_index_remove(&index, thing);
        }
        assert_int_equal(index.count, count);
        if (round % 5000 != 0) continue;
        for (size_t i = 0; i < THINGS; i++) {
            const struct thing *wanted = things[i].is_in ? &things[i] : NULL;
            assert_ptr_equal(asg_text_index_find(&index, things[i].id), wanted);
        }
    }
    asg_text_index_clear(&index);
}

/* Two keys of 32 bytes that differ behind a zero. */
static const char *bytes_of(const void *item)
{
    return item;
}

static void test_text_index_of_bytes_minds_no_zero(void **state)
{
    (void)state;
    struct asg_text_index index;
    asg_text_index_init_bytes(&index, bytes_of, 4);
    static char a[] = {1, 0, 2, 3};
    static char b[] = {1, 0, 2, 4};
    static const char c[] = {1, 0, 9, 9};
    asg_text_index_add(&index, a);
    asg_text_index_add(&index, b);
    assert_ptr_equal(asg_text_index_find(&index, a), a);
    assert_ptr_equal(asg_text_index_find(&index, b), b);
    assert_null(asg_text_index_find(&index, c));
    asg_text_index_remove(&index, a);
    assert_null(asg_text_index_find(&index, a));
    assert_ptr_equal(asg_text_index_find(&index, b), b);
    asg_text_index_clear(&index);
    assert_int_equal(4, index.bytes); /* usable again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_index_is_empty_at_first_and_after_clear),
        cmocka_unit_test(test_text_index_of_bytes_minds_no_zero),
        cmocka_unit_test(test_text_index_agrees_with_an_array_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
