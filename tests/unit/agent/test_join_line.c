#include "agent/join_line.h"

#include "lib/check.h"

#define KEY "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

static enum asg_status find(const char *text, struct asg_arena *arena,
                            struct asg_join_line *ret, struct asg_error *error)
{
    return asg_join_line_find(text, strlen(text), arena, ret, error);
}

static void test_line_is_found_among_the_user_data(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_join_line line;
    struct asg_error error;
    const char *text =
        "#!/bin/sh\n"
        "  # openasg-join: token=00ff controller=tcp://10.0.0.5:7701 key=" KEY
        " job=18446744073709551615 attempt=2 later=x\r\n"
        "exec openasg-agent\n";
    assert_status(ASG_OK, find(text, &arena, &line, &error));
    assert_string_equal("00ff", line.token);
    assert_string_equal("tcp://10.0.0.5:7701", line.controller);
    assert_string_equal(KEY, line.key);
    assert_true(line.job_id == UINT64_MAX);
    assert_int_equal(2, line.attempt);
    asg_arena_clear(&arena);
}

static void test_last_line_wins(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_join_line line;
    struct asg_error error;
    const char *text =
        "# openasg-join: token=stale controller=tcp://a:1 job=1 attempt=1\n"
        "# openasg-join: token=fresh controller=tcp://b:2 job=2 attempt=1";
    assert_status(ASG_OK, find(text, &arena, &line, &error));
    assert_string_equal("fresh", line.token);
    assert_string_equal("", line.key);
    assert_int_equal(2, line.job_id);
    asg_arena_clear(&arena);
}

static void test_user_data_without_a_line_has_none(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_join_line line;
    struct asg_error error;
    assert_status(ASG_ERR_NOT_FOUND, find("", &arena, &line, &error));
    assert_status(ASG_ERR_NOT_FOUND, find("#!/bin/sh\necho x\n", &arena, &line, &error));
    assert_status(ASG_ERR_NOT_FOUND,
                  find("echo '# openasg-join: token=x'\n", &arena, &line, &error));
    asg_arena_clear(&arena);
}

static void test_wrong_line_names_the_word_and_hides_the_token(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *word;
    } wrong[] = {
        {"controller=tcp://a:1 job=1 attempt=1", "token"},
        {"token=SECRET job=1 attempt=1", "controller"},
        {"token=SECRET controller=http://a:1", "controller"},
        {"token=SECRET controller=tcp://a:1 job=x", "job"},
        {"token=SECRET controller=tcp://a:1 job=", "job"},
        {"token=SECRET controller=tcp://a:1 job=18446744073709551616", "job"},
        {"token=SECRET controller=tcp://a:1 attempt=4294967296", "attempt"},
        {"token=SECRET controller=tcp://a:1 key=short", "key"},
        {"token=SECRET SECRET controller=tcp://a:1", "name=value"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct asg_arena arena = {0};
        struct asg_join_line line;
        struct asg_error error;
        const char *text = asg_arena_format(&arena, "# openasg-join: %s", wrong[i].line);
        assert_status(ASG_ERR_MALFORMED, find(text, &arena, &line, &error));
        assert_non_null(strstr(error.text, wrong[i].word));
        assert_null(strstr(error.text, "SECRET"));
        asg_arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_is_found_among_the_user_data),
        cmocka_unit_test(test_last_line_wins),
        cmocka_unit_test(test_user_data_without_a_line_has_none),
        cmocka_unit_test(test_wrong_line_names_the_word_and_hides_the_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
