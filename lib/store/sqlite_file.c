#include "store/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static void close_file(const int *descriptor)
{
    if (*descriptor >= 0) (void)close(*descriptor);
}

const char *asg_file_system_refused(int64_t type)
{
    /* The numbers of statfs(2) and linux/magic.h. */
    static const struct {
        int64_t type;
        const char *name;
    } refused[] = {
        {0x6969, "nfs"},        {0x517B, "smb"},      {0xFF534D42, "cifs"},
        {0xFE534D42, "smb2"},   {0x65735546, "fuse"}, {0x5346414F, "afs"},
        {0x73757245, "coda"},   {0x00C36400, "ceph"}, {0x01021997, "9p"},
        {0x0BD00BD0, "lustre"}, {0x01161970, "gfs2"}, {0x7461636F, "ocfs2"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        /* f_type is a signed word on some machines: compare 32 bits. */
        if ((uint32_t)type == (uint32_t)refused[i].type) return refused[i].name;
    }
    return NULL;
}

/* The folder that `path` is in. */
static void folder_of(const char *path, char ret[ASG_LOG_PATH_MAX + 8])
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        (void)snprintf(ret, ASG_LOG_PATH_MAX + 8, ".");
    } else {
        int length = slash == path ? 1 : (int)(slash - path);
        (void)snprintf(ret, ASG_LOG_PATH_MAX + 8, "%.*s", length, path);
    }
}

static enum asg_status fail_errno(struct asg_error *error, const char *what,
                                  const char *path)
{
    int number = errno;
    enum asg_status status = ASG_ERR_IO;
    if (number == ENOENT || number == ENOTDIR) status = ASG_ERR_NOT_FOUND;
    if (number == EACCES || number == EPERM || number == EROFS) status = ASG_ERR_DENIED;
    if (number == ENOSPC || number == EDQUOT) status = ASG_ERR_FULL;
    return asg_fail(error, status, "cannot %s %s: %s", what, path, strerror(number));
}

enum asg_status asg_file_check_system(const char *path, struct asg_error *error)
{
    char folder[ASG_LOG_PATH_MAX + 8];
    folder_of(path, folder);
    struct statfs info;
    if (statfs(folder, &info) != 0)
        return fail_errno(error, "look at the folder", folder);
    const char *name = asg_file_system_refused((int64_t)info.f_type);
    if (name == NULL) return ASG_OK;
    return asg_fail(
        error, ASG_ERR_UNSUPPORTED,
        "%s is on a network or user-space file system (%s), where locks "
        "cannot be trusted and two controllers could write at the same time; put the "
        "log on a local disk",
        folder, name);
}

static void read_holder(int lock, char *ret, size_t size)
{
    char text[32] = "";
    ssize_t length = pread(lock, text, sizeof text - 1, 0);
    long pid = 0;
    if (length > 0 && sscanf(text, "%9ld", &pid) == 1 && pid > 0) {
        (void)snprintf(ret, size, "process %ld", pid);
    } else {
        (void)snprintf(ret, size, "another process");
    }
}

enum asg_status asg_file_lock(const char *path, int *ret, struct asg_error *error)
{
    char name[ASG_LOG_PATH_MAX + 8];
    (void)snprintf(name, sizeof name, "%s.lock", path);
    int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) return fail_errno(error, "open the lock file", name);
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        enum asg_status status = ASG_ERR_BUSY;
        if (errno == EWOULDBLOCK) {
            char holder[48];
            read_holder(lock, holder, sizeof holder);
            (void)asg_fail(error, status,
                           "%s is being written by %s, which holds %s; a log has one "
                           "writer: stop that one first, or open it read only",
                           path, holder, name);
        } else {
            status = fail_errno(error, "lock", name);
        }
        (void)close(lock);
        return status;
    }
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* Only for the sentence above: a log without it is as well locked. */
    if (ftruncate(lock, 0) == 0) {
        ssize_t written = pwrite(lock, text, (size_t)length, 0);
        (void)written;
    }
    *ret = lock;
    return ASG_OK;
}

static enum asg_status sync_folder(const char *path, struct asg_error *error)
{
    char name[ASG_LOG_PATH_MAX + 8];
    folder_of(path, name);
    ASG_CLEANUP(close_file) int folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fsync(folder) != 0) return fail_errno(error, "sync", name);
    return ASG_OK;
}

enum asg_status asg_file_prepare(const char *path, bool may_create, int64_t *ret_size,
                                 struct asg_error *error)
{
    /* stat and not open: closing a descriptor of the file would drop the POSIX locks that
     * SQLite holds on it for another log of this process, and a passing sqlite3 would
     * then remove the write-ahead log under it. A new file has no locks yet. */
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno != ENOENT || !may_create) return fail_errno(error, "open", path);
        ASG_CLEANUP(close_file)
        int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) return fail_errno(error, "create", path);
        enum asg_status status = sync_folder(path, error);
        if (status != ASG_OK) return status;
        if (fstat(file, &info) != 0) return fail_errno(error, "look at", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return asg_fail(error, ASG_ERR_CORRUPT, "%s is not a plain file", path);
    }
    if (may_create && (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "%s may be written by others (mode %04o); run `chmod 600 %s`",
                        path, (unsigned)info.st_mode & 07777U, path);
    }
    *ret_size = info.st_size;
    return ASG_OK;
}

static bool may_access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

enum asg_status asg_file_check_readable(const char *path, struct asg_error *error)
{
    return may_access(path, R_OK) ? ASG_OK : fail_errno(error, "read", path);
}

void asg_file_explain_denied(const char *path, struct asg_error *error)
{
    char folder[ASG_LOG_PATH_MAX + 8];
    folder_of(path, folder);
    static const char *const ends[] = {"-wal", "-shm"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char name[ASG_LOG_PATH_MAX + 8];
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        if (may_access(name, R_OK)) continue;
        if (errno != ENOENT) {
            (void)fail_errno(error, "read", name);
            return;
        }
        if (may_access(folder, W_OK | X_OK)) continue;
        (void)asg_fail(
            error, ASG_ERR_DENIED,
            "%s: reading a log that may have a writer needs the files -wal "
            "and -shm beside it, and in %s you may not make them (%s). If "
            "no process writes this file (a copy, a read-only disk), read it with "
            "--immutable; else read a copy",
            path, folder, strerror(errno));
        return;
    }
}

void asg_file_fill_wal(const char *path, int64_t bytes)
{
    char name[ASG_LOG_PATH_MAX + 8];
    (void)snprintf(name, sizeof name, "%s-wal", path);
    /* No POSIX lock is ever taken on this file, so closing it drops none. */
    ASG_CLEANUP(close_file) int file = open(name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    if (file < 0 || fstat(file, &info) != 0) return;
    static const char zeros[64 * 1024];
    for (int64_t at = info.st_size; at < bytes;) {
        size_t want =
            bytes - at < (int64_t)sizeof zeros ? (size_t)(bytes - at) : sizeof zeros;
        ssize_t written = pwrite(file, zeros, want, (off_t)at);
        if (written <= 0) return; /* a full disk shows at the next append */
        at += written;
    }
    (void)fsync(file);
}
