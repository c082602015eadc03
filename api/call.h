/* call - one request of the API, from its checked parameters to its one answer.
 *
 * A handler gets a call and ends it exactly once, with one of the functions that say so
 * below, at once or later: handing on an order means that `done` ends it. After a call
 * was ended or handed on, the handler may not touch it any more: it may be gone.
 * Threads: one at a time.
 * Memory: the call's arena, until it is ended.
 */
#ifndef ASG_API_CALL_H
#define ASG_API_CALL_H

#include "api/api.h"
#include "api/keys.h"
#include "crypto/uuid.h"
#include "http/server.h"
#include "query/read.h"
#include "query/xml_out.h"

#define ASG_API_XMLNS   "http://autoscaling.amazonaws.com/doc/2011-01-01/"
#define ASG_API_VERSION "2011-01-01"

struct asg_api_call;
typedef void asg_api_handler(struct asg_api_call *call);
/* The order is durable; ends the call. Core took it: a refusal is answered before. */
typedef void asg_api_done(struct asg_api_call *call, const struct asg_effects *effects);
/* What EC2 said: FOUND or REFUSED, never UNAVAILABLE. `told` is lent. Ends the call or
 * hands it on. */
typedef void asg_api_found(struct asg_api_call *call, const struct asg_told *told);

/* One action of the service. */
struct asg_api_action {
    const char *name;
    const struct asg_query_shape *input;
    const struct asg_query_shape *output; /* NULL: no Result element is sent */
    asg_api_handler *handler;             /* NULL: known, and not built yet */
    bool changes;                         /* it is an order: readers may not */
};

struct asg_api_call {
    const struct asg_api_action *action;
    struct asg_query_value input; /* its parameters, checked by its shape */
    struct asg_arena arena;
    const char *actor;       /* name of the key that signed */
    struct asg_api_key *key; /* which it holds; NULL: this door asks nobody */
    const char *region;
    const char *account_id;
    int64_t now_ms;                 /* wall, when it came */
    char request_id[ASG_UUID_SIZE]; /* of the answer */
    void *state;                    /* the handler's own */
    struct asg_api_private *own;    /* call.c's */
};

/* The caller's key may carry out the call's action on this group (or this launch
 * configuration); else ends the call with AccessDenied. The door has asked for the
 * action itself, and for the AutoScalingGroupName of actions that change something: a
 * handler asks for what it finds out by itself, an instance's group, say. */
ASG_MUST_USE bool asg_api_may(struct asg_api_call *call, const char *group);

/* --- ways to end it --- */

/* An error: its HTTP status (400, 403, 405, 413, 500, 503) and its code. */
void asg_api_refuse(struct asg_api_call *call, int http_status, const char *code,
                    const char *format, ...) ASG_PRINTF(4, 5);

/* 400 ValidationError. */
void asg_api_invalid(struct asg_api_call *call, const char *format, ...) ASG_PRINTF(2, 3);

/* An answer without contents; a Result element stands in it when the action has an
 * output.
 */
void asg_api_reply_empty(struct asg_api_call *call);

/* An answer: what is written between the two stands in its Result element. `end` ends the
 * call. To give up a begun answer, end it with asg_api_refuse(). */
struct asg_xml_out *asg_api_begin(struct asg_api_call *call);
void asg_api_end(struct asg_api_call *call);

/* An answer that is too large to be held: `stream` gives what stands in the Result
 * element (Result and envelope are put around it). Its end() is called in any case, once.
 */
void asg_api_stream(struct asg_api_call *call, struct asg_http_stream stream);

/* The same from pieces that lie ready; the list is copied. */
void asg_api_pieces(struct asg_api_call *call, struct asg_http_pieces pieces);

/* --- ways to hand it on --- */

/* Give the order to core, in the caller's name; it is copied. What core refuses becomes
 * the answer with core's code and words. NULL `done`: asg_api_reply_empty(). */
void asg_api_order(struct asg_api_call *call, const struct asg_command *command,
                   asg_api_done *done);

/* The same, and what core refuses is told to `done` as well: for calls of several orders.
 */
void asg_api_try(struct asg_api_call *call, const struct asg_command *command,
                 asg_api_done *done);

/* Ask EC2 what the order needs to know; `found` goes on, on the thread of the loop. When
 * nobody can say, the call is ended with 503 ServiceUnavailable. */
void asg_api_look_up(struct asg_api_call *call, const struct asg_question *question,
                     asg_api_found *found);

/* --- for the door --- */

struct asg_api_call *asg_api_call_new(struct asg_api *api,
                                      const struct asg_http_request *request);
/* The handler has returned: an answer that was given at once goes into *response. */
void asg_api_call_return(struct asg_api_call *call, struct asg_http_response *response);

/* --- small things --- */

/* The name of the group that has the instance, in the call's arena; NULL: none has. */
const char *asg_api_group_of(struct asg_api_call *call, const char *instance_id);

/* What a client may have of each; for `limit` of an order. */
const struct asg_api_limits *asg_api_limits_of(const struct asg_api_call *call);

const struct asg_api_ports *asg_api_ports_of(const struct asg_api_call *call);

#endif
