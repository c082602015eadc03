/* error_class - what an EC2 error means for us: one table from code to class.
 *
 * The code decides first, the HTTP status second: several capacity codes are 5xx, and
 * repeating "any 5xx" hammers an empty pool (docs/rules.md, "EC2's error codes").
 * Threads: no state.
 */
#ifndef ASG_AWS_ERROR_CLASS_H
#define ASG_AWS_ERROR_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name, word, repeat the same request, the answer is definite: nothing was done */
#define ASG_ERROR_CLASS_LIST(X)                                                          \
    X(NONE, "ok", false, true)                                                           \
    X(THROTTLE, "throttle", true, true)                                                  \
    X(TRANSIENT, "transient", true, false)                                               \
    X(CAPACITY, "capacity", false, true)                                                 \
    X(QUOTA, "quota", false, true)                                                       \
    X(SPLIT, "split", false, true)                                                       \
    X(NOT_FOUND, "not-found", false, true)                                               \
    X(STATE_CONFLICT, "state-conflict", false, true)                                     \
    X(PROTECTED, "protected", false, true)                                               \
    X(IDEMPOTENCY, "idempotency", false, true)                                           \
    X(CLOCK, "clock", false, true)                                                       \
    X(CREDENTIALS, "credentials", false, true)                                           \
    X(PERMISSION, "permission", false, true)                                             \
    X(BAD_REQUEST, "bad-request", false, true)                                           \
    X(DRY_RUN, "dry-run", false, true)   /* DryRunOperation: it would have worked */     \
    X(UNLISTED, "unlisted", false, true) /* a 4xx with a code nobody listed */

enum asg_error_class {
#define X(name, word, is_repeated, is_definite) ASG_ERROR_CLASS_##name,
    ASG_ERROR_CLASS_LIST(X)
#undef X
        ASG_ERROR_CLASS_COUNT
};

/* "throttle"; static, never NULL. */
const char *asg_error_class_word(enum asg_error_class class);

/* Send the same request again, after a pause. */
bool asg_error_class_is_repeated(enum asg_error_class class);

/* The request had no effect: EC2 says so. */
bool asg_error_class_is_definite(enum asg_error_class class);

/* Class of an answer. `code` may be NULL or "" (no error body that could be read);
 * `message` may be NULL. An unknown code is TRANSIENT with a 5xx, THROTTLE with 429,
 * UNLISTED with another 4xx or a redirect, TRANSIENT with a 2xx. */
enum asg_error_class asg_error_classify(const char *code, const char *message,
                                        uint32_t http_status);

/* The table, for tests: the codes in byte order. */
struct asg_error_code {
    const char *code;
    enum asg_error_class class;
};
extern const struct asg_error_code asg_error_codes[];
extern const size_t asg_error_code_count;

#endif
