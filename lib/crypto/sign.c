#include "crypto/sign.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/arena.h"
#include "base/safe_file.h"
#include "crypto/crypto.h"

#define PUBLIC_BYTES 32
#define PEM_MAX      4096

struct asg_sign_key {
    EVP_PKEY *pair;
};

/* OpenSSL fails here only when it is broken or memory is gone. */
static void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "openasg: OpenSSL failed at %s; stopping\n", what);
    abort();
}

static void keep(EVP_PKEY *pair, struct asg_sign_key **ret)
{
    struct asg_sign_key *key = asg_alloc(1, sizeof *key);
    key->pair = pair;
    *ret = key;
}

void asg_sign_key_destroy(struct asg_sign_key **key)
{
    if (*key == NULL) return;
    EVP_PKEY_free((*key)->pair);
    free(*key);
    *key = NULL;
}

/* Nobody is asked for a passphrase: a key that has one is refused. */
static int no_passphrase(char *buffer, int size, int is_writing, void *context)
{
    if (size > 0) buffer[0] = '\0';
    (void)is_writing;
    (void)context;
    return 0;
}

static EVP_PKEY *parse(const char *text, size_t length, bool is_private)
{
    BIO *memory = BIO_new_mem_buf(text, (int)length);
    must(memory != NULL, "BIO_new_mem_buf");
    EVP_PKEY *pair = is_private
                         ? PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, NULL)
                         : PEM_read_bio_PUBKEY(memory, NULL, no_passphrase, NULL);
    BIO_free(memory);
    ERR_clear_error();
    if (pair != NULL && EVP_PKEY_get_base_id(pair) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(pair);
        return NULL;
    }
    return pair;
}

static enum asg_status read_private(const char *path, EVP_PKEY **ret,
                                    struct asg_error *error)
{
    const struct asg_safe_need need = {
        .what = "private key", .length_max = PEM_MAX, .guard = ASG_SAFE_SECRET};
    struct asg_bytes text = {0};
    enum asg_status status = asg_safe_file_read(path, &need, &text, error);
    if (status == ASG_OK) {
        *ret = parse((const char *)text.data, text.length, /* is_private */ true);
    }
    asg_safe_bytes_clear(&text);
    if (status != ASG_OK || *ret != NULL) return status;
    return asg_fail(
        error, ASG_ERR_MALFORMED,
        "%s is not an Ed25519 private key in PEM without a passphrase; `openssl "
        "genpkey -algorithm ed25519` creates one, and so does openasg when no file has "
        "this name",
        path);
}

static enum asg_status make_private(const char *path, EVP_PKEY **ret,
                                    struct asg_error *error)
{
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    must(pair != NULL, "EVP_PKEY_Q_keygen");
    BIO *memory = BIO_new(BIO_s_secmem());
    must(memory != NULL, "BIO_new");
    must(PEM_write_bio_PKCS8PrivateKey(memory, pair, NULL, NULL, 0, NULL, NULL) == 1,
         "PEM_write_bio_PKCS8PrivateKey");
    char *text = NULL;
    long length = BIO_get_mem_data(memory, &text);
    enum asg_status status = asg_safe_file_make(path, 0600, text, (size_t)length, error);
    BIO_free(memory);
    if (status == ASG_OK) {
        *ret = pair;
    } else {
        EVP_PKEY_free(pair);
    }
    return status;
}

enum asg_status asg_sign_key_load_or_make(const char *path, bool *ret_is_new,
                                          struct asg_sign_key **ret,
                                          struct asg_error *error)
{
    EVP_PKEY *pair = NULL;
    enum asg_status status = read_private(path, &pair, error);
    *ret_is_new = status == ASG_ERR_NOT_FOUND;
    if (*ret_is_new) status = make_private(path, &pair, error);
    if (status == ASG_OK) keep(pair, ret);
    return status;
}

enum asg_status asg_sign_key_read_public(const char *path, struct asg_sign_key **ret,
                                         struct asg_error *error)
{
    const struct asg_safe_need need = {
        .what = "public key", .length_max = PEM_MAX, .guard = ASG_SAFE_ANY};
    struct asg_bytes text = {0};
    enum asg_status status = asg_safe_file_read(path, &need, &text, error);
    if (status != ASG_OK) return status;
    const char *data = (const char *)text.data;
    EVP_PKEY *pair = parse(data, text.length, /* is_private */ false);
    if (pair == NULL) pair = parse(data, text.length, /* is_private */ true);
    asg_safe_bytes_clear(&text);
    if (pair == NULL) {
        return asg_fail(
            error, ASG_ERR_MALFORMED,
            "%s is not an Ed25519 public key in PEM; `openasg log sign --public` "
            "prints the one that belongs to the signer",
            path);
    }
    keep(pair, ret);
    return ASG_OK;
}

void asg_sign_key_id(const struct asg_sign_key *key, char ret[ASG_KEY_ID_TEXT_SIZE])
{
    uint8_t bytes[PUBLIC_BYTES];
    size_t length = sizeof bytes;
    must(EVP_PKEY_get_raw_public_key(key->pair, bytes, &length) == 1,
         "EVP_PKEY_get_raw_public_key");
    uint8_t hash[ASG_SHA256_BYTES];
    asg_sha256(bytes, length, hash);
    asg_hex_encode(hash, (ASG_KEY_ID_TEXT_SIZE - 1) / 2, ret);
}

void asg_sign_key_public_pem(const struct asg_sign_key *key, struct asg_bytes *ret)
{
    BIO *memory = BIO_new(BIO_s_mem());
    must(memory != NULL, "BIO_new");
    must(PEM_write_bio_PUBKEY(memory, key->pair) == 1, "PEM_write_bio_PUBKEY");
    char *text = NULL;
    long length = BIO_get_mem_data(memory, &text);
    asg_bytes_append(ret, text, (size_t)length);
    BIO_free(memory);
}

void asg_sign(const struct asg_sign_key *key, const void *data, size_t length,
              uint8_t ret[ASG_SIGNATURE_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL, "EVP_MD_CTX_new");
    size_t made = ASG_SIGNATURE_BYTES;
    must(EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) == 1 &&
             EVP_DigestSign(context, ret, &made, data, length) == 1 &&
             made == ASG_SIGNATURE_BYTES,
         "EVP_DigestSign");
    EVP_MD_CTX_free(context);
}

bool asg_sign_is_valid(const struct asg_sign_key *key, const void *data, size_t length,
                       const uint8_t signature[ASG_SIGNATURE_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL, "EVP_MD_CTX_new");
    must(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pair) == 1,
         "EVP_DigestVerifyInit");
    bool is_valid =
        EVP_DigestVerify(context, signature, ASG_SIGNATURE_BYTES, data, length) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_valid;
}
