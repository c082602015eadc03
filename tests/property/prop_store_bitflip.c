/* Law: flip any bit of a log file, and either somebody says so (opening or verifying) or
 * nothing that can be read has changed. Every flip in a live column of a record is found.
 *
 * Every byte is tried with one bit drawn at random, every byte that is not zero with all
 * eight. ASG_SEED=n repeats a run. */
#include "unit/store/log_fixture.h"

#include <inttypes.h>
#include <time.h>

#include <sqlite3.h>

struct file {
    int descriptor;
    uint8_t *bytes;
    bool *is_live; /* part of a column of a record */
    size_t size;
};

/* Two steps, a snapshot, a pruned payload; rewritten so that nothing stale lies around.
 */
static void write_log(const struct fixture *fixture)
{
    struct asg_log *log = open_log(fixture);
    struct asg_error error = {""};
    append_step(log, 1);
    append_step(log, 2);
    assert_status(ASG_OK,
                  asg_log_save_snapshot(log, 3, "the state after three", 21, &error));
    struct asg_log_retention retention = {
        .kind = "event", .older_than_ms = INT64_MAX, .now_ms = FIXTURE_TIME + 31000};
    struct asg_log_pruned pruned = {0};
    assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
    assert_int_equal(1, pruned.records);
    append_one(log, "decision", "db", "nothing to do", "");
    asg_log_close(&log);
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "VACUUM", NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

/* Everything a reader can get out of the log, as one text. */
static enum asg_status read_everything(struct asg_log *log, struct asg_bytes *ret,
                                       struct asg_error *error)
{
    static const struct asg_log_filter filters[] = {
        {0},
        {.kind = "decision", .subject = "web"},
        {.kind = "decision", .subject = "db", .is_newest_first = true},
        {.kind = "prune"},
    };
    asg_bytes_printf(ret, "%s %" PRId64 "\n", asg_log_cluster_id(log),
                     asg_log_created_ms(log));
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct asg_log_cursor *cursor = NULL;
        enum asg_status status = asg_log_cursor_open(log, &filters[i], &cursor, error);
        if (status != ASG_OK) return status;
        struct asg_record record;
        while ((status = asg_log_cursor_next(cursor, &record, error)) == ASG_OK) {
            asg_bytes_printf(ret, "%" PRIu64 " %" PRIu64 " %" PRId64 " %s %s %s %d ",
                             record.seq, record.epoch, record.time_ms, record.kind,
                             record.subject, record.note, record.is_pruned);
            asg_bytes_append(ret, record.content_hash, sizeof record.content_hash);
            asg_bytes_append(ret, record.chain_hash, sizeof record.chain_hash);
            if (record.payload_length == 0) continue;
            asg_bytes_append(ret, record.payload, record.payload_length);
        }
        asg_log_cursor_close(&cursor);
        if (status != ASG_ERR_EMPTY) return status;
    }
    struct asg_bytes snapshot = {0};
    uint64_t seq = 0;
    enum asg_status status = asg_log_load_snapshot(log, 0, &snapshot, &seq, error);
    asg_bytes_printf(ret, "%d %" PRIu64 " %s", (int)status, seq,
                     asg_bytes_text(&snapshot));
    asg_bytes_clear(&snapshot);
    return ASG_OK;
}

/* True: somebody noticed. False: opened and verified; *ret is what can be read. */
static bool is_noticed(const struct fixture *fixture, struct asg_bytes *ret)
{
    struct asg_log_options options = {.path = fixture->path, .is_immutable = true};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    asg_bytes_reset(ret);
    enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
    if (status == ASG_OK) {
        struct asg_log_verdict verdict;
        status = asg_log_verify(log, 0, NULL, NULL, &verdict, &error);
        if (status == ASG_OK) status = read_everything(log, ret, &error);
        asg_log_close(&log);
    }
    if (status != ASG_OK && error.text[0] == '\0') fail_msg("an error without a word");
    return status != ASG_OK;
}

static void mark_live(struct file *file, const void *bytes, size_t length)
{
    size_t found = 0;
    for (size_t at = 0; at + length <= file->size; at++) {
        if (memcmp(file->bytes + at, bytes, length) != 0) continue;
        for (size_t i = 0; i < length; i++)
            file->is_live[at + i] = true;
        found++;
    }
    assert_true(found > 0);
}

/* Where the texts, payloads and hashes of the records lie in the file. */
static void mark_columns(const struct fixture *fixture, struct file *file)
{
    struct asg_log_options options = {.path = fixture->path, .is_immutable = true};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_open_sqlite(&options, &log, &error));
    struct asg_log_filter all = {0};
    struct asg_log_cursor *cursor = NULL;
    assert_status(ASG_OK, asg_log_cursor_open(log, &all, &cursor, &error));
    struct asg_record record;
    while (asg_log_cursor_next(cursor, &record, &error) == ASG_OK) {
        mark_live(file, record.content_hash, sizeof record.content_hash);
        mark_live(file, record.chain_hash, sizeof record.chain_hash);
        if (record.note[0] != '\0') mark_live(file, record.note, strlen(record.note));
        if (record.payload_length > 0) {
            mark_live(file, record.payload, record.payload_length);
        }
    }
    asg_log_cursor_close(&cursor);
    asg_log_close(&log);
}

static void open_file(const struct fixture *fixture, struct file *file)
{
    file->descriptor = open(fixture->path, O_RDWR | O_CLOEXEC);
    assert_true(file->descriptor >= 0);
    file->size = (size_t)lseek(file->descriptor, 0, SEEK_END);
    file->bytes = malloc(file->size);
    file->is_live = calloc(file->size, sizeof *file->is_live);
    assert_int_equal(file->size, pread(file->descriptor, file->bytes, file->size, 0));
}

struct tally {
    uint64_t flips, noticed, harmless, live;
};

static void flip(const struct fixture *fixture, const struct file *file, size_t at,
                 int bit, const struct asg_bytes *expected, struct tally *tally)
{
    static struct asg_bytes got; /* kept between calls */
    uint8_t byte = (uint8_t)(file->bytes[at] ^ (1U << bit));
    assert_int_equal(1, pwrite(file->descriptor, &byte, 1, (off_t)at));
    bool noticed = is_noticed(fixture, &got);
    assert_int_equal(1, pwrite(file->descriptor, &file->bytes[at], 1, (off_t)at));
    tally->flips++;
    if (file->is_live[at]) tally->live++;
    if (noticed) {
        tally->noticed++;
        return;
    }
    tally->harmless++;
    if (file->is_live[at]) {
        fail_msg("bit %d of byte %zu is in a live column and nobody noticed", bit, at);
    }
    if (got.length != expected->length ||
        memcmp(got.data, expected->data, got.length) != 0) {
        fail_msg("bit %d of byte %zu changes what is read and nobody noticed", bit, at);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void test_every_flipped_bit_is_found_or_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    const char *given = getenv("ASG_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("ASG_SEED=%" PRIu64 "\n", seed);
    seed = seed * 2 + 1;

    write_log(fixture);
    struct file file = {0};
    open_file(fixture, &file);
    mark_columns(fixture, &file);
    struct asg_bytes expected = {0};
    assert_false(is_noticed(fixture, &expected));

    struct tally tally = {0};
    for (size_t at = 0; at < file.size; at++) {
        if (file.bytes[at] == 0) {
            flip(fixture, &file, at, (int)(next_random(&seed) % 8), &expected, &tally);
            continue;
        }
        for (int bit = 0; bit < 8; bit++) {
            flip(fixture, &file, at, bit, &expected, &tally);
        }
    }
    print_message("%" PRIu64 " flips: %" PRIu64 " found, %" PRIu64
                  " changed nothing; %" PRIu64 " of them in live columns\n",
                  tally.flips, tally.noticed, tally.harmless, tally.live);
    assert_true(tally.live > 4000);
    struct asg_bytes again = {0};
    assert_false(is_noticed(fixture, &again));
    asg_bytes_clear(&again);
    asg_bytes_clear(&expected);
    free(file.bytes);
    free(file.is_live);
    (void)close(file.descriptor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_every_flipped_bit_is_found_or_changes_nothing, fixture_set_up,
            fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
