#include "store/sqlite_wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/sqlite_file.h"

#define HEADER_SIZE       32
#define FRAME_HEADER_SIZE 24
#define MAGIC             0x377f0682U /* the lowest bit: words are big-endian */

struct checksum {
    uint32_t first, second;
};

struct wal {
    int file;
    uint8_t header[HEADER_SIZE];
    bool is_big_endian;
    uint32_t page_size;
    struct checksum sum;
    uint8_t *frame;
};

static void close_wal(struct wal *wal)
{
    if (wal->file >= 0) (void)close(wal->file);
    free(wal->frame);
}

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t little_endian(const uint8_t *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void add_up(const struct wal *wal, struct checksum *sum, const uint8_t *bytes,
                   size_t length)
{
    for (size_t i = 0; i + 8 <= length; i += 8) {
        uint32_t a =
            wal->is_big_endian ? big_endian(bytes + i) : little_endian(bytes + i);
        uint32_t b =
            wal->is_big_endian ? big_endian(bytes + i + 4) : little_endian(bytes + i + 4);
        sum->first += a + sum->second;
        sum->second += b + sum->first;
    }
}

static bool is_sum(const struct checksum *sum, const uint8_t *stored)
{
    return sum->first == big_endian(stored) && sum->second == big_endian(stored + 4);
}

/* False: nothing was ever written, or the file ends before a whole header. */
static bool read_header(struct wal *wal)
{
    static const uint8_t zeros[HEADER_SIZE];
    ssize_t length = pread(wal->file, wal->header, HEADER_SIZE, 0);
    return length == HEADER_SIZE && memcmp(wal->header, zeros, HEADER_SIZE) != 0;
}

static bool check_header(struct wal *wal)
{
    uint32_t magic = big_endian(wal->header);
    wal->is_big_endian = (magic & 1U) != 0;
    wal->page_size = big_endian(wal->header + 8);
    wal->sum = (struct checksum){0};
    add_up(wal, &wal->sum, wal->header, HEADER_SIZE - 8);
    return (magic & ~1U) == MAGIC && is_sum(&wal->sum, wal->header + HEADER_SIZE - 8) &&
           wal->page_size >= 512 && wal->page_size <= 65536 &&
           (wal->page_size & (wal->page_size - 1)) == 0;
}

/* False: the file ends. */
static bool read_frame(struct wal *wal, uint64_t index)
{
    size_t size = FRAME_HEADER_SIZE + wal->page_size;
    off_t at = (off_t)(HEADER_SIZE + index * size);
    return pread(wal->file, wal->frame, size, at) == (ssize_t)size;
}

/* Written in this round of the file, as its salt says. */
static bool is_of_this_round(const struct wal *wal)
{
    return memcmp(wal->frame + 8, wal->header + 16, 8) == 0;
}

static bool is_commit(const struct wal *wal)
{
    return big_endian(wal->frame + 4) != 0;
}

/* The next frame, after those that were added up before. */
static bool read_good_frame(struct wal *wal, uint64_t index)
{
    if (!read_frame(wal, index)) return false;
    add_up(wal, &wal->sum, wal->frame, 8);
    add_up(wal, &wal->sum, wal->frame + FRAME_HEADER_SIZE, wal->page_size);
    return is_of_this_round(wal) && is_sum(&wal->sum, wal->frame + 16);
}

/* The number of whole commits behind the first bad frame; *ret_bad is its index. */
static uint64_t count_lost(struct wal *wal, uint64_t *ret_bad)
{
    uint64_t index = 0;
    while (read_good_frame(wal, index))
        index++;
    *ret_bad = index;
    uint64_t lost = 0;
    for (; read_frame(wal, index); index++) {
        if (is_of_this_round(wal) && is_commit(wal)) lost++;
    }
    return lost;
}

/* False: there is none. */
static bool open_wal(const char *path, char *ret_name, size_t size, struct wal *ret)
{
    (void)snprintf(ret_name, size, "%s-wal", path);
    ret->file = open(ret_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return ret->file >= 0;
}

bool asg_wal_has_commits(const char *path)
{
    char name[ASG_LOG_PATH_MAX + 8];
    ASG_CLEANUP(close_wal) struct wal wal = {.file = -1};
    if (!open_wal(path, name, sizeof name, &wal) || !read_header(&wal) ||
        !check_header(&wal)) {
        return false;
    }
    wal.frame = asg_alloc(1, FRAME_HEADER_SIZE + wal.page_size);
    for (uint64_t index = 0; read_good_frame(&wal, index); index++) {
        if (is_commit(&wal)) return true;
    }
    return false;
}

enum asg_status asg_wal_check(const char *path, struct asg_log_flaw_found *flaw,
                              struct asg_error *error)
{
    char name[ASG_LOG_PATH_MAX + 8];
    ASG_CLEANUP(close_wal) struct wal wal = {.file = -1};
    if (!open_wal(path, name, sizeof name, &wal)) {
        if (errno == ENOENT) return ASG_OK;
        return asg_fail(error, ASG_ERR_DENIED, "cannot open %s: %s", name,
                        strerror(errno));
    }
    if (!read_header(&wal)) return ASG_OK;
    uint64_t bad = 0;
    uint64_t lost = 0;
    bool is_header_good = check_header(&wal);
    if (is_header_good) {
        wal.frame = asg_alloc(1, FRAME_HEADER_SIZE + wal.page_size);
        lost = count_lost(&wal, &bad);
    }
    /* A live writer may have started a new round meanwhile. */
    struct wal again = wal;
    if (!read_header(&again) || memcmp(again.header, wal.header, HEADER_SIZE) != 0) {
        return ASG_OK;
    }
    if (!is_header_good) {
        (void)asg_flaw_set(flaw, ASG_LOG_FLAW_FILE, 0,
                           "the header of the write-ahead log %.80s is damaged; records "
                           "that were only there are lost to SQLite",
                           name);
        return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
    }
    if (lost < 2)
        return ASG_OK; /* the last commit may be torn: it was not acknowledged */
    (void)asg_flaw_set(flaw, ASG_LOG_FLAW_FILE, 0,
                       "the write-ahead log %.80s is damaged in frame %" PRIu64 ", with "
                       "%" PRIu64 " commits behind it that SQLite would forget",
                       name, bad + 1, lost);
    return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
}
