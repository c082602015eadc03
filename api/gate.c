#include "api/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define SERVICE "autoscaling"

struct asg_gate {
    struct asg_gate_options options; /* texts live as long as the door's */
    struct asg_api_keys *keys;
};

enum asg_status asg_gate_new(const struct asg_gate_options *options,
                             struct asg_gate **ret, struct asg_error *error)
{
    struct asg_api_keys *keys = NULL;
    enum asg_status status =
        asg_api_keys_new(options->keys_path, options->clock, &keys, error);
    if (status != ASG_OK) return status;
    struct asg_gate *gate = asg_alloc(1, sizeof *gate);
    gate->options = *options;
    gate->keys = keys;
    *ret = gate;
    return ASG_OK;
}

void asg_gate_destroy(struct asg_gate **gate)
{
    if (*gate == NULL) return;
    asg_api_keys_destroy(&(*gate)->keys);
    free(*gate);
    *gate = NULL;
}

void asg_gate_refresh(struct asg_gate *gate)
{
    (void)asg_api_keys_refresh(gate->keys);
}

/* ---- who ---- */

/* One check: the key that the request names, once it was asked for. */
struct check {
    struct asg_gate *gate;
    struct asg_api_key *key;
};

static bool find_signing_key(void *context, const char *access_key_id, const char *date,
                             const char *region, uint8_t ret[ASG_SIGV4_KEY_BYTES])
{
    struct check *check = context;
    check->key = asg_api_keys_find(check->gate->keys, access_key_id);
    if (check->key == NULL) return false;
    asg_api_key_signing(check->key, date, region, SERVICE, ret);
    return true;
}

static const char *find_token(void *context, const char *access_key_id)
{
    const struct check *check = context;
    (void)access_key_id; /* the one that was found */
    return asg_api_key_of(check->key)->session_token;
}

static enum asg_status verify(struct asg_gate *gate,
                              const struct asg_sigv4_request *request,
                              struct asg_api_key **ret, struct asg_sigv4_verdict *verdict)
{
    struct check check = {.gate = gate};
    const struct asg_sigv4_rules rules = {
        .region = gate->options.region,
        .service = SERVICE,
        .now_ms = asg_clock_wall_ms(&gate->options.clock),
        .window_ms = ASG_SIGV4_WINDOW_MS,
        .find_signing_key = find_signing_key,
        .find_session_token = find_token,
        .context = &check,
    };
    enum asg_status status = asg_sigv4_verify(request, &rules, verdict);
    if (status == ASG_OK) {
        *ret = check.key;
    } else {
        asg_api_key_release(&check.key);
    }
    return status;
}

/* A key that was made a moment ago, or has another secret since, is good at once. */
static bool may_be_new(const struct asg_sigv4_verdict *verdict)
{
    return strcmp(verdict->code, "InvalidClientTokenId") == 0 ||
           strcmp(verdict->code, "SignatureDoesNotMatch") == 0;
}

static enum asg_status check(struct asg_gate *gate,
                             const struct asg_sigv4_request *request,
                             struct asg_api_key **ret, struct asg_gate_refusal *refusal)
{
    struct asg_sigv4_verdict verdict;
    enum asg_status status = verify(gate, request, ret, &verdict);
    if (status != ASG_OK && may_be_new(&verdict) && asg_api_keys_refresh(gate->keys)) {
        status = verify(gate, request, ret, &verdict);
    }
    if (status == ASG_OK) return ASG_OK;
    refusal->http_status = (int)verdict.http_status;
    refusal->code = verdict.code;
    (void)snprintf(refusal->message, sizeof refusal->message, "%s", verdict.message);
    return ASG_ERR_DENIED;
}

/* A request as lib/aws wants it. */
struct wire {
    struct asg_sigv4_header headers[ASG_SIGV4_HEADERS_MAX];
    char *path;
    struct asg_sigv4_request request;
};

static void clear_wire(struct wire *wire)
{
    free(wire->path);
}

/* False: it has more headers than lib/http lets in. */
static bool take_wire(const struct asg_http_request *request, struct wire *ret)
{
    ret->path = NULL;
    size_t count = request->header_count;
    if (count > ASG_SIGV4_HEADERS_MAX) return false;
    for (size_t i = 0; i < count; i++) {
        ret->headers[i] = (struct asg_sigv4_header){request->headers[i].name,
                                                    request->headers[i].value};
    }
    ret->path = strdup(request->target);
    char *query = strchr(ret->path, '?');
    if (query != NULL) *query++ = '\0';
    ret->request = (struct asg_sigv4_request){.method = request->method,
                                              .path = ret->path,
                                              .query = query,
                                              .headers = ret->headers,
                                              .header_count = count,
                                              .body = request->body,
                                              .body_length = request->body_length};
    return true;
}

enum asg_status asg_gate_check(struct asg_gate *gate,
                               const struct asg_http_request *request,
                               struct asg_api_key **ret, struct asg_gate_refusal *refusal)
{
    ASG_CLEANUP(clear_wire) struct wire wire;
    if (!take_wire(request, &wire)) {
        *refusal =
            (struct asg_gate_refusal){400, "IncompleteSignature", "too many headers"};
        return ASG_ERR_DENIED;
    }
    return check(gate, &wire.request, ret, refusal);
}

static bool has_key(struct asg_gate *gate, const char *access_key_id)
{
    struct asg_api_key *key = asg_api_keys_find(gate->keys, access_key_id);
    bool is_there = key != NULL;
    asg_api_key_release(&key);
    return is_there;
}

bool asg_gate_knows(struct asg_gate *gate, const struct asg_http_request *request)
{
    ASG_CLEANUP(clear_wire) struct wire wire;
    char key_id[ASG_SIGV4_KEY_ID_MAX + 1];
    if (!take_wire(request, &wire) || !asg_sigv4_claims_key(&wire.request, key_id)) {
        return false;
    }
    return has_key(gate, key_id) ||
           (asg_api_keys_refresh(gate->keys) && has_key(gate, key_id));
}

/* ---- what ---- */

bool asg_gate_may(const struct asg_api_key *key, const char *action, const char *group)
{
    const struct asg_access_key *policy = asg_api_key_of(key);
    return asg_access_key_matches(policy->actions, policy->action_count, action) &&
           (group == NULL ||
            asg_access_key_matches(policy->groups, policy->group_count, group));
}

/* Actions of launch configurations say so in their names, and name no group. */
static const char *resource_of(const char *action)
{
    return strstr(action, "LaunchConfiguration") != NULL
               ? "launchConfiguration:*:launchConfigurationName"
               : "autoScalingGroup:*:autoScalingGroupName";
}

void asg_gate_deny(const struct asg_gate *gate, const struct asg_api_key *key,
                   const char *action, const char *group,
                   struct asg_gate_refusal *refusal)
{
    const struct asg_gate_options *options = &gate->options;
    char resource[512] = "*";
    if (group != NULL) {
        (void)snprintf(resource, sizeof resource, "arn:aws:autoscaling:%s:%s:%s/%.255s",
                       options->region, options->account_id, resource_of(action), group);
    }
    refusal->http_status = 403;
    refusal->code = "AccessDenied";
    (void)snprintf(
        refusal->message, sizeof refusal->message,
        "User: arn:aws:iam::%s:user/%s is not authorized to perform: "
        "autoscaling:%s on resource: %s because no identity-based policy allows "
        "the autoscaling:%s action",
        options->account_id, asg_api_key_of(key)->name, action, resource, action);
}
