#include "crypto/key_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "crypto/crypto.h"

#define RSA_BITS 2048

static void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "openasg: OpenSSL failed at %s; stopping\n", what);
    abort();
}

/* "a1:b2:..." of a digest of some bytes. */
static void write_colons(const EVP_MD *digest, const void *data, size_t length, char *ret)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    must(EVP_Digest(data, length, hash, &size, digest, NULL) == 1, "EVP_Digest");
    for (unsigned i = 0; i < size; i++) {
        (void)snprintf(ret + (size_t)3 * i, 4, i + 1 < size ? "%02x:" : "%02x", hash[i]);
    }
}

static void write_sha256(const void *data, size_t length, char *ret)
{
    uint8_t hash[ASG_SHA256_BYTES];
    asg_sha256(data, length, hash);
    asg_base64_encode(hash, sizeof hash, ret);
}

/* --- making --- */

static void append_pem(EVP_PKEY *pair, struct asg_bytes *ret)
{
    BIO *memory = BIO_new(BIO_s_mem());
    must(memory != NULL &&
             PEM_write_bio_PKCS8PrivateKey(memory, pair, NULL, NULL, 0, NULL, NULL) == 1,
         "PEM_write_bio_PKCS8PrivateKey");
    char *text = NULL;
    long length = BIO_get_mem_data(memory, &text);
    asg_bytes_append(ret, text, (size_t)length);
    BIO_free(memory);
}

static void fingerprint_private(EVP_PKEY *pair, char *ret)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pair);
    unsigned char *der = NULL;
    int length = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    must(info != NULL && length > 0, "i2d_PKCS8_PRIV_KEY_INFO");
    write_colons(EVP_sha1(), der, (size_t)length, ret);
    asg_secret_wipe(der, (size_t)length);
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(info);
}

static void append_text(struct asg_bytes *bytes, const void *text, size_t length)
{
    const uint8_t size[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16),
                             (uint8_t)(length >> 8), (uint8_t)length};
    asg_bytes_append(bytes, size, sizeof size);
    asg_bytes_append(bytes, text, length);
}

static void fingerprint_ed25519(EVP_PKEY *pair, char *ret)
{
    uint8_t key[32];
    size_t length = sizeof key;
    must(EVP_PKEY_get_raw_public_key(pair, key, &length) == 1, "the public key");
    struct asg_bytes blob = {0};
    append_text(&blob, "ssh-ed25519", 11);
    append_text(&blob, key, length);
    write_sha256(blob.data, blob.length, ret);
    asg_bytes_clear(&blob);
}

void asg_key_pair_make(bool is_ed25519, struct asg_bytes *ret_pem,
                       char ret_fingerprint[ASG_FINGERPRINT_SIZE])
{
    EVP_PKEY *pair = is_ed25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                : EVP_RSA_gen((size_t)RSA_BITS);
    must(pair != NULL, "a key pair");
    append_pem(pair, ret_pem);
    if (is_ed25519) {
        fingerprint_ed25519(pair, ret_fingerprint);
    } else {
        fingerprint_private(pair, ret_fingerprint);
    }
    EVP_PKEY_free(pair);
}

/* --- reading a public key --- */

struct blob {
    const uint8_t *at;
    size_t left;
};

/* The next "length, bytes" of an SSH key. */
static bool take(struct blob *blob, struct blob *ret)
{
    if (blob->left < 4) return false;
    size_t length = (size_t)blob->at[0] << 24 | (size_t)blob->at[1] << 16 |
                    (size_t)blob->at[2] << 8 | blob->at[3];
    if (length > blob->left - 4) return false;
    *ret = (struct blob){.at = blob->at + 4, .left = length};
    blob->at += 4 + length;
    blob->left -= 4 + length;
    return true;
}

static void append_der(struct asg_bytes *ret, uint8_t tag, const void *data,
                       size_t length)
{
    asg_bytes_append_byte(ret, tag);
    if (length < 0x80) {
        asg_bytes_append_byte(ret, (uint8_t)length);
    } else {
        asg_bytes_append_byte(ret, 0x82);
        asg_bytes_append_byte(ret, (uint8_t)(length >> 8));
        asg_bytes_append_byte(ret, (uint8_t)length);
    }
    asg_bytes_append(ret, data, length);
}

/* SubjectPublicKeyInfo; SSH writes its integers as DER does. */
static void append_rsa(const struct blob *exponent, const struct blob *modulus,
                       struct asg_bytes *ret)
{
    static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    struct asg_bytes numbers = {0};
    append_der(&numbers, 0x02, modulus->at, modulus->left);
    append_der(&numbers, 0x02, exponent->at, exponent->left);
    struct asg_bytes string = {0};
    asg_bytes_append_byte(&string, 0); /* no unused bits */
    append_der(&string, 0x30, numbers.data, numbers.length);
    struct asg_bytes info = {0};
    asg_bytes_append(&info, algorithm, sizeof algorithm);
    append_der(&info, 0x03, string.data, string.length);
    append_der(ret, 0x30, info.data, info.length);
    asg_bytes_clear(&numbers);
    asg_bytes_clear(&string);
    asg_bytes_clear(&info);
}

static bool is_named(const struct blob *name, const char *text)
{
    return name->left == strlen(text) && memcmp(name->at, text, name->left) == 0;
}

static enum asg_status fingerprint_blob(const uint8_t *data, size_t length,
                                        const char **ret_type, char *ret)
{
    struct blob rest = {.at = data, .left = length};
    struct blob name;
    struct blob first;
    struct blob second;
    if (!take(&rest, &name) || !take(&rest, &first)) return ASG_ERR_MALFORMED;
    if (is_named(&name, "ssh-ed25519") && first.left == 32 && rest.left == 0) {
        *ret_type = "ed25519";
        write_sha256(data, length, ret);
        return ASG_OK;
    }
    if (!is_named(&name, "ssh-rsa") || !take(&rest, &second) || rest.left != 0 ||
        first.left == 0 || second.left < 64 || first.left > 16 || second.left > 4096) {
        return ASG_ERR_MALFORMED;
    }
    struct asg_bytes der = {0};
    append_rsa(&first, &second, &der);
    *ret_type = "rsa";
    write_colons(EVP_md5(), der.data, der.length, ret);
    asg_bytes_clear(&der);
    return ASG_OK;
}

enum asg_status asg_key_pair_fingerprint(const char *public_key, const char **ret_type,
                                         char ret_fingerprint[ASG_FINGERPRINT_SIZE])
{
    const char *begin = strchr(public_key, ' ');
    if (begin == NULL) return ASG_ERR_MALFORMED;
    size_t text_length = strcspn(++begin, " \t\r\n");
    char *text = asg_alloc(text_length + 1, 1);
    memcpy(text, begin, text_length);
    uint8_t *blob = asg_alloc(3 * (text_length / 4) + 3, 1);
    size_t length = 0;
    enum asg_status status = asg_base64_decode(text, blob, &length);
    if (status == ASG_OK) {
        status = fingerprint_blob(blob, length, ret_type, ret_fingerprint);
    }
    free(text);
    free(blob);
    return status;
}
