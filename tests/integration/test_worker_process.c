/* The worker program itself: CURVE to a played controller, HTTP to a scripted EC2. */
#include "integration/scripted_ec2.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bus/bus.h"
#include "wire/wire.h"

#define WAIT_MS 20000

extern char **environ;

struct setup {
    struct scripted_ec2 server;
    struct asg_bus *bus;
    struct asg_bus_listener *listener;
    struct asg_bus_keys keys;
    struct asg_allow_list *allowed;
    struct asg_allow_list *own; /* of the worker alone; NULL: the test brought one */
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    char folder[64];
    pid_t pid;
    int launches;
    enum scripted_fault launch_fault;
    uint32_t peer; /* who spoke last */
    struct asg_arena arena;
};

/* A test that fails leaves no worker behind. */
static pid_t left_behind;

static void end_left_behind(void)
{
    if (left_behind > 0) (void)kill(left_behind, SIGKILL);
    left_behind = 0;
}

static void play(void *context, const struct scripted_request *request,
                 struct scripted_answer *ret)
{
    struct setup *setup = context;
    if (strcmp(request->action, "DescribeLaunchTemplateVersions") == 0) {
        ret->body = strdup(
            "<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item>"
            "<launchTemplateId>lt-1</launchTemplateId><versionNumber>1</versionNumber>"
            "<launchTemplateData><imageId>ami-1</imageId></launchTemplateData></item>"
            "</launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>");
        return;
    }
    if (strcmp(request->action, "RunInstances") != 0) {
        scripted_error(ret, 400, "InvalidAction", request->action);
        return;
    }
    setup->launches++;
    ret->fault = setup->launch_fault;
    ret->body = strdup("<RunInstancesResponse><instancesSet><item><instanceId>i-1"
                       "</instanceId><instanceState><name>pending</name></instanceState>"
                       "</item></instancesSet></RunInstancesResponse>");
}

static void listen_at(struct setup *setup, const char *endpoint)
{
    struct asg_error error = {""};
    const struct asg_bus_listen_options options = {.endpoint = endpoint,
                                                   .domain = "workers",
                                                   .keys = &setup->keys,
                                                   .allow_list = setup->allowed,
                                                   .max_message_bytes = 1 << 20};
    if (asg_bus_listener_new(setup->bus, &options, &setup->listener, &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
    (void)snprintf(setup->endpoint, sizeof setup->endpoint, "%s",
                   asg_bus_listener_endpoint(setup->listener));
}

static void start_worker(struct setup *setup)
{
    (void)setenv("AWS_ACCESS_KEY_ID", SCRIPTED_KEY_ID, 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", SCRIPTED_SECRET, 1);
    (void)setenv("AWS_ENDPOINT_URL_EC2", setup->server.url, 1);
    (void)setenv("AWS_REGION", "us-east-1", 1);
    /* One word: a key may begin with a dash. */
    char key[64];
    (void)snprintf(key, sizeof key, "--controller-key=%s", setup->keys.public_key);
    char program[] = ASG_BUILD_DIR "/bin/openasg-worker";
    char *argv[] = {program,
                    (char[]){"--dir"},
                    setup->folder,
                    (char[]){"--name=w1"},
                    (char[]){"--controller-endpoint"},
                    setup->endpoint,
                    key,
                    (char[]){"--hello-every=100ms"},
                    (char[]){"--resend-after=100ms"},
                    (char[]){"--stop-within=10s"},
                    NULL};
    assert_int_equal(0, posix_spawn(&setup->pid, program, NULL, NULL, argv, environ));
    left_behind = setup->pid;
}

/* The worker's key is made before it starts, and stands on a list of its own. */
static void allow_worker(struct setup *setup)
{
    char path[128];
    struct asg_bus_keys keys;
    (void)snprintf(path, sizeof path, "%s/worker.key", setup->folder);
    assert_status(ASG_OK, asg_bus_keys_load_or_make(path, &keys, NULL));
    asg_allow_list_new(&setup->own);
    asg_allow_list_add(setup->own, keys.public_key, "w1");
    asg_bus_keys_clear(&keys);
    setup->allowed = setup->own;
}

/* `allowed` NULL: the worker's key and no other. */
static void open_setup(struct setup *setup, struct asg_allow_list *allowed)
{
    end_left_behind(); /* of a test that failed before this one */
    *setup = (struct setup){.allowed = allowed};
    (void)snprintf(setup->folder, sizeof setup->folder, "/tmp/test_worker.XXXXXX");
    assert_non_null(mkdtemp(setup->folder));
    asg_bus_keys_new(&setup->keys);
    if (allowed == NULL) allow_worker(setup);
    assert_status(ASG_OK, asg_bus_new(1, &setup->bus, NULL));
    listen_at(setup, "tcp://127.0.0.1:*");
    scripted_start(&setup->server, play, setup);
    start_worker(setup);
}

static void forget_worker(struct setup *setup)
{
    setup->pid = 0;
    left_behind = 0;
}

static int end_worker(struct setup *setup, int signal)
{
    if (setup->pid == 0) return -1;
    assert_int_equal(0, kill(setup->pid, signal));
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + WAIT_MS;
    int status = 0;
    while (waitpid(setup->pid, &status, WNOHANG) == 0) {
        if (asg_clock_monotonic_ms(&clock) > until_ms) {
            (void)kill(setup->pid, SIGKILL);
            fail_msg("the worker does not end");
        }
        (void)poll(NULL, 0, 5);
    }
    forget_worker(setup);
    return status;
}

static void close_setup(struct setup *setup)
{
    (void)end_worker(setup, SIGKILL);
    scripted_stop(&setup->server);
    assert_int_equal(0, setup->server.bad_signatures);
    asg_bus_listener_destroy(&setup->listener);
    asg_bus_destroy(&setup->bus);
    asg_allow_list_destroy(&setup->own);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/worker.key", setup->folder);
    struct stat facts;
    assert_int_equal(0, stat(path, &facts));
    assert_int_equal(0600, facts.st_mode & 0777);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/worker.key.pub", setup->folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/w1.pub", setup->folder);
    (void)unlink(path);
    (void)rmdir(setup->folder);
    asg_arena_clear(&setup->arena);
}

/* The next message of a type, decoded; others on the way are passed over. */
static void hear(struct setup *setup, enum asg_message_type wanted, void *ret)
{
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + WAIT_MS;
    while (asg_clock_monotonic_ms(&clock) < until_ms) {
        struct asg_bus_poll_item item = {.listener = setup->listener, .fd = -1};
        (void)asg_bus_poll(&item, 1, 100);
        struct asg_bus_message message;
        while (asg_bus_listener_receive(setup->listener, &message) == ASG_OK) {
            enum asg_message_type type;
            assert_status(ASG_OK,
                          asg_wire_message_type(message.data, message.length, &type));
            if (type != wanted) continue;
            setup->peer = message.peer;
            assert_status(ASG_OK, asg_wire_decode_message(message.data, message.length,
                                                          type, &setup->arena, ret));
            return;
        }
    }
    fail_msg("the worker never said %d", (int)wanted);
}

static void tell(struct setup *setup, enum asg_message_type type, const void *object)
{
    struct asg_bytes frame = {0};
    asg_wire_encode_message(type, object, &frame);
    assert_status(ASG_OK, asg_bus_listener_send(setup->listener, setup->peer, frame.data,
                                                frame.length));
    asg_bytes_clear(&frame);
}

static void welcome(struct setup *setup, uint64_t epoch)
{
    tell(setup, ASG_MESSAGE_WELCOME,
         &(struct asg_welcome){
             .epoch = epoch, .cluster_id = "c-1", .lease_ms = 3000, .heartbeat_ms = 100});
}

static void give_launch(struct setup *setup, uint64_t id)
{
    const struct asg_launch launch = {.template_id = "lt-1",
                                      .template_version = "1",
                                      .subnet_id = "subnet-1",
                                      .count = 1,
                                      .group_max = 5};
    const struct asg_job job = {.id = id,
                                .attempt = 1,
                                .kind = ASG_JOB_LAUNCH,
                                .group = "web",
                                .deadline_ms = 1,
                                .client_token = "token",
                                .launch = &launch};
    tell(setup, ASG_MESSAGE_JOB,
         &(struct asg_job_message){.epoch = 1,
                                   .lease_id = id,
                                   .time_left_ms = 15000,
                                   .cluster_id = "c-1",
                                   .join_stanza = "",
                                   .job = &job});
}

static void test_a_job_goes_round_and_a_restarted_controller_gets_its_result(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, /* allowed */ NULL);
    struct asg_hello hello = {0};
    hear(&setup, ASG_MESSAGE_HELLO, &hello);
    assert_string_equal("w1", hello.worker);
    assert_int_equal(32, hello.credits);
    assert_int_equal(0, hello.held_count);
    welcome(&setup, 1);
    give_launch(&setup, 7);
    struct asg_result_message result = {0};
    hear(&setup, ASG_MESSAGE_RESULT, &result);
    assert_int_equal(ASG_OUTCOME_OK, result.result->outcome);
    assert_string_equal("i-1", result.result->instances[0].instance_id);

    /* The controller dies before it acknowledges and comes back at the same place. */
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    (void)snprintf(endpoint, sizeof endpoint, "%s", setup.endpoint);
    asg_bus_listener_destroy(&setup.listener);
    asg_bus_destroy(&setup.bus); /* ends when the port is given up */
    assert_status(ASG_OK, asg_bus_new(1, &setup.bus, NULL));
    listen_at(&setup, endpoint);
    struct asg_heartbeat heartbeat = {0};
    hear(&setup, ASG_MESSAGE_HEARTBEAT, &heartbeat);
    assert_int_equal(1, heartbeat.held_count);
    tell(&setup, ASG_MESSAGE_REJOIN, NULL);
    hear(&setup, ASG_MESSAGE_HELLO, &hello);
    assert_int_equal(1, hello.held_count);
    assert_int_equal(7, hello.held[0].job_id);
    welcome(&setup, 2);
    result = (struct asg_result_message){0};
    hear(&setup, ASG_MESSAGE_RESULT, &result);
    assert_int_equal(7, result.result->job_id);
    tell(&setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = 7, .attempt = 1});
    assert_int_equal(1, setup.launches);

    int status = end_worker(&setup, SIGTERM);
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
    close_setup(&setup);
}

static void test_sigterm_waits_for_the_launch_under_way(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, /* allowed */ NULL);
    struct asg_hello hello = {0};
    hear(&setup, ASG_MESSAGE_HELLO, &hello);
    welcome(&setup, 1);
    (void)pthread_mutex_lock(&setup.server.lock);
    setup.launch_fault = SCRIPTED_CLOSE; /* repeats with pauses: long enough to stop in */
    (void)pthread_mutex_unlock(&setup.server.lock);
    give_launch(&setup, 7);
    struct asg_heartbeat heartbeat = {0};
    do {
        hear(&setup, ASG_MESSAGE_HEARTBEAT, &heartbeat);
    } while (heartbeat.held_count == 0);
    assert_int_equal(0, kill(setup.pid, SIGTERM));
    do {
        hear(&setup, ASG_MESSAGE_HEARTBEAT, &heartbeat);
    } while (heartbeat.credits > 0);
    (void)pthread_mutex_lock(&setup.server.lock);
    setup.launch_fault = SCRIPTED_ANSWER;
    (void)pthread_mutex_unlock(&setup.server.lock);
    struct asg_result_message result = {0};
    hear(&setup, ASG_MESSAGE_RESULT, &result);
    assert_true(result.result->outcome == ASG_OUTCOME_OK ||
                result.result->outcome == ASG_OUTCOME_AMBIGUOUS);
    tell(&setup, ASG_MESSAGE_ACK, &(struct asg_ack){.job_id = 7, .attempt = 1});
    int status = 0;
    assert_int_equal(setup.pid, waitpid(setup.pid, &status, 0));
    forget_worker(&setup);
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
    close_setup(&setup);
}

static void test_a_worker_whose_key_is_allowed_later_connects_by_itself(void **state)
{
    (void)state;
    struct setup setup;
    struct asg_allow_list *allowed = NULL;
    asg_allow_list_new(&allowed);
    open_setup(&setup, allowed);
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + WAIT_MS;
    while (asg_bus_refused_count(setup.bus) == 0) {
        assert_true(asg_clock_monotonic_ms(&clock) < until_ms);
        struct asg_bus_poll_item item = {.listener = setup.listener, .fd = -1};
        (void)asg_bus_poll(&item, 1, 20);
    }
    char path[128];
    char key[ASG_BUS_KEY_SIZE];
    (void)snprintf(path, sizeof path, "%s/worker.key.pub", setup.folder);
    assert_status(ASG_OK, asg_bus_public_key_load(path, key, NULL));
    asg_allow_list_add(allowed, key, "w1");
    struct asg_hello hello = {0};
    hear(&setup, ASG_MESSAGE_HELLO, &hello);
    assert_string_equal("w1", hello.worker);
    close_setup(&setup);
    asg_allow_list_destroy(&allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_a_job_goes_round_and_a_restarted_controller_gets_its_result),
        cmocka_unit_test(test_a_worker_whose_key_is_allowed_later_connects_by_itself),
        cmocka_unit_test(test_sigterm_waits_for_the_launch_under_way),
    };
    (void)atexit(end_left_behind);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
