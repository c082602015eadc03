/* LEAD says which rules decide from there on; what this program does not know it does not
 * guess at. */
#include <string.h>

#include "unit/core/core_world.h"

static void test_lead_sets_the_rules_and_the_state_keeps_them(void **state)
{
    (void)state;
    assert_true(asg_core_newest_rules() >= 1);
    assert_int_equal(asg_core_newest_rules(), asg_core_rules(w.core));
    save_and_load();
    assert_int_equal(asg_core_newest_rules(), asg_core_rules(w.core));
    struct asg_core *empty = NULL;
    asg_core_new(&empty);
    assert_int_equal(0, asg_core_rules(empty));
    asg_core_destroy(&empty);
}

/* Refused, nothing changed, and the words say what the matter is. */
static void refuse_to_lead_by(uint32_t rules, const char *words)
{
    struct asg_bytes before = {0};
    struct asg_bytes after = {0};
    asg_core_save(w.core, &before);
    const struct asg_command lead = {.kind = ASG_COMMAND_LEAD,
                                     .actor = "",
                                     .cluster_id = "",
                                     .group = "",
                                     .name = "",
                                     .epoch = 2,
                                     .rules = rules};
    const struct asg_event event = {
        .time_ms = w.now_ms, .kind = ASG_EVENT_COMMAND, .command = &lead};
    assert_status(ASG_ERR_VERSION, step_core(w.core, &event, &w.effects));
    assert_true(asg_effects_is_empty(&w.effects));
    asg_core_save(w.core, &after);
    assert_int_equal(before.length, after.length);
    assert_memory_equal(before.data, after.data, before.length);
    struct asg_error error = {""};
    asg_core_explain(w.core, &event, ASG_ERR_VERSION, &error);
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
    }
    asg_bytes_clear(&before);
    asg_bytes_clear(&after);
}

static void test_rules_without_a_number_are_of_before_the_first_release(void **state)
{
    (void)state;
    refuse_to_lead_by(0, "from before 1.0");
}

static void test_newer_rules_are_refused(void **state)
{
    (void)state;
    char words[64];
    (void)snprintf(words, sizeof words, "rules %u decide from here on",
                   asg_core_newest_rules() + 1);
    refuse_to_lead_by(asg_core_newest_rules() + 1, words);
    refuse_to_lead_by(asg_core_newest_rules() + 1, "or a newer one");
    refuse_to_lead_by(UINT32_MAX, "openasg log verify");
}

static void test_another_failure_is_explained_by_its_status(void **state)
{
    (void)state;
    const struct asg_event event = {.time_ms = 0, .kind = ASG_EVENT_TICK};
    assert_status(ASG_ERR_INVALID, step_core(w.core, &event, &w.effects));
    struct asg_error error = {""};
    asg_core_explain(w.core, &event, ASG_ERR_INVALID, &error);
    assert_non_null(strstr(error.text, "not an event that this program understands"));
}

/* Not taken, nothing changed, and the words say what the matter is. */
static void refuse(struct asg_core *core, struct asg_command command, const char *words)
{
    struct asg_bytes before = {0};
    struct asg_bytes after = {0};
    asg_core_save(core, &before);
    const struct asg_event event = {
        .time_ms = w.now_ms, .kind = ASG_EVENT_COMMAND, .command = &command};
    assert_status(ASG_ERR_INVALID, asg_core_step(core, &event, &w.effects));
    assert_true(asg_effects_is_empty(&w.effects));
    asg_core_save(core, &after);
    assert_int_equal(before.length, after.length);
    assert_memory_equal(before.data, after.data, before.length);
    struct asg_error error = {""};
    asg_core_explain(core, &event, ASG_ERR_INVALID, &error);
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
    }
    asg_bytes_clear(&before);
    asg_bytes_clear(&after);
}

static void test_an_epoch_that_does_not_rise_does_not_lead(void **state)
{
    (void)state;
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = 7});
    struct asg_command again = {
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = 7};
    refuse(w.core, again, "epoch 7 is to lead, and epoch 7 has led already");
    again.epoch = 6;
    refuse(w.core, again, "epoch 6 is to lead, and epoch 7 has led already");
    again.epoch = 0;
    refuse(w.core, again, "epoch 0 is to lead");
}

static void test_a_malformed_cluster_id_begins_nothing(void **state)
{
    (void)state;
    static const char *const ids[] = {"",
                                      "0123456789abcdef0123456789abcde",
                                      "0123456789abcdef0123456789abcdef0",
                                      "0123456789ABCDEF0123456789ABCDEF",
                                      "0123456789abcdef 123456789abcdef",
                                      NULL};
    struct asg_core *empty = NULL;
    asg_core_new(&empty);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        refuse(empty,
               (struct asg_command){.kind = ASG_COMMAND_INIT, .cluster_id = ids[i]},
               "is not 32 hexadecimal digits");
    }
    asg_core_destroy(&empty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lead_sets_the_rules_and_the_state_keeps_them),
        TEST(test_rules_without_a_number_are_of_before_the_first_release),
        TEST(test_newer_rules_are_refused),
        TEST(test_an_epoch_that_does_not_rise_does_not_lead),
        TEST(test_a_malformed_cluster_id_begins_nothing),
        TEST(test_another_failure_is_explained_by_its_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
