/* The JSON that IMDS, the container endpoint and credential_process answer with. */
#include "aws/credentials_sources.h"

#include <string.h>

#include "aws/ec2_client.h"
#include "aws/json_texts.h"
#include "aws/web.h"

enum { VERSION, KEY_ID, SECRET, TOKEN, EXPIRATION, CODE, MESSAGE, MEMBER_COUNT };

/* The end by our own clock: the source counts by its. */
static int64_t end_by_our_clock(int64_t end_ms, const struct asg_credentials_json *how)
{
    if (how->server_date_ms < 0) return end_ms;
    int64_t ahead_ms = how->server_date_ms - asg_clock_wall_ms(how->clock);
    bool is_far = ahead_ms >= ASG_EC2_SKEW_MS || ahead_ms <= -ASG_EC2_SKEW_MS;
    return is_far ? end_ms - ahead_ms : end_ms;
}

static enum asg_status use_members(const struct asg_json_member *members,
                                   const struct asg_credentials_json *how,
                                   struct asg_credentials *ret, struct asg_error *error)
{
    const char *texts[MEMBER_COUNT];
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        texts[i] = asg_secret_reveal(&members[i].value);
    }
    if (texts[CODE][0] != '\0' && strcasecmp(texts[CODE], "Success") != 0) {
        return asg_fail(error, ASG_ERR_DENIED, "it answers %.60s: %.200s", texts[CODE],
                        texts[MESSAGE]);
    }
    if (how->needs_version && strcmp(texts[VERSION], "1") != 0) {
        return asg_fail(error, ASG_ERR_MALFORMED, "\"Version\" is not 1");
    }
    /* Only the secrets may have odd bytes: the key id goes into a header and a log. */
    if (texts[KEY_ID][0] == '\0' || texts[SECRET][0] == '\0' ||
        !asg_web_is_plain(texts[KEY_ID]) || !asg_web_is_plain(texts[TOKEN])) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "\"AccessKeyId\" or \"SecretAccessKey\" is missing or invalid");
    }
    int64_t end_ms = 0;
    if (texts[EXPIRATION][0] != '\0') end_ms = asg_time_parse(texts[EXPIRATION]);
    if (end_ms < 0 || (end_ms == 0 && !how->may_be_endless)) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "\"Expiration\" is missing or not a time");
    }
    asg_credentials_set(ret, texts[KEY_ID], texts[SECRET], texts[TOKEN], how->source);
    if (end_ms > 0) ret->expires_at_ms = end_by_our_clock(end_ms, how);
    return ASG_OK;
}

enum asg_status asg_credentials_read_json(const void *json, size_t length,
                                          const struct asg_credentials_json *how,
                                          struct asg_credentials *ret,
                                          struct asg_error *error)
{
    struct asg_json_member members[MEMBER_COUNT] = {
        [VERSION] = {.name = "Version"},        [KEY_ID] = {.name = "AccessKeyId"},
        [SECRET] = {.name = "SecretAccessKey"}, [TOKEN] = {.name = how->token_name},
        [EXPIRATION] = {.name = "Expiration"},  [CODE] = {.name = "Code"},
        [MESSAGE] = {.name = "Message"},
    };
    enum asg_status status =
        asg_json_read_texts(json, length, members, MEMBER_COUNT) == ASG_OK
            ? use_members(members, how, ret, error)
            : asg_fail(error, ASG_ERR_MALFORMED, "the answer is not the expected JSON");
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        asg_secret_clear(&members[i].value);
    }
    return status;
}
