/* prepare_folders - the controller's files beside the log: folders, keys, join secret. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/safe_file.h"
#include "controller/parts.h"
#include "crypto/crypto.h"

#define SECRET_BYTES 32

static enum asg_status make_secret(const char *path, uint8_t ret[SECRET_BYTES],
                                   struct asg_error *error)
{
    uint8_t secret[SECRET_BYTES];
    asg_random_bytes(secret, sizeof secret);
    enum asg_status status =
        asg_safe_file_replace(path, 0600, secret, sizeof secret, error);
    if (status == ASG_OK) memcpy(ret, secret, sizeof secret);
    asg_secret_wipe(secret, sizeof secret);
    return status;
}

/* 32 random bytes, made at the first start. An empty file is one that an older version
 * had begun when it died: no token was ever made of it. */
static enum asg_status load_secret(const char *path, uint8_t ret[SECRET_BYTES],
                                   struct asg_error *error)
{
    const struct asg_safe_need need = {.what = "join secret",
                                       .length_max = 4096,
                                       .guard = ASG_SAFE_SECRET,
                                       .is_own = true};
    struct asg_bytes text = {0};
    enum asg_status status = asg_safe_file_read(path, &need, &text, error);
    if (status == ASG_ERR_NOT_FOUND || (status == ASG_OK && text.length == 0)) {
        status = make_secret(path, ret, error);
    } else if (status == ASG_OK && text.length == SECRET_BYTES) {
        memcpy(ret, text.data, SECRET_BYTES);
    } else if (status == ASG_OK) {
        status =
            asg_fail(error, ASG_ERR_CORRUPT,
                     "%s is not the 32 bytes it should be; restore it, or remove it: "
                     "then a new one is created, and instances that were launched and "
                     "have not joined yet have to be replaced",
                     path);
    }
    asg_safe_bytes_clear(&text);
    return status;
}

/* Files that are made where there are none. Beside a log that was led before, that is no
 * first start: a key was lost, or was not put back with the log. */
static const struct lasting {
    const char *name;
    const char *then; /* what others do about another one */
} lasting[] = {
    {"controller.key", "workers and admins are refused until they have the new "
                       "controller.key.pub, agents "
                       "enrol again within minutes"},
    {"join.secret",
     "instances that were launched and have not enrolled yet are refused and replaced"},
    {"ca.key",
     "agents that have enrolled do not trust the new authority: their probes and "
     "drains fail, and only their reports keep them from being replaced; run `openasg "
     "halt` first"},
    {"ca.pem", "its fingerprint has changed: instances that were launched and have not "
               "enrolled yet do not trust it and are replaced"},
};

#define LASTING_COUNT (sizeof lasting / sizeof lasting[0])

static bool is_file(const char *dir, const char *name)
{
    char path[ASG_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static void tell_made(const char *dir, const bool was_there[LASTING_COUNT])
{
    for (size_t i = 0; i < LASTING_COUNT; i++) {
        if (was_there[i]) continue;
        asg_log_warn(
            "keys", "key_made_anew",
            "%s/%s was missing although there is a log, and a new one was created: %s. "
            "If a backup has the old one, stop the controller and put it back",
            dir, lasting[i].name, lasting[i].then);
    }
}

static enum asg_status make_folders(struct asg_controller *controller,
                                    struct asg_error *error)
{
    const char *dir = controller->settings->dir;
    char path[ASG_PATH_MAX];
    (void)snprintf(controller->log_path, sizeof controller->log_path, "%s/openasg.log",
                   dir);
    (void)snprintf(controller->blobs_path, sizeof controller->blobs_path, "%s/user-data",
                   dir);
    (void)snprintf(controller->activities_path, sizeof controller->activities_path,
                   "%s/activities.db", dir);
    enum asg_status status = asg_safe_folder_make(dir, error);
    bool is_first = access(controller->log_path, F_OK) != 0;
    bool was_there[LASTING_COUNT];
    for (size_t i = 0; i < LASTING_COUNT; i++)
        was_there[i] = is_file(dir, lasting[i].name);
    if (status == ASG_OK) status = asg_safe_folder_make(controller->blobs_path, error);
    if (status == ASG_OK)
        status = asg_safe_folder_make(controller->settings->workers_allowed, error);
    if (status == ASG_OK)
        status = asg_safe_folder_make(controller->settings->admins_allowed, error);
    (void)snprintf(path, sizeof path, "%s/controller.key", dir);
    if (status == ASG_OK) {
        status = asg_bus_keys_load_or_make(path, &controller->keys, error);
    }
    (void)snprintf(path, sizeof path, "%s/join.secret", dir);
    if (status == ASG_OK) status = load_secret(path, controller->join_secret, error);
    if (status == ASG_OK) {
        status = asg_authority_load_or_make(dir, &controller->authority, error);
    }
    if (status == ASG_OK && !is_first) tell_made(dir, was_there);
    return status;
}

/* The key of the openasg command on this host: made at the first start, so that the
 * operator can begin without copying keys. */
static enum asg_status make_admin_key(struct asg_controller *controller,
                                      struct asg_error *error)
{
    char path[ASG_PATH_MAX];
    struct asg_bus_keys keys;
    (void)snprintf(path, sizeof path, "%s/admin.key", controller->settings->dir);
    enum asg_status status = asg_bus_keys_load_or_make(path, &keys, error);
    if (status != ASG_OK) return status;
    (void)snprintf(path, sizeof path, "%s/admin.pub",
                   controller->settings->admins_allowed);
    if (access(path, F_OK) != 0) {
        status = asg_bus_public_key_save(path, keys.public_key, error);
    }
    asg_bus_keys_clear(&keys);
    return status;
}

enum asg_status asg_prepare_folders(struct asg_controller *controller,
                                    struct asg_error *error)
{
    enum asg_status status = make_folders(controller, error);
    return status == ASG_OK ? make_admin_key(controller, error) : status;
}

enum asg_status asg_write_endpoints(struct asg_controller *controller,
                                    struct asg_error *error)
{
    const char *path = controller->settings->endpoint_file;
    if (path[0] == '\0') return ASG_OK;
    struct asg_bytes text = {0};
    asg_bytes_printf(&text, "agents: %s\nworkers: %s\nadmin: %s\nhttp: %s\nkey: %s\n",
                     asg_bus_inlet_endpoint(controller->inlet),
                     asg_bus_listener_endpoint(controller->workers),
                     asg_bus_listener_endpoint(controller->admin),
                     asg_status_pages_url(controller->http), controller->keys.public_key);
    asg_bytes_printf(&text, "enrol: %s\nca: %s\n", controller->enrol_announced,
                     asg_authority_fingerprint(controller->authority));
    if (controller->api != NULL) {
        asg_bytes_printf(&text, "api: %s\n", asg_api_url(controller->api));
    }
    enum asg_status status =
        asg_safe_file_replace(path, 0644, text.data, text.length, error);
    asg_bytes_clear(&text);
    return status == ASG_OK ? ASG_OK : asg_fail_wrap(error, status, "endpoint_file");
}
