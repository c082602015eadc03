/* import_schedule - the scheduled actions of a group of AWS. */
#include <string.h>

#include "base/clock.h"
#include "cli/imports/import_parts.h"
#include "model/defaults.h"
#include "model/schemas.h"

static void take_size(const struct asg_answer_node *node, const char *name, int64_t *ret)
{
    int64_t size = 0;
    if (asg_answer_integer(node, name, &size) && size >= 0 &&
        size <= ASG_GROUP_CAPACITY_MAX) {
        *ret = size;
    }
}

static int64_t time_of(const struct asg_answer_node *node, const char *name)
{
    const char *text = asg_answer_text(node, name);
    int64_t at_ms = text[0] != '\0' ? asg_time_parse(text) : 0;
    return at_ms > 0 ? at_ms : 0;
}

static void note_unknown(struct asg_importing *importing,
                         const struct asg_answer_node *node, const char *name)
{
    static const char *const known[] = {"AutoScalingGroupName",
                                        "ScheduledActionName",
                                        "ScheduledActionARN",
                                        "Time",
                                        "StartTime",
                                        "EndTime",
                                        "Recurrence",
                                        "MinSize",
                                        "MaxSize",
                                        "DesiredCapacity",
                                        "TimeZone"};
    asg_import_note_unknown(
        importing, node, known, sizeof known / sizeof known[0],
        asg_arena_format(importing->arena, "The scheduled action %s", name));
}

static void take_schedule(struct asg_importing *importing,
                          const struct asg_answer_node *node)
{
    struct asg_schedule_config schedule;
    asg_model_set_defaults(&asg_schedule_config_schema, &schedule);
    schedule.group = importing->ret->group.name;
    schedule.name = asg_answer_text(node, "ScheduledActionName");
    schedule.recurrence = asg_answer_text(node, "Recurrence");
    schedule.start_ms = time_of(node, "StartTime");
    if (schedule.start_ms == 0) schedule.start_ms = time_of(node, "Time");
    schedule.end_ms = time_of(node, "EndTime");
    const char *zone = asg_answer_text(node, "TimeZone");
    schedule.has_time_zone = zone[0] != '\0';
    if (schedule.has_time_zone) schedule.time_zone = zone;
    take_size(node, "MinSize", &schedule.min);
    take_size(node, "MaxSize", &schedule.max);
    take_size(node, "DesiredCapacity", &schedule.desired);
    note_unknown(importing, node, schedule.name);
    int64_t now_ms = importing->answers->now_ms;
    bool is_once = schedule.recurrence[0] == '\0';
    bool is_past = (is_once && schedule.start_ms <= now_ms) ||
                   (schedule.end_ms != 0 && schedule.end_ms <= now_ms);
    if (is_past) {
        asg_import_note(importing, "Nothing: its time is over.",
                        "The scheduled action %s was left out.", schedule.name);
        return;
    }
    void *items = importing->ret->schedules;
    struct asg_schedule_config *added =
        asg_arena_push(importing->arena, &items, &importing->ret->schedule_count,
                       &importing->schedule_capacity, sizeof *added);
    importing->ret->schedules = items;
    *added = schedule;
}

void asg_import_schedules(struct asg_importing *importing)
{
    const struct asg_answer_list *list = &importing->answers->schedules;
    for (size_t i = 0; i < list->count; i++) {
        const char *group = asg_answer_text(list->items[i], "AutoScalingGroupName");
        if (strcmp(group, importing->ret->group.name) == 0) {
            take_schedule(importing, list->items[i]);
        }
    }
}
