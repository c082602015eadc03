#include "cli/doctor/tar_gz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "base/arena.h"

#define BLOCK          512
#define NAME_MAX_BYTES 100
#define SIZE_MAX_BYTES ((UINT64_C(1) << 33) - 1) /* eleven octal digits */

/* A header of ustar: numbers are octal digits with a closing zero. */
struct header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char kind;
    char link[100];
    char magic[6];
    char version[2];
    char user[32];
    char group[32];
    char major[8];
    char minor[8];
    char prefix[155];
    char unused[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

struct asg_tar_gz {
    char *path;
    int64_t time_s;
    gzFile file;
    enum asg_status status;
};

enum asg_status asg_tar_gz_new(const char *path, int64_t time_s, struct asg_tar_gz **ret,
                               struct asg_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        enum asg_status status = errno == EEXIST   ? ASG_ERR_EXISTS
                                 : errno == EACCES ? ASG_ERR_DENIED
                                                   : ASG_ERR_IO;
        return asg_fail(error, status, "cannot create %s: %s", path, strerror(errno));
    }
    struct asg_tar_gz *tar = asg_alloc(1, sizeof *tar);
    tar->path = strdup(path);
    tar->time_s = time_s;
    tar->file = gzdopen(fd, "wb6");
    if (tar->file == NULL) {
        (void)close(fd);
        (void)unlink(path);
        free(tar->path);
        free(tar);
        return asg_fail(error, ASG_ERR_NOMEM, "zlib cannot begin");
    }
    *ret = tar;
    return ASG_OK;
}

static void put(struct asg_tar_gz *tar, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0 && tar->status == ASG_OK) {
        unsigned part = length < 1U << 20 ? (unsigned)length : 1U << 20;
        if (gzwrite(tar->file, at, part) != (int)part) {
            tar->status = errno == ENOSPC ? ASG_ERR_FULL : ASG_ERR_IO;
        }
        at += part;
        length -= part;
    }
}

static void put_header(struct asg_tar_gz *tar, const char *name, size_t length)
{
    struct header header = {.kind = '0', .magic = "ustar", .version = {'0', '0'}};
    memcpy(header.name, name, strlen(name));
    (void)snprintf(header.mode, sizeof header.mode, "%07o", 0600U);
    (void)snprintf(header.uid, sizeof header.uid, "%07o", 0U);
    (void)snprintf(header.gid, sizeof header.gid, "%07o", 0U);
    (void)snprintf(header.size, sizeof header.size, "%011llo",
                   (unsigned long long)length);
    (void)snprintf(header.mtime, sizeof header.mtime, "%011llo",
                   (unsigned long long)tar->time_s);
    memset(header.checksum, ' ', sizeof header.checksum); /* as it counts itself */
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof header; i++) {
        sum += ((const unsigned char *)&header)[i];
    }
    (void)snprintf(header.checksum, sizeof header.checksum, "%06o", sum);
    put(tar, &header, sizeof header);
}

void asg_tar_gz_add(struct asg_tar_gz *tar, const char *name, const void *data,
                    size_t length)
{
    static const char zeros[BLOCK];
    if (strlen(name) > NAME_MAX_BYTES || length > SIZE_MAX_BYTES) {
        if (tar->status == ASG_OK) tar->status = ASG_ERR_LIMIT;
        return;
    }
    put_header(tar, name, length);
    put(tar, data, length);
    put(tar, zeros, (BLOCK - length % BLOCK) % BLOCK);
}

enum asg_status asg_tar_gz_end(struct asg_tar_gz **tar, struct asg_error *error)
{
    static const char zeros[2 * BLOCK];
    struct asg_tar_gz *gone = *tar;
    if (gone == NULL) return ASG_OK;
    put(gone, zeros, sizeof zeros);
    int closed = gzclose(gone->file);
    enum asg_status status = gone->status;
    if (status == ASG_OK && closed != Z_OK) status = ASG_ERR_IO;
    if (status != ASG_OK) {
        (void)unlink(gone->path);
        (void)asg_fail(error, status, "cannot write %s: %s", gone->path,
                       asg_status_text(status));
    }
    free(gone->path);
    free(gone);
    *tar = NULL;
    return status;
}
