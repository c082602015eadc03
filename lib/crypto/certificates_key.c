/* certificates_key - private keys and their files, and requests for certificates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/arena.h"
#include "base/safe_file.h"
#include "crypto/certificates_parts.h"
#include "crypto/crypto.h"

#define KEY_FILE_MAX      4096
#define REQUEST_BYTES_MAX 4096 /* ours have some 210 */
#define POINT_BYTES       65   /* of P-256, uncompressed */

struct asg_tls_key {
    EVP_PKEY *pair;
};

void asg_x509_must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "openasg: OpenSSL failed at %s; stopping\n", what);
    abort();
}

/* ---- keys ---- */

/* SEQUENCE { SEQUENCE { ecPublicKey, prime256v1 }, BIT STRING { 04 ... */
static const uint8_t p256_prefix[] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

enum asg_status asg_x509_key_hash(X509_PUBKEY *key, char ret[ASG_KEY_HASH_SIZE])
{
    unsigned char *der = NULL;
    int length = key == NULL ? -1 : i2d_X509_PUBKEY(key, &der);
    bool is_p256 = length == (int)sizeof p256_prefix + POINT_BYTES - 1 &&
                   memcmp(der, p256_prefix, sizeof p256_prefix) == 0 &&
                   X509_PUBKEY_get0(key) != NULL; /* the point lies on the curve */
    if (is_p256) {
        uint8_t hash[ASG_SHA256_BYTES];
        asg_sha256(der, (size_t)length, hash);
        asg_hex_encode(hash, sizeof hash, ret);
    }
    OPENSSL_free(der);
    ERR_clear_error();
    return is_p256 ? ASG_OK : ASG_ERR_MALFORMED;
}

EVP_PKEY *asg_x509_new_pair(void)
{
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    asg_x509_must(pair != NULL, "EVP_PKEY_Q_keygen");
    return pair;
}

void asg_x509_append_private(EVP_PKEY *pair, struct asg_bytes *ret_pem)
{
    BIO *memory = BIO_new(BIO_s_secmem());
    asg_x509_must(memory != NULL && PEM_write_bio_PKCS8PrivateKey(
                                        memory, pair, NULL, NULL, 0, NULL, NULL) == 1,
                  "PEM_write_bio_PKCS8PrivateKey");
    char *text = NULL;
    long length = BIO_get_mem_data(memory, &text);
    /* With the zero that asg_bytes_text() adds: no growing leaves a copy behind. */
    (void)asg_bytes_reserve(ret_pem, (size_t)length + 1);
    asg_bytes_append(ret_pem, text, (size_t)length);
    BIO_free(memory); /* wiped */
}

/* Nobody is asked for a passphrase: a key that has one is refused. */
static int no_passphrase(char *buffer, int size, int is_writing, void *context)
{
    if (size > 0) buffer[0] = '\0';
    (void)is_writing;
    (void)context;
    return 0;
}

static bool is_p256(EVP_PKEY *pair)
{
    X509_PUBKEY *public_half = NULL;
    char hash[ASG_KEY_HASH_SIZE];
    bool is_good = X509_PUBKEY_set(&public_half, pair) == 1 &&
                   asg_x509_key_hash(public_half, hash) == ASG_OK;
    X509_PUBKEY_free(public_half);
    return is_good;
}

enum asg_status asg_x509_load_private(const char *path, bool is_own, EVP_PKEY **ret,
                                      struct asg_error *error)
{
    const struct asg_safe_need need = {.what = "private key",
                                       .length_max = KEY_FILE_MAX,
                                       .guard = ASG_SAFE_SECRET,
                                       .is_own = is_own};
    struct asg_bytes text = {0};
    enum asg_status status = asg_safe_file_read(path, &need, &text, error);
    if (status != ASG_OK) {
        asg_safe_bytes_clear(&text);
        return status;
    }
    BIO *memory = BIO_new_mem_buf(text.data, (int)text.length);
    asg_x509_must(memory != NULL, "BIO_new_mem_buf");
    EVP_PKEY *pair = PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, NULL);
    BIO_free(memory);
    asg_safe_bytes_clear(&text);
    ERR_clear_error();
    if (pair != NULL && is_p256(pair)) {
        *ret = pair;
        return ASG_OK;
    }
    EVP_PKEY_free(pair);
    return asg_fail(
        error, ASG_ERR_MALFORMED,
        "%s is not an ECDSA P-256 private key in PEM without a passphrase; put "
        "back the one that was there, or move it away and a new one is created",
        path);
}

enum asg_status asg_x509_make_private(const char *path, EVP_PKEY **ret,
                                      struct asg_error *error)
{
    EVP_PKEY *pair = asg_x509_new_pair();
    struct asg_bytes text = {0};
    asg_x509_append_private(pair, &text);
    enum asg_status status =
        asg_safe_file_make(path, 0600, text.data, text.length, error);
    asg_safe_bytes_clear(&text);
    if (status == ASG_OK) {
        *ret = pair;
    } else {
        EVP_PKEY_free(pair);
    }
    return status;
}

enum asg_status asg_tls_key_load_or_make(const char *path, struct asg_tls_key **ret,
                                         struct asg_error *error)
{
    EVP_PKEY *pair = NULL;
    enum asg_status status = ASG_OK;
    if (path[0] == '\0') {
        pair = asg_x509_new_pair();
    } else {
        status = asg_x509_load_private(path, /* is_own */ true, &pair, error);
        if (status == ASG_ERR_NOT_FOUND) {
            status = asg_x509_make_private(path, &pair, error);
        }
    }
    if (status != ASG_OK) return status;
    struct asg_tls_key *key = asg_alloc(1, sizeof *key);
    key->pair = pair;
    *ret = key;
    return ASG_OK;
}

void asg_tls_key_destroy(struct asg_tls_key **key)
{
    if (*key == NULL) return;
    EVP_PKEY_free((*key)->pair);
    free(*key);
    *key = NULL;
}

void asg_tls_key_pem(const struct asg_tls_key *key, struct asg_bytes *ret)
{
    asg_x509_append_private(key->pair, ret);
}

void asg_tls_key_hash(const struct asg_tls_key *key, char ret[ASG_KEY_HASH_SIZE])
{
    X509_PUBKEY *public_half = NULL;
    asg_x509_must(X509_PUBKEY_set(&public_half, key->pair) == 1 &&
                      asg_x509_key_hash(public_half, ret) == ASG_OK,
                  "the hash of a key");
    X509_PUBKEY_free(public_half);
}

/* ---- requests ---- */

void asg_certificate_request(const struct asg_tls_key *key, struct asg_bytes *ret_der)
{
    X509_REQ *request = X509_REQ_new();
    asg_x509_must(request != NULL && X509_REQ_set_version(request, 0) == 1 &&
                      X509_REQ_set_pubkey(request, key->pair) == 1 &&
                      X509_REQ_sign(request, key->pair, EVP_sha256()) > 0,
                  "X509_REQ_sign");
    unsigned char *der = NULL;
    int length = i2d_X509_REQ(request, &der);
    asg_x509_must(length > 0, "i2d_X509_REQ");
    asg_bytes_append(ret_der, der, (size_t)length);
    OPENSSL_free(der);
    X509_REQ_free(request);
}

/* The signature comes last: a request that would be dear to check is refused before. */
static enum asg_status judge_request(X509_REQ *request, char ret_hash[ASG_KEY_HASH_SIZE],
                                     struct asg_error *error)
{
    X509_PUBKEY *key = X509_REQ_get_X509_PUBKEY(request);
    if (asg_x509_key_hash(key, ret_hash) != ASG_OK) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the certificate request's key is not ECDSA P-256");
    }
    if (X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1) return ASG_OK;
    return asg_fail(error, ASG_ERR_MALFORMED,
                    "the certificate request is not signed by its own key");
}

enum asg_status asg_x509_read_request(const void *der, size_t length, X509_REQ **ret,
                                      char ret_hash[ASG_KEY_HASH_SIZE],
                                      struct asg_error *error)
{
    X509_REQ *request = NULL;
    const unsigned char *at = der;
    if (length > 0 && length <= REQUEST_BYTES_MAX) {
        request = d2i_X509_REQ(NULL, &at, (long)length);
    }
    bool is_whole = request != NULL && at == (const unsigned char *)der + length;
    char hash[ASG_KEY_HASH_SIZE];
    enum asg_status status = is_whole
                                 ? judge_request(request, hash, error)
                                 : asg_fail(error, ASG_ERR_MALFORMED,
                                            "%zu bytes are not a certificate request "
                                            "(PKCS #10 in DER, at most %d bytes)",
                                            length, REQUEST_BYTES_MAX);
    ERR_clear_error();
    if (status == ASG_OK) {
        memcpy(ret_hash, hash, sizeof hash);
        *ret = request;
    } else {
        X509_REQ_free(request);
    }
    return status;
}

enum asg_status asg_certificate_request_key(const void *request_der, size_t length,
                                            char ret[ASG_KEY_HASH_SIZE],
                                            struct asg_error *error)
{
    X509_REQ *request = NULL;
    enum asg_status status =
        asg_x509_read_request(request_der, length, &request, ret, error);
    if (status == ASG_OK) X509_REQ_free(request);
    return status;
}
