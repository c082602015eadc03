#include "bus/key_set.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "base/arena.h"
#include "bus/keys.h"
#include "crypto/crypto.h"

#define KEY_BYTES      32
#define CAPACITY_LEAST 64 /* a power of two */

struct place {
    uint8_t key[KEY_BYTES];
    bool is_taken;
};

struct asg_key_set {
    pthread_mutex_t lock;
    uint64_t seed[KEY_BYTES / sizeof(uint64_t)]; /* nobody can choose keys that collide */
    struct place *places;
    size_t capacity;
    size_t count;
};

void asg_key_set_new(struct asg_key_set **ret)
{
    struct asg_key_set *set = asg_alloc(1, sizeof *set);
    (void)pthread_mutex_init(&set->lock, NULL);
    asg_random_bytes(set->seed, sizeof set->seed);
    set->capacity = CAPACITY_LEAST;
    set->places = asg_alloc(set->capacity, sizeof *set->places);
    *ret = set;
}

void asg_key_set_destroy(struct asg_key_set **set)
{
    if (*set == NULL) return;
    (void)pthread_mutex_destroy(&(*set)->lock);
    free((*set)->places);
    free(*set);
    *set = NULL;
}

/* Each word times an odd secret number, and the high half folded into the low. */
static size_t hash_of(const struct asg_key_set *set, const uint8_t key[KEY_BYTES])
{
    uint64_t hash = 0;
    for (size_t i = 0; i < KEY_BYTES / sizeof hash; i++) {
        uint64_t word;
        memcpy(&word, key + i * sizeof word, sizeof word);
        hash = (hash ^ word) * (set->seed[i] | 1);
        hash ^= hash >> 32;
    }
    return (size_t)hash;
}

/* Where the key is, or where it would go. */
static size_t place_of(const struct asg_key_set *set, const uint8_t key[KEY_BYTES])
{
    assert(2 * set->count <= set->capacity); /* a free place ends each search */
    size_t at = hash_of(set, key) & (set->capacity - 1);
    while (set->places[at].is_taken && memcmp(set->places[at].key, key, KEY_BYTES) != 0) {
        at = (at + 1) & (set->capacity - 1);
    }
    return at;
}

static void grow(struct asg_key_set *set)
{
    struct place *old = set->places;
    size_t old_capacity = set->capacity;
    set->capacity *= 2;
    set->places = asg_alloc(set->capacity, sizeof *set->places);
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].is_taken) set->places[place_of(set, old[i].key)] = old[i];
    }
    free(old);
}

static bool decode(const char *key, uint8_t ret[KEY_BYTES])
{
    return key != NULL && strlen(key) == ASG_BUS_KEY_SIZE - 1 &&
           zmq_z85_decode(ret, key) != NULL;
}

void asg_key_set_add(struct asg_key_set *set, const char *key)
{
    uint8_t raw[KEY_BYTES];
    if (!decode(key, raw)) return;
    (void)pthread_mutex_lock(&set->lock);
    if (2 * (set->count + 1) > set->capacity) grow(set);
    struct place *place = &set->places[place_of(set, raw)];
    if (!place->is_taken) {
        memcpy(place->key, raw, KEY_BYTES);
        place->is_taken = true;
        set->count++;
    }
    (void)pthread_mutex_unlock(&set->lock);
}

/* Close the gap: whoever probed over it moves up. */
static void take_out(struct asg_key_set *set, size_t gap)
{
    assert(set->places[gap].is_taken && set->count > 0);
    size_t mask = set->capacity - 1;
    size_t at = gap;
    for (;;) {
        at = (at + 1) & mask;
        if (!set->places[at].is_taken) break;
        size_t home = hash_of(set, set->places[at].key) & mask;
        if (((at - home) & mask) < ((at - gap) & mask)) continue;
        set->places[gap] = set->places[at];
        gap = at;
    }
    set->places[gap].is_taken = false;
    set->count--;
}

void asg_key_set_remove(struct asg_key_set *set, const char *key)
{
    uint8_t raw[KEY_BYTES];
    if (!decode(key, raw)) return;
    (void)pthread_mutex_lock(&set->lock);
    size_t at = place_of(set, raw);
    if (set->places[at].is_taken) take_out(set, at);
    (void)pthread_mutex_unlock(&set->lock);
}

bool asg_key_set_has(struct asg_key_set *set, const char *key)
{
    uint8_t raw[KEY_BYTES];
    if (!decode(key, raw)) return false;
    (void)pthread_mutex_lock(&set->lock);
    bool is_there = set->places[place_of(set, raw)].is_taken;
    (void)pthread_mutex_unlock(&set->lock);
    return is_there;
}

size_t asg_key_set_count(struct asg_key_set *set)
{
    (void)pthread_mutex_lock(&set->lock);
    size_t count = set->count;
    (void)pthread_mutex_unlock(&set->lock);
    return count;
}
