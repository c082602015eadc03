/* declared_files - files and folders read together, and what must be true of them as a
 * whole. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/files/declared.h"
#include "model/schema.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_of_files(const char *name)
{
    static const char *const ends[] = {".yaml", ".yml", ".json"};
    const char *end = strrchr(name, '.');
    if (name[0] == '.' || end == NULL) return false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (strcmp(end, ends[i]) == 0) return true;
    }
    return false;
}

static void close_folder(DIR **folder)
{
    if (*folder != NULL) (void)closedir(*folder);
}

/* Paths of the files of a folder, in order. */
static enum asg_status list_folder(const char *path, struct asg_arena *arena,
                                   struct asg_texts *ret, struct asg_error *error)
{
    ASG_CLEANUP(close_folder) DIR *folder = opendir(path);
    if (folder == NULL) {
        return asg_fail(error, ASG_ERR_IO, "%s: %s", path, strerror(errno));
    }
    size_t capacity = 0;
    struct asg_texts files = {0};
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (!is_of_files(entry->d_name)) continue;
        *(const char **)asg_arena_push(arena, (void **)&files.items, &files.count,
                                       &capacity, sizeof *files.items) =
            asg_arena_format(arena, "%s/%s", path, entry->d_name);
    }
    if (files.count == 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s: no *.yaml, *.yml or *.json file in this folder", path);
    }
    qsort(files.items, files.count, sizeof *files.items, by_text);
    *ret = files;
    return ASG_OK;
}

/* A pipe would be waited for without an end: who means one names it. */
static enum asg_status read_of_folder(const char *path, struct asg_arena *arena,
                                      struct asg_declared *ret, struct asg_error *error)
{
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
        return asg_fail(error, ASG_ERR_INVALID, "%s: not a regular file; take it out",
                        path);
    }
    return asg_declared_read_file(path, ASG_RULES_GROUP, arena, ret, error);
}

static enum asg_status read_path(const char *path, struct asg_arena *arena,
                                 struct asg_declared *ret, struct asg_error *error)
{
    struct stat about;
    if (strcmp(path, "-") == 0 || stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) {
        return asg_declared_read_file(path, ASG_RULES_GROUP, arena, ret, error);
    }
    struct asg_texts files = {0};
    enum asg_status status = list_folder(path, arena, &files, error);
    for (size_t i = 0; i < files.count && status == ASG_OK; i++) {
        status = read_of_folder(files.items[i], arena, ret, error);
    }
    return status;
}

/* ---- in order ---- */

static int by_place(const struct asg_place *a, const struct asg_place *b)
{
    int order = strcmp(a->file, b->file);
    if (order != 0) return order;
    return (a->line > b->line) - (a->line < b->line);
}

static int by_group(const void *a, const void *b)
{
    const struct asg_declared_group *x = a;
    const struct asg_declared_group *y = b;
    int order = strcmp(x->config.name, y->config.name);
    return order != 0 ? order : by_place(&x->place, &y->place);
}

static int by_policy(const void *a, const void *b)
{
    const struct asg_declared_policy *x = a;
    const struct asg_declared_policy *y = b;
    int order = strcmp(x->config.group, y->config.group);
    if (order == 0) order = strcmp(x->config.name, y->config.name);
    return order != 0 ? order : by_place(&x->place, &y->place);
}

static int by_schedule(const void *a, const void *b)
{
    const struct asg_declared_schedule *x = a;
    const struct asg_declared_schedule *y = b;
    int order = strcmp(x->config.group, y->config.group);
    if (order == 0) order = strcmp(x->config.name, y->config.name);
    return order != 0 ? order : by_place(&x->place, &y->place);
}

static void sort(void *items, size_t count, size_t size,
                 int (*compare)(const void *a, const void *b))
{
    if (count > 1) qsort(items, count, size, compare);
}

/* ---- what must be true ---- */

struct named {
    const char *what; /* "policy" */
    const char *group;
    const char *name;
    struct asg_place place;
};

static enum asg_status refuse_twice(const struct named *named,
                                    const struct asg_place *first,
                                    struct asg_error *error)
{
    const char *of = named->group != NULL ? " of group " : "";
    return asg_fail(error, ASG_ERR_INVALID,
                    "%s:%zu: %s %.80s%s%.80s is defined a second time; the first is at "
                    "%s:%zu",
                    named->place.file, named->place.line, named->what, named->name, of,
                    named->group != NULL ? named->group : "", first->file, first->line);
}

/* `before`: the one in front of it in the order; NULL: it is the first. */
static enum asg_status check_named(const struct named *named, const struct named *before,
                                   struct asg_error *error)
{
    if (named->group != NULL && named->group[0] == '\0') {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s:%zu: %s \"%.80s\" has no group: write group: NAME, or put it "
                        "into the document of its group",
                        named->place.file, named->place.line, named->what, named->name);
    }
    if (named->name[0] == '\0') {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s:%zu: the %s has no name: write name:", named->place.file,
                        named->place.line, named->what);
    }
    if (before == NULL || strcmp(before->name, named->name) != 0) return ASG_OK;
    if (named->group != NULL && strcmp(before->group, named->group) != 0) return ASG_OK;
    return refuse_twice(named, &before->place, error);
}

static enum asg_status check_groups(const struct asg_declared *declared,
                                    struct asg_error *error)
{
    struct named before = {0};
    for (size_t i = 0; i < declared->group_count; i++) {
        const struct asg_declared_group *group = &declared->groups[i];
        const struct named named = {
            .what = "group", .name = group->config.name, .place = group->place};
        enum asg_status status = check_named(&named, i > 0 ? &before : NULL, error);
        if (status != ASG_OK) return status;
        before = named;
    }
    return ASG_OK;
}

static enum asg_status check_policies(const struct asg_declared *declared,
                                      struct asg_error *error)
{
    struct named before = {0};
    for (size_t i = 0; i < declared->policy_count; i++) {
        const struct asg_declared_policy *policy = &declared->policies[i];
        const struct named named = {.what = "policy",
                                    .group = policy->config.group,
                                    .name = policy->config.name,
                                    .place = policy->place};
        enum asg_status status = check_named(&named, i > 0 ? &before : NULL, error);
        if (status != ASG_OK) return status;
        before = named;
    }
    return ASG_OK;
}

static enum asg_status check_schedules(const struct asg_declared *declared,
                                       struct asg_error *error)
{
    struct named before = {0};
    for (size_t i = 0; i < declared->schedule_count; i++) {
        const struct asg_declared_schedule *schedule = &declared->schedules[i];
        const struct named named = {.what = "scheduled action",
                                    .group = schedule->config.group,
                                    .name = schedule->config.name,
                                    .place = schedule->place};
        enum asg_status status = check_named(&named, i > 0 ? &before : NULL, error);
        if (status != ASG_OK) return status;
        before = named;
    }
    return ASG_OK;
}

enum asg_status asg_declared_read(const struct asg_texts *paths, struct asg_arena *arena,
                                  struct asg_declared *ret, struct asg_error *error)
{
    struct asg_declared declared = {0};
    enum asg_status status = ASG_OK;
    for (size_t i = 0; i < paths->count && status == ASG_OK; i++) {
        status = read_path(paths->items[i], arena, &declared, error);
    }
    if (status != ASG_OK) return status;
    sort(declared.groups, declared.group_count, sizeof *declared.groups, by_group);
    sort(declared.policies, declared.policy_count, sizeof *declared.policies, by_policy);
    sort(declared.schedules, declared.schedule_count, sizeof *declared.schedules,
         by_schedule);
    status = check_groups(&declared, error);
    if (status == ASG_OK) status = check_policies(&declared, error);
    if (status == ASG_OK) status = check_schedules(&declared, error);
    if (status == ASG_OK) *ret = declared;
    return status;
}

const struct asg_declared_group *asg_declared_find_group(
    const struct asg_declared *declared, const char *name)
{
    size_t low = 0;
    size_t high = declared->group_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(declared->groups[middle].config.name, name);
        if (order == 0) return &declared->groups[middle];
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
