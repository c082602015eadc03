/* doctor_programs - --check-config of the programs whose settings lie on this host. */
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

#include "cli/doctor.h"

#define SAID_MAX 65536
#define LIMIT_MS 10000

/* Beside this program, else as the shell would find it. */
static const char *program_path(struct asg_doctor *doctor, const char *name)
{
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length > 0) {
        own[length] = '\0';
        char *slash = strrchr(own, '/');
        if (slash != NULL) *slash = '\0';
        const char *beside = asg_arena_format(&doctor->cli->arena, "%s/%s", own, name);
        if (access(beside, X_OK) == 0) return beside;
    }
    return name;
}

/* Read what it says, for LIMIT_MS at most; ends it then. */
static void read_all(int fd, pid_t pid, struct asg_bytes *ret)
{
    const struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + LIMIT_MS;
    while (ret->length < SAID_MAX) {
        int64_t left_ms = until_ms - asg_clock_monotonic_ms(&clock);
        struct pollfd waited = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0 || poll(&waited, 1, (int)left_ms) == 0) {
            (void)kill(pid, SIGKILL);
            return;
        }
        char part[4096];
        ssize_t length = read(fd, part, sizeof part);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) return;
        asg_bytes_append(ret, part, (size_t)length);
    }
}

/* Its exit code, 127 when it cannot be run. */
static int run(const char *program, const char *file, struct asg_bytes *ret)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return 127;
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                           0);
    char *const words[] = {(char *)(uintptr_t)program, "--check-config", "--config",
                           (char *)(uintptr_t)file, NULL};
    pid_t pid = 0;
    int failure = posix_spawnp(&pid, program, &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    int code = 0;
    if (failure == 0) {
        read_all(ends[0], pid, ret);
        while (waitpid(pid, &code, 0) < 0 && errno == EINTR) {
        }
    }
    (void)close(ends[0]);
    if (failure != 0) return 127;
    return WIFEXITED(code) ? WEXITSTATUS(code) : 126;
}

/* A line each: "openasg-worker: TEXT". */
static void take_lines(struct asg_doctor *doctor, const char *program,
                       struct asg_bytes *said)
{
    size_t prefix = strlen(program);
    char *text = NULL;
    asg_bytes_append_byte(said, '\0');
    for (char *line = strtok_r((char *)said->data, "\n", &text); line != NULL;
         line = strtok_r(NULL, "\n", &text)) {
        bool is_named = strncmp(line, program, prefix) == 0 && line[prefix] == ':';
        asg_doctor_find(doctor, ASG_FINDING_FAILED, program, NULL, "%s",
                        is_named ? line + prefix + 2 : line);
    }
}

static void check_program(struct asg_doctor *doctor, const char *program,
                          const char *settings)
{
    const char *file =
        asg_arena_format(&doctor->cli->arena, "%s/%s", doctor->etc, settings);
    if (access(file, F_OK) != 0) return;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes said = {0};
    int code = run(program_path(doctor, program), file, &said);
    if (code == 0) {
        asg_doctor_find(doctor, ASG_FINDING_OK, program, NULL,
                        "the settings of %s are fine", file);
    } else if (code == 127 && said.length == 0) {
        asg_doctor_find(doctor, ASG_FINDING_WARNING, program,
                        "Install it, or remove the file.",
                        "%s is there, and the program cannot be run", file);
    } else if (said.length == 0) {
        asg_doctor_find(doctor, ASG_FINDING_FAILED, program,
                        "Run it by hand with --check-config.",
                        "checking %s ended without a word (exit code %d)", file, code);
    } else {
        take_lines(doctor, program, &said);
    }
}

void asg_doctor_check_programs(struct asg_doctor *doctor)
{
    check_program(doctor, "openasg-controller", "controller.yaml");
    check_program(doctor, "openasg-worker", "worker.yaml");
    check_program(doctor, "openasg-agent", "agent.yaml");
}
