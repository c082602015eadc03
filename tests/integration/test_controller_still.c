/* A controller whose process stood still, or whose clock leapt, leads anew, under an
 * epoch of its own. The loop, the log and the sockets are real; the clocks are the
 * test's. */
#include "lib/check.h"

#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#include "controller/controller.h"
#include "store/log.h"

struct fixture {
    char folder[64];
    char state[96];
    struct asg_arena arena;
    struct asg_controller_settings settings;
    struct asg_controller *controller;
    atomic_llong now_ms; /* its threads read it, too */
    atomic_llong wall_ahead_ms;
};

static int64_t read_wall_ms(void *context)
{
    struct fixture *f = context;
    return INT64_C(1764000000000) + atomic_load(&f->now_ms) +
           atomic_load(&f->wall_ahead_ms);
}

static int64_t read_mono_us(void *context)
{
    struct fixture *f = context;
    return (INT64_C(3600000) + atomic_load(&f->now_ms)) * 1000;
}

static int set_up(void **state)
{
    struct fixture *f = asg_alloc(1, sizeof *f);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/openasg-still-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->state, sizeof f->state, "%s/state", f->folder);
    char *arguments[] = {(char *)(uintptr_t) "openasg-controller",
                         (char *)(uintptr_t) "--dir",
                         f->state,
                         (char *)(uintptr_t) "--listen-agents",
                         (char *)(uintptr_t) "tcp://127.0.0.1:*",
                         (char *)(uintptr_t) "--listen-workers",
                         (char *)(uintptr_t) "tcp://127.0.0.1:*",
                         (char *)(uintptr_t) "--listen-admin",
                         (char *)(uintptr_t) "tcp://127.0.0.1:*",
                         (char *)(uintptr_t) "--listen-http",
                         (char *)(uintptr_t) "127.0.0.1:0",
                         (char *)(uintptr_t) "--listen-enrol",
                         (char *)(uintptr_t) "127.0.0.1:0"};
    struct asg_error error = {""};
    enum asg_config_act act = ASG_CONFIG_RUN;
    assert_status(ASG_OK, asg_config_load(&asg_controller_table, 13, arguments, &f->arena,
                                          &f->settings, &act, &error));
    asg_controller_fill_settings(&f->settings, &f->arena);
    const struct asg_clock clock = {
        .wall_ms = read_wall_ms, .monotonic_us = read_mono_us, .context = f};
    assert_status(ASG_OK,
                  asg_controller_new(&f->settings, clock, &f->controller, &error));
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *at)
{
    (void)what;
    (void)kind;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    asg_controller_destroy(&f->controller);
    (void)nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    asg_arena_clear(&f->arena);
    free(f);
    return 0;
}

/* Who leads now, by the log itself. */
static uint64_t epoch_of(const struct fixture *f)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/openasg.log", f->state);
    const struct asg_log_options options = {.path = path, .is_read_only = true};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_open_sqlite(&options, &log, &error));
    uint64_t epoch = asg_log_head(log).epoch;
    asg_log_close(&log);
    return epoch;
}

static void go_on(struct fixture *f, int64_t after_ms)
{
    (void)atomic_fetch_add(&f->now_ms, after_ms);
    int64_t wait_ms = asg_controller_turn(f->controller);
    assert_true(wait_ms >= 0 && wait_ms <= 60000);
}

static void test_it_leads_anew_after_it_stood_still(void **state)
{
    struct fixture *f = *state;
    go_on(f, 0);
    uint64_t epoch = epoch_of(f);
    assert_int_equal(1, epoch);
    /* Slow is not still. */
    for (int i = 0; i < 5; i++) {
        go_on(f, 59000);
        assert_int_equal(epoch, epoch_of(f));
    }
    go_on(f, 600000);
    assert_int_equal(epoch + 1, epoch_of(f));
    go_on(f, 1000);
    assert_int_equal(epoch + 1, epoch_of(f));
}

/* In one leap of the log's time all that is under way would be late. */
static void test_it_leads_anew_when_a_clock_that_jumped_is_believed(void **state)
{
    struct fixture *f = *state;
    go_on(f, 0);
    uint64_t epoch = epoch_of(f);
    atomic_store(&f->wall_ahead_ms, 3600000);
    for (int i = 0; i < 6; i++) {
        go_on(f, 49000);
        assert_int_equal(epoch, epoch_of(f)); /* not before it has stood for 5 min */
    }
    go_on(f, 59000);
    assert_int_equal(epoch + 1, epoch_of(f));
    go_on(f, 59000);
    assert_int_equal(epoch + 1, epoch_of(f));
    /* Back again: time only runs slower. */
    atomic_store(&f->wall_ahead_ms, 0);
    for (int i = 0; i < 10; i++) {
        go_on(f, 59000);
    }
    assert_int_equal(epoch + 1, epoch_of(f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_leads_anew_after_it_stood_still, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_it_leads_anew_when_a_clock_that_jumped_is_believed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
