/* boot_end - whose is this process, and how a tree ends. */
#include "ec2local/boot_private.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

#define ANCESTORS_MAX 64

static int find_session(const struct asg_boot *boot, pid_t session)
{
    /* Newest first: a pid that came round again belongs to the later tree. */
    for (size_t i = boot->count; i > 0; i--) {
        if (boot->trees[i - 1].root != 0 && boot->trees[i - 1].root == session) {
            return (int)(i - 1);
        }
    }
    return -1;
}

static int find_mark(const struct asg_boot *boot, pid_t pid)
{
    char value[64];
    size_t length = strlen(boot->mark);
    if (!asg_process_variable(pid, ASG_BOOT_MARK, value, sizeof value) ||
        strncmp(value, boot->mark, length) != 0 || value[length] != ':') {
        return -1;
    }
    for (size_t i = 0; i < boot->count; i++) {
        if (strcmp(boot->trees[i].id, value + length + 1) == 0) return (int)i;
    }
    return -1;
}

static int find_known(const struct asg_boot *boot, const struct asg_process *process)
{
    for (size_t i = 0; i < boot->known_count; i++) {
        const struct known *known = &boot->known[i];
        if (known->pid != process->pid || known->started != process->started) continue;
        for (size_t t = 0; t < boot->count; t++) {
            if (strcmp(boot->trees[t].id, known->id) == 0) return (int)t;
        }
    }
    return -1;
}

static void remember(struct asg_boot *boot, const struct asg_process *process,
                     const struct tree *tree)
{
    if (find_known(boot, process) >= 0) return;
    if (boot->known_count == boot->known_capacity) {
        boot->known_capacity = boot->known_capacity == 0 ? 64 : boot->known_capacity * 2;
        boot->known = asg_realloc(boot->known, boot->known_capacity, sizeof *boot->known);
    }
    struct known *known = &boot->known[boot->known_count++];
    *known = (struct known){.pid = process->pid, .started = process->started};
    memcpy(known->id, tree->id, sizeof known->id);
}

/* Ours at all? All processes of instances descend from us (PR_SET_CHILD_SUBREAPER). */
static bool is_descendant(const struct asg_boot *boot, const struct asg_process *process)
{
    pid_t self = getpid();
    for (int i = 0; i < ANCESTORS_MAX && process != NULL; i++) {
        if (process->parent == self) return true;
        process = asg_process_find(&boot->table, process->parent);
    }
    return false;
}

int asg_boot_owner(struct asg_boot *boot, const struct asg_process *process)
{
    if (!is_descendant(boot, process)) return -1;
    pid_t self = getpid();
    for (int i = 0; i < ANCESTORS_MAX && process != NULL && process->pid != self; i++) {
        int owner = find_session(boot, process->session);
        if (owner < 0) owner = find_known(boot, process);
        if (owner < 0) owner = find_mark(boot, process->pid);
        if (owner >= 0) return owner;
        process = asg_process_find(&boot->table, process->parent);
    }
    return -1;
}

void asg_boot_end(struct asg_boot *boot, const char *id, int64_t now_ms)
{
    for (size_t i = 0; i < boot->count; i++) {
        if (strcmp(boot->trees[i].id, id) != 0 || boot->trees[i].is_ending) continue;
        boot->trees[i].is_ending = true;
        boot->trees[i].kill_at_ms = now_ms + boot->options.grace_ms;
    }
}

void asg_boot_end_all(struct asg_boot *boot, int64_t now_ms)
{
    boot->ends_all = true;
    boot->kill_strays_at_ms = now_ms + boot->options.grace_ms;
    for (size_t i = 0; i < boot->count; i++) {
        asg_boot_end(boot, boot->trees[i].id, now_ms);
    }
}

static void reap(struct asg_boot *boot)
{
    for (;;) {
        int result = 0;
        pid_t pid = waitpid(-1, &result, WNOHANG);
        if (pid <= 0) return;
        (void)pthread_mutex_lock(&boot->lock);
        for (size_t i = 0; i < boot->count; i++) {
            if (boot->trees[i].root == pid) boot->trees[i].is_root_over = true;
        }
        (void)pthread_mutex_unlock(&boot->lock);
    }
}

static void signal_process(pid_t pid, bool is_to_kill, bool was_asked)
{
    if (is_to_kill) {
        (void)kill(pid, SIGKILL);
    } else if (!was_asked) {
        (void)kill(pid, SIGTERM);
        (void)kill(pid, SIGCONT); /* a stopped one would not hear it */
    }
}

static void signal_trees(struct asg_boot *boot, int64_t now_ms)
{
    asg_process_table_read(&boot->table);
    for (size_t i = 0; i < boot->table.count; i++) {
        const struct asg_process *process = &boot->table.items[i];
        if (process->is_over) continue;
        int owner = asg_boot_owner(boot, process);
        if (owner >= 0 && boot->trees[owner].is_ending) {
            struct tree *tree = &boot->trees[owner];
            tree->alive++;
            remember(boot, process, tree);
            signal_process(process->pid, now_ms >= tree->kill_at_ms, tree->was_asked);
        } else if (boot->ends_all && is_descendant(boot, process)) {
            boot->strays++;
            signal_process(process->pid, now_ms >= boot->kill_strays_at_ms, false);
        }
    }
}

bool asg_boot_step(struct asg_boot *boot, int64_t now_ms,
                   void (*ended)(void *context, const char *id), void *context)
{
    reap(boot);
    bool is_any_ending = boot->ends_all;
    boot->strays = 0;
    for (size_t i = 0; i < boot->count; i++) {
        boot->trees[i].alive = 0;
        is_any_ending = is_any_ending || boot->trees[i].is_ending;
    }
    if (!is_any_ending) return false;
    signal_trees(boot, now_ms);
    bool is_more = boot->strays > 0;
    for (size_t i = 0; i < boot->count; i++) {
        struct tree *tree = &boot->trees[i];
        if (!tree->is_ending) continue;
        tree->was_asked = true;
        if (tree->alive > 0) {
            is_more = true;
            continue;
        }
        tree->is_ending = false;
        tree->was_asked = false;
        (void)pthread_mutex_lock(&boot->lock);
        tree->root = 0;
        tree->is_root_over = true;
        (void)pthread_mutex_unlock(&boot->lock);
        ended(context, tree->id);
    }
    if (!is_more) boot->known_count = 0;
    reap(boot);
    return is_more;
}

size_t asg_boot_signal(struct asg_boot *boot, const char *id, int signal)
{
    asg_process_table_read(&boot->table);
    size_t count = 0;
    for (size_t i = 0; i < boot->table.count; i++) {
        const struct asg_process *process = &boot->table.items[i];
        if (process->is_over) continue;
        int owner = asg_boot_owner(boot, process);
        if (owner < 0 || strcmp(boot->trees[owner].id, id) != 0) continue;
        if (kill(process->pid, signal) == 0) count++;
    }
    return count;
}
