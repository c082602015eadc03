#include "bus/refused.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "bus/refused_table.h"
#include "bus/socket.h"

/* Hashes of texts, so that finding the row to give up costs no comparing of them. */
struct row {
    struct asg_bus_refusal said;
    uint32_t domain;
    uint32_t address;
};

struct refused_table {
    pthread_mutex_t lock;
    struct row rows[ASG_BUS_REFUSED_MAX];
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

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261;
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619;
    return hash;
}

static bool is_same(const struct asg_bus_refusal *said, const struct refused_peer *peer)
{
    return strcmp(said->key, peer->key) == 0 &&
           strcmp(said->address, peer->address) == 0 &&
           strcmp(said->domain, peer->domain) == 0;
}

static size_t like_it(const struct refused_table *table, const struct row *one)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct row *row = &table->rows[i];
        if (row->domain != one->domain) continue;
        count += row->address == one->address ? ASG_BUS_REFUSED_MAX + 1 : 1;
    }
    return count;
}

/* The row that makes room: the oldest of the address that has the most rows, so that one
 * that knocks with ever new keys does not push out the others. */
static struct row *victim(struct refused_table *table)
{
    struct row *worst = NULL;
    size_t most = 0;
    for (size_t i = 0; i < table->count; i++) {
        struct row *row = &table->rows[i];
        size_t count = like_it(table, row);
        if (count < most) continue;
        bool is_worse =
            worst == NULL || count > most || row->said.last_ms < worst->said.last_ms;
        if (is_worse) worst = row;
        most = count;
    }
    return worst;
}

static struct asg_bus_refusal *row_of(struct refused_table *table,
                                      const struct refused_peer *peer, int64_t now_ms)
{
    for (size_t i = 0; i < table->count; i++) {
        if (is_same(&table->rows[i].said, peer)) return &table->rows[i].said;
    }
    struct row *row =
        table->count < ASG_BUS_REFUSED_MAX ? &table->rows[table->count++] : victim(table);
    *row = (struct row){.said = {.first_ms = now_ms},
                        .domain = hash_of(peer->domain),
                        .address = hash_of(peer->address)};
    struct asg_bus_refusal *said = &row->said;
    (void)snprintf(said->domain, sizeof said->domain, "%s", peer->domain);
    (void)snprintf(said->key, sizeof said->key, "%s", peer->key);
    (void)snprintf(said->address, sizeof said->address, "%s", peer->address);
    return said;
}

void refused_table_add(struct refused_table *table, const struct refused_peer *peer,
                       const char *why, int64_t now_ms)
{
    (void)pthread_mutex_lock(&table->lock);
    struct asg_bus_refusal *said = row_of(table, peer, now_ms);
    (void)snprintf(said->why, sizeof said->why, "%s", why);
    said->is_admitted = peer->is_admitted;
    said->last_ms = now_ms;
    said->count++;
    table->total++;
    if (peer->is_admitted) table->misused++;
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
    const struct row *a = left;
    const struct row *b = right;
    return a->said.last_ms < b->said.last_ms   ? 1
           : a->said.last_ms > b->said.last_ms ? -1
                                               : 0;
}

size_t asg_bus_refusals(struct asg_bus *bus, struct asg_bus_refusal *ret, size_t most)
{
    struct refused_table *table = bus->refused;
    (void)pthread_mutex_lock(&table->lock);
    qsort(table->rows, table->count, sizeof *table->rows, by_last);
    size_t count = table->count < most ? table->count : most;
    for (size_t i = 0; i < count; i++)
        ret[i] = table->rows[i].said;
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
