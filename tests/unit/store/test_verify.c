/* Whatever somebody does to the file with sqlite3, verify names the first bad record. */
#include "unit/store/log_fixture.h"

#include <inttypes.h>

#include <sqlite3.h>

static void run_sql(const struct fixture *fixture, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->path, &db));
    char *text = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK) fail_msg("%s", text);
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

/* 30 records, snapshots at 15 and 30, the payloads of events up to 15 pruned (31). */
static void write_log(const struct fixture *fixture)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[160];
        (void)snprintf(name, sizeof name, "%s%s", fixture->path, tails[i]);
        (void)unlink(name);
    }
    struct asg_log *log = open_log(fixture);
    struct asg_error error = {""};
    for (int i = 0; i < 10; i++)
        append_step(log, i);
    assert_status(ASG_OK, asg_log_save_snapshot(log, 15, "state at 15", 11, &error));
    assert_status(ASG_OK, asg_log_save_snapshot(log, 30, "state at 30", 11, &error));
    struct asg_log_retention retention = {
        .kind = "event", .older_than_ms = INT64_MAX, .now_ms = FIXTURE_TIME + 31000};
    struct asg_log_pruned pruned = {0};
    assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
    assert_int_equal(5, pruned.records);
    asg_log_close(&log);
}

struct tampering {
    const char *sql;
    enum asg_log_flaw flaw;
    uint64_t seq;
};

static const struct tampering tamperings[] = {
    {"UPDATE records SET payload = x'00' WHERE seq = 16", ASG_LOG_FLAW_PAYLOAD, 16},
    {"UPDATE records SET payload = x'' WHERE seq = 17", ASG_LOG_FLAW_PAYLOAD, 17},
    {"UPDATE records SET payload = x'00' WHERE seq = 18", ASG_LOG_FLAW_PAYLOAD, 18},
    {"UPDATE records SET payload = x'00' WHERE seq = 1", ASG_LOG_FLAW_PAYLOAD, 1},
    {"UPDATE records SET payload = NULL WHERE seq = 16", ASG_LOG_FLAW_NOT_PRUNED, 16},
    {"UPDATE records SET payload = NULL WHERE seq = 2", ASG_LOG_FLAW_NOT_PRUNED, 2},
    {"UPDATE records SET content_hash = zeroblob(32) WHERE seq = 5", ASG_LOG_FLAW_PAYLOAD,
     5},
    {"UPDATE records SET content_hash = zeroblob(32) WHERE seq = 4", ASG_LOG_FLAW_CHAIN,
     4},
    {"UPDATE records SET content_hash = zeroblob(31) WHERE seq = 5", ASG_LOG_FLAW_COLUMN,
     5},
    {"UPDATE records SET chain_hash = zeroblob(32) WHERE seq = 5", ASG_LOG_FLAW_CHAIN, 5},
    {"UPDATE records SET chain_hash = x'' WHERE seq = 5", ASG_LOG_FLAW_COLUMN, 5},
    {"UPDATE records SET note = 'never happened' WHERE seq = 6", ASG_LOG_FLAW_CHAIN, 6},
    {"UPDATE records SET note = note || char(0) || 'x' WHERE seq = 6",
     ASG_LOG_FLAW_COLUMN, 6},
    {"UPDATE records SET subject = 'db' WHERE seq = 9", ASG_LOG_FLAW_CHAIN, 9},
    {"UPDATE records SET time_ms = time_ms + 1 WHERE seq = 1", ASG_LOG_FLAW_CHAIN, 1},
    {"UPDATE records SET time_ms = -1 WHERE seq = 1", ASG_LOG_FLAW_COLUMN, 1},
    {"UPDATE records SET epoch = 0 WHERE seq = 12", ASG_LOG_FLAW_EPOCH, 12},
    {"UPDATE records SET epoch = 2 WHERE seq = 12", ASG_LOG_FLAW_CHAIN, 12},
    {"UPDATE records SET kind = 'effects' WHERE seq = 16", ASG_LOG_FLAW_CHAIN, 16},
    {"UPDATE records SET kind = 'effects' WHERE seq = 1", ASG_LOG_FLAW_NOT_PRUNED, 1},
    {"DELETE FROM records WHERE seq = 1", ASG_LOG_FLAW_MISSING, 1},
    {"DELETE FROM records WHERE seq = 20", ASG_LOG_FLAW_MISSING, 20},
    {"DELETE FROM records WHERE seq BETWEEN 10 AND 20", ASG_LOG_FLAW_MISSING, 10},
    {"DELETE FROM records WHERE seq = 31", ASG_LOG_FLAW_NOT_PRUNED, 1},
    {"DELETE FROM records", ASG_LOG_FLAW_MISSING, 1},
    {"UPDATE records SET seq = 100 WHERE seq = 20", ASG_LOG_FLAW_MISSING, 20},
    {"UPDATE records SET seq = -seq WHERE seq = 20", ASG_LOG_FLAW_MISSING, 20},
    {"UPDATE records SET seq = 99 WHERE seq = 5; UPDATE records SET seq = 5 WHERE seq = "
     "8; "
     "UPDATE records SET seq = 8 WHERE seq = 99",
     ASG_LOG_FLAW_CHAIN, 5},
    {"INSERT INTO records SELECT 32, time_ms, epoch, kind, subject, note, content_hash, "
     "chain_hash, payload FROM records WHERE seq = 30",
     ASG_LOG_FLAW_CHAIN, 32},
    {"UPDATE records SET payload = x'00000000000000ff' WHERE seq = 31",
     ASG_LOG_FLAW_PAYLOAD, 31},
    {"UPDATE records SET payload = x'00' WHERE seq = 20; DELETE FROM records WHERE seq = "
     "25",
     ASG_LOG_FLAW_PAYLOAD, 20},
    {"UPDATE snapshot_parts SET bytes = x'00' WHERE part = 2", ASG_LOG_FLAW_SNAPSHOT, 30},
    {"UPDATE snapshot_parts SET bytes = x'' WHERE part = 2", ASG_LOG_FLAW_SNAPSHOT, 30},
    {"DELETE FROM snapshot_parts WHERE part = 2", ASG_LOG_FLAW_SNAPSHOT, 30},
    {"UPDATE snapshot_parts SET part = 7 WHERE part = 1", ASG_LOG_FLAW_SNAPSHOT, 15},
    {"UPDATE snapshots SET length = 10 WHERE seq = 15", ASG_LOG_FLAW_SNAPSHOT, 15},
    {"UPDATE snapshots SET length = -1 WHERE seq = 15", ASG_LOG_FLAW_SNAPSHOT, 15},
    {"UPDATE snapshots SET parts = 0 WHERE seq = 15", ASG_LOG_FLAW_SNAPSHOT, 15},
    {"UPDATE snapshots SET parts = 2 WHERE seq = 15", ASG_LOG_FLAW_SNAPSHOT, 15},
    {"UPDATE snapshots SET first_part = 9223372036854775807 WHERE seq = 15",
     ASG_LOG_FLAW_SNAPSHOT, 15},
    {"UPDATE snapshots SET first_part = 2 WHERE seq = 15", ASG_LOG_FLAW_SNAPSHOT, 15},
    {"UPDATE snapshots SET hash = zeroblob(32) WHERE seq = 15", ASG_LOG_FLAW_SNAPSHOT,
     15},
    {"UPDATE snapshots SET hash = x'' WHERE seq = 15", ASG_LOG_FLAW_SNAPSHOT, 15},
    {"UPDATE snapshots SET seq = 29 WHERE seq = 30", ASG_LOG_FLAW_SNAPSHOT, 29},
    {"UPDATE snapshots SET seq = 99 WHERE seq = 30", ASG_LOG_FLAW_SNAPSHOT, 99},
    {"DELETE FROM snapshots", ASG_LOG_FLAW_NO_SNAPSHOT, 13},
    {"UPDATE meta SET cluster_id = 'mine'", ASG_LOG_FLAW_HEADER, 0},
    {"UPDATE meta SET created_ms = 0", ASG_LOG_FLAW_HEADER, 0},
    {"UPDATE meta SET epoch = 5", ASG_LOG_FLAW_HEADER, 0},
    {"UPDATE meta SET anchor_seq = 3", ASG_LOG_FLAW_HEADER, 0},
    {"UPDATE meta SET meta_hash = zeroblob(32)", ASG_LOG_FLAW_HEADER, 0},
    {"UPDATE meta SET anchor_hash = x''", ASG_LOG_FLAW_HEADER, 0},
    {"INSERT INTO meta SELECT 2, format, cluster_id, created_ms, epoch, anchor_seq, "
     "anchor_hash, meta_hash FROM meta",
     ASG_LOG_FLAW_HEADER, 0},
    {"DROP VIEW decisions", ASG_LOG_FLAW_HEADER, 0},
    {"DROP VIEW decisions; CREATE VIEW decisions AS SELECT 1", ASG_LOG_FLAW_HEADER, 0},
    {"CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM meta; END",
     ASG_LOG_FLAW_HEADER, 0},
    {"CREATE INDEX i ON records(note)", ASG_LOG_FLAW_HEADER, 0},
};

/* How a read that checks every hash ends. */
static enum asg_status read_verified(struct asg_log *log)
{
    const struct asg_log_filter all = {.is_verified = true};
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {""};
    struct asg_record record;
    enum asg_status status = asg_log_cursor_open(log, &all, &cursor, &error);
    while (status == ASG_OK) {
        status = asg_log_cursor_next(cursor, &record, &error);
    }
    if (status == ASG_ERR_CORRUPT) {
        assert_non_null(strstr(error.text, "Run `openasg log verify` on it"));
    }
    return status;
}

static void test_every_tampering_is_named_with_its_first_record(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof tamperings / sizeof tamperings[0]; i++) {
        const struct tampering *tampering = &tamperings[i];
        write_log(fixture);
        run_sql(fixture, tampering->sql);
        struct asg_log *log = open_reader(fixture);
        struct asg_log_verdict verdict;
        struct asg_error error = {""};
        enum asg_status status = asg_log_verify(log, 0, NULL, NULL, &verdict, &error);
        asg_log_close(&log);
        if (status != ASG_ERR_CORRUPT || verdict.flaw != tampering->flaw ||
            verdict.bad_seq != tampering->seq) {
            fail_msg("%s\ngives %s, \"%s\" at %" PRIu64 ": %s", tampering->sql,
                     asg_status_text(status), asg_log_flaw_text(verdict.flaw),
                     verdict.bad_seq, verdict.what);
        }
        assert_true(strlen(verdict.what) > 10);
        assert_true(strlen(verdict.advice) > 10);
        assert_non_null(strstr(error.text, verdict.what));

        /* What a replay or an export reads by; snapshots are no part of it. */
        bool is_of_snapshots = tampering->flaw == ASG_LOG_FLAW_SNAPSHOT ||
                               tampering->flaw == ASG_LOG_FLAW_NO_SNAPSHOT;
        log = open_reader(fixture);
        status = read_verified(log);
        asg_log_close(&log);
        if (status != (is_of_snapshots ? ASG_ERR_EMPTY : ASG_ERR_CORRUPT)) {
            fail_msg("%s\nis read as %s", tampering->sql, asg_status_text(status));
        }
    }
}

static void test_a_verified_read_gives_the_good_records_and_stops_at_the_bad_one(
    void **state)
{
    write_log(*state);
    run_sql(*state, "UPDATE records SET note = 'x' WHERE seq = 21");
    struct asg_log *log = open_reader(*state);
    struct asg_log_filter all = {.is_verified = true};
    struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_cursor_open(log, &all, &cursor, &error));
    struct asg_record record;
    uint64_t good = 0;
    enum asg_status status;
    while ((status = asg_log_cursor_next(cursor, &record, &error)) == ASG_OK)
        good++;
    assert_status(ASG_ERR_CORRUPT, status);
    assert_int_equal(20, good);
    assert_non_null(strstr(error.text, "record 21"));
    assert_status(ASG_ERR_CORRUPT, asg_log_cursor_next(cursor, &record, &error));
    asg_log_cursor_close(&cursor);
    asg_log_close(&log);
}

static void test_a_writer_does_not_lead_from_an_altered_file(void **state)
{
    struct fixture *fixture = *state;
    static const char *const cases[] = {
        "DELETE FROM records WHERE seq = 31",
        "UPDATE records SET chain_hash = zeroblob(32) WHERE seq = 31",
        "UPDATE meta SET epoch = 5",
        "CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM meta; END",
        "DELETE FROM meta",
        "DROP TABLE records",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_log(fixture);
        run_sql(fixture, cases[i]);
        struct asg_log_options options = options_for(fixture);
        struct asg_log *log = NULL;
        struct asg_error error = {""};
        assert_status(ASG_ERR_CORRUPT, asg_log_open_sqlite(&options, &log, &error));
        assert_true(strlen(error.text) > 10);
        assert_null(log);
    }
}

static void test_a_damaged_snapshot_is_skipped_and_said(void **state)
{
    write_log(*state);
    run_sql(*state, "UPDATE snapshot_parts SET bytes = x'00' WHERE part = 2");
    struct asg_log *log = open_log(*state);
    struct asg_bytes bytes = {0};
    struct asg_error error = {""};
    uint64_t seq = 0;
    assert_status(ASG_OK, asg_log_load_snapshot(log, 0, &bytes, &seq, &error));
    assert_int_equal(15, seq);
    assert_string_equal("state at 15", asg_bytes_text(&bytes));
    assert_non_null(strstr(error.text, "snapshot 30 is damaged"));
    run_sql(*state, "UPDATE snapshot_parts SET bytes = x'00'");
    assert_status(ASG_ERR_EMPTY, asg_log_load_snapshot(log, 0, &bytes, &seq, &error));
    assert_int_equal(0, bytes.length);
    assert_non_null(strstr(error.text, "snapshot 15 is damaged"));
    asg_bytes_clear(&bytes);
    asg_log_close(&log);
}

static void test_a_snapshot_of_another_log_is_not_believed(void **state)
{
    struct asg_log *log = open_log(*state);
    append_step(log, 1);
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_save_snapshot(log, 3, "state", 5, &error));
    asg_log_close(&log);
    struct fixture *fixture = *state;
    char other[128];
    (void)snprintf(other, sizeof other, "%s/other.db", fixture->folder);
    assert_int_equal(0, rename(fixture->path, other));
    log = open_log(fixture);
    append_step(log, 2);
    asg_log_close(&log);
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "ATTACH '%s' AS other; INSERT INTO snapshots SELECT * FROM "
                   "other.snapshots; INSERT INTO snapshot_parts SELECT * FROM "
                   "other.snapshot_parts",
                   other);
    run_sql(fixture, sql);
    log = open_reader(fixture);
    struct asg_bytes bytes = {0};
    uint64_t seq = 0;
    assert_status(ASG_ERR_EMPTY, asg_log_load_snapshot(log, 0, &bytes, &seq, &error));
    asg_bytes_clear(&bytes);
    asg_log_close(&log);
}

static void test_vacuum_changes_nothing_that_matters(void **state)
{
    write_log(*state);
    run_sql(*state, "VACUUM; REINDEX; PRAGMA wal_checkpoint(TRUNCATE)");
    struct asg_log *log = open_log(*state);
    assert_int_equal(31, verify_good(log).record_count);
    append_step(log, 1);
    asg_log_close(&log);
}

static void test_verify_of_a_part_does_not_look_before_it(void **state)
{
    write_log(*state);
    run_sql(*state, "UPDATE records SET note = 'x' WHERE seq = 9");
    struct asg_log *log = open_reader(*state);
    struct asg_log_verdict verdict;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_verify(log, 16, NULL, NULL, &verdict, &error));
    assert_int_equal(16, verdict.record_count);
    assert_status(ASG_ERR_CORRUPT, asg_log_verify(log, 9, NULL, NULL, &verdict, &error));
    assert_int_equal(9, verdict.bad_seq);
    assert_status(ASG_OK, asg_log_verify(log, 32, NULL, NULL, &verdict, &error));
    assert_int_equal(0, verdict.record_count); /* nothing new */
    assert_status(ASG_ERR_NOT_FOUND,
                  asg_log_verify(log, 33, NULL, NULL, &verdict, &error));
    assert_non_null(strstr(error.text, "ends at record 31"));
    asg_log_close(&log);
}

/* Between the opening of a reader and its verify the writer goes on, with all that a
 * verify counts against the head: decisions in the index, a snapshot. */
static void test_verify_of_a_log_that_grows_sees_one_state(void **state)
{
    write_log(*state);
    struct asg_log *reader = open_reader(*state);
    struct asg_log *writer = open_log(*state);
    append_step(writer, 1);
    struct asg_error error = {""};
    uint64_t head = asg_log_head(writer).seq;
    assert_status(ASG_OK, asg_log_save_snapshot(writer, head, "state", 5, &error));
    assert_int_equal(head, verify_good(reader).last_seq);
    append_step(writer, 2);
    assert_int_equal(asg_log_head(writer).seq, verify_good(reader).last_seq);
    asg_log_close(&writer);
    asg_log_close(&reader);
}

/* 45,000 records: enough for several threads; payloads below the snapshot pruned. */
static void write_long_log(const struct fixture *fixture)
{
    struct asg_log *log = open_log(fixture);
    struct asg_record *records = calloc(4500, sizeof *records);
    for (size_t i = 0; i < 4500; i++) {
        records[i] = (struct asg_record){.time_ms = FIXTURE_TIME,
                                         .kind = i % 3 == 2 ? "decision" : "event",
                                         .subject = i % 3 == 2 ? "web" : "",
                                         .payload = "payload",
                                         .payload_length = i % 3 == 2 ? 0 : 7};
    }
    struct asg_error error = {""};
    for (int i = 0; i < 10; i++) {
        assert_status(ASG_OK, asg_log_append(log, records, 4500, NULL, &error));
        if (i != 1) continue;
        assert_status(ASG_OK, asg_log_save_snapshot(log, 300, "state", 5, &error));
    }
    free(records);
    struct asg_log_retention old = {.kind = "event", .older_than_ms = INT64_MAX};
    assert_status(ASG_OK, asg_log_prune(log, &old, NULL, &error));
    asg_log_close(&log);
}

static bool count_calls(void *context, uint64_t checked, uint64_t total)
{
    uint64_t *told = context;
    assert_true(checked > told[0] && checked <= total);
    assert_int_equal(45001, total);
    told[0] = checked;
    told[1]++;
    return told[2] == 0 || told[1] < told[2];
}

static void check_long_log(struct asg_log *log, size_t jobs)
{
    asg_log_set_jobs(log, jobs);
    struct asg_log_verdict verdict;
    struct asg_error error = {""};
    uint64_t told[3] = {0};
    enum asg_status status = asg_log_verify(log, 0, count_calls, told, &verdict, &error);
    if (status != ASG_OK) fail_msg("%s", error.text);
    assert_int_equal(45001, verdict.record_count);
    assert_int_equal(1, verdict.first_seq);
    assert_int_equal(45001, verdict.last_seq);
    assert_int_equal(200, verdict.pruned_count);
    assert_int_equal(299, verdict.pruned_last);
    struct asg_log_head head = asg_log_head(log);
    assert_memory_equal(head.chain_hash, verdict.chain_hash, ASG_LOG_HASH_BYTES);
    assert_status(ASG_OK, asg_log_verify(log, 5000, NULL, NULL, &verdict, &error));
    assert_int_equal(40002, verdict.record_count);
}

static void test_a_long_log_is_checked_by_any_number_of_threads_and_adds_up(void **state)
{
    write_long_log(*state);
    struct asg_log *log = open_reader(*state);
    for (size_t jobs = 0; jobs <= 5; jobs++)
        check_long_log(log, jobs);
    asg_log_close(&log);
}

static void test_a_long_check_can_be_stopped(void **state)
{
    write_long_log(*state);
    struct asg_log *log = open_reader(*state);
    asg_log_set_jobs(log, 1); /* which has to tell of every 10,000 records */
    struct asg_log_verdict verdict;
    struct asg_error error = {""};
    uint64_t stop[3] = {0, 0, 1};
    assert_status(ASG_ERR_CLOSED,
                  asg_log_verify(log, 0, count_calls, stop, &verdict, &error));
    assert_int_equal(1, stop[1]);
    asg_log_close(&log);
}

static void assert_flaw(const struct fixture *fixture, enum asg_log_flaw flaw,
                        uint64_t seq)
{
    struct asg_log *log = open_reader(fixture);
    for (size_t jobs = 0; jobs <= 5; jobs++) {
        asg_log_set_jobs(log, jobs);
        struct asg_log_verdict verdict;
        struct asg_error error = {""};
        assert_status(ASG_ERR_CORRUPT,
                      asg_log_verify(log, 0, NULL, NULL, &verdict, &error));
        assert_int_equal(seq, verdict.bad_seq);
        assert_int_equal(flaw, verdict.flaw);
        assert_int_equal(seq - 1, verdict.record_count);
    }
    asg_log_close(&log);
}

static void test_of_two_flaws_in_a_long_log_the_first_is_named(void **state)
{
    struct fixture *fixture = *state;
    static const struct tampering cases[] = {
        {"UPDATE records SET note = 'x' WHERE seq = 40000", ASG_LOG_FLAW_CHAIN, 40000},
        {"UPDATE records SET payload = x'' WHERE seq = 2002", ASG_LOG_FLAW_PAYLOAD, 2002},
        {"DELETE FROM records WHERE seq = 1999", ASG_LOG_FLAW_MISSING, 1999},
        {"UPDATE records SET epoch = 2 WHERE seq = 44999", ASG_LOG_FLAW_MISSING, 1999},
    };
    write_long_log(fixture);
    /* Each adds to the ones before; the last is behind the third. */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_sql(fixture, cases[i].sql);
        assert_flaw(fixture, cases[i].flaw, cases[i].seq);
    }
}

/* An epoch that goes back exactly where two parts meet: three jobs cut 45,001 records
 * into 48 parts of 938. */
static void test_an_epoch_that_goes_back_between_two_parts_is_found(void **state)
{
    struct fixture *fixture = *state;
    write_long_log(fixture);
    run_sql(fixture, "UPDATE records SET epoch = 0 WHERE seq = 10 * 938 + 1");
    assert_flaw(fixture, ASG_LOG_FLAW_EPOCH, 9381);
}

static struct asg_log_cursor *open_cursor(struct asg_log *log, bool is_ahead)
{
    const struct asg_log_filter filter = {.is_verified = true, .is_ahead = is_ahead};
    struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_cursor_open(log, &filter, &cursor, &error));
    return cursor;
}

static void test_reading_ahead_gives_the_same_records(void **state)
{
    struct fixture *fixture = *state;
    write_long_log(fixture);
    struct asg_log *log = open_reader(fixture);
    struct asg_log_cursor *plain = open_cursor(log, false);
    struct asg_log_cursor *ahead = open_cursor(log, true);
    struct asg_record a;
    struct asg_record b;
    struct asg_error error = {""};
    for (uint64_t seq = 1; seq <= 45001; seq++) {
        assert_status(ASG_OK, asg_log_cursor_next(plain, &a, &error));
        assert_status(ASG_OK, asg_log_cursor_next(ahead, &b, &error));
        assert_true(b.seq == seq && a.seq == seq && a.time_ms == b.time_ms &&
                    a.epoch == b.epoch && a.is_pruned == b.is_pruned);
        assert_string_equal(a.kind, b.kind);
        assert_string_equal(a.subject, b.subject);
        assert_string_equal(a.note, b.note);
        assert_int_equal(a.payload_length, b.payload_length);
        assert_true((a.payload == NULL) == (b.payload == NULL));
        if (a.payload_length > 0) {
            assert_memory_equal(a.payload, b.payload, a.payload_length);
        }
        assert_memory_equal(a.chain_hash, b.chain_hash, sizeof a.chain_hash);
    }
    assert_status(ASG_ERR_EMPTY, asg_log_cursor_next(plain, &a, &error));
    assert_status(ASG_ERR_EMPTY, asg_log_cursor_next(ahead, &b, &error));
    assert_status(ASG_ERR_EMPTY, asg_log_cursor_next(ahead, &b, &error));
    asg_log_cursor_close(&plain);
    asg_log_cursor_close(&ahead);
    asg_log_close(&log);
}

static void test_reading_ahead_stops_before_the_first_bad_record(void **state)
{
    struct fixture *fixture = *state;
    write_long_log(fixture);
    static const struct {
        const char *sql;
        uint64_t seq;
    } damages[] = {
        {"UPDATE records SET time_ms = 1 WHERE seq = 20500", 20500},
        {"UPDATE records SET content_hash = x'00' WHERE seq = 17000", 17000},
        {"UPDATE records SET payload = x'00' WHERE seq = 13002", 13002},
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        run_sql(fixture, damages[i].sql);
        struct asg_log *log = open_reader(fixture);
        struct asg_log_cursor *cursor = open_cursor(log, true);
        struct asg_record record = {0};
        struct asg_error error = {""};
        enum asg_status status;
        uint64_t count = 0;
        while ((status = asg_log_cursor_next(cursor, &record, &error)) == ASG_OK)
            count++;
        assert_status(ASG_ERR_CORRUPT, status);
        assert_int_equal(damages[i].seq - 1, count);
        char name[32];
        (void)snprintf(name, sizeof name, "record %d", (int)damages[i].seq);
        assert_non_null(strstr(error.text, name));
        assert_status(ASG_ERR_CORRUPT, asg_log_cursor_next(cursor, &record, &error));
        asg_log_cursor_close(&cursor);
        asg_log_close(&log);
    }
}

static void test_reading_ahead_may_end_at_any_record(void **state)
{
    struct fixture *fixture = *state;
    write_long_log(fixture);
    struct asg_log *log = open_reader(fixture);
    for (int taken = 0; taken < 3000; taken += 500) {
        struct asg_log_cursor *cursor = open_cursor(log, true);
        struct asg_record record;
        struct asg_error error = {""};
        for (int i = 0; i < taken; i++) {
            assert_status(ASG_OK, asg_log_cursor_next(cursor, &record, &error));
        }
        asg_log_cursor_close(&cursor);
    }
    asg_log_close(&log);
}

#define CUT_STEPS 300

/* The verdict on the file as it is, which must not even open. */
static struct asg_log_verdict explain_damage(const struct fixture *fixture)
{
    const struct asg_log_options options = {.path = fixture->path, .is_read_only = true};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    assert_status(ASG_ERR_CORRUPT, asg_log_open_sqlite(&options, &log, &error));
    struct asg_log_verdict verdict;
    asg_log_explain_damage(&options, &error, &verdict);
    assert_int_equal(ASG_LOG_FLAW_FILE, verdict.flaw);
    assert_non_null(strstr(verdict.advice, "restore the last backup"));
    return verdict;
}

/* Records 1, 4, 7, … are events whose payload says their number in plain text. */
static bool has_event(const char *bytes, size_t size, int number)
{
    char text[64];
    int length = snprintf(text, sizeof text, "event number %d with", number);
    return memmem(bytes, size, text, (size_t)length) != NULL;
}

static void test_a_file_cut_short_names_the_first_record_that_is_lost(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    for (int i = 0; i < CUT_STEPS; i++)
        append_step(log, i);
    asg_log_close(&log);
    run_sql(fixture, "PRAGMA wal_checkpoint(TRUNCATE)");
    FILE *file = fopen(fixture->path, "rb");
    assert_non_null(file);
    static char bytes[1 << 20];
    size_t whole = fread(bytes, 1, sizeof bytes, file);
    assert_true(whole < sizeof bytes && whole > (size_t)20 * 4096);
    (void)fclose(file);
    uint64_t before = 3 * CUT_STEPS + 1;
    for (size_t size = whole - 4096; size > whole / 4; size -= 5000) {
        assert_int_equal(0, truncate(fixture->path, (off_t)size));
        struct asg_log_verdict verdict = explain_damage(fixture);
        assert_non_null(strstr(verdict.what, "cut short"));
        assert_true(verdict.bad_seq > 1 && verdict.bad_seq <= before);
        /* What it calls readable is there. */
        for (int i = 0; 3 * (uint64_t)i + 1 < verdict.bad_seq; i++) {
            if (!has_event(bytes, size, i)) fail_msg("event %d is not there", i);
        }
        before = verdict.bad_seq;
    }
    assert_true(before < 3 * CUT_STEPS / 2); /* and what is not there it does not */
    assert_int_equal(0, truncate(fixture->path, 50));
    assert_int_equal(1, explain_damage(fixture).bad_seq);
}

#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_tampering_is_named_with_its_first_record),
        TEST(test_a_verified_read_gives_the_good_records_and_stops_at_the_bad_one),
        TEST(test_a_writer_does_not_lead_from_an_altered_file),
        TEST(test_a_damaged_snapshot_is_skipped_and_said),
        TEST(test_a_snapshot_of_another_log_is_not_believed),
        TEST(test_vacuum_changes_nothing_that_matters),
        TEST(test_a_file_cut_short_names_the_first_record_that_is_lost),
        TEST(test_verify_of_a_log_that_grows_sees_one_state),
        TEST(test_a_long_log_is_checked_by_any_number_of_threads_and_adds_up),
        TEST(test_a_long_check_can_be_stopped),
        TEST(test_of_two_flaws_in_a_long_log_the_first_is_named),
        TEST(test_an_epoch_that_goes_back_between_two_parts_is_found),
        TEST(test_verify_of_a_part_does_not_look_before_it),
        TEST(test_reading_ahead_gives_the_same_records),
        TEST(test_reading_ahead_stops_before_the_first_bad_record),
        TEST(test_reading_ahead_may_end_at_any_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
