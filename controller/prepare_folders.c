/* prepare_folders - the controller's files beside the log: folders, keys, join secret. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/parts.h"
#include "crypto/crypto.h"

static enum asg_status make_folder(const char *path, struct asg_error *error)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return ASG_OK;
    return asg_fail(error, ASG_ERR_IO, "cannot make the folder %s: %s", path,
                    strerror(errno));
}

/* 32 random bytes, made at the first start. */
static enum asg_status load_secret(const char *path, uint8_t ret[32],
                                   struct asg_error *error)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return asg_fail(error, ASG_ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    struct stat info;
    enum asg_status status = ASG_OK;
    if (fstat(file, &info) != 0 || (info.st_mode & 077) != 0) {
        status = asg_fail(error, ASG_ERR_DENIED, "%s may be read by others; chmod 600 it",
                          path);
    } else if (info.st_size == 0) {
        asg_random_bytes(ret, 32);
        if (write(file, ret, 32) != 32 || fsync(file) != 0) {
            status =
                asg_fail(error, ASG_ERR_IO, "cannot write %s: %s", path, strerror(errno));
        }
    } else if (read(file, ret, 32) != 32) {
        status = asg_fail(error, ASG_ERR_CORRUPT,
                          "%s is not the 32 bytes it should be; restore it, or remove it "
                          "and replace all instances",
                          path);
    }
    (void)close(file);
    return status;
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
    enum asg_status status = make_folder(dir, error);
    if (status == ASG_OK) status = make_folder(controller->blobs_path, error);
    if (status == ASG_OK)
        status = make_folder(controller->settings->workers_allowed, error);
    if (status == ASG_OK)
        status = make_folder(controller->settings->admins_allowed, error);
    (void)snprintf(path, sizeof path, "%s/controller.key", dir);
    if (status == ASG_OK) {
        status = asg_bus_keys_load_or_make(path, &controller->keys, error);
    }
    (void)snprintf(path, sizeof path, "%s/join.secret", dir);
    if (status == ASG_OK) status = load_secret(path, controller->join_secret, error);
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
    char fresh[ASG_PATH_MAX];
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = fopen(fresh, "we");
    bool is_written =
        file != NULL &&
        fprintf(file, "agents: %s\nworkers: %s\nadmin: %s\nhttp: %s\nkey: %s\n",
                asg_bus_listener_endpoint(controller->agents),
                asg_bus_listener_endpoint(controller->workers),
                asg_bus_listener_endpoint(controller->admin),
                asg_status_pages_url(controller->http), controller->keys.public_key) > 0;
    if (is_written && controller->api != NULL) {
        is_written = fprintf(file, "api: %s\n", asg_api_url(controller->api)) > 0;
    }
    if (file != NULL && fclose(file) != 0) is_written = false;
    if (is_written && rename(fresh, path) == 0) return ASG_OK;
    return asg_fail(error, ASG_ERR_IO, "cannot write endpoint_file %s: %s", path,
                    strerror(errno));
}
