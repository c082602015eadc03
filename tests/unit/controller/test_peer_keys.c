/* test_peer_keys - folders of keys that are looked at each second, and the bounds of a
 * key. */
#include "controller/peer_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(0, fclose(file));
}

static void test_a_folder_says_when_its_keys_changed(void **state)
{
    (void)state;
    char path[] = "/tmp/openasg-keys-XXXXXX";
    assert_non_null(mkdtemp(path));
    char good[64];
    char bad[64];
    (void)snprintf(good, sizeof good, "%s/one.pub", path);
    (void)snprintf(bad, sizeof bad, "%s/bad.pub", path);
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    struct asg_allow_list *list;
    asg_allow_list_new(&list);
    struct asg_peer_folder folder = {.path = path, .list = list};
    assert_false(asg_peer_folder_look(&folder, 0)); /* empty as before */
    assert_status(ASG_OK, asg_bus_public_key_save(good, keys.public_key, NULL));
    assert_true(asg_peer_folder_look(&folder, 1000));
    assert_false(asg_peer_folder_look(&folder, 2000));
    write_text(bad, "garbage\n");
    assert_false(asg_peer_folder_look(&folder, 3000)); /* told of, and nobody is gone */
    assert_int_equal(3000, folder.told_at_ms);
    assert_non_null(strstr(folder.told, "bad.pub"));
    assert_false(asg_peer_folder_look(&folder, 4000));
    assert_int_equal(3000, folder.told_at_ms); /* once */
    assert_false(asg_peer_folder_look(&folder, 64000));
    assert_int_equal(64000, folder.told_at_ms); /* and while it stands */
    assert_int_equal(0, unlink(good));
    assert_true(asg_peer_folder_look(&folder, 65000)); /* whatever lies beside it */
    assert_false(asg_allow_list_find(list, keys.public_key, NULL));
    assert_int_equal(0, unlink(bad));
    assert_false(asg_peer_folder_look(&folder, 66000));
    assert_string_equal("", folder.told);
    assert_int_equal(0, rmdir(path));
    asg_allow_list_destroy(&list);
}

/* docs/security.md, "Keys of workers and admins". */
static void test_a_stolen_workers_key_needs_more_than_a_year(void **state)
{
    (void)state;
    struct asg_bus_listen_options options = {0};
    asg_limit_key(/* is_admin */ false, /* heartbeat_ms */ 3000, &options);
    assert_int_equal(ASG_BUS_LANE_JOBS, options.lane);
    double a_second = options.handshakes_key_hour / 3600.0;
    double held = options.connections_key + options.handshakes_key_burst +
                  a_second * (double)options.silent_ms / 1000;
    double days = 4294967296.0 / held / a_second / 86400;
    assert_true(held == 106);
    assert_in_range((int)days, 468, 469);
    asg_limit_key(/* is_admin */ false, /* heartbeat_ms */ 60000, &options);
    assert_int_equal(120000, options.silent_ms); /* it speaks at its next heartbeat */
    asg_limit_key(/* is_admin */ true, 3000, &options);
    assert_int_equal(ASG_BUS_LANE_ORDERS, options.lane);
    a_second = options.handshakes_key_hour / 3600.0;
    held = options.connections_key + options.handshakes_key_burst +
           a_second * (double)options.silent_ms / 1000;
    assert_true(held == 1378);
    assert_in_range((int)(4294967296.0 / held / a_second / 3600), 17, 17);
}

static void expect_advice(const struct asg_known_peers *known, const char *key,
                          enum asg_edge edge, const char *advice)
{
    struct asg_bus_refusal row = {.count = 1};
    char said[ASG_ERROR_TEXT_MAX];
    (void)snprintf(row.key, sizeof row.key, "%s", key);
    asg_advise_refused(known, &row, edge, said);
    assert_string_equal(advice, said);
}

static void test_a_key_at_the_wrong_port_is_sent_to_the_right_one(void **state)
{
    (void)state;
    struct asg_bus_keys worker;
    struct asg_bus_keys admin;
    struct asg_bus_keys stranger;
    asg_bus_keys_new(&worker);
    asg_bus_keys_new(&admin);
    asg_bus_keys_new(&stranger);
    struct asg_known_peers known = {.listen_workers = "tcp://10.0.0.1:7702",
                                    .listen_admin = "tcp://10.0.0.1:7703"};
    asg_allow_list_new(&known.workers);
    asg_allow_list_new(&known.admins);
    asg_allow_list_add(known.workers, worker.public_key, "worker-1");
    asg_allow_list_add(known.admins, admin.public_key, "ann");
    expect_advice(&known, worker.public_key, ASG_EDGE_ADMIN,
                  "this is the key of worker worker-1, and this port is not for it: "
                  "workers connect to tcp://10.0.0.1:7702 (listen.workers)");
    expect_advice(&known, admin.public_key, ASG_EDGE_WORKERS,
                  "this is the key of admin ann, and this port is not for it: openasg "
                  "connects to tcp://10.0.0.1:7703 (listen.admin)");
    expect_advice(&known, stranger.public_key, ASG_EDGE_ADMIN,
                  "to admit it, copy its NAME.pub into admins.d");
    expect_advice(&known, stranger.public_key, ASG_EDGE_WORKERS,
                  "to admit it, copy its NAME.pub into workers.d");
    asg_allow_list_destroy(&known.workers);
    asg_allow_list_destroy(&known.admins);
}

static void test_zeromq_has_a_thread_of_its_own_for_orders(void **state)
{
    (void)state;
    assert_int_equal(2, asg_io_threads(1));
    assert_int_equal(5, asg_io_threads(5));
    assert_true(asg_io_threads(0) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_folder_says_when_its_keys_changed),
        cmocka_unit_test(test_a_stolen_workers_key_needs_more_than_a_year),
        cmocka_unit_test(test_a_key_at_the_wrong_port_is_sent_to_the_right_one),
        cmocka_unit_test(test_zeromq_has_a_thread_of_its_own_for_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
