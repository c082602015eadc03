/* openasg-ec2local: its parts list. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hang_up.h"
#include "base/hide_process.h"
#include "base/log.h"
#include "base/safe_file.h"
#include "crypto/crypto.h"
#include "ec2local/service.h"
#include "ec2local/settings.h"

struct parts {
    struct asg_ec2local_settings settings;
    struct asg_world *world;
    struct asg_boot *boot;
    struct asg_run_world *run;
    struct asg_imds_server *imds;
    struct asg_role_keys roles;
    struct asg_document_key *document_key; /* NULL: documents are not signed */
    struct asg_faults *faults;
    struct asg_call_log *calls;
    struct asg_keys *keys;
    struct asg_control_gate control;
    _Atomic(struct asg_service *) service; /* NULL until everything stands */
    struct asg_http_server *http;
    char url[128];
};

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    struct parts *parts = context;
    struct asg_service *service = atomic_load(&parts->service);
    if (service == NULL) {
        response->status = 503;
        return;
    }
    asg_service_handle(service, request, response);
}

static enum asg_status parse_cidr(const char *text, struct asg_world_options *options,
                                  struct asg_error *error)
{
    char address[32];
    unsigned bits = 0;
    struct in_addr base;
    if (sscanf(text, "%31[0-9.]/%2u", address, &bits) != 2 ||
        inet_pton(AF_INET, address, &base) != 1) {
        return asg_fail(error, ASG_ERR_INVALID, "cidr '%s' is not like 127.100.0.0/16",
                        text);
    }
    options->cidr_base = ntohl(base.s_addr);
    options->cidr_bits = bits;
    return ASG_OK;
}

static enum asg_status parse_addresses(const struct asg_texts *texts, uint32_t *ret,
                                       struct asg_error *error)
{
    for (size_t i = 0; i < texts->count; i++) {
        struct in_addr address;
        if (inet_pton(AF_INET, texts->items[i], &address) != 1) {
            return asg_fail(error, ASG_ERR_INVALID, "'%s' is not an IPv4 address",
                            texts->items[i]);
        }
        ret[i] = ntohl(address.s_addr);
    }
    return ASG_OK;
}

static enum asg_status make_world(struct parts *parts, struct asg_arena *arena,
                                  struct asg_error *error)
{
    const struct asg_ec2local_settings *settings = &parts->settings;
    uint32_t *addresses =
        asg_arena_take(arena, settings->addresses.count * sizeof *addresses);
    uint64_t seed = (uint64_t)settings->seed;
    if (seed == 0) asg_random_bytes(&seed, sizeof seed);
    struct asg_world_options options = {
        .region = settings->region,
        .account_id = settings->account_id,
        .seed = seed,
        .boot_min_ms = settings->boot_delay_ms,
        .boot_max_ms = settings->boot_delay_max_ms > 0 ? settings->boot_delay_max_ms
                                                       : settings->boot_delay_ms,
        .stop_ms = settings->stop_delay_ms,
        .keep_ms = settings->keep_ms,
        .instance_limit = (uint32_t)settings->instance_limit,
        .vcpu_limit = (uint32_t)settings->vcpu_limit,
        .addresses = settings->addresses.count > 0 ? addresses : NULL,
        .address_count = settings->addresses.count,
    };
    enum asg_status status = parse_cidr(settings->cidr, &options, error);
    if (status == ASG_OK)
        status = parse_addresses(&settings->addresses, addresses, error);
    if (status != ASG_OK) return status;
    if (asg_world_new(&options, &parts->world) != ASG_OK) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "boot_delay_max_ms must not be below boot_delay_ms, and cidr must "
            "have 8 to 26 bits");
    }
    asg_faults_new(seed, &parts->faults);
    asg_call_log_new(&parts->calls);
    return ASG_OK;
}

static enum asg_status serve(struct parts *parts, struct asg_error *error)
{
    const struct asg_http_options options = {
        .address = parts->settings.listen,
        .port = (uint16_t)parts->settings.port,
        .threads = (uint32_t)parts->settings.threads,
        .max_connections = 1024,
        .timeout_s = 120,
        .handler = handle,
        .context = parts,
    };
    enum asg_status status = asg_http_server_new(&options, &parts->http, error);
    if (status != ASG_OK) return status;
    (void)snprintf(parts->url, sizeof parts->url, "http://%s:%u", parts->settings.listen,
                   asg_http_server_port(parts->http));
    return ASG_OK;
}

static enum asg_status make_boot(struct parts *parts, struct asg_error *error)
{
    const struct asg_ec2local_settings *settings = &parts->settings;
    if (settings->no_boot) return ASG_OK;
    const struct asg_boot_options options = {
        .folder = settings->dir,
        .imds_url = settings->announce[0] != '\0' ? settings->announce : parts->url,
        .region = settings->region,
        .wrapper = settings->instance_wrapper,
        .environment = settings->instance_env.items,
        .environment_count = settings->instance_env.count,
        .grace_ms = settings->grace_ms,
    };
    return asg_boot_new(&options, &parts->boot, error);
}

static void make_service(struct parts *parts)
{
    const struct asg_clock clock = asg_clock_real();
    const struct asg_run_world_options running = {
        .world = parts->world, .boot = parts->boot, .clock = clock};
    asg_run_world_new(&running, &parts->run);
    const struct asg_imds_server_options metadata = {.run = parts->run,
                                                     .boot = parts->boot,
                                                     .roles = &parts->roles,
                                                     .document_key = parts->document_key,
                                                     .clock = clock};
    asg_imds_server_new(&metadata, &parts->imds);
    const struct asg_service_options options = {
        .run = parts->run,
        .boot = parts->boot,
        .imds = parts->imds,
        .roles = &parts->roles,
        .faults = parts->faults,
        .calls = parts->calls,
        .keys = parts->keys,
        .control = &parts->control,
        .clock = clock,
        .region = parts->settings.region,
        .folder = parts->settings.dir,
        .limits_rates = parts->settings.rate_limits,
    };
    struct asg_service *service = NULL;
    asg_service_new(&options, &service);
    atomic_store(&parts->service, service);
}

static enum asg_status write_endpoint(const struct parts *parts, struct asg_error *error)
{
    const char *path = parts->settings.endpoint_file;
    if (path[0] == '\0') return ASG_OK;
    struct asg_bytes text = {0};
    asg_bytes_printf(&text, "%s\n", parts->url);
    enum asg_status status =
        asg_safe_file_replace(path, 0644, text.data, text.length, error);
    asg_bytes_clear(&text);
    return status == ASG_OK ? ASG_OK : asg_fail_wrap(error, status, "endpoint_file");
}

/* The folder and the parents it lacks. */
static bool make_folders(const char *path)
{
    char part[4096];
    size_t length = strlen(path);
    if (length >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(part, path, length + 1);
    for (char *at = part + 1; length > 0 && *at != '\0'; at++) {
        if (*at != '/') continue;
        *at = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST) return false;
        *at = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static enum asg_status make_document_key(struct parts *parts, struct asg_error *error)
{
    asg_role_keys_init(&parts->roles);
    if (!parts->settings.identity_documents) return ASG_OK;
    asg_document_key_make(&parts->document_key);
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/identity-documents.pem", parts->settings.dir);
    struct asg_bytes pem = {0};
    asg_document_key_certificate(parts->document_key, &pem);
    enum asg_status status =
        asg_safe_file_replace(path, 0644, pem.data, pem.length, error);
    asg_bytes_clear(&pem);
    return status;
}

static enum asg_status begin(struct parts *parts, struct asg_arena *arena,
                             struct asg_error *error)
{
    const char *dir = parts->settings.dir;
    if (!make_folders(dir)) {
        return asg_fail(error, ASG_ERR_IO, "cannot create the folder %s: %s", dir,
                        strerror(errno));
    }
    char *whole = realpath(dir, NULL); /* instances run in folders of their own */
    if (whole == NULL) {
        return asg_fail(error, ASG_ERR_IO, "cannot find the folder %s: %s", dir,
                        strerror(errno));
    }
    parts->settings.dir = dir = asg_arena_text(arena, whole);
    free(whole);
    enum asg_status status = asg_safe_folder_check(dir, error);
    if (status == ASG_OK) status = make_world(parts, arena, error);
    if (status == ASG_OK) {
        status = asg_keys_new(parts->settings.keys_file, dir, &parts->keys, error);
    }
    if (status == ASG_OK) {
        status =
            asg_control_gate_make(dir, parts->settings.listen, &parts->control, error);
    }
    if (status == ASG_OK) status = make_document_key(parts, error);
    if (status == ASG_OK) status = serve(parts, error);
    if (status == ASG_OK) status = make_boot(parts, error);
    if (status != ASG_OK) return status;
    make_service(parts);
    return write_endpoint(parts, error);
}

static void end(struct parts *parts)
{
    if (parts->run != NULL) asg_run_world_stop(parts->run); /* ends the instances */
    asg_http_server_destroy(&parts->http); /* waits for the last handlers */
    struct asg_service *service = atomic_exchange(&parts->service, NULL);
    asg_service_destroy(&service);
    asg_imds_server_destroy(&parts->imds);
    asg_document_key_destroy(&parts->document_key);
    asg_secret_wipe(&parts->roles, sizeof parts->roles);
    asg_run_world_destroy(&parts->run);
    asg_boot_destroy(&parts->boot);
    asg_world_destroy(&parts->world);
    asg_faults_destroy(&parts->faults);
    asg_call_log_destroy(&parts->calls);
    asg_keys_destroy(&parts->keys);
}

/* Wait for a signal to stop; a child that ended is the world's to reap. */
static void wait_for_end(struct parts *parts, const sigset_t *signals)
{
    for (;;) {
        int number = 0;
        if (sigwait(signals, &number) != 0) continue;
        if (number == SIGHUP) {
            asg_hang_up_log("ec2local");
        } else if (number == SIGCHLD) {
            asg_run_world_wake(parts->run);
        } else {
            return;
        }
    }
}

/* --check-config: what can be said without making the world. */
static void check_settings(const void *settings, struct asg_problems *problems)
{
    const struct asg_ec2local_settings *given = settings;
    struct asg_world_options options = {0};
    struct asg_error error = {""};
    uint32_t *addresses =
        asg_arena_take(problems->arena, (given->addresses.count + 1) * sizeof *addresses);
    (void)asg_problem_take(problems, parse_cidr(given->cidr, &options, &error), &error);
    (void)asg_problem_take(problems,
                           parse_addresses(&given->addresses, addresses, &error), &error);
    if (given->boot_delay_max_ms > 0 && given->boot_delay_max_ms < given->boot_delay_ms) {
        asg_problem_add(problems, "boot_delay_max_ms is below boot_delay_ms: raise it");
    }
    (void)asg_problem_folder(problems, "dir", given->dir);
    asg_problem_readable(problems, "keys_file", given->keys_file);
}

int main(int argc, char **argv)
{
    struct asg_arena arena = {0};
    static struct parts parts;
    struct asg_error error = {""};
    enum asg_config_act act = ASG_CONFIG_RUN;
    enum asg_status status = asg_config_load(&asg_ec2local_table, argc, argv, &arena,
                                             &parts.settings, &act, &error);
    if (status != ASG_OK) {
        (void)fprintf(stderr, "openasg-ec2local: %s\n", error.text);
        asg_arena_clear(&arena);
        return 2;
    }
    if (act != ASG_CONFIG_RUN) {
        int code = act == ASG_CONFIG_CHECK
                       ? asg_config_check(&asg_ec2local_table, argc, argv, &arena,
                                          &parts.settings, check_settings)
                       : 0;
        asg_arena_clear(&arena);
        return code;
    }
    asg_ec2local_take_environment(argc, argv, &arena, &parts.settings);
    asg_log_init("ec2local", (enum asg_log_level)parts.settings.log_level);
    (void)asg_log_set_format((enum asg_log_format)parts.settings.log_format, NULL);
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGCHLD);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread is made */
    (void)signal(SIGPIPE, SIG_IGN);
    asg_hide_process(); /* credentials, user data with join tokens */
    status = begin(&parts, &arena, &error);
    if (status != ASG_OK) {
        asg_log_error("ec2local", "cannot_start", "%s", error.text);
    } else {
        (void)printf("openasg-ec2local serves %s\n", parts.url);
        (void)fflush(stdout);
        wait_for_end(&parts, &signals);
    }
    end(&parts);
    asg_arena_clear(&arena);
    return status == ASG_OK ? 0 : 1;
}
