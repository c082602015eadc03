/* The promises of store/log.h, kept by the log on disk and the log in memory alike. */
#include "unit/store/log_fixture.h"

static struct asg_log *open_disk(const struct fixture *fixture)
{
    return open_log(fixture);
}

static struct asg_log *open_memory(const struct fixture *fixture)
{
    struct asg_log_options options = options_for(fixture);
    struct asg_log *log = NULL;
    asg_log_open_memory(&options, &log);
    return log;
}

static struct asg_log *(*const openers[])(const struct fixture *) = {open_disk,
                                                                     open_memory};

/* Run the body once for each kind of log, in a fresh folder. */
#define FOR_EACH_LOG(log)                                                                \
    for (size_t kind_ = 0; kind_ < sizeof openers / sizeof openers[0]; kind_++)          \
        for (struct asg_log *log = open_fresh(*state, kind_); log != NULL;               \
             asg_log_close(&log))

static struct asg_log *open_fresh(const struct fixture *fixture, size_t kind)
{
    (void)unlink(fixture->path);
    return openers[kind](fixture);
}

static void test_an_empty_log_has_head_zero_and_verifies(void **state)
{
    FOR_EACH_LOG(log)
    {
        assert_int_equal(0, asg_log_head(log).seq);
        assert_int_equal(1, asg_log_head(log).epoch);
        assert_string_equal("test", asg_log_cluster_id(log));
        assert_int_equal(FIXTURE_TIME, asg_log_created_ms(log));
        struct asg_log_verdict verdict = verify_good(log);
        assert_int_equal(0, verdict.record_count);
        struct asg_log_filter all = {0};
        assert_int_equal(0, count_records(log, &all));
    }
}

static void test_both_logs_give_the_same_hashes(void **state)
{
    uint8_t first[ASG_LOG_HASH_BYTES] = {0};
    size_t round = 0;
    FOR_EACH_LOG(log)
    {
        for (int i = 0; i < 5; i++)
            append_step(log, i);
        struct asg_log_head head = asg_log_head(log);
        if (round++ == 0) memcpy(first, head.chain_hash, sizeof first);
        assert_memory_equal(first, head.chain_hash, sizeof first);
    }
    assert_int_equal(2, round);
}

static void test_what_is_read_is_what_was_appended(void **state)
{
    FOR_EACH_LOG(log)
    {
        struct asg_record in = {.time_ms = FIXTURE_TIME,
                                .kind = "job",
                                .subject = "web",
                                .note = "plan launch x2",
                                .payload = "a\0b",
                                .payload_length = 3};
        uint64_t seq = 0;
        struct asg_error error;
        assert_status(ASG_OK, asg_log_append(log, &in, 1, &seq, &error));
        assert_int_equal(1, seq);
        struct asg_log_cursor *cursor = NULL;
        struct asg_log_filter all = {.is_verified = true};
        assert_status(ASG_OK, asg_log_cursor_open(log, &all, &cursor, &error));
        struct asg_record out;
        assert_status(ASG_OK, asg_log_cursor_next(cursor, &out, &error));
        assert_int_equal(1, out.seq);
        assert_int_equal(1, out.epoch);
        assert_int_equal(FIXTURE_TIME, out.time_ms);
        assert_string_equal("job", out.kind);
        assert_string_equal("web", out.subject);
        assert_string_equal("plan launch x2", out.note);
        assert_int_equal(3, out.payload_length);
        assert_memory_equal("a\0b", out.payload, 3);
        assert_false(out.is_pruned);
        struct asg_log_head head = asg_log_head(log);
        assert_memory_equal(head.chain_hash, out.chain_hash, ASG_LOG_HASH_BYTES);
        assert_status(ASG_ERR_EMPTY, asg_log_cursor_next(cursor, &out, &error));
        assert_status(ASG_ERR_EMPTY, asg_log_cursor_next(cursor, &out, &error));
        asg_log_cursor_close(&cursor);
    }
}

static void test_a_record_over_a_limit_is_refused_and_nothing_is_kept(void **state)
{
    FOR_EACH_LOG(log)
    {
        char *long_note = calloc(1, ASG_LOG_NOTE_MAX + 2);
        memset(long_note, 'x', ASG_LOG_NOTE_MAX + 1);
        char subject[ASG_LOG_SUBJECT_MAX + 2];
        memset(subject, 's', sizeof subject - 1);
        subject[sizeof subject - 1] = '\0';
        const struct {
            struct asg_record record;
            enum asg_status expected;
        } bad[] = {
            {{.kind = ""}, ASG_ERR_INVALID},
            {{.kind = NULL}, ASG_ERR_INVALID},
            {{.kind = "Event"}, ASG_ERR_INVALID},
            {{.kind = "a_kind_of_thirty_three_characters"}, ASG_ERR_INVALID},
            {{.kind = "prune"}, ASG_ERR_INVALID},
            {{.kind = "event", .time_ms = -1}, ASG_ERR_INVALID},
            {{.kind = "event", .note = long_note}, ASG_ERR_LIMIT},
            {{.kind = "event", .subject = subject}, ASG_ERR_LIMIT},
            {{.kind = "event", .payload = "", .payload_length = ASG_LOG_PAYLOAD_MAX + 1},
             ASG_ERR_LIMIT},
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            struct asg_record records[2] = {{.kind = "event"}, bad[i].record};
            struct asg_error error = {""};
            assert_status(bad[i].expected, asg_log_append(log, records, 2, NULL, &error));
            assert_true(strlen(error.text) > 10);
        }
        struct asg_error error = {""};
        assert_status(ASG_ERR_INVALID, asg_log_append(log, NULL, 0, NULL, &error));
        assert_int_equal(0, asg_log_head(log).seq);
        assert_status(ASG_OK, asg_log_broken(log));
        append_one(log, "event", "", "", "still works");
        assert_int_equal(1, verify_good(log).record_count);
        free(long_note);
    }
}

static void test_a_filter_takes_what_it_names(void **state)
{
    FOR_EACH_LOG(log)
    {
        for (int i = 0; i < 10; i++)
            append_step(log, i);
        append_one(log, "decision", "db", "nothing to do", "");
        const struct {
            struct asg_log_filter filter;
            uint64_t expected;
        } cases[] = {
            {{0}, 31},
            {{.from_seq = 4}, 28},
            {{.to_seq = 3}, 3},
            {{.from_seq = 4, .to_seq = 6}, 3},
            {{.from_seq = 32}, 0},
            {{.to_seq = 1000}, 31},
            {{.kind = "event"}, 10},
            {{.kind = "decision"}, 11},
            {{.kind = "decision", .subject = "web"}, 10},
            {{.kind = "decision", .subject = "db"}, 1},
            {{.kind = "decision", .subject = "x"}, 0},
            {{.subject = "web"}, 10},
            {{.kind = "none"}, 0},
            {{.kind = "decision", .subject = "web", .limit = 4}, 4},
            {{.limit = 7, .is_newest_first = true}, 7},
            {{.from_time_ms = FIXTURE_TIME + 27000}, 4},
            {{.to_time_ms = FIXTURE_TIME + 27000}, 27},
            {{.kind = "decision", .subject = "web", .from_time_ms = FIXTURE_TIME + 27000},
             1},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            assert_int_equal(cases[i].expected, count_records(log, &cases[i].filter));
        }
    }
}

static void test_newest_first_reads_backwards(void **state)
{
    FOR_EACH_LOG(log)
    {
        for (int i = 0; i < 4; i++)
            append_step(log, i);
        struct asg_log_filter filter = {
            .kind = "decision", .subject = "web", .is_newest_first = true, .limit = 2};
        struct asg_log_cursor *cursor = NULL;
        struct asg_error error;
        assert_status(ASG_OK, asg_log_cursor_open(log, &filter, &cursor, &error));
        struct asg_record record;
        assert_status(ASG_OK, asg_log_cursor_next(cursor, &record, &error));
        assert_int_equal(12, record.seq);
        assert_status(ASG_OK, asg_log_cursor_next(cursor, &record, &error));
        assert_int_equal(9, record.seq);
        assert_status(ASG_ERR_EMPTY, asg_log_cursor_next(cursor, &record, &error));
        asg_log_cursor_close(&cursor);
    }
}

static void test_a_verified_read_with_a_filter_that_leaves_out_is_refused(void **state)
{
    FOR_EACH_LOG(log)
    {
        struct asg_log_filter filter = {.kind = "event", .is_verified = true};
        struct asg_log_cursor *cursor = NULL;
        struct asg_error error = {""};
        assert_status(ASG_ERR_INVALID,
                      asg_log_cursor_open(log, &filter, &cursor, &error));
        assert_null(cursor);
    }
}

static void test_a_verified_read_may_start_in_the_middle(void **state)
{
    FOR_EACH_LOG(log)
    {
        for (int i = 0; i < 4; i++)
            append_step(log, i);
        struct asg_log_filter filter = {.from_seq = 6, .is_verified = true};
        assert_int_equal(7, count_records(log, &filter));
        struct asg_log_verdict verdict;
        struct asg_error error;
        assert_status(ASG_OK, asg_log_verify(log, 6, NULL, NULL, &verdict, &error));
        assert_int_equal(6, verdict.first_seq);
        assert_int_equal(12, verdict.last_seq);
        assert_int_equal(7, verdict.record_count);
        assert_status(ASG_OK, asg_log_verify(log, 13, NULL, NULL, &verdict, &error));
        assert_int_equal(0, verdict.record_count);
    }
}

static void test_a_cursor_does_not_see_what_is_appended_later(void **state)
{
    FOR_EACH_LOG(log)
    {
        append_step(log, 1);
        struct asg_log_filter all = {.is_verified = true};
        struct asg_log_cursor *cursor = NULL;
        struct asg_error error;
        assert_status(ASG_OK, asg_log_cursor_open(log, &all, &cursor, &error));
        struct asg_record record;
        assert_status(ASG_OK, asg_log_cursor_next(cursor, &record, &error));
        append_step(log, 2);
        int more = 0;
        while (asg_log_cursor_next(cursor, &record, &error) == ASG_OK)
            more++;
        assert_int_equal(2, more);
        asg_log_cursor_close(&cursor);
        assert_int_equal(6, verify_good(log).record_count);
    }
}

static void test_the_newest_three_snapshots_are_kept(void **state)
{
    FOR_EACH_LOG(log)
    {
        struct asg_error error = {""};
        struct asg_bytes bytes = {0};
        uint64_t seq = 0;
        for (int i = 0; i < 4; i++) {
            append_step(log, i);
            char text[32];
            (void)snprintf(text, sizeof text, "state %d", i);
            assert_status(ASG_OK, asg_log_save_snapshot(log, asg_log_head(log).seq, text,
                                                        strlen(text), &error));
        }
        assert_status(ASG_OK, asg_log_load_snapshot(log, 0, &bytes, &seq, &error));
        assert_int_equal(12, seq);
        assert_string_equal("state 3", asg_bytes_text(&bytes));
        assert_string_equal("", error.text);
        assert_status(ASG_OK, asg_log_load_snapshot(log, 11, &bytes, &seq, &error));
        assert_int_equal(9, seq);
        assert_string_equal("state 2", asg_bytes_text(&bytes));
        assert_status(ASG_ERR_EMPTY, asg_log_load_snapshot(log, 5, &bytes, &seq, &error));
        assert_int_equal(0, bytes.length);
        assert_int_equal(3, verify_good(log).snapshot_count);
        asg_bytes_clear(&bytes);
    }
}

static void test_a_snapshot_of_a_record_that_is_not_there_is_refused(void **state)
{
    FOR_EACH_LOG(log)
    {
        append_step(log, 1);
        struct asg_error error = {""};
        assert_status(ASG_ERR_NOT_FOUND, asg_log_save_snapshot(log, 4, "x", 1, &error));
        assert_status(ASG_ERR_NOT_FOUND, asg_log_save_snapshot(log, 0, "x", 1, &error));
        assert_status(ASG_OK, asg_log_save_snapshot(log, 3, "", 0, &error));
        struct asg_bytes bytes = {0};
        uint64_t seq = 0;
        assert_status(ASG_OK, asg_log_load_snapshot(log, 0, &bytes, &seq, &error));
        assert_int_equal(3, seq);
        assert_int_equal(0, bytes.length);
        asg_bytes_clear(&bytes);
    }
}

#define PARTS_BYTES 1000

/* Five bytes a part: 200 parts, and one call that makes it complete. */
static struct asg_log_snapshot begin_parts(struct asg_log *log, uint64_t seq,
                                           const char *bytes)
{
    struct asg_log_snapshot snapshot = {
        .seq = seq, .bytes = bytes, .length = PARTS_BYTES, .part_bytes = 5};
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_hash_snapshot(log, &snapshot, &error));
    return snapshot;
}

static int drop_leftovers(struct asg_log *log)
{
    int dropped = 0;
    for (bool has_more = true; has_more; dropped += has_more) {
        struct asg_error error = {""};
        assert_status(ASG_OK, asg_log_drop_leftover(log, &has_more, &error));
    }
    return dropped;
}

static void assert_newest(struct asg_log *log, uint64_t seq, const char *begin)
{
    struct asg_bytes bytes = {0};
    struct asg_error error = {""};
    uint64_t found = 0;
    assert_status(ASG_OK, asg_log_load_snapshot(log, 0, &bytes, &found, &error));
    assert_int_equal(seq, found);
    assert_memory_equal(begin, bytes.data, strlen(begin));
    asg_bytes_clear(&bytes);
}

static void test_a_snapshot_in_parts_counts_when_its_last_part_is_there(void **state)
{
    char bytes[PARTS_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)('a' + i % 23);
    FOR_EACH_LOG(log)
    {
        struct asg_error error = {""};
        append_step(log, 1);
        assert_status(ASG_OK, asg_log_save_snapshot(log, 3, "older", 5, &error));
        append_step(log, 2);
        struct asg_log_snapshot snapshot = begin_parts(log, 6, bytes);
        for (int i = 0; i < 200; i++) {
            assert_status(ASG_OK, asg_log_write_snapshot(log, &snapshot, &error));
            assert_false(snapshot.is_complete);
            if (i % 50 == 0) append_step(log, 3 + i); /* records come between */
            if (i % 100 == 0) assert_int_equal(1, verify_good(log).snapshot_count);
        }
        assert_newest(log, 3, "older");
        assert_status(ASG_OK, asg_log_write_snapshot(log, &snapshot, &error));
        assert_true(snapshot.is_complete);
        assert_newest(log, 6, "abcdefghij");
        assert_int_equal(2, verify_good(log).snapshot_count);
        assert_int_equal(0, drop_leftovers(log)); /* nothing of what counts */
        assert_newest(log, 6, "abcdefghij");
    }
}

static void test_a_snapshot_that_was_given_up_is_ignored_and_removed(void **state)
{
    static const char bytes[PARTS_BYTES] = "given up";
    FOR_EACH_LOG(log)
    {
        struct asg_error error = {""};
        append_step(log, 1);
        assert_status(ASG_OK, asg_log_save_snapshot(log, 3, "older", 5, &error));
        struct asg_log_snapshot snapshot = begin_parts(log, 2, bytes);
        for (int i = 0; i < 7; i++)
            assert_status(ASG_OK, asg_log_write_snapshot(log, &snapshot, &error));
        assert_newest(log, 3, "older");
        assert_true(drop_leftovers(log) >= 1);
        assert_newest(log, 3, "older");
        snapshot = begin_parts(log, 3, bytes);
        while (!snapshot.is_complete)
            assert_status(ASG_OK, asg_log_write_snapshot(log, &snapshot, &error));
        assert_newest(log, 3, "given up");
        assert_int_equal(1, verify_good(log).snapshot_count);
        (void)drop_leftovers(log); /* of the older one of the same record */
        assert_newest(log, 3, "given up");
        assert_int_equal(1, verify_good(log).snapshot_count);
    }
}

static void test_pruning_keeps_away_from_a_snapshot_that_is_not_complete(void **state)
{
    static const char bytes[PARTS_BYTES] = "state";
    FOR_EACH_LOG(log)
    {
        for (int i = 0; i < 5; i++)
            append_step(log, i);
        struct asg_error error = {""};
        struct asg_log_pruned pruned = {0};
        const struct asg_log_retention retention = {
            .kind = "event", .older_than_ms = INT64_MAX, .now_ms = FIXTURE_TIME + 1000};
        struct asg_log_snapshot snapshot = begin_parts(log, 15, bytes);
        while (snapshot.written < snapshot.length) {
            assert_status(ASG_OK, asg_log_write_snapshot(log, &snapshot, &error));
        }
        assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
        assert_int_equal(0, pruned.records);
        assert_status(ASG_OK, asg_log_write_snapshot(log, &snapshot, &error));
        assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
        assert_int_equal(5, pruned.records);
        (void)verify_good(log);
    }
}

static void test_pruning_removes_payloads_and_the_chain_still_verifies(void **state)
{
    FOR_EACH_LOG(log)
    {
        for (int i = 0; i < 10; i++)
            append_step(log, i);
        struct asg_error error = {""};
        struct asg_log_pruned pruned = {0};
        struct asg_log_retention retention = {.kind = "event",
                                              .older_than_ms = FIXTURE_TIME + 1000000,
                                              .now_ms = FIXTURE_TIME + 1000000};
        /* Without a snapshot the payloads are all there is to start from. */
        assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
        assert_int_equal(0, pruned.records);
        assert_int_equal(30, asg_log_head(log).seq);

        assert_status(ASG_OK, asg_log_save_snapshot(log, 15, "state", 5, &error));
        retention.records_max = 3;
        assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
        assert_int_equal(3, pruned.records);
        retention.records_max = 0;
        assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
        assert_int_equal(2, pruned.records);
        assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
        assert_int_equal(0, pruned.records);

        struct asg_log_verdict verdict = verify_good(log);
        assert_int_equal(32, verdict.record_count);
        assert_int_equal(5, verdict.pruned_count);
        assert_int_equal(13, verdict.pruned_last);

        struct asg_log_filter prunes = {.kind = "prune"};
        struct asg_log_cursor *cursor = NULL;
        assert_status(ASG_OK, asg_log_cursor_open(log, &prunes, &cursor, &error));
        struct asg_record record;
        assert_status(ASG_OK, asg_log_cursor_next(cursor, &record, &error));
        assert_string_equal("event", record.subject);
        assert_string_equal(
            "the payloads of 3 records of kind event, up to record 7, were "
            "removed by retention",
            record.note);
        asg_log_cursor_close(&cursor);

        struct asg_log_filter old = {.from_seq = 1, .to_seq = 3};
        assert_status(ASG_OK, asg_log_cursor_open(log, &old, &cursor, &error));
        assert_status(ASG_OK, asg_log_cursor_next(cursor, &record, &error));
        assert_true(record.is_pruned);
        assert_null(record.payload);
        assert_status(ASG_OK, asg_log_cursor_next(cursor, &record, &error));
        assert_false(record.is_pruned);
        assert_string_equal("effects", record.kind);
        asg_log_cursor_close(&cursor);
    }
}

/* The look-up index has them by kind: effects before event. */
static void test_prunes_of_several_kinds_are_read_in_the_logs_order(void **state)
{
    FOR_EACH_LOG(log)
    {
        for (int i = 0; i < 4; i++)
            append_step(log, i);
        struct asg_error error = {""};
        assert_status(ASG_OK, asg_log_save_snapshot(log, 12, "state", 5, &error));
        static const char *const kinds[] = {"event", "effects", "event"};
        for (size_t i = 0; i < 3; i++) {
            const struct asg_log_retention retention = {.kind = kinds[i],
                                                        .older_than_ms =
                                                            FIXTURE_TIME + 1000000,
                                                        .now_ms = FIXTURE_TIME + 1000000,
                                                        .records_max = 2};
            struct asg_log_pruned pruned = {0};
            assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
            assert_int_equal(2, pruned.records);
        }
        for (int newest = 0; newest < 2; newest++) {
            const struct asg_log_filter prunes = {
                .kind = "prune", .is_newest_first = newest != 0, .limit = 2};
            struct asg_log_cursor *cursor = NULL;
            assert_status(ASG_OK, asg_log_cursor_open(log, &prunes, &cursor, &error));
            for (size_t i = 0; i < 2; i++) {
                size_t expected = newest != 0 ? 2 - i : i;
                struct asg_record record;
                assert_status(ASG_OK, asg_log_cursor_next(cursor, &record, &error));
                assert_int_equal(13 + expected, record.seq);
                assert_string_equal(kinds[expected], record.subject);
            }
            struct asg_record record;
            assert_status(ASG_ERR_EMPTY, asg_log_cursor_next(cursor, &record, &error));
            asg_log_cursor_close(&cursor);
        }
    }
}

static void test_pruning_keeps_what_is_young_or_above_the_given_record(void **state)
{
    FOR_EACH_LOG(log)
    {
        for (int i = 0; i < 10; i++)
            append_step(log, i);
        struct asg_error error = {""};
        struct asg_log_pruned pruned = {0};
        assert_status(ASG_OK, asg_log_save_snapshot(log, 30, "state", 5, &error));
        struct asg_log_retention retention = {.kind = "event",
                                              .older_than_ms = FIXTURE_TIME + 9000};
        assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
        assert_int_equal(3, pruned.records);
        retention.older_than_ms = FIXTURE_TIME + 1000000;
        retention.before_seq = 13;
        assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
        assert_int_equal(1, pruned.records);
        assert_int_equal(4, verify_good(log).pruned_count);
        retention.kind = "prune";
        assert_status(ASG_ERR_INVALID, asg_log_prune(log, &retention, &pruned, &error));
    }
}

/* A backlog goes in pieces, each within its limits; one record that is larger than the
 * limit goes alone. */
static void test_pruning_a_backlog_is_bounded_by_bytes(void **state)
{
    FOR_EACH_LOG(log)
    {
        static char payload[5000];
        struct asg_error error = {""};
        for (size_t i = 0; i < 40; i++) {
            const struct asg_record record = {.time_ms = FIXTURE_TIME,
                                              .kind = "metrics",
                                              .payload = payload,
                                              .payload_length = i == 7 ? 5000 : 300};
            assert_status(ASG_OK, asg_log_append(log, &record, 1, NULL, &error));
        }
        assert_status(ASG_OK, asg_log_save_snapshot(log, 40, "state", 5, &error));
        const struct asg_log_retention retention = {.kind = "metrics",
                                                    .older_than_ms = FIXTURE_TIME + 1,
                                                    .now_ms = FIXTURE_TIME,
                                                    .bytes_max = 1000};
        struct asg_log_pruned all = {0};
        struct asg_log_pruned pruned = {.has_more = true};
        while (pruned.has_more) {
            assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
            assert_true(pruned.bytes <= 1000 || pruned.records == 1);
            assert_true(pruned.records > 0);
            all.records += pruned.records;
            all.bytes += pruned.bytes;
        }
        assert_int_equal(40, all.records);
        assert_int_equal(39 * 300 + 5000, all.bytes);
        assert_int_equal(40, verify_good(log).pruned_count);
    }
}

/* Payloads that may go lie far apart: what was read in vain is not read again. */
static void test_pruning_reads_no_record_twice(void **state)
{
    FOR_EACH_LOG(log)
    {
        struct asg_error error = {""};
        for (size_t i = 0; i < 90; i++) {
            const struct asg_record record = {.time_ms = FIXTURE_TIME,
                                              .kind = i == 80 ? "metrics" : "event",
                                              .payload = "x",
                                              .payload_length = 1};
            assert_status(ASG_OK, asg_log_append(log, &record, 1, NULL, &error));
        }
        assert_status(ASG_OK, asg_log_save_snapshot(log, 90, "state", 5, &error));
        const struct asg_log_retention retention = {.kind = "metrics",
                                                    .older_than_ms = FIXTURE_TIME + 1,
                                                    .now_ms = FIXTURE_TIME,
                                                    .records_max = 2};
        struct asg_log_pruned pruned = {.has_more = true};
        uint64_t scanned = 0;
        uint64_t records = 0;
        while (pruned.has_more) {
            assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
            assert_true(pruned.scanned <= 20);
            scanned += pruned.scanned;
            records += pruned.records;
        }
        assert_int_equal(90, scanned);
        assert_int_equal(1, records);
    }
}

static void test_pruning_while_somebody_reads_is_refused(void **state)
{
    FOR_EACH_LOG(log)
    {
        append_step(log, 1);
        struct asg_error error = {""};
        assert_status(ASG_OK, asg_log_save_snapshot(log, 3, "state", 5, &error));
        struct asg_log_filter all = {0};
        struct asg_log_cursor *cursor = NULL;
        assert_status(ASG_OK, asg_log_cursor_open(log, &all, &cursor, &error));
        struct asg_log_retention retention = {.kind = "event",
                                              .older_than_ms = FIXTURE_TIME + 1000000};
        struct asg_log_pruned pruned = {0};
        assert_status(ASG_ERR_BUSY, asg_log_prune(log, &retention, &pruned, &error));
        asg_log_cursor_close(&cursor);
        assert_status(ASG_OK, asg_log_prune(log, &retention, &pruned, &error));
        assert_int_equal(1, pruned.records);
    }
}

static bool stop_at_once(void *context, uint64_t seq, uint64_t last)
{
    uint64_t *told = context;
    told[0] = seq;
    told[1] = last;
    return false;
}

static void test_verifying_tells_its_progress_and_can_be_stopped(void **state)
{
    FOR_EACH_LOG(log)
    {
        struct asg_record *records = calloc(12000, sizeof *records);
        for (size_t i = 0; i < 12000; i++)
            records[i].kind = "event";
        struct asg_error error = {""};
        assert_status(ASG_OK, asg_log_append(log, records, 12000, NULL, &error));
        free(records);
        uint64_t told[2] = {0};
        struct asg_log_verdict verdict;
        assert_status(ASG_ERR_CLOSED,
                      asg_log_verify(log, 0, stop_at_once, told, &verdict, &error));
        assert_int_equal(10000, told[0]);
        assert_int_equal(12000, told[1]);
        assert_int_equal(10000, verdict.record_count);
    }
}

static void test_the_memory_log_fails_when_told_and_stays_broken(void **state)
{
    struct asg_log *log = open_memory(*state);
    append_step(log, 1);
    asg_log_memory_fail_append(log, 2, ASG_ERR_FULL);
    append_step(log, 2);
    struct asg_record record = {.kind = "event"};
    struct asg_error error = {""};
    assert_status(ASG_ERR_FULL, asg_log_append(log, &record, 1, NULL, &error));
    assert_status(ASG_ERR_FULL, asg_log_append(log, &record, 1, NULL, &error));
    assert_non_null(strstr(error.text, "until it is opened again"));
    assert_status(ASG_ERR_FULL, asg_log_broken(log));
    assert_int_equal(6, asg_log_head(log).seq);
    asg_log_memory_reopen(log);
    append_step(log, 3);
    assert_int_equal(9, verify_good(log).record_count);
    asg_log_memory_fail_append(log, 1, ASG_ERR_BUSY);
    assert_status(ASG_ERR_BUSY, asg_log_append(log, &record, 1, NULL, &error));
    assert_status(ASG_OK, asg_log_append(log, &record, 1, NULL, &error));
    asg_log_close(&log);
}

static void test_the_memory_log_goes_back_to_an_old_copy(void **state)
{
    struct asg_log *log = open_memory(*state);
    append_step(log, 1);
    struct asg_log_head before = asg_log_head(log);
    append_step(log, 2);
    asg_log_memory_cut(log, before.seq);
    assert_int_equal(before.seq, asg_log_head(log).seq);
    assert_memory_equal(before.chain_hash, asg_log_head(log).chain_hash,
                        ASG_LOG_HASH_BYTES);
    asg_log_memory_reopen(log);
    append_step(log, 3);
    assert_int_equal(2 * before.seq, verify_good(log).record_count);
    asg_log_close(&log);
}

#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_log_has_head_zero_and_verifies),
        TEST(test_both_logs_give_the_same_hashes),
        TEST(test_what_is_read_is_what_was_appended),
        TEST(test_a_record_over_a_limit_is_refused_and_nothing_is_kept),
        TEST(test_a_filter_takes_what_it_names),
        TEST(test_newest_first_reads_backwards),
        TEST(test_a_verified_read_with_a_filter_that_leaves_out_is_refused),
        TEST(test_a_verified_read_may_start_in_the_middle),
        TEST(test_a_cursor_does_not_see_what_is_appended_later),
        TEST(test_the_newest_three_snapshots_are_kept),
        TEST(test_a_snapshot_of_a_record_that_is_not_there_is_refused),
        TEST(test_a_snapshot_in_parts_counts_when_its_last_part_is_there),
        TEST(test_a_snapshot_that_was_given_up_is_ignored_and_removed),
        TEST(test_pruning_keeps_away_from_a_snapshot_that_is_not_complete),
        TEST(test_pruning_removes_payloads_and_the_chain_still_verifies),
        TEST(test_prunes_of_several_kinds_are_read_in_the_logs_order),
        TEST(test_pruning_keeps_what_is_young_or_above_the_given_record),
        TEST(test_pruning_a_backlog_is_bounded_by_bytes),
        TEST(test_pruning_reads_no_record_twice),
        TEST(test_pruning_while_somebody_reads_is_refused),
        TEST(test_verifying_tells_its_progress_and_can_be_stopped),
        TEST(test_the_memory_log_fails_when_told_and_stays_broken),
        TEST(test_the_memory_log_goes_back_to_an_old_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
