/* test_arena - memory given out piece by piece: zeroed, aligned, kept over a reset. */
#include <stdalign.h>

#include "base/arena.h"
#include "lib/check.h"

static void test_arena_gives_zeroed_and_aligned_memory(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 3000; size += 7) {
            unsigned char *memory = asg_arena_take(&arena, size);
            assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(memory[i], 0);
            }
            memset(memory, 0xff, size); /* the next round must not see it */
        }
        asg_arena_reset(&arena);
        assert_int_equal(asg_arena_used(&arena), 0);
    }
    asg_arena_clear(&arena);
    asg_arena_clear(&arena);
}

static void test_arena_keeps_its_memory_over_a_reset(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    void *first = asg_arena_take(&arena, 100);
    (void)asg_arena_take(&arena, 1000000);
    asg_arena_reset(&arena);
    assert_ptr_equal(asg_arena_take(&arena, 100), first);
    asg_arena_clear(&arena);
}

static void test_arena_copies_texts(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    char text[] = "web-118";
    const char *copy = asg_arena_text(&arena, text);
    const char *part = asg_arena_text_n(&arena, text, 3);
    text[0] = 'X';
    assert_string_equal(copy, "web-118");
    assert_string_equal(part, "web");
    assert_string_equal(asg_arena_text(&arena, NULL), "");
    assert_string_equal(asg_arena_format(&arena, "%s %d %%", "cpu", 50), "cpu 50 %");
    asg_arena_clear(&arena);
}

static void test_arena_list_grows_and_keeps_what_it_has(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    int *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        int *item =
            asg_arena_push(&arena, (void **)&items, &count, &capacity, sizeof *item);
        assert_int_equal(*item, 0);
        *item = i;
    }
    assert_int_equal(count, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(items[i], i);
    }
    asg_arena_clear(&arena);
}

static void test_arena_reserves_exactly_what_is_asked_for(void **state)
{
    (void)state;
    struct asg_arena trial = {0};
    (void)asg_arena_text(&trial, "us-east-1a");
    (void)asg_arena_take(&trial, 0);
    (void)asg_arena_take(&trial, 100);
    struct asg_arena arena = {0};
    asg_arena_reserve(&arena, asg_arena_used(&trial));
    const struct asg_arena_block *only = arena.current;
    const char *text = asg_arena_text(&arena, "us-east-1a");
    (void)asg_arena_take(&arena, 0);
    (void)asg_arena_take(&arena, 100);
    assert_ptr_equal(arena.current, only); /* it was enough */
    (void)asg_arena_take(&arena, 1);       /* and no byte more: it grows as ever */
    assert_ptr_not_equal(arena.current, only);
    assert_string_equal(text, "us-east-1a");
    asg_arena_clear(&arena);
    asg_arena_clear(&trial);
    asg_arena_reserve(&arena, 0);
    (void)asg_arena_text(&arena, "");
    asg_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_gives_zeroed_and_aligned_memory),
        cmocka_unit_test(test_arena_keeps_its_memory_over_a_reset),
        cmocka_unit_test(test_arena_copies_texts),
        cmocka_unit_test(test_arena_list_grows_and_keeps_what_it_has),
        cmocka_unit_test(test_arena_reserves_exactly_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
