#include "lib/check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/shared_config.h"

struct setup {
    char folder[64];
    char config[96];
    char credentials[96];
    struct asg_shared_config *files;
};

static int open_setup(void **state)
{
    static struct setup setup;
    setup = (struct setup){.folder = "/tmp/test_shared_config.XXXXXX"};
    if (mkdtemp(setup.folder) == NULL) return 1;
    (void)snprintf(setup.config, sizeof setup.config, "%s/config", setup.folder);
    (void)snprintf(setup.credentials, sizeof setup.credentials, "%s/credentials",
                   setup.folder);
    (void)setenv("AWS_CONFIG_FILE", setup.config, 1);
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", setup.credentials, 1);
    (void)unsetenv("AWS_PROFILE");
    *state = &setup;
    return 0;
}

static int close_setup(void **state)
{
    struct setup *setup = *state;
    asg_shared_config_destroy(&setup->files);
    (void)unlink(setup->config);
    (void)unlink(setup->credentials);
    return rmdir(setup->folder);
}

static void write_to(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(0, fclose(file));
}

static void load(struct setup *setup, const char *profile)
{
    asg_shared_config_destroy(&setup->files);
    const struct asg_shared_config_options options = {.profile = profile};
    struct asg_error error = {""};
    if (asg_shared_config_load(&options, &setup->files, &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
}

static void expect(struct setup *setup, const char *profile, const char *name,
                   const char *value)
{
    const char *found = asg_shared_config_get(setup->files, profile, name);
    assert_string_equal(value == NULL ? "(null)" : value,
                        found == NULL ? "(null)" : found);
}

static void test_files_that_are_not_there_are_empty(void **state)
{
    struct setup *setup = *state;
    load(setup, NULL);
    assert_string_equal("default", asg_shared_config_profile(setup->files));
    assert_false(asg_shared_config_is_named(setup->files));
    assert_false(asg_shared_config_has_profile(setup->files, "default"));
    expect(setup, "default", "region", NULL);
    (void)unsetenv("HOME");
    (void)unsetenv("AWS_CONFIG_FILE");
    (void)unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    load(setup, NULL);
    expect(setup, "default", "region", NULL);
}

static void test_each_file_has_its_form_of_sections(void **state)
{
    struct setup *setup = *state;
    write_to(setup->config, "[default]\nregion=r1\n[profile a]\nregion = r2\n"
                            "[b]\nregion = r3\n[sso-session a]\nregion = r4\n"
                            "[profile  spaced ]\nregion = r5\n[profiles]\nregion = r6\n"
                            "[profile 'two words']\nregion = r9\n"
                            "[profile \"Bob's\"]\nregion = r10\n"
                            "[profile ']\nregion = r11\n");
    write_to(setup->credentials, "[b]\nregion = r7\n[profile c]\nregion = r8\n");
    load(setup, NULL);
    expect(setup, "default", "region", "r1");
    expect(setup, "a", "region", "r2");
    expect(setup, "b", "region", "r7");
    expect(setup, "spaced", "region", "r5");
    expect(setup, "two words", "region", "r9");
    expect(setup, "Bob's", "region", "r10");
    expect(setup, "'", "region", "r11");
    expect(setup, "profile c", "region", "r8");
    assert_false(asg_shared_config_has_profile(setup->files, "c"));
    assert_false(asg_shared_config_has_profile(setup->files, "profiles"));
}

static void test_the_credentials_file_and_the_later_line_win(void **state)
{
    struct setup *setup = *state;
    write_to(setup->config, "[default]\na = 1\nb = 1\n[default]\nb = 2\nc =\n");
    write_to(setup->credentials, "[default]\na = 3\n");
    load(setup, NULL);
    expect(setup, "default", "a", "3");
    expect(setup, "default", "b", "2");
    expect(setup, "default", "c", NULL);
}

static void test_lines_as_they_come(void **state)
{
    struct setup *setup = *state;
    write_to(
        setup->config,
        "lost = 1\n# [profile x]\n;[profile y]\n[default] # words\r\n"
        "a=b=c # kept\r\n\r\nno equals\n[unclosed\nd =  e f \t\n=\n = g\nlast = line");
    load(setup, NULL);
    expect(setup, "default", "lost", NULL);
    expect(setup, "default", "a", "b=c # kept");
    expect(setup, "default", "d", "e f");
    expect(setup, "default", "last", "line");
    assert_false(asg_shared_config_has_profile(setup->files, "x"));
    assert_false(asg_shared_config_has_profile(setup->files, "unclosed"));
}

static void test_names_in_upper_case_and_settings_that_are_set_in(void **state)
{
    struct setup *setup = *state;
    write_to(setup->config, "[default]\nRegion = r1\n[profile a]\n  region = r2\n"
                            "  ec2 =\n    region = r3\n  last = l\n");
    load(setup, NULL);
    expect(setup, "default", "region", "r1");
    expect(setup, "a", "region", "r2");
    expect(setup, "a", "last", "l");
}

static void test_a_path_may_begin_at_home(void **state)
{
    struct setup *setup = *state;
    write_to(setup->config, "[default]\nregion = r1\n");
    (void)setenv("HOME", setup->folder, 1);
    (void)setenv("AWS_CONFIG_FILE", "~/config", 1);
    load(setup, NULL);
    expect(setup, "default", "region", "r1");
}

static void test_services_are_nested(void **state)
{
    struct setup *setup = *state;
    write_to(setup->config,
             "[default]\nservices = s\nec2 =\n  endpoint_url = no\n[services s]\nec2 = \n"
             "  endpoint_url = u1\n\tother = o\nsts =\n  endpoint_url = u2\n"
             "[services t]\nec2 =\n  endpoint_url = u3\n");
    load(setup, NULL);
    assert_string_equal(
        "u1", asg_shared_config_of_service(setup->files, "ec2", "endpoint_url"));
    assert_string_equal("o", asg_shared_config_of_service(setup->files, "ec2", "other"));
    assert_string_equal(
        "u2", asg_shared_config_of_service(setup->files, "sts", "endpoint_url"));
    assert_null(asg_shared_config_of_service(setup->files, "s3", "endpoint_url"));
    expect(setup, "default", "endpoint_url", NULL);
    write_to(setup->config, "[default]\n[services s]\nec2 =\n  endpoint_url = u1\n");
    load(setup, NULL);
    assert_null(asg_shared_config_of_service(setup->files, "ec2", "endpoint_url"));
}

static void test_a_named_profile_must_be_there(void **state)
{
    struct setup *setup = *state;
    write_to(setup->config, "[profile work]\nregion = r\n");
    load(setup, "work");
    assert_true(asg_shared_config_is_named(setup->files));
    assert_string_equal("work", asg_shared_config_profile(setup->files));
    (void)setenv("AWS_PROFILE", "gone", 1);
    load(setup, "work");
    struct asg_shared_config *none = NULL;
    struct asg_error error = {""};
    const struct asg_shared_config_options options = {.profile = NULL};
    assert_status(ASG_ERR_INVALID, asg_shared_config_load(&options, &none, &error));
    assert_non_null(strstr(error.text, "gone"));
    assert_null(none);
}

static void test_a_file_that_cannot_be_read_is_told(void **state)
{
    struct setup *setup = *state;
    (void)setenv("AWS_CONFIG_FILE", setup->folder, 1);
    struct asg_shared_config *none = NULL;
    struct asg_error error = {""};
    struct asg_shared_config_options options = {.profile = NULL};
    assert_status(ASG_ERR_IO, asg_shared_config_load(&options, &none, &error));
    assert_non_null(strstr(error.text, setup->folder));
    (void)setenv("AWS_CONFIG_FILE", setup->config, 1);
    options.credentials_file = "/nonexistent/credentials";
    assert_status(ASG_ERR_NOT_FOUND, asg_shared_config_load(&options, &none, &error));
    assert_null(none);
}

static void test_a_credentials_file_that_others_may_read_is_told(void **state)
{
    struct setup *setup = *state;
    write_to(setup->config, "[default]\n");
    assert_int_equal(0, chmod(setup->config, 0644));
    load(setup, NULL);
    assert_false(asg_shared_config_is_open(setup->files));
    write_to(setup->credentials, "[default]\n");
    static const mode_t open_modes[] = {0640, 0604, 0622, 0601};
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        assert_int_equal(0, chmod(setup->credentials, open_modes[i]));
        load(setup, NULL);
        assert_true(asg_shared_config_is_open(setup->files));
    }
    assert_int_equal(0, chmod(setup->credentials, 0600));
    load(setup, NULL);
    assert_false(asg_shared_config_is_open(setup->files));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_names_in_upper_case_and_settings_that_are_set_in, open_setup,
            close_setup),
        cmocka_unit_test_setup_teardown(test_a_path_may_begin_at_home, open_setup,
                                        close_setup),
        cmocka_unit_test_setup_teardown(
            test_a_credentials_file_that_others_may_read_is_told, open_setup,
            close_setup),
        cmocka_unit_test_setup_teardown(test_files_that_are_not_there_are_empty,
                                        open_setup, close_setup),
        cmocka_unit_test_setup_teardown(test_each_file_has_its_form_of_sections,
                                        open_setup, close_setup),
        cmocka_unit_test_setup_teardown(test_the_credentials_file_and_the_later_line_win,
                                        open_setup, close_setup),
        cmocka_unit_test_setup_teardown(test_lines_as_they_come, open_setup, close_setup),
        cmocka_unit_test_setup_teardown(test_services_are_nested, open_setup,
                                        close_setup),
        cmocka_unit_test_setup_teardown(test_a_named_profile_must_be_there, open_setup,
                                        close_setup),
        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_be_read_is_told,
                                        open_setup, close_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
