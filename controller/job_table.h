/* job_table - the open jobs of the dispatcher: by id, and in one queue a kind.
 * Threads: one owner (the loop). */
#ifndef ASG_CONTROLLER_JOB_TABLE_H
#define ASG_CONTROLLER_JOB_TABLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "model/job.h"

struct asg_dispatch_worker;

enum asg_entry_state {
    ASG_ENTRY_QUEUED,
    ASG_ENTRY_LEASED,
    ASG_ENTRY_ANSWERED /* its result is on its way into the log */
};

struct asg_job_entry {
    struct asg_job_entry *bucket_next;
    struct asg_job_entry *previous; /* in its queue, or in its worker's leases */
    struct asg_job_entry *next;
    struct asg_arena arena; /* the job's memory */
    struct asg_job job;
    enum asg_entry_state state;
    struct asg_dispatch_worker *worker; /* LEASED */
    uint64_t holder;   /* identity of who was given the last lease, while its word counts;
                        * 0:   nobody's does */
    bool is_recalled;  /* given up instead of handed out */
    bool is_inherited; /* of an earlier controller, which handed it out or not */
    uint64_t lease_id;
    int64_t lease_until_ms;
    uint32_t deliveries;
    uint32_t answered_by; /* ANSWERED: the peer that waits for the ACK */
};

struct asg_entry_list {
    struct asg_job_entry *first;
    struct asg_job_entry *last;
    uint32_t count;
};

struct asg_job_table {
    struct asg_job_entry **buckets;
    size_t bucket_count;
    size_t count;
    struct asg_job_entry *spare;
};

void asg_job_table_clear(struct asg_job_table *table);
struct asg_job_entry *asg_job_table_find(const struct asg_job_table *table, uint64_t id);
/* A new entry with a deep copy of the job, in no list. The id must not be there. */
struct asg_job_entry *asg_job_table_add(struct asg_job_table *table,
                                        const struct asg_job *job);
/* The entry is in no list any more. */
void asg_job_table_remove(struct asg_job_table *table, struct asg_job_entry *entry);
/* Visit all, in no order that may be relied on. */
void asg_job_table_visit(const struct asg_job_table *table,
                         void (*visit)(void *context, struct asg_job_entry *entry),
                         void *context);

void asg_entry_list_append(struct asg_entry_list *list, struct asg_job_entry *entry);
void asg_entry_list_prepend(struct asg_entry_list *list, struct asg_job_entry *entry);
void asg_entry_list_remove(struct asg_entry_list *list, struct asg_job_entry *entry);

#endif
