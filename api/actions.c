/* actions - the service's actions, one row each. */
#include <string.h>

#include "api/door.h"

static const struct asg_query_shape nothing = {.members = NULL, .count = 0};

static const struct asg_api_action actions[] = {
    {"DescribeLifecycleHooks", &nothing, &nothing, .handler = NULL},
};

const struct asg_api_action *asg_api_find_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, name) == 0) return &actions[i];
    }
    return NULL;
}
