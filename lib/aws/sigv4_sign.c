#include "aws/sigv4.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/sigv4_key.h"

struct asg_sigv4_signer {
    char *region;
    char *service;
    bool adds_body_hash;
    bool keeps_path;
    bool omits_session_token;
    /* The key derived last, and what it was derived from. */
    struct asg_keyed_hash *key;
    struct asg_secret key_secret;
    char key_date[9];
    struct asg_hasher *hasher;
    struct asg_bytes canonical; /* kept between calls for their memory */
    struct asg_bytes to_sign;
    struct asg_bytes authorization;
    int64_t date_s; /* second of the date made last; -1 */
    char date[ASG_SIGV4_DATE_SIZE];
};

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = asg_alloc(size, 1);
    memcpy(copy, text, size);
    return copy;
}

void asg_sigv4_derive_key(const char *secret, const char *date, const char *region,
                          const char *service, uint8_t ret[ASG_SHA256_BYTES])
{
    size_t length = strlen("AWS4") + strlen(secret);
    char *start = asg_alloc(length + 1, 1);
    (void)snprintf(start, length + 1, "AWS4%s", secret);
    uint8_t key[ASG_SHA256_BYTES];
    asg_hmac_sha256(start, length, date, 8, key);
    asg_secret_wipe(start, length);
    free(start);
    asg_hmac_sha256(key, sizeof key, region, strlen(region), ret);
    asg_hmac_sha256(ret, ASG_SHA256_BYTES, service, strlen(service), key);
    asg_hmac_sha256(key, sizeof key, "aws4_request", strlen("aws4_request"), ret);
    asg_secret_wipe(key, sizeof key);
}

void asg_sigv4_signer_new(const struct asg_sigv4_signer_options *options,
                          struct asg_sigv4_signer **ret)
{
    assert(options->region != NULL && options->service != NULL);
    struct asg_sigv4_signer *signer = asg_alloc(1, sizeof *signer);
    signer->region = copy_text(options->region);
    signer->service = copy_text(options->service);
    signer->adds_body_hash = options->adds_body_hash;
    signer->keeps_path = options->keeps_path;
    signer->omits_session_token = options->omits_session_token;
    asg_hasher_new(&signer->hasher);
    signer->date_s = -1;
    *ret = signer;
}

void asg_sigv4_signer_destroy(struct asg_sigv4_signer **signer)
{
    if (*signer == NULL) return;
    asg_keyed_hash_destroy(&(*signer)->key);
    asg_hasher_destroy(&(*signer)->hasher);
    asg_secret_clear(&(*signer)->key_secret);
    asg_bytes_clear(&(*signer)->canonical);
    asg_bytes_clear(&(*signer)->to_sign);
    asg_bytes_clear(&(*signer)->authorization);
    free((*signer)->region);
    free((*signer)->service);
    free(*signer);
    *signer = NULL;
}

/* Derive the key anew when the day or the secret changed. */
static void use_key(struct asg_sigv4_signer *signer,
                    const struct asg_credentials *credentials, const char *date)
{
    if (signer->key != NULL && memcmp(signer->key_date, date, 8) == 0 &&
        asg_secret_same(&signer->key_secret, &credentials->secret_key)) {
        return;
    }
    uint8_t key[ASG_SHA256_BYTES];
    asg_sigv4_derive_key(asg_secret_reveal(&credentials->secret_key), date,
                         signer->region, signer->service, key);
    asg_keyed_hash_destroy(&signer->key);
    asg_keyed_hash_new(key, sizeof key, &signer->key);
    asg_secret_wipe(key, sizeof key);
    asg_secret_set(&signer->key_secret, asg_secret_reveal(&credentials->secret_key),
                   credentials->secret_key.length);
    memcpy(signer->key_date, date, 8);
}

static void hash_to_hex(struct asg_sigv4_signer *signer, const void *data, size_t length,
                        char ret[ASG_SHA256_HEX_SIZE])
{
    uint8_t hash[ASG_SHA256_BYTES];
    asg_hasher_begin(signer->hasher);
    asg_hasher_update(signer->hasher, data, length);
    asg_hasher_end(signer->hasher, hash);
    asg_hex_encode(hash, sizeof hash, ret);
}

static bool may_be_signed(const struct asg_sigv4_request *request)
{
    static const char *const ours[] = {"x-amz-date", "x-amz-security-token",
                                       "authorization"};
    bool has_host = false;
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, "host") == 0) has_host = true;
        for (size_t j = 0; j < sizeof ours / sizeof ours[0]; j++) {
            if (strcasecmp(request->headers[i].name, ours[j]) == 0) return false;
        }
    }
    return has_host;
}

static void add_header(struct asg_sigv4_signed *added, const char *name,
                       const char *value)
{
    assert(added->count < ASG_SIGV4_ADDED_MAX);
    added->headers[added->count++] =
        (struct asg_sigv4_header){.name = name, .value = value};
}

/* The request together with what is signed of the added headers. */
static struct asg_sigv4_request with_added(const struct asg_sigv4_request *request,
                                           const struct asg_sigv4_signed *added,
                                           struct asg_arena *arena)
{
    size_t count = request->header_count + added->count;
    struct asg_sigv4_header *headers = asg_arena_take(arena, count * sizeof *headers);
    for (size_t i = 0; i < request->header_count; i++) {
        headers[i] = request->headers[i];
    }
    for (size_t i = 0; i < added->count; i++) {
        headers[request->header_count + i] = added->headers[i];
    }
    struct asg_sigv4_request whole = *request;
    whole.headers = headers;
    whole.header_count = count;
    return whole;
}

/* Many calls are signed within one second. */
static const char *date_of(struct asg_sigv4_signer *signer, int64_t time_ms)
{
    if (signer->date_s != time_ms / 1000) {
        asg_sigv4_date(time_ms, signer->date);
        signer->date_s = time_ms / 1000;
    }
    return signer->date;
}

/* Appended piece by piece: printf costs as much as the HMAC (bench_sign). */
static void write_authorization(struct asg_sigv4_signer *signer, const char *key_id,
                                const char *date, const char *names,
                                const char *signature)
{
    struct asg_bytes *out = &signer->authorization;
    asg_bytes_reset(out);
    asg_bytes_append_text(out, "AWS4-HMAC-SHA256 Credential=");
    asg_bytes_append_text(out, key_id);
    asg_bytes_append_byte(out, '/');
    asg_bytes_append(out, date, 8);
    asg_bytes_append_byte(out, '/');
    asg_bytes_append_text(out, signer->region);
    asg_bytes_append_byte(out, '/');
    asg_bytes_append_text(out, signer->service);
    asg_bytes_append_text(out, "/aws4_request, SignedHeaders=");
    asg_bytes_append_text(out, names);
    asg_bytes_append_text(out, ", Signature=");
    asg_bytes_append_text(out, signature);
}

enum asg_status asg_sigv4_sign(struct asg_sigv4_signer *signer,
                               const struct asg_credentials *credentials,
                               const struct asg_sigv4_request *request, int64_t time_ms,
                               struct asg_arena *arena, struct asg_sigv4_signed *ret)
{
    if (credentials->access_key_id == NULL || credentials->access_key_id[0] == '\0' ||
        asg_secret_is_empty(&credentials->secret_key) || !may_be_signed(request)) {
        return ASG_ERR_INVALID;
    }
    const char *date = date_of(signer, time_ms);
    char body_hash[ASG_SHA256_HEX_SIZE];
    hash_to_hex(signer, request->body, request->body_length, body_hash);

    struct asg_sigv4_signed added = {0};
    add_header(&added, "X-Amz-Date", asg_arena_text(arena, date));
    bool has_token = !asg_secret_is_empty(&credentials->session_token);
    const char *token =
        asg_arena_text(arena, asg_secret_reveal(&credentials->session_token));
    if (has_token && !signer->omits_session_token) {
        add_header(&added, "X-Amz-Security-Token", token);
    }
    if (signer->adds_body_hash) {
        add_header(&added, "X-Amz-Content-Sha256", asg_arena_text(arena, body_hash));
    }
    struct asg_sigv4_request whole = with_added(request, &added, arena);
    const char *names = asg_sigv4_signed_headers(&whole, arena);
    if (has_token && signer->omits_session_token) {
        add_header(&added, "X-Amz-Security-Token", token);
    }

    asg_bytes_reset(&signer->canonical);
    asg_bytes_reset(&signer->to_sign);
    enum asg_status status = asg_sigv4_canonical_request(
        &whole, names, body_hash, signer->keeps_path, &signer->canonical);
    if (status != ASG_OK) return status;
    char canonical_hash[ASG_SHA256_HEX_SIZE];
    hash_to_hex(signer, signer->canonical.data, signer->canonical.length, canonical_hash);
    asg_sigv4_append_to_sign(date, signer->region, signer->service, canonical_hash,
                             &signer->to_sign);
    use_key(signer, credentials, date);
    uint8_t hash[ASG_SHA256_BYTES];
    asg_keyed_hash_sign(signer->key, signer->to_sign.data, signer->to_sign.length, hash);
    asg_hex_encode(hash, sizeof hash, added.signature);
    write_authorization(signer, credentials->access_key_id, date, names, added.signature);
    add_header(&added, "Authorization",
               asg_arena_text_n(arena, (const char *)signer->authorization.data,
                                signer->authorization.length));
    *ret = added;
    return ASG_OK;
}
