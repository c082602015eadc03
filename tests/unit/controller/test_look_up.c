/* Questions of EC2: asked once for all who want to know, told exactly once each. */
#include "lib/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "controller/kept_answers.h"
#include "controller/look_up.h"

#define WORKERS_MAX 12
#define SENT_MAX    64
#define DEADLINE    INT64_C(3000)

struct sent {
    uint32_t peer;
    uint64_t question_no;
    int64_t time_left_ms;
    char subnet[32];
};

struct fixture {
    struct asg_look_up *look_up;
    uint32_t workers[WORKERS_MAX];
    size_t worker_count;
    struct sent sent[SENT_MAX];
    size_t sent_count;
    enum asg_status answer; /* of send */
    int64_t wait_ms;        /* until EC2 may be called; 0: now */
    bool is_early;          /* workers may come */
    atomic_int wakes;
};

struct listener {
    struct fixture *fixture;
    unsigned told;
    enum asg_told_outcome outcome;
    char code[64];
    char zone[32];
    bool asks_again;
};

static bool choose(void *context, const uint32_t *tried, size_t tried_count,
                   uint32_t *ret_peer)
{
    struct fixture *f = context;
    for (size_t i = 0; i < f->worker_count; i++) {
        bool is_tried = false;
        for (size_t t = 0; t < tried_count; t++) {
            is_tried = is_tried || tried[t] == f->workers[i];
        }
        if (is_tried) continue;
        *ret_peer = f->workers[i];
        return true;
    }
    return false;
}

static bool may_come(void *context)
{
    const struct fixture *f = context;
    return f->is_early;
}

static bool may_call(void *context, enum asg_question_kind kind, int64_t *ret_wait_ms)
{
    (void)kind;
    const struct fixture *f = context;
    *ret_wait_ms = f->wait_ms;
    return f->wait_ms == 0;
}

static enum asg_status send_ask(void *context, uint32_t peer, enum asg_message_type type,
                                const void *object)
{
    struct fixture *f = context;
    assert_int_equal(ASG_MESSAGE_ASK, type);
    if (f->answer != ASG_OK) return f->answer;
    assert_true(f->sent_count < SENT_MAX);
    const struct asg_ask *ask = object;
    struct sent *sent = &f->sent[f->sent_count++];
    *sent = (struct sent){
        .peer = peer, .question_no = ask->question_no, .time_left_ms = ask->time_left_ms};
    if (ask->question->ids.count > 0) {
        (void)snprintf(sent->subnet, sizeof sent->subnet, "%s",
                       ask->question->ids.items[0]);
    }
    return ASG_OK;
}

static void wake(void *context)
{
    struct fixture *f = context;
    atomic_fetch_add(&f->wakes, 1);
}

static void open_with(struct fixture *f, size_t workers, size_t questions_max)
{
    *f = (struct fixture){.worker_count = workers};
    for (size_t i = 0; i < workers; i++) {
        f->workers[i] = (uint32_t)(100 + i);
    }
    const struct asg_look_up_options options = {
        .deadline_ms = DEADLINE,
        .questions_max = questions_max,
        .kept_max = 4,
        .kept_ms = 60000,
        .kept_changing_ms = 1000,
        .ports = {.choose = choose,
                  .may_come = may_come,
                  .may_call = may_call,
                  .send = send_ask,
                  .wake = wake,
                  .context = f},
    };
    asg_look_up_new(&options, &f->look_up);
}

static struct asg_question subnet_question(const char **id)
{
    return (struct asg_question){.kind = ASG_QUESTION_SUBNETS,
                                 .ids = {.items = id, .count = 1}};
}

static void on_told(void *context, const struct asg_told *told)
{
    struct listener *l = context;
    l->told++;
    l->outcome = told->outcome;
    (void)snprintf(l->code, sizeof l->code, "%s", told->code);
    if (told->subnet_count > 0) {
        (void)snprintf(l->zone, sizeof l->zone, "%s", told->subnets[0].zone);
    }
    if (!l->asks_again) return;
    l->asks_again = false;
    const char *id = "subnet-again";
    const struct asg_question question = subnet_question(&id);
    assert_status(ASG_OK,
                  asg_look_up_ask(l->fixture->look_up, "", &question, 0, on_told, l));
}

static void ask_subnet(struct fixture *f, const char *id, int64_t deadline_ms,
                       struct listener *listener)
{
    const struct asg_question question = subnet_question(&id);
    assert_status(ASG_OK, asg_look_up_ask(f->look_up, "", &question, deadline_ms, on_told,
                                          listener));
}

static bool answer_zone(struct fixture *f, uint32_t peer, uint64_t question_no,
                        const char *subnet, const char *zone, int64_t mono_ms)
{
    struct asg_told_subnet row = {.subnet_id = subnet, .zone = zone};
    const struct asg_told told = {.outcome = ASG_TOLD_FOUND,
                                  .code = "",
                                  .message = "",
                                  .subnets = &row,
                                  .subnet_count = 1};
    const struct asg_told_message message = {.question_no = question_no, .told = &told};
    return asg_look_up_take(f->look_up, peer, &message, mono_ms);
}

static bool answer_code(struct fixture *f, uint32_t peer, uint64_t question_no,
                        enum asg_told_outcome outcome, const char *code, int64_t mono_ms)
{
    const struct asg_told told = {
        .outcome = outcome, .code = code, .message = "as EC2 says it"};
    const struct asg_told_message message = {.question_no = question_no, .told = &told};
    return asg_look_up_take(f->look_up, peer, &message, mono_ms);
}

static void test_look_up_asks_a_worker_and_tells_what_it_says(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, 10);
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    assert_int_equal(1, f.wakes);
    assert_int_equal(0, l.told); /* never from within the asking */
    assert_int_equal(1000, asg_look_up_pump(f.look_up, 0)); /* then another is asked */
    assert_int_equal(1, f.sent_count);
    assert_int_equal(DEADLINE, f.sent[0].time_left_ms);
    assert_true(
        answer_zone(&f, 100, f.sent[0].question_no, "subnet-1", "us-east-1a", 50));
    assert_int_equal(1, l.told);
    assert_string_equal("us-east-1a", l.zone);
    assert_int_equal(INT64_MAX, asg_look_up_pump(f.look_up, 60));
    asg_look_up_destroy(&f.look_up);
    assert_int_equal(1, l.told);
}

static void test_look_up_tells_ec2s_refusal_as_it_came(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 2, 10);
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    (void)asg_look_up_pump(f.look_up, 0);
    assert_true(answer_code(&f, 100, f.sent[0].question_no, ASG_TOLD_REFUSED,
                            "InvalidSubnetID.NotFound", 10));
    assert_int_equal(1, l.told);
    assert_int_equal(ASG_TOLD_REFUSED, l.outcome);
    assert_string_equal("InvalidSubnetID.NotFound", l.code);
    /* It may be there now. */
    ask_subnet(&f, "subnet-1", 0, &l);
    (void)asg_look_up_pump(f.look_up, 20);
    assert_int_equal(2, f.sent_count);
    asg_look_up_destroy(&f.look_up);
    assert_int_equal(2, l.told);
}

static void test_look_up_refuses_at_once_without_a_worker(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 0, 10);
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    assert_int_equal(INT64_MAX, asg_look_up_pump(f.look_up, 0));
    assert_int_equal(1, l.told);
    assert_int_equal(ASG_TOLD_UNAVAILABLE, l.outcome);
    assert_string_equal("OpenasgNoWorker", l.code);
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_waits_for_workers_of_a_new_leader(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 0, 10);
    f.is_early = true;
    struct listener l = {0};
    struct listener in_vain = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    ask_subnet(&f, "subnet-2", 100, &in_vain);
    int64_t next_ms = asg_look_up_pump(f.look_up, 0);
    assert_true(next_ms > 0 && next_ms <= 100);
    (void)asg_look_up_pump(f.look_up, 100);
    assert_int_equal(0, l.told);
    assert_int_equal(1, in_vain.told);
    assert_string_equal("OpenasgNoWorker", in_vain.code);
    f.workers[f.worker_count++] = 100;
    (void)asg_look_up_pump(f.look_up, 200);
    assert_int_equal(1, f.sent_count);
    assert_true(answer_zone(&f, 100, f.sent[0].question_no, "subnet-1", "a", 210));
    assert_int_equal(1, l.told);
    /* Later nobody is waited for. */
    f.is_early = false;
    f.worker_count = 0;
    ask_subnet(&f, "subnet-3", 0, &l);
    assert_int_equal(INT64_MAX, asg_look_up_pump(f.look_up, 300));
    assert_int_equal(2, l.told);
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_asks_another_worker_when_one_is_silent(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 2, 10);
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    (void)asg_look_up_pump(f.look_up, 0);
    (void)asg_look_up_pump(f.look_up, 999);
    assert_int_equal(1, f.sent_count);
    (void)asg_look_up_pump(f.look_up, 1000);
    assert_int_equal(2, f.sent_count);
    assert_int_equal(101, f.sent[1].peer);
    assert_int_equal(2000, f.sent[1].time_left_ms);
    assert_true(answer_zone(&f, 101, f.sent[1].question_no, "subnet-1", "a", 1100));
    assert_int_equal(1, l.told);
    /* The first one comes after all: nobody waits for it. */
    assert_false(answer_zone(&f, 100, f.sent[0].question_no, "subnet-1", "b", 1200));
    assert_int_equal(1, l.told);
    assert_string_equal("a", l.zone);
    assert_int_equal(1, asg_look_up_counts(f.look_up).late);
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_asks_another_at_once_when_one_cannot_say(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 2, 10);
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    (void)asg_look_up_pump(f.look_up, 0);
    assert_true(answer_code(&f, 100, f.sent[0].question_no, ASG_TOLD_UNAVAILABLE,
                            "AuthFailure", 10));
    (void)asg_look_up_pump(f.look_up, 10);
    assert_int_equal(2, f.sent_count);
    /* The last one's reason is told when there is no other. */
    assert_true(answer_code(&f, 101, f.sent[1].question_no, ASG_TOLD_UNAVAILABLE,
                            "RequestLimitExceeded", 20));
    assert_int_equal(0, l.told);
    (void)asg_look_up_pump(f.look_up, 20);
    assert_int_equal(1, l.told);
    assert_int_equal(ASG_TOLD_UNAVAILABLE, l.outcome);
    assert_string_equal("RequestLimitExceeded", l.code);
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_goes_on_with_a_worker_that_comes_later(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, 10);
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    (void)asg_look_up_pump(f.look_up, 0);
    (void)asg_look_up_pump(f.look_up, 1000); /* nobody else */
    f.workers[0] = 777;                      /* it comes back on another connection */
    int64_t next_ms = asg_look_up_pump(f.look_up, 1100);
    assert_true(next_ms > 1100 && next_ms < DEADLINE);
    (void)asg_look_up_pump(f.look_up, next_ms);
    assert_int_equal(2, f.sent_count);
    assert_int_equal(777, f.sent[1].peer);
    asg_look_up_destroy(&f.look_up);
    assert_int_equal(1, l.told);
}

static void test_look_up_tells_by_each_ones_deadline(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, 10);
    struct listener soon = {0};
    struct listener late = {0};
    ask_subnet(&f, "subnet-1", 500, &soon);
    ask_subnet(&f, "subnet-1", 2000, &late);
    (void)asg_look_up_pump(f.look_up, 0);
    assert_int_equal(1, f.sent_count); /* equal questions are one */
    (void)asg_look_up_pump(f.look_up, 500);
    assert_int_equal(1, soon.told);
    assert_int_equal(ASG_TOLD_UNAVAILABLE, soon.outcome);
    assert_string_equal("OpenasgNoAnswer", soon.code);
    assert_int_equal(0, late.told);
    /* The other waits on, with the question that came first gone. */
    assert_true(answer_zone(&f, 100, f.sent[0].question_no, "subnet-1", "a", 600));
    assert_int_equal(1, late.told);
    assert_string_equal("a", late.zone);
    struct listener third = {0};
    ask_subnet(&f, "subnet-2", 100, &third);
    (void)asg_look_up_pump(f.look_up, 700);
    (void)asg_look_up_pump(f.look_up, 800);
    assert_int_equal(1, third.told);
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_shares_an_answer_and_keeps_it(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, 10);
    struct listener l[3] = {0};
    for (int i = 0; i < 3; i++) {
        ask_subnet(&f, "subnet-1", 0, &l[i]);
    }
    (void)asg_look_up_pump(f.look_up, 0);
    assert_int_equal(1, f.sent_count);
    assert_true(answer_zone(&f, 100, f.sent[0].question_no, "subnet-1", "a", 5));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(1, l[i].told);
    }
    struct listener again = {0};
    ask_subnet(&f, "subnet-1", 0, &again);
    (void)asg_look_up_pump(f.look_up, 59000);
    assert_int_equal(1, again.told);
    assert_string_equal("a", again.zone);
    assert_int_equal(1, f.sent_count);
    ask_subnet(&f, "subnet-1", 0, &again);
    (void)asg_look_up_pump(f.look_up, 60005);
    assert_int_equal(2, f.sent_count); /* its time is over */
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_believes_only_whom_it_asked_and_what_it_asked(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 2, 10);
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    (void)asg_look_up_pump(f.look_up, 0);
    uint64_t question_no = f.sent[0].question_no;
    assert_false(answer_zone(&f, 101, question_no, "subnet-1", "evil", 10));
    assert_false(answer_zone(&f, 100, question_no + 1, "subnet-1", "evil", 10));
    assert_int_equal(0, l.told);
    /* Rows of another subnet: as one that cannot say. */
    assert_true(answer_zone(&f, 100, question_no, "subnet-9", "evil", 10));
    assert_int_equal(0, l.told);
    /* It has had its say. */
    assert_false(answer_zone(&f, 100, question_no, "subnet-1", "evil", 11));
    (void)asg_look_up_pump(f.look_up, 12);
    assert_int_equal(101, f.sent[1].peer);
    assert_true(answer_zone(&f, 101, question_no, "subnet-1", "good", 13));
    assert_string_equal("good", l.zone);
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_waits_for_the_rate_until_its_deadline(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, 10);
    f.wait_ms = 400;
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 1000, &l);
    assert_int_equal(400, asg_look_up_pump(f.look_up, 0));
    assert_int_equal(0, f.sent_count);
    f.wait_ms = 0;
    (void)asg_look_up_pump(f.look_up, 400);
    assert_int_equal(1, f.sent_count);
    assert_int_equal(600, f.sent[0].time_left_ms);
    f.wait_ms = 400;
    struct listener other = {0};
    ask_subnet(&f, "subnet-2", 300, &other);
    (void)asg_look_up_pump(f.look_up, 400);
    (void)asg_look_up_pump(f.look_up, 700);
    assert_int_equal(1, other.told);
    assert_int_equal(ASG_TOLD_UNAVAILABLE, other.outcome);
    assert_string_equal("OpenasgNoAnswer", other.code);
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_goes_on_when_connections_are_gone_or_full(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, WORKERS_MAX, 10);
    f.answer = ASG_ERR_CLOSED;
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    (void)asg_look_up_pump(f.look_up, 0);
    assert_int_equal(1, l.told); /* all that may be tried are gone */
    assert_int_equal(ASG_TOLD_UNAVAILABLE, l.outcome);
    f.answer = ASG_ERR_BUSY;
    ask_subnet(&f, "subnet-1", 0, &l);
    int64_t next_ms = asg_look_up_pump(f.look_up, 0);
    assert_true(next_ms > 0 && next_ms < 1000);
    f.answer = ASG_OK;
    (void)asg_look_up_pump(f.look_up, next_ms);
    assert_int_equal(1, f.sent_count);
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_is_bounded_and_closes(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, 2);
    struct listener l = {0};
    ask_subnet(&f, "subnet-1", 0, &l);
    ask_subnet(&f, "subnet-2", 0, &l);
    const char *id = "subnet-3";
    struct asg_question question = subnet_question(&id);
    assert_status(ASG_ERR_BUSY,
                  asg_look_up_ask(f.look_up, "", &question, 0, on_told, &l));
    (void)asg_look_up_pump(f.look_up, 0);
    assert_status(ASG_ERR_BUSY,
                  asg_look_up_ask(f.look_up, "", &question, 0, on_told, &l));
    assert_int_equal(2, asg_look_up_counts(f.look_up).waiting);
    asg_look_up_give_up(f.look_up, "the log cannot be written");
    assert_int_equal(2, l.told);
    assert_string_equal("OpenasgNotLeading", l.code);
    assert_int_equal(0, asg_look_up_counts(f.look_up).waiting);
    assert_status(ASG_OK, asg_look_up_ask(f.look_up, "", &question, 0, on_told, &l));
    asg_look_up_close(f.look_up);
    assert_int_equal(3, l.told);
    assert_status(ASG_ERR_CLOSED,
                  asg_look_up_ask(f.look_up, "", &question, 0, on_told, &l));
    asg_look_up_destroy(&f.look_up);
    assert_null(f.look_up);
}

static void test_look_up_gives_nobody_more_than_a_share(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, 8);
    struct listener l = {0};
    const char *ids[] = {"subnet-1", "subnet-2", "subnet-3"};
    struct asg_question question = {0};
    for (size_t i = 0; i < 2; i++) {
        question = subnet_question(&ids[i]);
        assert_status(ASG_OK,
                      asg_look_up_ask(f.look_up, "ann", &question, 0, on_told, &l));
    }
    question = subnet_question(&ids[2]);
    assert_status(ASG_ERR_LIMIT,
                  asg_look_up_ask(f.look_up, "ann", &question, 0, on_told, &l));
    assert_status(ASG_OK, asg_look_up_ask(f.look_up, "ben", &question, 0, on_told, &l));
    assert_int_equal(3, asg_look_up_counts(f.look_up).waiting);
    (void)asg_look_up_pump(f.look_up, 0);
    size_t at = 0;
    while (strcmp(f.sent[at].subnet, "subnet-1") != 0) {
        at++;
    }
    assert_true(answer_zone(&f, 100, f.sent[at].question_no, "subnet-1", "a", 5));
    assert_int_equal(1, l.told); /* so one more may wait */
    assert_status(ASG_OK, asg_look_up_ask(f.look_up, "ann", &question, 0, on_told, &l));
    assert_status(ASG_ERR_LIMIT,
                  asg_look_up_ask(f.look_up, "ann", &question, 0, on_told, &l));
    asg_look_up_destroy(&f.look_up);
    assert_int_equal(4, l.told);
}

static void test_look_up_refuses_what_is_no_question(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, 10);
    const char *ids[ASG_QUESTION_IDS_MAX + 1];
    for (size_t i = 0; i <= ASG_QUESTION_IDS_MAX; i++) {
        ids[i] = "i-1";
    }
    char long_text[ASG_TEXT_MAX + 2]; /* a worker cannot read it */
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    const char *long_id = long_text;
    const struct asg_question bad[] = {
        subnet_question(&long_id),
        {.kind = ASG_QUESTION_TEMPLATE, .template_name = long_text},
        {.kind = ASG_QUESTION_INSTANCES},
        {.kind = ASG_QUESTION_IMAGES},
        {.kind = ASG_QUESTION_TEMPLATE, .template_id = "", .template_name = ""},
        {.kind = ASG_QUESTION_INSTANCES,
         .ids = {.items = ids, .count = ASG_QUESTION_IDS_MAX + 1}},
        {.kind = ASG_QUESTION_COUNT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(ASG_ERR_INVALID,
                      asg_look_up_ask(f.look_up, "", &bad[i], 0, on_told, NULL));
    }
    asg_look_up_destroy(&f.look_up);
}

static void test_look_up_may_be_asked_again_from_what_is_told(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, 10);
    struct listener l = {.fixture = &f, .asks_again = true};
    ask_subnet(&f, "subnet-1", 0, &l);
    (void)asg_look_up_pump(f.look_up, 0);
    assert_true(answer_zone(&f, 100, f.sent[0].question_no, "subnet-1", "a", 5));
    assert_int_equal(1, l.told);
    (void)asg_look_up_pump(f.look_up, 6);
    assert_int_equal(2, f.sent_count);
    assert_string_equal("subnet-again", f.sent[1].subnet);
    assert_true(answer_zone(&f, 100, f.sent[1].question_no, "subnet-again", "b", 7));
    assert_int_equal(2, l.told);
    asg_look_up_destroy(&f.look_up);
}

#define ASKERS 4
#define EACH   500

static void *ask_many(void *context)
{
    struct listener *l = context;
    for (int i = 0; i < EACH; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "subnet-%d", i % 7);
        const char *subnet = id;
        const struct asg_question question = subnet_question(&subnet);
        assert_status(ASG_OK,
                      asg_look_up_ask(l->fixture->look_up, "", &question, 0, on_told, l));
    }
    return NULL;
}

static void test_look_up_tells_everyone_once_from_many_threads(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, 1, ASKERS * EACH);
    struct listener l[ASKERS] = {0};
    pthread_t threads[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        l[i].fixture = &f;
        assert_int_equal(0, pthread_create(&threads[i], NULL, ask_many, &l[i]));
    }
    unsigned told = 0;
    int64_t now_ms = 0;
    size_t answered = 0;
    while (told < ASKERS * EACH) {
        (void)asg_look_up_pump(f.look_up, ++now_ms / 1000);
        for (; answered < f.sent_count; answered++) {
            (void)answer_zone(&f, 100, f.sent[answered].question_no,
                              f.sent[answered].subnet, "a", now_ms / 1000);
        }
        answered = f.sent_count = 0;
        told = 0;
        for (int i = 0; i < ASKERS; i++) {
            told += l[i].told;
        }
    }
    for (int i = 0; i < ASKERS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(EACH, l[i].told);
        assert_int_equal(ASG_TOLD_FOUND, l[i].outcome);
    }
    asg_look_up_destroy(&f.look_up);
}

static void test_kept_answers_are_of_one_question_each(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    const char *one[] = {"subnet-1 8:subnet-2"};
    const char *two[] = {"subnet-1", "subnet-2"};
    const struct asg_question a = {.kind = ASG_QUESTION_SUBNETS,
                                   .ids = {.items = one, .count = 1}};
    const struct asg_question b = {.kind = ASG_QUESTION_SUBNETS,
                                   .ids = {.items = two, .count = 2}};
    const struct asg_question c = {.kind = ASG_QUESTION_IMAGES,
                                   .ids = {.items = two, .count = 2}};
    assert_string_not_equal(asg_question_key(&a, &arena), asg_question_key(&b, &arena));
    assert_string_not_equal(asg_question_key(&b, &arena), asg_question_key(&c, &arena));
    assert_string_equal(asg_question_key(&b, &arena), asg_question_key(&b, &arena));
    asg_arena_clear(&arena);
}

/* How long each kind may be kept, at 60 s and 1 s. */
static void test_kept_answers_know_what_changes(void **state)
{
    (void)state;
    const char *ids[] = {"x-1"};
    const struct asg_texts one = {.items = ids, .count = 1};
    const struct {
        struct asg_question question;
        int64_t kept_ms;
    } rows[] = {
        {{.kind = ASG_QUESTION_SUBNETS, .ids = one}, 60000},
        {{.kind = ASG_QUESTION_SUBNETS}, 1000},
        {{.kind = ASG_QUESTION_ZONES}, 60000},
        {{.kind = ASG_QUESTION_TEMPLATE, .template_version = "3"}, 60000},
        {{.kind = ASG_QUESTION_TEMPLATE, .template_version = "$Latest"}, 1000},
        {{.kind = ASG_QUESTION_TEMPLATE, .template_version = ""}, 1000},
        {{.kind = ASG_QUESTION_IMAGES, .ids = one}, 1000},
        {{.kind = ASG_QUESTION_INSTANCES, .ids = one}, 0},
    };
    const struct asg_told found = {.outcome = ASG_TOLD_FOUND};
    const struct asg_told refused = {.outcome = ASG_TOLD_REFUSED};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asg_kept_answers kept = {.most = 4, .long_ms = 60000, .short_ms = 1000};
        asg_kept_answers_put(&kept, "k", &rows[i].question, &refused, 0);
        assert_null(asg_kept_answers_find(&kept, "k", 0));
        asg_kept_answers_put(&kept, "k", &rows[i].question, &found, 0);
        int64_t last_ms = rows[i].kept_ms - 1;
        assert_int_equal(rows[i].kept_ms > 0,
                         asg_kept_answers_find(&kept, "k", last_ms) != NULL);
        assert_null(asg_kept_answers_find(&kept, "k", rows[i].kept_ms));
        asg_kept_answers_clear(&kept);
    }
}

static void test_kept_answers_make_room_by_the_least_used(void **state)
{
    (void)state;
    struct asg_kept_answers kept = {.most = 2, .long_ms = 60000, .short_ms = 1000};
    const struct asg_question zones = {.kind = ASG_QUESTION_ZONES};
    const struct asg_told found = {.outcome = ASG_TOLD_FOUND};
    asg_kept_answers_put(&kept, "a", &zones, &found, 0);
    asg_kept_answers_put(&kept, "b", &zones, &found, 1);
    assert_non_null(asg_kept_answers_find(&kept, "a", 2));
    asg_kept_answers_put(&kept, "c", &zones, &found, 3);
    assert_int_equal(2, kept.count);
    assert_non_null(asg_kept_answers_find(&kept, "a", 4));
    assert_null(asg_kept_answers_find(&kept, "b", 4));
    assert_non_null(asg_kept_answers_find(&kept, "c", 4));
    asg_kept_answers_clear(&kept);
    assert_int_equal(0, kept.count);
}

static void test_kept_answers_are_many(void **state)
{
    (void)state;
    enum { MOST = 1000, ALL = 5000 };
    struct asg_kept_answers kept = {.most = MOST, .long_ms = 60000, .short_ms = 1000};
    const struct asg_question zones = {.kind = ASG_QUESTION_ZONES};
    const struct asg_told found = {.outcome = ASG_TOLD_FOUND, .code = "", .message = ""};
    char key[16];
    for (int i = 0; i < ALL; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        asg_kept_answers_put(&kept, key, &zones, &found, i);
        assert_non_null(asg_kept_answers_find(&kept, "k0", i)); /* used, so it stays */
    }
    assert_int_equal(MOST, kept.count);
    for (int i = 1; i < ALL; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(i > ALL - MOST, asg_kept_answers_find(&kept, key, ALL) != NULL);
    }
    assert_null(asg_kept_answers_find(&kept, "k0", 60000)); /* its time is over */
    assert_int_equal(MOST - 1, kept.count);
    asg_kept_answers_clear(&kept);
    assert_int_equal(0, kept.count);
    asg_kept_answers_put(&kept, "again", &zones, &found, 0);
    assert_non_null(asg_kept_answers_find(&kept, "again", 0));
    asg_kept_answers_clear(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look_up_asks_a_worker_and_tells_what_it_says),
        cmocka_unit_test(test_look_up_tells_ec2s_refusal_as_it_came),
        cmocka_unit_test(test_look_up_refuses_at_once_without_a_worker),
        cmocka_unit_test(test_look_up_waits_for_workers_of_a_new_leader),
        cmocka_unit_test(test_look_up_asks_another_worker_when_one_is_silent),
        cmocka_unit_test(test_look_up_asks_another_at_once_when_one_cannot_say),
        cmocka_unit_test(test_look_up_goes_on_with_a_worker_that_comes_later),
        cmocka_unit_test(test_look_up_tells_by_each_ones_deadline),
        cmocka_unit_test(test_look_up_shares_an_answer_and_keeps_it),
        cmocka_unit_test(test_look_up_believes_only_whom_it_asked_and_what_it_asked),
        cmocka_unit_test(test_look_up_waits_for_the_rate_until_its_deadline),
        cmocka_unit_test(test_look_up_goes_on_when_connections_are_gone_or_full),
        cmocka_unit_test(test_look_up_is_bounded_and_closes),
        cmocka_unit_test(test_look_up_gives_nobody_more_than_a_share),
        cmocka_unit_test(test_look_up_refuses_what_is_no_question),
        cmocka_unit_test(test_look_up_may_be_asked_again_from_what_is_told),
        cmocka_unit_test(test_look_up_tells_everyone_once_from_many_threads),
        cmocka_unit_test(test_kept_answers_are_of_one_question_each),
        cmocka_unit_test(test_kept_answers_know_what_changes),
        cmocka_unit_test(test_kept_answers_make_room_by_the_least_used),
        cmocka_unit_test(test_kept_answers_are_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
