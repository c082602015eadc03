#include "rpc/source_address.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <grpc/support/sync.h>

#include "base/arena.h"

/* gRPC's src/core/lib/iomgr/socket_mutator.h, which is not among its public headers
 * although the argument is; unchanged in its layout from 1.4 to 1.66. A test connects
 * from an address of its own (tests/unit/rpc/test_source_address.c). */
struct socket_info {
    int fd;
    int usage;
};

struct mutator_functions {
    bool (*mutate)(int fd, struct grpc_socket_mutator *mutator);
    int (*compare)(struct grpc_socket_mutator *a, struct grpc_socket_mutator *b);
    void (*destroy)(struct grpc_socket_mutator *mutator);
    bool (*mutate_2)(const struct socket_info *info, struct grpc_socket_mutator *mutator);
};

struct grpc_socket_mutator {
    const struct mutator_functions *functions;
    gpr_refcount count;
    /* Ours. */
    struct sockaddr_storage address;
    socklen_t length;
};

/* A socket of the other family is left alone: its target is not ours to judge. */
static bool bind_socket(int fd, struct grpc_socket_mutator *mutator)
{
    int family = 0;
    socklen_t length = sizeof family;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) return false;
    struct sockaddr_storage address = mutator->address;
    socklen_t address_length = mutator->length;
    if (family == AF_INET6 && address.ss_family == AF_INET) {
        /* gRPC makes sockets of IPv6 for targets of IPv4 where the host has both. */
        struct sockaddr_in v4;
        memcpy(&v4, &address, sizeof v4);
        struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
        mapped.sin6_addr.s6_addr[10] = 0xff;
        mapped.sin6_addr.s6_addr[11] = 0xff;
        memcpy(mapped.sin6_addr.s6_addr + 12, &v4.sin_addr, sizeof v4.sin_addr);
        memcpy(&address, &mapped, sizeof mapped);
        address_length = sizeof mapped;
    } else if (family != address.ss_family) {
        return true;
    }
    return bind(fd, (struct sockaddr *)&address, address_length) == 0;
}

static bool bind_socket_2(const struct socket_info *info,
                          struct grpc_socket_mutator *mutator)
{
    return bind_socket(info->fd, mutator);
}

static int compare(struct grpc_socket_mutator *a, struct grpc_socket_mutator *b)
{
    return memcmp(&a->address, &b->address, sizeof a->address);
}

static void destroy(struct grpc_socket_mutator *mutator)
{
    free(mutator);
}

static const struct mutator_functions functions = {bind_socket, compare, destroy,
                                                   bind_socket_2};

enum asg_status asg_rpc_source_address_new(const char *address,
                                           struct grpc_socket_mutator **ret)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) {
        return ASG_ERR_INVALID;
    }
    struct grpc_socket_mutator *it = asg_alloc(1, sizeof *it);
    it->functions = &functions;
    gpr_ref_init(&it->count, 1);
    it->length = is_v4 ? sizeof v4 : sizeof v6;
    if (is_v4)
        memcpy(&it->address, &v4, sizeof v4);
    else
        memcpy(&it->address, &v6, sizeof v6);
    *ret = it;
    return ASG_OK;
}

void asg_rpc_source_address_release(struct grpc_socket_mutator **source)
{
    struct grpc_socket_mutator *it = *source;
    *source = NULL;
    if (it != NULL && gpr_unref(&it->count) != 0) destroy(it);
}

static void *arg_copy(void *pointer)
{
    struct grpc_socket_mutator *it = pointer;
    gpr_ref(&it->count);
    return it;
}

static void arg_destroy(void *pointer)
{
    struct grpc_socket_mutator *it = pointer;
    asg_rpc_source_address_release(&it);
}

static int arg_compare(void *a, void *b)
{
    return a == b ? 0 : compare(a, b);
}

static const grpc_arg_pointer_vtable arg_functions = {arg_copy, arg_destroy, arg_compare};

grpc_arg asg_rpc_source_address_arg(struct grpc_socket_mutator *source)
{
    return (grpc_arg){.type = GRPC_ARG_POINTER,
                      .key = (char *)(uintptr_t)GRPC_ARG_SOCKET_MUTATOR,
                      .value.pointer = {.p = source, .vtable = &arg_functions}};
}
