#include "agent/run_drain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/utf8.h"

#define KILL_AFTER_MS    2000
#define REASON_BYTES_MAX 512

struct asg_drainer {
    char *script;
    char *instance_id;
    int64_t timeout_ms;
    int stop_pipe[2];      /* closed on one side to stop a run */
    pthread_mutex_t mutex; /* guards what follows */
    pthread_t thread;
    bool has_thread; /* to be joined */
    bool is_running;
    bool has_drained;
    int64_t run_ms_max;
    char reason[REASON_BYTES_MAX];
    struct asg_rpc_call *waiters[ASG_DRAIN_WAITERS_MAX];
    size_t waiter_count;
};

struct asg_drainer *asg_drainer_new(const struct asg_drainer_options *options)
{
    struct asg_drainer *drainer = asg_alloc(1, sizeof *drainer);
    size_t script = strlen(options->script) + 1;
    size_t id = strlen(options->instance_id) + 1;
    drainer->script = memcpy(asg_alloc(script, 1), options->script, script);
    drainer->instance_id = memcpy(asg_alloc(id, 1), options->instance_id, id);
    drainer->timeout_ms = options->timeout_ms;
    (void)pthread_mutex_init(&drainer->mutex, NULL);
    if (pipe2(drainer->stop_pipe, O_CLOEXEC) != 0) {
        drainer->stop_pipe[0] = -1;
        drainer->stop_pipe[1] = -1;
    }
    return drainer;
}

void asg_drainer_destroy(struct asg_drainer **drainer)
{
    struct asg_drainer *it = *drainer;
    if (it == NULL) return;
    *drainer = NULL;
    if (it->stop_pipe[1] >= 0) (void)close(it->stop_pipe[1]);
    if (it->has_thread) (void)pthread_join(it->thread, NULL);
    if (it->stop_pipe[0] >= 0) (void)close(it->stop_pipe[0]);
    (void)pthread_mutex_destroy(&it->mutex);
    free(it->script);
    free(it->instance_id);
    free(it);
}

/* Our environment and two more. *ret_own are the two, to be freed by the caller. */
static char **make_environment(const struct asg_drainer *drainer, char *own[2])
{
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **list = asg_alloc(count + 3, sizeof *list);
    memcpy(list, environ, count * sizeof *list);
    struct asg_bytes text = {0};
    asg_bytes_printf(&text, "OPENASG_DRAIN_REASON=%s", drainer->reason);
    own[0] = strdup(asg_bytes_text(&text));
    asg_bytes_reset(&text);
    asg_bytes_printf(&text, "OPENASG_INSTANCE_ID=%s", drainer->instance_id);
    own[1] = strdup(asg_bytes_text(&text));
    asg_bytes_clear(&text);
    list[count] = own[0];
    list[count + 1] = own[1];
    return list;
}

/* Start the script. Returns 0 and its pid, or an errno. */
static int start_script(struct asg_drainer *drainer, pid_t *ret)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                                    POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                           0);
    char *arguments[] = {drainer->script, NULL};
    char *own[2];
    char **environment = make_environment(drainer, own);
    int error =
        posix_spawn(ret, drainer->script, &actions, &attributes, arguments, environment);
    free(own[0]);
    free(own[1]);
    free(environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return error;
}

/* Wait until the child has ended. False: the time is up, or we are to stop. */
static bool wait_for_end(int pid_fd, int stop_fd, int64_t timeout_ms)
{
    struct pollfd fds[2] = {{.fd = pid_fd, .events = POLLIN},
                            {.fd = stop_fd, .events = POLLIN}};
    int timeout = timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;
    int ready = poll(fds, 2, timeout);
    while (ready < 0 && errno == EINTR)
        ready = poll(fds, 2, timeout);
    return ready > 0 && fds[0].revents != 0;
}

static struct asg_rpc_drain run_script(struct asg_drainer *drainer, int64_t timeout_ms,
                                       char detail[256])
{
    struct asg_rpc_drain result = {.exit_code = -1, .detail = detail};
    pid_t pid = 0;
    int error = start_script(drainer, &pid);
    if (error != 0) {
        (void)snprintf(detail, 256, "the drain script cannot be started: %s",
                       strerrordesc_np(error));
        return result;
    }
    int pid_fd = pidfd_open(pid, 0);
    if (!wait_for_end(pid_fd, drainer->stop_pipe[0], timeout_ms)) {
        result.has_timed_out = true;
        (void)kill(-pid, SIGTERM);
        if (!wait_for_end(pid_fd, -1, KILL_AFTER_MS)) (void)kill(-pid, SIGKILL);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (pid_fd >= 0) (void)close(pid_fd);
    if (result.has_timed_out) {
        (void)snprintf(detail, 256, "the drain script was stopped after %lld ms",
                       (long long)timeout_ms);
    } else if (WIFEXITED(status)) {
        result.exit_code = WEXITSTATUS(status);
        result.is_drained = result.exit_code == 0;
        (void)snprintf(detail, 256, "the drain script ended with %d", result.exit_code);
    } else {
        (void)snprintf(detail, 256, "the drain script was ended by signal %d",
                       WTERMSIG(status));
    }
    return result;
}

static void *run(void *context)
{
    struct asg_drainer *drainer = context;
    char detail[256];
    struct asg_rpc_drain result = run_script(drainer, drainer->run_ms_max, detail);

    struct asg_rpc_call *waiters[ASG_DRAIN_WAITERS_MAX];
    (void)pthread_mutex_lock(&drainer->mutex);
    drainer->is_running = false;
    drainer->has_drained = result.is_drained;
    size_t count = drainer->waiter_count;
    memcpy(waiters, drainer->waiters, count * sizeof waiters[0]);
    drainer->waiter_count = 0;
    (void)pthread_mutex_unlock(&drainer->mutex);
    for (size_t i = 0; i < count; i++)
        asg_rpc_drain_reply(waiters[i], &result);
    return NULL;
}

static const struct asg_rpc_drain nothing_to_do = {
    .is_drained = true, .exit_code = -1, .detail = "there is no drain script"};
static const struct asg_rpc_drain done_before = {
    .is_drained = true, .exit_code = 0, .detail = "the drain script ended with 0 before"};

/* A script may print it, on a terminal or into a log: blanks for what those would obey.
 */
static void copy_clean(char *ret, size_t size, const char *text)
{
    size_t length = 0;
    size_t left = strlen(text);
    while (left > 0) {
        size_t step = asg_utf8_step(text, left);
        bool is_shown = step > 0 && asg_utf8_control_at(text, step) == 0;
        if (step == 0) step = 1;
        if (length + (is_shown ? step : 1) >= size) break;
        if (is_shown)
            memcpy(ret + length, text, step);
        else
            ret[length] = ' ';
        length += is_shown ? step : 1;
        text += step;
        left -= step;
    }
    ret[length] = '\0';
}

/* Begin a run for the first waiter; the mutex is held. False: no thread. */
static bool start_run(struct asg_drainer *drainer, const char *reason,
                      uint32_t timeout_ms)
{
    if (drainer->has_thread) (void)pthread_join(drainer->thread, NULL); /* it has ended */
    drainer->has_thread = false;
    drainer->run_ms_max = drainer->timeout_ms;
    if (timeout_ms > 0 && (int64_t)timeout_ms < drainer->timeout_ms) {
        drainer->run_ms_max = timeout_ms;
    }
    copy_clean(drainer->reason, sizeof drainer->reason, reason);
    drainer->is_running = true;
    drainer->has_thread = pthread_create(&drainer->thread, NULL, run, drainer) == 0;
    if (!drainer->has_thread) drainer->is_running = false;
    return drainer->has_thread;
}

void asg_drainer_ask(struct asg_drainer *drainer, struct asg_rpc_call *call,
                     const char *reason, uint32_t timeout_ms)
{
    if (drainer->script[0] == '\0') {
        asg_rpc_drain_reply(call, &nothing_to_do);
        return;
    }
    (void)pthread_mutex_lock(&drainer->mutex);
    bool was_drained = drainer->has_drained;
    bool is_full = drainer->waiter_count == ASG_DRAIN_WAITERS_MAX;
    bool is_running = drainer->is_running;
    if (!was_drained && !is_full) {
        drainer->waiters[drainer->waiter_count++] = call;
        if (!is_running && !start_run(drainer, reason, timeout_ms)) {
            drainer->waiter_count--;
            is_full = true;
        }
    }
    (void)pthread_mutex_unlock(&drainer->mutex);
    if (was_drained)
        asg_rpc_drain_reply(call, &done_before);
    else if (is_full)
        asg_rpc_call_end(call, ASG_RPC_RESOURCE_EXHAUSTED, "too many drains");
}

void asg_drainer_forget(struct asg_drainer *drainer, struct asg_rpc_call *call)
{
    bool is_found = false;
    (void)pthread_mutex_lock(&drainer->mutex);
    for (size_t i = 0; i < drainer->waiter_count && !is_found; i++) {
        if (drainer->waiters[i] != call) continue;
        drainer->waiters[i] = drainer->waiters[--drainer->waiter_count];
        is_found = true;
    }
    (void)pthread_mutex_unlock(&drainer->mutex);
    if (is_found) asg_rpc_call_end(call, ASG_RPC_CANCELLED, NULL);
}
