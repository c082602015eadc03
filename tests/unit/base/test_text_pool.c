/* test_text_pool - one copy of a text, as long as somebody holds it. */
#include "base/text_pool.h"

#include <string.h>

#include "lib/check.h"
#include "lib/seed.h"

#define HOLDERS 50

static void test_text_pool_keeps_one_copy(void **state)
{
    (void)state;
    struct asg_text_pool pool;
    asg_text_pool_init(&pool);
    const char *a = "";
    const char *b = "";
    char zone[] = "us-east-1a";
    asg_text_pool_set(&pool, &a, zone);
    memset(zone, 'x', sizeof zone - 1); /* it is a copy */
    assert_string_equal(a, "us-east-1a");
    asg_text_pool_set(&pool, &b, "us-east-1a");
    assert_ptr_equal(a, b);
    asg_text_pool_set(&pool, &a, a); /* its own text */
    assert_ptr_equal(a, b);
    asg_text_pool_set(&pool, &a, NULL);
    assert_string_equal(a, "");
    assert_string_equal(b, "us-east-1a");
    assert_int_equal(pool.texts.count, 1);
    asg_text_pool_set(&pool, &b, "");
    assert_int_equal(pool.texts.count, 0);
    asg_text_pool_set(&pool, &b, "still held");
    asg_text_pool_clear(&pool);
}

static void test_text_pool_holds_what_is_held_and_nothing_else(void **state)
{
    (void)state;
    static const char *const words[] = {"", "a", "b", "c", "t3.micro", "us-east-1a"};
    const size_t word_count = sizeof words / sizeof words[0];
    const char *held[HOLDERS];
    size_t chosen[HOLDERS] = {0};
    struct asg_text_pool pool;
    asg_text_pool_init(&pool);
    struct seed seed = seed_new("test_text_pool");
    for (size_t i = 0; i < HOLDERS; i++) {
        held[i] = "";
    }
    for (int round = 0; round < 20000; round++) {
        size_t at = seed_below(&seed, HOLDERS);
        /* waves, so that words come and go */
        bool is_ebb = round / 500 % 2 == 1 && seed_below(&seed, 20) != 0;
        chosen[at] = is_ebb ? 0 : seed_below(&seed, word_count);
        asg_text_pool_set(&pool, &held[at], words[chosen[at]]);
        bool is_held[sizeof words / sizeof words[0]] = {false};
        size_t count = 0;
        for (size_t i = 0; i < HOLDERS; i++) {
            assert_string_equal(held[i], words[chosen[i]]);
            if (chosen[i] == 0 || is_held[chosen[i]]) continue;
            is_held[chosen[i]] = true;
            count++;
        }
        assert_int_equal(pool.texts.count, count);
    }
    asg_text_pool_clear(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_pool_keeps_one_copy),
        cmocka_unit_test(test_text_pool_holds_what_is_held_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
