/* The agent's gRPC side, asked over mutual TLS on loopback by a controller that the test
 * plays, and by others. */
#include "agent/answer_probes.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "rpc/health.h"
#include "wire/wire.h"

#include "unit/agent/cluster.h"
#include "unit/agent/fixture.h"

#define DEADLINE_MS 10000

struct answers {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int count;
    enum asg_rpc_code code;
    enum asg_health_status health;
    struct asg_rpc_metrics metrics;
    char instance_id[64];
    struct asg_rpc_drain drain;
    char detail[256];
};

struct side {
    struct cluster cluster;
    struct asg_membership membership;
    struct asg_rpc_identity *caller;
    char holder[ASG_HOLDER_SIZE]; /* whom the agent's certificate names */
    struct asg_shown shown;
    struct asg_drainer *drainer;
    struct asg_probes *probes;
    struct asg_rpc_client *client;
    struct answers answers;
    char target[64];
};

#define ME "i-77"

/* Believes anybody of our authority, and notes who it was. */
static bool believe(void *context, const char *peer, const char *chain_pem,
                    struct asg_error *reason)
{
    (void)peer;
    struct side *side = context;
    struct asg_certificate_facts facts;
    if (asg_certificate_check(chain_pem, asg_authority_pem(side->cluster.authority),
                              &facts, reason) != ASG_OK) {
        return false;
    }
    (void)snprintf(side->holder, sizeof side->holder, "%s", facts.holder.instance_id);
    return true;
}

static struct asg_rpc_client *client_with(struct side *side,
                                          struct asg_rpc_identity *identity)
{
    const struct asg_rpc_client_options options = {
        .identity = identity, .check = believe, .check_context = side};
    struct asg_rpc_client *client = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_rpc_client_new(&options, &client, &error));
    return client;
}

/* A client's identity by `cluster`, as the holder says. */
static struct asg_rpc_identity *identity_of(struct cluster *cluster, const char *name,
                                            const char *instance_id)
{
    struct asg_tls_key *key = NULL;
    struct asg_error error = {""};
    struct asg_rpc_identity *identity = NULL;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes pem = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes key_pem = {0};
    assert_status(ASG_OK, asg_tls_key_load_or_make("", &key, &error));
    cluster_sign_key(cluster, key, name, instance_id, &pem);
    asg_tls_key_pem(key, &key_pem);
    assert_status(ASG_OK,
                  asg_rpc_identity_new(asg_bytes_text(&pem), asg_bytes_text(&key_pem),
                                       NULL, &identity, &error));
    asg_tls_key_destroy(&key);
    return identity;
}

static void certify(struct side *side)
{
    struct asg_error error = {""};
    struct asg_enrolled enrolled =
        cluster_enrol(&side->cluster, side->membership.tls_key, ME);
    asg_membership_set(&side->membership, &enrolled, ME);
    assert_status(ASG_OK, asg_probes_certify(side->probes, &side->membership, &error));
}

static void side_start(struct side *side, const char *script, int64_t timeout_ms)
{
    *side = (struct side){0};
    (void)pthread_mutex_init(&side->answers.mutex, NULL);
    (void)pthread_cond_init(&side->answers.changed, NULL);
    asg_shown_init(&side->shown, ME);
    const struct asg_drainer_options options = {
        .script = script, .instance_id = ME, .timeout_ms = timeout_ms};
    side->drainer = asg_drainer_new(&options);
    struct asg_error error = {""};
    cluster_start(&side->cluster);
    assert_status(ASG_OK,
                  asg_membership_open("/proc/none", ME, "", &side->membership, &error));
    const struct asg_probes_options probes = {.address = "127.0.0.1:0",
                                              .health_address = "127.0.0.1:0",
                                              .shown = &side->shown,
                                              .drainer = side->drainer};
    assert_status(ASG_OK, asg_probes_new(&probes, &side->probes, &error));
    assert_int_equal(0, asg_probes_port(side->probes)); /* no certificate, no port */
    certify(side);
    side->caller = identity_of(&side->cluster, CLUSTER_NAME, NULL);
    side->client = client_with(side, side->caller);
    (void)snprintf(side->target, sizeof side->target, "127.0.0.1:%u",
                   asg_probes_port(side->probes));
}

static void side_end(struct side *side)
{
    asg_rpc_client_destroy(&side->client);
    asg_rpc_identity_destroy(&side->caller);
    asg_probes_destroy(&side->probes);
    asg_drainer_destroy(&side->drainer);
    asg_shown_clear(&side->shown);
    asg_membership_clear(&side->membership);
    cluster_end(&side->cluster);
}

static void note(struct answers *answers)
{
    answers->count++;
    (void)pthread_cond_broadcast(&answers->changed);
    (void)pthread_mutex_unlock(&answers->mutex);
}

static void wait_for(struct answers *answers, int count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    (void)pthread_mutex_lock(&answers->mutex);
    while (answers->count < count) {
        assert_int_equal(
            0, pthread_cond_timedwait(&answers->changed, &answers->mutex, &until));
    }
    (void)pthread_mutex_unlock(&answers->mutex);
}

static void take_health(const struct asg_rpc_health_reply *reply, void *context)
{
    struct answers *answers = context;
    (void)pthread_mutex_lock(&answers->mutex);
    answers->code = reply->code;
    answers->health = reply->status;
    note(answers);
}

static void take_metrics(enum asg_rpc_code code, const char *details,
                         const struct asg_rpc_metrics *metrics, void *context)
{
    (void)details;
    struct answers *answers = context;
    (void)pthread_mutex_lock(&answers->mutex);
    answers->code = code;
    if (metrics != NULL) {
        answers->metrics = *metrics;
        (void)snprintf(answers->instance_id, sizeof answers->instance_id, "%s",
                       metrics->instance_id);
    }
    note(answers);
}

static void take_drain(enum asg_rpc_code code, const char *details,
                       const struct asg_rpc_drain *drain, void *context)
{
    (void)details;
    struct answers *answers = context;
    (void)pthread_mutex_lock(&answers->mutex);
    answers->code = code;
    if (drain != NULL) {
        answers->drain = *drain;
        (void)snprintf(answers->detail, sizeof answers->detail, "%s", drain->detail);
    }
    note(answers);
}

static void ask_drain(struct side *side, uint32_t timeout_ms)
{
    assert_status(ASG_OK, asg_rpc_agent_drain(side->client, side->target, ME, "scale in",
                                              timeout_ms, DEADLINE_MS, take_drain,
                                              &side->answers));
}

/* The path of an executable script in the fixture. */
static const char *put_script(const char *text)
{
    static char path[128];
    fixture_put("/drain.sh", text);
    (void)snprintf(path, sizeof path, "%s/drain.sh", fixture_root);
    assert_int_equal(0, chmod(path, 0700));
    return path;
}

static int count_lines(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", fixture_root, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    int lines = 0;
    for (int c; (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    (void)fclose(file);
    return lines;
}

static void wait_for_lines(const char *name, int lines)
{
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + 20000;
    while (count_lines(name) < lines) {
        assert_true(asg_clock_monotonic_ms(&clock) < end_ms);
        const struct timespec moment = {.tv_nsec = 2000000};
        (void)nanosleep(&moment, NULL);
    }
}

static void test_health_knows_the_agent_and_nobody_else(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, "", 1000);
    assert_status(ASG_OK, asg_rpc_health_check(side.client, side.target, ME, "",
                                               DEADLINE_MS, take_health, &side.answers));
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_int_equal(ASG_HEALTH_SERVING, side.answers.health);
    assert_status(ASG_OK, asg_rpc_health_check(side.client, side.target, ME, "no.such",
                                               DEADLINE_MS, take_health, &side.answers));
    wait_for(&side.answers, 2);
    assert_int_equal(ASG_RPC_NOT_FOUND, side.answers.code);
    side_end(&side);
}

static void test_metrics_are_those_last_shown(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, "", 1000);
    assert_status(ASG_OK,
                  asg_rpc_agent_get_metrics(side.client, side.target, ME, DEADLINE_MS,
                                            take_metrics, &side.answers));
    wait_for(&side.answers, 1);
    assert_false(side.answers.metrics.has_report);
    assert_false(side.answers.metrics.is_reporting);

    const struct asg_report report = {.boot_id = UINT64_MAX,
                                      .sequence = 41,
                                      .time_ms = 1700000000123,
                                      .interval_ms = 1000,
                                      .cpu_milli = 42500,
                                      .memory_milli = 1,
                                      .load_milli = 2,
                                      .pressure_milli = 3,
                                      .network_in_bytes = 4,
                                      .network_out_bytes = 5,
                                      .disk_read_bytes = 6,
                                      .disk_write_bytes = UINT64_MAX};
    asg_shown_report(&side.shown, &report);
    asg_shown_counts(&side.shown, 40, 1);
    asg_shown_reporting(&side.shown, true);
    assert_status(ASG_OK,
                  asg_rpc_agent_get_metrics(side.client, side.target, ME, DEADLINE_MS,
                                            take_metrics, &side.answers));
    wait_for(&side.answers, 2);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_string_equal("i-77", side.answers.instance_id);
    assert_true(side.answers.metrics.is_reporting);
    assert_int_equal(40, side.answers.metrics.reports_sent);
    assert_int_equal(1, side.answers.metrics.reports_dropped);
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes wanted = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes seen = {0};
    asg_wire_encode_report(&report, &wanted);
    asg_wire_encode_report(&side.answers.metrics.report, &seen);
    assert_int_equal(wanted.length, seen.length);
    assert_memory_equal(wanted.data, seen.data, wanted.length);
    side_end(&side);
}

static void test_drain_without_a_script_succeeds_at_once(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, "", 1000);
    ask_drain(&side, 0);
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_true(side.answers.drain.is_drained);
    assert_int_equal(-1, side.answers.drain.exit_code);
    side_end(&side);
}

static void test_drain_gives_the_script_reason_and_instance(void **state)
{
    (void)state;
    struct side side;
    side_start(&side,
               put_script("#!/bin/sh\n"
                          "[ \"$OPENASG_DRAIN_REASON\" = 'scale in' ] || exit 3\n"
                          "[ \"$OPENASG_INSTANCE_ID\" = i-77 ] || exit 4\n"
                          "read line && exit 5\n"
                          "exit 0\n"),
               10000);
    ask_drain(&side, 0);
    wait_for(&side.answers, 1);
    assert_int_equal(0, side.answers.drain.exit_code);
    assert_true(side.answers.drain.is_drained);
    side_end(&side);
}

static void test_failed_drain_says_so_and_is_run_again_when_asked(void **state)
{
    (void)state;
    struct side side;
    side_start(&side,
               put_script("#!/bin/sh\necho x >>\"$(dirname \"$0\")/runs\"\nexit 9\n"),
               10000);
    ask_drain(&side, 0);
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_false(side.answers.drain.is_drained);
    assert_int_equal(9, side.answers.drain.exit_code);
    ask_drain(&side, 0);
    wait_for(&side.answers, 2);
    assert_int_equal(2, count_lines("runs"));
    side_end(&side);
}

static void test_drain_that_takes_too_long_is_stopped_with_its_children(void **state)
{
    (void)state;
    struct side side;
    side_start(&side,
               put_script("#!/bin/sh\nsleep 300 &\necho $! >\"$(dirname \"$0\")/child\"\n"
                          "wait\n"),
               60000);
    ask_drain(&side, 300);
    wait_for(&side.answers, 1);
    assert_true(side.answers.drain.has_timed_out);
    assert_false(side.answers.drain.is_drained);
    assert_int_equal(-1, side.answers.drain.exit_code);

    char path[128];
    char text[32] = {0};
    (void)snprintf(path, sizeof path, "%s/child", fixture_root);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    (void)fclose(file);
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + 10000;
    /* Its new parent may take a moment to wait for it: a zombie is gone enough. */
    (void)snprintf(path, sizeof path, "/proc/%ld/cmdline", strtol(text, NULL, 10));
    for (int c = 'x'; c != EOF;) {
        assert_true(asg_clock_monotonic_ms(&clock) < end_ms);
        FILE *command = fopen(path, "re");
        c = command == NULL ? EOF : fgetc(command);
        if (command != NULL) (void)fclose(command);
    }
    side_end(&side);
}

static void test_script_that_cannot_be_started_is_told(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, "/no/such/script", 1000);
    ask_drain(&side, 0);
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_false(side.answers.drain.is_drained);
    assert_non_null(strstr(side.answers.detail, "cannot be started"));
    side_end(&side);
}

static const char waits_for_go[] = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho x >>runs\n"
                                   "while [ ! -e go ]; do sleep 0.02; done\n";

static void test_second_drain_waits_for_the_first_run(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, put_script(waits_for_go), 30000);
    ask_drain(&side, 0);
    wait_for_lines("runs", 1);
    ask_drain(&side, 0);
    ask_drain(&side, 0);
    assert_int_equal(0, side.answers.count);
    fixture_put("/go", "");
    wait_for(&side.answers, 3);
    assert_int_equal(1, count_lines("runs"));
    ask_drain(&side, 0);
    wait_for(&side.answers, 4);
    assert_true(side.answers.drain.is_drained);
    assert_int_equal(1, count_lines("runs"));
    side_end(&side);
}

static void test_drain_goes_on_when_the_caller_hangs_up(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, put_script(waits_for_go), 30000);
    assert_status(ASG_OK, asg_rpc_agent_drain(side.client, side.target, ME, "x", 0, 200,
                                              take_drain, &side.answers));
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_DEADLINE_EXCEEDED, side.answers.code);
    wait_for_lines("runs", 1);
    fixture_put("/go", "");
    ask_drain(&side, 0);
    wait_for(&side.answers, 2);
    assert_true(side.answers.drain.is_drained);
    assert_int_equal(1, count_lines("runs"));
    side_end(&side);
}

static void test_agent_that_stops_ends_a_drain_that_runs(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, put_script(waits_for_go), 30000);
    ask_drain(&side, 0);
    wait_for_lines("runs", 1);
    asg_probes_destroy(&side.probes);
    wait_for(&side.answers, 1);
    assert_int_not_equal(ASG_RPC_OK, side.answers.code);
    side_end(&side); /* does not wait for the script's 30 seconds */
}

/* What a call of this caller comes to. */
static enum asg_rpc_code code_for(struct side *side, struct asg_rpc_identity *identity)
{
    struct asg_rpc_client *client = client_with(side, identity);
    int before = side->answers.count;
    assert_status(ASG_OK, asg_rpc_agent_drain(client, side->target, ME, "a stranger's", 0,
                                              DEADLINE_MS, take_drain, &side->answers));
    wait_for(&side->answers, before + 1);
    enum asg_rpc_code drained = side->answers.code;
    assert_status(ASG_OK, asg_rpc_health_check(client, side->target, ME, "", DEADLINE_MS,
                                               take_health, &side->answers));
    wait_for(&side->answers, before + 2);
    assert_int_equal(drained, side->answers.code);
    assert_status(ASG_OK, asg_rpc_agent_get_metrics(client, side->target, ME, DEADLINE_MS,
                                                    take_metrics, &side->answers));
    wait_for(&side->answers, before + 3);
    assert_int_equal(drained, side->answers.code);
    asg_rpc_client_destroy(&client);
    return drained;
}

static void test_nobody_but_the_controller_of_our_cluster_is_obeyed(void **state)
{
    (void)state;
    struct side side;
    struct cluster stranger;
    cluster_start(&stranger);
    side_start(&side, put_script("#!/bin/sh\necho x >>\"$(dirname \"$0\")/runs\"\n"),
               10000);
    struct asg_rpc_identity *agent = identity_of(&side.cluster, CLUSTER_NAME, "i-88");
    struct asg_rpc_identity *other = identity_of(&side.cluster, CLUSTER_OTHER, NULL);
    struct asg_rpc_identity *forged = identity_of(&stranger, CLUSTER_NAME, NULL);
    struct asg_rpc_identity *nobody = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_rpc_identity_new(NULL, NULL, NULL, &nobody, &error));
    assert_int_equal(ASG_RPC_PERMISSION_DENIED, code_for(&side, agent));
    assert_int_equal(ASG_RPC_PERMISSION_DENIED, code_for(&side, other));
    assert_int_equal(ASG_RPC_UNAVAILABLE, code_for(&side, forged)); /* no handshake */
    assert_int_equal(ASG_RPC_UNAVAILABLE, code_for(&side, nobody));
    assert_int_equal(0, count_lines("runs"));

    /* And after all of them the controller's drain is the first. */
    int before = side.answers.count;
    ask_drain(&side, 0);
    wait_for(&side.answers, before + 1);
    assert_true(side.answers.drain.is_drained);
    assert_string_equal("the drain script ended with 0", side.answers.detail);
    assert_int_equal(1, count_lines("runs"));
    assert_string_equal(ME, side.holder);
    asg_rpc_identity_destroy(&agent);
    asg_rpc_identity_destroy(&other);
    asg_rpc_identity_destroy(&forged);
    asg_rpc_identity_destroy(&nobody);
    side_end(&side);
    cluster_end(&stranger);
}

static void test_certificate_is_replaced_while_a_drain_runs(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, put_script(waits_for_go), 30000);
    uint16_t port = asg_probes_port(side.probes);
    ask_drain(&side, 0);
    wait_for_lines("runs", 1);
    certify(&side);
    assert_int_equal(port, asg_probes_port(side.probes));
    assert_status(ASG_OK, asg_rpc_health_check(side.client, side.target, ME, "",
                                               DEADLINE_MS, take_health, &side.answers));
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    fixture_put("/go", "");
    wait_for(&side.answers, 2);
    assert_true(side.answers.drain.is_drained);
    side_end(&side);
}

static void test_health_listener_knows_health_and_nothing_else(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, "", 1000);
    char plain[32];
    (void)snprintf(plain, sizeof plain, "127.0.0.1:%u",
                   asg_probes_health_port(side.probes));
    struct asg_rpc_client *client = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_rpc_client_new(NULL, &client, &error));
    assert_status(ASG_OK, asg_rpc_health_check(client, plain, "", "", DEADLINE_MS,
                                               take_health, &side.answers));
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_int_equal(ASG_HEALTH_SERVING, side.answers.health);
    assert_status(ASG_OK, asg_rpc_agent_drain(client, plain, "", "x", 0, DEADLINE_MS,
                                              take_drain, &side.answers));
    wait_for(&side.answers, 2);
    assert_int_equal(ASG_RPC_UNIMPLEMENTED, side.answers.code);
    asg_rpc_client_destroy(&client);
    side_end(&side);
}

static void test_health_does_not_listen_beyond_this_machine(void **state)
{
    (void)state;
    static const char *const addresses[] = {"0.0.0.0:7707",   "10.0.0.9:7707",
                                            "[::]:7707",      ":7707",
                                            "localhost:7707", "128.0.0.1:1"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        const struct asg_probes_options options = {.address = "127.0.0.1:0",
                                                   .health_address = addresses[i]};
        struct asg_probes *probes = NULL;
        struct asg_error error = {""};
        assert_status(ASG_ERR_DENIED, asg_probes_new(&options, &probes, &error));
        assert_non_null(strstr(error.text, addresses[i]));
    }
}

static void test_reason_of_a_drain_has_nothing_that_a_terminal_obeys(void **state)
{
    (void)state;
    struct side side;
    side_start(&side,
               put_script("#!/bin/sh\nprintf '%s' \"$OPENASG_DRAIN_REASON\" "
                          ">\"$(dirname \"$0\")/reason\"\n"),
               10000);
    assert_status(ASG_OK, asg_rpc_agent_drain(side.client, side.target, ME,
                                              "a\nb\x1b[31mc\xc2\x9b"
                                              "d\xe2\x80\xae"
                                              "e\x7f \xc3\xa9",
                                              0, DEADLINE_MS, take_drain, &side.answers));
    wait_for(&side.answers, 1);
    assert_true(side.answers.drain.is_drained);
    char path[128];
    char text[64] = {0};
    (void)snprintf(path, sizeof path, "%s/reason", fixture_root);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    (void)fclose(file);
    assert_string_equal("a b [31mc d e  \xc3\xa9", text);
    side_end(&side);
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health_knows_the_agent_and_nobody_else),
        cmocka_unit_test(test_metrics_are_those_last_shown),
        cmocka_unit_test(test_drain_without_a_script_succeeds_at_once),
        IN_FIXTURE(test_drain_gives_the_script_reason_and_instance),
        IN_FIXTURE(test_failed_drain_says_so_and_is_run_again_when_asked),
        IN_FIXTURE(test_drain_that_takes_too_long_is_stopped_with_its_children),
        cmocka_unit_test(test_script_that_cannot_be_started_is_told),
        IN_FIXTURE(test_second_drain_waits_for_the_first_run),
        IN_FIXTURE(test_drain_goes_on_when_the_caller_hangs_up),
        IN_FIXTURE(test_nobody_but_the_controller_of_our_cluster_is_obeyed),
        IN_FIXTURE(test_certificate_is_replaced_while_a_drain_runs),
        cmocka_unit_test(test_health_listener_knows_health_and_nothing_else),
        cmocka_unit_test(test_health_does_not_listen_beyond_this_machine),
        IN_FIXTURE(test_reason_of_a_drain_has_nothing_that_a_terminal_obeys),
        IN_FIXTURE(test_agent_that_stops_ends_a_drain_that_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
