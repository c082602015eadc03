#include "lib/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "aws/credentials_refresh.h"
#include "lib/wait.h"

#define LIMIT_MS 20000
#define MINUTE   INT64_C(60000)
#define START    INT64_C(1700000000000)

/* A provider that gives numbered keys, when it is let; and a clock that stands still. */
struct setup {
    struct asg_credentials_refresher *refresher;
    struct asg_credentials present;
    uint64_t version;
    atomic_llong now_ms;
    atomic_llong lives_ms; /* 0: for ever */
    atomic_int asked;
    atomic_int inside; /* providers running at this moment */
    atomic_int inside_max;
    atomic_bool is_shut; /* a provider that is asked waits */
    atomic_int fails;    /* so many more times */
    atomic_int told;
    atomic_int told_failures;
    atomic_llong retry_in_ms;
    atomic_int wakes;
    atomic_int torn;
};

static int64_t wall_ms(void *context)
{
    return atomic_load(&((struct setup *)context)->now_ms);
}

static int64_t monotonic_us(void *context)
{
    return 1000 * (wall_ms(context) - START);
}

static enum asg_status give(void *context, struct asg_credentials *ret,
                            struct asg_error *error)
{
    struct setup *setup = context;
    int inside = atomic_fetch_add(&setup->inside, 1) + 1;
    if (inside > atomic_load(&setup->inside_max))
        atomic_store(&setup->inside_max, inside);
    int number = atomic_fetch_add(&setup->asked, 1) + 1;
    while (atomic_load(&setup->is_shut)) {
        wait_a_moment();
    }
    enum asg_status status = ASG_OK;
    if (atomic_load(&setup->fails) > 0) {
        atomic_fetch_sub(&setup->fails, 1);
        status = asg_fail(error, ASG_ERR_TIMEOUT, "the source is away");
    } else {
        char key_id[32];
        char secret[32];
        (void)snprintf(key_id, sizeof key_id, "AKID%d", number);
        (void)snprintf(secret, sizeof secret, "hidden%d", number);
        asg_credentials_set(ret, key_id, secret, "token", "test");
        if (atomic_load(&setup->lives_ms) > 0) {
            ret->expires_at_ms = wall_ms(setup) + atomic_load(&setup->lives_ms);
        }
    }
    atomic_fetch_sub(&setup->inside, 1);
    return status;
}

static void tell(void *context, const struct asg_credentials_news *news)
{
    struct setup *setup = context;
    if (news->status != ASG_OK) {
        assert_string_equal("the source is away", news->error);
        atomic_store(&setup->retry_in_ms, news->retry_in_ms);
        atomic_fetch_add(&setup->told_failures, 1);
    } else {
        assert_string_equal("test", news->source);
    }
    atomic_fetch_add(&setup->told, 1);
}

static void wake(void *context)
{
    atomic_fetch_add(&((struct setup *)context)->wakes, 1);
}

static void open_setup(struct setup *setup, int64_t lives_ms)
{
    *setup = (struct setup){0};
    atomic_store(&setup->now_ms, START);
    atomic_store(&setup->lives_ms, lives_ms);
    const struct asg_credentials_refresher_options options = {
        .provider = {.name = "test", .fetch = give, .context = setup},
        .clock = {.wall_ms = wall_ms, .monotonic_us = monotonic_us, .context = setup},
        .seed = 7,
        .tell = tell,
        .context = setup,
    };
    assert_status(ASG_OK,
                  asg_credentials_refresher_new(&options, &setup->refresher, NULL));
}

static void close_setup(struct setup *setup)
{
    atomic_store(&setup->is_shut, false);
    asg_credentials_refresher_destroy(&setup->refresher);
    asg_credentials_refresher_destroy(&setup->refresher);
    asg_credentials_clear(&setup->present);
    assert_int_equal(1, atomic_load(&setup->inside_max));
}

static enum asg_status take(struct setup *setup)
{
    return asg_credentials_refresher_take(setup->refresher, &setup->present,
                                          &setup->version, NULL);
}

static enum asg_status wait_for(struct setup *setup, struct asg_error *error)
{
    return asg_credentials_refresher_wait(setup->refresher, LIMIT_MS, &setup->present,
                                          &setup->version, error);
}

static void wait_until(atomic_int *count, int least)
{
    struct wait wait = wait_begin(LIMIT_MS);
    while (atomic_load(count) < least && !wait_is_over(&wait)) {
        wait_a_moment();
    }
    assert_true(atomic_load(count) >= least);
}

static void move_to(struct setup *setup, int64_t after_start_ms)
{
    atomic_store(&setup->now_ms, START + after_start_ms);
}

/* Take until the set of this number is there: a refresh runs beside us. */
static void take_until(struct setup *setup, const char *key_id)
{
    struct wait wait = wait_begin(LIMIT_MS);
    while (!wait_is_over(&wait)) {
        if (take(setup) == ASG_OK && strcmp(setup->present.access_key_id, key_id) == 0) {
            return;
        }
        wait_a_moment();
    }
    fail_msg("still %s", setup->present.access_key_id);
}

static void test_callers_wait_for_the_first_set(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 0);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    assert_string_equal("AKID1", setup.present.access_key_id);
    assert_string_equal("hidden1", asg_secret_reveal(&setup.present.secret_key));
    assert_int_equal(1, setup.version);
    /* One that does not expire is not asked for again. */
    move_to(&setup, 1000 * MINUTE);
    assert_status(ASG_OK, take(&setup));
    wait_until(&setup.told, 1);
    assert_int_equal(1, atomic_load(&setup.asked));
    close_setup(&setup);
}

static void test_a_wait_ends_with_its_time(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 0);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    atomic_store(&setup.is_shut, true);
    assert_true(asg_credentials_refresher_renew(setup.refresher, setup.version));
    struct asg_error error = {""};
    assert_status(ASG_ERR_TIMEOUT,
                  asg_credentials_refresher_wait(setup.refresher, 5, &setup.present,
                                                 &setup.version, &error));
    assert_non_null(strstr(error.text, "no credentials within 5 ms"));
    close_setup(&setup);
}

static void test_a_set_is_renewed_ahead_while_the_old_one_serves(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 60 * MINUTE);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    /* Never before 15 minutes and a quarter of that ahead. */
    move_to(&setup, 41 * MINUTE);
    assert_status(ASG_OK, take(&setup));
    assert_string_equal("AKID1", setup.present.access_key_id);
    atomic_store(&setup.is_shut, true);
    move_to(&setup, 46 * MINUTE);
    assert_status(ASG_OK, take(&setup)); /* advisory: served at once */
    assert_string_equal("AKID1", setup.present.access_key_id);
    wait_until(&setup.asked, 2);
    assert_status(ASG_OK, take(&setup));
    assert_string_equal("AKID1", setup.present.access_key_id);
    atomic_store(&setup.is_shut, false);
    take_until(&setup, "AKID2");
    assert_int_equal(2, setup.version);
    close_setup(&setup);
}

static void test_callers_wait_when_the_end_is_near(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 60 * MINUTE);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    atomic_store(&setup.is_shut, true);
    move_to(&setup, 51 * MINUTE);
    assert_status(ASG_ERR_BUSY, take(&setup));
    wait_until(&setup.asked, 2);
    assert_status(ASG_ERR_BUSY, take(&setup));
    atomic_store(&setup.is_shut, false);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    assert_string_equal("AKID2", setup.present.access_key_id);
    close_setup(&setup);
}

static void test_a_failed_refresh_leaves_the_old_set_until_its_end(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 60 * MINUTE);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    atomic_store(&setup.fails, 1000000);
    move_to(&setup, 51 * MINUTE);
    (void)take(&setup);
    wait_until(&setup.told_failures, 1);
    assert_status(ASG_OK, take(&setup));
    assert_string_equal("AKID1", setup.present.access_key_id);
    assert_true(atomic_load(&setup.retry_in_ms) >= ASG_CREDENTIALS_RETRY_MS_MIN / 2);
    move_to(&setup, 60 * MINUTE - 1);
    assert_status(ASG_OK, take(&setup));
    assert_string_equal("AKID1", setup.present.access_key_id);

    move_to(&setup, 60 * MINUTE);
    struct asg_error error = {""};
    struct wait until = wait_begin(LIMIT_MS);
    enum asg_status status = ASG_ERR_BUSY; /* a try may be under way */
    while (status == ASG_ERR_BUSY && !wait_is_over(&until)) {
        status = asg_credentials_refresher_take(setup.refresher, &setup.present,
                                                &setup.version, &error);
    }
    assert_status(ASG_ERR_TIMEOUT, status);
    assert_string_equal("the source is away", error.text);
    assert_status(ASG_ERR_TIMEOUT,
                  asg_credentials_refresher_wait(setup.refresher, 5, &setup.present,
                                                 &setup.version, &error));
    /* Trying goes on: once the source is back, so are the calls. */
    atomic_store(&setup.fails, 0);
    move_to(&setup, 62 * MINUTE);
    struct wait wait = wait_begin(LIMIT_MS);
    while (setup.version < 2 && !wait_is_over(&wait)) {
        (void)take(&setup);
        wait_a_moment();
    }
    assert_int_equal(2, setup.version);
    close_setup(&setup);
}

static void test_pauses_after_failures_grow_to_a_limit(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 60 * MINUTE);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    atomic_store(&setup.fails, 1000000);
    int64_t at_ms = 46 * MINUTE;
    for (int failure = 1; failure <= 9; failure++) {
        move_to(&setup, at_ms);
        (void)take(&setup);
        wait_until(&setup.told_failures, failure);
        int64_t pause_ms = atomic_load(&setup.retry_in_ms);
        int64_t full_ms = ASG_CREDENTIALS_RETRY_MS_MIN << (failure - 1);
        if (full_ms > ASG_CREDENTIALS_RETRY_MS_MAX)
            full_ms = ASG_CREDENTIALS_RETRY_MS_MAX;
        assert_in_range(pause_ms, full_ms / 2, full_ms);
        int asked = atomic_load(&setup.asked);
        move_to(&setup, at_ms + pause_ms - 1);
        (void)take(&setup);
        assert_int_equal(asked, atomic_load(&setup.asked));
        at_ms += pause_ms;
    }
    close_setup(&setup);
}

static void test_a_short_life_has_short_windows(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 60000); /* a minute: half and a third of it */
    assert_status(ASG_OK, wait_for(&setup, NULL));
    move_to(&setup, 22000);
    assert_status(ASG_OK, take(&setup));
    wait_until(&setup.told, 1);
    assert_int_equal(1, atomic_load(&setup.asked));
    atomic_store(&setup.is_shut, true);
    move_to(&setup, 31000);
    assert_status(ASG_OK, take(&setup));
    wait_until(&setup.asked, 2);
    move_to(&setup, 41000);
    assert_status(ASG_ERR_BUSY, take(&setup));
    close_setup(&setup);
}

static void test_a_refused_set_is_renewed_but_not_without_end(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 0);
    asg_credentials_refresher_listen(setup.refresher, wake, &setup);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    atomic_store(&setup.is_shut, true);
    assert_true(asg_credentials_refresher_renew(setup.refresher, 1));
    assert_true(asg_credentials_refresher_renew(setup.refresher, 1)); /* on its way */
    assert_status(ASG_ERR_BUSY, take(&setup));
    atomic_store(&setup.is_shut, false);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    assert_string_equal("AKID2", setup.present.access_key_id);
    assert_true(asg_credentials_refresher_renew(setup.refresher, 1));  /* an old one */
    assert_false(asg_credentials_refresher_renew(setup.refresher, 2)); /* too soon */
    move_to(&setup, ASG_CREDENTIALS_RENEW_PAUSE_MS);
    assert_true(asg_credentials_refresher_renew(setup.refresher, 2));
    wait_until(&setup.wakes, 2);
    asg_credentials_refresher_listen(setup.refresher, NULL, NULL);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    assert_int_equal(3, atomic_load(&setup.asked));
    close_setup(&setup);
}

static void test_a_source_without_credentials_says_so(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 0);
    atomic_store(&setup.fails, 0);
    assert_status(ASG_OK, wait_for(&setup, NULL));
    /* A failed renewal gives back the refused set rather than nothing: AWS decides. */
    atomic_store(&setup.fails, 1);
    assert_true(asg_credentials_refresher_renew(setup.refresher, 1));
    wait_until(&setup.told_failures, 1);
    assert_status(ASG_OK, take(&setup));
    assert_string_equal("AKID1", setup.present.access_key_id);
    close_setup(&setup);
}

/* Key, secret and token belong together however often they change. */
static void *take_often(void *context)
{
    struct setup *setup = context;
    struct asg_credentials mine = {0};
    uint64_t version = 0;
    for (int i = 0; i < 2000; i++) {
        if (asg_credentials_refresher_take(setup->refresher, &mine, &version, NULL) !=
            ASG_OK) {
            wait_a_moment();
            continue;
        }
        if (strcmp(mine.access_key_id + strlen("AKID"),
                   asg_secret_reveal(&mine.secret_key) + strlen("hidden")) != 0) {
            atomic_fetch_add(&setup->torn, 1);
        }
        if (i % 50 == 0) atomic_fetch_add(&setup->now_ms, MINUTE);
    }
    asg_credentials_clear(&mine);
    return NULL;
}

static void test_many_threads_get_whole_sets(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, 2 * MINUTE);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, take_often, &setup));
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
    }
    assert_true(atomic_load(&setup.asked) > 1);
    assert_int_equal(0, atomic_load(&setup.torn));
    close_setup(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callers_wait_for_the_first_set),
        cmocka_unit_test(test_a_wait_ends_with_its_time),
        cmocka_unit_test(test_a_set_is_renewed_ahead_while_the_old_one_serves),
        cmocka_unit_test(test_callers_wait_when_the_end_is_near),
        cmocka_unit_test(test_a_failed_refresh_leaves_the_old_set_until_its_end),
        cmocka_unit_test(test_pauses_after_failures_grow_to_a_limit),
        cmocka_unit_test(test_a_short_life_has_short_windows),
        cmocka_unit_test(test_a_refused_set_is_renewed_but_not_without_end),
        cmocka_unit_test(test_a_source_without_credentials_says_so),
        cmocka_unit_test(test_many_threads_get_whole_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
