#include "core/take/command_orphan.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/world/counts.h"
#include "core/step/narrate.h"
#include "core/world/orphans.h"
#include "core/world/state.h"
#include "core/plan/plan_terminations.h"
#include "core/take/behind.h"
#include "core/take/fill_slot.h"
#include "core/want/desired.h"

#define SAID_MAX  3   /* reasons that a reply names */
#define END_BATCH 100 /* ids of one termination */

/* In one of the group's subnets; where the group names only a zone, in that. */
static bool is_place_of(const struct asg_group_config *config,
                        const struct orphan *orphan)
{
    for (size_t i = 0; i < config->subnet_count; i++) {
        const struct asg_subnet *subnet = &config->subnets[i];
        bool is_it = subnet->subnet_id[0] != '\0'
                         ? strcmp(subnet->subnet_id, orphan->subnet_id) == 0
                         : strcmp(subnet->zone, orphan->zone) == 0;
        if (is_it) return true;
    }
    return false;
}

/* Why an instance cannot be one of its group's; NULL: it can. */
static const char *misfit(struct asg_core *core, const struct orphan *orphan,
                          struct group **ret_group)
{
    struct asg_arena *arena = &core->step->effects->arena;
    if (orphan->is_ending) return "it is being terminated";
    struct group *group = asg_group_find(core, orphan->group);
    if (group == NULL) {
        return asg_arena_format(arena,
                                "its group '%s' does not exist; create the group first",
                                orphan->group);
    }
    const struct asg_group_config *config = &group->config;
    if (group->is_deleting) {
        return asg_arena_format(arena, "its group %s is being deleted", config->name);
    }
    if (!is_place_of(config, orphan)) {
        return asg_arena_format(arena, "it is in %s (%s), which group %s does not use",
                                orphan->subnet_id, orphan->zone, config->name);
    }
    bool is_type_ours = config->instance_types.count == 0; /* the template's: not known */
    for (size_t i = 0; i < config->instance_types.count; i++) {
        is_type_ours |= strcmp(config->instance_types.items[i], orphan->type) == 0;
    }
    if (!is_type_ours) {
        return asg_arena_format(arena, "it is a %s, which group %s does not use",
                                orphan->type, config->name);
    }
    if (asg_count_against_max(group) >= config->max) {
        return asg_arena_format(arena,
                                "group %s has %" PRIu32 " instances, its max is %" PRIu32
                                "; raise max first",
                                config->name, asg_count_against_max(group), config->max);
    }
    *ret_group = group;
    return NULL;
}

/* Which of the orphans the order means, by their places, of the step's memory. NULL: it
 * is refused, as one is not known. */
static const bool *find_meant(struct asg_core *core, const struct asg_command *command)
{
    if (command->is_all == (command->instance_ids.count > 0)) {
        asg_reply_refuse(core, "ValidationError", "give instance ids, or all");
        return NULL;
    }
    bool *meant = asg_arena_take(&core->step->effects->arena, core->orphan_count);
    for (size_t i = 0; i < core->orphan_count; i++) {
        meant[i] = command->is_all;
    }
    for (size_t i = 0; i < command->instance_ids.count; i++) {
        const char *id = command->instance_ids.items[i];
        struct orphan *orphan = asg_orphan_find(core, id);
        if (orphan == NULL) {
            asg_reply_refuse(
                core, "ValidationError",
                "%s is not among the unknown instances; `openasg orphan list` shows "
                "them",
                id);
            return NULL;
        }
        assert(strcmp(orphan->id, id) == 0);
        meant[orphan - core->orphans] = true;
    }
    return meant;
}

static void take_in(struct asg_core *core, struct group *group, struct orphan *orphan,
                    const char *actor)
{
    const struct asg_seen_instance seen = {
        .instance_id = orphan->id,
        .state = orphan->ec2_state,
        .instance_type = orphan->type,
        .subnet_id = orphan->subnet_id,
        .zone = orphan->zone,
        .private_ip = orphan->private_ip,
        .launched_ms = orphan->launched_ms,
        .job_id = orphan->job_id,
        .attempt = orphan->attempt,
        .incarnation = orphan->incarnation,
        .is_spot = orphan->is_spot,
    };
    assert(!orphan->is_ending && !orphan->is_gone);
    assert(strcmp(group->config.name, orphan->group) == 0);
    const struct instance *instance = asg_take_adopt(core, group, &seen);
    asg_narrate_instance(core, ASG_DECISION_ADOPT, group, instance,
                         "%s adopted by %s: job %" PRIu64 " launched it", instance->id,
                         actor, orphan->job_id);
    orphan->is_gone = true;
}

/* What was taken in is wanted: it is not scaled in again. */
static void raise_desired(struct asg_core *core, const char *actor)
{
    for (size_t i = 0; i < core->orphan_count; i++) {
        if (!core->orphans[i].is_gone) continue;
        struct group *group = asg_group_find(core, core->orphans[i].group);
        assert(group != NULL); /* it took it in */
        uint32_t capacity = asg_count_capacity(group);
        uint32_t from = group->config.desired;
        if (capacity <= from) continue;
        assert(capacity <= group->config.max); /* there was room for each */
        asg_desired_change(core, group, capacity, DESIRED_BY_ORDER);
        asg_narrate_capacity(core, ASG_DECISION_SCALE_OUT, group, "", from,
                             "desired %" PRIu32 " (was %" PRIu32
                             "): instances adopted by %s",
                             capacity, from, actor);
    }
}

void asg_order_adopt_instances(struct asg_core *core, const struct asg_command *command)
{
    const bool *meant = find_meant(core, command);
    if (meant == NULL) return;
    struct group *group = NULL;
    size_t adopted = 0;
    size_t left = 0;
    const char *reasons = "";
    for (size_t i = 0; i < core->orphan_count; i++) {
        struct orphan *orphan = &core->orphans[i];
        if (!meant[i]) continue;
        const char *why = misfit(core, orphan, &group);
        if (why == NULL) {
            assert(group != NULL && !group->is_deleting);
            take_in(core, group, orphan, command->actor);
            adopted++;
        } else if (left++ < SAID_MAX) {
            reasons = asg_arena_format(&core->step->effects->arena, "%s; %s: %s", reasons,
                                       orphan->id, why);
        }
    }
    raise_desired(core, command->actor);
    asg_orphan_drop_gone(core);
    asg_orphan_count_unknown(core);
    if (adopted == 0) {
        asg_reply_refuse(core, "ValidationError", "nothing was adopted%s",
                         left == 0 ? "; there are no unknown instances" : reasons);
        return;
    }
    asg_behind_settle(core);
    asg_reply_accept(core, 0, "%zu adopted, %zu left%s%s", adopted, left, reasons,
                     left > SAID_MAX ? "; and others" : "");
}

/* One termination: orphans of one zone, as many as a call takes. */
static void plan_ends(struct asg_core *core, const char *actor, const bool *meant,
                      size_t first)
{
    assert(first < core->orphan_count);
    struct orphan *batch[END_BATCH] = {&core->orphans[first]};
    size_t count = 0;
    for (size_t i = first; i < core->orphan_count && count < END_BATCH; i++) {
        struct orphan *orphan = &core->orphans[i];
        if (!meant[i] || orphan->is_ending ||
            strcmp(orphan->zone, core->orphans[first].zone) != 0) {
            continue;
        }
        batch[count++] = orphan;
    }
    assert(count > 0 && count <= END_BATCH && batch[0] == &core->orphans[first]);
    const struct job *job = asg_plan_orphan_end(core, batch, count);
    for (size_t i = 0; i < count; i++) {
        asg_narrate(core, ASG_DECISION_TERMINATE, NULL,
                    "orphan %s: terminating it, ordered by %s, job %s", batch[i]->id,
                    actor, job->plan.name);
    }
}

void asg_order_end_orphans(struct asg_core *core, const struct asg_command *command)
{
    const bool *meant = find_meant(core, command);
    if (meant == NULL) return;
    size_t ended = 0;
    for (size_t i = 0; i < core->orphan_count; i++) {
        ended += meant[i] && !core->orphans[i].is_ending;
    }
    if (ended == 0) {
        asg_reply_refuse(core, "ValidationError",
                         "there are no unknown instances left to terminate");
        return;
    }
    for (size_t i = 0; i < core->orphan_count; i++) {
        if (!meant[i] || core->orphans[i].is_ending) continue;
        plan_ends(core, command->actor, meant, i);
    }
    asg_orphan_count_unknown(core);
    asg_behind_settle(core);
    asg_reply_accept(core, 0, "%zu unknown instance%s being terminated", ended,
                     ended == 1 ? " is" : "s are");
}
