/* present - the state that files are compared with, in order. */
#include <stdlib.h>
#include <string.h>

#include "cli/files/compare.h"

static int by_group(const void *a, const void *b)
{
    const struct asg_group_view *x = a;
    const struct asg_group_view *y = b;
    return strcmp(x->config->name, y->config->name);
}

static int by_policy(const void *a, const void *b)
{
    const struct asg_policy_config *x = a;
    const struct asg_policy_config *y = b;
    int order = strcmp(x->group, y->group);
    return order != 0 ? order : strcmp(x->name, y->name);
}

static int by_schedule(const void *a, const void *b)
{
    const struct asg_schedule_config *x = a;
    const struct asg_schedule_config *y = b;
    int order = strcmp(x->group, y->group);
    return order != 0 ? order : strcmp(x->name, y->name);
}

static void sort(void *items, size_t count, size_t size,
                 int (*compare)(const void *a, const void *b))
{
    if (count > 1) qsort(items, count, size, compare);
}

void asg_present_sort(struct asg_present *present)
{
    sort(present->groups, present->group_count, sizeof *present->groups, by_group);
    sort(present->policies, present->policy_count, sizeof *present->policies, by_policy);
    sort(present->schedules, present->schedule_count, sizeof *present->schedules,
         by_schedule);
}

static int by_name(const void *key, const void *item)
{
    return strcmp(key, ((const struct asg_group_view *)item)->config->name);
}

const struct asg_group_view *asg_present_find_group(const struct asg_present *present,
                                                    const char *name)
{
    if (present->group_count == 0) return NULL;
    return bsearch(name, present->groups, present->group_count, sizeof *present->groups,
                   by_name);
}
