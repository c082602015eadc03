/* The door into the loop: bounded, in order, from many threads. */
#include "lib/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "controller/inbox.h"

#define PRODUCERS 4
#define EACH      5000

static atomic_int wakes;

static void wake(void *context)
{
    (void)context;
    atomic_fetch_add(&wakes, 1);
}

static void test_inbox_gives_items_in_order(void **state)
{
    (void)state;
    struct asg_inbox *inbox = NULL;
    asg_inbox_new(8, NULL, NULL, &inbox);
    for (int64_t i = 0; i < 5; i++) {
        struct asg_inbox_item *item = asg_inbox_begin(inbox);
        item->event.time_ms = i;
        asg_inbox_put(inbox, item);
    }
    for (int64_t i = 0; i < 5; i++) {
        struct asg_inbox_item *item = asg_inbox_take(inbox);
        assert_int_equal(i, item->event.time_ms);
        asg_inbox_done(inbox, item);
    }
    assert_null(asg_inbox_take(inbox));
    asg_inbox_destroy(&inbox);
    assert_null(inbox);
}

static void test_inbox_says_when_it_is_full(void **state)
{
    (void)state;
    struct asg_inbox *inbox = NULL;
    asg_inbox_new(2, NULL, NULL, &inbox);
    struct asg_inbox_item *first = asg_inbox_begin(inbox);
    asg_inbox_put(inbox, first);
    asg_inbox_put(inbox, asg_inbox_begin(inbox));
    assert_null(asg_inbox_begin(inbox));
    assert_ptr_equal(first, asg_inbox_take(inbox));
    assert_null(asg_inbox_begin(inbox)); /* taken is not done */
    asg_inbox_done(inbox, first);
    struct asg_inbox_item *again = asg_inbox_begin(inbox);
    assert_non_null(again);
    assert_int_equal(0, again->event.time_ms);
    assert_int_equal(0, asg_arena_used(&again->arena));
    asg_inbox_put(inbox, again);
    asg_inbox_destroy(&inbox); /* with items inside */
}

static void test_inbox_wakes_only_when_it_was_empty(void **state)
{
    (void)state;
    struct asg_inbox *inbox = NULL;
    atomic_store(&wakes, 0);
    asg_inbox_new(8, wake, NULL, &inbox);
    asg_inbox_put(inbox, asg_inbox_begin(inbox));
    asg_inbox_put(inbox, asg_inbox_begin(inbox));
    assert_int_equal(1, atomic_load(&wakes));
    asg_inbox_done(inbox, asg_inbox_take(inbox));
    asg_inbox_done(inbox, asg_inbox_take(inbox));
    asg_inbox_put(inbox, asg_inbox_begin(inbox));
    assert_int_equal(2, atomic_load(&wakes));
    asg_inbox_destroy(&inbox);
}

struct producer {
    struct asg_inbox *inbox;
    int64_t number;
};

static void *produce(void *context)
{
    const struct producer *producer = context;
    for (int64_t i = 0; i < EACH;) {
        struct asg_inbox_item *item = asg_inbox_begin(producer->inbox);
        if (item == NULL) {
            (void)sched_yield();
            continue;
        }
        (void)asg_arena_text(&item->arena, "something of its own");
        item->event.time_ms = producer->number * EACH + i;
        asg_inbox_put(producer->inbox, item);
        i++;
    }
    return NULL;
}

static void test_inbox_loses_nothing_between_threads(void **state)
{
    (void)state;
    struct asg_inbox *inbox = NULL;
    asg_inbox_new(64, wake, NULL, &inbox);
    struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS];
    for (int64_t i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){inbox, i};
        assert_int_equal(0, pthread_create(&threads[i], NULL, produce, &producers[i]));
    }
    int64_t next[PRODUCERS] = {0};
    for (int taken = 0; taken < PRODUCERS * EACH;) {
        struct asg_inbox_item *item = asg_inbox_take(inbox);
        if (item == NULL) {
            (void)sched_yield();
            continue;
        }
        int64_t producer = item->event.time_ms / EACH;
        assert_int_equal(next[producer]++, item->event.time_ms % EACH);
        asg_inbox_done(inbox, item);
        taken++;
    }
    for (int i = 0; i < PRODUCERS; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
    }
    assert_null(asg_inbox_take(inbox));
    asg_inbox_destroy(&inbox);
}

static void put_signs(struct asg_inbox *inbox, int first, size_t count)
{
    struct asg_inbox_item *item = asg_inbox_begin(inbox);
    assert_non_null(item);
    struct asg_health *health = asg_arena_take(&item->arena, sizeof *health);
    health->signs = asg_arena_take(&item->arena, count * sizeof *health->signs);
    health->sign_count = count;
    for (size_t i = 0; i < count; i++) {
        health->signs[i].instance_id =
            asg_arena_format(&item->arena, "i-%d", first + (int)i);
    }
    item->event = (struct asg_event){.kind = ASG_EVENT_HEALTH, .health = health};
    asg_inbox_put(inbox, item);
}

static void put_metrics(struct asg_inbox *inbox)
{
    struct asg_inbox_item *item = asg_inbox_begin(inbox);
    assert_non_null(item);
    item->event.kind = ASG_EVENT_METRICS;
    asg_inbox_put(inbox, item);
}

/* The next event has these signs, in this order. */
static void take_signs(struct asg_inbox *inbox, int first, size_t count)
{
    struct asg_inbox_item *item = asg_inbox_take(inbox);
    assert_non_null(item);
    assert_int_equal(ASG_EVENT_HEALTH, item->event.kind);
    assert_int_equal(count, item->event.health->sign_count);
    for (size_t i = 0; i < count; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "i-%d", first + (int)i);
        assert_string_equal(id, item->event.health->signs[i].instance_id);
    }
    asg_inbox_done(inbox, item);
}

static void test_inbox_joins_signs_that_wait_together(void **state)
{
    (void)state;
    struct asg_inbox *inbox = NULL;
    asg_inbox_new(5, NULL, NULL, &inbox);
    put_signs(inbox, 0, 2);
    put_signs(inbox, 2, 1);
    put_signs(inbox, 3, 3);
    put_metrics(inbox); /* nothing overtakes another kind */
    put_signs(inbox, 6, 1);
    assert_null(asg_inbox_begin(inbox));
    take_signs(inbox, 0, 6);
    struct asg_inbox_item *item = asg_inbox_take(inbox);
    assert_int_equal(ASG_EVENT_METRICS, item->event.kind);
    asg_inbox_done(inbox, item);
    take_signs(inbox, 6, 1);
    assert_null(asg_inbox_take(inbox));
    for (int i = 0; i < 5; i++) { /* all five are free again, and empty */
        put_signs(inbox, i, 1);
    }
    assert_null(asg_inbox_begin(inbox));
    take_signs(inbox, 0, 5);
    asg_inbox_destroy(&inbox);
}

static void test_inbox_joins_no_more_signs_than_an_event_may_have(void **state)
{
    (void)state;
    struct asg_inbox *inbox = NULL;
    asg_inbox_new(8, NULL, NULL, &inbox);
    put_signs(inbox, 0, ASG_INBOX_SIGNS_MAX - 1);
    put_signs(inbox, ASG_INBOX_SIGNS_MAX - 1, 1);
    put_signs(inbox, ASG_INBOX_SIGNS_MAX, 1);
    put_signs(inbox, ASG_INBOX_SIGNS_MAX + 1, ASG_INBOX_SIGNS_MAX);
    take_signs(inbox, 0, ASG_INBOX_SIGNS_MAX);
    take_signs(inbox, ASG_INBOX_SIGNS_MAX, 1);
    take_signs(inbox, ASG_INBOX_SIGNS_MAX + 1, ASG_INBOX_SIGNS_MAX);
    assert_null(asg_inbox_take(inbox));
    asg_inbox_destroy(&inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inbox_gives_items_in_order),
        cmocka_unit_test(test_inbox_says_when_it_is_full),
        cmocka_unit_test(test_inbox_wakes_only_when_it_was_empty),
        cmocka_unit_test(test_inbox_loses_nothing_between_threads),
        cmocka_unit_test(test_inbox_joins_signs_that_wait_together),
        cmocka_unit_test(test_inbox_joins_no_more_signs_than_an_event_may_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
