/* Core and its log, joined: what is released is durable, what is durable comes back. */
#include "lib/check.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/commit_log.h"
#include "wire/wire.h"

#define NOW INT64_C(1795442400000)

struct fixture {
    char folder[64];
    char path[128];
    struct asg_commit *commit;
    struct asg_error error;
    size_t released;
    size_t replies;
    uint64_t last_request;
    int64_t time_ms;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/asg-commit-XXXXXX");
    if (mkdtemp(f->folder) == NULL) return 1;
    (void)snprintf(f->path, sizeof f->path, "%s/log.db", f->folder);
    f->time_ms = NOW;
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    asg_commit_close(&f->commit, false);
    (void)nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    test_free(f);
    return 0;
}

static enum asg_status reopen(struct fixture *f, uint64_t hash_events)
{
    const struct asg_commit_options options = {.log_path = f->path,
                                               .snapshot_records = 1000000,
                                               .snapshot_ms = INT64_C(3600000),
                                               .hash_events = hash_events};
    f->error.text[0] = '\0';
    return asg_commit_open(&options, f->time_ms, &f->commit, &f->error);
}

static void note_release(void *context, const struct asg_waiter *waiter,
                         const struct asg_effects *effects)
{
    struct fixture *f = context;
    f->released++;
    if (waiter->kind != ASG_WAITER_ADMIN) return;
    assert_true(waiter->request_no > f->last_request); /* in the order they came */
    f->last_request = waiter->request_no;
    f->replies += effects->reply.is_set;
}

static enum asg_status apply_halt(struct fixture *f, bool is_on, uint64_t request_no)
{
    const struct asg_command command = {.kind =
                                            is_on ? ASG_COMMAND_HALT : ASG_COMMAND_UNHALT,
                                        .actor = "tests",
                                        .cluster_id = "",
                                        .group = "",
                                        .name = ""};
    const struct asg_event event = {
        .time_ms = ++f->time_ms, .kind = ASG_EVENT_COMMAND, .command = &command};
    const struct asg_waiter waiter = {
        .kind = ASG_WAITER_ADMIN, .peer = 1, .request_no = request_no};
    return asg_commit_apply(f->commit, &event, waiter);
}

static void do_work(struct fixture *f, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        assert_status(ASG_OK, apply_halt(f, i % 2 == 0, f->last_request + 1));
        assert_status(ASG_OK, asg_commit_flush(f->commit, note_release, f, &f->error));
    }
}

static struct asg_bytes state_of(const struct fixture *f)
{
    struct asg_bytes bytes = {0};
    asg_core_save(asg_commit_core(f->commit), &bytes);
    return bytes;
}

static void assert_same_state(const struct asg_bytes *a, const struct asg_bytes *b)
{
    assert_int_equal(a->length, b->length);
    assert_memory_equal(a->data, b->data, a->length);
}

/* A copy of the log as it stands: what a process finds that died just now. */
static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    if (in == NULL) return;
    FILE *out = fopen(to, "wb");
    assert_non_null(out);
    char bytes[65536];
    size_t count;
    while ((count = fread(bytes, 1, sizeof bytes, in)) > 0) {
        assert_int_equal(count, fwrite(bytes, 1, count, out));
    }
    (void)fclose(in);
    (void)fclose(out);
}

static void test_commit_makes_a_new_cluster_and_leads(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    const struct asg_core *core = asg_commit_core(f->commit);
    assert_int_equal(32, strlen(asg_core_cluster_id(core)));
    assert_string_equal(asg_log_cluster_id(asg_commit_log(f->commit)),
                        asg_core_cluster_id(core));
    assert_int_equal(1, asg_core_epoch(core));
    assert_int_equal(0, asg_commit_staged(f->commit));
}

static void test_commit_leads_with_a_higher_epoch_each_time(void **state)
{
    struct fixture *f = *state;
    char cluster_id[64];
    assert_status(ASG_OK, reopen(f, 1000));
    (void)snprintf(cluster_id, sizeof cluster_id, "%s",
                   asg_core_cluster_id(asg_commit_core(f->commit)));
    asg_commit_close(&f->commit, true);
    assert_status(ASG_OK, reopen(f, 1000));
    assert_int_equal(2, asg_core_epoch(asg_commit_core(f->commit)));
    assert_string_equal(cluster_id, asg_core_cluster_id(asg_commit_core(f->commit)));
}

/* With a snapshot at the head of the log no record says what time it was. */
static void test_commit_leads_when_the_wall_clock_was_set_back(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    int64_t before_ms = asg_commit_last_ms(f->commit);
    asg_commit_close(&f->commit, true);
    f->time_ms -= 3600000;
    assert_status(ASG_OK, reopen(f, 1000));
    assert_int_equal(before_ms, asg_commit_last_ms(f->commit));
    assert_int_equal(2, asg_core_epoch(asg_commit_core(f->commit)));
}

/* The same log opened from two copies, once with a snapshot and once without one: both
 * lead with the same epoch at the same time, so the states must be equal. */
static void test_commit_replays_to_the_same_bytes(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 3));
    do_work(f, 40);
    char wal[160];
    char copy[160];
    char copy_wal[192];
    (void)snprintf(wal, sizeof wal, "%s-wal", f->path);
    (void)snprintf(copy, sizeof copy, "%s/copy.db", f->folder);
    (void)snprintf(copy_wal, sizeof copy_wal, "%s-wal", copy);
    pid_t child =
        fork(); /* its own descriptors: closing ours would drop SQLite's locks */
    assert_true(child >= 0);
    if (child == 0) {
        copy_file(f->path, copy);
        copy_file(wal, copy_wal);
        _exit(0);
    }
    int code = 1;
    assert_int_equal(child, waitpid(child, &code, 0));
    assert_int_equal(0, code);
    assert_int_equal(0, chmod(copy, 0600));
    asg_commit_close(&f->commit, true); /* the original gets a snapshot */
    assert_status(ASG_OK, reopen(f, 3));
    struct asg_bytes from_snapshot = state_of(f);
    asg_commit_close(&f->commit, false);
    (void)snprintf(f->path, sizeof f->path, "%s/copy.db", f->folder);
    assert_status(ASG_OK, reopen(f, 3)); /* the copy: killed, and no snapshot */
    struct asg_bytes from_records = state_of(f);
    assert_same_state(&from_snapshot, &from_records);
    asg_bytes_clear(&from_snapshot);
    asg_bytes_clear(&from_records);
}

static void test_commit_loads_a_snapshot_and_the_tail_after_it(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 2));
    do_work(f, 10);
    asg_commit_close(&f->commit, true);
    assert_status(ASG_OK, reopen(f, 2));
    do_work(f, 5); /* the last order is "halt" */
    asg_commit_close(&f->commit, false);
    assert_status(ASG_OK, reopen(f, 2));
    struct asg_arena arena = {0};
    struct asg_status_view view = {0};
    asg_core_view_status(asg_commit_core(f->commit), &arena, &view);
    assert_true(view.is_halted);
    asg_arena_clear(&arena);
}

static void test_commit_gathers_events_into_one_transaction(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    uint64_t before = asg_commit_counts(f->commit).commits;
    for (uint64_t i = 1; i <= 50; i++) {
        assert_status(ASG_OK, apply_halt(f, i % 2 == 0, i));
    }
    assert_int_equal(50, asg_commit_staged(f->commit));
    assert_int_equal(0, f->released);
    assert_status(ASG_OK, asg_commit_flush(f->commit, note_release, f, &f->error));
    assert_int_equal(50, f->released);
    assert_int_equal(50, f->replies);
    assert_int_equal(before + 1, asg_commit_counts(f->commit).commits);
    assert_status(ASG_OK, asg_commit_flush(f->commit, note_release, f, &f->error));
    assert_int_equal(50, f->released);
}

static void test_commit_refuses_time_that_goes_back(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    do_work(f, 1);
    struct asg_bytes before = state_of(f);
    const struct asg_event event = {.time_ms = NOW - 1, .kind = ASG_EVENT_TICK};
    assert_status(ASG_ERR_INVALID,
                  asg_commit_apply(f->commit, &event, (struct asg_waiter){0}));
    assert_int_equal(0, asg_commit_staged(f->commit));
    struct asg_bytes after = state_of(f);
    assert_same_state(&before, &after);
    asg_bytes_clear(&before);
    asg_bytes_clear(&after);
}

static void test_commit_refuses_text_that_is_no_text(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    const struct asg_command command = {.kind = ASG_COMMAND_HALT,
                                        .actor = "\xff\xfe",
                                        .cluster_id = "",
                                        .group = "",
                                        .name = ""};
    const struct asg_event event = {
        .time_ms = NOW + 1, .kind = ASG_EVENT_COMMAND, .command = &command};
    assert_status(ASG_ERR_MALFORMED,
                  asg_commit_apply(f->commit, &event, (struct asg_waiter){0}));
    assert_int_equal(0, asg_commit_staged(f->commit));
    do_work(f, 3); /* and goes on */
}

/* The file may not grow: what a full disk does. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &limit));
    limit.rlim_cur = bytes;
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
}

static void test_commit_releases_nothing_when_the_disk_is_full(void **state)
{
    struct fixture *f = *state;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_status(ASG_OK, reopen(f, 1000));
    do_work(f, 2);
    size_t released = f->released;
    uint64_t head = asg_log_head(asg_commit_log(f->commit)).seq;
    limit_files(4096);
    enum asg_status status = ASG_OK;
    for (int i = 0; i < 1000 && status == ASG_OK; i++) {
        assert_status(ASG_OK, apply_halt(f, i % 2 == 0, f->last_request + 1));
        status = asg_commit_flush(f->commit, note_release, f, &f->error);
        if (status == ASG_OK) {
            released++;
            head = asg_log_head(asg_commit_log(f->commit)).seq;
        }
    }
    limit_files(RLIM_INFINITY);
    assert_int_not_equal(ASG_OK, status);
    assert_true(strlen(f->error.text) > 0);
    assert_int_equal(released, f->released);
    asg_commit_close(&f->commit, true); /* a snapshot of what is not durable: not kept */
    assert_status(ASG_OK, reopen(f, 1000));
    assert_true(asg_log_head(asg_commit_log(f->commit)).seq >= head);
    do_work(f, 2);
}

static void test_commit_closes_without_what_was_not_durable(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    do_work(f, 2); /* the last order is "unhalt" */
    assert_status(ASG_OK, apply_halt(f, true, f->last_request + 1));
    asg_commit_close(&f->commit, true);
    assert_status(ASG_OK, reopen(f, 1000));
    struct asg_arena arena = {0};
    struct asg_status_view view = {0};
    asg_core_view_status(asg_commit_core(f->commit), &arena, &view);
    assert_false(view.is_halted);
    asg_arena_clear(&arena);
}

static void test_commit_names_the_record_of_a_damaged_log(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    do_work(f, 5);
    asg_commit_close(&f->commit, false);
    char bytes[1 << 16];
    FILE *file = fopen(f->path, "r+b");
    assert_non_null(file);
    size_t length = fread(bytes, 1, sizeof bytes, file);
    size_t at = 0; /* the words of one note, in the middle of the file */
    for (size_t i = 0; i + 13 < length; i++) {
        if (memcmp(bytes + i, "halt by tests", 13) == 0) at = i;
    }
    assert_true(at > 0);
    assert_int_equal(0, fseek(file, (long)at, SEEK_SET));
    assert_int_equal(1, fwrite("w", 1, 1, file));
    (void)fclose(file);
    assert_status(ASG_ERR_CORRUPT, reopen(f, 1000));
    assert_null(f->commit);
    assert_non_null(strpbrk(f->error.text, "0123456789"));
}

static void append(struct fixture *f, struct asg_log *log, const char *kind,
                   const struct asg_schema *schema, const void *object)
{
    struct asg_bytes bytes = {0};
    asg_wire_encode(schema, object, &bytes);
    const struct asg_record record = {.time_ms = f->time_ms,
                                      .kind = kind,
                                      .subject = "",
                                      .note = "",
                                      .payload = bytes.data,
                                      .payload_length = bytes.length};
    assert_status(ASG_OK, asg_log_append(log, &record, 1, NULL, &f->error));
    asg_bytes_clear(&bytes);
}

static void test_commit_refuses_a_log_it_would_decide_otherwise(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    do_work(f, 2);
    asg_commit_close(&f->commit, false);
    /* A hash of another program's state, well-formed and in the chain. */
    const struct asg_log_options options = {.path = f->path, .now_ms = NOW};
    struct asg_log *log = NULL;
    assert_status(ASG_OK, asg_log_open_sqlite(&options, &log, &f->error));
    const uint8_t other[ASG_STATE_HASH_BYTES] = {7};
    const struct asg_state_hash said = {.form = asg_core_form(),
                                        .seq = asg_log_head(log).seq,
                                        .hash = {other, sizeof other}};
    append(f, log, "state_hash", &asg_state_hash_schema, &said);
    asg_log_close(&log);
    assert_status(ASG_ERR_CONFLICT, reopen(f, 1000));
    assert_non_null(strstr(f->error.text, "record"));
    assert_non_null(strstr(f->error.text, "by the same rules"));
}

static void test_commit_refuses_a_hash_of_a_newer_form(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    asg_commit_close(&f->commit, false);
    const struct asg_log_options options = {.path = f->path, .now_ms = NOW};
    struct asg_log *log = NULL;
    assert_status(ASG_OK, asg_log_open_sqlite(&options, &log, &f->error));
    const uint8_t other[ASG_STATE_HASH_BYTES] = {7};
    const struct asg_state_hash said = {.form = asg_core_form() + 1,
                                        .seq = asg_log_head(log).seq,
                                        .hash = {other, sizeof other}};
    append(f, log, "state_hash", &asg_state_hash_schema, &said);
    asg_log_close(&log);
    assert_status(ASG_ERR_VERSION, reopen(f, 1000));
    assert_non_null(strstr(f->error.text, "start the release that wrote it, or a newer"));
}

/* A leader by other rules than this program knows, in a log that is whole. */
static void refuse_a_leader_by(struct fixture *f, uint32_t rules, const char *words)
{
    assert_status(ASG_OK, reopen(f, 1000));
    asg_commit_close(&f->commit, false);
    const struct asg_log_options options = {.path = f->path, .now_ms = NOW};
    struct asg_log *log = NULL;
    assert_status(ASG_OK, asg_log_open_sqlite(&options, &log, &f->error));
    const struct asg_command lead = {.kind = ASG_COMMAND_LEAD,
                                     .actor = "",
                                     .cluster_id = "",
                                     .group = "",
                                     .name = "",
                                     .epoch = 9,
                                     .rules = rules};
    const struct asg_event event = {
        .time_ms = f->time_ms, .kind = ASG_EVENT_COMMAND, .command = &lead};
    append(f, log, "event", &asg_event_schema, &event);
    uint64_t seq = asg_log_head(log).seq;
    asg_log_close(&log);
    assert_status(ASG_ERR_VERSION, reopen(f, 1000));
    assert_null(f->commit);
    char record[32];
    (void)snprintf(record, sizeof record, "record %llu: ", (unsigned long long)seq);
    assert_non_null(strstr(f->error.text, record));
    if (strstr(f->error.text, words) == NULL) fail_msg("%s", f->error.text);
}

static void test_commit_refuses_rules_it_does_not_know(void **state)
{
    refuse_a_leader_by(*state, asg_core_newest_rules() + 1,
                       "use the release that wrote this log, or a newer one");
}

static void test_commit_refuses_a_log_of_before_the_first_release(void **state)
{
    refuse_a_leader_by(*state, 0, "A log from before 1.0");
}

static void test_commit_refuses_a_second_controller(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, reopen(f, 1000));
    struct asg_commit *first = f->commit;
    f->commit = NULL;
    assert_status(ASG_ERR_BUSY, reopen(f, 1000));
    f->commit = first;
    do_work(f, 1);
}

/* ---- snapshots ---- */

/* One each 20 records or more; parts of 16 bytes, so that there are many. */
static enum asg_status open_for_snapshots(struct fixture *f, uint64_t memory)
{
    const struct asg_commit_options options = {.log_path = f->path,
                                               .snapshot_records = 20,
                                               .snapshot_ms = INT64_C(3600000),
                                               .snapshot_memory = memory,
                                               .hash_events = 7,
                                               .hash_bytes = 16};
    f->error.text[0] = '\0';
    return asg_commit_open(&options, f->time_ms, &f->commit, &f->error);
}

#define MUCH (UINT64_C(1) << 30)

/* Tidies, as a loop does, until there are so many snapshots. */
static void tidy_until(struct fixture *f, uint64_t snapshots)
{
    for (int i = 0; i < 30000; i++) {
        if (asg_commit_counts(f->commit).snapshots >= snapshots) return;
        if (asg_commit_tidy(f->commit, f->time_ms) == 0) (void)usleep(1000);
        f->time_ms += 100;
    }
    fail_msg("no snapshot came");
}

/* Until nothing is left to do, which a thread that makes a snapshot does not count for.
 */
static void tidy_all(struct fixture *f)
{
    while (asg_commit_tidy(f->commit, f->time_ms) > 0) {
    }
}

static void load_newest(struct fixture *f, struct asg_bytes *ret, uint64_t *ret_seq)
{
    *ret = (struct asg_bytes){0};
    assert_status(ASG_OK, asg_log_load_snapshot(asg_commit_log(f->commit), 0, ret,
                                                ret_seq, &f->error));
    assert_string_equal("", f->error.text);
}

static void test_commit_saves_a_snapshot_when_it_is_due(void **state)
{
    struct fixture *f = *state;
    static const uint64_t memories[] = {0, MUCH}; /* in the loop, beside it */
    for (size_t i = 0; i < 2; i++) {
        assert_status(ASG_OK, open_for_snapshots(f, memories[i]));
        tidy_all(f);
        assert_int_equal(0, asg_commit_counts(f->commit).snapshots);
        do_work(f, 10);
        f->time_ms += 60000;
        tidy_until(f, 1);
        for (int look = 0; look < 20; look++) { /* nothing new */
            f->time_ms += 10000;
            tidy_all(f);
        }
        assert_int_equal(1, asg_commit_counts(f->commit).snapshots);
        asg_commit_close(&f->commit, false);
    }
}

/* The loop goes on while it is made and written: it is of the moment when it was due. */
static void test_a_snapshot_made_beside_the_loop_is_what_the_loop_would_have_saved(
    void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, open_for_snapshots(f, MUCH));
    tidy_all(f);
    for (uint64_t round = 1; round <= 4; round++) {
        do_work(f, 10);
        f->time_ms += 60000;
        uint64_t head = asg_log_head(asg_commit_log(f->commit)).seq;
        struct asg_bytes expected = state_of(f);
        assert_int_equal(0, asg_commit_tidy(f->commit, f->time_ms)); /* it begins */
        int turns = 0;
        while (asg_commit_counts(f->commit).snapshots < round) {
            do_work(f, 1);
            if (asg_commit_tidy(f->commit, f->time_ms) == 0) (void)usleep(1000);
            assert_true(++turns < 30000);
        }
        struct asg_bytes saved;
        uint64_t seq = 0;
        load_newest(f, &saved, &seq);
        assert_int_equal(head, seq);
        assert_same_state(&expected, &saved);
        assert_true(saved.length > 3 * 16);
        asg_bytes_clear(&saved);
        asg_bytes_clear(&expected);
        tidy_all(f);
    }
    struct asg_log_verdict verdict;
    assert_status(ASG_OK, asg_log_verify(asg_commit_log(f->commit), 0, NULL, NULL,
                                         &verdict, &f->error));
    assert_int_equal(ASG_LOG_SNAPSHOTS_KEPT, verdict.snapshot_count);
}

static void test_a_snapshot_that_is_half_written_is_ignored_and_removed(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, open_for_snapshots(f, MUCH));
    do_work(f, 10);
    f->time_ms += 60000;
    tidy_until(f, 1);
    uint64_t first = 0;
    struct asg_bytes saved;
    load_newest(f, &saved, &first);
    asg_bytes_clear(&saved);
    tidy_all(f);
    do_work(f, 10);
    f->time_ms += 60000;
    while (asg_commit_tidy(f->commit, f->time_ms) == 0) { /* made; one part is written */
        (void)usleep(1000);
    }
    assert_true(asg_commit_tidy(f->commit, f->time_ms) > 0);
    assert_int_equal(1, asg_commit_counts(f->commit).snapshots);
    struct asg_bytes before = state_of(f);
    asg_commit_close(&f->commit, false);

    assert_status(ASG_OK, open_for_snapshots(f, MUCH));
    struct asg_bytes after = state_of(f);
    assert_true(before.length > 0 && after.length > 0);
    asg_bytes_clear(&before);
    asg_bytes_clear(&after);
    uint64_t seq = 0;
    load_newest(f, &saved, &seq);
    assert_int_equal(first, seq);
    asg_bytes_clear(&saved);
    tidy_all(f);
    bool has_dropped = true;
    assert_status(ASG_OK, asg_log_drop_leftover(asg_commit_log(f->commit), &has_dropped,
                                                &f->error));
    assert_false(has_dropped); /* tidying has seen to it */
    do_work(f, 10);
    f->time_ms += 60000;
    tidy_until(f, 1);
    load_newest(f, &saved, &seq);
    assert_true(seq > first);
    asg_bytes_clear(&saved);
}

static void test_a_close_stops_a_snapshot_that_is_being_made(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 10; i++) {
        assert_status(ASG_OK, open_for_snapshots(f, MUCH));
        tidy_all(f);
        do_work(f, 10);
        f->time_ms += 60000;
        assert_int_equal(0, asg_commit_tidy(f->commit, f->time_ms));
        asg_commit_close(&f->commit, i % 2 == 0);
    }
}

/* A log that this program would decide otherwise, found out while it leads: no snapshot
 * hides it, and the records go on. */
static void test_no_snapshot_is_made_of_a_log_that_replays_to_another_state(void **state)
{
    struct fixture *f = *state;
    assert_status(ASG_OK, open_for_snapshots(f, MUCH));
    tidy_all(f);
    do_work(f, 10);
    const uint8_t other[ASG_STATE_HASH_BYTES] = {7};
    const struct asg_state_hash said = {.form = asg_core_form(),
                                        .seq =
                                            asg_log_head(asg_commit_log(f->commit)).seq,
                                        .hash = {other, sizeof other}};
    append(f, asg_commit_log(f->commit), "state_hash", &asg_state_hash_schema, &said);
    f->time_ms += 60000;
    for (int i = 0; i < 300; i++) {
        (void)asg_commit_tidy(f->commit, f->time_ms);
        (void)usleep(1000);
    }
    assert_int_equal(0, asg_commit_counts(f->commit).snapshots);
    do_work(f, 3);
}

/* ---- retention of a backlog ---- */

#define BACKLOG_EVENTS 60
#define BACKLOG_ROWS   4000

/* Old payloads of metrics, more than 4 MiB, and a snapshot above them. */
static void open_with_backlog(struct fixture *f)
{
    const struct asg_commit_options options = {.log_path = f->path,
                                               .snapshot_records = 10,
                                               .snapshot_ms = INT64_C(3600000),
                                               .hash_events = 100000,
                                               .retention_ms = 1000};
    assert_status(ASG_OK, asg_commit_open(&options, NOW, &f->commit, &f->error));
    struct asg_metrics metrics = {.groups =
                                      test_calloc(BACKLOG_ROWS, sizeof *metrics.groups),
                                  .group_count = BACKLOG_ROWS};
    uint64_t noise = 1; /* so that no encoding makes it small */
    for (uint32_t i = 0; i < BACKLOG_ROWS; i++) {
        noise = noise * UINT64_C(6364136223846793005) + 1;
        metrics.groups[i] =
            (struct asg_group_metric){.group_no = i + 1,
                                      .count = 9,
                                      .sum_milli = (int64_t)(noise >> 16),
                                      .min_milli = (int64_t)(noise >> 20),
                                      .max_milli = (int64_t)(noise >> 18)};
    }
    const struct asg_event event = {
        .time_ms = NOW + 1, .kind = ASG_EVENT_METRICS, .metrics = &metrics};
    for (int i = 0; i < BACKLOG_EVENTS; i++) {
        assert_status(ASG_OK,
                      asg_commit_apply(f->commit, &event, (struct asg_waiter){0}));
        assert_status(ASG_OK, asg_commit_flush(f->commit, NULL, NULL, &f->error));
    }
    test_free(metrics.groups);
    f->time_ms = NOW + 3600000;
    tidy_until(f, 1);
    assert_int_equal(0, asg_commit_counts(f->commit).pruned);
}

/* Turns until everything is gone, none of which removed more than `bytes_max`. */
static int prune_all(struct fixture *f, uint64_t bytes_max)
{
    int turns = 0;
    uint64_t before = 0;
    while (asg_commit_counts(f->commit).pruned < BACKLOG_EVENTS) {
        (void)asg_commit_tidy(f->commit, f->time_ms);
        uint64_t now = asg_commit_counts(f->commit).pruned_bytes;
        assert_true(now - before <= bytes_max);
        before = now;
        assert_true(++turns < 10000);
    }
    return turns;
}

static void test_commit_prunes_a_backlog_in_bounded_turns(void **state)
{
    struct fixture *f = *state;
    open_with_backlog(f);
    int turns = prune_all(f, ASG_PRUNE_TURN_BYTES);
    uint64_t bytes = asg_commit_counts(f->commit).pruned_bytes;
    assert_true(bytes > 8 * ASG_PRUNE_TURN_BYTES);
    assert_true((uint64_t)turns >= bytes / ASG_PRUNE_TURN_BYTES);
    struct asg_log_verdict verdict;
    assert_status(ASG_OK, asg_log_verify(asg_commit_log(f->commit), 0, NULL, NULL,
                                         &verdict, &f->error));
    assert_int_equal(BACKLOG_EVENTS, verdict.pruned_count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_commit_makes_a_new_cluster_and_leads),
        TEST(test_commit_leads_with_a_higher_epoch_each_time),
        TEST(test_commit_leads_when_the_wall_clock_was_set_back),
        TEST(test_commit_replays_to_the_same_bytes),
        TEST(test_commit_loads_a_snapshot_and_the_tail_after_it),
        TEST(test_commit_gathers_events_into_one_transaction),
        TEST(test_commit_refuses_time_that_goes_back),
        TEST(test_commit_refuses_text_that_is_no_text),
        TEST(test_commit_releases_nothing_when_the_disk_is_full),
        TEST(test_commit_closes_without_what_was_not_durable),
        TEST(test_commit_names_the_record_of_a_damaged_log),
        TEST(test_commit_refuses_a_log_it_would_decide_otherwise),
        TEST(test_commit_refuses_a_hash_of_a_newer_form),
        TEST(test_commit_refuses_rules_it_does_not_know),
        TEST(test_commit_refuses_a_log_of_before_the_first_release),
        TEST(test_commit_refuses_a_second_controller),
        TEST(test_commit_saves_a_snapshot_when_it_is_due),
        TEST(test_a_snapshot_made_beside_the_loop_is_what_the_loop_would_have_saved),
        TEST(test_a_snapshot_that_is_half_written_is_ignored_and_removed),
        TEST(test_a_close_stops_a_snapshot_that_is_being_made),
        TEST(test_no_snapshot_is_made_of_a_log_that_replays_to_another_state),
        TEST(test_commit_prunes_a_backlog_in_bounded_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
