/* The file of the API's access keys: what it may say, and how it is changed. */
#include "lib/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/access_keys.h"

#define ANN                                                                              \
    "name=ann key=ASGAANN secret=0123456789abcdef actions=Describe*,SetDesiredCapacity " \
    "groups=web,team-a-*\n"

static char folder[64];
static char path[80];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/asg-keys-XXXXXX");
    if (mkdtemp(folder) == NULL) return 1;
    (void)snprintf(path, sizeof path, "%s/api-keys", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* nothing else is left behind */
}

static void write_text(const char *text, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(strlen(text), write(file, text, strlen(text)));
    assert_int_equal(0, fchmod(file, mode));
    assert_int_equal(0, close(file));
}

static void expect_text(const char *text)
{
    char found[8192] = "";
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t length = fread(found, 1, sizeof found - 1, file);
    found[length] = 0;
    (void)fclose(file);
    assert_string_equal(text, found);
}

static void parse(const char *text, struct asg_access_keys *ret)
{
    struct asg_error error = {""};
    if (asg_access_keys_parse(text, strlen(text), ret, &error) != ASG_OK) {
        fail_msg("%s: %s", text, error.text);
    }
}

static void refused(const char *text, const char *words)
{
    struct asg_access_keys keys = {.count = 7};
    struct asg_error error = {""};
    assert_status(ASG_ERR_MALFORMED,
                  asg_access_keys_parse(text, strlen(text), &keys, &error));
    assert_int_equal(7, keys.count); /* untouched */
    if (strstr(error.text, words) == NULL) fail_msg("'%s' in '%s'", words, error.text);
    assert_null(strstr(error.text, "0123456789abcdef")); /* no secret in it */
}

static void test_lines_are_read(void **state)
{
    (void)state;
    struct asg_access_keys keys = {.count = 0};
    parse("# remarks\n\n" ANN "  \t\r\n"
          "groups=*\tactions=*  token=tok%20en secret=fedc%2Cba9876543210 key=K.2_-x "
          "name=b@c",
          &keys);
    assert_int_equal(2, keys.count);
    const struct asg_access_key *key = &keys.items[0];
    assert_string_equal("ann", key->name);
    assert_string_equal("ASGAANN", key->access_key_id);
    assert_string_equal("0123456789abcdef", key->secret);
    assert_string_equal("", key->session_token);
    assert_int_equal(2, key->action_count);
    assert_string_equal("Describe*", key->actions[0]);
    assert_string_equal("SetDesiredCapacity", key->actions[1]);
    assert_int_equal(2, key->group_count);
    assert_string_equal("team-a-*", key->groups[1]);
    key = &keys.items[1];
    assert_string_equal("b@c", key->name);
    assert_string_equal("fedc,ba9876543210", key->secret);
    assert_string_equal("tok en", key->session_token);
    asg_access_keys_clear(&keys);
    assert_int_equal(0, keys.count);
    parse("", &keys);
    assert_int_equal(0, keys.count);
    asg_access_keys_clear(&keys);
}

static void test_lines_that_make_no_sense_are_refused_by_number(void **state)
{
    (void)state;
    refused("what is this", "line 1: it is made of words NAME=VALUE");
    refused("\n#\n" ANN "colour=red", "line 4: there are name=");
    refused("name=a name=b", "line 1: there are name=");
    refused("name=a key=K secret=0123456789abcdef actions=*", "groups= are needed");
    refused("name=a key=K actions=* groups=*", "secret=");
    refused("name=a key=K secret=short actions=* groups=*", "16 to 256 characters");
    refused("name=a key=K secret= actions=* groups=*", "16 to 256 characters");
    refused("name=a/b key=K secret=0123456789abcdef actions=* groups=*",
            "name= is up to");
    refused("name=a key=K/K secret=0123456789abcdef actions=* groups=*", "key= (the");
    refused("name=a key=K secret=0123456789abcdef%00 actions=* groups=*", "16 to 256");
    refused("name=a key=K secret=0123456789abcdef actions=*Scaling groups=*", "actions=");
    refused("name=a key=K secret=0123456789abcdef actions=,* groups=*", "actions=");
    refused("name=a key=K secret=0123456789abcdef actions=* groups=a%FF", "groups=");
    refused("name=a key=K secret=0123456789abcdef actions=* groups=a,", "groups=");
    refused(ANN "name=ann key=OTHER secret=0123456789abcdef actions=* groups=*",
            "line 2: another line has this name=");
    refused(ANN "name=bob key=ASGAANN secret=0123456789abcdef actions=* groups=*",
            "line 2: another line has this key=");
}

static void test_limits(void **state)
{
    (void)state;
    struct asg_bytes text = {0};
    struct asg_access_keys keys = {.count = 0};
    struct asg_error error = {""};
    for (int i = 0; i < ASG_ACCESS_KEYS_MAX; i++) {
        asg_bytes_printf(
            &text, "name=n%d key=K%d secret=0123456789abcdef actions=* groups=*\n", i, i);
    }
    assert_status(ASG_OK, asg_access_keys_parse((const char *)text.data, text.length,
                                                &keys, &error));
    assert_int_equal(ASG_ACCESS_KEYS_MAX, keys.count);
    asg_access_keys_clear(&keys);
    asg_bytes_append_text(&text, ANN);
    assert_status(ASG_ERR_LIMIT, asg_access_keys_parse((const char *)text.data,
                                                       text.length, &keys, &error));
    asg_bytes_reset(&text);
    asg_bytes_append_text(&text,
                          "name=a key=K secret=0123456789abcdef groups=* actions=");
    for (int i = 0; i <= ASG_ACCESS_KEY_PATTERNS_MAX; i++) {
        asg_bytes_append_text(&text, i == 0 ? "A" : ",A");
    }
    refused(asg_bytes_text(&text), "actions= is up to 100");
    asg_bytes_clear(&text);
}

static void test_what_is_written_is_read_again(void **state)
{
    (void)state;
    static const char *const groups[] = {"plain", "a b,c%d", "\xc3\xa9t\xc3\xa9*"};
    static const char *const actions[] = {"*"};
    const struct asg_access_key key = {.name = "x=y,z",
                                       .access_key_id = "ASGAX",
                                       .secret = "a/b+c %,0123456789",
                                       .session_token = "t",
                                       .actions = actions,
                                       .action_count = 1,
                                       .groups = groups,
                                       .group_count = 3};
    struct asg_bytes text = {0};
    asg_access_key_print(&key, &text);
    struct asg_access_keys keys = {.count = 0};
    parse(asg_bytes_text(&text), &keys);
    assert_int_equal(1, keys.count);
    assert_string_equal(key.name, keys.items[0].name);
    assert_string_equal(key.secret, keys.items[0].secret);
    assert_string_equal(key.session_token, keys.items[0].session_token);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(groups[i], keys.items[0].groups[i]);
    }
    asg_access_keys_clear(&keys);
    asg_bytes_clear(&text);
}

static void test_patterns(void **state)
{
    (void)state;
    static const char *const patterns[] = {"web", "team-a-*"};
    assert_true(asg_access_key_matches(patterns, 2, "web"));
    assert_true(asg_access_key_matches(patterns, 2, "team-a-"));
    assert_true(asg_access_key_matches(patterns, 2, "team-a-1"));
    assert_false(asg_access_key_matches(patterns, 2, "web2"));
    assert_false(asg_access_key_matches(patterns, 2, "team-a"));
    assert_false(asg_access_key_matches(patterns, 2, "team-b-1"));
    assert_false(asg_access_key_matches(patterns, 2, ""));
    assert_false(asg_access_key_matches(patterns, 0, "web"));
    static const char *const all[] = {"*"};
    assert_true(asg_access_key_matches(all, 1, "anything"));
}

static void test_drawn_keys_differ(void **state)
{
    (void)state;
    char ids[2][ASG_ACCESS_KEY_ID_SIZE];
    char secrets[2][ASG_ACCESS_KEY_SECRET_SIZE];
    for (size_t i = 0; i < 2; i++) {
        asg_access_key_draw(ids[i], secrets[i]);
        assert_int_equal(20, strlen(ids[i]));
        assert_int_equal(0, strncmp(ids[i], "ASGA", 4));
        assert_int_equal(40, strlen(secrets[i]));
    }
    assert_string_not_equal(ids[0], ids[1]);
    assert_string_not_equal(secrets[0], secrets[1]);
}

static const char *const all[] = {"*"};

static struct asg_access_key key_of(const char *name, const char *id)
{
    return (struct asg_access_key){.name = name,
                                   .access_key_id = id,
                                   .secret = "0123456789abcdef",
                                   .session_token = "",
                                   .actions = all,
                                   .action_count = 1,
                                   .groups = all,
                                   .group_count = 1};
}

#define BOB "name=bob key=ASGABOB secret=0123456789abcdef actions=* groups=*\n"

static void test_a_key_is_added_to_a_new_file_and_to_an_old_one(void **state)
{
    (void)state;
    struct asg_error error = {""};
    struct asg_access_key bob = key_of("bob", "ASGABOB");
    assert_status(ASG_OK, asg_access_keys_add(path, &bob, &error));
    expect_text(BOB);
    struct stat info;
    assert_int_equal(0, stat(path, &info));
    assert_int_equal(0600, info.st_mode & 0777);
    assert_status(ASG_ERR_EXISTS, asg_access_keys_add(path, &bob, &error));
    assert_non_null(strstr(error.text, "\"bob\" already"));
    expect_text(BOB);

    write_text("# ours\n\n" ANN "# no line feed at the end", 0600);
    assert_status(ASG_OK, asg_access_keys_add(path, &bob, &error));
    expect_text("# ours\n\n" ANN "# no line feed at the end\n" BOB);
}

static void test_a_key_is_removed_and_the_rest_stays(void **state)
{
    (void)state;
    struct asg_error error = {""};
    write_text("# of Bob\n" BOB "\n# of Ann\n" ANN, 0600);
    assert_status(ASG_ERR_NOT_FOUND, asg_access_keys_remove(path, "carol", &error));
    assert_non_null(strstr(error.text, "no key of the name \"carol\""));
    assert_status(ASG_OK, asg_access_keys_remove(path, "bob", &error));
    expect_text("# of Bob\n\n# of Ann\n" ANN);
    assert_status(ASG_OK, asg_access_keys_remove(path, "ann", &error));
    expect_text("# of Bob\n\n# of Ann\n# no keys\n"); /* it is meant */
    struct asg_access_key bob = key_of("bob", "ASGABOB");
    assert_status(ASG_OK, asg_access_keys_add(path, &bob, &error));
    expect_text("# of Bob\n\n# of Ann\n" BOB);
}

static void test_a_file_that_others_may_read_is_refused(void **state)
{
    (void)state;
    struct asg_access_keys keys = {.count = 0};
    struct asg_error error = {""};
    struct asg_access_key bob = key_of("bob", "ASGABOB");
    static const mode_t modes[] = {0604, 0640, 0620, 0602};
    for (size_t i = 0; i < 4; i++) {
        write_text(ANN, modes[i]);
        assert_status(ASG_ERR_DENIED, asg_access_keys_load(path, &keys, &error));
        assert_non_null(strstr(error.text, "chmod 600"));
        assert_status(ASG_ERR_DENIED, asg_access_keys_add(path, &bob, &error));
        assert_status(ASG_ERR_DENIED, asg_access_keys_remove(path, "ann", &error));
        expect_text(ANN);
    }
    write_text(ANN, 0400);
    assert_status(ASG_OK, asg_access_keys_load(path, &keys, &error));
    asg_access_keys_clear(&keys);
    assert_status(ASG_ERR_MALFORMED, asg_access_keys_load(folder, &keys, &error));
    assert_int_equal(0, unlink(path));
    assert_status(ASG_ERR_NOT_FOUND, asg_access_keys_load(path, &keys, &error));
    write_text("nonsense", 0600);
    assert_status(ASG_ERR_MALFORMED, asg_access_keys_add(path, &bob, &error));
    expect_text("nonsense"); /* and is not lost */
}

/* Kubernetes hands out secrets as links to links. */
static void test_a_link_is_read_by_its_target_and_not_written(void **state)
{
    (void)state;
    char other[96];
    (void)snprintf(other, sizeof other, "%s.other", path);
    write_text(ANN, 0600);
    assert_int_equal(0, rename(path, other));
    assert_int_equal(0, symlink(other, path));
    struct asg_access_keys keys = {.count = 0};
    struct asg_error error = {""};
    struct asg_access_key bob = key_of("bob", "ASGABOB");
    assert_status(ASG_OK, asg_access_keys_load(path, &keys, &error));
    asg_access_keys_clear(&keys);
    assert_status(ASG_OK, asg_access_keys_load_own(path, &keys, &error));
    assert_int_equal(1, keys.count);
    asg_access_keys_clear(&keys);
    assert_status(ASG_ERR_DENIED, asg_access_keys_add(path, &bob, &error));
    assert_non_null(strstr(error.text, "symbolic link"));
    assert_status(ASG_ERR_DENIED, asg_access_keys_remove(path, "ann", &error));
    expect_text(ANN);
    assert_int_equal(0, chmod(other, 0644));
    assert_status(ASG_ERR_DENIED, asg_access_keys_load(path, &keys, &error));
    assert_int_equal(0, chmod(other, 0600));
    if (geteuid() == 0) {
        assert_int_equal(0, chown(other, 4711, 4711));
        assert_status(ASG_ERR_DENIED, asg_access_keys_load_own(path, &keys, &error));
    }
    assert_int_equal(0, unlink(other));
    assert_status(ASG_ERR_NOT_FOUND, asg_access_keys_load(path, &keys, &error));
    assert_int_equal(0, keys.count);
}

static void test_a_file_of_another_user_is_not_believed(void **state)
{
    (void)state;
    write_text(ANN, 0600);
    struct asg_access_keys keys = {.count = 0};
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_access_keys_load_own(path, &keys, &error));
    asg_access_keys_clear(&keys);
    if (geteuid() != 0) skip(); /* only root can give a file away */
    assert_int_equal(0, chown(path, 4711, 4711));
    assert_status(ASG_ERR_DENIED, asg_access_keys_load_own(path, &keys, &error));
    assert_non_null(strstr(error.text, "belongs to user 4711"));
    /* Root's command line writes the service's file, and leaves it the service's. */
    struct asg_access_key bob = key_of("bob", "ASGABOB");
    assert_status(ASG_OK, asg_access_keys_add(path, &bob, &error));
    struct stat info;
    assert_int_equal(0, stat(path, &info));
    assert_int_equal(4711, info.st_uid);
    assert_status(ASG_OK, asg_access_keys_load(path, &keys, &error));
    assert_int_equal(2, keys.count);
    asg_access_keys_clear(&keys);
}

static void *add_many(void *context)
{
    for (int i = 0; i < 20; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s%d", (const char *)context, i);
        struct asg_access_key key = key_of(name, name);
        if (asg_access_keys_add(path, &key, NULL) != ASG_OK) return context;
    }
    return NULL;
}

static void test_two_who_add_at_a_time_lose_nothing(void **state)
{
    (void)state;
    pthread_t threads[2];
    static char names[2][2] = {"a", "b"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, add_many, names[i]));
    }
    for (size_t i = 0; i < 2; i++) {
        void *failed = NULL;
        assert_int_equal(0, pthread_join(threads[i], &failed));
        assert_null(failed);
    }
    struct asg_access_keys keys = {.count = 0};
    assert_status(ASG_OK, asg_access_keys_load(path, &keys, NULL));
    assert_int_equal(40, keys.count);
    asg_access_keys_clear(&keys);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_read),
        cmocka_unit_test(test_lines_that_make_no_sense_are_refused_by_number),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_what_is_written_is_read_again),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_drawn_keys_differ),
        TEST(test_a_key_is_added_to_a_new_file_and_to_an_old_one),
        TEST(test_a_key_is_removed_and_the_rest_stays),
        TEST(test_a_file_that_others_may_read_is_refused),
        TEST(test_a_link_is_read_by_its_target_and_not_written),
        TEST(test_a_file_of_another_user_is_not_believed),
        TEST(test_two_who_add_at_a_time_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
