/* openasg-worker - takes jobs, makes the EC2 calls, reports. The parts list. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "aws/environment.h"
#include "base/hang_up.h"
#include "base/hide_process.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/safe_file.h"
#include "worker/check_settings.h"
#include "worker/connect_aws.h"
#include "worker/loop.h"
#include "worker/settings.h"

/* Kept while the controller is away: results are sent again anyhow. */
#define QUEUED_FRAMES 256

/* Everything that has to be ended, in the order of its making. */
struct parts {
    struct asg_arena arena;
    struct asg_worker_settings settings;
    struct asg_bus_keys keys;
    struct asg_bus *bus;
    char server_key[ASG_BUS_KEY_SIZE];
    struct asg_worker_aws aws;
    struct asg_worker *worker;
    struct asg_worker_loop loop;
    int exit_code; /* 0: by the status */
    struct asg_worker_pages pages;
};

/* The process holds AWS secrets. */
static void harden(void)
{
    asg_hide_process();
    (void)umask(077);
    asg_hang_up_catch();
    (void)signal(SIGPIPE, SIG_IGN);
}

/* Before any thread is made but the refresher's, which takes no signals, so that all of
 * them leave these to the loop. */
static int take_signals(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Beside the key file, by the worker's name: files of several hosts then lie side by side
 * in workers.d, and one can copy them there as they are. Whoever may not write there does
 * without. */
static void keep_public(struct parts *parts, const char *path)
{
    const char *slash = strrchr(path, '/');
    int length = slash == NULL ? 0 : (int)(slash + 1 - path);
    const char *name = asg_worker_name(&parts->settings, &parts->arena);
    const char *file = asg_arena_format(&parts->arena, "%.*s%s.pub", length, path, name);
    char there[ASG_BUS_KEY_SIZE];
    struct asg_error ignored;
    bool is_there = strchr(name, '/') == NULL &&
                    asg_bus_public_key_load(file, there, &ignored) == ASG_OK &&
                    strcmp(there, parts->keys.public_key) == 0;
    if (!is_there &&
        (strchr(name, '/') != NULL ||
         asg_bus_public_key_save(file, parts->keys.public_key, &ignored) != ASG_OK)) {
        file = asg_arena_format(&parts->arena, "%s.pub", path);
    }
    parts->loop.public_key = parts->keys.public_key;
    parts->loop.public_file = file;
}

static enum asg_status load_keys(struct parts *parts, struct asg_error *error)
{
    const struct asg_worker_settings *settings = &parts->settings;
    if (settings->allow_plaintext) return ASG_OK;
    const char *path = settings->key_file;
    if (path[0] == '\0') {
        enum asg_status made = asg_safe_folder_make(settings->dir, error);
        if (made != ASG_OK) return made;
        path = asg_arena_format(&parts->arena, "%s/worker.key", settings->dir);
    }
    enum asg_status status = asg_bus_keys_load_or_make(path, &parts->keys, error);
    if (status != ASG_OK) return status;
    keep_public(parts, path);
    return asg_worker_server_key(settings, parts->server_key, error);
}

static enum asg_status connect_bus(void *context, struct asg_bus_connection **ret,
                                   struct asg_error *error)
{
    struct parts *parts = context;
    const struct asg_bus_connect_options options = {
        .endpoint = parts->settings.controller,
        .server_key = parts->server_key,
        .keys = &parts->keys,
        .max_message_bytes = ASG_WORKER_FRAME_MAX,
        .high_water = QUEUED_FRAMES,
        .allow_plaintext = parts->settings.allow_plaintext,
    };
    return asg_bus_connection_new(parts->bus, &options, ret, error);
}

static enum asg_status open_bus(struct parts *parts, struct asg_error *error)
{
    enum asg_status status = load_keys(parts, error);
    if (status == ASG_OK) status = asg_bus_new(1, &parts->bus, error);
    if (status != ASG_OK) return status;
    parts->loop.connect = connect_bus;
    parts->loop.connect_context = parts;
    return asg_worker_loop_open(&parts->loop, error);
}

static void make_worker(struct parts *parts, const struct asg_clock *clock, int signal_fd)
{
    const struct asg_worker_settings *settings = &parts->settings;
    const struct asg_worker_options options = {
        .name = asg_worker_name(settings, &parts->arena),
        .capacity = (uint32_t)settings->jobs,
        .attempts = (uint32_t)settings->ec2_attempts,
        .attempts_unsure = (uint32_t)settings->ec2_attempts_unsure,
        .hello_ms = settings->hello_ms,
        .resend_ms = settings->resend_ms,
        .is_dry_run = settings->dry_run,
        .clock = *clock,
        .ec2 = parts->aws.ec2,
        .ports = {.send = asg_worker_loop_send, .context = &parts->loop},
    };
    asg_worker_new(&options, &parts->worker);
    parts->loop.worker = parts->worker;
    parts->loop.ec2 = parts->aws.ec2;
    parts->loop.signal_fd = signal_fd;
    parts->loop.stop_ms = settings->stop_ms;
    parts->loop.halt_file = settings->halt_file;
    parts->loop.pages = &parts->pages;
    asg_log_info("worker", "started",
                 "name=\"%s\" version=%s controller=%s jobs=%u key=%s public_file=%s",
                 options.name, ASG_VERSION, settings->controller, options.capacity,
                 parts->keys.public_key,
                 parts->loop.public_file != NULL ? parts->loop.public_file : "-");
    if (options.is_dry_run) {
        asg_log_warn("worker", "dry_run",
                     "nothing is changed in EC2: calls carry its DryRun flag");
    }
}

static enum asg_status open_pages(struct parts *parts, struct asg_error *error)
{
    parts->pages.credentials_until_ms = &parts->aws.credentials_until_ms;
    enum asg_status status = asg_worker_pages_open(
        &parts->pages, parts->settings.listen_http, parts->aws.ec2, error);
    if (status == ASG_OK && parts->pages.pages != NULL) {
        asg_log_info("worker", "http", "url=%s",
                     asg_status_pages_url(parts->pages.pages));
    }
    return status;
}

static void end_parts(struct parts *parts)
{
    asg_worker_pages_clear(&parts->pages);
    asg_worker_aws_close(&parts->aws);
    asg_worker_destroy(&parts->worker);
    asg_worker_loop_clear(&parts->loop);
    asg_bus_destroy(&parts->bus);
    asg_bus_keys_clear(&parts->keys);
    asg_environment_forget_secrets();
    asg_arena_clear(&parts->arena);
}

static enum asg_status check_credentials(struct parts *parts, struct asg_error *error)
{
    const struct asg_clock clock = asg_clock_real();
    parts->exit_code = (int)asg_worker_check_credentials(&parts->settings, &clock, error);
    return parts->exit_code == 0 ? ASG_OK : ASG_ERR_IO;
}

static enum asg_status run(struct parts *parts, int argc, char **argv,
                           struct asg_error *error)
{
    enum asg_config_act act = ASG_CONFIG_RUN;
    enum asg_status status = asg_config_load(&asg_worker_table, argc, argv, &parts->arena,
                                             &parts->settings, &act, error);
    if (status != ASG_OK || act == ASG_CONFIG_DONE) return status;
    if (act == ASG_CONFIG_CHECK) {
        parts->exit_code = asg_config_check(&asg_worker_table, argc, argv, &parts->arena,
                                            &parts->settings, asg_worker_check_settings);
        return ASG_OK;
    }
    asg_log_init("openasg-worker", (enum asg_log_level)parts->settings.log_level);
    (void)asg_log_set_format((enum asg_log_format)parts->settings.log_format, NULL);
    harden();
    asg_environment_hide_secrets();
    if (parts->settings.check_credentials) return check_credentials(parts, error);
    asg_notify_open();
    const struct asg_clock clock = asg_clock_real();
    parts->loop.clock = clock;
    /* May wait a minute for credentials; a signal ends us at once until then. */
    status =
        asg_worker_aws_open(&parts->settings, &clock, &parts->arena, &parts->aws, error);
    if (status != ASG_OK) return status;
    int signal_fd = take_signals();
    if (signal_fd < 0) return asg_fail(error, ASG_ERR_IO, "cannot create a signalfd");
    status = open_pages(parts, error);
    if (status == ASG_OK) status = open_bus(parts, error);
    if (status == ASG_OK) {
        make_worker(parts, &clock, signal_fd);
        asg_notify_ready("taking jobs");
        status = asg_worker_loop_run(&parts->loop);
        if (status == ASG_ERR_TIMEOUT) {
            asg_log_warn("worker", "stopped",
                         "jobs were under way: their leases run out "
                         "and other workers take them");
            status = ASG_OK;
        } else if (status == ASG_OK) {
            asg_log_info("worker", "stopped", "nothing left behind");
        } else {
            (void)asg_fail(error, status, "waiting for EC2 and the controller fails");
        }
    }
    asg_notify_close();
    (void)close(signal_fd);
    return status;
}

int main(int argc, char **argv)
{
    if (ASG_FAILPOINT_MAIN(argc, argv)) return 0;
    struct parts parts = {0};
    struct asg_error error = {""};
    enum asg_status status = run(&parts, argc, argv, &error);
    end_parts(&parts);
    if (status == ASG_OK) return parts.exit_code;
    (void)fprintf(stderr, "openasg-worker: %s\n",
                  error.text[0] != '\0' ? error.text : asg_status_text(status));
    if (parts.exit_code != 0) return parts.exit_code;
    return status == ASG_ERR_INVALID || status == ASG_ERR_NOT_FOUND ? 2 : 1;
}
