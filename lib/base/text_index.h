/* text_index - finds things by a text of their own (an id, a name), or by bytes of one
 * length (a key), by open addressing.
 *
 * It holds pointers to things that stay where they are and asks each for its text, so it
 * costs 16 bytes a place whatever the texts are. Two things never have the same text.
 * For look-ups only; nothing iterates it, so hash order never shows.
 * Threads: one owner at a time. Memory out ends the process (arena.h).
 */
#ifndef ASG_BASE_TEXT_INDEX_H
#define ASG_BASE_TEXT_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct asg_text_index_entry {
    void *item; /* NULL: free */
    uint32_t hash;
};

struct asg_text_index {
    const char *(*text_of)(const void *item);
    size_t bytes; /* of each of them; 0: they are texts */
    struct asg_text_index_entry *entries;
    size_t capacity;
    size_t count;
};

/* An empty index; allocates nothing. `text_of` must give the same text as long as the
 * item is in the index. */
void asg_text_index_init(struct asg_text_index *index,
                         const char *(*text_of)(const void *item));

/* The same for bytes, `bytes` of each item: what is a text below are those. */
void asg_text_index_init_bytes(struct asg_text_index *index,
                               const char *(*bytes_of)(const void *item), size_t bytes);

/* Free the memory and leave an empty index. The items are their owner's. */
void asg_text_index_clear(struct asg_text_index *index);

/* The item of that text, or NULL. */
void *asg_text_index_find(const struct asg_text_index *index, const char *text);

/* Its text must not be there yet. */
void asg_text_index_add(struct asg_text_index *index, void *item);

/* Take out an item that is there. */
void asg_text_index_remove(struct asg_text_index *index, const void *item);

#endif
