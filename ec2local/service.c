#include "ec2local/service.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/sigv4.h"
#include "crypto/crypto.h"
#include "crypto/uuid.h"
#include "ec2local/control.h"
#include "ec2local/ec2_query.h"
#include "ec2local/model_network.h"
#include "ec2local/rate.h"

struct asg_service {
    struct asg_service_options parts;
    pthread_mutex_t rate_lock;
    struct asg_rate rate;
};

/* One API call on its way. */
struct visit {
    struct asg_service *service;
    const struct asg_http_request *request;
    struct asg_http_response *response;
    struct asg_arena arena;
    struct asg_form params;
    char request_id[ASG_UUID_SIZE];
    char key_id[ASG_SIGV4_KEY_ID_MAX + 1];
    const char *service_name; /* of the scope: "ec2", "sts" */
    const char *action;
    const char *zone; /* that the request names, NULL: none */
    int64_t wall_us;
    int64_t monotonic_us;
    const char *code;
    const char *fault; /* word of what struck, for the call log */
    struct asg_world_ids ids;
};

void asg_service_new(const struct asg_service_options *options, struct asg_service **ret)
{
    struct asg_service *service = asg_alloc(1, sizeof *service);
    service->parts = *options;
    (void)pthread_mutex_init(&service->rate_lock, NULL);
    *ret = service;
}

void asg_service_destroy(struct asg_service **service)
{
    if (*service == NULL) return;
    (void)pthread_mutex_destroy(&(*service)->rate_lock);
    free(*service);
    *service = NULL;
}

static void answer_error(struct visit *visit, int status, const char *code,
                         const char *message)
{
    struct asg_world_refusal refusal = {.code = code, .http_status = status};
    (void)snprintf(refusal.message, sizeof refusal.message, "%s", message);
    visit->code = code;
    visit->response->status = status;
    asg_bytes_reset(&visit->response->body);
    struct asg_xml_out out = {.out = &visit->response->body};
    asg_call_write_error(&out, visit->service_name, &refusal, visit->request_id);
}

/* --- who asks --- */

/* Keys of the file, and those of instances' roles. */
struct finder {
    const struct asg_service_options *parts;
    struct asg_role_set set; /* of the last that was asked for */
};

static const char *find_secret(void *context, const char *key_id)
{
    struct finder *finder = context;
    char id[ASG_WORLD_ID_SIZE];
    const char *secret = asg_keys_find_secret(finder->parts->keys, key_id);
    if (secret != NULL || !asg_role_keys_whose(key_id, id)) return secret;
    asg_role_keys_make(finder->parts->roles, id, &finder->set);
    return finder->set.secret;
}

static const char *find_session_token(void *context, const char *key_id)
{
    struct finder *finder = context;
    char id[ASG_WORLD_ID_SIZE];
    if (asg_keys_find_secret(finder->parts->keys, key_id) != NULL ||
        !asg_role_keys_whose(key_id, id)) {
        return asg_keys_find_session_token(finder->parts->keys, key_id);
    }
    asg_role_keys_make(finder->parts->roles, id, &finder->set);
    return finder->set.token;
}

/* A role of an instance has no rights but to be told who it is. */
static bool may_call(struct visit *visit)
{
    char id[ASG_WORLD_ID_SIZE];
    if (asg_keys_find_secret(visit->service->parts.keys, visit->key_id) != NULL ||
        !asg_role_keys_whose(visit->key_id, id) ||
        strcmp(visit->service_name, "sts") == 0) {
        return true;
    }
    answer_error(visit, 403, "UnauthorizedOperation",
                 "You are not authorized to perform this operation.");
    return false;
}

static bool is_allowed(struct visit *visit)
{
    const struct asg_http_request *request = visit->request;
    const struct asg_service_options *parts = &visit->service->parts;
    struct asg_sigv4_header *headers =
        asg_arena_take(&visit->arena, (request->header_count + 1) * sizeof *headers);
    for (size_t i = 0; i < request->header_count; i++) {
        headers[i] = (struct asg_sigv4_header){.name = request->headers[i].name,
                                               .value = request->headers[i].value};
    }
    size_t path_length = strcspn(request->target, "?");
    const char *query = request->target + path_length;
    const struct asg_sigv4_request wire = {
        .method = request->method,
        .path = asg_arena_text_n(&visit->arena, request->target, path_length),
        .query = *query == '?' ? query + 1 : "",
        .headers = headers,
        .header_count = request->header_count,
        .body = request->body_length > 0 ? request->body : "",
        .body_length = request->body_length,
    };
    visit->service_name = asg_sigv4_claims_service(&wire, "sts") ? "sts" : "ec2";
    struct finder finder = {.parts = parts};
    const struct asg_sigv4_rules rules = {
        .region = parts->region,
        .service = visit->service_name,
        .now_ms = asg_clock_wall_ms(&parts->clock),
        .window_ms = ASG_SIGV4_WINDOW_MS,
        .find_secret = find_secret,
        .find_session_token = find_session_token,
        .context = &finder,
    };
    struct asg_sigv4_verdict verdict;
    enum asg_status status = asg_sigv4_verify(&wire, &rules, &verdict);
    asg_secret_wipe(&finder.set, sizeof finder.set);
    if (status == ASG_OK) {
        memcpy(visit->key_id, verdict.access_key_id, sizeof visit->key_id);
        return may_call(visit);
    }
    answer_error(visit, (int)verdict.http_status, verdict.code, verdict.message);
    return false;
}

/* The zone the request names, itself or by its subnet, for the faults; NULL: none. */
static const char *find_zone(struct visit *visit)
{
    const char *subnet_id = asg_form_get(&visit->params, "SubnetId");
    if (subnet_id == NULL) {
        return asg_form_get(&visit->params, "Placement.AvailabilityZone");
    }
    int64_t now_ms = 0;
    struct asg_world_effects *effects = NULL;
    struct asg_world_refusal ignored;
    struct asg_world *world =
        asg_run_world_begin(visit->service->parts.run, &now_ms, &effects);
    const struct asg_world_subnet *subnet =
        asg_world_find_subnet(world, subnet_id, &ignored);
    /* A zone lives as long as the world. */
    const char *zone = subnet != NULL ? subnet->zone->name : NULL;
    asg_run_world_end(visit->service->parts.run);
    return zone;
}

static bool has_params(struct visit *visit)
{
    const struct asg_http_request *request = visit->request;
    const char *query = strchr(request->target, '?');
    bool is_get = strcmp(request->method, "GET") == 0 && query != NULL;
    const void *form = is_get ? query + 1 : request->body;
    size_t length = is_get ? strlen(query + 1) : request->body_length;
    struct asg_query_fault fault;
    if (asg_form_read(form, length, /* counts_from_zero */ true, &visit->arena,
                      &visit->params, &fault) == ASG_OK) {
        const char *action = asg_form_get(&visit->params, "Action");
        visit->action = action != NULL ? action : "";
        visit->zone = find_zone(visit);
        return true;
    }
    char message[512];
    asg_query_fault_message(&fault, ASG_QUERY_WORDS_EC2, message, sizeof message);
    answer_error(visit, 400, asg_query_fault_code(&fault, ASG_QUERY_WORDS_EC2), message);
    return false;
}

/* --- EC2's request limits --- */

static bool is_narrow(const struct visit *visit)
{
    for (size_t i = 0; i < visit->params.count; i++) {
        const char *name = visit->params.pairs[i].name;
        if (strncmp(name, "Filter.", 7) == 0 || strcmp(name, "MaxResults") == 0 ||
            strncmp(name, "InstanceId.", 11) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_within_rates(struct visit *visit)
{
    struct asg_service *service = visit->service;
    if (!service->parts.limits_rates) return true;
    const char **ids = NULL;
    int64_t resources =
        (int64_t)asg_form_list(&visit->params, "InstanceId", &visit->arena, &ids);
    const char *most = asg_form_get(&visit->params, "MaxCount");
    if (most != NULL) resources = strtol(most, NULL, 10);
    if (resources < 0 || resources > 100000) resources = 0; /* refused later anyway */
    (void)pthread_mutex_lock(&service->rate_lock);
    bool is_within = asg_rate_take(&service->rate, visit->action, is_narrow(visit),
                                   resources, visit->monotonic_us);
    (void)pthread_mutex_unlock(&service->rate_lock);
    if (!is_within) {
        answer_error(visit, 503, "RequestLimitExceeded", "Request limit exceeded.");
    }
    return is_within;
}

/* --- faults --- */

static bool strikes(struct visit *visit, enum asg_fault_kind kind, const char *word,
                    struct asg_fault *ret)
{
    const char *type = asg_form_get(&visit->params, "InstanceType");
    if (!asg_faults_strike(visit->service->parts.faults, kind, visit->action, type,
                           visit->zone, NULL, ret)) {
        return false;
    }
    visit->fault = word;
    return true;
}

static void answer_fault(struct visit *visit, const struct asg_fault *fault, int status,
                         const char *code, const char *message)
{
    /* The code's text must outlive the call log's copy: it lives in the arena. */
    answer_error(
        visit, fault->http_status != 0 ? fault->http_status : status,
        asg_arena_text(&visit->arena, fault->code[0] != '\0' ? fault->code : code),
        message);
}

static void answer_garbage(struct visit *visit, const struct asg_fault *fault)
{
    visit->response->status = fault->http_status != 0 ? fault->http_status : 200;
    asg_random_bytes(asg_bytes_reserve(&visit->response->body, 256), 256);
    visit->response->body.length += 256;
}

static void answer_html(struct visit *visit, const struct asg_fault *fault)
{
    visit->response->status = fault->http_status != 0 ? fault->http_status : 200;
    visit->response->content_type = "text/html";
    asg_bytes_append_text(&visit->response->body,
                          "<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body>"
                          "<h1>Please sign in to the network</h1><br></body></html>\n");
}

/* Faults that come instead of the call. true: the answer is made. */
static bool is_struck_before(struct visit *visit)
{
    struct asg_fault fault;
    if (strikes(visit, ASG_FAULT_DROP_BEFORE, "drop_before_effect", &fault)) {
        visit->response->close_without_reply = true;
    } else if (strikes(visit, ASG_FAULT_THROTTLE, "throttle", &fault)) {
        answer_fault(visit, &fault, 503, "RequestLimitExceeded",
                     "Request limit exceeded.");
    } else if (strikes(visit, ASG_FAULT_ERROR_5XX, "error_5xx", &fault)) {
        answer_fault(visit, &fault, 500, "InternalError",
                     "An internal error has occurred");
    } else if (strikes(visit, ASG_FAULT_GARBAGE, "garbage", &fault)) {
        answer_garbage(visit, &fault);
    } else if (strikes(visit, ASG_FAULT_HTML, "html", &fault)) {
        answer_html(visit, &fault);
    } else {
        return false;
    }
    return true;
}

static void strike_after(struct visit *visit)
{
    struct asg_fault fault;
    struct asg_http_response *response = visit->response;
    if (strikes(visit, ASG_FAULT_DROP_AFTER, "drop_after_effect", &fault)) {
        response->close_without_reply = true;
    } else if (strikes(visit, ASG_FAULT_HALF_BODY, "half_body", &fault)) {
        response->send_only = (int64_t)(response->body.length / 2);
    }
}

static bool has_capacity(void *context, const char *type, const char *zone, bool is_spot)
{
    struct visit *visit = context;
    struct asg_fault fault;
    if (!asg_faults_strike(visit->service->parts.faults, ASG_FAULT_CAPACITY,
                           visit->action, type, zone, is_spot ? "spot" : "on-demand",
                           &fault)) {
        return true;
    }
    visit->fault = "capacity";
    return false;
}

/* --- the call itself --- */

static void make_call(struct visit *visit)
{
    struct asg_service *service = visit->service;
    struct asg_fault fault;
    struct asg_xml_out out = {.out = &visit->response->body};
    struct asg_call call = {
        .params = &visit->params,
        .arena = &visit->arena,
        .action = visit->action,
        .request_id = visit->request_id,
        .access_key_id = visit->key_id,
        .has_capacity = has_capacity,
        .context = visit,
        .out = &out,
    };
    if (strikes(visit, ASG_FAULT_LAG, "describe_lag", &fault)) {
        call.lag_ms = fault.latency_ms;
    }
    call.dies = strikes(visit, ASG_FAULT_DIES, "terminate_after_launch", &fault);
    call.starts_fewer = strikes(visit, ASG_FAULT_FEWER, "fewer", &fault);
    call.world = asg_run_world_begin(service->parts.run, &call.now_ms, &call.effects);
    visit->response->status = asg_call_answer(&call, visit->service_name);
    asg_run_world_end(service->parts.run);
    visit->code = call.refusal.code;
    visit->ids = call.ids;
}

static void note_call(const struct visit *visit)
{
    const struct asg_service_options *parts = &visit->service->parts;
    const char *token = asg_form_get(&visit->params, "ClientToken");
    const struct asg_http_response *response = visit->response;
    const struct asg_call_record record = {
        .wall_us = visit->wall_us,
        .monotonic_us = visit->monotonic_us,
        .took_us = asg_clock_monotonic_us(&parts->clock) - visit->monotonic_us,
        .action = visit->action,
        .token = token != NULL ? token : "",
        .code = visit->code,
        .fault = visit->fault,
        .http_status = response->close_without_reply ? 0 : response->status,
        .ids = visit->ids.items,
        .id_count = visit->ids.count,
    };
    asg_call_log_add(parts->calls, &record);
}

static int64_t wall_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void answer_api(struct asg_service *service,
                       const struct asg_http_request *request,
                       struct asg_http_response *response)
{
    struct visit visit = {
        .service = service,
        .request = request,
        .response = response,
        .service_name = "ec2",
        .action = "",
        .wall_us = wall_us(),
        .monotonic_us = asg_clock_monotonic_us(&service->parts.clock),
        .code = "",
        .fault = "",
    };
    asg_uuid_draw(visit.request_id);
    response->content_type = "text/xml;charset=UTF-8";
    asg_http_add_header(response, "x-amzn-RequestId", visit.request_id);
    if (is_allowed(&visit) && has_params(&visit) && is_within_rates(&visit)) {
        if (!is_struck_before(&visit)) {
            make_call(&visit);
            strike_after(&visit);
        }
        struct asg_fault fault;
        if (strikes(&visit, ASG_FAULT_LATENCY, "latency", &fault)) {
            response->delay_ms = fault.latency_ms;
        }
    }
    note_call(&visit);
    asg_arena_clear(&visit.arena);
}

void asg_service_handle(void *context, const struct asg_http_request *request,
                        struct asg_http_response *response)
{
    struct asg_service *service = context;
    if (strncmp(request->target, ASG_CONTROL_PREFIX, strlen(ASG_CONTROL_PREFIX)) == 0) {
        asg_control_answer(&service->parts, request, response);
    } else if (strncmp(request->target, ASG_IMDS_PREFIX, strlen(ASG_IMDS_PREFIX)) == 0) {
        asg_imds_server_answer(service->parts.imds, request, response);
    } else {
        answer_api(service, request, response);
    }
}
