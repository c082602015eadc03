/* shim - preloaded into the controller and the workers. Writes and fsyncs of the log
 * fail, or kill the process, while the file named by CHAOS_DISK_FILE says so. Its text is
 * two words:
 *
 *   eio write | eio fsync | enospc write | kill before_fsync | kill after_fsync
 *
 * The wall clock is ahead by the seconds in the file named by CHAOS_CLOCK_FILE, 8 bytes
 * in the machine's order.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef ssize_t pwrite_fn(int, const void *, size_t, off_t);
typedef ssize_t write_fn(int, const void *, size_t);
typedef int sync_fn(int);
typedef int clock_fn(clockid_t, struct timespec *);

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

static int64_t seconds_ahead(void)
{
    static const int64_t *_Atomic ahead;
    static const int64_t none;
    const int64_t *at = ahead;
    if (at == NULL) {
        const char *path = getenv("CHAOS_CLOCK_FILE");
        int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        void *map = file >= 0 ? mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, file, 0)
                              : MAP_FAILED;
        if (file >= 0) (void)close(file);
        at = map != MAP_FAILED ? map : &none;
        ahead = at;
    }
    return *(const volatile int64_t *)at;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
    clock_fn *real;
    find(&real, "clock_gettime");
    int result = real(id, ret);
    bool is_wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    if (result == 0 && is_wall) ret->tv_sec += seconds_ahead();
    return result;
}

time_t time(time_t *ret)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL) *ret = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
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
