/* Ingest between its parts: what it tells the prober. The frames of agents come in
 * tests/integration/test_controller_peers.c. */
#include "controller/ingest_report.h"

#include "lib/check.h"

#define GROUP 1

static int64_t now_us;

static int64_t read_us(void *context)
{
    (void)context;
    return now_us;
}

static int64_t read_ms(void *context)
{
    return read_us(context) / 1000;
}

struct fixture {
    struct asg_bus *bus;
    struct asg_bus_listener *listener;
    struct asg_inbox *inbox;
    struct asg_prober *prober;
    struct asg_ingest *ingest;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    *state = f;
    now_us = INT64_C(1795442400000000);
    const struct asg_clock clock = {.wall_ms = read_ms, .monotonic_us = read_us};
    const struct asg_bus_listen_options listening = {.endpoint = "tcp://127.0.0.1:*",
                                                     .allow_plaintext = true};
    const struct asg_prober_options probing = {.suspect_ms = 500,
                                               .background_ms = 30000,
                                               .deadline_ms = 1000,
                                               .failures = 3,
                                               .concurrency = 8,
                                               .clock = clock};
    bool is_up = asg_bus_new(1, &f->bus, NULL) == ASG_OK &&
                 asg_bus_listener_new(f->bus, &listening, &f->listener, NULL) == ASG_OK &&
                 asg_prober_new(&probing, &f->prober, NULL) == ASG_OK;
    if (!is_up) return 1;
    asg_inbox_new(100, NULL, NULL, &f->inbox);
    const struct asg_ingest_options options = {
        .listener = f->listener,
        .inbox = f->inbox,
        .prober = f->prober,
        .roster = {.silent_reports = 3, .silent_ms_min = 1000, .first_report_ms = 5000},
        .probe_port = 7705,
        .clock = clock};
    asg_ingest_new(&options, &f->ingest);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    asg_ingest_destroy(&f->ingest);
    asg_prober_destroy(&f->prober);
    asg_inbox_destroy(&f->inbox);
    asg_bus_listener_destroy(&f->listener);
    asg_bus_destroy(&f->bus);
    test_free(f);
    return 0;
}

static void turn_after(struct fixture *f, int64_t ms)
{
    now_us += ms * 1000;
    int64_t wait_ms = 0;
    assert_int_equal(0, asg_ingest_turn(f->ingest, &wait_ms));
}

static void tell_member(struct fixture *f, const char *private_ip)
{
    struct asg_member member = {GROUP, "i-1", private_ip, ASG_MEMBER_COUNTS, 7, 1,
                                0,     "",    ""};
    struct asg_watch watch = {GROUP, "web", 3600000, 1u << ASG_METRIC_NAME_CPU, 1};
    const struct asg_effects effects = {
        .members = &member, .member_count = 1, .watches = &watch, .watch_count = 1};
    asg_ingest_take_members(f->ingest, &effects);
}

/* CreateFleet does not say the address; the next listing does. */
static void test_ingest_suspects_who_was_silent_before_its_address_was_known(void **state)
{
    struct fixture *f = *state;
    tell_member(f, "");
    turn_after(f, 100);
    turn_after(f, 6000);
    struct asg_inbox_item *item = asg_inbox_take(f->inbox);
    assert_non_null(item);
    assert_int_equal(ASG_EVENT_HEALTH, item->event.kind);
    assert_int_equal(ASG_SIGN_SILENT, item->event.health->signs[0].sign);
    asg_inbox_done(f->inbox, item);
    assert_int_equal(0, asg_prober_counts(f->prober).targets);

    tell_member(f, "10.0.0.1");
    turn_after(f, 100);
    assert_int_equal(1, asg_prober_counts(f->prober).targets);
    assert_int_equal(1, asg_prober_counts(f->prober).suspects);
}

static void test_ingest_suspects_nobody_for_an_address(void **state)
{
    struct fixture *f = *state;
    tell_member(f, "10.0.0.1");
    turn_after(f, 100);
    assert_int_equal(1, asg_prober_counts(f->prober).targets);
    assert_int_equal(0, asg_prober_counts(f->prober).suspects);
    turn_after(f, 6000);
    assert_int_equal(1, asg_prober_counts(f->prober).suspects);
}

/* A batch that was durable and yet not released had let it go; nobody said so. */
static void test_ingest_lets_go_whom_a_rebuilt_core_does_not_name(void **state)
{
    struct fixture *f = *state;
    struct asg_member members[] = {
        {GROUP, "i-1", "10.0.0.1", ASG_MEMBER_COUNTS, 7, 1, 0, "", ""},
        {GROUP, "i-2", "10.0.0.2", ASG_MEMBER_COUNTS, 7, 1, 0, "", ""}};
    struct asg_watch watches[] = {
        {GROUP, "web", 10000, 1u << ASG_METRIC_NAME_CPU, 1},
        {GROUP + 1, "old", 10000, 1u << ASG_METRIC_NAME_CPU, 1}};
    struct asg_effects effects = {
        .members = members, .member_count = 2, .watches = watches, .watch_count = 2};
    asg_ingest_take_members(f->ingest, &effects);
    turn_after(f, 100);
    assert_int_equal(2, asg_prober_counts(f->prober).targets);
    asg_ingest_take_members(f->ingest, &effects); /* under way, and over by then */
    effects = (struct asg_effects){
        .members = &members[1], .member_count = 1, .watches = watches, .watch_count = 1};
    asg_ingest_take_all(f->ingest, &effects);
    turn_after(f, 100);
    assert_int_equal(1, asg_prober_counts(f->prober).targets);
    now_us = (now_us / 10000000 + 1) * 10000000;
    turn_after(f, 0);
    const struct asg_metrics *metrics = NULL;
    struct asg_inbox_item *item = NULL;
    while (metrics == NULL && (item = asg_inbox_take(f->inbox)) != NULL) {
        if (item->event.kind == ASG_EVENT_METRICS) {
            metrics = item->event.metrics;
            assert_int_equal(1, metrics->group_count); /* not the old one's */
            assert_int_equal(GROUP, metrics->groups[0].group_no);
            assert_int_equal(1, metrics->groups[0].members);
        }
        asg_inbox_done(f->inbox, item);
    }
    assert_non_null(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_ingest_suspects_who_was_silent_before_its_address_was_known, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_ingest_suspects_nobody_for_an_address,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_ingest_lets_go_whom_a_rebuilt_core_does_not_name, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
