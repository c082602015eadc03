#include "core/settle/settle_sources.h"

#include <assert.h>

#include "core/step/look_again.h"
#include "core/step/narrate.h"
#include "core/world/state.h"
#include "core/world/touched.h"

static bool is_due(const struct asg_core *core, const struct asg_source *source)
{
    return source->state != ASG_SOURCE_STATE_ADDED &&
           source->state_ms + ASG_SOURCE_CHANGE_MS <= core->now_ms;
}

/* False: it is gone. */
static bool move(struct asg_core *core, const struct group *group,
                 struct asg_source *source)
{
    bool stays = source->state != ASG_SOURCE_STATE_REMOVING;
    source->state = ASG_SOURCE_STATE_ADDED;
    source->state_ms = core->now_ms;
    asg_narrate(core, ASG_DECISION_COMMAND, group, "traffic source %.300s is %s",
                source->identifier, stays ? "attached" : "detached");
    assert(core->step->effects->decision_count > 0); /* what happened is in the log */
    return stays;
}

void asg_settle_sources(struct asg_core *core, struct group *group)
{
    struct asg_group_config config = group->config;
    assert(core->step != NULL);
    size_t due = 0;
    for (size_t i = 0; i < config.source_count; i++) {
        const struct asg_source *source = &config.sources[i];
        if (is_due(core, source)) {
            due++;
        } else if (source->state != ASG_SOURCE_STATE_ADDED) {
            asg_look_again(core, source->state_ms + ASG_SOURCE_CHANGE_MS);
        }
    }
    if (due == 0) return;
    config.sources = asg_arena_take(&core->step->effects->arena,
                                    config.source_count * sizeof *config.sources);
    config.source_count = 0;
    for (size_t i = 0; i < group->config.source_count; i++) {
        struct asg_source source = group->config.sources[i];
        if (is_due(core, &source) && !move(core, group, &source)) continue;
        config.sources[config.source_count++] = source;
    }
    assert(config.source_count <= group->config.source_count);
    asg_group_set_config(group, &config);
    asg_group_mark_dirty(core, group);
    asg_touch_sheet(group);
}
