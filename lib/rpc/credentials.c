#include "rpc/credentials.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Its prototypes say () where C wants (void). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <grpc/grpc_security.h>
#pragma GCC diagnostic pop
#include <grpc/support/alloc.h>
#include <grpc/support/string_util.h>

#include "base/arena.h"
#include "rpc/library.h"

struct asg_rpc_identity {
    pthread_mutex_t mutex; /* guards what follows */
    uint32_t holds;
    uint64_t generation; /* from 1; another at every replacement */
    char *certificate;   /* NULL: none */
    char *key;
    char *trusted; /* NULL: nobody */
    /* The same for channels; NULL: no certificate. */
    grpc_tls_certificate_provider *provider;
};

static char *copy_of(const char *text)
{
    if (text == NULL) return NULL;
    size_t size = strlen(text) + 1;
    char *copy = asg_alloc(1, size);
    memcpy(copy, text, size);
    return copy;
}

static void free_secret(char *text)
{
    if (text != NULL) explicit_bzero(text, strlen(text));
    free(text);
}

static bool is_pem(const char *text, const char *what)
{
    const char *begin = text == NULL ? NULL : strstr(text, "-----BEGIN ");
    return begin != NULL && strstr(begin, what) != NULL &&
           strstr(begin, "-----END ") != NULL;
}

static enum asg_status check_texts(const char *certificate, const char *key,
                                   const char *trusted, struct asg_error *error)
{
    if ((certificate == NULL) != (key == NULL)) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "TLS: a certificate needs its key, and a key its certificate");
    }
    if (certificate != NULL && !is_pem(certificate, "CERTIFICATE-----")) {
        return asg_fail(error, ASG_ERR_MALFORMED, "TLS: the certificate is not PEM");
    }
    if (key != NULL && !is_pem(key, "PRIVATE KEY-----")) {
        return asg_fail(error, ASG_ERR_MALFORMED, "TLS: the private key is not PEM");
    }
    if (trusted != NULL && !is_pem(trusted, "CERTIFICATE-----")) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "TLS: the trusted certificates are not PEM");
    }
    return ASG_OK;
}

/* Lock held, or not shared yet. */
static void take_texts(struct asg_rpc_identity *identity, const char *certificate,
                       const char *key, const char *trusted)
{
    free(identity->certificate);
    free_secret(identity->key);
    free(identity->trusted);
    identity->certificate = copy_of(certificate);
    identity->key = copy_of(key);
    identity->trusted = copy_of(trusted);
    identity->generation++;
    if (identity->provider != NULL) {
        grpc_tls_certificate_provider_release(identity->provider);
        identity->provider = NULL;
    }
    if (certificate == NULL) return;
    grpc_tls_identity_pairs *pairs = grpc_tls_identity_pairs_create();
    grpc_tls_identity_pairs_add_pair(pairs, key, certificate);
    identity->provider = grpc_tls_certificate_provider_static_data_create(NULL, pairs);
}

enum asg_status asg_rpc_identity_new(const char *certificate_pem, const char *key_pem,
                                     const char *trusted_pem,
                                     struct asg_rpc_identity **ret,
                                     struct asg_error *error)
{
    enum asg_status status = check_texts(certificate_pem, key_pem, trusted_pem, error);
    if (status != ASG_OK) return status;
    asg_rpc_library_start();
    struct asg_rpc_identity *identity = asg_alloc(1, sizeof *identity);
    (void)pthread_mutex_init(&identity->mutex, NULL);
    identity->holds = 1;
    take_texts(identity, certificate_pem, key_pem, trusted_pem);
    *ret = identity;
    return ASG_OK;
}

enum asg_status asg_rpc_identity_replace(struct asg_rpc_identity *identity,
                                         const char *certificate_pem, const char *key_pem,
                                         const char *trusted_pem, struct asg_error *error)
{
    enum asg_status status = check_texts(certificate_pem, key_pem, trusted_pem, error);
    if (status != ASG_OK) return status;
    (void)pthread_mutex_lock(&identity->mutex);
    take_texts(identity, certificate_pem, key_pem, trusted_pem);
    (void)pthread_mutex_unlock(&identity->mutex);
    return ASG_OK;
}

struct asg_rpc_identity *asg_rpc_identity_hold(struct asg_rpc_identity *identity)
{
    if (identity == NULL) return NULL;
    (void)pthread_mutex_lock(&identity->mutex);
    identity->holds++;
    (void)pthread_mutex_unlock(&identity->mutex);
    return identity;
}

void asg_rpc_identity_destroy(struct asg_rpc_identity **identity)
{
    assert(identity != NULL);
    struct asg_rpc_identity *it = *identity;
    if (it == NULL) return;
    *identity = NULL;
    (void)pthread_mutex_lock(&it->mutex);
    bool is_last = --it->holds == 0;
    (void)pthread_mutex_unlock(&it->mutex);
    if (!is_last) return;
    if (it->provider != NULL) grpc_tls_certificate_provider_release(it->provider);
    free(it->certificate);
    free_secret(it->key);
    free(it->trusted);
    (void)pthread_mutex_destroy(&it->mutex);
    free(it);
    asg_rpc_library_stop();
}

bool asg_rpc_identity_has_certificate(struct asg_rpc_identity *identity)
{
    (void)pthread_mutex_lock(&identity->mutex);
    bool has_one = identity->certificate != NULL;
    (void)pthread_mutex_unlock(&identity->mutex);
    return has_one;
}

bool asg_rpc_identity_has_trusted(struct asg_rpc_identity *identity)
{
    (void)pthread_mutex_lock(&identity->mutex);
    bool has_some = identity->trusted != NULL;
    (void)pthread_mutex_unlock(&identity->mutex);
    return has_some;
}

/* ---- the client's side: what it makes of a server ---- */

struct asg_rpc_belief {
    grpc_tls_certificate_verifier_external verifier; /* gRPC calls through it */
    pthread_mutex_t mutex;                           /* guards what follows */
    uint32_t holds;                                  /* the call's, and gRPC's */
    asg_rpc_check_server *check;                     /* NULL: the call is over */
    void *context;
    bool is_refused;
    struct asg_error reason;
    char peer[];
};

struct asg_rpc_belief *asg_rpc_belief_new(asg_rpc_check_server *check, void *context,
                                          const char *peer)
{
    size_t size = strlen(peer) + 1;
    struct asg_rpc_belief *belief = asg_alloc(1, sizeof *belief + size);
    (void)pthread_mutex_init(&belief->mutex, NULL);
    belief->holds = 1;
    belief->check = check;
    belief->context = context;
    memcpy(belief->peer, peer, size);
    return belief;
}

static void release_belief(struct asg_rpc_belief *belief)
{
    (void)pthread_mutex_lock(&belief->mutex);
    bool is_last = --belief->holds == 0;
    (void)pthread_mutex_unlock(&belief->mutex);
    if (!is_last) return;
    (void)pthread_mutex_destroy(&belief->mutex);
    free(belief);
}

void asg_rpc_belief_end(struct asg_rpc_belief **belief)
{
    struct asg_rpc_belief *it = *belief;
    if (it == NULL) return;
    *belief = NULL;
    (void)pthread_mutex_lock(&it->mutex);
    it->check = NULL;
    (void)pthread_mutex_unlock(&it->mutex);
    release_belief(it);
}

bool asg_rpc_belief_is_refused(struct asg_rpc_belief *belief, struct asg_error *ret)
{
    (void)pthread_mutex_lock(&belief->mutex);
    bool is_refused = belief->is_refused;
    if (is_refused) *ret = belief->reason;
    (void)pthread_mutex_unlock(&belief->mutex);
    return is_refused;
}

/* Lock held. */
static bool is_believed(struct asg_rpc_belief *belief, const char *chain)
{
    if (belief->check == NULL) return false;
    if (chain == NULL || chain[0] == '\0') {
        (void)asg_fail(&belief->reason, ASG_ERR_DENIED, "the server has no certificate");
        return false;
    }
    return belief->check(belief->context, belief->peer, chain, &belief->reason);
}

/* gRPC asks, with the handshake done: the server holds the key of its certificate. */
static int verify(void *context, grpc_tls_custom_verification_check_request *request,
                  grpc_tls_on_custom_verification_check_done_cb done, void *done_context,
                  grpc_status_code *status, char **details)
{
    (void)done;
    (void)done_context;
    struct asg_rpc_belief *belief = context;
    const char *chain = request->peer_info.peer_cert_full_chain;
    if (chain == NULL || chain[0] == '\0') chain = request->peer_info.peer_cert;
    (void)pthread_mutex_lock(&belief->mutex);
    bool is_fine = is_believed(belief, chain);
    if (!is_fine) belief->is_refused = true;
    (void)pthread_mutex_unlock(&belief->mutex);
    *status = is_fine ? GRPC_STATUS_OK : GRPC_STATUS_UNAUTHENTICATED;
    if (!is_fine) *details = gpr_strdup("the server is not believed");
    return 1; /* answered at once */
}

static void cancel_verify(void *context,
                          grpc_tls_custom_verification_check_request *request)
{
    (void)context;
    (void)request;
}

static void end_verifier(void *context)
{
    release_belief(context);
}

static grpc_tls_certificate_verifier *make_verifier(struct asg_rpc_belief *belief)
{
    belief->verifier = (grpc_tls_certificate_verifier_external){
        belief, verify, cancel_verify, end_verifier};
    (void)pthread_mutex_lock(&belief->mutex);
    belief->holds++;
    (void)pthread_mutex_unlock(&belief->mutex);
    return grpc_tls_certificate_verifier_external_create(&belief->verifier);
}

grpc_channel_credentials *asg_rpc_credentials_for_client(
    struct asg_rpc_identity *identity, struct asg_rpc_belief *belief)
{
    if (identity == NULL) return grpc_insecure_credentials_create();
    grpc_tls_credentials_options *options = grpc_tls_credentials_options_create();
    /* Names, signatures and times are for `check`: gRPC's own checks are about hosts. */
    grpc_tls_credentials_options_set_verify_server_cert(options, 0);
    grpc_tls_credentials_options_set_check_call_host(options, 0);
    grpc_tls_certificate_verifier *verifier = make_verifier(belief);
    grpc_tls_credentials_options_set_certificate_verifier(options, verifier);
    grpc_tls_certificate_verifier_release(verifier);
    (void)pthread_mutex_lock(&identity->mutex);
    if (identity->provider != NULL) {
        grpc_tls_credentials_options_set_certificate_provider(options,
                                                              identity->provider);
        grpc_tls_credentials_options_watch_identity_key_cert_pairs(options);
    }
    (void)pthread_mutex_unlock(&identity->mutex);
    return grpc_tls_credentials_create(options);
}

/* ---- the server's side ---- */

/* gRPC asks at the start and at every handshake, one at a time for one port. */
static grpc_ssl_certificate_config_reload_status fetch(
    void *context, grpc_ssl_server_certificate_config **ret)
{
    struct asg_rpc_port_identity *port = context;
    struct asg_rpc_identity *identity = port->identity;
    (void)pthread_mutex_lock(&identity->mutex);
    bool is_news = port->generation != identity->generation;
    if (is_news) {
        const grpc_ssl_pem_key_cert_pair pair = {identity->key, identity->certificate};
        /* It insists on somebody to trust, also when clients need no certificate. */
        const char *trusted = identity->trusted;
        if (trusted == NULL) trusted = identity->certificate;
        *ret = grpc_ssl_server_certificate_config_create(trusted, &pair, 1);
        port->generation = identity->generation;
    }
    (void)pthread_mutex_unlock(&identity->mutex);
    return is_news ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW
                   : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
}

grpc_server_credentials *asg_rpc_credentials_for_server(
    struct asg_rpc_port_identity *port, bool wants_client_certificate)
{
    if (port->identity == NULL) return grpc_insecure_server_credentials_create();
    grpc_ssl_client_certificate_request_type asks =
        wants_client_certificate
            ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
            : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    return grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(asks, fetch,
                                                                        port));
}
