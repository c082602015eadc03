/* Source: a profile of the shared AWS files, static or by way of a role. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_sources.h"
#include "aws/sts.h"

/* Profiles of one chain of source_profile, the outermost first. */
#define CHAIN_MAX 8

struct visited {
    const char *names[CHAIN_MAX];
    size_t count;
};

static enum asg_status of_profile(struct asg_credentials_scope *scope,
                                  const char *profile, bool skips_role,
                                  struct visited *visited, struct asg_credentials *ret,
                                  struct asg_error *error);

static const char *get(const struct asg_credentials_scope *scope, const char *profile,
                       const char *name)
{
    return asg_shared_config_get(scope->files, profile, name);
}

static bool has_static_keys(const struct asg_credentials_scope *scope,
                            const char *profile)
{
    return get(scope, profile, "aws_access_key_id") != NULL &&
           get(scope, profile, "aws_secret_access_key") != NULL;
}

static enum asg_status of_static_keys(struct asg_credentials_scope *scope,
                                      const char *profile, struct asg_credentials *ret,
                                      struct asg_error *error)
{
    const char *key_id = get(scope, profile, "aws_access_key_id");
    const char *secret = get(scope, profile, "aws_secret_access_key");
    if (key_id == NULL || secret == NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "profile [%.100s] has no %s: it needs both keys", profile,
                        key_id == NULL ? "aws_access_key_id" : "aws_secret_access_key");
    }
    asg_credentials_set(ret, key_id, secret, get(scope, profile, "aws_session_token"),
                        "profile");
    return ASG_OK;
}

static enum asg_status of_source_profile(struct asg_credentials_scope *scope,
                                         const char *profile, const char *source,
                                         struct visited *visited,
                                         struct asg_credentials *ret,
                                         struct asg_error *error)
{
    if (!asg_shared_config_has_profile(scope->files, source)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "profile [%.100s] has source_profile = %.100s, which does not "
                        "exist",
                        profile, source);
    }
    /* A profile may name itself: its own static keys then assume its role. */
    if (strcmp(profile, source) == 0 && has_static_keys(scope, profile)) {
        return of_static_keys(scope, profile, ret, error);
    }
    for (size_t i = 0; i < visited->count; i++) {
        if (strcmp(visited->names[i], source) == 0) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "source_profile is circular: [%.100s] names [%.100s] "
                            "again",
                            profile, source);
        }
    }
    /* The keys of a source are used even when it has a role too. */
    enum asg_status status =
        of_profile(scope, source, has_static_keys(scope, source), visited, ret, error);
    if (status != ASG_ERR_NOT_FOUND) return status;
    /* The next source of the chain would make us somebody else. */
    return asg_fail(error, ASG_ERR_INVALID,
                    "profile [%.100s] has source_profile = %.100s, which has no "
                    "credentials",
                    profile, source);
}

static enum asg_status of_credential_source(struct asg_credentials_scope *scope,
                                            const char *profile, const char *source,
                                            struct asg_credentials *ret,
                                            struct asg_error *error)
{
    static const struct {
        const char *word;
        asg_credentials_source *from;
    } sources[] = {
        {"Environment", asg_credentials_from_environment},
        {"Ec2InstanceMetadata", asg_credentials_from_imds},
        {"EcsContainer", asg_credentials_from_container},
    };
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (strcmp(source, sources[i].word) != 0) continue;
        enum asg_status status = sources[i].from(scope, ret, error);
        if (status != ASG_ERR_NOT_FOUND) return status;
        return asg_fail(error, ASG_ERR_INVALID,
                        "profile [%.100s] has credential_source = %s, but there are no "
                        "credentials",
                        profile, source);
    }
    return asg_fail(error, ASG_ERR_INVALID,
                    "profile [%.100s] has credential_source = \"%.60s\": it is "
                    "Environment, Ec2InstanceMetadata or EcsContainer",
                    profile, source);
}

static enum asg_status read_duration(const struct asg_credentials_scope *scope,
                                     const char *profile, int64_t *ret,
                                     struct asg_error *error)
{
    const char *text = get(scope, profile, "duration_seconds");
    if (text == NULL) return ASG_OK;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < 900 || value > 43200) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "profile [%.100s] has duration_seconds = %.30s: it is from 900 to "
            "43200",
            profile, text);
    }
    *ret = value;
    return ASG_OK;
}

/* Whoever signs the AssumeRole. */
static enum asg_status of_role_source(struct asg_credentials_scope *scope,
                                      const char *profile, struct visited *visited,
                                      struct asg_credentials *ret,
                                      struct asg_error *error)
{
    const char *source_profile = get(scope, profile, "source_profile");
    const char *credential_source = get(scope, profile, "credential_source");
    if ((source_profile == NULL) == (credential_source == NULL)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "profile [%.100s] has role_arn and %s: it needs source_profile "
                        "or credential_source, one of them",
                        profile,
                        source_profile == NULL ? "neither source" : "both sources");
    }
    if (source_profile != NULL) {
        return of_source_profile(scope, profile, source_profile, visited, ret, error);
    }
    return of_credential_source(scope, profile, credential_source, ret, error);
}

static enum asg_status of_role(struct asg_credentials_scope *scope, const char *profile,
                               struct visited *visited, struct asg_credentials *ret,
                               struct asg_error *error)
{
    if (get(scope, profile, "mfa_serial") != NULL) {
        return asg_fail(
            error, ASG_ERR_UNSUPPORTED,
            "profile [%.100s] has mfa_serial: no one is there to type a code; "
            "give the worker a role that needs none",
            profile);
    }
    char name[ASG_SESSION_NAME_SIZE];
    struct asg_sts_role role = {
        .arn = get(scope, profile, "role_arn"),
        .session_name = asg_credentials_session_name(
            scope, get(scope, profile, "role_session_name"), name),
        .external_id = get(scope, profile, "external_id"),
    };
    struct asg_credentials signer = {0};
    struct asg_sts sts = {0};
    enum asg_status status = read_duration(scope, profile, &role.duration_s, error);
    if (status == ASG_OK) {
        status = of_role_source(scope, profile, visited, &signer, error);
    }
    if (status == ASG_OK) status = asg_credentials_sts(scope, &sts, error);
    if (status == ASG_OK) {
        status = asg_sts_assume_role(&sts, &signer, &role, ret, error);
        scope->sts_skew_ms = sts.skew_ms;
    }
    asg_credentials_clear(&signer);
    return status;
}

/* The settings of this profile in the order of the SDKs; NOT_FOUND when it has none that
 * give credentials. */
static enum asg_status of_profile(struct asg_credentials_scope *scope,
                                  const char *profile, bool skips_role,
                                  struct visited *visited, struct asg_credentials *ret,
                                  struct asg_error *error)
{
    if (visited->count == CHAIN_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT,
                        "source_profile goes through more than %d profiles", CHAIN_MAX);
    }
    visited->names[visited->count++] = profile;
    const char *role = get(scope, profile, "role_arn");
    const char *token_file = get(scope, profile, "web_identity_token_file");
    if (!skips_role && role != NULL && token_file != NULL) {
        return asg_credentials_with_token_file(scope, role,
                                               get(scope, profile, "role_session_name"),
                                               token_file, ret, error);
    }
    if (!skips_role && role != NULL) return of_role(scope, profile, visited, ret, error);
    static const char *const unserved[] = {"sso_session", "sso_start_url",
                                           "sso_account_id", "login_session"};
    for (size_t i = 0; !skips_role && i < sizeof unserved / sizeof unserved[0]; i++) {
        if (get(scope, profile, unserved[i]) == NULL) continue;
        return asg_fail(error, ASG_ERR_UNSUPPORTED,
                        "profile [%.100s] has %s: a worker cannot sign in through a "
                        "browser; give it keys, a role or an instance profile",
                        profile, unserved[i]);
    }
    if (get(scope, profile, "aws_access_key_id") != NULL ||
        get(scope, profile, "aws_secret_access_key") != NULL) {
        return of_static_keys(scope, profile, ret, error);
    }
    const char *command = get(scope, profile, "credential_process");
    if (command != NULL) return asg_credentials_from_process(scope, command, ret, error);
    return ASG_ERR_NOT_FOUND;
}

enum asg_status asg_credentials_from_profile(struct asg_credentials_scope *scope,
                                             struct asg_credentials *ret,
                                             struct asg_error *error)
{
    struct visited visited = {.count = 0};
    return of_profile(scope, asg_shared_config_profile(scope->files),
                      /* skips_role */ false, &visited, ret, error);
}
