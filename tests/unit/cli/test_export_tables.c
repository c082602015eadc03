/* The log as a database: the three questions of an auditor, answered by its views. */
#include <sqlite3.h>
#include <sys/stat.h>

#include "lib/check.h"
#include "unit/cli/make_log.h"
#include "unit/cli/run_line.h"

struct fixture {
    struct world world;
    struct said said;
    char tables[128];
};

static int set_up(void **state)
{
    struct fixture *fixture = asg_alloc(1, sizeof *fixture);
    begin_world(&fixture->world);
    play_a_day(&fixture->world);
    (void)snprintf(fixture->tables, sizeof fixture->tables, "%s/audit.db",
                   fixture->world.folder);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    clear_said(&fixture->said);
    end_world(&fixture->world);
    free(fixture);
    return 0;
}

static void export(struct fixture *fixture, int code)
{
    char line[512];
    (void)snprintf(line, sizeof line, "log export %s --sqlite %s", fixture->world.path,
                   fixture->tables);
    run_line(&fixture->said, line);
    if (fixture->said.code != code) {
        fail_msg("%s: exit %d\n%s", line, fixture->said.code, fixture->said.err);
    }
}

/* What a query says: rows by line, columns by |. */
static void expect(struct fixture *fixture, const char *sql, const char *expected)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK,
                     sqlite3_open_v2(fixture->tables, &db, SQLITE_OPEN_READONLY, NULL));
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    struct asg_bytes text = {0};
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(statement); c++) {
            const char *cell = (const char *)sqlite3_column_text(statement, c);
            asg_bytes_printf(&text, "%s%s", c > 0 ? "|" : "", cell != NULL ? cell : "-");
        }
        asg_bytes_append_byte(&text, '\n');
    }
    assert_int_equal(SQLITE_OK, sqlite3_finalize(statement));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    assert_string_equal(expected, asg_bytes_text(&text));
    asg_bytes_clear(&text);
}

static void test_export_tells_who_terminated_an_instance_and_why(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    const char *one[] = {"i-00000000000000001"};
    world->now_ms += 1000;
    order(world, (struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                                      .group = "web",
                                      .instance_ids = {one, 1},
                                      .decrement = true});
    export(fixture, 0);
    expect(fixture,
           "SELECT who, how, event, ended IS NOT NULL, why LIKE "
           "'%terminating i-00000000000000001:%' FROM terminations WHERE instance_id = "
           "'i-00000000000000001'",
           "test|terminate|command|1|1\n");
    expect(fixture, "SELECT count(*) FROM terminations", "1\n");
}

static void test_export_tells_every_launch_with_its_cause(void **state)
{
    struct fixture *fixture = *state;
    export(fixture, 0);
    expect(fixture,
           "SELECT who, event, instances, why LIKE 'cpu highest%', instance_ids FROM "
           "launches_of_last_week WHERE event = 'metrics' LIMIT 1",
           "openasg|metrics|1|1|i-00000000000000003\n");
    expect(fixture, "SELECT who, instances, why FROM launches ORDER BY event_seq LIMIT 1",
           "test|2|group created by test: min 2, max 5, desired 2\n");
    struct stat about;
    assert_int_equal(0, stat(fixture->tables, &about));
    assert_int_equal(0600, about.st_mode & 07777);
    export(fixture, 1); /* never over another file */
    assert_non_null(strstr(fixture->said.err, "File exists"));
}

static void test_export_tells_jobs_of_more_than_two_attempts(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    world->now_ms += 1000;
    const char *one[] = {"i-00000000000000001"};
    world->failures = 3;
    order(world, (struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                                      .group = "web",
                                      .instance_ids = {one, 1}});
    for (int i = 0; i < 50 && world->failures > 0; i++) {
        world->now_ms += 30000;
        const struct asg_event event = {.time_ms = world->now_ms, .kind = ASG_EVENT_TICK};
        feed(world, &event);
    }
    world->now_ms += 300000;
    const struct asg_event event = {.time_ms = world->now_ms, .kind = ASG_EVENT_TICK};
    feed(world, &event);
    export(fixture, 0);
    expect(fixture, "SELECT kind, attempts, outcomes FROM jobs_of_many_attempts",
           "launch|4|transient (RequestTimeout), transient (RequestTimeout), transient "
           "(RequestTimeout), ok\n");
}

static void test_export_of_a_log_that_does_not_verify_leaves_no_file(void **state)
{
    struct fixture *fixture = *state;
    asg_log_close(&fixture->world.log);
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->world.path, &db));
    assert_int_equal(SQLITE_OK,
                     sqlite3_exec(db, "UPDATE records SET note = 'x' WHERE seq = 40",
                                  NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    export(fixture, 4);
    assert_non_null(strstr(fixture->said.err, "40"));
    assert_int_equal(-1, access(fixture->tables, F_OK));
}

static void test_export_begins_after_what_is_pruned(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    save_snapshot(world);
    world->now_ms += 1000;
    order(world, (struct asg_command){.kind = ASG_COMMAND_HALT});
    const struct asg_log_retention retention = {
        .kind = "metrics", .older_than_ms = INT64_MAX, .now_ms = world->now_ms};
    struct asg_log_pruned pruned = {0};
    struct asg_error error = {0};
    assert_status(ASG_OK, asg_log_prune(world->log, &retention, &pruned, &error));
    export(fixture, 0);
    assert_non_null(strstr(fixture->said.err, "their payloads are pruned"));
    expect(fixture, "SELECT command, actor FROM events", "halt|test\n");
}

/* Half a minute in which the CPU of every instance of "web" is `milli`. */
static void measure(struct world *world, int64_t milli)
{
    for (int second = 0; second < 30; second++) {
        world->now_ms += 1000;
        struct asg_effects watching = {0};
        asg_core_watching(world->core, &watching.arena, &watching);
        assert_int_equal(1, watching.watch_count);
        struct asg_group_metric metric = {.group_no = watching.watches[0].group_no,
                                          .metric = ASG_METRIC_NAME_CPU,
                                          .revision = watching.watches[0].revision,
                                          .members = 3,
                                          .count = 3,
                                          .sum_milli = 3 * milli,
                                          .min_milli = milli,
                                          .max_milli = milli};
        asg_arena_clear(&watching.arena);
        const struct asg_metrics metrics = {.groups = &metric, .group_count = 1};
        const struct asg_event event = {
            .time_ms = world->now_ms, .kind = ASG_EVENT_METRICS, .metrics = &metrics};
        feed(world, &event);
    }
}

static void put_policy_in(struct world *world)
{
    const struct asg_policy_config policy = {.group = "web",
                                             .name = "in",
                                             .kind = ASG_POLICY_SIMPLE,
                                             .statistic = ASG_STATISTIC_HIGHEST,
                                             .comparison = ASG_COMPARISON_LESS,
                                             .scale_in_permille = 900,
                                             .scale_out_periods = 3,
                                             .stabilisation_ms = 300000,
                                             .has_threshold = true,
                                             .threshold_milli = 20000,
                                             .periods = 1,
                                             .adjustment = -1,
                                             .cooldown_ms = ASG_UNSET,
                                             .warmup_ms = ASG_UNSET};
    order(world, (struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                                      .group = "web",
                                      .name = "in",
                                      .policy_config = &policy});
}

static void put_schedule(struct world *world)
{
    const struct asg_schedule_config schedule = {.group = "web",
                                                 .name = "night",
                                                 .min = 1,
                                                 .max = ASG_UNSET,
                                                 .desired = ASG_UNSET,
                                                 .recurrence = "0 3 * * *",
                                                 .time_zone = "UTC"};
    order(world, (struct asg_command){.kind = ASG_COMMAND_SCHEDULE_PUT,
                                      .group = "web",
                                      .name = "night",
                                      .schedule_config = &schedule});
}

static void tick(struct world *world, int64_t later_ms)
{
    world->now_ms += later_ms;
    const struct asg_event event = {.time_ms = world->now_ms, .kind = ASG_EVENT_TICK};
    feed(world, &event);
}

static void test_export_blames_nobody_for_what_a_policy_decided(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    put_policy_in(world);
    order(world, (struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                                      .group = "web",
                                      .processes = UINT64_C(1) << ASG_PROCESS_TERMINATE});
    measure(world, 5000); /* it wants one less, and must wait */
    put_schedule(world);
    put_policy_in(world);
    order(world, (struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    order(world, (struct asg_command){.kind = ASG_COMMAND_RESUME, .group = "web"});
    order(world, (struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    export(fixture, 0);
    expect(fixture,
           "SELECT t.who, t.how, t.event, t.capacity_decision LIKE 'cpu highest 5 %', "
           "d.kind, d.policy FROM terminations t JOIN causes c ON c.event_seq = "
           "t.event_seq AND c.\"group\" = t.\"group\" JOIN decisions d ON d.seq = "
           "c.decision_seq",
           "openasg|terminate|command|1|scale-in|in\n");
    expect(fixture,
           "SELECT d.text FROM events e JOIN causes c ON c.event_seq = e.seq JOIN "
           "decisions d ON d.seq = c.decision_seq WHERE e.command = 'policy-put' AND "
           "d.kind = 'command'",
           "group created by test: min 2, max 5, desired 2\n");
}

static void test_export_names_who_set_the_capacity(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    order(world, (struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                                      .group = "web",
                                      .desired = 5}); /* as it is */
    const struct asg_group_config group = {.name = "web", .min = 1, .desired = 4};
    order(world, (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                      .group = "web",
                                      .group_config = &group,
                                      .group_fields = UINT64_C(1) << ASG_GROUP_MIN});
    tick(world, 1000);
    order(world, (struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                      .group = "web",
                                      .group_config = &group,
                                      .group_fields = UINT64_C(1) << ASG_GROUP_DESIRED});
    export(fixture, 0);
    expect(fixture,
           "SELECT d.text FROM events e JOIN causes c ON c.event_seq = e.seq JOIN "
           "decisions d ON d.seq = c.decision_seq WHERE e.command IN ('set-desired', "
           "'group-update') AND e.seq > (SELECT min(seq) FROM events WHERE command = "
           "'set-desired')",
           "test set desired from 5 to 5\ntest set desired from 5 to 5\n"
           "group updated by test: min 1, max 5, desired 4 (was 5)\n");
    expect(fixture, "SELECT DISTINCT who, capacity_decision FROM terminations",
           "test|group updated by test: min 1, max 5, desired 4 (was 5)\n");
}

/* EC2 shows an instance that openasg does not know. */
static void see_stranger(struct world *world, const char *id, const char *group,
                         uint64_t job_id)
{
    struct asg_seen_instance seen = {.instance_id = id,
                                     .state = ASG_EC2_PENDING,
                                     .instance_type = "c5.large",
                                     .subnet_id = "",
                                     .zone = "us-east-1b",
                                     .private_ip = "127.0.0.9",
                                     .launched_ms = LOG_START_MS - 600000,
                                     .state_reason = "",
                                     .group = group,
                                     .job_id = job_id,
                                     .attempt = 1,
                                     .client_token = "",
                                     .event_code = ""};
    const struct asg_observed observed = {
        .is_complete = true, .instances = &seen, .instance_count = 1};
    const struct asg_event event = {
        .time_ms = world->now_ms, .kind = ASG_EVENT_OBSERVED, .observed = &observed};
    feed(world, &event);
}

static void test_export_knows_adopted_instances(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    struct asg_belief other;
    assert_true(asg_core_find_instance(world->core, "i-00000000000000001", &other));
    see_stranger(world, "i-0000000000000000a", "web", other.job_id);
    tick(world, 1000);
    export(fixture, 0);
    expect(
        fixture,
        "SELECT i.\"group\", i.instance_type, i.zone, i.launch_job_id = "
        "o.launch_job_id, i.launched FROM instances i, instances o WHERE i.instance_id "
        "= 'i-0000000000000000a' AND o.instance_id = 'i-00000000000000001'",
        "web|c5.large|us-east-1b|1|2026-11-23T14:26:49.000Z\n");
    expect(fixture,
           "SELECT who, why, capacity_decision LIKE 'cpu highest%' FROM terminations",
           "openasg|terminating i-0000000000000000a: no longer wanted before it was in "
           "service|1\n");
}

static void test_export_tells_of_orphans(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    see_stranger(world, "i-0000000000000000b", "gone", 1);
    order(world, (struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    world->now_ms += 16 * 60000;
    see_stranger(world, "i-0000000000000000b", "gone", 1);
    export(fixture, 0);
    expect(fixture,
           "SELECT who, how, event, \"group\", capacity_decision, ended IS NOT NULL, why "
           "LIKE 'orphan i-0000000000000000b: in no group for 15 min; job % "
           "terminates it' "
           "FROM terminations WHERE instance_id = 'i-0000000000000000b'",
           "openasg|terminate|observed||-|1|1\n");
    expect(
        fixture,
        "SELECT instance_type, zone, launch_job_id, launched, in_service FROM instances "
        "WHERE \"group\" = ''",
        "c5.large|us-east-1b|-|2026-11-23T14:26:49.000Z|-\n");
    expect(fixture,
           "SELECT count(*) FROM decisions WHERE instance_id = 'i-0000000000000000b'",
           "1\n");
}

/* The line of docs/audit.md that describes a table or view; NULL when there is none. */
static const char *line_about(const char *page, const char *table)
{
    static char line[1024];
    char name[64];
    (void)snprintf(name, sizeof name, "`%s`", table);
    const char *at = page;
    for (; (at = strstr(at, "\n| `")) != NULL; at++) {
        size_t length = strcspn(at + 1, "\n");
        assert_true(length < sizeof line);
        memcpy(line, at + 1, length);
        line[length] = '\0';
        char *cell_end = strstr(line + 2, " |");
        const char *found = strstr(line, name);
        if (cell_end != NULL && found != NULL && found < cell_end) return line;
    }
    return NULL;
}

static void test_export_has_the_columns_that_the_manual_promises(void **state)
{
    struct fixture *fixture = *state;
    export(fixture, 0);
    FILE *file = fopen(ASG_SOURCE_DIR "/docs/audit.md", "r");
    assert_non_null(file);
    static char page[65536];
    size_t length = fread(page, 1, sizeof page - 1, file);
    page[length] = '\0';
    (void)fclose(file);
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK,
                     sqlite3_open_v2(fixture->tables, &db, SQLITE_OPEN_READONLY, NULL));
    sqlite3_stmt *columns = NULL;
    assert_int_equal(SQLITE_OK,
                     sqlite3_prepare_v2(db,
                                        "SELECT m.name, c.name FROM sqlite_schema m, "
                                        "pragma_table_info(m.name) c WHERE m.type IN "
                                        "('table', 'view')",
                                        -1, &columns, NULL));
    size_t count = 0;
    while (sqlite3_step(columns) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(columns, 0);
        const char *column = (const char *)sqlite3_column_text(columns, 1);
        const char *line = line_about(page, table);
        if (line == NULL) fail_msg("docs/audit.md lacks %s", table);
        if (strstr(line, column) == NULL) {
            fail_msg("docs/audit.md lacks column %s of %s", column, table);
        }
        count++;
    }
    assert_true(count > 70);
    assert_int_equal(SQLITE_OK, sqlite3_finalize(columns));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_export_tells_who_terminated_an_instance_and_why),
        TEST(test_export_tells_every_launch_with_its_cause),
        TEST(test_export_tells_jobs_of_more_than_two_attempts),
        TEST(test_export_of_a_log_that_does_not_verify_leaves_no_file),
        TEST(test_export_begins_after_what_is_pruned),
        TEST(test_export_blames_nobody_for_what_a_policy_decided),
        TEST(test_export_names_who_set_the_capacity),
        TEST(test_export_knows_adopted_instances),
        TEST(test_export_tells_of_orphans),
        TEST(test_export_has_the_columns_that_the_manual_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
