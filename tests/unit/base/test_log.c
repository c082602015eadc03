/* test_log - one happening, one line, on standard error. */
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/check.h"

static char written[8192];

/* What is written to standard error between begin and end. */
static int begin_capture(int *ret_kept)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *ret_kept = dup(STDERR_FILENO);
    assert_true(*ret_kept >= 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void)close(ends[1]);
    return ends[0];
}

static void end_capture(int from, int kept)
{
    (void)dup2(kept, STDERR_FILENO); /* the last writing end closes */
    (void)close(kept);
    size_t length = 0;
    ssize_t got;
    while ((got = read(from, written + length, sizeof written - 1 - length)) > 0) {
        length += (size_t)got;
    }
    written[length] = '\0';
    (void)close(from);
}

static void test_log_line_names_program_room_and_event(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_INFO);
    int from = begin_capture(&kept);
    asg_log_warn("ingest", "report_refused", "status=\"%s\" dropping it", "late");
    end_capture(from, kept);
    assert_string_equal(written + strcspn(written, " "),
                        " warn controller ingest report_refused status=\"late\" "
                        "dropping it\n");
    assert_int_equal(written[strcspn(written, " ") - 1], 'Z');
}

static void test_log_leaves_out_what_is_below_its_level(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_WARN);
    int from = begin_capture(&kept);
    asg_log_debug("a", "b", "c");
    asg_log_info("a", "b", "c");
    asg_log_error("a", "b", "c");
    end_capture(from, kept);
    assert_non_null(strstr(written, " error controller a b c\n"));
    assert_ptr_equal(strchr(written, '\n'), written + strlen(written) - 1);
}

static void test_log_keeps_to_one_line_whatever_it_is_told(void **state)
{
    (void)state;
    int kept;
    static char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    asg_log_init("controller", ASG_LOG_INFO);
    int from = begin_capture(&kept);
    asg_log_info("a", "b", "one\ntwo\r\033[31mthree %s", longer);
    end_capture(from, kept);
    assert_non_null(strstr(written, "one two \\u001b[31mthree xxx"));
    assert_ptr_equal(strchr(written, '\n'), written + strlen(written) - 1);
    assert_true(strlen(written) <= 2048);
}

static void logged(const char *end)
{
    const char *found = strstr(written, " a b ");
    assert_non_null(found);
    assert_string_equal(end, found + 5);
}

static void test_log_values_forge_no_fields(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_INFO);
    int from = begin_capture(&kept);
    asg_log_info("a", "b", "name=\"%s\" code=%d", "x\" code=\"0\\", 7);
    end_capture(from, kept);
    logged("name=\"x\\\" code=\\\"0\\\\\" code=7\n");
    from = begin_capture(&kept);
    asg_log_info("a", "b", "group=%s %s", "web level=error", "a policy \"x\"");
    end_capture(from, kept);
    logged("group=\"web level=error\" a policy \"x\"\n");
    from = begin_capture(&kept);
    asg_log_info("a", "b", "group=%s", "web\" x");
    end_capture(from, kept);
    logged("group=\"web\\\" x\"\n");
}

static void test_log_shows_no_controls(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_INFO);
    int from = begin_capture(&kept);
    asg_log_info("a", "b", "x=\"%s\"",
                 "\xc2\x9b"
                 "31m\x7f \xc2\xa0 gr\xc3\xbcn \xc2\x80");
    end_capture(from, kept);
    logged("x=\"\\u009b31m\\u007f \xc2\xa0 gr\xc3\xbcn \\u0080\"\n");
}

static void test_log_writes_what_printf_does(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_INFO);
    int from = begin_capture(&kept);
    asg_log_info("a", "b",
                 "%d %u %03o %x %c %ld %lu %lld %llu %zu %.1f %5s|%-5s|%.2s|%.*s 5%%", -1,
                 4000000000u, 8, 255, 'c', -5L, 6UL, -7000000000LL,
                 18000000000000000000ULL, (size_t)9, 2.25, "r", "l", "cut", 1, "xyz");
    end_capture(from, kept);
    logged(
        "-1 4000000000 010 ff c -5 6 -7000000000 18000000000000000000 9 2.2     r|l    "
        "|cu|x 5%\n");
}

static void test_log_levels_are_read_by_name(void **state)
{
    (void)state;
    enum asg_log_level level = ASG_LOG_INFO;
    assert_status(ASG_OK, asg_log_parse_level("error", &level));
    assert_int_equal(level, ASG_LOG_ERROR);
    assert_status(ASG_ERR_INVALID, asg_log_parse_level("loud", &level));
    assert_int_equal(level, ASG_LOG_ERROR);
}

static void has(const char *part)
{
    if (strstr(written, part) == NULL) fail_msg("'%s' is not in: %s", part, written);
}

/* The log's clock, which the test puts forward. */
static int64_t forward_by_ms;

int clock_gettime(clockid_t id, struct timespec *ret)
{
    long code = syscall(SYS_clock_gettime, id, ret);
    if (id == CLOCK_MONOTONIC_COARSE) ret->tv_sec += forward_by_ms / 1000;
    return (int)code;
}

static void forward_ms(int64_t ms)
{
    forward_by_ms += ms;
}

static size_t count_lines(void)
{
    size_t count = 0;
    for (const char *at = written; (at = strchr(at, '\n')) != NULL; at++) {
        count++;
    }
    return count;
}

static void flood(int count)
{
    for (int i = 0; i < count; i++) {
        asg_log_warn_rate("dispatch", "frame_refused", "peer=%d, dropping it", i);
    }
}

static void *flood_beside(void *context)
{
    (void)context;
    flood(10000);
    return NULL;
}

static void test_log_has_one_line_of_a_flood_and_its_count(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_INFO);
    int from = begin_capture(&kept);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, flood_beside, NULL));
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
    }
    asg_log_warn_rate("dispatch", "another_place", "is written");
    asg_log_tell_repeats(); /* its time is not over */
    end_capture(from, kept);
    has("frame_refused peer=");
    has("another_place is written\n");
    assert_int_equal(2, count_lines());

    from = begin_capture(&kept);
    forward_ms(ASG_LOG_RATE_MS);
    asg_log_info("a", "b", "another line"); /* tells it as well */
    flood(1);                               /* counts anew */
    asg_log_tell_repeats();
    end_capture(from, kept);
    has(" warn controller dispatch frame_refused and 39999 more in the last 10 s\n");
    assert_int_equal(2, count_lines());

    from = begin_capture(&kept);
    forward_ms(ASG_LOG_RATE_MS);
    asg_log_tell_repeats();
    end_capture(from, kept);
    has("frame_refused and 1 more in the last 10 s\n");

    from = begin_capture(&kept);
    forward_ms(ASG_LOG_RATE_MS);
    flood(1);
    end_capture(from, kept);
    has("frame_refused peer=0, dropping it\n");
    assert_int_equal(1, count_lines());
}

static void test_log_has_some_infos_of_a_flood(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_INFO);
    int from = begin_capture(&kept);
    for (int i = 0; i < ASG_LOG_RATE_INFOS + 7; i++) {
        asg_log_info_rate("dispatch", "worker_hello", "worker=%d", i);
    }
    forward_ms(ASG_LOG_RATE_MS);
    asg_log_tell_repeats();
    end_capture(from, kept);
    has("worker=19\n");
    has("info controller dispatch worker_hello and 7 more in the last 10 s\n");
    assert_int_equal(ASG_LOG_RATE_INFOS + 1, count_lines());
}

static void test_log_counts_nothing_below_its_level(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_ERROR);
    int from = begin_capture(&kept);
    for (int i = 0; i < 3; i++) {
        asg_log_info_rate("a", "quiet", "not written");
    }
    forward_ms(ASG_LOG_RATE_MS);
    asg_log_tell_repeats();
    end_capture(from, kept);
    assert_string_equal("", written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_line_names_program_room_and_event),
        cmocka_unit_test(test_log_leaves_out_what_is_below_its_level),
        cmocka_unit_test(test_log_keeps_to_one_line_whatever_it_is_told),
        cmocka_unit_test(test_log_values_forge_no_fields),
        cmocka_unit_test(test_log_shows_no_controls),
        cmocka_unit_test(test_log_writes_what_printf_does),
        cmocka_unit_test(test_log_levels_are_read_by_name),
        cmocka_unit_test(test_log_has_one_line_of_a_flood_and_its_count),
        cmocka_unit_test(test_log_has_some_infos_of_a_flood),
        cmocka_unit_test(test_log_counts_nothing_below_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
