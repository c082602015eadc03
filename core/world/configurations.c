#include "core/world/configurations.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/copy.h"
#include "model/schemas.h"

/* Where the one of that name stands, or would. */
static size_t place_of(const struct asg_core *core, const char *name)
{
    size_t low = 0;
    size_t high = core->configuration_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(core->configurations[middle].config.name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low <= core->configuration_count);
    return low;
}

static bool is_at(const struct asg_core *core, size_t at, const char *name)
{
    return at < core->configuration_count &&
           strcmp(core->configurations[at].config.name, name) == 0;
}

const struct asg_launch_configuration *asg_configuration_find(const struct asg_core *core,
                                                              const char *name)
{
    assert(core->configurations != NULL || core->configuration_count == 0);
    size_t at = place_of(core, name);
    return is_at(core, at, name) ? &core->configurations[at].config : NULL;
}

void asg_configuration_add(struct asg_core *core,
                           const struct asg_launch_configuration *config)
{
    struct configuration added = {.arena = {0}};
    asg_model_copy_alone(&asg_launch_configuration_schema, config, &added.arena,
                         &added.config);
    size_t at = place_of(core, added.config.name);
    assert(!is_at(core, at, added.config.name)); /* a name is given once */
    core->configurations =
        asg_realloc(core->configurations, core->configuration_count + 1,
                    sizeof *core->configurations);
    struct configuration *place = core->configurations + at;
    memmove(place + 1, place, (core->configuration_count - at) * sizeof *place);
    core->configuration_count++;
    *place = added;
}

void asg_configuration_remove(struct asg_core *core, const char *name)
{
    size_t at = place_of(core, name);
    assert(is_at(core, at, name));
    assert(asg_configuration_user(core, name) == NULL);
    struct configuration *place = core->configurations + at;
    asg_arena_clear(&place->arena);
    core->configuration_count--;
    memmove(place, place + 1, (core->configuration_count - at) * sizeof *place);
}

const struct group *asg_configuration_user(const struct asg_core *core, const char *name)
{
    assert(name[0] != '\0');
    for (size_t i = 0; i < core->group_count; i++) {
        if (strcmp(core->groups[i]->config.launch_configuration, name) == 0) {
            return core->groups[i];
        }
    }
    return NULL;
}

bool asg_configuration_are_ordered(const struct asg_core *core)
{
    assert(core->configurations != NULL || core->configuration_count == 0);
    for (size_t i = 1; i < core->configuration_count; i++) {
        if (strcmp(core->configurations[i - 1].config.name,
                   core->configurations[i].config.name) >= 0) {
            return false;
        }
    }
    return true;
}

void asg_configuration_clear_all(struct asg_core *core)
{
    for (size_t i = 0; i < core->configuration_count; i++) {
        asg_arena_clear(&core->configurations[i].arena);
    }
    free(core->configurations);
    core->configurations = NULL;
    core->configuration_count = 0;
}
