#include "rpc/library.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/byte_buffer_reader.h>
#include <grpc/support/log.h>

#define ADDRESS_BYTES_MAX 64

static void drop_line(gpr_log_func_args *line)
{
    (void)line;
}

static void set_up_log(void)
{
    if (getenv("GRPC_VERBOSITY") == NULL && getenv("GRPC_TRACE") == NULL) {
        gpr_set_log_function(drop_line);
    }
}

void asg_rpc_library_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_up_log);
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
    bool is_plain =
        buffer->type == GRPC_BB_RAW && buffer->data.raw.compression == GRPC_COMPRESS_NONE;
    if (!is_plain) return ASG_ERR_MALFORMED;
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

struct sockaddr_storage asg_rpc_target_address(const char *target, socklen_t *ret_length)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
    char host[ADDRESS_BYTES_MAX];
    const char *colon = strrchr(target, ':');
    *ret_length = 0;
    if (colon == NULL) return address;
    bool is_six = target[0] == '[' && colon > target && colon[-1] == ']';
    const char *from = is_six ? target + 1 : target;
    size_t length = (size_t)(colon - from) - (is_six ? 1 : 0);
    long port = strtol(colon + 1, NULL, 10);
    if (length >= sizeof host || port < 1 || port > UINT16_MAX) return address;
    memcpy(host, from, length);
    host[length] = '\0';
    if (is_six && inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        *ret_length = sizeof *six;
    } else if (!is_six && inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        *ret_length = sizeof *four;
    }
    return address;
}
