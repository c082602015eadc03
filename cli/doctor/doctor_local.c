/* doctor_local - settings, keys and files of this host. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/safe_file.h"
#include "bus/keys.h"
#include "cli/doctor/doctor.h"
#include "text/nearest.h"

#define FREE_LOW_PERCENT  10
#define FREE_NONE_PERCENT 2
#define FREE_LOW_MIB      2048
#define FREE_NONE_MIB     256
#define MIB               (UINT64_C(1024) * 1024)

/* ---- settings ---- */

/* Of other programs, and those that are no setting. */
static bool is_of_another(const char *name)
{
    static const char *const others[] = {
        "CONTROLLER_", "WORKER_",  "AGENT_", "EC2LOCAL_", "FAILPOINT",
        "CONFIG=",     "CONTEXT=", "BENCH",  "TEST"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strncmp(name, others[i], strlen(others[i])) == 0) return true;
    }
    return false;
}

static void check_variables(struct asg_doctor *doctor)
{
    static const char prefix[] = "OPENASG_";
    for (char *const *entry = environ; *entry != NULL; entry++) {
        if (strncmp(*entry, prefix, sizeof prefix - 1) != 0) continue;
        const char *name = *entry + sizeof prefix - 1;
        if (is_of_another(name)) continue;
        size_t length = strcspn(name, "=");
        const char *key = asg_arena_text_n(&doctor->cli->arena, name, length);
        if (asg_config_find(&asg_cli_config_table, key, '_') != NULL) continue;
        const char *near = asg_config_nearest(&asg_cli_config_table, key, '_');
        char spelled[ASG_CONFIG_NAME_MAX] = "";
        if (near != NULL) asg_config_spell(near, '_', spelled);
        asg_doctor_find(doctor, ASG_FINDING_WARNING, "environment",
                        near != NULL
                            ? asg_arena_format(&doctor->cli->arena,
                                               "Unset it, or use OPENASG_%s.", spelled)
                            : "Unset it.",
                        "the variable %s%s is not a setting of openasg", prefix, key);
    }
}

static void check_settings(struct asg_doctor *doctor)
{
    const struct asg_cli_settings *settings = &doctor->cli->settings;
    size_t before = doctor->count;
    check_variables(doctor);
    if (doctor->count != before) return;
    bool has_context = settings->context[0] != '\0';
    asg_doctor_find(doctor, ASG_FINDING_OK, "settings", NULL,
                    "controller %s, folder %s%s%s", settings->controller, settings->dir,
                    has_context ? ", context " : "", settings->context);
}

/* ---- keys ---- */

static void check_admin_key(struct asg_doctor *doctor)
{
    const struct asg_cli_settings *settings = &doctor->cli->settings;
    struct asg_bus_keys keys;
    struct asg_error error = {""};
    enum asg_status status = asg_bus_keys_load(settings->key_file, &keys, &error);
    if (status == ASG_OK) {
        asg_bus_keys_clear(&keys);
        asg_doctor_find(doctor, ASG_FINDING_OK, "admin key", NULL, "%s",
                        settings->key_file);
    } else if (status == ASG_ERR_NOT_FOUND) {
        asg_doctor_find(
            doctor, ASG_FINDING_FAILED, "admin key",
            "Create one with `openasg keys make FILE`, copy its .pub file into "
            "admins.d of the controller, and name it with --key-file or "
            "key_file.",
            "there is no key file %s", settings->key_file);
    } else {
        asg_doctor_fail(doctor, "admin key", &error);
    }
}

static void check_server_key(struct asg_doctor *doctor)
{
    const struct asg_cli_settings *settings = &doctor->cli->settings;
    char key[ASG_BUS_KEY_SIZE];
    struct asg_error error = {""};
    if (settings->server_key[0] != '\0') {
        bool is_key = asg_bus_is_key(settings->server_key);
        asg_doctor_find(doctor, is_key ? ASG_FINDING_OK : ASG_FINDING_FAILED,
                        "controller's key",
                        is_key ? NULL : "Give the 40 characters of controller.key.pub.",
                        is_key ? "given as text" : "server_key is not a public key");
        return;
    }
    if (asg_bus_public_key_load(settings->server_key_file, key, &error) == ASG_OK) {
        asg_doctor_find(doctor, ASG_FINDING_OK, "controller's key", NULL, "%s",
                        settings->server_key_file);
        return;
    }
    asg_doctor_find(doctor, ASG_FINDING_FAILED, "controller's key",
                    "Copy controller.key.pub from the controller's folder, and name it "
                    "with --server-key-file or server_key_file.",
                    "%s", error.text);
}

/* ---- the controller's own folder, on its host ---- */

static const char *in_dir(const struct asg_doctor *doctor, const char *name)
{
    return asg_arena_format(&doctor->cli->arena, "%s/%s", doctor->cli->settings.dir,
                            name);
}

static void check_disk(struct asg_doctor *doctor, const char *path)
{
    struct statvfs info;
    if (statvfs(path, &info) != 0) return;
    uint64_t free_mib = info.f_bavail * info.f_frsize / MIB;
    uint64_t all_mib = info.f_blocks * info.f_frsize / MIB;
    uint64_t percent = all_mib > 0 ? free_mib * 100 / all_mib : 0;
    enum asg_finding_state state = ASG_FINDING_OK;
    if (percent < FREE_LOW_PERCENT && free_mib < FREE_LOW_MIB)
        state = ASG_FINDING_WARNING;
    if (percent < FREE_NONE_PERCENT && free_mib < FREE_NONE_MIB) {
        state = ASG_FINDING_FAILED;
    }
    if (info.f_files > 0 && info.f_favail == 0) state = ASG_FINDING_FAILED;
    asg_doctor_find(doctor, state, "disk",
                    state == ASG_FINDING_OK
                        ? NULL
                        : "Free space: a controller that cannot write its log stops "
                          "leading. docs/operations.md, \"Sizing\".",
                    "%llu MiB (%llu %%) and %llu files free for the log in %s",
                    (unsigned long long)free_mib, (unsigned long long)percent,
                    (unsigned long long)info.f_favail, path);
}

/* The log names instances, groups and reasons: it is for the service and its auditors. */
static void check_log_modes(struct asg_doctor *doctor)
{
    static const char *const files[] = {"openasg.log", "openasg.log-wal",
                                        "activities.db"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *path = in_dir(doctor, files[i]);
        struct stat info;
        if (stat(path, &info) != 0) continue;
        struct stat folder;
        bool is_strange =
            stat(doctor->cli->settings.dir, &folder) == 0 && folder.st_uid != info.st_uid;
        if ((info.st_mode & 022) != 0) {
            asg_doctor_find(doctor, ASG_FINDING_FAILED, "log file",
                            asg_arena_format(&doctor->cli->arena, "chmod 600 %s", path),
                            "others than its owner may write %s (mode %03o)", path,
                            (unsigned)(info.st_mode & 0777));
        } else if (is_strange) {
            asg_doctor_find(doctor, ASG_FINDING_FAILED, "log file",
                            asg_arena_format(&doctor->cli->arena,
                                             "chown --reference=%s %s",
                                             doctor->cli->settings.dir, path),
                            "%s belongs to another user (uid %ld) than its folder", path,
                            (long)info.st_uid);
        } else {
            asg_doctor_find(doctor, ASG_FINDING_OK, "log file", NULL, "%s, mode %03o",
                            path, (unsigned)(info.st_mode & 0777));
        }
    }
}

/* Each NAME.pub holds a key that no one else may change. */
static void check_folder(struct asg_doctor *doctor, const char *name)
{
    const char *path = in_dir(doctor, name);
    struct asg_error error = {""};
    enum asg_status status = asg_safe_folder_check(path, &error);
    if (status == ASG_ERR_NOT_FOUND) return;
    if (status != ASG_OK) {
        asg_doctor_fail(doctor, "key folder", &error);
        return;
    }
    DIR *folder = opendir(path);
    size_t keys = 0;
    size_t wrong = 0;
    for (struct dirent *entry = folder != NULL ? readdir(folder) : NULL; entry != NULL;
         entry = readdir(folder)) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 4, ".pub") != 0) continue;
        char key[ASG_BUS_KEY_SIZE];
        const char *file =
            asg_arena_format(&doctor->cli->arena, "%s/%s", path, entry->d_name);
        error.text[0] = '\0';
        if (asg_bus_public_key_load(file, key, &error) == ASG_OK) {
            keys++;
        } else {
            asg_doctor_fail(doctor, "key folder", &error);
            wrong++;
        }
    }
    if (folder != NULL) (void)closedir(folder);
    if (wrong > 0) return;
    asg_doctor_find(doctor, keys > 0 ? ASG_FINDING_OK : ASG_FINDING_WARNING, "key folder",
                    keys > 0 ? NULL : "Copy the .pub file of each worker or admin there.",
                    "%s has %zu key%s", path, keys, keys == 1 ? "" : "s");
}

/* This user may look into the folder, and a controller keeps its log there. */
static bool is_controllers(const struct asg_doctor *doctor)
{
    return access(in_dir(doctor, "openasg.log"), F_OK) == 0 ||
           access(in_dir(doctor, "controller.key"), F_OK) == 0;
}

void asg_doctor_check_local(struct asg_doctor *doctor)
{
    check_settings(doctor);
    if (!doctor->cli->settings.allow_plaintext) {
        check_admin_key(doctor);
        check_server_key(doctor);
    }
    if (!is_controllers(doctor)) return;
    struct asg_error error = {""};
    if (asg_safe_folder_check(doctor->cli->settings.dir, &error) != ASG_OK) {
        asg_doctor_fail(doctor, "key folder", &error);
    }
    check_folder(doctor, "workers.d");
    check_folder(doctor, "admins.d");
    check_log_modes(doctor);
    check_disk(doctor, doctor->cli->settings.dir);
}
