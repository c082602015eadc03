/* fixture - a folder that looks like / to the readers of agent/. */
#ifndef ASG_TESTS_UNIT_AGENT_FIXTURE_H
#define ASG_TESTS_UNIT_AGENT_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"

static char fixture_root[64];

static inline int fixture_start(void **state)
{
    (void)state;
    (void)snprintf(fixture_root, sizeof fixture_root, "/tmp/asg-agent-XXXXXX");
    return mkdtemp(fixture_root) == NULL ? -1 : 0;
}

static inline int fixture_remove_one(const char *path, const struct stat *about, int kind,
                                     struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

static inline int fixture_end(void **state)
{
    (void)state;
    return nftw(fixture_root, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Write root + path, with the folders above it. The file is changed in place, as /proc
 * changes under an open descriptor. */
static inline void fixture_put(const char *path, const char *text)
{
    char full[512];
    (void)snprintf(full, sizeof full, "%s%s", fixture_root, path);
    for (char *slash = full + strlen(fixture_root) + 1; (slash = strchr(slash, '/'));
         slash++) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)strlen(text), write(fd, text, strlen(text)));
    (void)close(fd);
}

static inline void fixture_drop(const char *path)
{
    char full[512];
    (void)snprintf(full, sizeof full, "%s%s", fixture_root, path);
    assert_int_equal(0, unlink(full));
}

/* /proc/<pid>/stat of a process: its session and its four times in ticks. */
static inline void fixture_process(int pid, int session, int own, int waited)
{
    char path[64];
    char text[256];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    (void)snprintf(text, sizeof text,
                   "%d (a ) name) S 1 %d %d 0 -1 4194304 101 0 0 0 %d %d %d %d 20 0 1 0 "
                   "%d 3133440 411 0 0\n",
                   pid, session, session, own, 0, waited, 0, 1000 + pid);
    fixture_put(path, text);
}

#endif
