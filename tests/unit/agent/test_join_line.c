#include "agent/join_line.h"

#include "lib/check.h"

#define CA "6ac3c336e4094835293a3fed8a4b5fedde1b5e2626d9838fed50693bba00af0e"

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
        "  # openasg-join: token=00ff enrol=10.0.0.5:7708,[fd00::5]:7708 ca=" CA
        " job=18446744073709551615 attempt=2 later=x\r\n"
        "exec openasg-agent\n";
    assert_status(ASG_OK, find(text, &arena, &line, &error));
    assert_string_equal("00ff", line.token);
    assert_string_equal("10.0.0.5:7708,[fd00::5]:7708", line.enrol);
    assert_string_equal(CA, line.ca);
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
    const char *text = "# openasg-join: token=stale enrol=a:1 ca=" CA " job=1 attempt=1\n"
                       "# openasg-join: token=fresh enrol=b:2 ca=" CA " job=2 attempt=1";
    assert_status(ASG_OK, find(text, &arena, &line, &error));
    assert_string_equal("fresh", line.token);
    assert_string_equal("b:2", line.enrol);
    assert_int_equal(2, line.job_id);
    asg_arena_clear(&arena);
}

static void test_a_line_without_a_token_is_for_other_proofs(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_join_line line;
    struct asg_error error;
    assert_status(ASG_OK, find("# openasg-join: enrol=a:1 ca=" CA " job=1 attempt=1",
                               &arena, &line, &error));
    assert_string_equal("", line.token);
    assert_string_equal("a:1", line.enrol);
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
        {"token=SECRET ca=" CA " job=1 attempt=1", "enrol"},
        {"token=SECRET enrol=tcp://a:1 ca=" CA, "enrol"},
        {"token=SECRET enrol=a ca=" CA, "enrol"},
        {"token=SECRET enrol=a: ca=" CA, "enrol"},
        {"token=SECRET enrol=:1 ca=" CA, "enrol"},
        {"token=SECRET enrol=a:0 ca=" CA, "enrol"},
        {"token=SECRET enrol=a:65536 ca=" CA, "enrol"},
        {"token=SECRET enrol=a:1, ca=" CA, "enrol"},
        {"token=SECRET enrol=fd00::5:7708 ca=" CA, "enrol"},
        {"token=SECRET enrol=[]:7708 ca=" CA, "enrol"},
        {"token=SECRET enrol=a:1", "ca"},
        {"token=SECRET enrol=a:1 ca=6ac3", "ca"},
        {"token=SECRET enrol=a:1 ca=" CA "0", "ca"},
        {"token=SECRET enrol=a:1 ca=" CA " job=x", "job"},
        {"token=SECRET enrol=a:1 ca=" CA " job=", "job"},
        {"token=SECRET enrol=a:1 ca=" CA " job=18446744073709551616", "job"},
        {"token=SECRET enrol=a:1 ca=" CA " attempt=4294967296", "attempt"},
        {"token=SECRET SECRET enrol=a:1", "name=value"},
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

static void test_endpoints_come_one_after_the_other(void **state)
{
    (void)state;
    char host[ASG_JOIN_LINE_HOST_SIZE];
    char port[ASG_JOIN_LINE_PORT_SIZE];
    const char *at = "10.0.0.5:7708,[fd00::5]:80,asg.example:65535";
    static const char *const wanted[][2] = {
        {"10.0.0.5", "7708"}, {"fd00::5", "80"}, {"asg.example", "65535"}};
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(at);
        assert_true(asg_join_line_next(&at, host, port));
        assert_string_equal(wanted[i][0], host);
        assert_string_equal(wanted[i][1], port);
    }
    assert_null(at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_is_found_among_the_user_data),
        cmocka_unit_test(test_last_line_wins),
        cmocka_unit_test(test_a_line_without_a_token_is_for_other_proofs),
        cmocka_unit_test(test_user_data_without_a_line_has_none),
        cmocka_unit_test(test_endpoints_come_one_after_the_other),
        cmocka_unit_test(test_wrong_line_names_the_word_and_hides_the_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
