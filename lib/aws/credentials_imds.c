/* Source: the role of the EC2 instance we run on, from its metadata (version 2 only). */
#include <string.h>
#include <strings.h>

#include "aws/credentials_sources.h"
#include "aws/environment.h"
#include "crypto/crypto.h"

#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"
#define ROLE_MAX  128
/* When the service is in trouble it gives an expired set. AWS goes on taking it, so we go
 * on using it and ask again after a while (docs/rules.md, "Credentials": static
 * stability). */
#define STALE_MS        (INT64_C(10) * 60 * 1000)
#define STALE_MORE_MIN  (INT64_C(2) * 60 * 1000)
#define STALE_MORE_SPAN (INT64_C(8) * 60 * 1000)

static enum asg_status connect_imds(struct asg_credentials_scope *scope,
                                    struct asg_error *error)
{
    if (scope->imds != NULL) return ASG_OK;
    const struct asg_imds_options options = {.clock = scope->options.clock,
                                             .is_stopping = &scope->is_stopping};
    return asg_imds_new(&options, &scope->imds, error);
}

/* The name of the role: the first line of a list of one. */
static enum asg_status read_role_name(struct asg_imds *imds, char ret[ROLE_MAX + 1],
                                      struct asg_error *error)
{
    struct asg_bytes list = {0};
    enum asg_status status = asg_imds_get(imds, ROLE_PATH, &list, error);
    if (status == ASG_OK) {
        const char *text = asg_bytes_text(&list);
        size_t length = strcspn(text, "\r\n");
        if (length == 0) {
            status = asg_fail(error, ASG_ERR_NOT_FOUND,
                              "EC2 metadata: this instance has no instance profile");
        } else if (length > ROLE_MAX || memchr(text, '/', length) != NULL ||
                   memchr(text, ' ', length) != NULL) {
            status = asg_fail(error, ASG_ERR_MALFORMED,
                              "EC2 metadata returns an invalid role name");
        } else {
            memcpy(ret, text, length);
            ret[length] = '\0';
        }
    }
    asg_bytes_clear(&list);
    return status;
}

static void use_on_if_expired(const struct asg_clock *clock,
                              struct asg_credentials *credentials)
{
    int64_t now_ms = asg_clock_wall_ms(clock);
    if (credentials->expires_at_ms > now_ms) return;
    uint32_t chance = 0;
    asg_random_bytes(&chance, sizeof chance);
    credentials->is_stale = true;
    credentials->expires_at_ms =
        now_ms + STALE_MS + STALE_MORE_MIN + (int64_t)(chance % STALE_MORE_SPAN);
}

enum asg_status asg_credentials_of_instance(struct asg_imds *imds,
                                            const struct asg_clock *clock,
                                            struct asg_credentials *ret,
                                            struct asg_error *error)
{
    char role[ROLE_MAX + 1];
    struct asg_bytes path = {0};
    struct asg_bytes json = {0};
    enum asg_status status = read_role_name(imds, role, error);
    if (status == ASG_OK) {
        asg_bytes_printf(&path, ROLE_PATH "%s", role);
        status = asg_imds_get(imds, asg_bytes_text(&path), &json, error);
    }
    if (status == ASG_OK) {
        const struct asg_credentials_json how = {
            .token_name = "Token",
            .source = "imds",
            .server_date_ms = asg_imds_server_date_ms(imds),
            .clock = clock,
        };
        status = asg_credentials_read_json(json.data, json.length, &how, ret, error);
        if (status == ASG_OK) use_on_if_expired(clock, ret);
        if (status != ASG_OK) {
            (void)asg_fail_wrap(error, status, "EC2 metadata, role %s", role);
        }
    }
    if (json.data != NULL) asg_secret_wipe(json.data, json.capacity);
    asg_bytes_clear(&json);
    asg_bytes_clear(&path);
    return status;
}

enum asg_status asg_credentials_from_imds(struct asg_credentials_scope *scope,
                                          struct asg_credentials *ret,
                                          struct asg_error *error)
{
    const char *disabled = asg_environment_get("AWS_EC2_METADATA_DISABLED");
    if (disabled != NULL && strcasecmp(disabled, "true") == 0) return ASG_ERR_NOT_FOUND;
    enum asg_status status = connect_imds(scope, error);
    if (status != ASG_OK) return status;
    return asg_credentials_of_instance(scope->imds, &scope->options.clock, ret, error);
}
