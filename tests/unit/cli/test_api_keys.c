/* keys make-api and its like: a key is printed once, and the file has what was said. */
#include "cli/cli.h"

#include <stdlib.h>
#include <unistd.h>

#include "crypto/access_keys.h"
#include "lib/check.h"
#include "unit/cli/run_line.h"

static char folder[64];
static struct said said;

static int set_up(void **state)
{
    (void)state;
    (void)unsetenv("AWS_ACCESS_KEY_ID");
    (void)unsetenv("AWS_SECRET_ACCESS_KEY");
    (void)unsetenv("AWS_SESSION_TOKEN");
    (void)snprintf(folder, sizeof folder, "/tmp/openasg-api-keys-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    clear_said(&said);
    char path[96];
    (void)snprintf(path, sizeof path, "%s/api-keys", folder);
    (void)unlink(path);
    return rmdir(folder);
}

static void run(int code, const char *words)
{
    char line[512];
    (void)snprintf(line, sizeof line, "%s --dir %s", words, folder);
    run_line(&said, line);
    if (said.code != code) fail_msg("%s: exit %d: %s", line, said.code, said.err);
}

static void load(struct asg_access_keys *ret)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/api-keys", folder);
    assert_status(ASG_OK, asg_access_keys_load(path, ret, NULL));
}

static void test_a_key_is_made_and_printed_once(void **state)
{
    (void)state;
    run(0, "keys make-api ann --region eu-west-1 --endpoint https://asg.example.com");
    struct asg_access_keys keys = {.count = 0};
    load(&keys);
    assert_int_equal(1, keys.count);
    const struct asg_access_key *key = &keys.items[0];
    char wanted[512];
    (void)snprintf(wanted, sizeof wanted,
                   "export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n"
                   "export AWS_ENDPOINT_URL_AUTO_SCALING=https://asg.example.com\n"
                   "export AWS_DEFAULT_REGION=eu-west-1\nexport AWS_REGION=eu-west-1\n",
                   key->access_key_id, key->secret);
    assert_string_equal(wanted, said.out);
    assert_string_equal("*", key->actions[0]);
    assert_string_equal("*", key->groups[0]);
    run(0, "keys list-api");
    assert_non_null(strstr(said.out, key->access_key_id));
    assert_null(strstr(said.out, key->secret));
    run(0, "keys list-api -o json");
    assert_null(strstr(said.out, key->secret));
    run(1, "keys make-api ann"); /* a name is used once */
    asg_access_keys_clear(&keys);
}

static void test_policies_are_written_as_they_were_said(void **state)
{
    (void)state;
    run(0, "keys make-api grafana --read-only");
    run(0, "keys make-api team-a --groups team-a-*,shared "
           "--actions Describe*,SetDesiredCapacity");
    struct asg_access_keys keys = {.count = 0};
    load(&keys);
    assert_int_equal(2, keys.count);
    assert_int_equal(1, keys.items[0].action_count);
    assert_string_equal("Describe*", keys.items[0].actions[0]);
    assert_int_equal(2, keys.items[1].action_count);
    assert_string_equal("SetDesiredCapacity", keys.items[1].actions[1]);
    assert_int_equal(2, keys.items[1].group_count);
    assert_string_equal("team-a-*", keys.items[1].groups[0]);
    asg_access_keys_clear(&keys);
    run(2, "keys make-api x --read-only --actions SetDesiredCapacity");
    run(2, "keys make-api x --groups *-web");
    run(2, "keys make-api a/b");
}

static void test_the_lines_say_where_the_controller_serves(void **state)
{
    (void)state;
    run(0, "keys make-api ann");
    assert_non_null(strstr(said.out, "_AUTO_SCALING=http://127.0.0.1:7706\n"));
    char path[96];
    (void)snprintf(path, sizeof path, "%s/api-endpoint", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs("https://10.0.0.5:7710 eu-west-3\n", file) >= 0);
    assert_int_equal(0, fclose(file));
    run(0, "keys make-api bob");
    assert_non_null(strstr(said.out, "_AUTO_SCALING=https://10.0.0.5:7710\n"));
    assert_non_null(strstr(said.out, "AWS_DEFAULT_REGION=eu-west-3\n"));
    run(0, "keys make-api carol --endpoint https://asg.example.com");
    assert_non_null(strstr(said.out, "_AUTO_SCALING=https://asg.example.com\n"));
    assert_non_null(strstr(said.out, "AWS_REGION=eu-west-3\n"));
    assert_int_equal(0, unlink(path));
}

static void test_a_key_is_removed(void **state)
{
    (void)state;
    run(0, "keys make-api ann");
    run(0, "keys make-api bob");
    run(2, "keys remove-api ann"); /* nobody to ask */
    run(0, "keys remove-api ann --yes");
    run(1, "keys remove-api ann --yes");
    struct asg_access_keys keys = {.count = 0};
    load(&keys);
    assert_int_equal(1, keys.count);
    assert_string_equal("bob", keys.items[0].name);
    asg_access_keys_clear(&keys);
}

static void test_a_key_of_the_environment_is_allowed(void **state)
{
    (void)state;
    run(2, "keys make-api ann --existing");
    assert_non_null(strstr(said.err, "AWS_ACCESS_KEY_ID is not set"));
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIAEXISTING", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "it's secret enough", 1);
    run(0, "keys make-api ann --existing");
    assert_non_null(strstr(said.out, "SECRET_ACCESS_KEY='it'\\''s secret enough'\n"));
    struct asg_access_keys keys = {.count = 0};
    load(&keys);
    assert_string_equal("AKIAEXISTING", keys.items[0].access_key_id);
    assert_string_equal("it's secret enough", keys.items[0].secret);
    asg_access_keys_clear(&keys);
}

/* Whoever it is called: the pair is allowed, or is another of that id. */
static void test_a_pair_that_is_there_is_named(void **state)
{
    (void)state;
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIAEXISTING", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "a secret of sixteen", 1);
    run(0, "keys make-api ann --existing");
    static const char *const lines[] = {"keys make-api bob --existing",
                                        "keys make-api ann --existing"};
    for (size_t i = 0; i < 2; i++) {
        run(1, lines[i]);
        assert_non_null(
            strstr(said.err,
                   "allows the key AKIAEXISTING as \"ann\" already: nothing is needed"));
        assert_string_equal("", said.out);
    }
    (void)setenv("AWS_SECRET_ACCESS_KEY", "another secret of it", 1);
    run(1, "keys make-api bob --existing");
    assert_non_null(strstr(said.err, "as \"ann\" already, with another secret"));
    assert_null(strstr(said.err, "sixteen"));
    (void)setenv("AWS_SECRET_ACCESS_KEY", "a secret of sixteen", 1);
    (void)setenv("AWS_SESSION_TOKEN", "a token", 1);
    run(1, "keys make-api bob --existing");
    assert_non_null(strstr(said.err, "as \"ann\" already, with another secret"));
    struct asg_access_keys keys = {.count = 0};
    load(&keys);
    assert_int_equal(1, keys.count);
    asg_access_keys_clear(&keys);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_is_made_and_printed_once),
        TEST(test_policies_are_written_as_they_were_said),
        TEST(test_the_lines_say_where_the_controller_serves),
        TEST(test_a_key_is_removed),
        TEST(test_a_key_of_the_environment_is_allowed),
        TEST(test_a_pair_that_is_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
