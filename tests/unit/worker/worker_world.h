/* worker_world - a worker in this process: jobs as the controller sends them, EC2 as a
 * script plays it. Who includes this says before what its EC2 is like (struct cloud) and
 * how it plays (play, clear_cloud). */
#ifndef ASG_TESTS_WORKER_WORLD_H
#define ASG_TESTS_WORKER_WORLD_H

#include "integration/scripted_ec2.h"

#include "aws/ec2_actions.h"
#include "wire/wire.h"
#include "worker/worker.h"

#define WAIT_MS  20000
#define SENT_MAX 512
#ifndef HEARTBEAT_MS
#define HEARTBEAT_MS 3000
#endif
#ifndef RESULT_INSTANCES
#define RESULT_INSTANCES 0
#endif
#define JOIN_LINE                                                                        \
    "# openasg-join: token=abc enrol=127.0.0.1:1 ca=2c3d job=7 attempt=1"

/* What the worker said. */
struct said {
    enum asg_message_type type;
    uint64_t job_id; /* of a result */
    uint8_t *data;
    size_t length;
};

struct setup {
    struct scripted_ec2 server;
    struct cloud cloud;
    struct asg_ec2_client *ec2;
    struct asg_worker *worker;
    struct said said[SENT_MAX];
    size_t said_count;
    bool is_cut;      /* the controller is away: sending fails */
    size_t room;      /* frames that are taken before it is; 0: any number */
    int64_t slept_ms; /* the worker's clock is so far ahead of all others */
    struct asg_arena arena;
};

static void play(void *context, const struct scripted_request *request,
                 struct scripted_answer *ret);
static void clear_cloud(struct cloud *cloud);

static inline int64_t wall_ms(void *context)
{
    (void)context;
    struct asg_clock clock = asg_clock_real();
    return asg_clock_wall_ms(&clock);
}

static inline int64_t monotonic_us(void *context)
{
    const struct setup *setup = context;
    struct asg_clock clock = asg_clock_real();
    return asg_clock_monotonic_us(&clock) + setup->slept_ms * 1000;
}

static inline enum asg_status hear(void *context, enum asg_message_type type,
                                   const void *object)
{
    struct setup *setup = context;
    if (setup->is_cut) return ASG_ERR_BUSY;
    if (setup->room > 0 && --setup->room == 0) setup->is_cut = true;
    assert_true(setup->said_count < SENT_MAX);
    struct asg_bytes frame = {0};
    asg_wire_encode_message(type, object, &frame);
    setup->said[setup->said_count++] =
        (struct said){.type = type, .data = frame.data, .length = frame.length};
    if (type == ASG_MESSAGE_RESULT) {
        const struct asg_result_message *message = object;
        setup->said[setup->said_count - 1].job_id = message->result->job_id;
    }
    return ASG_OK;
}

static inline void tell(struct setup *setup, enum asg_message_type type,
                        const void *object)
{
    struct asg_bytes frame = {0};
    asg_wire_encode_message(type, object, &frame);
    asg_worker_receive(setup->worker, frame.data, frame.length);
    asg_bytes_clear(&frame);
}

static inline void welcome(struct setup *setup, uint64_t epoch)
{
    tell(setup, ASG_MESSAGE_WELCOME,
         &(struct asg_welcome){.epoch = epoch,
                               .cluster_id = "c-1",
                               .lease_ms = 15000,
                               .heartbeat_ms = HEARTBEAT_MS});
}

static inline void open_setup_as(struct setup *setup, bool is_dry_run)
{
    *setup = (struct setup){.cloud = CLOUD};
    scripted_start(&setup->server, play, setup);
    struct asg_ec2_client_options options = {
        .credentials = {.name = "test", .fetch = scripted_credentials},
        .clock = asg_clock_real(),
        .seed = 7,
    };
    struct asg_endpoint_options where = {.url = setup->server.url, .region = "us-east-1"};
    assert_status(ASG_OK, asg_endpoint_resolve(&where, &options.endpoint, NULL));
    assert_status(ASG_OK, asg_ec2_client_new(&options, &setup->ec2, NULL));
    asg_worker_new(
        &(struct asg_worker_options){.name = "w1",
                                     .capacity = 4,
                                     .attempts = 3,
                                     .attempts_unsure = 8,
                                     .hello_ms = 1000,
                                     .resend_ms = 50,
                                     .refused_ms = 50,
                                     .result_instances = RESULT_INSTANCES,
                                     .is_dry_run = is_dry_run,
                                     .clock = {wall_ms, monotonic_us, setup},
                                     .ec2 = setup->ec2,
                                     .ports = {.send = hear, .context = setup}},
        &setup->worker);
    (void)asg_worker_tick(setup->worker);
    assert_int_equal(1, setup->said_count);
    assert_int_equal(ASG_MESSAGE_HELLO, setup->said[0].type);
    welcome(setup, 5);
}

static inline void open_setup(struct setup *setup)
{
    open_setup_as(setup, /* is_dry_run */ false);
}

static inline void close_setup(struct setup *setup)
{
    asg_ec2_client_destroy(&setup->ec2);
    asg_worker_destroy(&setup->worker);
    scripted_stop(&setup->server);
    assert_int_equal(0, setup->server.bad_signatures);
    for (size_t i = 0; i < setup->said_count; i++) {
        free(setup->said[i].data);
    }
    clear_cloud(&setup->cloud);
    asg_arena_clear(&setup->arena);
}

static inline size_t count_said(const struct setup *setup, enum asg_message_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < setup->said_count; i++) {
        if (setup->said[i].type == type) count++;
    }
    return count;
}

/* Turn the loop until so many messages of a type were said. */
static inline void wait_for(struct setup *setup, enum asg_message_type type, size_t count)
{
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + WAIT_MS;
    while (count_said(setup, type) < count && asg_clock_monotonic_ms(&clock) < until_ms) {
        int64_t next_ms = asg_worker_tick(setup->worker);
        if (count_said(setup, type) >= count) break;
        int64_t wait_ms = next_ms - monotonic_us(setup) / 1000;
        assert_status(ASG_OK, asg_ec2_client_poll(setup->ec2, NULL, 0,
                                                  wait_ms < 1000 ? wait_ms : 1000));
    }
    assert_true(count_said(setup, type) >= count);
}

/* The last message of a type, decoded into `ret`. */
static inline void last_said(struct setup *setup, enum asg_message_type type, void *ret)
{
    for (size_t i = setup->said_count; i > 0; i--) {
        struct said *said = &setup->said[i - 1];
        if (said->type != type) continue;
        assert_status(ASG_OK, asg_wire_decode_message(said->data, said->length, type,
                                                      &setup->arena, ret));
        return;
    }
    fail_msg("nothing of type %d was said", (int)type);
}

static inline const struct asg_result *find_result(struct setup *setup, uint64_t job_id)
{
    static struct asg_result_message message;
    for (size_t i = setup->said_count; i > 0; i--) {
        struct said *said = &setup->said[i - 1];
        if (said->type != ASG_MESSAGE_RESULT || said->job_id != job_id) continue;
        message = (struct asg_result_message){0};
        assert_status(ASG_OK,
                      asg_wire_decode_message(said->data, said->length, said->type,
                                              &setup->arena, &message));
        return message.result;
    }
    return NULL;
}

/* Turn the loop until the job has a result. */
static inline const struct asg_result *wait_for_result(struct setup *setup,
                                                       uint64_t job_id)
{
    const struct asg_result *result = NULL;
    while ((result = find_result(setup, job_id)) == NULL) {
        wait_for(setup, ASG_MESSAGE_RESULT, count_said(setup, ASG_MESSAGE_RESULT) + 1);
    }
    return result;
}

static inline void expect_outcome(enum asg_outcome outcome,
                                  const struct asg_result *result)
{
    assert_string_equal(asg_enum_word(&asg_outcome_words, (int)outcome),
                        asg_enum_word(&asg_outcome_words, (int)result->outcome));
}

static inline void give(struct setup *setup, const struct asg_job *job,
                        const char *stanza)
{
    tell(setup, ASG_MESSAGE_JOB,
         &(struct asg_job_message){.epoch = 5,
                                   .lease_id = 11,
                                   .time_left_ms = 15000,
                                   .cluster_id = "c-1",
                                   .join_stanza = stanza,
                                   .job = job});
}

#endif
