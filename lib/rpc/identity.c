#include "rpc/identity.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Its prototypes say () where C wants (void). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <grpc/grpc_security.h>
#pragma GCC diagnostic pop
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/arena.h"
#include "rpc/library.h"

struct asg_rpc_identity {
    pthread_mutex_t mutex; /* guards what follows */
    uint32_t holds;
    uint64_t generation; /* from 1; another at every replacement */
    char *certificate;   /* NULL: none */
    char *key;
    char *trusted;   /* NULL: nobody */
    SSL_CTX *client; /* NULL: no client has asked since */
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

/* Calls `take` with each certificate of a text; it owns them. False: there is none, or
 * what is there cannot be read. */
static bool each_certificate(const char *pem, bool (*take)(SSL_CTX *, X509 *, int),
                             SSL_CTX *context)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    int count = 0;
    bool is_fine = bio != NULL;
    while (is_fine) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (certificate == NULL) break;
        is_fine = take(context, certificate, count++);
    }
    bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    return is_fine && is_end && count > 0;
}

/* The leaf first, then what leads to its signer. */
static bool use_certificate(SSL_CTX *context, X509 *certificate, int index)
{
    if (index > 0 && X509_self_signed(certificate, 0) == 1) {
        X509_free(certificate); /* a root: servers have it, or do not believe it */
        return true;
    }
    long code = index == 0 ? SSL_CTX_use_certificate(context, certificate)
                           : SSL_CTX_add1_chain_cert(context, certificate);
    X509_free(certificate);
    return code == 1;
}

static bool only_read(SSL_CTX *context, X509 *certificate, int index)
{
    (void)context;
    (void)index;
    X509_free(certificate);
    return true;
}

static bool use_key(SSL_CTX *context, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    bool is_used = key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1 &&
                   SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return is_used;
}

/* NULL: they do not belong together or are no PEM. Where gRPC's servers have a choice,
 * they are asked for what they offer: HTTP/2, P-256, forward secrecy. */
static SSL_CTX *make_client(const char *certificate, const char *key)
{
    static const unsigned char http2[] = {2, 'h', '2'};
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    bool is_fine = context != NULL &&
                   SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
                   SSL_CTX_set1_groups_list(context, "P-256:X25519") == 1 &&
                   SSL_CTX_set_alpn_protos(context, http2, sizeof http2) == 0;
    if (is_fine && certificate != NULL) {
        is_fine = each_certificate(certificate, use_certificate, context) &&
                  use_key(context, key);
    }
    ERR_clear_error();
    if (!is_fine) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION); /* checked once */
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT |
                                                      SSL_SESS_CACHE_NO_INTERNAL);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    /* One read is one record: a server that sends tickets for ever keeps nobody. */
    (void)SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    return context;
}

static enum asg_status check_texts(const char *certificate, const char *key,
                                   const char *trusted, struct asg_error *error)
{
    if ((certificate == NULL) != (key == NULL)) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "TLS: a certificate needs its key, and a key its certificate");
    }
    if (trusted != NULL && !each_certificate(trusted, only_read, NULL)) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "TLS: the trusted certificates cannot be read");
    }
    if (certificate == NULL) return ASG_OK;
    SSL_CTX *context = make_client(certificate, key);
    if (context == NULL) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "TLS: the certificate or its key cannot be read, or they do not "
                        "belong together");
    }
    SSL_CTX_free(context);
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
    SSL_CTX_free(identity->client);
    identity->client = NULL;
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
    SSL_CTX_free(it->client);
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

SSL_CTX *asg_rpc_identity_client(struct asg_rpc_identity *identity,
                                 int (*keep)(SSL *ssl, SSL_SESSION *session),
                                 uint64_t *ret_generation)
{
    (void)pthread_mutex_lock(&identity->mutex);
    if (identity->client == NULL) {
        identity->client = make_client(identity->certificate, identity->key);
        assert(identity->client != NULL); /* the same texts have been tried */
        SSL_CTX_sess_set_new_cb(identity->client, keep);
    }
    SSL_CTX *client = identity->client;
    *ret_generation = identity->generation;
    (void)SSL_CTX_up_ref(client);
    (void)pthread_mutex_unlock(&identity->mutex);
    return client;
}

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

grpc_server_credentials *asg_rpc_identity_server(struct asg_rpc_port_identity *port,
                                                 bool wants_client_certificate)
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
