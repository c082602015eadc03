/* process_table - the processes of this machine, as /proc shows them now.
 *
 * Enough to find out which process belongs to which instance: parent, session, start.
 * Threads: one owner at a time. Blocks: reads /proc.
 */
#ifndef ASG_EC2LOCAL_PROCESS_TABLE_H
#define ASG_EC2LOCAL_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct asg_process {
    pid_t pid;
    pid_t parent;
    pid_t session;
    uint64_t started; /* clock ticks since boot */
    bool is_over;     /* a zombie */
};

struct asg_process_table {
    struct asg_process *items; /* by pid */
    size_t count;
    size_t capacity;
};

void asg_process_table_clear(struct asg_process_table *table);

/* Read them all anew. Processes that end meanwhile may be missing. */
void asg_process_table_read(struct asg_process_table *table);

/* NULL: not there. */
const struct asg_process *asg_process_find(const struct asg_process_table *table,
                                           pid_t pid);

/* One process without reading the others; false: not there. */
bool asg_process_read(pid_t pid, struct asg_process *ret);

/* Value of a variable of its environment as it was at its start, cut at `size`.
 * false: no such variable, or it may not be read. */
bool asg_process_variable(pid_t pid, const char *name, char *ret, size_t size);

#endif
