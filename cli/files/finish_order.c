#include "cli/files/finish_order.h"

#include <string.h>

#include "model/check_texts.h"
#include "model/schemas.h"
#include "model/zone_changes.h"

struct run {
    struct asg_cli *cli;
    const struct asg_declared *declared;
    const struct asg_schedule_config *last; /* whose time zone was read; NULL */
};

/* `what` is "group web, policy cpu50": where the files say so is found by that. */
static int refuse_thing(struct run *run, const char *what, const char *why)
{
    const char *text = asg_arena_format(&run->cli->arena, "%s: %s", what, why);
    const struct asg_place place = asg_declared_place_of(run->declared, text);
    if (place.file == NULL) return asg_cli_fail(run->cli, ASG_EXIT_USAGE, "%s", text);
    return asg_cli_fail(run->cli, ASG_EXIT_USAGE, "%s:%zu: %s", place.file, place.line,
                        text);
}

static int check_texts(struct run *run, const struct asg_schema *schema,
                       const void *object, const char *what)
{
    struct asg_error error = {""};
    if (asg_model_check_texts(schema, object, &error) == ASG_OK) return ASG_EXIT_OK;
    return refuse_thing(run, what, error.text);
}

static int finish_schedule(struct run *run, struct asg_schedule_config *schedule,
                           const char *what)
{
    struct asg_error error = {""};
    struct asg_cli *cli = run->cli;
    if (run->last != NULL && strcmp(run->last->time_zone, schedule->time_zone) == 0) {
        schedule->changes = run->last->changes;
        schedule->change_count = run->last->change_count;
    } else if (asg_zone_changes(schedule, asg_clock_wall_ms(&cli->clock), &cli->arena,
                                &error) != ASG_OK) {
        return refuse_thing(run, what, error.text);
    }
    run->last = schedule;
    return check_texts(run, &asg_schedule_config_schema, schedule, what);
}

/* What a controller would not read, and the offsets of time zones. */
static int finish_group(struct run *run, const struct asg_apply_group *group)
{
    struct asg_arena *arena = &run->cli->arena;
    int code = ASG_EXIT_OK;
    if (group->config != NULL) {
        code = check_texts(run, &asg_group_config_schema, group->config,
                           asg_arena_format(arena, "group %s", group->name));
    }
    for (size_t i = 0; i < group->policy_count && code == ASG_EXIT_OK; i++) {
        const struct asg_policy_config *policy = &group->policies[i];
        code = check_texts(
            run, &asg_policy_config_schema, policy,
            asg_arena_format(arena, "group %s, policy %s", group->name, policy->name));
    }
    for (size_t i = 0; i < group->schedule_count && code == ASG_EXIT_OK; i++) {
        struct asg_schedule_config *schedule = &group->schedules[i];
        code = finish_schedule(run, schedule,
                               asg_arena_format(arena, "group %s, scheduled action %s",
                                                group->name, schedule->name));
    }
    return code;
}

int asg_finish_order(struct asg_cli *cli, const struct asg_declared *declared,
                     const struct asg_apply *order)
{
    struct run run = {.cli = cli, .declared = declared};
    int code = ASG_EXIT_OK;
    for (size_t i = 0; i < order->group_count && code == ASG_EXIT_OK; i++) {
        code = finish_group(&run, &order->groups[i]);
    }
    return code;
}
