/* Ingest between its parts: whom it admits, which reports count, and what it tells the
 * prober. */
#include "controller/ingest_report.h"

#include "bus/outlet.h"
#include "controller/metrics.h"
#include "lib/check.h"
#include "lib/wait.h"
#include "wire/wire.h"

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
    struct asg_key_set *key_set;
    struct asg_bus_keys keys;
    struct asg_bus_inlet *inlet;
    struct asg_bus_keys agent; /* the keys of i-1 */
    struct asg_bus_outlet *outlet;
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
    asg_key_set_new(&f->key_set);
    asg_bus_keys_new(&f->keys);
    asg_bus_keys_new(&f->agent);
    const struct asg_bus_inlet_options listening = {.endpoint = "tcp://127.0.0.1:*",
                                                    .domain = "agents",
                                                    .keys = &f->keys,
                                                    .key_set = f->key_set,
                                                    .high_water = 100};
    const struct asg_prober_options probing = {.suspect_ms = 500,
                                               .background_ms = 30000,
                                               .deadline_ms = 1000,
                                               .failures = 3,
                                               .concurrency = 8,
                                               .clock = clock};
    bool is_up = asg_bus_new(1, &f->bus, NULL) == ASG_OK &&
                 asg_bus_inlet_new(f->bus, &listening, &f->inlet, NULL) == ASG_OK &&
                 asg_prober_new(&probing, &f->prober, NULL) == ASG_OK;
    if (!is_up) return 1;
    asg_inbox_new(100, NULL, NULL, &f->inbox);
    const struct asg_ingest_options options = {
        .inlet = f->inlet,
        .key_set = f->key_set,
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
    if (f->outlet != NULL) asg_bus_outlet_destroy(&f->outlet);
    asg_bus_inlet_destroy(&f->inlet);
    asg_bus_destroy(&f->bus);
    asg_key_set_destroy(&f->key_set);
    test_free(f);
    return 0;
}

static void turn_after(struct fixture *f, int64_t ms)
{
    now_us += ms * 1000;
    int64_t wait_ms = 0;
    assert_int_equal(0, asg_ingest_turn(f->ingest, &wait_ms));
}

static void tell_keys(struct fixture *f, const char *private_ip, const char *key,
                      enum asg_member_state state)
{
    struct asg_member member = {GROUP, "i-1", private_ip, state, 7, 1, 0, key, ""};
    struct asg_watch watch = {GROUP, "web", 10000, 1u << ASG_METRIC_NAME_CPU, 1};
    const struct asg_effects effects = {
        .members = &member, .member_count = 1, .watches = &watch, .watch_count = 1};
    asg_ingest_take_members(f->ingest, &effects);
}

static void tell_member(struct fixture *f, const char *private_ip)
{
    tell_keys(f, private_ip, "", ASG_MEMBER_COUNTS);
}

/* ---- reports ---- */

static void connect_agent(struct fixture *f)
{
    const struct asg_bus_connect_options options = {.endpoint =
                                                        asg_bus_inlet_endpoint(f->inlet),
                                                    .server_key = f->keys.public_key,
                                                    .keys = &f->agent,
                                                    .high_water = 100};
    assert_status(ASG_OK, asg_bus_outlet_new(f->bus, &options, &f->outlet, NULL));
}

static void wait_for_link(struct fixture *f, enum asg_bus_link wanted)
{
    struct wait wait = wait_begin(20000);
    while (asg_bus_outlet_link(f->outlet, NULL) != wanted) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
}

static void send_report(struct fixture *f, uint64_t sequence, int64_t time_ms,
                        uint32_t cpu_milli)
{
    const struct asg_report report = {.boot_id = 1,
                                      .sequence = sequence,
                                      .time_ms = time_ms,
                                      .interval_ms = 1000,
                                      .cpu_milli = cpu_milli};
    struct asg_bytes frame = {0};
    asg_wire_encode_report(&report, &frame);
    struct wait wait = wait_begin(20000);
    while (asg_bus_outlet_send(f->outlet, frame.data, frame.length) != ASG_OK) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    asg_bytes_clear(&frame);
}

/* So many frames, in one turn or several. */
static void take_frames(struct fixture *f, uint32_t count)
{
    struct wait wait = wait_begin(20000);
    for (uint32_t taken = 0; taken < count;) {
        int64_t wait_ms = 0;
        taken += asg_ingest_turn(f->ingest, &wait_ms);
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
}

static int64_t count_of(enum asg_controller_metric which)
{
    return asg_metric_read(&asg_controller_metrics[which]);
}

/* What the period that ends next says of CPU; -1: nothing. */
static int64_t cpu_of_the_period(struct fixture *f)
{
    now_us = (now_us / 10000000 + 1) * 10000000;
    int64_t wait_ms = 0;
    (void)asg_ingest_turn(f->ingest, &wait_ms);
    int64_t cpu = -1;
    struct asg_inbox_item *item = NULL;
    while ((item = asg_inbox_take(f->inbox)) != NULL) {
        if (item->event.kind == ASG_EVENT_METRICS) {
            const struct asg_group_metric *group = &item->event.metrics->groups[0];
            if (group->count > 0) cpu = group->sum_milli / group->count;
        }
        asg_inbox_done(f->inbox, item);
    }
    return cpu;
}

static void test_ingest_hears_whose_key_is_bound_from_the_moment_that_it_is(void **state)
{
    struct fixture *f = *state;
    connect_agent(f);
    wait_for_link(f, ASG_BUS_LINK_REFUSED);
    tell_keys(f, "10.0.0.1", f->agent.public_key, ASG_MEMBER_COUNTS);
    assert_true(asg_key_set_has(f->key_set, f->agent.public_key)); /* before any turn */
    wait_for_link(f, ASG_BUS_LINK_UP);
    int64_t reports = count_of(ASG_COUNT_REPORTS);
    send_report(f, 1, now_us / 1000, 50000);
    take_frames(f, 1);
    assert_int_equal(reports + 1, count_of(ASG_COUNT_REPORTS));
    assert_int_equal(50000, cpu_of_the_period(f));
}

static void test_ingest_drops_whose_key_is_bound_no_more(void **state)
{
    struct fixture *f = *state;
    tell_keys(f, "10.0.0.1", f->agent.public_key, ASG_MEMBER_COUNTS);
    connect_agent(f);
    wait_for_link(f, ASG_BUS_LINK_UP);
    tell_keys(f, "10.0.0.1", "", ASG_MEMBER_COUNTS); /* rebound by an operator */
    int64_t unbound = count_of(ASG_COUNT_REPORTS_UNBOUND);
    send_report(f, 1, now_us / 1000, 50000);
    take_frames(f, 1);
    assert_int_equal(unbound + 1, count_of(ASG_COUNT_REPORTS_UNBOUND));
    assert_false(asg_key_set_has(f->key_set, f->agent.public_key));
    wait_for_link(f, ASG_BUS_LINK_REFUSED); /* shut, and not let in again */
    assert_int_equal(-1, cpu_of_the_period(f));
}

static void test_ingest_lets_who_leaves_report_in_vain(void **state)
{
    struct fixture *f = *state;
    tell_keys(f, "10.0.0.1", f->agent.public_key, ASG_MEMBER_LEAVING);
    connect_agent(f);
    wait_for_link(f, ASG_BUS_LINK_UP);
    send_report(f, 1, now_us / 1000, 50000);
    take_frames(f, 1);
    assert_int_equal(ASG_BUS_LINK_UP, asg_bus_outlet_link(f->outlet, NULL));
    assert_int_equal(0, asg_prober_counts(f->prober).targets);
    struct asg_instance_view view = {.instance_id = "i-1"};
    asg_ingest_look(f->ingest, &view, 1);
    assert_false(view.is_reporting);
}

static void test_ingest_counts_the_newest_report_of_a_turn(void **state)
{
    struct fixture *f = *state;
    tell_keys(f, "10.0.0.1", f->agent.public_key, ASG_MEMBER_COUNTS);
    connect_agent(f);
    wait_for_link(f, ASG_BUS_LINK_UP);
    int64_t overtaken = count_of(ASG_COUNT_REPORTS_OVERTAKEN);
    int64_t reports = count_of(ASG_COUNT_REPORTS);
    enum { COUNT = 20 };
    for (uint32_t i = 1; i <= COUNT; i++) {
        send_report(f, i, now_us / 1000 + i, i * 1000);
    }
    struct wait wait = wait_begin(20000); /* until the last has come */
    struct asg_bus_poll_item item = {.inlet = f->inlet};
    while (asg_bus_poll(&item, 1, 20) == 0) {
        assert_false(wait_is_over(&wait));
    }
    take_frames(f, COUNT);
    int64_t counted = count_of(ASG_COUNT_REPORTS) - reports;
    assert_int_equal(COUNT, counted + count_of(ASG_COUNT_REPORTS_OVERTAKEN) - overtaken);
    assert_true(counted < COUNT);
    struct asg_instance_view view = {.instance_id = "i-1"};
    asg_ingest_look(f->ingest, &view, 1);
    assert_int_equal(COUNT * 1000, view.cpu_milli);
}

static void test_ingest_does_not_count_what_waited_for_two_periods(void **state)
{
    struct fixture *f = *state;
    tell_keys(f, "10.0.0.1", f->agent.public_key, ASG_MEMBER_COUNTS);
    connect_agent(f);
    wait_for_link(f, ASG_BUS_LINK_UP);
    int64_t began_ms = now_us / 1000;
    send_report(f, 1, began_ms, 10000);
    take_frames(f, 1);
    int64_t late = count_of(ASG_COUNT_REPORTS_LATE);
    now_us += 2900000;
    send_report(f, 2, began_ms + 500, 90000); /* 2.4 s under way */
    take_frames(f, 1);
    assert_int_equal(late + 1, count_of(ASG_COUNT_REPORTS_LATE));
    send_report(f, 3, began_ms + 2800, 20000);
    take_frames(f, 1);
    assert_int_equal(late + 1, count_of(ASG_COUNT_REPORTS_LATE));
    assert_int_equal(15000, cpu_of_the_period(f));
}

static void send_bytes(struct fixture *f, const void *data, size_t length)
{
    struct wait wait = wait_begin(20000);
    while (asg_bus_outlet_send(f->outlet, data, length) != ASG_OK) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
}

static void test_ingest_counts_frames_that_are_none_and_goes_on(void **state)
{
    struct fixture *f = *state;
    tell_keys(f, "10.0.0.1", f->agent.public_key, ASG_MEMBER_COUNTS);
    connect_agent(f);
    wait_for_link(f, ASG_BUS_LINK_UP);
    static const uint8_t of_version_9[] = {0x93, ASG_MESSAGE_REPORT, 9, 0x90};
    static const uint8_t cut_short[] = {0x93, ASG_MESSAGE_NOTICE, 1, 0x98, 0xd9, 0xff};
    static const uint8_t of_a_worker[] = {0x93, ASG_MESSAGE_HELLO, 1, 0x90};
    static const uint8_t unknown_type[] = {0x93, 0x7f, 1, 0x90};
    static const uint8_t zeros[300] = {0};
    int64_t version = count_of(ASG_COUNT_FRAMES_VERSION);
    int64_t malformed = count_of(ASG_COUNT_FRAMES_MALFORMED);
    send_bytes(f, of_version_9, sizeof of_version_9);
    send_bytes(f, cut_short, sizeof cut_short);
    send_bytes(f, of_a_worker, sizeof of_a_worker);
    send_bytes(f, unknown_type, sizeof unknown_type);
    send_bytes(f, zeros, sizeof zeros);
    send_bytes(f, "", 0);
    take_frames(f, 6);
    assert_int_equal(version + 1, count_of(ASG_COUNT_FRAMES_VERSION));
    assert_int_equal(malformed + 5, count_of(ASG_COUNT_FRAMES_MALFORMED));
    int64_t reports = count_of(ASG_COUNT_REPORTS);
    send_report(f, 1, now_us / 1000, 50000);
    take_frames(f, 1);
    assert_int_equal(reports + 1, count_of(ASG_COUNT_REPORTS));
}

/* ---- the prober ---- */

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
            test_ingest_hears_whose_key_is_bound_from_the_moment_that_it_is, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_ingest_drops_whose_key_is_bound_no_more,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ingest_lets_who_leaves_report_in_vain,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ingest_counts_the_newest_report_of_a_turn,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_ingest_does_not_count_what_waited_for_two_periods, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_ingest_counts_frames_that_are_none_and_goes_on, set_up, tear_down),
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
