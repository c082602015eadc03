#include "bus/allow_list.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/safe_file.h"

struct row {
    char key[ASG_BUS_KEY_SIZE];
    char name[ASG_ALLOW_NAME_MAX + 1];
};

struct asg_allow_list {
    pthread_mutex_t lock;
    struct row *rows;
    size_t count;
};

void asg_allow_list_new(struct asg_allow_list **ret)
{
    struct asg_allow_list *list = asg_alloc(1, sizeof *list);
    (void)pthread_mutex_init(&list->lock, NULL);
    *ret = list;
}

void asg_allow_list_destroy(struct asg_allow_list **list)
{
    if (*list == NULL) return;
    (void)pthread_mutex_destroy(&(*list)->lock);
    free((*list)->rows);
    free(*list);
    *list = NULL;
}

static void add_row(struct row **rows, size_t *count, const char *key, const char *name,
                    size_t name_length)
{
    *rows = asg_realloc(*rows, *count + 1, sizeof **rows);
    struct row *row = &(*rows)[(*count)++];
    (void)snprintf(row->key, sizeof row->key, "%s", key);
    (void)snprintf(row->name, sizeof row->name, "%.*s", (int)name_length, name);
}

void asg_allow_list_add(struct asg_allow_list *list, const char *key, const char *name)
{
    (void)pthread_mutex_lock(&list->lock);
    add_row(&list->rows, &list->count, key, name, strlen(name));
    (void)pthread_mutex_unlock(&list->lock);
}

static enum asg_status read_folder(DIR *folder, const char *path, struct row **rows,
                                   size_t *count, struct asg_error *error)
{
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length <= 4 || strcmp(entry->d_name + length - 4, ".pub") != 0) continue;
        char file[4096];
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        char key[ASG_BUS_KEY_SIZE];
        enum asg_status status = asg_bus_public_key_load_own(file, key, error);
        if (status != ASG_OK) return status;
        add_row(rows, count, key, entry->d_name, length - 4);
    }
    return ASG_OK;
}

enum asg_status asg_allow_list_load(struct asg_allow_list *list, const char *folder,
                                    struct asg_error *error)
{
    struct row *rows = NULL;
    size_t count = 0;
    DIR *open_folder = opendir(folder);
    if (open_folder == NULL && errno != ENOENT) {
        return asg_fail(error, ASG_ERR_IO,
                        "cannot read the folder of allowed keys %s: %s", folder,
                        strerror(errno));
    }
    enum asg_status status =
        open_folder == NULL ? ASG_OK : asg_safe_folder_check(folder, error);
    if (status != ASG_OK) {
        (void)closedir(open_folder);
        return status;
    }
    if (open_folder != NULL) {
        status = read_folder(open_folder, folder, &rows, &count, error);
        (void)closedir(open_folder);
    }
    if (status != ASG_OK) {
        free(rows);
        return status;
    }
    (void)pthread_mutex_lock(&list->lock);
    struct row *old = list->rows;
    list->rows = rows;
    list->count = count;
    (void)pthread_mutex_unlock(&list->lock);
    free(old);
    return ASG_OK;
}

bool asg_allow_list_find(struct asg_allow_list *list, const char *key,
                         char ret[ASG_ALLOW_NAME_MAX + 1])
{
    bool is_found = false;
    (void)pthread_mutex_lock(&list->lock);
    for (size_t i = 0; i < list->count && !is_found; i++) {
        if (strcmp(list->rows[i].key, key) != 0) continue;
        is_found = true;
        if (ret != NULL) memcpy(ret, list->rows[i].name, sizeof list->rows[i].name);
    }
    (void)pthread_mutex_unlock(&list->lock);
    return is_found;
}
