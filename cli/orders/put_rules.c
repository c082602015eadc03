#include "cli/orders/put_rules.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/files/note_policy.h"
#include "model/zone_changes.h"

/* What both kinds have in common, and where it is. */
struct named {
    const char *what;
    const char *plural;
    char *items;
    size_t count;
    size_t size;
    size_t group_offset;
    size_t name_offset;
};

static struct named find_named(struct asg_rules *rules, enum asg_rules_kind kind)
{
    if (kind == ASG_RULES_POLICY) {
        return (struct named){
            .what = "policy",
            .plural = "policies",
            .items = (char *)rules->policies,
            .count = rules->policy_count,
            .size = sizeof *rules->policies,
            .group_offset = offsetof(struct asg_policy_config, group),
            .name_offset = offsetof(struct asg_policy_config, name),
        };
    }
    assert(kind == ASG_RULES_SCHEDULE);
    return (struct named){
        .what = "scheduled action",
        .plural = "scheduled actions",
        .items = (char *)rules->schedules,
        .count = rules->schedule_count,
        .size = sizeof *rules->schedules,
        .group_offset = offsetof(struct asg_schedule_config, group),
        .name_offset = offsetof(struct asg_schedule_config, name),
    };
}

/* GROUP and NAME of the command line over what the file says. */
static int fill_names(struct asg_cli *cli, const struct asg_arguments *arguments,
                      const char *file, const struct named *named)
{
    const char *group = asg_argument_text(arguments, 0);
    const char *name = asg_argument_text(arguments, 1);
    if (named->count == 0) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s has no %s", file, named->what);
    }
    if (name != NULL && named->count > 1) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "%s has %zu %s, but NAME names only one: leave it out", file,
                            named->count, named->plural);
    }
    for (size_t i = 0; i < named->count; i++) {
        char *item = named->items + i * named->size;
        const char **item_group = (const char **)(void *)(item + named->group_offset);
        const char **item_name = (const char **)(void *)(item + named->name_offset);
        if (group != NULL) *item_group = group;
        if (name != NULL) *item_name = name;
        if ((*item_group)[0] != '\0' && (*item_name)[0] != '\0') continue;
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "%s: %s %zu has no %s: write it in the file or as an "
                            "argument",
                            file, named->what, i + 1,
                            (*item_group)[0] == '\0' ? "group" : "name");
    }
    return ASG_EXIT_OK;
}

static int by_policy(const void *a, const void *b)
{
    const struct asg_policy_config *x = a;
    const struct asg_policy_config *y = b;
    return strcmp(x->group, y->group);
}

static int by_schedule(const void *a, const void *b)
{
    const struct asg_schedule_config *x = a;
    const struct asg_schedule_config *y = b;
    return strcmp(x->group, y->group);
}

/* The part of the order for that group: the last, as items come by group. */
static struct asg_apply_group *order_of(struct asg_apply *order, const char *group)
{
    bool is_known = order->group_count > 0 &&
                    strcmp(order->groups[order->group_count - 1].name, group) == 0;
    if (!is_known) order->groups[order->group_count++].name = group;
    return &order->groups[order->group_count - 1];
}

static int put_policies(struct asg_cli *cli, struct asg_rules *rules,
                        struct asg_apply *order)
{
    qsort(rules->policies, rules->policy_count, sizeof *rules->policies, by_policy);
    for (size_t i = 0; i < rules->policy_count; i++) {
        struct asg_apply_group *group = order_of(order, rules->policies[i].group);
        if (group->policy_count++ == 0) group->policies = &rules->policies[i];
    }
    struct asg_command command = asg_new_command(ASG_COMMAND_APPLY, "");
    command.apply = order;
    int code = asg_order(
        cli, &command,
        asg_arena_format(&cli->arena, "%zu policies saved", rules->policy_count), NULL);
    for (size_t i = 0; i < rules->policy_count && code == ASG_EXIT_OK; i++) {
        asg_note_policy(cli, &rules->policies[i]);
    }
    return code;
}

static int put_schedules(struct asg_cli *cli, struct asg_rules *rules,
                         struct asg_apply *order)
{
    qsort(rules->schedules, rules->schedule_count, sizeof *rules->schedules, by_schedule);
    for (size_t i = 0; i < rules->schedule_count; i++) {
        struct asg_schedule_config *schedule = &rules->schedules[i];
        struct asg_error error = {0};
        enum asg_status status = asg_zone_changes(
            schedule, asg_clock_wall_ms(&cli->clock), &cli->arena, &error);
        if (status != ASG_OK) return asg_cli_fail_status(cli, ASG_ERR_INVALID, &error);
        struct asg_apply_group *group = order_of(order, schedule->group);
        if (group->schedule_count++ == 0) group->schedules = schedule;
    }
    struct asg_command command = asg_new_command(ASG_COMMAND_APPLY, "");
    command.apply = order;
    return asg_order(cli, &command,
                     asg_arena_format(&cli->arena, "%zu scheduled actions saved",
                                      rules->schedule_count),
                     NULL);
}

int asg_put_rules(struct asg_cli *cli, const struct asg_arguments *arguments,
                  const char *file, enum asg_rules_kind kind, asg_put_rule *put)
{
    struct asg_rules rules;
    struct asg_error error = {0};
    enum asg_status status = asg_rules_read(file, kind, &cli->arena, &rules, &error);
    if (status != ASG_OK) return asg_cli_fail_file(cli, &error);
    const struct named named = find_named(&rules, kind);
    int code = fill_names(cli, arguments, file, &named);
    if (code != ASG_EXIT_OK) return code;
    if (named.count == 1) return put(cli, named.items);
    struct asg_apply order = {
        .groups = asg_arena_take(&cli->arena, named.count * sizeof *order.groups)};
    return kind == ASG_RULES_POLICY ? put_policies(cli, &rules, &order)
                                    : put_schedules(cli, &rules, &order);
}
