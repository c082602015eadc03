/* Core with the next rules and the next form of the state (next.patch), on the logs that
 * today's core has written. */
#include <stdio.h>
#include <string.h>

#include "cli/log/rebuild_world.h"
#include "cli/log/replay_log.h"
#include "lib/check.h"
#include "lib/step_core.h"

#define GOLDEN ASG_SOURCE_DIR "/tests/golden/replay/rules-1/"

static const char *const golden_logs[] = {"target.sqlite", "step.sqlite", "simple.sqlite",
                                          "day.sqlite", "orders.sqlite"};
#define GOLDEN_LOGS (sizeof golden_logs / sizeof golden_logs[0])

static struct asg_log *open_golden(size_t index)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s%s", GOLDEN, golden_logs[index]);
    const struct asg_log_options options = {.path = path, .is_immutable = true};
    struct asg_log *log = NULL;
    struct asg_error error = {0};
    if (asg_log_open_sqlite(&options, &log, &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
    return log;
}

static void test_this_core_is_the_next_one(void **state)
{
    (void)state;
    assert_int_equal(2, asg_core_newest_rules());
    assert_int_equal(2, asg_core_form());
}

/* By the rules and, for the hashes, in the form that they were written with. */
static void test_logs_of_the_rules_before_replay_identically(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN_LOGS; i++) {
        struct asg_log *log = open_golden(i);
        struct asg_error error = {0};
        const struct asg_replay_options all = {0};
        struct asg_replay_result result = {0};
        if (asg_replay_log(log, &all, &result, &error) != ASG_OK) {
            fail_msg("%s: %s", golden_logs[i], error.text);
        }
        if (!result.is_identical) {
            fail_msg("%s: record %llu (%s)\n  log:    %s\n  replay: %s", golden_logs[i],
                     (unsigned long long)result.bad_seq, result.what,
                     asg_bytes_text(&result.in_log), asg_bytes_text(&result.in_replay));
        }
        assert_true(result.hash_count > 3);
        assert_int_equal(1, result.form);
        assert_int_equal(1, result.part_count);
        assert_int_equal(1, result.parts[0].rules);
        assert_int_equal(1, result.parts[0].first_seq);
        assert_int_equal(asg_log_head(log).seq, result.parts[0].last_seq);
        asg_replay_result_clear(&result);
        asg_log_close(&log);
    }
}

static struct asg_core *load(const struct asg_bytes *bytes)
{
    struct asg_core *core = NULL;
    struct asg_error error = {0};
    if (asg_core_load(bytes->data, bytes->length, &core, &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
    return core;
}

static bool is_same(const struct asg_bytes *a, const struct asg_bytes *b)
{
    return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

struct seen {
    size_t states;
};

/* While rules 1 decide nothing of form 2 is in the state: one that was saved in form 1
 * and loaded is the same, in both forms. */
static bool go_through_form_1(void *context, const struct asg_world_visit *visit)
{
    struct seen *seen = context;
    if (visit->event == NULL) return true;
    struct asg_bytes first = {0};
    struct asg_bytes second = {0};
    struct asg_bytes first_again = {0};
    struct asg_bytes second_again = {0};
    asg_core_save_as(visit->core, 1, &first);
    asg_core_save(visit->core, &second);
    struct asg_core *loaded = load(&first);
    asg_core_save_as(loaded, 1, &first_again);
    asg_core_save(loaded, &second_again);
    assert_true(is_same(&first, &first_again));
    assert_true(is_same(&second, &second_again));
    assert_false(is_same(&first, &second)); /* and so are their hashes */
    asg_core_destroy(&loaded);
    asg_bytes_clear(&first);
    asg_bytes_clear(&second);
    asg_bytes_clear(&first_again);
    asg_bytes_clear(&second_again);
    seen->states++;
    return true;
}

static void test_a_state_of_form_1_is_whole_while_rules_1_decide(void **state)
{
    (void)state;
    struct seen seen = {0};
    for (size_t i = 0; i < GOLDEN_LOGS; i++) {
        struct asg_log *log = open_golden(i);
        struct asg_error error = {0};
        const struct asg_world_walk walk = {.visit = go_through_form_1, .context = &seen};
        if (asg_world_walk(log, &walk, &error) != ASG_OK) fail_msg("%s", error.text);
        asg_log_close(&log);
    }
    assert_true(seen.states > 1000);
}

/* ---- both rules in one core ---- */

static struct asg_core *core;
static struct asg_effects effects;

static void order(struct asg_command command)
{
    static int64_t now_ms = INT64_C(1795444609000);
    command.actor = "ann";
    const struct asg_event event = {
        .time_ms = ++now_ms, .kind = ASG_EVENT_COMMAND, .command = &command};
    assert_status(ASG_OK, step_core(core, &event, &effects));
    if (!effects.reply.is_ok) fail_msg("%s", effects.reply.message);
}

static void lead(uint32_t rules)
{
    static uint64_t epoch;
    order(
        (struct asg_command){.kind = ASG_COMMAND_LEAD, .epoch = ++epoch, .rules = rules});
    assert_int_equal(rules, asg_core_rules(core));
}

static uint32_t order_desired(uint32_t desired)
{
    order((struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                               .group = "web",
                               .desired = desired,
                               .force = true});
    struct asg_arena arena = {0};
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(core, "web", &arena, &views, &count);
    assert_int_equal(1, count);
    uint32_t now = views[0].config->desired;
    asg_arena_clear(&arena);
    return now;
}

static void test_each_lead_sets_what_decides_from_there_on(void **state)
{
    (void)state;
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    const struct asg_group_config config = {.name = "web",
                                            .max = 20,
                                            .template_name = "",
                                            .template_id = "lt-0123456789abcdef0",
                                            .template_version = "1",
                                            .subnets = &subnet,
                                            .subnet_count = 1,
                                            .evaluation_ms = 1000};
    asg_core_new(&core);
    order((struct asg_command){.kind = ASG_COMMAND_INIT,
                               .cluster_id = "0123456789abcdef0123456789abcdef"});
    lead(1);
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = "web", .group_config = &config});
    assert_int_equal(3, order_desired(3));
    struct asg_bytes after = {0};
    lead(2);
    assert_int_equal(6, order_desired(5));
    asg_core_save(core, &after);
    /* What form 1 has no place for is lost in it: from here on only form 2 is whole. */
    struct asg_bytes first = {0};
    struct asg_bytes again = {0};
    asg_core_save_as(core, 1, &first);
    struct asg_core *loaded = load(&first);
    asg_core_save(loaded, &again);
    assert_false(is_same(&after, &again));
    asg_core_destroy(&loaded);
    loaded = load(&after);
    asg_bytes_reset(&again);
    asg_core_save(loaded, &again);
    assert_true(is_same(&after, &again));
    asg_core_destroy(&loaded);
    /* Rules never go back. */
    const struct asg_command back = {.kind = ASG_COMMAND_LEAD,
                                     .actor = "",
                                     .cluster_id = "",
                                     .group = "",
                                     .name = "",
                                     .epoch = 9,
                                     .rules = 1};
    const struct asg_event event = {
        .time_ms = INT64_MAX / 2, .kind = ASG_EVENT_COMMAND, .command = &back};
    assert_status(ASG_ERR_VERSION, step_core(core, &event, &effects));
    struct asg_error error = {""};
    asg_core_explain(core, &event, ASG_ERR_VERSION, &error);
    assert_non_null(strstr(error.text, "they never go back"));
    asg_core_destroy(&core);
    asg_effects_clear(&effects);
    asg_bytes_clear(&after);
    asg_bytes_clear(&first);
    asg_bytes_clear(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_this_core_is_the_next_one),
        cmocka_unit_test(test_logs_of_the_rules_before_replay_identically),
        cmocka_unit_test(test_a_state_of_form_1_is_whole_while_rules_1_decide),
        cmocka_unit_test(test_each_lead_sets_what_decides_from_there_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
