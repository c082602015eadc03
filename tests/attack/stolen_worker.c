/* stolen_worker - what somebody does who has a worker's key and no AWS credentials.
 *
 *     stolen_worker KEY_FILE ENDPOINT SERVER_KEY SOURCE_ADDRESS MODE SECONDS
 *
 * trap    claims a thousand credits, renews every lease for ever, does nothing
 * empty   answers every describe with "ok, there is nothing" and gives the rest back
 * forge   says of job after job, whoever holds it, that it is done and launched nothing
 * listen  claims credits and writes down what it is sent
 * frames  sends words that are none, as fast as it can
 * witness says that it served a leader whom this log does not know, and another, as fast
 *         as it can
 *
 * Writes a line an event to standard output ("job 7 launch user_data=1"), ends with
 * "sent N heard M". Part of ./dev attack.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bus/bus.h"
#include "wire/wire.h"

#define CREDITS      1000
#define LEASES       1024
#define BEAT_MS      500
#define FORGED_JOBS  400
#define BURST        64
#define FRAME_BYTES  900
#define FORGE_ROUNDS 4

struct thief {
    const char *mode;
    struct asg_bus_connection *connection;
    struct asg_arena arena;
    struct asg_held held[LEASES];
    size_t held_count;
    uint64_t epoch;
    uint64_t incarnation;
    uint64_t next_forged;
    uint64_t sent;
    uint64_t heard;
    int64_t beat_at_ms;
    int64_t began_ms;
};

static bool is_mode(const struct thief *thief, const char *mode)
{
    return strcmp(thief->mode, mode) == 0;
}

static void say(struct thief *thief, enum asg_message_type type, const void *object)
{
    struct asg_bytes frame = {0};
    asg_wire_encode_message(type, object, &frame);
    if (asg_bus_connection_send(thief->connection, frame.data, frame.length) == ASG_OK) {
        thief->sent++;
    }
    asg_bytes_clear(&frame);
}

static void say_hello(struct thief *thief)
{
    struct asg_hello hello = {.worker = "stolen", .version = "0", .credits = CREDITS};
    if (is_mode(thief, "forge") || is_mode(thief, "frames")) hello.credits = 0;
    if (is_mode(thief, "witness")) {
        hello.epoch = 1000000 + thief->sent;
        hello.incarnation = 0xabcdef + thief->sent;
    }
    say(thief, ASG_MESSAGE_HELLO, &hello);
}

static void say_result(struct thief *thief, const struct asg_result *result,
                       uint64_t lease_id)
{
    const struct asg_result_message message = {
        .epoch = thief->epoch, .lease_id = lease_id, .result = result};
    say(thief, ASG_MESSAGE_RESULT, &message);
}

static void take_job(struct thief *thief, const struct asg_job_message *message)
{
    const struct asg_job *job = message->job;
    (void)printf("job %" PRIu64 " %s user_data=%d\n", job->id,
                 asg_enum_word(&asg_job_kind_words, (int)job->kind),
                 message->join_stanza[0] != '\0' || message->attachment.length > 0);
    if (is_mode(thief, "empty") && job->kind == ASG_JOB_DESCRIBE) {
        struct asg_result result =
            asg_result_begin(job->id, job->attempt, job->incarnation, "stolen");
        say_result(thief, &result, message->lease_id);
        return;
    }
    if (is_mode(thief, "empty")) {
        const struct asg_hand_back back = {.job_id = job->id,
                                           .attempt = job->attempt,
                                           .lease_id = message->lease_id,
                                           .reason = "busy",
                                           .incarnation = job->incarnation};
        say(thief, ASG_MESSAGE_HAND_BACK, &back);
        return;
    }
    if (thief->held_count == LEASES) return;
    thief->held[thief->held_count++] = (struct asg_held){.job_id = job->id,
                                                         .attempt = job->attempt,
                                                         .lease_id = message->lease_id,
                                                         .incarnation = job->incarnation};
}

static void take(struct thief *thief, const struct asg_bus_message *message)
{
    enum asg_message_type type;
    if (asg_wire_message_type(message->data, message->length, &type) != ASG_OK) return;
    thief->heard++;
    if (type == ASG_MESSAGE_WELCOME) {
        struct asg_welcome welcome;
        if (asg_wire_decode_message(message->data, message->length, type, &thief->arena,
                                    &welcome) != ASG_OK) {
            return;
        }
        thief->epoch = welcome.epoch;
        thief->incarnation = welcome.incarnation;
        (void)printf("welcome epoch=%" PRIu64 "\n", welcome.epoch);
    } else if (type == ASG_MESSAGE_JOB) {
        struct asg_job_message job;
        if (asg_wire_decode_message(message->data, message->length, type, &thief->arena,
                                    &job) == ASG_OK) {
            take_job(thief, &job);
        }
    } else {
        (void)printf("frame %d\n", (int)type);
    }
    (void)fflush(stdout);
}

static void beat(struct thief *thief)
{
    if (thief->epoch == 0) {
        say_hello(thief);
        return;
    }
    const struct asg_heartbeat heartbeat = {
        .credits = CREDITS, .held = thief->held, .held_count = thief->held_count};
    say(thief, ASG_MESSAGE_HEARTBEAT, &heartbeat);
}

/* Of the ids that are near; the lease could be any number. */
static void forge(struct thief *thief)
{
    if (thief->epoch == 0) return;
    for (int i = 0; i < BURST; i++) {
        uint64_t id = 1 + thief->next_forged++ % FORGED_JOBS;
        struct asg_result result = asg_result_begin(
            id, 1 + (uint32_t)(thief->next_forged / FORGED_JOBS % FORGE_ROUNDS),
            thief->incarnation, "stolen");
        say_result(thief, &result, id);
    }
}

static void send_frames(struct thief *thief)
{
    uint8_t frame[FRAME_BYTES];
    for (int i = 0; i < BURST; i++) {
        memset(frame, (int)thief->sent & 0xff, sizeof frame);
        frame[0] = 0x93; /* an array of three, as every frame of ours */
        frame[1] = (uint8_t)(32 + thief->sent % 6);
        frame[2] = 1;
        if (asg_bus_connection_send(thief->connection, frame, sizeof frame) != ASG_OK) {
            return;
        }
        thief->sent++;
    }
}

static void run(struct thief *thief, int64_t seconds)
{
    const struct asg_clock clock = asg_clock_real();
    int64_t now_ms = asg_clock_monotonic_ms(&clock);
    int64_t until_ms = now_ms + seconds * 1000;
    bool is_busy =
        is_mode(thief, "forge") || is_mode(thief, "frames") || is_mode(thief, "witness");
    for (; now_ms < until_ms; now_ms = asg_clock_monotonic_ms(&clock)) {
        if (now_ms >= thief->beat_at_ms) {
            thief->beat_at_ms = now_ms + BEAT_MS;
            beat(thief);
        }
        if (is_mode(thief, "forge")) forge(thief);
        if (is_mode(thief, "frames")) send_frames(thief);
        if (is_mode(thief, "witness")) say_hello(thief);
        struct asg_bus_poll_item item = {.connection = thief->connection, .fd = -1};
        (void)asg_bus_poll(&item, 1, is_busy ? 1 : 100);
        struct asg_bus_message message;
        while (asg_bus_connection_receive(thief->connection, &message) == ASG_OK) {
            take(thief, &message);
            asg_arena_reset(&thief->arena);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 7) return 2;
    struct thief thief = {.mode = argv[5]};
    struct asg_error error = {""};
    struct asg_bus_keys keys;
    struct asg_bus *bus = NULL;
    if (asg_bus_keys_load_or_make(argv[1], &keys, &error) != ASG_OK ||
        asg_bus_new(1, &bus, &error) != ASG_OK) {
        (void)fprintf(stderr, "stolen_worker: %s\n", error.text);
        return 1;
    }
    const struct asg_bus_connect_options options = {.endpoint = argv[2],
                                                    .server_key = argv[3],
                                                    .source_address = argv[4],
                                                    .keys = &keys,
                                                    .max_message_bytes =
                                                        ASG_WORKER_FRAME_MAX};
    if (asg_bus_connection_new(bus, &options, &thief.connection, &error) != ASG_OK) {
        (void)fprintf(stderr, "stolen_worker: %s\n", error.text);
        return 1;
    }
    run(&thief, atoi(argv[6]));
    (void)printf("sent %" PRIu64 " heard %" PRIu64 "\n", thief.sent, thief.heard);
    asg_bus_connection_destroy(&thief.connection);
    asg_bus_destroy(&bus);
    asg_arena_clear(&thief.arena);
    return 0;
}
