/* test_activity_index - activities by group, id, time and status, page by page; what is
 * written is seen whole, and a file that is no good is made anew. */
#include "lib/check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/activity_index.h"
#include "store/sqlite_db.h"

static struct {
    char folder[64];
    char path[128];
    struct asg_activity_index *index;
    struct asg_activity_reader *reader;
    struct asg_arena arena;
    struct asg_indexed_activity *rows;
    size_t count;
    bool has_more;
    struct asg_error error;
    uint64_t seq;
} t;

static void open_index(void)
{
    assert_status(ASG_OK, asg_activity_index_open(t.path, &t.index, &t.error));
}

static int begin(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    (void)snprintf(t.folder, sizeof t.folder, "/tmp/asg-activities-XXXXXX");
    if (mkdtemp(t.folder) == NULL) return 1;
    (void)snprintf(t.path, sizeof t.path, "%s/activities.db", t.folder);
    open_index();
    return 0;
}

static int end(void **state)
{
    (void)state;
    asg_activity_reader_close(&t.reader);
    asg_activity_index_close(&t.index);
    asg_arena_clear(&t.arena);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[160];
        (void)snprintf(path, sizeof path, "%s%s", t.path, ends[i]);
        (void)unlink(path);
    }
    return rmdir(t.folder);
}

static struct asg_activity an_activity(uint32_t group_no, uint64_t no, int64_t start_ms)
{
    static char names[8][8];
    static char uuids[8][8];
    (void)snprintf(names[group_no], 8, "web-%u", group_no);
    (void)snprintf(uuids[group_no], 8, "uuid-%u", group_no);
    return (struct asg_activity){.group_no = group_no,
                                 .no = no,
                                 .group = names[group_no],
                                 .group_uuid = uuids[group_no],
                                 .kind = ASG_ACT_LAUNCH,
                                 .status = ASG_ACTIVITY_PRE_IN_SERVICE,
                                 .instance_id = "",
                                 .progress = 30,
                                 .start_ms = start_ms,
                                 .cause = "At 2026-01-02T03:04:05Z it was so.",
                                 .message = "",
                                 .subnet_id = "subnet-1",
                                 .zone = "us-east-1a"};
}

static void put_rows(const struct asg_activity *rows, size_t count)
{
    assert_status(ASG_OK, asg_activity_index_begin(t.index, &t.error));
    for (size_t i = 0; i < count; i++) {
        assert_status(ASG_OK, asg_activity_index_put(t.index, &rows[i], &t.error));
    }
    struct asg_activity_mark mark = {.seq = ++t.seq, .chain_hash = {7}};
    assert_status(ASG_OK, asg_activity_index_end(t.index, &mark, &t.error));
}

static void put_row(struct asg_activity row)
{
    put_rows(&row, 1);
}

static void find(struct asg_activity_query query)
{
    if (query.limit == 0) query.limit = 100;
    if (t.reader == NULL) {
        assert_status(ASG_OK, asg_activity_reader_open(t.path, &t.reader, &t.error));
    }
    asg_arena_reset(&t.arena);
    assert_status(ASG_OK, asg_activity_reader_find(t.reader, &query, &t.arena, &t.rows,
                                                   &t.count, &t.has_more, &t.error));
}

/* "1/3 1/2": groups and numbers of what was found, in order. */
static void expect(const char *wanted)
{
    char text[512] = "";
    for (size_t i = 0; i < t.count; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%s%u/%u", i > 0 ? " " : "",
                       t.rows[i].activity.group_no, (unsigned)t.rows[i].activity.no);
    }
    assert_string_equal(wanted, text);
}

static void test_ids_follow_from_uuid_and_number(void **state)
{
    (void)state;
    struct asg_activity one = an_activity(1, 1, 1000);
    one.group_uuid = "2b6f0cc9-04d1-4c5a-9ab1-7f3b3a1d2a10";
    char id[ASG_UUID_SIZE];
    asg_activity_id(&one, id);
    /* For ever: ids stand in people's notes. */
    assert_string_equal("40de5f89-2957-83eb-8774-160a48e02758", id);
    char again[ASG_UUID_SIZE];
    struct asg_activity same = an_activity(2, 1, 9000);
    same.group_uuid = one.group_uuid;
    asg_activity_id(&same, again);
    assert_string_equal(id, again);
    one.no = 2;
    asg_activity_id(&one, again);
    assert_string_not_equal(id, again);
    struct asg_activity without = an_activity(1, 1, 1000);
    without.group_uuid = "";
    asg_activity_id(&without, id);
    without.group_no = 2; /* of the same name, later */
    asg_activity_id(&without, again);
    assert_string_not_equal(id, again);
}

static void test_the_newest_come_first(void **state)
{
    (void)state;
    put_row(an_activity(1, 1, 1000));
    put_row(an_activity(2, 1, 3000));
    put_row(an_activity(1, 2, 3000));
    put_row(an_activity(1, 3, 2000));
    find((struct asg_activity_query){0});
    expect("2/1 1/2 1/3 1/1");
    assert_false(t.has_more);
    find((struct asg_activity_query){.group = "web-1"});
    expect("1/2 1/3 1/1");
    find((struct asg_activity_query){.group = "nobody"});
    expect("");
    find((struct asg_activity_query){.from_ms = 2000, .to_ms = 2999});
    expect("1/3");
}

static void test_what_is_known_is_replaced(void **state)
{
    (void)state;
    put_row(an_activity(1, 1, 1000));
    struct asg_activity done = an_activity(1, 1, 1000);
    done.status = ASG_ACTIVITY_SUCCESSFUL;
    done.progress = 100;
    done.end_ms = 2500;
    done.instance_id = "i-0123";
    done.message = "m";
    put_row(done);
    find((struct asg_activity_query){0});
    expect("1/1");
    const struct asg_activity *row = &t.rows[0].activity;
    assert_int_equal(ASG_ACTIVITY_SUCCESSFUL, row->status);
    assert_int_equal(100, row->progress);
    assert_int_equal(2500, row->end_ms);
    assert_string_equal("i-0123", row->instance_id);
    assert_string_equal("m", row->message);
    assert_string_equal("web-1", row->group);
    assert_string_equal("uuid-1", row->group_uuid);
    assert_string_equal("us-east-1a", row->zone);
    char id[ASG_UUID_SIZE];
    asg_activity_id(row, id);
    assert_string_equal(id, t.rows[0].id);
    find((struct asg_activity_query){.statuses = UINT64_C(1) << ASG_ACTIVITY_FAILED});
    expect("");
    find((struct asg_activity_query){.statuses = UINT64_C(1) << ASG_ACTIVITY_FAILED |
                                                 UINT64_C(1) << ASG_ACTIVITY_SUCCESSFUL});
    expect("1/1");
}

static void test_pages_go_on_behind_the_last_one(void **state)
{
    (void)state;
    struct asg_activity rows[20];
    for (uint64_t i = 0; i < 20; i++) {
        rows[i] = an_activity((uint32_t)(1 + i % 2), 1 + i / 2, 1000 + (int64_t)(i / 4));
    }
    put_rows(rows, 20);
    const char *groups[] = {NULL, "web-1"};
    for (size_t g = 0; g < 2; g++) {
        struct asg_activity_query query = {.group = groups[g], .limit = 3};
        size_t seen = 0;
        do {
            find(query);
            for (size_t i = 0; i < t.count; i++) {
                const struct asg_activity *row = &t.rows[i].activity;
                assert_true(query.after_no == 0 || row->start_ms <= query.after_start_ms);
                query.after_start_ms = row->start_ms;
                query.after_group_no = row->group_no;
                query.after_no = row->no;
                seen++;
            }
            /* Newer ones that come meanwhile belong to no later page. */
            put_row(an_activity(1, 100 + seen, 5000 + (int64_t)seen));
        } while (t.has_more);
        assert_int_equal(g == 0 ? 20 : 10 + 7, seen);
        if (g == 0) assert_int_equal(7, t.seq - 1); /* pages there were */
    }
}

static void test_ids_are_found_whatever_became_of_their_group(void **state)
{
    (void)state;
    put_row(an_activity(1, 1, 1000));
    put_row(an_activity(1, 2, 2000));
    put_row(an_activity(2, 1, 1500));
    char ids[3][ASG_UUID_SIZE];
    struct asg_activity one = an_activity(1, 1, 0);
    asg_activity_id(&one, ids[0]);
    one = an_activity(2, 1, 0);
    asg_activity_id(&one, ids[1]);
    (void)snprintf(ids[2], sizeof ids[2], "00000000-0000-0000-0000-000000000000");
    const char *items[] = {ids[0], ids[1], ids[2], ids[0]};
    find((struct asg_activity_query){.ids = {items, 4}});
    expect("2/1 1/1");
    find((struct asg_activity_query){.ids = {items, 4}, .limit = 1});
    expect("2/1");
    assert_true(t.has_more);
    find((struct asg_activity_query){.ids = {items, 4}, .group = "web-1"});
    expect("1/1");
}

static void end_group(uint32_t group_no)
{
    assert_status(ASG_OK, asg_activity_index_begin(t.index, &t.error));
    assert_status(ASG_OK, asg_activity_index_end_group(t.index, group_no, &t.error));
    struct asg_activity_mark mark = {.seq = ++t.seq};
    assert_status(ASG_OK, asg_activity_index_end(t.index, &mark, &t.error));
}

static void test_deleted_groups_are_shown_when_asked_for(void **state)
{
    (void)state;
    put_row(an_activity(1, 1, 1000));
    put_row(an_activity(2, 1, 2000));
    struct asg_activity again = an_activity(3, 1, 3000);
    again.group = "web-1"; /* the name once more */
    put_row(again);
    end_group(1);
    find((struct asg_activity_query){0});
    expect("3/1 2/1");
    find((struct asg_activity_query){.group = "web-1"});
    expect("3/1");
    find((struct asg_activity_query){.group = "web-1", .with_deleted = true});
    expect("3/1 1/1");
    assert_false(t.rows[0].is_deleted);
    assert_true(t.rows[1].is_deleted);
}

static void test_what_is_old_and_over_goes_piece_by_piece(void **state)
{
    (void)state;
    struct asg_activity rows[10];
    for (uint64_t i = 0; i < 10; i++) {
        rows[i] = an_activity(1, i + 1, 1000 + (int64_t)i);
        rows[i].end_ms = i == 0 ? 0 : 2000; /* the first is still open */
    }
    put_rows(rows, 10);
    uint32_t removed = 0;
    assert_status(ASG_OK, asg_activity_index_prune(t.index, 1006, 3, &removed, &t.error));
    assert_int_equal(3, removed);
    assert_status(ASG_OK, asg_activity_index_prune(t.index, 1006, 3, &removed, &t.error));
    assert_int_equal(2, removed);
    find((struct asg_activity_query){0});
    expect("1/10 1/9 1/8 1/7 1/1");
}

static int64_t count_groups(void)
{
    sqlite3 *db = NULL;
    int64_t count = -1;
    assert_int_equal(SQLITE_OK, sqlite3_open(t.path, &db));
    assert_status(
        ASG_OK, asg_sqlite_integer(db, "SELECT count(*) FROM groups", &count, &t.error));
    (void)sqlite3_close(db);
    return count;
}

static void test_a_deleted_group_goes_with_its_last_activity(void **state)
{
    (void)state;
    for (uint32_t group_no = 1; group_no <= 4; group_no++) {
        struct asg_activity row = an_activity(group_no, 1, 1000 * group_no);
        row.end_ms = row.start_ms;
        put_row(row);
    }
    end_group(1);
    end_group(2);
    uint32_t removed = 0;
    assert_status(ASG_OK, asg_activity_index_prune(t.index, 1001, 9, &removed, &t.error));
    assert_int_equal(1, removed);
    assert_int_equal(3, count_groups()); /* the second has one left */
    assert_status(ASG_OK, asg_activity_index_prune(t.index, 3001, 9, &removed, &t.error));
    assert_int_equal(2, removed);
    assert_int_equal(2, count_groups()); /* the third is there, with none */
    end_group(3);
    assert_int_equal(1, count_groups());
    put_row(an_activity(4, 2, 5000));
    find((struct asg_activity_query){0});
    expect("4/2 4/1");
}

static void test_a_transaction_that_is_undone_leaves_nothing(void **state)
{
    (void)state;
    put_row(an_activity(1, 1, 1000));
    assert_status(ASG_OK, asg_activity_index_begin(t.index, &t.error));
    struct asg_activity row = an_activity(1, 2, 2000);
    assert_status(ASG_OK, asg_activity_index_put(t.index, &row, &t.error));
    find((struct asg_activity_query){0}); /* readers see whole transactions */
    expect("1/1");
    asg_activity_index_undo(t.index);
    assert_int_equal(1, asg_activity_index_mark(t.index).seq);
    put_row(an_activity(1, 3, 3000));
    find((struct asg_activity_query){0});
    expect("1/3 1/1");
}

static void test_it_remembers_how_far_it_goes(void **state)
{
    (void)state;
    t.seq = 41;
    put_row(an_activity(1, 1, 1000));
    asg_activity_index_close(&t.index);
    open_index();
    struct asg_activity_mark mark = asg_activity_index_mark(t.index);
    assert_int_equal(42, mark.seq);
    assert_int_equal(7, mark.chain_hash[0]);
    struct stat info;
    assert_int_equal(0, stat(t.path, &info));
    assert_int_equal(0600, info.st_mode & 0777);
    assert_status(ASG_OK, asg_activity_index_empty(t.index, &t.error));
    assert_int_equal(0, asg_activity_index_mark(t.index).seq);
    find((struct asg_activity_query){.with_deleted = true});
    expect("");
}

static void test_a_damaged_file_is_made_anew(void **state)
{
    (void)state;
    put_row(an_activity(1, 1, 1000));
    asg_activity_index_close(&t.index);
    FILE *file = fopen(t.path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 5000; i++) {
        (void)fputs("no database", file);
    }
    (void)fclose(file);
    open_index();
    assert_int_equal(0, asg_activity_index_mark(t.index).seq);
    put_row(an_activity(1, 2, 2000));
    find((struct asg_activity_query){0});
    expect("1/2");
}

static void test_without_a_file_there_is_nothing_to_read(void **state)
{
    (void)state;
    struct asg_activity_reader *reader = NULL;
    assert_status(
        ASG_ERR_NOT_FOUND,
        asg_activity_reader_open("/tmp/no-such-folder/activities.db", &reader, &t.error));
    assert_null(reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_ids_follow_from_uuid_and_number),
        TEST(test_the_newest_come_first),
        TEST(test_what_is_known_is_replaced),
        TEST(test_pages_go_on_behind_the_last_one),
        TEST(test_ids_are_found_whatever_became_of_their_group),
        TEST(test_deleted_groups_are_shown_when_asked_for),
        TEST(test_what_is_old_and_over_goes_piece_by_piece),
        TEST(test_a_deleted_group_goes_with_its_last_activity),
        TEST(test_a_transaction_that_is_undone_leaves_nothing),
        TEST(test_it_remembers_how_far_it_goes),
        TEST(test_a_damaged_file_is_made_anew),
        TEST(test_without_a_file_there_is_nothing_to_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
