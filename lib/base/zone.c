#include "base/zone.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX   (256 * 1024)
#define HEADER     44
#define COUNTS_MAX 100000
#define DAY_S      INT64_C(86400)
#define HOUR_S     INT64_C(3600)
#define HOURS_MAX  167 /* of a rule's time, RFC 8536 3.3.1 */
#define OFFSET_MAX (26 * HOUR_S)

/* When a year's clocks change: a day, and a time of that day by the clocks before. */
struct rule {
    enum { BY_WEEKDAY, BY_DAY_WITHOUT_LEAP, BY_DAY } kind;
    int month;
    int week; /* 5: the last */
    int day;
    int64_t time_s;
};

/* What holds behind the last change of the file. */
struct footer {
    bool is_there;
    int64_t standard_s;
    bool has_summer;
    int64_t summer_s;
    struct rule begins;
    struct rule ends;
};

struct asg_zone {
    const int64_t *times;   /* of changes, ascending */
    const int64_t *offsets; /* from each of them on */
    size_t count;
    int64_t before_s; /* offset before the first */
    struct footer footer;
};

/* ---- the calendar ---- */

/* Days from 1970-01-01 to the first of a month, in the Gregorian calendar. */
static int64_t days_to(int64_t year, int month)
{
    assert(month >= 1 && month <= 12);
    int64_t shifted = month <= 2 ? year - 1 : year; /* a year begins in March */
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t of_era = shifted - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t at_s)
{
    int64_t days = at_s / DAY_S - (at_s % DAY_S < 0 ? 1 : 0);
    int64_t year = 1970 + days / 366 - (days < 0 ? 1 : 0);
    while (days_to(year + 1, 1) <= days) {
        year++;
    }
    assert(days_to(year, 1) <= days);
    return year;
}

static bool is_leap(int64_t year)
{
    return days_to(year, 3) - days_to(year, 2) == 29;
}

static int64_t day_of_rule(const struct rule *rule, int64_t year)
{
    int64_t first = days_to(year, 1);
    if (rule->kind == BY_DAY) return first + rule->day;
    if (rule->kind == BY_DAY_WITHOUT_LEAP) {
        return first + rule->day - 1 + (is_leap(year) && rule->day >= 60 ? 1 : 0);
    }
    int64_t begin = days_to(year, rule->month);
    int64_t end =
        rule->month == 12 ? days_to(year + 1, 1) : days_to(year, rule->month + 1);
    int64_t weekday = ((begin + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = begin + (rule->day - weekday + 7) % 7 + 7 * (rule->week - 1);
    while (day >= end) {
        day -= 7;
    }
    return day;
}

static int64_t offset_by_footer(const struct footer *footer, int64_t at_s)
{
    assert(footer->is_there);
    if (!footer->has_summer) return footer->standard_s;
    int64_t year = year_of(at_s + footer->standard_s);
    int64_t begins_s = day_of_rule(&footer->begins, year) * DAY_S +
                       footer->begins.time_s - footer->standard_s;
    int64_t ends_s =
        day_of_rule(&footer->ends, year) * DAY_S + footer->ends.time_s - footer->summer_s;
    bool is_summer = begins_s < ends_s ? at_s >= begins_s && at_s < ends_s
                                       : at_s >= begins_s || at_s < ends_s;
    return is_summer ? footer->summer_s : footer->standard_s;
}

int64_t asg_zone_offset(const struct asg_zone *zone, int64_t at_s)
{
    size_t low = 0;
    size_t high = zone->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zone->times[middle] <= at_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low <= zone->count);
    if (low == zone->count && zone->footer.is_there) {
        return offset_by_footer(&zone->footer, at_s);
    }
    return low == 0 ? zone->before_s : zone->offsets[low - 1];
}

/* ---- the footer: "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

static bool skip_name(const char **at)
{
    const char *from = *at;
    if (*from == '<') {
        const char *end = strchr(from, '>');
        if (end == NULL) return false;
        *at = end + 1;
        return true;
    }
    while ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z')) {
        (*at)++;
    }
    return *at - from >= 3;
}

static bool read_number(const char **at, int most, int *ret)
{
    int value = 0;
    const char *from = *at;
    for (; **at >= '0' && **at <= '9' && value <= most; (*at)++) {
        value = value * 10 + (**at - '0');
    }
    *ret = value;
    return *at != from && value <= most;
}

/* "[+-]hh[:mm[:ss]]" */
static bool read_time(const char **at, int64_t *ret)
{
    int sign = **at == '-' ? -1 : 1;
    if (**at == '-' || **at == '+') (*at)++;
    int parts[3] = {0};
    if (!read_number(at, HOURS_MAX, &parts[0])) return false;
    for (int i = 1; i < 3 && **at == ':'; i++) {
        (*at)++;
        if (!read_number(at, 59, &parts[i])) return false;
    }
    *ret = sign * (parts[0] * HOUR_S + parts[1] * 60 + parts[2]);
    return true;
}

/* Its sign is the other way round: "CET-1" is east. */
static bool read_offset(const char **at, int64_t *ret)
{
    int64_t west_s = 0;
    if (!read_time(at, &west_s) || west_s > OFFSET_MAX || west_s < -OFFSET_MAX) {
        return false;
    }
    *ret = -west_s;
    return true;
}

static bool read_weekday(const char **at, struct rule *ret)
{
    ret->kind = BY_WEEKDAY;
    if (!read_number(at, 12, &ret->month) || ret->month == 0 || *(*at)++ != '.' ||
        !read_number(at, 5, &ret->week) || ret->week == 0 || *(*at)++ != '.') {
        return false;
    }
    return read_number(at, 6, &ret->day);
}

/* ",M3.5.0/2", ",J60" or ",59" */
static bool read_rule(const char **at, struct rule *ret)
{
    *ret = (struct rule){.time_s = 2 * HOUR_S};
    if (*(*at)++ != ',') return false;
    bool is_read = false;
    if (**at == 'M') {
        (*at)++;
        is_read = read_weekday(at, ret);
    } else if (**at == 'J') {
        (*at)++;
        ret->kind = BY_DAY_WITHOUT_LEAP;
        is_read = read_number(at, 365, &ret->day) && ret->day > 0;
    } else {
        ret->kind = BY_DAY;
        is_read = read_number(at, 365, &ret->day);
    }
    if (!is_read || **at != '/') return is_read;
    (*at)++;
    return read_time(at, &ret->time_s);
}

static bool read_footer(const char *text, struct footer *ret)
{
    *ret = (struct footer){.is_there = text[0] != '\0'};
    if (!ret->is_there) return true; /* the last change holds for ever */
    const char *at = text;
    if (!skip_name(&at) || !read_offset(&at, &ret->standard_s)) return false;
    if (*at == '\0') return true;
    ret->has_summer = true;
    ret->summer_s = ret->standard_s + HOUR_S;
    if (!skip_name(&at)) return false;
    if (*at != ',' && !read_offset(&at, &ret->summer_s)) return false;
    return read_rule(&at, &ret->begins) && read_rule(&at, &ret->ends) && *at == '\0';
}

/* ---- the file ---- */

struct counts {
    uint32_t utc;
    uint32_t standard;
    uint32_t leaps;
    uint32_t times;
    uint32_t types;
    uint32_t letters;
};

static int64_t read_big(const uint8_t *at, size_t size)
{
    assert(size == 4 || size == 8);
    uint64_t value = (at[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | at[i];
    }
    return (int64_t)value;
}

/* False: no header, or it counts what no zone has. */
static bool read_header(const uint8_t *at, size_t left, struct counts *ret)
{
    if (left < HEADER || memcmp(at, "TZif", 4) != 0) return false;
    uint32_t *fields[] = {&ret->utc,   &ret->standard, &ret->leaps,
                          &ret->times, &ret->types,    &ret->letters};
    for (size_t i = 0; i < 6; i++) {
        int64_t value = read_big(at + 20 + 4 * i, 4);
        if (value < 0 || value > COUNTS_MAX) return false;
        *fields[i] = (uint32_t)value;
    }
    return ret->types > 0;
}

static size_t body_size(const struct counts *counts, size_t time_size)
{
    return counts->times * (time_size + 1) + (size_t)counts->types * 6 + counts->letters +
           counts->leaps * (time_size + 4) + counts->standard + counts->utc;
}

/* Changes, and the offset from each of them on. */
static bool read_changes(const uint8_t *body, const struct counts *counts,
                         struct asg_arena *arena, struct asg_zone *ret)
{
    const uint8_t *indexes = body + (size_t)counts->times * 8;
    const uint8_t *types = indexes + counts->times;
    int64_t *times = asg_arena_take(arena, (counts->times + 1) * sizeof *times);
    int64_t *offsets = asg_arena_take(arena, (counts->times + 1) * sizeof *offsets);
    for (size_t i = 0; i < counts->times; i++) {
        times[i] = read_big(body + 8 * i, 8);
        if (indexes[i] >= counts->types) return false;
        offsets[i] = read_big(types + (size_t)indexes[i] * 6, 4);
        if (i > 0 && times[i] <= times[i - 1]) return false;
        if (offsets[i] > OFFSET_MAX || offsets[i] < -OFFSET_MAX) return false;
    }
    ret->times = times;
    ret->offsets = offsets;
    ret->count = counts->times;
    ret->before_s = read_big(types, 4);
    return ret->before_s <= OFFSET_MAX && ret->before_s >= -OFFSET_MAX;
}

static bool read_zone(const uint8_t *data, size_t length, struct asg_arena *arena,
                      struct asg_zone *ret)
{
    struct counts counts;
    /* First all of it with short times, for programs of the last century. */
    if (!read_header(data, length, &counts) || data[4] < '2') return false;
    size_t at = HEADER + body_size(&counts, 4);
    if (at > length || !read_header(data + at, length - at, &counts)) return false;
    at += HEADER;
    size_t size = body_size(&counts, 8);
    if (size > length - at || !read_changes(data + at, &counts, arena, ret)) return false;
    at += size;
    const char *text = asg_arena_text_n(arena, (const char *)data + at, length - at);
    size_t line = text[0] == '\n' ? strcspn(text + 1, "\n") : 0;
    if (text[0] != '\n' || text[1 + line] != '\n') return false;
    return read_footer(asg_arena_text_n(arena, text + 1, line), &ret->footer);
}

/* Into a path; false: it is no name of a zone. */
static bool find_path(const char *name, char *ret, size_t size)
{
    const char *folder = getenv("TZDIR");
    if (folder == NULL || folder[0] == '\0') folder = "/usr/share/zoneinfo";
    if (name[0] == '\0' || name[0] == '/' || name[0] == ':' ||
        strstr(name, "..") != NULL) {
        return false;
    }
    int used = snprintf(ret, size, "%s/%s", folder, name);
    struct stat status;
    return used > 0 && (size_t)used < size && stat(ret, &status) == 0 &&
           S_ISREG(status.st_mode) && status.st_size <= FILE_MAX;
}

enum asg_status asg_zone_read(const char *name, struct asg_arena *arena,
                              const struct asg_zone **ret, struct asg_error *error)
{
    char path[512];
    FILE *file = find_path(name, path, sizeof path) ? fopen(path, "rbe") : NULL;
    if (file == NULL) {
        return asg_fail(error, ASG_ERR_NOT_FOUND,
                        "there is no time zone \"%.64s\" on this machine: write a name "
                        "like Europe/Berlin, or install tzdata",
                        name);
    }
    uint8_t *data = asg_arena_take(arena, FILE_MAX);
    size_t length = fread(data, 1, FILE_MAX, file);
    bool is_whole = ferror(file) == 0;
    (void)fclose(file);
    assert(length <= FILE_MAX);
    struct asg_zone *zone = asg_arena_take(arena, sizeof *zone);
    if (!is_whole || !read_zone(data, length, arena, zone)) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the file of time zone \"%.64s\" is damaged", name);
    }
    *ret = zone;
    return ASG_OK;
}
