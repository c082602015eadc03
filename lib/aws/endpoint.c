#include "aws/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Region prefixes of each partition and its DNS suffix (botocore, partitions.json). The
 * longer prefix stands first. */
static const struct {
    const char *prefix;
    const char *suffix;
} partitions[] = {
    {"us-gov-", "amazonaws.com"},   {"us-isob-", "sc2s.sgov.gov"},
    {"us-isof-", "csp.hci.ic.gov"}, {"us-iso-", "c2s.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk"}, {"cn-", "amazonaws.com.cn"},
    {"eusc-", "amazonaws.eu"},      {"us-", "amazonaws.com"},
    {"eu-", "amazonaws.com"},       {"ap-", "amazonaws.com"},
    {"sa-", "amazonaws.com"},       {"ca-", "amazonaws.com"},
    {"me-", "amazonaws.com"},       {"af-", "amazonaws.com"},
    {"il-", "amazonaws.com"},       {"mx-", "amazonaws.com"},
};

static bool is_region(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= ASG_REGION_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length &&
           text[0] != '-' && text[length - 1] != '-';
}

static bool is_loopback_host(const char *host, size_t length)
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

static const char *configured_url(const char **source)
{
    const char *ignored = getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (ignored != NULL && strcasecmp(ignored, "true") == 0) return NULL;
    static const char *const names[] = {"AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *url = getenv(names[i]);
        if (url == NULL || url[0] == '\0') continue;
        *source = names[i];
        return url;
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
                        "EC2 endpoint \"%.200s\" (from %s) must begin with https://", url,
                        ret->source);
    }
    const char *authority = url + (is_plain ? 7 : 8);
    size_t length = strcspn(authority, "/");
    size_t host_length = 0;
    unsigned long port = 0;
    if (strlen(url) >= ASG_ENDPOINT_URL_MAX || has_odd_bytes(url) ||
        !split_authority(authority, length, &host_length, &port)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "EC2 endpoint \"%.200s\" (from %s) must look like "
                        "https://host[:port][/path]",
                        url, ret->source);
    }
    ret->is_loopback = is_loopback_host(authority, host_length);
    if (is_plain && !ret->is_loopback && !allows_plain_http) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "EC2 endpoint \"%.200s\" (from %s) is plain http to another "
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
                        "\"%.100s\" is no region: lower case, digits and dashes only, "
                        "such as us-east-1",
                        region);
    }
    struct asg_endpoint found = {.source = "configuration"};
    (void)snprintf(found.region, sizeof found.region, "%s", region);
    const char *suffix = "amazonaws.com";
    for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
        if (strncmp(region, partitions[i].prefix, strlen(partitions[i].prefix)) != 0) {
            continue;
        }
        suffix = partitions[i].suffix;
        found.is_known_region = true;
        break;
    }

    const char *url = options->url;
    if (url == NULL || url[0] == '\0') url = configured_url(&found.source);
    char regional[ASG_ENDPOINT_URL_MAX];
    if (url == NULL) {
        found.source = "region";
        (void)snprintf(regional, sizeof regional, "https://ec2.%s.%s", region, suffix);
        url = regional;
    }
    enum asg_status status = read_url(url, options->allows_plain_http, &found, error);
    if (status == ASG_OK) *ret = found;
    return status;
}
