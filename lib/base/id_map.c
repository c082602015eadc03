#include "base/id_map.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* FNV-1a, never 0. */
static uint32_t hash_of(const char *id)
{
    uint32_t hash = 2166136261u;
    for (; *id != '\0'; id++) {
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    }
    return hash == 0 ? 1 : hash;
}

/* Place of an id, or of the free entry where it would go. */
static struct asg_id_entry *place_of(const struct asg_id_map *map, const char *id,
                                     uint32_t hash)
{
    size_t at = hash & (map->capacity - 1);
    for (;;) {
        struct asg_id_entry *entry = &map->entries[at];
        if (entry->hash == 0 || (entry->hash == hash && strcmp(entry->id, id) == 0)) {
            return entry;
        }
        at = (at + 1) & (map->capacity - 1);
    }
}

void asg_id_map_clear(struct asg_id_map *map)
{
    free(map->entries);
    *map = (struct asg_id_map){0};
}

uint32_t asg_id_map_find(const struct asg_id_map *map, const char *id)
{
    if (map->count == 0) return ASG_ID_MAP_NONE;
    const struct asg_id_entry *entry = place_of(map, id, hash_of(id));
    return entry->hash == 0 ? ASG_ID_MAP_NONE : entry->number;
}

static void widen(struct asg_id_map *map)
{
    struct asg_id_map wider = {.capacity = map->capacity == 0 ? 64 : map->capacity * 2,
                               .count = map->count};
    wider.entries = asg_alloc(wider.capacity, sizeof *wider.entries);
    for (size_t i = 0; i < map->capacity; i++) {
        const struct asg_id_entry *entry = &map->entries[i];
        if (entry->hash != 0) *place_of(&wider, entry->id, entry->hash) = *entry;
    }
    free(map->entries);
    *map = wider;
}

void asg_id_map_put(struct asg_id_map *map, const char *id, uint32_t number)
{
    size_t length = strlen(id);
    assert(length <= ASG_ID_MAX);
    assert(number != ASG_ID_MAP_NONE);
    if ((map->count + 1) * 4 > map->capacity * 3) widen(map);
    uint32_t hash = hash_of(id);
    struct asg_id_entry *entry = place_of(map, id, hash);
    if (entry->hash == 0) map->count++;
    entry->hash = hash;
    entry->number = number;
    memcpy(entry->id, id, length + 1);
}

void asg_id_map_remove(struct asg_id_map *map, const char *id)
{
    if (map->count == 0) return;
    struct asg_id_entry *hole = place_of(map, id, hash_of(id));
    if (hole->hash == 0) return;
    map->count--;
    /* Close the gap: move back what could not stand at its place because of it. */
    size_t mask = map->capacity - 1;
    size_t free_at = (size_t)(hole - map->entries);
    for (size_t at = (free_at + 1) & mask; map->entries[at].hash != 0;
         at = (at + 1) & mask) {
        size_t home = map->entries[at].hash & mask;
        bool may_move = ((at - home) & mask) >= ((at - free_at) & mask);
        if (!may_move) continue;
        map->entries[free_at] = map->entries[at];
        free_at = at;
    }
    map->entries[free_at] = (struct asg_id_entry){0};
}
