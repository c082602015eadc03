/* Laws: a log cut at any byte, with any two records swapped, with any record removed or
 * repeated, is found out and the first record that is wrong is named. A checkpoint with
 * any bit flipped, cut anywhere or with any byte doubled is refused; a genuine one shows
 * a log that was rewritten or cut back as a whole. Nothing is modified by looking. */
#include "unit/store/log_fixture.h"

#include <inttypes.h>

#include <sqlite3.h>

#include "store/checkpoint.h"

#define STEPS   4
#define RECORDS (3 * STEPS)

static void run_sql(const struct fixture *fixture, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->path, &db));
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

/* Steps numbered from `first`, in one file without a -wal beside it. */
static void write_log(const struct fixture *fixture, int first, int steps)
{
    struct asg_log *log = open_log(fixture);
    for (int i = 0; i < steps; i++)
        append_step(log, first + i);
    asg_log_close(&log);
    run_sql(fixture, "PRAGMA wal_checkpoint(TRUNCATE); VACUUM");
}

static void forget_log(const struct fixture *fixture)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[160];
        (void)snprintf(path, sizeof path, "%s%s", fixture->path, ends[i]);
        (void)unlink(path);
    }
}

struct saved {
    uint8_t *bytes;
    size_t size;
};

static struct saved save_file(const struct fixture *fixture)
{
    FILE *file = fopen(fixture->path, "rb");
    assert_non_null(file);
    assert_int_equal(0, fseek(file, 0, SEEK_END));
    struct saved saved = {.size = (size_t)ftell(file)};
    rewind(file);
    saved.bytes = malloc(saved.size);
    assert_non_null(saved.bytes);
    assert_int_equal(saved.size, fread(saved.bytes, 1, saved.size, file));
    (void)fclose(file);
    return saved;
}

static void put_file(const struct fixture *fixture, const struct saved *saved)
{
    forget_log(fixture);
    int file = open(fixture->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(saved->size, write(file, saved->bytes, saved->size));
    (void)close(file);
}

/* ASG_OK, or the first flaw. A file that cannot even be opened has bad_seq 0. */
static enum asg_status look_with(const struct fixture *fixture, size_t jobs,
                                 struct asg_log_verdict *ret)
{
    struct asg_log_options options = {.path = fixture->path, .is_immutable = true};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    *ret = (struct asg_log_verdict){0};
    enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
    if (status == ASG_OK) {
        asg_log_set_jobs(log, jobs);
        status = asg_log_verify(log, 0, NULL, NULL, ret, &error);
        asg_log_close(&log);
    }
    if (status != ASG_OK && error.text[0] == '\0') fail_msg("an error without a word");
    return status;
}

static void assert_same(const struct asg_log_verdict *one,
                        const struct asg_log_verdict *other, size_t jobs)
{
    bool is_same =
        one->flaw == other->flaw && one->bad_seq == other->bad_seq &&
        one->first_seq == other->first_seq && one->last_seq == other->last_seq &&
        one->record_count == other->record_count &&
        one->pruned_count == other->pruned_count &&
        one->pruned_last == other->pruned_last &&
        one->snapshot_count == other->snapshot_count &&
        strcmp(one->what, other->what) == 0 && strcmp(one->advice, other->advice) == 0 &&
        memcmp(one->chain_hash, other->chain_hash, ASG_LOG_HASH_BYTES) == 0;
    if (is_same) return;
    fail_msg("%zu threads say: record %" PRIu64 ": %s (%" PRIu64
             " records), one says: record %" PRIu64 ": %s (%" PRIu64 " records)",
             jobs, other->bad_seq, other->what, other->record_count, one->bad_seq,
             one->what, one->record_count);
}

/* However many threads look, they find the same. With so few records each part of the log
 * is one record, so each flaw lies at the border of two parts. */
static enum asg_status look(const struct fixture *fixture, struct asg_log_verdict *ret)
{
    enum asg_status status = look_with(fixture, 1, ret);
    for (size_t jobs = 2; jobs <= 4; jobs++) {
        struct asg_log_verdict verdict;
        assert_status(status, look_with(fixture, jobs, &verdict));
        assert_same(ret, &verdict, jobs);
    }
    return status;
}

static void test_a_log_cut_at_any_byte_is_found_out(void **state)
{
    struct fixture *fixture = *state;
    write_log(fixture, 1, STEPS);
    struct saved whole = save_file(fixture);
    int file = open(fixture->path, O_WRONLY | O_CLOEXEC);
    assert_true(file >= 0);
    struct asg_log_verdict verdict;
    for (size_t size = whole.size - 1; size > 0; size--) {
        assert_int_equal(0, ftruncate(file, (off_t)size));
        if (look_with(fixture, 1 + size % 4, &verdict) == ASG_OK) {
            fail_msg("cut to %zu of %zu bytes and nobody noticed", size, whole.size);
        }
        struct stat about;
        assert_int_equal(0, fstat(file, &about));
        assert_int_equal(size, about.st_size); /* looking modified nothing */
    }
    (void)close(file);
    put_file(fixture, &whole);
    assert_status(ASG_OK, look(fixture, &verdict));
    free(whole.bytes);
}

/* Alter a good log with SQL; it must be found, naming `bad_seq`. */
static void alter(const struct fixture *fixture, const struct saved *whole,
                  uint64_t bad_seq, const char *sql)
{
    put_file(fixture, whole);
    run_sql(fixture, sql);
    run_sql(fixture, "PRAGMA wal_checkpoint(TRUNCATE)");
    struct saved altered = save_file(fixture);
    struct asg_log_verdict verdict;
    if (look(fixture, &verdict) != ASG_ERR_CORRUPT) fail_msg("nobody noticed: %s", sql);
    if (verdict.bad_seq != bad_seq) {
        fail_msg("%s\nnames record %" PRIu64 ", not %" PRIu64 ": %s", sql,
                 verdict.bad_seq, bad_seq, verdict.what);
    }
    assert_true(verdict.advice[0] != '\0');
    struct saved after = save_file(fixture);
    assert_int_equal(altered.size, after.size);
    assert_memory_equal(altered.bytes, after.bytes, after.size);
    free(after.bytes);
    free(altered.bytes);
}

#define COLUMNS "time_ms, epoch, kind, subject, note, content_hash, chain_hash, payload"

static void test_any_two_records_swapped_are_found_and_the_first_is_named(void **state)
{
    struct fixture *fixture = *state;
    write_log(fixture, 1, STEPS);
    struct saved whole = save_file(fixture);
    for (uint64_t a = 1; a < RECORDS; a++) {
        for (uint64_t b = a + 1; b <= RECORDS; b++) {
            char sql[256];
            (void)snprintf(sql, sizeof sql,
                           "UPDATE records SET seq = -1 WHERE seq = %" PRIu64 ";"
                           "UPDATE records SET seq = %" PRIu64 " WHERE seq = %" PRIu64 ";"
                           "UPDATE records SET seq = %" PRIu64 " WHERE seq = -1",
                           a, a, b, b);
            alter(fixture, &whole, a, sql);
        }
    }
    free(whole.bytes);
}

static void test_any_record_removed_is_found_and_named(void **state)
{
    struct fixture *fixture = *state;
    write_log(fixture, 1, STEPS);
    struct saved whole = save_file(fixture);
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql, "DELETE FROM records WHERE seq = %" PRIu64, seq);
        alter(fixture, &whole, seq, sql);
        if (seq == RECORDS) continue; /* nothing to move up */
        (void)snprintf(sql, sizeof sql,
                       "DELETE FROM records WHERE seq = %" PRIu64 ";"
                       "UPDATE records SET seq = seq - 1 WHERE seq > %" PRIu64,
                       seq, seq);
        alter(fixture, &whole, seq, sql);
    }
    free(whole.bytes);
}

static void test_any_record_repeated_is_found_and_named(void **state)
{
    struct fixture *fixture = *state;
    write_log(fixture, 1, STEPS);
    struct saved whole = save_file(fixture);
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        char sql[512];
        (void)snprintf(sql, sizeof sql,
                       "INSERT INTO records SELECT %d, " COLUMNS
                       " FROM records WHERE seq = %" PRIu64,
                       RECORDS + 1, seq);
        alter(fixture, &whole, RECORDS + 1, sql);
        (void)snprintf(sql, sizeof sql,
                       "UPDATE records SET seq = -seq WHERE seq > %" PRIu64 ";"
                       "UPDATE records SET seq = 1 - seq WHERE seq < 0;"
                       "INSERT INTO records SELECT %" PRIu64 ", " COLUMNS
                       " FROM records WHERE seq = %" PRIu64,
                       seq, seq + 1, seq);
        alter(fixture, &whole, seq + 1, sql);
    }
    free(whole.bytes);
}

/* ---- checkpoints ---- */

static struct asg_sign_key *make_key(const struct fixture *fixture, const char *name)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    struct asg_sign_key *key = NULL;
    struct asg_error error = {""};
    bool is_new = false;
    enum asg_status status = asg_sign_key_load_or_make(path, &is_new, &key, &error);
    if (status != ASG_OK) fail_msg("%s", error.text);
    assert_true(is_new);
    return key;
}

static void sign_log(const struct fixture *fixture, const struct asg_sign_key *key,
                     struct asg_bytes *ret)
{
    struct asg_log *log = open_reader(fixture);
    struct asg_log_verdict verdict = verify_good(log);
    struct asg_checkpoint checkpoint = {.seq = verdict.last_seq,
                                        .time_ms = FIXTURE_TIME + 1234};
    (void)snprintf(checkpoint.cluster_id, sizeof checkpoint.cluster_id, "%s",
                   asg_log_cluster_id(log));
    memcpy(checkpoint.chain_hash, verdict.chain_hash, sizeof checkpoint.chain_hash);
    asg_checkpoint_write(&checkpoint, key, ret);
    asg_log_close(&log);
}

static void refuse(const char *text, size_t length, const struct asg_sign_key *key,
                   const char *what, size_t at)
{
    struct asg_checkpoint checkpoint;
    struct asg_error error = {""};
    enum asg_status status = asg_checkpoint_read(text, length, key, &checkpoint, &error);
    if (status == ASG_OK) fail_msg("%s at byte %zu and nobody noticed", what, at);
    assert_true(error.text[0] != '\0');
}

static void test_a_checkpoint_altered_anywhere_is_refused(void **state)
{
    struct fixture *fixture = *state;
    write_log(fixture, 1, STEPS);
    struct asg_sign_key *key = make_key(fixture, "audit.key");
    struct asg_bytes text = {0};
    sign_log(fixture, key, &text);
    struct asg_checkpoint checkpoint;
    struct asg_error error = {""};
    char altered[2 * ASG_CHECKPOINT_BYTES_MAX];
    for (size_t at = 0; at < text.length; at++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(altered, text.data, text.length);
            altered[at] = (char)(altered[at] ^ (1 << bit));
            refuse(altered, text.length, key, "a bit flipped", at);
        }
        refuse((const char *)text.data, at, key, "cut", at);
        memcpy(altered, text.data, at + 1);
        memcpy(altered + at + 1, text.data + at, text.length - at);
        refuse(altered, text.length + 1, key, "doubled", at);
    }
    struct asg_sign_key *other = make_key(fixture, "other.key");
    assert_status(ASG_ERR_DENIED,
                  asg_checkpoint_read((const char *)text.data, text.length, other,
                                      &checkpoint, &error));
    assert_non_null(strstr(error.text, "signed by key"));
    assert_status(ASG_OK, asg_checkpoint_read((const char *)text.data, text.length, key,
                                              &checkpoint, &error));
    assert_int_equal(RECORDS, checkpoint.seq);
    asg_sign_key_destroy(&other);
    asg_sign_key_destroy(&key);
    asg_bytes_clear(&text);
}

/* The log in the folder, which verifies, against the checkpoint. */
static enum asg_status compare(const struct fixture *fixture,
                               const struct asg_checkpoint *checkpoint,
                               struct asg_error *error)
{
    struct asg_log *log = open_reader(fixture);
    (void)verify_good(log);
    enum asg_status status = asg_checkpoint_compare(checkpoint, log, error);
    asg_log_close(&log);
    return status;
}

static void test_a_log_rewritten_or_cut_back_as_a_whole_is_found_out(void **state)
{
    struct fixture *fixture = *state;
    write_log(fixture, 1, STEPS);
    struct asg_sign_key *key = make_key(fixture, "audit.key");
    struct asg_bytes text = {0};
    sign_log(fixture, key, &text);
    struct asg_checkpoint checkpoint;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_checkpoint_read((const char *)text.data, text.length, key,
                                              &checkpoint, &error));
    assert_status(ASG_OK, compare(fixture, &checkpoint, &error));
    struct asg_log *log = open_log(fixture);
    append_step(log, 9); /* it may grow */
    asg_log_close(&log);
    assert_status(ASG_OK, compare(fixture, &checkpoint, &error));
    for (int steps = 1; steps < STEPS; steps++) { /* valid, and shorter */
        forget_log(fixture);
        write_log(fixture, 1, steps);
        assert_status(ASG_ERR_CORRUPT, compare(fixture, &checkpoint, &error));
        char words[64];
        (void)snprintf(words, sizeof words, "the log ends at record %d;", 3 * steps);
        assert_non_null(strstr(error.text, words));
    }
    for (int steps = STEPS; steps < STEPS + 3; steps++) { /* valid, and another story */
        forget_log(fixture);
        write_log(fixture, 2, steps);
        assert_status(ASG_ERR_CORRUPT, compare(fixture, &checkpoint, &error));
        assert_non_null(strstr(error.text, "the log was rewritten"));
    }
    forget_log(fixture);
    write_log(fixture, 1, STEPS); /* the same again */
    assert_status(ASG_OK, compare(fixture, &checkpoint, &error));
    (void)snprintf(checkpoint.cluster_id, sizeof checkpoint.cluster_id, "other");
    assert_status(ASG_ERR_CORRUPT, compare(fixture, &checkpoint, &error));
    assert_non_null(strstr(error.text, "of cluster other"));
    asg_sign_key_destroy(&key);
    asg_bytes_clear(&text);
}

#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_log_cut_at_any_byte_is_found_out),
        TEST(test_any_two_records_swapped_are_found_and_the_first_is_named),
        TEST(test_any_record_removed_is_found_and_named),
        TEST(test_any_record_repeated_is_found_and_named),
        TEST(test_a_checkpoint_altered_anywhere_is_refused),
        TEST(test_a_log_rewritten_or_cut_back_as_a_whole_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
