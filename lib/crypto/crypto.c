#include "crypto/crypto.h"

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Init and its like: see asg_hasher */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/arena.h"

/* The chain of a log hashes a hundred bytes at a time, where EVP's own work is a third of
 * it (355 ns against 245 a record): hence the calls below it, which OpenSSL 3 keeps. */
struct asg_hasher {
    SHA256_CTX context;
};

/* Both hashes of an HMAC (RFC 2104) with the key in them; copied for each code. By hand,
 * as OpenSSL's own takes 3.0 us when it is used once and 0.5 for each further code; this
 * takes 0.4 and 0.25 (of 150 bytes, in CPU time). */
struct asg_keyed_hash {
    struct asg_hasher inner;
    struct asg_hasher outer;
};

/* OpenSSL fails here only when it is broken or memory is gone. */
static void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "openasg: OpenSSL failed at %s; stopping\n", what);
    abort();
}

void asg_hasher_new(struct asg_hasher **ret)
{
    *ret = asg_alloc(1, sizeof **ret);
}

void asg_hasher_destroy(struct asg_hasher **hasher)
{
    free(*hasher);
    *hasher = NULL;
}

void asg_hasher_begin(struct asg_hasher *hasher)
{
    must(SHA256_Init(&hasher->context) == 1, "SHA256_Init");
}

void asg_hasher_update(struct asg_hasher *hasher, const void *data, size_t length)
{
    must(SHA256_Update(&hasher->context, data, length) == 1, "SHA256_Update");
}

void asg_hasher_end(struct asg_hasher *hasher, uint8_t ret[ASG_SHA256_BYTES])
{
    must(SHA256_Final(ret, &hasher->context) == 1, "SHA256_Final");
}

void asg_sha256(const void *data, size_t length, uint8_t ret[ASG_SHA256_BYTES])
{
    struct asg_hasher hasher;
    asg_hasher_begin(&hasher);
    asg_hasher_update(&hasher, data, length);
    asg_hasher_end(&hasher, ret);
}

static void init_keyed_hash(struct asg_keyed_hash *keyed, const void *key, size_t length)
{
    uint8_t inner[SHA256_CBLOCK] = {0};
    uint8_t outer[SHA256_CBLOCK];
    if (length > sizeof inner) {
        asg_sha256(key, length, inner);
    } else if (length > 0) {
        memcpy(inner, key, length);
    }
    for (size_t i = 0; i < sizeof inner; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    asg_hasher_begin(&keyed->inner);
    asg_hasher_update(&keyed->inner, inner, sizeof inner);
    asg_hasher_begin(&keyed->outer);
    asg_hasher_update(&keyed->outer, outer, sizeof outer);
    asg_secret_wipe(inner, sizeof inner);
    asg_secret_wipe(outer, sizeof outer);
}

void asg_keyed_hash_new(const void *key, size_t length, struct asg_keyed_hash **ret)
{
    struct asg_keyed_hash *keyed = asg_alloc(1, sizeof *keyed);
    init_keyed_hash(keyed, key, length);
    *ret = keyed;
}

void asg_keyed_hash_destroy(struct asg_keyed_hash **keyed)
{
    if (*keyed == NULL) return;
    asg_secret_wipe(*keyed, sizeof **keyed);
    free(*keyed);
    *keyed = NULL;
}

void asg_keyed_hash_sign(struct asg_keyed_hash *keyed, const void *data, size_t length,
                         uint8_t ret[ASG_SHA256_BYTES])
{
    struct asg_keyed_hash copy = *keyed;
    asg_hasher_update(&copy.inner, data, length);
    asg_hasher_end(&copy.inner, ret);
    asg_hasher_update(&copy.outer, ret, ASG_SHA256_BYTES);
    asg_hasher_end(&copy.outer, ret);
    asg_secret_wipe(&copy, sizeof copy);
}

void asg_hmac_sha256(const void *key, size_t key_length, const void *data, size_t length,
                     uint8_t ret[ASG_SHA256_BYTES])
{
    struct asg_keyed_hash keyed;
    init_keyed_hash(&keyed, key, key_length);
    asg_keyed_hash_sign(&keyed, data, length, ret);
    asg_secret_wipe(&keyed, sizeof keyed);
}

void asg_random_bytes(void *ret, size_t length)
{
    assert(length <= INT_MAX);
    must(RAND_bytes(ret, (int)length) == 1, "RAND_bytes");
}

void asg_hex_encode(const void *data, size_t length, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < length; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[2 * length] = '\0';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

enum asg_status asg_hex_decode(const char *text, void *ret, size_t length)
{
    if (strlen(text) != 2 * length) return ASG_ERR_MALFORMED;
    for (size_t i = 0; i < 2 * length; i++) {
        if (hex_value(text[i]) < 0) return ASG_ERR_MALFORMED;
    }
    uint8_t *bytes = ret;
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)(hex_value(text[2 * i]) * 16 + hex_value(text[2 * i + 1]));
    }
    return ASG_OK;
}

void asg_base64_encode(const void *data, size_t length, char *ret)
{
    assert(length <= INT_MAX / 2);
    (void)EVP_EncodeBlock((unsigned char *)ret, data, (int)length);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}

enum asg_status asg_base64_decode(const char *text, void *ret, size_t *ret_length)
{
    uint8_t *out = ret;
    size_t length = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t digits = 0;
    size_t padding = 0;
    for (; *text != '\0'; text++) {
        if (isspace((unsigned char)*text)) continue;
        if (*text == '=') {
            padding++;
            continue;
        }
        int value = base64_value(*text);
        if (value < 0 || padding > 0) return ASG_ERR_MALFORMED;
        digits++;
        bits = (bits << 6) | (uint32_t)value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[length++] = (uint8_t)(bits >> bit_count);
        }
    }
    if (padding > 2 || (digits + padding) % 4 != 0) return ASG_ERR_MALFORMED;
    *ret_length = length;
    return ASG_OK;
}

bool asg_secret_equal(const void *a, const void *b, size_t length)
{
    return CRYPTO_memcmp(a, b, length) == 0;
}

void asg_secret_wipe(void *secret, size_t length)
{
    /* As sure as OPENSSL_cleanse() and several times faster; every block that libcurl and
     * expat give back passes here (aws/wiping_memory.c). */
    if (length > 0) explicit_bzero(secret, length);
}
