#include "http/certificate.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/x509.h>

#include "base/arena.h"

#define CHAIN_MAX 16

struct pair {
    gnutls_x509_crt_t *chain; /* the server's own first */
    unsigned count;
    gnutls_x509_privkey_t key;
};

struct asg_http_certificate {
    pthread_mutex_t lock;
    struct pair pair;
};

static void clear_pair(struct pair *pair)
{
    for (unsigned i = 0; i < pair->count; i++) {
        gnutls_x509_crt_deinit(pair->chain[i]);
    }
    gnutls_free(pair->chain);
    if (pair->key != NULL) gnutls_x509_privkey_deinit(pair->key); /* wipes it */
    *pair = (struct pair){.count = 0};
}

static gnutls_datum_t datum_of(const char *text)
{
    /* GnuTLS has no const here, and does not write. */
    return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)text,
                            .size = (unsigned)strlen(text)};
}

/* GnuTLS itself says whether they belong together. */
static int check_pair(const struct pair *pair)
{
    gnutls_certificate_credentials_t trial = NULL;
    int code = gnutls_certificate_allocate_credentials(&trial);
    if (code < 0) return code;
    code =
        gnutls_certificate_set_x509_key(trial, pair->chain, (int)pair->count, pair->key);
    gnutls_certificate_free_credentials(trial);
    return code;
}

static enum asg_status read_pair(const char *certificate, const char *private_key,
                                 struct pair *ret, struct asg_error *error)
{
    struct pair pair = {.count = 0};
    gnutls_datum_t text = datum_of(certificate);
    int code = gnutls_x509_crt_list_import2(&pair.chain, &pair.count, &text,
                                            GNUTLS_X509_FMT_PEM, 0);
    const char *what = "the certificate";
    if (code >= 0 && (pair.count == 0 || pair.count > CHAIN_MAX)) {
        code = GNUTLS_E_UNSUPPORTED_CERTIFICATE_TYPE;
    }
    if (code >= 0) {
        what = "the private key";
        text = datum_of(private_key);
        code = gnutls_x509_privkey_init(&pair.key);
        if (code >= 0) {
            code = gnutls_x509_privkey_import2(pair.key, &text, GNUTLS_X509_FMT_PEM, NULL,
                                               0);
        }
    }
    if (code >= 0) {
        what = "the certificate and the private key together";
        code = check_pair(&pair);
    }
    if (code < 0) {
        clear_pair(&pair);
        return asg_fail(error, ASG_ERR_INVALID, "cannot use %s: %s", what,
                        gnutls_strerror(code));
    }
    *ret = pair;
    return ASG_OK;
}

enum asg_status asg_http_certificate_new(const char *certificate, const char *private_key,
                                         struct asg_http_certificate **ret,
                                         struct asg_error *error)
{
    struct pair pair;
    enum asg_status status = read_pair(certificate, private_key, &pair, error);
    if (status != ASG_OK) return status;
    struct asg_http_certificate *made = asg_alloc(1, sizeof *made);
    (void)pthread_mutex_init(&made->lock, NULL);
    made->pair = pair;
    *ret = made;
    return ASG_OK;
}

void asg_http_certificate_destroy(struct asg_http_certificate **certificate)
{
    if (*certificate == NULL) return;
    clear_pair(&(*certificate)->pair);
    (void)pthread_mutex_destroy(&(*certificate)->lock);
    free(*certificate);
    *certificate = NULL;
}

enum asg_status asg_http_certificate_set(struct asg_http_certificate *certificate,
                                         const char *text, const char *private_key,
                                         struct asg_error *error)
{
    struct pair fresh;
    enum asg_status status = read_pair(text, private_key, &fresh, error);
    if (status != ASG_OK) return status;
    (void)pthread_mutex_lock(&certificate->lock);
    struct pair old = certificate->pair;
    certificate->pair = fresh;
    (void)pthread_mutex_unlock(&certificate->lock);
    clear_pair(&old);
    return ASG_OK;
}

/* Copies, which the session frees: the pair may change while it lives. */
static int copy_pair(const struct pair *pair, gnutls_pcert_st **ret_list,
                     gnutls_privkey_t *ret_key)
{
    gnutls_pcert_st *list = gnutls_calloc(pair->count, sizeof *list);
    if (list == NULL) return GNUTLS_E_MEMORY_ERROR;
    gnutls_privkey_t key = NULL;
    unsigned count = 0;
    int code = gnutls_privkey_init(&key);
    while (code >= 0 && count < pair->count) {
        code = gnutls_pcert_import_x509(&list[count], pair->chain[count], 0);
        if (code >= 0) count++;
    }
    if (code >= 0) {
        code = gnutls_privkey_import_x509(key, pair->key, GNUTLS_PRIVKEY_IMPORT_COPY);
    }
    if (code >= 0) {
        *ret_list = list;
        *ret_key = key;
        return code;
    }
    while (count > 0) {
        gnutls_pcert_deinit(&list[--count]);
    }
    gnutls_free(list);
    if (key != NULL) gnutls_privkey_deinit(key);
    return code;
}

int asg_http_certificate_show(gnutls_session_t session,
                              const struct gnutls_cert_retr_st *info,
                              gnutls_pcert_st **ret_list, unsigned *ret_count,
                              gnutls_ocsp_data_st **ret_ocsp, unsigned *ret_ocsp_count,
                              gnutls_privkey_t *ret_key, unsigned *flags)
{
    (void)info;
    struct asg_http_certificate *certificate = gnutls_session_get_ptr(session);
    if (certificate == NULL) return -1;
    (void)pthread_mutex_lock(&certificate->lock);
    int code = copy_pair(&certificate->pair, ret_list, ret_key);
    if (code >= 0) *ret_count = certificate->pair.count;
    (void)pthread_mutex_unlock(&certificate->lock);
    if (code < 0) return -1;
    *ret_ocsp = NULL;
    *ret_ocsp_count = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    return 0;
}
