/* bundle_host - this host: settings, names and modes of files, our processes and what
 * each of their threads waits for, limits. Never what a secret file holds, never an
 * environment. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/safe_file.h"
#include "cli/doctor/bundle.h"
#include "cli/doctor/run_program.h"

#define FILE_MAX  (size_t)(1024 * 1024)
#define LIMIT_MS  10000
#define TASKS_MAX 2000

/* Files of /proc say nothing of their size. */
static bool read_file(const char *path, struct asg_bytes *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    char part[8192];
    ssize_t length = 0;
    while (ret->length < FILE_MAX && (length = read(fd, part, sizeof part)) > 0) {
        asg_bytes_append(ret, part, (size_t)length);
    }
    (void)close(fd);
    return length >= 0;
}

static void add_file(struct asg_bundle *bundle, const char *name, const char *path)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    if (read_file(path, &text)) {
        asg_bundle_add(bundle, name, &text);
    } else {
        asg_bundle_miss(bundle, name, "%s: %s", path, strerror(errno));
    }
}

/* ---- settings ---- */

static void add_own_settings(struct asg_bundle *bundle)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) return;
    (void)fprintf(out, "# openasg %s\n", ASG_VERSION);
    asg_config_print(&asg_cli_config_table, &bundle->cli->settings, out);
    (void)fclose(out);
    const struct asg_bytes said = {.data = (uint8_t *)text, .length = length};
    asg_bundle_add(bundle, "settings/openasg.yaml", &said);
    free(text);
}

/* As the program reads them: comments of the file, where somebody may have noted more,
 * do not come along. */
static void add_program(struct asg_bundle *bundle, const char *program, const char *file)
{
    struct asg_arena *arena = &bundle->cli->arena;
    const char *path = asg_arena_format(arena, "%s/%s", bundle->etc, file);
    const char *name = asg_arena_format(arena, "settings/%s", file);
    if (access(path, F_OK) != 0) return;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes said = {0};
    const char *const words[] = {program, "--print-config", "--config", path, NULL};
    int code = asg_run_program(asg_program_path(program, arena), words, NULL, LIMIT_MS,
                               FILE_MAX, &said);
    if (code == 0) {
        asg_bundle_add(bundle, name, &said);
    } else if (asg_path_leads_out(path)) {
        asg_bundle_miss(bundle, name,
                        "%s --print-config: exit code %d; what it said is left out: a "
                        "symbolic link leads to a file in another folder",
                        program, code);
    } else {
        asg_bundle_miss(bundle, name, "%s --print-config: exit code %d: %s", program,
                        code, asg_bytes_text(&said));
    }
}

static void add_version(struct asg_bundle *bundle, const char *program,
                        struct asg_bytes *ret)
{
    const char *const words[] = {program, "--version", NULL};
    struct asg_arena *arena = &bundle->cli->arena;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes said = {0};
    int code = asg_run_program(asg_program_path(program, arena), words, NULL, LIMIT_MS,
                               FILE_MAX, &said);
    if (code == 127) {
        asg_bytes_printf(ret, "%s is not installed\n", program);
    } else {
        asg_bytes_append(ret, said.data, said.length);
    }
}

static void add_settings(struct asg_bundle *bundle)
{
    add_own_settings(bundle);
    add_program(bundle, "openasg-controller", "controller.yaml");
    add_program(bundle, "openasg-worker", "worker.yaml");
    add_program(bundle, "openasg-agent", "agent.yaml");
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes versions = {0};
    asg_bytes_printf(&versions, "openasg %s\n", ASG_VERSION);
    add_version(bundle, "openasg-controller", &versions);
    add_version(bundle, "openasg-worker", &versions);
    add_version(bundle, "openasg-agent", &versions);
    asg_bundle_add(bundle, "versions.txt", &versions);
}

/* ---- files ---- */

static void list_folder(const char *path, struct asg_bytes *ret)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        asg_bytes_printf(ret, "%s: %s\n", path, strerror(errno));
        return;
    }
    asg_bytes_printf(ret, "%s:\n", path);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        struct stat info;
        if (strcmp(entry->d_name, "..") == 0) continue;
        if (fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        char when[ASG_TIME_TEXT_MAX];
        asg_time_format((int64_t)info.st_mtime * 1000, when);
        asg_bytes_printf(ret, "%06o %6ld %6ld %12lld %s %s\n", (unsigned)info.st_mode,
                         (long)info.st_uid, (long)info.st_gid, (long long)info.st_size,
                         when, entry->d_name);
    }
    (void)closedir(folder);
}

static void add_files(struct asg_bundle *bundle)
{
    const char *dir = bundle->cli->settings.dir;
    struct asg_arena *arena = &bundle->cli->arena;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    list_folder(dir, &text);
    list_folder(asg_arena_format(arena, "%s/workers.d", dir), &text);
    list_folder(asg_arena_format(arena, "%s/admins.d", dir), &text);
    list_folder(bundle->etc, &text);
    struct statvfs info;
    if (statvfs(dir, &info) == 0) {
        asg_bytes_printf(
            &text, "disk of %s: %llu of %llu bytes free, %llu of %llu files\n", dir,
            (unsigned long long)info.f_bavail * info.f_frsize,
            (unsigned long long)info.f_blocks * info.f_frsize,
            (unsigned long long)info.f_favail, (unsigned long long)info.f_files);
    }
    asg_bundle_add(bundle, "files.txt", &text);
}

/* ---- processes ---- */

static void append_line(struct asg_bytes *ret, const char *task, const char *name)
{
    char path[512];
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    (void)snprintf(path, sizeof path, "%s/%s", task, name);
    if (!read_file(path, &text)) {
        asg_bytes_printf(ret, "  %s: %s\n", name, strerror(errno));
        return;
    }
    asg_bytes_printf(ret, "  %s: %s", name, asg_bytes_text(&text));
    if (text.length == 0 || text.data[text.length - 1] != '\n') {
        asg_bytes_append_byte(ret, '\n');
    }
}

/* What each thread waits for: its state, the place in the kernel, the call it is in. */
static void append_threads(const char *process, struct asg_bytes *ret)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/task", process);
    DIR *folder = opendir(path);
    size_t count = 0;
    for (struct dirent *entry = folder != NULL ? readdir(folder) : NULL;
         entry != NULL && count < TASKS_MAX; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') continue;
        char task[600];
        (void)snprintf(task, sizeof task, "%s/%s", path, entry->d_name);
        asg_bytes_printf(ret, "thread %s\n", entry->d_name);
        static const char *const names[] = {"comm", "wchan", "syscall", "stack", "stat"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            append_line(ret, task, names[i]);
        }
        count++;
    }
    if (folder != NULL) (void)closedir(folder);
}

/* "openasg-controller" is "openasg-control" there. */
static bool is_ours(const char *process, char comm[32])
{
    char path[300];
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    (void)snprintf(path, sizeof path, "%s/comm", process);
    if (!read_file(path, &text)) return false;
    const char *name = asg_bytes_text(&text);
    (void)snprintf(comm, 32, "%.*s", (int)strcspn(name, "\n/"), name);
    return strncmp(comm, "openasg-", 8) == 0;
}

static void add_process(struct asg_bundle *bundle, const char *pid)
{
    char process[280];
    char comm[32];
    (void)snprintf(process, sizeof process, "/proc/%s", pid);
    if (!is_ours(process, comm)) return;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    static const char *const names[] = {"status", "limits", "cgroup", "oom_score"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        append_line(&text, process, names[i]);
    }
    append_threads(process, &text);
    asg_bundle_add(
        bundle, asg_arena_format(&bundle->cli->arena, "processes/%s-%s.txt", comm, pid),
        &text);
}

static void add_processes(struct asg_bundle *bundle)
{
    DIR *folder = opendir("/proc");
    for (struct dirent *entry = folder != NULL ? readdir(folder) : NULL; entry != NULL;
         entry = readdir(folder)) {
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name)) {
            add_process(bundle, entry->d_name);
        }
    }
    if (folder != NULL) (void)closedir(folder);
}

void asg_bundle_add_host(struct asg_bundle *bundle)
{
    static const struct {
        const char *name;
        const char *path;
    } files[] = {
        {"system/version", "/proc/version"},
        {"system/os-release", "/etc/os-release"},
        {"system/meminfo", "/proc/meminfo"},
        {"system/loadavg", "/proc/loadavg"},
        {"system/uptime", "/proc/uptime"},
        {"system/file-nr", "/proc/sys/fs/file-nr"},
        {"system/sockstat", "/proc/net/sockstat"},
        {"system/pressure-cpu", "/proc/pressure/cpu"},
        {"system/pressure-io", "/proc/pressure/io"},
        {"system/pressure-memory", "/proc/pressure/memory"},
        {"system/own-limits", "/proc/self/limits"},
    };
    add_settings(bundle);
    add_files(bundle);
    add_processes(bundle);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        add_file(bundle, files[i].name, files[i].path);
    }
}
