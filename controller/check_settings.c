/* check_settings - what a start would find wrong with the settings and the files they
 * name, all of it and without making or opening anything: --check-config. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/certificate.h"
#include "bus/allow_list.h"
#include "controller/enrol_proof.h"
#include "controller/parts.h"
#include "crypto/access_keys.h"

static const char *in_dir(const struct asg_controller_settings *settings,
                          const char *name, struct asg_problems *problems)
{
    return asg_arena_format(problems->arena, "%s/%s", settings->dir, name);
}

static void check_values(const struct asg_controller_settings *settings,
                         struct asg_problems *problems)
{
    struct asg_rate_quotas quotas = asg_rate_quotas_default();
    struct asg_proof_rules rules = {0};
    struct asg_error error = {""};
    (void)asg_problem_take(
        problems, asg_rate_quotas_parse(settings->rate_quotas, &quotas, &error), &error);
    (void)asg_problem_take(problems, asg_check_announced(settings, &error), &error);
    (void)asg_problem_take(problems, asg_proof_rules_read(settings, &rules, &error),
                           &error);
    asg_proof_rules_clear(&rules);
    if (settings->heartbeat_ms * 3 > settings->lease_ms) {
        asg_problem_add(
            problems,
            "jobs.heartbeat is %lld ms, more than a third of jobs.lease (%lld "
            "ms): a worker would lose jobs that it still works on",
            (long long)settings->heartbeat_ms, (long long)settings->lease_ms);
    }
    asg_problem_address(problems, "listen.http", settings->listen_http);
    asg_problem_address(problems, "listen.enrol", settings->listen_enrol);
    asg_problem_address(problems, "listen.api", settings->listen_api);
}

/* A folder of NAME.pub: each of them a key, and no one else's to write. */
static void check_allowed(const char *setting, const char *folder,
                          struct asg_problems *problems)
{
    if (access(folder, F_OK) != 0) return; /* a start makes it */
    struct asg_allow_list *list = NULL;
    struct asg_error error = {""};
    if (!asg_problem_folder(problems, setting, folder)) return;
    asg_allow_list_new(&list);
    (void)asg_problem_take(problems, asg_allow_list_load(list, folder, &error), &error);
    asg_allow_list_destroy(&list);
}

static void check_key(const char *path, struct asg_problems *problems)
{
    struct asg_bus_keys keys;
    struct asg_error error = {""};
    enum asg_status status = asg_bus_keys_load(path, &keys, &error);
    if (status == ASG_OK) asg_bus_keys_clear(&keys);
    if (status == ASG_ERR_NOT_FOUND) return; /* a start makes it */
    (void)asg_problem_take(problems, status, &error);
}

static void check_log(const struct asg_controller_settings *settings,
                      struct asg_problems *problems)
{
    static const char *const files[] = {"openasg.log", "openasg.log-wal",
                                        "openasg.log-shm", "activities.db"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *path = in_dir(settings, files[i], problems);
        if (access(path, R_OK | W_OK) == 0 || errno == ENOENT) continue;
        asg_problem_add(
            problems,
            "dir: this user (uid %ld) may not read and write %s: %s; chown it "
            "to the user of the service",
            (long)geteuid(), path, strerror(errno));
    }
}

static void check_dir(const struct asg_controller_settings *settings,
                      struct asg_problems *problems)
{
    const struct asg_safe_need secret = {.what = "secret file",
                                         .length_max = 65536,
                                         .guard = ASG_SAFE_SECRET,
                                         .is_own = true};
    if (!asg_problem_folder(problems, "dir", settings->dir)) return;
    check_key(in_dir(settings, "controller.key", problems), problems);
    check_key(in_dir(settings, "admin.key", problems), problems);
    (void)asg_problem_file(problems, in_dir(settings, "join.secret", problems), &secret);
    bool has_key =
        asg_problem_file(problems, in_dir(settings, "ca.key", problems), &secret);
    bool has_certificate = access(in_dir(settings, "ca.pem", problems), F_OK) == 0;
    if (has_certificate && !has_key) {
        asg_problem_add(problems,
                        "dir: %s/ca.pem exists, but ca.key does not: restore ca.key from "
                        "the backup (docs/recovery.md)",
                        settings->dir);
    }
    check_log(settings, problems);
}

static void check_api(const struct asg_controller_settings *settings,
                      struct asg_problems *problems)
{
    if (settings->listen_api[0] == '\0') return;
    struct asg_error error = {""};
    (void)asg_problem_take(problems, asg_check_names(settings, &error), &error);
    struct asg_access_keys keys = {0};
    enum asg_status status = asg_access_keys_load_own(settings->api_keys, &keys, &error);
    asg_access_keys_clear(&keys);
    if (status != ASG_ERR_NOT_FOUND) (void)asg_problem_take(problems, status, &error);
    if (settings->api_certificate[0] == '\0' && settings->api_private_key[0] == '\0') {
        return;
    }
    struct asg_bytes certificate = {0};
    struct asg_bytes key = {0};
    status = asg_certificate_read(settings->api_certificate, settings->api_private_key,
                                  &certificate, &key, &error);
    asg_bytes_clear(&certificate);
    asg_certificate_clear_key(&key);
    (void)asg_problem_take(problems, status, &error);
}

void asg_controller_check_settings(const void *settings, struct asg_problems *problems)
{
    struct asg_controller_settings filled =
        *(const struct asg_controller_settings *)settings;
    asg_controller_fill_settings(&filled, problems->arena);
    check_values(&filled, problems);
    check_dir(&filled, problems);
    check_allowed("allow.workers", filled.workers_allowed, problems);
    check_allowed("allow.admins", filled.admins_allowed, problems);
    check_api(&filled, problems);
    asg_problem_readable(problems, "enrol.sts_ca", filled.enrol_sts_ca);
    asg_problem_readable(problems, "enrol.document_certificates",
                         filled.enrol_document_certificates);
}
