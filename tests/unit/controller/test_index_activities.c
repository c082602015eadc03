/* The index of activities keeps up with the log, whatever it finds at its start. */
#include "lib/check.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "controller/index_activities.h"
#include "lib/wait.h"
#include "model/schemas.h"
#include "wire/wire.h"

#define NOW     INT64_C(1795442400000)
#define WAIT_MS 20000

static struct {
    char folder[64];
    char log_path[128];
    char index_path[128];
    struct asg_log *log;
    struct asg_activity_indexer *indexer;
    struct asg_arena arena;
    struct asg_indexed_activity *rows;
    size_t count;
    struct asg_error error;
} t;

static void open_log(const char *path)
{
    const struct asg_log_options options = {
        .path = path, .cluster_id = "c", .now_ms = NOW};
    assert_status(ASG_OK, asg_log_open_sqlite(&options, &t.log, &t.error));
}

static void start(void)
{
    assert_status(
        ASG_OK, asg_activity_indexer_new(t.log_path, t.index_path, &t.indexer, &t.error));
    asg_activity_indexer_wake(t.indexer, asg_log_head(t.log).seq);
}

static int begin(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    (void)snprintf(t.folder, sizeof t.folder, "/tmp/asg-indexer-XXXXXX");
    if (mkdtemp(t.folder) == NULL) return 1;
    (void)snprintf(t.log_path, sizeof t.log_path, "%s/log.db", t.folder);
    (void)snprintf(t.index_path, sizeof t.index_path, "%s/activities.db", t.folder);
    open_log(t.log_path);
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static int end(void **state)
{
    (void)state;
    asg_activity_indexer_destroy(&t.indexer);
    if (t.log != NULL) asg_log_close(&t.log);
    asg_arena_clear(&t.arena);
    return nftw(t.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* An event's records as the controller writes them. Returns the last one's number. */
static uint64_t append(const struct asg_effects *effects, int64_t time_ms)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes payload = {0};
    asg_wire_encode(&asg_effects_schema, effects, &payload);
    const struct asg_record records[] = {
        {.time_ms = time_ms, .kind = "event", .subject = "", .note = "", .payload = ""},
        {.time_ms = time_ms,
         .kind = "effects",
         .subject = "",
         .note = "",
         .payload = payload.data,
         .payload_length = payload.length}};
    assert_status(ASG_OK, asg_log_append(t.log, records, 2, NULL, &t.error));
    return asg_log_head(t.log).seq;
}

static uint64_t log_activity(uint64_t no, enum asg_activity_status status,
                             int64_t time_ms)
{
    struct asg_activity row = {.group_no = 1,
                               .no = no,
                               .group = "web",
                               .group_uuid = "u",
                               .status = status,
                               .start_ms = time_ms,
                               .end_ms = status == ASG_ACTIVITY_SUCCESSFUL ? time_ms : 0,
                               .instance_id = "",
                               .cause = "c",
                               .message = "",
                               .subnet_id = "",
                               .zone = ""};
    const struct asg_effects effects = {.activities = &row, .activity_count = 1};
    return append(&effects, time_ms);
}

static enum asg_status find(bool with_deleted)
{
    const struct asg_activity_query query = {.with_deleted = with_deleted, .limit = 1000};
    bool has_more = false;
    asg_arena_reset(&t.arena);
    t.count = 0;
    return asg_activity_indexer_find(t.indexer, &query, WAIT_MS, &t.arena, &t.rows,
                                     &t.count, &has_more, &t.error);
}

static void test_what_was_woken_for_is_read(void **state)
{
    (void)state;
    start();
    for (uint64_t no = 1; no <= 20; no++) {
        uint64_t seq = log_activity(no, ASG_ACTIVITY_IN_PROGRESS, NOW + (int64_t)no);
        asg_activity_indexer_wake(t.indexer, seq);
        assert_status(ASG_OK, find(false)); /* one's own writes are there at once */
        assert_int_equal(no, t.count);
        assert_int_equal(no, t.rows[0].activity.no);
    }
    assert_int_equal(20, asg_activity_indexer_counts(t.indexer).activities);
}

static void test_a_missing_index_is_made_from_the_log(void **state)
{
    (void)state;
    for (uint64_t no = 1; no <= 5; no++) {
        (void)log_activity(no, ASG_ACTIVITY_IN_PROGRESS, NOW);
        (void)log_activity(no, ASG_ACTIVITY_SUCCESSFUL, NOW);
    }
    start();
    assert_status(ASG_OK, find(false));
    assert_int_equal(5, t.count);
    assert_int_equal(ASG_ACTIVITY_SUCCESSFUL, t.rows[4].activity.status);
    assert_int_equal(1, asg_activity_indexer_counts(t.indexer).rebuilds);
}

/* The log went on and the process died before the index did. */
static void test_one_that_is_behind_catches_up(void **state)
{
    (void)state;
    (void)log_activity(1, ASG_ACTIVITY_IN_PROGRESS, NOW);
    start();
    assert_status(ASG_OK, find(false));
    asg_activity_indexer_destroy(&t.indexer);
    (void)log_activity(1, ASG_ACTIVITY_SUCCESSFUL, NOW);
    (void)log_activity(2, ASG_ACTIVITY_IN_PROGRESS, NOW + 5);
    start();
    assert_status(ASG_OK, find(false));
    assert_int_equal(2, t.count);
    assert_int_equal(ASG_ACTIVITY_SUCCESSFUL, t.rows[1].activity.status);
    struct asg_indexer_counts counts = asg_activity_indexer_counts(t.indexer);
    assert_int_equal(0, counts.rebuilds);
    assert_int_equal(2, counts.activities); /* what it had is not read again */
}

static void test_that_of_another_log_is_made_anew(void **state)
{
    (void)state;
    for (uint64_t no = 1; no <= 3; no++) {
        (void)log_activity(no, ASG_ACTIVITY_IN_PROGRESS, NOW);
    }
    start();
    assert_status(ASG_OK, find(false));
    asg_activity_indexer_destroy(&t.indexer);
    asg_log_close(&t.log); /* a copy of before is put back, and goes on otherwise */
    (void)snprintf(t.log_path, sizeof t.log_path, "%s/other.db", t.folder);
    open_log(t.log_path);
    for (uint64_t no = 1; no <= 4; no++) {
        (void)log_activity(no, ASG_ACTIVITY_SUCCESSFUL, NOW + 1);
    }
    start();
    assert_status(ASG_OK, find(false));
    assert_int_equal(4, t.count);
    assert_int_equal(ASG_ACTIVITY_SUCCESSFUL, t.rows[0].activity.status);
    assert_int_equal(1, asg_activity_indexer_counts(t.indexer).rebuilds);
}

static void test_a_log_that_is_opened_anew_is_looked_at_again(void **state)
{
    (void)state;
    (void)log_activity(1, ASG_ACTIVITY_IN_PROGRESS, NOW);
    start();
    assert_status(ASG_OK, find(false));
    asg_activity_indexer_reopen(t.indexer);
    asg_activity_indexer_wake(t.indexer, log_activity(2, ASG_ACTIVITY_IN_PROGRESS, NOW));
    assert_status(ASG_OK, find(false));
    assert_int_equal(2, t.count);
}

static void test_six_weeks_are_kept(void **state)
{
    (void)state;
    (void)log_activity(1, ASG_ACTIVITY_SUCCESSFUL, NOW);
    start();
    assert_status(ASG_OK, find(false));
    assert_int_equal(1, t.count);
    int64_t later_ms = NOW + ASG_ACTIVITY_KEPT_MS + 1;
    asg_activity_indexer_wake(t.indexer,
                              log_activity(2, ASG_ACTIVITY_SUCCESSFUL, later_ms));
    assert_status(ASG_OK, find(false));
    assert_int_equal(1, t.count);
    assert_int_equal(2, t.rows[0].activity.no);
    asg_activity_indexer_destroy(&t.indexer); /* and made anew it has the same */
    assert_int_equal(0, remove(t.index_path));
    start();
    assert_status(ASG_OK, find(false));
    assert_int_equal(1, t.count);
}

static void test_a_group_that_goes_takes_its_activities_out_of_sight(void **state)
{
    (void)state;
    (void)log_activity(1, ASG_ACTIVITY_SUCCESSFUL, NOW);
    struct asg_watch watch = {.group_no = 1, .name = ""};
    const struct asg_effects effects = {.watches = &watch, .watch_count = 1};
    (void)append(&effects, NOW);
    start();
    assert_status(ASG_OK, find(false));
    assert_int_equal(0, t.count);
    assert_status(ASG_OK, find(true));
    assert_int_equal(1, t.count);
    assert_true(t.rows[0].is_deleted);
}

/* An empty group ends in a step that begins and ends no activity. */
static void test_the_end_of_a_group_is_news(void **state)
{
    (void)state;
    uint64_t seq = log_activity(1, ASG_ACTIVITY_SUCCESSFUL, NOW);
    start();
    asg_activity_indexer_wake(t.indexer, seq);
    assert_status(ASG_OK, find(false));
    assert_int_equal(1, t.count);
    struct asg_watch watch = {.group_no = 1, .name = "web"};
    const struct asg_effects effects = {.watches = &watch, .watch_count = 1};
    /* It only changed: nobody need wait for a record that is not even there. */
    asg_activity_indexer_tell(t.indexer, seq + 1000, &effects);
    assert_status(ASG_OK, find(false));
    assert_int_equal(1, t.count);
    watch.name = "";
    seq = append(&effects, NOW);
    asg_activity_indexer_tell(t.indexer, seq, &effects);
    assert_status(ASG_OK, find(false));
    assert_int_equal(0, t.count);
}

static void test_many_are_taken_in_several_transactions(void **state)
{
    (void)state;
    struct asg_activity row = {.group_no = 1,
                               .group = "web",
                               .group_uuid = "u",
                               .instance_id = "",
                               .cause = "c",
                               .message = "",
                               .subnet_id = "",
                               .zone = "",
                               .start_ms = NOW};
    static struct asg_record records[5000];
    static struct asg_bytes payloads[5000];
    const struct asg_effects effects = {.activities = &row, .activity_count = 1};
    for (size_t i = 0; i < 5000; i++) {
        row.no = i + 1;
        asg_wire_encode(&asg_effects_schema, &effects, &payloads[i]);
        records[i] = (struct asg_record){.time_ms = NOW,
                                         .kind = "effects",
                                         .subject = "",
                                         .note = "",
                                         .payload = payloads[i].data,
                                         .payload_length = payloads[i].length};
    }
    assert_status(ASG_OK, asg_log_append(t.log, records, 5000, NULL, &t.error));
    for (size_t i = 0; i < 5000; i++) {
        asg_bytes_clear(&payloads[i]);
    }
    start();
    assert_status(ASG_OK, find(false));
    assert_int_equal(1000, t.count);
    assert_int_equal(5000, t.rows[0].activity.no);
    assert_int_equal(5000, asg_activity_indexer_counts(t.indexer).activities);
}

static void test_one_that_cannot_keep_up_says_so(void **state)
{
    (void)state;
    start();
    asg_activity_indexer_wake(t.indexer, 1000); /* there are no so many records */
    const struct asg_activity_query query = {.limit = 1};
    bool has_more = false;
    assert_status(ASG_ERR_TIMEOUT,
                  asg_activity_indexer_find(t.indexer, &query, 1, &t.arena, &t.rows,
                                            &t.count, &has_more, &t.error));
    assert_non_null(strstr(t.error.text, "1000 is wanted"));
    /* After one has waited in vain none waits: this one would for ever. */
    assert_status(ASG_ERR_TIMEOUT,
                  asg_activity_indexer_find(t.indexer, &query, INT32_MAX, &t.arena,
                                            &t.rows, &t.count, &has_more, &t.error));
}

/* Waits for what the index has not; the status that it ends with. */
static void *wait_long(void *context)
{
    enum asg_status *ret = context;
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    const struct asg_activity_query query = {.limit = 1};
    struct asg_indexed_activity *rows = NULL;
    size_t count = 0;
    bool has_more = false;
    *ret = asg_activity_indexer_find(t.indexer, &query, INT32_MAX, &arena, &rows, &count,
                                     &has_more, NULL);
    return NULL;
}

static bool two_wait(void)
{
    return asg_activity_indexer_counts(t.indexer).waiting == 2;
}

static void test_two_wait_and_the_next_but_a_moment(void **state)
{
    (void)state;
    start();
    asg_activity_indexer_wake(t.indexer, asg_log_head(t.log).seq + 2); /* not there yet */
    pthread_t threads[2];
    enum asg_status statuses[2] = {ASG_ERR_IO, ASG_ERR_IO};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, wait_long, &statuses[i]));
    }
    struct wait wait = wait_begin(WAIT_MS);
    while (!two_wait() && !wait_is_over(&wait)) {
        wait_a_moment();
    }
    assert_true(two_wait());
    const struct asg_activity_query query = {.limit = 1};
    bool has_more = false;
    assert_status(ASG_ERR_TIMEOUT,
                  asg_activity_indexer_find(t.indexer, &query, INT32_MAX, &t.arena,
                                            &t.rows, &t.count, &has_more, &t.error));
    assert_true(two_wait());
    asg_activity_indexer_wake(t.indexer, log_activity(1, ASG_ACTIVITY_IN_PROGRESS, NOW));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_status(ASG_OK, statuses[i]);
    }
    assert_int_equal(0, asg_activity_indexer_counts(t.indexer).waiting);
    assert_status(ASG_OK, find(false)); /* and the next may wait again */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_woken_for_is_read),
        TEST(test_a_missing_index_is_made_from_the_log),
        TEST(test_one_that_is_behind_catches_up),
        TEST(test_that_of_another_log_is_made_anew),
        TEST(test_a_log_that_is_opened_anew_is_looked_at_again),
        TEST(test_six_weeks_are_kept),
        TEST(test_a_group_that_goes_takes_its_activities_out_of_sight),
        TEST(test_the_end_of_a_group_is_news),
        TEST(test_many_are_taken_in_several_transactions),
        TEST(test_one_that_cannot_keep_up_says_so),
        TEST(test_two_wait_and_the_next_but_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
