/* id_map - short texts (instance ids) to numbers, by open addressing.
 *
 * For look-ups at the edges; nothing iterates it, so hash order never shows.
 * Threads: one owner at a time. Memory out ends the process (arena.h).
 */
#ifndef ASG_BASE_ID_MAP_H
#define ASG_BASE_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

#define ASG_ID_MAX      39         /* longest id */
#define ASG_ID_MAP_NONE UINT32_MAX /* never a stored number */

struct asg_id_entry {
    uint32_t number;
    uint32_t hash; /* 0: free */
    char id[ASG_ID_MAX + 1];
};

struct asg_id_map {
    struct asg_id_entry *entries;
    size_t capacity;
    size_t count;
};

/* Frees the memory and leaves an empty map; `(struct asg_id_map){0}` is one too. */
void asg_id_map_clear(struct asg_id_map *map);

/* Number of an id, ASG_ID_MAP_NONE when it is not there or too long to be. */
uint32_t asg_id_map_find(const struct asg_id_map *map, const char *id);

/* Put or change; ids longer than ASG_ID_MAX are the caller's mistake. */
void asg_id_map_put(struct asg_id_map *map, const char *id, uint32_t number);

/* Take out; not being there is fine. */
void asg_id_map_remove(struct asg_id_map *map, const char *id);

#endif
