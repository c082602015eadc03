/* The log in a file: who may open it, who may write, what an auditor sees. */
#include "unit/store/log_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "crypto/crypto.h"
#include "store/chain.h"
#include "store/sqlite_db.h"
#include "store/sqlite_file.h"

/* Run SQL on the file as somebody with the sqlite3 program would. */
static void run_sql(const struct fixture *fixture, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->path, &db));
    char *text = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK) fail_msg("%s", text);
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static void ask_sql(const struct fixture *fixture, const char *sql, char *ret,
                    size_t size)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->path, &db));
    sqlite3_stmt *rows = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &rows, NULL));
    size_t used = 0;
    ret[0] = '\0';
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            const char *text = (const char *)sqlite3_column_text(rows, i);
            used += (size_t)snprintf(ret + used, size - used, "%s%s", i == 0 ? "" : "|",
                                     text == NULL ? "NULL" : text);
        }
        used += (size_t)snprintf(ret + used, size - used, "\n");
    }
    (void)sqlite3_finalize(rows);
    (void)sqlite3_close(db);
}

static enum asg_status try_open(const struct asg_log_options *options,
                                struct asg_error *error)
{
    struct asg_log *log = NULL;
    enum asg_status status = asg_log_open_sqlite(options, &log, error);
    if (status == ASG_OK) asg_log_close(&log);
    assert_null(log);
    return status;
}

static void test_a_log_survives_closing_and_opening(void **state)
{
    struct asg_log *log = open_log(*state);
    append_step(log, 1);
    struct asg_log_head before = asg_log_head(log);
    asg_log_close(&log);
    log = open_log(*state);
    struct asg_log_head after = asg_log_head(log);
    assert_int_equal(3, after.seq);
    assert_memory_equal(before.chain_hash, after.chain_hash, ASG_LOG_HASH_BYTES);
    append_step(log, 2);
    assert_int_equal(6, verify_good(log).record_count);
    asg_log_close(&log);
}

static void test_files_are_readable_by_their_owner_only(void **state)
{
    struct fixture *fixture = *state;
    mode_t old = umask(0);
    struct asg_log *log = open_log(fixture);
    append_step(log, 1);
    (void)umask(old);
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < 4; i++) {
        char name[160];
        (void)snprintf(name, sizeof name, "%s%s", fixture->path, tails[i]);
        struct stat info;
        assert_int_equal(0, stat(name, &info));
        assert_int_equal(0600, info.st_mode & 07777);
    }
    asg_log_close(&log);
}

static void test_a_file_that_others_may_write_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    asg_log_close(&log);
    assert_int_equal(0, chmod(fixture->path, 0620));
    struct asg_log_options options = options_for(fixture);
    struct asg_error error = {""};
    assert_status(ASG_ERR_DENIED, try_open(&options, &error));
    assert_non_null(strstr(error.text, "chmod 600"));
}

static void test_a_second_writer_is_refused_and_told_who_holds_the_log(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    struct asg_log_options options = options_for(fixture);
    struct asg_error error = {""};
    assert_status(ASG_ERR_BUSY, try_open(&options, &error));
    char pid[32];
    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(error.text, pid));
    append_step(log, 1);
    asg_log_close(&log);
    assert_status(ASG_OK, try_open(&options, &error));
}

static void test_a_dead_writer_holds_nothing(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = fork();
    if (child == 0) {
        struct asg_log *log = open_log(fixture);
        append_step(log, 1);
        (void)raise(SIGKILL);
    }
    int ended = 0;
    assert_int_equal(child, waitpid(child, &ended, 0));
    assert_true(WIFSIGNALED(ended));
    struct asg_log *log = open_log(fixture);
    assert_int_equal(3, asg_log_head(log).seq);
    assert_int_equal(2, asg_log_head(log).epoch);
    asg_log_close(&log);
}

static void test_a_reader_works_beside_the_writer_and_sees_more_after_refresh(
    void **state)
{
    struct asg_log *writer = open_log(*state);
    append_step(writer, 1);
    struct asg_log *reader = open_reader(*state);
    assert_int_equal(3, verify_good(reader).record_count);
    append_step(writer, 2);
    assert_int_equal(3, asg_log_head(reader).seq);
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_refresh(reader, &error));
    assert_int_equal(6, verify_good(reader).record_count);
    asg_log_close(&writer);
    asg_log_close(&reader);
}

/* What somebody with the sqlite3 program does: look, and close. */
static int peek(const char *path)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open(path, &db);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(db, "SELECT count(*) FROM records", NULL, NULL, NULL);
    }
    (void)sqlite3_close(db);
    return code == SQLITE_OK ? 0 : 1;
}

/* Closing any descriptor of a file drops all POSIX locks that the process has on it. A
 * reader that cost our writer its locks would let a passing sqlite3 take itself for the
 * last one, and remove the write-ahead log under our feet. */
static void test_a_reader_in_the_same_process_costs_the_writer_no_lock(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *writer = open_log(fixture);
    append_step(writer, 1);
    struct asg_log *reader = open_reader(fixture);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* a program of its own: SQLite's notes must not be inherited */
        (void)execl("/proc/self/exe", "peek", fixture->path, (char *)NULL);
        _exit(1);
    }
    int ended = 0;
    assert_int_equal(child, waitpid(child, &ended, 0));
    assert_int_equal(0, ended);
    char name[160];
    (void)snprintf(name, sizeof name, "%s-wal", fixture->path);
    assert_int_equal(0, access(name, F_OK));
    append_step(writer, 2);
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_refresh(reader, &error));
    assert_int_equal(6, verify_good(reader).record_count);
    asg_log_close(&reader);
    asg_log_close(&writer);
    writer = open_log(fixture);
    assert_int_equal(6, asg_log_head(writer).seq);
    asg_log_close(&writer);
}

static void test_a_reader_may_not_write(void **state)
{
    struct asg_log *log = open_log(*state);
    append_step(log, 1);
    asg_log_close(&log);
    log = open_reader(*state);
    struct asg_error error = {""};
    struct asg_record record = {.kind = "event"};
    struct asg_log_pruned pruned = {0};
    struct asg_log_retention retention = {.kind = "event"};
    assert_status(ASG_ERR_DENIED, asg_log_append(log, &record, 1, NULL, &error));
    assert_status(ASG_ERR_DENIED, asg_log_save_snapshot(log, 3, "x", 1, &error));
    assert_status(ASG_ERR_DENIED, asg_log_prune(log, &retention, &pruned, &error));
    asg_log_close(&log);
}

static void test_an_immutable_read_leaves_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    append_step(log, 1);
    asg_log_close(&log);
    char odd[128];
    (void)snprintf(odd, sizeof odd, "%s/a copy?#%%41.db", fixture->folder);
    assert_int_equal(0, rename(fixture->path, odd));
    assert_int_equal(0, chmod(odd, 0400));
    struct asg_log_options options = {.path = odd, .is_immutable = true};
    struct asg_error error = {""};
    if (asg_log_open_sqlite(&options, &log, &error) != ASG_OK) fail_msg("%s", error.text);
    assert_int_equal(3, verify_good(log).record_count);
    asg_log_close(&log);
    char name[160];
    (void)snprintf(name, sizeof name, "%s-shm", odd);
    assert_int_not_equal(0, access(name, F_OK));
    (void)snprintf(name, sizeof name, "%s-wal", odd);
    assert_int_not_equal(0, access(name, F_OK));
}

/* Root may read everything: it is nobody for a while. */
static void as_somebody_else(bool is_other)
{
    if (getuid() == 0) assert_int_equal(0, seteuid(is_other ? 65534 : 0));
}

static void test_a_reader_is_told_what_it_may_not(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    append_step(log, 1);
    asg_log_close(&log);
    struct asg_log_options options = {.path = fixture->path, .is_read_only = true};
    struct asg_error error = {""};
    assert_int_equal(0, chmod(fixture->folder, 0555));
    assert_int_equal(0, chmod(fixture->path, 0444));
    as_somebody_else(true);
    enum asg_status status = try_open(&options, &error);
    options.is_immutable = true;
    struct asg_error none = {""};
    enum asg_status immutable = try_open(&options, &none);
    as_somebody_else(false);
    assert_status(ASG_ERR_DENIED, status);
    assert_non_null(strstr(error.text, fixture->path));
    assert_non_null(strstr(error.text, "--immutable"));
    assert_non_null(strstr(error.text, "Permission denied"));
    assert_status(ASG_OK, immutable);
    assert_int_equal(0, chmod(fixture->path, getuid() == 0 ? 0600 : 0));
    for (int i = 0; i < 2; i++) {
        options.is_immutable = i == 1;
        as_somebody_else(true);
        status = try_open(&options, &error);
        as_somebody_else(false);
        assert_status(ASG_ERR_DENIED, status);
        char words[200];
        (void)snprintf(words, sizeof words, "cannot read %s: Permission denied",
                       fixture->path);
        assert_string_equal(words, error.text);
    }
    assert_int_equal(0, chmod(fixture->folder, 0700));
}

static void test_an_older_epoch_is_fenced(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log_options options = options_for(fixture);
    options.epoch = 10;
    struct asg_error error = {""};
    assert_status(ASG_OK, try_open(&options, &error));
    options.epoch = 9;
    assert_status(ASG_ERR_FENCED, try_open(&options, &error));
    options.epoch = 10;
    assert_status(ASG_OK, try_open(&options, &error));
    struct asg_log *log = open_log(fixture);
    assert_int_equal(11, asg_log_head(log).epoch);
    asg_log_close(&log);
}

static void test_a_writer_that_was_overtaken_is_fenced_and_stays_so(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    append_step(log, 1);
    /* Somebody without the lock, say on a copied lock file, takes a newer epoch. */
    run_sql(fixture, "UPDATE meta SET epoch = 99");
    struct asg_record record = {.kind = "event"};
    struct asg_error error = {""};
    assert_status(ASG_ERR_FENCED, asg_log_append(log, &record, 1, NULL, &error));
    assert_status(ASG_ERR_FENCED, asg_log_append(log, &record, 1, NULL, &error));
    assert_status(ASG_ERR_FENCED, asg_log_broken(log));
    asg_log_close(&log);
    char text[64];
    ask_sql(fixture, "SELECT count(*) FROM records", text, sizeof text);
    assert_string_equal("3\n", text);
}

static void test_records_of_somebody_else_fence_the_writer(void **state)
{
    struct asg_log *log = open_log(*state);
    append_step(log, 1);
    run_sql(*state, "INSERT INTO records VALUES(4, 1, 1, 'event', '', '', x'00', x'00', "
                    "x'')");
    struct asg_record record = {.kind = "event"};
    struct asg_error error = {""};
    assert_status(ASG_ERR_FENCED, asg_log_append(log, &record, 1, NULL, &error));
    assert_non_null(strstr(error.text, "another program wrote"));
    asg_log_close(&log);
}

static void test_a_look_with_sqlite3_does_not_fence_the_writer(void **state)
{
    struct asg_log *log = open_log(*state);
    append_step(log, 1);
    run_sql(*state, "PRAGMA wal_checkpoint(FULL); SELECT count(*) FROM timeline; "
                    "CREATE TEMP TABLE t(x); BEGIN IMMEDIATE; ROLLBACK");
    append_step(log, 2);
    run_sql(*state, "UPDATE meta SET epoch = epoch"); /* a write that changes nothing */
    append_step(log, 3);
    assert_int_equal(9, verify_good(log).record_count);
    asg_log_close(&log);
}

static void test_somebody_who_holds_the_file_too_long_costs_only_a_retry(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    struct asg_record record = {.kind = "event"};
    struct asg_error error = {""};
    assert_status(ASG_ERR_BUSY, asg_log_append(log, &record, 1, NULL, &error));
    assert_non_null(strstr(error.text, "another program"));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL));
    (void)sqlite3_close(db);
    append_step(log, 1);
    assert_int_equal(3, verify_good(log).record_count);
    asg_log_close(&log);
}

static void test_the_log_of_another_cluster_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    asg_log_close(&log);
    struct asg_log_options options = options_for(fixture);
    options.cluster_id = "other";
    struct asg_error error = {""};
    assert_status(ASG_ERR_CONFLICT, try_open(&options, &error));
    assert_non_null(strstr(error.text, "\"test\""));
    options.cluster_id = NULL;
    assert_status(ASG_OK, try_open(&options, &error));
}

static void test_a_newer_format_is_refused_with_the_version(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    asg_log_close(&log);
    run_sql(fixture, "PRAGMA user_version = 7");
    struct asg_log_options options = options_for(fixture);
    struct asg_error error = {""};
    assert_status(ASG_ERR_VERSION, try_open(&options, &error));
    assert_non_null(strstr(error.text, "log format 7"));
    options.is_read_only = true;
    assert_status(ASG_ERR_VERSION, try_open(&options, &error));
}

static void write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(length, fwrite(bytes, 1, length, file));
    assert_int_equal(0, fclose(file));
    assert_int_equal(0, chmod(path, 0600));
}

static void test_what_is_not_a_log_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log_options options = options_for(fixture);
    struct asg_error error = {""};
    write_file(fixture->path, "this is not a log but a letter\n", 31);
    assert_status(ASG_ERR_CORRUPT, try_open(&options, &error));
    (void)unlink(fixture->path);
    run_sql(fixture, "CREATE TABLE mine(x); PRAGMA user_version = 1");
    assert_int_equal(0, chmod(fixture->path, 0600));
    assert_status(ASG_ERR_CORRUPT, try_open(&options, &error));
    assert_non_null(strstr(error.text, "not a log of openasg"));
    char text[64];
    ask_sql(fixture, "SELECT name FROM sqlite_schema", text, sizeof text);
    assert_string_equal("mine\n", text);
    options.is_read_only = true;
    assert_status(ASG_ERR_CORRUPT, try_open(&options, &error));
    options.path = fixture->folder;
    assert_status(ASG_ERR_CORRUPT, try_open(&options, &error));
}

static void test_paths_that_cannot_be_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char long_path[5000];
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    char deep[128];
    (void)snprintf(deep, sizeof deep, "%s/no/such/folder/log.db", fixture->folder);
    const struct {
        struct asg_log_options options;
        enum asg_status expected;
    } cases[] = {
        {{.path = NULL}, ASG_ERR_INVALID},
        {{.path = ""}, ASG_ERR_INVALID},
        {{.path = long_path}, ASG_ERR_INVALID},
        {{.path = deep}, ASG_ERR_NOT_FOUND},
        {{.path = fixture->path, .is_read_only = true}, ASG_ERR_NOT_FOUND},
        {{.path = fixture->path, .is_immutable = true}, ASG_ERR_NOT_FOUND},
        {{.path = fixture->path, .cluster_id = long_path}, ASG_ERR_LIMIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asg_error error = {""};
        assert_status(cases[i].expected, try_open(&cases[i].options, &error));
        assert_true(strlen(error.text) > 10);
    }
}

static void test_network_file_systems_are_refused(void **state)
{
    (void)state;
    assert_string_equal("nfs", asg_file_system_refused(0x6969));
    assert_string_equal("cifs", asg_file_system_refused(0xFF534D42));
    assert_string_equal("cifs", asg_file_system_refused((int32_t)0xFF534D42));
    assert_string_equal("smb2", asg_file_system_refused(0xFE534D42));
    assert_string_equal("fuse", asg_file_system_refused(0x65735546));
    assert_null(asg_file_system_refused(0xEF53));     /* ext4 */
    assert_null(asg_file_system_refused(0x58465342)); /* xfs */
    assert_null(asg_file_system_refused(0x01021994)); /* tmpfs */
    assert_null(asg_file_system_refused(0x794c7630)); /* overlayfs */
}

static void test_an_auditor_reads_plain_columns(void **state)
{
    struct asg_log *log = open_log(*state);
    append_step(log, 80);
    append_one(log, "result", "web", "i-1 launched", "xyz");
    asg_log_close(&log);
    char text[512];
    ask_sql(*state, "SELECT * FROM decisions", text, sizeof text);
    assert_string_equal("3|2026-11-23T14:00:00.000Z|web|cpu mean 80 %, target 50 %: "
                        "propose 81\n",
                        text);
    ask_sql(*state, "SELECT * FROM timeline WHERE seq >= 3", text, sizeof text);
    assert_string_equal("3|2026-11-23T14:00:00.000Z|1|decision|web|cpu mean 80 %, target "
                        "50 %: propose 81|0|0\n"
                        "4|2026-11-23T14:00:03.000Z|1|result|web|i-1 launched|3|0\n",
                        text);
    ask_sql(*state,
            "SELECT seq, kind, hex(content_hash) FROM records WHERE kind = 'result'",
            text, sizeof text);
    assert_string_equal(
        "4|result|3608BCA1E44EA6C4D268EB6DB02260269892C0B42B86BBF1E77A6FA16C3C9282\n",
        text);
    ask_sql(*state, "SELECT cluster_id, created_ms, epoch, anchor_seq FROM meta", text,
            sizeof text);
    assert_string_equal("test|1795442400000|1|4\n", text);
}

/* The query between ```sql and ``` of docs/log-format.md. */
static char *query_of_the_manual(void)
{
    FILE *file = fopen(ASG_SOURCE_DIR "/docs/log-format.md", "rb");
    assert_non_null(file);
    static char page[1 << 16];
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    (void)fclose(file);
    char *start = strstr(page, "```sql\n");
    assert_non_null(start);
    start += strlen("```sql\n");
    char *end = strstr(start, "```");
    assert_non_null(end);
    *end = '\0';
    return start;
}

static void test_the_manual_tells_how_to_verify_by_hand(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    for (int i = 0; i < 5; i++)
        append_step(log, i);
    append_one(log, "result", "gr\xc3\xbc\xc3\x9f", "i-1 l\xc3\xa4uft", "xyz");
    asg_log_close(&log);
    struct asg_chain chain;
    uint8_t genesis[ASG_LOG_HASH_BYTES];
    asg_chain_init(&chain);
    asg_chain_genesis(&chain, "test", FIXTURE_TIME, genesis);
    asg_chain_clear(&chain);

    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->path, &db));
    assert_int_equal(SQLITE_OK,
                     sqlite3_prepare_v2(db, query_of_the_manual(), -1, &rows, NULL));
    (void)sqlite3_bind_blob(rows, 1, genesis, sizeof genesis, SQLITE_STATIC);
    int count = 0;
    while (sqlite3_step(rows) == SQLITE_ROW) {
        const char *input = (const char *)sqlite3_column_text(rows, 0);
        uint8_t bytes[1024];
        uint8_t hash[ASG_SHA256_BYTES];
        char text[ASG_SHA256_HEX_SIZE];
        size_t length = strlen(input) / 2;
        assert_true(length <= sizeof bytes);
        assert_status(ASG_OK, asg_hex_decode(input, bytes, length));
        asg_sha256(bytes, length, hash);
        asg_hex_encode(hash, sizeof hash, text);
        assert_string_equal((const char *)sqlite3_column_text(rows, 1), text);
        count++;
    }
    assert_int_equal(16, count);
    (void)sqlite3_finalize(rows);
    (void)sqlite3_close(db);
}

static void test_the_write_ahead_log_is_written_over_and_not_grown(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    char name[160];
    (void)snprintf(name, sizeof name, "%s-wal", fixture->path);
    struct stat before;
    assert_int_equal(0, stat(name, &before));
    assert_true(before.st_size >= 4000000);
    for (int i = 0; i < 3000; i++)
        append_step(log, i);
    struct stat after;
    assert_int_equal(0, stat(name, &after));
    /* Three thousand commits would be more than 9,000 pages. How far the file grows
     * before it is written over depends on how soon the other thread gets to copy it; the
     * writer waits for it at the most. */
    assert_true(after.st_size >= before.st_size);
    assert_true(after.st_size <= (ASG_SQLITE_WAL_PAGES_MAX + 100) * INT64_C(4120));
    assert_int_equal(9000, verify_good(log).record_count);
    asg_log_close(&log);
}

#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[0], "peek") == 0) return peek(argv[1]);
    const struct CMUnitTest tests[] = {
        TEST(test_a_log_survives_closing_and_opening),
        TEST(test_files_are_readable_by_their_owner_only),
        TEST(test_a_file_that_others_may_write_is_refused),
        TEST(test_a_second_writer_is_refused_and_told_who_holds_the_log),
        TEST(test_a_dead_writer_holds_nothing),
        TEST(test_a_reader_works_beside_the_writer_and_sees_more_after_refresh),
        TEST(test_a_reader_in_the_same_process_costs_the_writer_no_lock),
        TEST(test_a_reader_may_not_write),
        TEST(test_an_immutable_read_leaves_nothing_behind),
        TEST(test_a_reader_is_told_what_it_may_not),
        TEST(test_an_older_epoch_is_fenced),
        TEST(test_a_writer_that_was_overtaken_is_fenced_and_stays_so),
        TEST(test_records_of_somebody_else_fence_the_writer),
        TEST(test_a_look_with_sqlite3_does_not_fence_the_writer),
        TEST(test_somebody_who_holds_the_file_too_long_costs_only_a_retry),
        TEST(test_the_log_of_another_cluster_is_refused),
        TEST(test_a_newer_format_is_refused_with_the_version),
        TEST(test_what_is_not_a_log_is_refused),
        TEST(test_paths_that_cannot_be_are_refused),
        TEST(test_network_file_systems_are_refused),
        TEST(test_an_auditor_reads_plain_columns),
        TEST(test_the_manual_tells_how_to_verify_by_hand),
        TEST(test_the_write_ahead_log_is_written_over_and_not_grown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
