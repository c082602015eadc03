#include "bus/refused.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "bus/refused_table.h"
#include "bus/socket.h"

struct refused_table {
    pthread_mutex_t lock;
    struct asg_bus_refusal rows[ASG_BUS_REFUSED_MAX];
    size_t count;
    uint64_t total;
    uint64_t misused;
};

void refused_table_new(struct refused_table **ret)
{
    struct refused_table *table = asg_alloc(1, sizeof *table);
    (void)pthread_mutex_init(&table->lock, NULL);
    *ret = table;
}

void refused_table_destroy(struct refused_table **table)
{
    if (*table == NULL) return;
    (void)pthread_mutex_destroy(&(*table)->lock);
    free(*table);
    *table = NULL;
}

static bool is_same(const struct asg_bus_refusal *row, const struct refused_peer *peer)
{
    return strcmp(row->key, peer->key) == 0 && strcmp(row->address, peer->address) == 0 &&
           strcmp(row->domain, peer->domain) == 0;
}

static size_t like_it(const struct refused_table *table,
                      const struct asg_bus_refusal *one)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct asg_bus_refusal *row = &table->rows[i];
        bool is_domain = strcmp(row->domain, one->domain) == 0;
        bool is_address = is_domain && strcmp(row->address, one->address) == 0;
        count += (is_domain ? 1U : 0U) + (is_address ? ASG_BUS_REFUSED_MAX : 0U);
    }
    return count;
}

/* The row that makes room: the oldest of the address that has the most rows, so that one
 * that knocks with ever new keys does not push out the others. */
static struct asg_bus_refusal *victim(struct refused_table *table)
{
    struct asg_bus_refusal *worst = NULL;
    size_t most = 0;
    for (size_t i = 0; i < table->count; i++) {
        struct asg_bus_refusal *row = &table->rows[i];
        size_t count = like_it(table, row);
        if (count < most) continue;
        if (count > most || row->last_ms < worst->last_ms) worst = row;
        most = count;
    }
    return worst;
}

void refused_table_add(struct refused_table *table, const struct refused_peer *peer,
                       const char *why, int64_t now_ms)
{
    (void)pthread_mutex_lock(&table->lock);
    struct asg_bus_refusal *row = table->rows;
    while (row < table->rows + table->count && !is_same(row, peer))
        row++;
    bool is_new = row == table->rows + table->count;
    if (is_new && table->count == ASG_BUS_REFUSED_MAX) {
        row = victim(table);
    } else if (is_new) {
        table->count++;
    }
    if (is_new) {
        *row = (struct asg_bus_refusal){.first_ms = now_ms};
        (void)snprintf(row->domain, sizeof row->domain, "%s", peer->domain);
        (void)snprintf(row->key, sizeof row->key, "%s", peer->key);
        (void)snprintf(row->address, sizeof row->address, "%s", peer->address);
    }
    (void)snprintf(row->why, sizeof row->why, "%s", why);
    row->is_admitted = peer->is_admitted;
    if (peer->is_admitted) table->misused++;
    row->last_ms = now_ms;
    row->count++;
    table->total++;
    (void)pthread_mutex_unlock(&table->lock);
}

uint64_t refused_table_total(struct refused_table *table)
{
    (void)pthread_mutex_lock(&table->lock);
    uint64_t total = table->total;
    (void)pthread_mutex_unlock(&table->lock);
    return total;
}

static int by_last(const void *left, const void *right)
{
    const struct asg_bus_refusal *a = left;
    const struct asg_bus_refusal *b = right;
    return a->last_ms < b->last_ms ? 1 : a->last_ms > b->last_ms ? -1 : 0;
}

size_t asg_bus_refusals(struct asg_bus *bus, struct asg_bus_refusal *ret, size_t most)
{
    struct refused_table *table = bus->refused;
    (void)pthread_mutex_lock(&table->lock);
    qsort(table->rows, table->count, sizeof *table->rows, by_last);
    size_t count = table->count < most ? table->count : most;
    memcpy(ret, table->rows, count * sizeof *ret);
    (void)pthread_mutex_unlock(&table->lock);
    return count;
}

uint64_t asg_bus_misused_count(struct asg_bus *bus)
{
    (void)pthread_mutex_lock(&bus->refused->lock);
    uint64_t misused = bus->refused->misused;
    (void)pthread_mutex_unlock(&bus->refused->lock);
    return misused;
}
