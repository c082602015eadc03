#include "aws/imds.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/environment.h"
#include "aws/secret.h"
#include "aws/web.h"
#include "base/arena.h"
#include "crypto/crypto.h"

#define TOKEN_BYTES_MAX 1024
/* Renew a token this long before its end, so that none ends under way. */
#define TOKEN_MARGIN_MS (INT64_C(60) * 1000)
#define TEXT_OF_2(x)    #x
#define TEXT_OF(x)      TEXT_OF_2(x)

struct asg_imds {
    struct asg_web *web;
    struct asg_bytes base_url; /* without a closing slash */
    struct asg_bytes local_address;
    int64_t timeout_ms;
    const atomic_bool *is_stopping;
    struct asg_clock clock;
    struct asg_secret token;
    int64_t token_until_ms; /* monotonic */
    int64_t server_date_ms;
};

enum asg_status asg_imds_new(const struct asg_imds_options *options,
                             struct asg_imds **ret, struct asg_error *error)
{
    const char *disabled = asg_environment_get("AWS_EC2_METADATA_DISABLED");
    if (disabled != NULL && strcasecmp(disabled, "true") == 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "AWS_EC2_METADATA_DISABLED is true: not asking for EC2 metadata");
    }
    const char *url = options->base_url;
    if (url == NULL || url[0] == '\0')
        url = asg_environment_get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = asg_environment_get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    bool is_ipv6 = mode != NULL && strcasecmp(mode, "ipv6") == 0;
    if (url == NULL || url[0] == '\0') {
        url = is_ipv6 ? ASG_IMDS_DEFAULT_URL_IPV6 : ASG_IMDS_DEFAULT_URL;
    }
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "EC2 metadata endpoint \"%.200s\" must begin with http://", url);
    }

    struct asg_web *web = NULL;
    enum asg_status status = asg_web_new(&web, error);
    if (status != ASG_OK) return status;
    struct asg_imds *imds = asg_alloc(1, sizeof *imds);
    imds->web = web;
    imds->is_stopping = options->is_stopping;
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/') {
        length--;
    }
    asg_bytes_append(&imds->base_url, url, length);
    if (options->local_address != NULL && options->local_address[0] != '\0') {
        asg_bytes_append_text(&imds->local_address, options->local_address);
    }
    imds->timeout_ms =
        options->timeout_ms > 0 ? options->timeout_ms : ASG_IMDS_TIMEOUT_MS;
    imds->clock = options->clock;
    *ret = imds;
    return ASG_OK;
}

void asg_imds_destroy(struct asg_imds **imds)
{
    if (*imds == NULL) return;
    asg_web_destroy(&(*imds)->web);
    asg_bytes_clear(&(*imds)->base_url);
    asg_bytes_clear(&(*imds)->local_address);
    asg_secret_clear(&(*imds)->token);
    free(*imds);
    *imds = NULL;
}

/* One request, whatever its HTTP status. */
static enum asg_status ask(struct asg_imds *imds, const char *method, const char *path,
                           const char *header, size_t limit, struct asg_web_answer *ret,
                           struct asg_error *error)
{
    struct asg_bytes url = {0};
    asg_bytes_append(&url, imds->base_url.data, imds->base_url.length);
    asg_bytes_append_text(&url, path);
    const struct asg_web_request request = {
        .method = method,
        .url = asg_bytes_text(&url),
        .headers = &header,
        .header_count = 1,
        .answer_max = limit,
        .timeout_ms = imds->timeout_ms,
        .connect_ms = imds->timeout_ms,
        .local_address = asg_bytes_text(&imds->local_address),
        .is_stopping = imds->is_stopping,
    };
    enum asg_status status = asg_web_ask(imds->web, &request, ret, error);
    asg_bytes_clear(&url);
    if (status == ASG_OK) return ASG_OK;
    return asg_fail_wrap(error, status, "EC2 metadata %s", path);
}

static enum asg_status renew_token(struct asg_imds *imds, struct asg_error *error)
{
    static const char path[] = "/latest/api/token";
    struct asg_web_answer answer = {0};
    enum asg_status status =
        ask(imds, "PUT", path,
            "X-aws-ec2-metadata-token-ttl-seconds: " TEXT_OF(ASG_IMDS_TOKEN_TTL_S),
            TOKEN_BYTES_MAX, &answer, error);
    unsigned http_status = answer.http_status;
    const struct asg_bytes *token = &answer.body;
    if (status == ASG_OK && (http_status == 404 || http_status == 405)) {
        status = asg_fail(error, ASG_ERR_UNSUPPORTED,
                          "%s has no %s (HTTP %u): IMDSv2 is needed",
                          asg_bytes_text(&imds->base_url), path, http_status);
    } else if (status == ASG_OK && (http_status == 401 || http_status == 403)) {
        status = asg_fail(error, ASG_ERR_DENIED,
                          "EC2 metadata refuses a token (HTTP %u): is it turned off for "
                          "this instance?",
                          http_status);
    } else if (status == ASG_OK && (http_status != 200 || token->length == 0)) {
        status = asg_fail(error, ASG_ERR_IO, "EC2 metadata answers %s with HTTP %u", path,
                          http_status);
    }
    /* It goes into a header of ours: a line end in it would begin another one. */
    for (size_t i = 0; status == ASG_OK && i < token->length; i++) {
        if (token->data[i] <= ' ' || token->data[i] >= 0x7f) {
            status = asg_fail(error, ASG_ERR_MALFORMED,
                              "EC2 metadata returns a token with invalid bytes");
        }
    }
    if (status == ASG_OK) {
        asg_secret_set(&imds->token, (const char *)token->data, token->length);
        imds->token_until_ms = asg_clock_monotonic_ms(&imds->clock) +
                               (int64_t)ASG_IMDS_TOKEN_TTL_S * 1000 - TOKEN_MARGIN_MS;
    }
    asg_web_answer_clear(&answer);
    return status;
}

static enum asg_status get_once(struct asg_imds *imds, const char *path,
                                struct asg_web_answer *ret, struct asg_error *error)
{
    if (asg_secret_is_empty(&imds->token) ||
        asg_clock_monotonic_ms(&imds->clock) >= imds->token_until_ms) {
        enum asg_status status = renew_token(imds, error);
        if (status != ASG_OK) return status;
    }
    struct asg_bytes header = {0};
    asg_bytes_printf(&header, "X-aws-ec2-metadata-token: %s",
                     asg_secret_reveal(&imds->token));
    enum asg_status status =
        ask(imds, "GET", path, asg_bytes_text(&header), ASG_IMDS_BODY_MAX, ret, error);
    asg_secret_wipe(header.data, header.length);
    asg_bytes_clear(&header);
    return status;
}

enum asg_status asg_imds_get(struct asg_imds *imds, const char *path,
                             struct asg_bytes *ret, struct asg_error *error)
{
    struct asg_web_answer answer = {0};
    enum asg_status status = get_once(imds, path, &answer, error);
    if (status == ASG_OK && answer.http_status == 401) {
        /* The metadata service started anew and forgot our token. */
        asg_secret_clear(&imds->token);
        status = get_once(imds, path, &answer, error);
    }
    unsigned http_status = answer.http_status;
    if (status == ASG_OK && http_status == 404) {
        status = asg_fail(error, ASG_ERR_NOT_FOUND, "EC2 metadata has no %s", path);
    } else if (status == ASG_OK && (http_status == 401 || http_status == 403)) {
        status = asg_fail(error, ASG_ERR_DENIED, "EC2 metadata refuses %s (HTTP %u)",
                          path, http_status);
    } else if (status == ASG_OK && http_status != 200) {
        status = asg_fail(error, ASG_ERR_IO, "EC2 metadata answers %s with HTTP %u", path,
                          http_status);
    }
    if (status == ASG_OK) {
        asg_bytes_clear(ret);
        *ret = answer.body;
        imds->server_date_ms = answer.server_date_ms;
        return ASG_OK;
    }
    asg_web_answer_clear(&answer);
    return status;
}

int64_t asg_imds_server_date_ms(const struct asg_imds *imds)
{
    return imds->server_date_ms;
}
