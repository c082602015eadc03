/* ec2_client - EC2 calls, many in flight, on the caller's own thread.
 *
 * A call is a form body (aws/ec2_actions.h writes them), signed anew for each attempt,
 * sent over kept-alive connections, its answer parsed as it arrives. The client repeats
 * by error class (aws/retry.h) and says at the end what came out, and whether the effect
 * is known.
 *
 * Flow:    asg_ec2_call -> asg_ec2_client_poll ... -> done(outcome, reply)
 * Threads: one owner; no thread of its own (libcurl resolves names in one of its own).
 * Blocks:  only asg_ec2_client_poll, for as long as it is told.
 */
#ifndef ASG_AWS_EC2_CLIENT_H
#define ASG_AWS_EC2_CLIENT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "aws/credentials_refresh.h"
#include "aws/endpoint.h"
#include "aws/error_class.h"
#include "aws/retry.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/error.h"
#include "base/status.h"

#define ASG_EC2_REPLY_MAX     16777216 /* 16 MiB */
#define ASG_EC2_CONNECT_MS    3100
#define ASG_EC2_IN_FLIGHT     64
#define ASG_EC2_IN_FLIGHT_MAX 1024
#define ASG_EC2_UNACKED_S     15 /* what TCP has sent, before it gives up */
#define ASG_EC2_IDLE_S        50 /* a connection idle for longer is not used again */
#define ASG_EC2_CODE_MAX      128
#define ASG_EC2_MESSAGE_MAX   1000
#define ASG_EC2_SKEW_MS                                                                  \
    (INT64_C(4) * 60 * 1000) /* docs/rules.md, "Timeouts and clocks" */

/* An action: how long it may take, and how its answer is read into a struct. */
struct asg_ec2_action {
    const char *name; /* "RunInstances" */
    int64_t timeout_ms;
    size_t reply_size;
    bool is_repeated; /* asked again and again: its last answers are kept (ec2_kept.h) */
    /* Elements below the root of the answer; what *reply points to lives in `arena`.
     * `begin` may be NULL, and `wants` when all are wanted. */
    bool (*wants)(const char *path, size_t length);
    void (*begin)(struct asg_arena *arena, void *reply, const char *path);
    void (*end)(struct asg_arena *arena, void *reply, const char *path, const char *text);
};

/* What came of a call. Texts live until `done` returns. */
struct asg_ec2_outcome {
    enum asg_error_class class; /* NONE: it worked */
    const char *code;       /* EC2's; "" when ok or when there was no readable answer */
    const char *message;    /* EC2's words, or what failed on the way */
    const char *request_id; /* of the last answer; "" */
    uint32_t http_status;   /* of the last answer; 0: none came */
    uint32_t attempts;      /* times it was sent */
    int64_t duration_us;    /* from asg_ec2_call to here */
    bool is_ambiguous;      /* it may have had its effect: nobody told us */
    bool is_too_large;      /* the answer was over ASG_EC2_REPLY_MAX: ask for less */
};

/* `reply` is a struct of action->reply_size; it is complete when outcome->class is NONE.
 * The callback may call asg_ec2_call(), but not poll or destroy. */
typedef void asg_ec2_done(void *context, const struct asg_ec2_outcome *outcome,
                          const void *reply);

struct asg_ec2_call_options {
    int64_t timeout_ms;    /* of one attempt; 0: the action's */
    int64_t deadline_ms;   /* for all attempts, from now; 0: none */
    uint32_t attempts_max; /* 0: ASG_RETRY_ATTEMPTS */
    /* When an attempt ended without a definite answer: so many in all, for the request is
     * idempotent and a repeat is the strongest way to learn what happened
     * (docs/rules.md, "A launch whose answer was lost"). 0: attempts_max. */
    uint32_t attempts_unsure;
    /* Asked with the call's context before each repeat; false ends the call as it is.
     * NULL: always. For the kill switch. */
    bool (*may_repeat)(void *context);
};

struct asg_ec2_client_options {
    struct asg_endpoint endpoint;
    const char *service; /* that is signed for; NULL: "ec2" (scaling_actions.h) */
    struct asg_credentials_provider credentials; /* asked at once and when AWS refuses */
    /* Lent, instead of `credentials`: each attempt takes its present set, and waits in
     * line while that is being fetched. NULL: none. */
    struct asg_credentials_refresher *refresher;
    struct asg_clock clock;
    uint32_t in_flight_max; /* 0: ASG_EC2_IN_FLIGHT; more calls wait in line */
    int64_t connect_ms;     /* 0: ASG_EC2_CONNECT_MS */
    const char *ca_file;    /* NULL: the system's */
    bool is_adaptive; /* after a throttle, calls of that action are paced by what EC2
                         takes (base/adaptive_rate.h), first attempts too */
    uint64_t seed;    /* of the jitter; 0: random */
    /* What carries the requests; NULL: libcurl. For simulators (aws/ec2_transport.h). */
    const struct asg_ec2_transport_kind *transport;
    void *transport_context;
};

struct asg_ec2_client;

/* Make a client; fetches credentials (not with a refresher), connects to nobody yet.
 * ASG_ERR_NOT_FOUND or what the provider says: no credentials; `error` says why. */
ASG_MUST_USE enum asg_status asg_ec2_client_new(
    const struct asg_ec2_client_options *options, struct asg_ec2_client **ret,
    struct asg_error *error);

/* Drops what is in flight without telling anybody. */
void asg_ec2_client_destroy(struct asg_ec2_client **client);

/* Start a call. `body` (asg_query_begin and so on) is copied. `done` is called once, from
 * within a later asg_ec2_client_poll(). */
void asg_ec2_call(struct asg_ec2_client *client, const struct asg_ec2_action *action,
                  const struct asg_bytes *body,
                  const struct asg_ec2_call_options *options, asg_ec2_done *done,
                  void *context);

/* Wait until the network, a timer of ours or one of `extra` has something, or
 * `timeout_ms` have passed; then do what is due and call the callbacks. revents of
 * `extra` (16 at most) is set as poll(2) does for POLLIN and POLLOUT.
 * ASG_ERR_IO: waiting failed, worth another try. */
ASG_MUST_USE enum asg_status asg_ec2_client_poll(struct asg_ec2_client *client,
                                                 struct pollfd *extra, size_t extra_count,
                                                 int64_t timeout_ms);

/* Let a poll that runs in another thread return; the one call that any thread may make.
 */
void asg_ec2_client_wake(struct asg_ec2_client *client);

/* Calls that are not done: sent, waiting in line or pausing before another attempt. */
size_t asg_ec2_client_pending(const struct asg_ec2_client *client);

/* How far EC2's clock is from ours, learned from an answer that said so. */
int64_t asg_ec2_client_skew_ms(const struct asg_ec2_client *client);

/* Limit an action to `burst` calls at once and refill_milli_per_s / 1000 a second; calls
 * above it wait. refill 0: no limit. */
void asg_ec2_client_limit(struct asg_ec2_client *client,
                          const struct asg_ec2_action *action, int64_t burst,
                          int64_t refill_milli_per_s);

/* Append what the calls came to as Prometheus text (aws/ec2_meter.h). Any thread may. */
void asg_ec2_client_print_metrics(struct asg_ec2_client *client,
                                  enum asg_metric_form form, struct asg_bytes *ret);

/* What was sent of an action since the client was made. */
struct asg_ec2_sent {
    const char *action;
    uint64_t attempts;
    uint64_t throttles;
};

/* Of the i-th action called so far; false when there are not so many. */
bool asg_ec2_client_sent(struct asg_ec2_client *client, size_t i,
                         struct asg_ec2_sent *ret);

#endif
