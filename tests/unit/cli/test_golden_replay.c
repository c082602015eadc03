/* Logs of a release, kept for ever: each must verify, and every event in them must be one
 * that core still takes. Whether core decides alike when built by other compilers is
 * shown by tests/integration/test_golden_replay.py on the same files. ASG_WRITE_GOLDEN=1
 * writes them anew, which is right only for a new format version. */
#include <sqlite3.h>
#include <sys/stat.h>

#include "cli/rebuild_world.h"
#include "cli/replay_log.h"
#include "lib/check.h"
#include "lib/load_world.h"

#define GOLDEN ASG_SOURCE_DIR "/tests/golden/replay/"

static int64_t two_spikes(int64_t second)
{
    return second % 1800 > 600 && second % 1800 < 1000 ? 700000 : 140000;
}

static int64_t slope(int64_t second)
{
    return load_triangle(second, 3600, 90000, 600000) + load_noise(second) / 10;
}

static struct asg_policy_config policy(const char *name, enum asg_policy_kind kind)
{
    return (struct asg_policy_config){.group = "web",
                                      .name = name,
                                      .kind = kind,
                                      .scale_in_permille = 900,
                                      .scale_out_periods = 2,
                                      .stabilisation_ms = 120000,
                                      .periods = 2,
                                      .cooldown_ms = ASG_UNSET,
                                      .warmup_ms = ASG_UNSET};
}

static void write_log(const char *name, const struct load_setting *setting)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s%s", GOLDEN, name);
    (void)unlink(path);
    (void)load_write(path, setting);
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(
        SQLITE_OK,
        sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE); VACUUM", NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    (void)strncat(path, ".lock", sizeof path - strlen(path) - 1);
    (void)unlink(path);
}

static void write_golden(void)
{
    struct load_setting setting = {.shape = two_spikes,
                                   .seconds = 3000,
                                   .evaluation_ms = 15000,
                                   .warmup_ms = 45000,
                                   .boot_least_s = 15,
                                   .boot_most_s = 70,
                                   .health_check = ASG_HEALTH_CHECK_AGENT,
                                   .min = 2,
                                   .max = 14,
                                   .desired = 2,
                                   .seed = 3,
                                   .hash_events = 20};
    struct asg_policy_config target = policy("cpu50", ASG_POLICY_TARGET_TRACKING);
    target.target_milli = 50000;
    setting.policies = &target;
    setting.policy_count = 1;
    write_log("target-v1.sqlite", &setting);

    struct asg_step out[] = {
        {.has_lower = true, .has_upper = true, .upper_milli = 15000, .adjustment = 1},
        {.has_lower = true, .lower_milli = 15000, .adjustment = 3}};
    struct asg_step in[] = {{.has_upper = true, .adjustment = -10}};
    struct asg_policy_config steps[] = {policy("out", ASG_POLICY_STEP),
                                        policy("in", ASG_POLICY_STEP)};
    steps[0].threshold_milli = 60000;
    steps[0].steps = out;
    steps[0].step_count = 2;
    steps[1].threshold_milli = 35000;
    steps[1].comparison = ASG_COMPARISON_LESS_OR_EQUAL;
    steps[1].adjustment_type = ASG_ADJUSTMENT_PERCENT;
    steps[1].min_magnitude = 1;
    steps[1].steps = in;
    steps[1].step_count = 1;
    setting.health_check = ASG_HEALTH_CHECK_EC2;
    setting.shape = slope;
    setting.policies = steps;
    setting.policy_count = 2;
    write_log("step-v1.sqlite", &setting);

    struct asg_policy_config simple[] = {policy("out", ASG_POLICY_SIMPLE),
                                         policy("in", ASG_POLICY_SIMPLE)};
    simple[0].statistic = ASG_STATISTIC_HIGHEST;
    simple[0].threshold_milli = 70000;
    simple[0].adjustment = 2;
    simple[1].statistic = ASG_STATISTIC_LOWEST;
    simple[1].comparison = ASG_COMPARISON_LESS;
    simple[1].threshold_milli = 19000;
    simple[1].adjustment = -1;
    setting.policies = simple;
    setting.desired_at_s = 1500;
    setting.desired_to = 9;
    write_log("simple-v1.sqlite", &setting);
}

struct seen {
    uint64_t events;
    uint64_t decisions;
};

static bool visit(void *context, const struct asg_world_visit *visit)
{
    struct seen *seen = context;
    seen->events += visit->event != NULL;
    seen->decisions += strcmp(visit->record->kind, "decision") == 0;
    return true;
}

static void test_golden_logs_verify_and_core_takes_every_event(void **state)
{
    (void)state;
    if (getenv("ASG_WRITE_GOLDEN") != NULL) write_golden();
    static const char *const names[] = {"target-v1.sqlite", "step-v1.sqlite",
                                        "simple-v1.sqlite", "../log-v1/log.sqlite"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s%s", GOLDEN, names[i]);
        const struct asg_log_options options = {.path = path, .is_immutable = true};
        struct asg_log *log = NULL;
        struct asg_error error = {0};
        if (asg_log_open_sqlite(&options, &log, &error) != ASG_OK) {
            fail_msg("%s", error.text);
        }
        struct asg_log_verdict verdict;
        if (asg_log_verify(log, 0, NULL, NULL, &verdict, &error) != ASG_OK) {
            fail_msg("%s: %s", names[i], error.text);
        }
        struct seen seen = {0};
        const struct asg_world_walk walk = {.visit = visit, .context = &seen};
        if (asg_world_walk(log, &walk, &error) != ASG_OK) {
            fail_msg("%s: %s", names[i], error.text);
        }
        assert_true(seen.events > 30);
        assert_true(seen.decisions > 5);
        asg_log_close(&log);
    }
}

/* Hashes are of the state in the form of the openasg that wrote them. */
static void test_an_old_log_replays_in_its_own_form(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t form;
        bool is_identical; /* else core decides otherwise by now: docs/log-format.md */
    } logs[] = {{"../log-v1/log.sqlite", 1, true},
                {"simple-v1.sqlite", 4, true},
                {"step-v1.sqlite", 4, false},
                {"target-v1.sqlite", 4, false}};
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s%s", GOLDEN, logs[i].name);
        const struct asg_log_options options = {.path = path, .is_immutable = true};
        struct asg_log *log = NULL;
        struct asg_error error = {0};
        if (asg_log_open_sqlite(&options, &log, &error) != ASG_OK) {
            fail_msg("%s", error.text);
        }
        const struct asg_replay_options all = {0};
        struct asg_replay_result result = {0};
        assert_status(ASG_OK, asg_replay_log(log, &all, &result, &error));
        assert_int_equal(logs[i].form, result.form);
        assert_int_equal(logs[i].is_identical, result.is_identical);
        asg_replay_result_clear(&result);
        asg_log_close(&log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_logs_verify_and_core_takes_every_event),
        cmocka_unit_test(test_an_old_log_replays_in_its_own_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
