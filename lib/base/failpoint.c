#include "base/failpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARMED_MAX 32
#define NAME_MAX  64
#define TEXT_MAX  1024
#define PATH_SIZE 4096

enum action { ACTION_KILL, ACTION_STOP, ACTION_ERROR, ACTION_COUNT };

static const char *const action_words[ACTION_COUNT] = {"kill", "stop", "error"};

struct armed {
    char name[NAME_MAX];
    enum action action;
    unsigned long passes_left; /* 0: has struck */
    bool is_from_file;
};

/* Set by the linker around all sites of this program; absent when there is none. */
extern const struct asg_failpoint_site __start_asg_failpoints[] __attribute__((weak));
extern const struct asg_failpoint_site __stop_asg_failpoints[] __attribute__((weak));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct armed armed[ARMED_MAX];
static size_t armed_count;
static bool is_environment_read;
static struct timespec file_time; /* of the file's text that is armed */

static _Noreturn void refuse(const char *text, const char *why)
{
    (void)fprintf(stderr, "failpoint: \"%s\": %s; it is NAME:kill|stop|error[@N]\n", text,
                  why);
    _exit(2);
}

/* NAME:ACTION[@N], taken apart in place. */
static void arm(char *text, bool is_from_file)
{
    char *action = strchr(text, ':');
    if (action == NULL) refuse(text, "no action");
    *action++ = '\0';
    char *count = strchr(action, '@');
    if (count != NULL) *count++ = '\0';
    int kind = 0;
    while (kind < ACTION_COUNT && strcmp(action, action_words[kind]) != 0) {
        kind++;
    }
    if (kind == ACTION_COUNT) refuse(action, "no such action");
    char *end = NULL;
    unsigned long passes = count == NULL ? 1 : strtoul(count, &end, 10);
    if (passes == 0 || (end != NULL && *end != '\0'))
        refuse(count, "no number of passes");
    if (armed_count == ARMED_MAX || strlen(text) >= NAME_MAX) refuse(text, "too much");
    struct armed *row = &armed[armed_count++];
    (void)snprintf(row->name, sizeof row->name, "%s", text);
    row->action = (enum action)kind;
    row->passes_left = passes;
    row->is_from_file = is_from_file;
}

static void arm_all(const char *text, bool is_from_file)
{
    char copy[TEXT_MAX];
    if (strlen(text) >= sizeof copy) refuse(text, "too long");
    (void)snprintf(copy, sizeof copy, "%s", text);
    char *rest = NULL;
    for (char *one = strtok_r(copy, ",\n", &rest); one != NULL;
         one = strtok_r(NULL, ",\n", &rest)) {
        arm(one, is_from_file);
    }
}

static void disarm_file(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < armed_count; i++) {
        if (!armed[i].is_from_file) armed[kept++] = armed[i];
    }
    armed_count = kept;
}

/* The file is written beside and renamed by whoever arms: it is there whole or not. */
static void look_at_file(const char *path)
{
    struct stat state;
    if (stat(path, &state) != 0) {
        disarm_file();
        file_time = (struct timespec){0};
        return;
    }
    if (state.st_mtim.tv_sec == file_time.tv_sec &&
        state.st_mtim.tv_nsec == file_time.tv_nsec) {
        return;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) return; /* another process has struck by it just now */
    char text[TEXT_MAX] = "";
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    (void)fclose(file);
    file_time = state.st_mtim;
    disarm_file();
    arm_all(text, /* is_from_file */ true);
}

/* Only one process strikes by a file: the one that could rename it. */
static bool take_file(const char *path, const struct armed *row)
{
    char mine[PATH_SIZE];
    char fired[PATH_SIZE];
    (void)snprintf(mine, sizeof mine, "%s.%ld", path, (long)getpid());
    (void)snprintf(fired, sizeof fired, "%s.fired", path);
    if (rename(path, mine) != 0) return false;
    FILE *file = fopen(mine, "we");
    if (file != NULL) {
        (void)fprintf(file, "%ld %s %s\n", (long)getpid(), row->name,
                      action_words[row->action]);
        (void)fclose(file);
    }
    (void)rename(mine, fired);
    return true;
}

/* Lock held. True when the step has to fail. */
static bool strike(struct armed *row, const char *path)
{
    if (row->is_from_file && (path == NULL || !take_file(path, row))) return false;
    (void)fprintf(stderr, "failpoint: %s strikes: %s\n", row->name,
                  action_words[row->action]);
    if (row->action == ACTION_ERROR) return true;
    (void)kill(getpid(), row->action == ACTION_KILL ? SIGKILL : SIGSTOP);
    return false;
}

bool asg_failpoint_pass(const struct asg_failpoint_site *site)
{
    bool must_fail = false;
    (void)pthread_mutex_lock(&lock);
    if (!is_environment_read) {
        is_environment_read = true;
        const char *text = getenv("ASG_FAILPOINT");
        if (text != NULL) arm_all(text, /* is_from_file */ false);
    }
    const char *path = getenv("ASG_FAILPOINT_FILE");
    if (path != NULL) look_at_file(path);
    for (size_t i = 0; i < armed_count; i++) {
        struct armed *row = &armed[i];
        if (row->passes_left == 0 || strcmp(row->name, site->name) != 0) continue;
        if (row->action == ACTION_ERROR && !site->can_fail) {
            refuse(row->name, "this step cannot fail");
        }
        if (--row->passes_left == 0) must_fail = strike(row, path);
    }
    (void)pthread_mutex_unlock(&lock);
    return must_fail;
}

bool asg_failpoint_list(int argc, char **argv)
{
    bool is_asked = argc == 2 && strcmp(argv[1], "--list-failpoints") == 0;
    if (!is_asked) return false;
    for (const struct asg_failpoint_site *site = __start_asg_failpoints;
         site != NULL && site < __stop_asg_failpoints; site++) {
        (void)printf("%s kill stop%s\n", site->name, site->can_fail ? " error" : "");
    }
    return true;
}
