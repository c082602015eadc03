#include "rpc/library.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/byte_buffer_reader.h>
/* Its prototypes say () where C wants (void). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <grpc/grpc_security.h>
#pragma GCC diagnostic pop
#include <grpc/support/log.h>
#include <grpc/support/string_util.h>

static void drop_line(gpr_log_func_args *line)
{
    (void)line;
}

/* gRPC loads "the usual authorities" for every client, also where it is told not to check
 * anything: megabytes of strangers that nobody here trusts. It gets this one instead, of
 * nobody: no authority, expired, and its key is gone. */
static const char nobody[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdDCCARqgAwIBAgIUM24BYYthAXASO1P02EraHdh7URQwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGbm9ib2R5MB4XDTI2MTEzMDE4NDUzNloXDTI2MTIwMTE4NDUz\n"
    "NlowETEPMA0GA1UEAwwGbm9ib2R5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "uj/563Tr10lexcZJmsyhhBh6tcgg0QgEM+RNx2E2GQs1eYjPBHCI+gdzeAPlmKWl\n"
    "jSYWIFx9JFEPOmxu6NhdPKNQME4wHQYDVR0OBBYEFFt4jIxAFaAngrWU6run1zQ2\n"
    "gHKKMB8GA1UdIwQYMBaAFFt4jIxAFaAngrWU6run1zQ2gHKKMAwGA1UdEwEB/wQC\n"
    "MAAwCgYIKoZIzj0EAwIDSAAwRQIgaiB+UB3vwEar8Y/V3xg7TNeSkaqjSN2hmQ3n\n"
    "Dl68LCsCIQDoARUaSMcXCy8ikiSylhRanVGHyLv/7xt//bKQ3wDy3Q==\n"
    "-----END CERTIFICATE-----\n";

static grpc_ssl_roots_override_result give_nobody(char **ret)
{
    *ret = gpr_strdup(nobody);
    return GRPC_SSL_ROOTS_OVERRIDE_OK;
}

static void set_up(void)
{
    grpc_set_ssl_roots_override_callback(give_nobody);
    if (getenv("GRPC_VERBOSITY") == NULL && getenv("GRPC_TRACE") == NULL) {
        gpr_set_log_function(drop_line);
    }
}

void asg_rpc_library_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_up);
    grpc_init();
}

void asg_rpc_library_stop(void)
{
    grpc_shutdown();
}

/* gRPC's struct wants char pointers but only reads through them. */
static char *unconst(const char *text)
{
    char *copy = NULL;
    memcpy(&copy, &text, sizeof copy);
    return copy;
}

grpc_arg asg_rpc_arg_integer(const char *key, int value)
{
    grpc_arg arg = {.type = GRPC_ARG_INTEGER, .key = unconst(key)};
    arg.value.integer = value;
    return arg;
}

grpc_arg asg_rpc_arg_text(const char *key, const char *value)
{
    grpc_arg arg = {.type = GRPC_ARG_STRING, .key = unconst(key)};
    arg.value.string = unconst(value);
    return arg;
}

grpc_byte_buffer *asg_rpc_buffer_new(const void *data, size_t length)
{
    grpc_slice slice =
        length == 0 ? grpc_empty_slice() : grpc_slice_from_copied_buffer(data, length);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

enum asg_status asg_rpc_buffer_read(grpc_byte_buffer *buffer, grpc_slice *ret)
{
    grpc_byte_buffer_reader reader;
    if (grpc_byte_buffer_reader_init(&reader, buffer) == 0) return ASG_ERR_MALFORMED;
    *ret = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    return ASG_OK;
}

enum asg_status asg_rpc_target_uri(const char *target, char ret[ASG_RPC_URI_BYTES])
{
    char host[INET6_ADDRSTRLEN + 2];
    const char *colon = target == NULL ? NULL : strrchr(target, ':');
    if (colon == NULL || (size_t)(colon - target) >= sizeof host) return ASG_ERR_INVALID;
    size_t host_length = (size_t)(colon - target);
    memcpy(host, target, host_length);
    host[host_length] = '\0';

    const char *port = colon + 1;
    size_t digits = strspn(port, "0123456789");
    if (digits == 0 || digits > 5 || port[digits] != '\0') return ASG_ERR_INVALID;
    if (strtoul(port, NULL, 10) > UINT16_MAX) return ASG_ERR_INVALID;

    struct in6_addr address;
    const char *scheme = "ipv4";
    if (host[0] == '[') {
        if (host_length < 3 || host[host_length - 1] != ']') return ASG_ERR_INVALID;
        host[host_length - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &address) != 1) return ASG_ERR_INVALID;
        host[host_length - 1] = ']';
        scheme = "ipv6";
    } else if (inet_pton(AF_INET, host, &address) != 1) {
        return ASG_ERR_INVALID;
    }
    (void)snprintf(ret, ASG_RPC_URI_BYTES, "%s:%s:%s", scheme, host, port);
    return ASG_OK;
}
