/* Pages of decisions, with the kind and numbers that stand in the effects before them. */
#include "lib/check.h"

#include "controller/parts.h"
#include "model/schemas.h"
#include "store/log_memory.h"
#include "wire/wire.h"

#define NOW INT64_C(1795442400000)

struct fixture {
    struct asg_log *log;
    struct asg_arena arena;
    struct asg_error error;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    const struct asg_log_options options = {.cluster_id = "tests"};
    asg_log_open_memory(&options, &f->log);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    asg_log_close(&f->log);
    asg_arena_clear(&f->arena);
    test_free(f);
    return 0;
}

static void append(struct fixture *f, const struct asg_record *records, size_t count)
{
    assert_status(ASG_OK, asg_log_append(f->log, records, count, NULL, &f->error));
}

/* An event that decided to scale `group` out and to launch for it. */
static void decide_twice(struct fixture *f, const char *group, int64_t from)
{
    struct asg_decision decisions[] = {
        {.kind = ASG_DECISION_SCALE_OUT,
         .group = group,
         .policy = "cpu50",
         .instance_id = "",
         .from = from,
         .to = from + 1,
         .text = "cpu is high"},
        {.kind = ASG_DECISION_LAUNCH,
         .group = group,
         .policy = "",
         .instance_id = "",
         .job_id = 7,
         .text = "plan launch x1"},
    };
    struct asg_effects effects = {.decisions = decisions, .decision_count = 2};
    struct asg_bytes payload = {0};
    asg_wire_encode(&asg_effects_schema, &effects, &payload);
    const struct asg_record records[] = {
        {.kind = "metrics", .subject = "", .note = "", .time_ms = NOW},
        {.kind = "effects",
         .subject = "",
         .note = "",
         .time_ms = NOW,
         .payload = payload.data,
         .payload_length = payload.length},
        {.kind = "decision", .subject = group, .note = decisions[0].text, .time_ms = NOW},
        {.kind = "decision", .subject = group, .note = decisions[1].text, .time_ms = NOW},
        {.kind = "metrics", .subject = "", .note = "", .time_ms = NOW},
    };
    append(f, records, sizeof records / sizeof records[0]);
    asg_bytes_clear(&payload);
}

static struct asg_answer ask(struct fixture *f, struct asg_request request)
{
    struct asg_answer answer = {0};
    if (request.group == NULL) request.group = "";
    assert_status(ASG_OK,
                  asg_view_decisions(f->log, &request, &f->arena, &answer, &f->error));
    return answer;
}

static void test_kind_and_numbers_come_with_the_words(void **state)
{
    struct fixture *f = *state;
    decide_twice(f, "api", 3);
    decide_twice(f, "web", 5);
    struct asg_answer answer = ask(f, (struct asg_request){.group = "web"});
    assert_int_equal(2, answer.decision_count);
    const struct asg_decision_view *scaled = &answer.decisions[0];
    assert_string_equal("scale-out", scaled->kind);
    assert_string_equal("cpu is high", scaled->text);
    assert_string_equal("cpu50", scaled->policy);
    assert_int_equal(5, scaled->from);
    assert_int_equal(6, scaled->to);
    assert_string_equal("launch", answer.decisions[1].kind);
    assert_int_equal(7, answer.decisions[1].job_id);
    assert_false(answer.has_more);
    assert_int_equal(11, answer.next_seq);
    assert_int_equal(0, ask(f, (struct asg_request){.from_seq = 11}).decision_count);
}

static void test_a_decision_without_its_effects_keeps_its_words(void **state)
{
    struct fixture *f = *state;
    const struct asg_record record = {
        .kind = "decision", .subject = "web", .note = "said", .time_ms = NOW};
    append(f, &record, 1); /* none before it */
    const struct asg_record undecodable[] = {{.kind = "effects",
                                              .subject = "",
                                              .note = "",
                                              .time_ms = NOW,
                                              .payload = "?",
                                              .payload_length = 1},
                                             record};
    append(f, undecodable, 2);
    struct asg_answer answer = ask(f, (struct asg_request){.group = "web"});
    assert_int_equal(2, answer.decision_count);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal("said", answer.decisions[i].text);
        assert_string_equal("", answer.decisions[i].kind);
    }
}

static void test_pages_forward_and_backward_meet_every_decision_once(void **state)
{
    struct fixture *f = *state;
    for (int64_t i = 0; i < 750; i++) {
        decide_twice(f, "web", i);
    }
    struct asg_answer first = ask(f, (struct asg_request){.group = "web"});
    assert_int_equal(1000, first.decision_count);
    assert_true(first.has_more);
    struct asg_answer second =
        ask(f, (struct asg_request){.group = "web", .from_seq = first.next_seq});
    assert_int_equal(500, second.decision_count);
    assert_false(second.has_more);
    assert_true(second.decisions[0].seq > first.decisions[999].seq);
    assert_int_equal(749, second.decisions[498].from);

    struct asg_answer newest =
        ask(f, (struct asg_request){.group = "web", .is_newest_first = true, .limit = 3});
    assert_int_equal(3, newest.decision_count);
    assert_true(newest.has_more);
    assert_int_equal(749, newest.decisions[1].from);
    uint64_t last = newest.decisions[2].seq;
    struct asg_answer before = ask(
        f, (struct asg_request){
               .group = "web", .is_newest_first = true, .to_seq = last - 1, .limit = 1});
    assert_int_equal(748, before.decisions[0].from);
    assert_int_equal(last - 1, before.decisions[0].seq);
}

/* A quiet fleet's log: nothing was decided in most of it. */
static void test_a_long_log_is_read_in_pieces(void **state)
{
    struct fixture *f = *state;
    enum { QUIET = 50000, SCANNED = 20000 };
    decide_twice(f, "web", 3);
    struct asg_record *quiet = test_calloc(QUIET, sizeof *quiet);
    for (size_t i = 0; i < QUIET; i++) {
        quiet[i] = (struct asg_record){
            .kind = "metrics", .subject = "", .note = "", .time_ms = NOW};
    }
    append(f, quiet, QUIET);
    test_free(quiet);

    struct asg_request request = {.is_newest_first = true, .limit = 1};
    struct asg_answer answer = ask(f, request);
    assert_int_equal(0, answer.decision_count);
    assert_int_equal(5 + QUIET + 1, answer.next_seq); /* of what is decided from now on */
    for (int pieces = 1; answer.decision_count == 0; pieces++) {
        assert_true(answer.has_more && pieces <= QUIET / SCANNED);
        assert_int_equal(5 + QUIET - pieces * SCANNED, answer.before_seq);
        request.to_seq = answer.before_seq;
        answer = ask(f, request);
    }
    assert_int_equal(4, answer.decisions[0].seq);
    assert_int_equal(3, answer.before_seq);
    request.to_seq = 2; /* and nothing is before */
    assert_false(ask(f, request).has_more);

    answer = ask(f, (struct asg_request){.from_seq = 0});
    assert_int_equal(2, answer.decision_count);
    assert_true(answer.has_more);
    assert_int_equal(SCANNED + 1, answer.next_seq);
    answer = ask(f, (struct asg_request){.from_seq = 5 + QUIET - 10});
    assert_false(answer.has_more);

    answer = ask(f, (struct asg_request){.group = "web", .is_newest_first = true});
    assert_int_equal(2, answer.decision_count); /* by the index, at once */
    assert_false(answer.has_more);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_kind_and_numbers_come_with_the_words),
        TEST(test_a_decision_without_its_effects_keeps_its_words),
        TEST(test_pages_forward_and_backward_meet_every_decision_once),
        TEST(test_a_long_log_is_read_in_pieces),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
