#include "bus/allow_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/arena.h"
#include "base/safe_file.h"
#include "base/text_index.h"

#define SUFFIX      ".pub"
#define YOUNG_S     2 /* a file that has just changed may change again with the same time */
#define HASH_BASIS  UINT64_C(14695981039346656037)
#define HASH_FACTOR UINT64_C(1099511628211)

struct row {
    struct row *next;
    char key[ASG_BUS_KEY_SIZE];
    char name[ASG_ALLOW_NAME_MAX + 1];
};

struct rows {
    struct row *first;
    struct asg_text_index by_key;
};

struct asg_allow_list {
    pthread_mutex_t lock;
    struct rows rows;
    uint64_t version;
    uint64_t seen; /* of the folder when it was read; 0: read it anew */
    enum asg_status found;
    struct asg_error bad; /* files then */
};

static const char *key_of(const void *item)
{
    return ((const struct row *)item)->key;
}

static void clear_rows(struct rows *rows)
{
    while (rows->first != NULL) {
        struct row *row = rows->first;
        rows->first = row->next;
        free(row);
    }
    asg_text_index_clear(&rows->by_key);
}

void asg_allow_list_new(struct asg_allow_list **ret)
{
    struct asg_allow_list *list = asg_alloc(1, sizeof *list);
    (void)pthread_mutex_init(&list->lock, NULL);
    asg_text_index_init(&list->rows.by_key, key_of);
    *ret = list;
}

void asg_allow_list_destroy(struct asg_allow_list **list)
{
    if (*list == NULL) return;
    (void)pthread_mutex_destroy(&(*list)->lock);
    clear_rows(&(*list)->rows);
    free(*list);
    *list = NULL;
}

static void add_row(struct rows *rows, const char *key, const char *name, int name_length)
{
    struct row *row = asg_text_index_find(&rows->by_key, key);
    bool is_new = row == NULL;
    char text[ASG_ALLOW_NAME_MAX + 1];
    (void)snprintf(text, sizeof text, "%.*s", name_length, name);
    if (!is_new && strcmp(row->name, text) <= 0) return;
    if (is_new) row = asg_alloc(1, sizeof *row);
    memcpy(row->name, text, sizeof text);
    if (!is_new) return;
    (void)snprintf(row->key, sizeof row->key, "%s", key);
    row->next = rows->first;
    rows->first = row;
    asg_text_index_add(&rows->by_key, row);
}

void asg_allow_list_add(struct asg_allow_list *list, const char *key, const char *name)
{
    (void)pthread_mutex_lock(&list->lock);
    add_row(&list->rows, key, name, (int)strlen(name));
    list->version++;
    (void)pthread_mutex_unlock(&list->lock);
}

/* ---- the folder ---- */

/* Length of NAME in NAME.pub; 0: something else. */
static size_t name_length(const char *file)
{
    size_t length = strlen(file);
    size_t suffix = strlen(SUFFIX);
    bool is_one = length > suffix && strcmp(file + length - suffix, SUFFIX) == 0;
    return is_one && file[0] != '.' ? length - suffix : 0;
}

static uint64_t add_hash(uint64_t hash, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ bytes[i]) * HASH_FACTOR;
    return hash;
}

static uint64_t hash_file(int folder, const char *file, time_t *newest)
{
    struct stat info = {0};
    uint64_t hash = add_hash(HASH_BASIS, file, strlen(file));
    if (fstatat(folder, file, &info, 0) != 0) return hash;
    const int64_t values[] = {(int64_t)info.st_ino,         (int64_t)info.st_size,
                              (int64_t)info.st_mode,        (int64_t)info.st_uid,
                              (int64_t)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                              (int64_t)info.st_ctim.tv_sec, info.st_ctim.tv_nsec};
    if (info.st_ctim.tv_sec > *newest) *newest = info.st_ctim.tv_sec;
    return add_hash(hash, values, sizeof values);
}

/* What names and states its files have, in whatever order; 0: it has just changed. */
static uint64_t look_at(DIR *folder)
{
    uint64_t sum = 1;
    time_t newest = 0;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (name_length(entry->d_name) == 0) continue;
        sum += hash_file(dirfd(folder), entry->d_name, &newest);
    }
    rewinddir(folder);
    return newest + YOUNG_S >= time(NULL) ? 0 : sum;
}

struct reading {
    struct rows rows;
    size_t bad_count;
    struct asg_error first_bad;
};

static void read_key(const char *path, const char *file, struct reading *reading)
{
    char whole[4096];
    char key[ASG_BUS_KEY_SIZE];
    struct asg_error error = {""};
    (void)snprintf(whole, sizeof whole, "%s/%s", path, file);
    enum asg_status status = asg_bus_public_key_load_own(whole, key, &error);
    if (status == ASG_OK) {
        add_row(&reading->rows, key, file, (int)name_length(file));
    } else if (reading->bad_count++ == 0) {
        reading->first_bad = error;
    }
}

static enum asg_status tell_bad(const struct reading *reading, struct asg_error *error)
{
    if (reading->bad_count == 0) return ASG_OK;
    if (reading->bad_count == 1) {
        return asg_fail(error, ASG_ERR_MALFORMED, "%s; it is left out",
                        reading->first_bad.text);
    }
    return asg_fail(error, ASG_ERR_MALFORMED, "%s; it and %zu more are left out",
                    reading->first_bad.text, reading->bad_count - 1);
}

static bool is_same(const struct rows *one, const struct rows *other)
{
    if (one->by_key.count != other->by_key.count) return false;
    for (const struct row *row = one->first; row != NULL; row = row->next) {
        const struct row *there = asg_text_index_find(&other->by_key, row->key);
        if (there == NULL || strcmp(there->name, row->name) != 0) return false;
    }
    return true;
}

static void replace(struct asg_allow_list *list, struct rows *rows)
{
    (void)pthread_mutex_lock(&list->lock);
    struct rows old = list->rows;
    if (!is_same(&old, rows)) list->version++;
    list->rows = *rows;
    (void)pthread_mutex_unlock(&list->lock);
    clear_rows(&old);
}

static struct rows read_rows(const char *path, DIR *folder, struct reading *reading)
{
    asg_text_index_init(&reading->rows.by_key, key_of);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (name_length(entry->d_name) == 0) continue;
        read_key(path, entry->d_name, reading);
    }
    return reading->rows;
}

/* Somebody else may have put keys there, so none is added; but a key that was taken away
 * is refused from now on, as it would be otherwise. */
static void take_away(struct asg_allow_list *list, const char *path, DIR *folder)
{
    struct reading reading = {0};
    struct rows there = read_rows(path, folder, &reading);
    struct rows kept = {0};
    asg_text_index_init(&kept.by_key, key_of);
    for (const struct row *row = list->rows.first; row != NULL; row = row->next) {
        if (asg_text_index_find(&there.by_key, row->key) == NULL) continue;
        add_row(&kept, row->key, row->name, (int)strlen(row->name));
    }
    clear_rows(&there);
    replace(list, &kept);
    list->seen = 0;
}

enum asg_status asg_allow_list_load(struct asg_allow_list *list, const char *path,
                                    struct asg_error *error)
{
    DIR *folder = opendir(path);
    if (folder == NULL && errno != ENOENT) {
        return asg_fail(error, ASG_ERR_IO,
                        "cannot read the folder of allowed keys %s: %s", path,
                        strerror(errno));
    }
    enum asg_status status = folder == NULL ? ASG_OK : asg_safe_folder_check(path, error);
    if (status != ASG_OK) {
        take_away(list, path, folder);
        (void)closedir(folder);
        return status;
    }
    uint64_t seen = folder == NULL ? 0 : look_at(folder);
    if (seen != 0 && seen == list->seen) {
        (void)closedir(folder);
        if (list->found != ASG_OK && error != NULL) *error = list->bad;
        return list->found;
    }
    struct reading reading = {0};
    struct rows rows = read_rows(path, folder, &reading);
    if (folder != NULL) (void)closedir(folder);
    replace(list, &rows);
    list->seen = seen;
    list->found = tell_bad(&reading, &list->bad);
    if (list->found != ASG_OK && error != NULL) *error = list->bad;
    return list->found;
}

uint64_t asg_allow_list_version(struct asg_allow_list *list)
{
    (void)pthread_mutex_lock(&list->lock);
    uint64_t version = list->version;
    (void)pthread_mutex_unlock(&list->lock);
    return version;
}

bool asg_allow_list_find(struct asg_allow_list *list, const char *key,
                         char ret[ASG_ALLOW_NAME_MAX + 1])
{
    (void)pthread_mutex_lock(&list->lock);
    const struct row *row = asg_text_index_find(&list->rows.by_key, key);
    if (row != NULL && ret != NULL) memcpy(ret, row->name, sizeof row->name);
    (void)pthread_mutex_unlock(&list->lock);
    return row != NULL;
}
