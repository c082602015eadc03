/* credentials_parts - what several sources of the chain need. */
#include "aws/credentials_sources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/sts.h"
#include "crypto/crypto.h"

#define TOKEN_MAX ((size_t)16 * 1024)

enum asg_status asg_credentials_sts(struct asg_credentials_scope *scope,
                                    struct asg_sts *ret, struct asg_error *error)
{
    const struct asg_credentials_chain_options *options = &scope->options;
    const struct asg_endpoint_options where = {
        .service = "sts",
        .url = options->sts_endpoint,
        .region = asg_endpoint_region(options->region, scope->files),
        .allows_plain_http = options->allows_plain_http,
        .fips = options->fips,
        .dual_stack = options->dual_stack,
        .files = scope->files,
    };
    *ret = (struct asg_sts){
        .ca_file = asg_endpoint_ca_file(options->ca_file, scope->files),
        .clock = options->clock,
        .is_stopping = &scope->is_stopping,
        .skew_ms = scope->sts_skew_ms,
    };
    enum asg_status status = asg_endpoint_resolve(&where, &ret->endpoint, error);
    return status == ASG_OK ? ASG_OK : asg_fail_wrap(error, status, "STS");
}

const char *asg_credentials_session_name(const struct asg_credentials_scope *scope,
                                         const char *configured,
                                         char buffer[ASG_SESSION_NAME_SIZE])
{
    if (configured != NULL && configured[0] != '\0') return configured;
    (void)snprintf(buffer, ASG_SESSION_NAME_SIZE, "openasg-%lld",
                   (long long)(asg_clock_wall_ms(&scope->options.clock) / 1000));
    return buffer;
}

enum asg_status asg_credentials_read_token(const char *path, struct asg_secret *ret,
                                           struct asg_error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return asg_fail(error, ASG_ERR_IO, "cannot read the token in %.200s: %s", path,
                        strerror(errno));
    }
    (void)setvbuf(file, NULL, _IONBF, 0);
    char text[TOKEN_MAX + 1];
    size_t length = fread(text, 1, sizeof text, file);
    bool has_failed = ferror(file) != 0;
    (void)fclose(file);
    enum asg_status status = ASG_OK;
    if (has_failed) {
        status = asg_fail(error, ASG_ERR_IO,
                          "cannot read the token in %.200s: it is a folder, or the disk "
                          "failed",
                          path);
    } else if (length > TOKEN_MAX) {
        status = asg_fail(error, ASG_ERR_LIMIT, "the token in %.200s is over %zu bytes",
                          path, TOKEN_MAX);
    }
    while (length > 0 && length <= TOKEN_MAX &&
           strchr(" \r\n", text[length - 1]) != NULL && text[length - 1] != '\0') {
        length--;
    }
    if (status == ASG_OK && length == 0) {
        status = asg_fail(error, ASG_ERR_MALFORMED, "there is no token in %.200s", path);
    }
    /* It goes into a header: a line end in it would begin another one. */
    for (size_t i = 0; status == ASG_OK && i < length; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
            status = asg_fail(error, ASG_ERR_MALFORMED,
                              "the token in %.200s has a control character in it", path);
        }
    }
    if (status == ASG_OK) asg_secret_set(ret, text, length);
    asg_secret_wipe(text, sizeof text);
    return status;
}
