/* credentials_sources - what the sources of the chain share, and how each is asked.
 * Private to credentials_*.c.
 *
 * Each answers as asg_credentials_provider.fetch does: ASG_ERR_NOT_FOUND means "nothing
 * here, ask the next"; any other failure stops the chain, for the operator meant this
 * one.
 */
#ifndef ASG_AWS_CREDENTIALS_SOURCES_H
#define ASG_AWS_CREDENTIALS_SOURCES_H

#include <stdatomic.h>

#include "aws/credentials_chain.h"
#include "aws/imds.h"
#include "aws/shared_config.h"

struct asg_credentials_scope {
    struct asg_credentials_chain_options options;
    struct asg_shared_config *files; /* read anew for each fetch */
    struct asg_imds *imds;           /* made when it is first asked */
    int64_t sts_skew_ms;             /* of STS's clock, learned */
    atomic_bool is_stopping;
};

typedef enum asg_status asg_credentials_source(struct asg_credentials_scope *scope,
                                               struct asg_credentials *ret,
                                               struct asg_error *error);

asg_credentials_source asg_credentials_from_environment;
asg_credentials_source asg_credentials_from_profile;
asg_credentials_source asg_credentials_from_web_identity;
asg_credentials_source asg_credentials_from_container;
asg_credentials_source asg_credentials_from_imds;

/* Run the command of a profile and read what it prints. */
enum asg_status asg_credentials_from_process(struct asg_credentials_scope *scope,
                                             const char *command,
                                             struct asg_credentials *ret,
                                             struct asg_error *error);

/* AssumeRoleWithWebIdentity with the token in `token_file`, read anew. `session_name` may
 * be NULL. */
enum asg_status asg_credentials_with_token_file(
    struct asg_credentials_scope *scope, const char *role_arn, const char *session_name,
    const char *token_file, struct asg_credentials *ret, struct asg_error *error);

/* STS of the scope's region and configuration. ASG_ERR_INVALID: as
 * asg_endpoint_resolve(). */
struct asg_sts;
enum asg_status asg_credentials_sts(struct asg_credentials_scope *scope,
                                    struct asg_sts *ret, struct asg_error *error);

/* "openasg-1700000000" when `configured` is NULL. In the buffer given or `configured`. */
#define ASG_SESSION_NAME_SIZE 40
const char *asg_credentials_session_name(const struct asg_credentials_scope *scope,
                                         const char *configured,
                                         char buffer[ASG_SESSION_NAME_SIZE]);

/* A small text file without its closing line end, as tokens come in.
 * ASG_ERR_IO, ASG_ERR_LIMIT, ASG_ERR_MALFORMED (a control character in it). */
enum asg_status asg_credentials_read_token(const char *path, struct asg_secret *ret,
                                           struct asg_error *error);

/* The JSON of IMDS, the container endpoint and credential_process. */
struct asg_credentials_json {
    const char *token_name; /* "Token", "SessionToken" */
    bool needs_version;     /* "Version": 1 must be there */
    bool may_be_endless;    /* without Expiration */
    const char *source;     /* static */
    int64_t server_date_ms; /* of the answer; -1: not known */
    const struct asg_clock *clock;
};
/* ASG_ERR_MALFORMED: not JSON, or something is missing; ASG_ERR_DENIED: it says an error
 * of its own (Code, Message). */
enum asg_status asg_credentials_read_json(const void *json, size_t length,
                                          const struct asg_credentials_json *how,
                                          struct asg_credentials *ret,
                                          struct asg_error *error);

#endif
