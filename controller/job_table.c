#include "controller/job_table.h"

#include <assert.h>
#include <stdlib.h>

#include "wire/wire.h"

static size_t place_of(const struct asg_job_table *table, uint64_t id)
{
    return (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (table->bucket_count - 1);
}

static void free_entry(struct asg_job_entry *entry)
{
    asg_arena_clear(&entry->arena);
    free(entry);
}

void asg_job_table_clear(struct asg_job_table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        while (table->buckets[i] != NULL) {
            struct asg_job_entry *entry = table->buckets[i];
            table->buckets[i] = entry->bucket_next;
            free_entry(entry);
        }
    }
    while (table->spare != NULL) {
        struct asg_job_entry *entry = table->spare;
        table->spare = entry->bucket_next;
        free_entry(entry);
    }
    free(table->buckets);
    *table = (struct asg_job_table){0};
}

struct asg_job_entry *asg_job_table_find(const struct asg_job_table *table, uint64_t id)
{
    if (table->bucket_count == 0) return NULL;
    struct asg_job_entry *entry = table->buckets[place_of(table, id)];
    while (entry != NULL && entry->job.id != id) {
        entry = entry->bucket_next;
    }
    return entry;
}

static void widen(struct asg_job_table *table)
{
    struct asg_job_entry **old = table->buckets;
    size_t old_count = table->bucket_count;
    table->bucket_count = old_count == 0 ? 64 : old_count * 2;
    table->buckets = asg_alloc(table->bucket_count, sizeof(struct asg_job_entry *));
    for (size_t i = 0; i < old_count; i++) {
        while (old[i] != NULL) {
            struct asg_job_entry *entry = old[i];
            old[i] = entry->bucket_next;
            size_t place = place_of(table, entry->job.id);
            entry->bucket_next = table->buckets[place];
            table->buckets[place] = entry;
        }
    }
    free(old);
}

/* By way of the wire: the one deep copy there is. */
static void copy_job(struct asg_job_entry *entry, const struct asg_job *job)
{
    struct asg_bytes bytes = {0};
    asg_wire_encode(&asg_job_schema, job, &bytes);
    enum asg_status status = asg_wire_decode(&asg_job_schema, bytes.data, bytes.length,
                                             &entry->arena, &entry->job);
    assert(status == ASG_OK);
    asg_bytes_clear(&bytes);
}

struct asg_job_entry *asg_job_table_add(struct asg_job_table *table,
                                        const struct asg_job *job)
{
    assert(asg_job_table_find(table, job->id) == NULL);
    if (table->count >= table->bucket_count) widen(table);
    struct asg_job_entry *entry = table->spare;
    if (entry != NULL) {
        table->spare = entry->bucket_next;
        struct asg_arena arena = entry->arena;
        asg_arena_reset(&arena);
        *entry = (struct asg_job_entry){.arena = arena};
    } else {
        entry = asg_alloc(1, sizeof *entry);
    }
    copy_job(entry, job);
    size_t place = place_of(table, job->id);
    entry->bucket_next = table->buckets[place];
    table->buckets[place] = entry;
    table->count++;
    return entry;
}

void asg_job_table_remove(struct asg_job_table *table, struct asg_job_entry *entry)
{
    struct asg_job_entry **link = &table->buckets[place_of(table, entry->job.id)];
    while (*link != entry) {
        assert(*link != NULL);
        link = &(*link)->bucket_next;
    }
    *link = entry->bucket_next;
    entry->bucket_next = table->spare;
    table->spare = entry;
    table->count--;
}

void asg_job_table_visit(const struct asg_job_table *table,
                         void (*visit)(void *context, struct asg_job_entry *entry),
                         void *context)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct asg_job_entry *entry = table->buckets[i];
        while (entry != NULL) {
            struct asg_job_entry *next = entry->bucket_next;
            visit(context, entry);
            entry = next;
        }
    }
}

void asg_entry_list_append(struct asg_entry_list *list, struct asg_job_entry *entry)
{
    entry->next = NULL;
    entry->previous = list->last;
    if (list->last != NULL) {
        list->last->next = entry;
    } else {
        list->first = entry;
    }
    list->last = entry;
    list->count++;
}

void asg_entry_list_prepend(struct asg_entry_list *list, struct asg_job_entry *entry)
{
    entry->previous = NULL;
    entry->next = list->first;
    if (list->first != NULL) {
        list->first->previous = entry;
    } else {
        list->last = entry;
    }
    list->first = entry;
    list->count++;
}

void asg_entry_list_remove(struct asg_entry_list *list, struct asg_job_entry *entry)
{
    if (entry->previous != NULL) {
        entry->previous->next = entry->next;
    } else {
        list->first = entry->next;
    }
    if (entry->next != NULL) {
        entry->next->previous = entry->previous;
    } else {
        list->last = entry->previous;
    }
    entry->previous = NULL;
    entry->next = NULL;
    list->count--;
}
