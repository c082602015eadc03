/* schedules - what the books say of scheduled actions: when each is due, from its durable
 * order and the clock of the log, by a reckoning of their own. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

#define MINUTE_MS INT64_C(60000)

/* Strictly after that time; SIM_FAR: never. */
static int64_t next_due(const struct sim_schedule *schedule, int64_t after_ms)
{
    if (schedule->every_ms == 0) return SIM_FAR;
    int64_t hour_ms = after_ms / (60 * MINUTE_MS) * (60 * MINUTE_MS);
    int64_t next_ms =
        hour_ms + ((after_ms - hour_ms) / schedule->every_ms + 1) * schedule->every_ms;
    bool is_over = schedule->end_ms != 0 && next_ms >= schedule->end_ms;
    return is_over ? SIM_FAR : next_ms;
}

/* Of several runs that were due at once the first are skipped, and the last is the last
 * that there is: the words of the skip ended it. */
static struct sim_schedule *find_ended(struct sim_group *group, const char *name)
{
    for (uint32_t i = 0; i < SIM_SCHEDULES; i++) {
        struct sim_schedule *schedule = &group->schedules[i];
        if (!schedule->is_there && strcmp(schedule->name, name) == 0) return schedule;
    }
    return NULL;
}

static struct sim_schedule *find_schedule(struct sim_group *group, const char *name)
{
    for (uint32_t i = 0; i < SIM_SCHEDULES; i++) {
        struct sim_schedule *schedule = &group->schedules[i];
        if (schedule->is_there && strcmp(schedule->name, name) == 0) return schedule;
    }
    return NULL;
}

void sim_schedule_put(struct sim_group *group, const struct asg_schedule_config *config,
                      int64_t time_ms)
{
    /* One slot a name: an ended one of that name would answer for this one. */
    struct sim_schedule *schedule = find_schedule(group, config->name);
    if (schedule == NULL) schedule = find_ended(group, config->name);
    for (uint32_t i = 0; i < SIM_SCHEDULES && schedule == NULL; i++) {
        if (!group->schedules[i].is_there) schedule = &group->schedules[i];
    }
    if (schedule == NULL) return;
    *schedule = (struct sim_schedule){.is_there = true,
                                      .end_ms = config->end_ms,
                                      .min = config->min,
                                      .max = config->max};
    (void)snprintf(schedule->name, sizeof schedule->name, "%s", config->name);
    if (strncmp(config->recurrence, "*/", 2) == 0) {
        schedule->every_ms = strtoll(config->recurrence + 2, NULL, 10) * MINUTE_MS;
    }
    schedule->due_ms =
        schedule->every_ms == 0 ? config->start_ms : next_due(schedule, time_ms);
}

void sim_schedule_delete(struct sim_group *group, const char *name)
{
    struct sim_schedule *schedule = find_schedule(group, name);
    if (schedule != NULL) schedule->is_there = false;
}

static void note_range(struct sim_group *group, const struct sim_schedule *schedule)
{
    group->ordered_us = sim.now_us;
    if (schedule->min >= 0) group->min = (uint32_t)schedule->min;
    if (schedule->max < 0) return;
    if (group->max > group->older_max) group->older_max = group->max;
    group->max = (uint32_t)schedule->max;
    group->max_changed_us = sim.now_us;
}

void sim_schedule_ran(struct sim_group *group, const struct asg_decision *decision,
                      int64_t time_ms)
{
    struct sim_schedule *schedule = find_schedule(group, decision->policy);
    if (schedule == NULL) schedule = find_ended(group, decision->policy);
    if (schedule == NULL) return;
    bool is_run = decision->kind == ASG_DECISION_SCALE_OUT ||
                  decision->kind == ASG_DECISION_SCALE_IN ||
                  decision->kind == ASG_DECISION_COMMAND;
    if (is_run) note_range(group, schedule);
    schedule->due_ms = next_due(schedule, time_ms);
    schedule->seen_ms = 0;
    if (schedule->due_ms == SIM_FAR) schedule->is_there = false; /* it deletes itself */
}
