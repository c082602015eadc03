#include "lib/check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/credentials.h"

static char folder[64];
static char path[128];

static int open_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN", "AWS_PROFILE",
                                        "AWS_SHARED_CREDENTIALS_FILE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unsetenv(names[i]);
    }
    (void)snprintf(folder, sizeof folder, "/tmp/test_credentials.XXXXXX");
    if (mkdtemp(folder) == NULL) return 1;
    (void)setenv("HOME", folder, 1);
    (void)snprintf(path, sizeof path, "%s/.aws", folder);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/.aws/credentials", folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/.aws", folder);
    (void)rmdir(path);
    (void)rmdir(folder);
    return 0;
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    (void)fclose(file);
}

static void expect(const char *key_id, const char *secret, const char *token,
                   const char *source)
{
    struct asg_credentials found = {0};
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_credentials_fetch_default(&found, &error));
    assert_string_equal(key_id, found.access_key_id);
    assert_string_equal(secret, asg_secret_reveal(&found.secret_key));
    assert_string_equal(token, asg_secret_reveal(&found.session_token));
    assert_string_equal(source, found.source);
    asg_credentials_clear(&found);
    asg_credentials_clear(&found);
}

static void refuse(enum asg_status status, const char *words)
{
    struct asg_credentials found = {0};
    struct asg_error error = {""};
    assert_status(status, asg_credentials_fetch_default(&found, &error));
    assert_null(found.access_key_id);
    if (strstr(error.text, words) == NULL) fail_msg("\"%s\"", error.text);
    assert_null(strstr(error.text, "hidden"));
}

static void test_the_environment_comes_first(void **state)
{
    (void)state;
    write_file("[default]\naws_access_key_id = FILE\naws_secret_access_key = hidden\n");
    expect("FILE", "hidden", "", "profile");
    (void)setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "hidden too", 1);
    expect("ENV", "hidden too", "", "environment");
    (void)setenv("AWS_SESSION_TOKEN", "hidden token", 1);
    expect("ENV", "hidden too", "hidden token", "environment");
}

static void test_half_a_pair_is_an_error_and_not_passed_over(void **state)
{
    (void)state;
    write_file("[default]\naws_access_key_id = FILE\naws_secret_access_key = hidden\n");
    (void)setenv("AWS_SECRET_ACCESS_KEY", "hidden", 1);
    refuse(ASG_ERR_INVALID, "AWS_ACCESS_KEY_ID");
    (void)unsetenv("AWS_SECRET_ACCESS_KEY");
    write_file("[default]\naws_access_key_id = FILE\n");
    refuse(ASG_ERR_INVALID, "aws_secret_access_key");
}

static void test_a_named_profile_is_taken_from_a_named_file(void **state)
{
    (void)state;
    write_file("# a comment\r\n[default]\r\naws_access_key_id=A\r\n"
               "aws_secret_access_key=hidden\r\n\r\n[ work ]\r\n"
               "; more\r\naws_access_key_id = B\t\r\n  nested = 1\r\n"
               "aws_secret_access_key = hid=den==\r\naws_session_token = tok\r\n");
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
    (void)setenv("HOME", "/nonexistent", 1);
    (void)setenv("AWS_PROFILE", "work", 1);
    expect("B", "hid=den==", "tok", "profile");
}

static void test_a_profile_that_is_named_but_missing_is_an_error(void **state)
{
    (void)state;
    (void)setenv("AWS_PROFILE", "work", 1);
    refuse(ASG_ERR_INVALID, "work");
    write_file("[default]\naws_access_key_id = A\naws_secret_access_key = hidden\n");
    refuse(ASG_ERR_INVALID, "[work]");
}

static void test_a_profile_that_needs_sts_says_so(void **state)
{
    (void)state;
    write_file("[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n");
    refuse(ASG_ERR_UNSUPPORTED, "role_arn");
}

static void test_nothing_anywhere_names_the_places(void **state)
{
    (void)state;
    refuse(ASG_ERR_NOT_FOUND, "environment, profile");
    write_file("");
    refuse(ASG_ERR_NOT_FOUND, "environment, profile");
    write_file("no section\n[broken\naws_access_key_id\n=\n[]\n");
    refuse(ASG_ERR_NOT_FOUND, "environment, profile");
}

static void test_a_file_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (int i = 0; i < ASG_CREDENTIALS_FILE_MAX / 8 + 1; i++) {
        assert_true(fputs("# hidde\n", file) >= 0);
    }
    (void)fclose(file);
    refuse(ASG_ERR_LIMIT, path);
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", folder, 1);
    refuse(ASG_ERR_IO, folder);
}

static void test_a_secret_shows_as_stars(void **state)
{
    (void)state;
    struct asg_secret secret = {0};
    assert_string_equal("(none)", asg_secret_shown(&secret));
    assert_string_equal("", asg_secret_reveal(&secret));
    asg_secret_set(&secret, "hidden", 6);
    assert_string_equal("****", asg_secret_shown(&secret));
    struct asg_secret other = {0};
    assert_false(asg_secret_same(&secret, &other));
    asg_secret_set(&other, "hidden", 6);
    assert_true(asg_secret_same(&secret, &other));
    asg_secret_set(&other, asg_secret_reveal(&other), 3);
    assert_string_equal("hid", asg_secret_reveal(&other));
    asg_secret_clear(&secret);
    asg_secret_clear(&other);
    assert_true(asg_secret_same(&secret, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_environment_comes_first, open_folder,
                                        close_folder),
        cmocka_unit_test_setup_teardown(test_half_a_pair_is_an_error_and_not_passed_over,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_a_named_profile_is_taken_from_a_named_file,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(
            test_a_profile_that_is_named_but_missing_is_an_error, open_folder,
            close_folder),
        cmocka_unit_test_setup_teardown(test_a_profile_that_needs_sts_says_so,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_nothing_anywhere_names_the_places,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_a_file_beyond_the_limit_is_refused,
                                        open_folder, close_folder),
        cmocka_unit_test(test_a_secret_shows_as_stars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
