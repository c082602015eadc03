#include "cli/doctor/run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

const char *asg_program_path(const char *name, struct asg_arena *arena)
{
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0) return name;
    own[length] = '\0';
    if (strcmp(name, "openasg") == 0) return asg_arena_text(arena, own);
    char *slash = strrchr(own, '/');
    if (slash != NULL) *slash = '\0';
    const char *beside = asg_arena_format(arena, "%s/%s", own, name);
    return access(beside, X_OK) == 0 ? beside : name;
}

/* False: the time is up, or it says too much. */
static bool read_all(int fd, int64_t limit_ms, size_t bytes_max, struct asg_bytes *ret)
{
    const struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + limit_ms;
    while (ret->length < bytes_max) {
        int64_t left_ms = until_ms - asg_clock_monotonic_ms(&clock);
        struct pollfd waited = {.fd = fd, .events = POLLIN};
        int count = left_ms > 0 ? poll(&waited, 1, (int)left_ms) : 0;
        if (count == 0) return false;
        if (count < 0) continue; /* a signal */
        char part[16384];
        ssize_t length = read(fd, part, sizeof part);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) return true;
        asg_bytes_append(ret, part, (size_t)length);
    }
    return false;
}

int asg_run_program(const char *path, const char *const *words, char *const *environment,
                    int64_t limit_ms, size_t bytes_max, struct asg_bytes *ret)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return 127;
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                           0);
    pid_t pid = 0;
    int failure =
        posix_spawnp(&pid, path, &actions, NULL, (char *const *)(uintptr_t)words,
                     environment != NULL ? environment : environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    int code = 0;
    if (failure == 0) {
        if (!read_all(ends[0], limit_ms, bytes_max, ret)) (void)kill(pid, SIGKILL);
        while (waitpid(pid, &code, 0) < 0 && errno == EINTR) {
        }
    }
    (void)close(ends[0]);
    if (failure != 0) return 127;
    return WIFEXITED(code) ? WEXITSTATUS(code) : 126;
}
