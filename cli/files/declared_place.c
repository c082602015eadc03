/* declared_place - what of the files an answer of the controller is about. */
#include <stdbool.h>
#include <string.h>

#include "cli/files/declared.h"

/* What follows `prefix` and `name` in the text, if an end of a name does; else NULL. */
static const char *behind(const char *text, const char *prefix, const char *name)
{
    size_t length = strlen(prefix);
    size_t name_length = strlen(name);
    if (strncmp(text, prefix, length) != 0 ||
        strncmp(text + length, name, name_length) != 0) {
        return NULL;
    }
    const char *rest = text + length + name_length;
    return rest[0] == ':' || rest[0] == ',' || rest[0] == ' ' ? rest : NULL;
}

/* Policies and scheduled actions of the group that `text` begins with: the one that it
 * names; of several that fit, the longest. */
static void find_rule(const struct asg_declared *declared, const char *text,
                      struct asg_place *ret)
{
    size_t longest = 0;
    for (size_t i = 0; i < declared->policy_count; i++) {
        const struct asg_declared_policy *policy = &declared->policies[i];
        const char *rest = behind(text, "group ", policy->config.group);
        if (rest == NULL || behind(rest, ", policy ", policy->config.name) == NULL ||
            strlen(policy->config.name) < longest) {
            continue;
        }
        longest = strlen(policy->config.name);
        *ret = policy->place;
    }
    for (size_t i = 0; i < declared->schedule_count; i++) {
        const struct asg_declared_schedule *schedule = &declared->schedules[i];
        const char *rest = behind(text, "group ", schedule->config.group);
        if (rest == NULL ||
            behind(rest, ", scheduled action ", schedule->config.name) == NULL ||
            strlen(schedule->config.name) < longest) {
            continue;
        }
        longest = strlen(schedule->config.name);
        *ret = schedule->place;
    }
}

struct asg_place asg_declared_place_of(const struct asg_declared *declared,
                                       const char *message)
{
    struct asg_place place = {0};
    size_t longest = 0;
    if (message == NULL) return place;
    for (size_t i = 0; i < declared->group_count; i++) {
        const struct asg_declared_group *group = &declared->groups[i];
        if (behind(message, "group ", group->config.name) == NULL ||
            strlen(group->config.name) < longest) {
            continue;
        }
        longest = strlen(group->config.name);
        place = group->place;
    }
    find_rule(declared, message, &place);
    return place;
}
