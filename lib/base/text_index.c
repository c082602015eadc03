#include "base/text_index.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define CAPACITY_MIN 16

/* FNV-1a, with its high bits folded in: the low ones choose the place. */
static uint32_t hash_of(const struct asg_text_index *index, const char *text)
{
    uint32_t hash = 2166136261u;
    size_t bytes = index->bytes > 0 ? index->bytes : strlen(text);
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static bool is_same(const struct asg_text_index *index, const char *a, const char *b)
{
    return index->bytes > 0 ? memcmp(a, b, index->bytes) == 0 : strcmp(a, b) == 0;
}

/* Place of a text, or the free one where it would go. */
static struct asg_text_index_entry *place_of(const struct asg_text_index *index,
                                             const char *text, uint32_t hash)
{
    size_t at = hash & (index->capacity - 1);
    for (;;) {
        struct asg_text_index_entry *entry = &index->entries[at];
        bool is_it =
            entry->item == NULL ||
            (entry->hash == hash && is_same(index, index->text_of(entry->item), text));
        if (is_it) return entry;
        at = (at + 1) & (index->capacity - 1);
    }
}

/* The first free place for a text that is not there: asks no item for its text. */
static struct asg_text_index_entry *free_place(const struct asg_text_index *index,
                                               uint32_t hash)
{
    size_t at = hash & (index->capacity - 1);
    while (index->entries[at].item != NULL) {
        at = (at + 1) & (index->capacity - 1);
    }
    return &index->entries[at];
}

void asg_text_index_init(struct asg_text_index *index,
                         const char *(*text_of)(const void *item))
{
    *index = (struct asg_text_index){.text_of = text_of};
}

void asg_text_index_init_bytes(struct asg_text_index *index,
                               const char *(*bytes_of)(const void *item), size_t bytes)
{
    assert(bytes > 0);
    *index = (struct asg_text_index){.text_of = bytes_of, .bytes = bytes};
}

void asg_text_index_clear(struct asg_text_index *index)
{
    free(index->entries);
    *index = (struct asg_text_index){.text_of = index->text_of, .bytes = index->bytes};
}

void *asg_text_index_find(const struct asg_text_index *index, const char *text)
{
    if (index->count == 0) return NULL;
    return place_of(index, text, hash_of(index, text))->item;
}

static void widen(struct asg_text_index *index)
{
    struct asg_text_index wider = *index;
    wider.capacity = index->capacity == 0 ? CAPACITY_MIN : index->capacity * 2;
    wider.entries = asg_alloc(wider.capacity, sizeof *wider.entries);
    for (size_t i = 0; i < index->capacity; i++) {
        const struct asg_text_index_entry *entry = &index->entries[i];
        if (entry->item != NULL) *free_place(&wider, entry->hash) = *entry;
    }
    free(index->entries);
    *index = wider;
}

void asg_text_index_add(struct asg_text_index *index, void *item)
{
    assert(item != NULL);
    if ((index->count + 1) * 4 > index->capacity * 3) widen(index);
    const char *text = index->text_of(item);
    uint32_t hash = hash_of(index, text);
    struct asg_text_index_entry *entry = place_of(index, text, hash);
    assert(entry->item == NULL);
    *entry = (struct asg_text_index_entry){.item = item, .hash = hash};
    index->count++;
}

void asg_text_index_remove(struct asg_text_index *index, const void *item)
{
    assert(index->count > 0);
    const char *text = index->text_of(item);
    struct asg_text_index_entry *hole = place_of(index, text, hash_of(index, text));
    assert(hole->item == item);
    index->count--;
    /* Close the gap: move back what could not stand at its place because of it. */
    size_t mask = index->capacity - 1;
    size_t free_at = (size_t)(hole - index->entries);
    for (size_t at = (free_at + 1) & mask; index->entries[at].item != NULL;
         at = (at + 1) & mask) {
        size_t home = index->entries[at].hash & mask;
        bool may_move = ((at - home) & mask) >= ((at - free_at) & mask);
        if (!may_move) continue;
        index->entries[free_at] = index->entries[at];
        free_at = at;
    }
    index->entries[free_at] = (struct asg_text_index_entry){0};
}
