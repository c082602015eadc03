#include "base/text_pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct pooled {
    uint32_t holders;
    char text[];
};

static const char *text_of(const void *item)
{
    return ((const struct pooled *)item)->text;
}

void asg_text_pool_init(struct asg_text_pool *pool)
{
    asg_text_index_init(&pool->texts, text_of);
}

void asg_text_pool_clear(struct asg_text_pool *pool)
{
    for (size_t i = 0; i < pool->texts.capacity; i++) {
        free(pool->texts.entries[i].item);
    }
    asg_text_index_clear(&pool->texts);
}

static const char *hold(struct asg_text_pool *pool, const char *text)
{
    struct pooled *pooled = asg_text_index_find(&pool->texts, text);
    if (pooled == NULL) {
        size_t length = strlen(text);
        pooled = asg_alloc(1, sizeof *pooled + length + 1);
        memcpy(pooled->text, text, length + 1);
        asg_text_index_add(&pool->texts, pooled);
    }
    pooled->holders++;
    return pooled->text;
}

static void let_go(struct asg_text_pool *pool, const char *text)
{
    struct pooled *pooled = asg_text_index_find(&pool->texts, text);
    assert(pooled != NULL && pooled->text == text && pooled->holders > 0);
    if (--pooled->holders > 0) return;
    asg_text_index_remove(&pool->texts, pooled);
    free(pooled);
}

void asg_text_pool_set(struct asg_text_pool *pool, const char **held, const char *text)
{
    const char *before = *held;
    if (text != NULL && strcmp(before, text) == 0) return;
    if (text == NULL || text[0] == '\0') {
        *held = "";
    } else {
        *held = hold(pool, text);
    }
    if (before[0] != '\0') let_go(pool, before);
}
