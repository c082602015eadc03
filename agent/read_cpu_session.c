/* CPU of one session, from /proc/<pid>/stat of its processes.
 *
 * A process that ends takes its own counter with it, but whoever waits for it gets the
 * sum added to "time of children waited for". So each scan counts:
 *   what the living used since the last scan,
 *   plus what came in for children that ended,
 *   minus the part of that which was already counted while those children lived.
 * A child that lived and died between two scans is thus counted whole. A process that
 * nobody of the session waits for takes with it only what it used since the last scan.
 *
 * A scan is not one moment: a child may end between the reading of itself and of its
 * parent. So what vanished without coming in waits for one more scan, and when something
 * came in, those read before are looked at again.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/arena.h"
#include "agent/read_cpu.h"

#define STAT_BYTES 1024

struct stat_line {
    int32_t session_id;
    uint64_t own;
    uint64_t waited;
    uint64_t started;
};

/* "pid (name) state ppid pgrp session ...": the name may hold anything, also ")". */
static bool parse_stat(const char *text, struct stat_line *ret)
{
    const char *at = strrchr(text, ')');
    if (at == NULL) return false;
    at++;
    uint64_t session = 0;
    uint64_t user = 0;
    uint64_t system = 0;
    uint64_t waited_user = 0;
    uint64_t waited_system = 0;
    uint64_t started = 0;
    if (!asg_proc_skip_words(&at, 3) || !asg_proc_number(&at, &session)) return false;
    if (!asg_proc_skip_words(&at, 7) || !asg_proc_number(&at, &user)) return false;
    if (!asg_proc_number(&at, &system) || !asg_proc_number(&at, &waited_user)) {
        return false;
    }
    if (!asg_proc_number(&at, &waited_system) || !asg_proc_skip_words(&at, 4)) {
        return false;
    }
    if (!asg_proc_number(&at, &started) || session > INT32_MAX) return false;
    *ret = (struct stat_line){(int32_t)session, user + system,
                              waited_user + waited_system, started};
    return true;
}

static bool read_stat(const struct asg_cpu_session *session, int32_t pid,
                      struct stat_line *ret)
{
    char path[32];
    char text[STAT_BYTES];
    (void)snprintf(path, sizeof path, "/%d/stat", pid);
    if (asg_proc_read_once(session->proc, path, text, sizeof text) == 0) return false;
    return parse_stat(text, ret);
}

/* Where pid is in the sorted list, or where it belongs. */
static size_t place_of(const struct asg_cpu_session *session, int32_t pid)
{
    size_t low = 0;
    size_t high = session->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (session->processes[middle].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A new entry that has counted nothing yet; NULL when there are too many. */
static struct asg_session_process *insert(struct asg_cpu_session *session, size_t place,
                                          int32_t pid)
{
    if (session->count >= ASG_SESSION_PROCESSES_MAX) return NULL;
    if (session->count == session->capacity) {
        session->capacity = session->capacity == 0 ? 16 : session->capacity * 2;
        session->processes = asg_realloc(session->processes, session->capacity,
                                         sizeof *session->processes);
    }
    struct asg_session_process *at = &session->processes[place];
    memmove(at + 1, at, (session->count - place) * sizeof *at);
    session->count++;
    *at = (struct asg_session_process){.pid = pid};
    return at;
}

static uint64_t more(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

/* What one scan found, in ticks. */
struct found {
    uint64_t used;     /* by the living */
    uint64_t came_in;  /* for children that ended */
    uint64_t vanished; /* counted before, of those that are gone */
};

static void count_process(struct asg_cpu_session *session, int32_t pid,
                          struct found *found)
{
    struct stat_line line;
    if (!read_stat(session, pid, &line) || line.session_id != session->session_id) return;
    size_t place = place_of(session, pid);
    struct asg_session_process *process = NULL;
    if (place < session->count && session->processes[place].pid == pid) {
        process = &session->processes[place];
        if (process->started != line.started) { /* another one with the same number */
            found->vanished += process->own + process->waited;
            process->own = 0;
            process->waited = 0;
        }
    } else {
        process = insert(session, place, pid);
        if (process == NULL) return;
    }
    found->used += more(line.own, process->own);
    found->came_in += more(line.waited, process->waited);
    *process = (struct asg_session_process){.pid = pid,
                                            .started = line.started,
                                            .own = line.own,
                                            .waited = line.waited,
                                            .seen = session->scan};
}

static void drop_vanished(struct asg_cpu_session *session, struct found *found)
{
    size_t kept = 0;
    for (size_t i = 0; i < session->count; i++) {
        if (session->processes[i].seen == session->scan) {
            session->processes[kept++] = session->processes[i];
        } else {
            found->vanished += session->processes[i].own + session->processes[i].waited;
        }
    }
    session->count = kept;
}

/* Those that ended while this scan went on: what came in may already be theirs. */
static void look_again(struct asg_cpu_session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        struct asg_session_process *process = &session->processes[i];
        struct stat_line line;
        bool is_there =
            read_stat(session, process->pid, &line) && line.started == process->started;
        if (!is_there) process->seen = session->scan - 1;
    }
}

static enum asg_status scan(struct asg_cpu_session *session, struct found *ret)
{
    DIR *folder = opendir(session->proc);
    if (folder == NULL) return ASG_ERR_IO;
    struct found found = {0};
    session->scan++;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid < 1 || pid > INT32_MAX) continue;
        if (session->session_of != NULL &&
            session->session_of((int32_t)pid) != session->session_id) {
            continue;
        }
        count_process(session, (int32_t)pid, &found);
    }
    (void)closedir(folder);
    if (found.came_in > 0) look_again(session);
    drop_vanished(session, &found);
    *ret = found;
    return ASG_OK;
}

enum asg_status asg_cpu_session_open(struct asg_cpu_session *session, const char *root,
                                     int32_t session_id,
                                     int32_t (*session_of)(int32_t pid),
                                     uint64_t capacity_milli, int64_t now_us,
                                     struct asg_error *error)
{
    *session = (struct asg_cpu_session){.session_id = session_id,
                                        .session_of = session_of,
                                        .capacity_milli = capacity_milli,
                                        .last_us = now_us};
    int length = snprintf(session->proc, sizeof session->proc, "%s/proc", root);
    if (length < 0 || (size_t)length >= sizeof session->proc) {
        return asg_fail(error, ASG_ERR_INVALID, "%s: too long a name", root);
    }
    if (session->session_id == 0) session->session_id = (int32_t)getsid(0);
    if (session->capacity_milli == 0) session->capacity_milli = asg_cpu_online_milli();
    /* What was used before now is the base, not a burst in the first report. */
    struct found found;
    if (scan(session, &found) != ASG_OK) {
        asg_cpu_session_close(session);
        return asg_fail(error, ASG_ERR_IO, "cannot list the processes in %s",
                        session->proc);
    }
    return ASG_OK;
}

void asg_cpu_session_close(struct asg_cpu_session *session)
{
    free(session->processes);
    session->processes = NULL;
    session->count = 0;
    session->capacity = 0;
}

enum asg_status asg_read_cpu_session(struct asg_cpu_session *session, int64_t now_us,
                                     struct asg_cpu_sample *ret)
{
    struct found found;
    enum asg_status status = scan(session, &found);
    if (status != ASG_OK) return status;
    long ticks_a_second = sysconf(_SC_CLK_TCK);
    uint64_t tick_us = 1000000 / (uint64_t)(ticks_a_second < 1 ? 100 : ticks_a_second);
    uint64_t counted_before = found.vanished + session->unmatched;
    session->used_us += (found.used + more(found.came_in, counted_before)) * tick_us;
    session->unmatched = more(found.vanished, found.came_in);
    if (now_us > session->last_us) {
        session->possible_us_milli +=
            (uint64_t)(now_us - session->last_us) * session->capacity_milli;
        session->last_us = now_us;
    }
    *ret = (struct asg_cpu_sample){session->used_us, session->possible_us_milli / 1000};
    return ASG_OK;
}
