/* door - from an HTTP request to the handler of its action. */
#include "api/door.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/fault.h"
#include "query/form.h"

/* The largest answer streams, and slow clients cost no thread: what counts is how many
 * requests are read and checked at once. */
#define THREADS         4
#define CONNECTIONS_MAX 4096

struct asg_api {
    struct asg_api_options options;
    struct asg_http_server *server;
    char url[80];
};

const struct asg_api_options *asg_api_options_of(const struct asg_api *api)
{
    return &api->options;
}

/* The parameters of the request: of its body, or of its query with GET. */
static enum asg_status read_form(struct asg_api_call *call,
                                 const struct asg_http_request *request,
                                 struct asg_form *ret, struct asg_query_fault *fault)
{
    const void *text = request->body;
    size_t length = request->body_length;
    if (strcmp(request->method, "GET") == 0) {
        const char *query = strchr(request->target, '?');
        text = query != NULL ? query + 1 : "";
        length = strlen(text);
    }
    return asg_form_read(text, length, /* counts_from_zero */ false, &call->arena, ret,
                         fault);
}

static void refuse_fault(struct asg_api_call *call, const struct asg_query_fault *fault)
{
    char message[ASG_QUERY_MESSAGE_MAX];
    asg_query_fault_message(fault, ASG_QUERY_WORDS_AWS, message, sizeof message);
    asg_api_refuse(call, 400, asg_query_fault_code(fault, ASG_QUERY_WORDS_AWS), "%s",
                   message);
}

/* Ends the call when there is no such action. */
static bool find_action(struct asg_api_call *call, const struct asg_form *form)
{
    const char *name = asg_form_get(form, "Action");
    const char *version = asg_form_get(form, "Version");
    if (name == NULL || name[0] == '\0') {
        asg_api_refuse(call, 400, "MissingAction",
                       "The request must contain the parameter Action.");
        return false;
    }
    call->action = asg_api_find_action(name);
    if (call->action == NULL || version == NULL ||
        strcmp(version, ASG_API_VERSION) != 0) {
        asg_api_refuse(call, 400, "InvalidAction",
                       "Could not find operation %.128s for version %.32s", name,
                       version != NULL ? version : "NO_VERSION_SPECIFIED");
        return false;
    }
    if (call->action->handler == NULL) {
        asg_api_refuse(call, 400, "InvalidAction",
                       "openasg does not have the action %s yet; docs/compatibility.md "
                       "lists those that it has",
                       name);
        return false;
    }
    return true;
}

static void take(struct asg_api *api, struct asg_api_call *call,
                 const struct asg_http_request *request)
{
    static const char *const passed_over[] = {"Action", "Version", NULL};
    static const struct asg_query_style style = {.names_all = true};
    struct asg_query_fault fault = {.trouble = ASG_QUERY_FINE};
    struct asg_form form;
    if (strcmp(request->method, "POST") != 0 && strcmp(request->method, "GET") != 0) {
        asg_api_refuse(call, 405, "InvalidAction", "There are GET and POST.");
        return;
    }
    if (read_form(call, request, &form, &fault) != ASG_OK) {
        refuse_fault(call, &fault);
        return;
    }
    if (!find_action(call, &form)) return;
    const struct asg_api_ports *ports = &api->options.ports;
    if (!ports->is_leading(ports->context)) {
        asg_api_refuse(call, 503, "ServiceUnavailable",
                       "this controller does not lead now; try again in a moment");
        return;
    }
    if (asg_query_read(&form, call->action->input, &style, passed_over, &call->arena,
                       &call->input, &fault) != ASG_OK) {
        refuse_fault(call, &fault);
        return;
    }
    call->action->handler(call);
}

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    struct asg_api *api = context;
    struct asg_api_call *call = asg_api_call_new(api, request);
    take(api, call, request);
    asg_api_call_return(call, response);
}

enum asg_status asg_api_new(const struct asg_api_options *options, struct asg_api **ret,
                            struct asg_error *error)
{
    char address[48];
    unsigned port = 0;
    if (sscanf(options->where, "%47[^:]:%5u", address, &port) != 2 || port > UINT16_MAX) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "listen.api '%s' is not address:port, for example 127.0.0.1:7706",
                        options->where);
    }
    struct asg_api *api = asg_alloc(1, sizeof *api);
    api->options = *options;
    const struct asg_http_options http = {.address = address,
                                          .port = (uint16_t)port,
                                          .threads = THREADS,
                                          .max_body_bytes = ASG_FORM_BYTES_MAX,
                                          .max_connections = CONNECTIONS_MAX,
                                          .handler = handle,
                                          .context = api};
    enum asg_status status = asg_http_server_new(&http, &api->server, error);
    if (status != ASG_OK) {
        free(api);
        return asg_fail_wrap(error, status, "listen.api");
    }
    (void)snprintf(api->url, sizeof api->url, "http://%s:%u", address,
                   asg_http_server_port(api->server));
    *ret = api;
    return ASG_OK;
}

void asg_api_destroy(struct asg_api **api)
{
    if (*api == NULL) return;
    asg_http_server_destroy(&(*api)->server);
    free(*api);
    *api = NULL;
}

const char *asg_api_url(const struct asg_api *api)
{
    return api != NULL ? api->url : "";
}
