/* play_agent - one call or some reports of an agent, for scripts that look at what the
 * controller says to it. Prints `name: value` lines; a call that is refused is no
 * failure.
 *
 *     play_agent enrol TARGET CA INSTANCE [--keys FOLDER] [--from ADDRESS]
 *                [--token T] [--job N] [--attempt N] [--incarnation N] [--times N]
 *     play_agent report ENDPOINT SERVER_KEY --keys FOLDER [--from ADDRESS] [--reports N]
 *                [--clock MS]
 *
 * FOLDER has agent.key and agent-tls.key, made when they are not there; without it both
 * live for this call. `--clock` sets the reports' time back by so much, the first apart.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "bus/outlet.h"
#include "crypto/certificates.h"
#include "rpc/enrolment_service.h"
#include "wire/wire.h"

#define CALL_MS 10000
#define LINK_MS 10000

struct options {
    const char *keys;
    const char *from;
    const char *token;
    uint64_t job_id;
    uint64_t attempt;
    uint64_t incarnation;
    uint64_t times;
    uint64_t reports;
    uint64_t clock_ms;
};

struct call {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done;
};

static void must(enum asg_status status, const struct asg_error *error)
{
    if (status == ASG_OK) return;
    (void)fprintf(stderr, "play_agent: %s\n", error->text);
    exit(1);
}

static struct options read_options(int argc, char **argv)
{
    struct options options = {.from = "", .times = 1, .reports = 3};
    for (int i = 0; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--keys") == 0) options.keys = value;
        if (strcmp(argv[i], "--from") == 0) options.from = value;
        if (strcmp(argv[i], "--token") == 0) options.token = value;
        uint64_t number = strtoull(value, NULL, 10);
        if (strcmp(argv[i], "--job") == 0) options.job_id = number;
        if (strcmp(argv[i], "--attempt") == 0) options.attempt = number;
        if (strcmp(argv[i], "--incarnation") == 0) options.incarnation = number;
        if (strcmp(argv[i], "--times") == 0) options.times = number;
        if (strcmp(argv[i], "--reports") == 0) options.reports = number;
        if (strcmp(argv[i], "--clock") == 0) options.clock_ms = number;
    }
    return options;
}

static void load_keys(const struct options *options, struct asg_bus_keys *ret_curve,
                      struct asg_tls_key **ret_tls)
{
    struct asg_error error = {""};
    char path[512] = "";
    asg_bus_keys_new(ret_curve);
    if (options->keys != NULL) {
        (void)snprintf(path, sizeof path, "%s/agent.key", options->keys);
        must(asg_bus_keys_load_or_make(path, ret_curve, &error), &error);
        (void)snprintf(path, sizeof path, "%s/agent-tls.key", options->keys);
    }
    must(asg_tls_key_load_or_make(path, ret_tls, &error), &error);
}

/* ---- enrolling ---- */

/* As an agent does: the authority of the join line, and the controller's name. */
static bool check_server(void *context, const char *peer, const char *chain_pem,
                         struct asg_error *reason)
{
    (void)peer;
    struct asg_bytes authority = {0};
    struct asg_certificate_facts facts;
    bool is_right =
        asg_certificate_find_authority(chain_pem, context, &authority, reason) == ASG_OK;
    if (is_right) {
        asg_bytes_append(&authority, "", 1);
        is_right = asg_certificate_check(chain_pem, (const char *)authority.data, &facts,
                                         reason) == ASG_OK &&
                   facts.holder.kind == ASG_HOLDER_CONTROLLER;
    }
    asg_bytes_clear(&authority);
    return is_right;
}

static void take_answer(enum asg_rpc_code code, const char *details,
                        const struct asg_rpc_enrolled *enrolled, void *context)
{
    struct call *call = context;
    (void)printf("code: %s\ndetails: %s\n", asg_rpc_code_name(code), details);
    if (enrolled != NULL) {
        struct asg_certificate_facts facts = {0};
        struct asg_error error = {""};
        char uri[ASG_HOLDER_SIZE * 2];
        must(asg_certificate_check(enrolled->certificate_pem, enrolled->authorities_pem,
                                   &facts, &error),
             &error);
        asg_holder_uri(&facts.holder, uri);
        (void)printf("holder: %s\nserial: %s\nkey: %s\ncluster: %s\nreports: %s\n"
                     "reports_key: %s\nrenew_after: %" PRId64 "\nvalid: %" PRId64 "\n",
                     uri, facts.serial, facts.key_hash, enrolled->cluster_id,
                     enrolled->report_count > 0 ? enrolled->reports[0] : "",
                     enrolled->reports_key, enrolled->renew_after_ms, enrolled->valid_ms);
    }
    (void)pthread_mutex_lock(&call->lock);
    call->is_done = true;
    (void)pthread_cond_signal(&call->changed);
    (void)pthread_mutex_unlock(&call->lock);
}

static void enrol_once(struct asg_rpc_client *client, const char *target,
                       const struct asg_rpc_enroll *enroll)
{
    struct call call = {.lock = PTHREAD_MUTEX_INITIALIZER,
                        .changed = PTHREAD_COND_INITIALIZER};
    struct asg_error error = {"the call could not begin"};
    must(asg_rpc_enroll(client, target, "", enroll, CALL_MS, take_answer, &call), &error);
    (void)pthread_mutex_lock(&call.lock);
    while (!call.is_done) {
        (void)pthread_cond_wait(&call.changed, &call.lock);
    }
    (void)pthread_mutex_unlock(&call.lock);
}

static void enrol(const char *target, const char *fingerprint, const char *instance_id,
                  const struct options *options)
{
    struct asg_error error = {""};
    struct asg_bus_keys curve;
    struct asg_tls_key *tls = NULL;
    load_keys(options, &curve, &tls);
    struct asg_bytes request = {0};
    asg_certificate_request(tls, &request);
    struct asg_rpc_identity *identity = NULL;
    must(asg_rpc_identity_new(NULL, NULL, NULL, &identity, &error), &error);
    const struct asg_rpc_client_options client_options = {
        .max_message_bytes = ASG_RPC_ENROLMENT_MESSAGE_BYTES,
        .identity = identity,
        .check = check_server,
        .check_context = (void *)(uintptr_t)fingerprint,
        .source_address = options->from,
    };
    struct asg_rpc_client *client = NULL;
    must(asg_rpc_client_new(&client_options, &client, &error), &error);
    struct asg_rpc_enroll enroll = {
        .instance_id = instance_id,
        .curve_key = curve.public_key,
        .request = request.data,
        .request_length = request.length,
        .version = "played",
        .grpc_port = 7705,
        .interval_ms = 1000,
        .proof = options->token != NULL ? ASG_RPC_PROOF_TOKEN : ASG_RPC_PROOF_NONE,
        .token = {.token = options->token != NULL ? options->token : "",
                  .job_id = options->job_id,
                  .attempt = (uint32_t)options->attempt,
                  .incarnation = options->incarnation},
        .sts = {.url = "", .body = ""},
        .document = {.document = "", .signature = ""},
    };
    for (uint64_t i = 0; i < options->times; i++) {
        enrol_once(client, target, &enroll);
    }
    asg_rpc_client_destroy(&client);
    asg_rpc_identity_destroy(&identity);
    asg_bytes_clear(&request);
    asg_tls_key_destroy(&tls);
    asg_bus_keys_clear(&curve);
}

/* ---- reporting ---- */

static void wait_ms(int64_t ms)
{
    const struct timespec pause = {.tv_nsec = (long)ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

static const char *name_of(enum asg_bus_link link)
{
    return link == ASG_BUS_LINK_UP        ? "up"
           : link == ASG_BUS_LINK_REFUSED ? "refused"
                                          : "down";
}

static void report(const char *endpoint, const char *server_key,
                   const struct options *options)
{
    struct asg_error error = {""};
    struct asg_bus_keys curve;
    struct asg_tls_key *tls = NULL;
    load_keys(options, &curve, &tls);
    asg_tls_key_destroy(&tls);
    struct asg_bus *bus = NULL;
    must(asg_bus_new(1, &bus, &error), &error);
    const struct asg_bus_connect_options connecting = {.endpoint = endpoint,
                                                       .source_address = options->from,
                                                       .server_key = server_key,
                                                       .keys = &curve};
    struct asg_bus_outlet *outlet = NULL;
    must(asg_bus_outlet_new(bus, &connecting, &outlet, &error), &error);
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + LINK_MS;
    enum asg_bus_link link = ASG_BUS_LINK_DOWN;
    struct asg_report said = {.boot_id = (uint64_t)asg_clock_monotonic_us(&clock),
                              .interval_ms = 1000,
                              .cpu_milli = 50000,
                              .grpc_port = 7705};
    struct asg_bytes frame = {0};
    uint64_t sent = 0;
    while (sent < options->reports && link != ASG_BUS_LINK_REFUSED &&
           asg_clock_monotonic_ms(&clock) < until_ms) {
        link = asg_bus_outlet_link(outlet, NULL);
        said.sequence = sent + 1;
        said.time_ms = asg_clock_wall_ms(&clock);
        if (sent > 0) said.time_ms -= (int64_t)options->clock_ms - (int64_t)sent;
        asg_bytes_reset(&frame);
        asg_wire_encode_report(&said, &frame);
        if (asg_bus_outlet_send(outlet, frame.data, frame.length) == ASG_OK) {
            sent++;
        }
        wait_ms(20);
    }
    while (link == ASG_BUS_LINK_DOWN && asg_clock_monotonic_ms(&clock) < until_ms) {
        link = asg_bus_outlet_link(outlet, NULL);
        wait_ms(20);
    }
    (void)printf("link: %s\nsent: %" PRIu64 "\n", name_of(link), sent);
    asg_bus_outlet_destroy(&outlet);
    asg_bus_destroy(&bus);
    asg_bytes_clear(&frame);
    asg_bus_keys_clear(&curve);
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "enrol") == 0) {
        struct options options = read_options(argc - 5, argv + 5);
        enrol(argv[2], argv[3], argv[4], &options);
        return 0;
    }
    if (argc >= 4 && strcmp(argv[1], "report") == 0) {
        struct options options = read_options(argc - 4, argv + 4);
        report(argv[2], argv[3], &options);
        return 0;
    }
    (void)fprintf(stderr, "play_agent enrol|report ...\n");
    return 2;
}
