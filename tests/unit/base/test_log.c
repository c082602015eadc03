/* test_log - one happening, one line, on standard error. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
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

/* ---- JSON ---- */

static void logged_json(const char *end)
{
    static const char begin[] = "{\"ts\":\"20";
    assert_int_equal(0, strncmp(begin, written, strlen(begin)));
    const char *found = strstr(written, "Z\",");
    assert_non_null(found);
    assert_string_equal(end, found + 3);
}

static void test_log_as_json_has_the_keys_of_the_line(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_INFO);
    assert_int_equal(ASG_LOG_FORMAT_JSON, asg_log_set_format(ASG_LOG_FORMAT_JSON, NULL));
    int from = begin_capture(&kept);
    asg_log_warn(
        "dispatch", "job_failed",
        "job=%llu name=%s code=\"%s\" share=%.1f of=%s:%d (peer=%u), late by %d s",
        118ULL, "web", "a b", 0.5, "::1", 7701, 3u, 9);
    end_capture(from, kept);
    logged_json(
        "\"level\":\"warn\",\"program\":\"controller\",\"room\":\"dispatch\","
        "\"event\":\"job_failed\",\"msg\":\"job=118 name=web code=\\\"a b\\\" "
        "share=0.5 of=::1:7701 (peer=3), late by 9 s\",\"job\":118,\"name\":\"web\","
        "\"code\":\"a b\",\"share\":0.5,\"of\":\"::1:7701\",\"peer\":3}\n");
    (void)asg_log_set_format(ASG_LOG_FORMAT_TEXT, NULL);
}

static void test_log_as_json_is_forged_by_no_value(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_INFO);
    (void)asg_log_set_format(ASG_LOG_FORMAT_JSON, NULL);
    int from = begin_capture(&kept);
    asg_log_info("a", "b", "group=%s %s", "x\",\"level\":\"error\n\\",
                 "job=7 \xff\x1b[31m\xe2\x80\xae");
    end_capture(from, kept);
    logged_json(
        "\"level\":\"info\",\"program\":\"controller\",\"room\":\"a\",\"event\":\"b\","
        "\"msg\":\"group=\\\"x\\\\\\\",\\\\\\\"level\\\\\\\":"
        "\\\\\\\"error\\n\\\\\\\\\\\" "
        "job=7 \\ufffd\\u001b[31m\\u202e\","
        "\"group\":\"x\\\",\\\"level\\\":\\\"error\\n\\\\\"}\n");
    from = begin_capture(&kept); /* what is no number, and what is the line's own */
    asg_log_info("a", "b", "level=%d job=%s n=%03d took=%dms", 1, "7", 7, 8);
    end_capture(from, kept);
    assert_non_null(strstr(written, ",\"level_\":1,\"job\":\"7\",\"n\":\"007\","
                                    "\"took\":\"8ms\"}\n"));
    (void)asg_log_set_format(ASG_LOG_FORMAT_TEXT, NULL);
}

static void test_log_as_json_is_cut_and_still_whole(void **state)
{
    (void)state;
    int kept;
    static char longer[5000]; /* each of them six bytes of JSON */
    memset(longer, '\x01', sizeof longer - 1);
    asg_log_init("controller", ASG_LOG_INFO);
    (void)asg_log_set_format(ASG_LOG_FORMAT_JSON, NULL);
    int from = begin_capture(&kept);
    asg_log_info("a", "b", "x=%s group=%s", longer, "web");
    end_capture(from, kept);
    assert_true(strlen(written) < 8192);
    assert_non_null(strstr(written, "\\u0001\",\"x\":\"\\u0001"));
    assert_string_equal("}\n", written + strlen(written) - 2);
    (void)asg_log_set_format(ASG_LOG_FORMAT_TEXT, NULL);
}

/* ---- the journal: a datagram at a socket that the test reads ---- */

struct journal {
    char folder[64];
    char path[80];
    int socket;
    char datagram[16384];
    size_t length;
};

static void begin_journal(struct journal *journal)
{
    (void)snprintf(journal->folder, sizeof journal->folder, "/tmp/openasg-log-XXXXXX");
    assert_non_null(mkdtemp(journal->folder));
    (void)snprintf(journal->path, sizeof journal->path, "%s/socket", journal->folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", journal->path);
    journal->socket = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(
        0, bind(journal->socket, (const struct sockaddr *)&address, sizeof address));
    assert_int_equal(ASG_LOG_FORMAT_JOURNAL,
                     asg_log_set_format(ASG_LOG_FORMAT_JOURNAL, journal->path));
}

static void take_datagram(struct journal *journal)
{
    ssize_t got = recv(journal->socket, journal->datagram, sizeof journal->datagram - 1,
                       MSG_DONTWAIT);
    assert_true(got > 0);
    journal->length = (size_t)got;
    journal->datagram[got] = '\0';
}

static void end_journal(struct journal *journal)
{
    (void)asg_log_set_format(ASG_LOG_FORMAT_TEXT, NULL);
    (void)close(journal->socket);
    (void)unlink(journal->path);
    (void)rmdir(journal->folder);
}

static void test_log_to_the_journal_has_fields(void **state)
{
    (void)state;
    struct journal journal;
    begin_journal(&journal);
    asg_log_init("controller", ASG_LOG_INFO);
    asg_log_warn("dispatch", "job_failed", "job=%d group=%s event=%s, %s", 118, "a b",
                 "x", "instance=i-7");
    take_datagram(&journal);
    assert_string_equal(
        journal.datagram,
        "PRIORITY=4\nSYSLOG_IDENTIFIER=openasg-controller\n"
        "OPENASG_ROOM=dispatch\nOPENASG_EVENT=job_failed\n"
        "OPENASG_JOB=118\nOPENASG_GROUP=a b\n"
        "MESSAGE=dispatch job_failed job=118 group=\"a b\" event=x, instance=i-7\n");
    asg_log_init("openasg-worker", ASG_LOG_INFO);
    asg_log_error("worker", "credentials_refused", "code=%s", "AuthFailure");
    take_datagram(&journal);
    assert_non_null(strstr(journal.datagram,
                           "PRIORITY=3\nSYSLOG_IDENTIFIER=openasg-worker\n"
                           "MESSAGE_ID=7395ad77e0f64008bf6857814f532d79\n"));
    asg_log_info("alarm", "churn", "group=web is over"); /* no entry of the catalog */
    take_datagram(&journal);
    assert_null(strstr(journal.datagram, "MESSAGE_ID"));
    end_journal(&journal);
}

static void test_log_to_the_journal_is_forged_by_no_value(void **state)
{
    (void)state;
    struct journal journal;
    begin_journal(&journal);
    asg_log_init("controller", ASG_LOG_INFO);
    asg_log_info("a", "b", "group=%s x=%s", "web\nPRIORITY=0\nOPENASG_JOB=1", "\xff");
    take_datagram(&journal);
    static const char rest[] =
        "PRIORITY=6\nSYSLOG_IDENTIFIER=openasg-controller\nOPENASG_ROOM=a\n"
        "OPENASG_EVENT=b\nOPENASG_GROUP\n\x1c\0\0\0\0\0\0\0web\nPRIORITY=0\nOPENASG_JOB="
        "1\n"
        "OPENASG_X=\xff\nMESSAGE=a b group=\"web PRIORITY=0 OPENASG_JOB=1\" x=\xff\n";
    assert_int_equal(sizeof rest - 1, journal.length);
    assert_memory_equal(rest, journal.datagram, journal.length);
    end_journal(&journal);
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    assert_int_equal(0, clock_gettime(CLOCK_MONOTONIC, &now));
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Nobody reads the journal: who logs waits once, and says later what was lost. */
static void test_log_is_not_held_up_by_a_journal_that_stands_still(void **state)
{
    (void)state;
    struct journal journal;
    begin_journal(&journal);
    asg_log_init("controller", ASG_LOG_INFO);
    int64_t begun_ms = monotonic_ms();
    for (int i = 0; i < 5000; i++) {
        asg_log_write(ASG_LOG_INFO, "a", "b", "i=%d", i);
    }
    assert_in_range(monotonic_ms() - begun_ms, 0, 5000);
    char datagram[16384];
    size_t taken = 0;
    while (recv(journal.socket, datagram, sizeof datagram, MSG_DONTWAIT) > 0) {
        taken++;
    }
    assert_in_range(taken, 1, 4999);
    asg_log_write(ASG_LOG_INFO, "a", "b", "i=%d", 5000);
    take_datagram(&journal);
    assert_non_null(strstr(journal.datagram, "MESSAGE=a b i=5000\n"));
    take_datagram(&journal);
    char said[64];
    (void)snprintf(said, sizeof said, "OPENASG_COUNT=%zu\n", 5000 - taken);
    assert_non_null(strstr(journal.datagram, "OPENASG_EVENT=lines_lost\n"));
    assert_non_null(strstr(journal.datagram, said));
    end_journal(&journal);
}

static void test_log_goes_to_standard_error_without_a_journal(void **state)
{
    (void)state;
    int kept;
    asg_log_init("controller", ASG_LOG_INFO);
    (void)asg_log_set_format(ASG_LOG_FORMAT_JOURNAL, "/nowhere/at/all");
    int from = begin_capture(&kept);
    asg_log_info("a", "b", "group=%s", "web");
    end_capture(from, kept);
    logged("group=web\n");
    (void)asg_log_set_format(ASG_LOG_FORMAT_TEXT, NULL);
}

static void test_log_asks_systemd_whether_there_is_a_journal(void **state)
{
    (void)state;
    assert_int_equal(0, unsetenv("JOURNAL_STREAM"));
    assert_int_equal(ASG_LOG_FORMAT_TEXT, asg_log_set_format(ASG_LOG_FORMAT_AUTO, NULL));
    struct stat error;
    assert_int_equal(0, fstat(STDERR_FILENO, &error));
    char stream[64];
    (void)snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)error.st_dev,
                   (uintmax_t)error.st_ino);
    assert_int_equal(0, setenv("JOURNAL_STREAM", stream, 1));
    assert_int_equal(ASG_LOG_FORMAT_JOURNAL,
                     asg_log_set_format(ASG_LOG_FORMAT_AUTO, NULL));
    assert_int_equal(ASG_LOG_FORMAT_TEXT, asg_log_set_format(ASG_LOG_FORMAT_TEXT, NULL));
    assert_int_equal(0, setenv("JOURNAL_STREAM", "1:1", 1)); /* it was redirected */
    assert_int_equal(ASG_LOG_FORMAT_TEXT, asg_log_set_format(ASG_LOG_FORMAT_AUTO, NULL));
    assert_int_equal(0, unsetenv("JOURNAL_STREAM"));
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
        cmocka_unit_test(test_log_as_json_has_the_keys_of_the_line),
        cmocka_unit_test(test_log_as_json_is_forged_by_no_value),
        cmocka_unit_test(test_log_as_json_is_cut_and_still_whole),
        cmocka_unit_test(test_log_to_the_journal_has_fields),
        cmocka_unit_test(test_log_to_the_journal_is_forged_by_no_value),
        cmocka_unit_test(test_log_is_not_held_up_by_a_journal_that_stands_still),
        cmocka_unit_test(test_log_goes_to_standard_error_without_a_journal),
        cmocka_unit_test(test_log_asks_systemd_whether_there_is_a_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
