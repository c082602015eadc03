/* The prober on a clock and a gRPC of the test's own: who is probed when, how many at
 * once, and what is told. The real gRPC under it: tests/integration/test_rpc_calls.c. */
#include "controller/probe_agent.h"

#include <stdio.h>

#include "rpc/agent_service.h"
#include "rpc/health.h"
#include "rpc/reach.h"

#include "lib/check.h"

#define PENDING_MAX 64
#define TOLD_MAX    64

/* ---- the fakes: they stand before lib/rpc on the link line ---- */

struct pending {
    char target[64];
    asg_rpc_health_done *done;
    asg_rpc_drain_done *drained;
    uint32_t timeout_ms;
    void *context;
};

static struct pending pending[PENDING_MAX];
static size_t pending_count;
static int64_t now_ms;

struct asg_rpc_client {
    int unused;
};
static struct asg_rpc_client the_client;

enum asg_status asg_rpc_client_new(const struct asg_rpc_client_options *options,
                                   struct asg_rpc_client **ret, struct asg_error *error)
{
    (void)options;
    (void)error;
    *ret = &the_client;
    return ASG_OK;
}

static struct pending take(size_t i)
{
    assert_true(i < pending_count);
    struct pending one = pending[i];
    pending_count--;
    memmove(pending + i, pending + i + 1, (pending_count - i) * sizeof pending[0]);
    return one;
}

static void answer_with(struct pending one, enum asg_rpc_code code, const char *details)
{
    const struct asg_rpc_health_reply reply = {
        .code = code,
        .status = code == ASG_RPC_OK ? ASG_HEALTH_SERVING : ASG_HEALTH_UNKNOWN,
        .details = details};
    one.done(&reply, one.context);
}

static void answer(struct pending one, enum asg_rpc_code code)
{
    answer_with(one, code, code == ASG_RPC_OK ? "" : "nobody");
}

void asg_rpc_client_destroy(struct asg_rpc_client **client)
{
    while (pending_count > 0) {
        struct pending one = take(0);
        if (one.done != NULL)
            answer(one, ASG_RPC_CANCELLED);
        else
            one.drained(ASG_RPC_CANCELLED, "", NULL, one.context);
    }
    *client = NULL;
}

static struct pending *add_pending(const char *target, void *context)
{
    assert_true(pending_count < PENDING_MAX);
    struct pending *one = &pending[pending_count++];
    *one = (struct pending){.context = context};
    (void)snprintf(one->target, sizeof one->target, "%s", target);
    return one;
}

enum asg_status asg_rpc_health_check(struct asg_rpc_client *client, const char *target,
                                     const char *peer, const char *service,
                                     int64_t deadline_ms, asg_rpc_health_done *done,
                                     void *context)
{
    (void)client;
    (void)peer;
    assert_string_equal("", service);
    assert_int_equal(1000, deadline_ms);
    add_pending(target, context)->done = done;
    return ASG_OK;
}

enum asg_status asg_rpc_agent_drain(struct asg_rpc_client *client, const char *target,
                                    const char *peer, const char *reason,
                                    uint32_t timeout_ms, int64_t deadline_ms,
                                    asg_rpc_drain_done *done, void *context)
{
    (void)client;
    (void)peer;
    (void)deadline_ms;
    assert_string_equal("scale in", reason);
    struct pending *one = add_pending(target, context);
    one->drained = done;
    one->timeout_ms = timeout_ms;
    return ASG_OK;
}

static bool is_host_there;

struct asg_rpc_reach asg_rpc_reach_begin(const char *target)
{
    (void)target;
    return (struct asg_rpc_reach){.fd = 1000};
}

/* As the real one: what was not begun has not been answered. */
bool asg_rpc_reach_end(struct asg_rpc_reach *reach)
{
    bool is_begun = reach->fd == 1000;
    reach->fd = -1;
    return is_begun && is_host_there;
}

static int64_t read_us(void *context)
{
    (void)context;
    return now_ms * 1000;
}

static int64_t read_wall(void *context)
{
    (void)context;
    return now_ms;
}

/* ---- what the prober tells ---- */

static char told[TOLD_MAX][128];
static size_t told_count;
static bool is_inbox_full;

static bool tell(void *context, const char *instance_id, enum asg_sign sign,
                 const char *detail)
{
    (void)context;
    if (is_inbox_full) return false;
    assert_true(told_count < TOLD_MAX);
    (void)snprintf(told[told_count++], sizeof told[0], "%s %s %s", instance_id,
                   asg_enum_word(&asg_sign_words, (int)sign), detail);
    return true;
}

static struct asg_prober *prober;

static int start(void **state)
{
    (void)state;
    pending_count = 0;
    told_count = 0;
    is_inbox_full = false;
    is_host_there = true;
    now_ms = 1000000;
    const struct asg_prober_options options = {
        .concurrency = 3,
        .deadline_ms = 1000,
        .suspect_ms = 500,
        .background_ms = 60000,
        .failures = 2,
        .clock = {.wall_ms = read_wall, .monotonic_us = read_us},
        .tell = tell};
    return asg_prober_new(&options, &prober, NULL) == ASG_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    asg_prober_destroy(&prober);
    return 0;
}

static void watch(int count)
{
    for (int i = 0; i < count; i++) {
        char id[16], target[32];
        (void)snprintf(id, sizeof id, "i-%d", i);
        (void)snprintf(target, sizeof target, "10.0.0.%d:7705", i);
        asg_prober_watch(prober, id, target, "");
    }
}

static void turn_at(int64_t at_ms)
{
    now_ms = at_ms;
    (void)asg_prober_turn(prober);
}

/* The only probe under way is of this one; it fails (or not). */
static void expect_probe(const char *target, enum asg_rpc_code code)
{
    assert_int_equal(1, pending_count);
    assert_string_equal(target, pending[0].target);
    answer(take(0), code);
}

static void assert_told(size_t count, const char *text)
{
    assert_int_equal(count, told_count);
    assert_non_null(strstr(told[count - 1], text));
}

/* ---- the tests ---- */

static void test_a_suspect_is_probed_at_once_and_told_after_its_failures(void **state)
{
    (void)state;
    watch(5);
    turn_at(now_ms);
    assert_int_equal(0, pending_count);
    asg_prober_suspect(prober, "i-3", true);
    turn_at(now_ms + 1);
    expect_probe("10.0.0.3:7705", ASG_RPC_UNAVAILABLE);
    assert_int_equal(0, told_count);
    turn_at(now_ms + 499);
    assert_int_equal(0, pending_count);
    turn_at(now_ms + 1);
    expect_probe("10.0.0.3:7705", ASG_RPC_DEADLINE_EXCEEDED);
    assert_told(1, "i-3 probe-failed DEADLINE_EXCEEDED: nobody");
    turn_at(now_ms + 500);
    expect_probe("10.0.0.3:7705", ASG_RPC_OK);
    assert_told(2, "i-3 probe-ok");
}

static void test_a_suspect_whose_host_answers_nothing_is_out_of_reach(void **state)
{
    (void)state;
    watch(1);
    is_host_there = false;
    asg_prober_suspect(prober, "i-0", true);
    turn_at(now_ms + 1);
    expect_probe("10.0.0.0:7705", ASG_RPC_DEADLINE_EXCEEDED);
    turn_at(now_ms + 500);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
    assert_told(1, "i-0 probe-unreachable UNAVAILABLE: nobody");
    /* Its host comes back, its agent does not: one answer is enough for that. */
    is_host_there = true;
    turn_at(now_ms + 500);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
    assert_told(2, "i-0 probe-failed");
    /* It needs more than one answer missed to be out of reach again. */
    is_host_there = false;
    turn_at(now_ms + 60000);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
    assert_int_equal(2, told_count);
    turn_at(now_ms + 60000);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
    assert_told(3, "i-0 probe-unreachable");
}

static void test_an_answer_that_is_no_health_comes_from_a_host(void **state)
{
    (void)state;
    watch(1);
    is_host_there = false;
    asg_prober_suspect(prober, "i-0", true);
    turn_at(now_ms + 1);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNIMPLEMENTED);
    turn_at(now_ms + 500);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNIMPLEMENTED);
    assert_told(1, "i-0 probe-failed UNIMPLEMENTED");
}

static void test_no_more_than_so_many_are_under_way_and_none_starves(void **state)
{
    (void)state;
    watch(9);
    for (int i = 0; i < 9; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "i-%d", i);
        asg_prober_suspect(prober, id, true);
    }
    bool is_probed[9] = {false};
    /* All hang: each probe takes its second, so those asked first are due again before
       the last ones had their turn. */
    for (int round = 0; round < 3; round++) {
        turn_at(now_ms + 20);
        assert_int_equal(3, pending_count);
        assert_int_equal(3, asg_prober_counts(prober).in_flight);
        now_ms += 1000;
        while (pending_count > 0) {
            struct pending one = take(0);
            is_probed[one.target[strlen("10.0.0.")] - '0'] = true;
            answer(one, ASG_RPC_DEADLINE_EXCEEDED);
        }
    }
    for (int i = 0; i < 9; i++)
        assert_true(is_probed[i]);
}

static void test_who_stays_away_is_probed_ever_less_often(void **state)
{
    (void)state;
    watch(1);
    asg_prober_suspect(prober, "i-0", true);
    int64_t began_ms = now_ms;
    int probes = 0;
    while (now_ms < began_ms + 600000) {
        turn_at(now_ms + 20);
        while (pending_count > 0) {
            answer(take(0), ASG_RPC_UNAVAILABLE);
            probes++;
        }
    }
    /* 0, 0.5, 1, 2, 4, ... 64 s, then each minute: not one in half a second (1,200). */
    assert_in_range(probes, 14, 22);
    assert_int_equal(1, told_count);
    /* One that fell silent anew is looked at closely again. */
    asg_prober_suspect(prober, "i-0", false);
    asg_prober_suspect(prober, "i-0", true);
    turn_at(now_ms + 20);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
    turn_at(now_ms + 500);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
}

/* Core forgets a failed probe when the agent reports. What fails after a new silence must
 * be told again, also when no probe has succeeded in between. */
static void test_each_silence_gets_an_answer_of_its_own(void **state)
{
    (void)state;
    watch(1);
    for (size_t silence = 1; silence <= 3; silence++) {
        asg_prober_suspect(prober, "i-0", true);
        turn_at(now_ms + 20);
        expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
        assert_int_equal(silence - 1, told_count);
        turn_at(now_ms + 500);
        expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
        assert_told(silence, "i-0 probe-failed");
        asg_prober_suspect(prober, "i-0", false); /* it reports again */
    }
    asg_prober_suspect(prober, "i-0", true);
    turn_at(now_ms + 20);
    expect_probe("10.0.0.0:7705", ASG_RPC_OK);
    assert_told(4, "i-0 probe-ok");
}

static void test_a_failure_from_before_the_first_report_hides_no_later_one(void **state)
{
    (void)state;
    watch(1);
    /* It boots for longer than the background round waits. */
    while (told_count == 0) {
        turn_at(now_ms + 500);
        while (pending_count > 0)
            answer(take(0), ASG_RPC_UNAVAILABLE);
    }
    assert_told(1, "i-0 probe-failed");
    asg_prober_suspect(prober, "i-0", false); /* its first report */
    asg_prober_suspect(prober, "i-0", true);  /* and its last one */
    for (int i = 0; i < 2; i++) {
        turn_at(now_ms + 500);
        expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
    }
    assert_told(2, "i-0 probe-failed");
}

static void test_everyone_is_probed_once_in_a_round(void **state)
{
    (void)state;
    watch(9);
    int64_t began_ms = now_ms;
    int probed[9] = {0};
    while (now_ms < began_ms + 121000) {
        turn_at(now_ms + 20);
        assert_true(pending_count <= 1); /* spread over the minute, no bursts */
        while (pending_count > 0) {
            struct pending one = take(0);
            probed[one.target[strlen("10.0.0.")] - '0']++;
            answer(one, ASG_RPC_OK);
        }
    }
    /* The first minute is theirs to boot in. */
    for (int i = 0; i < 9; i++)
        assert_in_range(probed[i], 1, 2);
    assert_int_equal(0, told_count);
}

static void test_what_the_inbox_had_no_room_for_is_told_later(void **state)
{
    (void)state;
    watch(1);
    is_inbox_full = true;
    asg_prober_suspect(prober, "i-0", true);
    turn_at(now_ms + 20);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
    turn_at(now_ms + 500);
    expect_probe("10.0.0.0:7705", ASG_RPC_UNAVAILABLE);
    turn_at(now_ms + 20);
    assert_int_equal(0, told_count);
    is_inbox_full = false;
    turn_at(now_ms + 20);
    assert_told(1, "i-0 probe-failed");
}

static void test_an_answer_for_one_that_is_gone_is_dropped(void **state)
{
    (void)state;
    watch(1);
    asg_prober_suspect(prober, "i-0", true);
    turn_at(now_ms + 20);
    struct pending late = take(0);
    asg_prober_forget(prober, "i-0");
    asg_prober_watch(prober, "i-9", "10.0.0.9:7705", "");
    answer(late, ASG_RPC_UNAVAILABLE);
    asg_prober_suspect(prober, "i-9", true);
    turn_at(now_ms + 20);
    expect_probe("10.0.0.9:7705", ASG_RPC_UNAVAILABLE);
    assert_int_equal(0, told_count); /* one failure is its own, not two */
    assert_int_equal(1, asg_prober_counts(prober).targets);
}

static void test_a_drain_is_asked_for_and_its_end_told(void **state)
{
    (void)state;
    watch(2);
    asg_prober_drain(prober, "i-1", 20000);
    assert_int_equal(1, pending_count);
    assert_string_equal("10.0.0.1:7705", pending[0].target);
    assert_int_equal(20000, pending[0].timeout_ms);
    struct pending one = take(0);
    const struct asg_rpc_drain drained = {.is_drained = true, .detail = ""};
    one.drained(ASG_RPC_OK, "", &drained, one.context);
    assert_told(1, "i-1 drained drained");
    asg_prober_drain(prober, "i-0", 20000);
    one = take(0);
    one.drained(ASG_RPC_UNAVAILABLE, "nobody", NULL, one.context);
    assert_told(2, "i-0 drained could not be drained: UNAVAILABLE: nobody");
    asg_prober_drain(prober, "i-unknown", 20000);
    assert_told(3, "i-unknown drained could not be asked to drain");
}

static void drained(const struct asg_rpc_drain *answer)
{
    asg_prober_drain(prober, "i-0", 1000);
    struct pending one = take(0);
    one.drained(ASG_RPC_OK, "", answer, one.context);
}

static void test_what_a_drain_came_to_is_told_in_words(void **state)
{
    (void)state;
    watch(1);
    drained(&(struct asg_rpc_drain){.is_drained = true, .exit_code = -1, .detail = ""});
    assert_told(1, "it has no drain script");
    drained(&(struct asg_rpc_drain){.exit_code = 7, .detail = ""});
    assert_told(2, "its drain script failed with exit code 7");
    drained(
        &(struct asg_rpc_drain){.exit_code = -1, .has_timed_out = true, .detail = ""});
    assert_told(3, "its drain script was stopped at its limit");
    drained(&(struct asg_rpc_drain){.exit_code = -1, .detail = ""});
    assert_told(4, "its drain script could not be run to completion");
}

/* The log takes text only: what is none would keep the sign out, and the instance alive.
 */
static void test_what_a_stranger_says_becomes_plain_text(void **state)
{
    (void)state;
    watch(1);
    asg_prober_suspect(prober, "i-0", true);
    for (int i = 0; i < 2; i++) {
        turn_at(now_ms + 500);
        assert_int_equal(1, pending_count);
        answer_with(take(0), ASG_RPC_INTERNAL, "\xff\xfe\x01 caf\xc3\xa9");
    }
    assert_told(1, "i-0 probe-failed INTERNAL: ??? caf??");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_suspect_is_probed_at_once_and_told_after_its_failures),
        TEST(test_a_suspect_whose_host_answers_nothing_is_out_of_reach),
        TEST(test_an_answer_that_is_no_health_comes_from_a_host),
        TEST(test_no_more_than_so_many_are_under_way_and_none_starves),
        TEST(test_who_stays_away_is_probed_ever_less_often),
        TEST(test_each_silence_gets_an_answer_of_its_own),
        TEST(test_a_failure_from_before_the_first_report_hides_no_later_one),
        TEST(test_everyone_is_probed_once_in_a_round),
        TEST(test_what_the_inbox_had_no_room_for_is_told_later),
        TEST(test_an_answer_for_one_that_is_gone_is_dropped),
        TEST(test_a_drain_is_asked_for_and_its_end_told),
        TEST(test_what_a_drain_came_to_is_told_in_words),
        TEST(test_what_a_stranger_says_becomes_plain_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
