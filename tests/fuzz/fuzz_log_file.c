/* fuzz_log_file - any bytes as a log file: opening, verifying and reading may refuse,
 * and never crash, hang or leak. When verify says that all is well, everything can be
 * read.
 *
 * Input: the first byte says what the rest is.
 *   even: edits of a good log, 4 bytes each: place (3 bytes, modulo the size), new byte
 *   odd:  the bits of 1: the file itself (otherwise it is good); 2: its write-ahead log
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];
static char path[96];
static char wal_path[100];
static uint8_t *good; /* a small log: two steps, a snapshot, a pruned payload */
static size_t good_size;

static void must(bool ok)
{
    if (!ok) abort();
}

static void remove_files(void)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < 4; i++) {
        char name[110];
        (void)snprintf(name, sizeof name, "%s%s", path, tails[i]);
        (void)unlink(name);
    }
    (void)rmdir(folder);
    free(good);
}

static void read_good(void)
{
    FILE *file = fopen(path, "rb");
    must(file != NULL);
    good = asg_alloc(1, 1 << 20);
    good_size = fread(good, 1, 1 << 20, file);
    must(good_size > 4096 && good_size < 1 << 20);
    (void)fclose(file);
}

static void set_up(void)
{
    (void)snprintf(folder, sizeof folder, "/dev/shm/asg-fuzz-XXXXXX");
    must(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/log", folder);
    (void)snprintf(wal_path, sizeof wal_path, "%s-wal", path);
    (void)atexit(remove_files);
    struct asg_log_options options = {.path = path, .cluster_id = "fuzz", .now_ms = 1};
    struct asg_log *log = NULL;
    must(asg_log_open_sqlite(&options, &log, NULL) == ASG_OK);
    const struct asg_record records[] = {
        {.time_ms = 1, .kind = "event", .payload = "payload", .payload_length = 7},
        {.time_ms = 1, .kind = "decision", .subject = "web", .note = "propose 7 (now 4)"},
        {.time_ms = 2, .kind = "event", .payload = "more", .payload_length = 4},
        {.time_ms = 2, .kind = "decision", .subject = "db", .note = "nothing to do"},
    };
    struct asg_log_retention retention = {.kind = "event", .older_than_ms = 3};
    must(asg_log_append(log, records, 4, NULL, NULL) == ASG_OK);
    must(asg_log_save_snapshot(log, 2, "state", 5, NULL) == ASG_OK);
    must(asg_log_prune(log, &retention, NULL, NULL) == ASG_OK);
    asg_log_close(&log);
    read_good();
}

static void write_file(const char *name, const uint8_t *bytes, size_t size)
{
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(file >= 0);
    if (size > 0) must(write(file, bytes, size) == (ssize_t)size);
    (void)close(file);
}

static void write_edited(const uint8_t *data, size_t size)
{
    uint8_t *bytes = asg_alloc(1, good_size);
    memcpy(bytes, good, good_size);
    for (size_t i = 0; i + 4 <= size; i += 4) {
        size_t place = (size_t)data[i] << 16 | (size_t)data[i + 1] << 8 | data[i + 2];
        bytes[place % good_size] = data[i + 3];
    }
    write_file(path, bytes, good_size);
    free(bytes);
}

/* Only after verify found nothing: then nothing may fail any more. */
static void read_all(struct asg_log *log)
{
    static const struct asg_log_filter filters[] = {
        {0}, {.kind = "decision", .subject = "web"}, {.kind = "prune"}};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct asg_log_cursor *cursor = NULL;
        must(asg_log_cursor_open(log, &filters[i], &cursor, NULL) == ASG_OK);
        struct asg_record record;
        enum asg_status status;
        while ((status = asg_log_cursor_next(cursor, &record, NULL)) == ASG_OK)
            continue;
        must(status == ASG_ERR_EMPTY);
        asg_log_cursor_close(&cursor);
    }
    struct asg_bytes snapshot = {0};
    uint64_t seq = 0;
    enum asg_status status = asg_log_load_snapshot(log, 0, &snapshot, &seq, NULL);
    must(status == ASG_OK || status == ASG_ERR_EMPTY);
    asg_bytes_clear(&snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (good == NULL) set_up();
    if (size == 0) return 0;
    bool is_edit = (data[0] & 1) == 0;
    bool is_wal = !is_edit && (data[0] & 2) != 0;
    (void)unlink(wal_path);
    if (is_edit) write_edited(data + 1, size - 1);
    if (is_wal) write_file(path, good, good_size);
    if (is_wal) write_file(wal_path, data + 1, size - 1);
    if (!is_edit && !is_wal) write_file(path, data + 1, size - 1);

    struct asg_log_options options = {
        .path = path, .is_read_only = true, .is_immutable = !is_wal};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    struct asg_log_verdict verdict;
    enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
    if (status != ASG_OK) {
        must(error.text[0] != '\0');
        if (status != ASG_ERR_CORRUPT) return 0;
        asg_log_explain_damage(&options, &error, &verdict);
        must(verdict.what[0] != '\0' && verdict.advice[0] != '\0');
        return 0;
    }
    status = asg_log_verify(log, 0, NULL, NULL, &verdict, &error);
    must((status == ASG_ERR_CORRUPT) == (verdict.flaw != ASG_LOG_FLAW_NONE));
    if (status == ASG_OK) read_all(log);
    asg_log_close(&log);
    return 0;
}
