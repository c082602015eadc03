/* A golden log through the commands that read logs: it verifies, and every payload is
 * readable. `./dev golden` writes it anew. */
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"
#include "unit/cli/run_line.h"

#define GOLDEN ASG_SOURCE_DIR "/tests/golden/replay/rules-1/day.sqlite"

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    if (in == NULL || out == NULL) fail_msg("cannot copy %s to %s", from, to);
    char data[65536];
    size_t length;
    while ((length = fread(data, 1, sizeof data, in)) > 0) {
        assert_int_equal(length, fwrite(data, 1, length, out));
    }
    (void)fclose(in);
    assert_int_equal(0, fclose(out));
}

struct fixture {
    char folder[64];
    char path[96];
    struct said said;
};

static int set_up(void **state)
{
    struct fixture *fixture = asg_alloc(1, sizeof *fixture);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/openasg-golden-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/openasg.log",
                   fixture->folder);
    copy_file(GOLDEN, fixture->path);
    assert_int_equal(0, chmod(fixture->path, 0600));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    clear_said(&fixture->said);
    (void)unlink(fixture->path);
    assert_int_equal(0, rmdir(fixture->folder)); /* nothing was left beside it */
    free(fixture);
    return 0;
}

static void run(struct fixture *fixture, const char *format)
{
    char line[256];
    (void)snprintf(line, sizeof line, format, fixture->path);
    run_line(&fixture->said, line);
    if (fixture->said.code != 0) fail_msg("%s", fixture->said.err);
}

static void test_golden_log_still_verifies(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, "log verify %s --immutable -o json");
    assert_non_null(strstr(fixture->said.out, "\"is_verified\":\ttrue"));
    assert_non_null(strstr(fixture->said.out, "\"snapshots\":\t1,"));
}

static void test_golden_log_payloads_are_still_readable(void **state)
{
    struct fixture *fixture = *state;
    static const char *const kinds[] = {"event", "metrics", "effects"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "log export %%s --immutable --kind %s",
                       kinds[i]);
        run(fixture, line);
        assert_non_null(strstr(fixture->said.out, "\"payload\":{"));
        assert_null(strstr(fixture->said.out, "\"payload\":\"")); /* hex: not decoded */
    }
    run(fixture, "log export %s --immutable");
    assert_non_null(
        strstr(fixture->said.out, "\"cluster_id\":\"0123456789abcdef0123456789abcdef\""));
    assert_non_null(strstr(fixture->said.out, "\"kind\":\"group-create\""));
    assert_non_null(
        strstr(fixture->said.out, "\"template_id\":\"lt-0123456789abcdef0\""));
    assert_non_null(strstr(fixture->said.out, "\"threshold_milli\":70000"));
    assert_non_null(strstr(fixture->said.out, "\"max_milli\":90000"));
    assert_non_null(strstr(fixture->said.out, "\"private_ip\":\"127.0.0.2\""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_golden_log_still_verifies),
        TEST(test_golden_log_payloads_are_still_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
