/* Who may speak for an instance, and who fell silent. */
#include "lib/check.h"
#include "lib/seed.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "controller/roster.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define IP    "10.0.0.7"

static const uint8_t secret[32] = {1, 2, 3};

static int set_up(void **state)
{
    struct asg_roster_options options = {.check_address = true,
                                         .silent_reports = 3,
                                         .silent_ms_min = 1000,
                                         .first_report_ms = 30000};
    memcpy(options.join_secret, secret, sizeof secret);
    struct asg_roster *roster = NULL;
    asg_roster_new(&options, &roster);
    *state = roster;
    return 0;
}

static int tear_down(void **state)
{
    struct asg_roster *roster = *state;
    asg_roster_destroy(&roster);
    return 0;
}

static uint32_t add(struct asg_roster *roster, const char *id, uint64_t job_id)
{
    const struct asg_member member = {.group_no = 1,
                                      .instance_id = id,
                                      .private_ip = IP,
                                      .state = ASG_MEMBER_COUNTS,
                                      .job_id = job_id,
                                      .attempt = 1};
    return asg_roster_set(roster, &member, 0);
}

static uint32_t drop(struct asg_roster *roster, const char *id)
{
    const struct asg_member member = {
        .instance_id = id, .private_ip = "", .state = ASG_MEMBER_GONE};
    return asg_roster_set(roster, &member, 0);
}

static enum asg_status join_as(struct asg_roster *roster, const char *id,
                               uint64_t token_job, uint32_t peer, const char *key,
                               const char *address, uint32_t *ret_slot)
{
    char token[ASG_JOIN_TOKEN_SIZE];
    asg_join_token(secret, 0, token_job, 1, token);
    const struct asg_join join = {.instance_id = id,
                                  .token = token,
                                  .job_id = token_job,
                                  .attempt = 1,
                                  .interval_ms = 1000};
    struct asg_error error = {""};
    enum asg_status status =
        asg_roster_join(roster, &join, peer, key, address, 0, ret_slot, &error);
    if (status != ASG_OK) assert_true(strlen(error.text) > 0);
    return status;
}

/* The same job number of a log that is lost: another token. */
static void test_roster_refuses_the_token_of_a_lost_log(void **state)
{
    struct asg_roster *roster = *state;
    const struct asg_member member = {.group_no = 1,
                                      .instance_id = "i-1",
                                      .private_ip = IP,
                                      .state = ASG_MEMBER_COUNTS,
                                      .job_id = 7,
                                      .attempt = 1,
                                      .incarnation = 70};
    (void)asg_roster_set(roster, &member, 0);
    for (uint64_t incarnation = 69; incarnation <= 70; incarnation++) {
        char token[ASG_JOIN_TOKEN_SIZE];
        asg_join_token(secret, incarnation, 7, 1, token);
        const struct asg_join join = {.instance_id = "i-1",
                                      .token = token,
                                      .job_id = 7,
                                      .attempt = 1,
                                      .interval_ms = 1000,
                                      .incarnation = incarnation};
        struct asg_error error = {""};
        uint32_t slot = ASG_SLOT_NONE;
        enum asg_status status =
            asg_roster_join(roster, &join, 1, "key", IP, 0, &slot, &error);
        assert_status(incarnation == 70 ? ASG_OK : ASG_ERR_DENIED, status);
    }
}

static enum asg_report_verdict hear(struct asg_roster *roster, uint32_t slot,
                                    uint64_t boot_id, uint64_t sequence, int64_t now_ms)
{
    const struct asg_report report = {.boot_id = boot_id, .sequence = sequence};
    return asg_roster_hear(roster, slot, &report, now_ms);
}

static void test_roster_binds_the_agent_with_the_token(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = add(roster, "i-0a", 5);
    uint32_t bound = ASG_SLOT_NONE;
    assert_status(ASG_OK, join_as(roster, "i-0a", 5, 70, KEY_A, IP, &bound));
    assert_int_equal(slot, bound);
    assert_int_equal(slot, asg_roster_slot_of(roster, 70));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, 71));
    assert_int_equal(1, asg_roster_bound_count(roster));
}

static void test_roster_refuses_a_token_of_another_job(void **state)
{
    struct asg_roster *roster = *state;
    (void)add(roster, "i-0a", 5);
    uint32_t slot = ASG_SLOT_NONE;
    assert_status(ASG_ERR_DENIED, join_as(roster, "i-0a", 6, 70, KEY_A, IP, &slot));
    const struct asg_join empty = {.instance_id = "i-0a", .token = ""};
    struct asg_error error = {""};
    assert_status(ASG_ERR_DENIED,
                  asg_roster_join(roster, &empty, 70, KEY_A, IP, 0, &slot, &error));
    assert_int_equal(ASG_SLOT_NONE, slot);
    assert_int_equal(0, asg_roster_bound_count(roster));
}

static void test_roster_keeps_the_first_key(void **state)
{
    struct asg_roster *roster = *state;
    (void)add(roster, "i-0a", 5);
    uint32_t slot = ASG_SLOT_NONE;
    assert_status(ASG_OK, join_as(roster, "i-0a", 5, 70, KEY_A, IP, &slot));
    assert_status(ASG_ERR_DENIED, join_as(roster, "i-0a", 5, 71, KEY_B, IP, &slot));
    assert_int_equal(slot, asg_roster_slot_of(roster, 70));
}

static void test_roster_refuses_a_wrong_address(void **state)
{
    struct asg_roster *roster = *state;
    (void)add(roster, "i-0a", 5);
    uint32_t slot = ASG_SLOT_NONE;
    assert_status(ASG_ERR_DENIED,
                  join_as(roster, "i-0a", 5, 70, KEY_A, "10.0.0.8", &slot));
    assert_status(ASG_ERR_DENIED, join_as(roster, "i-0a", 5, 70, KEY_A, "", &slot));
    assert_status(ASG_OK, join_as(roster, "i-0a", 5, 70, KEY_A, IP, &slot));
}

static void test_roster_refuses_an_address_it_cannot_hold(void **state)
{
    struct asg_roster *roster = *state;
    const struct asg_member member = {.group_no = 1,
                                      .instance_id = "i-06",
                                      .private_ip = "fd00:ec2::1234:5678:9abc",
                                      .state = ASG_MEMBER_COUNTS,
                                      .job_id = 5,
                                      .attempt = 1};
    (void)asg_roster_set(roster, &member, 0);
    uint32_t slot = ASG_SLOT_NONE;
    assert_status(ASG_ERR_DENIED, join_as(roster, "i-06", 5, 70, KEY_A, IP, &slot));
}

static void test_roster_refuses_one_connection_for_two_instances(void **state)
{
    struct asg_roster *roster = *state;
    (void)add(roster, "i-0a", 5);
    (void)add(roster, "i-0b", 6);
    uint32_t slot = ASG_SLOT_NONE;
    assert_status(ASG_OK, join_as(roster, "i-0a", 5, 70, KEY_A, IP, &slot));
    assert_status(ASG_ERR_DENIED, join_as(roster, "i-0b", 6, 70, KEY_A, IP, &slot));
}

static void test_roster_says_not_found_to_an_instance_not_known_yet(void **state)
{
    uint32_t slot = ASG_SLOT_NONE;
    assert_status(ASG_ERR_NOT_FOUND, join_as(*state, "i-0a", 5, 70, KEY_A, IP, &slot));
}

static void test_roster_binds_anew_after_a_reconnect(void **state)
{
    struct asg_roster *roster = *state;
    (void)add(roster, "i-0a", 5);
    uint32_t slot = ASG_SLOT_NONE;
    assert_status(ASG_OK, join_as(roster, "i-0a", 5, 70, KEY_A, IP, &slot));
    assert_status(ASG_OK, join_as(roster, "i-0a", 5, 90, KEY_A, IP, &slot));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, 70));
    assert_int_equal(slot, asg_roster_slot_of(roster, 90));
    assert_int_equal(1, asg_roster_bound_count(roster));
}

static void test_roster_drops_a_repeated_sequence(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = add(roster, "i-0a", 5);
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, slot, 1, 1, 0));
    assert_int_equal(ASG_REPORT_COUNTS, hear(roster, slot, 1, 2, 0));
    assert_int_equal(ASG_REPORT_REPEATED, hear(roster, slot, 1, 2, 0));
    assert_int_equal(ASG_REPORT_REPEATED, hear(roster, slot, 1, 1, 0));
    assert_int_equal(ASG_REPORT_COUNTS, hear(roster, slot, 2, 1, 0)); /* it restarted */
}

static void test_roster_finds_who_fell_silent_once(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t a = add(roster, "i-0a", 5);
    uint32_t b = add(roster, "i-0b", 6);
    uint32_t slot = ASG_SLOT_NONE;
    assert_status(ASG_OK, join_as(roster, "i-0a", 5, 70, KEY_A, IP, &slot));
    (void)hear(roster, a, 1, 1, 0);
    assert_int_equal(ASG_SLOT_NONE, asg_roster_find_silent(roster, 0, 2999));
    assert_int_equal(a, asg_roster_find_silent(roster, 0, 3000));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_find_silent(roster, 0, 3001));
    asg_roster_unmark(roster, a); /* core could not be told */
    assert_int_equal(a, asg_roster_find_silent(roster, 0, 3002));
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, a, 1, 2, 3500));
    assert_int_equal(ASG_REPORT_COUNTS, hear(roster, a, 1, 3, 3600));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_find_silent(roster, 0, 6599));
    assert_int_equal(a, asg_roster_find_silent(roster, 0, 6600));
    assert_int_equal(b, asg_roster_find_silent(roster, 0, 30000)); /* never heard */
}

static void test_roster_tells_everything_again_to_a_core_that_was_rebuilt(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t a = add(roster, "i-0a", 5);
    uint32_t b = add(roster, "i-0b", 6);
    uint32_t slot = ASG_SLOT_NONE;
    assert_status(ASG_OK, join_as(roster, "i-0a", 5, 70, KEY_A, IP, &slot));
    assert_status(ASG_OK, join_as(roster, "i-0b", 6, 71, KEY_B, IP, &slot));
    (void)hear(roster, a, 1, 1, 0);
    (void)hear(roster, b, 1, 1, 2000);
    assert_int_equal(a, asg_roster_find_silent(roster, 0, 3000));
    asg_roster_tell_again(roster);
    assert_int_equal(a, asg_roster_find_silent(roster, 0, 3001));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_find_silent(roster, 0, 3001));
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, b, 1, 2, 3002));
    assert_int_equal(ASG_REPORT_COUNTS, hear(roster, b, 1, 3, 3003));
}

#define MANY 1000

/* By looking at each: the first from `from` on that is silent and not marked. */
static uint32_t look_at_all(const struct asg_roster *roster, const bool *is_there,
                            uint32_t from, int64_t now_ms)
{
    for (uint32_t i = from; i < MANY; i++) {
        if (!is_there[i]) continue;
        const struct asg_roster_slot *s = asg_roster_slot(roster, i);
        if (!s->is_silent && now_ms - s->heard_ms >= (s->is_heard ? 1000 : 30000)) {
            return i;
        }
    }
    return ASG_SLOT_NONE;
}

static void test_roster_finds_the_silent_as_if_it_looked_at_all(void **state)
{
    struct asg_roster *roster = *state;
    static bool is_there[MANY];
    static uint64_t sequences[MANY];
    memset(is_there, 0, sizeof is_there);
    memset(sequences, 0, sizeof sequences);
    struct seed seed = seed_new("test_roster");
    char id[24];
    for (uint32_t i = 0; i < MANY; i++) { /* slots in this order */
        (void)snprintf(id, sizeof id, "i-%u", i);
        assert_int_equal(i, add(roster, id, 5));
        is_there[i] = true;
    }
    int64_t now_ms = 0;
    for (int round = 0; round < 3000; round++) {
        now_ms += (int64_t)seed_below(&seed, 200);
        for (uint64_t n = seed_below(&seed, 100); n > 0; n--) {
            uint32_t at = (uint32_t)seed_below(&seed, MANY);
            if (is_there[at]) (void)hear(roster, at, 1, ++sequences[at], now_ms);
        }
        uint32_t at = (uint32_t)seed_below(&seed, MANY);
        uint64_t what = seed_below(&seed, 40);
        if (what == 0) asg_roster_tell_again(roster);
        if (what == 1 && is_there[at]) asg_roster_forget_report(roster, at);
        if (what == 2 && is_there[at]) asg_roster_unmark(roster, at);
        if (what == 3 && is_there[at]) {
            (void)snprintf(id, sizeof id, "%s", asg_roster_slot(roster, at)->id);
            assert_int_equal(at, drop(roster, id));
            is_there[at] = false;
        } else if (what == 4 && !is_there[at]) {
            (void)snprintf(id, sizeof id, "i-%u", at + (uint32_t)round * MANY);
            uint32_t slot = add(roster, id, 5); /* whoever was free */
            is_there[slot] = true;
            sequences[slot] = 0;
        }
        uint32_t from = 0;
        while (from != ASG_SLOT_NONE) {
            uint32_t wanted = look_at_all(roster, is_there, from, now_ms);
            assert_int_equal(wanted, asg_roster_find_silent(roster, from, now_ms));
            from = wanted == ASG_SLOT_NONE || seed_below(&seed, 30) == 0 ? ASG_SLOT_NONE
                                                                         : wanted + 1;
        }
    }
}

static void test_roster_does_not_let_an_interval_hide_a_silence(void **state)
{
    struct asg_roster *roster = *state;
    (void)add(roster, "i-0a", 5);
    char token[ASG_JOIN_TOKEN_SIZE];
    asg_join_token(secret, 0, 5, 1, token);
    const struct asg_join join = {
        .instance_id = "i-0a", .token = token, .interval_ms = UINT32_MAX};
    uint32_t slot = ASG_SLOT_NONE;
    struct asg_error error;
    assert_status(ASG_OK,
                  asg_roster_join(roster, &join, 70, KEY_A, IP, 0, &slot, &error));
    (void)hear(roster, slot, 1, 1, 0);
    assert_int_equal(slot, asg_roster_find_silent(roster, 0, 3 * 600000));
}

static void test_roster_tells_a_forgotten_report_again(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = add(roster, "i-0a", 5);
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, slot, 1, 1, 0));
    asg_roster_forget_report(roster, slot);
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, slot, 1, 2, 0));
}

static void test_roster_uses_a_slot_again_with_nothing_left_over(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = add(roster, "i-0a", 5);
    uint32_t bound = ASG_SLOT_NONE;
    assert_status(ASG_OK, join_as(roster, "i-0a", 5, 70, KEY_A, IP, &bound));
    assert_int_equal(slot, drop(roster, "i-0a"));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, 70));
    assert_int_equal(ASG_SLOT_NONE, drop(roster, "i-0a"));
    assert_int_equal(slot, add(roster, "i-0c", 8));
    assert_status(ASG_OK, join_as(roster, "i-0c", 8, 71, KEY_B, IP, &bound));
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, slot, 1, 1, 0));
}

static void test_roster_refuses_an_id_that_is_too_long(void **state)
{
    assert_int_equal(ASG_SLOT_NONE, add(*state, "i-0123456789abcdef01234", 5));
}

static void test_roster_keeps_thousands_of_peers_apart(void **state)
{
    struct asg_roster *roster = *state;
    enum { COUNT = 5000 };
    char id[20];
    for (uint32_t i = 0; i < COUNT; i++) {
        (void)snprintf(id, sizeof id, "i-%05u", i);
        (void)add(roster, id, i);
        uint32_t slot = ASG_SLOT_NONE;
        /* Peers that collide in the low bits as well as neighbours. */
        uint32_t peer = i % 2 == 0 ? i * 4096 : i;
        assert_status(ASG_OK, join_as(roster, id, i, peer, KEY_A, IP, &slot));
    }
    for (uint32_t i = 0; i < COUNT; i += 3) {
        (void)snprintf(id, sizeof id, "i-%05u", i);
        (void)drop(roster, id);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        (void)snprintf(id, sizeof id, "i-%05u", i);
        uint32_t peer = i % 2 == 0 ? i * 4096 : i;
        uint32_t wanted = i % 3 == 0 ? ASG_SLOT_NONE : asg_roster_find(roster, id);
        assert_int_equal(wanted, asg_roster_slot_of(roster, peer));
    }
    assert_int_equal(COUNT - (COUNT + 2) / 3, asg_roster_bound_count(roster));
}

/* The numbers that ROUTER gives: a count from a random start, its bytes in network order,
 * taken as they lie in memory. */
static void test_roster_finds_a_peer_among_thousands_in_a_few_looks(void **state)
{
    struct asg_roster *roster = *state;
    for (uint32_t i = 0; i < 10000; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "i-%08x", i);
        (void)add(roster, id, i + 1);
        uint32_t slot = 0;
        uint32_t peer = htonl(0x6b8b4567 + i);
        assert_status(ASG_OK, join_as(roster, id, i + 1, peer, KEY_A, IP, &slot));
        assert_int_equal(slot, asg_roster_slot_of(roster, peer));
    }
    assert_in_range(asg_roster_longest_search(roster), 1, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_roster_binds_the_agent_with_the_token),
        TEST(test_roster_refuses_the_token_of_a_lost_log),
        TEST(test_roster_refuses_a_token_of_another_job),
        TEST(test_roster_keeps_the_first_key),
        TEST(test_roster_refuses_a_wrong_address),
        TEST(test_roster_refuses_an_address_it_cannot_hold),
        TEST(test_roster_refuses_one_connection_for_two_instances),
        TEST(test_roster_says_not_found_to_an_instance_not_known_yet),
        TEST(test_roster_binds_anew_after_a_reconnect),
        TEST(test_roster_drops_a_repeated_sequence),
        TEST(test_roster_finds_who_fell_silent_once),
        TEST(test_roster_tells_everything_again_to_a_core_that_was_rebuilt),
        TEST(test_roster_finds_the_silent_as_if_it_looked_at_all),
        TEST(test_roster_does_not_let_an_interval_hide_a_silence),
        TEST(test_roster_tells_a_forgotten_report_again),
        TEST(test_roster_uses_a_slot_again_with_nothing_left_over),
        TEST(test_roster_refuses_an_id_that_is_too_long),
        TEST(test_roster_keeps_thousands_of_peers_apart),
        TEST(test_roster_finds_a_peer_among_thousands_in_a_few_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
