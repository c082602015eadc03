/* certificates - throw-away keys and certificates for tests, with whatever is wrong with
 * them that a test wants: another signer, no signer, times that are over. */
#ifndef TESTS_LIB_CERTIFICATES_H
#define TESTS_LIB_CERTIFICATES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#define TEST_PEM_BYTES 4096

/* A key and the certificate of it. */
struct test_certificate {
    EVP_PKEY *key;
    X509 *x509;
    char certificate_pem[TEST_PEM_BYTES]; /* its signer's after it */
    char key_pem[TEST_PEM_BYTES];
};

struct test_certificate_options {
    const char *uri;                       /* NULL: an authority */
    const struct test_certificate *signer; /* NULL: itself */
    bool is_expired;
    EVP_PKEY *key; /* NULL: a new one */
};

static inline void test_pem(X509 *x509, char *ret)
{
    BIO *bio = BIO_new(BIO_s_mem());
    (void)PEM_write_bio_X509(bio, x509);
    char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    size_t at = strlen(ret);
    memcpy(ret + at, data, (size_t)length);
    ret[at + (size_t)length] = '\0';
    BIO_free(bio);
}

static inline void test_add_extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *it = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    (void)X509_add_ext(x509, it, -1);
    X509_EXTENSION_free(it);
}

static inline struct test_certificate test_certificate_make(
    struct test_certificate_options options)
{
    struct test_certificate it = {0};
    it.key = options.key;
    if (it.key == NULL)
        it.key = EVP_EC_gen("P-256");
    else
        (void)EVP_PKEY_up_ref(it.key);
    it.x509 = X509_new();
    (void)X509_set_version(it.x509, 2);
    uint64_t serial = 0;
    (void)RAND_bytes((unsigned char *)&serial, sizeof serial);
    (void)ASN1_INTEGER_set_uint64(X509_get_serialNumber(it.x509), serial >> 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(it.x509), -7200);
    (void)X509_gmtime_adj(X509_getm_notAfter(it.x509), options.is_expired ? -3600 : 3600);
    (void)X509_set_pubkey(it.x509, it.key);
    X509_NAME *name = X509_get_subject_name(it.x509);
    const char *words = options.uri == NULL ? "openasg test authority" : "openasg test";
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                     (const unsigned char *)words, -1, -1, 0);
    const struct test_certificate *signer = options.signer;
    (void)X509_set_issuer_name(
        it.x509, signer == NULL ? name : X509_get_subject_name(signer->x509));
    if (options.uri == NULL) {
        test_add_extension(it.x509, NID_basic_constraints, "critical,CA:TRUE");
        test_add_extension(it.x509, NID_key_usage, "critical,keyCertSign");
    } else {
        char san[512];
        (void)snprintf(san, sizeof san, "URI:%s", options.uri);
        test_add_extension(it.x509, NID_basic_constraints, "critical,CA:FALSE");
        test_add_extension(it.x509, NID_subject_alt_name, san);
    }
    (void)X509_sign(it.x509, signer == NULL ? it.key : signer->key, EVP_sha256());
    test_pem(it.x509, it.certificate_pem);
    if (signer != NULL) test_pem(signer->x509, it.certificate_pem);
    BIO *bio = BIO_new(BIO_s_mem());
    (void)PEM_write_bio_PrivateKey(bio, it.key, NULL, NULL, 0, NULL, NULL);
    char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    memcpy(it.key_pem, data, (size_t)length);
    BIO_free(bio);
    return it;
}

static inline void test_certificate_free(struct test_certificate *it)
{
    EVP_PKEY_free(it->key);
    X509_free(it->x509);
    *it = (struct test_certificate){0};
}

#endif
