/* Files that others must not read, change or swap: what is refused, and what a link, a
 * leftover or another user's hand cannot do. */
#include "base/safe_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"

#define STRANGER 4711

struct place {
    char folder[64];
    char path[96];
    char fresh[104];
    char other[96];
    struct asg_bytes text;
    struct asg_error error;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    if (place == NULL) return 1;
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/asg-safe-XXXXXX");
    if (mkdtemp(place->folder) == NULL) return 1;
    (void)snprintf(place->path, sizeof place->path, "%s/key", place->folder);
    (void)snprintf(place->fresh, sizeof place->fresh, "%s.new", place->path);
    (void)snprintf(place->other, sizeof place->other, "%s/other", place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    (void)unlink(place->path);
    (void)unlink(place->fresh);
    (void)unlink(place->other);
    (void)rmdir(place->other);
    asg_safe_bytes_clear(&place->text);
    int result = rmdir(place->folder);
    free(place);
    return result;
}

static void put(const char *path, const char *text, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(strlen(text), write(file, text, strlen(text)));
    assert_int_equal(0, fchmod(file, mode));
    assert_int_equal(0, close(file));
}

static void expect(const char *path, const char *wanted, mode_t mode)
{
    char text[64] = "";
    struct stat info;
    int file = open(path, O_RDONLY);
    assert_true(file >= 0);
    assert_true(read(file, text, sizeof text - 1) >= 0);
    assert_int_equal(0, fstat(file, &info));
    assert_int_equal(0, close(file));
    assert_string_equal(wanted, text);
    assert_int_equal(mode, info.st_mode & 07777);
}

static enum asg_status read_as(struct place *place, enum asg_safe_guard guard)
{
    const struct asg_safe_need need = {
        .what = "key file", .length_max = 8, .guard = guard, .is_own = true};
    asg_bytes_reset(&place->text);
    return asg_safe_file_read(place->path, &need, &place->text, &place->error);
}

/* ---- reading ---- */

static void test_a_file_is_judged_by_what_others_may_do(void **state)
{
    struct place *place = *state;
    static const struct {
        mode_t mode;
        bool is_secret;
        bool is_fixed;
    } cases[] = {{0600, true, true},   {0400, true, true},   {0700, true, true},
                 {0644, false, true},  {0640, false, true},  {0604, false, true},
                 {0664, false, false}, {0646, false, false}, {0666, false, false},
                 {0620, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put(place->path, "text", cases[i].mode);
        assert_status(cases[i].is_secret ? ASG_OK : ASG_ERR_DENIED,
                      read_as(place, ASG_SAFE_SECRET));
        if (!cases[i].is_secret) {
            char mode[8];
            (void)snprintf(mode, sizeof mode, "%04o", (unsigned)cases[i].mode);
            assert_non_null(strstr(place->error.text, place->path));
            assert_non_null(strstr(place->error.text, mode));
            assert_non_null(strstr(place->error.text, "chmod 600"));
            assert_int_equal(0, place->text.length);
        }
        assert_status(cases[i].is_fixed ? ASG_OK : ASG_ERR_DENIED,
                      read_as(place, ASG_SAFE_FIXED));
        assert_status(ASG_OK, read_as(place, ASG_SAFE_ANY));
        assert_int_equal(0, unlink(place->path));
    }
}

static void test_what_is_read_is_a_file_of_a_sane_length(void **state)
{
    struct place *place = *state;
    assert_status(ASG_ERR_NOT_FOUND, read_as(place, ASG_SAFE_SECRET));
    put(place->path, "12345678", 0600);
    assert_status(ASG_OK, read_as(place, ASG_SAFE_SECRET));
    assert_string_equal("12345678", asg_bytes_text(&place->text));
    put(place->path, "123456789", 0600);
    assert_status(ASG_ERR_LIMIT, read_as(place, ASG_SAFE_SECRET));
    assert_int_equal(0, unlink(place->path));
    assert_int_equal(0, mkfifo(place->path, 0600)); /* nobody writes: must not wait */
    assert_status(ASG_ERR_MALFORMED, read_as(place, ASG_SAFE_SECRET));
    assert_int_equal(0, unlink(place->path));
    assert_int_equal(0, symlink(place->folder, place->path));
    assert_status(ASG_ERR_MALFORMED, read_as(place, ASG_SAFE_SECRET));
}

static void test_of_a_link_the_target_counts(void **state)
{
    struct place *place = *state;
    put(place->other, "text", 0600);
    assert_int_equal(0, symlink("other", place->path));
    assert_status(ASG_OK, read_as(place, ASG_SAFE_SECRET));
    assert_int_equal(0, chmod(place->other, 0640));
    assert_status(ASG_ERR_DENIED, read_as(place, ASG_SAFE_SECRET));
}

static void test_the_owner_is_us_or_root(void **state)
{
    struct place *place = *state;
    if (geteuid() != 0) skip(); /* only root can give files away and be another */
    put(place->path, "text", 0600);
    assert_int_equal(0, chown(place->path, STRANGER, STRANGER));
    assert_status(ASG_ERR_DENIED, read_as(place, ASG_SAFE_SECRET));
    assert_non_null(strstr(place->error.text, "belongs to user 4711"));
    assert_non_null(strstr(place->error.text, "chown 0 "));
    /* A service reads what root hands it by the group, and no more than reads. */
    assert_int_equal(0, chown(place->path, 0, STRANGER));
    assert_int_equal(0, chmod(place->folder, 0755));
    static const mode_t good[] = {0640, 0440};
    static const mode_t bad[] = {0660, 0644, 0444};
    assert_int_equal(0, setegid(STRANGER));
    assert_int_equal(0, seteuid(STRANGER));
    enum asg_status results[5];
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(0, seteuid(0));
        assert_int_equal(0, chmod(place->path, i < 2 ? good[i] : bad[i - 2]));
        assert_int_equal(0, seteuid(STRANGER));
        results[i] = read_as(place, ASG_SAFE_SECRET);
    }
    assert_int_equal(0, seteuid(0));
    assert_int_equal(0, setegid(0));
    for (size_t i = 0; i < 5; i++) {
        assert_status(i < 2 ? ASG_OK : ASG_ERR_DENIED, results[i]);
    }
}

/* ---- writing ---- */

static void test_a_new_file_has_its_mode_whatever_the_umask(void **state)
{
    struct place *place = *state;
    mode_t before = umask(0);
    enum asg_status status =
        asg_safe_file_make(place->path, 0600, "one", 3, &place->error);
    (void)umask(0777);
    enum asg_status again =
        asg_safe_file_replace(place->other, 0644, "two", 3, &place->error);
    (void)umask(before);
    assert_status(ASG_OK, status);
    assert_status(ASG_OK, again);
    expect(place->path, "one", 0600);
    expect(place->other, "two", 0644);
    assert_int_not_equal(0, access(place->fresh, F_OK));
}

static void test_what_is_there_is_not_made_again(void **state)
{
    struct place *place = *state;
    put(place->path, "old", 0600);
    assert_status(ASG_ERR_EXISTS,
                  asg_safe_file_make(place->path, 0600, "new", 3, &place->error));
    expect(place->path, "old", 0600);
    assert_int_not_equal(0, access(place->fresh, F_OK));
    assert_status(ASG_OK,
                  asg_safe_file_replace(place->path, 0600, "new", 3, &place->error));
    expect(place->path, "new", 0600);
}

static void test_no_link_is_written_through(void **state)
{
    struct place *place = *state;
    assert_int_equal(0, symlink("other", place->path)); /* leads nowhere */
    assert_status(ASG_ERR_EXISTS,
                  asg_safe_file_make(place->path, 0600, "new", 3, &place->error));
    assert_int_not_equal(0, access(place->other, F_OK));
    put(place->other, "prey", 0600);
    assert_int_equal(0, symlink("other", place->fresh));
    assert_status(ASG_OK,
                  asg_safe_file_replace(place->path, 0644, "new", 3, &place->error));
    expect(place->other, "prey", 0600);
    expect(place->path, "new", 0644);
    struct stat info;
    assert_int_equal(0, lstat(place->path, &info));
    assert_true(S_ISREG(info.st_mode));
}

static void test_the_leftover_of_one_that_died_is_written_anew(void **state)
{
    struct place *place = *state;
    put(place->fresh, "half of a k", 0666);
    assert_status(ASG_OK, asg_safe_file_make(place->path, 0600, "key", 3, &place->error));
    expect(place->path, "key", 0600);
    assert_int_not_equal(0, access(place->fresh, F_OK));
}

static void test_a_write_that_fails_says_where_and_leaves_nothing(void **state)
{
    struct place *place = *state;
    assert_int_equal(0, mkdir(place->path, 0700));
    assert_status(ASG_ERR_IO,
                  asg_safe_file_replace(place->path, 0600, "x", 1, &place->error));
    assert_non_null(strstr(place->error.text, place->path));
    assert_int_not_equal(0, access(place->fresh, F_OK));
    assert_int_equal(0, rmdir(place->path));
    assert_status(ASG_ERR_IO,
                  asg_safe_file_make("/nowhere/at/all", 0600, "x", 1, &place->error));
}

static void test_what_root_writes_for_a_service_is_the_services(void **state)
{
    struct place *place = *state;
    if (geteuid() != 0) skip();
    struct stat info;
    assert_int_equal(0, chown(place->folder, STRANGER, STRANGER));
    assert_status(ASG_OK, asg_safe_file_make(place->path, 0600, "key", 3, &place->error));
    assert_int_equal(0, stat(place->path, &info));
    assert_int_equal(STRANGER, info.st_uid);
    assert_int_equal(0, chown(place->path, STRANGER + 1, STRANGER + 1));
    assert_status(ASG_OK,
                  asg_safe_file_replace(place->path, 0600, "key", 3, &place->error));
    assert_int_equal(0, stat(place->path, &info));
    assert_int_equal(STRANGER + 1, info.st_uid);
    assert_int_equal(STRANGER + 1, info.st_gid);
}

/* ---- folders ---- */

static void test_a_folder_that_others_may_write_is_refused(void **state)
{
    struct place *place = *state;
    static const mode_t modes[] = {0700, 0755, 0750, 0777, 0770, 0702, 01777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        bool is_bad = (modes[i] & 022) != 0;
        assert_int_equal(0, chmod(place->folder, modes[i]));
        assert_status(is_bad ? ASG_ERR_DENIED : ASG_OK,
                      asg_safe_folder_check(place->folder, &place->error));
        if (!is_bad) continue;
        assert_non_null(strstr(place->error.text, place->folder));
        assert_non_null(strstr(place->error.text, "chmod go-w"));
    }
    assert_status(ASG_ERR_DENIED, asg_safe_folder_make(place->folder, &place->error));
}

static void test_a_folder_is_made_for_us_alone(void **state)
{
    struct place *place = *state;
    struct stat info;
    assert_status(ASG_ERR_NOT_FOUND, asg_safe_folder_check(place->other, &place->error));
    assert_status(ASG_OK, asg_safe_folder_make(place->other, &place->error));
    assert_int_equal(0, stat(place->other, &info));
    assert_int_equal(0700, info.st_mode & 07777);
    assert_status(ASG_OK, asg_safe_folder_make(place->other, &place->error));
    if (geteuid() == 0) {
        assert_int_equal(0, chown(place->other, STRANGER, STRANGER));
        assert_status(ASG_ERR_DENIED, asg_safe_folder_make(place->other, &place->error));
    }
    assert_int_equal(0, rmdir(place->other));
    put(place->other, "a file", 0600);
    assert_status(ASG_ERR_IO, asg_safe_folder_make(place->other, &place->error));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_file_is_judged_by_what_others_may_do),
        TEST(test_what_is_read_is_a_file_of_a_sane_length),
        TEST(test_of_a_link_the_target_counts),
        TEST(test_the_owner_is_us_or_root),
        TEST(test_a_new_file_has_its_mode_whatever_the_umask),
        TEST(test_what_is_there_is_not_made_again),
        TEST(test_no_link_is_written_through),
        TEST(test_the_leftover_of_one_that_died_is_written_anew),
        TEST(test_a_write_that_fails_says_where_and_leaves_nothing),
        TEST(test_what_root_writes_for_a_service_is_the_services),
        TEST(test_a_folder_that_others_may_write_is_refused),
        TEST(test_a_folder_is_made_for_us_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
