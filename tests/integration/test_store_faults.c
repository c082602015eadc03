/* The log on a failing disk: every write, sync and truncate fails in turn, the disk runs
 * full, the file is cut short, the writer is killed. What was acknowledged is there
 * afterwards, without a gap; what was not, is whole or absent. */
#include "unit/store/log_fixture.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <sqlite3.h>

/* A VFS that passes everything on to the real one until the n-th change of a file, which
 * fails, as do all later ones: a disk that is gone stays gone. */
enum fault { FAULT_NONE, FAULT_WRITE_EIO, FAULT_WRITE_FULL, FAULT_SYNC, FAULT_SHORT };

static struct disk {
    pthread_mutex_t lock; /* of the rest: the log copies on a thread of its own */
    enum fault fault;
    int64_t countdown; /* changes until it happens; 0 and below: it has */
    bool has_happened;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The nth change from now on fails, and every later one. */
static void break_disk(enum fault fault, int64_t nth)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.fault = fault;
    disk.countdown = nth;
    disk.has_happened = false;
    (void)pthread_mutex_unlock(&disk.lock);
}

static void mend_disk(void)
{
    break_disk(FAULT_NONE, 0);
}

static bool has_happened(void)
{
    (void)pthread_mutex_lock(&disk.lock);
    bool has = disk.has_happened;
    (void)pthread_mutex_unlock(&disk.lock);
    return has;
}

struct shim_file {
    sqlite3_file base; /* first */
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct shim_file *)file)->real;
}

/* Does this change fail? *ret_is_first: it is the one that was waited for. */
static enum fault fault_of_change(bool is_sync, bool *ret_is_first)
{
    (void)pthread_mutex_lock(&disk.lock);
    bool counts = disk.fault != FAULT_NONE && is_sync == (disk.fault == FAULT_SYNC);
    *ret_is_first = counts && !disk.has_happened && --disk.countdown <= 0;
    if (*ret_is_first) disk.has_happened = true;
    enum fault fault = disk.has_happened ? disk.fault : FAULT_NONE;
    (void)pthread_mutex_unlock(&disk.lock);
    return fault;
}

static int shim_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int shim_read(sqlite3_file *file, void *to, int length, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), to, length, at);
}

static int shim_write(sqlite3_file *file, const void *from, int length, sqlite3_int64 at)
{
    bool is_first = false;
    enum fault fault = fault_of_change(/* is_sync */ false, &is_first);
    if (fault != FAULT_NONE) {
        if (fault == FAULT_SHORT && is_first && length > 1) { /* torn in the middle */
            (void)real_of(file)->pMethods->xWrite(real_of(file), from, length / 2, at);
        }
        return fault == FAULT_WRITE_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return real_of(file)->pMethods->xWrite(real_of(file), from, length, at);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    bool is_first = false;
    if (fault_of_change(/* is_sync */ false, &is_first) != FAULT_NONE) {
        return SQLITE_IOERR_TRUNCATE;
    }
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    bool is_first = false;
    if (fault_of_change(/* is_sync */ true, &is_first) != FAULT_NONE) {
        return SQLITE_IOERR_FSYNC;
    }
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int shim_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int shim_check_lock(sqlite3_file *file, int *ret)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int shim_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int shim_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_device(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend,
                        void volatile **ret)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret);
}

static int shim_shm_lock(sqlite3_file *file, int at, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), at, count, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_shm_unmap(sqlite3_file *file, int is_deleted)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), is_deleted);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_lock,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector_size,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    (void)vfs;
    struct shim_file *shim = (struct shim_file *)file;
    shim->real = (sqlite3_file *)(shim + 1);
    int code = real_vfs->xOpen(real_vfs, name, shim->real, flags, ret_flags);
    shim->base.pMethods = shim->real->pMethods == NULL ? NULL : &shim_methods;
    return code;
}

static void install_shim(void)
{
    static sqlite3_vfs shim;
    real_vfs = sqlite3_vfs_find(NULL);
    shim = *real_vfs;
    shim.zName = "failing";
    shim.szOsFile += (int)sizeof(struct shim_file);
    shim.pNext = NULL;
    shim.xOpen = shim_open;
    assert_int_equal(SQLITE_OK, sqlite3_vfs_register(&shim, /* is_default */ 1));
}

static bool wait_until(bool (*is_so)(void))
{
    for (int i = 0; i < 3000 && !is_so(); i++) {
        (void)usleep(10000);
    }
    return is_so();
}

static void remove_log(const struct fixture *fixture)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[160];
        (void)snprintf(name, sizeof name, "%s%s", fixture->path, tails[i]);
        (void)unlink(name);
    }
}

/* Appends steps of three records, saves a snapshot now and then and prunes, until
 * something fails or `steps` are done. *ret_acknowledged: what was answered with ASG_OK.
 */
static enum asg_status work(struct asg_log *log, int steps, uint64_t *ret_acknowledged,
                            struct asg_error *error)
{
    char payload[3000];
    memset(payload, 'p', sizeof payload);
    enum asg_status status = ASG_OK;
    for (int i = 0; status == ASG_OK && i < steps; i++) {
        const struct asg_record records[] = {
            {.time_ms = i,
             .kind = "event",
             .payload = payload,
             .payload_length = sizeof payload},
            {.time_ms = i, .kind = "effects", .payload = "e", .payload_length = 1},
            {.time_ms = i, .kind = "decision", .subject = "web", .note = "so be it"},
        };
        status = asg_log_append(log, records, 3, NULL, error);
        if (status != ASG_OK) break;
        *ret_acknowledged += 3;
        if (i % 5 == 4) {
            status = asg_log_save_snapshot(log, asg_log_head(log).seq, payload,
                                           sizeof payload, error);
        }
        if (status == ASG_OK && i % 10 == 9) {
            struct asg_log_retention old = {
                .kind = "event", .older_than_ms = INT64_MAX, .now_ms = i};
            struct asg_log_pruned pruned = {0};
            status = asg_log_prune(log, &old, &pruned, error);
            if (status == ASG_OK && pruned.records > 0) *ret_acknowledged += 1;
        }
    }
    return status;
}

/* With a healthy disk again: everything acknowledged is there, and perhaps the one
 * append whose outcome nobody was told, whole. */
static void check_after_fault(const struct fixture *fixture, uint64_t acknowledged)
{
    mend_disk();
    struct asg_log *log = open_log(fixture);
    uint64_t head = asg_log_head(log).seq;
    if (head < acknowledged || head > acknowledged + 3) {
        fail_msg("%" PRIu64 " records acknowledged, %" PRIu64 " there", acknowledged,
                 head);
    }
    struct asg_log_verdict verdict = verify_good(log);
    assert_int_equal(head, verdict.record_count);
    append_step(log, 1);
    assert_int_equal(head + 3, verify_good(log).record_count);
    asg_log_close(&log);
}

static void fail_at_each_point(const struct fixture *fixture, enum fault fault,
                               enum asg_status expected)
{
    int64_t failures = 0;
    for (int64_t nth = 1;; nth++) {
        remove_log(fixture);
        struct asg_log *log = open_log(fixture);
        break_disk(fault, nth);
        uint64_t acknowledged = 0;
        struct asg_error error = {""};
        enum asg_status status = work(log, 12, &acknowledged, &error);
        bool has_failed = has_happened();
        if (has_failed) {
            failures++;
            assert_status(expected, status);
            assert_true(strlen(error.text) > 10);
            /* The disk is back, but memory may be ahead of it: still refused. */
            mend_disk();
            struct asg_record record = {.kind = "event"};
            struct asg_error again = {""};
            enum asg_status later = asg_log_append(log, &record, 1, NULL, &again);
            if (asg_log_broken(log) != ASG_OK) {
                assert_status(expected, later);
                assert_non_null(strstr(again.text, "opened again"));
            } else { /* only a full disk at a snapshot leaves the records going on */
                assert_status(ASG_ERR_FULL, status);
                assert_status(ASG_OK, later);
                acknowledged++;
            }
        } else {
            assert_status(ASG_OK, status);
        }
        asg_log_close(&log);
        check_after_fault(fixture, acknowledged);
        if (!has_failed) break;
    }
    print_message("failed at each of %" PRId64 " points\n", failures);
    assert_true(failures >= 12);
}

static void test_an_io_error_at_any_write_breaks_the_log_and_loses_nothing(void **state)
{
    fail_at_each_point(*state, FAULT_WRITE_EIO, ASG_ERR_IO);
}

static void test_a_torn_write_loses_nothing_acknowledged(void **state)
{
    fail_at_each_point(*state, FAULT_SHORT, ASG_ERR_IO);
}

static void test_a_full_disk_at_any_write_loses_nothing(void **state)
{
    fail_at_each_point(*state, FAULT_WRITE_FULL, ASG_ERR_FULL);
}

static void test_a_failed_fsync_breaks_the_log_for_good(void **state)
{
    fail_at_each_point(*state, FAULT_SYNC, ASG_ERR_IO);
}

static char much[200 * 4096];

/* The copy of the write-ahead log fails once, while the disk takes every append: what was
 * committed stands, and the log is refused from the moment that it is known. */
static void test_a_failed_checkpoint_stops_the_log_after_the_commit(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    struct asg_record big = {
        .kind = "event", .payload = much, .payload_length = sizeof much};
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_append(log, &big, 1, NULL, &error));
    /* This one makes a copy due; its own sync is the first. */
    big.payload_length = sizeof much / 2; /* 300 pages: time to copy */
    break_disk(FAULT_SYNC, 2);
    assert_status(ASG_OK, asg_log_append(log, &big, 1, NULL, &error));
    assert_true(wait_until(has_happened));
    mend_disk();
    big.payload_length = 1;
    uint64_t acknowledged = 2;
    enum asg_status status;
    while ((status = asg_log_append(log, &big, 1, NULL, &error)) == ASG_OK) {
        acknowledged++; /* the thread may not have told yet */
    }
    assert_status(ASG_ERR_IO, status);
    assert_status(ASG_ERR_IO, asg_log_broken(log));
    assert_non_null(strstr(error.text, "copy the write-ahead log"));
    asg_log_close(&log);
    check_after_fault(fixture, acknowledged);
}

/* Appends of 15 pages each, so that a copy is under way most of the time. */
static enum asg_status append_much(struct asg_log *log, int count,
                                   uint64_t *ret_acknowledged, struct asg_error *error)
{
    const struct asg_record record = {
        .kind = "event", .payload = much, .payload_length = 60000};
    enum asg_status status = ASG_OK;
    for (int i = 0; status == ASG_OK && i < count; i++) {
        status = asg_log_append(log, &record, 1, NULL, error);
        if (status == ASG_OK) (*ret_acknowledged)++;
    }
    return status;
}

static void test_a_disk_that_fails_beside_a_copy_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    static const enum fault faults[] = {FAULT_WRITE_EIO, FAULT_WRITE_FULL, FAULT_SYNC,
                                        FAULT_SHORT};
    int failures = 0;
    for (int i = 0; i < 16; i++) {
        remove_log(fixture);
        struct asg_log *log = open_log(fixture);
        enum fault fault = faults[i % 4];
        /* A commit makes some 36 writes and one sync; the first copy begins at the 14th.
         */
        break_disk(fault, fault == FAULT_SYNC ? 14 + 5 * i : (14 + 5 * i) * 36);
        uint64_t acknowledged = 0;
        struct asg_error error = {""};
        enum asg_status status = append_much(log, 400, &acknowledged, &error);
        if (status != ASG_OK) {
            failures++;
            assert_true(has_happened());
            assert_status(fault == FAULT_WRITE_FULL ? ASG_ERR_FULL : ASG_ERR_IO, status);
            assert_true(asg_log_broken(log) != ASG_OK);
        }
        asg_log_close(&log);
        check_after_fault(fixture, acknowledged);
    }
    assert_int_equal(16, failures);
}

static int64_t size_of_wal(const struct fixture *fixture)
{
    char name[160];
    (void)snprintf(name, sizeof name, "%s-wal", fixture->path);
    struct stat info;
    assert_int_equal(0, stat(name, &info));
    return info.st_size;
}

/* 36 MB through a write-ahead log that never holds more than 8,000 pages and what one
 * commit adds. */
static void test_the_write_ahead_log_stays_short_under_load(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    uint64_t acknowledged = 0;
    struct asg_error error = {""};
    assert_status(ASG_OK, append_much(log, 600, &acknowledged, &error));
    assert_true(size_of_wal(fixture) < INT64_C(8200) * (4096 + 24));
    assert_int_equal(600, verify_good(log).record_count);
    asg_log_close(&log);
}

/* While a reader needs an old state nothing newer may be copied; appends go on. */
static void test_a_reader_that_stays_holds_up_the_copy_and_not_the_appends(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    uint64_t acknowledged = 0;
    struct asg_error error = {""};
    assert_status(ASG_OK, append_much(log, 10, &acknowledged, &error));
    struct asg_log *reader = open_reader(fixture);
    struct asg_log_cursor *cursor = NULL;
    const struct asg_log_filter all = {0};
    struct asg_record record;
    assert_status(ASG_OK, asg_log_cursor_open(reader, &all, &cursor, &error));
    assert_status(ASG_OK, asg_log_cursor_next(cursor, &record, &error));
    assert_status(ASG_OK, append_much(log, 100, &acknowledged, &error));
    uint64_t count = 1;
    while (asg_log_cursor_next(cursor, &record, &error) == ASG_OK)
        count++;
    assert_int_equal(10, count);
    asg_log_cursor_close(&cursor);
    asg_log_close(&reader);
    int64_t before = size_of_wal(fixture);
    assert_status(ASG_OK, append_much(log, 600, &acknowledged, &error));
    int64_t after = size_of_wal(fixture);
    assert_true(after < before + INT64_C(8200) * (4096 + 24)); /* it began anew */
    assert_int_equal(710, verify_good(log).record_count);
    asg_log_close(&log);
}

static void test_a_disk_that_fails_while_a_log_is_created_leaves_none_or_a_whole_one(
    void **state)
{
    struct fixture *fixture = *state;
    static const enum fault faults[] = {FAULT_WRITE_EIO, FAULT_WRITE_FULL, FAULT_SYNC,
                                        FAULT_SHORT};
    for (size_t i = 0; i < 4; i++) {
        for (int64_t nth = 1;; nth++) {
            remove_log(fixture);
            break_disk(faults[i], nth);
            struct asg_log_options options = options_for(fixture);
            struct asg_log *log = NULL;
            struct asg_error error = {""};
            enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
            bool has_failed = has_happened();
            if (status == ASG_OK) asg_log_close(&log);
            if (has_failed && status != ASG_OK) assert_true(strlen(error.text) > 10);
            check_after_fault(fixture, 0);
            if (!has_failed) break;
        }
    }
}

/* A really full disk, where we may mount one. */
static void test_a_full_tmpfs_stops_the_log_and_room_lets_it_go_on(void **state)
{
    struct fixture *fixture = *state;
    char folder[80];
    (void)snprintf(folder, sizeof folder, "%s/small", fixture->folder);
    assert_int_equal(0, mkdir(folder, 0700));
    if (mount("none", folder, "tmpfs", 0, "size=12m") != 0) {
        print_message("cannot mount a tmpfs here (%s): skipped\n", strerror(errno));
        (void)rmdir(folder);
        skip();
    }
    struct fixture small = {{0}, {0}};
    (void)snprintf(small.path, sizeof small.path, "%s/log.db", folder);
    char filler[128];
    (void)snprintf(filler, sizeof filler, "%s/filler", folder);
    struct asg_log *log = open_log(&small);
    int file = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    static char megabyte[1 << 20];
    for (int i = 0; i < 6; i++)
        (void)!write(file, megabyte, sizeof megabyte);

    uint64_t acknowledged = 0;
    struct asg_error error = {""};
    enum asg_status status = work(log, 100000, &acknowledged, &error);
    assert_status(ASG_ERR_FULL, status);
    assert_non_null(strstr(error.text, "is full"));
    assert_int_equal(0, ftruncate(file, 0));
    (void)close(file);
    asg_log_close(&log);
    check_after_fault(&small, acknowledged);
    assert_int_equal(0, umount2(folder, MNT_DETACH));
    (void)rmdir(folder);
}

/* A snapshot that says of which record it is, a part a call: 40 parts, so that a killed
 * writer leaves most of them half written. */
static bool write_next_part(struct asg_log *log, struct asg_error *error)
{
    static char text[800];
    static struct asg_log_snapshot snapshot = {.is_complete = true};
    if (snapshot.is_complete) {
        bool has_more = true;
        while (has_more) {
            if (asg_log_drop_leftover(log, &has_more, error) != ASG_OK) return false;
        }
        snapshot = (struct asg_log_snapshot){.seq = asg_log_head(log).seq,
                                             .bytes = text,
                                             .length = sizeof text,
                                             .part_bytes = sizeof text / 40};
        (void)snprintf(text, sizeof text, "state at %" PRIu64, snapshot.seq);
        if (asg_log_hash_snapshot(log, &snapshot, error) != ASG_OK) return false;
    }
    return asg_log_write_snapshot(log, &snapshot, error) == ASG_OK;
}

/* The newest complete snapshot is good and of its own record. 0: there is none yet. */
static uint64_t newest_snapshot(struct asg_log *log)
{
    struct asg_bytes bytes = {0};
    struct asg_error error = {""};
    uint64_t seq = 0;
    enum asg_status status = asg_log_load_snapshot(log, 0, &bytes, &seq, &error);
    assert_string_equal("", error.text);
    if (status == ASG_ERR_EMPTY) return 0;
    assert_status(ASG_OK, status);
    char text[40];
    (void)snprintf(text, sizeof text, "state at %" PRIu64, seq);
    assert_string_equal(text, (const char *)bytes.data);
    asg_bytes_clear(&bytes);
    return seq;
}

static int leftovers_of(struct asg_log *log)
{
    int dropped = 0;
    for (bool has_more = true; has_more; dropped += has_more) {
        struct asg_error error = {""};
        assert_status(ASG_OK, asg_log_drop_leftover(log, &has_more, &error));
    }
    return dropped;
}

/* Appends until it is killed; tells each acknowledged sequence number by a pipe. */
static void append_and_tell(const struct fixture *fixture, int pipe_end)
{
    struct asg_log *log = open_log(fixture);
    for (int i = 0;; i++) {
        append_step(log, i);
        uint64_t ignored = 0;
        struct asg_error full;
        if (i % 4 == 0 && append_much(log, 1, &ignored, &full) != ASG_OK) _exit(1);
        uint64_t head = asg_log_head(log).seq;
        struct asg_error error;
        if (i % 2 == 1 && !write_next_part(log, &error)) _exit(1);
        if (write(pipe_end, &head, sizeof head) != (ssize_t)sizeof head) _exit(1);
    }
}

static void test_a_writer_killed_at_any_moment_loses_nothing_it_acknowledged(void **state)
{
    struct fixture *fixture = *state;
    uint64_t acknowledged = 0;
    uint64_t snapshot = 0;
    for (int round = 0; round < 12; round++) {
        int ends[2];
        assert_int_equal(0, pipe2(ends, O_CLOEXEC));
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) append_and_tell(fixture, ends[1]);
        (void)close(ends[1]);
        /* Let it get further each round, past a checkpoint in the end. */
        uint64_t wanted = acknowledged + (uint64_t)(round * round * 5) + 3;
        uint64_t told = 0;
        while (read(ends[0], &told, sizeof told) == (ssize_t)sizeof told) {
            acknowledged = told;
            if (acknowledged >= wanted) break;
        }
        assert_int_equal(0, kill(child, SIGKILL));
        while (read(ends[0], &told, sizeof told) == (ssize_t)sizeof told) {
            acknowledged = told;
        }
        (void)close(ends[0]);
        int ended = 0;
        assert_int_equal(child, waitpid(child, &ended, 0));
        assert_true(WIFSIGNALED(ended));

        struct asg_log *log = open_reader(fixture);
        uint64_t head = asg_log_head(log).seq;
        assert_true(head >= acknowledged && head <= acknowledged + 4); /* two commits */
        assert_int_equal(head, verify_good(log).record_count);
        uint64_t newest = newest_snapshot(log);
        assert_true(newest >= snapshot);
        snapshot = newest;
        asg_log_close(&log);
        acknowledged = head;
    }
    assert_true(acknowledged > 2000);
    assert_true(snapshot > 0);
    struct asg_log *log = open_log(fixture);
    assert_true(leftovers_of(log) > 0); /* some writer died in the middle of one */
    assert_int_equal(snapshot, newest_snapshot(log));
    (void)verify_good(log);
    asg_log_close(&log);
}

/* A part that the disk refuses: the older snapshot stays what a start would begin from.
 */
static void test_a_disk_that_fails_between_parts_leaves_the_older_snapshot(void **state)
{
    static const enum fault faults[] = {FAULT_WRITE_EIO, FAULT_WRITE_FULL, FAULT_SYNC,
                                        FAULT_SHORT};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        bool has_failed = true;
        for (int64_t nth = 1; has_failed; nth += 3) {
            remove_log(fixture);
            struct asg_log *log = open_log(fixture);
            append_step(log, 1);
            struct asg_error error = {""};
            assert_status(ASG_OK,
                          asg_log_save_snapshot(log, 3, "state at 3", 11, &error));
            append_step(log, 2);
            struct asg_log_snapshot newer = {
                .seq = 6, .bytes = "state at 6", .length = 11, .part_bytes = 2};
            assert_status(ASG_OK, asg_log_hash_snapshot(log, &newer, &error));
            break_disk(faults[i], nth);
            enum asg_status status = ASG_OK;
            while (status == ASG_OK && !newer.is_complete)
                status = asg_log_write_snapshot(log, &newer, &error);
            has_failed = has_happened();
            mend_disk();
            asg_log_close(&log);
            log = open_log(fixture);
            uint64_t newest = newest_snapshot(log);
            /* A commit whose sync failed may stand all the same. */
            assert_true(newest == 6 || (newest == 3 && status != ASG_OK));
            (void)leftovers_of(log);
            assert_int_equal(newest, newest_snapshot(log));
            assert_int_equal(6, verify_good(log).record_count);
            asg_log_close(&log);
        }
    }
}

/* Cut the closed file at many places: said, never a crash, never a shorter good log. */
static void test_a_file_cut_short_is_never_taken_for_a_good_one(void **state)
{
    struct fixture *fixture = *state;
    struct asg_log *log = open_log(fixture);
    for (int i = 0; i < 60; i++)
        append_step(log, i);
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_save_snapshot(log, 180, "state", 5, &error));
    asg_log_close(&log);
    FILE *file = fopen(fixture->path, "rb");
    static char bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    assert_true(size < sizeof bytes);

    size_t tried = 0;
    for (size_t cut = 0; cut < size; cut += cut % 4096 == 4095 ? 1 : 113) {
        file = fopen(fixture->path, "wb");
        (void)fwrite(bytes, 1, cut, file);
        (void)fclose(file);
        struct asg_log_options options = {.path = fixture->path, .is_immutable = true};
        enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
        if (status == ASG_OK) {
            struct asg_log_verdict verdict;
            status = asg_log_verify(log, 0, NULL, NULL, &verdict, &error);
            asg_log_close(&log);
        }
        if (status != ASG_ERR_CORRUPT) {
            fail_msg("cut at %zu of %zu: %s", cut, size, asg_status_text(status));
        }
        tried++;
    }
    assert_true(tried > 100);
}

/* Copies of the file and its write-ahead log as a killed writer leaves them, with 20
 * commits of one step in the write-ahead log. */
static void leave_wal_behind(const struct fixture *fixture)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct asg_log *log = open_log(fixture);
        for (int i = 0; i < 20; i++)
            append_step(log, i);
        (void)raise(SIGKILL);
    }
    int ended = 0;
    assert_int_equal(child, waitpid(child, &ended, 0));
    assert_true(WIFSIGNALED(ended));
}

static void test_a_bit_that_rots_in_the_write_ahead_log_is_not_taken_for_a_crash(
    void **state)
{
    struct fixture *fixture = *state;
    char name[160];
    (void)snprintf(name, sizeof name, "%s-wal", fixture->path);
    struct asg_log_options writer = options_for(fixture);
    struct asg_log_options reader = {.path = fixture->path, .is_read_only = true};
    /* The header, an early commit, one in the middle; the page or its frame header. */
    static const long places[] = {0, 9, 17, 25, 32, 40, 48, 2000, 32 + 5 * 4120L + 30};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        remove_log(fixture);
        leave_wal_behind(fixture);
        int file = open(name, O_RDWR | O_CLOEXEC);
        uint8_t byte = 0;
        assert_int_equal(1, pread(file, &byte, 1, places[i]));
        byte ^= 0x10;
        assert_int_equal(1, pwrite(file, &byte, 1, places[i]));
        (void)close(file);

        struct asg_log *log = NULL;
        struct asg_error error = {""};
        enum asg_status status = asg_log_open_sqlite(&reader, &log, &error);
        if (status == ASG_OK) {
            struct asg_log_verdict verdict;
            status = asg_log_verify(log, 0, NULL, NULL, &verdict, &error);
            assert_int_equal(ASG_LOG_FLAW_FILE, verdict.flaw);
            asg_log_close(&log);
            assert_status(ASG_OK, asg_log_open_sqlite(&reader, &log, &error));
            const struct asg_log_filter all = {.is_verified = true};
            struct asg_log_cursor *cursor = NULL;
            assert_status(ASG_ERR_CORRUPT,
                          asg_log_cursor_open(log, &all, &cursor, &error));
            asg_log_close(&log);
        }
        assert_status(ASG_ERR_CORRUPT, status);
        assert_non_null(strstr(error.text, "write-ahead log"));
        assert_status(ASG_ERR_CORRUPT, asg_log_open_sqlite(&writer, &log, &error));
        assert_non_null(strstr(error.text, "write-ahead log"));
    }
}

/* A copy with its write-ahead log is not read as if that were not there. */
static void test_an_immutable_read_refuses_a_write_ahead_log_with_commits(void **state)
{
    struct fixture *fixture = *state;
    leave_wal_behind(fixture);
    const struct asg_log_options options = {.path = fixture->path, .is_immutable = true};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    assert_status(ASG_ERR_CONFLICT, asg_log_open_sqlite(&options, &log, &error));
    assert_non_null(strstr(error.text, "the newest records would be left out"));
    log = open_log(fixture); /* its writer puts them in the file, and closes it */
    asg_log_close(&log);
    assert_status(ASG_OK, asg_log_open_sqlite(&options, &log, &error));
    assert_int_equal(60, asg_log_head(log).seq);
    asg_log_close(&log);
}

/* Power fails while the last commit is written: its pages may be there in any mixture. */
static void test_a_torn_last_commit_is_a_crash_and_costs_only_itself(void **state)
{
    struct fixture *fixture = *state;
    char name[160];
    (void)snprintf(name, sizeof name, "%s-wal", fixture->path);
    leave_wal_behind(fixture);
    struct asg_log *log = open_reader(fixture);
    assert_int_equal(60, asg_log_head(log).seq);
    asg_log_close(&log);

    /* The last frame is the last one that is not zero. */
    int file = open(name, O_RDWR | O_CLOEXEC);
    long frames = 0;
    uint32_t page = 0;
    while (pread(file, &page, 4, 32 + frames * 4120) == 4 && page != 0)
        frames++;
    assert_true(frames > 20);
    static const char zeros[2000];
    assert_int_equal(sizeof zeros,
                     pwrite(file, zeros, sizeof zeros, 32 + (frames - 1) * 4120 + 2000));
    (void)close(file);
    check_after_fault(fixture, 57);
}

static int set_up(void **state)
{
    disk = (struct disk){0};
    return fixture_set_up(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)

int main(void)
{
    install_shim();
    const struct CMUnitTest tests[] = {
        TEST(test_an_io_error_at_any_write_breaks_the_log_and_loses_nothing),
        TEST(test_a_torn_write_loses_nothing_acknowledged),
        TEST(test_a_full_disk_at_any_write_loses_nothing),
        TEST(test_a_failed_fsync_breaks_the_log_for_good),
        TEST(test_a_failed_checkpoint_stops_the_log_after_the_commit),
        TEST(test_a_disk_that_fails_beside_a_copy_loses_nothing),
        TEST(test_the_write_ahead_log_stays_short_under_load),
        TEST(test_a_reader_that_stays_holds_up_the_copy_and_not_the_appends),
        TEST(test_a_disk_that_fails_while_a_log_is_created_leaves_none_or_a_whole_one),
        TEST(test_a_full_tmpfs_stops_the_log_and_room_lets_it_go_on),
        TEST(test_a_writer_killed_at_any_moment_loses_nothing_it_acknowledged),
        TEST(test_a_disk_that_fails_between_parts_leaves_the_older_snapshot),
        TEST(test_a_bit_that_rots_in_the_write_ahead_log_is_not_taken_for_a_crash),
        TEST(test_an_immutable_read_refuses_a_write_ahead_log_with_commits),
        TEST(test_a_torn_last_commit_is_a_crash_and_costs_only_itself),
        TEST(test_a_file_cut_short_is_never_taken_for_a_good_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
