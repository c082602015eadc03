/* endpoint - where EC2, STS, Auto Scaling and CloudWatch are called: a URL from the
 * configuration, the environment, the shared AWS files or the region
 * (docs/credentials.md). Threads: no state; reads the environment.
 */
#ifndef ASG_AWS_ENDPOINT_H
#define ASG_AWS_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/shared_config.h"
#include "base/error.h"
#include "base/status.h"

#define ASG_ENDPOINT_URL_MAX 512
#define ASG_REGION_MAX       63

/* For what the environment and the profile say as well. */
enum asg_endpoint_choice { ASG_ENDPOINT_AUTO, ASG_ENDPOINT_YES, ASG_ENDPOINT_NO };

struct asg_endpoint_options {
    const char *service;    /* "ec2", "sts", "autoscaling", "monitoring"; NULL: "ec2" */
    const char *url;        /* explicit; NULL or "": environment, files, then region */
    const char *region;     /* "us-east-1"; needed even with a URL: it is signed */
    bool allows_plain_http; /* http:// to hosts other than loopback */
    enum asg_endpoint_choice fips; /* AUTO: AWS_USE_FIPS_ENDPOINT, use_fips_endpoint */
    enum asg_endpoint_choice dual_stack;   /* AUTO: AWS_USE_DUALSTACK_ENDPOINT,
                                              use_dualstack_endpoint */
    const struct asg_shared_config *files; /* NULL: as if there were none */
};

struct asg_endpoint {
    char url[2 * ASG_ENDPOINT_URL_MAX + 16]; /* "https://ec2.us-east-1.amazonaws.com/" */
    char host[ASG_ENDPOINT_URL_MAX + 1]; /* the Host header: with the port if it is not
                                            the scheme's own */
    char path[ASG_ENDPOINT_URL_MAX + 1]; /* "/", or the prefix of the URL */
    char region[ASG_REGION_MAX + 1];
    bool is_known_region; /* false: no partition knows it, "aws" was assumed */
    bool is_loopback;
    const char *partition; /* "aws", "aws-cn"; static */
    const char *source;    /* "configuration", "AWS_ENDPOINT_URL_EC2", "region"; static */
};

/* Options, then AWS_ENDPOINT_URL_EC2 (_STS, _AUTO_SCALING, _CLOUDWATCH), then
 * AWS_ENDPOINT_URL, then the services section and the endpoint_url of the profile (these
 * four are skipped with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true, or
 * ignore_configured_endpoint_urls in the profile), then the region's own:
 * https://ec2.<region>.<suffix>, ec2-fips for FIPS (not in aws-us-gov, whose plain one is
 * FIPS), another suffix for dual-stack. ASG_ERR_INVALID: not a URL we can call, no
 * region, plain http off loopback, or a URL together with FIPS or dual-stack; `error`
 * says which and where it came from. */
ASG_MUST_USE enum asg_status asg_endpoint_resolve(
    const struct asg_endpoint_options *options, struct asg_endpoint *ret,
    struct asg_error *error);

/* The region to use: `configured` unless empty, AWS_REGION, AWS_DEFAULT_REGION, the
 * profile's; "" when none says. */
const char *asg_endpoint_region(const char *configured,
                                const struct asg_shared_config *files);

/* The certificates to trust: `configured` unless empty, AWS_CA_BUNDLE, the profile's
 * ca_bundle; NULL: the system's. */
const char *asg_endpoint_ca_file(const char *configured,
                                 const struct asg_shared_config *files);

/* "127.0.0.1", "localhost" or "[::1]". */
bool asg_endpoint_is_loopback_host(const char *host, size_t length);

#endif
