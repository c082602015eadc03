/* Who may speak for an instance, and who fell silent. */
#include "lib/check.h"
#include "lib/seed.h"

#include <stdio.h>

#include "base/accept_limits.h"
#include "controller/roster.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define IP    "10.0.0.7"

#define TLS_A "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
#define TLS_B "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"

static int set_up(void **state)
{
    const struct asg_roster_options options = {.check_address = true,
                                               .silent_reports = 3,
                                               .silent_ms_min = 1000,
                                               .first_report_ms = 30000};
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

static uint32_t set(struct asg_roster *roster, const char *id, const char *private_ip,
                    const char *key, const char *tls_key)
{
    const struct asg_member member = {.group_no = 1,
                                      .instance_id = id,
                                      .private_ip = private_ip,
                                      .state = ASG_MEMBER_COUNTS,
                                      .job_id = 7,
                                      .attempt = 1,
                                      .curve_key = key,
                                      .tls_key = tls_key};
    return asg_roster_set(roster, &member, 0);
}

/* Not enrolled. */
static uint32_t add(struct asg_roster *roster, const char *id)
{
    return set(roster, id, IP, "", "");
}

static uint32_t drop(struct asg_roster *roster, const char *id)
{
    const struct asg_member member = {.instance_id = id,
                                      .private_ip = "",
                                      .state = ASG_MEMBER_GONE,
                                      .curve_key = "",
                                      .tls_key = ""};
    return asg_roster_set(roster, &member, 0);
}

static enum asg_report_verdict hear_at(struct asg_roster *roster, uint32_t slot,
                                       uint64_t sequence, int64_t time_ms, int64_t now_ms)
{
    const struct asg_report report = {
        .boot_id = 1, .sequence = sequence, .time_ms = time_ms, .interval_ms = 1000};
    bool has_moved = false;
    return asg_roster_hear(roster, slot, &report, now_ms, &has_moved);
}

/* Under way for no time. */
static enum asg_report_verdict hear(struct asg_roster *roster, uint32_t slot,
                                    uint64_t boot_id, uint64_t sequence, int64_t now_ms)
{
    const struct asg_report report = {
        .boot_id = boot_id, .sequence = sequence, .time_ms = now_ms};
    bool has_moved = false;
    return asg_roster_hear(roster, slot, &report, now_ms, &has_moved);
}

static enum asg_standing standing(const struct asg_roster *roster, const char *id,
                                  const char *key, const char *tls_key,
                                  const char *address)
{
    return asg_roster_standing(roster, id, key, tls_key, address);
}

static void test_roster_knows_the_key_of_who_is_enrolled(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = add(roster, "i-0a");
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, KEY_A));
    assert_int_equal(slot, set(roster, "i-0a", IP, KEY_A, TLS_A));
    assert_int_equal(slot, asg_roster_slot_of(roster, KEY_A));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, KEY_B));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, ""));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, NULL));
    assert_int_equal(1, asg_roster_bound_count(roster));
    assert_int_equal(slot, set(roster, "i-0a", IP, KEY_A, TLS_A)); /* told again */
    assert_int_equal(1, asg_roster_bound_count(roster));
}

static void test_roster_forgets_a_key_that_is_bound_no_more(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = set(roster, "i-0a", IP, KEY_A, TLS_A);
    assert_int_equal(slot, set(roster, "i-0a", IP, KEY_B, TLS_B)); /* rebound */
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, KEY_A));
    assert_int_equal(slot, asg_roster_slot_of(roster, KEY_B));
    (void)set(roster, "i-0a", IP, "", "");
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, KEY_B));
    assert_int_equal(0, asg_roster_bound_count(roster));
}

static void test_roster_gives_a_key_to_one_instance(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t a = set(roster, "i-0a", IP, KEY_A, TLS_A);
    (void)set(roster, "i-0b", "10.0.0.8", KEY_A, TLS_A);
    assert_int_equal(a, asg_roster_slot_of(roster, KEY_A));
    assert_int_equal(1, asg_roster_bound_count(roster));
    (void)drop(roster, "i-0b");
    assert_int_equal(a, asg_roster_slot_of(roster, KEY_A));
}

static void test_roster_says_how_an_agent_stands(void **state)
{
    struct asg_roster *roster = *state;
    assert_int_equal(ASG_STANDING_UNKNOWN, standing(roster, "i-0a", KEY_A, TLS_A, IP));
    (void)set(roster, "i-0a", "", "", "");
    assert_int_equal(ASG_STANDING_NO_ADDRESS, standing(roster, "i-0a", KEY_A, TLS_A, IP));
    (void)add(roster, "i-0a");
    assert_int_equal(ASG_STANDING_ELSEWHERE,
                     standing(roster, "i-0a", KEY_A, TLS_A, "10.0.0.8"));
    assert_int_equal(ASG_STANDING_ELSEWHERE, standing(roster, "i-0a", KEY_A, TLS_A, ""));
    assert_int_equal(ASG_STANDING_FREE, standing(roster, "i-0a", KEY_A, TLS_A, IP));
    (void)set(roster, "i-0a", IP, KEY_A, TLS_A);
    assert_int_equal(ASG_STANDING_BOUND, standing(roster, "i-0a", KEY_A, TLS_A, IP));
    /* It may have moved behind another address: its keys are what counts. */
    assert_int_equal(ASG_STANDING_BOUND,
                     standing(roster, "i-0a", KEY_A, TLS_A, "10.0.0.8"));
    assert_int_equal(ASG_STANDING_OTHER_KEYS, standing(roster, "i-0a", KEY_B, TLS_A, IP));
    assert_int_equal(ASG_STANDING_OTHER_KEYS, standing(roster, "i-0a", KEY_A, TLS_B, IP));
    (void)add(roster, "i-0b");
    assert_int_equal(ASG_STANDING_OTHER_KEYS, standing(roster, "i-0b", KEY_A, TLS_B, IP));
    assert_int_equal(ASG_STANDING_FREE, standing(roster, "i-0b", KEY_B, TLS_B, IP));
}

static void test_roster_refuses_an_address_it_cannot_hold(void **state)
{
    struct asg_roster *roster = *state;
    (void)set(roster, "i-06", "fd00:ec2::1234:5678:9abc", "", "");
    assert_int_equal(ASG_STANDING_ELSEWHERE, standing(roster, "i-06", KEY_A, TLS_A, IP));
}

static void test_roster_awaits_nothing_of_who_leaves_and_keeps_its_keys(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = set(roster, "i-0a", IP, KEY_A, TLS_A);
    const struct asg_member leaving = {.group_no = 1,
                                       .instance_id = "i-0a",
                                       .private_ip = IP,
                                       .state = ASG_MEMBER_LEAVING,
                                       .curve_key = KEY_A,
                                       .tls_key = TLS_A};
    (void)asg_roster_set(roster, &leaving, 0);
    assert_int_equal(ASG_SLOT_NONE, asg_roster_find_silent(roster, 0, 100000));
    assert_int_equal(slot, asg_roster_slot_of(roster, KEY_A));
    assert_int_equal(ASG_STANDING_BOUND, standing(roster, "i-0a", KEY_A, TLS_A, IP));
}

/* ---- how old a report is ---- */

static void test_roster_does_not_count_a_report_that_waited(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = set(roster, "i-0a", IP, KEY_A, TLS_A);
    assert_int_equal(ASG_REPORT_FIRST, hear_at(roster, slot, 1, 5000, 10000));
    assert_int_equal(ASG_REPORT_COUNTS, hear_at(roster, slot, 2, 6000, 13000)); /* 2 s */
    assert_int_equal(11000, asg_roster_slot(roster, slot)->heard_ms);
    assert_int_equal(ASG_REPORT_LATE, hear_at(roster, slot, 3, 7000, 14001));
    /* It is a sign of life of the time when it was made. */
    assert_int_equal(12000, asg_roster_slot(roster, slot)->heard_ms);
    assert_int_equal(ASG_REPORT_COUNTS, hear_at(roster, slot, 4, 9100, 14200));
}

static void test_roster_does_not_mind_a_clock_that_is_wrong(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = set(roster, "i-0a", IP, KEY_A, TLS_A);
    int64_t year_ms = INT64_C(365) * 86400 * 1000;
    uint64_t sequence = 0;
    int64_t now_ms = 0;
    assert_int_equal(ASG_REPORT_FIRST,
                     hear_at(roster, slot, ++sequence, now_ms - year_ms, now_ms));
    /* Set forth, set back, and running slow by a tenth for half an hour. */
    static const int64_t steps_ms[] = {0, 86400000, -86400000, 500, -1500, 0};
    for (size_t i = 0; i < sizeof steps_ms / sizeof steps_ms[0]; i++) {
        for (int k = 0; k < 50; k++) {
            now_ms += 1000;
            int64_t clock_ms = now_ms - year_ms + steps_ms[i];
            assert_int_equal(ASG_REPORT_COUNTS,
                             hear_at(roster, slot, ++sequence, clock_ms, now_ms));
        }
    }
    for (int k = 0; k < 1800; k++) {
        now_ms += 1000;
        int64_t clock_ms = now_ms - year_ms - k; /* a thousandth slow */
        assert_int_equal(ASG_REPORT_COUNTS,
                         hear_at(roster, slot, ++sequence, clock_ms, now_ms));
    }
    assert_int_equal(ASG_SLOT_NONE, asg_roster_find_silent(roster, 0, now_ms + 2000));
}

static void test_roster_stands_a_clock_of_any_number(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = set(roster, "i-0a", IP, KEY_A, TLS_A);
    static const int64_t clocks[] = {INT64_MAX, INT64_MIN, 0, INT64_MIN + 1, INT64_MAX};
    assert_int_equal(ASG_REPORT_FIRST, hear_at(roster, slot, 1, 5, 10));
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        (void)hear_at(roster, slot, 2 + i, clocks[i], 10 + (int64_t)i);
        assert_in_range(asg_roster_slot(roster, slot)->heard_ms, 0, 20);
    }
}

static void test_roster_learns_where_an_agent_answers_probes(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = set(roster, "i-0a", IP, KEY_A, TLS_A);
    struct asg_report report = {.boot_id = 1, .sequence = 1, .grpc_port = 7705};
    bool has_moved = false;
    (void)asg_roster_hear(roster, slot, &report, 0, &has_moved);
    assert_true(has_moved);
    assert_int_equal(7705, asg_roster_slot(roster, slot)->grpc_port);
    report.sequence = 2;
    (void)asg_roster_hear(roster, slot, &report, 1, &has_moved);
    assert_false(has_moved);
    report.sequence = 3;
    report.grpc_port = 70000;
    (void)asg_roster_hear(roster, slot, &report, 2, &has_moved);
    assert_false(has_moved);
    assert_int_equal(7705, asg_roster_slot(roster, slot)->grpc_port);
}

static void test_roster_drops_a_repeated_sequence(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = add(roster, "i-0a");
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, slot, 1, 1, 0));
    assert_int_equal(ASG_REPORT_COUNTS, hear(roster, slot, 1, 2, 0));
    assert_int_equal(ASG_REPORT_REPEATED, hear(roster, slot, 1, 2, 0));
    assert_int_equal(ASG_REPORT_REPEATED, hear(roster, slot, 1, 1, 0));
    assert_int_equal(ASG_REPORT_COUNTS, hear(roster, slot, 2, 1, 0)); /* it restarted */
}

static void test_roster_finds_who_fell_silent_once(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t a = set(roster, "i-0a", IP, KEY_A, TLS_A);
    uint32_t b = add(roster, "i-0b");
    asg_roster_describe(roster, a, 7705, 1000);
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
    uint32_t a = set(roster, "i-0a", IP, KEY_A, TLS_A);
    uint32_t b = set(roster, "i-0b", IP, KEY_B, TLS_B);
    asg_roster_describe(roster, a, 7705, 1000);
    asg_roster_describe(roster, b, 7705, 1000);
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
        assert_int_equal(i, add(roster, id));
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
            uint32_t slot = add(roster, id); /* whoever was free */
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
    uint32_t slot = set(roster, "i-0a", IP, KEY_A, TLS_A);
    asg_roster_describe(roster, slot, 0, UINT32_MAX);
    (void)hear(roster, slot, 1, 1, 0);
    assert_int_equal(slot, asg_roster_find_silent(roster, 0, 3 * 600000));
}

static void test_roster_tells_a_forgotten_report_again(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = add(roster, "i-0a");
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, slot, 1, 1, 0));
    asg_roster_forget_report(roster, slot);
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, slot, 1, 2, 0));
}

static void test_roster_uses_a_slot_again_with_nothing_left_over(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = set(roster, "i-0a", IP, KEY_A, TLS_A);
    assert_int_equal(slot, drop(roster, "i-0a"));
    assert_int_equal(ASG_SLOT_NONE, asg_roster_slot_of(roster, KEY_A));
    assert_int_equal(ASG_SLOT_NONE, drop(roster, "i-0a"));
    assert_int_equal(slot, add(roster, "i-0c"));
    assert_false(asg_roster_slot(roster, slot)->is_bound);
    assert_int_equal(ASG_REPORT_FIRST, hear(roster, slot, 1, 1, 0));
}

static void test_roster_refuses_an_id_that_is_too_long(void **state)
{
    assert_int_equal(ASG_SLOT_NONE, add(*state, "i-0123456789abcdef01234"));
}

static void name_key(uint32_t number, char ret[41])
{
    (void)snprintf(ret, 41, "%08x%032u", number, number);
}

static void test_roster_keeps_thousands_of_keys_apart(void **state)
{
    struct asg_roster *roster = *state;
    enum { COUNT = 10000 };
    char id[20];
    char key[41];
    for (uint32_t i = 0; i < COUNT; i++) {
        (void)snprintf(id, sizeof id, "i-%05u", i);
        name_key(i, key);
        uint32_t slot = set(roster, id, IP, key, TLS_A);
        assert_int_equal(slot, asg_roster_slot_of(roster, key));
    }
    assert_in_range(asg_roster_longest_search(roster), 1, 200);
    for (uint32_t i = 0; i < COUNT; i += 3) {
        (void)snprintf(id, sizeof id, "i-%05u", i);
        (void)drop(roster, id);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        (void)snprintf(id, sizeof id, "i-%05u", i);
        name_key(i, key);
        uint32_t wanted = i % 3 == 0 ? ASG_SLOT_NONE : asg_roster_find(roster, id);
        assert_int_equal(wanted, asg_roster_slot_of(roster, key));
    }
    assert_int_equal(COUNT - (COUNT + 2) / 3, asg_roster_bound_count(roster));
}

static void test_roster_makes_the_addresses_of_the_fleet_known(void **state)
{
    struct asg_roster *roster = *state;
    assert_false(asg_accept_is_known(IP));
    add(roster, "i-1");
    set(roster, "i-2", "10.0.0.8", "", "");
    assert_true(asg_accept_is_known(IP));
    assert_true(asg_accept_is_known("10.0.0.8"));
    set(roster, "i-2", "10.0.0.9", "", ""); /* EC2 says otherwise now */
    assert_false(asg_accept_is_known("10.0.0.8"));
    assert_true(asg_accept_is_known("10.0.0.9"));
    set(roster, "i-3", IP, "", "");
    drop(roster, "i-1");
    assert_true(asg_accept_is_known(IP)); /* i-3 has it too */
    drop(roster, "i-3");
    assert_false(asg_accept_is_known(IP));
}

static void test_roster_makes_an_address_known_that_only_agents_come_from(void **state)
{
    struct asg_roster *roster = *state;
    uint32_t slot = add(roster, "i-1");
    asg_roster_came_from(roster, slot, IP); /* as EC2 said */
    asg_roster_came_from(roster, slot, "198.51.100.7");
    asg_roster_came_from(roster, slot, "198.51.100.7");
    asg_roster_came_from(roster, slot, "no address");
    assert_true(asg_accept_is_known("198.51.100.7"));
    asg_roster_came_from(roster, slot, "198.51.100.8");
    assert_false(asg_accept_is_known("198.51.100.7"));
    asg_roster_came_from(roster, slot, IP);
    assert_false(asg_accept_is_known("198.51.100.8"));
    asg_roster_came_from(roster, slot, "198.51.100.7");
    drop(roster, "i-1");
    assert_false(asg_accept_is_known("198.51.100.7"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_roster_makes_the_addresses_of_the_fleet_known),
        TEST(test_roster_makes_an_address_known_that_only_agents_come_from),
        TEST(test_roster_knows_the_key_of_who_is_enrolled),
        TEST(test_roster_forgets_a_key_that_is_bound_no_more),
        TEST(test_roster_gives_a_key_to_one_instance),
        TEST(test_roster_says_how_an_agent_stands),
        TEST(test_roster_refuses_an_address_it_cannot_hold),
        TEST(test_roster_awaits_nothing_of_who_leaves_and_keeps_its_keys),
        TEST(test_roster_does_not_count_a_report_that_waited),
        TEST(test_roster_does_not_mind_a_clock_that_is_wrong),
        TEST(test_roster_stands_a_clock_of_any_number),
        TEST(test_roster_learns_where_an_agent_answers_probes),
        TEST(test_roster_drops_a_repeated_sequence),
        TEST(test_roster_finds_who_fell_silent_once),
        TEST(test_roster_tells_everything_again_to_a_core_that_was_rebuilt),
        TEST(test_roster_finds_the_silent_as_if_it_looked_at_all),
        TEST(test_roster_does_not_let_an_interval_hide_a_silence),
        TEST(test_roster_tells_a_forgotten_report_again),
        TEST(test_roster_uses_a_slot_again_with_nothing_left_over),
        TEST(test_roster_refuses_an_id_that_is_too_long),
        TEST(test_roster_keeps_thousands_of_keys_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
