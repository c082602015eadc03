/* what_if_group - whose load is run again, and which rules of a file are meant for it. */
#include <string.h>

#include "cli/log/open_log.h"
#include "cli/what_if/what_if.h"
#include "model/zone_changes.h"

/* The one group that decided anything in the log. */
int asg_what_if_find_group(struct asg_cli *cli, struct asg_log *log, const char **ret)
{
    struct asg_log_filter filter = {.kind = "decision"};
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {0};
    enum asg_status status = asg_log_cursor_open(log, &filter, &cursor, &error);
    struct asg_record record;
    *ret = NULL;
    while (status == ASG_OK) {
        status = asg_log_cursor_next(cursor, &record, &error);
        if (status != ASG_OK || record.subject[0] == '\0') continue;
        if (*ret == NULL) {
            *ret = asg_arena_text(&cli->arena, record.subject);
        } else if (strcmp(*ret, record.subject) != 0) {
            return asg_cli_fail(
                cli, ASG_EXIT_USAGE,
                "the log has several groups, %s and %s among them: choose one "
                "with --group",
                *ret, record.subject);
        }
    }
    if (status != ASG_ERR_EMPTY) return asg_log_failed(cli, status, &error);
    if (*ret != NULL) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_FAILED,
                        "the log has no decisions of any group yet");
}

/* Of two with one name core would keep the second. */
static int refuse_doubles(struct asg_cli *cli, const char *path,
                          const struct asg_rules *rules)
{
    const char *what = NULL;
    const char *name = NULL;
    for (size_t i = 0; i < rules->policy_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(rules->policies[i].name, rules->policies[k].name) != 0) continue;
            what = "policies";
            name = rules->policies[i].name;
        }
    }
    for (size_t i = 0; i < rules->schedule_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(rules->schedules[i].name, rules->schedules[k].name) != 0) continue;
            what = "schedules";
            name = rules->schedules[i].name;
        }
    }
    if (what == NULL) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "%s has two %s named %s: leave one, or give them other names",
                        path, what, name);
}

/* Only the policies and schedules of our group count. */
int asg_what_if_keep_rules(struct asg_cli *cli, const char *path, const char *group,
                           struct asg_rules *rules)
{
    size_t kept = 0;
    for (size_t i = 0; i < rules->policy_count; i++) {
        const char *of = rules->policies[i].group;
        if (of[0] == '\0' || strcmp(of, group) == 0) {
            rules->policies[kept++] = rules->policies[i];
        }
    }
    if (kept == 0 && rules->policy_count > 0) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "%s has policies of group %s, none of group %s", path,
                            rules->policies[0].group, group);
    }
    rules->policy_count = kept;
    kept = 0;
    for (size_t i = 0; i < rules->schedule_count; i++) {
        const char *of = rules->schedules[i].group;
        if (of[0] == '\0' || strcmp(of, group) == 0) {
            rules->schedules[kept++] = rules->schedules[i];
        }
    }
    rules->schedule_count = kept;
    bool is_of_other = rules->has_group && rules->group.name[0] != '\0' &&
                       strcmp(rules->group.name, group) != 0;
    if (is_of_other) rules->has_group = false;
    if (kept > 0 || rules->policy_count > 0 || rules->has_group) {
        return refuse_doubles(cli, path, rules);
    }
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "%s says nothing of group %s: write policies: (as for `openasg "
                        "apply`)",
                        path, group);
}

int asg_what_if_prepare_schedules(struct asg_cli *cli, const char *path,
                                  const struct asg_trace *trace,
                                  const struct asg_rules *rules)
{
    for (size_t i = 0; i < rules->schedule_count; i++) {
        struct asg_schedule_config *schedule = &rules->schedules[i];
        struct asg_error error = {0};
        enum asg_status status =
            asg_zone_changes(schedule, trace->start_ms, &cli->arena, &error);
        if (status != ASG_OK) {
            return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s: %s", path, error.text);
        }
        if (asg_model_schedule_is_over(schedule, trace->start_ms)) {
            asg_cli_print(cli->err,
                          "openasg: %s: scheduled action %s was over when this load "
                          "began, and is left out\n",
                          path, schedule->name);
        }
    }
    return ASG_EXIT_OK;
}

const char *asg_what_if_name_group(const struct asg_arguments *arguments,
                                   const struct asg_rules *rules)
{
    const char *given = asg_option_text(arguments, "group");
    if (given != NULL) return given;
    if (rules->has_group && rules->group.name[0] != '\0') return rules->group.name;
    for (size_t i = 0; i < rules->policy_count; i++) {
        if (rules->policies[i].group[0] != '\0') return rules->policies[i].group;
    }
    return NULL;
}
