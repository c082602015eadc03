/* Key files and the allow list: who may read them, and what is refused in words. */
#include "bus/keys.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/allow_list.h"
#include "lib/check.h"

static char folder[64];
static char path[128];
static char public_path[128];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/asg-keys-XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(path, sizeof path, "%s/worker", folder);
    (void)snprintf(public_path, sizeof public_path, "%s/worker.pub", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(public_path);
    return rmdir(folder);
}

static void write_text(const char *where, const char *text)
{
    int file = open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(strlen(text), write(file, text, strlen(text)));
    assert_int_equal(0, close(file));
}

static unsigned mode_of(const char *where)
{
    struct stat info;
    assert_int_equal(0, stat(where, &info));
    return info.st_mode & 0777;
}

static void test_keys_are_made_once_and_only_their_owner_reads_them(void **state)
{
    (void)state;
    struct asg_bus_keys made;
    struct asg_bus_keys again;
    mode_t before = umask(0); /* the mode must not hang on it */
    enum asg_status status = asg_bus_keys_load_or_make(path, &made, NULL);
    (void)umask(before);
    assert_status(ASG_OK, status);
    assert_int_equal(0600, mode_of(path));
    assert_status(ASG_OK, asg_bus_keys_load_or_make(path, &again, NULL));
    assert_memory_equal(&made, &again, sizeof made);
    char public_key[ASG_BUS_KEY_SIZE];
    assert_status(ASG_OK, asg_bus_public_key_load(public_path, public_key, NULL));
    assert_string_equal(made.public_key, public_key);
    asg_bus_keys_clear(&made);
    for (size_t i = 0; i < sizeof made.secret_key; i++) {
        assert_int_equal(0, made.secret_key[i]);
    }
}

static void test_keys_that_others_may_read_are_refused(void **state)
{
    (void)state;
    struct asg_bus_keys keys;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_bus_keys_load_or_make(path, &keys, NULL));
    assert_int_equal(0, chmod(path, 0640));
    assert_status(ASG_ERR_DENIED, asg_bus_keys_load_or_make(path, &keys, &error));
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "chmod 600"));
}

static void test_keys_that_are_no_pair_are_refused(void **state)
{
    (void)state;
    struct asg_bus_keys one;
    struct asg_bus_keys other;
    struct asg_error error = {""};
    asg_bus_keys_new(&one);
    asg_bus_keys_new(&other);
    char text[256];
    (void)snprintf(text, sizeof text, "public: %s\nsecret: %s\n", one.public_key,
                   other.secret_key);
    write_text(path, text);
    assert_status(ASG_ERR_MALFORMED, asg_bus_keys_load_or_make(path, &one, &error));
    assert_non_null(strstr(error.text, path));
}

static void test_keys_of_a_file_that_is_none_are_refused_and_it_stays(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "public: \n", "hello\n", "public: 0123456789\nsecret: 0123456789\n",
        /* 40 characters, of which a space and a comma are no z85 */
        "public: 0123456789,123456789 123456789012345678\n"};
    struct asg_bus_keys keys;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_text(path, texts[i]);
        assert_status(ASG_ERR_MALFORMED, asg_bus_keys_load_or_make(path, &keys, NULL));
        struct stat info;
        assert_int_equal(0, stat(path, &info));
        assert_int_equal(strlen(texts[i]), info.st_size);
    }
}

/* Who drops NAME.key there as NAME.pub has given the secret away. */
static void test_a_private_key_among_public_ones_is_refused_and_named(void **state)
{
    (void)state;
    struct asg_bus_keys keys;
    struct asg_error error = {""};
    struct asg_allow_list *list;
    char text[256];
    asg_allow_list_new(&list);
    asg_bus_keys_new(&keys);
    (void)snprintf(text, sizeof text, "public: %s\nsecret: %s\n", keys.public_key,
                   keys.secret_key);
    write_text(public_path, text);
    assert_status(ASG_ERR_MALFORMED, asg_allow_list_load(list, folder, &error));
    assert_non_null(strstr(error.text, public_path));
    assert_non_null(strstr(error.text, "this is a private key"));
    assert_null(strstr(error.text, keys.secret_key));
    assert_false(asg_allow_list_find(list, keys.public_key, NULL));
    /* Its public half may be read where the whole pair is meant. */
    assert_status(ASG_OK, asg_bus_public_key_load(public_path, text, NULL));
    assert_int_equal(0, unlink(public_path));
    asg_allow_list_destroy(&list);
}

static void test_allow_list_follows_its_folder(void **state)
{
    (void)state;
    struct asg_bus_keys keys;
    struct asg_error error = {""};
    char name[ASG_ALLOW_NAME_MAX + 1];
    struct asg_allow_list *list;
    asg_allow_list_new(&list);
    asg_bus_keys_new(&keys);
    assert_status(ASG_OK, asg_bus_public_key_save(public_path, keys.public_key, NULL));
    assert_status(ASG_OK, asg_allow_list_load(list, folder, NULL));
    assert_true(asg_allow_list_find(list, keys.public_key, name));
    assert_string_equal("worker", name);
    /* Files that hold no key are named and left out, and do not keep the others from
     * counting, nor from being taken back. */
    char bad_path[4200];
    char pipe_path[4200];
    (void)snprintf(bad_path, sizeof bad_path, "%s/bad.pub", folder);
    (void)snprintf(pipe_path, sizeof pipe_path, "%s/pipe.pub", folder);
    write_text(bad_path, "public: no key\n");
    assert_status(ASG_ERR_MALFORMED, asg_allow_list_load(list, folder, &error));
    assert_non_null(strstr(error.text, "bad.pub"));
    assert_true(asg_allow_list_find(list, keys.public_key, NULL));
    assert_int_equal(0, mkfifo(pipe_path, 0600));
    assert_status(ASG_ERR_MALFORMED, asg_allow_list_load(list, folder, &error));
    assert_non_null(strstr(error.text, "and 1 more are left out"));
    assert_int_equal(0, unlink(pipe_path));
    uint64_t version = asg_allow_list_version(list);
    assert_int_equal(0, chmod(public_path, 0666));
    assert_status(ASG_ERR_MALFORMED, asg_allow_list_load(list, folder, NULL));
    assert_false(asg_allow_list_find(list, keys.public_key, NULL));
    assert_true(asg_allow_list_version(list) > version);
    assert_int_equal(0, chmod(public_path, 0644));
    assert_status(ASG_ERR_MALFORMED, asg_allow_list_load(list, folder, NULL));
    assert_true(asg_allow_list_find(list, keys.public_key, NULL));
    assert_int_equal(0, unlink(public_path));
    assert_status(ASG_ERR_MALFORMED, asg_allow_list_load(list, folder, NULL));
    assert_false(asg_allow_list_find(list, keys.public_key, NULL));
    assert_int_equal(0, unlink(bad_path));
    assert_status(ASG_OK, asg_allow_list_load(list, folder, NULL));
    version = asg_allow_list_version(list);
    assert_status(ASG_OK, asg_allow_list_load(list, folder, NULL));
    assert_int_equal(version, asg_allow_list_version(list));
    asg_allow_list_destroy(&list);
}

static void make_public(const char *name, struct asg_bus_keys *ret)
{
    char file[512];
    asg_bus_keys_new(ret);
    (void)snprintf(file, sizeof file, "%s/%s.pub", folder, name);
    assert_status(ASG_OK, asg_bus_public_key_save(file, ret->public_key, NULL));
}

/* Who may write there may add keys; that must not keep a stolen one in. */
static void test_a_folder_of_others_adds_no_key_and_takes_keys_away(void **state)
{
    (void)state;
    struct asg_bus_keys kept, stolen, added;
    make_public("kept", &kept);
    make_public("stolen", &stolen);
    struct asg_allow_list *list;
    asg_allow_list_new(&list);
    assert_status(ASG_OK, asg_allow_list_load(list, folder, NULL));
    assert_int_equal(0, chmod(folder, 0777));
    make_public("added", &added);
    char file[512];
    (void)snprintf(file, sizeof file, "%s/stolen.pub", folder);
    assert_int_equal(0, unlink(file));
    struct asg_error error = {""};
    assert_int_not_equal(ASG_OK, asg_allow_list_load(list, folder, &error));
    assert_non_null(strstr(error.text, "chmod go-w"));
    assert_true(asg_allow_list_find(list, kept.public_key, NULL));
    assert_false(asg_allow_list_find(list, stolen.public_key, NULL));
    assert_false(asg_allow_list_find(list, added.public_key, NULL));
    assert_int_equal(0, chmod(folder, 0700));
    assert_status(ASG_OK, asg_allow_list_load(list, folder, NULL));
    assert_true(asg_allow_list_find(list, added.public_key, NULL));
    asg_allow_list_destroy(&list);
    asg_bus_keys_clear(&kept);
    asg_bus_keys_clear(&stolen);
    asg_bus_keys_clear(&added);
    for (const char **name = (const char *[]){"kept", "added", NULL}; *name != NULL;
         name++) {
        (void)snprintf(file, sizeof file, "%s/%s.pub", folder, *name);
        assert_int_equal(0, unlink(file));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keys_are_made_once_and_only_their_owner_reads_them),
        TEST(test_keys_that_others_may_read_are_refused),
        TEST(test_keys_that_are_no_pair_are_refused),
        TEST(test_keys_of_a_file_that_is_none_are_refused_and_it_stays),
        TEST(test_a_private_key_among_public_ones_is_refused_and_named),
        TEST(test_allow_list_follows_its_folder),
        TEST(test_a_folder_of_others_adds_no_key_and_takes_keys_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
