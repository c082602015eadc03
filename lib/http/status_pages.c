#include "http/status_pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/process_metrics.h"
#include "http/server.h"

struct asg_status_pages {
    struct asg_status_pages_options options;
    struct asg_http_server *server;
    char url[64];
};

static void say(struct asg_http_response *response, int status, const char *text)
{
    response->status = status;
    asg_bytes_append_text(&response->body, text);
}

/* Prometheus asks for OpenMetrics when it can read it. Of what else it takes, and how
 * much it likes each, nothing need be known: it reads both. */
static enum asg_metric_form form_of(const struct asg_http_request *request)
{
    const char *accepts = asg_http_header(request, "Accept", NULL);
    bool is_asked =
        accepts != NULL && strstr(accepts, "application/openmetrics-text") != NULL &&
        (strstr(accepts, "version=1.0.0") != NULL || strstr(accepts, "version=") == NULL);
    return is_asked ? ASG_METRIC_OPENMETRICS : ASG_METRIC_TEXT;
}

static void show_metrics(const struct asg_status_pages_options *options,
                         const struct asg_http_request *request,
                         struct asg_http_response *response)
{
    enum asg_metric_form form = form_of(request);
    response->status = 200;
    response->content_type =
        form == ASG_METRIC_OPENMETRICS
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
            : "text/plain; version=0.0.4; charset=utf-8";
    options->print_metrics(options->context, form, &response->body);
    asg_process_metrics_print(form, &response->body);
    asg_metrics_end(form, &response->body);
}

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    const struct asg_status_pages *pages = context;
    const struct asg_status_pages_options *options = &pages->options;
    const char *target = request->target;
    if (strcmp(request->method, "GET") != 0) {
        say(response, 405, "GET only\n");
    } else if (strcmp(target, "/healthz") == 0) {
        say(response, 200, "ok\n");
    } else if (strcmp(target, "/readyz") == 0) {
        bool is_ready = options->is_ready(options->context);
        say(response, is_ready ? 200 : 503,
            is_ready ? options->ready : options->not_ready);
    } else if (strcmp(target, "/metrics") == 0) {
        show_metrics(options, request, response);
    } else {
        say(response, 404, "there are /healthz, /readyz and /metrics\n");
    }
}

enum asg_status asg_status_pages_new(const struct asg_status_pages_options *options,
                                     struct asg_status_pages **ret,
                                     struct asg_error *error)
{
    if (options->where[0] == '\0') return ASG_OK;
    char address[48];
    unsigned port = 0;
    if (sscanf(options->where, "%47[^:]:%5u", address, &port) != 2 || port > UINT16_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s '%s' is not address:port, for example 127.0.0.1:7704",
                        options->setting, options->where);
    }
    struct asg_status_pages *pages = asg_alloc(1, sizeof *pages);
    pages->options = *options;
    const struct asg_http_options http = {.address = address,
                                          .port = (uint16_t)port,
                                          .threads = 1,
                                          .max_connections_per_address = 64,
                                          .request_s = 10,
                                          .answer_s = 30,
                                          .handler = handle,
                                          .context = pages};
    enum asg_status status = asg_http_server_new(&http, &pages->server, error);
    if (status != ASG_OK) {
        free(pages);
        return asg_fail_wrap(error, status, "%s", options->setting);
    }
    (void)snprintf(pages->url, sizeof pages->url, "http://%s:%u", address,
                   asg_http_server_port(pages->server));
    *ret = pages;
    return ASG_OK;
}

void asg_status_pages_destroy(struct asg_status_pages **pages)
{
    if (*pages == NULL) return;
    asg_http_server_destroy(&(*pages)->server);
    free(*pages);
    *pages = NULL;
}

const char *asg_status_pages_url(const struct asg_status_pages *pages)
{
    return pages == NULL ? "" : pages->url;
}
