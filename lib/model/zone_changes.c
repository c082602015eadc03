#include "model/zone_changes.h"

#include <assert.h>
#include <string.h>

#include "base/zone.h"

#define WEEK_S INT64_C(604800)
#define YEAR_S INT64_C(31622400)

/* The first second in (low_s, high_s] with another offset than low_s has; no zone
 * changes twice a week. */
static int64_t find_change(const struct asg_zone *zone, int64_t low_s, int64_t high_s)
{
    assert(low_s < high_s);
    int64_t before = asg_zone_offset(zone, low_s);
    while (high_s - low_s > 1) {
        int64_t middle_s = low_s + (high_s - low_s) / 2;
        if (asg_zone_offset(zone, middle_s) == before) {
            low_s = middle_s;
        } else {
            high_s = middle_s;
        }
    }
    return high_s;
}

static void add_change(struct asg_schedule_config *schedule, const struct asg_zone *zone,
                       struct asg_arena *arena, size_t *capacity, int64_t at_s)
{
    struct asg_zone_change *change =
        asg_arena_push(arena, (void **)&schedule->changes, &schedule->change_count,
                       capacity, sizeof *change);
    *change = (struct asg_zone_change){.at_ms = at_s * 1000,
                                       .offset_s = asg_zone_offset(zone, at_s)};
}

static void list_changes(struct asg_schedule_config *schedule,
                         const struct asg_zone *zone, int64_t now_s,
                         struct asg_arena *arena)
{
    size_t capacity = 0;
    schedule->changes = NULL;
    schedule->change_count = 0;
    int64_t from_s = now_s - YEAR_S;
    add_change(schedule, zone, arena, &capacity, from_s);
    int64_t offset_s = asg_zone_offset(zone, from_s);
    for (int64_t week_s = from_s; week_s < now_s + ASG_ZONE_YEARS * YEAR_S;
         week_s += WEEK_S) {
        int64_t next_s = asg_zone_offset(zone, week_s + WEEK_S);
        if (next_s == offset_s) continue;
        add_change(schedule, zone, arena, &capacity,
                   find_change(zone, week_s, week_s + WEEK_S));
        offset_s = next_s;
    }
}

enum asg_status asg_zone_changes(struct asg_schedule_config *schedule, int64_t now_ms,
                                 struct asg_arena *arena, struct asg_error *error)
{
    if (strcmp(schedule->time_zone, "UTC") == 0) return ASG_OK;
    struct asg_arena file = {0}; /* a quarter of a MiB: not for as long as the order */
    const struct asg_zone *zone = NULL;
    enum asg_status status = asg_zone_read(schedule->time_zone, &file, &zone, error);
    if (status == ASG_OK) list_changes(schedule, zone, now_ms / 1000, arena);
    asg_arena_clear(&file);
    return status == ASG_OK ? ASG_OK : ASG_ERR_INVALID;
}
