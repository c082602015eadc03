#include "ec2local/control.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ec2local/json_out.h"

#define INTERRUPTION_MS INT64_C(120000) /* two minutes ahead, as EC2 */

static void answer_error(struct asg_http_response *response, int status, const char *text)
{
    response->status = status;
    asg_bytes_append_text(&response->body, "{\"error\":");
    asg_json_out_text(&response->body, text);
    asg_bytes_append_text(&response->body, "}\n");
}

static bool is_method(const struct asg_http_request *request, const char *method)
{
    return strcmp(request->method, method) == 0;
}

/* --- faults --- */

static void add_fault(const struct asg_service_options *parts,
                      const struct asg_form *params, struct asg_http_response *response)
{
    uint32_t id = 0;
    struct asg_error error = {.text = ""};
    if (asg_faults_add(parts->faults, params, &id, &error) != ASG_OK) {
        answer_error(response, 400, error.text);
        return;
    }
    response->status = 201;
    asg_bytes_printf(&response->body, "{\"id\":%u}\n", id);
}

static void remove_faults(const struct asg_service_options *parts, const char *which,
                          struct asg_http_response *response)
{
    char *end = NULL;
    unsigned long id = which[0] == '\0' ? 0 : strtoul(which, &end, 10);
    bool is_number = which[0] == '\0' || (*end == '\0' && id > 0 && id <= UINT32_MAX);
    if (!is_number || asg_faults_remove(parts->faults, (uint32_t)id) != ASG_OK) {
        answer_error(response, 404, "no such fault");
        return;
    }
    response->status = 200;
    asg_bytes_append_text(&response->body, "{}\n");
}

static void answer_faults(const struct asg_service_options *parts,
                          const struct asg_http_request *request, const char *which,
                          const struct asg_form *params,
                          struct asg_http_response *response)
{
    if (is_method(request, "POST")) {
        add_fault(parts, params, response);
    } else if (is_method(request, "DELETE")) {
        remove_faults(parts, which, response);
    } else if (is_method(request, "GET")) {
        response->status = 200;
        asg_faults_print(parts->faults, &response->body);
    } else {
        answer_error(response, 405, "POST, GET or DELETE");
    }
}

/* --- calls --- */

static const char *get(const struct asg_form *params, const char *name)
{
    const char *value = asg_form_get(params, name);
    return value != NULL ? value : "";
}

static void answer_calls(const struct asg_service_options *parts,
                         const struct asg_http_request *request,
                         const struct asg_form *params,
                         struct asg_http_response *response)
{
    response->status = 200;
    if (is_method(request, "DELETE")) {
        asg_call_log_clear(parts->calls);
        asg_bytes_append_text(&response->body, "{}\n");
        return;
    }
    asg_call_log_print(parts->calls, strtoull(get(params, "after"), NULL, 10),
                       get(params, "action"), get(params, "token"), &response->body);
}

/* --- instances --- */

static void print_instance(const struct asg_service_options *parts,
                           const struct asg_world_instance *instance,
                           struct asg_bytes *out)
{
    pid_t root = parts->boot != NULL ? asg_boot_root(parts->boot, instance->id) : 0;
    asg_bytes_printf(out,
                     "{\"id\":\"%s\",\"state\":\"%s\",\"address\":\"%s\","
                     "\"type\":\"%s\",\"zone\":\"%s\",\"pid\":%d,"
                     "\"launched_ms\":%" PRId64 ",\"token\":",
                     instance->id, asg_world_state_name(instance->state),
                     instance->address_text, instance->type->name,
                     instance->subnet->zone->name, (int)root, instance->launched_at_ms);
    asg_json_out_text(out, instance->launch->token);
    asg_bytes_append_text(out, ",\"folder\":");
    struct asg_bytes folder = {0};
    asg_bytes_printf(&folder, "%s/instances/%s", parts->folder, instance->id);
    asg_json_out_text(out, asg_bytes_text(&folder));
    asg_bytes_clear(&folder);
    asg_bytes_append_byte(out, '}');
}

static void list_instances(const struct asg_service_options *parts,
                           struct asg_http_response *response)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    int64_t now_ms = 0;
    struct asg_world_effects *effects = NULL;
    struct asg_world *world = asg_run_world_begin(parts->run, &now_ms, &effects);
    const struct asg_world_query everything = {0};
    struct asg_world_instances page = {0};
    struct asg_world_refusal refusal;
    enum asg_status status =
        asg_world_describe(world, &everything, now_ms, &arena, &page, &refusal);
    asg_bytes_append_text(&response->body, "{\"instances\":[");
    for (size_t i = 0; status == ASG_OK && i < page.count; i++) {
        asg_bytes_append_text(&response->body, i == 0 ? "\n" : ",\n");
        print_instance(parts, page.items[i], &response->body);
    }
    asg_bytes_append_text(&response->body, "]}\n");
    asg_run_world_end(parts->run);
    response->status = 200;
}

static int signal_named(const char *name)
{
    if (name[0] == '\0' || strcmp(name, "KILL") == 0) return SIGKILL;
    if (strcmp(name, "TERM") == 0) return SIGTERM;
    if (strcmp(name, "STOP") == 0) return SIGSTOP;
    if (strcmp(name, "CONT") == 0) return SIGCONT;
    return 0;
}

/* "<id>/interrupt", "<id>/rebalance", "<id>/event": what EC2 announces, `in_ms` ahead;
 * "<id>/impair", "<id>/recover": its status checks fail, or pass again. */
static void announce(const struct asg_service_options *parts, const char *id,
                     const char *what, const struct asg_form *params,
                     struct asg_http_response *response)
{
    enum asg_world_notice notice = ASG_WORLD_SCHEDULED_EVENT;
    int64_t in_ms = 0;
    if (strcmp(what, "/interrupt") == 0) {
        notice = ASG_WORLD_INTERRUPTION;
        in_ms = INTERRUPTION_MS;
    } else if (strcmp(what, "/rebalance") == 0) {
        notice = ASG_WORLD_REBALANCE;
    } else if (strcmp(what, "/impair") == 0 || strcmp(what, "/recover") == 0) {
        notice = ASG_WORLD_IMPAIRED;
    }
    const char *code = get(params, "code");
    if (notice == ASG_WORLD_IMPAIRED) {
        code = strcmp(what, "/impair") == 0 ? "impaired" : "";
    }
    const char *given = get(params, "in_ms");
    if (given[0] != '\0') in_ms = (int64_t)strtoll(given, NULL, 10);
    int64_t now_ms = 0;
    struct asg_world_effects *effects = NULL;
    struct asg_world *world = asg_run_world_begin(parts->run, &now_ms, &effects);
    bool is_done = asg_world_announce(world, id, notice, code, now_ms + in_ms);
    asg_run_world_end(parts->run);
    if (!is_done) {
        answer_error(response, 404, "no running instance of that id, or it is not spot");
        return;
    }
    response->status = 200;
    asg_bytes_printf(&response->body, "{\"at_ms\":%" PRId64 "}\n", now_ms + in_ms);
}

/* "<id>/kill": a crash of the machine; EC2 goes on saying that it runs. */
static void signal_instance(const struct asg_service_options *parts, const char *which,
                            const struct asg_form *params,
                            struct asg_http_response *response)
{
    char id[ASG_WORLD_ID_SIZE];
    size_t length = strcspn(which, "/");
    const char *what = which + length;
    int signal = signal_named(get(params, "signal"));
    bool is_notice = strcmp(what, "/interrupt") == 0 || strcmp(what, "/rebalance") == 0 ||
                     strcmp(what, "/event") == 0 || strcmp(what, "/impair") == 0 ||
                     strcmp(what, "/recover") == 0;
    if (length >= sizeof id || (strcmp(what, "/kill") != 0 && !is_notice)) {
        answer_error(response, 404,
                     "POST /_control/instances/<id>/{kill,interrupt,rebalance,event,"
                     "impair,recover}");
        return;
    }
    memcpy(id, which, length);
    id[length] = '\0';
    if (is_notice) {
        announce(parts, id, what, params, response);
        return;
    }
    if (signal == 0) {
        answer_error(response, 400, "signal is KILL, TERM, STOP or CONT");
        return;
    }
    size_t count = asg_run_world_signal(parts->run, id, signal);
    response->status = count > 0 ? 200 : 404;
    asg_bytes_printf(&response->body, "{\"processes\":%zu}\n", count);
}

/* What follows `name` in the path: "" or "/rest" without its slash; NULL: another. */
static const char *below(const char *path, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(path, name, length) != 0) return NULL;
    if (path[length] == '\0') return "";
    return path[length] == '/' ? path + length + 1 : NULL;
}

void asg_control_answer(const struct asg_service_options *parts,
                        const struct asg_http_request *request,
                        struct asg_http_response *response)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    response->content_type = "application/json";
    const char *refusal = asg_control_gate_refusal(parts->control, request);
    if (refusal != NULL) {
        answer_error(response, 403, refusal);
        return;
    }
    const char *target = request->target + strlen(ASG_CONTROL_PREFIX);
    size_t length = strcspn(target, "?");
    const char *path = asg_arena_text_n(&arena, target, length);
    const char *query = target[length] == '?' ? target + length + 1 : "";
    bool has_body = request->body_length > 0;
    struct asg_form params = {0};
    struct asg_query_fault fault;
    if (asg_form_read(has_body ? request->body : query,
                      has_body ? request->body_length : strlen(query),
                      /* counts_from_zero */ false, &arena, &params, &fault) != ASG_OK) {
        char message[512];
        asg_query_fault_message(&fault, ASG_QUERY_WORDS_EC2, message, sizeof message);
        answer_error(response, 400, message);
        return;
    }
    const char *rest = below(path, "faults");
    if (rest != NULL) {
        answer_faults(parts, request, rest, &params, response);
        return;
    }
    if (below(path, "calls") != NULL) {
        answer_calls(parts, request, &params, response);
        return;
    }
    rest = below(path, "instances");
    if (rest != NULL && is_method(request, "POST")) {
        signal_instance(parts, rest, &params, response);
    } else if (rest != NULL && rest[0] == '\0') {
        list_instances(parts, response);
    } else {
        answer_error(response, 404,
                     "known: /_control/faults, /_control/calls, /_control/instances");
    }
}
