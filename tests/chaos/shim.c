/* shim - preloaded into the controller: writes and fsyncs of the log fail, or kill it,
 * while the file named by CHAOS_DISK_FILE says so. Its text is two words:
 *
 *   eio write | eio fsync | enospc write | kill before_fsync | kill after_fsync
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef ssize_t pwrite_fn(int, const void *, size_t, off_t);
typedef ssize_t write_fn(int, const void *, size_t);
typedef int sync_fn(int);

/* dlsym's answer as a function, without a cast that ISO C does not know. */
static void find(void *ret, const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(ret, &symbol, sizeof symbol);
}

static int is_of_log(int fd)
{
    char link[64];
    char path[4096];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = '\0';
    return strstr(path, "/openasg.log") != NULL;
}

static int is_ordered(int fd, const char *order)
{
    const char *path = getenv("CHAOS_DISK_FILE");
    if (path == NULL || access(path, F_OK) != 0 || !is_of_log(fd)) return 0;
    char text[64] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t got = read(file, text, sizeof text - 1);
    (void)close(file);
    return got > 0 && strncmp(text, order, strlen(order)) == 0;
}

static int refuses_write(int fd)
{
    int error = is_ordered(fd, "eio write")      ? EIO
                : is_ordered(fd, "enospc write") ? ENOSPC
                                                 : 0;
    errno = error != 0 ? error : errno;
    return error != 0;
}

static int sync_as(const char *name, int fd)
{
    sync_fn *real;
    find(&real, name);
    if (is_ordered(fd, "eio fsync")) {
        errno = EIO;
        return -1;
    }
    if (is_ordered(fd, "kill before_fsync")) (void)kill(getpid(), SIGKILL);
    int result = real(fd);
    if (is_ordered(fd, "kill after_fsync")) (void)kill(getpid(), SIGKILL);
    return result;
}

int fsync(int fd)
{
    return sync_as("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_as("fdatasync", fd);
}

ssize_t write(int fd, const void *data, size_t length)
{
    write_fn *real;
    find(&real, "write");
    return refuses_write(fd) ? -1 : real(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
    pwrite_fn *real;
    find(&real, "pwrite");
    return refuses_write(fd) ? -1 : real(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset)
{
    pwrite_fn *real;
    find(&real, "pwrite64");
    return refuses_write(fd) ? -1 : real(fd, data, length, offset);
}
