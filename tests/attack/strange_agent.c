/* strange_agent - what somebody tries who has an agent's key, a join token, or nothing.
 *
 *     strange_agent enrol TARGET SOURCE FOLDER INSTANCE TOKEN JOB ATTEMPT INCARNATION
 *     strange_agent report ENDPOINT SERVER_KEY SOURCE KEY_FILE KIND SECONDS
 *     strange_agent drain TARGET INSTANCE CLUSTER FOLDER WHO
 *     strange_agent serve ADDRESS:PORT INSTANCE CLUSTER FOLDER WHO SECONDS
 *
 * enrol   asks for a certificate with the keys in FOLDER, which are made when it has
 * none; says "enrol CODE DETAILS" report  sends forged reports of KIND: rates, load,
 * past, notice, flood, junk; says "link up|refused|down", ends with "sent N busy N" drain
 * orders an agent to drain; WHO is plain (no TLS), none (no certificate), evil (a
 *         certificate of an authority made in FOLDER that names the controller), agent
 *         (the certificate and key of another instance, in FOLDER)
 * serve   plays an agent that is well, likewise: plain, or evil, which names the instance
 *
 * Part of ./dev attack.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "bus/outlet.h"
#include "crypto/certificates.h"
#include "rpc/agent_service.h"
#include "rpc/enrolment_service.h"
#include "rpc/health.h"
#include "wire/wire.h"

#define WAIT_MS INT64_C(8000)
#define DAY_MS  INT64_C(86400000)
#define TIB     (UINT64_C(1) << 40)
#define BURST   256

static int64_t now_ms(void)
{
    const struct asg_clock clock = asg_clock_real();
    return asg_clock_monotonic_ms(&clock);
}

static void fail(const struct asg_error *error)
{
    (void)fprintf(stderr, "strange_agent: %s\n", error->text);
    exit(1);
}

static void must(enum asg_status status, const struct asg_error *error)
{
    if (status != ASG_OK) fail(error);
}

static bool is_word(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static char *read_file(const char *folder, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    char *text = calloc(1, 65536);
    if (text == NULL) exit(1);
    if (fread(text, 1, 65535, file) == 0) text[0] = 0;
    (void)fclose(file);
    return text;
}

static bool believe_anyone(void *context, const char *peer, const char *chain_pem,
                           struct asg_error *reason)
{
    (void)context;
    (void)peer;
    (void)chain_pem;
    (void)reason;
    return true;
}

/* ---- identities that are not ours to have ---- */

/* Signed by an authority of our own: it names whom it likes. */
static struct asg_rpc_identity *forge_identity(const char *folder,
                                               const struct asg_holder *holder)
{
    struct asg_error error = {""};
    struct asg_authority *authority = NULL;
    struct asg_tls_key *key = NULL;
    must(asg_authority_load_or_make(folder, &authority, &error), &error);
    must(asg_tls_key_load_or_make("", &key, &error), &error);
    struct asg_bytes request = {0};
    struct asg_bytes certificate = {0};
    struct asg_bytes key_pem = {0};
    asg_certificate_request(key, &request);
    int64_t wall_ms = (int64_t)time(NULL) * 1000;
    must(asg_authority_sign(authority, request.data, request.length, holder,
                            wall_ms - DAY_MS, wall_ms + DAY_MS, &certificate, NULL,
                            &error),
         &error);
    asg_tls_key_pem(key, &key_pem);
    asg_bytes_append(&certificate, "", 1);
    asg_bytes_append(&key_pem, "", 1);
    struct asg_rpc_identity *identity = NULL;
    must(asg_rpc_identity_new((const char *)certificate.data, (const char *)key_pem.data,
                              asg_authority_pem(authority), &identity, &error),
         &error);
    return identity;
}

static struct asg_rpc_identity *identity_of(const char *who, const char *folder,
                                            const struct asg_holder *holder)
{
    struct asg_error error = {""};
    struct asg_rpc_identity *identity = NULL;
    if (is_word(who, "plain")) return NULL;
    if (is_word(who, "evil")) return forge_identity(folder, holder);
    if (is_word(who, "agent")) { /* a true one of the cluster, but not whom we mean */
        char *enrolment = read_file(folder, "enrolment");
        char *key = read_file(folder, "agent-tls.key");
        const char *certificate = strstr(enrolment, "-----BEGIN");
        must(asg_rpc_identity_new(certificate, key, certificate, &identity, &error),
             &error);
        free(enrolment);
        free(key);
        return identity;
    }
    struct asg_authority *authority = NULL; /* to trust something */
    must(asg_authority_load_or_make(folder, &authority, &error), &error);
    must(
        asg_rpc_identity_new(NULL, NULL, asg_authority_pem(authority), &identity, &error),
        &error);
    return identity;
}

/* ---- enrol ---- */

struct outcome {
    atomic_bool is_there;
};

static void wait_for(struct outcome *outcome)
{
    int64_t until_ms = now_ms() + WAIT_MS + 2000;
    while (!atomic_load(&outcome->is_there) && now_ms() < until_ms) {
        const struct timespec moment = {.tv_nsec = 2000000};
        (void)nanosleep(&moment, NULL);
    }
    if (!atomic_load(&outcome->is_there)) (void)printf("no answer\n");
}

static void tell_enrolled(enum asg_rpc_code code, const char *details,
                          const struct asg_rpc_enrolled *enrolled, void *context)
{
    struct outcome *outcome = context;
    (void)printf("enrol %s %s\n", asg_rpc_code_name(code),
                 enrolled != NULL ? enrolled->cluster_id : details);
    (void)fflush(stdout);
    atomic_store(&outcome->is_there, true);
}

static int enrol(char **argv)
{
    struct asg_error error = {""};
    char path[4096];
    struct asg_bus_keys keys;
    (void)snprintf(path, sizeof path, "%s/agent.key", argv[4]);
    must(asg_bus_keys_load_or_make(path, &keys, &error), &error);
    struct asg_tls_key *key = NULL;
    (void)snprintf(path, sizeof path, "%s/agent-tls.key", argv[4]);
    must(asg_tls_key_load_or_make(path, &key, &error), &error);
    struct asg_bytes request = {0};
    asg_certificate_request(key, &request);
    const struct asg_rpc_client_options options = {.identity =
                                                       identity_of("none", argv[4], NULL),
                                                   .check = believe_anyone,
                                                   .source_address = argv[3]};
    struct asg_rpc_client *client = NULL;
    must(asg_rpc_client_new(&options, &client, &error), &error);
    const struct asg_rpc_enroll enroll = {
        .instance_id = argv[5],
        .curve_key = keys.public_key,
        .request = request.data,
        .request_length = request.length,
        .version = "0",
        .grpc_port = 7705,
        .interval_ms = 1000,
        .proof = argv[6][0] == '\0' ? ASG_RPC_PROOF_NONE : ASG_RPC_PROOF_TOKEN,
        .token = {.token = argv[6],
                  .job_id = strtoull(argv[7], NULL, 10),
                  .attempt = (uint32_t)atoi(argv[8]),
                  .incarnation = strtoull(argv[9], NULL, 10)}};
    struct outcome outcome = {0};
    if (asg_rpc_enroll(client, argv[2], argv[5], &enroll, WAIT_MS, tell_enrolled,
                       &outcome) != ASG_OK) {
        (void)fprintf(stderr, "strange_agent: the call was not begun\n");
        return 1;
    }
    wait_for(&outcome);
    asg_rpc_client_destroy(&client);
    return 0;
}

/* ---- report ---- */

struct forger {
    const char *kind;
    struct asg_bus_outlet *outlet;
    struct asg_report report;
    uint64_t sent;
    uint64_t busy;
};

static void send_bytes(struct forger *forger, const void *data, size_t length)
{
    if (asg_bus_outlet_send(forger->outlet, data, length) == ASG_OK) {
        forger->sent++;
    } else {
        forger->busy++;
    }
}

static void forge_report(struct forger *forger)
{
    struct asg_report *report = &forger->report;
    report->sequence++;
    report->time_ms += 10;
    if (is_word(forger->kind, "rates")) {
        report->network_in_bytes += 8 * TIB;
        report->network_out_bytes += 8 * TIB;
        report->disk_read_bytes += UINT64_MAX / 16;
    } else if (is_word(forger->kind, "load")) {
        report->load_milli = UINT32_MAX;
        report->pressure_milli = UINT32_MAX;
    } else if (is_word(forger->kind, "past")) {
        report->time_ms = INT64_MIN + (int64_t)report->sequence;
        report->network_in_bytes = UINT64_MAX - report->sequence;
    }
    struct asg_bytes frame = {0};
    asg_wire_encode_report(report, &frame);
    if (is_word(forger->kind, "junk")) {
        for (size_t i = 3; i < frame.length; i++) {
            frame.data[i] ^= (uint8_t)(report->sequence * 31 + i);
        }
    }
    send_bytes(forger, frame.data, frame.length);
    asg_bytes_clear(&frame);
}

static void forge_notice(struct forger *forger)
{
    const struct asg_notice notice = {.sign = ASG_SIGN_SPOT_INTERRUPTION,
                                      .at_ms = (int64_t)time(NULL) * 1000 + 120000,
                                      .detail = "terminate"};
    struct asg_bytes frame = {0};
    asg_wire_encode_message(ASG_MESSAGE_NOTICE, &notice, &frame);
    send_bytes(forger, frame.data, frame.length);
    asg_bytes_clear(&frame);
}

static void forge(struct forger *forger, int64_t seconds)
{
    static const char *const links[] = {"down", "refused", "up"};
    enum asg_bus_link told = ASG_BUS_LINK_DOWN;
    int64_t until_ms = now_ms() + seconds * 1000;
    bool is_flood = is_word(forger->kind, "flood") || is_word(forger->kind, "junk");
    while (now_ms() < until_ms) {
        enum asg_bus_link link = asg_bus_outlet_link(forger->outlet, NULL);
        if (link != told) (void)printf("link %s\n", links[link]);
        told = link;
        for (int i = 0; i < (is_flood ? BURST : 1); i++) {
            if (is_word(forger->kind, "notice")) {
                forge_notice(forger);
            } else {
                forge_report(forger);
            }
        }
        const struct timespec moment = {.tv_nsec = is_flood ? 100000 : 10000000};
        (void)nanosleep(&moment, NULL);
    }
}

static int report(char **argv)
{
    struct asg_error error = {""};
    struct asg_bus_keys keys;
    struct asg_bus *bus = NULL;
    must(asg_bus_keys_load_or_make(argv[5], &keys, &error), &error);
    must(asg_bus_new(1, &bus, &error), &error);
    const struct asg_bus_connect_options options = {.endpoint = argv[2],
                                                    .server_key = argv[3],
                                                    .source_address = argv[4],
                                                    .keys = &keys,
                                                    .high_water = 1000};
    struct forger forger = {.kind = argv[6],
                            .report = {.boot_id = (uint64_t)time(NULL) + UINT32_MAX,
                                       .time_ms = (int64_t)time(NULL) * 1000,
                                       .interval_ms = 200,
                                       .cpu_milli = 50000,
                                       .memory_milli = 50000}};
    must(asg_bus_outlet_new(bus, &options, &forger.outlet, &error), &error);
    forge(&forger, atoi(argv[7]));
    (void)printf("sent %" PRIu64 " busy %" PRIu64 "\n", forger.sent, forger.busy);
    asg_bus_outlet_destroy(&forger.outlet);
    asg_bus_destroy(&bus);
    return 0;
}

/* ---- drain ---- */

static void tell_drained(enum asg_rpc_code code, const char *details,
                         const struct asg_rpc_drain *drain, void *context)
{
    struct outcome *outcome = context;
    (void)printf("drain %s %s\n", asg_rpc_code_name(code),
                 drain != NULL ? drain->detail : details);
    (void)fflush(stdout);
    atomic_store(&outcome->is_there, true);
}

static struct asg_holder holder_of(enum asg_holder_kind kind, const char *cluster,
                                   const char *instance_id)
{
    struct asg_holder holder = {.kind = kind};
    (void)snprintf(holder.cluster, sizeof holder.cluster, "%s", cluster);
    if (kind == ASG_HOLDER_INSTANCE) {
        (void)snprintf(holder.instance_id, sizeof holder.instance_id, "%s", instance_id);
    }
    return holder;
}

static int drain(char **argv)
{
    struct asg_error error = {""};
    const struct asg_holder controller =
        holder_of(ASG_HOLDER_CONTROLLER, argv[4], argv[3]);
    const struct asg_rpc_client_options options = {
        .identity = identity_of(argv[6], argv[5], &controller), .check = believe_anyone};
    struct asg_rpc_client *client = NULL;
    must(asg_rpc_client_new(&options, &client, &error), &error);
    struct outcome outcome = {0};
    if (asg_rpc_agent_drain(client, argv[2], argv[3], "a stranger\n\x1b[31msays so", 0,
                            WAIT_MS, tell_drained, &outcome) != ASG_OK) {
        (void)fprintf(stderr, "strange_agent: the call was not begun\n");
        return 1;
    }
    wait_for(&outcome);
    asg_rpc_client_destroy(&client);
    return 0;
}

/* ---- serve ---- */

static int serve(char **argv)
{
    struct asg_error error = {""};
    struct asg_rpc_health *health = asg_rpc_health_new();
    must(asg_rpc_health_set(health, "", ASG_HEALTH_SERVING), &error);
    must(asg_rpc_health_set(health, ASG_RPC_AGENT_SERVICE, ASG_HEALTH_SERVING), &error);
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS];
    asg_rpc_health_methods(health, methods);
    const struct asg_holder instance = holder_of(ASG_HOLDER_INSTANCE, argv[4], argv[3]);
    const struct asg_rpc_server_options options = {
        .address = argv[2],
        .methods = methods,
        .method_count = ASG_RPC_HEALTH_METHODS,
        .identity = identity_of(argv[6], argv[5], &instance)};
    struct asg_rpc_server *server = NULL;
    must(asg_rpc_server_new(&options, &server, &error), &error);
    (void)printf("serving\n");
    (void)fflush(stdout);
    const struct timespec length = {.tv_sec = atoi(argv[7])};
    (void)nanosleep(&length, NULL);
    asg_rpc_server_destroy(&server);
    asg_rpc_health_destroy(&health);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 10 && is_word(argv[1], "enrol")) return enrol(argv);
    if (argc == 8 && is_word(argv[1], "report")) return report(argv);
    if (argc == 7 && is_word(argv[1], "drain")) return drain(argv);
    if (argc == 8 && is_word(argv[1], "serve")) return serve(argv);
    return 2;
}
