/* serve_enrol - the controller's own certificate, and the Enrolment service on
 * listen.enrol.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "controller/join_token.h"
#include "controller/metrics.h"
#include "controller/parts.h"
#include "crypto/crypto.h"

#define FROM_MS INT64_C(1577836800000) /* 2020: agents' clocks may be far behind ours */
#define OURS_MS (INT64_C(3653) * 24 * 3600 * 1000) /* as long as a new authority's */
#define STOP_MS 500
#define RECEIVED_BYTES                                                                   \
    (ASG_RPC_ENROLMENT_MESSAGE_BYTES + 32768) /* of one connection: one call, and TLS */
#define ANNOUNCED_MAX sizeof((struct asg_controller *)NULL)->enrol_announced

/* Its key is in memory alone: each start has another, signed by the same authority. */
static enum asg_status make_certificate(struct asg_controller *controller,
                                        const struct asg_tls_key *key,
                                        struct asg_bytes *ret_pem,
                                        struct asg_error *error)
{
    struct asg_holder holder = {.kind = ASG_HOLDER_CONTROLLER};
    (void)snprintf(holder.cluster, sizeof holder.cluster, "%s",
                   asg_core_cluster_id(asg_commit_core(controller->commit)));
    struct asg_bytes request = {0};
    asg_certificate_request(key, &request);
    struct asg_certificate_facts facts = {0};
    int64_t wall_ms = asg_clock_wall_ms(&controller->clock);
    enum asg_status status =
        asg_authority_sign(controller->authority, request.data, request.length, &holder,
                           FROM_MS, wall_ms + OURS_MS, ret_pem, &facts, error);
    asg_bytes_clear(&request);
    asg_bytes_append(ret_pem, "", 1);
    asg_gauge(ASG_COUNT_CERTIFICATE_UNTIL, facts.until_ms / 1000);
    return status;
}

enum asg_status asg_make_identity(struct asg_controller *controller,
                                  struct asg_error *error)
{
    struct asg_tls_key *key = NULL;
    struct asg_bytes pem = {0};
    struct asg_bytes key_pem = {0};
    enum asg_status status = asg_tls_key_load_or_make("", &key, error);
    if (status == ASG_OK) status = make_certificate(controller, key, &pem, error);
    if (status == ASG_OK) {
        asg_tls_key_pem(key, &key_pem);
        asg_bytes_append(&key_pem, "", 1);
        status = asg_rpc_identity_new((const char *)pem.data, (const char *)key_pem.data,
                                      asg_authority_pem(controller->authority),
                                      &controller->identity, error);
        asg_secret_wipe(key_pem.data, key_pem.length);
    }
    asg_bytes_clear(&key_pem);
    asg_bytes_clear(&pem);
    asg_tls_key_destroy(&key);
    return status;
}

/* "10.0.0.1:7708" of the first that it listens on, with the port it really has. */
static void announce(struct asg_controller *controller)
{
    const struct asg_controller_settings *settings = controller->settings;
    if (settings->announce_enrol[0] != '\0') {
        (void)snprintf(controller->enrol_announced, sizeof controller->enrol_announced,
                       "%s", settings->announce_enrol);
        return;
    }
    char first[128];
    (void)snprintf(first, sizeof first, "%.*s", (int)strcspn(settings->listen_enrol, ","),
                   settings->listen_enrol);
    char *colon = strrchr(first, ':');
    if (colon != NULL) *colon = '\0';
    (void)snprintf(controller->enrol_announced, sizeof controller->enrol_announced,
                   "%s:%u", first, asg_rpc_server_port(controller->enrol_server));
}

static enum asg_status start_server(struct asg_controller *controller,
                                    struct asg_error *error)
{
    const struct asg_controller_settings *settings = controller->settings;
    struct asg_rpc_method methods[ASG_RPC_ENROLMENT_METHODS];
    controller->enrol_handler = (struct asg_rpc_enrolment_handler){
        .take = asg_enrolments_take, .context = controller->enrolments};
    asg_rpc_enrolment_methods(&controller->enrol_handler, methods);
    const struct asg_rpc_server_options options = {
        .address = settings->listen_enrol,
        .max_message_bytes = ASG_RPC_ENROLMENT_MESSAGE_BYTES,
        .max_streams = 1,
        .max_calls = (uint32_t)settings->enrol_pending,
        .max_calls_an_address = (uint32_t)settings->enrol_address_calls,
        .methods = methods,
        .method_count = ASG_RPC_ENROLMENT_METHODS,
        .identity = controller->identity,
    };
    enum asg_status status =
        asg_rpc_server_new(&options, &controller->enrol_server, error);
    if (status != ASG_OK) {
        struct asg_error why = *error;
        return asg_fail(error, status, "listen.enrol: %s", why.text);
    }
    controller->ports.enrol = asg_rpc_server_port(controller->enrol_server);
    asg_limit_port(settings, "enrol", controller->ports.enrol, RECEIVED_BYTES);
    announce(controller);
    return ASG_OK;
}

enum asg_status asg_serve_enrol_new(struct asg_controller *controller,
                                    struct asg_error *error)
{
    const struct asg_controller_settings *settings = controller->settings;
    enum asg_status status =
        asg_proof_rules_read(settings, &controller->proof_rules, error);
    if (status != ASG_OK) return status;
    struct asg_proofs_options proving = {.rules = &controller->proof_rules,
                                         .authorities_pem =
                                             asg_authority_pem(controller->authority),
                                         .clock = controller->clock};
    memcpy(proving.join_secret, controller->join_secret, sizeof proving.join_secret);
    asg_proofs_new(&proving, &controller->enrol_proofs);
    asg_secret_wipe(&proving, sizeof proving);
    const struct asg_enrolments_options options = {
        .inbox = controller->inbox,
        .ingest = controller->ingest,
        .proofs = controller->enrol_proofs,
        .authority = controller->authority,
        .is_leading = &controller->is_leading,
        .cluster_id = asg_core_cluster_id(asg_commit_core(controller->commit)),
        .reports = controller->agents_announced,
        .reports_key = controller->keys.public_key,
        .is_address_checked = settings->enrol_check_address,
        .life_ms = settings->enrol_life_ms,
        .pending = (uint32_t)settings->enrol_pending,
        .clock = controller->clock,
    };
    status = asg_enrolments_new(&options, &controller->enrolments, error);
    return status == ASG_OK ? start_server(controller, error) : status;
}

void asg_serve_enrol_close(struct asg_controller *controller)
{
    asg_enrolments_close(controller->enrolments);
    asg_proofs_close(controller->enrol_proofs); /* its calls have come back */
}

void asg_serve_enrol_destroy(struct asg_controller *controller)
{
    asg_rpc_server_stop(&controller->enrol_server, STOP_MS);
    asg_proofs_destroy(&controller->enrol_proofs);
    asg_enrolments_destroy(&controller->enrolments);
    asg_rpc_identity_destroy(&controller->identity);
    asg_proof_rules_clear(&controller->proof_rules);
}

/* ---- the line ---- */

/* Where no token is taken, none lies about in user data. */
static const char *end_of_line(struct asg_controller *controller, const char *token,
                               struct asg_arena *arena)
{
    bool has_token = controller->proof_rules.takes[ASG_PROOF_TOKEN];
    return asg_arena_format(arena, "# openasg-join:%s%s enrol=%s ca=%s",
                            has_token ? " token=" : "", has_token ? token : "",
                            controller->enrol_announced,
                            asg_authority_fingerprint(controller->authority));
}

const char *asg_launch_join_line(struct asg_controller *controller,
                                 const struct asg_job *job, struct asg_arena *arena)
{
    char token[ASG_JOIN_TOKEN_SIZE];
    asg_join_token(controller->join_secret, job->incarnation, job->id, job->attempt,
                   token);
    return asg_arena_format(arena, "%s job=%" PRIu64 " attempt=%u incarnation=%" PRIu64,
                            end_of_line(controller, token, arena), job->id, job->attempt,
                            job->incarnation);
}

const char *asg_instance_join_line(struct asg_controller *controller,
                                   const char *instance_id, struct asg_arena *arena)
{
    char token[ASG_JOIN_TOKEN_SIZE];
    asg_instance_token(controller->join_secret, instance_id, token);
    return asg_arena_format(arena, "%s job=0 attempt=0 incarnation=0",
                            end_of_line(controller, token, arena));
}

/* ---- where we are told to listen ---- */

static bool is_everywhere(const char *where)
{
    if (strncmp(where, "tcp://", 6) == 0) where += 6;
    static const char *const all[] = {"0.0.0.0:", "*:", "[::]:", ":::", ":"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strncmp(where, all[i], strlen(all[i])) == 0) return true;
    }
    return false;
}

/* "10.0.0.1:7708", "[fd00::1]:7708" or "control.example:7708". */
static bool is_host_and_port(const char *text, size_t length)
{
    size_t at = length;
    uint32_t port = 0;
    while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9')
        at--;
    for (size_t i = at; i < length && port <= UINT16_MAX; i++) {
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    bool has_host = at > 1 && text[at - 1] == ':';
    size_t plain = strcspn(text, " /\t\"'");
    return has_host && port > 0 && port <= UINT16_MAX && plain >= length;
}

/* They stand in the user data of every launch. */
static enum asg_status check_list(const char *setting, const char *list,
                                  const char *before, const char *example,
                                  struct asg_error *error)
{
    if (strlen(list) >= ANNOUNCED_MAX) {
        return asg_fail(error, ASG_ERR_INVALID, "%s is too long", setting);
    }
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        size_t skipped = strncmp(list, before, strlen(before)) == 0 ? strlen(before) : 0;
        if (skipped != strlen(before) ||
            !is_host_and_port(list + skipped, length - skipped) ||
            is_everywhere(list + skipped)) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "%s: '%.*s' is not what agents need, for example %s", setting,
                            (int)length, list, example);
        }
        list += length;
        if (*list == ',') list++;
    }
    return ASG_OK;
}

enum asg_status asg_check_announced(const struct asg_controller_settings *settings,
                                    struct asg_error *error)
{
    enum asg_status status = check_list("announce.agents", settings->announce_agents,
                                        "tcp://", "tcp://10.0.0.1:7701", error);
    if (status == ASG_OK) {
        status = check_list("announce.enrol", settings->announce_enrol, "",
                            "10.0.0.1:7708", error);
    }
    if (status != ASG_OK) return status;
    if (settings->announce_agents[0] == '\0' && is_everywhere(settings->listen_agents)) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "listen.agents is %s, every address of this host, so agents "
            "cannot be told where to report: set announce.agents to what they "
            "can reach, for example tcp://10.0.0.1:7701",
            settings->listen_agents);
    }
    if (settings->announce_enrol[0] == '\0' && is_everywhere(settings->listen_enrol)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "listen.enrol is %s, every address of this host, so launched "
                        "instances cannot be told where to enrol: set announce.enrol to "
                        "what they can reach, for example 10.0.0.1:7708",
                        settings->listen_enrol);
    }
    return ASG_OK;
}
