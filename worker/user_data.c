#include "worker/user_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static void drop_entry(struct asg_user_data_entry *entry)
{
    free(entry->text);
    free(entry->interfaces);
    free(entry->parameters);
    *entry = (struct asg_user_data_entry){0};
}

void asg_user_data_cache_clear(struct asg_user_data_cache *cache)
{
    for (size_t i = 0; i < ASG_USER_DATA_CACHED; i++) {
        drop_entry(&cache->entries[i]);
    }
}

/* False when the key is too long to keep. */
static bool make_key(const char *template_id, const char *template_name,
                     const char *version, char ret[ASG_USER_DATA_KEY])
{
    bool has_id = template_id[0] != '\0';
    int length = snprintf(ret, ASG_USER_DATA_KEY, "%s %s %s", has_id ? "id" : "name",
                          has_id ? template_id : template_name, version);
    return length > 0 && length < ASG_USER_DATA_KEY;
}

const struct asg_user_data_entry *asg_user_data_find(struct asg_user_data_cache *cache,
                                                     const char *template_id,
                                                     const char *template_name,
                                                     const char *version, int64_t now_ms)
{
    char key[ASG_USER_DATA_KEY];
    if (!make_key(template_id, template_name, version, key)) return NULL;
    for (size_t i = 0; i < ASG_USER_DATA_CACHED; i++) {
        struct asg_user_data_entry *entry = &cache->entries[i];
        if (strcmp(entry->key, key) != 0 || now_ms >= entry->until_ms) continue;
        entry->used_ms = now_ms;
        return entry;
    }
    return NULL;
}

static char *copy(const char *text)
{
    if (text == NULL) return NULL;
    size_t size = strlen(text) + 1;
    char *made = asg_alloc(size, 1);
    memcpy(made, text, size);
    return made;
}

void asg_user_data_put(struct asg_user_data_cache *cache, const char *template_id,
                       const char *template_name, const char *version,
                       const struct asg_user_data_entry *entry, int64_t now_ms)
{
    char key[ASG_USER_DATA_KEY];
    if (!make_key(template_id, template_name, version, key)) return;
    struct asg_user_data_entry *place = &cache->entries[0];
    for (size_t i = 0; i < ASG_USER_DATA_CACHED; i++) {
        struct asg_user_data_entry *other = &cache->entries[i];
        if (strcmp(other->key, key) == 0) {
            place = other;
            break;
        }
        bool is_older = other->key[0] == '\0' || other->used_ms < place->used_ms;
        if (place->key[0] != '\0' && is_older) place = other;
    }
    drop_entry(place);
    (void)snprintf(place->key, sizeof place->key, "%s", key);
    place->text = copy(entry->text);
    place->interfaces = copy(entry->interfaces);
    place->parameters = copy(entry->parameters);
    place->used_ms = now_ms;
    place->until_ms = template_id[0] != '\0' ? INT64_MAX : now_ms + ASG_USER_DATA_NAME_MS;
}
