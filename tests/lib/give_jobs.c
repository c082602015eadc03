/* give_jobs - plays a controller to one real worker: jobs of the kinds and options that a
 * group's life does not lead to, one after the other, then questions of all kinds.
 *
 *     give_jobs CLUSTER TEMPLATE_NAME TEMPLATE_ID INSTANCE_ID...
 *
 * Says its endpoint in a line, gives each job once the last one's result is there, ends.
 * Plaintext, loopback only. See tests/integration/test_aws_parity.py.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bus/bus.h"
#include "wire/wire.h"

#define WAIT_MS INT64_C(60000)

struct play {
    const char *cluster;
    struct asg_bus_listener *listener;
    uint32_t peer;
    uint64_t given; /* id of the last job given */
    const struct asg_job *jobs;
    size_t job_count;
    uint64_t asked; /* number of the last question */
    const struct asg_question *questions;
    size_t question_count;
};

static void tell(struct play *play, enum asg_message_type type, const void *object)
{
    struct asg_bytes frame = {0};
    asg_wire_encode_message(type, object, &frame);
    if (asg_bus_listener_send(play->listener, play->peer, frame.data, frame.length) !=
        ASG_OK) {
        (void)fprintf(stderr, "give_jobs: the worker does not take a frame\n");
        exit(1);
    }
    asg_bytes_clear(&frame);
}

static void give_next(struct play *play)
{
    if (play->given == play->job_count) return;
    const struct asg_job *job = &play->jobs[play->given++];
    static const uint64_t live[] = {7};
    static const struct asg_sweep all = {.live_jobs = {.items = live, .count = 1}};
    tell(play, ASG_MESSAGE_JOB,
         &(struct asg_job_message){.epoch = 1,
                                   .lease_id = job->id,
                                   .time_left_ms = WAIT_MS,
                                   .cluster_id = play->cluster,
                                   .join_stanza = "",
                                   .job = job,
                                   .sweep = &all});
}

static void ask_next(struct play *play)
{
    tell(play, ASG_MESSAGE_ASK,
         &(struct asg_ask){.question_no = ++play->asked,
                           .time_left_ms = WAIT_MS,
                           .question = &play->questions[play->asked - 1]});
}

/* True: it was the last question. */
static bool take_told(struct play *play, const struct asg_told_message *message)
{
    (void)printf("question %" PRIu64 ": %s %s %s\n", message->question_no,
                 asg_enum_word(&asg_told_outcome_words, (int)message->told->outcome),
                 message->told->code, message->told->message);
    if (play->asked == play->question_count) return true;
    ask_next(play);
    return false;
}

static void take_result(struct play *play, const struct asg_result *result)
{
    tell(play, ASG_MESSAGE_ACK,
         &(struct asg_ack){.job_id = result->job_id, .attempt = result->attempt});
    if (result->job_id != play->given) return; /* said once more */
    (void)printf("job %" PRIu64 ": %s %s %s\n", result->job_id,
                 asg_enum_word(&asg_outcome_words, (int)result->outcome),
                 result->error_code, result->message);
    bool is_last = play->given == play->job_count;
    give_next(play);
    if (is_last && play->asked == 0) ask_next(play);
}

/* True: the last question is answered. */
static bool take(struct play *play, const struct asg_bus_message *message)
{
    struct asg_arena arena = {0};
    enum asg_message_type type;
    bool is_over = false;
    play->peer = message->peer;
    if (asg_wire_message_type(message->data, message->length, &type) != ASG_OK)
        return false;
    if (type == ASG_MESSAGE_HELLO) {
        tell(play, ASG_MESSAGE_WELCOME,
             &(struct asg_welcome){.epoch = 1,
                                   .cluster_id = play->cluster,
                                   .lease_ms = WAIT_MS,
                                   .heartbeat_ms = 1000});
        if (play->given == 0) give_next(play);
    } else if (type == ASG_MESSAGE_RESULT) {
        struct asg_result_message body = {0};
        if (asg_wire_decode_message(message->data, message->length, type, &arena,
                                    &body) == ASG_OK) {
            take_result(play, body.result);
        }
    } else if (type == ASG_MESSAGE_TOLD) {
        struct asg_told_message body = {0};
        if (asg_wire_decode_message(message->data, message->length, type, &arena,
                                    &body) == ASG_OK) {
            is_over = take_told(play, &body);
        }
    }
    asg_arena_clear(&arena);
    return is_over;
}

static int run(struct play *play)
{
    const struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + WAIT_MS;
    while (asg_clock_monotonic_ms(&clock) < until_ms) {
        struct asg_bus_poll_item item = {.listener = play->listener, .fd = -1};
        (void)asg_bus_poll(&item, 1, 100);
        struct asg_bus_message message;
        while (asg_bus_listener_receive(play->listener, &message) == ASG_OK) {
            if (take(play, &message)) return 0;
        }
    }
    (void)fprintf(stderr,
                  "give_jobs: job %" PRIu64 " or question %" PRIu64 " has no result\n",
                  play->given, play->asked);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 6) return 2;
    const struct asg_texts ids = {.items = (const char **)(argv + 4),
                                  .count = (size_t)argc - 4};
    const struct asg_describe named = {.instance_ids = ids};
    const struct asg_tagging tagged = {.instance_ids = ids};
    const struct asg_terminate terminate = {.zone = "us-east-1a", .instance_ids = ids};
    const struct asg_launch by_name = {.template_name = argv[2],
                                       .template_version = "1",
                                       .zone = "us-east-1a",
                                       .count = 1,
                                       .group_max = 5};
    struct asg_launch_parameter plain_parameters[] = {
        {"ImageId", "ami-00000000000000001"},
        {"InstanceType", "t3.micro"},
        {"Monitoring.Enabled", "true"},
        {"InstanceMarketOptions.MarketType", "spot"},
        {"InstanceMarketOptions.SpotOptions.MaxPrice", "0.05"},
        {"Placement.Tenancy", "default"},
        {"NetworkInterface.1.DeviceIndex", "0"},
        {"NetworkInterface.1.AssociatePublicIpAddress", "false"},
        {"BlockDeviceMapping.1.DeviceName", "/dev/xvda"},
        {"BlockDeviceMapping.1.Ebs.VolumeSize", "9"},
        {"MetadataOptions.HttpTokens", "required"},
        {"RamDiskId", "ari-1"},
    };
    const struct asg_launch plain = {.subnet_id = "subnet-0b000000000000002",
                                     .zone = "us-east-1b",
                                     .count = 1,
                                     .group_max = 5,
                                     .parameters = plain_parameters,
                                     .parameter_count = sizeof plain_parameters /
                                                        sizeof plain_parameters[0]};
    const struct asg_template_config made = {.name = "parity-dry", .image_id = "ami-1"};
    const struct asg_job jobs[] = {
        {.kind = ASG_JOB_TAG, .tagging = &tagged},
        {.kind = ASG_JOB_TAG, .tagging = &tagged, .is_dry_run = true},
        {.kind = ASG_JOB_DESCRIBE, .describe = &named},
        {.kind = ASG_JOB_DESCRIBE},
        {.kind = ASG_JOB_TEMPLATE,
         .template_config = &made,
         .client_token = "parity-1",
         .is_dry_run = true},
        {.kind = ASG_JOB_TEMPLATE,
         .template_config = &made,
         .template_id = argv[3],
         .client_token = "parity-2",
         .is_dry_run = true},
        {.kind = ASG_JOB_RESOLVE_TEMPLATE, .template_name = argv[2]},
        {.kind = ASG_JOB_RESOLVE_TEMPLATE, .template_id = argv[3]},
        {.kind = ASG_JOB_LAUNCH, .launch = &by_name, .client_token = "parity-3"},
        {.kind = ASG_JOB_LAUNCH, .launch = &plain, .client_token = "parity-4"},
        {.kind = ASG_JOB_UNTAG, .tagging = &tagged, .is_dry_run = true},
        {.kind = ASG_JOB_UNTAG, .tagging = &tagged},
        {.kind = ASG_JOB_TERMINATE, .terminate = &terminate, .is_dry_run = true},
        {.kind = ASG_JOB_TERMINATE, .terminate = &terminate},
    };
    const char *subnets[] = {"subnet-0b000000000000002"};
    const char *images[] = {"ami-00000000000000001"};
    const struct asg_question questions[] = {
        {.kind = ASG_QUESTION_SUBNETS, .ids = {.items = subnets, .count = 1}},
        {.kind = ASG_QUESTION_SUBNETS},
        {.kind = ASG_QUESTION_ZONES},
        {.kind = ASG_QUESTION_TEMPLATE, .template_name = argv[2]},
        {.kind = ASG_QUESTION_TEMPLATE,
         .template_id = argv[3],
         .template_version = "$Latest"},
        {.kind = ASG_QUESTION_INSTANCES, .ids = {.items = ids.items, .count = 2}},
        {.kind = ASG_QUESTION_IMAGES, .ids = {.items = images, .count = 1}},
    };
    struct asg_job numbered[sizeof jobs / sizeof jobs[0]];
    struct play play = {.cluster = argv[1],
                        .jobs = numbered,
                        .job_count = sizeof jobs / sizeof jobs[0],
                        .questions = questions,
                        .question_count = sizeof questions / sizeof questions[0]};
    for (size_t i = 0; i < play.job_count; i++) {
        numbered[i] = jobs[i];
        numbered[i].id = i + 1;
        numbered[i].attempt = 1;
        numbered[i].group = "web";
        numbered[i].name = "parity";
    }
    struct asg_error error = {""};
    struct asg_bus *bus = NULL;
    const struct asg_bus_listen_options options = {.endpoint = "tcp://127.0.0.1:*",
                                                   .domain = "workers",
                                                   .max_message_bytes = 8 << 20,
                                                   .allow_plaintext = true};
    enum asg_status status = asg_bus_new(1, &bus, &error);
    if (status == ASG_OK) {
        status = asg_bus_listener_new(bus, &options, &play.listener, &error);
    }
    if (status != ASG_OK) {
        (void)fprintf(stderr, "give_jobs: %s\n", error.text);
        return 1;
    }
    (void)printf("%s\n", asg_bus_listener_endpoint(play.listener));
    (void)fflush(stdout);
    int code = run(&play);
    asg_bus_listener_destroy(&play.listener);
    asg_bus_destroy(&bus);
    return code;
}
