/* command_schedule - scheduled actions of a group. */
#include <string.h>

#include "cli/ask/ask_controller.h"
#include "cli/commands.h"
#include "cli/files/rules.h"
#include "cli/lists/watch_list.h"
#include "cli/orders/fill_options.h"
#include "cli/orders/put_rules.h"
#include "cli/show/show_result.h"
#include "model/schemas.h"
#include "model/zone_changes.h"

static const struct asg_argument put_arguments[] = {
    {.name = "GROUP",
     .help = "Name of the group.",
     .complete = "groups",
     .is_optional = true},
    {.name = "NAME",
     .help = "Name of the scheduled action.",
     .complete = "schedules",
     .is_optional = true},
};
static const struct asg_argument group_argument[] = {
    {.name = "GROUP", .help = "Name of the group.", .complete = "groups"}};
static const struct asg_argument name_arguments[] = {
    {.name = "GROUP", .help = "Name of the group.", .complete = "groups"},
    {.name = "NAME", .help = "Name of the scheduled action.", .complete = "schedules"},
};
static const struct asg_option put_options[] = {
    {.name = "file",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .letter = 'f',
     .help = "Read one, or a list under \"schedules:\", from a YAML file."},
    {.name = "recurrence",
     .type = ASG_OPTION_TEXT,
     .value = "CRON",
     .help = "Five cron fields: minute, hour, day, month, weekday (\"0 9 * * 1-5\")."},
    {.name = "time-zone",
     .type = ASG_OPTION_TEXT,
     .value = "ZONE",
     .help = "Time zone of the recurrence, such as Europe/Berlin.",
     .default_text = "UTC"},
    {.name = "start",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "First run (2026-11-23T09:00:00Z); without a recurrence the only one."},
    {.name = "end",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "No more runs from then on."},
    {.name = "min",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = ASG_GROUP_CAPACITY_MAX,
     .help = "Minimum number of instances from then on."},
    {.name = "max",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = ASG_GROUP_CAPACITY_MAX,
     .help = "Maximum number of instances from then on."},
    {.name = "desired",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .max = ASG_GROUP_CAPACITY_MAX,
     .help = "Desired number of instances then."},
};
static const struct asg_option_field schedule_fields[] = {
    {"recurrence", "recurrence"},
    {"time-zone", "time_zone"},
    {"min", "min"},
    {"max", "max"},
    {"desired", "desired"},
};

static int put_one(struct asg_cli *cli, void *config)
{
    struct asg_schedule_config *schedule = config;
    struct asg_error error = {0};
    enum asg_status status =
        asg_zone_changes(schedule, asg_clock_wall_ms(&cli->clock), &cli->arena, &error);
    if (status != ASG_OK) return asg_cli_fail_status(cli, ASG_ERR_INVALID, &error);
    struct asg_command command =
        asg_new_command(ASG_COMMAND_SCHEDULE_PUT, schedule->group);
    command.name = schedule->name;
    command.schedule_config = schedule;
    return asg_order(cli, &command,
                     asg_arena_format(&cli->arena, "scheduled action %s of %s saved",
                                      schedule->name, schedule->group),
                     NULL);
}

static bool fill_time(const struct asg_arguments *arguments, const char *option,
                      int64_t *ret)
{
    const char *text = asg_option_text(arguments, option);
    if (text == NULL) return true;
    *ret = asg_time_parse(text);
    return *ret > 0;
}

static int run_put(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *file = asg_option_text(arguments, "file");
    if (file != NULL)
        return asg_put_rules(cli, arguments, file, ASG_RULES_SCHEDULE, put_one);
    struct asg_schedule_config schedule = asg_schedule_defaults();
    schedule.group = asg_argument_text(arguments, 0);
    schedule.name = asg_argument_text(arguments, 1);
    if (schedule.group == NULL || schedule.name == NULL) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "GROUP and NAME are missing: give both, or --file FILE");
    }
    (void)asg_fill_options(arguments, &asg_schedule_config_schema, schedule_fields,
                           sizeof schedule_fields / sizeof schedule_fields[0], &schedule);
    if (!fill_time(arguments, "start", &schedule.start_ms) ||
        !fill_time(arguments, "end", &schedule.end_ms)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--start and --end must be times like 2026-11-23T09:00:00Z");
    }
    return put_one(cli, &schedule);
}

static void write_size(int64_t size, struct asg_bytes *ret)
{
    if (size == ASG_UNSET) {
        asg_bytes_append_text(ret, "-");
    } else {
        asg_bytes_printf(ret, "%lld", (long long)size);
    }
}

static void write_min(const void *object, struct asg_bytes *ret)
{
    write_size(((const struct asg_schedule_config *)object)->min, ret);
}

static void write_max(const void *object, struct asg_bytes *ret)
{
    write_size(((const struct asg_schedule_config *)object)->max, ret);
}

static void write_desired(const void *object, struct asg_bytes *ret)
{
    write_size(((const struct asg_schedule_config *)object)->desired, ret);
}

static const struct asg_render_column list_columns[] = {
    {"NAME", "name", NULL, false},
    {"NEXT", "next_ms", NULL, false},
    {"RECURRENCE", "recurrence", NULL, false},
    {"ZONE", "time_zone", NULL, ASG_COLUMN_WIDE},
    {"START", "start_ms", NULL, ASG_COLUMN_WIDE},
    {"END", "end_ms", NULL, ASG_COLUMN_WIDE},
    {"MIN", NULL, write_min, true},
    {"MAX", NULL, write_max, true},
    {"DESIRED", NULL, write_desired, true},
};

static int run_list(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const struct asg_request request = {.query = ASG_QUERY_SCHEDULES,
                                        .group = asg_argument_text(arguments, 0),
                                        .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code == ASG_EXIT_OK)
        code = asg_check_listed(cli, request.group, answer.schedule_count);
    if (code != ASG_EXIT_OK) return code;
    return asg_cli_show_list(cli, &asg_schedule_config_schema, answer.schedules,
                             answer.schedule_count, ASG_COLUMNS(list_columns));
}

static int run_delete(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    const char *group = asg_argument_text(arguments, 0);
    struct asg_command command = asg_new_command(ASG_COMMAND_SCHEDULE_DELETE, group);
    command.name = asg_argument_text(arguments, 1);
    return asg_order(cli, &command,
                     asg_arena_format(&cli->arena, "scheduled action %s of %s deleted",
                                      command.name, group),
                     NULL);
}

static const struct asg_option watch_options[] = {ASG_WATCH_OPTION};

static const struct asg_command_entry commands[] = {
    {.name = "schedule put",
     .shows = &asg_done_schema,
     .summary = "Create or replace a scheduled action",
     .examples =
         "openasg schedule put web morning --recurrence '0 8 * * 1-5' --time-zone "
         "Europe/Berlin --min 4\n"
         "openasg schedule put --file examples/schedule.yaml",
     ASG_ARGUMENTS(put_arguments),
     ASG_OPTIONS(put_options),
     .run = run_put},
    {.name = "schedule list",
     .is_list = true,
     .shows = &asg_schedule_config_schema,
     .summary = "List the scheduled actions of a group",
     .examples = "openasg schedule list web",
     ASG_ARGUMENTS(group_argument),
     ASG_OPTIONS(watch_options),
     .run = run_list},
    {.name = "schedule delete",
     .shows = &asg_done_schema,
     .summary = "Delete a scheduled action",
     .examples = "openasg schedule delete web morning",
     ASG_ARGUMENTS(name_arguments),
     .run = run_delete},
};

const struct asg_family asg_schedule_family = ASG_FAMILY(commands);
