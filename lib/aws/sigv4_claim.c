#include "aws/sigv4_claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/percent.h"

#define ALGORITHM      "AWS4-HMAC-SHA256"
#define EXPIRES_MAX_MS (INT64_C(7) * 24 * 60 * 60 * 1000)

enum asg_status asg_sigv4_deny(struct asg_sigv4_verdict *verdict, uint32_t http_status,
                               const char *code, const char *message)
{
    *verdict = (struct asg_sigv4_verdict){.code = code, .http_status = http_status};
    (void)snprintf(verdict->message, sizeof verdict->message, "%s", message);
    return ASG_ERR_DENIED;
}

enum asg_status asg_sigv4_incomplete(struct asg_sigv4_verdict *verdict,
                                     const char *message)
{
    return asg_sigv4_deny(verdict, 400, "IncompleteSignature", message);
}

size_t asg_sigv4_find_header(const struct asg_sigv4_request *request, const char *name,
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
static bool read_scope(const char *text, struct asg_sigv4_claim *ret)
{
    text = take_part(text, "/", ret->key_id, sizeof ret->key_id);
    if (text != NULL) text = take_part(text, "/", ret->day, sizeof ret->day);
    if (text != NULL) text = take_part(text, "/", ret->region, sizeof ret->region);
    if (text != NULL) text = take_part(text, "/", ret->service, sizeof ret->service);
    return text != NULL && strcmp(text, "aws4_request") == 0 && strlen(ret->day) == 8 &&
           is_digits(ret->day, 8);
}

/* The value of "Name=value" for one of the three parts; each exactly once. */
static bool read_parts(const char *text, struct asg_sigv4_claim *ret)
{
    bool has_credential = false;
    bool has_headers = false;
    bool has_signature = false;
    while (*text != '\0') {
        char part[ASG_SIGV4_SIGNED_HEADERS_MAX];
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

bool asg_sigv4_is_signed(const char *signed_headers, const char *name)
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

/* --- in headers --- */

static enum asg_status read_header_date(const struct asg_sigv4_request *request,
                                        struct asg_sigv4_claim *claim,
                                        struct asg_sigv4_verdict *verdict)
{
    const char *date = NULL;
    size_t count = asg_sigv4_find_header(request, "x-amz-date", &date);
    if (count > 1) {
        return asg_sigv4_incomplete(verdict, "X-Amz-Date occurs more than once");
    }
    bool is_amz = count == 1;
    if (!is_amz && asg_sigv4_find_header(request, "date", &date) != 1) {
        return asg_sigv4_incomplete(verdict, "X-Amz-Date or one Date is needed");
    }
    claim->date_ms = read_date(date);
    if (claim->date_ms < 0) {
        return asg_sigv4_incomplete(verdict,
                                    "X-Amz-Date must look like 20150830T123600Z");
    }
    asg_sigv4_date(claim->date_ms, claim->date);
    if (!asg_sigv4_is_signed(claim->signed_headers, is_amz ? "x-amz-date" : "date")) {
        return asg_sigv4_incomplete(verdict, "the date must be among the signed headers");
    }
    return ASG_OK;
}

static enum asg_status read_header_token(const struct asg_sigv4_request *request,
                                         struct asg_sigv4_claim *claim,
                                         struct asg_sigv4_verdict *verdict)
{
    const char *token = NULL;
    size_t count = asg_sigv4_find_header(request, "x-amz-security-token", &token);
    if (count == 0) return ASG_OK;
    if (count > 1 || strlen(token) > ASG_SIGV4_TOKEN_MAX) {
        return asg_sigv4_incomplete(verdict, "X-Amz-Security-Token occurs more than "
                                             "once, or is too long");
    }
    claim->has_token = true;
    memcpy(claim->token, token, strlen(token) + 1);
    return ASG_OK;
}

static enum asg_status read_headers(const struct asg_sigv4_request *request,
                                    const char *text, struct asg_sigv4_claim *claim,
                                    struct asg_sigv4_verdict *verdict)
{
    if (strlen(text) > ASG_SIGV4_SIGNED_HEADERS_MAX) {
        return asg_sigv4_incomplete(verdict, "Authorization is too long");
    }
    if (strncmp(text, ALGORITHM " ", sizeof ALGORITHM) != 0) {
        return asg_sigv4_incomplete(verdict,
                                    "Authorization must begin with AWS4-HMAC-SHA256");
    }
    if (!read_parts(text + sizeof ALGORITHM, claim)) {
        return asg_sigv4_incomplete(verdict,
                                    "Authorization must have Credential (key/day/region/"
                                    "service/aws4_request), SignedHeaders and Signature, "
                                    "each once");
    }
    enum asg_status status = read_header_date(request, claim, verdict);
    if (status == ASG_OK) status = read_header_token(request, claim, verdict);
    return status;
}

/* --- in the query: a presigned URL --- */

/* How often the parameter is there; its last value decoded into *ret. */
static size_t find_parameter(const char *query, const char *name, struct asg_bytes *ret)
{
    size_t count = 0;
    size_t length = strlen(name);
    for (const char *at = query; at != NULL && *at != '\0';) {
        size_t pair = strcspn(at, "&");
        if (pair > length && at[length] == '=' && strncmp(at, name, length) == 0) {
            asg_bytes_reset(ret);
            asg_percent_decode(at + length + 1, pair - length - 1,
                               /* plus_is_space */ true, ret);
            count++;
        }
        at += pair;
        if (*at == '&') at++;
    }
    return count;
}

/* Each of the parameters once, with no zero byte; the token may be missing. */
static bool take_parameter(const char *query, const char *name, struct asg_bytes *scratch,
                           char *ret, size_t size)
{
    if (find_parameter(query, name, scratch) != 1 || scratch->length >= size ||
        (scratch->length > 0 && memchr(scratch->data, 0, scratch->length) != NULL)) {
        return false;
    }
    memcpy(ret, asg_bytes_text(scratch), scratch->length + 1);
    return true;
}

static bool read_expires(const char *text, struct asg_sigv4_claim *claim)
{
    size_t length = strlen(text);
    if (length == 0 || length > 6 || !is_digits(text, length)) return false;
    claim->expires_ms = strtoll(text, NULL, 10) * 1000;
    return claim->expires_ms >= 1000 && claim->expires_ms <= EXPIRES_MAX_MS;
}

static bool read_url_parts(const char *query, struct asg_bytes *scratch,
                           struct asg_sigv4_claim *claim)
{
    char text[ASG_SIGV4_SIGNED_HEADERS_MAX];
    const size_t size = sizeof text;
    if (!take_parameter(query, "X-Amz-Algorithm", scratch, text, size) ||
        strcmp(text, ALGORITHM) != 0) {
        return false;
    }
    if (!take_parameter(query, "X-Amz-Credential", scratch, text, size) ||
        !read_scope(text, claim)) {
        return false;
    }
    if (!take_parameter(query, "X-Amz-Expires", scratch, text, size) ||
        !read_expires(text, claim)) {
        return false;
    }
    if (!take_parameter(query, "X-Amz-Signature", scratch, text, size) ||
        asg_hex_decode(text, claim->signature, ASG_SHA256_BYTES) != ASG_OK) {
        return false;
    }
    if (!take_parameter(query, "X-Amz-Date", scratch, text, size)) return false;
    claim->date_ms = read_date(text);
    if (claim->date_ms < 0) return false;
    asg_sigv4_date(claim->date_ms, claim->date);
    return take_parameter(query, "X-Amz-SignedHeaders", scratch, claim->signed_headers,
                          sizeof claim->signed_headers);
}

static enum asg_status read_url(const struct asg_sigv4_request *request,
                                struct asg_sigv4_claim *claim,
                                struct asg_sigv4_verdict *verdict)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes scratch = {0};
    claim->is_presigned = true;
    if (!read_url_parts(request->query, &scratch, claim)) {
        return asg_sigv4_incomplete(
            verdict, "a presigned URL needs X-Amz-Algorithm, X-Amz-Credential (key/day/"
                     "region/service/aws4_request), X-Amz-Date, X-Amz-Expires (1 second "
                     "to 7 days), X-Amz-SignedHeaders and X-Amz-Signature, each once");
    }
    size_t tokens = find_parameter(request->query, "X-Amz-Security-Token", &scratch);
    if (tokens == 0) return ASG_OK;
    claim->has_token = true;
    if (!take_parameter(request->query, "X-Amz-Security-Token", &scratch, claim->token,
                        sizeof claim->token)) {
        return asg_sigv4_incomplete(verdict, "X-Amz-Security-Token occurs more than "
                                             "once, or is too long");
    }
    return ASG_OK;
}

static bool is_presigned(const struct asg_sigv4_request *request)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes ignored = {0};
    return find_parameter(request->query, "X-Amz-Signature", &ignored) > 0;
}

enum asg_status asg_sigv4_read_claim(const struct asg_sigv4_request *request,
                                     struct asg_sigv4_claim *claim,
                                     struct asg_sigv4_verdict *verdict)
{
    const char *text = NULL;
    size_t count = asg_sigv4_find_header(request, "authorization", &text);
    bool is_url = is_presigned(request);
    if (count == 0 && !is_url) {
        return asg_sigv4_deny(verdict, 403, "MissingAuthenticationToken",
                              "Request is missing Authentication Token");
    }
    if (count + (is_url ? 1 : 0) > 1) {
        return asg_sigv4_incomplete(
            verdict, "give one signature: Authorization once, or a presigned URL");
    }
    return is_url ? read_url(request, claim, verdict)
                  : read_headers(request, text, claim, verdict);
}

bool asg_sigv4_claims_key(const struct asg_sigv4_request *request,
                          char ret[ASG_SIGV4_KEY_ID_MAX + 1])
{
    struct asg_sigv4_claim claim = {0};
    struct asg_sigv4_verdict ignored;
    if (asg_sigv4_read_claim(request, &claim, &ignored) != ASG_OK) return false;
    memcpy(ret, claim.key_id, sizeof claim.key_id);
    return true;
}

bool asg_sigv4_claims_service(const struct asg_sigv4_request *request,
                              const char *service)
{
    struct asg_sigv4_claim claim = {0};
    struct asg_sigv4_verdict ignored;
    return asg_sigv4_read_claim(request, &claim, &ignored) == ASG_OK &&
           strcmp(claim.service, service) == 0;
}
