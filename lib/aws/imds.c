#include "aws/imds.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "aws/curl_start.h"
#include "aws/secret.h"
#include "base/arena.h"

#define TOKEN_BYTES_MAX 1024
/* Renew a token this long before its end, so that none ends under way. */
#define TOKEN_MARGIN_MS (60 * 1000)
#define TEXT_OF_2(x)    #x
#define TEXT_OF(x)      TEXT_OF_2(x)

struct asg_imds {
    CURL *curl;
    struct asg_bytes base_url; /* without a closing slash */
    struct asg_bytes local_address;
    int64_t timeout_ms;
    struct asg_clock clock;
    struct asg_secret token;
    int64_t token_until_ms; /* monotonic */
    char curl_error[CURL_ERROR_SIZE];
};

struct body {
    struct asg_bytes *bytes;
    size_t limit;
    bool is_over;
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct body *body = context;
    size_t length = size * count;
    if (length > body->limit - body->bytes->length) {
        body->is_over = true;
        return 0;
    }
    asg_bytes_append(body->bytes, data, length);
    return length;
}

enum asg_status asg_imds_new(const struct asg_imds_options *options,
                             struct asg_imds **ret, struct asg_error *error)
{
    const char *disabled = getenv("AWS_EC2_METADATA_DISABLED");
    if (disabled != NULL && strcasecmp(disabled, "true") == 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "AWS_EC2_METADATA_DISABLED is true: not asking for EC2 metadata");
    }
    const char *url = options->base_url;
    if (url == NULL || url[0] == '\0') url = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (url == NULL || url[0] == '\0') url = ASG_IMDS_DEFAULT_URL;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "EC2 metadata endpoint \"%.200s\" must begin with http://", url);
    }

    asg_curl_start();
    struct asg_imds *imds = asg_alloc(1, sizeof *imds);
    imds->curl = curl_easy_init();
    if (imds->curl == NULL) {
        free(imds);
        return asg_fail(error, ASG_ERR_NOMEM, "libcurl gives no handle");
    }
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/') {
        length--;
    }
    asg_bytes_append(&imds->base_url, url, length);
    if (options->local_address != NULL && options->local_address[0] != '\0') {
        asg_bytes_printf(&imds->local_address, "host!%s", options->local_address);
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
    curl_easy_cleanup((*imds)->curl);
    asg_bytes_clear(&(*imds)->base_url);
    asg_bytes_clear(&(*imds)->local_address);
    asg_secret_clear(&(*imds)->token);
    free(*imds);
    *imds = NULL;
}

static enum asg_status fail_transfer(struct asg_imds *imds, CURLcode code,
                                     const struct body *body, const char *path,
                                     struct asg_error *error)
{
    const char *words =
        imds->curl_error[0] != '\0' ? imds->curl_error : curl_easy_strerror(code);
    enum asg_status status = ASG_ERR_IO;
    if (code == CURLE_OPERATION_TIMEDOUT) status = ASG_ERR_TIMEOUT;
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING ||
        code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
        code == CURLE_PARTIAL_FILE) {
        status = ASG_ERR_CLOSED;
    }
    if (body->is_over) {
        return asg_fail(error, ASG_ERR_LIMIT, "EC2 metadata %s is larger than %zu bytes",
                        path, body->limit);
    }
    return asg_fail(error, status, "EC2 metadata %s: %s", path, words);
}

/* One request; the HTTP status comes in *ret_status. */
static enum asg_status ask(struct asg_imds *imds, const char *method, const char *path,
                           const char *header, struct body *body, long *ret_status,
                           struct asg_error *error)
{
    struct asg_bytes url = {0};
    asg_bytes_append(&url, imds->base_url.data, imds->base_url.length);
    asg_bytes_append_text(&url, path);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    asg_bytes_reset(body->bytes);
    body->is_over = false;
    imds->curl_error[0] = '\0';

    CURL *curl = imds->curl;
    curl_easy_reset(curl); /* keeps the connection */
    (void)curl_easy_setopt(curl, CURLOPT_URL, asg_bytes_text(&url));
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)imds->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)imds->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, imds->curl_error);
    if (imds->local_address.length > 0) {
        (void)curl_easy_setopt(curl, CURLOPT_INTERFACE,
                               asg_bytes_text(&imds->local_address));
    }
    CURLcode code = headers == NULL ? CURLE_OUT_OF_MEMORY : curl_easy_perform(curl);
    enum asg_status status = ASG_OK;
    if (code == CURLE_OK) {
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    } else {
        status = fail_transfer(imds, code, body, path, error);
    }
    curl_slist_free_all(headers);
    asg_bytes_clear(&url);
    return status;
}

static enum asg_status renew_token(struct asg_imds *imds, struct asg_error *error)
{
    static const char path[] = "/latest/api/token";
    struct asg_bytes answer = {0};
    struct body body = {.bytes = &answer, .limit = TOKEN_BYTES_MAX};
    long http_status = 0;
    enum asg_status status =
        ask(imds, "PUT", path,
            "X-aws-ec2-metadata-token-ttl-seconds: " TEXT_OF(ASG_IMDS_TOKEN_TTL_S), &body,
            &http_status, error);
    if (status == ASG_OK && (http_status == 404 || http_status == 405)) {
        status = asg_fail(error, ASG_ERR_UNSUPPORTED,
                          "%s has no %s (HTTP %ld): IMDSv2 is needed",
                          asg_bytes_text(&imds->base_url), path, http_status);
    } else if (status == ASG_OK && (http_status == 401 || http_status == 403)) {
        status = asg_fail(error, ASG_ERR_DENIED,
                          "EC2 metadata refuses a token (HTTP %ld): is it turned off for "
                          "this instance?",
                          http_status);
    } else if (status == ASG_OK && (http_status != 200 || answer.length == 0)) {
        status = asg_fail(error, ASG_ERR_IO, "EC2 metadata answers %s with HTTP %ld",
                          path, http_status);
    }
    /* It goes into a header of ours: a line end in it would begin another one. */
    for (size_t i = 0; status == ASG_OK && i < answer.length; i++) {
        if (answer.data[i] <= ' ' || answer.data[i] >= 0x7f) {
            status = asg_fail(error, ASG_ERR_MALFORMED,
                              "EC2 metadata gives a token with odd bytes in it");
        }
    }
    if (status == ASG_OK) {
        asg_secret_set(&imds->token, asg_bytes_text(&answer), answer.length);
        imds->token_until_ms = asg_clock_monotonic_ms(&imds->clock) +
                               (int64_t)ASG_IMDS_TOKEN_TTL_S * 1000 - TOKEN_MARGIN_MS;
    }
    asg_bytes_clear(&answer);
    return status;
}

static enum asg_status get_once(struct asg_imds *imds, const char *path,
                                struct asg_bytes *ret, long *ret_status,
                                struct asg_error *error)
{
    if (asg_secret_is_empty(&imds->token) ||
        asg_clock_monotonic_ms(&imds->clock) >= imds->token_until_ms) {
        enum asg_status status = renew_token(imds, error);
        if (status != ASG_OK) return status;
    }
    struct asg_bytes header = {0};
    asg_bytes_printf(&header, "X-aws-ec2-metadata-token: %s",
                     asg_secret_reveal(&imds->token));
    struct body body = {.bytes = ret, .limit = ASG_IMDS_BODY_MAX};
    enum asg_status status =
        ask(imds, "GET", path, asg_bytes_text(&header), &body, ret_status, error);
    asg_bytes_clear(&header);
    return status;
}

enum asg_status asg_imds_get(struct asg_imds *imds, const char *path,
                             struct asg_bytes *ret, struct asg_error *error)
{
    struct asg_bytes answer = {0};
    long http_status = 0;
    enum asg_status status = get_once(imds, path, &answer, &http_status, error);
    if (status == ASG_OK && http_status == 401) {
        /* The metadata service started anew and forgot our token. */
        asg_secret_clear(&imds->token);
        status = get_once(imds, path, &answer, &http_status, error);
    }
    if (status == ASG_OK && http_status == 404) {
        status = asg_fail(error, ASG_ERR_NOT_FOUND, "EC2 metadata has no %s", path);
    } else if (status == ASG_OK && (http_status == 401 || http_status == 403)) {
        status = asg_fail(error, ASG_ERR_DENIED, "EC2 metadata refuses %s (HTTP %ld)",
                          path, http_status);
    } else if (status == ASG_OK && http_status != 200) {
        status = asg_fail(error, ASG_ERR_IO, "EC2 metadata answers %s with HTTP %ld",
                          path, http_status);
    }
    if (status == ASG_OK) {
        asg_bytes_clear(ret);
        *ret = answer;
        return ASG_OK;
    }
    asg_bytes_clear(&answer);
    return status;
}
