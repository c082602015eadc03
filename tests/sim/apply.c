/* apply - the operator's orders of groups, policies and scheduled actions as parts of one
 * order: now and then one goes as an apply of its own, and now and then an apply comes
 * before it whose second group cannot be, so that nothing of it may be done. */
#include "sim/sim.h"

#define NOBODY "zzz" /* behind the names of all groups */

static bool one_in(uint32_t count)
{
    return sim_draw(sim_of(SIM_TOPIC_APPLY)) % count == 0;
}

/* What the arrays of a part point to. */
struct part {
    struct asg_apply_group groups[2];
    struct asg_policy_config policy;
    struct asg_schedule_config schedule;
    const char *gone;
    struct asg_apply apply;
    struct asg_command command;
};

static bool make_part(const struct asg_command *command, struct part *ret)
{
    struct asg_apply_group *group = &ret->groups[0];
    *group = (struct asg_apply_group){.name = command->group};
    ret->gone = command->name;
    switch (command->kind) {
    case ASG_COMMAND_GROUP_CREATE:
        group->is_new = true;
        group->config = command->group_config;
        break;
    case ASG_COMMAND_GROUP_UPDATE:
        group->config = command->group_config;
        group->fields = command->group_fields;
        break;
    case ASG_COMMAND_POLICY_PUT:
        ret->policy = *command->policy_config;
        group->policies = &ret->policy;
        group->policy_count = 1;
        break;
    case ASG_COMMAND_POLICY_DELETE:
        group->gone_policies = (struct asg_texts){&ret->gone, 1};
        break;
    case ASG_COMMAND_SCHEDULE_PUT:
        ret->schedule = *command->schedule_config;
        group->schedules = &ret->schedule;
        group->schedule_count = 1;
        break;
    case ASG_COMMAND_SCHEDULE_DELETE:
        group->gone_schedules = (struct asg_texts){&ret->gone, 1};
        break;
    default: return false;
    }
    ret->groups[1] = (struct asg_apply_group){.name = NOBODY, .is_new = true};
    ret->apply = (struct asg_apply){.groups = ret->groups, .group_count = 1};
    ret->command = (struct asg_command){.kind = ASG_COMMAND_APPLY,
                                        .actor = command->actor,
                                        .group = "",
                                        .name = "",
                                        .cluster_id = "",
                                        .apply = &ret->apply};
    return true;
}

void sim_send_in_parts(const struct asg_command *command, uint64_t request_no,
                       void (*send)(const struct asg_command *command, uint64_t no))
{
    struct part part = {.gone = ""};
    if (!make_part(command, &part) || one_in(2)) {
        send(command, request_no);
        return;
    }
    if (one_in(2)) { /* nobody waits for its answer */
        part.apply.group_count = 2;
        send(&part.command, 0);
        part.apply.group_count = 1;
    }
    send(&part.command, request_no);
}

/* ---- in the books ---- */

void sim_each_part(const struct asg_command *command, int64_t time_ms,
                   void (*take)(const struct asg_command *part, int64_t time_ms))
{
    for (size_t i = 0; i < command->apply->group_count; i++) {
        const struct asg_apply_group *order = &command->apply->groups[i];
        struct asg_command part = {.actor = command->actor, .group = order->name};
        part.group_config = order->config;
        part.group_fields = order->fields;
        part.kind = order->is_new ? ASG_COMMAND_GROUP_CREATE : ASG_COMMAND_GROUP_UPDATE;
        if (order->config != NULL) take(&part, time_ms);
        for (size_t k = 0; k < order->policy_count; k++) {
            part.kind = ASG_COMMAND_POLICY_PUT;
            part.policy_config = &order->policies[k];
            part.name = order->policies[k].name;
            take(&part, time_ms);
        }
        for (size_t k = 0; k < order->gone_policies.count; k++) {
            part.kind = ASG_COMMAND_POLICY_DELETE;
            part.name = order->gone_policies.items[k];
            take(&part, time_ms);
        }
        for (size_t k = 0; k < order->schedule_count; k++) {
            part.kind = ASG_COMMAND_SCHEDULE_PUT;
            part.schedule_config = &order->schedules[k];
            part.name = order->schedules[k].name;
            take(&part, time_ms);
        }
        for (size_t k = 0; k < order->gone_schedules.count; k++) {
            part.kind = ASG_COMMAND_SCHEDULE_DELETE;
            part.name = order->gone_schedules.items[k];
            take(&part, time_ms);
        }
    }
}
