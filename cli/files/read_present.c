#include "cli/files/read_present.h"

#include "cli/ask/ask_controller.h"

static int ask(struct asg_cli *cli, enum asg_query query, const char *group,
               struct asg_arena *arena, struct asg_answer *ret)
{
    const char *name = group != NULL ? group : "";
    const struct asg_request request = {
        .query = query,
        .group = query == ASG_QUERY_GROUPS ? "" : name,
        .name = query == ASG_QUERY_GROUPS ? name : "",
    };
    return asg_ask(cli, &request, arena, ret);
}

int asg_read_present(struct asg_cli *cli, const char *group, struct asg_arena *arena,
                     struct asg_present *ret)
{
    struct asg_answer status = {0};
    struct asg_answer groups = {0};
    struct asg_answer policies = {0};
    struct asg_answer schedules = {0};
    int code = ask(cli, ASG_QUERY_STATUS, NULL, arena, &status);
    if (code == ASG_EXIT_OK) code = ask(cli, ASG_QUERY_GROUPS, group, arena, &groups);
    if (code == ASG_EXIT_OK) {
        code = ask(cli, ASG_QUERY_POLICIES, group, arena, &policies);
    }
    if (code == ASG_EXIT_OK) {
        code = ask(cli, ASG_QUERY_SCHEDULES, group, arena, &schedules);
    }
    if (code != ASG_EXIT_OK) return code;
    *ret = (struct asg_present){
        .revision = status.status != NULL ? status.status->revision : 0,
        .groups = groups.groups,
        .group_count = groups.group_count,
        .policies = policies.policies,
        .policy_count = policies.policy_count,
        .schedules = schedules.schedules,
        .schedule_count = schedules.schedule_count,
    };
    asg_present_sort(ret);
    return ASG_EXIT_OK;
}
