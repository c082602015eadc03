#include "core/take/raise_revision.h"

#include <assert.h>

#include "core/take/command_apply.h"
#include "core/world/state.h"
#include "core/world/touched.h"

/* Not: a desired capacity of its own, and what is stopped; they are no configuration. */
static bool configures(enum asg_command_kind kind)
{
    switch (kind) {
    case ASG_COMMAND_GROUP_CREATE:
    case ASG_COMMAND_GROUP_UPDATE:
    case ASG_COMMAND_GROUP_DELETE:
    case ASG_COMMAND_POLICY_PUT:
    case ASG_COMMAND_POLICY_DELETE:
    case ASG_COMMAND_SCHEDULE_PUT:
    case ASG_COMMAND_SCHEDULE_DELETE:
    case ASG_COMMAND_GROUP_TAG:
    case ASG_COMMAND_GROUP_UNTAG:
    case ASG_COMMAND_METRICS_ENABLE:
    case ASG_COMMAND_METRICS_DISABLE:
    case ASG_COMMAND_SOURCES_ATTACH:
    case ASG_COMMAND_SOURCES_DETACH:
    case ASG_COMMAND_APPLY: return true;
    default: return false;
    }
}

static void mark(struct asg_core *core, const char *name, uint64_t revision)
{
    struct group *group = asg_group_find(core, name);
    assert(group != NULL); /* the order was accepted, and names it */
    assert(group->revision <= revision);
    group->revision = revision;
    asg_touch_sheet(group);
    core->revision = revision;
}

void asg_raise_revision(struct asg_core *core, const struct asg_command *command)
{
    assert(core->step != NULL);
    if (!core->step->effects->reply.is_ok || !configures(command->kind)) return;
    const uint64_t revision = core->revision + 1;
    if (command->kind == ASG_COMMAND_APPLY) {
        for (size_t i = 0; i < command->apply->group_count; i++) {
            const struct asg_apply_group *order = &command->apply->groups[i];
            if (asg_apply_changes(order)) mark(core, order->name, revision);
        }
        return;
    }
    if (command->kind == ASG_COMMAND_GROUP_TAG ||
        command->kind == ASG_COMMAND_GROUP_UNTAG) {
        for (size_t i = 0; i < command->group_tag_count; i++) {
            mark(core, command->group_tags[i].group, revision);
        }
        return;
    }
    mark(core,
         command->kind == ASG_COMMAND_GROUP_CREATE ? command->group_config->name
                                                   : command->group,
         revision);
}
