#include "core/take/command_traffic.h"

#include <assert.h>
#include <string.h>

#include "core/step/narrate.h"
#include "core/take/check_config.h"
#include "core/take/require.h"
#include "core/world/state.h"

/* ---- traffic sources ---- */

struct sources {
    struct asg_source *items;
    size_t count;
};

static struct asg_source *find(const struct sources *sources,
                               const struct asg_source *source)
{
    for (size_t i = 0; i < sources->count; i++) {
        struct asg_source *one = &sources->items[i];
        if (one->kind == source->kind &&
            strcmp(one->identifier, source->identifier) == 0) {
            return one;
        }
    }
    return NULL;
}

/* Those of the group, with room for as many more as the order names. */
static struct sources begin_sources(struct asg_core *core, const struct group *group,
                                    const struct asg_command *command)
{
    const struct asg_group_config *config = &group->config;
    assert(config->source_count <= ASG_SOURCES_MAX);
    struct sources sources = {.count = config->source_count};
    sources.items =
        asg_arena_take(&core->step->effects->arena,
                       (sources.count + command->source_count) * sizeof *sources.items);
    for (size_t i = 0; i < sources.count; i++) {
        sources.items[i] = config->sources[i];
    }
    return sources;
}

static void set_sources(struct asg_core *core, struct group *group,
                        const struct sources *sources)
{
    struct asg_group_config config = group->config;
    config.sources = sources->items;
    config.source_count = sources->count;
    asg_group_set_config(group, &config);
    assert(group->config.source_count == sources->count);
    asg_group_mark_dirty(core, group);
}

/* The group of an order that names sources; NULL: it is refused. */
static struct group *require(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return NULL;
    if (command->source_count == 0) {
        asg_reply_refuse(core, "ValidationError", "the request names no traffic source");
        return NULL;
    }
    for (size_t i = 0; i < command->source_count; i++) {
        const char *wrong = asg_take_wrong_with_source(&command->sources[i]);
        if (wrong == NULL) continue;
        asg_reply_refuse(core, "ValidationError", "traffic source '%.100s' %s",
                         command->sources[i].identifier, wrong);
        return NULL;
    }
    return group;
}

void asg_order_attach_sources(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = require(core, command);
    if (group == NULL) return;
    struct sources sources = begin_sources(core, group, command);
    for (size_t i = 0; i < command->source_count; i++) {
        struct asg_source *known = find(&sources, &command->sources[i]);
        if (known != NULL && known->state != ASG_SOURCE_STATE_REMOVING) continue;
        struct asg_source *place =
            known != NULL ? known : &sources.items[sources.count++];
        *place = (struct asg_source){.kind = command->sources[i].kind,
                                     .identifier = command->sources[i].identifier,
                                     .state = ASG_SOURCE_STATE_ADDING,
                                     .state_ms = core->now_ms};
    }
    assert(sources.count <= group->config.source_count + command->source_count);
    if (!asg_take_is_within(core, command, sources.count, ASG_SOURCES_MAX,
                            "load balancers and traffic sources")) {
        return;
    }
    set_sources(core, group, &sources);
    asg_narrate(core, ASG_DECISION_COMMAND, group,
                "%zu traffic source%s attached by %s: recorded only, no instance "
                "is registered",
                command->source_count, command->source_count == 1 ? "" : "s",
                command->actor);
    asg_reply_accept(core, 0, "traffic sources of group %s attached", group->config.name);
}

static const char *name_kind(enum asg_source_kind kind)
{
    assert(kind < ASG_SOURCE_COUNT);
    if (kind == ASG_SOURCE_LOAD_BALANCER) return "Load Balancers";
    return kind == ASG_SOURCE_TARGET_GROUP ? "Target Groups" : "Traffic Sources";
}

void asg_order_detach_sources(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = require(core, command);
    if (group == NULL) return;
    struct sources sources = begin_sources(core, group, command);
    for (size_t i = 0; i < command->source_count; i++) {
        struct asg_source *known = find(&sources, &command->sources[i]);
        if (known == NULL) {
            asg_reply_refuse(core, "ValidationError",
                             "Trying to remove %s that are not part of the group: %s",
                             name_kind(command->sources[i].kind),
                             command->sources[i].identifier);
            return;
        }
        if (known->state == ASG_SOURCE_STATE_REMOVING) continue;
        known->state = ASG_SOURCE_STATE_REMOVING;
        known->state_ms = core->now_ms;
    }
    assert(sources.count ==
           group->config.source_count); /* they go when time has passed */
    set_sources(core, group, &sources);
    asg_narrate(core, ASG_DECISION_COMMAND, group, "%zu traffic source%s detached by %s",
                command->source_count, command->source_count == 1 ? "" : "s",
                command->actor);
    asg_reply_accept(core, 0, "traffic sources of group %s detached", group->config.name);
}

/* ---- collected metrics ---- */

void asg_order_collect_metrics(struct asg_core *core, const struct asg_command *command,
                               bool is_enabled)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL) return;
    const uint64_t all = (UINT64_C(1) << ASG_COLLECTED_COUNT) - 1;
    uint64_t which = command->collected_metrics == 0 ? all : command->collected_metrics;
    if ((which & ~all) != 0) {
        asg_reply_refuse(core, "ValidationError", "groups have no such metric");
        return;
    }
    struct asg_group_config config = group->config;
    config.collected_metrics =
        is_enabled ? config.collected_metrics | which : config.collected_metrics & ~which;
    asg_group_set_config(group, &config);
    assert((group->config.collected_metrics & ~all) == 0);
    asg_group_mark_dirty(core, group);
    asg_narrate(core, ASG_DECISION_COMMAND, group, "collection of metrics %s by %s",
                is_enabled ? "enabled" : "disabled", command->actor);
    asg_reply_accept(core, 0, "collection of metrics of group %s %s", group->config.name,
                     is_enabled ? "enabled" : "disabled");
}
