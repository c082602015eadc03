#include "cli/put_rules.h"

#include <assert.h>

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

int asg_put_rules(struct asg_cli *cli, const struct asg_arguments *arguments,
                  const char *file, enum asg_rules_kind kind, asg_put_rule *put)
{
    struct asg_rules rules;
    struct asg_error error = {0};
    enum asg_status status = asg_rules_read(file, kind, &cli->arena, &rules, &error);
    if (status != ASG_OK) return asg_cli_fail_status(cli, status, &error);
    const char *group = asg_argument_text(arguments, 0);
    const char *name = asg_argument_text(arguments, 1);
    const struct named named = find_named(&rules, kind);
    if (named.count == 0) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s has no %s", file, named.what);
    }
    if (name != NULL && named.count > 1) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "%s has %zu %s, but NAME names only one: leave it out", file,
                            named.count, named.plural);
    }
    for (size_t i = 0; i < named.count; i++) {
        char *item = named.items + i * named.size;
        const char **item_group = (const char **)(void *)(item + named.group_offset);
        const char **item_name = (const char **)(void *)(item + named.name_offset);
        if (group != NULL) *item_group = group;
        if (name != NULL) *item_name = name;
        if ((*item_group)[0] == '\0' || (*item_name)[0] == '\0') {
            return asg_cli_fail(cli, ASG_EXIT_USAGE,
                                "%s: %s %zu has no %s: write it in the file or as an "
                                "argument",
                                file, named.what, i + 1,
                                (*item_group)[0] == '\0' ? "group" : "name");
        }
        int code = put(cli, item);
        if (code != ASG_EXIT_OK) return code;
    }
    return ASG_EXIT_OK;
}
