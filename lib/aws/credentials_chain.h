/* credentials_chain - where a worker's credentials come from: the first source that has
 * any (docs/rules.md, "Credentials").
 *
 *   1. the profile or file that the settings name; then only that is looked at
 *   2. environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   3. profile of the shared AWS files: role_arn (source_profile or credential_source),
 *      web_identity_token_file, static keys, credential_process
 *   4. web identity: AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN
 *   5. container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
 *   6. EC2 instance metadata, version 2 only; not when 5 is configured
 *
 * The source found first stays the source: a later fetch asks only that one, so that a
 * file which is away for a moment does not make us somebody else. Not served, with an
 * error that says so: SSO, login sessions, MFA.
 * Blocks: a fetch, for files, the network or a program. Threads: one fetch at a time;
 * stop from any thread.
 */
#ifndef ASG_AWS_CREDENTIALS_CHAIN_H
#define ASG_AWS_CREDENTIALS_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "aws/imds.h"
#include "aws/endpoint.h"
#include "base/clock.h"

#define ASG_CREDENTIALS_PROCESS_MS 30000

/* Texts are lent and must outlive the chain. */
struct asg_credentials_chain_options {
    const char *profile;          /* NULL or "": AWS_PROFILE, "default" */
    const char *credentials_file; /* NULL or "": AWS_SHARED_CREDENTIALS_FILE, .. */
    const char *region;           /* of STS; NULL or "": as asg_endpoint_region() */
    const char *sts_endpoint;     /* NULL or "": as asg_endpoint_resolve() */
    enum asg_endpoint_choice fips;
    enum asg_endpoint_choice dual_stack;
    const char *ca_file;    /* for STS; NULL or "": as asg_endpoint_ca_file() */
    bool allows_plain_http; /* STS over http:// to another host */
    bool allows_process;    /* credential_process may run its program */
    int64_t process_ms;     /* its time; 0: ASG_CREDENTIALS_PROCESS_MS */
    struct asg_clock clock;
};

struct asg_credentials_chain;

/* Looks nowhere yet. */
void asg_credentials_chain_new(const struct asg_credentials_chain_options *options,
                               struct asg_credentials_chain **ret);
void asg_credentials_chain_destroy(struct asg_credentials_chain **chain);

/* The chain as a provider; it must outlive the provider's users. */
struct asg_credentials_provider asg_credentials_chain_provider(
    struct asg_credentials_chain *chain);

/* Those of the role of the instance whose metadata this is, and no others; blocks as
 * asg_imds_get() does. ASG_ERR_NOT_FOUND: it has no role. ASG_ERR_MALFORMED,
 * ASG_ERR_DENIED: what the metadata says is no use. */
ASG_MUST_USE enum asg_status asg_credentials_of_instance(struct asg_imds *imds,
                                                         const struct asg_clock *clock,
                                                         struct asg_credentials *ret,
                                                         struct asg_error *error);

/* End a fetch that runs in another thread within about a second, and all later ones. */
void asg_credentials_chain_stop(struct asg_credentials_chain *chain);

#endif
