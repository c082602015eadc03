/* serve_rpc - a gRPC server as an agent has it, and everybody's certificates, for clients
 * that are not ours: openssl s_client, grpc-js. See
 * tests/integration/test_rpc_clients.py.
 *
 *     serve_rpc FOLDER
 *
 * Makes an authority in FOLDER and NAME.pem and NAME.key for controller, agent (i-1),
 * other (i-2) and stranger (a controller of the same name by another authority), says its
 * port in a line, then a line for each Drain it runs; ends with its parent.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/certificates.h"
#include "rpc/agent_service.h"
#include "rpc/health.h"

#define CLUSTER "0123456789abcdef0123456789abcdef"
#define HOUR_MS INT64_C(3600000)

static const char *folder;
static char *trusted;

static void must(enum asg_status status, const struct asg_error *error)
{
    if (status == ASG_OK) return;
    (void)fprintf(stderr, "serve_rpc: %s\n", error->text);
    exit(1);
}

static void write_file(const char *name, const char *suffix, struct asg_bytes *bytes)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.%s", folder, name, suffix);
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(bytes->data, 1, bytes->length, file) != bytes->length ||
        fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void certify(struct asg_authority *authority, const char *name,
                    const char *instance_id, struct asg_bytes *ret_pem,
                    struct asg_bytes *ret_key)
{
    struct asg_error error = {0};
    struct asg_tls_key *key = NULL;
    struct asg_clock clock = asg_clock_real();
    int64_t now_ms = asg_clock_wall_ms(&clock);
    struct asg_holder holder = {.kind = instance_id[0] == '\0' ? ASG_HOLDER_CONTROLLER
                                                               : ASG_HOLDER_INSTANCE,
                                .cluster = CLUSTER};
    (void)snprintf(holder.instance_id, sizeof holder.instance_id, "%s", instance_id);
    must(asg_tls_key_load_or_make("", &key, &error), &error);
    struct asg_bytes request = {0};
    asg_certificate_request(key, &request);
    must(asg_authority_sign(authority, request.data, request.length, &holder,
                            now_ms - HOUR_MS, now_ms + HOUR_MS, ret_pem, NULL, &error),
         &error);
    asg_tls_key_pem(key, ret_key);
    asg_tls_key_destroy(&key);
    asg_bytes_clear(&request);
    write_file(name, "pem", ret_pem);
    write_file(name, "key", ret_key);
}

static void get_metrics(void *context, struct asg_rpc_metrics *ret)
{
    (void)context;
    *ret = (struct asg_rpc_metrics){.instance_id = "i-1", .version = "0"};
}

static void drain(void *context, struct asg_rpc_call *call, const char *reason,
                  uint32_t timeout_ms)
{
    (void)context, (void)reason, (void)timeout_ms;
    (void)printf("drained\n");
    (void)fflush(stdout);
    const struct asg_rpc_drain it = {.is_drained = true, .detail = ""};
    asg_rpc_drain_reply(call, &it);
}

static bool is_controller(void *context, const struct asg_rpc_call *call)
{
    (void)context;
    const char *certificate = asg_rpc_call_peer_certificate(call);
    struct asg_certificate_facts facts;
    return certificate != NULL &&
           asg_certificate_check(certificate, trusted, &facts, NULL) == ASG_OK &&
           facts.holder.kind == ASG_HOLDER_CONTROLLER &&
           strcmp(facts.holder.cluster, CLUSTER) == 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    folder = argv[1];
    struct asg_error error = {0};
    struct asg_authority *authority = NULL;
    must(asg_authority_load_or_make(folder, &authority, &error), &error);
    trusted = strdup(asg_authority_pem(authority));
    struct asg_bytes pem = {0};
    struct asg_bytes key = {0};
    certify(authority, "controller", "", &pem, &key);
    asg_bytes_reset(&pem);
    asg_bytes_reset(&key);
    certify(authority, "other", "i-2", &pem, &key);
    asg_bytes_reset(&pem);
    asg_bytes_reset(&key);
    char others[512];
    (void)snprintf(others, sizeof others, "%s/others", folder);
    struct asg_authority *stranger = NULL;
    must(asg_authority_load_or_make(others, &stranger, &error), &error);
    certify(stranger, "stranger", "", &pem, &key);
    asg_authority_destroy(&stranger);
    asg_bytes_reset(&pem);
    asg_bytes_reset(&key);
    certify(authority, "agent", "i-1", &pem, &key);
    asg_authority_destroy(&authority);

    struct asg_rpc_identity *identity = NULL;
    must(asg_rpc_identity_new(asg_bytes_text(&pem), asg_bytes_text(&key), trusted,
                              &identity, &error),
         &error);
    struct asg_rpc_health *health = asg_rpc_health_new();
    if (asg_rpc_health_set(health, "", ASG_HEALTH_SERVING) != ASG_OK) return 1;
    const struct asg_rpc_agent_handlers handlers = {.get_metrics = get_metrics,
                                                    .drain = drain};
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS + ASG_RPC_AGENT_METHODS];
    asg_rpc_health_methods(health, methods);
    asg_rpc_agent_methods(&handlers, methods + ASG_RPC_HEALTH_METHODS);
    const struct asg_rpc_server_options options = {
        .address = "127.0.0.1:0",
        .methods = methods,
        .method_count = sizeof methods / sizeof methods[0],
        .identity = identity,
        .wants_client_certificate = true,
        .check = is_controller,
    };
    struct asg_rpc_server *server = NULL;
    must(asg_rpc_server_new(&options, &server, &error), &error);
    (void)printf("%u\n", asg_rpc_server_port(server));
    (void)fflush(stdout);
    for (;;)
        (void)pause();
}
