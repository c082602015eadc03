/* fault - faults on order: which call goes wrong, how, and how often.
 *
 * A fault names a kind, an action ("*": any), where it matters a type, a zone and a
 * lifecycle, and a probability or a count. Drawn from a seeded generator, so that a test
 * can repeat itself.
 *
 * Flow:    control -> [fault] <- service
 * Threads: any; one lock inside. Blocks: never.
 */
#ifndef ASG_EC2LOCAL_FAULT_H
#define ASG_EC2LOCAL_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "query/form.h"

#define ASG_FAULTS_MAX 256

/* kind, word, when it strikes */
#define ASG_FAULT_LIST(X)                                                                \
    X(ASG_FAULT_THROTTLE, "throttle", "503 RequestLimitExceeded, nothing done")          \
    X(ASG_FAULT_ERROR_5XX, "error_5xx", "500 InternalError, nothing done")               \
    X(ASG_FAULT_LATENCY, "latency", "the answer comes latency_ms later")                 \
    X(ASG_FAULT_DROP_AFTER, "drop_after_effect", "done, then the connection is dropped") \
    X(ASG_FAULT_DROP_BEFORE, "drop_before_effect", "dropped, nothing done")              \
    X(ASG_FAULT_CAPACITY, "capacity", "InsufficientInstanceCapacity by pool")            \
    X(ASG_FAULT_LAG, "describe_lag", "the answer is latency_ms behind")                  \
    X(ASG_FAULT_GARBAGE, "garbage", "200 and random bytes, nothing done")                \
    X(ASG_FAULT_HTML, "html", "a proxy's HTML page, nothing done")                       \
    X(ASG_FAULT_HALF_BODY, "half_body", "done, half of the answer is sent")              \
    X(ASG_FAULT_DIES, "terminate_after_launch",                                          \
      "accepted, terminated by EC2 immediately")                                         \
    X(ASG_FAULT_FEWER, "fewer", "MinCount instances of MaxCount, without a reason")

enum asg_fault_kind {
#define X(name, word, help) name,
    ASG_FAULT_LIST(X)
#undef X
        ASG_FAULT_KINDS
};

struct asg_fault {
    uint32_t id; /* from 1 */
    enum asg_fault_kind kind;
    char action[64];    /* "*": any */
    char type[32];      /* "": any */
    char zone[32];      /* "": any */
    char lifecycle[16]; /* "spot", "on-demand"; "": any */
    uint32_t probability_ppm;
    int64_t left; /* strikes left; -1: no end */
    int64_t hits;
    int64_t latency_ms;
    char code[64];   /* "": the kind's own */
    int http_status; /* 0: the kind's own */
};

struct asg_faults;

void asg_faults_new(uint64_t seed, struct asg_faults **ret);
void asg_faults_destroy(struct asg_faults **faults);

/* Add one from form fields: kind, action, type, zone, lifecycle, probability (0 to 1),
 * count, latency_ms, code, http_status. ASG_ERR_INVALID: `error` says which field and
 * why. */
ASG_MUST_USE enum asg_status asg_faults_add(struct asg_faults *faults,
                                            const struct asg_form *params,
                                            uint32_t *ret_id, struct asg_error *error);
/* id 0: all. ASG_ERR_NOT_FOUND. */
ASG_MUST_USE enum asg_status asg_faults_remove(struct asg_faults *faults, uint32_t id);

/* Does a fault of this kind strike now? If so it is counted and copied to *ret.
 * `type`, `zone` and `lifecycle` NULL: the call has none. */
bool asg_faults_strike(struct asg_faults *faults, enum asg_fault_kind kind,
                       const char *action, const char *type, const char *zone,
                       const char *lifecycle, struct asg_fault *ret);

/* All of them as a JSON list. */
void asg_faults_print(struct asg_faults *faults, struct asg_bytes *out);

#endif
