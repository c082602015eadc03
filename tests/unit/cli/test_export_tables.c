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
           "SELECT who, how, event, ended IS NOT NULL, why LIKE '%i-00000000000000001 "
           "goes%' FROM terminations WHERE instance_id = 'i-00000000000000001'",
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
    uint64_t count = 0;
    struct asg_error error = {0};
    assert_status(ASG_OK, asg_log_prune(world->log, &retention, &count, &error));
    export(fixture, 0);
    assert_non_null(strstr(fixture->said.err, "their payloads are pruned"));
    expect(fixture, "SELECT command, actor FROM events", "halt|test\n");
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
        TEST(test_export_has_the_columns_that_the_manual_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
