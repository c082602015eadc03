#include "controller/serve_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "controller/metrics.h"
#include "http/server.h"

struct asg_serve_http {
    const atomic_bool *is_leading;
    struct asg_http_server *server;
    char url[64];
};

static void say(struct asg_http_response *response, int status, const char *text)
{
    response->status = status;
    asg_bytes_append_text(&response->body, text);
}

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    struct asg_serve_http *http = context;
    const char *target = request->target;
    if (strcmp(request->method, "GET") != 0) {
        say(response, 405, "GET only\n");
    } else if (strcmp(target, "/healthz") == 0) {
        say(response, 200, "ok\n");
    } else if (strcmp(target, "/readyz") == 0) {
        bool is_leading = atomic_load(http->is_leading);
        say(response, is_leading ? 200 : 503, is_leading ? "leading\n" : "not leading\n");
    } else if (strcmp(target, "/metrics") == 0) {
        response->status = 200;
        response->content_type = "text/plain; version=0.0.4; charset=utf-8";
        asg_metrics_print(asg_controller_metrics, ASG_COUNT_END, &response->body);
    } else {
        say(response, 404, "there are /healthz, /readyz and /metrics\n");
    }
}

enum asg_status asg_serve_http_new(const char *where, const atomic_bool *is_leading,
                                   struct asg_serve_http **ret, struct asg_error *error)
{
    if (where[0] == '\0') return ASG_OK;
    char address[48];
    unsigned port = 0;
    if (sscanf(where, "%47[^:]:%5u", address, &port) != 2 || port > UINT16_MAX) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "listen.http '%s' is not address:port, for example 127.0.0.1:7704", where);
    }
    struct asg_serve_http *http = asg_alloc(1, sizeof *http);
    http->is_leading = is_leading;
    const struct asg_http_options options = {.address = address,
                                             .port = (uint16_t)port,
                                             .threads = 1,
                                             .handler = handle,
                                             .context = http};
    enum asg_status status = asg_http_server_new(&options, &http->server, error);
    if (status != ASG_OK) {
        free(http);
        return asg_fail_wrap(error, status, "listen.http");
    }
    (void)snprintf(http->url, sizeof http->url, "http://%s:%u", address,
                   asg_http_server_port(http->server));
    *ret = http;
    return ASG_OK;
}

void asg_serve_http_destroy(struct asg_serve_http **http)
{
    if (*http == NULL) return;
    asg_http_server_destroy(&(*http)->server);
    free(*http);
    *http = NULL;
}

const char *asg_serve_http_url(const struct asg_serve_http *http)
{
    return http == NULL ? "" : http->url;
}
