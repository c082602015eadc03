#include "ec2local/imds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "crypto/crypto.h"
#include "ec2local/json_out.h"

#define TTL_S_MAX 21600
#define TOKEN_BYTES                                                                      \
    (16 + 64) /* when it ends, in hex, and an HMAC over that and the prefix */
#define ROLE_PATH    "meta-data/iam/security-credentials/"
#define ROLE_LIFE_MS (INT64_C(6) * 3600 * 1000)
#define TTL_HEADER   "X-aws-ec2-metadata-token-ttl-seconds"

struct asg_imds_server {
    struct asg_run_world *run;
    struct asg_boot *boot;
    const struct asg_role_keys *roles;
    const struct asg_document_key *document_key;
    struct asg_clock clock;
    uint8_t key[32];
};

void asg_imds_server_new(const struct asg_imds_server_options *options,
                         struct asg_imds_server **ret)
{
    struct asg_imds_server *server = asg_alloc(1, sizeof *server);
    server->run = options->run;
    server->boot = options->boot;
    server->roles = options->roles;
    server->document_key = options->document_key;
    server->clock = options->clock;
    asg_random_bytes(server->key, sizeof server->key);
    *ret = server;
}

void asg_imds_server_destroy(struct asg_imds_server **server)
{
    if (*server != NULL) asg_secret_wipe((*server)->key, sizeof(*server)->key);
    free(*server);
    *server = NULL;
}

static void answer(struct asg_http_response *response, int status, const char *text)
{
    response->status = status;
    asg_bytes_append_text(&response->body, text);
}

/* --- tokens --- */

static void make_token(const struct asg_imds_server *server, const char *secret,
                       int64_t ends_ms, char ret[TOKEN_BYTES + 1])
{
    char text[64];
    int length = snprintf(text, sizeof text, "%s%016" PRIx64, secret, (uint64_t)ends_ms);
    uint8_t hash[ASG_SHA256_BYTES];
    asg_hmac_sha256(server->key, sizeof server->key, text, (size_t)length, hash);
    (void)snprintf(ret, TOKEN_BYTES + 1, "%016" PRIx64, (uint64_t)ends_ms);
    asg_hex_encode(hash, sizeof hash, ret + 16);
}

static bool is_token(const struct asg_imds_server *server, const char *secret,
                     const char *token)
{
    if (strlen(token) != TOKEN_BYTES) return false;
    char text[17];
    memcpy(text, token, 16);
    text[16] = '\0';
    int64_t ends_ms = (int64_t)strtoull(text, NULL, 16);
    char expected[TOKEN_BYTES + 1];
    make_token(server, secret, ends_ms, expected);
    return asg_secret_equal(token, expected, TOKEN_BYTES) &&
           asg_clock_monotonic_ms(&server->clock) < ends_ms;
}

static void give_token(const struct asg_imds_server *server, const char *secret,
                       const struct asg_http_request *request,
                       struct asg_http_response *response)
{
    if (asg_http_header(request, "X-Forwarded-For", NULL) != NULL) {
        answer(response, 403, "Forbidden\n");
        return;
    }
    const char *text = asg_http_header(request, TTL_HEADER, NULL);
    char *end = NULL;
    long ttl_s = text == NULL ? 0 : strtol(text, &end, 10);
    if (text == NULL || *end != '\0' || ttl_s < 1 || ttl_s > TTL_S_MAX) {
        answer(response, 400, "Bad Request\n");
        return;
    }
    char token[TOKEN_BYTES + 1];
    make_token(server, secret,
               asg_clock_monotonic_ms(&server->clock) + (int64_t)ttl_s * 1000, token);
    asg_http_add_header(response, TTL_HEADER, text);
    answer(response, 200, token);
}

/* --- data --- */

static const char *read_host_name(const struct asg_world_instance *instance,
                                  struct asg_arena *arena)
{
    return asg_arena_format(arena, "ip-%u-%u-%u-%u.internal", instance->address >> 24,
                            instance->address >> 16 & 255, instance->address >> 8 & 255,
                            instance->address & 255);
}

/* What is announced; NULL: nothing is, which is a 404. */
static const char *read_notice(const struct asg_world_instance *instance,
                               const char *path, struct asg_arena *arena)
{
    char time[ASG_TIME_TEXT_MAX];
    if (strcmp(path, "spot/instance-action") == 0 && instance->taken_back_ms != 0) {
        asg_time_format(instance->taken_back_ms, time);
        return asg_arena_format(arena, "{\"action\": \"terminate\", \"time\": \"%s\"}",
                                time);
    }
    if (strcmp(path, "spot/termination-time") == 0 && instance->taken_back_ms != 0) {
        asg_time_format(instance->taken_back_ms, time);
        return asg_arena_text(arena, time);
    }
    if (strcmp(path, "events/recommendations/rebalance") == 0 && instance->risk_ms != 0) {
        asg_time_format(instance->risk_ms, time);
        return asg_arena_format(arena, "{\"noticeTime\": \"%s\"}", time);
    }
    return NULL;
}

/* The texts below /latest/meta-data/; NULL: no such. */
static const char *read_meta_data(const struct asg_world *world,
                                  const struct asg_world_instance *instance,
                                  const char *path, struct asg_arena *arena)
{
    const struct asg_world_launch *launch = instance->launch;
    const struct {
        const char *path;
        const char *text;
    } texts[] = {
        {"ami-id", launch->data.image_id},
        {"ami-launch-index", asg_arena_format(arena, "%u", instance->launch_index)},
        {"hostname", read_host_name(instance, arena)},
        {"instance-id", instance->id},
        {"instance-life-cycle", launch->data.is_spot ? "spot" : "on-demand"},
        {"instance-type", instance->type->name},
        {"local-hostname", read_host_name(instance, arena)},
        {"local-ipv4", instance->address_text},
        {"placement/availability-zone", instance->subnet->zone->name},
        {"placement/availability-zone-id", instance->subnet->zone->id},
        {"placement/region", asg_world_options(world)->region},
        {"reservation-id", launch->reservation_id},
        {"placement/", "availability-zone\navailability-zone-id\nregion"},
        {"", "ami-id\nami-launch-index\nhostname\ninstance-id\ninstance-life-cycle\n"
             "instance-type\nlocal-hostname\nlocal-ipv4\nplacement/\nreservation-id"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i].path, path) == 0) return texts[i].text;
    }
    return read_notice(instance, path, arena);
}

static void write_document(const struct asg_world *world,
                           const struct asg_world_instance *instance,
                           struct asg_bytes *out)
{
    char time[ASG_TIME_TEXT_MAX];
    asg_time_format(instance->launched_at_ms, time);
    const struct {
        const char *name;
        const char *text;
    } fields[] = {
        {"accountId", asg_world_options(world)->account_id},
        {"architecture", instance->type->is_arm ? "arm64" : "x86_64"},
        {"availabilityZone", instance->subnet->zone->name},
        {"imageId", instance->launch->data.image_id},
        {"instanceId", instance->id},
        {"instanceType", instance->type->name},
        {"pendingTime", time},
        {"privateIp", instance->address_text},
        {"region", asg_world_options(world)->region},
        {"version", "2017-09-30"},
    };
    asg_bytes_append_text(out, "{");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        asg_bytes_printf(out, "%s\n  \"%s\" : ", i == 0 ? "" : ",", fields[i].name);
        asg_json_out_text(out, fields[i].text);
    }
    asg_bytes_append_text(out, "\n}");
}

static bool write_user_data(const struct asg_world_instance *instance,
                            struct asg_bytes *out)
{
    const char *base64 = instance->launch->data.user_data;
    if (base64 == NULL || base64[0] == '\0') return false;
    uint8_t *room = asg_bytes_reserve(out, 3 * (strlen(base64) / 4) + 3);
    size_t length = 0;
    if (asg_base64_decode(base64, room, &length) != ASG_OK) return false;
    out->length += length;
    return true;
}

/* As .../rsa2048 has it: of the document as it is given now. */
static void write_signature(const struct asg_imds_server *server,
                            const struct asg_world *world,
                            const struct asg_world_instance *instance,
                            struct asg_bytes *out)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes document = {0};
    write_document(world, instance, &document);
    asg_document_sign(server->document_key, document.data, document.length, out);
}

/* Below meta-data/iam/security-credentials/: the role's name, and its credentials. */
static bool write_role(const struct asg_imds_server *server,
                       const struct asg_world_instance *instance, const char *path,
                       struct asg_bytes *out)
{
    const char *role = asg_role_name(instance);
    if (role == NULL) return false;
    if (path[0] == '\0') {
        asg_bytes_append_text(out, role);
        return true;
    }
    if (strcmp(path, role) != 0) return false;
    struct asg_role_set set;
    asg_role_keys_make(server->roles, instance->id, &set);
    char from[ASG_TIME_TEXT_MAX];
    char until[ASG_TIME_TEXT_MAX];
    int64_t now_ms = asg_clock_wall_ms(&server->clock);
    asg_time_format(now_ms, from);
    asg_time_format(now_ms + ROLE_LIFE_MS, until);
    asg_bytes_printf(out,
                     "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"%s\",\n"
                     "  \"Type\" : \"AWS-HMAC\",\n  \"AccessKeyId\" : \"%s\",\n"
                     "  \"SecretAccessKey\" : \"%s\",\n  \"Token\" : \"%s\",\n"
                     "  \"Expiration\" : \"%s\"\n}",
                     from, set.key_id, set.secret, set.token, until);
    asg_secret_wipe(&set, sizeof set);
    return true;
}

/* Append what is at `path`; false: nothing is. */
static bool write_data(const struct asg_imds_server *server,
                       const struct asg_world *world,
                       const struct asg_world_instance *instance, const char *path,
                       struct asg_arena *arena, struct asg_bytes *out)
{
    if (strncmp(path, ROLE_PATH, strlen(ROLE_PATH)) == 0) {
        return write_role(server, instance, path + strlen(ROLE_PATH), out);
    }
    if (strncmp(path, "meta-data/", 10) == 0) {
        const char *text = read_meta_data(world, instance, path + 10, arena);
        size_t length = strlen(path + 10);
        if (text == NULL && length > 0 && path[10 + length - 1] == '/') {
            /* botocore asks for placement/availability-zone/ */
            const char *leaf = asg_arena_text_n(arena, path + 10, length - 1);
            text = read_meta_data(world, instance, leaf, arena);
        }
        if (text != NULL) asg_bytes_append_text(out, text);
        return text != NULL;
    }
    if (strcmp(path, "user-data") == 0) return write_user_data(instance, out);
    if (strcmp(path, "dynamic/instance-identity/document") == 0) {
        write_document(world, instance, out);
        return true;
    }
    if (strcmp(path, "dynamic/instance-identity/rsa2048") == 0 &&
        server->document_key != NULL) {
        write_signature(server, world, instance, out);
        return true;
    }
    return false;
}

static void give_data(const struct asg_imds_server *server, const char *id,
                      const char *path, struct asg_http_response *response)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    int64_t now_ms = 0;
    struct asg_world_effects *effects = NULL;
    const struct asg_world *world = asg_run_world_begin(server->run, &now_ms, &effects);
    const struct asg_world_instance *instance = asg_world_find(world, id);
    bool is_found = instance != NULL &&
                    write_data(server, world, instance, path, &arena, &response->body);
    asg_run_world_end(server->run);
    response->status = is_found ? 200 : 404;
    if (!is_found) asg_bytes_append_text(&response->body, "Not Found\n");
}

void asg_imds_server_answer(struct asg_imds_server *server,
                            const struct asg_http_request *request,
                            struct asg_http_response *response)
{
    const char *after = request->target + strlen(ASG_IMDS_PREFIX);
    char secret[ASG_BOOT_SECRET_SIZE];
    size_t length = strcspn(after, "/?");
    char id[ASG_WORLD_ID_SIZE] = "";
    if (length == sizeof secret - 1) {
        memcpy(secret, after, length);
        secret[length] = '\0';
        if (server->boot == NULL || !asg_boot_find_secret(server->boot, secret, id)) {
            id[0] = '\0';
        }
    }
    const char *path = after + length;
    while (path[0] == '/' && path[1] == '/') {
        path++; /* clients put a slash of their own behind the endpoint's */
    }
    if (id[0] == '\0' || strncmp(path, "/latest/", 8) != 0) {
        answer(response, 404, "Not Found\n");
        return;
    }
    path += 8;
    bool is_token_request = strcmp(path, "api/token") == 0;
    if (is_token_request && strcmp(request->method, "PUT") == 0) {
        give_token(server, secret, request, response);
        return;
    }
    if (is_token_request || strcmp(request->method, "GET") != 0) {
        answer(response, 405, "Method Not Allowed\n");
        return;
    }
    const char *token = asg_http_header(request, "X-aws-ec2-metadata-token", NULL);
    if (token == NULL || !is_token(server, secret, token)) {
        answer(response, 401, "Unauthorized\n");
        return;
    }
    give_data(server, id, path, response);
}
