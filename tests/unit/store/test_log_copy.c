/* A copy of a log that is being written: whole, proven, its owner's alone, and never over
 * another file. */
#include "unit/store/log_fixture.h"

#include <sqlite3.h>

static void name_copy(const struct fixture *fixture, char ret[160])
{
    (void)snprintf(ret, 160, "%s/backup.log", fixture->folder);
}

static enum asg_status copy_to(const struct fixture *fixture, const char *path,
                               asg_log_copy_progress *progress, void *context,
                               struct asg_log_verdict *ret, struct asg_error *error)
{
    struct asg_log *reader = open_reader(fixture);
    enum asg_status status = asg_log_copy(reader, path, progress, context, ret, error);
    asg_log_close(&reader);
    return status;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The writer goes on between two steps of the copy. */
struct writing {
    struct asg_log *log;
    int steps;
    uint64_t copied;
    uint64_t verified;
};

static bool write_on(void *context, const char *step, uint64_t done, uint64_t total)
{
    struct writing *writing = context;
    assert_true(done <= total);
    if (strcmp(step, "verified") == 0) {
        writing->verified = done;
        return true;
    }
    writing->copied = done;
    append_step(writing->log, 1000 + writing->steps++);
    return true;
}

static void test_a_copy_is_of_one_moment_and_opens_as_a_log(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    char payload[30000];
    memset(payload, 'x', sizeof payload - 1);
    payload[sizeof payload - 1] = '\0';
    for (int i = 0; i < 1000; i++) { /* 30 MB: several steps */
        append_one(log, "event", "web", "", payload);
    }
    struct asg_log_head head = asg_log_head(log);
    struct writing writing = {.log = log};
    char path[160];
    name_copy(fixture, path);
    struct asg_log_verdict verdict;
    struct asg_error error = {""};
    mode_t old = umask(0);
    enum asg_status status = copy_to(fixture, path, write_on, &writing, &verdict, &error);
    (void)umask(old);
    if (status != ASG_OK) fail_msg("copy: %s", error.text);
    assert_true(writing.steps > 1); /* it was written to meanwhile */
    assert_true(writing.copied > 0);
    assert_int_equal(head.seq, verdict.last_seq);
    assert_memory_equal(head.chain_hash, verdict.chain_hash, ASG_LOG_HASH_BYTES);
    append_step(log, 1); /* and the log itself goes on */
    asg_log_close(&log);

    struct stat info;
    assert_int_equal(0, stat(path, &info));
    assert_int_equal(0600, info.st_mode & 0777);
    char other[170];
    static const char *const tails[] = {".part", "-wal", "-shm", "-journal", ".lock"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        (void)snprintf(other, sizeof other, "%s%s", path, tails[i]);
        assert_false(is_there(other));
    }
    const struct asg_log_options options = {.path = path, .cluster_id = "test"};
    assert_status(ASG_OK, asg_log_open_sqlite(&options, &log, &error));
    assert_int_equal(head.seq, asg_log_head(log).seq);
    append_step(log, 2); /* a controller can lead from it */
    assert_int_equal(head.seq + 3, verify_good(log).record_count);
    asg_log_close(&log);
}

static void test_a_copy_overwrites_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    append_step(log, 1);
    char path[160];
    name_copy(fixture, path);
    char part[170];
    (void)snprintf(part, sizeof part, "%s.part", path);
    static const char *const words = "somebody's";
    struct asg_log_verdict verdict;
    for (int i = 0; i < 2; i++) {
        const char *taken = i == 0 ? path : part;
        FILE *file = fopen(taken, "w");
        assert_non_null(file);
        assert_true(fputs(words, file) >= 0);
        assert_int_equal(0, fclose(file));
        struct asg_error error = {""};
        assert_status(ASG_ERR_CONFLICT,
                      copy_to(fixture, path, NULL, NULL, &verdict, &error));
        assert_non_null(strstr(error.text, taken));
        struct stat info;
        assert_int_equal(0, stat(taken, &info));
        assert_int_equal(strlen(words), info.st_size);
        assert_int_equal(0, unlink(taken));
    }
    asg_log_close(&log);
}

static bool stop_at_once(void *context, const char *step, uint64_t done, uint64_t total)
{
    (void)context;
    (void)step;
    (void)done;
    (void)total;
    return false;
}

static void test_a_copy_that_fails_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    append_step(log, 1);
    char path[160];
    name_copy(fixture, path);
    char part[170];
    (void)snprintf(part, sizeof part, "%s.part", path);
    struct asg_log_verdict verdict;
    struct asg_error error = {""};
    assert_status(ASG_ERR_CLOSED,
                  copy_to(fixture, path, stop_at_once, NULL, &verdict, &error));
    assert_false(is_there(path));
    assert_false(is_there(part));
    /* A log that was tampered with is not handed on as a good backup. */
    asg_log_close(&log);
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->path, &db));
    assert_int_equal(SQLITE_OK,
                     sqlite3_exec(db, "UPDATE records SET note = 'altered' WHERE seq = 2",
                                  NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    assert_status(ASG_ERR_CORRUPT, copy_to(fixture, path, NULL, NULL, &verdict, &error));
    assert_int_equal(2, verdict.bad_seq);
    assert_false(is_there(path));
    assert_false(is_there(part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_copy_is_of_one_moment_and_opens_as_a_log,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_copy_overwrites_nothing, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_copy_that_fails_leaves_nothing,
                                        fixture_set_up, fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
