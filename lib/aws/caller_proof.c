#include "aws/caller_proof.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws/ec2_client.h"
#include "aws/error_class.h"
#include "aws/xml.h"
#include "crypto/crypto.h"

#define BODY         "Action=GetCallerIdentity&Version=" ASG_STS_API_VERSION
#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"
#define SIGNED_HEADERS                                                                   \
    "content-type;host;x-amz-date;x-amz-security-token;" ASG_CALLER_HEADER
#define ALGORITHM     "AWS4-HMAC-SHA256 Credential="
#define AUDIENCE_SIZE ((size_t)2 * ASG_CALLER_HEX_SIZE)
#define HEX           "0123456789abcdef"

/* "<authority>/<SHA-256 of both keys>": apart, so that a refusal can say which. */
static void write_audience(const struct asg_caller_audience *audience,
                           char ret[AUDIENCE_SIZE])
{
    char text[512];
    int length = snprintf(text, sizeof text, "openasg enrolment\n%s\n%s\n",
                          audience->curve_key, audience->tls_key);
    uint8_t hash[ASG_SHA256_BYTES];
    char hex[ASG_SHA256_HEX_SIZE];
    asg_sha256(text, (size_t)length, hash);
    asg_hex_encode(hash, sizeof hash, hex);
    (void)snprintf(ret, AUDIENCE_SIZE, "%.64s/%s", audience->authority, hex);
}

/* ---- the agent's side ---- */

enum asg_status asg_caller_sign(const struct asg_endpoint *endpoint,
                                const struct asg_credentials *credentials,
                                const struct asg_caller_audience *audience,
                                int64_t now_ms, struct asg_arena *arena,
                                struct asg_caller_request *ret, struct asg_error *error)
{
    char value[AUDIENCE_SIZE];
    write_audience(audience, value);
    *ret = (struct asg_caller_request){
        .url = asg_arena_text(arena, endpoint->url),
        .body = BODY,
        .headers = {{"Host", asg_arena_text(arena, endpoint->host)},
                    {"Content-Type", CONTENT_TYPE},
                    {ASG_CALLER_HEADER, asg_arena_text(arena, value)}},
        .header_count = 3,
    };
    const struct asg_sigv4_request request = {.method = "POST",
                                              .path = endpoint->path,
                                              .headers = ret->headers,
                                              .header_count = ret->header_count,
                                              .body = BODY,
                                              .body_length = strlen(BODY)};
    if (asg_secret_is_empty(&credentials->session_token)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the credentials are not a role's: they have no session token");
    }
    struct asg_sigv4_signer *signer = NULL;
    struct asg_sigv4_signed added = {0};
    asg_sigv4_signer_new(
        &(struct asg_sigv4_signer_options){.region = endpoint->region, .service = "sts"},
        &signer);
    enum asg_status status =
        asg_sigv4_sign(signer, credentials, &request, now_ms, arena, &added);
    asg_sigv4_signer_destroy(&signer);
    if (status != ASG_OK) return asg_fail(error, status, "the call cannot be signed");
    for (size_t i = 0; i < added.count && ret->header_count < ASG_CALLER_HEADERS; i++)
        ret->headers[ret->header_count++] = added.headers[i];
    return ASG_OK;
}

/* ---- where to ---- */

/* "us-east-1", "us-gov-west-1", "eusc-de-east-1": letters in two to five words, then a
 * number. Nothing that is less than that: sts.s3.amazonaws.com is a bucket of somebody.
 */
static bool is_region(const char *text, size_t length)
{
    size_t words = 0;
    size_t at = 0;
    while (at < length) {
        size_t begin = at;
        while (at < length && text[at] >= 'a' && text[at] <= 'z')
            at++;
        if (at == begin) break;
        if (at - begin < 2 || at == length || text[at] != '-') return false;
        words++;
        at++;
    }
    size_t digits = length - at;
    if (words < 2 || words > 5 || digits < 1 || digits > 2) return false;
    for (; at < length; at++) {
        if (text[at] < '0' || text[at] > '9') return false;
    }
    return true;
}

/* sts.amazonaws.com, sts.REGION.amazonaws.com, sts.cn-REGION.amazonaws.com.cn. */
static bool is_aws_host(const char *host)
{
    static const char end[] = ".amazonaws.com";
    static const char end_cn[] = ".amazonaws.com.cn";
    if (strcmp(host, "sts.amazonaws.com") == 0) return true;
    if (strncmp(host, "sts.", 4) != 0) return false;
    host += 4;
    bool is_cn = strncmp(host, "cn-", 3) == 0;
    const char *wanted = is_cn ? end_cn : end;
    size_t length = strlen(host);
    size_t end_length = strlen(wanted);
    return length > end_length && strcmp(host + length - end_length, wanted) == 0 &&
           is_region(host, length - end_length);
}

/* The host of an https URL that has nothing else in it. */
static bool read_host(const char *url, char *ret, size_t size)
{
    if (strncmp(url, "https://", 8) != 0) return false;
    url += 8;
    size_t length = strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    if (length == 0 || length >= size || strcmp(url + length, "/") != 0) return false;
    memcpy(ret, url, length);
    ret[length] = '\0';
    return true;
}

static bool is_of_endpoint(const char *url, const struct asg_endpoint *endpoint)
{
    return strcmp(url, endpoint->url) == 0;
}

static enum asg_status check_url(const char *url, const struct asg_endpoint *endpoint,
                                 char ret_host[ASG_ENDPOINT_URL_MAX],
                                 char ret_url[ASG_ENDPOINT_URL_MAX],
                                 struct asg_error *error)
{
    if (endpoint != NULL) {
        if (!is_of_endpoint(url, endpoint)) {
            return asg_fail(error, ASG_ERR_DENIED,
                            "it is for \"%.100s\" and this controller asks %.100s alone "
                            "(enrol.sts_endpoint): set the agent's sts_endpoint",
                            url, endpoint->url);
        }
        (void)snprintf(ret_host, ASG_ENDPOINT_URL_MAX, "%.500s", endpoint->host);
        (void)snprintf(ret_url, ASG_ENDPOINT_URL_MAX, "%.500s", endpoint->url);
        return ASG_OK;
    }
    if (!read_host(url, ret_host, 128) || !is_aws_host(ret_host)) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "it is for \"%.100s\", which is not https:// and STS of a Region "
                        "of AWS; for another endpoint set enrol.sts_endpoint on the "
                        "controller",
                        url);
    }
    (void)snprintf(ret_url, ASG_ENDPOINT_URL_MAX, "https://%.400s/", ret_host);
    return ASG_OK;
}

/* ---- what it says ---- */

static const char *find_header(const struct asg_caller_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count && i < ASG_CALLER_HEADERS; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    }
    return NULL;
}

/* Exactly ours, each once: what STS might take for something else is not sent. */
static enum asg_status check_headers(const struct asg_caller_request *request,
                                     const char *host, struct asg_error *error)
{
    static const char *const names[ASG_CALLER_HEADERS] = {
        "host",       "content-type",         ASG_CALLER_HEADER,
        "x-amz-date", "x-amz-security-token", "authorization"};
    for (size_t i = 0; i < ASG_CALLER_HEADERS; i++) {
        const char *value = find_header(request, names[i]);
        if (value == NULL) {
            return asg_fail(error, ASG_ERR_DENIED, "it has no header %s", names[i]);
        }
        for (const char *at = value; *at != '\0'; at++) {
            if (*at < ' ' || *at > '~') {
                return asg_fail(error, ASG_ERR_DENIED, "its header %s is not a text",
                                names[i]);
            }
        }
    }
    if (request->header_count != ASG_CALLER_HEADERS) {
        return asg_fail(error, ASG_ERR_DENIED, "it has other headers than needed");
    }
    if (strcmp(find_header(request, "host"), host) != 0) {
        return asg_fail(error, ASG_ERR_DENIED, "its header host is not the URL's");
    }
    if (strcmp(find_header(request, "content-type"), CONTENT_TYPE) != 0) {
        return asg_fail(error, ASG_ERR_DENIED, "its header content-type is not a form's");
    }
    return ASG_OK;
}

/* The whole of it, so that nobody reads it in another way:
 * AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=<64 hex> */
static enum asg_status check_authorization(const char *text, struct asg_error *error)
{
    static const char before_signed[] = ", SignedHeaders=";
    static const char before_signature[] = ", Signature=";
    if (strncmp(text, ALGORITHM, strlen(ALGORITHM)) != 0) {
        return asg_fail(error, ASG_ERR_DENIED, "it is not signed with AWS4-HMAC-SHA256");
    }
    text += strlen(ALGORITHM);
    size_t scope = strcspn(text, ", \t");
    const char *at = text + scope;
    bool has_list = strncmp(at, before_signed, strlen(before_signed)) == 0;
    if (has_list) at += strlen(before_signed);
    size_t list = has_list ? strcspn(at, ", \t") : 0;
    if (!has_list || list != strlen(SIGNED_HEADERS) ||
        strncmp(at, SIGNED_HEADERS, list) != 0) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "it must sign exactly the headers " SIGNED_HEADERS);
    }
    at += list;
    if (strncmp(at, before_signature, strlen(before_signature)) != 0) {
        return asg_fail(error, ASG_ERR_DENIED, "it has no signature");
    }
    at += strlen(before_signature);
    if (strlen(at) != 64 || strspn(at, HEX) != 64) {
        return asg_fail(error, ASG_ERR_DENIED, "its signature is not 64 hex digits");
    }
    return ASG_OK;
}

bool asg_caller_authority(const struct asg_caller_request *request,
                          char ret[ASG_CALLER_HEX_SIZE])
{
    const char *value = find_header(request, ASG_CALLER_HEADER);
    if (value == NULL || strspn(value, HEX) != 64) return false;
    memcpy(ret, value, 64);
    ret[64] = '\0';
    return true;
}

static enum asg_status check_audience(const struct asg_caller_request *request,
                                      const struct asg_caller_audience *audience,
                                      struct asg_error *error)
{
    char wanted[AUDIENCE_SIZE];
    write_audience(audience, wanted);
    const char *value = find_header(request, ASG_CALLER_HEADER);
    if (strcmp(value, wanted) == 0) return ASG_OK;
    if (strncmp(value, wanted, 65) == 0) {
        return asg_fail(error, ASG_ERR_DENIED, "it was made for other keys");
    }
    return asg_fail(error, ASG_ERR_DENIED,
                    "it was made for another cluster: its authority is not one that this "
                    "controller trusts");
}

/* "20150830T123600Z" */
static int64_t read_date(const char *text)
{
    char spread[ASG_TIME_TEXT_MAX];
    if (strlen(text) != ASG_SIGV4_DATE_SIZE - 1 ||
        strspn(text, "0123456789TZ") != ASG_SIGV4_DATE_SIZE - 1) {
        return -1;
    }
    (void)snprintf(spread, sizeof spread, "%.4s-%.2s-%.5s:%.2s:%.3s", text, text + 4,
                   text + 6, text + 11, text + 13);
    return asg_time_parse(spread);
}

static enum asg_status check_date(const char *text, int64_t now_ms,
                                  struct asg_error *error)
{
    int64_t date_ms = read_date(text);
    if (date_ms < 0) return asg_fail(error, ASG_ERR_DENIED, "its date is none");
    int64_t age_ms = now_ms - date_ms;
    if (age_ms <= ASG_SIGV4_WINDOW_MS && age_ms >= -ASG_SIGV4_WINDOW_MS) return ASG_OK;
    return asg_fail(error, ASG_ERR_DENIED,
                    "it was signed %" PRId64 " s %s by this controller's clock, and is "
                    "valid for %" PRId64 " s: is a clock wrong?",
                    (age_ms < 0 ? -age_ms : age_ms) / 1000,
                    age_ms < 0 ? "in the future" : "ago", ASG_SIGV4_WINDOW_MS / 1000);
}

enum asg_status asg_caller_check(const struct asg_caller_request *request,
                                 const struct asg_endpoint *endpoint,
                                 const struct asg_caller_audience *audience,
                                 int64_t now_ms, char ret_url[ASG_ENDPOINT_URL_MAX],
                                 struct asg_error *error)
{
    char host[ASG_ENDPOINT_URL_MAX];
    enum asg_status status = check_url(request->url, endpoint, host, ret_url, error);
    if (status == ASG_OK && strcmp(request->body, BODY) != 0) {
        status = asg_fail(error, ASG_ERR_DENIED, "its body is not exactly " BODY);
    }
    if (status == ASG_OK) status = check_headers(request, host, error);
    if (status == ASG_OK) {
        status = check_authorization(find_header(request, "authorization"), error);
    }
    if (status == ASG_OK) status = check_audience(request, audience, error);
    if (status == ASG_OK) {
        status = check_date(find_header(request, "x-amz-date"), now_ms, error);
    }
    return status;
}

/* ---- what STS says ---- */

struct reading {
    bool is_answer; /* by its root */
    uint32_t identities;
    struct asg_sts_identity identity;
    char code[ASG_EC2_CODE_MAX + 1];
    char message[ASG_EC2_MESSAGE_MAX / 4];
};

static void read_root(void *context, const char *name)
{
    struct reading *reading = context;
    reading->is_answer = strcmp(name, "GetCallerIdentityResponse") == 0;
}

/* Too long for its place: none. */
static void copy_whole(char *ret, size_t size, const char *text, size_t length)
{
    if (length >= size || memchr(text, '\0', length) != NULL) length = 0;
    memcpy(ret, text, length);
    ret[length] = '\0';
}

/* For people: cut, and printable. */
static void copy_words(char *ret, size_t size, const char *text, size_t length)
{
    if (length >= size) length = size - 1;
    for (size_t i = 0; i < length; i++)
        ret[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    ret[length] = '\0';
}

static void read_end(void *context, const char *path, const char *text, size_t length)
{
    struct reading *reading = context;
    if (!reading->is_answer) {
        if (strcmp(path, "Error/Code") == 0)
            copy_words(reading->code, sizeof reading->code, text, length);
        if (strcmp(path, "Error/Message") == 0)
            copy_words(reading->message, sizeof reading->message, text, length);
        return;
    }
    if (strcmp(path, "GetCallerIdentityResult") == 0) reading->identities++;
    if (strcmp(path, "GetCallerIdentityResult/Arn") == 0) {
        copy_whole(reading->identity.arn, sizeof reading->identity.arn, text, length);
    } else if (strcmp(path, "GetCallerIdentityResult/Account") == 0) {
        copy_whole(reading->identity.account, sizeof reading->identity.account, text,
                   length);
    } else if (strcmp(path, "GetCallerIdentityResult/UserId") == 0) {
        copy_whole(reading->identity.user_id, sizeof reading->identity.user_id, text,
                   length);
    }
}

static bool read_xml(struct reading *reading, const void *body, size_t length)
{
    const struct asg_xml_reader reader = {
        .root = read_root, .end = read_end, .context = reading};
    struct asg_xml *xml = NULL;
    asg_xml_new(&reader, &xml);
    bool is_read = asg_xml_feed(xml, body, length, /* is_last */ true) == ASG_OK;
    asg_xml_destroy(&xml);
    return is_read;
}

static enum asg_status read_refusal(uint32_t http_status, const struct reading *reading,
                                    struct asg_error *error)
{
    enum asg_error_class class =
        asg_error_classify(reading->code, reading->message, http_status);
    if (http_status >= 500 || class == ASG_ERROR_CLASS_TRANSIENT) {
        return asg_fail(error, ASG_ERR_IO, "STS is in trouble (HTTP %u %.64s): try again",
                        http_status, reading->code);
    }
    if (http_status == 429 || class == ASG_ERROR_CLASS_THROTTLE) {
        return asg_fail(error, ASG_ERR_BUSY, "STS throttles: try again");
    }
    if (http_status >= 300 && http_status < 400) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the STS endpoint redirects (HTTP %u), and redirects are not "
                        "followed",
                        http_status);
    }
    if (reading->code[0] == '\0') {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the STS endpoint does not answer as STS does (HTTP %u)",
                        http_status);
    }
    return asg_fail(error, ASG_ERR_DENIED, "STS answers %s: %.200s", reading->code,
                    reading->message);
}

enum asg_status asg_caller_read(uint32_t http_status, const void *body, size_t length,
                                struct asg_sts_identity *ret, struct asg_error *error)
{
    struct reading reading = {.is_answer = false};
    bool is_read = read_xml(&reading, body, length);
    if (!is_read) reading.code[0] = '\0';
    if (http_status != 200) return read_refusal(http_status, &reading, error);
    if (!is_read || !reading.is_answer || reading.identities != 1 ||
        reading.identity.arn[0] == '\0' || reading.identity.account[0] == '\0') {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the STS endpoint does not answer as STS does");
    }
    *ret = reading.identity;
    return ASG_OK;
}

enum asg_status asg_caller_ask(struct asg_web *web,
                               const struct asg_caller_request *request, const char *url,
                               const char *ca_file, bool uses_proxy,
                               const atomic_bool *is_stopping,
                               struct asg_sts_identity *ret, struct asg_error *error)
{
    struct asg_arena arena = {0};
    const char *headers[ASG_CALLER_HEADERS + 1] = {"Expect:"};
    size_t count = 1;
    for (size_t i = 0; i < request->header_count && i < ASG_CALLER_HEADERS; i++) {
        headers[count++] = asg_arena_format(&arena, "%s: %s", request->headers[i].name,
                                            request->headers[i].value);
    }
    const struct asg_web_request call = {.method = "POST",
                                         .url = url,
                                         .headers = headers,
                                         .header_count = count,
                                         .body = request->body,
                                         .body_length = strlen(request->body),
                                         .answer_max = ASG_CALLER_ANSWER_MAX,
                                         .timeout_ms = ASG_CALLER_TIMEOUT_MS,
                                         .connect_ms = ASG_CALLER_CONNECT_MS,
                                         .ca_file = ca_file,
                                         .uses_proxy = uses_proxy,
                                         .is_stopping = is_stopping};
    struct asg_web_answer answer = {0};
    enum asg_status status = asg_web_ask(web, &call, &answer, error);
    if (status == ASG_OK) {
        status = asg_caller_read(answer.http_status, answer.body.data, answer.body.length,
                                 ret, error);
    } else {
        (void)asg_fail_wrap(error, status, "STS");
    }
    asg_web_answer_clear(&answer);
    asg_arena_clear(&arena);
    return status;
}

/* ---- whose it is ---- */

/* One part of an ARN, up to `end`; false: empty, too long, or of other letters. */
static bool take_part(const char **at, char end, const char *letters, char *ret,
                      size_t size)
{
    size_t length = strspn(*at, letters);
    if (length == 0 || length >= size || (*at)[length] != end) return false;
    memcpy(ret, *at, length);
    ret[length] = '\0';
    *at += length + (end != '\0');
    return true;
}

static bool take_text(const char **at, const char *text)
{
    if (strncmp(*at, text, strlen(text)) != 0) return false;
    *at += strlen(text);
    return true;
}

enum asg_status asg_caller_read_role(const struct asg_sts_identity *identity,
                                     struct asg_caller_role *ret, struct asg_error *error)
{
    static const char names[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";
    const char *at = identity->arn;
    char partition[32];
    bool is_role =
        take_text(&at, "arn:") &&
        take_part(&at, ':', "abcdefghijklmnopqrstuvwxyz-", partition, sizeof partition) &&
        take_text(&at, "sts::") &&
        take_part(&at, ':', "0123456789", ret->account, sizeof ret->account) &&
        strlen(ret->account) == 12 && take_text(&at, "assumed-role/") &&
        take_part(&at, '/', names, ret->role, sizeof ret->role) &&
        take_part(&at, '\0', names, ret->session, sizeof ret->session);
    if (!is_role) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "STS says that it was signed by %.150s, which is not a role of "
                        "an instance",
                        identity->arn);
    }
    if (strcmp(identity->account, ret->account) != 0) {
        return asg_fail(error, ASG_ERR_DENIED, "STS says two accounts: %.31s and %s",
                        identity->account, ret->account);
    }
    return ASG_OK;
}
