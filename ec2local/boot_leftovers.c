/* boot_leftovers - the folder: one ec2local at a time, and what a killed one left. */
#include "ec2local/boot_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "crypto/crypto.h"

#define LEFTOVER_ROUNDS 500
#define ROUND_NS        10000000

/* A tree of an earlier ec2local: its session, and when that session began. */
struct leftover {
    pid_t root;
    uint64_t started;
};

static void name_file(const struct asg_boot *boot, const char *name,
                      char ret[BOOT_PATH_BYTES])
{
    (void)snprintf(ret, BOOT_PATH_BYTES, "%s/%s", boot->options.folder, name);
}

/* The kernel's id of this boot of the machine: pids of another boot mean nothing. */
static void read_machine_boot(char ret[64])
{
    (void)snprintf(ret, 64, "unknown");
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file == NULL) return;
    if (fscanf(file, "%63s", ret) != 1) (void)snprintf(ret, 64, "unknown");
    (void)fclose(file);
}

/* Made once a folder; processes that carry it are ours, whoever started them. */
static enum asg_status read_mark(struct asg_boot *boot, struct asg_error *error)
{
    char path[BOOT_PATH_BYTES];
    name_file(boot, "mark", path);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        int count = fscanf(file, "%32[0-9a-f]", boot->mark);
        (void)fclose(file);
        if (count == 1 && strlen(boot->mark) == 32) return ASG_OK;
    }
    unsigned char noise[16];
    asg_random_bytes(noise, sizeof noise);
    asg_hex_encode(noise, sizeof noise, boot->mark);
    file = fopen(path, "we");
    if (file == NULL || fprintf(file, "%s\n", boot->mark) < 0 || fclose(file) != 0) {
        return asg_fail(error, ASG_ERR_IO, "cannot write %s: %s", path, strerror(errno));
    }
    return ASG_OK;
}

static size_t read_leftovers(const char *path, struct leftover **ret)
{
    size_t count = 0;
    size_t capacity = 0;
    struct leftover *found = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    char machine_boot[64];
    read_machine_boot(machine_boot);
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        int pid = 0;
        uint64_t started = 0;
        char id[64];
        char boot_id[64];
        if (sscanf(line, "%9d %19" SCNu64 " %63s %63s", &pid, &started, id, boot_id) !=
                4 ||
            pid <= 1 || strcmp(boot_id, machine_boot) != 0) {
            continue;
        }
        if (count == capacity) {
            capacity = capacity == 0 ? 64 : capacity * 2;
            found = asg_realloc(found, capacity, sizeof *found);
        }
        found[count++] = (struct leftover){.root = pid, .started = started};
    }
    (void)fclose(file);
    *ret = found;
    return count;
}

static bool is_leftover(const struct asg_boot *boot, const struct asg_process *process,
                        const struct leftover *leftovers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (process->session != leftovers[i].root) continue;
        /* The session is the recorded one if its leader is, or, when that is gone, if
         * this process began later: a session's id is not used again while it lives. */
        const struct asg_process *leader =
            asg_process_find(&boot->table, leftovers[i].root);
        if (leader != NULL ? leader->started == leftovers[i].started
                           : process->started >= leftovers[i].started) {
            return true;
        }
    }
    char value[64];
    return asg_process_variable(process->pid, ASG_BOOT_MARK, value, sizeof value) &&
           strncmp(value, boot->mark, strlen(boot->mark)) == 0;
}

/* Kill what is there and look again until nothing is. */
static void end_leftovers(struct asg_boot *boot, const struct leftover *leftovers,
                          size_t count)
{
    for (int round = 0; round < LEFTOVER_ROUNDS; round++) {
        size_t alive = 0;
        asg_process_table_read(&boot->table);
        for (size_t i = 0; i < boot->table.count; i++) {
            const struct asg_process *process = &boot->table.items[i];
            if (process->is_over || process->pid == getpid() ||
                !is_leftover(boot, process, leftovers, count)) {
                continue;
            }
            if (kill(process->pid, SIGKILL) == 0) alive++;
        }
        if (alive == 0) return;
        const struct timespec moment = {.tv_nsec = ROUND_NS};
        (void)nanosleep(&moment, NULL);
    }
}

static enum asg_status lock_folder(struct asg_boot *boot, struct asg_error *error)
{
    char path[BOOT_PATH_BYTES];
    name_file(boot, "lock", path);
    boot->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (boot->lock_file < 0) {
        return asg_fail(error, ASG_ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    if (flock(boot->lock_file, LOCK_EX | LOCK_NB) != 0) {
        return asg_fail(error, ASG_ERR_CONFLICT,
                        "another openasg-ec2local uses %s; give each its own --dir",
                        boot->options.folder);
    }
    return ASG_OK;
}

enum asg_status asg_boot_open_folder(struct asg_boot *boot, struct asg_error *error)
{
    if (strlen(boot->options.folder) > BOOT_PATH_BYTES - 64) {
        return asg_fail(error, ASG_ERR_LIMIT, "the name of --dir is too long");
    }
    enum asg_status status = lock_folder(boot, error);
    if (status == ASG_OK) status = read_mark(boot, error);
    if (status != ASG_OK) return status;
    char path[BOOT_PATH_BYTES];
    name_file(boot, "instances", path);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return asg_fail(error, ASG_ERR_IO, "cannot make %s: %s", path, strerror(errno));
    }
    name_file(boot, "trees", path);
    struct leftover *leftovers = NULL;
    size_t count = read_leftovers(path, &leftovers);
    if (access(path, F_OK) == 0) end_leftovers(boot, leftovers, count);
    free(leftovers);
    boot->tree_file =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (boot->tree_file < 0) {
        return asg_fail(error, ASG_ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    return ASG_OK;
}

void asg_boot_note_tree(struct asg_boot *boot, const struct tree *tree)
{
    struct asg_process root;
    char machine_boot[64];
    if (!asg_process_read(tree->root, &root)) return; /* over already */
    read_machine_boot(machine_boot);
    (void)dprintf(boot->tree_file, "%d %" PRIu64 " %s %s\n", (int)tree->root,
                  root.started, tree->id, machine_boot);
}

void asg_boot_close_folder(struct asg_boot *boot)
{
    if (boot->tree_file >= 0) {
        /* All trees have ended: the file means "look for leftovers" and may go. */
        char path[BOOT_PATH_BYTES];
        name_file(boot, "trees", path);
        (void)unlink(path);
        (void)close(boot->tree_file);
    }
    if (boot->lock_file >= 0) (void)close(boot->lock_file);
}
