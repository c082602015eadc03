/* The golden logs: each must verify, every event in them must be one that core still
 * takes, and core must decide all of it again as it stands there. Whether core decides
 * alike when built by other compilers is shown by
 * tests/integration/test_golden_replay.py on the same files. `./dev golden` writes them
 * anew (docs/log-format.md, "When core decides otherwise"). */
#include <stdio.h>
#include <string.h>

#include "cli/log/rebuild_world.h"
#include "cli/log/replay_log.h"
#include "lib/check.h"

#define GOLDEN ASG_SOURCE_DIR "/tests/golden/replay"

static const char *const golden_logs[] = {"target.sqlite", "step.sqlite", "simple.sqlite",
                                          "day.sqlite", "orders.sqlite"};
#define GOLDEN_LOGS (sizeof golden_logs / sizeof golden_logs[0])

/* Those of all rules, from the oldest on. */
static size_t count_golden(void)
{
    return GOLDEN_LOGS * asg_core_newest_rules();
}

static const char *name_of(size_t index)
{
    static char name[64];
    (void)snprintf(name, sizeof name, "rules-%zu/%s", index / GOLDEN_LOGS + 1,
                   golden_logs[index % GOLDEN_LOGS]);
    return name;
}

static struct asg_log *open_golden(size_t index)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", GOLDEN, name_of(index));
    const struct asg_log_options options = {.path = path, .is_immutable = true};
    struct asg_log *log = NULL;
    struct asg_error error = {0};
    if (asg_log_open_sqlite(&options, &log, &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
    return log;
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
    for (size_t i = 0; i < count_golden(); i++) {
        struct asg_log *log = open_golden(i);
        struct asg_error error = {0};
        struct asg_log_verdict verdict;
        if (asg_log_verify(log, 0, NULL, NULL, &verdict, &error) != ASG_OK) {
            fail_msg("%s: %s", name_of(i), error.text);
        }
        struct seen seen = {0};
        const struct asg_world_walk walk = {.visit = visit, .context = &seen};
        if (asg_world_walk(log, &walk, &error) != ASG_OK) {
            fail_msg("%s: %s", name_of(i), error.text);
        }
        assert_true(seen.events > 30);
        assert_true(seen.decisions > 5);
        asg_log_close(&log);
    }
}

static void test_golden_logs_replay_identically(void **state)
{
    (void)state;
    for (size_t i = 0; i < count_golden(); i++) {
        struct asg_log *log = open_golden(i);
        struct asg_error error = {0};
        const struct asg_replay_options all = {0};
        struct asg_replay_result result = {0};
        if (asg_replay_log(log, &all, &result, &error) != ASG_OK) {
            fail_msg("%s: %s", name_of(i), error.text);
        }
        if (!result.is_identical) {
            fail_msg("%s: record %llu (%s)\n  log:    %s\n  replay: %s\nmeant? "
                     "./dev golden, and say so in CHANGELOG.md",
                     name_of(i), (unsigned long long)result.bad_seq, result.what,
                     asg_bytes_text(&result.in_log), asg_bytes_text(&result.in_replay));
        }
        assert_true(result.hash_count > 3);
        assert_int_equal(1, result.part_count);
        assert_int_equal(i / GOLDEN_LOGS + 1, result.parts[0].rules);
        asg_replay_result_clear(&result);
        asg_log_close(&log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_logs_verify_and_core_takes_every_event),
        cmocka_unit_test(test_golden_logs_replay_identically),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
