/* status - the one list of outcomes that every room shares.
 *
 * A function that can fail returns one of these; its results come by a last
 * parameter called `ret`, untouched on failure. Whether an outcome is worth a
 * retry is said here, once.
 */
#ifndef ASG_BASE_STATUS_H
#define ASG_BASE_STATUS_H

#include <stdbool.h>

/* name, text, worth a retry without changing anything */
#define ASG_STATUS_LIST(X)                                                               \
    X(ASG_OK, "ok", false)                                                               \
    X(ASG_ERR_INVALID, "input breaks the contract", false)                               \
    X(ASG_ERR_NOMEM, "out of memory", false)                                             \
    X(ASG_ERR_LATE, "not newer than what is already counted", false)                     \
    X(ASG_ERR_EMPTY, "nothing there", false)                                             \
    X(ASG_ERR_NOT_FOUND, "no such thing", false)                                         \
    X(ASG_ERR_EXISTS, "already exists", false)                                           \
    X(ASG_ERR_LIMIT, "over a limit", false)                                              \
    X(ASG_ERR_MALFORMED, "bytes cannot be decoded", false)                               \
    X(ASG_ERR_VERSION, "version not known to this program", false)                       \
    X(ASG_ERR_DENIED, "not allowed", false)                                              \
    X(ASG_ERR_CONFLICT, "conflicts with the present state", false)                       \
    X(ASG_ERR_CORRUPT, "stored bytes do not verify", false)                              \
    X(ASG_ERR_FULL, "no space left", false)                                              \
    X(ASG_ERR_BUSY, "peer asks us to slow down", true)                                   \
    X(ASG_ERR_TIMEOUT, "took too long", true)                                            \
    X(ASG_ERR_CLOSED, "peer is gone", true)                                              \
    X(ASG_ERR_FENCED, "another writer holds the fence", false)                           \
    X(ASG_ERR_UNSUPPORTED, "not supported", false)                                       \
    X(ASG_ERR_IO, "disk or network failed", true)

enum asg_status {
#define X(name, text, retry) name,
    ASG_STATUS_LIST(X)
#undef X
};

/* Never NULL; the text is static. */
const char *asg_status_text(enum asg_status status);

/* The name of the status in lower case without its prefix ("not_found"), static. */
const char *asg_status_name(enum asg_status status);

bool asg_status_is_retryable(enum asg_status status);

#define ASG_MUST_USE     __attribute__((warn_unused_result))
#define ASG_CLEANUP(fn)  __attribute__((cleanup(fn)))
#define ASG_PRINTF(f, a) __attribute__((format(printf, f, a)))

#endif
