#include "lib/check.h"

#include <stdio.h>

#include "aws/ec2_actions.h"
#include "crypto/crypto.h"
#include "worker/user_data.h"

static const char *text_of(const struct asg_user_data_entry *entry)
{
    return entry != NULL ? entry->text : NULL;
}

static struct asg_arena arena;
static struct asg_user_data_cache cache;

static void put(const char *id, const char *name, const char *version, const char *text,
                int64_t now_ms)
{
    /* The cache copies; the casts only fit its own struct. */
    const struct asg_user_data_entry entry = {.text = (char *)(uintptr_t)text,
                                              .interfaces = (char *)(uintptr_t) "",
                                              .parameters = NULL};
    asg_user_data_put(&cache, id, name, version, &entry, now_ms);
}

static int close_arena(void **state)
{
    (void)state;
    asg_arena_clear(&arena);
    return 0;
}

static void test_the_cache_knows_templates_by_id_and_version(void **state)
{
    (void)state;
    cache = (struct asg_user_data_cache){0};
    assert_null(asg_user_data_find(&cache, "lt-1", "web", "1", 0));
    put("lt-1", "web", "1", "one", 0);
    put("lt-1", "web", "2", "two", 0);
    assert_string_equal("one",
                        text_of(asg_user_data_find(&cache, "lt-1", "other", "1", 1)));
    assert_string_equal("two",
                        text_of(asg_user_data_find(&cache, "lt-1", "web", "2", 1)));
    assert_null(asg_user_data_find(&cache, "", "web", "1", 1));
    put("lt-1", "web", "1", "uno", 2);
    assert_string_equal(
        "uno", text_of(asg_user_data_find(&cache, "lt-1", "web", "1", INT64_MAX - 1)));
    asg_user_data_cache_clear(&cache);
    assert_null(asg_user_data_find(&cache, "lt-1", "web", "1", 1));
}

static void test_a_template_known_by_name_only_is_asked_for_again(void **state)
{
    (void)state;
    cache = (struct asg_user_data_cache){0};
    put("", "web", "1", "one", 1000);
    assert_string_equal("one", text_of(asg_user_data_find(&cache, "", "web", "1", 2000)));
    assert_null(asg_user_data_find(&cache, "", "web", "1", 1000 + ASG_USER_DATA_NAME_MS));
    asg_user_data_cache_clear(&cache);
}

static void test_a_full_cache_forgets_what_was_not_used_longest(void **state)
{
    (void)state;
    cache = (struct asg_user_data_cache){0};
    char version[32];
    for (int i = 0; i < ASG_USER_DATA_CACHED; i++) {
        (void)snprintf(version, sizeof version, "%d", i);
        put("lt-1", "", version, version, 10 + i);
    }
    assert_non_null(asg_user_data_find(&cache, "lt-1", "", "0", 1000));
    put("lt-1", "", "new", "new", 1001);
    assert_null(asg_user_data_find(&cache, "lt-1", "", "1", 1002));
    assert_string_equal("0", text_of(asg_user_data_find(&cache, "lt-1", "", "0", 1002)));
    assert_string_equal("new",
                        text_of(asg_user_data_find(&cache, "lt-1", "", "new", 1002)));
    /* A key that is too long is not kept, and harms nothing. */
    char *name = asg_arena_take(&arena, 1001);
    memset(name, 'n', 1000);
    put("", name, "1", "long", 1003);
    assert_null(asg_user_data_find(&cache, "", name, "1", 1003));
    asg_user_data_cache_clear(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_cache_knows_templates_by_id_and_version),
        cmocka_unit_test(test_a_template_known_by_name_only_is_asked_for_again),
        cmocka_unit_test(test_a_full_cache_forgets_what_was_not_used_longest),
    };
    return cmocka_run_group_tests(tests, NULL, close_arena);
}
