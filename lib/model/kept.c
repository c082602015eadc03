#include "model/kept.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

const char *asg_kept_find(const struct asg_kept_member *kept, size_t count,
                          const char *path)
{
    assert(kept != NULL || count == 0);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(kept[i].path, path) == 0) return kept[i].value;
    }
    return NULL;
}

static size_t top_length(const char *path)
{
    return strcspn(path, ".");
}

static bool has_top_of(const struct asg_kept_member *kept, size_t count, const char *path)
{
    size_t length = top_length(path);
    for (size_t i = 0; i < count; i++) {
        if (top_length(kept[i].path) == length &&
            strncmp(kept[i].path, path, length) == 0) {
            return true;
        }
    }
    return false;
}

/* It only says that the member is gone. */
static bool is_removal(const struct asg_kept_member *member)
{
    return member->value[0] == '\0' && strchr(member->path, '.') == NULL;
}

void asg_kept_merge(const struct asg_kept_member *kept, size_t count,
                    const struct asg_kept_member *changes, size_t change_count,
                    struct asg_arena *arena, struct asg_kept_member **ret,
                    size_t *ret_count)
{
    assert(changes != NULL || change_count == 0);
    struct asg_kept_member *all =
        asg_arena_take(arena, (count + change_count + 1) * sizeof *all);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!has_top_of(changes, change_count, kept[i].path)) all[used++] = kept[i];
    }
    for (size_t i = 0; i < change_count; i++) {
        if (!is_removal(&changes[i])) all[used++] = changes[i];
    }
    assert(used <= count + change_count);
    *ret = all;
    *ret_count = used;
}

enum asg_status asg_kept_check(const struct asg_kept_member *kept, size_t count,
                               struct asg_error *error)
{
    if (count > ASG_KEPT_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%zu members of parameters are more than the %d that are kept",
                        count, ASG_KEPT_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(kept[i].path);
        if (length == 0 || length > ASG_KEPT_PATH_MAX ||
            strlen(kept[i].value) > ASG_KEPT_VALUE_MAX) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "'%.100s' is too long to be kept: its name has 1 to %d "
                            "bytes, its value at most %d",
                            kept[i].path, ASG_KEPT_PATH_MAX, ASG_KEPT_VALUE_MAX);
        }
        if (asg_kept_find(kept, i, kept[i].path) != NULL) {
            return asg_fail(error, ASG_ERR_INVALID, "%.100s is listed twice",
                            kept[i].path);
        }
    }
    return ASG_OK;
}
