/* Source: a program that prints credentials (credential_process of a profile). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aws/credentials_sources.h"
#include "base/arena.h"
#include "crypto/crypto.h"

#define OUTPUT_MAX    ((size_t)64 * 1024)
#define ARGUMENTS_MAX 64
#define LOOK_MS       50 /* between two looks whether to stop */

extern char **environ;

/* Words as a shell would cut them: quotes and backslashes, nothing else. `words` points
 * into `text`, which is changed. 0: unbalanced, or too many. */
static size_t cut_words(char *text, char *words[ARGUMENTS_MAX + 1])
{
    size_t count = 0;
    char *out = text;
    while (*text != '\0') {
        text += strspn(text, " \t");
        if (*text == '\0') break;
        if (count == ARGUMENTS_MAX) return 0;
        words[count++] = out;
        char quote = '\0';
        for (; *text != '\0' && (quote != '\0' || (*text != ' ' && *text != '\t'));
             text++) {
            if (*text == quote) {
                quote = '\0';
            } else if (quote == '\0' && (*text == '"' || *text == '\'')) {
                quote = *text;
            } else if (*text == '\\' && quote != '\'' && text[1] != '\0' &&
                       (quote == '\0' || text[1] == '"' || text[1] == '\\')) {
                *out++ = *++text;
            } else {
                *out++ = *text;
            }
        }
        if (quote != '\0') return 0;
        bool is_last = *text == '\0';
        *out++ = '\0';
        if (is_last) break;
        text++;
    }
    words[count] = NULL;
    return count;
}

/* Start it in a process group of its own, with our standard error left out: what a helper
 * of this kind writes there may be secret. */
static enum asg_status start(char *const *words, pid_t *ret_pid, int *ret_output,
                             struct asg_error *error)
{
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        return asg_fail(error, ASG_ERR_IO, "no pipe: %s", strerror(errno));
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
    (void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                                    POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    int failed = posix_spawnp(ret_pid, words[0], &actions, &attributes, words, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(pipe_ends[1]);
    if (failed != 0) {
        (void)close(pipe_ends[0]);
        return asg_fail(error, ASG_ERR_IO, "cannot run %.200s: %s", words[0],
                        strerror(failed));
    }
    *ret_output = pipe_ends[0];
    return ASG_OK;
}

/* ASG_OK while there is time; looked at every LOOK_MS. */
static enum asg_status look_at_time(const struct asg_credentials_scope *scope,
                                    int64_t until_ms, struct asg_error *error)
{
    if (atomic_load(&scope->is_stopping)) {
        return asg_fail(error, ASG_ERR_CLOSED, "this program is stopping");
    }
    if (asg_clock_monotonic_ms(&scope->options.clock) < until_ms) return ASG_OK;
    return asg_fail(error, ASG_ERR_TIMEOUT, "it does not end in its time");
}

static enum asg_status read_output(const struct asg_credentials_scope *scope, int output,
                                   int64_t until_ms, struct asg_bytes *ret,
                                   struct asg_error *error)
{
    uint8_t *data = asg_bytes_reserve(ret, OUTPUT_MAX + 1);
    for (;;) {
        enum asg_status status = look_at_time(scope, until_ms, error);
        if (status != ASG_OK) return status;
        struct pollfd fd = {.fd = output, .events = POLLIN};
        if (poll(&fd, 1, LOOK_MS) <= 0) continue;
        ssize_t got = read(output, data + ret->length, OUTPUT_MAX + 1 - ret->length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return asg_fail(error, ASG_ERR_IO, "%s", strerror(errno));
        if (got == 0) return ASG_OK;
        ret->length += (size_t)got;
        if (ret->length > OUTPUT_MAX) {
            return asg_fail(error, ASG_ERR_LIMIT, "it prints over %zu bytes", OUTPUT_MAX);
        }
    }
}

static enum asg_status wait_for_end(const struct asg_credentials_scope *scope, pid_t pid,
                                    int64_t until_ms, bool *ret_is_gone,
                                    struct asg_error *error)
{
    int how = 0;
    for (;;) {
        pid_t gone = waitpid(pid, &how, WNOHANG);
        if (gone == pid) break;
        if (gone < 0 && errno != EINTR) {
            *ret_is_gone = true;
            return asg_fail(error, ASG_ERR_IO, "waiting for it: %s", strerror(errno));
        }
        enum asg_status status = look_at_time(scope, until_ms, error);
        if (status != ASG_OK) return status;
        const struct timespec moment = {.tv_nsec = 5000000};
        (void)nanosleep(&moment, NULL);
    }
    *ret_is_gone = true;
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0) return ASG_OK;
    if (WIFEXITED(how)) {
        return asg_fail(error, ASG_ERR_DENIED, "it ends with status %d",
                        WEXITSTATUS(how));
    }
    return asg_fail(error, ASG_ERR_DENIED, "it is ended by signal %d", WTERMSIG(how));
}

/* Whatever happens, nothing of it is left running. */
static enum asg_status run(const struct asg_credentials_scope *scope, char *const *words,
                           struct asg_bytes *ret, struct asg_error *error)
{
    int64_t time_ms = scope->options.process_ms > 0 ? scope->options.process_ms
                                                    : ASG_CREDENTIALS_PROCESS_MS;
    int64_t until_ms = asg_clock_monotonic_ms(&scope->options.clock) + time_ms;
    pid_t pid = 0;
    int output = -1;
    enum asg_status status = start(words, &pid, &output, error);
    if (status != ASG_OK) return status;
    bool is_gone = false;
    status = read_output(scope, output, until_ms, ret, error);
    if (status == ASG_OK) {
        status = wait_for_end(scope, pid, until_ms, &is_gone, error);
    }
    (void)close(output);
    if (!is_gone) {
        (void)kill(-pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return status;
}

enum asg_status asg_credentials_from_process(struct asg_credentials_scope *scope,
                                             const char *command,
                                             struct asg_credentials *ret,
                                             struct asg_error *error)
{
    if (!scope->options.allows_process) {
        return asg_fail(error, ASG_ERR_UNSUPPORTED,
                        "the profile has credential_process, which runs a program: allow "
                        "it with the setting credentials.allow_process");
    }
    char *text = asg_alloc(strlen(command) + 1, 1);
    memcpy(text, command, strlen(command) + 1);
    char *words[ARGUMENTS_MAX + 1];
    struct asg_bytes output = {0};
    enum asg_status status = ASG_OK;
    if (cut_words(text, words) > 0) {
        status = run(scope, words, &output, error);
    } else {
        status = asg_fail(error, ASG_ERR_INVALID,
                          "quotes that are not closed, or over %d words", ARGUMENTS_MAX);
    }
    if (status == ASG_OK) {
        const struct asg_credentials_json how = {
            .token_name = "SessionToken",
            .needs_version = true,
            .may_be_endless = true,
            .source = "process",
            .server_date_ms = -1,
            .clock = &scope->options.clock,
        };
        status = asg_credentials_read_json(output.data, output.length, &how, ret, error);
    }
    if (output.data != NULL) asg_secret_wipe(output.data, output.capacity);
    asg_bytes_clear(&output);
    free(text);
    if (status == ASG_OK) return ASG_OK;
    return asg_fail_wrap(error, status, "credential_process");
}
