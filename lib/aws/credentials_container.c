/* Source: the endpoint that ECS and EKS Pod Identity give to a container. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws/credentials_sources.h"
#include "aws/environment.h"
#include "aws/web.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

#define ECS_URL    "http://169.254.170.2"
#define TIMEOUT_MS 2000
#define ATTEMPTS   3
#define ANSWER_MAX ((size_t)64 * 1024)

/* Plain http goes to this host and to the fixed addresses of ECS and EKS only: a URL in
 * the environment must not send a token across the network in the clear. */
static bool is_allowed(const char *url)
{
    if (strncasecmp(url, "https://", 8) == 0) return url[8] != '\0';
    if (strncasecmp(url, "http://", 7) != 0) return false;
    const char *host = url + 7;
    size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    if (host[0] == '[' && host[length - 1] != ']') return false;
    if (host[length] != '\0' && strchr(":/?", host[length]) == NULL) return false;
    size_t authority = strcspn(host, "/?#");
    if (memchr(host, '@', authority) != NULL) return false;
    if (asg_endpoint_is_loopback_host(host, length)) return true;
    static const char *const allowed[] = {"169.254.170.2", "169.254.170.23",
                                          "[fd00:ec2::23]"};
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (strlen(allowed[i]) == length && strncasecmp(host, allowed[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* NOT_FOUND: no container endpoint is configured. */
static enum asg_status find_url(struct asg_bytes *ret, struct asg_error *error)
{
    const char *relative = asg_environment_get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = asg_environment_get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative == NULL && full == NULL) return ASG_ERR_NOT_FOUND;
    const char *name = relative != NULL ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
                                        : "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    if (!asg_web_is_plain(relative != NULL ? relative : full) ||
        (relative != NULL && relative[0] != '/')) {
        return asg_fail(error, ASG_ERR_INVALID, "%s is no %s", name,
                        relative != NULL ? "path that begins with a slash" : "URL");
    }
    if (relative != NULL) {
        asg_bytes_append_text(ret, ECS_URL);
        asg_bytes_append_text(ret, relative);
        return ASG_OK;
    }
    if (!is_allowed(full)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s is \"%.200s\": it must be https://, or http:// to this host, "
                        "169.254.170.2, 169.254.170.23 or [fd00:ec2::23]",
                        name, full);
    }
    asg_bytes_append_text(ret, full);
    return ASG_OK;
}

/* The Authorization header, with the token file read anew each time: it is rotated. */
static enum asg_status find_token(struct asg_bytes *ret, struct asg_error *error)
{
    const char *file = asg_environment_get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = asg_environment_get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct asg_secret read = {0};
    if (file != NULL) {
        enum asg_status status = asg_credentials_read_token(file, &read, error);
        if (status != ASG_OK) return status;
        token = asg_secret_reveal(&read);
    } else if (token != NULL && strpbrk(token, "\r\n") != NULL) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN has a line end in it");
    }
    if (token != NULL) {
        (void)asg_bytes_reserve(ret, strlen(token) + 32);
        asg_bytes_append_text(ret, "Authorization: ");
        asg_bytes_append_text(ret, token);
    }
    asg_secret_clear(&read);
    return ASG_OK;
}

static enum asg_status ask(struct asg_credentials_scope *scope, const char *url,
                           const char *authorization, struct asg_web_answer *ret,
                           struct asg_error *error)
{
    const char *headers[] = {"Accept: application/json", authorization};
    const struct asg_web_request request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .header_count = authorization[0] == '\0' ? 1 : 2,
        .answer_max = ANSWER_MAX,
        .timeout_ms = TIMEOUT_MS,
        .connect_ms = TIMEOUT_MS,
        .ca_file = asg_endpoint_ca_file(scope->options.ca_file, scope->files),
        .is_stopping = &scope->is_stopping,
    };
    struct asg_web *web = NULL;
    enum asg_status status = asg_web_new(&web, error);
    if (status != ASG_OK) return status;
    for (int attempt = 1;; attempt++) {
        status = asg_web_ask(web, &request, ret, error);
        bool is_worth_it =
            status == ASG_OK ? ret->http_status >= 500 : asg_status_is_retryable(status);
        if (!is_worth_it || attempt == ATTEMPTS) break;
    }
    asg_web_destroy(&web);
    if (status == ASG_OK && ret->http_status != 200) {
        status = asg_fail(error, ret->http_status >= 500 ? ASG_ERR_IO : ASG_ERR_DENIED,
                          "it answers with HTTP %u", ret->http_status);
    }
    return status;
}

enum asg_status asg_credentials_from_container(struct asg_credentials_scope *scope,
                                               struct asg_credentials *ret,
                                               struct asg_error *error)
{
    struct asg_bytes url = {0};
    struct asg_bytes authorization = {0};
    struct asg_web_answer answer = {0};
    enum asg_status status = find_url(&url, error);
    if (status == ASG_OK) {
        status = find_token(&authorization, error);
        if (status == ASG_OK) {
            status = ask(scope, asg_bytes_text(&url), asg_bytes_text(&authorization),
                         &answer, error);
        }
        if (status == ASG_OK) {
            const struct asg_credentials_json how = {
                .token_name = "Token",
                .source = "container",
                .server_date_ms = answer.server_date_ms,
                .clock = &scope->options.clock,
            };
            status = asg_credentials_read_json(answer.body.data, answer.body.length, &how,
                                               ret, error);
        }
        if (status != ASG_OK) {
            (void)asg_fail_wrap(error, status, "container credentials endpoint %.200s",
                                asg_bytes_text(&url));
        }
    }
    if (authorization.data != NULL) {
        asg_secret_wipe(authorization.data, authorization.capacity);
    }
    asg_bytes_clear(&authorization);
    asg_bytes_clear(&url);
    asg_web_answer_clear(&answer);
    return status;
}
