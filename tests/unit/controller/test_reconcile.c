/* What EC2 shows against what core believes. */
#include "core_fixture.h"

#include "controller/reconcile.h"

#define MINUTE INT64_C(60000)

struct fixture {
    struct core_fixture core;
    struct asg_reconciler *reconciler;
    struct asg_arena arena;
    struct asg_belief *beliefs;
    size_t belief_count;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    fixture_begin(&f->core);
    fixture_group(&f->core, "web", 2);
    fixture_launch_all(&f->core);
    asg_core_list_beliefs(f->core.core, &f->arena, &f->beliefs, &f->belief_count);
    assert_int_equal(2, f->belief_count);
    const struct asg_reconciler_options options = {.absent_listings = 3,
                                                   .absent_ms = 5 * MINUTE};
    asg_reconciler_new(&options, &f->reconciler);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    asg_reconciler_destroy(&f->reconciler);
    asg_arena_clear(&f->arena);
    fixture_end(&f->core);
    test_free(f);
    return 0;
}

/* A row that says what core believes. */
static struct asg_seen_instance as_believed(const struct asg_belief *belief)
{
    return (struct asg_seen_instance){.instance_id = belief->instance_id,
                                      .state = belief->ec2_state,
                                      .private_ip = belief->private_ip,
                                      .is_impaired = belief->is_impaired};
}

static struct asg_observed look(struct fixture *f, struct asg_seen_instance *rows,
                                size_t count, bool is_complete, int64_t at_ms)
{
    const struct asg_result result = {.job_id = 9,
                                      .outcome = ASG_OUTCOME_OK,
                                      .instances = rows,
                                      .instance_count = count};
    struct asg_observed observed;
    asg_reconcile(f->reconciler, f->core.core, &result, is_complete, at_ms, &f->arena,
                  &observed);
    return observed;
}

static void test_reconcile_tells_nothing_when_all_is_as_believed(void **state)
{
    struct fixture *f = *state;
    struct asg_seen_instance rows[] = {as_believed(&f->beliefs[0]),
                                       as_believed(&f->beliefs[1])};
    struct asg_observed observed = look(f, rows, 2, true, FIXTURE_TIME);
    assert_int_equal(0, observed.instance_count);
    assert_int_equal(9, observed.job_id);
    assert_true(observed.is_complete);
    assert_false(observed.failed);
}

static void test_reconcile_tells_each_kind_of_difference(void **state)
{
    struct fixture *f = *state;
    struct asg_seen_instance rows[] = {as_believed(&f->beliefs[0]),
                                       as_believed(&f->beliefs[1])};
    rows[0].state = ASG_EC2_STOPPED;
    assert_int_equal(1, look(f, rows, 2, false, FIXTURE_TIME).instance_count);
    rows[0].state = f->beliefs[0].ec2_state;
    rows[1].private_ip = "10.9.9.9";
    struct asg_observed observed = look(f, rows, 2, false, FIXTURE_TIME);
    assert_int_equal(1, observed.instance_count);
    assert_string_equal("10.9.9.9", observed.instances[0].private_ip);
}

/* One listing may catch a check that fails for a moment. */
static void test_reconcile_believes_impaired_in_two_listings_in_a_row(void **state)
{
    struct fixture *f = *state;
    struct asg_seen_instance rows[] = {as_believed(&f->beliefs[0]),
                                       as_believed(&f->beliefs[1])};
    rows[1].is_impaired = true;
    assert_int_equal(0, look(f, rows, 2, true, FIXTURE_TIME).instance_count);
    assert_int_equal(0, look(f, rows, 2, false, FIXTURE_TIME).instance_count); /* by id */
    rows[1].is_impaired = false;
    assert_int_equal(0, look(f, rows, 2, true, FIXTURE_TIME).instance_count);
    rows[1].is_impaired = true;
    assert_int_equal(0, look(f, rows, 2, true, FIXTURE_TIME).instance_count);
    struct asg_observed observed = look(f, rows, 2, true, FIXTURE_TIME);
    assert_int_equal(1, observed.instance_count);
    assert_true(observed.instances[0].is_impaired);
}

/* A look by id and a listing without an answer about statuses say nothing of them. */
static void test_reconcile_keeps_what_is_known_of_status_checks(void **state)
{
    struct fixture *f = *state;
    struct asg_seen_instance rows[] = {as_believed(&f->beliefs[0]),
                                       as_believed(&f->beliefs[1])};
    rows[0].is_impaired = true;
    rows[0].event_code = "instance-retirement";
    rows[0].event_ms = FIXTURE_TIME + MINUTE;
    (void)look(f, rows, 2, true, FIXTURE_TIME);
    struct asg_observed observed = look(f, rows, 2, true, FIXTURE_TIME);
    struct asg_event event = {.kind = ASG_EVENT_OBSERVED, .observed = &observed};
    fixture_step(&f->core, &event);
    rows[0] = as_believed(&f->beliefs[0]);
    rows[0].is_impaired = false;
    assert_int_equal(0, look(f, rows, 2, false, FIXTURE_TIME).instance_count);
    rows[0].private_ip = "10.9.9.9";
    observed = look(f, rows, 2, false, FIXTURE_TIME);
    assert_int_equal(1, observed.instance_count);
    assert_true(observed.instances[0].is_impaired);
    assert_string_equal("instance-retirement", observed.instances[0].event_code);
    assert_true(observed.instances[0].event_ms == FIXTURE_TIME + MINUTE);
    rows[0].private_ip = f->beliefs[0].private_ip;
    const struct asg_result without = {.job_id = 9,
                                       .outcome = ASG_OUTCOME_OK,
                                       .error_code = "RequestLimitExceeded",
                                       .instances = rows,
                                       .instance_count = 2};
    asg_reconcile(f->reconciler, f->core.core, &without, true, FIXTURE_TIME, &f->arena,
                  &observed);
    assert_int_equal(0, observed.instance_count);
    observed = look(f, rows, 2, true, FIXTURE_TIME);
    assert_int_equal(1, observed.instance_count); /* it is well again, EC2 says */
    assert_false(observed.instances[0].is_impaired);
}

static void test_reconcile_tells_strangers_that_live(void **state)
{
    struct fixture *f = *state;
    struct asg_seen_instance rows[] = {
        {.instance_id = "i-0feed", .state = ASG_EC2_RUNNING, .private_ip = ""},
        {.instance_id = "i-0dead", .state = ASG_EC2_TERMINATED, .private_ip = ""},
    };
    struct asg_observed observed = look(f, rows, 2, false, FIXTURE_TIME);
    assert_int_equal(1, observed.instance_count);
    assert_string_equal("i-0feed", observed.instances[0].instance_id);
}

static void test_reconcile_believes_an_absence_by_count_and_time(void **state)
{
    struct fixture *f = *state;
    struct asg_seen_instance rows[] = {as_believed(&f->beliefs[0])};
    int64_t at = FIXTURE_TIME;
    assert_int_equal(0, look(f, rows, 1, true, at).instance_count);
    assert_int_equal(0, look(f, rows, 1, true, at + MINUTE).instance_count);
    assert_int_equal(
        0, look(f, rows, 1, true, at + 2 * MINUTE).instance_count); /* 3, 2 min */
    struct asg_observed observed = look(f, rows, 1, true, at + 5 * MINUTE);
    assert_int_equal(1, observed.instance_count);
    assert_string_equal(f->beliefs[1].instance_id, observed.instances[0].instance_id);
    assert_int_equal(ASG_EC2_ABSENT, observed.instances[0].state);
}

static void test_reconcile_counts_anew_after_an_instance_was_seen(void **state)
{
    struct fixture *f = *state;
    struct asg_seen_instance rows[] = {as_believed(&f->beliefs[0]),
                                       as_believed(&f->beliefs[1])};
    int64_t at = FIXTURE_TIME;
    (void)look(f, rows, 1, true, at);
    (void)look(f, rows, 1, true, at + 4 * MINUTE);
    (void)look(f, rows, 2, true, at + 5 * MINUTE); /* there it is */
    assert_int_equal(0, look(f, rows, 1, true, at + 6 * MINUTE).instance_count);
    assert_int_equal(0, look(f, rows, 1, true, at + 7 * MINUTE).instance_count);
    assert_int_equal(1, look(f, rows, 1, true, at + 11 * MINUTE).instance_count);
}

static void test_reconcile_concludes_nothing_from_a_partial_or_failed_look(void **state)
{
    struct fixture *f = *state;
    for (int64_t i = 0; i < 10; i++) {
        assert_int_equal(
            0, look(f, NULL, 0, false, FIXTURE_TIME + i * MINUTE).instance_count);
    }
    const struct asg_result failed = {.job_id = 9, .outcome = ASG_OUTCOME_THROTTLED};
    for (int64_t i = 10; i < 20; i++) {
        struct asg_observed observed;
        asg_reconcile(f->reconciler, f->core.core, &failed, true,
                      FIXTURE_TIME + i * MINUTE, &f->arena, &observed);
        assert_int_equal(0, observed.instance_count);
        assert_true(observed.failed);
        assert_false(observed.is_complete);
    }
}

/* ---- a listing against the agents ---- */

/* Instances whose agents report: those before this place in the beliefs. */
struct agents {
    struct fixture *f;
    size_t reporting;
};

static void ask_agents(void *context, const char *const *instance_ids, size_t count,
                       bool *ret_reporting)
{
    const struct agents *agents = context;
    for (size_t i = 0; i < count; i++) {
        ret_reporting[i] = false;
        for (size_t j = 0; j < agents->reporting; j++) {
            const char *id = agents->f->beliefs[j].instance_id;
            if (strcmp(id, instance_ids[i]) == 0) ret_reporting[i] = true;
        }
    }
}

static void with_agents(struct fixture *f, struct agents *agents, uint32_t size)
{
    fixture_end(&f->core);
    fixture_begin(&f->core);
    fixture_group(&f->core, "web", size);
    fixture_launch_all(&f->core);
    asg_arena_reset(&f->arena);
    asg_core_list_beliefs(f->core.core, &f->arena, &f->beliefs, &f->belief_count);
    assert_int_equal(size, f->belief_count);
    asg_reconciler_destroy(&f->reconciler);
    agents->f = f;
    const struct asg_reconciler_options options = {.absent_listings = 3,
                                                   .absent_ms = 5 * MINUTE,
                                                   .mass_percent = 10,
                                                   .ask_agents = ask_agents,
                                                   .context = agents};
    asg_reconciler_new(&options, &f->reconciler);
}

/* Complete listings that show the last `shown` instances only, two minutes apart; how
 * many are believed gone in the last of them. */
static size_t list_only(struct fixture *f, size_t shown, int count, int64_t *at_ms)
{
    struct asg_seen_instance rows[64];
    assert_true(shown <= 64);
    for (size_t i = 0; i < shown; i++) {
        rows[i] = as_believed(&f->beliefs[f->belief_count - shown + i]);
    }
    size_t gone = 0;
    for (int i = 0; i < count; i++) {
        gone = look(f, rows, shown, true, *at_ms).instance_count;
        *at_ms += 2 * MINUTE;
    }
    return gone;
}

static void test_reconcile_believes_no_absence_of_one_whose_agent_reports(void **state)
{
    struct fixture *f = *state;
    struct agents agents = {.reporting = 1};
    with_agents(f, &agents, 2);
    int64_t at_ms = FIXTURE_TIME;
    assert_int_equal(0, list_only(f, 1, 20, &at_ms)); /* one of two: no mass */
    assert_int_equal(1, asg_reconciler_missing(f->reconciler).reporting);
    agents.reporting = 0; /* it falls silent: now both say the same */
    assert_int_equal(1, list_only(f, 1, 1, &at_ms));
}

/* A worker's key without EC2 keys answered every listing "ok, empty", and the controller
 * launched a second fleet beside the first. */
static void test_reconcile_doubts_a_listing_that_lacks_many(void **state)
{
    struct fixture *f = *state;
    struct agents agents = {.reporting = 1};
    with_agents(f, &agents, 40);
    int64_t at_ms = FIXTURE_TIME;
    assert_int_equal(0, list_only(f, 0, 20, &at_ms)); /* also of those that are silent */
    struct asg_missing_counts counts = asg_reconciler_missing(f->reconciler);
    assert_true(counts.is_mass);
    assert_int_equal(40, counts.missing);
    assert_int_equal(1, counts.reporting);
    assert_int_equal(0, list_only(f, 40, 1, &at_ms));
    assert_false(asg_reconciler_missing(f->reconciler).is_mass);
}

static void test_reconcile_believes_a_mass_that_stands_with_all_agents_silent(
    void **state)
{
    struct fixture *f = *state;
    struct agents agents = {.reporting = 0};
    with_agents(f, &agents, 40);
    int64_t at_ms = FIXTURE_TIME;
    assert_int_equal(0, list_only(f, 30, 3, &at_ms));
    assert_true(asg_reconciler_missing(f->reconciler).is_mass);
    assert_int_equal(10, list_only(f, 30, 1, &at_ms)); /* 6 min, 4 listings */
}

static void test_reconcile_knows_a_share_that_is_no_mass(void **state)
{
    struct fixture *f = *state;
    struct agents agents = {.reporting = 2};
    with_agents(f, &agents, 40);
    int64_t at_ms = FIXTURE_TIME;
    assert_int_equal(2, list_only(f, 36, 4, &at_ms)); /* 4 of 40, two of them silent */
    assert_false(asg_reconciler_missing(f->reconciler).is_mass);
    assert_int_equal(0, list_only(f, 35, 4, &at_ms)); /* 5 of 40 */
    assert_true(asg_reconciler_missing(f->reconciler).is_mass);
}

static void test_reconcile_believes_an_operator_but_not_against_an_agent(void **state)
{
    struct fixture *f = *state;
    struct agents agents = {.reporting = 1};
    with_agents(f, &agents, 40);
    int64_t at_ms = FIXTURE_TIME;
    assert_int_equal(0, list_only(f, 20, 5, &at_ms));
    asg_reconciler_believe(f->reconciler);
    assert_int_equal(19, list_only(f, 20, 1, &at_ms));
    assert_int_equal(0, list_only(f, 20, 1, &at_ms)); /* one listing only */
}

/* A stolen worker's key says of healthy machines that EC2 ended them: they would be
 * forgotten, or ended in earnest ("stopped"), and a second fleet launched. */
static void test_reconcile_doubts_a_row_that_ends_one_whose_agent_reports(void **state)
{
    static const enum asg_ec2_state ends[] = {ASG_EC2_TERMINATED, ASG_EC2_SHUTTING_DOWN,
                                              ASG_EC2_STOPPED, ASG_EC2_STOPPING};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct agents agents = {.reporting = 1};
        with_agents(f, &agents, 2);
        struct asg_seen_instance rows[] = {as_believed(&f->beliefs[0]),
                                           as_believed(&f->beliefs[1])};
        rows[0].state = ends[i];
        int64_t at_ms = FIXTURE_TIME;
        assert_int_equal(0, look(f, rows, 2, true, at_ms).instance_count);
        assert_int_equal(1, asg_reconciler_missing(f->reconciler).missing);
        for (int looks = 0; looks < 20; looks++) { /* by its id: no count */
            assert_int_equal(0, look(f, rows, 2, false, at_ms += MINUTE).instance_count);
        }
        agents.reporting = 0; /* it falls silent: two signs */
        struct asg_observed observed = look(f, rows, 2, false, at_ms);
        assert_int_equal(1, observed.instance_count);
        assert_int_equal(ends[i], observed.instances[0].state);
    }
}

/* EC2's own word stands in the end: an agent that goes on talking is no instance. */
static void test_reconcile_believes_an_end_that_stands_although_its_agent_reports(
    void **state)
{
    struct fixture *f = *state;
    struct agents agents = {.reporting = 1};
    with_agents(f, &agents, 2);
    struct asg_seen_instance rows[] = {as_believed(&f->beliefs[0]),
                                       as_believed(&f->beliefs[1])};
    rows[0].state = ASG_EC2_TERMINATED;
    int64_t at_ms = FIXTURE_TIME;
    assert_int_equal(0, look(f, rows, 2, true, at_ms).instance_count);
    assert_int_equal(0, look(f, rows, 2, true, at_ms + 2 * MINUTE).instance_count);
    assert_int_equal(0, look(f, rows, 2, true, at_ms + 4 * MINUTE).instance_count);
    struct asg_observed observed = look(f, rows, 2, true, at_ms + 6 * MINUTE);
    assert_int_equal(1, observed.instance_count);
    assert_int_equal(ASG_EC2_TERMINATED, observed.instances[0].state);
}

static void test_reconcile_counts_ends_that_agents_deny_as_a_mass(void **state)
{
    struct fixture *f = *state;
    struct agents agents = {.reporting = 40};
    with_agents(f, &agents, 40);
    struct asg_seen_instance rows[40];
    for (size_t i = 0; i < 40; i++) {
        rows[i] = as_believed(&f->beliefs[i]);
        if (i < 5) rows[i].state = ASG_EC2_TERMINATED;
    }
    int64_t at_ms = FIXTURE_TIME;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(0, look(f, rows, 40, true, at_ms += 2 * MINUTE).instance_count);
        assert_true(asg_reconciler_missing(f->reconciler).is_mass);
        assert_int_equal(5, asg_reconciler_missing(f->reconciler).reporting);
    }
}

/* What we ended ourselves is told to be over at once, also when its agent was heard a
 * moment ago. */
static void test_reconcile_believes_the_end_of_what_was_ordered_to_end(void **state)
{
    struct fixture *f = *state;
    struct agents agents = {.reporting = 2};
    with_agents(f, &agents, 2);
    struct asg_command command = {.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                                  .actor = "tests",
                                  .instance_ids = {&f->beliefs[0].instance_id, 1}};
    fixture_order(&f->core, &command);
    struct asg_belief belief;
    assert_true(asg_core_find_instance(f->core.core, f->beliefs[0].instance_id, &belief));
    assert_true(belief.is_ending);
    struct asg_seen_instance rows[] = {as_believed(&f->beliefs[0]),
                                       as_believed(&f->beliefs[1])};
    rows[0].state = ASG_EC2_SHUTTING_DOWN;
    assert_int_equal(1, look(f, rows, 2, false, FIXTURE_TIME).instance_count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* A listing of what is ours lacks one whose tags are being put on or taken off: that
 * means nothing. */
static void test_reconcile_awaits_nobody_without_our_tags(void **state)
{
    struct fixture *f = *state;
    const char *id = f->beliefs[0].instance_id;
    struct asg_command detach = {.kind = ASG_COMMAND_DETACH_INSTANCES,
                                 .group = "web",
                                 .instance_ids = {.items = &id, .count = 1}};
    fixture_order(&f->core, &detach);
    struct asg_belief belief;
    assert_true(asg_core_find_instance(f->core.core, id, &belief));
    assert_true(belief.is_untagged);
    struct asg_seen_instance rows[] = {as_believed(&f->beliefs[1])};
    for (int i = 1; i <= 5; i++) {
        struct asg_observed observed =
            look(f, rows, 1, true, FIXTURE_TIME + i * 3 * MINUTE);
        assert_int_equal(0, observed.instance_count);
    }
    assert_int_equal(0, asg_reconciler_missing(f->reconciler).missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reconcile_tells_nothing_when_all_is_as_believed),
        TEST(test_reconcile_tells_each_kind_of_difference),
        TEST(test_reconcile_keeps_what_is_known_of_status_checks),
        TEST(test_reconcile_believes_impaired_in_two_listings_in_a_row),
        TEST(test_reconcile_tells_strangers_that_live),
        TEST(test_reconcile_awaits_nobody_without_our_tags),
        TEST(test_reconcile_believes_an_absence_by_count_and_time),
        TEST(test_reconcile_counts_anew_after_an_instance_was_seen),
        TEST(test_reconcile_concludes_nothing_from_a_partial_or_failed_look),
        TEST(test_reconcile_believes_no_absence_of_one_whose_agent_reports),
        TEST(test_reconcile_doubts_a_listing_that_lacks_many),
        TEST(test_reconcile_believes_a_mass_that_stands_with_all_agents_silent),
        TEST(test_reconcile_knows_a_share_that_is_no_mass),
        TEST(test_reconcile_believes_an_operator_but_not_against_an_agent),
        TEST(test_reconcile_doubts_a_row_that_ends_one_whose_agent_reports),
        TEST(test_reconcile_believes_an_end_that_stands_although_its_agent_reports),
        TEST(test_reconcile_counts_ends_that_agents_deny_as_a_mass),
        TEST(test_reconcile_believes_the_end_of_what_was_ordered_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
