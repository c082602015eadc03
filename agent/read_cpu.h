/* read_cpu - how much CPU was used so far, from one of three places.
 *
 * host:    /proc/stat, the whole machine. Steal counts as used: the machine wanted it.
 * cgroup:  cpu.stat of a cgroup v2, against its cpu.max or a capacity that was given.
 * session: the processes of one session (setsid), what ec2local's instances use: each
 *          is a session of its own, so each measures its own CPU on a shared machine.
 * All give counters that never go back; the percentage is made from two of them by
 * read_metrics. Threads: one owner at a time.
 */
#ifndef ASG_AGENT_READ_CPU_H
#define ASG_AGENT_READ_CPU_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/status.h"
#include "agent/proc_file.h"

enum asg_cpu_source { ASG_CPU_HOST, ASG_CPU_CGROUP, ASG_CPU_SESSION };

/* Used and possible, in any unit as long as it is the same for both. */
struct asg_cpu_sample {
    uint64_t used;
    uint64_t possible;
};

/* host */
struct asg_cpu_host {
    struct asg_proc_file stat;
};

ASG_MUST_USE enum asg_status asg_cpu_host_open(struct asg_cpu_host *host,
                                               const char *root, struct asg_error *error);
void asg_cpu_host_close(struct asg_cpu_host *host);
/* ASG_ERR_IO: the file has become unreadable. */
ASG_MUST_USE enum asg_status asg_read_cpu_host(struct asg_cpu_host *host,
                                               struct asg_cpu_sample *ret);

/* cgroup */
struct asg_cpu_cgroup {
    struct asg_proc_file stat;
    uint64_t capacity_milli;
    int64_t last_us;
    uint64_t possible_us_milli; /* capacity-milliseconds so far, thousandths */
};

/* `folder` is the cgroup's ("/sys/fs/cgroup/system.slice/web.service") or NULL for the
 * one we are in; capacity_milli 0: its cpu.max, or else all cores. */
ASG_MUST_USE enum asg_status asg_cpu_cgroup_open(struct asg_cpu_cgroup *cgroup,
                                                 const char *root, const char *folder,
                                                 uint64_t capacity_milli, int64_t now_us,
                                                 struct asg_error *error);
void asg_cpu_cgroup_close(struct asg_cpu_cgroup *cgroup);
ASG_MUST_USE enum asg_status asg_read_cpu_cgroup(struct asg_cpu_cgroup *cgroup,
                                                 int64_t now_us,
                                                 struct asg_cpu_sample *ret);

/* session */
struct asg_session_process {
    int32_t pid;
    uint64_t started; /* tells a process from a later one with the same pid */
    uint64_t own;     /* ticks it used itself */
    uint64_t waited;  /* ticks of its children that ended and were waited for */
    uint32_t seen;    /* the scan that saw it last */
};

#define ASG_SESSION_PROCESSES_MAX 4096

struct asg_cpu_session {
    char proc[ASG_PROC_PATH_MAX];
    int32_t session_id;
    int32_t (*session_of)(int32_t pid); /* a cheap filter before the file is read */
    uint64_t capacity_milli;
    int64_t last_us;
    uint64_t used_us;
    uint64_t possible_us_milli;
    uint64_t unmatched; /* ticks that vanished in the last scan and came in nowhere */
    uint32_t scan;
    struct asg_session_process *processes; /* sorted by pid */
    size_t count;
    size_t capacity;
};

/* session_id 0: our own; capacity_milli 0: all cores. `session_of` may be NULL.
 * ASG_ERR_IO: no /proc to look into. */
ASG_MUST_USE enum asg_status asg_cpu_session_open(struct asg_cpu_session *session,
                                                  const char *root, int32_t session_id,
                                                  int32_t (*session_of)(int32_t pid),
                                                  uint64_t capacity_milli, int64_t now_us,
                                                  struct asg_error *error);
void asg_cpu_session_close(struct asg_cpu_session *session);
ASG_MUST_USE enum asg_status asg_read_cpu_session(struct asg_cpu_session *session,
                                                  int64_t now_us,
                                                  struct asg_cpu_sample *ret);

/* Thousandths of cores that are online. */
uint64_t asg_cpu_online_milli(void);

#endif
