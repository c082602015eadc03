/* bench_sign - what a signature costs beside the hashing that it cannot do without.
 *
 * Each round takes every row in slices of half a thousand, in turn, by CPU time. The
 * reference runs in the same process: OpenSSL alone, with a fetched SHA-256 and a keyed
 * EVP_MAC context that are used again, over texts that are ready (body, canonical
 * request, string to sign), plus the printing of the two texts and the Authorization
 * header. That is the bare loop of docs/performance.md.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "aws/sigv4.h"
#include "aws/sigv4_key.h"

#define ROUNDS      7
#define SLICES      40
#define SLICE_SIGNS 500
#define WALL_MS     INT64_C(1700000000000)
#define KEY_ID      "AKIDBENCHBENCHBENCH0"
#define SECRET      "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define HOST        "ec2.us-east-1.amazonaws.com"
#define TYPE        "application/x-www-form-urlencoded; charset=utf-8"
#define NAMES       "content-type;host;x-amz-date"
#define DATE_TEXT   "20231114T221320Z"
#define BODY                                                                             \
    "Action=RunInstances&Version=2016-11-15&LaunchTemplate.LaunchTemplateId="            \
    "lt-0123456789abcdef0&LaunchTemplate.Version=7&MinCount=1&MaxCount=10&SubnetId="     \
    "subnet-0123456789abcdef0&ClientToken=abcdefghijklmnopqrstuvwxyz234567abcdefghijkl"  \
    "&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key="            \
    "openasg%3Acluster&TagSpecification.1.Tag.1.Value=c-1"

enum { HASHES, BARE, OURS, DERIVED, ROW_COUNT };
static const char *const names[ROW_COUNT] = {"sign_hashes_us", "sign_bare_us", "sign_us",
                                             "sign_key_derived_us"};

struct bench {
    EVP_MD *digest;
    EVP_MD_CTX *hash;
    EVP_MAC *mac;
    EVP_MAC_CTX *keyed;
    struct asg_sigv4_signer *signer;
    struct asg_credentials credentials;
    struct asg_arena arena;
    unsigned seen; /* so that nothing is left out by the compiler */
};

static void must(bool is_fine)
{
    if (is_fine) return;
    (void)fprintf(stderr, "bench_sign: OpenSSL fails\n");
    exit(1);
}

static void hash_to_hex(struct bench *bench, const void *data, size_t length, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char out[32];
    must(EVP_DigestInit_ex2(bench->hash, bench->digest, NULL) == 1 &&
         EVP_DigestUpdate(bench->hash, data, length) == 1 &&
         EVP_DigestFinal_ex(bench->hash, out, NULL) == 1);
    for (size_t i = 0; i < sizeof out; i++) {
        ret[2 * i] = digits[out[i] >> 4];
        ret[2 * i + 1] = digits[out[i] & 15];
    }
    ret[64] = '\0';
}

/* The three hashes alone, over texts of the right length. */
static void hash_only(struct bench *bench)
{
    static const char texts[] = BODY;
    char hex[65];
    unsigned char out[32];
    size_t out_length = 0;
    hash_to_hex(bench, texts, sizeof texts - 1, hex);
    hash_to_hex(bench, texts, 230, hex);
    must(EVP_MAC_init(bench->keyed, NULL, 0, NULL) == 1 &&
         EVP_MAC_update(bench->keyed, (const unsigned char *)texts, 134) == 1 &&
         EVP_MAC_final(bench->keyed, out, &out_length, sizeof out) == 1);
    asg_hex_encode(out, sizeof out, hex);
    bench->seen += (unsigned)hex[0];
}

static void sign_bare(struct bench *bench)
{
    char hex[65];
    char canonical[512];
    char to_sign[256];
    char header[512];
    hash_to_hex(bench, BODY, sizeof BODY - 1, hex);
    int length = snprintf(canonical, sizeof canonical,
                          "POST\n/\n\ncontent-type:%s\nhost:%s\nx-amz-date:%s\n\n%s\n%s",
                          TYPE, HOST, DATE_TEXT, NAMES, hex);
    hash_to_hex(bench, canonical, (size_t)length, hex);
    length = snprintf(to_sign, sizeof to_sign,
                      "AWS4-HMAC-SHA256\n%s\n%.8s/us-east-1/ec2/aws4_request\n%s",
                      DATE_TEXT, DATE_TEXT, hex);
    unsigned char out[32];
    size_t out_length = 0;
    must(EVP_MAC_init(bench->keyed, NULL, 0, NULL) == 1 &&
         EVP_MAC_update(bench->keyed, (const unsigned char *)to_sign, (size_t)length) ==
             1 &&
         EVP_MAC_final(bench->keyed, out, &out_length, sizeof out) == 1);
    asg_hex_encode(out, sizeof out, hex);
    length = snprintf(header, sizeof header,
                      "AWS4-HMAC-SHA256 Credential=%s/%.8s/us-east-1/ec2/aws4_request, "
                      "SignedHeaders=%s, Signature=%s",
                      KEY_ID, DATE_TEXT, NAMES, hex);
    bench->seen += (unsigned)header[length - 1];
}

static void sign_ours(struct bench *bench, struct asg_sigv4_signer *signer)
{
    const struct asg_sigv4_header headers[] = {{"Host", HOST}, {"Content-Type", TYPE}};
    const struct asg_sigv4_request request = {.method = "POST",
                                              .path = "/",
                                              .headers = headers,
                                              .header_count = 2,
                                              .body = BODY,
                                              .body_length = sizeof BODY - 1};
    struct asg_sigv4_signed added;
    asg_arena_reset(&bench->arena);
    must(asg_sigv4_sign(signer, &bench->credentials, &request, WALL_MS, &bench->arena,
                        &added) == ASG_OK);
    bench->seen += (unsigned)added.signature[63];
}

static void sign_derived(struct bench *bench)
{
    struct asg_sigv4_signer *signer = NULL;
    asg_sigv4_signer_new(
        &(struct asg_sigv4_signer_options){.region = "us-east-1", .service = "ec2"},
        &signer);
    sign_ours(bench, signer);
    asg_sigv4_signer_destroy(&signer);
}

/* Time of this thread, so that neighbours count less. */
static int64_t used_us(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

/* Microseconds of a slice of a row. */
static double measure(struct bench *bench, int row)
{
    int64_t from_us = used_us();
    for (int i = 0; i < SLICE_SIGNS; i++) {
        if (row == HASHES) hash_only(bench);
        if (row == BARE) sign_bare(bench);
        if (row == OURS) sign_ours(bench, bench->signer);
        if (row == DERIVED) sign_derived(bench);
    }
    return (double)(used_us() - from_us);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void say(const char *name, double values[ROUNDS], const char *unit,
                const char *words)
{
    qsort(values, ROUNDS, sizeof *values, compare);
    (void)printf("%-22s %9.3f %9.3f %9.3f %-3s %s\n", name, values[ROUNDS / 2], values[0],
                 values[ROUNDS - 1], unit, words);
}

static void open_bench(struct bench *bench)
{
    bench->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    bench->hash = EVP_MD_CTX_new();
    bench->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(bench->digest != NULL && bench->hash != NULL && bench->mac != NULL);
    bench->keyed = EVP_MAC_CTX_new(bench->mac);
    char sha256[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
        OSSL_PARAM_construct_end()};
    uint8_t key[32];
    asg_sigv4_derive_key(SECRET, DATE_TEXT, "us-east-1", "ec2", key);
    must(bench->keyed != NULL &&
         EVP_MAC_init(bench->keyed, key, sizeof key, params) == 1);
    asg_credentials_set(&bench->credentials, KEY_ID, SECRET, NULL, "bench");
    asg_sigv4_signer_new(
        &(struct asg_sigv4_signer_options){.region = "us-east-1", .service = "ec2"},
        &bench->signer);
}

static void close_bench(struct bench *bench)
{
    EVP_MAC_CTX_free(bench->keyed);
    EVP_MAC_free(bench->mac);
    EVP_MD_CTX_free(bench->hash);
    EVP_MD_free(bench->digest);
    asg_sigv4_signer_destroy(&bench->signer);
    asg_credentials_clear(&bench->credentials);
    asg_arena_clear(&bench->arena);
}

/* A round in slices, so that a noisy moment hits all rows. */
static void measure_round(struct bench *bench, int round,
                          double values[ROW_COUNT][ROUNDS])
{
    for (int row = 0; row < ROW_COUNT; row++) {
        values[row][round] = 0;
    }
    for (int slice = 0; slice < SLICES; slice++) {
        for (int row = 0; row < ROW_COUNT; row++) {
            values[row][round] += measure(bench, row) / (SLICES * SLICE_SIGNS);
        }
    }
}

int main(void)
{
    struct bench bench = {0};
    open_bench(&bench);
    double values[ROW_COUNT][ROUNDS];
    double ratios[ROUNDS];
    double to_hashes[ROUNDS];
    for (int row = 0; row < ROW_COUNT; row++) {
        (void)measure(&bench, row); /* warm */
    }
    for (int round = 0; round < ROUNDS; round++) {
        measure_round(&bench, round, values);
        ratios[round] = values[OURS][round] / values[BARE][round];
        to_hashes[round] = values[OURS][round] / values[HASHES][round];
    }
    say(names[HASHES], values[HASHES], "us",
        "two SHA-256 and a keyed EVP_MAC, nothing else");
    say(names[BARE], values[BARE], "us",
        "OpenSSL alone, key schedule kept, texts printed");
    say(names[OURS], values[OURS], "us", "asg_sigv4_sign with the day's key");
    say(names[DERIVED], values[DERIVED], "us", "the same with a new signer each time");
    say("sign_ratio", ratios, "x", "ours to the bare loop (goal: at most 1.3)");
    say("sign_hashes_ratio", to_hashes, "x", "ours to the hashes alone");
    bool is_fine = bench.seen > 0;
    close_bench(&bench);
    return is_fine ? 0 : 1;
}
