/* endpoint - where EC2 is called: a URL from the configuration, the environment or the
 * region (reliability.md 1.7).
 * Threads: no state; reads the environment.
 */
#ifndef ASG_AWS_ENDPOINT_H
#define ASG_AWS_ENDPOINT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/status.h"

#define ASG_ENDPOINT_URL_MAX 512
#define ASG_REGION_MAX       63

struct asg_endpoint_options {
    const char *url;        /* explicit; NULL or "": environment, then region */
    const char *region;     /* "us-east-1"; needed even with a URL: it is signed */
    bool allows_plain_http; /* http:// to hosts other than loopback */
};

struct asg_endpoint {
    char url[2 * ASG_ENDPOINT_URL_MAX + 16]; /* "https://ec2.us-east-1.amazonaws.com/" */
    char host[ASG_ENDPOINT_URL_MAX + 1]; /* the Host header: with the port if it is not
                                            the scheme's own */
    char path[ASG_ENDPOINT_URL_MAX + 1]; /* "/", or the prefix of the URL */
    char region[ASG_REGION_MAX + 1];
    bool is_known_region; /* false: no partition knows it, "aws" was assumed */
    bool is_loopback;
    const char *source; /* "configuration", "AWS_ENDPOINT_URL_EC2", "region"; static */
};

/* Options, then AWS_ENDPOINT_URL_EC2, then AWS_ENDPOINT_URL (both skipped with
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true), then https://ec2.<region>.<suffix>.
 * ASG_ERR_INVALID: not a URL we can call, no region, or plain http off loopback;
 * `error` says which and where it came from. */
ASG_MUST_USE enum asg_status asg_endpoint_resolve(
    const struct asg_endpoint_options *options, struct asg_endpoint *ret,
    struct asg_error *error);

#endif
