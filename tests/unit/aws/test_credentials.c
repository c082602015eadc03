#include "lib/check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/credentials_chain.h"
#include "aws/shared_config.h"

static char folder[64];
static char path[128];
static char config_path[128];
static struct asg_credentials_chain_options options;

static int open_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_PROFILE",
                                        "AWS_SHARED_CREDENTIALS_FILE",
                                        "AWS_CONFIG_FILE",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unsetenv(names[i]);
    }
    (void)setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    (void)snprintf(folder, sizeof folder, "/tmp/test_credentials.XXXXXX");
    if (mkdtemp(folder) == NULL) return 1;
    (void)setenv("HOME", folder, 1);
    (void)snprintf(path, sizeof path, "%s/.aws", folder);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/.aws/credentials", folder);
    (void)snprintf(config_path, sizeof config_path, "%s/.aws/config", folder);
    options = (struct asg_credentials_chain_options){.clock = asg_clock_real(),
                                                     .region = "us-east-1"};
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(config_path);
    (void)snprintf(path, sizeof path, "%s/.aws", folder);
    (void)rmdir(path);
    (void)rmdir(folder);
    return 0;
}

static void write_to(const char *where, const char *text)
{
    FILE *file = fopen(where, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    (void)fclose(file);
}

static void write_file(const char *text)
{
    write_to(path, text);
}

static enum asg_status fetch(struct asg_credentials *ret, struct asg_error *error)
{
    struct asg_credentials_chain *chain = NULL;
    asg_credentials_chain_new(&options, &chain);
    const struct asg_credentials_provider provider =
        asg_credentials_chain_provider(chain);
    enum asg_status status = asg_credentials_fetch(&provider, ret, error);
    asg_credentials_chain_destroy(&chain);
    return status;
}

static void expect(const char *key_id, const char *secret, const char *token,
                   const char *source)
{
    struct asg_credentials found = {0};
    struct asg_error error = {""};
    assert_status(ASG_OK, fetch(&found, &error));
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
    assert_status(status, fetch(&found, &error));
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
    write_to(config_path, "[work]\naws_access_key_id = A\n"); /* lacks "profile" */
    refuse(ASG_ERR_INVALID, "[profile work]");
}

static void test_what_nobody_can_answer_is_refused_with_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum asg_status status;
        const char *words;
    } cases[] = {
        {"[default]\nsso_session = x\n", ASG_ERR_UNSUPPORTED, "sso_session"},
        {"[default]\nsso_start_url = x\n", ASG_ERR_UNSUPPORTED, "browser"},
        {"[default]\nlogin_session = x\n", ASG_ERR_UNSUPPORTED, "login_session"},
        {"[default]\nrole_arn = r\nsource_profile = b\nmfa_serial = m\n[b]\n"
         "aws_access_key_id = A\naws_secret_access_key = hidden\n",
         ASG_ERR_UNSUPPORTED, "mfa_serial"},
        {"[default]\nrole_arn = r\n", ASG_ERR_INVALID, "neither source"},
        {"[default]\nrole_arn = r\nsource_profile = default\ncredential_source = "
         "Environment\n",
         ASG_ERR_INVALID, "both sources"},
        {"[default]\nrole_arn = r\nsource_profile = gone\n", ASG_ERR_INVALID, "gone"},
        {"[default]\nrole_arn = r\nsource_profile = b\n[b]\nregion = x\n",
         ASG_ERR_INVALID, "b, which has no credentials"},
        {"[default]\nrole_arn = r\nsource_profile = default\n", ASG_ERR_INVALID,
         "circular"},
        {"[default]\nrole_arn = r\nsource_profile = b\n[b]\nrole_arn = s\n"
         "source_profile = default\n",
         ASG_ERR_INVALID, "circular"},
        {"[default]\nrole_arn = r\nsource_profile = a\n[a]\nrole_arn = r\n"
         "source_profile = b\n[b]\nrole_arn = r\nsource_profile = c\n[c]\nrole_arn = r\n"
         "source_profile = d\n[d]\nrole_arn = r\nsource_profile = e\n[e]\nrole_arn = r\n"
         "source_profile = f\n[f]\nrole_arn = r\nsource_profile = g\n[g]\nrole_arn = r\n"
         "source_profile = h\n[h]\nrole_arn = r\nsource_profile = i\n[i]\n",
         ASG_ERR_LIMIT, "more than 8"},
        {"[default]\nrole_arn = r\ncredential_source = Moon\n", ASG_ERR_INVALID,
         "Ec2InstanceMetadata"},
        {"[default]\nrole_arn = r\ncredential_source = Environment\n", ASG_ERR_INVALID,
         "there are no credentials"},
        {"[default]\nrole_arn = r\nsource_profile = b\nduration_seconds = 899\n[b]\n"
         "aws_access_key_id = A\naws_secret_access_key = hidden\n",
         ASG_ERR_INVALID, "from 900"},
        {"[default]\nrole_arn = r\nweb_identity_token_file = /nonexistent\n", ASG_ERR_IO,
         "/nonexistent"},
        {"[default]\ncredential_process = /bin/true\n", ASG_ERR_UNSUPPORTED,
         "credentials.allow_process"},
        {"[default]\nsource_profile = b\n[b]\naws_access_key_id = A\n", ASG_ERR_NOT_FOUND,
         "looked in"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(cases[i].text);
        refuse(cases[i].status, cases[i].words);
    }
}

static void test_the_config_file_has_profiles_and_the_credentials_file_wins(void **state)
{
    (void)state;
    write_to(config_path, "[default]\naws_access_key_id = CONFIG\n"
                          "aws_secret_access_key = hidden\n"
                          "[profile work]\naws_access_key_id = WORK\n"
                          "aws_secret_access_key = hidden\n");
    expect("CONFIG", "hidden", "", "profile");
    (void)setenv("AWS_PROFILE", "work", 1);
    expect("WORK", "hidden", "", "profile");
    write_file("[work]\naws_access_key_id = OTHER\n");
    expect("OTHER", "hidden", "", "profile");
}

static void test_what_the_settings_name_is_looked_at_alone(void **state)
{
    (void)state;
    (void)setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "hidden too", 1);
    write_file("[default]\naws_access_key_id = FILE\naws_secret_access_key = hidden\n"
               "[work]\naws_access_key_id = WORK\naws_secret_access_key = hidden\n");
    options.profile = "work";
    expect("WORK", "hidden", "", "profile");
    options.profile = "gone";
    refuse(ASG_ERR_INVALID, "gone");
    options.profile = NULL;
    options.credentials_file = path;
    expect("FILE", "hidden", "", "profile");
    options.credentials_file = "/nonexistent/x";
    refuse(ASG_ERR_NOT_FOUND, "/nonexistent/x");
    options.credentials_file = NULL;
    expect("ENV", "hidden too", "", "environment");
}

static void test_a_source_once_found_stays_the_source(void **state)
{
    (void)state;
    struct asg_credentials_chain *chain = NULL;
    asg_credentials_chain_new(&options, &chain);
    const struct asg_credentials_provider provider =
        asg_credentials_chain_provider(chain);
    struct asg_credentials found = {0};
    struct asg_error error = {""};
    write_file("[default]\naws_access_key_id = A\naws_secret_access_key = hidden\n");
    assert_status(ASG_OK, asg_credentials_fetch(&provider, &found, &error));
    assert_string_equal("A", found.access_key_id);
    (void)setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "hidden too", 1);
    write_file("[default]\naws_access_key_id = B\naws_secret_access_key = hidden\n");
    assert_status(ASG_OK, asg_credentials_fetch(&provider, &found, &error));
    assert_string_equal("B", found.access_key_id); /* rotated */
    write_file("");
    assert_status(ASG_ERR_NOT_FOUND, asg_credentials_fetch(&provider, &found, &error));
    assert_non_null(strstr(error.text, "profile are gone"));
    assert_string_equal("B", found.access_key_id);
    asg_credentials_chain_stop(chain);
    assert_status(ASG_ERR_CLOSED, asg_credentials_fetch(&provider, &found, &error));
    asg_credentials_clear(&found);
    asg_credentials_chain_destroy(&chain);
}

/* A command of a profile, in the form of /bin/sh -c. */
static void write_process(const char *script)
{
    char text[2048];
    (void)snprintf(text, sizeof text, "[default]\ncredential_process = /bin/sh -c '%s'\n",
                   script);
    write_file(text);
}

static void test_a_process_gives_credentials_when_it_may(void **state)
{
    (void)state;
    options.allows_process = true;
    options.process_ms = 20000;
    write_process("printf %s \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"P\\\", "
                  "\\\"SecretAccessKey\\\": \\\"hid\\\\u0064en\\\"}\"");
    expect("P", "hidden", "", "process");
    write_process("printf %s \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"P\\\", "
                  "\\\"SecretAccessKey\\\": \\\"hidden\\\", \\\"SessionToken\\\": "
                  "\\\"tok\\\", \\\"Expiration\\\": \\\"2099-01-01T00:00:00Z\\\"}\"");
    struct asg_credentials found = {0};
    assert_status(ASG_OK, fetch(&found, NULL));
    assert_string_equal("tok", asg_secret_reveal(&found.session_token));
    assert_true(found.expires_at_ms == INT64_C(4070908800000));
    asg_credentials_clear(&found);
}

static void test_a_process_that_misbehaves_is_an_error(void **state)
{
    (void)state;
    options.allows_process = true;
    options.process_ms = 20000;
    write_process("echo hidden >&2; exit 3");
    refuse(ASG_ERR_DENIED, "status 3");
    write_process("kill -9 $$");
    refuse(ASG_ERR_DENIED, "signal 9");
    write_process("echo no json");
    refuse(ASG_ERR_MALFORMED, "JSON");
    write_process("echo \"{\\\"AccessKeyId\\\": \\\"P\\\", \\\"SecretAccessKey\\\": "
                  "\\\"hidden\\\"}\"");
    refuse(ASG_ERR_MALFORMED, "Version");
    write_process("echo \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"P\\\"}\"");
    refuse(ASG_ERR_MALFORMED, "SecretAccessKey");
    write_process("echo \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"P\\\", "
                  "\\\"SecretAccessKey\\\": \\\"hidden\\\", \\\"Expiration\\\": "
                  "\\\"2020-01-01T00:00:00Z\\\"}\"");
    refuse(ASG_ERR_DENIED, "ended at 2020-01-01T00:00:00");
    write_process("yes hidden");
    refuse(ASG_ERR_LIMIT, "65536 bytes");
    write_file("[default]\ncredential_process = /nonexistent/program x\n");
    refuse(ASG_ERR_IO, "/nonexistent/program");
    write_file("[default]\ncredential_process = \"unclosed\n");
    refuse(ASG_ERR_INVALID, "quotes");
    options.process_ms = 100;
    write_process("while :; do :; done");
    refuse(ASG_ERR_TIMEOUT, "does not end");
    write_process("exec >&-; while :; do :; done"); /* closes its output, stays */
    refuse(ASG_ERR_TIMEOUT, "does not end");
}

static void test_the_container_endpoint_is_not_just_any_url(void **state)
{
    (void)state;
    static const char *const refused[] = {"http://10.0.0.1/x",
                                          "http://169.254.170.3/x",
                                          "http://169.254.169.254/x",
                                          "ftp://127.0.0.1/x",
                                          "http://127.0.0.1@evil.example/x",
                                          "http://127.0.0.1.evil.example/",
                                          "http://evil.example#127.0.0.1",
                                          "http://localhost@evil.example/",
                                          "https://",
                                          "http://[::2]/x",
                                          "http://[::1",
                                          "http://127.0.0.1 /x"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused[i], 1);
        refuse(ASG_ERR_INVALID, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }
    (void)setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/", 1);
    refuse(ASG_ERR_INVALID, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    (void)unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/x", 1);
    (void)setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hidden\r\nX-Evil: 1", 1);
    refuse(ASG_ERR_MALFORMED, "line end");
    (void)setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    write_file("hidden\nX-Evil: 1\n");
    refuse(ASG_ERR_MALFORMED, "control character");
    write_file("\n");
    refuse(ASG_ERR_MALFORMED, "no token");
}

static void test_half_a_web_identity_is_an_error(void **state)
{
    (void)state;
    (void)setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    refuse(ASG_ERR_INVALID, "AWS_ROLE_ARN");
}

static void test_nothing_anywhere_names_the_places(void **state)
{
    (void)state;
    refuse(ASG_ERR_NOT_FOUND, "environment, profile, web identity, container, EC2");
    write_file("");
    refuse(ASG_ERR_NOT_FOUND, "environment, profile, web identity, container, EC2");
    write_file("no section\n[broken\naws_access_key_id\n=\n[]\n");
    refuse(ASG_ERR_NOT_FOUND, "environment, profile, web identity, container, EC2");
}

static void test_a_file_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (size_t i = 0; i < ASG_SHARED_FILE_MAX / 8 + 1; i++) {
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
        cmocka_unit_test_setup_teardown(test_what_nobody_can_answer_is_refused_with_words,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(
            test_the_config_file_has_profiles_and_the_credentials_file_wins, open_folder,
            close_folder),
        cmocka_unit_test_setup_teardown(test_what_the_settings_name_is_looked_at_alone,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_a_source_once_found_stays_the_source,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_a_process_gives_credentials_when_it_may,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_a_process_that_misbehaves_is_an_error,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_the_container_endpoint_is_not_just_any_url,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_half_a_web_identity_is_an_error, open_folder,
                                        close_folder),
        cmocka_unit_test_setup_teardown(test_nothing_anywhere_names_the_places,
                                        open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_a_file_beyond_the_limit_is_refused,
                                        open_folder, close_folder),
        cmocka_unit_test(test_a_secret_shows_as_stars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
