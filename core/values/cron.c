#include "core/values/cron.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define MINUTE_S     INT64_C(60)
#define HOUR_S       INT64_C(3600)
#define DAY_S        INT64_C(86400)
#define HORIZON_DAYS INT64_C(1830) /* five years */
#define WORD_MAX     32

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct field_kind {
    const char *name;
    int low;
    int high;
    const char *const *names; /* of low, low + 1, ... */
    int name_count;
};

static const struct field_kind kinds[5] = {
    {"minute", 0, 59, NULL, 0},          {"hour", 0, 23, NULL, 0},
    {"day of month", 1, 31, NULL, 0},    {"month", 1, 12, month_names, 12},
    {"day of week", 0, 7, day_names, 7},
};

static bool parse_value(const struct field_kind *kind, const char **at, int *ret)
{
    assert(kind->low <= kind->high);
    if (isalpha((unsigned char)**at)) {
        for (int i = 0; i < kind->name_count; i++) {
            if (strncasecmp(*at, kind->names[i], 3) != 0) continue;
            *at += 3;
            *ret = kind->low + i;
            return true;
        }
        return false;
    }
    if (!isdigit((unsigned char)**at)) return false;
    int value = 0;
    for (; isdigit((unsigned char)**at); (*at)++) {
        value = value * 10 + (**at - '0');
        if (value > 1000) return false;
    }
    *ret = value;
    return value >= kind->low && value <= kind->high;
}

/* One of a list: star, value or range, with an optional step. */
static bool parse_item(const struct field_kind *kind, const char **at, uint64_t *bits)
{
    int first = kind->low;
    int last = kind->high;
    bool is_single = false;
    if (**at == '*') {
        (*at)++;
    } else {
        if (!parse_value(kind, at, &first)) return false;
        last = first;
        is_single = **at != '-';
        if (!is_single) {
            (*at)++;
            if (!parse_value(kind, at, &last) || last < first) return false;
        }
    }
    int step = 1;
    if (**at == '/') {
        (*at)++;
        const struct field_kind any = {"step", 1, 59, NULL, 0};
        if (!parse_value(&any, at, &step)) return false;
        if (is_single) last = kind->high; /* 5/10 is 5-59/10 */
    }
    assert(step > 0);
    assert(first >= 0 && last < 64);
    for (int value = first; value <= last; value += step) {
        *bits |= UINT64_C(1) << value;
    }
    return true;
}

static bool parse_field(const struct field_kind *kind, const char *text, uint64_t *ret)
{
    const char *at = text;
    *ret = 0;
    for (;;) {
        if (!parse_item(kind, &at, ret)) return false;
        assert(*ret != 0); /* an item says something */
        if (*at == '\0') return true;
        if (*at++ != ',') return false;
    }
}

enum asg_status asg_cron_parse(const char *text, struct asg_cron *ret,
                               struct asg_error *error)
{
    uint64_t bits[5];
    bool is_any[5];
    const char *at = text;
    for (int i = 0; i < 5; i++) {
        at += strspn(at, " \t");
        size_t length = strcspn(at, " \t");
        char word[WORD_MAX * 8];
        if (length == 0 || length >= sizeof word) {
            return asg_fail(
                error, ASG_ERR_INVALID,
                "'%s' is not a schedule: five fields, minute hour day-of-month "
                "month day-of-week, for example '0 8 * * MON-FRI'",
                text);
        }
        memcpy(word, at, length);
        word[length] = '\0';
        if (!parse_field(&kinds[i], word, &bits[i])) {
            return asg_fail(
                error, ASG_ERR_INVALID,
                "'%s' in the schedule '%s' is not a valid %s (%d to %d, ranges a-b, "
                "lists a,b, steps */n)",
                word, text, kinds[i].name, kinds[i].low, kinds[i].high);
        }
        is_any[i] = word[0] == '*';
        at += length;
    }
    if (at[strspn(at, " \t")] != '\0') {
        return asg_fail(error, ASG_ERR_INVALID, "'%s' has more than five fields", text);
    }
    if ((bits[4] & 1u << 7) != 0) bits[4] |= 1; /* 7 is Sunday too */
    assert(bits[0] != 0 && bits[1] != 0 && bits[2] != 0 && bits[3] != 0 &&
           bits[4] != 0); /* each field says something */
    *ret = (struct asg_cron){.minutes = bits[0],
                             .hours = (uint32_t)bits[1],
                             .days = (uint32_t)bits[2],
                             .months = (uint32_t)bits[3],
                             .weekdays = (uint32_t)bits[4] & 0x7f,
                             .is_any_day = is_any[2],
                             .is_any_weekday = is_any[4]};
    return ASG_OK;
}

/* Dates of the proleptic Gregorian calendar and days since 1970-01-01 (Howard Hinnant's
 * algorithms). */
static int64_t year_of(int64_t days, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    assert(*day >= 1 && *day <= 31);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    assert(*month >= 1 && *month <= 12);
    return yoe + era * 400 + (*month <= 2);
}

static int days_of_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    assert(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && is_leap);
}

/* The days of a month that begins at day count `first` that match, as bits 1 to 31. */
static uint32_t matching_days(const struct asg_cron *cron, int64_t first, int month,
                              int length)
{
    if ((cron->months & 1u << month) == 0) return 0;
    int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    uint64_t weeks = 0; /* bit 0 is the Sunday of the week in which the month begins */
    for (int week = 0; week < 6; week++) {
        weeks |= (uint64_t)cron->weekdays << (7 * week);
    }
    uint32_t by_weekday = (uint32_t)(weeks >> weekday << 1);
    uint32_t all = (uint32_t)((UINT64_C(2) << length) - 2);
    /* As cron(8): a field that begins with a star does not restrict, so that its step
     * narrows what the other one says. */
    bool must_both = cron->is_any_day || cron->is_any_weekday;
    return all & (must_both ? cron->days & by_weekday : cron->days | by_weekday);
}

static int64_t offset_at(const struct asg_zone_change *changes, size_t count,
                         int64_t utc_ms)
{
    int64_t offset_s = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && changes[i].at_ms > utc_ms) break;
        assert(i == 0 || changes[i].at_ms > changes[i - 1].at_ms);
        offset_s = changes[i].offset_s;
    }
    return offset_s;
}

/* UTC of a local time: the earlier one when it happens twice; when it does not exist, the
 * moment the clocks went forward. */
static int64_t utc_of_local(int64_t local_s, const struct asg_zone_change *changes,
                            size_t count)
{
    if (count == 0) return local_s * 1000;
    for (size_t i = 0; i < count; i++) {
        int64_t utc_ms = (local_s - changes[i].offset_s) * 1000;
        /* Behind the end of an earlier offset, before the start of this one: skipped. */
        if (i > 0 && utc_ms < changes[i].at_ms) return changes[i].at_ms;
        if (i + 1 == count || utc_ms < changes[i + 1].at_ms) return utc_ms;
    }
    return local_s * 1000;
}

/* The first run of a day after `after_ms`; INT64_MAX when it has none. */
static int64_t first_of_day(const struct asg_cron *cron, int64_t day, int64_t after_ms,
                            const struct asg_zone_change *changes, size_t change_count)
{
    for (int hour = 0; hour < 24; hour++) {
        if ((cron->hours & 1u << hour) == 0) continue;
        /* Local time never goes back by its minutes: an hour whose end is past is past.
         */
        int64_t hour_s = day * DAY_S + hour * HOUR_S;
        assert(hour_s >= day * DAY_S && hour_s < (day + 1) * DAY_S);
        if (utc_of_local(hour_s + 59 * MINUTE_S, changes, change_count) <= after_ms) {
            continue;
        }
        for (int minute = 0; minute < 60; minute++) {
            if ((cron->minutes & UINT64_C(1) << minute) == 0) continue;
            int64_t utc_ms =
                utc_of_local(hour_s + minute * MINUTE_S, changes, change_count);
            if (utc_ms > after_ms) return utc_ms;
        }
    }
    return INT64_MAX;
}

int64_t asg_cron_next(const struct asg_cron *cron, int64_t after_ms,
                      const struct asg_zone_change *changes, size_t change_count)
{
    int64_t offset_s = offset_at(changes, change_count, after_ms);
    int64_t local_s = after_ms / 1000 + offset_s;
    /* A day earlier, because an offset may change in between; too early ones are passed.
     */
    int64_t from = (local_s - (local_s % DAY_S + DAY_S) % DAY_S) / DAY_S - 1;
    int64_t to = from + HORIZON_DAYS;
    int month;
    int day;
    int64_t year = year_of(from, &month, &day);
    /* Month by month: some sixty steps when nothing matches. */
    for (int64_t first = from - day + 1; first < to;) {
        int length = days_of_month(year, month);
        uint32_t matching = matching_days(cron, first, month, length);
        for (day = 1; matching != 0 && day <= length; day++) {
            int64_t at = first + day - 1;
            if ((matching & 1u << day) == 0 || at < from || at >= to) continue;
            int64_t run_ms = first_of_day(cron, at, after_ms, changes, change_count);
            assert(run_ms > after_ms);
            if (run_ms != INT64_MAX) return run_ms;
        }
        first += length;
        year += month == 12;
        month = month % 12 + 1;
    }
    return INT64_MAX;
}
