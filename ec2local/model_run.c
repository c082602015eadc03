/* model_run - RunInstances: merge, recognise a repeated token, check, launch. */
#include "ec2local/model_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

/* A request on its way: what it says together with its template, and where it goes. */
struct plan {
    const struct asg_world_run_request *request;
    struct asg_world_data data;
    const struct asg_world_type *type;
    char template_id[ASG_WORLD_ID_SIZE]; /* "": launched without one */
    int64_t template_version;
    struct asg_world_subnet *subnet; /* NULL until chosen */
    const char *scope;               /* of the token: a zone, or "" for the region */
    char token_key[33];
    uint8_t parameters[ASG_SHA256_BYTES];
};

static void clear_plan(struct plan *plan)
{
    asg_world_data_clear(&plan->data);
}

/* --- the client token --- */

static void add_field(struct asg_hasher *hasher, const char *text)
{
    /* Length first, so that no two lists of fields give the same bytes. */
    uint64_t length = text == NULL ? UINT64_MAX : strlen(text);
    asg_hasher_update(hasher, &length, sizeof length);
    if (text != NULL) asg_hasher_update(hasher, text, (size_t)length);
}

static void add_number(struct asg_hasher *hasher, int64_t number)
{
    asg_hasher_update(hasher, &number, sizeof number);
}

/* The request as it was written: what $Latest means today is not part of it. */
static void hash_parameters(const struct asg_world_run_request *request,
                            uint8_t ret[ASG_SHA256_BYTES])
{
    struct asg_hasher *hasher = NULL;
    asg_hasher_new(&hasher);
    asg_hasher_begin(hasher);
    add_number(hasher, request->min_count);
    add_number(hasher, request->max_count);
    const struct asg_world_data *data = &request->data;
    add_field(hasher, data->image_id);
    add_field(hasher, data->instance_type);
    add_field(hasher, data->subnet_id);
    add_field(hasher, data->zone);
    add_field(hasher, data->user_data);
    add_field(hasher, data->key_name);
    add_number(hasher, data->is_spot);
    add_number(hasher, data->is_protected);
    add_field(hasher, request->template.id);
    add_field(hasher, request->template.name);
    add_field(hasher, request->template.version);
    for (size_t i = 0; i < data->tags.count; i++) {
        add_field(hasher, data->tags.items[i].key);
        add_field(hasher, data->tags.items[i].value);
    }
    for (size_t i = 0; i < data->parameters.count; i++) {
        add_field(hasher, data->parameters.items[i].key);
        add_field(hasher, data->parameters.items[i].value);
    }
    asg_hasher_end(hasher, ret);
    asg_hasher_destroy(&hasher);
}

enum asg_status asg_world_check_token(const char *text, struct asg_world_refusal *refusal)
{
    size_t length = strlen(text);
    bool is_ascii = true;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e) is_ascii = false;
    }
    if (length <= ASG_WORLD_TOKEN_MAX && is_ascii) return ASG_OK;
    return asg_world_refuse(refusal, 400, "InvalidClientToken",
                            "The client token must be at most %d ASCII characters",
                            ASG_WORLD_TOKEN_MAX);
}

enum asg_status asg_world_refuse_mismatch(struct asg_world_refusal *refusal)
{
    return asg_world_refuse(refusal, 400, "IdempotentParameterMismatch",
                            "Arguments on this idempotent request are inconsistent with "
                            "arguments used in previous request(s).");
}

static enum asg_status answer_again(const struct asg_world *world,
                                    const struct token *token, const struct plan *plan,
                                    struct asg_arena *arena,
                                    struct asg_world_instances *ret,
                                    struct asg_world_refusal *refusal)
{
    if (memcmp(token->parameters, plan->parameters, sizeof plan->parameters) != 0) {
        return asg_world_refuse_mismatch(refusal);
    }
    struct asg_world_instances found = {
        .items = asg_arena_take(arena, token->count * sizeof *found.items)};
    size_t over = 0;
    for (size_t i = 0; i < token->count; i++) {
        const struct asg_world_instance *instance = asg_world_find(world, token->ids[i]);
        if (instance == NULL || instance->state == ASG_WORLD_TERMINATED ||
            instance->state == ASG_WORLD_SHUTTING_DOWN) {
            over++;
        }
        if (instance != NULL) found.items[found.count++] = instance;
    }
    if (over == token->count) {
        return asg_world_refuse(refusal, 400, "IdempotentInstanceTerminated",
                                "The request to launch an instance uses the same client "
                                "token as a previous request for which the instance has "
                                "been terminated.");
    }
    *ret = found;
    return ASG_OK;
}

static void remember_token(struct asg_world *world, const struct plan *plan,
                           const struct asg_world_instances *launched)
{
    if (world->token_count == world->token_capacity) {
        world->token_capacity =
            world->token_capacity == 0 ? 64 : world->token_capacity * 2;
        world->tokens =
            asg_realloc(world->tokens, world->token_capacity, sizeof *world->tokens);
    }
    struct token *token = &world->tokens[world->token_count];
    token->ids = asg_alloc(launched->count, sizeof *token->ids);
    token->count = launched->count;
    memcpy(token->parameters, plan->parameters, sizeof token->parameters);
    for (size_t i = 0; i < launched->count; i++) {
        memcpy(token->ids[i], launched->items[i]->id, ASG_WORLD_ID_SIZE);
    }
    asg_id_map_put(&world->by_token, plan->token_key, (uint32_t)world->token_count++);
}

/* --- what the request means --- */

static enum asg_status merge_template(const struct asg_world *world, struct plan *plan,
                                      struct asg_world_refusal *refusal)
{
    const struct asg_world_run_request *request = plan->request;
    if (request->template.id == NULL && request->template.name == NULL) {
        asg_world_data_copy(&request->data, &plan->data);
        return ASG_OK;
    }
    const struct asg_world_template *template = NULL;
    const struct asg_world_version *version = NULL;
    enum asg_status status =
        asg_world_find_template(world, &request->template, &template, &version, refusal);
    if (status != ASG_OK) return status;
    memcpy(plan->template_id, template->id, sizeof plan->template_id);
    plan->template_version = version->number;
    asg_world_data_merge(&version->data, &request->data, &plan->data);
    return ASG_OK;
}

static enum asg_status place_subnet(struct asg_world *world, struct plan *plan,
                                    struct asg_world_refusal *refusal)
{
    const struct asg_world_data *data = &plan->data;
    plan->scope = "";
    for (size_t i = 0; i < world->subnet_count; i++) {
        struct asg_world_subnet *subnet = world->subnets[i];
        bool is_named = data->subnet_id != NULL
                            ? strcmp(subnet->id, data->subnet_id) == 0
                            : data->zone != NULL && subnet->is_default &&
                                  strcmp(subnet->zone->name, data->zone) == 0;
        if (is_named && !subnet->is_deleted) plan->subnet = subnet;
    }
    if (plan->subnet != NULL) plan->scope = plan->subnet->zone->name;
    if (data->subnet_id != NULL && plan->subnet == NULL) {
        return asg_world_refuse(refusal, 400, "InvalidSubnetID.NotFound",
                                "The subnet ID '%.100s' does not exist", data->subnet_id);
    }
    if (data->zone != NULL && plan->subnet == NULL) {
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "Invalid availability zone: [%.100s]", data->zone);
    }
    if (data->subnet_id != NULL && data->zone != NULL &&
        strcmp(data->zone, plan->scope) != 0) {
        return asg_world_refuse(refusal, 400, "InvalidParameterCombination",
                                "The subnet %s is in %s, not in %.100s", data->subnet_id,
                                plan->scope, data->zone);
    }
    return ASG_OK;
}

static enum asg_status check_counts(const struct asg_world_run_request *request,
                                    struct asg_world_refusal *refusal)
{
    if (request->min_count < 1 || request->max_count < request->min_count) {
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "Value (%lld) for parameter minCount is invalid. It must "
                                "be from 1 to maxCount (%lld).",
                                (long long)request->min_count,
                                (long long)request->max_count);
    }
    if (request->min_count > ASG_WORLD_BATCH_MAX) {
        return asg_world_refuse(refusal, 400, "InstanceLimitExceeded",
                                "You have requested more instances (%lld) than one call "
                                "may launch (%d).",
                                (long long)request->min_count, ASG_WORLD_BATCH_MAX);
    }
    return ASG_OK;
}

static const struct asg_world_image *find_image(const char *id)
{
    size_t count = 0;
    const struct asg_world_image *images = asg_world_images(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(images[i].id, id) == 0) return &images[i];
    }
    return NULL;
}

static enum asg_status check_image(struct plan *plan, struct asg_world_refusal *refusal)
{
    const char *image_id = plan->data.image_id;
    if (image_id == NULL) {
        return asg_world_refuse(refusal, 400, "MissingParameter",
                                "The request must contain the parameter ImageId");
    }
    if (strncmp(image_id, "ami-", 4) != 0 ||
        strspn(image_id + 4, "0123456789abcdef") != strlen(image_id + 4) ||
        strlen(image_id) < 12) {
        return asg_world_refuse(refusal, 400, "InvalidAMIID.Malformed",
                                "Invalid id: \"%.100s\" (expecting \"ami-...\")",
                                image_id);
    }
    const struct asg_world_image *image = find_image(image_id);
    if (image == NULL) {
        return asg_world_refuse(refusal, 400, "InvalidAMIID.NotFound",
                                "The image id '[%.100s]' does not exist", image_id);
    }
    if (image->is_arm != plan->type->is_arm) {
        return asg_world_refuse(
            refusal, 400, "InvalidParameterValue",
            "The architecture '%s' of the specified instance type does not match the "
            "architecture '%s' of the specified AMI.",
            plan->type->is_arm ? "arm64" : "x86_64", image->is_arm ? "arm64" : "x86_64");
    }
    return ASG_OK;
}

static enum asg_status check_user_data(const char *base64,
                                       struct asg_world_refusal *refusal)
{
    if (base64 == NULL || base64[0] == '\0') return ASG_OK;
    size_t length = 0;
    void *bytes = asg_alloc(3 * (strlen(base64) / 4) + 3, 1);
    enum asg_status status = asg_base64_decode(base64, bytes, &length);
    free(bytes);
    if (status != ASG_OK) {
        return asg_world_refuse(refusal, 400, "InvalidUserData.Malformed",
                                "Invalid BASE64 encoding of user data.");
    }
    if (length > ASG_WORLD_USER_DATA_MAX) {
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "User data is limited to %d bytes",
                                ASG_WORLD_USER_DATA_MAX);
    }
    return ASG_OK;
}

static bool says(const struct asg_world_tags *parameters, const char *prefix)
{
    for (size_t i = 0; i < parameters->count; i++) {
        const char *name = parameters->items[i].key;
        if (strncmp(name, prefix, strlen(prefix)) == 0) return true;
    }
    return false;
}

/* EC2's words for what cannot stand beside network interfaces. */
static enum asg_status check_interfaces(const struct plan *plan,
                                        struct asg_world_refusal *refusal)
{
    const struct asg_world_tags *parameters = &plan->data.parameters;
    if (!says(parameters, "NetworkInterface.")) return ASG_OK;
    const char *what = NULL;
    if (plan->request->has_subnet) what = "subnet ID";
    if (says(parameters, "SecurityGroup")) what = "security groups";
    if (what == NULL) return ASG_OK;
    return asg_world_refuse(refusal, 400, "InvalidParameterCombination",
                            "Network interfaces and an instance-level %s may not be "
                            "specified on the same request",
                            what);
}

/* A device that is neither a volume nor suppressed is one of the host's own disks. */
static enum asg_status check_devices(const struct plan *plan,
                                     struct asg_world_refusal *refusal)
{
    const struct asg_world_tags *parameters = &plan->data.parameters;
    for (size_t i = 0; i < parameters->count; i++) {
        const char *name = parameters->items[i].key;
        const char *value = parameters->items[i].value;
        const char *last = strrchr(name, '.');
        if (last == NULL || strcmp(last, ".VirtualName") != 0) continue;
        size_t digits =
            strncmp(value, "ephemeral", 9) == 0 ? strspn(value + 9, "0123456789") : 0;
        if (digits > 0 && digits <= 2 && value[9 + digits] == '\0') continue;
        return asg_world_refuse(refusal, 400, "InvalidBlockDeviceMapping",
                                "Virtual name '%.100s' is not valid: ephemeral0 and on",
                                value);
    }
    return ASG_OK;
}

static enum asg_status check_plan(struct plan *plan, struct asg_world_refusal *refusal)
{
    const char *type = plan->data.instance_type;
    plan->type = asg_world_find_type(type != NULL ? type : "m1.small");
    if (plan->type == NULL) {
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "Invalid value '%.100s' for InstanceType.", type);
    }
    enum asg_status status = check_interfaces(plan, refusal);
    if (status == ASG_OK) status = check_devices(plan, refusal);
    if (status == ASG_OK) status = check_image(plan, refusal);
    if (status == ASG_OK) status = check_user_data(plan->data.user_data, refusal);
    if (status == ASG_OK) status = asg_world_tags_check(&plan->data.tags, refusal);
    return status;
}

/* --- room for it --- */

/* A launch that names no zone goes to one that has room; they take turns. */
static enum asg_status choose_subnet(struct asg_world *world, struct plan *plan,
                                     struct asg_world_refusal *refusal)
{
    const struct asg_world_run_request *request = plan->request;
    bool is_free = plan->subnet == NULL;
    bool has_subnet = false;
    for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
        size_t zone = (world->next_zone + i) % ASG_WORLD_ZONES;
        struct asg_world_subnet *subnet = is_free ? world->subnets[zone] : plan->subnet;
        if (subnet->is_deleted) continue;
        has_subnet = true;
        if (request->has_capacity == NULL ||
            request->has_capacity(request->context, plan->type->name, subnet->zone->name,
                                  plan->data.is_spot)) {
            plan->subnet = subnet;
            if (is_free) world->next_zone = (uint32_t)((zone + 1) % ASG_WORLD_ZONES);
            return ASG_OK;
        }
        if (!is_free) break;
    }
    if (!has_subnet) {
        return asg_world_refuse(refusal, 400, "MissingInput",
                                "No subnets found for the default VPC '%s'. Please "
                                "specify a subnet.",
                                asg_world_vpc_id());
    }
    return asg_world_refuse(
        refusal, 500, "InsufficientInstanceCapacity",
        "We currently do not have sufficient %s capacity in the Availability Zone you "
        "requested%s%s%s. Our system will be working on provisioning additional "
        "capacity.",
        plan->type->name, is_free ? "" : " (", is_free ? "" : plan->scope,
        is_free ? "" : ")");
}

/* How many of max_count there is room for; below min_count none are launched. */
static enum asg_status count_room(const struct asg_world *world, const struct plan *plan,
                                  uint32_t *ret, struct asg_world_refusal *refusal)
{
    const struct asg_world_options *options = &world->options;
    int64_t count = plan->request->max_count;
    int64_t least = plan->request->min_count;
    if (plan->request->starts_fewer) count = least;
    if (count > ASG_WORLD_BATCH_MAX) count = ASG_WORLD_BATCH_MAX;
    int64_t left = (int64_t)options->instance_limit - world->live_count;
    if (options->instance_limit > 0 && left < count) count = left;
    if (count < least) {
        return asg_world_refuse(
            refusal, 400, "InstanceLimitExceeded",
            "You have requested more instances (%lld) than your current instance limit "
            "of %u allows.",
            (long long)world->live_count + least, options->instance_limit);
    }
    left = ((int64_t)options->vcpu_limit - world->live_vcpus) / plan->type->vcpus;
    if (options->vcpu_limit > 0 && left < count) count = left;
    if (count < least) {
        return asg_world_refuse(
            refusal, 400, "VcpuLimitExceeded",
            "You have requested more vCPU capacity than your current vCPU limit of %u "
            "allows for the instance bucket that the specified instance type belongs to.",
            options->vcpu_limit);
    }
    if (plan->subnet->free_addresses < count) count = plan->subnet->free_addresses;
    if (count < least) {
        return asg_world_refuse(
            refusal, 400, "InsufficientFreeAddressesInSubnet",
            "There are not enough free addresses in subnet '%s' to satisfy the requested "
            "number of instances.",
            plan->subnet->id);
    }
    *ret = (uint32_t)count;
    return ASG_OK;
}

/* --- the launch itself --- */

static struct asg_world_launch *make_launch(struct asg_world *world, struct plan *plan,
                                            int64_t now_ms)
{
    struct asg_world_launch *launch = asg_alloc(1, sizeof *launch);
    asg_world_make_id(world, "r-", launch->reservation_id);
    if (plan->request->client_token != NULL) {
        (void)snprintf(launch->token, sizeof launch->token, "%s",
                       plan->request->client_token);
    }
    launch->data = plan->data;
    plan->data = (struct asg_world_data){0};
    launch->at_ms = now_ms;
    return launch;
}

/* The tags of the request, and those that EC2 sets itself. */
static void tag_instance(const struct plan *plan, const struct asg_world_launch *launch,
                         struct asg_world_instance *instance)
{
    for (size_t i = 0; i < launch->data.tags.count; i++) {
        asg_world_tags_set(&instance->tags, launch->data.tags.items[i].key,
                           launch->data.tags.items[i].value);
    }
    if (plan->template_id[0] == '\0') return;
    char version[24];
    (void)snprintf(version, sizeof version, "%lld", (long long)plan->template_version);
    asg_world_tags_set(&instance->tags, "aws:ec2launchtemplate:id", plan->template_id);
    asg_world_tags_set(&instance->tags, "aws:ec2launchtemplate:version", version);
}

static struct asg_world_instance *add_instance(struct asg_world *world,
                                               const struct plan *plan,
                                               struct asg_world_launch *launch,
                                               uint32_t index, int64_t now_ms)
{
    struct asg_world_instance *instance = asg_alloc(1, sizeof *instance);
    asg_world_make_id(world, "i-", instance->id);
    instance->sequence = ++world->sequence;
    instance->launch = launch;
    launch->references++;
    instance->launch_index = index;
    instance->type = plan->type;
    instance->subnet = plan->subnet;
    instance->address = asg_world_take_address(world, plan->subnet);
    instance->counts = true;
    (void)snprintf(instance->address_text, sizeof instance->address_text, "%u.%u.%u.%u",
                   instance->address >> 24, instance->address >> 16 & 255,
                   instance->address >> 8 & 255, instance->address & 255);
    instance->launched_at_ms = now_ms;
    instance->is_protected = launch->data.is_protected;
    instance->dies = plan->request->dies;
    instance->reason_code = "";
    instance->reason_message = "";
    tag_instance(plan, launch, instance);
    asg_world_change_state(world, instance, ASG_WORLD_PENDING, now_ms,
                           now_ms + asg_world_boot_delay(world));
    if (world->instance_count == world->instance_capacity) {
        world->instance_capacity =
            world->instance_capacity == 0 ? 64 : world->instance_capacity * 2;
        world->instances = asg_realloc(world->instances, world->instance_capacity,
                                       sizeof(struct asg_world_instance *));
    }
    asg_id_map_put(&world->by_id, instance->id, (uint32_t)world->instance_count);
    world->instances[world->instance_count++] = instance;
    return instance;
}

static enum asg_status launch(struct asg_world *world, struct plan *plan, int64_t now_ms,
                              struct asg_arena *arena, struct asg_world_instances *ret,
                              struct asg_world_refusal *refusal)
{
    enum asg_status status = check_plan(plan, refusal);
    if (status != ASG_OK) return status;
    if (plan->request->is_dry_run) {
        return asg_world_refuse_dry_run(refusal);
    }
    status = choose_subnet(world, plan, refusal);
    if (status != ASG_OK) return status;
    uint32_t count = 0;
    status = count_room(world, plan, &count, refusal);
    if (status != ASG_OK) return status;
    struct asg_world_launch *made = make_launch(world, plan, now_ms);
    struct asg_world_instances launched = {
        .items = asg_arena_take(arena, count * sizeof *launched.items)};
    for (uint32_t i = 0; i < count; i++) {
        launched.items[launched.count++] = add_instance(world, plan, made, i, now_ms);
    }
    if (plan->request->client_token != NULL) remember_token(world, plan, &launched);
    *ret = launched;
    return ASG_OK;
}

enum asg_status asg_world_run(struct asg_world *world,
                              const struct asg_world_run_request *request, int64_t now_ms,
                              struct asg_arena *arena, struct asg_world_instances *ret,
                              struct asg_world_refusal *refusal)
{
    ASG_CLEANUP(clear_plan) struct plan plan = {.request = request};
    enum asg_status status = check_counts(request, refusal);
    if (status == ASG_OK) status = merge_template(world, &plan, refusal);
    if (status == ASG_OK) status = place_subnet(world, &plan, refusal);
    if (status != ASG_OK) return status;
    if (request->client_token != NULL) {
        status = asg_world_check_token(request->client_token, refusal);
        if (status != ASG_OK) return status;
        asg_world_make_key(plan.scope, request->client_token, plan.token_key);
        hash_parameters(request, plan.parameters);
        uint32_t at = asg_id_map_find(&world->by_token, plan.token_key);
        if (at != ASG_ID_MAP_NONE && !request->is_dry_run) {
            return answer_again(world, &world->tokens[at], &plan, arena, ret, refusal);
        }
    }
    return launch(world, &plan, now_ms, arena, ret, refusal);
}
