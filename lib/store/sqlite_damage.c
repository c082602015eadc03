#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/log_sqlite.h"
#include "store/sqlite_db.h"
#include "store/verify_records.h"

#define HEADER_BYTES 32 /* of SQLite's, as far as it is read here */

/* Bytes that a file has, and that its first page says it has; false: no such page. */
static bool read_sizes(const char *path, int64_t *ret_there, int64_t *ret_wanted)
{
    struct stat about;
    uint8_t header[HEADER_BYTES];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return false;
    bool is_read = fstat(file, &about) == 0 &&
                   pread(file, header, sizeof header, 0) == (ssize_t)sizeof header;
    (void)close(file);
    if (!is_read || memcmp(header, "SQLite format 3", 16) != 0) return false;
    int64_t page_bytes = header[16] << 8 | header[17];
    uint32_t pages = (uint32_t)header[28] << 24 | (uint32_t)header[29] << 16 |
                     (uint32_t)header[30] << 8 | header[31];
    *ret_there = (int64_t)about.st_size;
    *ret_wanted = page_bytes * pages;
    return true;
}

/* The last record that can be reached from the first one; 0: none. */
static uint64_t last_readable(sqlite3 *db)
{
    /* With this flag SQLite opens a file that is shorter than it says. */
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, NULL);
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *rows = NULL;
    uint64_t last = 0;
    if (asg_sqlite_prepare(db, "SELECT seq FROM records NOT INDEXED ORDER BY seq", &rows,
                           NULL) != ASG_OK) {
        return 0;
    }
    while (sqlite3_step(rows) == SQLITE_ROW) {
        int64_t seq = sqlite3_column_int64(rows, 0);
        if (seq != (int64_t)last + 1) break;
        last++;
    }
    return last;
}

void asg_log_explain_damage(const struct asg_log_options *options,
                            const struct asg_error *error, struct asg_log_verdict *ret)
{
    *ret = (struct asg_log_verdict){0};
    struct asg_log_flaw_found flaw = {0};
    int64_t there = 0;
    int64_t wanted = 0;
    sqlite3 *db = NULL;
    if (read_sizes(options->path, &there, &wanted) && there < wanted &&
        asg_sqlite_open(options->path, ASG_SQLITE_IMMUTABLE, &db, NULL) == ASG_OK) {
        uint64_t last = last_readable(db);
        asg_sqlite_close(&db);
        (void)asg_flaw_set(&flaw, ASG_LOG_FLAW_FILE, last + 1,
                           "the file is cut short (%" PRId64 " of %" PRId64
                           " bytes): record %" PRIu64 " cannot be read, nor what follows",
                           there, wanted, last + 1);
    } else {
        (void)asg_flaw_set(&flaw, ASG_LOG_FLAW_FILE, 0, "%.240s", error->text);
    }
    asg_log_condemn(ret, &flaw);
}
