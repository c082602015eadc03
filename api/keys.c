#include "api/keys.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/sigv4.h"
#include "base/log.h"
#include "crypto/crypto.h"

#define LOOK_EVERY_MS 200
/* A file that changed so lately may change again without a trace in its times. */
#define SETTLED_MS 100

/* All keys of one reading of the file; freed with its last reference. */
struct ring {
    atomic_int references; /* the door's, and each key that is handed out */
    struct asg_access_keys keys;
    struct asg_api_key *items; /* by access key id */
    size_t count;
};

struct asg_api_key {
    struct ring *ring;
    const struct asg_access_key *key;
    pthread_mutex_t lock; /* of the two below */
    char day[9];          /* "": none yet */
    uint8_t signing[ASG_SIGV4_KEY_BYTES];
};

/* What tells one state of the file from another. */
struct trace {
    bool is_there;
    ino_t file;
    off_t size;
    mode_t mode;
    struct timespec changed;
};

struct asg_api_keys {
    struct asg_clock clock;
    char *path;
    pthread_mutex_t lock; /* of all below */
    struct ring *ring;
    struct trace trace;
    bool is_settled;       /* the trace tells all later changes */
    int64_t looked_ms;     /* monotonic */
    struct asg_error said; /* the last warning */
};

/* ---- rings ---- */

static int compare_keys(const void *left, const void *right)
{
    const struct asg_api_key *a = left;
    const struct asg_api_key *b = right;
    return strcmp(a->key->access_key_id, b->key->access_key_id);
}

/* Takes the keys over. */
static struct ring *make_ring(struct asg_access_keys *keys)
{
    struct ring *ring = asg_alloc(1, sizeof *ring);
    atomic_init(&ring->references, 1);
    ring->keys = *keys;
    ring->count = keys->count;
    ring->items = asg_alloc(keys->count + 1, sizeof *ring->items);
    for (size_t i = 0; i < ring->count; i++) {
        ring->items[i].ring = ring;
        ring->items[i].key = &keys->items[i];
    }
    qsort(ring->items, ring->count, sizeof *ring->items, compare_keys);
    for (size_t i = 0; i < ring->count; i++) {
        (void)pthread_mutex_init(&ring->items[i].lock, NULL);
    }
    return ring;
}

static void release_ring(struct ring *ring)
{
    if (ring == NULL || atomic_fetch_sub(&ring->references, 1) > 1) return;
    for (size_t i = 0; i < ring->count; i++) {
        (void)pthread_mutex_destroy(&ring->items[i].lock);
        asg_secret_wipe(ring->items[i].signing, sizeof ring->items[i].signing);
    }
    free(ring->items);
    asg_access_keys_clear(&ring->keys);
    free(ring);
}

/* ---- the file ---- */

static struct trace look_at(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) return (struct trace){.is_there = false};
    return (struct trace){.is_there = true,
                          .file = info.st_ino,
                          .size = info.st_size,
                          .mode = info.st_mode,
                          .changed = info.st_ctim};
}

static bool is_same(const struct trace *a, const struct trace *b)
{
    return a->is_there == b->is_there && a->file == b->file && a->size == b->size &&
           a->mode == b->mode && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool is_old(const struct trace *trace)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* the file system's clock */
    int64_t age_ms = (int64_t)(now.tv_sec - trace->changed.tv_sec) * 1000 +
                     (now.tv_nsec - trace->changed.tv_nsec) / 1000000;
    return !trace->is_there || age_ms < 0 || age_ms > SETTLED_MS;
}

/* What a slip in an editor or a full disk leaves of a file locks nobody out. */
static enum asg_status check_slip(const struct asg_api_keys *keys,
                                  const struct asg_access_keys *fresh,
                                  struct asg_error *error)
{
    if (keys->ring == NULL || keys->ring->count == 0) return ASG_OK;
    if (fresh->count == 0 && !fresh->says_none) {
        return asg_fail(error, ASG_ERR_CONFLICT,
                        "%s holds no key; if that is intended, add a line \"%s\"",
                        keys->path, ASG_ACCESS_KEYS_NONE);
    }
    if (!fresh->is_whole) {
        return asg_fail(error, ASG_ERR_CONFLICT,
                        "%s is cut short: its last line does not end in a line feed",
                        keys->path);
    }
    return ASG_OK;
}

/* With the lock held: read it, whatever it is now. ASG_ERR_CONFLICT: it may be one that
 * is being written. */
static enum asg_status load(struct asg_api_keys *keys, struct asg_error *error)
{
    struct trace trace = look_at(keys->path);
    keys->is_settled = is_old(&trace);
    keys->trace = trace;
    struct asg_access_keys fresh = {.count = 0};
    enum asg_status status = asg_access_keys_load_own(keys->path, &fresh, error);
    if (status == ASG_OK) status = check_slip(keys, &fresh, error);
    if (status != ASG_OK) {
        asg_access_keys_clear(&fresh);
        return status;
    }
    release_ring(keys->ring);
    keys->ring = make_ring(&fresh);
    return ASG_OK;
}

static void warn_once(struct asg_api_keys *keys, const struct asg_error *error)
{
    if (strcmp(keys->said.text, error->text) == 0) return;
    keys->said = *error;
    asg_log_warn("api", "keys_kept",
                 "%s; the keys read before stay in use until it is fixed", error->text);
}

/* With the lock held: true when there are new keys. */
static bool refresh(struct asg_api_keys *keys)
{
    struct trace trace = look_at(keys->path);
    if (keys->is_settled && is_same(&trace, &keys->trace)) return false;
    bool is_again = is_same(&trace, &keys->trace);
    struct asg_error error = {""};
    enum asg_status status = load(keys, &error);
    if (status != ASG_OK) {
        /* One that is being written is whole in a moment; it is looked at again. */
        if (status != ASG_ERR_CONFLICT || keys->is_settled) warn_once(keys, &error);
        return false;
    }
    keys->said.text[0] = '\0';
    if (!is_again) {
        asg_log_info("api", "keys_read", "%zu access keys of %s", keys->ring->count,
                     keys->path);
    }
    return true;
}

enum asg_status asg_api_keys_new(const char *path, struct asg_clock clock,
                                 struct asg_api_keys **ret, struct asg_error *error)
{
    struct asg_api_keys *keys = asg_alloc(1, sizeof *keys);
    keys->clock = clock;
    keys->path = strdup(path);
    (void)pthread_mutex_init(&keys->lock, NULL);
    enum asg_status status = load(keys, error);
    if (status == ASG_ERR_NOT_FOUND) {
        asg_log_warn("api", "keys_missing",
                     "%s is missing: no client can sign until `openasg keys make-api "
                     "NAME` has created a key",
                     path);
        struct asg_access_keys none = {.count = 0};
        keys->ring = make_ring(&none);
        status = ASG_OK;
    }
    if (status != ASG_OK) {
        asg_api_keys_destroy(&keys);
        return status;
    }
    *ret = keys;
    return ASG_OK;
}

void asg_api_keys_destroy(struct asg_api_keys **keys)
{
    if (*keys == NULL) return;
    release_ring((*keys)->ring);
    (void)pthread_mutex_destroy(&(*keys)->lock);
    free((*keys)->path);
    free(*keys);
    *keys = NULL;
}

bool asg_api_keys_refresh(struct asg_api_keys *keys)
{
    (void)pthread_mutex_lock(&keys->lock);
    bool is_new = refresh(keys);
    (void)pthread_mutex_unlock(&keys->lock);
    return is_new;
}

struct asg_api_key *asg_api_keys_find(struct asg_api_keys *keys,
                                      const char *access_key_id)
{
    const struct asg_access_key wanted = {.access_key_id = access_key_id};
    const struct asg_api_key like = {.key = &wanted};
    int64_t now_ms = asg_clock_monotonic_ms(&keys->clock);
    (void)pthread_mutex_lock(&keys->lock);
    if (now_ms - keys->looked_ms >= LOOK_EVERY_MS) {
        keys->looked_ms = now_ms;
        (void)refresh(keys);
    }
    struct ring *ring = keys->ring;
    struct asg_api_key *found =
        bsearch(&like, ring->items, ring->count, sizeof *ring->items, compare_keys);
    if (found != NULL) atomic_fetch_add(&ring->references, 1);
    (void)pthread_mutex_unlock(&keys->lock);
    return found;
}

void asg_api_key_release(struct asg_api_key **key)
{
    if (*key == NULL) return;
    release_ring((*key)->ring);
    *key = NULL;
}

const struct asg_access_key *asg_api_key_of(const struct asg_api_key *key)
{
    return key->key;
}

void asg_api_key_signing(struct asg_api_key *key, const char *day, const char *region,
                         const char *service, uint8_t ret[ASG_SIGV4_KEY_BYTES])
{
    (void)pthread_mutex_lock(&key->lock);
    if (strncmp(key->day, day, sizeof key->day - 1) != 0) {
        asg_sigv4_derive_key(key->key->secret, day, region, service, key->signing);
        memcpy(key->day, day, sizeof key->day - 1);
    }
    memcpy(ret, key->signing, ASG_SIGV4_KEY_BYTES);
    (void)pthread_mutex_unlock(&key->lock);
}
