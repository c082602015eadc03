/* refused_table - the rows behind refused.h. Inside lib/bus only.
 * Threads: any. */
#ifndef ASG_BUS_REFUSED_TABLE_H
#define ASG_BUS_REFUSED_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct refused_table;

struct refused_peer {
    const char *domain;
    const char *key; /* "": not known */
    const char *address;
    bool is_admitted;
};

void refused_table_new(struct refused_table **ret);
void refused_table_destroy(struct refused_table **table);
void refused_table_add(struct refused_table *table, const struct refused_peer *peer,
                       const char *why, int64_t now_ms);
uint64_t refused_table_total(struct refused_table *table);

#endif
