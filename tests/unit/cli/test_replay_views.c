/* replay --at and --step: the world as it was, and decision by decision. */
#include "unit/cli/log_fixture.h"

static uint64_t head(const struct fixture *fixture)
{
    return asg_log_head(fixture->world.log).seq;
}

static void test_replay_at_shows_the_world_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    /* The rule launches one at the first period, when there are two. */
    run(fixture, 0, "replay %s --at 2026-11-23T14:36:49Z -o json");
    says(fixture->said.out, "\"desired\":\t2,");
    says(fixture->said.out, "\"instance_id\":\t\"i-00000000000000002\"");
    assert_null(strstr(fixture->said.out, "i-00000000000000003"));
    says(fixture->said.out, "\"windows\":\t[]");
    run(fixture, 0, "replay %s --at 2026-11-23T14:36:52Z -o json");
    says(fixture->said.out, "\"desired\":\t3,");
    says(fixture->said.out, "\"instance_id\":\t\"i-00000000000000003\"");
    says(fixture->said.out, "\"mean_milli\":\t60000,");
    run(fixture, 0, "replay %s --at 2026-11-23T14:36:52Z --group web");
    says(fixture->said.out, "\nGROUP  MIN  MAX  DESIRED");
    says(fixture->said.out, "\nweb      2    5        3");
    says(fixture->said.out, "\nopen jobs and dead letters");
    says(fixture->said.out, "\nlast metrics\n");
    run(fixture, 1, "replay %s --at 2020-01-01T00:00:00Z");
    says(fixture->said.err, "nothing had happened by then");
    run(fixture, 2, "replay %s --at soon");
    run(fixture, 2, "replay %s --at 1m --step");
    run(fixture, 2, "replay %s --group web");
    run(fixture, 2, "replay %s --at 2026-11-23T14:36:52Z --from 3");
    says(fixture->said.err, "takes neither --from nor --to");
    run(fixture, 2, "replay %s --at 2026-11-23T14:36:52Z --to 30");
    says(fixture->said.err, "takes neither --from nor --to");
    run(fixture, 1, "replay %s --at 2026-11-23T14:36:52Z --group nobody");
    says(fixture->said.err, "there was no group nobody then");
}

static void test_replay_at_says_where_the_log_ends(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, 0, "replay %s --at 2030-01-01T00:00:00Z");
    says(fixture->said.err, "the log ends at 2026-11-23T14:37:19.000Z, before "
                            "2030-01-01T00:00:00.000Z");
    char first[64];
    (void)snprintf(first, sizeof first, "2026-11-23T14:37:19.000Z, after record %" PRIu64,
                   head(fixture));
    assert_memory_equal(first, fixture->said.out, strlen(first));
    run(fixture, 0, "replay %s --at 2026-11-23T14:37:19Z");
    assert_string_equal("", fixture->said.err);
    assert_memory_equal(first, fixture->said.out, strlen(first));
}

static void test_replay_at_starts_at_the_snapshot_before(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    save_snapshot(world);
    uint64_t snapshot_seq = head(fixture);
    world->now_ms += 5000;
    order(world, (struct asg_command){.kind = ASG_COMMAND_HALT});
    run(fixture, 0, "replay %s --at 2030-01-01T00:00:00Z");
    char words[64];
    (void)snprintf(words, sizeof words, "(from the snapshot after record %" PRIu64 ")",
                   snapshot_seq);
    says(fixture->said.out, words);
    char line[64];
    (void)snprintf(line, sizeof line, "replay %%s --from %" PRIu64, snapshot_seq + 1);
    run(fixture, 0, line);
    says(fixture->said.out, "identical: 1 events,");
    /* Older moments are built from the first record, until that is pruned. */
    run(fixture, 0, "replay %s --at 2026-11-23T14:36:49Z");
    assert_null(strstr(fixture->said.out, "snapshot"));
    const struct asg_log_retention retention = {
        .kind = "metrics", .older_than_ms = INT64_MAX, .now_ms = world->now_ms};
    struct asg_log_pruned pruned = {0};
    struct asg_error error = {0};
    assert_status(ASG_OK, asg_log_prune(world->log, &retention, &pruned, &error));
    run(fixture, 0, "replay %s --at 2026-11-23T14:36:49Z"); /* before the first metrics */
    run(fixture, 1, "replay %s --at 2026-11-23T14:37:00Z");
    says(fixture->said.err, "nothing older can be built again");
    run(fixture, 0, "replay %s --step");
    says(fixture->said.err, "are pruned; beginning after them");
}

static void test_replay_step_goes_decision_by_decision(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, 0, "replay %s --step");
    says(fixture->said.out, "because of record ");
    says(fixture->said.out, ": metrics\n");
    says(fixture->said.out, " 0 different\n");
    run(fixture, 1, "replay %s --step --group nobody");
    says(fixture->said.err, "there is no group nobody in these records");
    assert_string_equal("", fixture->said.out);
    run(fixture, 1, "replay %s --step --group nobody -o json");
    char line[64];
    (void)snprintf(line, sizeof line, "replay %%s --step --group web --from %" PRIu64,
                   head(fixture));
    run(fixture, 0, line);
    says(fixture->said.out, "0 decisions shown, 0 different\n");
    run(fixture, 0, "replay %s --step --group web --from 30 -o csv");
    says(fixture->said.out, "seq,event_seq,time_ms,time_at,group,cause,kind,");
    run(fixture, 0, "replay %s --step -o json");
    says(fixture->said.out, "\"kind\":\t\"scale-out\"");
    assert_null(strstr(fixture->said.out, "\"is_identical\":\tfalse"));
}

static void test_replay_step_shows_a_decision_that_differs_beside_the_log(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    append(world, "decision", "web", "wants 7", NULL, 0); /* its writer made it up */
    run(fixture, 5, "replay %s --step");
    says(fixture->said.out, "DIFFERENT: the log says\n");
    says(fixture->said.out, "  wants 7\n");
    says(fixture->said.out, " 1 different\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_replay_at_shows_the_world_as_it_was),
        TEST(test_replay_at_says_where_the_log_ends),
        TEST(test_replay_at_starts_at_the_snapshot_before),
        TEST(test_replay_step_goes_decision_by_decision),
        TEST(test_replay_step_shows_a_decision_that_differs_beside_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
