/* Time zones by their files, held against libc's own reading of them: every zone of the
 * machine's database, in winter and summer, past and future, and at each change. */
#include "base/zone.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/check.h"

#define DAY_S  INT64_C(86400)
#define FROM_S INT64_C(-2208988800) /* 1900 */
#define TO_S   INT64_C(4102444800)  /* 2100 */
#define FOLDER "/usr/share/zoneinfo"

static int64_t offset_of_libc(int64_t at_s)
{
    time_t at = (time_t)at_s;
    struct tm local;
    assert_non_null(localtime_r(&at, &local));
    return (int64_t)local.tm_gmtoff;
}

static void compare_at(const struct asg_zone *zone, const char *name, int64_t at_s)
{
    int64_t ours = asg_zone_offset(zone, at_s);
    int64_t theirs = offset_of_libc(at_s);
    if (ours != theirs) {
        fail_msg("%s at %lld: %lld, and libc says %lld", name, (long long)at_s,
                 (long long)ours, (long long)theirs);
    }
}

/* Each week, and around each change that is seen so. */
static void compare(const char *name)
{
    struct asg_arena arena = {0};
    struct asg_error error = {""};
    const struct asg_zone *zone = NULL;
    if (asg_zone_read(name, &arena, &zone, &error) != ASG_OK) fail_msg("%s", error.text);
    assert_int_equal(0, setenv("TZ", name, 1));
    tzset();
    int64_t before = asg_zone_offset(zone, FROM_S);
    for (int64_t at_s = FROM_S; at_s < TO_S; at_s += 7 * DAY_S) {
        compare_at(zone, name, at_s);
        int64_t now = asg_zone_offset(zone, at_s);
        if (now == before) continue;
        int64_t low_s = at_s - 7 * DAY_S;
        int64_t high_s = at_s;
        while (high_s - low_s > 1) {
            int64_t middle_s = low_s + (high_s - low_s) / 2;
            *(asg_zone_offset(zone, middle_s) == before ? &low_s : &high_s) = middle_s;
        }
        compare_at(zone, name, low_s);
        compare_at(zone, name, high_s);
        before = now;
    }
    asg_arena_clear(&arena);
}

static void test_some_zones_are_as_libc_has_them(void **state)
{
    (void)state;
    static const char *const names[] = {"UTC",
                                        "Europe/Berlin",
                                        "America/New_York",
                                        "Asia/Kolkata",
                                        "Africa/Cairo",
                                        "Australia/Lord_Howe",
                                        "Pacific/Apia",
                                        "America/Nuuk",
                                        "Europe/Dublin",
                                        "Africa/Casablanca",
                                        "America/Sao_Paulo",
                                        "Asia/Gaza",
                                        "Pacific/Chatham"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        compare(names[i]);
    }
}

/* All of a continent: whatever else their files do. */
static void test_whole_continents_are_as_libc_has_them(void **state)
{
    (void)state;
    static const char *const continents[] = {"Antarctica", "Atlantic", "Indian"};
    int compared = 0;
    for (size_t i = 0; i < sizeof continents / sizeof continents[0]; i++) {
        char folder[64];
        (void)snprintf(folder, sizeof folder, "%s/%s", FOLDER, continents[i]);
        DIR *directory = opendir(folder);
        assert_non_null(directory);
        for (struct dirent *entry = readdir(directory); entry != NULL;
             entry = readdir(directory)) {
            if (entry->d_name[0] == '.') continue;
            char name[400];
            (void)snprintf(name, sizeof name, "%s/%s", continents[i], entry->d_name);
            compare(name);
            compared++;
        }
        (void)closedir(directory);
    }
    assert_true(compared > 20);
}

static void refuse(const char *folder, const char *data, size_t length)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/Bad", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(length, fwrite(data, 1, length, file));
    assert_int_equal(0, fclose(file));
    struct asg_arena arena = {0};
    struct asg_error error = {""};
    const struct asg_zone *zone = NULL;
    assert_status(ASG_ERR_MALFORMED, asg_zone_read("Bad", &arena, &zone, &error));
    assert_non_null(strstr(error.text, "is damaged"));
    asg_arena_clear(&arena);
}

/* Cut at any byte, or with an end that says nothing, a file is refused. */
static void test_damaged_files_are_refused(void **state)
{
    (void)state;
    static char data[16384];
    FILE *file = fopen(FOLDER "/Europe/Berlin", "rb");
    assert_non_null(file);
    size_t length = fread(data, 1, sizeof data, file);
    assert_int_equal(0, fclose(file));
    assert_true(length > 100 && length < sizeof data);
    char folder[] = "/tmp/test_zone.XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(0, setenv("TZDIR", folder, 1));
    for (size_t cut = 0; cut < length; cut += cut < 100 ? 1 : 37) {
        refuse(folder, data, cut);
    }
    data[length - 2] = 'x';
    refuse(folder, data, length);
    assert_int_equal(0, unsetenv("TZDIR"));
    char path[128];
    (void)snprintf(path, sizeof path, "%s/Bad", folder);
    assert_int_equal(0, remove(path));
    assert_int_equal(0, remove(folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_some_zones_are_as_libc_has_them),
        cmocka_unit_test(test_whole_continents_are_as_libc_has_them),
        cmocka_unit_test(test_damaged_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
