#include "aws/credentials_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_sources.h"
#include "aws/sts.h"
#include "base/arena.h"

static const struct {
    const char *name;
    asg_credentials_source *from;
} sources[] = {
    {"environment", asg_credentials_from_environment},
    {"profile", asg_credentials_from_profile},
    {"web identity", asg_credentials_from_web_identity},
    {"container", asg_credentials_from_container},
    {"EC2 metadata", asg_credentials_from_imds},
};
#define SOURCE_COUNT   (sizeof sources / sizeof sources[0])
#define SOURCE_PROFILE 1
#define SOURCE_IMDS    (SOURCE_COUNT - 1)

struct asg_credentials_chain {
    struct asg_credentials_scope scope;
    size_t found; /* the source that had some; SOURCE_COUNT: none so far */
};

void asg_credentials_chain_new(const struct asg_credentials_chain_options *options,
                               struct asg_credentials_chain **ret)
{
    struct asg_credentials_chain *chain = asg_alloc(1, sizeof *chain);
    chain->scope.options = *options;
    chain->found = SOURCE_COUNT;
    *ret = chain;
}

void asg_credentials_chain_destroy(struct asg_credentials_chain **chain)
{
    if (*chain == NULL) return;
    asg_imds_destroy(&(*chain)->scope.imds);
    asg_shared_config_destroy(&(*chain)->scope.files);
    free(*chain);
    *chain = NULL;
}

void asg_credentials_chain_stop(struct asg_credentials_chain *chain)
{
    atomic_store(&chain->scope.is_stopping, true);
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Words on where was looked and what was found there instead of credentials. */
struct looked {
    char text[300];
};

static void note(struct looked *looked, const char *name, const char *why)
{
    size_t used = strlen(looked->text);
    (void)snprintf(looked->text + used, sizeof looked->text - used, "%s%s%s%s",
                   used > 0 ? ", " : "", name, why[0] != '\0' ? ": " : "", why);
}

/* On a host that is not at EC2 nobody answers at the metadata's address; who answers with
 * an error is there. */
static bool is_absent(size_t source, enum asg_status status)
{
    if (status == ASG_ERR_NOT_FOUND) return true;
    return source == SOURCE_IMDS &&
           (status == ASG_ERR_TIMEOUT || status == ASG_ERR_CLOSED);
}

static enum asg_status look_through(struct asg_credentials_chain *chain, size_t first,
                                    size_t last, struct asg_credentials *ret,
                                    struct asg_error *error)
{
    struct looked looked = {""};
    for (size_t i = first; i <= last; i++) {
        struct asg_credentials found = {0};
        struct asg_error why = {""};
        enum asg_status status = sources[i].from(&chain->scope, &found, &why);
        if (status == ASG_OK) {
            asg_credentials_clear(ret);
            *ret = found;
            chain->found = i;
            return ASG_OK;
        }
        asg_credentials_clear(&found);
        if (!is_absent(i, status)) {
            if (error != NULL) *error = why;
            return status;
        }
        note(&looked, sources[i].name, why.text);
    }
    return asg_fail(error, ASG_ERR_NOT_FOUND,
                    "no AWS credentials found (looked in: %s); see docs/credentials.md",
                    looked.text);
}

/* The source that had some before is the only one asked again. */
static enum asg_status ask_again(struct asg_credentials_chain *chain,
                                 struct asg_credentials *ret, struct asg_error *error)
{
    struct asg_credentials found = {0};
    struct asg_error why = {""};
    enum asg_status status = sources[chain->found].from(&chain->scope, &found, &why);
    if (status == ASG_OK) {
        asg_credentials_clear(ret);
        *ret = found;
        return ASG_OK;
    }
    asg_credentials_clear(&found);
    if (why.text[0] == '\0') {
        return asg_fail(error, status, "the credentials that were in the %s are gone",
                        sources[chain->found].name);
    }
    if (error != NULL) *error = why;
    return status;
}

/* A set that has ended already is worse than the one that it would replace. */
static enum asg_status refuse_ended(const struct asg_credentials_chain *chain,
                                    struct asg_credentials *ret, struct asg_error *error)
{
    int64_t end_ms = ret->expires_at_ms;
    if (end_ms == 0 || end_ms > asg_clock_wall_ms(&chain->scope.options.clock)) {
        return ASG_OK;
    }
    char end[ASG_TIME_TEXT_MAX];
    asg_time_format(end_ms, end);
    enum asg_status status =
        asg_fail(error, ASG_ERR_DENIED,
                 "the source \"%s\" gives credentials that ended at %s: is this host's "
                 "clock right?",
                 ret->source, end);
    asg_credentials_clear(ret);
    return status;
}

static enum asg_status fetch(void *context, struct asg_credentials *ret,
                             struct asg_error *error)
{
    struct asg_credentials_chain *chain = context;
    const struct asg_credentials_chain_options *options = &chain->scope.options;
    if (atomic_load(&chain->scope.is_stopping)) {
        return asg_fail(error, ASG_ERR_CLOSED, "this program is stopping");
    }
    const struct asg_shared_config_options files = {
        .profile = options->profile, .credentials_file = options->credentials_file};
    enum asg_status status = asg_shared_config_load(&files, &chain->scope.files, error);
    if (status != ASG_OK) return status;
    if (chain->found < SOURCE_COUNT) {
        status = ask_again(chain, ret, error);
    } else if (is_set(options->profile) || is_set(options->credentials_file)) {
        status = look_through(chain, SOURCE_PROFILE, SOURCE_PROFILE, ret, error);
    } else {
        status = look_through(chain, 0, SOURCE_COUNT - 1, ret, error);
    }
    asg_shared_config_destroy(&chain->scope.files);
    if (status == ASG_OK) status = refuse_ended(chain, ret, error);
    return status;
}

struct asg_credentials_provider asg_credentials_chain_provider(
    struct asg_credentials_chain *chain)
{
    return (struct asg_credentials_provider){
        .name = "chain", .fetch = fetch, .context = chain};
}
