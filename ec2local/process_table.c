#include "ec2local/process_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"

#define STAT_BYTES        1024
#define ENVIRON_BYTES_MAX 262144

void asg_process_table_clear(struct asg_process_table *table)
{
    free(table->items);
    *table = (struct asg_process_table){0};
}

static int open_of(pid_t pid, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool asg_process_read(pid_t pid, struct asg_process *ret)
{
    int file = open_of(pid, "stat");
    if (file < 0) return false;
    char text[STAT_BYTES];
    ssize_t length = read(file, text, sizeof text - 1);
    (void)close(file);
    if (length <= 0) return false;
    text[length] = '\0';
    /* The name may hold anything, also blanks and brackets: go on after the last one. */
    const char *at = strrchr(text, ')');
    char state = '\0';
    int parent = 0;
    int session = 0;
    unsigned long long started = 0;
    int count = at == NULL
                    ? 0
                    : sscanf(at + 1,
                             " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d"
                             " %*d %*d %*d %*d %llu",
                             &state, &parent, &session, &started);
    if (count != 4) return false;
    *ret = (struct asg_process){.pid = pid,
                                .parent = parent,
                                .session = session,
                                .started = started,
                                .is_over = state == 'Z' || state == 'X'};
    return true;
}

static int compare_pids(const void *a, const void *b)
{
    pid_t left = ((const struct asg_process *)a)->pid;
    pid_t right = ((const struct asg_process *)b)->pid;
    return (left > right) - (left < right);
}

void asg_process_table_read(struct asg_process_table *table)
{
    table->count = 0;
    DIR *folder = opendir("/proc");
    if (folder == NULL) return;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char *end = NULL;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid <= 0 || *end != '\0') continue;
        if (table->count == table->capacity) {
            table->capacity = table->capacity == 0 ? 256 : table->capacity * 2;
            table->items =
                asg_realloc(table->items, table->capacity, sizeof *table->items);
        }
        if (asg_process_read((pid_t)pid, &table->items[table->count])) table->count++;
    }
    (void)closedir(folder);
    if (table->count > 1) {
        qsort(table->items, table->count, sizeof *table->items, compare_pids);
    }
}

const struct asg_process *asg_process_find(const struct asg_process_table *table,
                                           pid_t pid)
{
    const struct asg_process wanted = {.pid = pid};
    if (table->count == 0) return NULL;
    return bsearch(&wanted, table->items, table->count, sizeof *table->items,
                   compare_pids);
}

/* The whole environ file, variables closed by zero bytes. */
static void read_environ(pid_t pid, struct asg_bytes *ret)
{
    int file = open_of(pid, "environ");
    if (file < 0) return;
    while (ret->length < ENVIRON_BYTES_MAX) {
        uint8_t *room = asg_bytes_reserve(ret, 4096);
        ssize_t length = read(file, room, 4096);
        if (length <= 0) break;
        ret->length += (size_t)length;
    }
    (void)close(file);
    asg_bytes_append_byte(ret, 0);
}

bool asg_process_variable(pid_t pid, const char *name, char *ret, size_t size)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes environment = {0};
    read_environ(pid, &environment);
    size_t name_length = strlen(name);
    size_t at = 0;
    while (at < environment.length) {
        const char *entry = (const char *)environment.data + at;
        size_t length = strlen(entry);
        if (length > name_length && entry[name_length] == '=' &&
            strncmp(entry, name, name_length) == 0) {
            (void)snprintf(ret, size, "%s", entry + name_length + 1);
            return true;
        }
        at += length + 1;
    }
    return false;
}
