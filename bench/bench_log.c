/* bench_log - what the log costs: durable commits, reading, verifying, pruning.
 *
 * Usage: bench_log [FOLDER] (default /var/tmp; a real disk, or fsync costs nothing).
 * Each round takes every row once, one after the other, so that a noisy minute hits all
 * of them. Prints one line a row: name median min max unit. The references run in the
 * same process: an overwrite of 4 KB with fdatasync for commits, and a bare SQLite SELECT
 * that hashes each payload for verify (docs/performance.md, G6 and G12).
 */
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/arena.h"
#include "base/clock.h"
#include "crypto/crypto.h"
#include "store/log.h"
#include "rows.h"

#define ROUNDS         5
#define COMMIT_US      1000000 /* time for each commit row of a round */
#define SCAN_RECORDS   300000
#define PAYLOAD_BYTES  200
#define OVERWRITE_SIZE 4096

struct row {
    const char *name;
    const char *unit;
    double values[ROUNDS];
};

struct bench {
    struct asg_clock clock;
    char folder[512];
    char commit_path[600];
    char scan_path[600];
    char raw_path[600];
    struct asg_log *log;  /* written by the commit rows */
    struct asg_log *scan; /* read by the others */
    int raw;
};

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_log: %s: %s\n", what, why);
    exit(1);
}

static int64_t now_us(const struct bench *bench)
{
    return asg_clock_monotonic_us(&bench->clock);
}

static const uint8_t payload[PAYLOAD_BYTES] = {1, 2, 3};

/* As the controller writes them: event, effects, decision, event, ... */
static void fill(struct asg_record *records, size_t count)
{
    static const struct asg_record step[] = {
        {.kind = "event", .payload = payload, .payload_length = PAYLOAD_BYTES},
        {.kind = "effects", .payload = payload, .payload_length = PAYLOAD_BYTES},
        {.kind = "decision",
         .subject = "web",
         .note = "cpu mean 82.5 % over 60 s, target 50 %: propose 7 (now 4)"},
    };
    for (size_t i = 0; i < count; i++) {
        records[i] = step[i % 3];
        records[i].time_ms = INT64_C(1795442400000) + (int64_t)i;
    }
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

#define TIMES_MAX 200000

struct commit_figures {
    double per_second; /* records */
    double p50_us;
    double p99_us;
};

static struct commit_figures figures(uint32_t *times, size_t count, size_t batch,
                                     int64_t spent_us)
{
    qsort(times, count, sizeof times[0], compare_u32);
    return (struct commit_figures){
        .per_second = (double)(count * batch) * 1e6 / (double)spent_us,
        .p50_us = times[count / 2],
        .p99_us = times[count * 99 / 100],
    };
}

static struct commit_figures commit(const struct bench *bench, size_t batch)
{
    static uint32_t times[TIMES_MAX];
    static struct asg_record records[1024];
    fill(records, batch);
    size_t count = 0;
    int64_t start = now_us(bench);
    int64_t last = start;
    while (last - start < COMMIT_US && count < TIMES_MAX) {
        struct asg_error error = {""};
        if (asg_log_append(bench->log, records, batch, NULL, &error) != ASG_OK) {
            die("append", error.text);
        }
        int64_t now = now_us(bench);
        times[count++] = (uint32_t)(now - last);
        last = now;
    }
    return figures(times, count, batch, last - start);
}

/* The disk's own limit: overwrite written blocks, then fdatasync. */
static struct commit_figures overwrite(const struct bench *bench)
{
    static uint32_t times[TIMES_MAX];
    static const char block[OVERWRITE_SIZE] = {1};
    size_t count = 0;
    int64_t start = now_us(bench);
    int64_t last = start;
    while (last - start < COMMIT_US && count < TIMES_MAX) {
        off_t at = (off_t)(count % 1000) * OVERWRITE_SIZE;
        if (pwrite(bench->raw, block, sizeof block, at) != (ssize_t)sizeof block ||
            fdatasync(bench->raw) != 0) {
            die("overwrite", "the disk failed");
        }
        int64_t now = now_us(bench);
        times[count++] = (uint32_t)(now - last);
        last = now;
    }
    return figures(times, count, 1, last - start);
}

/* A million records a second is 1. */
static double million_rate(uint64_t count, int64_t spent_us)
{
    return (double)count / (double)spent_us;
}

enum bare { BARE_SCAN, BARE_SHA, BARE_CHAIN };

/* What SQLite and OpenSSL alone take: read every payload, hash it or chain it. */
static double bare(const struct bench *bench, enum bare what)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    if (sqlite3_open_v2(bench->scan_path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "SELECT payload FROM records ORDER BY seq", -1, &rows,
                           NULL) != SQLITE_OK) {
        die("bare scan", sqlite3_errmsg(db));
    }
    struct asg_hasher *hasher = NULL;
    asg_hasher_new(&hasher);
    uint8_t hash[ASG_SHA256_BYTES] = {0};
    uint64_t count = 0;
    int64_t start = now_us(bench);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(rows, 0);
        size_t length = (size_t)sqlite3_column_bytes(rows, 0);
        count++;
        if (what == BARE_SCAN) continue;
        asg_hasher_begin(hasher);
        if (what == BARE_CHAIN) asg_hasher_update(hasher, hash, sizeof hash);
        asg_hasher_update(hasher, bytes, length);
        asg_hasher_end(hasher, hash);
    }
    double rate = million_rate(count, now_us(bench) - start);
    assert(count == SCAN_RECORDS);
    asg_hasher_destroy(&hasher);
    (void)sqlite3_finalize(rows);
    (void)sqlite3_close(db);
    return rate;
}

static double read_all(const struct bench *bench, bool is_verified)
{
    struct asg_log_filter filter = {.is_verified = is_verified};
    struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {""};
    int64_t start = now_us(bench);
    if (asg_log_cursor_open(bench->scan, &filter, &cursor, &error) != ASG_OK) {
        die("read", error.text);
    }
    struct asg_record record;
    uint64_t count = 0;
    enum asg_status status;
    while ((status = asg_log_cursor_next(cursor, &record, &error)) == ASG_OK)
        count++;
    if (status != ASG_ERR_EMPTY) die("read", error.text);
    asg_log_cursor_close(&cursor);
    assert(count == SCAN_RECORDS);
    return million_rate(count, now_us(bench) - start);
}

static double verify(const struct bench *bench)
{
    struct asg_log_verdict verdict;
    struct asg_error error = {""};
    int64_t start = now_us(bench);
    if (asg_log_verify(bench->scan, 0, NULL, NULL, &verdict, &error) != ASG_OK) {
        die("verify", error.text);
    }
    return million_rate(verdict.record_count, now_us(bench) - start);
}

static double explain(const struct bench *bench)
{
    struct asg_log_filter filter = {
        .kind = "decision", .subject = "web", .is_newest_first = true, .limit = 50};
    struct asg_error error = {""};
    int64_t start = now_us(bench);
    for (int i = 0; i < 100; i++) {
        struct asg_log_cursor *cursor = NULL;
        struct asg_record record;
        if (asg_log_cursor_open(bench->scan, &filter, &cursor, &error) != ASG_OK) {
            die("explain", error.text);
        }
        while (asg_log_cursor_next(cursor, &record, &error) == ASG_OK)
            continue;
        asg_log_cursor_close(&cursor);
    }
    return (double)(now_us(bench) - start) / 100;
}

static struct asg_log *open_or_die(const char *path, bool is_read_only)
{
    struct asg_log_options options = {
        .path = path, .cluster_id = "bench", .is_read_only = is_read_only};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    if (asg_log_open_sqlite(&options, &log, &error) != ASG_OK) die("open", error.text);
    return log;
}

static void set_up(struct bench *bench, const char *where)
{
    bench->clock = asg_clock_real();
    (void)snprintf(bench->folder, sizeof bench->folder, "%s/bench-log-XXXXXX", where);
    if (mkdtemp(bench->folder) == NULL) die(where, "cannot make a folder there");
    (void)snprintf(bench->commit_path, sizeof bench->commit_path, "%s/commit.db",
                   bench->folder);
    (void)snprintf(bench->scan_path, sizeof bench->scan_path, "%s/scan.db",
                   bench->folder);
    (void)snprintf(bench->raw_path, sizeof bench->raw_path, "%s/raw", bench->folder);
    bench->log = open_or_die(bench->commit_path, false);

    struct asg_log *scan = open_or_die(bench->scan_path, false);
    struct asg_record *records = asg_alloc(SCAN_RECORDS, sizeof *records);
    fill(records, SCAN_RECORDS);
    struct asg_error error = {""};
    for (size_t at = 0; at < SCAN_RECORDS; at += 1000) {
        if (asg_log_append(scan, records + at, 1000, NULL, &error) != ASG_OK) {
            die("fill", error.text);
        }
    }
    free(records);
    asg_log_close(&scan);
    bench->scan = open_or_die(bench->scan_path, true);

    bench->raw = open(bench->raw_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    static const char block[OVERWRITE_SIZE] = {0};
    for (int i = 0; i < 1000; i++) {
        if (write(bench->raw, block, sizeof block) < 0) die("fill", "the disk failed");
    }
    (void)fsync(bench->raw);
}

static void tear_down(struct bench *bench)
{
    asg_log_close(&bench->log);
    asg_log_close(&bench->scan);
    (void)close(bench->raw);
    const char *const paths[] = {bench->commit_path, bench->scan_path, bench->raw_path};
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 4; j++) {
            char name[700];
            (void)snprintf(name, sizeof name, "%s%s", paths[i], tails[j]);
            (void)unlink(name);
        }
    }
    (void)rmdir(bench->folder);
}

static void run_commits(const struct bench *bench, struct row *rows, int round)
{
    static const size_t batches[] = {1, 3, 64, 1024};
    struct commit_figures raw = overwrite(bench);
    rows[0].values[round] = raw.per_second;
    rows[1].values[round] = raw.p50_us;
    for (size_t i = 0; i < 4; i++) {
        struct commit_figures got = commit(bench, batches[i]);
        rows[2 + 3 * i].values[round] = got.per_second;
        rows[3 + 3 * i].values[round] = got.p50_us;
        rows[4 + 3 * i].values[round] = got.p99_us;
    }
    rows[14].values[round] = raw.p50_us / rows[3].values[round];
}

static void run_reads(const struct bench *bench, struct row *rows, int round)
{
    rows[0].values[round] = bare(bench, BARE_SCAN);
    rows[1].values[round] = bare(bench, BARE_SHA);
    rows[2].values[round] = bare(bench, BARE_CHAIN);
    rows[3].values[round] = read_all(bench, false);
    rows[4].values[round] = read_all(bench, true);
    rows[5].values[round] = verify(bench);
    rows[6].values[round] = rows[4].values[round] / rows[1].values[round];
    rows[7].values[round] = rows[5].values[round] / rows[1].values[round];
    rows[8].values[round] = rows[4].values[round] / rows[2].values[round];
    rows[9].values[round] = explain(bench);
}

int main(int argc, char **argv)
{
    static struct row commits[] = {
        {.name = "raw_overwrite", .unit = "fdatasync/s"},
        {.name = "raw_overwrite_p50", .unit = "us"},
        {.name = "commit_1", .unit = "records/s"},
        {.name = "commit_1_p50", .unit = "us"},
        {.name = "commit_1_p99", .unit = "us"},
        {.name = "commit_3", .unit = "records/s"},
        {.name = "commit_3_p50", .unit = "us"},
        {.name = "commit_3_p99", .unit = "us"},
        {.name = "commit_64", .unit = "records/s"},
        {.name = "commit_64_p50", .unit = "us"},
        {.name = "commit_64_p99", .unit = "us"},
        {.name = "commit_1024", .unit = "records/s"},
        {.name = "commit_1024_p50", .unit = "us"},
        {.name = "commit_1024_p99", .unit = "us"},
        {.name = "raw_to_commit_1_p50", .unit = "x"},
    };
    static struct row reads[] = {
        {.name = "bare_scan", .unit = "M/s"},
        {.name = "bare_scan_sha256", .unit = "M/s"},
        {.name = "bare_scan_chain", .unit = "M/s"},
        {.name = "read", .unit = "M/s"},
        {.name = "read_verified", .unit = "M/s"},
        {.name = "verify", .unit = "M/s"},
        {.name = "read_verified_to_bare_sha256", .unit = "x"},
        {.name = "verify_to_bare_sha256", .unit = "x"},
        {.name = "read_verified_to_bare_chain", .unit = "x"},
        {.name = "explain_50", .unit = "us"},
    };
    struct bench bench = {.raw = -1};
    set_up(&bench, argc > 1 ? argv[1] : "/var/tmp");
    for (int round = 0; round < ROUNDS; round++) {
        run_commits(&bench, commits, round);
        run_reads(&bench, reads, round);
    }
    for (size_t i = 0; i < sizeof commits / sizeof commits[0]; i++) {
        (void)bench_row(commits[i].name, commits[i].values, ROUNDS, commits[i].unit, "");
    }
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        (void)bench_row(reads[i].name, reads[i].values, ROUNDS, reads[i].unit, "");
    }
    tear_down(&bench);
    return 0;
}
