#include "aws/sigv4.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws/sigv4_claim.h"
#include "aws/sigv4_key.h"

/* Signs nothing real: an unknown key costs the same work as a wrong signature. */
#define NOBODYS_SECRET "0000000000000000000000000000000000000000"

static const char bad_token[] = "The security token included in the request is invalid.";

/* As the services word it: EC2 does not tell an unknown key from a wrong signature. */
static enum asg_status mismatch(struct asg_sigv4_verdict *verdict,
                                const struct asg_sigv4_rules *rules, bool is_known)
{
    if (strcmp(rules->service, "ec2") == 0) {
        return asg_sigv4_deny(
            verdict, 401, "AuthFailure",
            "AWS was not able to validate the provided access credentials");
    }
    if (!is_known) return asg_sigv4_deny(verdict, 403, "InvalidClientTokenId", bad_token);
    return asg_sigv4_deny(
        verdict, 403, "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method. Consult the service "
        "documentation for details.");
}

/* Lower case, in order, none twice, none empty, and no closing semicolon. */
static bool is_well_formed_list(const char *list)
{
    const char *previous = NULL;
    size_t previous_length = 0;
    for (const char *at = list;;) {
        size_t length = strcspn(at, ";");
        if (length == 0) return false;
        for (size_t i = 0; i < length; i++) {
            if (at[i] <= ' ' || at[i] >= 0x7f || (at[i] >= 'A' && at[i] <= 'Z')) {
                return false;
            }
        }
        if (previous != NULL) {
            size_t shorter = length < previous_length ? length : previous_length;
            int order = memcmp(previous, at, shorter);
            if (order > 0 || (order == 0 && previous_length >= length)) return false;
        }
        previous = at;
        previous_length = length;
        at += length;
        if (*at == '\0') return true;
        at++;
    }
}

static enum asg_status check_headers(const struct asg_sigv4_request *request,
                                     const struct asg_sigv4_claim *claim,
                                     struct asg_sigv4_verdict *verdict)
{
    if (!is_well_formed_list(claim->signed_headers)) {
        return asg_sigv4_incomplete(verdict,
                                    "SignedHeaders must be in lower case and in order, "
                                    "each name once");
    }
    const char *host = NULL;
    if (asg_sigv4_find_header(request, "host", &host) != 1 ||
        !asg_sigv4_is_signed(claim->signed_headers, "host")) {
        return asg_sigv4_incomplete(verdict, "Host must be there once and be signed");
    }
    for (size_t i = 0; i < request->header_count; i++) {
        const char *name = request->headers[i].name;
        if (strncasecmp(name, "x-amz-", 6) == 0 &&
            !asg_sigv4_is_signed(claim->signed_headers, name)) {
            return asg_sigv4_incomplete(verdict, "every X-Amz-* header must be signed");
        }
    }
    return ASG_OK;
}

static enum asg_status check_scope(const struct asg_sigv4_claim *claim,
                                   const struct asg_sigv4_rules *rules,
                                   struct asg_sigv4_verdict *verdict)
{
    char message[256];
    if (rules->region != NULL && strcmp(claim->region, rules->region) != 0) {
        (void)snprintf(message, sizeof message,
                       "Credential should be scoped to region %s", rules->region);
        return asg_sigv4_deny(verdict, 403, "SignatureDoesNotMatch", message);
    }
    if (strcmp(claim->service, rules->service) != 0) {
        (void)snprintf(message, sizeof message,
                       "Credential should be scoped to service %s", rules->service);
        return asg_sigv4_deny(verdict, 403, "SignatureDoesNotMatch", message);
    }
    if (memcmp(claim->day, claim->date, 8) != 0) {
        return asg_sigv4_deny(
            verdict, 403, "SignatureDoesNotMatch",
            "Date in Credential scope does not match the date of the request");
    }
    int64_t oldest_ms = rules->now_ms - rules->window_ms;
    if (claim->is_presigned) oldest_ms = rules->now_ms - claim->expires_ms;
    if (claim->date_ms < oldest_ms || claim->date_ms > rules->now_ms + rules->window_ms) {
        char now[ASG_SIGV4_DATE_SIZE];
        asg_sigv4_date(rules->now_ms, now);
        (void)snprintf(message, sizeof message,
                       "Request is too old or too new: it says %s, here it is %s",
                       claim->date, now);
        return asg_sigv4_deny(verdict, 400, "RequestExpired", message);
    }
    return ASG_OK;
}

/* The token that belongs to the key, compared in constant time. Asked only when the
 * signature is right: who does not know the secret learns nothing of it. */
static enum asg_status check_token(const struct asg_sigv4_claim *claim,
                                   const struct asg_sigv4_rules *rules,
                                   struct asg_sigv4_verdict *verdict)
{
    if (rules->find_session_token == NULL) return ASG_OK;
    const char *wanted = rules->find_session_token(rules->context, claim->key_id);
    bool has_one = wanted != NULL && wanted[0] != '\0';
    bool is_equal = has_one == claim->has_token;
    if (has_one && claim->has_token) {
        uint8_t left[ASG_SHA256_BYTES];
        uint8_t right[ASG_SHA256_BYTES];
        asg_sha256(wanted, strlen(wanted), left);
        asg_sha256(claim->token, strlen(claim->token), right);
        is_equal = asg_secret_equal(left, right, sizeof left);
    }
    if (is_equal) return ASG_OK;
    return mismatch(verdict, rules, /* is_known */ false);
}

/* The key of the claim's day and scope; of nobody's secret when there is none. */
static bool find_key(const struct asg_sigv4_claim *claim,
                     const struct asg_sigv4_rules *rules, uint8_t ret[ASG_SHA256_BYTES])
{
    if (rules->find_signing_key != NULL) {
        bool is_known = rules->find_signing_key(rules->context, claim->key_id, claim->day,
                                                claim->region, ret);
        if (is_known) return true;
        asg_sigv4_derive_key(NOBODYS_SECRET, claim->day, claim->region, claim->service,
                             ret);
        return false;
    }
    const char *secret = rules->find_secret(rules->context, claim->key_id);
    asg_sigv4_derive_key(secret == NULL ? NOBODYS_SECRET : secret, claim->day,
                         claim->region, claim->service, ret);
    return secret != NULL;
}

/* The signature the request should carry, with the signing key. */
static enum asg_status expect_signature(const struct asg_sigv4_request *request,
                                        const struct asg_sigv4_claim *claim,
                                        const uint8_t key[ASG_SHA256_BYTES],
                                        const char *body_hash, bool keeps_path,
                                        uint8_t ret[ASG_SHA256_BYTES])
{
    struct asg_bytes canonical = {0};
    struct asg_bytes to_sign = {0};
    enum asg_status status =
        asg_sigv4_append_canonical(request, claim->signed_headers, body_hash, keeps_path,
                                   claim->is_presigned, &canonical);
    if (status == ASG_OK) {
        asg_sigv4_string_to_sign(claim->date, claim->region, claim->service,
                                 canonical.data, canonical.length, &to_sign);
        asg_hmac_sha256(key, ASG_SHA256_BYTES, to_sign.data, to_sign.length, ret);
    }
    asg_bytes_clear(&canonical);
    asg_bytes_clear(&to_sign);
    return status;
}

enum asg_status asg_sigv4_verify(const struct asg_sigv4_request *request,
                                 const struct asg_sigv4_rules *rules,
                                 struct asg_sigv4_verdict *ret)
{
    if (request->header_count > ASG_SIGV4_HEADERS_MAX) {
        return asg_sigv4_incomplete(ret, "too many headers");
    }
    struct asg_sigv4_claim claim = {0};
    enum asg_status status = asg_sigv4_read_claim(request, &claim, ret);
    if (status == ASG_OK) status = check_headers(request, &claim, ret);
    if (status == ASG_OK) status = check_scope(&claim, rules, ret);
    if (status != ASG_OK) return status;

    uint8_t hash[ASG_SHA256_BYTES];
    char body_hash[ASG_SHA256_HEX_SIZE];
    asg_sha256(request->body, request->body_length, hash);
    asg_hex_encode(hash, sizeof hash, body_hash);
    const char *said = NULL;
    size_t count = asg_sigv4_find_header(request, "x-amz-content-sha256", &said);
    if (count > 1 || (count == 1 && strcmp(said, body_hash) != 0)) {
        return asg_sigv4_deny(
            ret, 400, "IncompleteSignature",
            "X-Amz-Content-Sha256 must be the hash of the body; unsigned and "
            "streaming bodies are refused");
    }

    uint8_t key[ASG_SHA256_BYTES];
    uint8_t expected[ASG_SHA256_BYTES];
    bool is_known = find_key(&claim, rules, key);
    status =
        expect_signature(request, &claim, key, body_hash, rules->keeps_path, expected);
    asg_secret_wipe(key, sizeof key);
    if (status != ASG_OK) return asg_sigv4_incomplete(ret, "too many query parameters");
    bool is_equal = asg_secret_equal(expected, claim.signature, sizeof expected);
    asg_secret_wipe(expected, sizeof expected);
    if (!is_equal || !is_known) return mismatch(ret, rules, is_known);
    status = check_token(&claim, rules, ret);
    if (status != ASG_OK) return status;

    *ret = (struct asg_sigv4_verdict){.code = "", .http_status = 200};
    memcpy(ret->access_key_id, claim.key_id, sizeof claim.key_id);
    memcpy(ret->region, claim.region, sizeof claim.region);
    return ASG_OK;
}
