/* Every command that reads a log, on logs that are damaged: each ends with a word or with
 * what the log truly says, none crashes, and the file stays as it was.
 * ASG_SEED=n repeats a run. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "lib/check.h"
#include "lib/seed.h"
#include "unit/cli/make_log.h"
#include "unit/cli/run_line.h"

#define FLIPS    150
#define CUTS     40
#define PAYLOADS 200

struct file {
    char path[128];
    uint8_t *bytes;
    size_t size;
};

static const char *const lines[] = {
    "log verify %s --immutable --states",
    "log tail %s --immutable -n 1000",
    "log export %s --immutable",
    "log export %s --immutable --format csv",
    "log export %s --immutable --sqlite %s.db",
    "log sign %s --immutable --key %s.key",
    "replay %s --immutable",
    "replay %s --immutable --no-verify --from 20 --to 60",
    "replay %s --immutable --at 2026-11-23T14:37:00Z",
    "replay %s --immutable --step -o json",
    "what-if %s --immutable --group web -o json",
};

static void write_bytes(const struct file *file, const uint8_t *bytes, size_t size)
{
    int out = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out >= 0);
    assert_int_equal(size, write(out, bytes, size));
    assert_int_equal(0, close(out));
}

static void check_same(const struct file *file, const uint8_t *bytes, size_t size,
                       const char *line)
{
    FILE *in = fopen(file->path, "rb");
    assert_non_null(in);
    uint8_t *now = malloc(size + 1);
    assert_non_null(now);
    size_t length = fread(now, 1, size + 1, in);
    (void)fclose(in);
    if (length != size || memcmp(now, bytes, size) != 0) fail_msg("%s wrote", line);
    free(now);
}

static void try_all(const struct file *file, const uint8_t *bytes, size_t size,
                    struct said *said)
{
    write_bytes(file, bytes, size);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char line[512];
        (void)snprintf(line, sizeof line, lines[i], file->path, file->path);
        run_line(said, line);
        bool is_known = said->code == ASG_EXIT_OK || said->code == ASG_EXIT_FAILED ||
                        said->code == ASG_EXIT_NOT_VERIFIED ||
                        said->code == ASG_EXIT_DIFFERS;
        if (!is_known) fail_msg("%s: exit %d: %s", line, said->code, said->err);
        bool is_silent = said->err[0] == '\0' && said->out[0] == '\0';
        if (said->code != ASG_EXIT_OK && is_silent) fail_msg("%s: no word", line);
        check_same(file, bytes, size, line);
        char tables[160];
        (void)snprintf(tables, sizeof tables, "%s.db", file->path);
        (void)unlink(tables);
    }
}

static void load(struct file *file, const struct world *world)
{
    FILE *in = fopen(world->path, "rb");
    assert_non_null(in);
    struct stat about;
    assert_int_equal(0, fstat(fileno(in), &about));
    file->size = (size_t)about.st_size;
    file->bytes = malloc(file->size);
    assert_non_null(file->bytes);
    assert_int_equal(file->size, fread(file->bytes, 1, file->size, in));
    (void)fclose(in);
    (void)snprintf(file->path, sizeof file->path, "%s/damaged.log", world->folder);
}

static void test_no_command_crashes_on_a_damaged_log(void **state)
{
    (void)state;
    struct seed seed = seed_new("damaged logs");
    struct world world;
    begin_world(&world);
    play_a_day(&world);
    save_snapshot(&world);
    asg_log_close(&world.log);
    struct file file = {.size = 0};
    struct said said = {0};
    load(&file, &world);
    try_all(&file, file.bytes, file.size, &said);
    for (int i = 0; i < FLIPS; i++) {
        size_t at = seed_below(&seed, file.size);
        /* most of a page is empty: look for something */
        while (file.bytes[at] == 0)
            at = (at + 1) % file.size;
        uint8_t bit = (uint8_t)(1U << seed_below(&seed, 8));
        file.bytes[at] ^= bit;
        try_all(&file, file.bytes, file.size, &said);
        file.bytes[at] ^= bit;
    }
    for (int i = 0; i < CUTS; i++)
        try_all(&file, file.bytes, seed_below(&seed, file.size), &said);
    clear_said(&said);
    free(file.bytes);
    end_world(&world);
}

/* A bit of an event's payload, which the chain would show and is not asked for. */
static void flip_payload(sqlite3 *db, struct seed *seed)
{
    sqlite3_stmt *one = NULL;
    assert_int_equal(SQLITE_OK,
                     sqlite3_prepare_v2(db,
                                        "SELECT seq, payload FROM records WHERE kind IN "
                                        "('event', 'metrics') AND length(payload) > 0 "
                                        "ORDER BY seq LIMIT 1 OFFSET ?",
                                        -1, &one, NULL));
    do { /* until there is one of that number */
        (void)sqlite3_reset(one);
        (void)sqlite3_bind_int64(one, 1, (sqlite3_int64)seed_below(seed, 64));
    } while (sqlite3_step(one) != SQLITE_ROW);
    int size = sqlite3_column_bytes(one, 1);
    uint8_t *bytes = malloc((size_t)size);
    assert_non_null(bytes);
    memcpy(bytes, sqlite3_column_blob(one, 1), (size_t)size);
    bytes[seed_below(seed, (uint64_t)size)] ^= (uint8_t)(1U << seed_below(seed, 8));
    sqlite3_int64 seq = sqlite3_column_int64(one, 0);
    (void)sqlite3_finalize(one);
    assert_int_equal(
        SQLITE_OK, sqlite3_prepare_v2(db, "UPDATE records SET payload = ? WHERE seq = ?",
                                      -1, &one, NULL));
    (void)sqlite3_bind_blob(one, 1, bytes, size, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(one, 2, seq);
    assert_int_equal(SQLITE_DONE, sqlite3_step(one));
    (void)sqlite3_finalize(one);
    free(bytes);
}

/* What core is given there is an event that decodes and means nonsense. */
static void test_no_altered_event_ends_a_replay_that_does_not_verify(void **state)
{
    (void)state;
    struct seed seed = seed_new("damaged logs");
    struct world world;
    begin_world(&world);
    play_a_day(&world);
    asg_log_close(&world.log);
    struct file file = {.size = 0};
    struct said said = {0};
    load(&file, &world);
    for (int i = 0; i < PAYLOADS; i++) {
        write_bytes(&file, file.bytes, file.size);
        sqlite3 *db = NULL;
        assert_int_equal(SQLITE_OK, sqlite3_open(file.path, &db));
        assert_int_equal(SQLITE_OK, sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL,
                                                 NULL, NULL));
        flip_payload(db, &seed);
        assert_int_equal(SQLITE_OK, sqlite3_close(db));
        char line[256];
        (void)snprintf(line, sizeof line, "replay %s --immutable --no-verify", file.path);
        run_line(&said, line);
        bool is_known = said.code == ASG_EXIT_OK || said.code == ASG_EXIT_FAILED ||
                        said.code == ASG_EXIT_NOT_VERIFIED ||
                        said.code == ASG_EXIT_DIFFERS;
        if (!is_known) fail_msg("%s: exit %d: %s", line, said.code, said.err);
    }
    clear_said(&said);
    free(file.bytes);
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_command_crashes_on_a_damaged_log),
        cmocka_unit_test(test_no_altered_event_ends_a_replay_that_does_not_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
