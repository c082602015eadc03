#include "agent/answer_probes.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/accept_limits.h"
#include "base/arena.h"
#include "crypto/crypto.h"
#include "rpc/health.h"

#define STOP_GRACE_MS   100
#define CONTROLLERS_MAX 4 /* addresses that it called from, lately */
#define ADDRESS_BYTES   64

/* Whoever reaches the port may not use up our descriptors: gRPC core ends a process that
 * has none (docs/decisions/0019). The controller calls us once in a while, and is no
 * stranger once it has. */
static const struct asg_accept_limits limits = {.name = "probes",
                                                .connections = 64,
                                                .connections_address = 32,
                                                .handshakes_s = 50,
                                                .handshakes_address_s = 20,
                                                .known_connections = 64,
                                                .received_bytes = 65536};

struct asg_probes {
    struct asg_probes_options options;
    char *address;
    struct asg_rpc_health *health;
    struct asg_rpc_agent_handlers handlers;
    struct asg_rpc_server *server;       /* NULL before there is a certificate */
    struct asg_rpc_server *plain_health; /* NULL: none is wanted */
    struct asg_rpc_identity *identity;
    pthread_mutex_t mutex; /* guards what follows */
    char cluster[ASG_CLUSTER_NAME_SIZE];
    struct asg_bytes authorities;
    struct asg_bytes last_caller; /* the certificate that was believed last, PEM */
    char controllers[CONTROLLERS_MAX][ADDRESS_BYTES];
    size_t next_controller;
};

static void get_metrics(void *context, struct asg_rpc_metrics *ret)
{
    struct asg_probes *probes = context;
    *ret = asg_shown_read(probes->options.shown);
}

static void drain(void *context, struct asg_rpc_call *call, const char *reason,
                  uint32_t timeout_ms)
{
    struct asg_probes *probes = context;
    asg_drainer_ask(probes->options.drainer, call, reason, timeout_ms);
}

static void drain_hung_up(void *context, struct asg_rpc_call *call)
{
    struct asg_probes *probes = context;
    asg_drainer_forget(probes->options.drainer, call);
}

static void set_all(struct asg_rpc_health *health, enum asg_health_status status)
{
    static const char *const services[] = {"", ASG_RPC_AGENT_SERVICE};
    for (size_t i = 0; i < 2; i++) {
        enum asg_status set = asg_rpc_health_set(health, services[i], status);
        assert(set == ASG_OK); /* two short names fit */
        (void)set;
    }
}

/* Whose certificate is it? Asked for each call: cheap for one that was just believed. */
static bool is_controller(struct asg_probes *probes, const char *pem)
{
    if (probes->last_caller.length > 0 &&
        strcmp(asg_bytes_text(&probes->last_caller), pem) == 0) {
        return true;
    }
    struct asg_certificate_facts facts;
    struct asg_error ignored;
    if (asg_certificate_check(pem, asg_bytes_text(&probes->authorities), &facts,
                              &ignored) != ASG_OK ||
        facts.holder.kind != ASG_HOLDER_CONTROLLER ||
        strcmp(facts.holder.cluster, probes->cluster) != 0) {
        return false;
    }
    asg_bytes_set(&probes->last_caller, pem, strlen(pem));
    return true;
}

static void know_controller(struct asg_probes *probes, const char *address)
{
    for (size_t i = 0; i < CONTROLLERS_MAX; i++) {
        if (strcmp(probes->controllers[i], address) == 0) return;
    }
    char *place = probes->controllers[probes->next_controller++ % CONTROLLERS_MAX];
    asg_accept_forget(place);
    (void)snprintf(place, ADDRESS_BYTES, "%s", address);
    asg_accept_know(place);
}

static bool check_caller(void *context, const struct asg_rpc_call *call)
{
    struct asg_probes *probes = context;
    const char *pem = asg_rpc_call_peer_certificate(call);
    if (pem == NULL) return false;
    (void)pthread_mutex_lock(&probes->mutex);
    bool is_ours = is_controller(probes, pem);
    if (is_ours) know_controller(probes, asg_rpc_call_peer_address(call));
    (void)pthread_mutex_unlock(&probes->mutex);
    return is_ours;
}

/* "127.0.0.1:7705", "[::1]:7705". False: not an address with a port. */
static bool read_address(const char *text, struct sockaddr_storage *ret,
                         socklen_t *ret_length)
{
    char host[INET6_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    char *end = NULL;
    unsigned long port = length == 0 ? 0 : strtoul(colon + 1, &end, 10);
    if (length == 0 || colon[1] == '\0' || *end != '\0' || port > UINT16_MAX)
        return false;
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length >= sizeof host) return false;
    memcpy(host, text, length);
    host[length] = '\0';
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons((uint16_t)port)};
    *ret = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(ret, &v4, sizeof v4);
        *ret_length = sizeof v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) return false;
    memcpy(ret, &v6, sizeof v6);
    *ret_length = sizeof v6;
    return true;
}

static bool is_loopback(const char *text)
{
    struct sockaddr_storage address;
    socklen_t length = 0;
    if (!read_address(text, &address, &length)) return false;
    if (address.ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, &address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, &address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

/* `is_one_call`: who calls there makes one call and goes, as the controller does. Health
 * clients of this machine keep a connection for as long as they live. */
static void limit_strangers(uint16_t port, bool is_one_call)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < UINT32_MAX) {
        asg_accept_reserve((uint32_t)files.rlim_cur / 2);
    }
    struct asg_accept_limits of_port = limits;
    if (!is_one_call) of_port.received_bytes = 0;
    asg_accept_limit(port, &of_port);
}

static enum asg_status open_health(struct asg_probes *probes, struct asg_error *error)
{
    const char *address = probes->options.health_address;
    if (!is_loopback(address)) {
        return asg_fail(
            error, ASG_ERR_DENIED,
            "health_listen is \"%s\": it answers anyone in plaintext, so it must "
            "be a loopback address, for example 127.0.0.1:7707",
            address);
    }
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS];
    asg_rpc_health_methods(probes->health, methods);
    const struct asg_rpc_server_options options = {
        .address = address, .methods = methods, .method_count = ASG_RPC_HEALTH_METHODS};
    enum asg_status status = asg_rpc_server_new(&options, &probes->plain_health, error);
    if (status == ASG_OK) {
        limit_strangers(asg_rpc_server_port(probes->plain_health),
                        /* is_one_call */ false);
    }
    return status;
}

/* The port opens only with a certificate; whether it can is to be known at the start:
 * bound and closed again, it never listens. */
static enum asg_status try_address(const char *text, struct asg_error *error)
{
    struct sockaddr_storage address;
    socklen_t length = 0;
    if (!read_address(text, &address, &length)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "grpc_listen: \"%.100s\" is not address:port", text);
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    bool is_good = fd >= 0 &&
                   setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                   bind(fd, (struct sockaddr *)&address, length) == 0;
    int code = errno;
    if (fd >= 0) (void)close(fd);
    return is_good ? ASG_OK
                   : asg_fail(error, ASG_ERR_IO, "grpc_listen: cannot listen on %s: %s",
                              text, strerrordesc_np(code));
}

enum asg_status asg_probes_new(const struct asg_probes_options *options,
                               struct asg_probes **ret, struct asg_error *error)
{
    enum asg_status status = try_address(options->address, error);
    if (status != ASG_OK) return status;
    struct asg_probes *probes = asg_alloc(1, sizeof *probes);
    probes->options = *options;
    probes->address = strdup(options->address);
    probes->handlers = (struct asg_rpc_agent_handlers){.get_metrics = get_metrics,
                                                       .drain = drain,
                                                       .drain_hung_up = drain_hung_up,
                                                       .context = probes};
    (void)pthread_mutex_init(&probes->mutex, NULL);
    probes->health = asg_rpc_health_new();
    set_all(probes->health, ASG_HEALTH_SERVING);
    if (options->health_address[0] != '\0') status = open_health(probes, error);
    if (status == ASG_OK)
        *ret = probes;
    else
        asg_probes_destroy(&probes);
    return status;
}

static void stop_server(struct asg_rpc_server **server)
{
    if (*server == NULL) return;
    uint16_t port = asg_rpc_server_port(*server);
    asg_rpc_server_stop(server, STOP_GRACE_MS);
    asg_accept_unlimit(port);
}

void asg_probes_destroy(struct asg_probes **probes)
{
    struct asg_probes *it = *probes;
    if (it == NULL) return;
    *probes = NULL;
    set_all(it->health, ASG_HEALTH_NOT_SERVING);
    stop_server(&it->server);
    for (size_t i = 0; i < CONTROLLERS_MAX; i++) {
        asg_accept_forget(it->controllers[i]);
    }
    stop_server(&it->plain_health);
    asg_rpc_identity_destroy(&it->identity);
    asg_rpc_health_destroy(&it->health);
    asg_bytes_clear(&it->authorities);
    asg_bytes_clear(&it->last_caller);
    (void)pthread_mutex_destroy(&it->mutex);
    free(it->address);
    free(it);
}

static void trust(struct asg_probes *probes, const struct asg_enrolled *enrolled)
{
    (void)pthread_mutex_lock(&probes->mutex);
    memcpy(probes->cluster, enrolled->cluster, sizeof probes->cluster);
    asg_bytes_set(&probes->authorities, enrolled->authorities.data,
                  enrolled->authorities.length);
    asg_bytes_reset(&probes->last_caller);
    (void)pthread_mutex_unlock(&probes->mutex);
}

static enum asg_status open_server(struct asg_probes *probes, struct asg_error *error)
{
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS + ASG_RPC_AGENT_METHODS];
    asg_rpc_health_methods(probes->health, methods);
    asg_rpc_agent_methods(&probes->handlers, methods + ASG_RPC_HEALTH_METHODS);
    const struct asg_rpc_server_options options = {.address = probes->address,
                                                   .methods = methods,
                                                   .method_count =
                                                       sizeof methods / sizeof methods[0],
                                                   .identity = probes->identity,
                                                   .wants_client_certificate = true,
                                                   .check = check_caller,
                                                   .check_context = probes};
    enum asg_status status = asg_rpc_server_new(&options, &probes->server, error);
    if (status == ASG_OK) {
        limit_strangers(asg_rpc_server_port(probes->server), /* is_one_call */ true);
    }
    return status;
}

static enum asg_status set_identity(struct asg_probes *probes,
                                    const struct asg_membership *membership,
                                    struct asg_error *error)
{
    struct asg_enrolled copy = {0};
    asg_enrolled_copy(&copy, &membership->enrolled);
    const char *certificate = asg_bytes_text(&copy.certificate);
    const char *authorities = asg_bytes_text(&copy.authorities);
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes key = {0};
    asg_tls_key_pem(membership->tls_key, &key);
    enum asg_status status =
        probes->identity == NULL
            ? asg_rpc_identity_new(certificate, asg_bytes_text(&key), authorities,
                                   &probes->identity, error)
            : asg_rpc_identity_replace(probes->identity, certificate,
                                       asg_bytes_text(&key), authorities, error);
    asg_secret_wipe(key.data, key.length);
    asg_enrolled_clear(&copy);
    return status;
}

enum asg_status asg_probes_certify(struct asg_probes *probes,
                                   const struct asg_membership *membership,
                                   struct asg_error *error)
{
    enum asg_status status = set_identity(probes, membership, error);
    if (status != ASG_OK) return status;
    trust(probes, &membership->enrolled);
    return probes->server == NULL ? open_server(probes, error) : ASG_OK;
}

uint16_t asg_probes_port(const struct asg_probes *probes)
{
    return probes->server == NULL ? 0 : asg_rpc_server_port(probes->server);
}

uint16_t asg_probes_health_port(const struct asg_probes *probes)
{
    return probes->plain_health == NULL ? 0 : asg_rpc_server_port(probes->plain_health);
}
