#include "base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static enum asg_status status_of(int code)
{
    switch (code) {
    case ENOENT: return ASG_ERR_NOT_FOUND;
    case EEXIST: return ASG_ERR_EXISTS;
    case EACCES:
    case EPERM:
    case ELOOP: return ASG_ERR_DENIED;
    default: return ASG_ERR_IO;
    }
}

/* ---- reading ---- */

static enum asg_status check_owner(const struct stat *info, const char *what,
                                   const char *path, struct asg_error *error)
{
    if (info->st_uid == geteuid() || info->st_uid == 0) return ASG_OK;
    return asg_fail(error, ASG_ERR_DENIED,
                    "%s %s belongs to user %lu, neither to this process's user (%lu) nor "
                    "to root; `chown %lu %s` fixes it",
                    what, path, (unsigned long)info->st_uid, (unsigned long)geteuid(),
                    (unsigned long)geteuid(), path);
}

static enum asg_status check_mode(const struct stat *info, const char *path,
                                  const struct asg_safe_need *need,
                                  struct asg_error *error)
{
    unsigned mode = (unsigned)info->st_mode & 07777;
    unsigned wrong = mode & (need->guard == ASG_SAFE_SECRET ? 077 : 022);
    if (info->st_uid == 0 && geteuid() != 0) wrong &= ~040U;
    if (wrong == 0 || need->guard == ASG_SAFE_ANY) return ASG_OK;
    if (need->guard == ASG_SAFE_SECRET) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "%s %s may be read or written by others (mode %04o); `chmod 600 "
                        "%s` fixes it; create a new one if someone may have seen it",
                        need->what, path, mode, path);
    }
    return asg_fail(error, ASG_ERR_DENIED,
                    "%s %s may be written by others (mode %04o); look at what is in it, "
                    "then `chmod go-w %s` fixes it",
                    need->what, path, mode, path);
}

enum asg_status asg_safe_file_check(const struct stat *info, const char *path,
                                    const struct asg_safe_need *need,
                                    struct asg_error *error)
{
    if (!S_ISREG(info->st_mode)) {
        return asg_fail(error, ASG_ERR_MALFORMED, "%s %s is not a regular file",
                        need->what, path);
    }
    enum asg_status status = check_mode(info, path, need, error);
    if (status == ASG_OK && need->is_own) {
        status = check_owner(info, need->what, path, error);
    }
    if (status == ASG_OK && info->st_size > (off_t)need->length_max) {
        status = asg_fail(error, ASG_ERR_LIMIT, "%s %s has more than %zu bytes",
                          need->what, path, need->length_max);
    }
    return status;
}

/* Why a file cannot be opened, from errno. Whose it is can be told although it is shut.
 */
static enum asg_status fail_read(const char *path, const struct asg_safe_need *need,
                                 struct asg_error *error)
{
    int code = errno;
    struct stat info;
    if (code != EACCES || stat(path, &info) != 0 || info.st_uid == geteuid()) {
        return asg_fail(error, status_of(code), "cannot read %s %s: %s", need->what, path,
                        strerror(code));
    }
    unsigned long owner = info.st_uid;
    unsigned long us = geteuid();
    if (need->guard == ASG_SAFE_SECRET) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "cannot read %s %s: it belongs to user %lu, and this process is "
                        "user %lu; `chown %lu %s` fixes it",
                        need->what, path, owner, us, us, path);
    }
    return asg_fail(error, ASG_ERR_DENIED,
                    "cannot read %s %s: it belongs to user %lu, and this process is user "
                    "%lu; `chmod go+r %s` fixes it",
                    need->what, path, owner, us, path);
}

static enum asg_status read_whole(int file, const char *path,
                                  const struct asg_safe_need *need, struct asg_bytes *ret,
                                  struct asg_error *error)
{
    struct stat info;
    if (fstat(file, &info) != 0) return fail_read(path, need, error);
    enum asg_status status = asg_safe_file_check(&info, path, need, error);
    if (status != ASG_OK) return status;
    /* One byte more than may be there, so that no growing moves the secrets about. */
    size_t room = need->length_max + 1;
    uint8_t *text = asg_bytes_reserve(ret, room + 1); /* and asg_bytes_text()'s zero */
    size_t length = 0;
    while (length < room) {
        ssize_t got = read(file, text + length, room - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_read(path, need, error);
        if (got == 0) break;
        length += (size_t)got;
    }
    if (length == room) {
        return asg_fail(error, ASG_ERR_LIMIT, "%s %s has more than %zu bytes", need->what,
                        path, need->length_max);
    }
    ret->length += length;
    return ASG_OK;
}

enum asg_status asg_safe_file_read(const char *path, const struct asg_safe_need *need,
                                   struct asg_bytes *ret, struct asg_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return fail_read(path, need, error);
    enum asg_status status = read_whole(file, path, need, ret, error);
    (void)close(file);
    return status;
}

void asg_safe_bytes_clear(struct asg_bytes *bytes)
{
    if (bytes->capacity > 0) explicit_bzero(bytes->data, bytes->capacity);
    asg_bytes_clear(bytes);
}

/* ---- writing ---- */

/* A name in its folder, which is open and locked. */
struct place {
    int folder;
    const char *name;
    char fresh[NAME_MAX + 1];
};

static void lock(int folder)
{
    /* A file system without locks does without: O_EXCL still keeps two apart. */
    while (flock(folder, LOCK_EX) != 0 && errno == EINTR) {
    }
}

/* False with errno. */
static bool open_place(const char *path, struct place *ret)
{
    char folder[ASG_SAFE_PATH_MAX];
    const char *slash = strrchr(path, '/');
    ret->name = slash == NULL ? path : slash + 1;
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (length >= sizeof folder ||
        (size_t)snprintf(ret->fresh, sizeof ret->fresh, "%s.new", ret->name) >=
            sizeof ret->fresh) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (slash == NULL) {
        (void)snprintf(folder, sizeof folder, ".");
    } else if (length == 0) {
        (void)snprintf(folder, sizeof folder, "/");
    } else {
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    ret->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret->folder < 0) return false;
    lock(ret->folder);
    return true;
}

static bool write_all(int file, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t put = write(file, data, length);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        data += put;
        length -= (size_t)put;
    }
    return fsync(file) == 0;
}

/* Only root can give a file away, and would else keep those of a service to itself. */
static bool give_owner(const struct place *place, int file)
{
    struct stat wanted;
    if (geteuid() != 0) return true;
    if (fstatat(place->folder, place->name, &wanted, AT_SYMLINK_NOFOLLOW) != 0 &&
        fstat(place->folder, &wanted) != 0) {
        return false;
    }
    return wanted.st_uid == 0 || fchown(file, wanted.st_uid, wanted.st_gid) == 0;
}

/* The text in PATH.new, on the disk. False with errno. */
static bool write_fresh(const struct place *place, mode_t mode, const void *data,
                        size_t length)
{
    (void)unlinkat(place->folder, place->fresh, 0); /* of one that died */
    int file = openat(place->folder, place->fresh,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (file < 0) return false;
    bool is_written = give_owner(place, file) && fchmod(file, mode) == 0 &&
                      write_all(file, data, length);
    int code = errno;
    if (close(file) != 0 && is_written) {
        is_written = false;
        code = errno;
    }
    errno = code;
    return is_written;
}

/* PATH.new gets its name, unless that is taken. */
static bool name_new(const struct place *place)
{
    if (linkat(place->folder, place->fresh, place->folder, place->name, 0) == 0) {
        return unlinkat(place->folder, place->fresh, 0) == 0;
    }
    if (errno != EPERM && errno != EOPNOTSUPP) return false;
    struct stat info; /* a file system without links: those who heed the lock are safe */
    if (fstatat(place->folder, place->name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return false;
    }
    return renameat(place->folder, place->fresh, place->folder, place->name) == 0;
}

static enum asg_status put(const char *path, bool is_new, mode_t mode, const void *data,
                           size_t length, struct asg_error *error)
{
    struct place place = {.folder = -1};
    bool is_done =
        open_place(path, &place) && write_fresh(&place, mode, data, length) &&
        (is_new ? name_new(&place)
                : renameat(place.folder, place.fresh, place.folder, place.name) == 0) &&
        fsync(place.folder) == 0;
    int code = errno;
    if (!is_done && place.folder >= 0) (void)unlinkat(place.folder, place.fresh, 0);
    if (place.folder >= 0) (void)close(place.folder);
    if (is_done) return ASG_OK;
    return asg_fail(error, code == ENOENT ? ASG_ERR_IO : status_of(code),
                    "cannot write %s: %s", path, strerror(code));
}

enum asg_status asg_safe_file_make(const char *path, mode_t mode, const void *data,
                                   size_t length, struct asg_error *error)
{
    return put(path, /* is_new */ true, mode, data, length, error);
}

enum asg_status asg_safe_file_replace(const char *path, mode_t mode, const void *data,
                                      size_t length, struct asg_error *error)
{
    return put(path, /* is_new */ false, mode, data, length, error);
}

/* ---- folders ---- */

enum asg_status asg_safe_folder_check(const char *path, struct asg_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return asg_fail(error, status_of(errno), "cannot read the folder %s: %s", path,
                        strerror(errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        return asg_fail(error, ASG_ERR_IO, "%s is not a folder", path);
    }
    enum asg_status status = check_owner(&info, "the folder", path, error);
    if (status != ASG_OK) return status;
    if ((info.st_mode & 022) == 0) return ASG_OK;
    return asg_fail(error, ASG_ERR_DENIED,
                    "the folder %s may be written by others (mode %04o), who could put "
                    "keys of their own there; look at what is in it, then `chmod go-w "
                    "%s` fixes it",
                    path, (unsigned)info.st_mode & 07777, path);
}

enum asg_status asg_safe_folder_make(const char *path, struct asg_error *error)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return asg_fail(error, status_of(errno), "cannot create the folder %s: %s", path,
                        strerror(errno));
    }
    return asg_safe_folder_check(path, error);
}

bool asg_path_leads_out(const char *path)
{
    char real[PATH_MAX];
    char folder[PATH_MAX];
    char given[PATH_MAX];
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode)) return false;
    if (strlen(path) >= sizeof given || strncmp(path, "/dev/", 5) == 0) return false;
    memcpy(given, path, strlen(path) + 1);
    if (realpath(path, real) == NULL || realpath(dirname(given), folder) == NULL) {
        return true;
    }
    size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    return strncmp(real, folder, length) != 0 || real[length] != '/';
}
