#include "cli/zone_changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DAY_S  INT64_C(86400)
#define YEAR_S (366 * DAY_S)

static int64_t offset_at(int64_t at_s)
{
    time_t at = (time_t)at_s;
    struct tm local;
    return localtime_r(&at, &local) != NULL ? (int64_t)local.tm_gmtoff : 0;
}

/* The first second in (low_s, high_s] with another offset than low_s has; no zone
 * changes twice a day. */
static int64_t find_change(int64_t low_s, int64_t high_s)
{
    int64_t before = offset_at(low_s);
    while (high_s - low_s > 1) {
        int64_t middle_s = low_s + (high_s - low_s) / 2;
        if (offset_at(middle_s) == before) {
            low_s = middle_s;
        } else {
            high_s = middle_s;
        }
    }
    return high_s;
}

static void add_change(struct asg_schedule_config *schedule, struct asg_arena *arena,
                       size_t *capacity, int64_t at_s)
{
    struct asg_zone_change *change =
        asg_arena_push(arena, (void **)&schedule->changes, &schedule->change_count,
                       capacity, sizeof *change);
    *change = (struct asg_zone_change){.at_ms = at_s * 1000, .offset_s = offset_at(at_s)};
}

static void list_changes(struct asg_schedule_config *schedule, int64_t now_s,
                         struct asg_arena *arena)
{
    size_t capacity = 0;
    schedule->changes = NULL;
    schedule->change_count = 0;
    int64_t from_s = now_s - YEAR_S;
    add_change(schedule, arena, &capacity, from_s);
    for (int64_t day_s = from_s; day_s < now_s + ASG_ZONE_YEARS * YEAR_S;
         day_s += DAY_S) {
        if (offset_at(day_s) == offset_at(day_s + DAY_S)) continue;
        add_change(schedule, arena, &capacity, find_change(day_s, day_s + DAY_S));
    }
}

/* libc takes any unknown name for UTC, so look for the file first. */
static bool is_known(const char *zone)
{
    const char *folder = getenv("TZDIR");
    if (folder == NULL || folder[0] == '\0') folder = "/usr/share/zoneinfo";
    if (zone[0] == '\0' || zone[0] == '/' || zone[0] == ':' ||
        strstr(zone, "..") != NULL) {
        return false;
    }
    char path[512];
    int used = snprintf(path, sizeof path, "%s/%s", folder, zone);
    struct stat status;
    return used > 0 && (size_t)used < sizeof path && stat(path, &status) == 0 &&
           S_ISREG(status.st_mode);
}

enum asg_status asg_zone_changes(struct asg_schedule_config *schedule, int64_t now_ms,
                                 struct asg_arena *arena, struct asg_error *error)
{
    if (strcmp(schedule->time_zone, "UTC") == 0) return ASG_OK;
    if (!is_known(schedule->time_zone)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "there is no time zone \"%.64s\" on this machine: write a name "
                        "like Europe/Berlin, or install tzdata",
                        schedule->time_zone);
    }
    const char *before = getenv("TZ");
    if (before != NULL) before = asg_arena_text(arena, before);
    if (setenv("TZ", schedule->time_zone, 1) != 0) {
        return asg_fail(error, ASG_ERR_NOMEM, "out of memory");
    }
    tzset();
    list_changes(schedule, now_ms / 1000, arena);
    if (before != NULL) {
        (void)setenv("TZ", before, 1);
    } else {
        (void)unsetenv("TZ");
    }
    tzset();
    return ASG_OK;
}
