#include "aws/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/environment.h"

/* Which regions a partition has and its DNS suffixes (botocore, partitions.json). A
 * region is one of the prefixes, a word and a number; the longer prefix stands first. */
static const struct partition {
    const char *name;
    const char *prefixes;
    const char *suffix;
    const char *dual_suffix;
} partitions[] = {
    {"aws-us-gov", "us-gov", "amazonaws.com", "api.aws"},
    {"aws-iso-b", "us-isob", "sc2s.sgov.gov", "api.aws.scloud"},
    {"aws-iso-f", "us-isof", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"aws-iso", "us-iso", "c2s.ic.gov", "api.aws.ic.gov"},
    {"aws-iso-e", "eu-isoe", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"aws-cn", "cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"aws-eusc", "eusc-de", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"aws", "us eu ap sa ca me af il mx", "amazonaws.com", "api.aws"},
};
static const struct partition *const assumed_partition =
    &partitions[sizeof partitions / sizeof partitions[0] - 1];

/* "-east-1": a word without a dash, a dash and a number. */
static bool is_region_tail(const char *tail)
{
    if (*tail++ != '-') return false;
    size_t word = strcspn(tail, "-");
    size_t digits =
        word == 0 || tail[word] == '\0' ? 0 : strspn(tail + word + 1, "0123456789");
    return digits > 0 && tail[word + 1 + digits] == '\0';
}

static const struct partition *find_partition(const char *region)
{
    for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
        for (const char *prefix = partitions[i].prefixes; *prefix != '\0';) {
            size_t length = strcspn(prefix, " ");
            if (strncmp(region, prefix, length) == 0 && is_region_tail(region + length)) {
                return &partitions[i];
            }
            prefix += length;
            prefix += strspn(prefix, " ");
        }
    }
    return NULL;
}

static bool is_region(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= ASG_REGION_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length &&
           text[0] != '-' && text[length - 1] != '-';
}

bool asg_endpoint_is_loopback_host(const char *host, size_t length)
{
    char name[64];
    if (length >= sizeof name) return false;
    memcpy(name, host, length);
    name[length] = '\0';
    struct in_addr address;
    if (inet_pton(AF_INET, name, &address) == 1) {
        return (ntohl(address.s_addr) >> 24) == 127;
    }
    return strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0;
}

static const char *of_profile(const struct asg_shared_config *files, const char *name)
{
    if (files == NULL) return NULL;
    return asg_shared_config_get(files, asg_shared_config_profile(files), name);
}

/* The variable, then the setting of the profile, is "true". */
static bool is_asked_for(const char *variable, const char *setting,
                         const struct asg_shared_config *files)
{
    const char *value = asg_environment_get(variable);
    if (value == NULL) value = of_profile(files, setting);
    return value != NULL && strcasecmp(value, "true") == 0;
}

static bool is_chosen(enum asg_endpoint_choice choice, const char *variable,
                      const char *setting, const struct asg_shared_config *files)
{
    if (choice != ASG_ENDPOINT_AUTO) return choice == ASG_ENDPOINT_YES;
    return is_asked_for(variable, setting, files);
}

/* How the services are called by the settings of AWS's tools. */
static const struct service {
    const char *name; /* as hosts and signatures have it */
    const char *variable;
    const char *section; /* of [services] */
} services[] = {
    {"ec2", "AWS_ENDPOINT_URL_EC2", "ec2"},
    {"sts", "AWS_ENDPOINT_URL_STS", "sts"},
    {"autoscaling", "AWS_ENDPOINT_URL_AUTO_SCALING", "auto_scaling"},
    {"monitoring", "AWS_ENDPOINT_URL_CLOUDWATCH", "cloudwatch"},
};

static const struct service *find_service(const char *name)
{
    size_t i = 0;
    while (i + 1 < sizeof services / sizeof services[0] &&
           strcmp(services[i].name, name) != 0) {
        i++;
    }
    assert(strcmp(services[i].name, name) == 0); /* names are ours */
    return &services[i];
}

static const char *configured_url(const char *service,
                                  const struct asg_shared_config *files,
                                  const char **source)
{
    if (is_asked_for("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                     "ignore_configured_endpoint_urls", files)) {
        return NULL;
    }
    const struct service *known = find_service(service);
    const struct {
        const char *url;
        const char *source;
    } places[] = {
        {asg_environment_get(known->variable), known->variable},
        {asg_environment_get("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL"},
        {files == NULL
             ? NULL
             : asg_shared_config_of_service(files, known->section, "endpoint_url"),
         "services section of the AWS config file"},
        {of_profile(files, "endpoint_url"), "endpoint_url of the profile"},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].url == NULL) continue;
        *source = places[i].source;
        return places[i].url;
    }
    return NULL;
}

/* Length of "host" or "[v6]" at the start of `text`, and its ":port"; false when it is
 * neither. */
static bool split_authority(const char *text, size_t length, size_t *ret_host,
                            unsigned long *ret_port)
{
    size_t host = 0;
    if (length > 0 && text[0] == '[') {
        const char *close = memchr(text, ']', length);
        if (close == NULL) return false;
        host = (size_t)(close - text) + 1;
    } else {
        while (host < length && text[host] != ':') {
            host++;
        }
    }
    if (host == 0) return false;
    *ret_host = host;
    *ret_port = 0;
    if (host == length) return true;
    if (text[host] != ':' || length - host < 2 || length - host > 6) return false;
    for (size_t i = host + 1; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *ret_port = *ret_port * 10 + (unsigned long)(text[i] - '0');
    }
    return *ret_port >= 1 && *ret_port <= 65535;
}

static bool has_odd_bytes(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || (unsigned char)*text >= 0x7f) return true;
        if (strchr("@?#\\\"<>", *text) != NULL) return true;
    }
    return false;
}

static enum asg_status read_url(const char *url, bool allows_plain_http,
                                struct asg_endpoint *ret, struct asg_error *error)
{
    bool is_plain = strncasecmp(url, "http://", 7) == 0;
    bool is_tls = strncasecmp(url, "https://", 8) == 0;
    if (!is_plain && !is_tls) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "endpoint \"%.200s\" (from %s) must begin with https://", url,
                        ret->source);
    }
    const char *authority = url + (is_plain ? 7 : 8);
    size_t length = strcspn(authority, "/");
    size_t host_length = 0;
    unsigned long port = 0;
    if (strlen(url) >= ASG_ENDPOINT_URL_MAX || has_odd_bytes(url) ||
        !split_authority(authority, length, &host_length, &port)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "endpoint \"%.200s\" (from %s) must look like "
                        "https://host[:port][/path]",
                        url, ret->source);
    }
    ret->is_loopback = asg_endpoint_is_loopback_host(authority, host_length);
    if (is_plain && !ret->is_loopback && !allows_plain_http) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "endpoint \"%.200s\" (from %s) is plain http to another "
                        "host: use https://, or allow it in the configuration",
                        url, ret->source);
    }
    bool is_default_port = port == 0 || port == (is_plain ? 80UL : 443UL);
    const char *path = authority[length] == '\0' ? "/" : authority + length;
    if (is_default_port) {
        (void)snprintf(ret->host, sizeof ret->host, "%.*s", (int)host_length, authority);
    } else {
        (void)snprintf(ret->host, sizeof ret->host, "%.*s:%lu", (int)host_length,
                       authority, port);
    }
    (void)snprintf(ret->path, sizeof ret->path, "%s", path);
    (void)snprintf(ret->url, sizeof ret->url, "%s://%s%s", is_plain ? "http" : "https",
                   ret->host, ret->path);
    return ASG_OK;
}

/* The region's own URL, by the rule sets of the services (botocore,
 * endpoint-rule-set-1.json). */
static void write_regional(const char *service, const char *region,
                           const struct partition *partition, bool is_fips, bool is_dual,
                           char ret[ASG_ENDPOINT_URL_MAX])
{
    bool is_plain_fips =
        is_fips && !is_dual && strcmp(partition->name, "aws-us-gov") == 0;
    (void)snprintf(ret, ASG_ENDPOINT_URL_MAX, "https://%s%s.%s.%s", service,
                   is_fips && !is_plain_fips ? "-fips" : "", region,
                   is_dual ? partition->dual_suffix : partition->suffix);
}

enum asg_status asg_endpoint_resolve(const struct asg_endpoint_options *options,
                                     struct asg_endpoint *ret, struct asg_error *error)
{
    const char *region = options->region;
    if (region == NULL || region[0] == '\0') {
        return asg_fail(error, ASG_ERR_INVALID,
                        "no region: set AWS_REGION or the key \"region\"");
    }
    if (!is_region(region)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "\"%.100s\" is not a region: lower case, digits and dashes only, "
                        "such as us-east-1",
                        region);
    }
    const char *service = options->service == NULL ? "ec2" : options->service;
    const struct partition *partition = find_partition(region);
    struct asg_endpoint found = {.source = "configuration",
                                 .is_known_region = partition != NULL};
    if (partition == NULL) partition = assumed_partition;
    found.partition = partition->name;
    (void)snprintf(found.region, sizeof found.region, "%s", region);
    bool is_fips = is_chosen(options->fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint",
                             options->files);
    bool is_dual = is_chosen(options->dual_stack, "AWS_USE_DUALSTACK_ENDPOINT",
                             "use_dualstack_endpoint", options->files);

    const char *url = options->url;
    if (url == NULL || url[0] == '\0') {
        url = configured_url(service, options->files, &found.source);
    }
    char regional[ASG_ENDPOINT_URL_MAX];
    if (url != NULL && (is_fips || is_dual)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "endpoint \"%.200s\" (from %s) cannot be combined with %s: drop "
                        "one of the two",
                        url, found.source, is_fips ? "FIPS" : "dual-stack");
    }
    if (url == NULL) {
        found.source = "region";
        write_regional(service, region, partition, is_fips, is_dual, regional);
        url = regional;
    }
    enum asg_status status = read_url(url, options->allows_plain_http, &found, error);
    if (status == ASG_OK) *ret = found;
    return status;
}

const char *asg_endpoint_region(const char *configured,
                                const struct asg_shared_config *files)
{
    if (configured != NULL && configured[0] != '\0') return configured;
    const char *region = asg_environment_get("AWS_REGION");
    if (region == NULL) region = asg_environment_get("AWS_DEFAULT_REGION");
    if (region == NULL) region = of_profile(files, "region");
    return region == NULL ? "" : region;
}

const char *asg_endpoint_ca_file(const char *configured,
                                 const struct asg_shared_config *files)
{
    if (configured != NULL && configured[0] != '\0') return configured;
    const char *file = asg_environment_get("AWS_CA_BUNDLE");
    return file != NULL ? file : of_profile(files, "ca_bundle");
}
