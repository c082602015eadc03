#include "aws/sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/ec2_client.h"
#include "aws/query.h"
#include "aws/sigv4.h"
#include "aws/xml.h"
#include "crypto/crypto.h"

#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

/* What is read out of an answer; the paths are below the root. */
struct reading {
    const char *wanted_root;
    bool is_wanted;
    char code[ASG_EC2_CODE_MAX + 1];
    char message[ASG_EC2_MESSAGE_MAX / 4];
    struct asg_secret key_id;
    struct asg_secret secret_key;
    struct asg_secret token;
    char expiration[ASG_TIME_TEXT_MAX];
    struct asg_sts_identity identity;
};

static void read_root(void *context, const char *name)
{
    struct reading *reading = context;
    reading->is_wanted = strcmp(name, reading->wanted_root) == 0;
}

static void copy_text(char *ret, size_t size, const char *text, size_t length)
{
    if (length >= size) length = size - 1;
    memcpy(ret, text, length);
    ret[length] = '\0';
}

static bool ends_in(const char *path, const char *end)
{
    size_t length = strlen(path);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(path + length - end_length, end) == 0;
}

static void read_end(void *context, const char *path, const char *text, size_t length)
{
    struct reading *reading = context;
    const struct {
        const char *path;
        char *ret;
        size_t size;
    } texts[] = {
        {"Error/Code", reading->code, sizeof reading->code},
        {"Error/Message", reading->message, sizeof reading->message},
        {"Result/Credentials/Expiration", reading->expiration,
         sizeof reading->expiration},
        {"GetCallerIdentityResult/Account", reading->identity.account,
         sizeof reading->identity.account},
        {"GetCallerIdentityResult/Arn", reading->identity.arn,
         sizeof reading->identity.arn},
        {"GetCallerIdentityResult/UserId", reading->identity.user_id,
         sizeof reading->identity.user_id},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (ends_in(path, texts[i].path)) {
            copy_text(texts[i].ret, texts[i].size, text, length);
        }
    }
    if (ends_in(path, "/Credentials/AccessKeyId")) {
        asg_secret_set(&reading->key_id, text, length);
    } else if (ends_in(path, "/Credentials/SecretAccessKey")) {
        asg_secret_set(&reading->secret_key, text, length);
    } else if (ends_in(path, "/Credentials/SessionToken")) {
        asg_secret_set(&reading->token, text, length);
    }
}

static void clear_reading(struct reading *reading)
{
    asg_secret_clear(&reading->key_id);
    asg_secret_clear(&reading->secret_key);
    asg_secret_clear(&reading->token);
}

static enum asg_status read_answer(const struct asg_web_answer *answer,
                                   struct reading *reading)
{
    const struct asg_xml_reader reader = {
        .root = read_root, .end = read_end, .context = reading};
    struct asg_xml *xml = NULL;
    asg_xml_new(&reader, &xml);
    enum asg_status status = asg_xml_feed(xml, answer->body.data, answer->body.length,
                                          /* is_last */ true);
    asg_xml_destroy(&xml);
    return status;
}

/* Sign (unless `signer` is NULL) and send once. */
static enum asg_status send_once(struct asg_sts *sts, struct asg_web *web,
                                 const struct asg_credentials *signer,
                                 const struct asg_bytes *body, struct asg_web_answer *ret,
                                 struct asg_error *error)
{
    const struct asg_sigv4_header to_sign[] = {{"Host", sts->endpoint.host},
                                               {"Content-Type", CONTENT_TYPE}};
    const struct asg_sigv4_request signed_request = {
        .method = "POST",
        .path = sts->endpoint.path,
        .headers = to_sign,
        .header_count = 2,
        .body = body->data,
        .body_length = body->length,
    };
    struct asg_arena arena = {0};
    struct asg_sigv4_signed added = {0};
    enum asg_status status = ASG_OK;
    if (signer != NULL) {
        struct asg_sigv4_signer *sigv4 = NULL;
        asg_sigv4_signer_new(
            &(struct asg_sigv4_signer_options){.region = sts->endpoint.region,
                                               .service = "sts"},
            &sigv4);
        status =
            asg_sigv4_sign(sigv4, signer, &signed_request,
                           asg_clock_wall_ms(&sts->clock) + sts->skew_ms, &arena, &added);
        asg_sigv4_signer_destroy(&sigv4);
        if (status != ASG_OK) {
            asg_arena_clear(&arena);
            return asg_fail(error, status, "the call cannot be signed");
        }
    }
    const char *headers[3 + ASG_SIGV4_ADDED_MAX] = {"Content-Type: " CONTENT_TYPE,
                                                    "Expect:"};
    size_t count = 2;
    headers[count++] = asg_arena_format(&arena, "Host: %s", sts->endpoint.host);
    for (size_t i = 0; i < added.count; i++) {
        headers[count++] = asg_arena_format(&arena, "%s: %s", added.headers[i].name,
                                            added.headers[i].value);
    }
    const struct asg_web_request request = {
        .method = "POST",
        .url = sts->endpoint.url,
        .headers = headers,
        .header_count = count,
        .body = body->data,
        .body_length = body->length,
        .answer_max = ASG_STS_ANSWER_MAX,
        .timeout_ms = ASG_STS_TIMEOUT_MS,
        .connect_ms = ASG_STS_CONNECT_MS,
        .ca_file = sts->ca_file,
        .uses_proxy = !sts->endpoint.is_loopback,
        .is_stopping = sts->is_stopping,
    };
    status = asg_web_ask(web, &request, ret, error);
    asg_arena_clear(&arena);
    return status;
}

/* STS refuses our signature and its clock is far from ours: take its time once. */
static bool mend_clock(struct asg_sts *sts, const struct asg_web_answer *answer)
{
    if (answer->server_date_ms < 0) return false;
    int64_t skew_ms = answer->server_date_ms - asg_clock_wall_ms(&sts->clock);
    int64_t change_ms = skew_ms - sts->skew_ms;
    if (change_ms < ASG_EC2_SKEW_MS && change_ms > -ASG_EC2_SKEW_MS) return false;
    sts->skew_ms = skew_ms;
    return true;
}

static void pause_before_repeat(enum asg_error_class class, uint32_t attempts,
                                int64_t hint_ms)
{
    uint32_t chance = 0;
    asg_random_bytes(&chance, sizeof chance);
    int64_t pause_ms = asg_retry_delay_ms(class, attempts, hint_ms, chance);
    asg_pause_ms(pause_ms);
}

static enum asg_status refuse(const struct asg_web_answer *answer,
                              const struct reading *reading, enum asg_error_class class,
                              struct asg_error *error)
{
    if (reading->code[0] == '\0') {
        return asg_fail(error, ASG_ERR_IO, "STS answers with HTTP %u and no error code",
                        answer->http_status);
    }
    enum asg_status status = ASG_ERR_DENIED;
    if (class == ASG_ERROR_CLASS_THROTTLE) status = ASG_ERR_BUSY;
    if (class == ASG_ERROR_CLASS_TRANSIENT) status = ASG_ERR_IO;
    return asg_fail(error, status, "STS answers %s: %s", reading->code, reading->message);
}

/* The call with its repeats; *reading is filled on success. */
static enum asg_status call(struct asg_sts *sts, const struct asg_credentials *signer,
                            const struct asg_bytes *body, struct reading *reading,
                            struct asg_error *error)
{
    struct asg_web *web = NULL;
    enum asg_status status = asg_web_new(&web, error);
    if (status != ASG_OK) return status;
    struct asg_web_answer answer = {0};
    bool tried_clock = false;
    for (uint32_t attempts = 1;; attempts++) {
        enum asg_error_class class = ASG_ERROR_CLASS_TRANSIENT;
        status = send_once(sts, web, signer, body, &answer, error);
        if (status == ASG_OK) {
            bool is_read = read_answer(&answer, reading) == ASG_OK;
            if (is_read && reading->is_wanted && answer.http_status == 200) break;
            class =
                asg_error_classify(reading->code, reading->message, answer.http_status);
            status = refuse(&answer, reading, class, error);
        }
        if (class == ASG_ERROR_CLASS_CLOCK && !tried_clock && mend_clock(sts, &answer)) {
            tried_clock = true;
        } else if (attempts < ASG_STS_ATTEMPTS && asg_error_class_is_repeated(class) &&
                   !(sts->is_stopping != NULL && atomic_load(sts->is_stopping))) {
            pause_before_repeat(class, attempts, answer.retry_after_ms);
        } else {
            break;
        }
        reading->code[0] = '\0';
        reading->message[0] = '\0';
    }
    /* A call that is not signed is not refused for its time. */
    if (status == ASG_OK) (void)mend_clock(sts, &answer);
    asg_web_answer_clear(&answer);
    asg_web_destroy(&web);
    return status;
}

static enum asg_status take_credentials(struct asg_sts *sts,
                                        const struct reading *reading, const char *source,
                                        struct asg_credentials *ret,
                                        struct asg_error *error)
{
    int64_t expires_at_ms = asg_time_parse(reading->expiration);
    if (asg_secret_is_empty(&reading->key_id) ||
        asg_secret_is_empty(&reading->secret_key) ||
        asg_secret_is_empty(&reading->token) || expires_at_ms <= 0) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "STS answers without complete credentials");
    }
    asg_credentials_set(ret, asg_secret_reveal(&reading->key_id),
                        asg_secret_reveal(&reading->secret_key),
                        asg_secret_reveal(&reading->token), source);
    ret->expires_at_ms = expires_at_ms - sts->skew_ms; /* by our own clock */
    return ASG_OK;
}

static void write_role(struct asg_bytes *body, const struct asg_sts_role *role)
{
    asg_query_text(body, "RoleArn", role->arn);
    asg_query_text(body, "RoleSessionName", role->session_name);
    if (role->duration_s > 0) asg_query_number(body, "DurationSeconds", role->duration_s);
}

static void wipe_body(struct asg_bytes *body)
{
    asg_secret_wipe(body->data, body->capacity);
    asg_bytes_clear(body);
}

enum asg_status asg_sts_assume_role(struct asg_sts *sts,
                                    const struct asg_credentials *signer,
                                    const struct asg_sts_role *role,
                                    struct asg_credentials *ret, struct asg_error *error)
{
    struct asg_bytes body = {0};
    asg_query_begin_version(&body, "AssumeRole", ASG_STS_API_VERSION);
    write_role(&body, role);
    asg_query_text(&body, "ExternalId", role->external_id);
    struct reading reading = {.wanted_root = "AssumeRoleResponse"};
    enum asg_status status = call(sts, signer, &body, &reading, error);
    if (status == ASG_OK) {
        status = take_credentials(sts, &reading, "assume-role", ret, error);
    }
    clear_reading(&reading);
    wipe_body(&body);
    if (status == ASG_OK) return ASG_OK;
    return asg_fail_wrap(error, status, "AssumeRole of %.200s at %.100s", role->arn,
                         sts->endpoint.host);
}

enum asg_status asg_sts_assume_role_with_web_identity(struct asg_sts *sts,
                                                      const struct asg_sts_role *role,
                                                      struct asg_credentials *ret,
                                                      struct asg_error *error)
{
    struct asg_bytes body = {0};
    (void)asg_bytes_reserve(&body, 4096 + 3 * strlen(role->web_identity)); /* no copies */
    asg_query_begin_version(&body, "AssumeRoleWithWebIdentity", ASG_STS_API_VERSION);
    write_role(&body, role);
    asg_query_text(&body, "WebIdentityToken", role->web_identity);
    struct reading reading = {.wanted_root = "AssumeRoleWithWebIdentityResponse"};
    enum asg_status status = call(sts, NULL, &body, &reading, error);
    if (status == ASG_OK) {
        status = take_credentials(sts, &reading, "web-identity", ret, error);
    }
    clear_reading(&reading);
    wipe_body(&body);
    if (status == ASG_OK) return ASG_OK;
    return asg_fail_wrap(error, status, "AssumeRoleWithWebIdentity of %.200s at %.100s",
                         role->arn, sts->endpoint.host);
}

enum asg_status asg_sts_get_caller_identity(struct asg_sts *sts,
                                            const struct asg_credentials *signer,
                                            struct asg_sts_identity *ret,
                                            struct asg_error *error)
{
    struct asg_bytes body = {0};
    asg_query_begin_version(&body, "GetCallerIdentity", ASG_STS_API_VERSION);
    struct reading reading = {.wanted_root = "GetCallerIdentityResponse"};
    enum asg_status status = call(sts, signer, &body, &reading, error);
    if (status == ASG_OK && reading.identity.arn[0] == '\0') {
        status = asg_fail(error, ASG_ERR_MALFORMED, "STS answers without an ARN");
    }
    if (status == ASG_OK) *ret = reading.identity;
    clear_reading(&reading);
    asg_bytes_clear(&body);
    if (status == ASG_OK) return ASG_OK;
    return asg_fail_wrap(error, status, "GetCallerIdentity at %.100s",
                         sts->endpoint.host);
}
