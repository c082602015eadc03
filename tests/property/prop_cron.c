/* The next run of random schedules, zones and moments against a walk through every day.
 */
#include "lib/check.h"
#include "lib/seed.h"

#include <time.h>

#include "core/values/cron.h"

#define ROUNDS       60000
#define DAY_S        INT64_C(86400)
#define HORIZON_DAYS 1830 /* five years: what lies beyond is never */
#define CHANGES_MAX  12

struct zone {
    struct asg_zone_change changes[CHANGES_MAX];
    size_t count;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

static int64_t utc_of_local(int64_t local_s, const struct zone *zone)
{
    for (size_t i = 0; i < zone->count; i++) {
        int64_t utc_ms = (local_s - zone->changes[i].offset_s) * 1000;
        if (i > 0 && utc_ms < zone->changes[i].at_ms) return zone->changes[i].at_ms;
        if (i + 1 == zone->count || utc_ms < zone->changes[i + 1].at_ms) return utc_ms;
    }
    return local_s * 1000;
}

/* The C library's calendar. */
static bool is_day(const struct asg_cron *cron, int64_t day)
{
    time_t at = (time_t)(day * DAY_S);
    struct tm date;
    assert_non_null(gmtime_r(&at, &date));
    bool by_day = (cron->days & 1u << date.tm_mday) != 0;
    bool by_weekday = (cron->weekdays & 1u << date.tm_wday) != 0;
    if ((cron->months & 1u << (date.tm_mon + 1)) == 0) return false;
    if (cron->is_any_day || cron->is_any_weekday) return by_day && by_weekday;
    return by_day || by_weekday;
}

static int64_t walk(const struct asg_cron *cron, int64_t after_ms,
                    const struct zone *zone)
{
    int64_t offset_s = zone->count > 0 ? zone->changes[0].offset_s : 0;
    for (size_t i = 1; i < zone->count && zone->changes[i].at_ms <= after_ms; i++) {
        offset_s = zone->changes[i].offset_s;
    }
    int64_t from = floor_div(after_ms / 1000 + offset_s, DAY_S) - 1;
    for (int64_t day = from; day < from + HORIZON_DAYS; day++) {
        if (!is_day(cron, day)) continue;
        for (int minute = 0; minute < 1440; minute++) {
            if ((cron->hours & 1u << (minute / 60)) == 0 ||
                (cron->minutes & UINT64_C(1) << (minute % 60)) == 0) {
                continue;
            }
            int64_t utc_ms = utc_of_local(day * DAY_S + minute * 60, zone);
            if (utc_ms > after_ms) return utc_ms;
        }
    }
    return INT64_MAX;
}

/* One of the field's values in most rounds, so that runs are rare; all with a star. */
static uint64_t random_bits(struct seed *seed, unsigned low, unsigned high, bool is_star)
{
    uint64_t all = (UINT64_C(2) << high) - (UINT64_C(1) << low);
    uint64_t bits = is_star && seed_below(seed, 3) > 0 ? all : 0; /* a star may step */
    unsigned count = 1 + (unsigned)(seed_below(seed, 4) == 0 ? seed_below(seed, 6) : 0);
    for (unsigned i = 0; bits != all && i < count; i++) {
        bits |= UINT64_C(1) << (low + seed_below(seed, high - low + 1));
    }
    return bits;
}

static struct asg_cron random_cron(struct seed *seed)
{
    bool is_any_day = seed_below(seed, 2) == 0;
    bool is_any_weekday = seed_below(seed, 2) == 0;
    struct asg_cron cron = {
        .minutes = random_bits(seed, 0, 59, seed_below(seed, 3) == 0),
        .hours = (uint32_t)random_bits(seed, 0, 23, seed_below(seed, 3) == 0),
        .days = (uint32_t)random_bits(seed, 1, 31, is_any_day),
        .months = (uint32_t)random_bits(seed, 1, 12, seed_below(seed, 4) == 0),
        .weekdays = (uint32_t)random_bits(seed, 0, 6, is_any_weekday),
        .is_any_day = is_any_day,
        .is_any_weekday = is_any_weekday,
    };
    if (seed_below(seed, 4) > 0) return cron;
    /* February: its 29th, its 30th, and no weekday that would stand in */
    cron.months = 1u << 2;
    cron.days = 1u << (28 + seed_below(seed, 3));
    cron.is_any_day = false;
    cron.is_any_weekday = true;
    if (seed_below(seed, 2) == 0) cron.weekdays = 0x7f;
    return cron;
}

static struct zone random_zone(struct seed *seed, int64_t from_ms)
{
    struct zone zone = {.count = seed_below(seed, CHANGES_MAX + 1)};
    int64_t at_ms = from_ms - (int64_t)seed_below(seed, 400) * DAY_S * 1000;
    int64_t offset_s = ((int64_t)seed_below(seed, 53) - 24) * 1800; /* -12 h to +14 h */
    for (size_t i = 0; i < zone.count; i++) {
        zone.changes[i] = (struct asg_zone_change){.at_ms = at_ms, .offset_s = offset_s};
        at_ms += (60 + (int64_t)seed_below(seed, 200)) * DAY_S * 1000;
        offset_s += ((int64_t)seed_below(seed, 5) - 2) * 1800;
    }
    return zone;
}

/* 1960 to 2110, so that 1972, 2000 and 2100 are there; often around a month's end. */
static int64_t random_moment(struct seed *seed)
{
    int64_t day = (int64_t)seed_below(seed, 54787) - 3652;
    int64_t at_ms = day * DAY_S * 1000 + (int64_t)seed_below(seed, 86400000);
    return seed_below(seed, 3) == 0 ? floor_div(at_ms, 60000) * 60000 : at_ms;
}

static void test_cron_agrees_with_a_walk_through_every_day(void **state)
{
    (void)state;
    struct seed seed = seed_new("prop_cron");
    size_t never = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct asg_cron cron = random_cron(&seed);
        int64_t after_ms = random_moment(&seed);
        struct zone zone = random_zone(&seed, after_ms);
        for (int run = 0; run < 3 && after_ms != INT64_MAX; run++) {
            int64_t wanted_ms = walk(&cron, after_ms, &zone);
            int64_t next_ms = asg_cron_next(&cron, after_ms, zone.changes, zone.count);
            if (next_ms != wanted_ms) {
                fail_msg("round %d: minutes %" PRIx64 " hours %x days %x%s months %x "
                         "weekdays %x%s, %zu changes, after %" PRId64 ": %" PRId64
                         " instead of %" PRId64,
                         round, cron.minutes, cron.hours, cron.days,
                         cron.is_any_day ? " *" : "", cron.months, cron.weekdays,
                         cron.is_any_weekday ? " *" : "", zone.count, after_ms, next_ms,
                         wanted_ms);
            }
            never += wanted_ms == INT64_MAX;
            after_ms = wanted_ms;
        }
    }
    assert_in_range(never, ROUNDS / 100, ROUNDS / 2);
    printf("%zu of %d schedules never run\n", never, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cron_agrees_with_a_walk_through_every_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
