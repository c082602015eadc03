/* door - from an HTTP request to the handler of its action. */
#include "api/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/certificate.h"
#include "api/do/do.h"
#include "api/do/named.h"
#include "api/held_answers.h"
#include "query/fault.h"
#include "query/form.h"

/* The largest answer streams, and slow clients cost no thread: what counts is how many
 * requests are read and checked at once. */
#define THREADS             4
#define BYTES_OF_BODIES_MAX ((size_t)64 * 1024 * 1024)

struct asg_api {
    struct asg_api_options options;
    struct asg_gate *gate; /* NULL: asks nobody */
    struct asg_http_server *server;
    struct asg_held_answers held;
    char url[80];
};

const struct asg_api_options *asg_api_options_of(const struct asg_api *api)
{
    return &api->options;
}

struct asg_gate *asg_api_gate_of(const struct asg_api *api)
{
    return api->gate;
}

/* Ends the call when it is signed badly, or not. */
static bool pass_gate(struct asg_api *api, struct asg_api_call *call,
                      const struct asg_http_request *request)
{
    if (api->gate == NULL) return true;
    struct asg_gate_refusal refusal;
    if (asg_gate_check(api->gate, request, &call->key, &refusal) != ASG_OK) {
        asg_api_refuse(call, refusal.http_status, refusal.code, "%s", refusal.message);
        return false;
    }
    call->actor = asg_api_key_of(call->key)->name;
    return true;
}

/* Ends the call when its key may not change the group that it names. */
static bool may_change(struct asg_api_call *call)
{
    if (!call->action->changes) return true;
    const char *group = asg_value_text(&call->input, "LaunchConfigurationName", NULL);
    group = asg_value_text(&call->input, "AutoScalingGroupName", group);
    return group == NULL || asg_api_may(call, group);
}

/* The parameters of a request: those of its query, and with POST of its body before
 * them. What boto3 presigns is a POST whose body is empty. The signature covers both. */
static const void *parameters_of(struct asg_api_call *call,
                                 const struct asg_http_request *request,
                                 size_t *ret_length)
{
    const char *query = strchr(request->target, '?');
    query = query != NULL ? query + 1 : "";
    size_t query_length = strlen(query);
    bool is_get = strcmp(request->method, "GET") == 0;
    size_t body_length = is_get ? 0 : request->body_length;
    *ret_length = body_length > 0 ? body_length : query_length;
    if (body_length == 0) return query;
    if (query_length == 0) return request->body;
    *ret_length = body_length + 1 + query_length;
    char *both = asg_arena_take(&call->arena, *ret_length + 1);
    memcpy(both, request->body, body_length);
    both[body_length] = '&';
    memcpy(both + body_length + 1, query, query_length + 1); /* its closing zero too */
    return both;
}

/* An order about a group that is not there is refused here: core would write it into the
 * log first. Whoever made the group sees it in the view. Ends the call then. */
static bool names_a_group(struct asg_api_call *call)
{
    const struct asg_api_action *action = call->action;
    if (!action->changes || action->handler == asg_do_create_auto_scaling_group) {
        return true;
    }
    const char *group = asg_value_text(&call->input, "AutoScalingGroupName", NULL);
    return group == NULL || asg_api_require_group(call, group);
}

static enum asg_status read_form(struct asg_api_call *call,
                                 const struct asg_http_request *request,
                                 struct asg_form *ret, struct asg_query_fault *fault)
{
    size_t length = 0;
    const void *text = parameters_of(call, request, &length);
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
        asg_api_refuse(call, 405, "InvalidAction", "Requests are made with GET or POST.");
        return;
    }
    if (request->is_too_large) {
        asg_api_refuse(call, 413, "RequestEntityTooLarge",
                       "The body of a request has at most %zu bytes.",
                       ASG_FORM_BYTES_MAX);
        return;
    }
    if (!pass_gate(api, call, request)) return;
    if (read_form(call, request, &form, &fault) != ASG_OK) {
        refuse_fault(call, &fault);
        return;
    }
    if (!find_action(call, &form) || !asg_api_may(call, NULL)) return;
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
    if (may_change(call) && names_a_group(call)) call->action->handler(call);
}

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    struct asg_api *api = context;
    struct asg_api_call *call = asg_api_call_new(api, request);
    take(api, call, request);
    asg_api_call_return(call, response);
}

/* Who names no key in force is refused whatever the body says. */
static bool wants_body(void *context, const struct asg_http_request *request)
{
    const struct asg_api *api = context;
    return api->gate == NULL || asg_gate_knows(api->gate, request);
}

/* "address:port" */
static bool read_where(const char *where, char address[48], uint16_t *ret_port)
{
    unsigned port = 0;
    if (sscanf(where, "%47[^:]:%5u", address, &port) != 2 || port > UINT16_MAX) {
        return false;
    }
    *ret_port = (uint16_t)port;
    return true;
}

/* SigV4 keeps a request whole, not secret: beyond this machine it needs TLS. */
static enum asg_status check_cover(const struct asg_api_options *options,
                                   const char *address, struct asg_error *error)
{
    bool has_certificate = options->certificate_path[0] != '\0';
    if (has_certificate != (options->private_key_path[0] != '\0')) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "api.certificate and api.private_key are needed together; %s is "
                        "not set",
                        has_certificate ? "api.private_key" : "api.certificate");
    }
    if (has_certificate || options->is_behind_proxy || strncmp(address, "127.", 4) == 0) {
        return ASG_OK;
    }
    return asg_fail(
        error, ASG_ERR_INVALID,
        "listen.api %s is not on loopback and would be plain HTTP: set "
        "api.certificate and api.private_key, or api.behind_proxy: true when a "
        "proxy on this network does TLS",
        options->where);
}

static enum asg_status listen(struct asg_api *api, struct asg_http_options *http,
                              struct asg_error *error)
{
    const struct asg_api_options *options = &api->options;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes certificate = {0};
    ASG_CLEANUP(asg_certificate_clear_key) struct asg_bytes key = {0};
    enum asg_status status = ASG_OK;
    bool is_tls = options->certificate_path[0] != '\0';
    if (is_tls) {
        status =
            asg_certificate_read(options->certificate_path, options->private_key_path,
                                 &certificate, &key, error);
        http->certificate = asg_bytes_text(&certificate);
        http->private_key = asg_bytes_text(&key);
    }
    if (status == ASG_OK) status = asg_http_server_new(http, &api->server, error);
    if (status != ASG_OK) return asg_fail_wrap(error, status, "listen.api");
    (void)snprintf(api->url, sizeof api->url, "%s://%s:%u", is_tls ? "https" : "http",
                   http->address, asg_http_server_port(api->server));
    return ASG_OK;
}

static enum asg_status open_door(struct asg_api *api, struct asg_error *error)
{
    const struct asg_api_options *options = &api->options;
    char address[48];
    struct asg_http_options http = {.address = address,
                                    .threads = THREADS,
                                    .max_body_bytes = ASG_FORM_BYTES_MAX,
                                    .max_bytes_of_bodies = BYTES_OF_BODIES_MAX,
                                    .wants_body = wants_body,
                                    .handles_too_large = true,
                                    .max_connections = options->connections_max,
                                    .handler = handle,
                                    .context = api};
    if (!read_where(options->where, address, &http.port)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "listen.api '%s' is not address:port, for example 127.0.0.1:7706",
                        options->where);
    }
    enum asg_status status = check_cover(options, address, error);
    if (status == ASG_OK && options->keys_path != NULL) {
        const struct asg_gate_options gate = {.keys_path = options->keys_path,
                                              .region = options->region,
                                              .account_id = options->account_id,
                                              .clock = options->ports.clock};
        status = asg_gate_new(&gate, &api->gate, error);
    }
    return status == ASG_OK ? listen(api, &http, error) : status;
}

enum asg_status asg_api_new(const struct asg_api_options *options, struct asg_api **ret,
                            struct asg_error *error)
{
    struct asg_api *api = asg_alloc(1, sizeof *api);
    api->options = *options;
    if (options->certificate_path == NULL) api->options.certificate_path = "";
    if (options->private_key_path == NULL) api->options.private_key_path = "";
    enum asg_status status = open_door(api, error);
    if (status != ASG_OK) {
        asg_api_destroy(&api);
        return status;
    }
    *ret = api;
    return ASG_OK;
}

void asg_api_hold(struct asg_api *api, struct asg_api_call *call, const char *group)
{
    int64_t now_ms = asg_clock_monotonic_ms(&api->options.ports.clock);
    asg_held_answers_add(&api->held, call, group, now_ms + api->options.settle_ms);
}

int64_t asg_api_turn(struct asg_api *api, int64_t mono_ms)
{
    if (api == NULL) return INT64_MAX;
    return asg_held_answers_look(&api->held, api->options.ports.view, mono_ms);
}

void asg_api_close(struct asg_api *api)
{
    if (api == NULL) return;
    asg_http_server_destroy(&api->server);
    asg_held_answers_release(&api->held);
}

void asg_api_destroy(struct asg_api **api)
{
    if (*api == NULL) return;
    asg_api_close(*api);
    asg_gate_destroy(&(*api)->gate);
    free(*api);
    *api = NULL;
}

enum asg_status asg_api_reload(struct asg_api *api, struct asg_error *error)
{
    const struct asg_api_options *options = &api->options;
    if (api->gate != NULL) asg_gate_refresh(api->gate);
    if (options->certificate_path[0] == '\0') return ASG_OK;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes certificate = {0};
    ASG_CLEANUP(asg_certificate_clear_key) struct asg_bytes key = {0};
    enum asg_status status = asg_certificate_read(
        options->certificate_path, options->private_key_path, &certificate, &key, error);
    if (status != ASG_OK) return status;
    return asg_http_server_set_certificate(api->server, asg_bytes_text(&certificate),
                                           asg_bytes_text(&key), error);
}

const char *asg_api_url(const struct asg_api *api)
{
    return api != NULL ? api->url : "";
}

struct asg_api_connections asg_api_connections(const struct asg_api *api)
{
    if (api == NULL || api->server == NULL) return (struct asg_api_connections){0};
    struct asg_http_connections now = asg_http_server_connections(api->server);
    return (struct asg_api_connections){.open = now.open, .full = now.full};
}
