#include "lib/check.h"

#include <stdio.h>

#include "aws/ec2_actions.h"
#include "crypto/crypto.h"
#include "worker/user_data.h"

#define LINE "# openasg-join: token=t"

static const char *text_of(const struct asg_user_data_entry *entry)
{
    return entry != NULL ? entry->text : NULL;
}

static struct asg_arena arena;

static int close_arena(void **state)
{
    (void)state;
    asg_arena_clear(&arena);
    return 0;
}

static const char *encode(const void *data, size_t length)
{
    char *text = asg_arena_take(&arena, 4 * ((length + 2) / 3) + 1);
    asg_base64_encode(data, length, text);
    return text;
}

/* The plain text of what a launch with this user data would send. */
static const char *join(const char *plain)
{
    const char *joined = NULL;
    struct asg_error error = {""};
    enum asg_status status =
        asg_user_data_join(encode(plain, strlen(plain)), LINE, &arena, &joined, &error);
    if (status != ASG_OK) fail_msg("%s", error.text);
    char *text = asg_arena_take(&arena, strlen(joined) + 4);
    size_t length = 0;
    assert_status(ASG_OK, asg_base64_decode(joined, text, &length));
    text[length] = '\0';
    return text;
}

static void test_the_line_comes_last_on_a_line_of_its_own(void **state)
{
    (void)state;
    assert_string_equal("#!/bin/sh\necho\n" LINE "\n", join("#!/bin/sh\necho\n"));
    assert_string_equal("#!/bin/sh\necho\n" LINE "\n", join("#!/bin/sh\necho"));
    assert_string_equal("#cloud-config\na: b\n" LINE "\n", join("#cloud-config\na: b"));
}

static void test_empty_user_data_becomes_a_script(void **state)
{
    (void)state;
    assert_string_equal("#!/bin/sh\n" LINE "\n", join(""));
}

static void test_user_data_may_fill_the_16_kib_and_not_a_byte_more(void **state)
{
    (void)state;
    size_t room = ASG_EC2_USER_DATA_MAX - strlen(LINE "\n");
    char *plain = asg_arena_take(&arena, room + 2);
    memset(plain, 'x', room);
    plain[room - 1] = '\n';
    assert_int_equal(ASG_EC2_USER_DATA_MAX, strlen(join(plain)));
    plain[room - 1] = 'x';
    plain[room] = '\n';
    const char *joined = "untouched";
    struct asg_error error = {""};
    assert_status(ASG_ERR_LIMIT, asg_user_data_join(encode(plain, room + 1), LINE, &arena,
                                                    &joined, &error));
    assert_non_null(strstr(error.text, "shorten it by 1"));
    assert_string_equal("untouched", joined);
}

static void test_what_cannot_carry_a_line_is_refused(void **state)
{
    (void)state;
    const char *joined = NULL;
    struct asg_error error = {""};
    static const uint8_t packed[] = {0x1f, 0x8b, 8, 0, 0};
    assert_status(ASG_ERR_UNSUPPORTED, asg_user_data_join(encode(packed, sizeof packed),
                                                          LINE, &arena, &joined, &error));
    assert_status(ASG_ERR_MALFORMED,
                  asg_user_data_join("not base64!", LINE, &arena, &joined, &error));
    char *huge = asg_arena_take(&arena, 100001);
    memset(huge, 'A', 100000);
    assert_status(ASG_ERR_LIMIT, asg_user_data_join(huge, LINE, &arena, &joined, &error));
}

static void test_the_cache_knows_templates_by_id_and_version(void **state)
{
    (void)state;
    struct asg_user_data_cache cache = {0};
    assert_null(asg_user_data_find(&cache, "lt-1", "web", "1", 0));
    asg_user_data_put(&cache, "lt-1", "web", "1", "one", "", 0);
    asg_user_data_put(&cache, "lt-1", "web", "2", "two", "", 0);
    assert_string_equal("one",
                        text_of(asg_user_data_find(&cache, "lt-1", "other", "1", 1)));
    assert_string_equal("two",
                        text_of(asg_user_data_find(&cache, "lt-1", "web", "2", 1)));
    assert_null(asg_user_data_find(&cache, "", "web", "1", 1));
    asg_user_data_put(&cache, "lt-1", "web", "1", "uno", "", 2);
    assert_string_equal(
        "uno", text_of(asg_user_data_find(&cache, "lt-1", "web", "1", INT64_MAX - 1)));
    asg_user_data_cache_clear(&cache);
    assert_null(asg_user_data_find(&cache, "lt-1", "web", "1", 1));
}

static void test_a_template_known_by_name_only_is_asked_for_again(void **state)
{
    (void)state;
    struct asg_user_data_cache cache = {0};
    asg_user_data_put(&cache, "", "web", "1", "one", "", 1000);
    assert_string_equal("one", text_of(asg_user_data_find(&cache, "", "web", "1", 2000)));
    assert_null(asg_user_data_find(&cache, "", "web", "1", 1000 + ASG_USER_DATA_NAME_MS));
    asg_user_data_cache_clear(&cache);
}

static void test_a_full_cache_forgets_what_was_not_used_longest(void **state)
{
    (void)state;
    struct asg_user_data_cache cache = {0};
    char version[32];
    for (int i = 0; i < ASG_USER_DATA_CACHED; i++) {
        (void)snprintf(version, sizeof version, "%d", i);
        asg_user_data_put(&cache, "lt-1", "", version, version, "", 10 + i);
    }
    assert_non_null(asg_user_data_find(&cache, "lt-1", "", "0", 1000));
    asg_user_data_put(&cache, "lt-1", "", "new", "new", "", 1001);
    assert_null(asg_user_data_find(&cache, "lt-1", "", "1", 1002));
    assert_string_equal("0", text_of(asg_user_data_find(&cache, "lt-1", "", "0", 1002)));
    assert_string_equal("new",
                        text_of(asg_user_data_find(&cache, "lt-1", "", "new", 1002)));
    /* A key that is too long is not kept, and harms nothing. */
    char *name = asg_arena_take(&arena, 1001);
    memset(name, 'n', 1000);
    asg_user_data_put(&cache, "", name, "1", "long", "", 1003);
    assert_null(asg_user_data_find(&cache, "", name, "1", 1003));
    asg_user_data_cache_clear(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_line_comes_last_on_a_line_of_its_own),
        cmocka_unit_test(test_empty_user_data_becomes_a_script),
        cmocka_unit_test(test_user_data_may_fill_the_16_kib_and_not_a_byte_more),
        cmocka_unit_test(test_what_cannot_carry_a_line_is_refused),
        cmocka_unit_test(test_the_cache_knows_templates_by_id_and_version),
        cmocka_unit_test(test_a_template_known_by_name_only_is_asked_for_again),
        cmocka_unit_test(test_a_full_cache_forgets_what_was_not_used_longest),
    };
    return cmocka_run_group_tests(tests, NULL, close_arena);
}
