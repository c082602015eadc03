#include "aws/sigv4.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "aws/sigv4_key.h"

#define SCOPE_PART_MAX      64
#define SIGNED_HEADERS_SIZE 4096
/* Signs nothing real: an unknown key costs the same work as a wrong signature. */
#define NOBODYS_SECRET "0000000000000000000000000000000000000000"

/* What an Authorization header says. */
struct claim {
    char key_id[ASG_SIGV4_KEY_ID_MAX + 1];
    char day[9];
    char region[SCOPE_PART_MAX + 1];
    char service[SCOPE_PART_MAX + 1];
    char signed_headers[SIGNED_HEADERS_SIZE];
    uint8_t signature[ASG_SHA256_BYTES];
    char date[ASG_SIGV4_DATE_SIZE]; /* of X-Amz-Date, or of Date in its form */
};

static enum asg_status deny(struct asg_sigv4_verdict *verdict, uint32_t http_status,
                            const char *code, const char *message)
{
    *verdict = (struct asg_sigv4_verdict){.code = code, .http_status = http_status};
    (void)snprintf(verdict->message, sizeof verdict->message, "%s", message);
    return ASG_ERR_DENIED;
}

static enum asg_status incomplete(struct asg_sigv4_verdict *verdict, const char *message)
{
    return deny(verdict, 400, "IncompleteSignature", message);
}

/* One answer for an unknown key and for a wrong signature (docs/rules.md, "Verifying
 * SigV4"); EC2 words it its own way. */
static enum asg_status mismatch(struct asg_sigv4_verdict *verdict,
                                const struct asg_sigv4_rules *rules)
{
    if (strcmp(rules->service, "ec2") == 0) {
        return deny(verdict, 401, "AuthFailure",
                    "AWS was not able to validate the provided access credentials");
    }
    return deny(verdict, 403, "SignatureDoesNotMatch",
                "The key is not known here, or the signature does not match the request. "
                "Check the access key, the secret and the signing method.");
}

/* How often the header is there; *ret is its last value. */
static size_t find_header(const struct asg_sigv4_request *request, const char *name,
                          const char **ret)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) != 0) continue;
        *ret = request->headers[i].value;
        count++;
    }
    return count;
}

/* Copy up to any of `ends`; NULL when empty, too long, or no such end. */
static const char *take_part(const char *text, const char *ends, char *ret, size_t size)
{
    size_t length = strcspn(text, ends);
    if (length == 0 || length >= size || text[length] == '\0') return NULL;
    memcpy(ret, text, length);
    ret[length] = '\0';
    return text + length + 1;
}

static bool is_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
    }
    return true;
}

/* "AKID/20150830/us-east-1/ec2/aws4_request" */
static bool read_scope(const char *text, struct claim *ret)
{
    text = take_part(text, "/", ret->key_id, sizeof ret->key_id);
    if (text != NULL) text = take_part(text, "/", ret->day, sizeof ret->day);
    if (text != NULL) text = take_part(text, "/", ret->region, sizeof ret->region);
    if (text != NULL) text = take_part(text, "/", ret->service, sizeof ret->service);
    return text != NULL && strcmp(text, "aws4_request") == 0 && strlen(ret->day) == 8 &&
           is_digits(ret->day, 8);
}

/* The value of "Name=value" for one of the three parts; each exactly once. */
static bool read_parts(const char *text, struct claim *ret)
{
    bool has_credential = false;
    bool has_headers = false;
    bool has_signature = false;
    while (*text != '\0') {
        char part[SIGNED_HEADERS_SIZE];
        text += strspn(text, " \t");
        size_t length = strcspn(text, ",");
        if (length == 0 || length >= sizeof part) return false;
        memcpy(part, text, length);
        while (length > 0 && (part[length - 1] == ' ' || part[length - 1] == '\t')) {
            length--;
        }
        part[length] = '\0';
        text += strcspn(text, ",");
        if (*text == ',') text++;

        if (strncmp(part, "Credential=", 11) == 0 && !has_credential) {
            has_credential = read_scope(part + 11, ret);
            if (!has_credential) return false;
        } else if (strncmp(part, "SignedHeaders=", 14) == 0 && !has_headers) {
            has_headers = true;
            memcpy(ret->signed_headers, part + 14, strlen(part + 14) + 1);
        } else if (strncmp(part, "Signature=", 10) == 0 && !has_signature) {
            has_signature =
                asg_hex_decode(part + 10, ret->signature, ASG_SHA256_BYTES) == ASG_OK;
            if (!has_signature) return false;
        } else {
            return false;
        }
    }
    return has_credential && has_headers && has_signature;
}

static bool is_signed(const char *signed_headers, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = signed_headers; *at != '\0';) {
        size_t part = strcspn(at, ";");
        if (part == length && strncasecmp(at, name, length) == 0) return true;
        at += part;
        if (*at == ';') at++;
    }
    return false;
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

/* Milliseconds since the epoch of "20150830T123600Z" or of an HTTP date; -1. */
static int64_t read_date(const char *text)
{
    struct tm parts = {0};
    const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &parts);
    if (end == NULL || *end != '\0' || strlen(text) != ASG_SIGV4_DATE_SIZE - 1) {
        parts = (struct tm){0};
        end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        if (end == NULL || *end != '\0') return -1;
    }
    time_t seconds = timegm(&parts);
    return seconds < 0 ? -1 : (int64_t)seconds * 1000;
}

static enum asg_status read_claim(const struct asg_sigv4_request *request,
                                  struct claim *claim, int64_t *ret_date_ms,
                                  struct asg_sigv4_verdict *verdict)
{
    static const char algorithm[] = "AWS4-HMAC-SHA256";
    const char *text = NULL;
    size_t count = find_header(request, "authorization", &text);
    if (count == 0) {
        return deny(verdict, 403, "MissingAuthenticationToken",
                    "Request is missing Authentication Token");
    }
    if (count > 1) return incomplete(verdict, "Authorization is there more than once");
    if (strlen(text) > SIGNED_HEADERS_SIZE) {
        return incomplete(verdict, "Authorization is too long");
    }
    if (strncmp(text, algorithm, sizeof algorithm - 1) != 0 ||
        text[sizeof algorithm - 1] != ' ') {
        return incomplete(verdict, "Authorization must begin with AWS4-HMAC-SHA256");
    }
    if (!read_parts(text + sizeof algorithm, claim)) {
        return incomplete(verdict, "Authorization must have Credential (key/day/region/"
                                   "service/aws4_request), SignedHeaders and Signature, "
                                   "each once");
    }

    const char *date = NULL;
    count = find_header(request, "x-amz-date", &date);
    if (count > 1) return incomplete(verdict, "X-Amz-Date is there more than once");
    bool is_amz = count == 1;
    if (!is_amz && find_header(request, "date", &date) != 1) {
        return incomplete(verdict, "X-Amz-Date or one Date is needed");
    }
    *ret_date_ms = read_date(date);
    if (*ret_date_ms < 0) {
        return incomplete(verdict, "X-Amz-Date must look like 20150830T123600Z");
    }
    asg_sigv4_date(*ret_date_ms, claim->date);
    if (!is_signed(claim->signed_headers, is_amz ? "x-amz-date" : "date")) {
        return incomplete(verdict, "the date must be among the signed headers");
    }
    return ASG_OK;
}

static enum asg_status check_headers(const struct asg_sigv4_request *request,
                                     const struct claim *claim,
                                     struct asg_sigv4_verdict *verdict)
{
    if (!is_well_formed_list(claim->signed_headers)) {
        return incomplete(verdict, "SignedHeaders must be in lower case and in order, "
                                   "each name once");
    }
    const char *host = NULL;
    if (find_header(request, "host", &host) != 1 ||
        !is_signed(claim->signed_headers, "host")) {
        return incomplete(verdict, "Host must be there once and be signed");
    }
    for (size_t i = 0; i < request->header_count; i++) {
        const char *name = request->headers[i].name;
        if (strncasecmp(name, "x-amz-", 6) == 0 &&
            !is_signed(claim->signed_headers, name)) {
            return incomplete(verdict, "every X-Amz-* header must be signed");
        }
    }
    return ASG_OK;
}

static enum asg_status check_scope(const struct claim *claim,
                                   const struct asg_sigv4_rules *rules, int64_t date_ms,
                                   struct asg_sigv4_verdict *verdict)
{
    char message[256];
    if (rules->region != NULL && strcmp(claim->region, rules->region) != 0) {
        (void)snprintf(message, sizeof message,
                       "Credential should be scoped to region %s", rules->region);
        return deny(verdict, 403, "SignatureDoesNotMatch", message);
    }
    if (strcmp(claim->service, rules->service) != 0) {
        (void)snprintf(message, sizeof message,
                       "Credential should be scoped to service %s", rules->service);
        return deny(verdict, 403, "SignatureDoesNotMatch", message);
    }
    if (memcmp(claim->day, claim->date, 8) != 0) {
        return deny(verdict, 403, "SignatureDoesNotMatch",
                    "Date in Credential scope does not match the date of the request");
    }
    if (date_ms < rules->now_ms - rules->window_ms ||
        date_ms > rules->now_ms + rules->window_ms) {
        char now[ASG_SIGV4_DATE_SIZE];
        asg_sigv4_date(rules->now_ms, now);
        (void)snprintf(message, sizeof message,
                       "Request is too old or too new: it says %s, here it is %s",
                       claim->date, now);
        return deny(verdict, 400, "RequestExpired", message);
    }
    return ASG_OK;
}

/* The signature the request should carry, with `secret`. */
static enum asg_status expect_signature(const struct asg_sigv4_request *request,
                                        const struct claim *claim, const char *secret,
                                        const char *body_hash, bool keeps_path,
                                        uint8_t ret[ASG_SHA256_BYTES])
{
    struct asg_bytes canonical = {0};
    struct asg_bytes to_sign = {0};
    enum asg_status status = asg_sigv4_canonical_request(
        request, claim->signed_headers, body_hash, keeps_path, &canonical);
    if (status == ASG_OK) {
        uint8_t key[ASG_SHA256_BYTES];
        asg_sigv4_string_to_sign(claim->date, claim->region, claim->service,
                                 canonical.data, canonical.length, &to_sign);
        asg_sigv4_derive_key(secret, claim->day, claim->region, claim->service, key);
        asg_hmac_sha256(key, sizeof key, to_sign.data, to_sign.length, ret);
        asg_secret_wipe(key, sizeof key);
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
        return incomplete(ret, "too many headers");
    }
    struct claim claim = {0};
    int64_t date_ms = 0;
    enum asg_status status = read_claim(request, &claim, &date_ms, ret);
    if (status == ASG_OK) status = check_headers(request, &claim, ret);
    if (status == ASG_OK) status = check_scope(&claim, rules, date_ms, ret);
    if (status != ASG_OK) return status;

    uint8_t hash[ASG_SHA256_BYTES];
    char body_hash[ASG_SHA256_HEX_SIZE];
    asg_sha256(request->body, request->body_length, hash);
    asg_hex_encode(hash, sizeof hash, body_hash);
    const char *said = NULL;
    size_t count = find_header(request, "x-amz-content-sha256", &said);
    if (count > 1 || (count == 1 && strcmp(said, body_hash) != 0)) {
        return deny(ret, 400, "IncompleteSignature",
                    "X-Amz-Content-Sha256 must be the hash of the body; unsigned and "
                    "streaming bodies are refused");
    }

    const char *secret = rules->find_secret(rules->context, claim.key_id);
    uint8_t expected[ASG_SHA256_BYTES];
    status = expect_signature(request, &claim, secret == NULL ? NOBODYS_SECRET : secret,
                              body_hash, rules->keeps_path, expected);
    if (status != ASG_OK) return incomplete(ret, "too many query parameters");
    bool is_equal = asg_secret_equal(expected, claim.signature, sizeof expected);
    asg_secret_wipe(expected, sizeof expected);
    if (!is_equal || secret == NULL) return mismatch(ret, rules);

    *ret = (struct asg_sigv4_verdict){.code = "", .http_status = 200};
    memcpy(ret->access_key_id, claim.key_id, sizeof claim.key_id);
    memcpy(ret->region, claim.region, sizeof claim.region);
    return ASG_OK;
}
