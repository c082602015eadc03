/* code - the status codes of gRPC, under names of our own.
 *
 * The numbers are those of the gRPC specification ("Status codes and their use in
 * gRPC"); they are what travels on the wire.
 */
#ifndef ASG_RPC_CODE_H
#define ASG_RPC_CODE_H

#define ASG_RPC_CODE_LIST(X)                                                             \
    X(OK, 0)                                                                             \
    X(CANCELLED, 1)                                                                      \
    X(UNKNOWN, 2)                                                                        \
    X(INVALID_ARGUMENT, 3)                                                               \
    X(DEADLINE_EXCEEDED, 4)                                                              \
    X(NOT_FOUND, 5)                                                                      \
    X(ALREADY_EXISTS, 6)                                                                 \
    X(PERMISSION_DENIED, 7)                                                              \
    X(RESOURCE_EXHAUSTED, 8)                                                             \
    X(FAILED_PRECONDITION, 9)                                                            \
    X(ABORTED, 10)                                                                       \
    X(OUT_OF_RANGE, 11)                                                                  \
    X(UNIMPLEMENTED, 12)                                                                 \
    X(INTERNAL, 13)                                                                      \
    X(UNAVAILABLE, 14)                                                                   \
    X(DATA_LOSS, 15)                                                                     \
    X(UNAUTHENTICATED, 16)

enum asg_rpc_code {
#define X(name, number) ASG_RPC_##name = (number),
    ASG_RPC_CODE_LIST(X)
#undef X
};

/* "DEADLINE_EXCEEDED"; "UNKNOWN" for a number that is none. Never NULL, static. */
const char *asg_rpc_code_name(enum asg_rpc_code code);

#endif
