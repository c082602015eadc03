/* Texts of templates in files named by their hash. */
#include "lib/check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/parts.h"

struct fixture {
    char folder[64];
    char hash[65];
    char path[160];
    struct asg_arena arena;
    struct asg_error error;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/asg-userdata-XXXXXX");
    if (mkdtemp(f->folder) == NULL) return 1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->path[0] != '\0') (void)unlink(f->path);
    (void)rmdir(f->folder);
    asg_arena_clear(&f->arena);
    test_free(f);
    return 0;
}

static enum asg_status save(struct fixture *f, const void *text, size_t length)
{
    const struct asg_blob blob = {.data = text, .length = length};
    enum asg_status status = asg_user_data_save(f->folder, blob, f->hash, &f->error);
    if (status == ASG_OK) {
        (void)snprintf(f->path, sizeof f->path, "%s/%s", f->folder, f->hash);
    }
    return status;
}

static void test_user_data_comes_back_by_its_hash(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "#!/bin/sh\necho \0 hello\n";
    assert_status(ASG_OK, save(f, text, sizeof text));
    struct stat info;
    assert_int_equal(0, stat(f->path, &info));
    assert_int_equal(0600, info.st_mode & 0777);
    assert_status(ASG_OK, save(f, text, sizeof text)); /* twice is fine */
    struct asg_blob back = {0};
    assert_status(ASG_OK,
                  asg_user_data_load(f->folder, f->hash, &f->arena, &back, &f->error));
    assert_int_equal(sizeof text, back.length);
    assert_memory_equal(text, back.data, sizeof text);
}

static void test_user_data_keeps_to_the_limit_of_ec2(void **state)
{
    struct fixture *f = *state;
    static char text[16 * 1024 + 1];
    assert_status(ASG_ERR_LIMIT, save(f, text, sizeof text));
    assert_status(ASG_OK, save(f, text, sizeof text - 1));
}

static void test_user_data_notices_what_was_altered(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, save(f, "echo yes", 8));
    FILE *file = fopen(f->path, "r+");
    assert_non_null(file);
    assert_int_equal(1, fwrite("E", 1, 1, file));
    (void)fclose(file);
    struct asg_blob back = {0};
    assert_status(ASG_ERR_CORRUPT,
                  asg_user_data_load(f->folder, f->hash, &f->arena, &back, &f->error));
    assert_null(back.data);
}

static void test_user_data_takes_no_path_for_a_hash(void **state)
{
    struct fixture *f = *state;
    struct asg_blob back = {0};
    const char *const names[] = {"../../../../etc/passwd", "", "00", "zz"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_status(ASG_ERR_INVALID, asg_user_data_load(f->folder, names[i], &f->arena,
                                                          &back, &f->error));
    }
    assert_status(ASG_ERR_NOT_FOUND,
                  asg_user_data_load(f->folder,
                                     "00112233445566778899aabbccddeeff"
                                     "00112233445566778899aabbccddeeff",
                                     &f->arena, &back, &f->error));
}

static void test_user_data_says_when_it_cannot_be_kept(void **state)
{
    struct fixture *f = *state;
    const struct asg_blob blob = {.data = (const uint8_t *)"x", .length = 1};
    assert_status(ASG_ERR_IO,
                  asg_user_data_save("/nowhere/at/all", blob, f->hash, &f->error));
    assert_non_null(strstr(f->error.text, "/nowhere/at/all"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_user_data_comes_back_by_its_hash),
        TEST(test_user_data_keeps_to_the_limit_of_ec2),
        TEST(test_user_data_notices_what_was_altered),
        TEST(test_user_data_takes_no_path_for_a_hash),
        TEST(test_user_data_says_when_it_cannot_be_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
